#include "host/open.hpp"

#include <filesystem>
#include <utility>

namespace sluice::host {

store::store_options store_options_of(const manifest::pipeline& pipeline, const secret_store& secrets) {
  store::store_options o;
  o.uses = pipeline.store.uses;
  o.pool = pipeline.store.pool;
  if (!pipeline.store.schema.empty()) o.schema = pipeline.store.schema;
  if (!pipeline.store.path.empty()) {
    o.path =
        (std::filesystem::absolute(pipeline.file).parent_path() / pipeline.store.path).lexically_normal();
  }
  if (!pipeline.store.dsn.empty()) o.dsn = secrets.expand({}, pipeline.store.dsn);
  return o;
}

store_opening::store_opening(const store::store_options& options)
    // To open a file is quick, and may make it.
    : looking_(std::async(options.uses == "postgres" ? std::launch::async : std::launch::deferred,
                          [options] { return look(options); })) {}

store_opening::found store_opening::look(const store::store_options& options) {
  found out;
  out.store = store::open_store(options);
  out.version = out.store->version();
  return out;
}

std::unique_ptr<store::store> store_opening::ready() {
  found out = looking_.get();
  if (out.version == 0) out.store->migrate();
  else if (out.version != store::schema_version) out.store->check_version();
  return std::move(out.store);
}

std::unique_ptr<store::store> open_writable(const store::store_options& options) {
  return store_opening(options).ready();
}

}  // namespace sluice::host
