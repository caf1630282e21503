#include "host/open.hpp"

#include <filesystem>

namespace sluice::host {

store::store_options store_options_of(const manifest::pipeline& pipeline, const secret_store& secrets) {
  store::store_options o;
  o.uses = pipeline.store.uses;
  o.pool = pipeline.store.pool;
  if (!pipeline.store.schema.empty()) o.schema = pipeline.store.schema;
  if (!pipeline.store.path.empty()) {
    o.path = (std::filesystem::absolute(pipeline.file).parent_path() / pipeline.store.path).lexically_normal();
  }
  if (!pipeline.store.dsn.empty()) o.dsn = secrets.expand({}, pipeline.store.dsn);
  return o;
}

std::unique_ptr<store::store> open_writable(const store::store_options& options) {
  auto opened = store::open_store(options);
  if (opened->describe().schema == 0) {
    opened->migrate();
  } else {
    opened->check_version();
  }
  return opened;
}

}  // namespace sluice::host
