// Rows that vanish: sweeps and their guard, what hangs on deleted rows, approval; suspect stages.
#include "store/errors.hpp"
#include "store/harness.hpp"

namespace sluice::testing {

namespace code = store::code;
using engine::run_state;
using engine::sweep_result;

namespace {

engine::page page_of_u1() {
  std::vector<engine::stream_rows> streams;
  streams.push_back(make_rows(stream_named("entities"), {user("u1")}));
  return make_page(std::move(streams));
}

cells credit_of(const std::string& id, const std::string& user_id) {
  return {{"external_id", id}, {"amount", "5"}, {"entity.kind", "user"}, {"entity.external_id", user_id}};
}

}  // namespace

class sweeping : public conformance {
 protected:
  // A complete run that reads these users and, in the same stage, these credits.
  void read_all(const std::vector<cells>& users, const std::vector<cells>& credits = {}) {
    if (!users.empty()) put("entities", users);
    if (!credits.empty()) put("credits", credits);
    end_item();
    end_stage("s");
  }
  sweep_result sweep(const std::string& stream = "entities", engine::delete_guard guard = {1.0, 1000}) {
    return session().sweep({run_.run_id, run_.epoch, entry_, stream, {"s"}, guard});
  }
  sweep_result cascade(engine::delete_guard guard = {1.0, 1000}) {
    return session().cascade(run_.run_id, run_.epoch, "s", guard);
  }
  // Run 2 deletes u1 and holds what hangs on it: credits c1 and c2.
  void hold_children_of_u1() {
    read_all({user("u1")}, {credit_of("c1", "u1"), credit_of("c2", "u1")});
    end_run();
    start(2);
    put("entities", {user("u1", "Ada", {{"_deleted", "true"}})});
    end_item();
    end_stage("s");
    EXPECT_EQ(cascade({0.0, 1}).result, sweep_result::how::held);
    EXPECT_EQ(end_run(), run_state::held);
  }
  void bring_u1_back() {
    start(3);
    put("entities", {user("u1")});
    end_item();
    end_stage("s");
    EXPECT_EQ(end_run(), run_state::succeeded);
  }
  run_state end_run() { return session().finish_run(run_.run_id, run_.epoch, false, "", ""); }
  [[nodiscard]] bool deleted(const std::string& stream, const std::string& id) {
    return row(stream, id).at("deleted") == "true";
  }
  [[nodiscard]] std::int64_t swept(int run) {
    std::int64_t out = 0;
    const auto shown = session().show_run(run_id(run));
    for (const auto& stage : shown->stages) {
      for (const auto& [stream, counts] : stage.streams) out += counts.swept;
    }
    return out;
  }
  std::string entry_ = "entry";
};

// covers: P6
TEST_P(sweeping, deletes_what_a_complete_run_did_not_bring) {
  read_all({user("u1"), user("u2"), user("u3")});
  EXPECT_EQ(sweep().gone, 0);
  EXPECT_EQ(end_run(), run_state::succeeded);
  start(2);
  read_all({user("u1"), user("u3")});
  const auto done = sweep();
  EXPECT_EQ(done.result, sweep_result::how::done);
  EXPECT_EQ(done.live, 3);
  EXPECT_EQ(done.gone, 1);
  EXPECT_EQ(end_run(), run_state::succeeded);
  EXPECT_TRUE(deleted("entities", "u2"));
  EXPECT_FALSE(deleted("entities", "u1"));
  EXPECT_EQ(swept(2), 1);
}

TEST_P(sweeping, is_the_same_when_it_is_asked_again) {
  read_all({user("u1"), user("u2")});
  end_run();
  start(2);
  read_all({user("u1")});
  EXPECT_EQ(sweep().gone, 1);
  EXPECT_EQ(sweep().gone, 0);
  EXPECT_EQ(swept(2), 1);
}

// covers: P6
TEST_P(sweeping, spares_what_another_run_has_seen_since) {
  read_all({user("u1"), user("u2")});
  end_run();
  start(2);
  const auto mine = run_;
  // A run of one subject, in between, reads u2.
  auto ask = request_for(3);
  ask.scope = "subject:u2";
  run_ = session().start_run(ask, {});
  begin("s");
  read_all({user("u2")});
  EXPECT_EQ(end_run(), run_state::succeeded);
  run_ = mine;
  begin("s");
  seqs_.clear();
  read_all({user("u1")});
  EXPECT_EQ(sweep().gone, 0);
  EXPECT_FALSE(deleted("entities", "u2"));
}

// covers: P6, P20
TEST_P(sweeping, leaves_other_entries_and_other_tenants_alone) {
  read_all({user("u1")});
  end_run();
  start(2);
  end_item();
  entry_ = "another";
  end_stage("s");
  EXPECT_EQ(sweep().gone, 0);
}

// covers: P6
TEST_P(sweeping, needs_complete_stages) {
  read_all({user("u1"), user("u2")});
  end_run();
  start(2);
  put("entities", {user("u1")});
  const auto early = sweep();
  EXPECT_EQ(early.result, sweep_result::how::unproven);
  EXPECT_NE(early.reason.find("not complete"), std::string::npos) << early.reason;
  end_stage("s", engine::stage_state::failed);
  EXPECT_EQ(sweep().result, sweep_result::how::unproven);
  EXPECT_FALSE(deleted("entities", "u2"));
}

// covers: P6
TEST_P(sweeping, needs_records_that_could_be_read) {
  read_all({user("u1"), user("u2")});
  end_run();
  start(2);
  engine::page page = page_of_u1();
  page.records.records += 1;
  page.records.rejected += 1;
  page.rejects.push_back({1, "", "", "", "is not an object", "[]"});
  commit(next_page(std::move(page), true));
  end_stage("s");
  EXPECT_EQ(sweep().result, sweep_result::how::unproven);
  EXPECT_FALSE(deleted("entities", "u2"));
}

// covers: P6, U11
TEST_P(sweeping, of_nothing_where_there_was_something_is_suspect_once) {
  read_all({user("u1"), user("u2")});
  end_run();
  start(2);
  read_all({});
  const auto first = sweep();
  EXPECT_EQ(first.result, sweep_result::how::unproven);
  EXPECT_EQ(end_run(), run_state::partial);
  EXPECT_EQ(session().show_run(run_id(2))->error_code, code::suspect);
  EXPECT_TRUE(session().show_run(run_id(2))->stages.at(0).suspect);
  start(3);
  read_all({});
  EXPECT_EQ(sweep().gone, 2);
  EXPECT_EQ(end_run(), run_state::succeeded);
}

// covers: P6
TEST_P(sweeping, holds_too_many_until_somebody_approves) {
  std::vector<cells> users;
  for (int i = 0; i < 20; ++i) users.push_back(user("u" + std::to_string(i)));
  read_all(users, {credit_of("c1", "u1"), credit_of("c2", "u19")});
  end_run();
  start(2);
  read_all({user("u0"), user("u1")}, {credit_of("c1", "u1"), credit_of("c2", "u19")});
  const auto held = sweep("entities", {0.2, 10});
  EXPECT_EQ(held.result, sweep_result::how::held);
  EXPECT_EQ(held.gone, 18);
  EXPECT_EQ(end_run(), run_state::held);
  EXPECT_EQ(session().show_run(run_id(2))->error_code, code::deletes_held);
  EXPECT_FALSE(deleted("entities", "u7"));
  // Until then one of them is seen again.
  start(3);
  read_all({user("u7")});
  EXPECT_EQ(end_run(), run_state::succeeded);
  EXPECT_EQ(session().approve(run_id(2)), run_state::succeeded);
  EXPECT_TRUE(deleted("entities", "u19"));
  EXPECT_FALSE(deleted("entities", "u7"));
  EXPECT_FALSE(deleted("entities", "u1"));
  EXPECT_TRUE(deleted("credits", "c2")) << "it requires u19";
  EXPECT_FALSE(deleted("credits", "c1"));
  EXPECT_EQ(refusal_code([&] { session().approve(run_id(2)); }), code::not_held);
}

// covers: P6
TEST_P(sweeping, up_to_the_floor_is_never_held) {
  read_all({user("u1"), user("u2"), user("u3")});
  end_run();
  start(2);
  read_all({user("u1")});
  EXPECT_EQ(sweep("entities", {0.0, 2}).result, sweep_result::how::done);
}

TEST_P(sweeping, a_deleted_parent_takes_its_children_along) {
  read_all({user("u1"), user("u2")}, {credit_of("c1", "u1"), credit_of("c2", "u2")});
  end_run();
  start(2);
  put("entities", {user("u1", "Ada", {{"_deleted", "true"}})});
  end_item();
  end_stage("s");
  EXPECT_EQ(cascade().gone, 1);
  EXPECT_TRUE(deleted("credits", "c1"));
  EXPECT_FALSE(deleted("credits", "c2"));
  EXPECT_EQ(cascade().gone, 0);
  EXPECT_EQ(end_run(), run_state::succeeded);
}

// covers: P6, P14
TEST_P(sweeping, children_that_a_cancelled_run_left_behind_are_found_by_the_next) {
  read_all({user("u1"), user("u2")}, {credit_of("c1", "u1"), credit_of("c2", "u2")});
  end_run();
  start(2);
  put("entities", {user("u1", "Ada", {{"_deleted", "true"}})});
  end_item();
  end_stage("s");
  EXPECT_EQ(session().finish_run(run_.run_id, run_.epoch, true, "", ""), run_state::cancelled);
  EXPECT_FALSE(deleted("credits", "c1"));
  start(3);
  read_all({user("u2")}, {credit_of("c2", "u2")});
  EXPECT_EQ(cascade().gone, 1);
  EXPECT_TRUE(deleted("credits", "c1"));
  EXPECT_FALSE(deleted("credits", "c2"));
}

TEST_P(sweeping, children_that_were_held_are_held_again) {
  hold_children_of_u1();
  start(3);
  read_all({}, {credit_of("c1", "u1"), credit_of("c2", "u1")});
  EXPECT_EQ(cascade({0.0, 1}).result, sweep_result::how::held);
  EXPECT_EQ(end_run(), run_state::held);
}

// covers: P6
TEST_P(sweeping, approval_leaves_children_whose_parent_has_come_back) {
  hold_children_of_u1();
  bring_u1_back();
  ASSERT_FALSE(deleted("entities", "u1"));
  EXPECT_NE(session().approve(run_id(2)), run_state::held);
  EXPECT_FALSE(deleted("credits", "c1"));
  EXPECT_FALSE(deleted("credits", "c2"));
}

TEST_P(sweeping, what_is_held_as_unseen_and_as_an_orphan_goes_though_the_parent_comes_back) {
  read_all({user("u1")}, {credit_of("c1", "u1"), credit_of("c2", "u1")});
  end_run();
  start(2);
  read_all({user("u1", "Ada", {{"_deleted", "true"}})});
  EXPECT_EQ(sweep("credits", {0.0, 1}).result, sweep_result::how::held);
  EXPECT_EQ(cascade({0.0, 1}).result, sweep_result::how::held);
  EXPECT_EQ(end_run(), run_state::held);
  bring_u1_back();
  EXPECT_NE(session().approve(run_id(2)), run_state::held);
  EXPECT_TRUE(deleted("credits", "c1"));
  EXPECT_TRUE(deleted("credits", "c2"));
}

TEST_P(sweeping, without_deletes_nothing_cascades) {
  read_all({user("u1")}, {credit_of("c1", "u1")});
  EXPECT_EQ(cascade().gone, 0);
}

TEST_P(sweeping, a_swept_row_that_comes_back_lives_again) {
  read_all({user("u1"), user("u2")});
  end_run();
  start(2);
  read_all({user("u1")});
  sweep();
  end_run();
  start(3);
  put_at(session().now_us(), "entities", {user("u2")});
  EXPECT_FALSE(deleted("entities", "u2"));
}

INSTANTIATE_TEST_SUITE_P(stores, sweeping, ::testing::ValuesIn(backends()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace sluice::testing
