// The ledger's lines of a batch: what became of a page's rows of each stream, and the keys that it brought.
#include <algorithm>
#include <array>
#include <utility>

#include "store/postgres/copy.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {
namespace {

constexpr const char* few_sql =
    "INSERT INTO sluice.ledger (run_id, stage, item, page_seq, stream, ordinal, rows, inserted, updated, "
    "unchanged, deleted, deferred, rejected, duplicate, stale, skipped, keys) "
    "SELECT $1::uuid, s.stage, s.item, s.seq, s.stream, s.ordinal, c[1], c[2], c[3], c[4], c[5], c[6], c[7], "
    "c[8], c[9], c[10], ($10::text[])[s.first:s.last] "
    "FROM (SELECT stage, item, seq, stream, ordinal, counts::int8[] AS c, first, last FROM "
    "unnest($2::text[], $3::text[], $4::int8[], $5::text[], $6::int8[], $7::text[], $8::int8[], $9::int8[]) "
    "AS x(stage, item, seq, stream, ordinal, counts, first, last)) s";
// To cut one long array into pieces takes the server longer than all else about these lines.
constexpr const char* many_sql =
    "COPY sluice.ledger (run_id, stage, item, page_seq, stream, ordinal, rows, inserted, updated, unchanged, "
    "deleted, deferred, rejected, duplicate, stale, skipped, keys) FROM STDIN BINARY";
constexpr std::size_t many_keys = 1'000;

std::array<std::int64_t, 10> numbers_of(const engine::row_counts& c) {
  return {c.rows,     c.inserted, c.updated,   c.unchanged, c.deleted,
          c.deferred, c.rejected, c.duplicate, c.stale,     c.skipped};
}

// {3,1,0,...}
std::string literal_of(const engine::row_counts& c) {
  std::string out;
  for (const std::int64_t n : numbers_of(c)) out.append(out.empty() ? "{" : ",").append(std::to_string(n));
  return out + "}";
}

struct line {
  const engine::page_write* page = nullptr;
  const std::string* stream = nullptr;
  std::int64_t ordinal = 0;
  const engine::row_counts* counts = nullptr;
  std::vector<std::string_view> keys;
};

std::vector<line> lines_of(const engine::commit_request& request, const prepared_batch& batch,
                           const engine::commit_result& result) {
  std::vector<line> out;
  for (std::size_t p = 0; p < request.pages.size(); ++p) {
    std::int64_t ordinal = 0;
    for (const auto& [stream, c] : result.pages[p].streams) {
      line& l = out.emplace_back(line{&request.pages[p], &stream, ordinal++, &c, {}});
      const auto of = std::find_if(batch.streams.begin(), batch.streams.end(),
                                   [&](const prepared_stream& s) { return s.schema->name == *l.stream; });
      if (of == batch.streams.end()) continue;
      l.keys = keys_of_page(*of, static_cast<std::uint32_t>(p));
      // A key that no table can hold was never stored, so that no sweep asks for it.
      std::erase_if(l.keys, [](std::string_view key) { return !storable(key); });
    }
  }
  return out;
}

statement few_lines(std::string run, const std::vector<line>& lines) {
  array_builder stages(oid::text), items(oid::text), seqs(oid::int8), streams(oid::text), ordinals(oid::int8),
      counts(oid::text), firsts(oid::int8), lasts(oid::int8), keys(oid::text);
  for (const line& l : lines) {
    stages.text(l.page->stage), items.text(l.page->item), seqs.int8(l.page->page_seq),
        streams.text(*l.stream);
    ordinals.int8(l.ordinal), counts.text(literal_of(*l.counts));
    firsts.int8(keys.size() + 1);
    for (const std::string_view key : l.keys) keys.text(key);
    lasts.int8(keys.size());
  }
  return {few_sql,
          {std::move(run), stages.finish(), items.finish(), seqs.finish(), streams.finish(),
           ordinals.finish(), counts.finish(), firsts.finish(), lasts.finish(), keys.finish()}};
}

void append_line(std::string& out, const std::string& run, const line& l) {
  const auto numbers = numbers_of(*l.counts);
  append_tuple_start(out, 7 + numbers.size());
  append_text(out, run);  // sixteen bytes
  append_text(out, l.page->stage), append_text(out, l.page->item), append_int8(out, l.page->page_seq);
  append_text(out, *l.stream), append_int8(out, l.ordinal);
  for (const std::int64_t n : numbers) append_int8(out, n);
  array_builder keys(oid::text);
  for (const std::string_view key : l.keys) keys.text(key);
  append_text(out, keys.finish());
}

void copy_many(connection& db, const std::string& run, const std::vector<line>& lines) {
  std::size_t done = 0;
  db.copy(many_sql, [&](std::string& out) {
    if (done == 0) append_copy_head(out);
    if (done < lines.size()) append_line(out, run, lines[done++]);
    if (done < lines.size()) return true;
    append_copy_end(out);
    return false;
  });
}

}  // namespace

std::optional<statement> postgres_session::count_lines(const engine::commit_request& request,
                                                       const prepared_batch& batch,
                                                       const engine::commit_result& result) {
  const std::vector<line> lines = lines_of(request, batch, result);
  if (lines.empty()) return std::nullopt;
  std::size_t keys = 0;
  for (const line& l : lines) keys += l.keys.size();
  std::string run = encode_uuid_text(request.run_id);
  if (keys < many_keys) return few_lines(std::move(run), lines);
  copy_many(db(), run, lines);
  return std::nullopt;
}

}  // namespace sluice::store::postgres
