// What is stored comes back as it was read: values, keys, hashes, parents; and the ledger can be asked.
#include <algorithm>

#include "engine/row_hash.hpp"
#include "store/harness.hpp"
#include "store/row_codec.hpp"

namespace sluice::testing {

namespace {

using engine::parent_state;

struct read_back {
  std::vector<engine::stored_info> about;
  std::vector<std::string> rows;  // by row_codec
  std::vector<engine::hash128> hashes;
};

read_back scan_all(engine::inspector& in, const std::string& stream, int limit) {
  read_back out;
  engine::scan_request q{"acme", stream, {}, false, limit};
  for (bool more = true; more;) {
    const engine::stored_page page = in.scan(q);
    const auto layout = wire_layout(page.schema);
    const batch_view view(page.rows.get());
    EXPECT_EQ(static_cast<std::size_t>(view.rows()), page.about.size());
    EXPECT_LE(view.rows(), limit);
    for (std::int64_t i = 0; i < view.rows(); ++i) out.rows.push_back(store::encode_row(view, layout, i));
    const auto hashes = engine::hash_rows(view, layout);
    out.hashes.insert(out.hashes.end(), hashes.begin(), hashes.end());
    out.about.insert(out.about.end(), page.about.begin(), page.about.end());
    more = page.more;
    if (more) q.after = page.about.back().key;
  }
  return out;
}

cells tag(const std::string& id, const std::string& of, cells more = {}) {
  more["external_id"] = id;
  more["entity.kind"] = "user";
  if (!of.empty()) more["entity.external_id"] = of;
  return more;
}

engine::hash128 hash_of(const cells& row) {
  const auto rows = make_rows(stream_named("entities"), {row});
  return rows.hashes.front();
}

}  // namespace

// covers: P26
TEST_P(conformance, stored_rows_come_back_in_order_with_every_value_and_its_hash) {
  const std::vector<cells> given = {
      user("a", "Zürich \\N", {{"active", "true"}, {"score", "-9223372036854775808"}, {"ratio", "0.1"}}),
      user("b", "",
           {{"balance", "-0.00"}, {"extra", R"({"b": [1e2, 1.50],  "a": "\u00e9", "b": [2, 1.50e1]})"}}),
      user("c", "n", {{"born", "-719162"}, {"seen", "1700000000000001"}, {"ratio", "-0.0"}}),
      user("d", "n", {{"attributes", R"({"z":null,"a":[{"k":"\u0001\""}]})"}, {"source_version", "7"}}),
      user("e", "n",
           {{"balance", "123456789012345678901234567890.123456789012345678901234567890"},
            {"parent.kind", "user"},
            {"parent.external_id", "a"}}),
      user("f", "n", {{"parent.kind", "user"}}),
      user("g", "n", {{"parent.kind", "user"}, {"parent.external_id", ""}}),
      {{"kind", "org"}, {"external_id", "z"}}};
  ASSERT_EQ(put("entities", given).inserted, 8);
  const read_back found = scan_all(session().inspect(), "entities", 3);
  ASSERT_EQ(found.rows.size(), 8U);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < found.rows.size(); ++i) {
    keys.push_back(found.about[i].key);
    EXPECT_EQ(found.hashes[i], found.about[i].hash) << found.rows[i];
    EXPECT_FALSE(found.about[i].deleted);
    EXPECT_EQ(found.about[i].run_id, run_id(1));
    EXPECT_EQ(found.about[i].pipeline, "p");
    EXPECT_EQ(found.about[i].entry, "entry");
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(keys.front(), "org\x1fz");
  EXPECT_NE(found.rows[1].find("Zürich"), std::string::npos);
  EXPECT_NE(found.rows[1].find("-9223372036854775808"), std::string::npos);
  EXPECT_NE(found.rows[5].find("123456789012345678901234567890.123456789012345678901234567890"),
            std::string::npos);
  EXPECT_NE(found.rows[5].find(R"("parent.external_id":"a")"), std::string::npos);
  EXPECT_NE(found.rows[4].find(R"("source_version":7)"), std::string::npos);
  EXPECT_EQ(found.about[5].parents.at(0), parent_state::live);
  EXPECT_EQ(found.about[6].parents.at(0), parent_state::none);
}

TEST_P(conformance, a_scan_begins_behind_a_key_or_with_it) {
  put("entities", {user("a"), user("b"), user("c")});
  engine::inspector& in = session().inspect();
  EXPECT_EQ(in.scan({"acme", "entities",
                     "user\x1f"
                     "b",
                     false, 9})
                .about.at(0)
                .key,
            "user\x1f"
            "c");
  const auto one = in.scan({"acme", "entities",
                            "user\x1f"
                            "b",
                            true, 1});
  EXPECT_EQ(one.about.at(0).key,
            "user\x1f"
            "b");
  EXPECT_TRUE(one.more);
  EXPECT_TRUE(in.scan({"other", "entities", {}, false, 9}).about.empty());
  EXPECT_EQ(refusal_code([&] { (void)in.scan({"acme", "nothing", {}, false, 9}); }), "SLU-5040");
  EXPECT_EQ(in.streams().size(), all_streams().size());
}

TEST_P(conformance, a_scan_tells_tombstones_and_what_becomes_of_parents) {
  put("entities", {user("a"), user("gone")});
  put("tags", {tag("t1", "a"), tag("t2", "gone"), tag("t3", "never"), tag("t4", "")});
  put("entities", {user("gone", "Ada", {{"_deleted", "true"}})});
  const read_back tags = scan_all(session().inspect(), "tags", 100);
  ASSERT_EQ(tags.about.size(), 4U);
  EXPECT_EQ(tags.about[0].parents.at(0), parent_state::live);
  EXPECT_EQ(tags.about[1].parents.at(0), parent_state::deleted);
  EXPECT_EQ(tags.about[2].parents.at(0), parent_state::waiting);
  EXPECT_EQ(tags.about[3].parents.at(0), parent_state::none);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(tags.hashes[i], tags.about[i].hash) << tags.rows[i];
  const read_back rows = scan_all(session().inspect(), "entities", 100);
  EXPECT_FALSE(rows.about.at(0).deleted);
  EXPECT_TRUE(rows.about.at(1).deleted);
  EXPECT_EQ(rows.hashes[1], rows.about[1].hash) << "a tombstone keeps values and hash";
  EXPECT_EQ(session().inspect().live("acme", "entities",
                                     {"user\x1f"
                                      "a",
                                      "user\x1fgone", "user\x1fnever"}),
            (std::vector<bool>{true, false, false}));
}

TEST(row_hash, values_that_a_store_may_keep_in_another_form_have_one_hash) {
  const auto same = [](const char* column, const char* a, const char* b) {
    return hash_of(user("u", "n", {{column, a}})) == hash_of(user("u", "n", {{column, b}}));
  };
  EXPECT_TRUE(same("extra", R"({"a":1,"b":[true]})", "{ \"b\" : [true],\"a\":1 }"));
  EXPECT_TRUE(same("extra", "1e2", "100"));
  EXPECT_TRUE(same("extra", R"("\u00e9\ud83d\ude00")", "\"é😀\""));
  EXPECT_TRUE(same("balance", "-0.0", "0.0"));
  EXPECT_FALSE(same("extra", R"({"a":1})", R"({"a":"1"})"));
  EXPECT_FALSE(same("extra", "[1,2]", "[2,1]"));
  EXPECT_FALSE(same("extra", R"(["a","b"])", R"(["a,b"])"));
  EXPECT_FALSE(same("extra", "1.5", "1.50")) << "the scale belongs to the number";
  EXPECT_FALSE(same("balance", "1.5", "1.50"));
  EXPECT_FALSE(same("balance", "10", "100"));
  EXPECT_FALSE(same("balance", "0.1", "-0.1"));
  EXPECT_FALSE(same("score", "1", "2"));
  EXPECT_NE(hash_of(user("u", "", {})), hash_of({{"kind", "user"}, {"external_id", "u"}}));
}

TEST_P(conformance, the_ledger_knows_when_a_key_was_brought_last) {
  put_at(2'000, "entities", {user("a"), user("b")});
  put_at(3'000, "entities", {user("a")});
  EXPECT_EQ(session().inspect().last_brought("acme", "entities",
                                             {"user\x1f"
                                              "a",
                                              "user\x1fz",
                                              "user\x1f"
                                              "b"}),
            (std::vector<std::int64_t>{3'000, 0, 2'000}));
  EXPECT_EQ(session()
                .inspect()
                .last_brought("other", "entities",
                              {"user\x1f"
                               "a"})
                .at(0),
            0);
}

TEST_P(conformance, deferred_rows_can_be_read_page_by_page) {
  put("credits", {{{"external_id", "c1"}, {"entity.kind", "user"}, {"entity.external_id", "u1"}},
                  {{"external_id", "c2"}, {"entity.kind", "user"}, {"entity.external_id", "u2"}}});
  const auto first = session().inspect().deferred("acme", "", "", 1);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].key, "c1");
  EXPECT_EQ(first[0].parent_key, "user\x1fu1");
  EXPECT_EQ(first[0].entry, "entry");
  EXPECT_NE(first[0].payload.find("u1"), std::string::npos);
  EXPECT_EQ(session().inspect().deferred("acme", first[0].stream, first[0].key, 5).at(0).key, "c2");
}

// covers: P5
TEST_P(conformance, rejects_that_are_brought_again_go_with_the_commit) {
  engine::page bad = make_page({});
  bad.records = {1, 0, 0, 1};
  bad.rejects.push_back({0, "", "", "", "unreadable", "{\"id\":1}"});
  bad.requested_at_us = 5'000;
  commit(next_page(std::move(bad)));
  const auto counts = session().inspect().count_rejects("acme", "p");
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0].stage, "s");
  EXPECT_EQ(counts[0].rejects, 1);
  EXPECT_TRUE(session().inspect().count_rejects("acme", "another").empty());
  engine::reject_query q{"acme", "p", {}, {}, "s", 0, 10};
  const auto kept = session().inspect().rejects(q);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].raw, "{\"id\":1}");
  EXPECT_EQ(kept[0].requested_us, 5'000);
  EXPECT_EQ(kept[0].vars, "{}");
  q.not_run = run_id(1);
  EXPECT_TRUE(session().inspect().rejects(q).empty());
  std::vector<engine::stream_rows> streams;
  streams.push_back(make_rows(stream_named("entities"), {user("u")}));
  engine::page again = make_page(std::move(streams));
  again.replayed = {kept[0].id};
  commit(next_page(std::move(again)));
  EXPECT_TRUE(session().list_rejects("acme", "", 10).empty());
}

TEST_P(conformance, a_row_that_the_store_refused_can_be_made_again_from_its_reject) {
  put_at(7'000, "entities", {user("u", std::string("a\0b", 3))});
  const auto kept = session().inspect().rejects({"acme", "p", {}, {}, "s", 0, 10}).at(0);
  EXPECT_EQ(kept.ordinal, store::row_ordinal);
  EXPECT_EQ(store::read_at_of(kept.raw), 7'000);
  const auto layout = wire_layout(stream_named("entities"));
  batch_builder rows(layout);
  store::decode_row(kept.raw, layout, rows);
  const array_handle made = rows.finish();
  EXPECT_EQ(batch_view(made.get())[1].text(0), "u");
}

// covers: P1, P26
TEST_P(conformance, an_audit_finds_nothing_in_a_good_run_and_names_a_line_that_does_not_add_up) {
  put("entities", {user("a")});
  EXPECT_EQ(finish(), engine::run_state::succeeded);
  EXPECT_TRUE(session().inspect().audit(run_id(1)).empty());
  under_->forget_counts(run_id(1));
  const auto found = session().inspect().audit(run_id(1));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].stage, "s");
  EXPECT_NE(found[0].what.find("entities"), std::string::npos) << found[0].what;
  EXPECT_TRUE(session().inspect().audit(run_id(99)).empty());
}

TEST_P(conformance, a_run_says_which_one_it_repeats) {
  finish();
  engine::run_request r = request_for(2);
  r.retry_of = run_id(1);
  (void)session().start_run(r, {});
  EXPECT_EQ(session().show_run(run_id(2))->retry_of, run_id(1));
  EXPECT_EQ(session().show_run(run_id(1))->retry_of, "");
}

}  // namespace sluice::testing
