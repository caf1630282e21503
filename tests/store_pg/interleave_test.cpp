// A commit beside another commit, a take-over, a cancel and a wider table.
#include "interleaved.hpp"

namespace sluice::testing {
namespace {

// covers: S4, P2, P4, P9
TEST_F(interleaved, two_commits_of_one_page_are_one) {
  at_each_statement([&](tenant_run& run) {
    run.begin(*session_);
    const std::int64_t now = session_->now_us();
    return scene{[run, now](engine::session& s) {
                   auto r = run.page(entity_rows(many(3, "first")), 0, false, now, 1);
                   s.commit(r);
                 },
                 [run, now](engine::session& s) {
                   auto r = run.page(entity_rows(many(3, "second")), 0, false, now, 2);
                   s.commit(r);
                 },
                 [this, run](const outcomes& o) {
                   const std::string winner = o.stopped == "ok" ? "first" : "second";
                   EXPECT_EQ(o.stopped == "ok" ? o.other : o.stopped, "SLU-5003")
                       << o.stopped << " " << o.other;
                   EXPECT_EQ(count("entities WHERE name = '" + winner + "'", run), "3");
                   EXPECT_EQ(count("entities WHERE true", run), "3");
                 }};
  });
}

// covers: S4, P1, P2
TEST_F(interleaved, commits_of_two_runs_write_each_row_once) {
  at_each_statement([&](tenant_run& run) {
    tenant_run other = run;
    other.number = 2, other.pipeline = "q";
    run.begin(*session_);
    other.begin(*session_);
    const std::int64_t now = session_->now_us();
    return scene{
        [run, now](engine::session& s) {
          auto r = run.page(entity_rows(many(4, "older")), 0, true, now);
          s.commit(r);
        },
        [other, now](engine::session& s) {
          auto r = other.page(entity_rows(many(4, "newer", 2)), 0, true, now + 1);
          s.commit(r);
        },
        [this, run](const outcomes& o) {
          EXPECT_EQ(o.stopped + o.other, "okok");
          EXPECT_EQ(count("entities WHERE name = 'newer'", run), "4");
          EXPECT_EQ(count("entities WHERE name = 'older'", run), "2");
          EXPECT_EQ(sql("SELECT sum(inserted) FROM sluice.ledger l JOIN sluice.runs r USING (run_id) WHERE "
                        "r.tenant = '" +
                        run.tenant + "'"),
                    "6");
        }};
  });
}

// covers: S14, P2, P9
TEST_F(interleaved, a_take_over_is_before_a_commit_or_after_it) {
  at_each_statement([&](tenant_run& run) {
    run.begin(*session_);
    const std::int64_t now = session_->now_us();
    return scene{[run, now](engine::session& s) {
                   auto r = run.page(entity_rows(many(3)), 0, false, now);
                   s.commit(r);
                 },
                 [run](engine::session& s) {
                   const auto taken = s.start_run(run.request(2), [](const engine::holder&) { return true; });
                   EXPECT_EQ(taken.result, engine::run_lease::how::took_over);
                 },
                 [this, run, now](const outcomes& o) {
                   EXPECT_EQ(o.other, "ok");
                   const bool committed = o.stopped == "ok";
                   EXPECT_TRUE(committed || o.stopped == "SLU-5001") << o.stopped;
                   EXPECT_EQ(count("entities WHERE true", run), committed ? "3" : "0");
                   auto late = run.page(entity_rows(many(1, "late")), committed ? 1 : 0, false, now, 9);
                   EXPECT_EQ(outcome_of([&] { session_->commit(late); }), "SLU-5001");
                 }};
  });
}

// covers: P1, P2
TEST_F(interleaved, the_end_of_a_cancelled_run_counts_every_page_that_was_committed) {
  at_each_statement([&](tenant_run& run) {
    run.begin(*session_);
    const std::int64_t now = session_->now_us();
    return scene{[run, now](engine::session& s) {
                   auto r = run.page(entity_rows(many(3)), 0, false, now);
                   s.commit(r);
                 },
                 [run](engine::session& s) {
                   EXPECT_TRUE(s.request_cancel(run.id()));
                   EXPECT_EQ(s.finish_run(run.id(), run.epoch, true, "", ""), engine::run_state::cancelled);
                 },
                 [this, run](const outcomes& o) {
                   EXPECT_EQ(o.other, "ok");
                   const bool committed = o.stopped == "ok";
                   EXPECT_TRUE(committed || o.stopped == "SLU-5001") << o.stopped;
                   const auto row = session_->show_run(run.id());
                   EXPECT_EQ(row->state, engine::run_state::cancelled);
                   EXPECT_EQ(row->stages.at(0).pages, committed ? 1 : 0);
                   EXPECT_EQ(count("entities WHERE true", run), committed ? "3" : "0");
                 }};
  });
}

// covers: S8, P2
TEST_F(interleaved, a_table_that_is_widened_meanwhile_takes_the_page) {
  int widened = 0;
  at_each_statement([&](tenant_run& run) {
    run.begin(*session_);
    stream_schema wider = grants();
    for (int i = 0; i <= widened; ++i)
      wider.columns.push_back({"more_" + std::to_string(i), column_type::text, false, {}});
    ++widened;
    const std::int64_t now = session_->now_us();
    return scene{[run, now](engine::session& s) {
                   auto r = run.page(entity_rows(many(3)), 0, false, now);
                   s.commit(r);
                 },
                 [this, wider](engine::session&) {
                   store_->migrate();
                   store_->ensure_streams("test", "1", {entities(), wider});
                 },
                 [this, run](const outcomes& o) {
                   EXPECT_EQ(o.stopped + o.other, "okok");
                   EXPECT_EQ(count("entities WHERE true", run), "3");
                 }};
  });
}

}  // namespace
}  // namespace sluice::testing
