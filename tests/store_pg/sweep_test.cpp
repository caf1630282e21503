// A sweep beside a commit: what is brought is not deleted, and what is deleted has no children.
#include "interleaved.hpp"

namespace sluice::testing {
namespace {

class sweeping_meanwhile : public interleaved {
 protected:
  // A full run that has not brought u00002, and another one that is about to. Both have begun.
  struct pair_of_runs {
    tenant_run full, other;
  };
  pair_of_runs prepare(tenant_run run) {
    run.begin(*session_);
    auto first = run.page(entity_rows(many(3)), 0, true, session_->now_us());
    session_->commit(first);
    run.end_stage(*session_);
    session_->finish_run(run.id(), run.epoch, false, "", "");
    pair_of_runs out{run, run};
    out.full.number = 2;
    out.full.begin(*session_);
    auto page = out.full.page(entity_rows(many(2)), 0, true, session_->now_us());
    session_->commit(page);
    out.full.end_stage(*session_);
    out.other.number = 3, out.other.pipeline = "q";
    out.other.begin(*session_);
    return out;
  }
  static work commit_of(const pair_of_runs& runs, std::int64_t now) {
    return [run = runs.other, now](engine::session& s) {
      auto r = run.page(entity_rows(many(1, "n", 2)), 0, true, now);
      s.commit(r);
    };
  }
  static work sweep_of(const pair_of_runs& runs) {
    return [run = runs.full](engine::session& s) { s.sweep(run.sweep()); };
  }
  std::function<void(const outcomes&)> nothing_is_lost(const pair_of_runs& runs) {
    return [this, run = runs.full](const outcomes& o) {
      EXPECT_EQ(o.stopped + o.other, "okok");
      EXPECT_EQ(count("entities WHERE deleted_at IS NULL", run), "3") << "a row that was brought is deleted";
    };
  }
};

// covers: P6
TEST_F(sweeping_meanwhile, a_commit_that_is_stopped_keeps_what_it_brings) {
  at_each_statement([&](tenant_run& run) {
    const auto runs = prepare(run);
    return scene{commit_of(runs, session_->now_us()), sweep_of(runs), nothing_is_lost(runs)};
  });
}

// covers: P6
TEST_F(sweeping_meanwhile, a_sweep_that_is_stopped_deletes_nothing_that_was_brought) {
  at_each_statement([&](tenant_run& run) {
    const auto runs = prepare(run);
    return scene{sweep_of(runs), commit_of(runs, session_->now_us()), nothing_is_lost(runs)};
  });
}

// covers: P6
TEST_F(sweeping_meanwhile, no_child_is_left_without_its_parent) {
  at_each_statement([&](tenant_run& run) {
    const auto runs = prepare(run);
    const std::int64_t now = session_->now_us();
    return scene{[run = runs.other, now](engine::session& s) {
                   auto r = run.page(grant_rows({"u00002"}), 0, true, now);
                   s.commit(r);
                 },
                 [run = runs.full, now](engine::session& s) {
                   s.sweep(run.sweep());
                   s.cascade(run.id(), run.epoch, "read", {1.0, 1'000});
                 },
                 [this, run = runs.full](const outcomes& o) {
                   EXPECT_EQ(o.stopped + o.other, "okok");
                   EXPECT_EQ(sql("SELECT count(*) FROM grants g JOIN entities e ON e.id = g.entity_id WHERE "
                                 "g.deleted_at IS NULL AND e.deleted_at IS NOT NULL AND g.tenant_id = '" +
                                 run.tenant + "'"),
                             "0");
                 }};
  });
}

}  // namespace
}  // namespace sluice::testing
