// Batches as text, for tests:
//
//   auto layout = testkit::layout_of<streams::entities::stream>();
//   array_handle rows = testkit::make_batch(layout, {{{"kind", "user"}, {"external_id", "u-1"}}});
//   EXPECT_EQ(testkit::read_batch(rows.get(), layout)[0].at("kind"), "user");
//
// A cell that a record does not name is null, and is absent when read. Instants: "2026-01-02T03:04:05.000006Z".
#pragma once

#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/batch_builder.hpp>
#include <sluice/columns.hpp>

namespace sluice::testkit {

using record = std::map<std::string, std::string>;

template <class Stream>
[[nodiscard]] std::vector<column> layout_of() {
  std::vector<column> out;
  for (const column_name& c : Stream::columns) out.push_back({std::string(c.name), c.type, false, {}});
  return out;
}

namespace impl {

[[nodiscard]] inline std::runtime_error bad_cell(std::string_view text, const char* wanted) {
  return std::runtime_error("`" + std::string(text) + "` in a test's batch is not " + wanted);
}

template <class Number>
[[nodiscard]] Number number(std::string_view text) {
  Number v{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc{} || end != text.data() + text.size()) throw bad_cell(text, "a number");
  return v;
}

[[nodiscard]] inline std::chrono::sys_days day(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') throw bad_cell(text, "a date");
  return std::chrono::year(number<int>(text.substr(0, 4))) / number<int>(text.substr(5, 2)) /
         number<int>(text.substr(8, 2));
}

// "2026-01-02T03:04:05Z", or with exactly six digits of a fraction.
[[nodiscard]] inline timestamp instant(std::string_view text) {
  const bool fraction = text.size() == 27 && text[19] == '.';
  if ((text.size() != 20 && !fraction) || text[10] != 'T' || text.back() != 'Z')
    throw bad_cell(text, "an instant");
  timestamp t = day(text) + std::chrono::hours(number<int>(text.substr(11, 2))) +
                std::chrono::minutes(number<int>(text.substr(14, 2))) +
                std::chrono::seconds(number<int>(text.substr(17, 2)));
  if (fraction) t += std::chrono::microseconds(number<int>(text.substr(20, 6)));
  return t;
}

[[nodiscard]] inline std::string day_text(std::chrono::sys_days d) {
  const std::chrono::year_month_day ymd(d);
  char out[32];
  std::snprintf(out, sizeof out, "%04d-%02u-%02u", static_cast<int>(ymd.year()),
                static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
  return out;
}

[[nodiscard]] inline std::string instant_text(timestamp t) {
  const auto d = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::hh_mm_ss time(t - d);
  char out[48];
  std::snprintf(out, sizeof out, "T%02d:%02d:%02d", static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  std::string text = day_text(d) + out;
  if (time.subseconds().count() != 0) {
    std::snprintf(out, sizeof out, ".%06d", static_cast<int>(time.subseconds().count()));
    text += out;
  }
  return text + "Z";
}

inline void put(column_builder& c, column_type type, std::string_view text) {
  switch (type) {
    case column_type::boolean:
      if (text != "true" && text != "false") throw bad_cell(text, "true or false");
      return c.boolean(text == "true");
    case column_type::int64: return c.int64(number<std::int64_t>(text));
    case column_type::float64: return c.float64(number<double>(text));
    case column_type::date: return c.date(static_cast<std::int32_t>(day(text).time_since_epoch().count()));
    case column_type::timestamp: return c.int64(instant(text).time_since_epoch().count());
    case column_type::text:
    case column_type::decimal:
    case column_type::json: return c.text(text);
  }
}

[[nodiscard]] inline std::string get(const column_view& c, column_type type, std::int64_t row) {
  switch (type) {
    case column_type::boolean: return c.boolean(row) ? "true" : "false";
    case column_type::int64: return std::to_string(c.int64(row));
    case column_type::float64: {
      char out[64];
      return {out, std::to_chars(out, out + sizeof out, c.float64(row)).ptr};
    }
    case column_type::date: return day_text(std::chrono::sys_days(std::chrono::days(c.date(row))));
    case column_type::timestamp: return instant_text(timestamp(std::chrono::microseconds(c.int64(row))));
    case column_type::text:
    case column_type::decimal:
    case column_type::json: break;
  }
  return std::string(c.text(row));
}

}  // namespace impl

// Throws for a column that the layout does not have and for text that is no value of its column.
[[nodiscard]] inline array_handle make_batch(const std::vector<column>& layout,
                                             const std::vector<record>& records) {
  batch_builder b(layout);
  for (const record& r : records) {
    for (const auto& [name, text] : r) {
      const int i = column_index(layout, name);
      if (i < 0) throw std::runtime_error("there is no column `" + name + "`");
      impl::put(b[static_cast<std::size_t>(i)], layout[static_cast<std::size_t>(i)].type, text);
    }
    b.next_row();
  }
  return b.finish();
}

[[nodiscard]] inline std::vector<record> read_batch(const ArrowArray& rows,
                                                    const std::vector<column>& layout) {
  const batch_view view(rows);
  std::vector<record> out(static_cast<std::size_t>(view.rows()));
  for (std::size_t c = 0; c < layout.size(); ++c) {
    for (std::int64_t row = 0; row < view.rows(); ++row) {
      if (view[c].is_null(row)) continue;
      out[static_cast<std::size_t>(row)][layout[c].name] = impl::get(view[c], layout[c].type, row);
    }
  }
  return out;
}

}  // namespace sluice::testkit
