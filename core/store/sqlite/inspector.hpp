// Reading back what a SQLite store holds.
#pragma once

#include "engine/inspector.hpp"
#include "store/sqlite/tables.hpp"

namespace sluice::store::sqlite {

class inspector final : public engine::inspector {
 public:
  inspector(database& db, tables& machinery) : db_(db), tables_(machinery) {}

  [[nodiscard]] std::vector<stream_schema> streams() override;
  [[nodiscard]] engine::stored_page scan(const engine::scan_request& request) override;
  [[nodiscard]] std::vector<bool> live(const std::string& tenant, const std::string& stream,
                                       const std::vector<std::string>& keys) override;
  [[nodiscard]] engine::held_values count_held(const std::string& tenant, const std::string& stream,
                                               const std::vector<std::string>& columns,
                                               const std::vector<std::string>& keys) override;
  [[nodiscard]] std::vector<std::int64_t> last_brought(const std::string& tenant, const std::string& stream,
                                                       const std::vector<std::string>& keys) override;
  [[nodiscard]] std::vector<engine::waiting_row> deferred(const std::string& tenant,
                                                          const std::string& stream, const std::string& key,
                                                          int limit) override;
  [[nodiscard]] std::vector<engine::audit_finding> audit(const std::string& run_id) override;
  [[nodiscard]] std::vector<engine::kept_reject> rejects(const engine::reject_query& query) override;
  [[nodiscard]] std::vector<engine::reject_count> count_rejects(const std::string& tenant,
                                                                const std::string& pipeline) override;

 private:
  [[nodiscard]] stream_schema schema_of(const std::string& stream);

  database& db_;
  tables& tables_;
};

}  // namespace sluice::store::sqlite
