// What every test of the conformance suite starts with: a store of some kind with a few streams, an
// open run with one stage, and short ways to commit rows and to look at what is stored.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "store/prepare.hpp"
#include "store/store.hpp"
#include "support/stored_rows.hpp"

namespace sluice::testing {

// A store of one kind, fresh and private to one test.
class store_under_test {
 public:
  virtual ~store_under_test() = default;
  [[nodiscard]] virtual store::store& get() = 0;
  [[nodiscard]] virtual stored_values_list rows(const stream_schema& stream) = 0;
  // Makes the ledger of a run say that rows came in and nothing became of them.
  virtual void forget_counts(const std::string& run_id) = 0;
  // As if the database's clock had gone back: all that is stored speaks of instants so much later.
  virtual void turn_clock_back(std::int64_t us) = 0;
};

struct backend {
  std::string name;
  std::function<std::unique_ptr<store_under_test>()> make;  // null: skipped, `why_not` says why
  std::string why_not;
};
inline void PrintTo(const backend& b, std::ostream* out) { *out << b.name; }
// Memory, SQLite, and PostgreSQL where its server is installed.
[[nodiscard]] const std::vector<backend>& backends();

// Streams of the tests: entities (kind + external_id, every type, refers to itself), credits (require an
// entity, deferred), grants (require a credit, deferred), notes (skipped), strict (rejected), tags (optional).
[[nodiscard]] const stream_schema& stream_named(const std::string& name);
[[nodiscard]] std::vector<stream_schema> all_streams();

// Column to text; by the column's type: bool true|false, dates in days, timestamps in microseconds.
using cells = std::map<std::string, std::string>;
[[nodiscard]] engine::stream_rows make_rows(const stream_schema& schema, const std::vector<cells>& rows);
[[nodiscard]] cells user(const std::string& id, const std::string& name = "Ada", cells more = {});

[[nodiscard]] engine::page make_page(std::vector<engine::stream_rows> streams);

// The id of the n-th run of a test.
[[nodiscard]] std::string run_id(int n);

class conformance : public ::testing::TestWithParam<backend> {
 protected:
  void SetUp() override;

  engine::session& session() { return *session_; }
  store::store& store() { return under_->get(); }
  [[nodiscard]] std::unique_ptr<engine::session> another_session() { return store().open_session(); }
  [[nodiscard]] stored_values_list rows(const std::string& stream) {
    return under_->rows(stream_named(stream));
  }
  [[nodiscard]] stored_values row(const std::string& stream, const std::string& external_id);

  [[nodiscard]] static engine::run_request request_for(int run);
  // Starts a run and makes it the current one, with one stage.
  void start(int run, bool critical = false);
  engine::stage_attempt begin(const std::string& stage, engine::phase phase = engine::phase::background,
                              bool critical = false, bool root = true);

  // The next page of item "0" of the current stage.
  [[nodiscard]] engine::page_write next_page(engine::page page, bool end = false);
  // The same with one user in it.
  [[nodiscard]] engine::page_write page_of(const std::string& id);
  [[nodiscard]] engine::commit_request request_of(std::vector<engine::page_write> pages);
  engine::commit_result commit(engine::page_write page);
  // Commits one page with these rows; what became of them.
  engine::row_counts put(const std::string& stream, const std::vector<cells>& rows);
  engine::row_counts put_at(std::int64_t requested_us, const std::string& stream,
                            const std::vector<cells>& rows);
  // Ends item, stage and run.
  engine::run_state finish();
  void end_item();
  void end_stage(const std::string& stage, engine::stage_state state = engine::stage_state::complete);
  // Resolves until nothing more can be; how many rows left.
  std::int64_t resolve_all(int limit = 100);

  std::unique_ptr<store_under_test> under_;
  std::unique_ptr<engine::session> session_;
  engine::run_lease run_;
  std::string stage_;
  std::map<std::string, std::int64_t> epochs_, seqs_;
  std::int64_t requested_us_ = 1'700'000'000'000'000;
};

[[nodiscard]] engine::row_counts counts_of(const engine::commit_result& r, std::size_t page,
                                           const std::string& stream);
[[nodiscard]] std::string refusal_code(const std::function<void()>& action);  // "" when it does not throw
[[nodiscard]] std::string refusal_text(const std::function<void()>& action);

}  // namespace sluice::testing
