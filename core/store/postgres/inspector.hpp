// Reading back what PostgreSQL holds, over the connection of a session.
#pragma once

#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

class postgres_inspector final : public engine::inspector {
 public:
  explicit postgres_inspector(postgres_session& session) : session_(session) {}

  std::vector<stream_schema> streams() override;
  engine::stored_page scan(const engine::scan_request&) override;
  std::vector<bool> live(const std::string& tenant, const std::string& stream,
                         const std::vector<std::string>& keys) override;
  engine::held_values count_held(const std::string& tenant, const std::string& stream,
                                 const std::vector<std::string>& columns,
                                 const std::vector<std::string>& keys) override;
  std::vector<std::int64_t> last_brought(const std::string& tenant, const std::string& stream,
                                         const std::vector<std::string>& keys) override;
  std::vector<engine::waiting_row> deferred(const std::string& tenant, const std::string& stream,
                                            const std::string& key, int limit) override;
  std::vector<engine::audit_finding> audit(const std::string& run_id) override;
  std::vector<engine::kept_reject> rejects(const engine::reject_query&) override;
  std::vector<engine::reject_count> count_rejects(const std::string& tenant,
                                                  const std::string& pipeline) override;

 private:
  [[nodiscard]] const stream_schema& schema_of(const std::string& stream);

  postgres_session& session_;
};

// The bytes of "\x6869".
[[nodiscard]] std::string from_hex(std::string_view text);

}  // namespace sluice::store::postgres
