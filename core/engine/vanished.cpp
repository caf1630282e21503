#include "engine/vanished.hpp"

#include <algorithm>

#include "engine/row_key.hpp"

namespace sluice::engine {

namespace {

// The rows of a page that will be written with values.
class written_rows {
 public:
  explicit written_rows(const stream_rows& s)
      : rows_(s), view_(s.rows.get()), layout_(wire_layout(*s.schema)) {
    deleted_ = static_cast<std::size_t>(column_index(layout_, deleted_column));
    id_ = static_cast<std::size_t>(column_index(layout_, s.schema->key.back()));
    kind_ = s.schema->key.size() > 1 ? column_index(layout_, s.schema->key.front()) : -1;
  }

  [[nodiscard]] bool any_has(const optional_column& column) const {
    for (std::int64_t row = 0; row < view_.rows(); ++row) {
      if (is_written(row) && has(column, row)) return true;
    }
    return false;
  }

  [[nodiscard]] std::int64_t count() const {
    std::int64_t n = 0;
    for (std::int64_t row = 0; row < view_.rows(); ++row) n += is_written(row) ? 1 : 0;
    return n;
  }

  [[nodiscard]] std::vector<std::string> keys() const {
    std::vector<std::string> out;
    for (std::int64_t row = 0; row < view_.rows(); ++row) {
      if (!is_written(row) || view_[id_].is_null(row)) continue;
      std::string& key = out.emplace_back();
      if (kind_ >= 0) key.append(view_[static_cast<std::size_t>(kind_)].text(row)).append(1, key_separator);
      key.append(view_[id_].text(row));
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

 private:
  [[nodiscard]] bool is_written(std::int64_t row) const {
    if (!rows_.refused.empty() && rows_.refused[static_cast<std::size_t>(row)] != 0) return false;
    return view_[deleted_].is_null(row) || !view_[deleted_].boolean(row);
  }
  // Of a parent's key each part, and none of them empty; see store::parent_key.
  [[nodiscard]] bool has(const optional_column& column, std::int64_t row) const {
    return std::all_of(column.wire.begin(), column.wire.end(), [&](std::size_t at) {
      if (view_[at].is_null(row)) return false;
      return layout_[at].name.find('.') == std::string::npos || !view_[at].text(row).empty();
    });
  }

  const stream_rows& rows_;
  batch_view view_;
  std::vector<column> layout_;
  std::size_t deleted_ = 0, id_ = 0;
  int kind_ = -1;
};

std::string in_words(const std::string& column, std::int64_t rows, const std::string& stored_ones) {
  return "`" + column + "` (in none of " + std::to_string(rows) + " rows, where " + stored_ones +
         " have one)";
}

}  // namespace

delete_guard measure_of(const stage_plan& plan) {
  delete_guard out = plan.rejects;
  if (plan.watermark && !plan.watermark->full) out.share = 1;
  return out;
}

vanished_columns::vanished_columns(const delete_guard& measure) {
  const delete_guard usual = stage_plan{}.rejects;
  guard_ = {std::max(measure.share, usual.share), std::max(measure.floor, usual.floor)};
}

std::vector<vanished_columns::question> vanished_columns::look_at(const page& p) {
  std::vector<question> out;
  if (guard_.share >= 1) return out;
  for (const stream_rows& s : p.streams) {
    if (s.optional != nullptr && !s.optional->empty()) look_at(s, out);
  }
  return out;
}

void vanished_columns::look_at(const stream_rows& s, std::vector<question>& out) {
  const written_rows written(s);
  const std::int64_t rows = written.count();
  if (rows == 0) return;
  std::vector<column_state>& states = streams_[s.optional];
  states.resize(s.optional->size());
  question q{s.schema->name, s.optional, {}, {}, {}, rows};
  for (std::size_t i = 0; i < states.size(); ++i) {
    column_state& c = states[i];
    const optional_column& column = (*s.optional)[i];
    if (written.any_has(column)) {
      c.empty = c.rows = c.known = c.held = 0;
      continue;
    }
    c.empty += rows;
    ++c.pages;
    if (c.empty <= guard_.floor || c.pages < c.ask_at) continue;
    q.which.push_back(i);
    q.columns.push_back(column.stored);
  }
  if (q.which.empty()) return;
  q.keys = written.keys();
  if (!q.keys.empty()) out.push_back(std::move(q));
}

std::string vanished_columns::judge(const question& q, const held_values& stored) {
  std::string out;
  for (std::size_t i = 0; i < q.which.size(); ++i) {
    column_state& c = streams_.at(q.of)[q.which[i]];
    c.rows += q.rows;
    c.known += stored.rows;
    c.held += stored.held.at(i);
    if (guard_.holds(c.held, c.known)) {
      out += (out.empty() ? "" : ", ") +
             in_words(q.columns[i], c.rows,
                      std::to_string(c.held) + " of " + std::to_string(c.known) + " stored ones");
    } else if (static_cast<double>(c.held) > guard_.share * static_cast<double>(c.known)) {
      c.ask_at = c.pages + 1;  // too few as yet
    } else {
      c.rows = c.known = c.held = 0;
      c.ask_at = 2 * c.pages;
    }
  }
  return out;
}

}  // namespace sluice::engine
