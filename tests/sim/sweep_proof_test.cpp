// What hangs on a parent record is not deleted because the parent was not read.
#include <gtest/gtest.h>

#include <sluice/batch_builder.hpp>

#include "engine/row_hash.hpp"
#include "one_run.hpp"
#include "support/memory_store.hpp"

namespace sluice::sim {
namespace {

using boost::asio::awaitable;

const stream_schema& members() {
  static const stream_schema s = [] {
    stream_schema out;
    out.name = "members";
    out.columns = {{"external_id", column_type::text, true, {}}};
    out.key = {"external_id"};
    return out;
  }();
  return s;
}

// One group, with one member; the group may be left out or unreadable.
class groups_reader final : public engine::reader_port {
 public:
  bool shown = true, readable = true;

  awaitable<engine::page> read(const engine::read_request& request) override {
    engine::page p;
    p.end = true;
    if (request.stage == "members") {
      add_member(p);
    } else if (shown) {
      p.records.records = 1;
      (readable ? p.records.mapped : p.records.rejected) = 1;
      if (readable) p.children.push_back({"members", "", "{}"});
      else p.rejects.push_back({0, "", "", "/id", "is not a record", "{}"});
    }
    co_return p;
  }

 private:
  static void add_member(engine::page& p) {
    const auto layout = wire_layout(members());
    batch_builder rows(layout);
    rows.text(0, "m1");
    rows.next_row();
    engine::stream_rows s;
    s.schema = &members();
    s.rows = rows.finish();
    s.hashes = engine::hash_rows(batch_view(s.rows.get()), layout);
    p.records.records = p.records.mapped = 1;
    p.streams.push_back(std::move(s));
  }
};

class sweep_proof : public ::testing::Test {
 protected:
  sweep_proof() : store_([this] { return world_.now_us(); }) {
    store_.migrate();
    store_.ensure_streams("sim", "1.0.0", {members()});
    session_ = store_.open_session();
    plan_.stages.push_back({.name = "groups", .entry = "groups", .root_vars = "{}"});
    plan_.stages.push_back({.name = "members", .entry = "members", .parents = {"groups"}, .root_vars = "{}"});
    plan_.stages[0].watermark = engine::watermark_rule{"mapping", 0, true};
    plan_.steps = engine::group_steps(plan_.stages);
    plan_.sweeps.push_back({"members", "members", {"members"}, {1.0, 1'000}});
  }

  void sync() {
    one_run alone(world_);
    direct_gate gate(*session_, alone.clock);
    ASSERT_TRUE(alone.play(*session_, gate, reader_, plan_, "run-" + std::to_string(++runs_), {"groups"}));
    world_.after(1'000'000, [] {});
    world_.advance();
  }

  world world_{1};
  testing::memory_store store_;
  std::unique_ptr<engine::session> session_;
  groups_reader reader_;
  engine::run_plan plan_;
  int runs_ = 0;
};

// covers: P6
TEST_F(sweep_proof, does_not_hold_when_the_parents_are_read_incrementally) {
  sync();
  ASSERT_EQ(store_.live_rows("members"), 1);
  plan_.stages[0].watermark->full = false;
  reader_.shown = false;
  sync();
  EXPECT_EQ(store_.live_rows("members"), 1);
}

TEST_F(sweep_proof, does_not_hold_when_a_parent_could_not_be_read) {
  sync();
  reader_.readable = false;
  sync();
  EXPECT_EQ(store_.live_rows("members"), 1);
}

TEST_F(sweep_proof, holds_when_the_parent_is_gone) {
  sync();
  reader_.shown = false;
  sync();  // nothing after something: that is looked at twice
  EXPECT_EQ(store_.live_rows("members"), 1);
  sync();
  EXPECT_EQ(store_.live_rows("members"), 0);
}

}  // namespace
}  // namespace sluice::sim
