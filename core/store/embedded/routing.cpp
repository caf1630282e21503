// How runs are routed, and what that is decided by.
#include "store/embedded/session.hpp"

namespace sluice::store::embedded {

std::int64_t session::count_rows(const std::string& tenant, const std::string& stream,
                                 const std::string& column, const std::string& value) {
  if (tables_->find_stream(stream) == nullptr) return 0;
  return tables_->count_holding(tenant, stream, column, value);
}

std::optional<engine::last_routed> session::last_route(const std::string& tenant,
                                                       const std::string& pipeline) {
  const auto run = tables_->last_run(tenant, pipeline);
  if (!run) return std::nullopt;
  return engine::last_routed{run->run_id, run->backend, run->route_reason, run->plan, run->created_us};
}

void session::reroute(const std::string& run_id, std::int64_t epoch, const std::string& backend,
                      const std::string& reason) {
  transaction tx(*tables_);
  owned_run owned = fence_run(run_id, epoch);
  owned.run.row.backend = backend;
  owned.run.row.route_reason = reason;
  tables_->put_run(owned.run);
  tx.commit();
}

}  // namespace sluice::store::embedded
