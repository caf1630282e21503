#include <gmock/gmock.h>

#include <sluice/domain.hpp>
#include <sluice/testing/batch.hpp>
#include <sluice/testing/call.hpp>
#include <sluice/testing/tracked.hpp>

namespace {

namespace testkit = sluice::testkit;
using sluice::column_type;

struct stream {
  static constexpr std::string_view name = "things";
  static constexpr std::array<sluice::column_name, 7> columns{{{"text", column_type::text},
                                                               {"number", column_type::int64},
                                                               {"real", column_type::float64},
                                                               {"day", column_type::date},
                                                               {"at", column_type::timestamp},
                                                               {"amount", column_type::decimal},
                                                               {"_deleted", column_type::boolean}}};
};
using row = sluice::row<stream>;
constexpr sluice::column_handle<stream, column_type::text> text{0};
constexpr sluice::column_handle<stream, column_type::int64> number{1};
constexpr sluice::column_handle<stream, column_type::float64> real{2};
constexpr sluice::column_handle<stream, column_type::date> day{3};
constexpr sluice::column_handle<stream, column_type::timestamp> at{4};
constexpr sluice::column_handle<stream, column_type::decimal> amount{5};
constexpr sluice::column_handle<stream, column_type::boolean> deleted{6};

const testkit::record full = {{"text", "a"},
                              {"number", "-7"},
                              {"real", "0.5"},
                              {"day", "1969-12-31"},
                              {"at", "1969-12-31T23:59:59.999999Z"},
                              {"amount", "12.50"},
                              {"_deleted", "true"}};

// Runs `rule` over the records and gives back what became of them.
template <class Rule>
struct outcome {
  struct domain {
    Rule& rule;
    sluice::verdict transform(row& r) const { return rule(r); }
  };
  outcome(Rule rule, const std::vector<testkit::record>& records) {
    const auto layout = testkit::layout_of<stream>();
    const sluice::schema_handle schema(sluice::make_arrow_schema(layout));
    sluice::array_handle rows = testkit::track(testkit::make_batch(layout, records), counts);
    for (std::int64_t i = 0; i < rows.get().n_children; ++i)
      before.push_back(rows.get().children[i]->private_data);
    rejects.size = sizeof rejects;
    sluice::detail::transform_batch<stream>(domain{rule}, call.view(), schema.get(), rows.raw(), &rejects);
    for (std::int64_t i = 0; i < rows.get().n_children; ++i) {
      if (rows.get().children[i]->private_data != before[static_cast<std::size_t>(i)])
        rebuilt.push_back(static_cast<int>(i));
    }
    EXPECT_EQ(sluice::check_batch(rows.get(), layout), "");
    result = testkit::read_batch(rows.get(), layout);
  }
  ~outcome() {
    if (rejects.release != nullptr) rejects.release(&rejects);
    EXPECT_EQ(counts.check(), "");
  }
  testkit::release_counts counts;
  testkit::fake_call call;
  sluice_rejects rejects{};
  std::vector<void*> before;
  std::vector<int> rebuilt;
  std::vector<testkit::record> result;
};

TEST(row, reads_every_type_and_null) {
  int seen = 0;
  const outcome out(
      [&](row& r) {
        if (seen++ == 1) {
          EXPECT_FALSE(r[text] || r[number] || r[real] || r[day] || r[at] || r[amount] || r[deleted]);
          EXPECT_FALSE(r.deleted());
        } else {
          EXPECT_EQ(r[text], "a");
          EXPECT_EQ(r[number], -7);
          EXPECT_EQ(r[real], 0.5);
          EXPECT_EQ(r[day], std::chrono::sys_days(std::chrono::days(-1)));
          EXPECT_EQ(r[at], sluice::timestamp(std::chrono::microseconds(-1)));
          EXPECT_EQ(r[amount]->text(), "12.50");
          EXPECT_TRUE(r.deleted());
        }
        return sluice::accept;
      },
      {full, {}});
  EXPECT_EQ(seen, 2);
  EXPECT_THAT(out.rebuilt, testing::IsEmpty());
  EXPECT_EQ(out.result, (std::vector<testkit::record>{full, {}}));
}

TEST(row, changes_every_type_and_reads_back_what_it_set) {
  const auto change = [](row& r) {
    r.set(text, std::string(*r[text]) + "b");
    EXPECT_EQ(r[text], "ab");
    r.set(number, 8);
    r.set(real, -1.5);
    r.set(day, std::chrono::sys_days(std::chrono::days(1)));
    r.set(at, sluice::timestamp(std::chrono::microseconds(1)));
    r.set(amount, "0.30");
    r.set(deleted, false);
    EXPECT_FALSE(r.deleted());
    return sluice::accept;
  };
  const outcome out(change, {full});
  EXPECT_EQ(out.rebuilt.size(), 7U);
  EXPECT_EQ(out.result[0], (testkit::record{{"text", "ab"},
                                            {"number", "8"},
                                            {"real", "-1.5"},
                                            {"day", "1970-01-02"},
                                            {"at", "1970-01-01T00:00:00.000001Z"},
                                            {"amount", "0.30"},
                                            {"_deleted", "false"}}));
}

TEST(row, rebuilds_only_columns_that_really_changed) {
  const auto change = [](row& r) {
    r.set(number, *r[number]);
    r.set(amount, *r[amount]);
    r.clear(text);
    return sluice::accept;
  };
  const outcome out(change, {full, full});
  EXPECT_THAT(out.rebuilt, testing::ElementsAre(0));
  EXPECT_FALSE(out.result[1].contains("text"));
}

TEST(row, keeps_other_rows_of_a_changed_column) {
  const auto change = [](row& r) {
    if (r.index() % 3 == 1) r.set(text, "changed");
    if (r.index() % 3 == 2) r.clear(deleted);
    return sluice::accept;
  };
  const outcome out(change, std::vector<testkit::record>(100, full));
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(out.result[i].at("text"), i % 3 == 1 ? "changed" : "a");
    EXPECT_EQ(out.result[i].contains("_deleted"), i % 3 != 2) << i;
  }
}

TEST(row, takes_the_last_of_several_changes) {
  const auto change = [](row& r) {
    r.set(text, "first");
    const auto view = *r[text];
    r.clear(text);
    EXPECT_FALSE(r[text]);
    r.set(text, view);
    return sluice::accept;
  };
  EXPECT_EQ(outcome(change, {full}).result[0].at("text"), "first");
}

TEST(row, is_listed_but_stays_when_it_is_rejected) {
  const auto change = [](row& r) -> sluice::verdict {
    if (r.index() % 2 == 0) return sluice::accept;
    return sluice::reject(amount, "is number " + std::to_string(r.index()));
  };
  const outcome out(change, std::vector<testkit::record>(5, full));
  EXPECT_EQ(out.result.size(), 5U);
  ASSERT_EQ(out.rejects.count, 2);
  EXPECT_EQ(out.rejects.items[1].row, 3);
  EXPECT_EQ(sluice::detail::view(out.rejects.items[1].field), "amount");
  EXPECT_EQ(sluice::detail::view(out.rejects.items[1].reason), "is number 3");
}

TEST(transform, leaves_the_rows_when_a_rule_throws) {
  const auto layout = testkit::layout_of<stream>();
  const sluice::schema_handle schema(sluice::make_arrow_schema(layout));
  sluice::array_handle rows = testkit::make_batch(layout, {full, full});
  const void* before = rows.get().private_data;
  struct domain {
    sluice::verdict transform(row& r) const {
      r.set(text, "changed");
      if (r.index() == 1) throw std::runtime_error("no");
      return sluice::accept;
    }
  };
  testkit::fake_call call;
  sluice_rejects rejects{};
  EXPECT_THROW(
      sluice::detail::transform_batch<stream>(domain{}, call.view(), schema.get(), rows.raw(), &rejects),
      std::runtime_error);
  EXPECT_EQ(rows.get().private_data, before);
  EXPECT_EQ(testkit::read_batch(rows.get(), layout)[0], full);
}

TEST(transform, finds_columns_by_name_in_a_newer_layout) {
  auto layout = testkit::layout_of<stream>();
  layout.insert(layout.begin(), {"new", column_type::text, false, {}});
  const sluice::schema_handle schema(sluice::make_arrow_schema(layout));
  sluice::array_handle rows = testkit::make_batch(layout, {{{"new", "n"}, {"text", "t"}}});
  struct domain {
    sluice::verdict transform(row& r) const {
      r.set(text, "changed");
      return sluice::accept;
    }
  };
  testkit::fake_call call;
  sluice_rejects rejects{};
  sluice::detail::transform_batch<stream>(domain{}, call.view(), schema.get(), rows.raw(), &rejects);
  EXPECT_EQ(testkit::read_batch(rows.get(), layout)[0], (testkit::record{{"new", "n"}, {"text", "changed"}}));
}

TEST(transform, names_the_column_that_a_batch_lacks) {
  auto layout = testkit::layout_of<stream>();
  layout.erase(layout.begin() + 5);
  const sluice::schema_handle schema(sluice::make_arrow_schema(layout));
  const sluice::array_handle rows = testkit::make_batch(layout, {});
  try {
    static_cast<void>(sluice::detail::bind_columns<stream>(schema.get(), rows.get()));
    FAIL();
  } catch (const sluice::failure& f) {
    EXPECT_THAT(f.message(), testing::HasSubstr("`things` has no column `amount`"));
  }
}

}  // namespace
