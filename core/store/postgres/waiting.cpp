// Rows that wait for a required parent, and links that wait for an optional one.
#include "store/postgres/stream_writer.hpp"
#include "store/postgres/waiting_sql.hpp"
#include "store/row_codec.hpp"

namespace sluice::store::postgres {

void stream_writer::defer() {
  if (deferred_.empty()) return;
  array_builder keys(oid::text), references(oid::text), streams(oid::text), parents(oid::text),
      payloads(oid::text), origins(oid::int8), runs(oid::uuid), stages(oid::text), items(oid::text),
      pages(oid::int8), versions(oid::int8), instants(oid::int8), expiries(oid::int8);
  for (const waiting& w : deferred_) {
    const prepared_row& r = rows_.rows[w.index];
    const reference& declared = *rows_.references[w.reference].declared;
    const page_source& source = context_.pages[r.page];
    keys.text(r.key), references.text(declared.name), streams.text(declared.to), parents.text(w.parent);
    payloads.text(encode_row(rows_.view(r), rows_.layout, r.row));
    origins.int8(source.origin), stages.text(source.stage), items.text(source.item),
        pages.int8(source.page_seq);
    runs.text(source.run);
    r.age.version ? versions.int8(*r.age.version) : versions.null();
    instants.int8(r.age.read_at_us), expiries.int8(context_.now_us + declared.expire.count() * 1'000'000);
  }
  context_.db.query(
      "INSERT INTO sluice.deferred (tenant, stream, key, reference, parent_stream, parent_key, payload, "
      "origin, run_id, "
      "stage, item, page_seq, version, requested_us, first_seen_us, expires_us) "
      "SELECT $1::text, $2::text, s.key, s.reference, s.parent_stream, s.parent_key, s.payload, s.origin, "
      "s.run, s.stage, "
      "s.item, s.page_seq, s.version, s.requested, $3::int8, s.expires "
      "FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int8[], $10::uuid[], "
      "$11::text[], "
      "$12::text[], $13::int8[], $14::int8[], $15::int8[], $16::int8[]) "
      "AS s(key, reference, parent_stream, parent_key, payload, origin, run, stage, item, page_seq, version, "
      "requested, "
      "expires) "
      "ON CONFLICT (tenant, stream, key) DO UPDATE SET reference = excluded.reference, "
      "parent_stream = excluded.parent_stream, parent_key = excluded.parent_key, payload = excluded.payload, "
      "origin = excluded.origin, run_id = excluded.run_id, stage = excluded.stage, item = excluded.item, "
      "page_seq = excluded.page_seq, version = excluded.version, requested_us = excluded.requested_us",
      {context_.tenant, rows_.schema->name, encode_int8(context_.now_us), keys.finish(), references.finish(),
       streams.finish(), parents.finish(), payloads.finish(), origins.finish(), runs.finish(),
       stages.finish(), items.finish(), pages.finish(), versions.finish(), instants.finish(),
       expiries.finish()});
}

// Rows that were decided on leave the deferred table; those that were put back have their line anew.
void stream_writer::drop_twins() {
  array_builder keys(oid::text);
  for (const std::uint32_t i : rows_.pending) {
    const outcome what = rows_.rows[i].what;
    if (what == outcome::deferred) continue;
    if (!context_.resolving && (what == outcome::stale || what == outcome::rejected)) continue;
    keys.text(rows_.rows[i].key);
  }
  if (keys.size() == 0) return;
  context_.db.query(drop_twins_of, {context_.tenant, rows_.schema->name, keys.finish()});
}

void stream_writer::link() {
  array_builder touched(oid::text);
  for (const decisions* list : {&inserts_, &updates_, &tombstones_}) {
    for (const decision& d : *list) touched.text(row(d).key);
  }
  if (touched.size() == 0) return;
  context_.db.query(drop_links, {context_.tenant, rows_.schema->name, touched.finish()});
  if (links_.empty()) return;
  array_builder keys(oid::text), references(oid::text), streams(oid::text), parents(oid::text);
  for (const waiting& w : links_) {
    const reference& declared = *rows_.references[w.reference].declared;
    keys.text(rows_.rows[w.index].key), references.text(declared.name), streams.text(declared.to),
        parents.text(w.parent);
  }
  context_.db.query(
      "INSERT INTO sluice.pending_links (tenant, stream, key, reference, parent_stream, parent_key) "
      "SELECT $1::text, $2::text, * FROM unnest($3::text[], $4::text[], $5::text[], $6::text[])",
      {context_.tenant, rows_.schema->name, keys.finish(), references.finish(), streams.finish(),
       parents.finish()});
}

}  // namespace sluice::store::postgres
