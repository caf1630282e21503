#include "store/errors.hpp"
#include "store/sqlite/open.hpp"
#include "store/store.hpp"

#if __has_include("store/postgres/open.hpp")
#include "store/postgres/open.hpp"
#define SLUICE_HAS_POSTGRES 1
#endif

namespace sluice::store {

std::unique_ptr<store> open_store(const store_options& options) {
  if (options.uses == "sqlite") return sqlite::open(options);
#ifdef SLUICE_HAS_POSTGRES
  if (options.uses == "postgres") return postgres::open(options);
#endif
  throw invalid(code::unsupported, "there is no store `" + options.uses + "`; `uses` is sqlite or postgres");
}

}  // namespace sluice::store
