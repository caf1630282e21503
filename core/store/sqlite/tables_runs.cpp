// Runs, leases, stages, items.
#include <utility>

#include "store/errors.hpp"
#include "store/sqlite/tables.hpp"

namespace sluice::store::sqlite {

using embedded::lease_record;
using embedded::run_record;
using embedded::stage_record;
using std::string_view;

namespace {

constexpr string_view item_states[] = {"open", "complete", "gone"};

engine::item_state item_state_from(string_view text) {
  for (std::size_t i = 0; i < std::size(item_states); ++i) {
    if (item_states[i] == text) return static_cast<engine::item_state>(i);
  }
  throw internal(code::damaged, "the store holds the unknown state `" + std::string(text) + "` of an item");
}

engine::item read_item(const cursor& c) {
  return {c->string(0), c->string(1), c->string(2), c->number(3), item_state_from(c->text(4))};
}

engine::run_row read_run(const cursor& c) {
  engine::run_row r;
  std::string* texts[] = {&r.run_id,         &r.tenant,        &r.pipeline, &r.scope,
                          &r.correlation_id, &r.manifest_hash, &r.backend,  &r.route_reason,
                          &r.mode,           &r.plan,          &r.retry_of};
  int at = 0;
  for (std::string* text : texts) *text = c->string(at++);
  r.state = engine::run_state_from(c->text(at++));
  r.error_code = c->string(at++);
  r.error = c->string(at++);
  r.created_us = c->number(at++);
  r.started_us = c->number(at++);
  r.essential_us = c->number(at++);
  r.ended_us = c->number(at++);
  return r;
}

const std::string run_columns =
    "run_id, tenant, pipeline, scope, correlation_id, manifest_hash, backend, route_reason, mode, plan, "
    "retry_of, state, "
    "error_code, error, created_us, started_us, essential_us, ended_us";
constexpr int cancel_column = 18;  // behind those

}  // namespace

void tables::commit() {
  try {
    db_->execute("COMMIT");
  } catch (...) {
    db_->rollback();  // a COMMIT that fails may leave the transaction open
    throw;
  }
}

std::optional<lease_record> tables::find_lease(const std::string& tenant, const std::string& pipeline,
                                               const std::string& scope) {
  auto c = db_->query(
      "SELECT run_id, epoch, host, boot_id, pid, started, expires_us FROM sluice_leases "
      "WHERE tenant=? AND pipeline=? AND scope=?",
      tenant, pipeline, scope);
  if (!c.next()) return std::nullopt;
  return lease_record{tenant,       pipeline,     scope,
                      c->string(0), c->number(1), {c->string(2), c->string(3), c->number(4), c->number(5)},
                      c->number(6)};
}

void tables::put_lease(const lease_record& r) {
  db_->run(
      "INSERT INTO sluice_leases (tenant, pipeline, scope, run_id, epoch, host, boot_id, pid, started, "
      "expires_us) "
      "VALUES (?, ?, ?, nullif(?, ''), ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET run_id=excluded.run_id, "
      "epoch=excluded.epoch, host=excluded.host, boot_id=excluded.boot_id, pid=excluded.pid, "
      "started=excluded.started, expires_us=excluded.expires_us",
      r.tenant, r.pipeline, r.scope, r.run_id, r.epoch, r.by.host, r.by.boot_id, r.by.pid, r.by.started,
      r.expires_us);
}

std::optional<run_record> tables::find_run(const std::string& run_id) {
  static const std::string sql =
      "SELECT " + run_columns + ", cancel_requested FROM sluice_runs WHERE run_id=?";
  auto c = db_->query(sql.c_str(), run_id);
  if (!c.next()) return std::nullopt;
  engine::run_row row = read_run(c);
  return run_record{std::move(row), c->number(cancel_column) != 0};
}

void tables::put_run(const run_record& record) {
  static const std::string sql =
      "INSERT INTO sluice_runs (" + run_columns +
      ", cancel_requested) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET "
      "backend=excluded.backend, route_reason=excluded.route_reason, state=excluded.state, "
      "error_code=excluded.error_code, error=excluded.error, "
      "started_us=excluded.started_us, "
      "essential_us=excluded.essential_us, ended_us=excluded.ended_us, "
      "cancel_requested=excluded.cancel_requested";
  const engine::run_row& r = record.row;
  db_->run(sql.c_str(), r.run_id, r.tenant, r.pipeline, r.scope, r.correlation_id, r.manifest_hash, r.backend,
           r.route_reason, r.mode, r.plan, r.retry_of, engine::to_string(r.state), r.error_code, r.error,
           r.created_us, r.started_us, r.essential_us, r.ended_us, record.cancel_requested);
}

std::vector<engine::run_row> tables::runs(const engine::run_filter& f) {
  static const auto asking = [](const char* also) {
    return "SELECT " + run_columns + " FROM sluice_runs WHERE (?1='' OR tenant=?1) " + also +
           "AND (?3='' OR seq < (SELECT seq FROM sluice_runs WHERE run_id=?3)) ORDER BY seq DESC LIMIT ?4";
  };
  static const std::string any = asking(""), by_state = asking("AND state=?2 ");
  const std::string& sql = f.state.empty() ? any : by_state;
  std::vector<engine::run_row> out;
  auto c = db_->query(sql.c_str(), f.tenant, f.state, f.before_run_id, f.limit);
  while (c.next()) out.push_back(read_run(c));
  return out;
}

void tables::see_tenant(const std::string& tenant, std::int64_t at_us) {
  db_->run(
      "INSERT INTO sluice_tenants (tenant, first_seen_us, seen_us) VALUES (?1, ?2, ?2) "
      "ON CONFLICT DO UPDATE SET seen_us=excluded.seen_us",
      tenant, at_us);
}

std::int64_t tables::origin(const std::string& pipeline, const std::string& entry) {
  {
    auto c = db_->query("SELECT id FROM sluice_origins WHERE pipeline=? AND entry=?", pipeline, entry);
    if (c.next()) return c->number(0);
  }
  db_->run("INSERT INTO sluice_origins (pipeline, entry) VALUES (?, ?)", pipeline, entry);
  return db_->last_id();
}

std::optional<stage_record> tables::find_stage(const std::string& run_id, const std::string& stage) {
  auto c = db_->query(
      "SELECT phase, critical, state, epoch, started_us, ended_us, error_code, error, suspect, requests, "
      "retries FROM sluice_stages WHERE run_id=? AND stage=?",
      run_id, stage);
  if (!c.next()) return std::nullopt;
  stage_record r{run_id, stage};
  r.phase = c->text(0) == "essential" ? engine::phase::essential : engine::phase::background;
  r.critical = c->number(1) != 0;
  r.state = engine::stage_state_from(c->text(2));
  r.epoch = c->number(3);
  r.started_us = c->number(4);
  r.ended_us = c->number(5);
  r.error_code = c->string(6);
  r.error = c->string(7);
  r.suspect = c->number(8) != 0;
  r.requests = c->number(9);
  r.retries = c->number(10);
  return r;
}

void tables::put_stage(const stage_record& r) {
  db_->run(
      "INSERT INTO sluice_stages (run_id, stage, phase, critical, state, epoch, started_us, ended_us, "
      "error_code, error, suspect, requests, retries) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, stage) DO UPDATE SET "
      "phase=excluded.phase, "
      "critical=excluded.critical, state=excluded.state, epoch=excluded.epoch, "
      "started_us=excluded.started_us, "
      "ended_us=excluded.ended_us, error_code=excluded.error_code, error=excluded.error, "
      "suspect=excluded.suspect, requests=excluded.requests, retries=excluded.retries",
      r.run_id, r.stage, engine::to_string(r.phase), r.critical, engine::to_string(r.state), r.epoch,
      r.started_us, r.ended_us, r.error_code, r.error, r.suspect, r.requests, r.retries);
}

std::optional<engine::item> tables::find_item(const std::string& run_id, const std::string& stage,
                                              const std::string& item) {
  auto c = db_->query(
      "SELECT item, vars, page_state, page_seq, state FROM sluice_items WHERE run_id=? AND stage=? AND "
      "item=?",
      run_id, stage, item);
  if (!c.next()) return std::nullopt;
  return read_item(c);
}

void tables::add_item(const std::string& run_id, const std::string& stage, const engine::item& it) {
  db_->run(
      "INSERT INTO sluice_items (run_id, stage, item, vars, page_state, page_seq, state) VALUES (?, ?, ?, ?, "
      "?, ?, ?)",
      run_id, stage, it.id, it.vars, it.page_state, it.page_seq,
      item_states[static_cast<std::size_t>(it.state)]);
}

void tables::put_item(const std::string& run_id, const std::string& stage, const engine::item& it,
                      const embedded::commit_id& by) {
  db_->run(
      "UPDATE sluice_items SET page_state=?4, page_seq=?5, state=?6, commit_id=?7 WHERE run_id=?1 AND "
      "stage=?2 AND item=?3",
      run_id, stage, it.id, it.page_state, it.page_seq, item_states[static_cast<std::size_t>(it.state)],
      blob(by.data(), by.size()));
}

bool tables::has_items(const std::string& run_id, const std::string& stage) {
  return db_->query("SELECT 1 FROM sluice_items WHERE run_id=? AND stage=? LIMIT 1", run_id, stage).next();
}

std::vector<engine::item> tables::open_items(const std::string& run_id, const std::string& stage) {
  std::vector<engine::item> out;
  auto c = db_->query(
      "SELECT item, vars, page_state, page_seq, state FROM sluice_items "
      "WHERE run_id=? AND stage=? AND state='open' ORDER BY item",
      run_id, stage);
  while (c.next()) out.push_back(read_item(c));
  return out;
}

std::int64_t tables::count_open_items(const std::string& run_id) {
  auto c = db_->query("SELECT count(*) FROM sluice_items WHERE run_id=? AND state='open'", run_id);
  return c.next() ? c->number(0) : 0;
}

}  // namespace sluice::store::sqlite
