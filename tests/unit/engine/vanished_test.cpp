#include "engine/vanished.hpp"

#include <gtest/gtest.h>

#include <sluice/batch_builder.hpp>

namespace sluice::engine {

namespace {

const stream_schema& people() {
  static const stream_schema s = [] {
    stream_schema out;
    out.name = "people";
    out.columns = {{"kind", column_type::text, true, {}},
                   {"external_id", column_type::text, true, {}},
                   {"email", column_type::text, false, {}}};
    out.key = {"kind", "external_id"};
    out.references = {{"boss", "people", {"kind", "external_id"}, false, on_missing::defer, {}}};
    return out;
  }();
  return s;
}

enum at { kind, id, email, boss_kind, boss_id };

const std::vector<optional_column>& optional() {
  static const std::vector<optional_column> columns{{"email", {email}}, {"boss_id", {boss_kind, boss_id}}};
  return columns;
}

struct person {
  const char* email = nullptr;
  const char* boss = nullptr;
  bool deleted = false, refused = false;
};

// Each with a key of its own, but for the last: that of the first.
page page_of(const std::vector<person>& people_of_page, bool same_key = false) {
  const auto layout = wire_layout(people());
  batch_builder rows(layout);
  stream_rows out;
  int n = 0;
  for (const person& p : people_of_page) {
    const bool last = ++n == static_cast<int>(people_of_page.size());
    rows.text(kind, "user");
    rows.text(id, std::to_string(same_key && last ? 1 : n));
    if (p.email != nullptr) rows.text(email, p.email);
    rows.text(boss_kind, "user");
    if (p.boss != nullptr) rows.text(boss_id, p.boss);
    if (p.deleted) rows.boolean(static_cast<std::size_t>(column_index(layout, deleted_column)), true);
    rows.next_row();
    out.refused.push_back(p.refused ? 1 : 0);
  }
  out.schema = &people();
  out.optional = &optional();
  out.rows = rows.finish();
  page p;
  p.streams.push_back(std::move(out));
  return p;
}

page nobody_has_an_email(std::size_t rows) { return page_of(std::vector<person>(rows, {nullptr, "1"})); }

using names = std::vector<std::string>;

// What is asked about the page, when each of these stored rows had a value or not.
std::string answer(vanished_columns& v, const page& p, std::int64_t stored, std::int64_t held) {
  const auto asked = v.look_at(p);
  if (asked.empty()) return "not asked";
  EXPECT_EQ(asked.size(), 1U);
  return v.judge(asked[0], {stored, std::vector<std::int64_t>(asked[0].columns.size(), held)});
}

}  // namespace

// covers: U23
TEST(vanished_columns, are_those_of_which_no_row_has_a_value_where_the_stored_ones_have) {
  vanished_columns v({0.5, 10});
  const auto asked = v.look_at(nobody_has_an_email(100));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].stream, "people");
  EXPECT_EQ(asked[0].columns, names{"email"});
  ASSERT_EQ(asked[0].keys.size(), 100U);
  EXPECT_EQ(asked[0].keys.front(),
            "user\x1f"
            "1");
  EXPECT_EQ(v.judge(asked[0], {100, {98}}),
            "`email` (in none of 100 rows, where 98 of 100 stored ones have one)");
}

// covers: U23
TEST(vanished_columns, are_told_all_at_once) {
  vanished_columns v({0.5, 10});
  std::vector<person> rows(20);
  rows[7].boss = "";
  const page p = page_of(rows);
  const auto asked = v.look_at(p);
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].columns, (names{"email", "boss_id"})) << "a kind alone is no parent, nor is an empty id";
  const std::string what = v.judge(asked[0], {20, {20, 11}});
  EXPECT_NE(what.find("`email`"), std::string::npos) << what;
  EXPECT_NE(what.find("`boss_id` (in none of 20 rows, where 11 of 20 stored ones have one)"),
            std::string::npos)
      << what;
}

// covers: U23
TEST(vanished_columns, are_not_asked_for_while_a_row_has_a_value) {
  vanished_columns v({0.5, 10});
  std::vector<person> rows(100, {nullptr, "1"});
  rows.back().email = "a@b.example";
  EXPECT_TRUE(v.look_at(page_of(rows)).empty());
  EXPECT_TRUE(vanished_columns({0.5, 10}).look_at(nobody_has_an_email(10)).empty()) << "up to the floor";
  page unknown = nobody_has_an_email(100);
  unknown.streams[0].optional = nullptr;
  EXPECT_TRUE(vanished_columns({0.5, 10}).look_at(unknown).empty());
}

// covers: U23
TEST(vanished_columns, are_judged_by_rows_that_are_written_each_key_once) {
  std::vector<person> rows(30, {nullptr, "1"});
  rows[3] = {"gone@b.example", "1", true, false};
  rows[4] = {"no@b.example", "1", false, true};
  vanished_columns v({0.5, 10});
  const auto asked = v.look_at(page_of(rows, true));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].rows, 28);
  EXPECT_EQ(asked[0].keys.size(), 27U);
}

// covers: U23
TEST(vanished_columns, need_more_than_the_share_and_the_floor_of_stored_rows) {
  EXPECT_EQ(
      answer(*std::make_unique<vanished_columns>(delete_guard{0.5, 10}), nobody_has_an_email(100), 100, 50),
      "");
  EXPECT_EQ(
      answer(*std::make_unique<vanished_columns>(delete_guard{0.5, 10}), nobody_has_an_email(100), 10, 10),
      "");
  EXPECT_NE(
      answer(*std::make_unique<vanished_columns>(delete_guard{0.5, 10}), nobody_has_an_email(100), 100, 51),
      "");
  EXPECT_EQ(
      answer(*std::make_unique<vanished_columns>(delete_guard{0.9, 10}), nobody_has_an_email(100), 100, 90),
      "");
  EXPECT_EQ(
      answer(*std::make_unique<vanished_columns>(delete_guard{1.0, 0}), nobody_has_an_email(100), 100, 100),
      "not asked");
}

// covers: U23
TEST(vanished_columns, are_never_judged_by_less_than_the_default) {
  vanished_columns v({0.0, 0});
  EXPECT_EQ(answer(v, nobody_has_an_email(1), 1, 1), "not asked") << "one that is set to null is no drift";
  EXPECT_EQ(answer(v, nobody_has_an_email(100), 100, 50), "");
}

// covers: U23
TEST(vanished_columns, of_small_pages_add_up_until_one_has_a_value) {
  vanished_columns v({0.5, 10});
  for (int page = 1; page <= 3; ++page) EXPECT_EQ(answer(v, nobody_has_an_email(3), 3, 3), "not asked");
  for (int page = 4; page <= 6; ++page) EXPECT_EQ(answer(v, nobody_has_an_email(3), 3, 3), "");
  EXPECT_TRUE(v.look_at(page_of({{"a@b.example", "1"}})).empty());
  for (int page = 1; page <= 3; ++page) EXPECT_EQ(answer(v, nobody_has_an_email(3), 3, 3), "not asked");
  for (int page = 4; page <= 6; ++page) EXPECT_EQ(answer(v, nobody_has_an_email(3), 3, 3), "");
  EXPECT_EQ(answer(v, nobody_has_an_email(3), 3, 3),
            "`email` (in none of 12 rows, where 12 of 12 stored ones have one)");
}

// covers: U23
TEST(vanished_columns, are_asked_for_ever_more_rarely_while_the_stored_rows_have_none_either) {
  vanished_columns v({0.5, 10});
  std::vector<int> asked;
  for (int page = 1; page <= 1000; ++page) {
    // Rows that are not known say as little as those that never had one.
    if (answer(v, nobody_has_an_email(100), page % 2 == 0 ? 100 : 0, 0) == "") asked.push_back(page);
  }
  EXPECT_EQ(asked, (std::vector<int>{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}));
  for (int page = 1001; page < 1024; ++page)
    EXPECT_EQ(answer(v, nobody_has_an_email(100), 100, 100), "not asked");
  EXPECT_NE(answer(v, nobody_has_an_email(100), 100, 100), "");
}

// covers: U23
TEST(vanished_columns, are_not_looked_for_in_an_incremental_read) {
  stage_plan plan;
  plan.rejects = {0.5, 10};
  for (const bool full : {true, false}) {
    plan.watermark.emplace().full = full;
    vanished_columns v(measure_of(plan));
    EXPECT_EQ(answer(v, nobody_has_an_email(100), 100, 100) == "not asked", !full);
  }
  plan.watermark.reset();
  vanished_columns v(measure_of(plan));
  EXPECT_NE(answer(v, nobody_has_an_email(100), 100, 100), "not asked");
}

}  // namespace sluice::engine
