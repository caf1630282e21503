#include "store/prepare.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include <simdjson.h>

#include "engine/planted.hpp"
#include "store/errors.hpp"
#include "store/row_codec.hpp"

namespace sluice::store {

namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }

std::optional<std::string_view> part(const batch_view& view, int column, std::int64_t row) {
  const column_view& c = view[at(column)];
  if (c.is_null(row)) return std::nullopt;
  const std::string_view text = c.text(row);
  if (text.empty()) return std::nullopt;
  return text;
}

prepared_stream plan_stream(const stream_schema& schema, std::size_t pages) {
  prepared_stream s;
  s.schema = &schema;
  s.layout = wire_layout(schema);
  if (schema.key.empty() || schema.key.size() > 2) {
    throw internal(code::bad_batch, "stream `" + schema.name + "` has a key of " +
                                        std::to_string(schema.key.size()) +
                                        " columns; one or two are possible");
  }
  s.key.id = column_index(s.layout, schema.key.back());
  if (schema.key.size() == 2) s.key.kind = column_index(s.layout, schema.key.front());
  s.attributes = column_index(s.layout, attributes_column);
  s.version = column_index(s.layout, source_version_column);
  s.deleted = column_index(s.layout, deleted_column);
  for (const reference& r : schema.references) {
    reference_plan plan{&r, {}, r.to == schema.name};
    plan.parent.id = column_index(s.layout, r.name + "." + r.columns.back());
    if (r.columns.size() == 2) plan.parent.kind = column_index(s.layout, r.name + "." + r.columns.front());
    s.references.push_back(plan);
  }
  s.views.resize(pages);
  return s;
}

void check_rows(const engine::stream_rows& rows, const engine::page& page, const prepared_stream& s) {
  const auto n = static_cast<std::size_t>(rows.rows.get().length);
  const std::string& name = s.schema->name;
  if (rows.hashes.size() != n || (!rows.refused.empty() && rows.refused.size() != n)) {
    throw internal(code::bad_batch, "stream `" + name + "`: " + std::to_string(n) + " rows with " +
                                        std::to_string(rows.hashes.size()) + " hashes");
  }
  const auto refused = std::count(rows.refused.begin(), rows.refused.end(), std::uint8_t{1});
  const auto told = std::count_if(page.rejects.begin(), page.rejects.end(),
                                  [&](const engine::reject& r) { return r.stream == name; });
  if (told < refused) {
    throw internal(code::bad_batch, "stream `" + name + "`: " + std::to_string(refused) +
                                        " rows refused, but only " + std::to_string(told) +
                                        " rejects say why");
  }
}

// The row's key, or why it has none. A refused row has one too where it can: a sweep must know that it was seen.
std::string_view make_key(prepared_stream& s, const batch_view& view, std::uint32_t index,
                          std::pmr::monotonic_buffer_resource& texts) {
  const auto row = static_cast<std::int64_t>(s.rows[index].row);
  const auto id = part(view, s.key.id, row);
  const auto refuse = [&](const std::string& column, const char* reason) {
    if (s.rows[index].what == outcome::pending) s.refuse(index, column, reason);
    return std::string_view{};
  };
  if (!id) return refuse(s.schema->key.back(), "is empty; it is the key");
  if (s.key.kind < 0) return *id;
  const auto kind = part(view, s.key.kind, row);
  if (!kind) return refuse(s.schema->key.front(), "is empty; it is part of the key");
  if (kind->find(key_separator) != std::string_view::npos) {
    return refuse(s.schema->key.front(), "holds the control character 0x1f");
  }
  const std::size_t size = kind->size() + 1 + id->size();
  auto* joined = static_cast<char*>(texts.allocate(size, 1));
  std::memcpy(joined, kind->data(), kind->size());
  joined[kind->size()] = key_separator;
  std::memcpy(joined + kind->size() + 1, id->data(), id->size());
  return {joined, size};
}

void add_page(prepared_stream& s, const engine::stream_rows& rows, const engine::page& page,
              std::uint32_t number, std::pmr::monotonic_buffer_resource& texts) {
  check_rows(rows, page, s);
  if (s.views[number].columns() != 0) {
    throw internal(code::bad_batch, "stream `" + s.schema->name + "` comes twice in one page");
  }
  s.views[number] = batch_view(rows.rows.get());
  const batch_view& view = s.views[number];
  if (view.columns() != s.layout.size()) {
    throw internal(code::bad_batch, "stream `" + s.schema->name + "`: a batch of " +
                                        std::to_string(view.columns()) + " columns, not " +
                                        std::to_string(s.layout.size()));
  }
  for (std::uint32_t row = 0; row < static_cast<std::uint32_t>(view.rows()); ++row) {
    prepared_row r;
    r.page = number;
    r.row = row;
    r.hash = rows.hashes[row];
    r.age.read_at_us = page.requested_at_us;
    if (!view[at(s.version)].is_null(row)) r.age.version = view[at(s.version)].int64(row);
    r.deleted = !view[at(s.deleted)].is_null(row) && view[at(s.deleted)].boolean(row);
    s.rows.push_back(r);
    const auto index = static_cast<std::uint32_t>(s.rows.size() - 1);
    if (!rows.refused.empty() && rows.refused[row] != 0) s.rows[index].what = outcome::rejected;
    s.rows[index].key = make_key(s, view, index, texts);
  }
}

bool keys_ascend(const prepared_stream& s) {
  std::string_view before;
  for (const prepared_row& row : s.rows) {
    if (row.what != outcome::pending) continue;
    if (row.key <= before) return false;  // no key is empty
    before = row.key;
  }
  return true;
}

// One row for each key: the newer one, of equals the last.
void drop_losers(prepared_stream& s) {
  std::unordered_map<std::string_view, std::uint32_t> winner;
  winner.reserve(s.rows.size());
  for (std::uint32_t i = 0; i < s.rows.size(); ++i) {
    prepared_row& row = s.rows[i];
    if (row.what != outcome::pending) continue;
    const auto [found, fresh] = winner.emplace(row.key, i);
    if (fresh) continue;
    prepared_row& other = s.rows[found->second];
    if (older(row.age, other.age) || SLUICE_BUG(first_duplicate_wins)) {
      row.what = outcome::stale;
    } else {
      other.what = outcome::duplicate;
      found->second = i;
    }
  }
}

void choose_rows(prepared_stream& s) {
  s.ascending = keys_ascend(s);
  if (!s.ascending) {
    drop_losers(s);
    s.ascending = keys_ascend(s);
  }
  s.pending.reserve(s.rows.size());
  for (std::uint32_t i = 0; i < s.rows.size(); ++i) {
    if (s.rows[i].what != outcome::pending) continue;
    const std::string_view key = s.rows[i].key;
    if (s.pending.empty()) s.lowest = s.highest = key;
    s.lowest = std::min(s.lowest, key);
    s.highest = std::max(s.highest, key);
    s.pending.push_back(i);
  }
}

// Parents before children, otherwise as they came. Cycles between streams stay as they came.
std::vector<prepared_stream> parents_first(std::vector<prepared_stream> in) {
  std::vector<prepared_stream> out;
  std::vector<bool> placed(in.size(), false);
  const auto waits = [&](std::size_t i) {
    return std::any_of(in[i].references.begin(), in[i].references.end(), [&](const reference_plan& r) {
      if (r.self) return false;
      for (std::size_t j = 0; j < in.size(); ++j) {
        if (!placed[j] && j != i && in[j].schema->name == r.declared->to) return true;
      }
      return false;
    });
  };
  while (out.size() < in.size()) {
    std::size_t next = in.size();
    for (std::size_t i = 0; i < in.size() && next == in.size(); ++i) {
      if (!placed[i] && !waits(i)) next = i;
    }
    if (next == in.size())
      next = static_cast<std::size_t>(std::find(placed.begin(), placed.end(), false) - placed.begin());
    placed[next] = true;
    // The schema pointer of a moved stream is still needed by waits(): it is a plain pointer and stays.
    out.push_back(std::move(in[next]));
  }
  return out;
}

}  // namespace

bool older(const recency& row, const recency& stored) noexcept {
  if (row.version && stored.version && *row.version != *stored.version) return *row.version < *stored.version;
  return row.read_at_us < stored.read_at_us;
}

recency believed(recency stored, std::int64_t now_us) noexcept {
  if (stored.read_at_us > now_us + clock_slack_us) stored.read_at_us = 0;
  return stored;
}

void prepared_stream::refuse(std::uint32_t index, std::string field, std::string reason) {
  rows[index].what = outcome::rejected;
  refusals.push_back({index, std::move(field), std::move(reason)});
}

prepared_stream* prepared_batch::find(std::string_view stream) {
  for (prepared_stream& s : streams) {
    if (s.schema->name == stream) return &s;
  }
  return nullptr;
}

prepared_batch prepare(const engine::commit_request& request) {
  prepared_batch out;
  out.request = &request;
  out.texts = std::make_unique<std::pmr::monotonic_buffer_resource>();
  for (std::uint32_t p = 0; p < request.pages.size(); ++p) {
    const engine::page& page = request.pages[p].page;
    for (const engine::stream_rows& rows : page.streams) {
      prepared_stream* s = out.find(rows.schema->name);
      if (s == nullptr) s = &out.streams.emplace_back(plan_stream(*rows.schema, request.pages.size()));
      add_page(*s, rows, page, p, *out.texts);
    }
  }
  for (prepared_stream& s : out.streams) choose_rows(s);
  out.streams = parents_first(std::move(out.streams));
  return out;
}

std::optional<std::string> parent_key(const reference_plan& ref, const batch_view& view, std::int64_t row) {
  const auto id = part(view, ref.parent.id, row);
  if (!id) return std::nullopt;
  if (ref.parent.kind < 0) return std::string(*id);
  const auto kind = part(view, ref.parent.kind, row);
  if (!kind) return std::nullopt;
  std::string key;
  key.reserve(kind->size() + 1 + id->size());
  return key.append(*kind).append(1, key_separator).append(*id);
}

key_parts split_key(std::string_view key, bool two_columns) noexcept {
  if (!two_columns) return {{}, key};
  const std::size_t mark = key.find(key_separator);
  if (mark == std::string_view::npos) return {{}, key};
  return {key.substr(0, mark), key.substr(mark + 1)};
}

std::optional<std::pair<std::string, std::string>> unstorable(const prepared_stream& s,
                                                              const prepared_row& r) {
  const batch_view& view = s.view(r);
  for (std::size_t i = 0; i < s.layout.size(); ++i) {
    if (!detail::is_text(s.layout[i].type) || view[i].is_null(r.row)) continue;
    const std::string_view text = view[i].text(r.row);
    if (std::memchr(text.data(), 0, text.size()) != nullptr) {
      return std::pair(s.layout[i].name, std::string("holds a NUL character, which no store can keep"));
    }
    if (!simdjson::validate_utf8(text)) return std::pair(s.layout[i].name, std::string("is not valid UTF-8"));
  }
  return std::nullopt;
}

}  // namespace sluice::store
