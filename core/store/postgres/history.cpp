// Runs that are over, as statistics see them; and what hosts tell each other.
#include <algorithm>
#include <map>

#include "store/postgres/encode.hpp"
#include "store/postgres/session.hpp"

namespace sluice::store::postgres {

namespace {

// What a filter and a question for a trend have in common; `values` grows by what is in it.
template <class Filter>
std::string narrowed_by(const Filter& f, parameters& values) {
  std::string out;
  const auto also = [&](const char* column, const std::string& value) {
    if (value.empty()) return;
    values.push_back(value);
    out += std::string(" AND ") + column + " = $" + std::to_string(values.size()) + "::text";
  };
  also("tenant", f.tenant);
  also("pipeline", f.pipeline);
  also("backend", f.backend);
  return out;
}

// `values` grows by those of the filter.
std::string history_sql(const engine::history_filter& f, parameters& values) {
  values = {encode_int8(f.from_us), encode_int8(f.to_us), encode_int8(f.limit)};
  std::string sql =
      "SELECT run_id, tenant, pipeline, scope, backend, mode, state, created_us, essential_us, ended_us, "
      "error_code FROM sluice.runs WHERE ended_us > 0 AND ended_us >= $1::int8 AND ended_us < $2::int8" +
      narrowed_by(f, values);
  if (f.whole_tenants) sql += " AND scope = ''";
  const std::string by = f.oldest_first ? "" : " DESC";
  return sql + " ORDER BY ended_us" + by + ", run_id" + by + " LIMIT $3::int8";
}

engine::ended_run ended_at(const rows& r, std::size_t n) {
  engine::ended_run out;
  std::string* texts[] = {&out.run_id, &out.tenant, &out.pipeline, &out.scope, &out.backend, &out.mode};
  int at = 0;
  for (std::string* text : texts) *text = r.text(n, at++);
  out.state = engine::run_state_from(r.text(n, at++));
  out.created_us = r.number(n, at++);
  out.essential_us = r.number(n, at++);
  out.ended_us = r.number(n, at++);
  out.error_code = r.text(n, at);
  return out;
}

engine::ended_stage stage_at(const rows& r, std::size_t n) {
  const bool essential = r.text(n, 2) == "essential";
  return {std::string(r.text(n, 1)),
          essential ? engine::phase::essential : engine::phase::background,
          engine::stage_state_from(r.text(n, 3)),
          r.number(n, 4),
          r.number(n, 5),
          r.number(n, 6),
          r.number(n, 7),
          std::string(r.text(n, 8)),
          {}};
}

// $1 from, $2 to, $3 parts. The row without a part is that of all of them.
std::string trend_sql(const engine::trend_ask& ask, parameters& values) {
  values = {encode_int8(ask.from_us), encode_int8(ask.to_us), encode_int8(ask.parts)};
  const std::string which = narrowed_by(ask, values);
  std::string sql =
      "SELECT coalesce(part, -1), count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state "
      "IN ('partial', 'held')), count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = "
      "'cancelled'), count(essential)";
  for (const char* of : {"essential", "whole"}) {
    for (const char* percent : {"0.5", "0.95", "0.99"}) {
      sql +=
          std::string(", coalesce(percentile_disc(") + percent + ") WITHIN GROUP (ORDER BY " + of + "), 0)";
    }
  }
  return sql +
         " FROM (SELECT state, (ended_us - $1::int8) * $3::int8 / ($2::int8 - $1::int8) AS part, ended_us - "
         "created_us AS whole, CASE WHEN essential_us > 0 THEN essential_us - created_us END AS essential "
         "FROM sluice.runs WHERE ended_us > 0 AND ended_us >= $1::int8 AND ended_us < $2::int8" +
         which + ") r GROUP BY GROUPING SETS ((part), ())";
}

engine::trend_part part_at(const rows& r, std::size_t n) {
  engine::trend_part out{r.number(n, 1), r.number(n, 2), r.number(n, 3), r.number(n, 4), {}, {}};
  out.essential = {r.number(n, 5), {r.number(n, 6), r.number(n, 7), r.number(n, 8)}};
  out.whole = {out.succeeded + out.partial + out.failed + out.cancelled,
               {r.number(n, 9), r.number(n, 10), r.number(n, 11)}};
  return out;
}

}  // namespace

std::vector<engine::ended_run> postgres_session::history(const engine::history_filter& f) {
  parameters values;
  const std::string sql = history_sql(f, values);
  const rows found = db().query_once(sql, values);
  std::vector<engine::ended_run> out;
  std::map<std::string, std::size_t, std::less<>> places;
  std::vector<std::string> ids;
  for (std::size_t n = 0; n < found.size(); ++n) {
    out.push_back(ended_at(found, n));
    ids.push_back(out.back().run_id);
    places.emplace(out.back().run_id, n);
  }
  if (ids.empty() || !f.stages) return out;
  const rows stages = db().query_once(
      "SELECT run_id, stage, phase, state, started_us, ended_us, requests, retries, error_code FROM "
      "sluice.stages WHERE run_id = ANY ($1::text[]::uuid[]) ORDER BY run_id, stage",
      {encode_texts(ids)});
  for (std::size_t n = 0; n < stages.size(); ++n) {
    out[places.find(stages.text(n, 0))->second].stages.push_back(stage_at(stages, n));
  }
  if (!f.rows) return out;
  const rows sums = db().query_once(
      "SELECT run_id, stage, sum(rows)::int8, sum(inserted)::int8, sum(updated)::int8, sum(unchanged)::int8, "
      "sum(deleted)::int8, sum(deferred)::int8, sum(rejected)::int8 FROM sluice.ledger WHERE run_id = ANY "
      "($1::text[]::uuid[]) GROUP BY run_id, stage",
      {encode_texts(ids)});
  for (std::size_t n = 0; n < sums.size(); ++n) {
    auto& of = out[places.find(sums.text(n, 0))->second].stages;
    const auto at = std::find_if(of.begin(), of.end(),
                                 [&](const engine::ended_stage& s) { return s.stage == sums.text(n, 1); });
    if (at == of.end()) continue;
    int column = 2;
    for (const auto counter :
         {&engine::row_counts::rows, &engine::row_counts::inserted, &engine::row_counts::updated,
          &engine::row_counts::unchanged, &engine::row_counts::deleted, &engine::row_counts::deferred,
          &engine::row_counts::rejected})
      at->rows.*counter = sums.number(n, column++);
  }
  return out;
}

engine::trend postgres_session::trend_of(const engine::trend_ask& ask) {
  parameters values;
  const std::string sql = trend_sql(ask, values);
  const rows found = db().query_once(sql, values);
  engine::trend out;
  out.parts.resize(static_cast<std::size_t>(ask.parts));
  for (std::size_t n = 0; n < found.size(); ++n) {
    const std::int64_t part = found.number(n, 0);
    (part < 0 ? out.all : out.parts[static_cast<std::size_t>(part)]) = part_at(found, n);
  }
  return out;
}

engine::note postgres_session::read_note(const std::string& name) {
  const rows r = db().query("SELECT text, version FROM sluice.notes WHERE name = $1::text", {name});
  if (r.empty()) return {};
  return {std::string(r.text(0, 0)), r.number(0, 1)};
}

bool postgres_session::write_note(const std::string& name, std::int64_t version, const std::string& text) {
  const char* const sql =
      version == 0
          ? "INSERT INTO sluice.notes (name, version, text) VALUES ($1::text, $2::int8 + 1, $3::text) "
            "ON CONFLICT DO NOTHING"
          : "UPDATE sluice.notes SET version = version + 1, text = $3::text WHERE name = $1::text AND "
            "version = "
            "$2::int8";
  return atomically([&] { return db().query(sql, {name, encode_int8(version), text}).affected() == 1; });
}

}  // namespace sluice::store::postgres
