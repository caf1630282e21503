// One batch in one transaction: fences and checkpoints first, then the rows, then the ledger.
#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "engine/failpoint.hpp"
#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

namespace {

std::string where(const engine::page_write& w) {
  return "stage `" + w.stage + "`, item " + w.item + ", page " + std::to_string(w.page_seq) + ": ";
}

// The first and the last page of an item in the batch.
struct span_of_pages {
  const engine::page_write *first = nullptr, *last = nullptr;
};

std::map<std::pair<std::string, std::string>, span_of_pages> spans(const engine::commit_request& request) {
  std::map<std::pair<std::string, std::string>, span_of_pages> out;
  for (const engine::page_write& w : request.pages) {
    span_of_pages& s = out[{w.stage, w.item}];
    if (s.first == nullptr) {
      s.first = &w;
    } else if (s.last->end || w.page_seq != s.last->page_seq + 1 || w.stage_epoch != s.first->stage_epoch) {
      throw fenced(code::fenced_page, where(w) + "does not follow page " + std::to_string(s.last->page_seq));
    }
    s.last = &w;
  }
  return out;
}

// Those that it writes and those that it refers to: nobody sweeps them meanwhile.
std::string touched_streams(const engine::commit_request& request) {
  std::set<std::string> names;
  for (const engine::page_write& w : request.pages) {
    for (const engine::stream_rows& s : w.page.streams) {
      names.insert(s.schema->name);
      for (const reference& to : s.schema->references) names.insert(to.to);
    }
  }
  array_builder out(oid::text);
  for (const std::string& n : names) out.text(n);
  return out.finish();
}

// Locks the lease and the stages against take-overs, the streams against sweeps, and moves the checkpoints, in
// one round trip. Whoever takes a lease or ends a run locks it FOR UPDATE and so waits for us; a renewal does not.
constexpr const char* fence_sql = R"sql(
WITH w AS MATERIALIZED (
  SELECT s.*, i.ctid AS place FROM (
    SELECT $1::uuid AS run_id, x.* FROM unnest($4::text[], $5::int8[], $6::text[], $7::int8[], $8::int8[],
      $9::text[], $10::bool[]) AS x(stage, epoch, item, seq, pages, next, ended) OFFSET 0) s
  LEFT JOIN sluice.items i ON i.run_id = s.run_id AND i.stage = s.stage AND i.item = s.item),
lease AS MATERIALIZED (
  SELECT run_id FROM sluice.leases WHERE run_id = $1::uuid AND epoch = $2::int8 FOR KEY SHARE),
stage AS MATERIALIZED (
  SELECT s.stage FROM sluice.stages s WHERE s.run_id = $1::uuid AND s.state = 'running'
    AND EXISTS (SELECT FROM w WHERE w.stage = s.stage AND w.epoch = s.epoch)
      AND EXISTS (SELECT FROM lease) FOR SHARE),
moved AS (
  UPDATE sluice.items i SET page_seq = i.page_seq + w.pages, page_state = w.next, commit_id = $3::uuid,
    state = CASE WHEN w.ended THEN 'complete' ELSE 'open' END
  FROM w JOIN stage ON stage.stage = w.stage
  WHERE i.ctid = w.place AND i.page_seq = w.seq AND i.state = 'open'
  RETURNING 1)
SELECT (SELECT count(*) FROM moved), (extract(epoch FROM clock_timestamp()) * 1000000)::int8,
       set_config('application_name', left('sluice ' || coalesce(
         (SELECT correlation_id FROM sluice.runs WHERE run_id = $1::uuid), ''), 63), true),
       (SELECT count(pg_advisory_xact_lock_shared(hashtextextended($11::text || E'\x1f' || x.name, 0)))
         FROM unnest($12::text[]) AS x(name)))sql";

// The same locks for a batch whose checkpoints move at the end, after those of the batch before it.
constexpr const char* hold_sql = R"sql(
WITH lease AS MATERIALIZED (
  SELECT run_id FROM sluice.leases WHERE run_id = $1::uuid AND epoch = $2::int8 FOR KEY SHARE),
stage AS MATERIALIZED (
  SELECT s.stage FROM sluice.stages s WHERE s.run_id = $1::uuid AND s.state = 'running'
    AND EXISTS (SELECT FROM unnest($3::text[], $4::int8[]) AS x(stage, epoch)
                WHERE x.stage = s.stage AND x.epoch = s.epoch)
    AND EXISTS (SELECT FROM lease) FOR SHARE)
SELECT (SELECT count(*) FROM stage), (extract(epoch FROM clock_timestamp()) * 1000000)::int8,
       set_config('application_name', left('sluice ' || coalesce(
         (SELECT correlation_id FROM sluice.runs WHERE run_id = $1::uuid), ''), 63), true),
       (SELECT count(pg_advisory_xact_lock_shared(hashtextextended($5::text || E'\x1f' || x.name, 0)))
         FROM unnest($6::text[]) AS x(name)))sql";

// Whether rows, or links, of streams wait for others.
constexpr const char* waiting_sql =
    "SELECT EXISTS (SELECT FROM sluice.deferred d WHERE d.tenant = $1::text AND d.stream = s.name),"
    " EXISTS (SELECT FROM sluice.pending_links l WHERE l.tenant = $1::text AND l.stream = s.name) "
    "FROM unnest($2::text[]) WITH ORDINALITY AS s(name, o) ORDER BY s.o";

bool same_layout(const stream_schema& a, const stream_schema& b) {
  const auto x = wire_layout(a), y = wire_layout(b);
  return a.key == b.key &&
         std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](const column& p, const column& q) { return p.name == q.name && p.type == q.type; });
}

// Those that the pages brought, then those that the store itself refuses.
std::vector<engine::reject_row> rejects_of(const engine::commit_request& request, const prepared_batch& batch,
                                           std::int64_t now) {
  std::vector<engine::reject_row> rejects;
  const auto add = [&](const engine::page_write& w, engine::reject what) {
    rejects.push_back({0, now, w.page_seq, request.run_id, request.tenant, w.stage, w.item, std::move(what)});
  };
  for (const engine::page_write& w : request.pages) {
    for (const engine::reject& r : w.page.rejects) add(w, r);
  }
  for (const prepared_stream& s : batch.streams) {
    for (const refusal& r : s.refusals) add(request.pages[s.rows[r.index].page], to_reject(s, r));
  }
  return rejects;
}

}  // namespace

engine::commit_result postgres_session::commit(engine::commit_request& request) {
  return persistently([&](retry& how) { return commit_once(request, how); });
}

write_context postgres_session::context_for(const engine::commit_request& request, retry& how) {
  write_context context{db(),
                        schema_,
                        request.tenant,
                        encode_uuid_text(request.run_id),
                        0,
                        {},
                        &how.refused,
                        how.point_probes,
                        how.careful,
                        false,
                        {}};
  for (const engine::page_write& w : request.pages) {
    context.pages.push_back({origin_of(request.pipeline, w.entry), w.stage, w.item, w.page_seq, context.run});
  }
  return context;
}

engine::commit_result postgres_session::commit_once(engine::commit_request& request, retry& how) {
  prepared_batch batch = prepare(request);
  write_context context = context_for(request, how);
  for (const prepared_stream& s : batch.streams) (void)table_for(*s.schema);
  transaction t(db());
  SLUICE_FAILPOINT("commit.begun");
  const std::size_t known = how.refused.size();
  write_streams(context, batch, request);
  if (how.refused.size() > known) throw found_refused();
  SLUICE_FAILPOINT("commit.after_rows");
  engine::commit_result result = settle(batch);
  std::vector<statement> lines{page_lines(request, context.now_us)};
  if (auto few = count_lines(request, batch, result)) lines.push_back(std::move(*few));
  erase_replayed(request);
  SLUICE_FAILPOINT("commit.after_ledger");
  insert_rejects(context.run, rejects_of(request, batch, context.now_us));
  SLUICE_FAILPOINT("commit.after_rejects");
  insert_children(request);
  if (request.gate) {
    db().query_all(std::exchange(lines, {}));
    pass_gate(request);
  }
  SLUICE_FAILPOINT("commit.before_commit");
  t.commit(lines);
  SLUICE_FAILPOINT("commit.after_commit");
  return result;
}

postgres_session::fencing postgres_session::fence(const engine::commit_request& request) {
  const auto items = spans(request);
  array_builder stages(oid::text), epochs(oid::int8), names(oid::text), seqs(oid::int8), pages(oid::int8),
      next(oid::text), ended(oid::boolean);
  for (const auto& [key, s] : items) {
    stages.text(key.first), names.text(key.second), epochs.int8(s.first->stage_epoch),
        seqs.int8(s.first->page_seq);
    pages.int8(s.last->page_seq - s.first->page_seq + 1), next.text(s.last->next_state),
        ended.boolean(s.last->end);
  }
  return {{fence_sql,
           {encode_uuid_text(request.run_id), encode_int8(request.run_epoch), encode_uuid(request.id),
            stages.finish(), epochs.finish(), names.finish(), seqs.finish(), pages.finish(), next.finish(),
            ended.finish(), request.tenant, touched_streams(request)}},
          static_cast<std::int64_t>(items.size())};
}

postgres_session::fencing postgres_session::hold_for(const engine::commit_request& request) {
  std::map<std::string, std::int64_t> epochs;
  for (const engine::page_write& w : request.pages) epochs.emplace(w.stage, w.stage_epoch);
  array_builder stages(oid::text), numbers(oid::int8);
  for (const auto& [stage, epoch] : epochs) stages.text(stage), numbers.int8(epoch);
  return {{hold_sql,
           {encode_uuid_text(request.run_id), encode_int8(request.run_epoch), stages.finish(),
            numbers.finish(), request.tenant, touched_streams(request)}},
          static_cast<std::int64_t>(epochs.size())};
}

void postgres_session::check(const fencing& fence, const engine::commit_request& request, const rows& found) {
  if (found.number(0, 0) != fence.locks) explain_fence(request);
}

void postgres_session::pass_gate(const engine::commit_request& request) {
  if (!request.gate())
    throw transient(code::busy, "the batch before this one was not committed; both are done again");
  const fencing last = fence(request);
  check(last, request, db().query(last.ask));
}

void postgres_session::explain_fence(const engine::commit_request& request) {
  hold_lease(request.run_id, request.run_epoch);
  for (const engine::page_write& w : request.pages) hold_stage(request.run_id, w.stage, w.stage_epoch);
  const engine::page_write& first = request.pages.front();
  throw fenced(code::fenced_page,
               where(first) + "the checkpoint of this or of another item of the batch is elsewhere");
}

// The fence, what waits of each stream and what is stored of its rows are asked in one go; then each is written.
void postgres_session::write_streams(write_context& context, prepared_batch& batch,
                                     const engine::commit_request& request) {
  fencing first = request.gate ? hold_for(request) : fence(request);
  std::vector<statement> ask;
  ask.push_back(std::move(first.ask));
  std::deque<stream_writer> writers;
  std::vector<std::string> names;
  for (prepared_stream& s : batch.streams) {
    names.push_back(s.schema->name);
    writers.emplace_back(context, table_for(*s.schema), s);
  }
  if (!names.empty()) ask.push_back({waiting_sql, {context.tenant, encode_texts(names)}});
  std::vector<std::size_t> places;
  for (stream_writer& w : writers) {
    auto look = w.look_up();
    places.push_back(look ? ask.size() : 0);
    if (look) ask.push_back(std::move(*look));
  }
  const std::vector<rows> got = db().query_all(ask);
  check(first, request, got[0]);
  context.now_us = got[0].number(0, 1);
  SLUICE_FAILPOINT("commit.after_fence");
  for (std::size_t i = 0; i < writers.size(); ++i)
    writers[i].run(got[1].boolean(i, 0), got[1].boolean(i, 1), places[i] == 0 ? nullptr : &got[places[i]]);
}

std::int64_t postgres_session::origin_of(const std::string& pipeline, const std::string& entry) {
  const auto known = origins_.find({pipeline, entry});
  if (known != origins_.end()) return known->second;
  const parameters key{pipeline, entry};
  db().query(
      "INSERT INTO sluice.origins (pipeline, entry) VALUES ($1::text, $2::text) ON CONFLICT DO NOTHING", key);
  const std::int64_t id =
      db().query("SELECT id FROM sluice.origins WHERE pipeline = $1::text AND entry = $2::text", key)
          .number(0, 0);
  origins_.emplace(std::pair(pipeline, entry), id);
  return id;
}

void postgres_session::load_streams() {
  streams_.clear();
  const rows found = db().query("SELECT name, declaration FROM sluice.streams");
  for (std::size_t n = 0; n < found.size(); ++n) {
    streams_.emplace(found.text(n, 0), stream_from_json(found.text(n, 1)));
  }
}

const stream_table& postgres_session::table_for(const stream_schema& s) {
  const auto known = tables_.find(s.name);
  if (known != tables_.end() && known->second.first == s) return known->second.second;
  auto stored = streams_.find(s.name);
  if (stored == streams_.end() || !same_layout(stored->second, s)) {
    load_streams();
    stored = streams_.find(s.name);
  }
  if (stored == streams_.end()) {
    throw invalid(code::unknown_stream,
                  "stream `" + s.name + "` has no table; the plugin that declares it was not loaded");
  }
  if (!same_layout(stored->second, s)) {
    throw invalid(code::unknown_stream, "stream `" + s.name +
                                            "`: the table was made from another version of its plugin; "
                                            "restart with one version on all hosts");
  }
  return tables_.insert_or_assign(s.name, std::pair(s, table_of(schema_, s))).first->second.second;
}

}  // namespace sluice::store::postgres
