// What earlier runs mean for the next one: from when on it asks, in the service's own form, or why it asks for all.
#include <gtest/gtest.h>

#include "host/history.hpp"
#include "host/plan_builder.hpp"

namespace sluice::host {
namespace {

constexpr std::int64_t at_us = 1'767'225'599'987'654;  // 2025-12-31T23:59:59.987654Z
constexpr std::int64_t hour_us = 3'600'000'000;

TEST(history, a_watermark_is_written_as_the_upstream_writes_time_and_never_later_than_it_is) {
  EXPECT_EQ(format_since(at_us, "rfc3339"), "2025-12-31T23:59:59.987654Z");
  EXPECT_EQ(format_since(at_us, "epoch_s"), "1767225599");
  EXPECT_EQ(format_since(at_us, "epoch_ms"), "1767225599987");
  EXPECT_EQ(format_since(at_us, "date"), "2025-12-31");
}

struct watermarks : ::testing::Test {
  watermarks() {
    read.mapping_digest = "m";
    read.incremental = manifest::incremental_read{"updated_at", "since", "epoch_ms", 5};
    item.mode = manifest::mode::incremental;
    item.full_every_us = 24 * hour_us;
    stage.name = "e.users";
    engine::watermark_row known;
    known.stage = "e.users";
    known.mapping = "m";
    known.value_us = at_us;
    known.full_us = at_us;
    history.watermarks.push_back(known);
    history.now_us = at_us + hour_us;
  }
  std::string why() {
    set_watermark(stage, item, read, history);
    return stage.why;
  }
  manifest::read read;
  manifest::item item;
  engine::stage_plan stage;
  read_history history;
};

TEST_F(watermarks, make_a_read_incremental) {
  EXPECT_EQ(why(), "incremental: since 2025-12-31T23:59:59.987654Z");
  EXPECT_EQ(stage.root_vars, R"({"since":"1767225599987"})");
  EXPECT_FALSE(stage.watermark->full);
  EXPECT_EQ(stage.watermark->lag_us, 5);
}

TEST_F(watermarks, are_left_by_a_full_read_too) {
  item.mode = manifest::mode::full;
  EXPECT_EQ(why(), "");
  EXPECT_TRUE(stage.watermark->full);
  EXPECT_EQ(stage.root_vars.find("since"), std::string::npos);
}

TEST_F(watermarks, of_another_mapping_or_too_old_or_missing_make_it_full_and_say_so) {
  history.watermarks[0].mapping = "other";
  EXPECT_EQ(why(), "full: the mapping or its plugin has changed");
  history.watermarks[0].mapping = "m";
  history.now_us = at_us + 24 * hour_us;
  EXPECT_EQ(why(), "full: the last full read is older than `full_every`");
  history.watermarks[0].stage = "e.groups";
  EXPECT_EQ(why(), "full: there is no watermark yet");
  EXPECT_EQ(stage.root_vars.find("since"), std::string::npos);
}

TEST(history, is_asked_only_for_what_a_plan_depends_on) {
  manifest::pipeline p;
  manifest::item users;
  users.scope = manifest::scope::subject;
  users.stages = {"e.users"}, users.subject_stages = {"e.user"};
  manifest::item roles;
  roles.stages = {"r.roles"};
  p.essential.items = {users};
  p.background.items = {roles};
  const auto used = [&](run_part part, wanted_phase phases = wanted_phase::both) {
    const engine::history_use u = history_used(p, phases, part);
    return std::string(u.watermarks ? "w" : "") + (u.fresh ? "f" : "");
  };
  EXPECT_EQ(used(run_part::whole), "");
  p.background.fresh_for_us = 1;
  EXPECT_EQ(used(run_part::subject), "") << "it reads nothing of that phase";
  EXPECT_EQ(used(run_part::rest), "f");
  EXPECT_EQ(used(run_part::whole, wanted_phase::essential), "");
  p.essential.items[0].mode = manifest::mode::incremental;
  EXPECT_EQ(used(run_part::subject), "") << "one subject is read whole";
  EXPECT_EQ(used(run_part::whole), "wf");
  EXPECT_EQ(used(run_part::whole, wanted_phase::background), "f");
}

}  // namespace
}  // namespace sluice::host
