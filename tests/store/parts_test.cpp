// The parts that every store is made of, by themselves.
#include <limits>

#include <sluice/batch_builder.hpp>

#include "engine/row_hash.hpp"
#include "store/account.hpp"
#include "store/errors.hpp"
#include "store/harness.hpp"
#include "store/row_codec.hpp"
#include "store/schema.hpp"

namespace sluice::testing {

using engine::run_state;
using engine::stage_state;
using store::recency;

TEST(recency, goes_by_version_where_both_have_one_and_they_differ) {
  EXPECT_TRUE(store::older({1, 100}, {2, 0}));
  EXPECT_FALSE(store::older({2, 0}, {1, 100}));
  EXPECT_TRUE(store::older({1, 5}, {1, 6}));
  EXPECT_FALSE(store::older({1, 6}, {1, 6}));
  EXPECT_TRUE(store::older({std::nullopt, 5}, {9, 6}));
  EXPECT_FALSE(store::older({std::nullopt, 7}, {9, 6}));
}

TEST(row_codec, gives_back_every_bit) {
  const auto& schema = stream_named("entities");
  const auto layout = wire_layout(schema);
  const auto given = make_rows(schema, {user("u\"1\\", "é\n\t\x01",
                                             {{"active", "false"},
                                              {"score", "-9223372036854775808"},
                                              {"ratio", "0.1"},
                                              {"balance", "0.10"},
                                              {"extra", R"({"a":"b"})"},
                                              {"born", "-5"},
                                              {"seen", "-1"},
                                              {"parent.kind", "k"},
                                              {"source_version", "7"},
                                              {"_deleted", "true"}}),
                                        {{"kind", ""}, {"ratio", "inf"}},
                                        {}});
  const batch_view view(given.rows.get());
  batch_builder again(layout);
  for (std::int64_t i = 0; i < view.rows(); ++i)
    store::decode_row(store::encode_row(view, layout, i), layout, again);
  const auto rows = again.finish();
  EXPECT_EQ(engine::hash_rows(batch_view(rows.get()), layout), given.hashes);
  EXPECT_FALSE(batch_view(rows.get())[0].is_null(1)) << "an empty text is not null";
  EXPECT_TRUE(batch_view(rows.get())[0].is_null(2));
  EXPECT_EQ(store::encode_row(view, layout, 2), "{}");
}

TEST(row_codec, refuses_broken_text) {
  const auto layout = wire_layout(stream_named("tags"));
  batch_builder b(layout);
  EXPECT_EQ(refusal_code([&] { store::decode_row("{\"amount\":", layout, b); }), store::code::damaged);
  EXPECT_EQ(refusal_code([&] { store::decode_row("{\"amount\":5}", layout, b); }), store::code::damaged);
}

TEST(declaration, survives_its_json) {
  for (const auto& s : all_streams()) EXPECT_EQ(store::stream_from_json(store::to_json(s)), s);
}

TEST(declaration, that_makes_no_table_is_refused_with_its_name) {
  const auto refused = [](const std::function<void(stream_schema&)>& spoil) {
    stream_schema s = stream_named("entities");
    spoil(s);
    return refusal_code([&] { static_cast<void>(store::shape_of(s)); }) == store::code::bad_stream;
  };
  EXPECT_TRUE(refused([](auto& s) { s.name = "Entities"; }));
  EXPECT_TRUE(refused([](auto& s) { s.name = "sluice_runs"; }));
  EXPECT_TRUE(refused([](auto& s) { s.name = "a\"; DROP TABLE x; --"; }));
  EXPECT_TRUE(refused([](auto& s) { s.columns[2].name = "tenant_id"; }));
  EXPECT_TRUE(refused([](auto& s) { s.columns[2].name = "parent_id"; }));
  EXPECT_TRUE(refused([](auto& s) { s.columns[2].name = "x y"; }));
  EXPECT_TRUE(refused([](auto& s) { s.columns[0].type = column_type::int64; }));
  EXPECT_TRUE(refused([](auto& s) { s.key = {}; }));
  EXPECT_TRUE(refused([](auto& s) { s.key = {"kind", "nothing"}; }));
  EXPECT_TRUE(refused([](auto& s) { s.indexes = {{"nothing"}}; }));
  EXPECT_FALSE(refused([](auto&) {}));
}

TEST(batch, knows_whether_its_keys_ascend) {
  const auto plan = [](const std::vector<std::string>& ids) {
    std::vector<cells> rows;
    for (const auto& id : ids) rows.push_back(user(id));
    std::vector<engine::stream_rows> s;
    s.push_back(make_rows(stream_named("entities"), rows));
    engine::commit_request r;
    r.pages.emplace_back().page = make_page(std::move(s));
    const auto batch = store::prepare(r);
    const auto& first = batch.streams.at(0);
    return std::tuple(first.ascending, std::string(first.lowest), std::string(first.highest),
                      first.pending.size());
  };
  const std::string user_prefix = std::string("user") + store::key_separator;
  EXPECT_EQ(plan({"a", "b", "c"}), std::tuple(true, user_prefix + "a", user_prefix + "c", 3U));
  EXPECT_EQ(plan({"b", "a", "c"}), std::tuple(false, user_prefix + "a", user_prefix + "c", 3U));
  EXPECT_EQ(plan({"a", "a", "b"}), std::tuple(true, user_prefix + "a", user_prefix + "b", 2U));
}

TEST(batch, puts_parents_before_children) {
  engine::commit_request r;
  std::vector<engine::stream_rows> s;
  for (const char* name : {"grants", "tags", "credits", "entities"})
    s.push_back(make_rows(stream_named(name), {}));
  r.pages.emplace_back().page = make_page(std::move(s));
  const auto batch = store::prepare(r);
  std::vector<std::string> names;
  for (const auto& stream : batch.streams) names.push_back(stream.schema->name);
  EXPECT_EQ(names, (std::vector<std::string>{"entities", "tags", "credits", "grants"}));
}

// covers: P6
TEST(batch, remembers_the_keys_of_refused_rows_so_that_no_sweep_deletes_them) {
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(stream_named("tags"), {{{"external_id", "t1"}}, {{"external_id", "t2"}}, {}}));
  s[0].refused = {0, 1, 0};
  engine::commit_request r;
  r.pages.emplace_back().page = make_page(std::move(s));
  r.pages[0].page.rejects = {{1, "tags", "t2", "", "odd", ""}};
  const auto batch = store::prepare(r);
  EXPECT_EQ(store::keys_of_page(batch.streams[0], 0), (std::vector<std::string_view>{"t1", "t2"}));
}

TEST(batch, that_contradicts_itself_is_refused) {
  const auto refused = [](const std::function<void(engine::page&)>& spoil) {
    std::vector<engine::stream_rows> s;
    s.push_back(make_rows(stream_named("tags"), {{{"external_id", "t1"}}}));
    engine::commit_request r;
    r.pages.emplace_back().page = make_page(std::move(s));
    spoil(r.pages[0].page);
    return refusal_code([&] { static_cast<void>(store::prepare(r)); }) == store::code::bad_batch;
  };
  EXPECT_TRUE(refused([](auto& p) { p.streams[0].hashes.clear(); }));
  EXPECT_TRUE(refused([](auto& p) { p.streams[0].refused = {1, 0}; }));
  EXPECT_TRUE(refused([](auto& p) { p.streams.push_back(make_rows(stream_named("tags"), {})); }));
  EXPECT_TRUE(refused([](auto& p) { p.streams[0].schema = &stream_named("entities"); }));
  EXPECT_FALSE(refused([](auto&) {}));
}

TEST(batch, that_was_not_decided_cannot_be_settled) {
  std::vector<engine::stream_rows> s;
  s.push_back(make_rows(stream_named("tags"), {{{"external_id", "t1"}}}));
  engine::commit_request r;
  r.pages.emplace_back().page = make_page(std::move(s));
  const auto batch = store::prepare(r);
  EXPECT_EQ(refusal_code([&] { static_cast<void>(store::settle(batch)); }), store::code::internal);
}

namespace {

store::stage_account proven() {
  store::stage_account a;
  a.row.stage = "s";
  a.row.state = stage_state::complete;
  a.row.pages = a.page_seq_sum = 2;
  a.row.records = {3, 2, 1, 0};
  engine::row_counts c;
  c.rows = 2;
  c.inserted = 2;
  a.row.streams = {{"entities", c}};
  return a;
}

run_state judged(const std::function<void(store::stage_account&)>& change) {
  store::run_account run;
  run.stages = {proven()};
  change(run.stages[0]);
  return store::judge(run).state;
}

}  // namespace

// covers: P1
TEST(judge, says_succeeded_only_of_what_is_proven) {
  EXPECT_EQ(judged([](auto&) {}), run_state::succeeded);
  EXPECT_EQ(judged([](auto& a) { a.page_seq_sum = 3; }), run_state::partial);
  EXPECT_EQ(judged([](auto& a) { a.items_unended = 1; }), run_state::partial);
  EXPECT_EQ(judged([](auto& a) { a.unbalanced = 1; }), run_state::partial);
  EXPECT_EQ(judged([](auto& a) { a.row.records.mapped = 1; }), run_state::partial);
  EXPECT_EQ(judged([](auto& a) { a.row.streams[0].second.rows = 3; }), run_state::partial);
  EXPECT_EQ(judged([](auto& a) { a.row.streams[0].second.stale = 1; }), run_state::partial);
  EXPECT_EQ(judged([](auto& a) { a.row.items_open = 1; }), run_state::partial);
  EXPECT_EQ(judged([](auto& a) { a.row.state = stage_state::running; }), run_state::partial);
  EXPECT_EQ(judged([](auto& a) { a.row.records = {4, 2, 1, 1}; }), run_state::partial);
}

TEST(judge, says_failed_when_the_stage_is_critical_or_essential) {
  EXPECT_EQ(judged([](auto& a) { a.row.critical = true, a.page_seq_sum = 3; }), run_state::failed);
  EXPECT_EQ(
      judged([](auto& a) { a.row.phase = engine::phase::essential, a.row.state = stage_state::failed; }),
      run_state::failed);
  EXPECT_EQ(judged([](auto& a) { a.row.state = stage_state::failed; }), run_state::partial);
}

TEST(judge, tells_of_the_gravest_stage) {
  store::run_account run;
  run.stages = {proven(), proven()};
  run.stages[0].row.state = stage_state::failed;
  run.stages[0].row.error = "small";
  run.stages[1].row.state = stage_state::failed;
  run.stages[1].row.critical = true;
  run.stages[1].row.error = "grave";
  EXPECT_EQ(store::judge(run).error, "grave");
}

}  // namespace sluice::testing
