#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include <sluice/batch_builder.hpp>
#include <sluice/testing/batch.hpp>

namespace {

using sluice::column_type;
namespace testkit = sluice::testkit;

const std::vector<sluice::column> layout = {
    {"flag", column_type::boolean, false, {}},   {"number", column_type::int64, false, {}},
    {"real", column_type::float64, false, {}},   {"text", column_type::text, false, {}},
    {"amount", column_type::decimal, false, {}}, {"json", column_type::json, false, {}},
    {"day", column_type::date, false, {}},       {"at", column_type::timestamp, false, {}}};

// Every third cell of every column is null, in another place for each column.
std::vector<testkit::record> many(std::size_t rows) {
  std::vector<testkit::record> out(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::string n = std::to_string(i);
    const testkit::record all = {{"flag", i % 2 == 0 ? "true" : "false"},
                                 {"number", "-" + n},
                                 {"real", n + ".5"},
                                 {"text", std::string(i % 7, 'x') + "é" + n},
                                 {"amount", n + ".00"},
                                 {"json", "[" + n + "]"},
                                 {"day", "2026-01-02"},
                                 {"at", "1901-02-03T04:05:06.000007Z"}};
    std::size_t c = 0;
    for (const auto& [name, value] : all) {
      if ((i + c++) % 3 != 0) out[i].emplace(name, value == "-0" ? "0" : value);
    }
  }
  return out;
}

TEST(batch_builder, gives_back_what_was_put_in) {
  for (const std::size_t rows : {0U, 1U, 7U, 8U, 9U, 1000U}) {
    const auto records = many(rows);
    const sluice::array_handle batch = testkit::make_batch(layout, records);
    ASSERT_EQ(sluice::check_batch(batch.get(), layout), "");
    EXPECT_EQ(testkit::read_batch(batch.get(), layout), records);
  }
}

TEST(batch_builder, forgets_a_dropped_row) {
  sluice::batch_builder b(layout);
  const auto fill = [&](const std::string& text) {
    b.boolean(0, true);
    b.int64(1, 1);
    b.float64(2, 1);
    b.text(3, text);
    b.date(6, 1);
    b.int64(7, 1);
  };
  for (int i = 0; i < 20; ++i) {
    fill("dropped");
    b.drop_row();
    if (i % 2 == 0) fill("kept");
    b.next_row();
  }
  const auto rows = testkit::read_batch(b.finish().get(), layout);
  ASSERT_EQ(rows.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(rows[i].size(), i % 2 == 0 ? 6U : 0U) << i;
}

TEST(batch_builder, starts_again_after_finish) {
  sluice::batch_builder b(layout);
  b.text(3, "one");
  b.next_row();
  const sluice::array_handle first = b.finish();
  EXPECT_EQ(b.rows(), 0);
  b.text(3, "two");
  b.next_row();
  EXPECT_EQ(testkit::read_batch(b.finish().get(), layout)[0].at("text"), "two");
  EXPECT_EQ(testkit::read_batch(first.get(), layout)[0].at("text"), "one");
}

TEST(batch_builder, keeps_extreme_values) {
  sluice::batch_builder b(layout);
  b.int64(1, std::numeric_limits<std::int64_t>::min());
  b.float64(2, -0.0);
  b.text(3, std::string_view("a\0b", 3));
  b.next_row();
  const sluice::array_handle batch = b.finish();
  const sluice::batch_view view(batch.get());
  EXPECT_EQ(view[1].int64(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(std::signbit(view[2].float64(0)));
  EXPECT_EQ(view[3].text(0), std::string_view("a\0b", 3));
}

TEST(batch_builder, gives_children_that_may_be_moved_away) {
  sluice::array_handle batch = testkit::make_batch(layout, many(9));
  ArrowArray moved = *batch.get().children[3];
  batch.get().children[3]->release = nullptr;
  batch.reset();
  const sluice::column_view text(moved);
  EXPECT_EQ(text.text(1), "xé1");
  moved.release(&moved);
}

// Breaks a good batch in one way and expects check_batch to say which.
template <class Break>
std::string checked(Break&& spoil) {
  sluice::array_handle batch = testkit::make_batch(layout, many(9));
  ArrowArray copy = batch.get();
  std::vector<ArrowArray> columns;
  std::vector<ArrowArray*> pointers;
  for (std::int64_t i = 0; i < copy.n_children; ++i) columns.push_back(*copy.children[i]);
  for (ArrowArray& c : columns) pointers.push_back(&c);
  copy.children = pointers.data();
  spoil(copy, columns);
  return sluice::check_batch(copy, layout);
}

// covers: G6
TEST(check_batch, names_what_is_wrong) {
  using columns = std::vector<ArrowArray>;
  EXPECT_EQ(checked([](ArrowArray&, columns&) {}), "");
  EXPECT_EQ(checked([](ArrowArray& a, columns&) { a.release = nullptr; }), "the batch is released");
  EXPECT_EQ(checked([](ArrowArray& a, columns&) { a.offset = 1; }), "the batch has an offset");
  EXPECT_EQ(checked([](ArrowArray& a, columns&) { a.length = 65537; }),
            "the batch has 65537 rows; at most 65536 are allowed");
  EXPECT_EQ(checked([](ArrowArray& a, columns&) { --a.n_children; }), "the batch has 7 columns, not 8");
  EXPECT_EQ(checked([](ArrowArray&, columns& c) { c[1].length = 8; }), "column `number` has 8 rows, not 9");
  EXPECT_EQ(checked([](ArrowArray&, columns& c) { c[3].n_buffers = 2; }), "column `text` has 2 buffers");
  EXPECT_EQ(checked([](ArrowArray&, columns& c) { c[3].release = nullptr; }), "column `text` is released");
  EXPECT_EQ(checked([](ArrowArray&, columns& c) { c[5].offset = 2; }), "column `json` has an offset");
  const void* none[3] = {};
  EXPECT_EQ(checked([&](ArrowArray&, columns& c) { c[6].buffers = none; }),
            "column `day` has nulls but no validity");
  const std::int32_t descends[10] = {0, 5, 4};
  const void* offsets[3] = {none, descends, "x"};
  EXPECT_EQ(checked([&](ArrowArray&, columns& c) { c[3].buffers = offsets; }),
            "column `text` has offsets that descend at row 1");
  const std::int32_t huge[10] = {0, 0, 0, 0, 0, 0, 0, 0, 0, (64 << 20) + 1};
  offsets[1] = huge;
  EXPECT_EQ(checked([&](ArrowArray&, columns& c) { c[3].buffers = offsets; }),
            "column `text` holds more than 64 MiB");
}

// covers: G6
TEST(check_schema, names_what_is_wrong) {
  const sluice::schema_handle good(sluice::make_arrow_schema(layout));
  EXPECT_EQ(sluice::check_schema(good.get(), layout), "");
  auto other = layout;
  other[1].type = column_type::float64;
  EXPECT_EQ(sluice::check_schema(good.get(), other), "column `number` has format l, not g");
  other[1].name = "n";
  EXPECT_EQ(sluice::check_schema(good.get(), other), "column 1 is `number`, not `n`");
  other.pop_back();
  EXPECT_EQ(sluice::check_schema(good.get(), other), "the schema has 8 columns, not 7");
}

}  // namespace
