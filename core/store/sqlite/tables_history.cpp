// Runs that are over, as statistics see them; and what hosts tell each other.
#include "store/sqlite/tables.hpp"

namespace sluice::store::sqlite {

namespace {

// ?1 from, ?2 to, ?3 pipeline, ?4 backend, ?5 how many, ?6 whole tenants only, ?7 the tenant. The first condition is the one of the index.
std::string history_sql(const char* of_tenant, const char* order) {
  const std::string by(order);
  return std::string(
             "SELECT run_id, tenant, pipeline, scope, backend, mode, state, created_us, essential_us, "
             "ended_us, error_code FROM sluice_runs WHERE ended_us>0 AND ended_us>=?1 AND ended_us<?2 "
             "AND (?3='' OR pipeline=?3) AND (?4='' OR backend=?4) "
             "AND (?6=0 OR scope='')") +
         of_tenant + " ORDER BY ended_us " + by + ", run_id " + by + " LIMIT ?5";
}

const std::string oldest_sql = history_sql("", "ASC"), newest_sql = history_sql("", "DESC"),
                  oldest_of_tenant_sql = history_sql(" AND tenant=?7", "ASC"),
                  newest_of_tenant_sql = history_sql(" AND tenant=?7", "DESC");

engine::ended_run read_ended(const cursor& c) {
  engine::ended_run r;
  std::string* texts[] = {&r.run_id, &r.tenant, &r.pipeline, &r.scope, &r.backend, &r.mode};
  int at = 0;
  for (std::string* text : texts) *text = c->string(at++);
  r.state = engine::run_state_from(c->text(at++));
  r.created_us = c->number(at++);
  r.essential_us = c->number(at++);
  r.ended_us = c->number(at++);
  r.error_code = c->string(at);
  return r;
}

}  // namespace

std::vector<engine::ended_run> tables::history(const engine::history_filter& f) {
  std::vector<engine::ended_run> out;
  const std::int64_t whole = f.whole_tenants ? 1 : 0;
  const auto take = [&](cursor c) {
    while (c.next()) out.push_back(read_ended(c));
  };
  if (f.tenant.empty()) {
    take(db_->query((f.oldest_first ? oldest_sql : newest_sql).c_str(), f.from_us, f.to_us, f.pipeline,
                    f.backend, f.limit, whole));
  } else {
    take(db_->query((f.oldest_first ? oldest_of_tenant_sql : newest_of_tenant_sql).c_str(), f.from_us,
                    f.to_us, f.pipeline, f.backend, f.limit, whole, f.tenant));
  }
  if (!f.stages) return out;
  for (engine::ended_run& run : out) {
    run.stages = ended_stages(run.run_id);
    if (f.rows) add_rows(run);
  }
  return out;
}

void tables::add_rows(engine::ended_run& run) {
  std::vector<stage_account> sums(run.stages.size());
  for (std::size_t n = 0; n < sums.size(); ++n) sums[n].row.stage = run.stages[n].stage;
  sum_rows(run.run_id, sums);
  for (std::size_t n = 0; n < sums.size(); ++n) {
    for (const auto& [stream, counts] : sums[n].row.streams) run.stages[n].rows += counts;
  }
}

engine::trend tables::trend_of(const engine::trend_ask& ask) {
  auto c = db_->query(
      "SELECT state, created_us, essential_us, ended_us FROM sluice_runs WHERE ended_us>0 AND ended_us>=?1 "
      "AND ended_us<?2 AND (?3='' OR pipeline=?3) AND (?4='' OR backend=?4) AND (?5='' OR tenant=?5)",
      ask.from_us, ask.to_us, ask.pipeline, ask.backend, ask.tenant);
  engine::trend_builder out(ask);
  while (c.next()) out.add(engine::run_state_from(c->text(0)), c->number(1), c->number(2), c->number(3));
  return out.finish();
}

std::vector<engine::ended_stage> tables::ended_stages(const std::string& run_id) {
  auto c = db_->query(
      "SELECT stage, phase, state, started_us, ended_us, requests, retries, error_code FROM sluice_stages "
      "WHERE run_id=? ORDER BY stage",
      run_id);
  std::vector<engine::ended_stage> out;
  while (c.next()) {
    const bool essential = c->text(1) == "essential";
    out.push_back({c->string(0),
                   essential ? engine::phase::essential : engine::phase::background,
                   engine::stage_state_from(c->text(2)),
                   c->number(3),
                   c->number(4),
                   c->number(5),
                   c->number(6),
                   c->string(7),
                   {}});
  }
  return out;
}

engine::note tables::note(const std::string& name) {
  auto c = db_->query("SELECT text, version FROM sluice_notes WHERE name=?", name);
  if (!c.next()) return {};
  return {c->string(0), c->number(1)};
}

void tables::put_note(const std::string& name, const engine::note& n) {
  db_->run(
      "INSERT INTO sluice_notes (name, version, text) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
      "version=excluded.version, text=excluded.text",
      name, n.version, n.text);
}

}  // namespace sluice::store::sqlite
