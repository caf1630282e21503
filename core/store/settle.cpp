// What became of the rows of a batch, as counts of each page.
#include <algorithm>

#include "store/errors.hpp"
#include "store/prepare.hpp"
#include "store/row_codec.hpp"

namespace sluice::store {

namespace {

constexpr std::size_t raw_limit = 64 << 10;

void count(engine::row_counts& c, outcome what) {
  switch (what) {
    case outcome::inserted: ++c.inserted; break;
    case outcome::updated: ++c.updated; break;
    case outcome::unchanged: ++c.unchanged; break;
    case outcome::deleted: ++c.deleted; break;
    case outcome::deferred: ++c.deferred; break;
    case outcome::rejected: ++c.rejected; break;
    case outcome::duplicate: ++c.unchanged, ++c.duplicate; break;
    case outcome::stale: ++c.unchanged, ++c.stale; break;
    case outcome::pending:
      throw internal(code::internal, "a row of the batch was left undecided; this is a defect");
  }
}

engine::row_counts& counts_of(engine::page_result& page, const std::string& stream) {
  for (auto& [name, counts] : page.streams) {
    if (name == stream) return counts;
  }
  return page.streams.emplace_back(stream, engine::row_counts{}).second;
}

bool was_refused(const engine::page& page, const std::string& stream, std::uint32_t row) {
  for (const engine::stream_rows& s : page.streams) {
    if (s.schema->name == stream) return !s.refused.empty() && s.refused[row] != 0;
  }
  return false;
}

}  // namespace

engine::commit_result settle(const prepared_batch& batch) {
  const auto& pages = batch.request->pages;
  engine::commit_result out;
  out.pages.resize(pages.size());
  for (std::size_t p = 0; p < pages.size(); ++p) {
    // In the order in which the page brought them, so that an answer that is read back is the same.
    for (const engine::stream_rows& s : pages[p].page.streams) counts_of(out.pages[p], s.schema->name);
    for (const engine::reject& r : pages[p].page.rejects) {
      if (r.stream.empty()) continue;
      engine::row_counts& c = counts_of(out.pages[p], r.stream);
      ++c.rows;
      ++c.rejected;
    }
  }
  for (const prepared_stream& s : batch.streams) {
    engine::row_counts* c = nullptr;
    std::uint32_t page = 0;  // that `c` counts for
    for (const prepared_row& row : s.rows) {
      // Counted above, by the reject that the page brought for it.
      if (row.what == outcome::rejected && was_refused(pages[row.page].page, s.schema->name, row.row))
        continue;
      if (c == nullptr || row.page != page) {
        page = row.page;
        c = &counts_of(out.pages[page], s.schema->name);
      }
      ++c->rows;
      count(*c, row.what);
    }
  }
  return out;
}

engine::reject to_reject(const prepared_stream& s, const refusal& r) {
  const prepared_row& row = s.rows[r.index];
  engine::reject out;
  out.ordinal = row_ordinal;
  out.stream = s.schema->name;
  out.key = std::string(row.key);
  out.field = r.field;
  out.reason = r.reason;
  out.raw = rejected_row(encode_row(s.view(row), s.layout, row.row), row.age.read_at_us);
  if (out.raw.size() > raw_limit) out.raw.resize(raw_limit);
  return out;
}

std::vector<std::string_view> keys_of_page(const prepared_stream& s, std::uint32_t page) {
  std::vector<std::string_view> out;
  const auto first = std::lower_bound(s.rows.begin(), s.rows.end(), page,
                                      [](const prepared_row& r, std::uint32_t p) { return r.page < p; });
  for (auto r = first; r != s.rows.end() && r->page == page; ++r) {
    if (!r->key.empty()) out.push_back(r->key);
  }
  return out;
}

}  // namespace sluice::store
