#include "engine/row_hash.hpp"

#include <limits>
#include <string>

#include <xxhash.h>

#include "engine/json_form.hpp"

namespace sluice::engine {

namespace {

// How one column goes into the hash. A null adds nothing, so that a column that is added to a stream
// leaves the hashes of the rows that don't have it as they are.
struct cell_plan {
  column_type type = column_type::text;
  std::uint64_t name = 0;
  std::size_t group_from = 0, group_to = 0;  // the columns of a parent's key: all of them, or no parent
  bool skip = false, parent = false;
};

std::vector<cell_plan> plan_of(const std::vector<column>& layout) {
  std::vector<cell_plan> out;
  const auto group_of = [&](std::size_t i) { return layout[i].name.substr(0, layout[i].name.find('.') + 1); };
  for (std::size_t i = 0; i < layout.size(); ++i) {
    const std::string& name = layout[i].name;
    cell_plan& p = out.emplace_back();
    p.type = layout[i].type;
    p.name = XXH3_64bits(name.data(), name.size());
    p.skip = name == source_version_column || name == deleted_column;
    p.group_from = p.group_to = i;
    p.parent = name.find('.') != std::string::npos;
    if (!p.parent) continue;
    while (p.group_from > 0 && group_of(p.group_from - 1) == group_of(i)) --p.group_from;
    while (p.group_to + 1 < layout.size() && group_of(p.group_to + 1) == group_of(i)) ++p.group_to;
  }
  return out;
}

bool no_parent(const batch_view& rows, const cell_plan& p, std::int64_t row) {
  for (std::size_t i = p.group_from; i <= p.group_to; ++i) {
    if (rows[i].is_null(row) || rows[i].text(row).empty()) return true;
  }
  return false;
}

// Length first, so that ("a","bc") and ("ab","c") differ.
void append_text(byte_sink& out, std::string_view text) {
  out.value(static_cast<std::uint32_t>(text.size()));
  out.put(text);
}

// Of the values that stores don't tell apart one stands for all.
double one_of(double v) {
  if (v == 0) return 0;
  return v == v ? v : std::numeric_limits<double>::quiet_NaN();
}

void append_cell(byte_sink& out, const column_view& c, column_type type, std::int64_t row) {
  switch (type) {
    case column_type::boolean: out.value(c.boolean(row)); break;
    case column_type::date: out.value(c.date(row)); break;
    case column_type::float64: out.value(one_of(c.float64(row))); break;
    case column_type::int64:
    case column_type::timestamp: out.value(c.int64(row)); break;
    case column_type::text: append_text(out, c.text(row)); break;
    case column_type::decimal:
    case column_type::json: {
      const std::size_t at = out.size();
      out.value(std::uint32_t{0});
      (type == column_type::json ? append_json_form : append_number_form)(out, c.text(row));
      out.value_at(at, static_cast<std::uint32_t>(out.size() - at - sizeof(std::uint32_t)));
      break;
    }
  }
}

}  // namespace

std::vector<hash128> hash_rows(const batch_view& rows, const std::vector<column>& layout) {
  const std::vector<cell_plan> plan = plan_of(layout);
  const int deleted = column_index(layout, deleted_column);
  std::vector<hash128> out(static_cast<std::size_t>(rows.rows()));
  byte_sink bytes;
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    bytes.clear();
    for (std::size_t i = 0; i < layout.size(); ++i) {
      const cell_plan& p = plan[i];
      if (p.skip || rows[i].is_null(row)) continue;
      if (p.parent && no_parent(rows, p, row)) continue;
      bytes.value(p.name);
      append_cell(bytes, rows[i], p.type, row);
    }
    const auto d = static_cast<std::size_t>(deleted);
    const bool gone = deleted >= 0 && !rows[d].is_null(row) && rows[d].boolean(row);
    const XXH128_hash_t h = XXH3_128bits_withSeed(bytes.view().data(), bytes.view().size(), gone ? 1 : 0);
    out[static_cast<std::size_t>(row)] = {h.high64, h.low64};
  }
  return out;
}

}  // namespace sluice::engine
