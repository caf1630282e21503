#include "store/postgres/open.hpp"
#include "store/errors.hpp"
#include "store/sqlite/open.hpp"
#include "store/store.hpp"

namespace sluice::store {

std::unique_ptr<store> open_store(const store_options& options) {
  if (options.uses == "sqlite") return sqlite::open(options);
  if (options.uses == "postgres") return postgres::open(options);
  throw invalid(code::unsupported, "there is no store `" + options.uses + "`; `uses` is sqlite or postgres");
}

}  // namespace sluice::store
