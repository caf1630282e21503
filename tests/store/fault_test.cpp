// Commits that fail, or seem to: nothing half done, nothing done twice.
#include "store/errors.hpp"
#include "store/harness.hpp"
#include "support/memory_store.hpp"

namespace sluice::testing {

namespace {

class faults : public ::testing::Test {
 protected:
  faults() {
    memory_.migrate();
    memory_.ensure_streams("tests", "1.0.0", all_streams());
    session_ = memory_.open_session();
    engine::run_request r;
    r.run_id = run_id(1);
    r.tenant = "acme";
    lease_ = session_->start_run(r, {});
    attempt_ =
        session_->begin_stage(lease_.run_id, lease_.epoch, {"s", engine::phase::background, false, true, ""});
  }
  [[nodiscard]] engine::commit_request request(const std::vector<cells>& rows) {
    std::vector<engine::stream_rows> s;
    s.push_back(make_rows(stream_named("entities"), rows));
    engine::commit_request out;
    out.run_id = lease_.run_id;
    out.tenant = "acme";
    out.run_epoch = lease_.epoch;
    out.id[0] = ++id_;
    auto& w = out.pages.emplace_back();
    w.stage = "s";
    w.item = "0";
    w.entry = "e";
    w.stage_epoch = attempt_.epoch;
    w.page = make_page(std::move(s));
    w.page.requested_at_us = 1;
    w.page.children = {{"child", "0.0.0", "{}"}};
    return out;
  }
  // Commits and expects a failure of that class.
  void expect_failure(engine::commit_request& r, engine::failure_class kind) {
    try {
      session_->commit(r);
      FAIL() << "it did not fail";
    } catch (const engine::failure& f) {
      EXPECT_EQ(f.kind(), kind);
    }
  }

  memory_store memory_;
  std::unique_ptr<engine::session> session_;
  engine::run_lease lease_;
  engine::stage_attempt attempt_;
  std::uint8_t id_ = 0;
};

}  // namespace

// covers: P2
TEST_F(faults, before_the_commit_leave_nothing_behind) {
  auto r = request(
      {user("u1"), user("u2", "n", {{"parent.kind", "user"}, {"parent.external_id", "nobody"}}), user("")});
  memory_.hooks.before_commit = [] { throw store::transient(store::code::connection, "lost"); };
  expect_failure(r, engine::failure_class::transient);
  memory_.hooks = {};
  EXPECT_TRUE(memory_.rows_of("entities").empty());
  EXPECT_TRUE(session_->list_rejects("acme", "", 10).empty());
  EXPECT_FALSE(session_->find_commit(r).has_value());
  EXPECT_EQ(session_->show_run(run_id(1))->stages.at(0).pages, 0);
  EXPECT_EQ(counts_of(session_->commit(r), 0, "entities").inserted, 2) << "so it can be done again";
}

// covers: P4, S2
TEST_F(faults, after_the_commit_are_in_doubt_and_the_answer_is_found) {
  auto r = request({user("u1"), user("u2")});
  memory_.hooks.after_commit = [] {
    throw engine::failure(engine::failure_class::in_doubt, store::code::in_doubt, "lost");
  };
  expect_failure(r, engine::failure_class::in_doubt);
  memory_.hooks = {};
  const auto found = memory_.open_session()->find_commit(r);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(counts_of(*found, 0, "entities").inserted, 2);
  expect_failure(r, engine::failure_class::fenced);  // not applied twice
  EXPECT_EQ(memory_.live_rows("entities"), 2);
}

// covers: P14
TEST_F(faults, of_a_lost_session_do_not_lock_the_store) {
  memory_.hooks.on_begin = [] { throw store::transient(store::code::connection, "lost"); };
  auto r = request({user("u1")});
  expect_failure(r, engine::failure_class::transient);
  memory_.hooks = {};
  EXPECT_EQ(memory_.open_session()->commit(r).pages.size(), 1U);
}

// covers: P2
TEST_F(faults, undo_updates_deletes_and_resolved_rows_too) {
  auto first = request({user("u1", "Ada"), user("u2", "Grace")});
  session_->commit(first);
  const auto before = memory_.rows_of("entities");
  auto second = request({user("u1", "Changed"), user("u2", "Grace", {{"_deleted", "true"}})});
  second.pages[0].page_seq = 1;
  second.pages[0].page.children.clear();
  memory_.hooks.before_commit = [] { throw store::transient(store::code::busy, "busy"); };
  expect_failure(second, engine::failure_class::transient);
  memory_.hooks = {};
  EXPECT_EQ(memory_.rows_of("entities"), before);
}

}  // namespace sluice::testing
