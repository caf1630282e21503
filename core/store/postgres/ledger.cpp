// The lines that a batch leaves behind: pages, counts with keys, rejects, children; and reading them back.
#include <algorithm>

#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {
namespace {
// Text that the server takes: what is no UTF-8 or NUL becomes U+FFFD.
std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80                   ? 1
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                             : (lead & 0xF0) == 0xE0       ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
    bool good = size > 0 && i + size <= text.size() && lead != 0;
    for (std::size_t k = 1; good && k < size; ++k)
      good = (static_cast<unsigned char>(text[i + k]) & 0xC0) == 0x80;
    if (good && size >= 3) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      good = !(lead == 0xE0 && second < 0xA0) && !(lead == 0xED && second > 0x9F) &&
             !(lead == 0xF0 && second < 0x90) && !(lead == 0xF4 && second > 0x8F);
    }
    good ? out.append(text.substr(i, size)) : out.append("\xEF\xBF\xBD");
    i += good ? size : 1;
  }
  return out;
}

}  // namespace

statement postgres_session::page_lines(const engine::commit_request& request, std::int64_t now) {
  array_builder stages(oid::text), items(oid::text), seqs(oid::int8), entries(oid::text), records(oid::int8),
      mapped(oid::int8), filtered(oid::int8), rejected(oid::int8), totals(oid::int8), ends(oid::boolean),
      ordinals(oid::int8), requested(oid::int8), highs(oid::int8);
  for (const engine::page_write& w : request.pages) {
    const engine::record_counts& c = w.page.records;
    stages.text(w.stage), items.text(w.item), seqs.int8(w.page_seq), entries.text(w.entry),
        records.int8(c.records);
    mapped.int8(c.mapped), filtered.int8(c.filtered), rejected.int8(c.rejected),
        totals.int8(w.page.declared_total);
    ends.boolean(w.end), ordinals.int8(ordinals.size()), requested.int8(w.page.requested_at_us);
    w.page.high_us ? highs.int8(*w.page.high_us) : highs.null();
  }
  return {
      "INSERT INTO sluice.pages (run_id, stage, item, page_seq, entry, records, mapped, filtered, rejected, "
      "declared_total, "
      "is_end, ordinal, requested_us, high_us, commit_id, at_us) SELECT $1::uuid, s.*, $2::uuid, $3::int8 "
      "FROM "
      "unnest($4::text[], $5::text[], $6::int8[], $7::text[], $8::int8[], $9::int8[], $10::int8[], "
      "$11::int8[], $12::int8[], "
      "$13::bool[], $14::int8[], $15::int8[], $16::int8[]) s",
      {encode_uuid_text(request.run_id), encode_uuid(request.id), encode_int8(now), stages.finish(),
       items.finish(), seqs.finish(), entries.finish(), records.finish(), mapped.finish(), filtered.finish(),
       rejected.finish(), totals.finish(), ends.finish(), ordinals.finish(), requested.finish(),
       highs.finish()}};
}

void postgres_session::insert_rejects(const std::string& run,
                                      const std::vector<engine::reject_row>& rejects) {
  if (rejects.empty()) return;
  array_builder tenants(oid::text), stages(oid::text), items(oid::text), seqs(oid::int8), at(oid::int8),
      ordinals(oid::int8), streams(oid::text), keys(oid::text), fields(oid::text), reasons(oid::text),
      raws(oid::bytea);
  for (const engine::reject_row& r : rejects) {
    tenants.text(r.tenant), stages.text(r.stage), items.text(r.item);
    seqs.int8(r.page_seq), at.int8(r.at_us), ordinals.int8(r.what.ordinal), streams.text(r.what.stream);
    keys.text(printable(r.what.key)), fields.text(printable(r.what.field)),
        reasons.text(printable(r.what.reason));
    raws.text(r.what.raw);  // as it came, byte for byte
  }
  db().query(
      "INSERT INTO sluice.rejects (run_id, tenant, stage, item, page_seq, at_us, ordinal, stream, key, "
      "field, reason, raw) "
      "SELECT $1::uuid, * FROM unnest($2::text[], $3::text[], $4::text[], $5::int8[], $6::int8[], "
      "$7::int8[], $8::text[], "
      "$9::text[], $10::text[], $11::text[], $12::bytea[])",
      {run, tenants.finish(), stages.finish(), items.finish(), seqs.finish(), at.finish(), ordinals.finish(),
       streams.finish(), keys.finish(), fields.finish(), reasons.finish(), raws.finish()});
}

void postgres_session::erase_replayed(const engine::commit_request& request) {
  array_builder ids(oid::int8);
  for (const engine::page_write& w : request.pages) {
    for (const std::int64_t id : w.page.replayed) ids.int8(id);
  }
  if (ids.size() == 0) return;
  db().query("DELETE FROM sluice.rejects WHERE tenant = $1::text AND id = ANY ($2::int8[])",
             {request.tenant, ids.finish()});
}

void postgres_session::insert_children(const engine::commit_request& request) {
  array_builder stages(oid::text), items(oid::text), vars(oid::text);
  for (const engine::page_write& w : request.pages) {
    for (const engine::child_item& c : w.page.children)
      stages.text(c.stage), items.text(c.item), vars.text(c.vars);
  }
  if (stages.size() == 0) return;
  const rows ended = db().query(
      "WITH w AS MATERIALIZED (SELECT * FROM unnest($2::text[], $3::text[], $4::text[]) AS x(stage, item, "
      "vars)), "
      "added AS (INSERT INTO sluice.items (run_id, stage, item, vars) SELECT $1::uuid, w.stage, w.item, "
      "w.vars FROM w) "
      "SELECT s.stage FROM sluice.stages s WHERE s.run_id = $1::uuid AND s.state NOT IN ('pending', "
      "'running') "
      "AND EXISTS (SELECT FROM w WHERE w.stage = s.stage)",
      {encode_uuid_text(request.run_id), stages.finish(), items.finish(), vars.finish()});
  if (ended.empty()) return;
  throw internal(code::unproven,
                 "a page gives work to stage `" + std::string(ended.text(0, 0)) + "`, which has ended");
}

std::optional<engine::commit_result> postgres_session::find_commit(const engine::commit_request& request) {
  const rows found = db().query(
      "SELECT p.ordinal, l.stream, l.rows, l.inserted, l.updated, l.unchanged, l.deleted, l.deferred, "
      "l.rejected, "
      "l.duplicate, l.stale, l.skipped FROM sluice.pages p "
      "LEFT JOIN sluice.ledger l ON l.run_id = p.run_id AND l.stage = p.stage AND l.item = p.item AND "
      "l.page_seq = p.page_seq "
      "WHERE p.run_id = $1::uuid AND p.commit_id = $2::uuid ORDER BY p.ordinal, l.ordinal",
      {encode_uuid_text(request.run_id), encode_uuid(request.id)});
  if (found.empty()) return std::nullopt;
  engine::commit_result out;
  out.pages.resize(request.pages.size());
  for (std::size_t n = 0; n < found.size(); ++n) {
    if (found.is_null(n, 1)) continue;
    engine::row_counts c;
    int column = 2;
    for (std::int64_t* field : {&c.rows, &c.inserted, &c.updated, &c.unchanged, &c.deleted, &c.deferred,
                                &c.rejected, &c.duplicate, &c.stale, &c.skipped}) {
      *field = found.number(n, column++);
    }
    out.pages.at(static_cast<std::size_t>(found.number(n, 0))).streams.emplace_back(found.text(n, 1), c);
  }
  return out;
}
}  // namespace sluice::store::postgres
