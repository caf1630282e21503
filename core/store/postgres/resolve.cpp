// Rows that waited for a parent which is there now, and links that were left open.
#include <algorithm>
#include <deque>
#include <map>

#include <sluice/batch_builder.hpp>

#include "engine/failpoint.hpp"
#include "engine/row_hash.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"
#include "store/postgres/waiting_sql.hpp"
#include "store/row_codec.hpp"

namespace sluice::store::postgres {

struct postgres_session::deferred_record {
  std::string stream, key, payload, run, stage, item;
  std::int64_t origin = 0, page_seq = 0, first_seen_us = 0;
  recency age;
};

namespace {

constexpr const char* awaited_by_rows =
    "SELECT DISTINCT parent_stream FROM sluice.deferred WHERE tenant = $1::text ORDER BY parent_stream";

// A deferred row as a page of its own, so that it goes the way of all rows.
engine::page_write as_page(const stream_schema& schema, const std::string& payload) {
  const auto layout = wire_layout(schema);
  batch_builder builder(layout);
  decode_row(payload, layout, builder);
  engine::stream_rows s;
  s.schema = &schema;
  s.rows = builder.finish();
  s.hashes = engine::hash_rows(batch_view(s.rows.get()), layout);
  engine::page_write out;
  out.page.streams.push_back(std::move(s));
  return out;
}

void count(engine::row_counts& c, outcome what) {
  switch (what) {
    case outcome::inserted: ++c.resolved_inserted; break;
    case outcome::updated: ++c.resolved_updated; break;
    case outcome::rejected:
    case outcome::deferred: break;
    default: ++c.resolved_unchanged; break;
  }
}

}  // namespace

engine::resolve_result postgres_session::resolve(const std::string& run_id, std::int64_t run_epoch,
                                                 const std::string& tenant, int limit) {
  if (!may_resolve(run_id, run_epoch, tenant)) return {};
  return persistently([&](retry& how) { return resolve_once(run_id, run_epoch, tenant, limit, how); });
}

// Nearly always nothing waits, or what waits does so for rows that are not there; a look without a lock costs no write.
bool postgres_session::may_resolve(const std::string& run_id, std::int64_t epoch, const std::string& tenant) {
  const std::vector<rows> got = db().query_all({
      {"SELECT FROM sluice.leases WHERE run_id = $1::uuid AND epoch = $2::int8",
       {encode_uuid_text(run_id), encode_int8(epoch)}},
      {awaited_by_rows, {tenant}},
      {awaited_by_links, {tenant}},
  });
  if (got[0].empty()) throw no_lease(run_id);
  return any_parent(tenant, got[1], got[2]);
}

engine::resolve_result postgres_session::resolve_once(const std::string& run_id, std::int64_t epoch,
                                                      const std::string& tenant, int limit, retry& how) {
  load_streams();
  return atomically([&] {
    hold_lease(run_id, epoch);
    std::set<std::string> all;
    for (const auto& [name, schema] : streams_) all.insert(name);
    share_streams(tenant, all);
    write_context context{
        db(),        schema_, tenant, encode_uuid_text(run_id), now_us(), {}, &how.refused, true,
        how.careful, true,    {}};
    const std::size_t known = how.refused.size();
    engine::resolve_result out;
    out.resolved = resolve_rows(context, resolvable(tenant, limit), out);
    if (how.refused.size() > known) throw found_refused();
    SLUICE_FAILPOINT("resolve.after_rows");
    resolve_links(context, limit - static_cast<int>(out.resolved));
    out.more = more_to_resolve(tenant);
    SLUICE_FAILPOINT("resolve.before_commit");
    return out;
  });
}

// Those that have a table.
std::vector<std::string> postgres_session::awaited_streams(const rows& found) {
  std::vector<std::string> out;
  for (std::size_t n = 0; n < found.size(); ++n) {
    const std::string name(found.text(n, 0));
    if (!streams_.contains(name)) load_streams();
    if (streams_.contains(name)) out.push_back(name);
  }
  return out;
}

// Joins `w` (waiting rows or links) to the live rows of the stream that they wait for, each by its key; or, not
// `live`, those that have none: for
// the form see statements.cpp.
std::string postgres_session::join_parent(const std::string& stream, bool live) {
  const std::vector<std::string>& key = streams_.at(stream).key;
  const std::string mark = "strpos(w.parent_key, E'\\x1f')";
  const std::string id = key.size() == 2 ? "substr(w.parent_key, " + mark + " + 1)" : "w.parent_key";
  std::string out = " w LEFT JOIN " + qualified(schema_, stream) +
                    " t ON t.tenant_id = w.tenant || '' AND t." + quoted(key.back()) + " = " + id +
                    " AND t.deleted_at IS NULL";
  if (key.size() == 2) out += " AND t." + quoted(key.front()) + " = left(w.parent_key, " + mark + " - 1)";
  return out + " WHERE w.tenant = $1::text AND w.parent_stream = $2::text AND coalesce(t.id, 0) " +
         (live ? "> 0" : "= 0");
}

std::vector<postgres_session::deferred_record> postgres_session::resolvable(const std::string& tenant,
                                                                            int limit) {
  std::vector<deferred_record> out;
  for (const std::string& stream : awaited_streams(db().query(awaited_by_rows, {tenant}))) {
    const rows r = db().query(
        "SELECT w.stream, w.key, w.payload, w.run_id, w.stage, w.item, w.origin, w.page_seq, "
        "w.first_seen_us, "
        "w.requested_us, w.version FROM sluice.deferred" +
            join_parent(stream) + " ORDER BY w.first_seen_us, w.stream, w.key LIMIT $3::int8 FOR UPDATE OF w",
        {tenant, stream, encode_int8(limit)});
    for (std::size_t n = 0; n < r.size(); ++n) {
      const auto text = [&](int c) { return std::string(r.text(n, c)); };
      out.push_back({text(0),
                     text(1),
                     text(2),
                     text(3),
                     text(4),
                     text(5),
                     r.number(n, 6),
                     r.number(n, 7),
                     r.number(n, 8),
                     {std::nullopt, r.number(n, 9)}});
      if (!r.is_null(n, 10)) out.back().age.version = r.number(n, 10);
    }
  }
  std::sort(out.begin(), out.end(), [](const deferred_record& a, const deferred_record& b) {
    return std::tie(a.first_seen_us, a.stream, a.key) < std::tie(b.first_seen_us, b.stream, b.key);
  });
  if (out.size() > static_cast<std::size_t>(limit)) out.resize(static_cast<std::size_t>(limit));
  return out;
}

std::int64_t postgres_session::resolve_rows(write_context& context,
                                            const std::vector<deferred_record>& records,
                                            engine::resolve_result& out) {
  if (records.empty()) return 0;
  engine::commit_request request;
  for (const deferred_record& d : records) {
    const auto schema = streams_.find(d.stream);
    if (schema == streams_.end()) {
      throw internal(code::unknown_stream, "rows wait for stream `" + d.stream + "`, which has no table");
    }
    request.pages.push_back(as_page(schema->second, d.payload));
    context.pages.push_back({d.origin, d.stage, d.item, d.page_seq, encode_uuid_text(d.run)});
  }
  prepared_batch batch = prepare(request);
  std::int64_t left = 0;
  for (prepared_stream& s : batch.streams) {
    for (prepared_row& r : s.rows) r.age = records[r.page].age;
    stream_writer(context, table_for(*s.schema), s).run(true, true);
    left += std::count_if(s.rows.begin(), s.rows.end(),
                          [](const prepared_row& r) { return r.what != outcome::deferred; });
  }
  insert_resolved(batch, records, context.run, out);
  std::vector<engine::reject_row> rejects;
  for (const prepared_stream& s : batch.streams) {
    for (const refusal& f : s.refusals) {
      const deferred_record& d = records[s.rows[f.index].page];
      rejects.push_back(
          {0,
           context.now_us,
           d.page_seq,
           {},
           context.tenant,
           d.stage,
           d.item,
           {row_ordinal, d.stream, d.key, f.field, f.reason, rejected_row(d.payload, d.age.read_at_us)}});
    }
  }
  insert_rejects(context.run, rejects);
  return left;
}

void postgres_session::insert_resolved(const prepared_batch& batch,
                                       const std::vector<deferred_record>& records, const std::string& run,
                                       engine::resolve_result& out) {
  std::map<std::pair<std::string, std::string>, engine::row_counts> by_place;  // (stage, stream)
  std::map<std::string, engine::row_counts> by_stream;
  for (const prepared_stream& s : batch.streams) {
    for (const prepared_row& r : s.rows) {
      if (r.what == outcome::deferred) continue;
      count(by_place[{records[r.page].stage, s.schema->name}], r.what);
      count(by_stream[s.schema->name], r.what);
    }
  }
  out.streams.assign(by_stream.begin(), by_stream.end());
  array_builder stages(oid::text), streams(oid::text), inserted(oid::int8), updated(oid::int8),
      unchanged(oid::int8);
  for (const auto& [place, c] : by_place) {
    stages.text(place.first), streams.text(place.second), inserted.int8(c.resolved_inserted);
    updated.int8(c.resolved_updated), unchanged.int8(c.resolved_unchanged);
  }
  if (stages.size() == 0) return;
  db().query(
      "INSERT INTO sluice.ledger (run_id, stage, item, page_seq, stream, ordinal, rows, inserted, updated, "
      "unchanged, deleted, "
      "deferred, rejected, duplicate, stale, skipped, resolved_inserted, resolved_updated, "
      "resolved_unchanged, keys) "
      "SELECT $1::uuid, s.stage, 'resolve', n.next, s.stream, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, s.i, s.u, "
      "s.n, '{}' "
      "FROM unnest($2::text[], $3::text[], $4::int8[], $5::int8[], $6::int8[]) AS s(stage, stream, i, u, n), "
      "(SELECT coalesce(max(page_seq) + 1, 0) AS next FROM sluice.ledger WHERE run_id = $1::uuid AND item = "
      "'resolve') n",
      {run, stages.finish(), streams.finish(), inserted.finish(), updated.finish(), unchanged.finish()});
}

bool postgres_session::more_to_resolve(const std::string& tenant) {
  const std::vector<rows> got = db().query_all({{awaited_by_rows, {tenant}}, {awaited_by_links, {tenant}}});
  return any_parent(tenant, got[0], got[1]);
}

// Whether a row or a link waits for one that is there: `of_rows` and `of_links` name the streams that they wait for.
bool postgres_session::any_parent(const std::string& tenant, const rows& of_rows, const rows& of_links) {
  std::deque<std::string> texts;
  std::vector<statement> ask;
  const auto look = [&](const std::string& table, const rows& awaited) {
    for (const std::string& stream : awaited_streams(awaited)) {
      texts.push_back("SELECT FROM sluice." + table + join_parent(stream) + " LIMIT 1");
      ask.push_back({texts.back(), {tenant, stream}});
    }
  };
  look("deferred", of_rows);
  look("pending_links", of_links);
  if (ask.empty()) return false;
  const std::vector<rows> got = db().query_all(ask);
  return std::any_of(got.begin(), got.end(), [](const rows& r) { return !r.empty(); });
}

}  // namespace sluice::store::postgres
