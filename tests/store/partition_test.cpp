// Sweeps of partitions: of the rows that one subject has, or one parent record. And two runs side by side.
#include <limits>

#include "store/harness.hpp"

namespace sluice::testing {

using engine::partition_rule;
using engine::run_state;
using engine::sweep_result;
using how = engine::sweep_result::how;

namespace {

constexpr engine::delete_guard no_guard{1.0, std::numeric_limits<std::int64_t>::max()};

cells credit(const std::string& id, const std::string& user_id, const std::string& amount = "5") {
  return {{"external_id", id}, {"amount", amount}, {"entity.kind", "user"}, {"entity.external_id", user_id}};
}

// Credits of one user, by a variable of the item.
partition_rule credits_of(const std::string& variable, std::vector<std::string> others = {}) {
  return {"p",
          {{"entity.kind", {{false, "user"}}}, {"entity.external_id", {{true, variable}}}},
          std::move(others)};
}

}  // namespace

class partitions : public conformance {
 protected:
  void SetUp() override {
    conformance::SetUp();
    if (IsSkipped()) return;
    put("entities", {user("u1"), user("u2"), user("u3")});
    put("credits", {credit("c1", "u1"), credit("c2", "u1"), credit("c3", "u2"), credit("c4", "u3")});
    finish();
  }
  // A run of one subject, with the stage `p` that reads what it has.
  void sign_in(int run, const std::string& subject = "u1") {
    auto ask = request_for(run);
    ask.scope = "subject:" + subject;
    run_ = session().start_run(ask, {});
    ASSERT_EQ(run_.result, engine::run_lease::how::started);
    session().mark_running(run_.run_id, run_.epoch);
    seqs_.clear();
    stage_ = "p";
    const auto attempt = session().begin_stage(
        run_.run_id, run_.epoch,
        {"p", engine::phase::essential, false, true, "{\"subject\":\"" + subject + "\"}"});
    epochs_["p"] = attempt.epoch;
  }
  void end_reading() {
    end_item();
    end_stage("p");
  }
  sweep_result sweep(partition_rule rule = credits_of("subject"), engine::delete_guard guard = no_guard) {
    return session().sweep({run_.run_id, run_.epoch, "entry", "credits", {"p"}, guard, {std::move(rule)}});
  }
  std::optional<run_state> quiet(partition_rule rule = credits_of("subject")) {
    return session().finish_quiet(
        {run_.run_id,
         "acme",
         run_.epoch,
         {{run_.run_id, run_.epoch, "entry", "credits", {}, no_guard, {std::move(rule)}}}});
  }
  run_state end_run() { return session().finish_run(run_.run_id, run_.epoch, false, "", ""); }
  [[nodiscard]] std::string gone() {
    std::string out;
    for (const char* id : {"c1", "c2", "c3", "c4"}) {
      if (row("credits", id).at("deleted") == "true") out += id;
    }
    return out;
  }
};

// covers: P6
TEST_P(partitions, what_a_subject_has_no_more_is_gone_and_all_else_stays) {
  sign_in(2);
  put("credits", {credit("c1", "u1")});
  end_reading();
  const auto done = sweep();
  EXPECT_EQ(done.result, how::done);
  EXPECT_EQ(done.gone, 1);
  EXPECT_EQ(gone(), "c2");
  EXPECT_EQ(sweep().gone, 0) << "asked again";
  EXPECT_EQ(end_run(), run_state::succeeded);
  EXPECT_EQ(session().show_run(run_id(2))->stages.at(0).streams.at(0).second.swept, 1);
}

// covers: P6
TEST_P(partitions, a_run_that_found_all_that_its_subject_has_can_end_at_once) {
  sign_in(2);
  put("credits", {credit("c1", "u1"), credit("c2", "u1")});
  end_reading();
  EXPECT_EQ(quiet(), run_state::succeeded);
  EXPECT_EQ(gone(), "");
}

// covers: P6
TEST_P(partitions, a_run_that_missed_a_row_of_its_subject_can_not) {
  sign_in(2);
  put("credits", {credit("c1", "u1")});
  end_reading();
  EXPECT_FALSE(quiet().has_value());
  EXPECT_EQ(gone(), "");
  EXPECT_EQ(sweep().gone, 1);
  EXPECT_EQ(end_run(), run_state::succeeded);
}

// covers: P6
TEST_P(partitions, what_another_read_may_bring_is_no_obstacle_to_the_end) {
  sign_in(2);
  put("credits", {credit("c1", "u1")});
  end_reading();
  EXPECT_EQ(quiet(credits_of("subject", {"q"})), run_state::succeeded)
      << "nothing is deleted for it: q is not read";
  EXPECT_EQ(gone(), "");
}

// covers: P6
TEST_P(partitions, an_empty_answer_is_believed) {
  sign_in(2);
  end_reading();
  EXPECT_EQ(sweep().gone, 2);
  EXPECT_EQ(gone(), "c1c2");
  EXPECT_EQ(end_run(), run_state::succeeded);
}

TEST_P(partitions, what_was_not_read_to_its_end_proves_nothing) {
  sign_in(2);
  put("credits", {credit("c1", "u1")});
  EXPECT_EQ(sweep().gone, 0);
  end_stage("p", engine::stage_state::failed);
  EXPECT_EQ(sweep().gone, 0);
  EXPECT_EQ(gone(), "");
}

TEST_P(partitions, a_record_that_could_not_be_read_might_be_any_row) {
  sign_in(2);
  engine::page page = make_page({});
  page.records.records = page.records.rejected = 1;
  page.rejects.push_back({0, "", "", "", "is not an object", "[]"});
  commit(next_page(std::move(page), true));
  end_stage("p");
  EXPECT_EQ(sweep().gone, 0);
  EXPECT_EQ(gone(), "");
}

TEST_P(partitions, a_row_that_could_not_be_taken_might_be_any_row) {
  sign_in(2);
  std::vector<engine::stream_rows> streams;
  streams.push_back(make_rows(stream_named("credits"), {credit("c1", "u1")}));
  engine::page page = make_page(std::move(streams));
  page.rejects.push_back({0, "credits", "", "amount", "is no number", "{}"});
  commit(next_page(std::move(page), true));
  end_stage("p");
  EXPECT_EQ(sweep().gone, 0);
  EXPECT_EQ(gone(), "");
}

// covers: P6
TEST_P(partitions, what_a_later_request_has_seen_stays) {
  sign_in(2);
  const auto mine = run_;
  const auto before = requested_us_;
  put("credits", {credit("c1", "u1")});
  end_reading();
  start(3);  // the tenant's run, whose page was asked for later
  put("credits", {credit("c2", "u1")});
  run_ = mine;
  EXPECT_EQ(sweep().gone, 0);
  EXPECT_GT(requested_us_, before);
  EXPECT_EQ(gone(), "");
}

// covers: P6
TEST_P(partitions, a_page_that_was_asked_for_before_neither_saves_nor_revives_a_row) {
  start(3);
  const auto tenants = run_;
  const std::int64_t early = requested_us_ += 1'000'000;
  sign_in(2);
  const auto mine = run_;
  put("credits", {credit("c1", "u1", "7")});
  end_reading();
  run_ = tenants, stage_ = "s";
  seqs_.erase("s");
  EXPECT_EQ(put_at(early, "credits", {credit("c1", "u1"), credit("c2", "u1")}).stale, 1);
  run_ = mine;
  EXPECT_EQ(sweep().gone, 1);
  EXPECT_EQ(gone(), "c2");
  run_ = tenants;
  EXPECT_EQ(put_at(early, "credits", {credit("c1", "u1"), credit("c2", "u1")}).stale, 2);
  EXPECT_EQ(gone(), "c2");
  EXPECT_EQ(row("credits", "c1").at("amount"), "7");
  put("credits", {credit("c2", "u1")});
  EXPECT_EQ(gone(), "") << "what was asked for later is believed";
}

TEST_P(partitions, rows_of_another_entry_are_not_its_own) {
  sign_in(2);
  end_reading();
  EXPECT_EQ(
      session()
          .sweep({run_.run_id, run_.epoch, "another", "credits", {"p"}, no_guard, {credits_of("subject")}})
          .gone,
      0);
}

TEST_P(partitions, needs_whatever_else_may_bring_such_rows) {
  sign_in(2);
  end_reading();
  const auto done = sweep(credits_of("subject", {"q"}));
  EXPECT_EQ(done.result, how::unproven);
  EXPECT_NE(done.reason.find("`q`"), std::string::npos) << done.reason;
  EXPECT_EQ(gone(), "");
}

// Two reads of one run share a partition; whichever was asked first has been asked before the other.
TEST_P(partitions, what_another_read_of_the_run_has_brought_stays) {
  sign_in(2);
  begin("q", engine::phase::essential);
  stage_ = "q";
  put("credits", {credit("c1", "u1")});
  end_item();
  end_stage("q");
  stage_ = "p";
  put("credits", {credit("c5", "u1")});
  end_reading();
  EXPECT_EQ(sweep(credits_of("subject", {"q"})).gone, 1);
  EXPECT_EQ(gone(), "c2");
  EXPECT_EQ(row("credits", "c5").at("deleted"), "false");
}

TEST_P(partitions, an_item_without_the_variable_has_none) {
  sign_in(2);
  end_reading();
  EXPECT_EQ(sweep(credits_of("parent.id")).gone, 0);
}

TEST_P(partitions, a_subject_that_was_never_stored_has_no_rows) {
  sign_in(2, "nobody");
  end_reading();
  EXPECT_EQ(sweep().gone, 0);
  EXPECT_EQ(gone(), "");
}

TEST_P(partitions, may_be_columns_and_a_part_of_a_reference) {
  sign_in(2);
  end_reading();
  const partition_rule rule{"p", {{"external_id", {{false, "c3"}}}, {"entity.kind", {{false, "user"}}}}, {}};
  EXPECT_EQ(sweep(rule).gone, 1);
  EXPECT_EQ(gone(), "c3");
  const partition_rule none{"p", {{"entity.kind", {{false, "group"}}}}, {}};
  EXPECT_EQ(sweep(none).gone, 0);
}

// Of two parents' items one ends and the other does not.
class parents : public partitions {
 protected:
  void read_children(int run) {
    start(run);
    engine::page page = make_page({});
    page.children.push_back({"p", "a", R"({"parent.id":"u1"})"});
    page.children.push_back({"p", "b", R"({"parent.id":"u2"})"});
    commit(next_page(std::move(page), true));
    end_stage("s");
    begin("p", engine::phase::background, false, false);
    stage_ = "p";
    engine::page_write last = next_page(make_page({}), true);
    last.item = "a";
    commit(std::move(last));
    end_stage("p", engine::stage_state::failed);
  }
};

// covers: P6
TEST_P(parents, the_items_that_ended_sweep_though_a_sibling_failed) {
  read_children(2);
  EXPECT_EQ(sweep(credits_of("parent.id"), {0.9, 0}).gone, 2);
  EXPECT_EQ(gone(), "c1c2");
}

// covers: P6
TEST_P(parents, the_guard_is_for_their_sum) {
  read_children(2);
  const auto held = sweep(credits_of("parent.id"), {0.4, 1});
  EXPECT_EQ(held.result, how::held);
  EXPECT_EQ(held.gone, 2);
  EXPECT_EQ(held.live, 4);
  EXPECT_EQ(gone(), "");
}

// covers: P9
TEST_P(partitions, rows_that_one_run_defers_are_resolved_by_the_other) {
  sign_in(2, "u9");
  EXPECT_EQ(put("credits", {credit("c9", "u9")}).deferred, 1);
  end_reading();
  EXPECT_EQ(end_run(), run_state::partial);
  start(3);
  put("entities", {user("u9")});
  EXPECT_EQ(resolve_all(), 1);
  EXPECT_EQ(row("credits", "c9").at("deleted"), "false");
  EXPECT_EQ(put("credits", {credit("c8", "u8")}).deferred, 1);
  const auto tenants = run_;
  sign_in(4, "u8");
  put("entities", {user("u8")});
  EXPECT_EQ(resolve_all(), 1);
  EXPECT_FALSE(row("credits", "c8").empty());
  run_ = tenants, stage_ = "s";
  EXPECT_EQ(end_run(), run_state::partial) << "its stage has not ended, but nothing of it waits";
}

// covers: P6
TEST_P(partitions, a_row_that_waits_for_its_parent_is_forgotten_too) {
  sign_in(2, "u9");
  EXPECT_EQ(put("credits", {credit("c9", "u9"), credit("c10", "u9")}).deferred, 2);
  end_reading();
  end_run();
  sign_in(3, "u9");
  EXPECT_EQ(put("credits", {credit("c10", "u9")}).deferred, 1);
  end_reading();
  EXPECT_EQ(sweep().gone, 0);
  end_run();
  start(4);
  put("entities", {user("u9")});
  EXPECT_EQ(resolve_all(), 1);
  EXPECT_TRUE(row("credits", "c9").empty());
  EXPECT_EQ(row("credits", "c10").at("deleted"), "false");
}

// covers: P6
TEST_P(partitions, what_hangs_on_other_rows_is_no_business_of_a_subjects_run) {
  start(2);
  const auto tenants = run_;
  put("entities", {user("u3", "Ada", {{"_deleted", "true"}})});  // its credit is an orphan now
  sign_in(3);
  end_reading();
  EXPECT_EQ(sweep().gone, 2);
  EXPECT_EQ(session().cascade(run_.run_id, run_.epoch, "p", {1.0, 1000}).gone, 0);
  EXPECT_EQ(gone(), "c1c2");
  run_ = tenants;
  EXPECT_EQ(session().cascade(run_.run_id, run_.epoch, "s", {1.0, 1000}).gone, 1);
}

INSTANTIATE_TEST_SUITE_P(stores, partitions, ::testing::ValuesIn(backends()),
                         [](const auto& kind) { return kind.param.name; });
INSTANTIATE_TEST_SUITE_P(stores, parents, ::testing::ValuesIn(backends()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace sluice::testing
