// A store in memory, for tests and the simulation: the same session code as SQLite over ordered maps,
// with places to let a commit fail. Everything is gone with the object; sessions may come and go, as
// processes do.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace sluice::testing {

struct memory_state;

class memory_store final : public store::store {
 public:
  // Each may throw an engine::failure. They are called by whoever uses a session, in the transaction.
  struct faults {
    std::function<void()> on_begin;       // the connection is lost, or the store is slow
    std::function<void()> before_commit;  // nothing of the transaction is kept
    std::function<void()> after_commit;   // all of it is kept: throw in_doubt
  };
  faults hooks;

  // `now` is the database's clock, in microseconds since 1970. Without: a clock that ticks once a call.
  explicit memory_store(std::function<std::int64_t()> now = {});
  ~memory_store() override;

  sluice::store::migration_result migrate() override;
  void check_version() override;
  std::vector<std::string> ensure_streams(const std::string& plugin, const std::string& plugin_version,
                                          const std::vector<stream_schema>& streams) override;
  [[nodiscard]] std::unique_ptr<engine::session> open_session() override;
  [[nodiscard]] sluice::store::store_description describe() override;
  [[nodiscard]] int writers() const override { return 1; }

  // The live and deleted rows of a stream by (tenant, key): see stored_rows.hpp.
  [[nodiscard]] std::vector<std::map<std::string, std::string>> rows_of(const std::string& stream) const;
  // Makes the ledger of a run say that rows came in and nothing became of them.
  void forget_counts(const std::string& run_id);
  void turn_clock_back(std::int64_t us);
  [[nodiscard]] std::int64_t live_rows(const std::string& stream) const;
  // How many transactions have changed something.
  [[nodiscard]] std::int64_t changes() const;
  // Everything that is kept, for who knows what the machinery's tables mean; see memory_state.hpp.
  [[nodiscard]] const memory_state& state() const { return *state_; }

 private:
  std::function<std::int64_t()> now_;
  std::unique_ptr<memory_state> state_;
};

}  // namespace sluice::testing
