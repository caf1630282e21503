#include "store/sqlite/migrations.hpp"

#include <chrono>

#include "engine/failpoint.hpp"
#include "store/errors.hpp"
#include "store/store.hpp"

namespace sluice::store::sqlite {

namespace {

constexpr const char* version_1 = R"sql(
CREATE TABLE sluice_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sluice_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, at_us INTEGER NOT NULL) STRICT;
CREATE TABLE sluice_streams (name TEXT PRIMARY KEY, plugin TEXT NOT NULL, plugin_version TEXT NOT NULL,
  declaration TEXT NOT NULL, at_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sluice_origins (id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, entry TEXT NOT NULL,
  UNIQUE (pipeline, entry)) STRICT;
CREATE TABLE sluice_tenants (tenant TEXT PRIMARY KEY, first_seen_us INTEGER NOT NULL, seen_us INTEGER NOT NULL,
  measures TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE sluice_runs (seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, pipeline TEXT NOT NULL,
  scope TEXT NOT NULL, correlation_id TEXT NOT NULL, manifest_hash TEXT NOT NULL, backend TEXT NOT NULL,
  route_reason TEXT NOT NULL, mode TEXT NOT NULL, plan TEXT NOT NULL, state TEXT NOT NULL,
  cancel_requested INTEGER NOT NULL DEFAULT 0, retry_of TEXT, error_code TEXT NOT NULL, error TEXT NOT NULL,
  created_us INTEGER NOT NULL, started_us INTEGER NOT NULL, essential_us INTEGER NOT NULL, ended_us INTEGER NOT NULL) STRICT;
CREATE INDEX sluice_runs_tenant ON sluice_runs (tenant, seq);
CREATE TABLE sluice_leases (tenant TEXT NOT NULL, pipeline TEXT NOT NULL, scope TEXT NOT NULL, run_id TEXT,
  epoch INTEGER NOT NULL, host TEXT NOT NULL, boot_id TEXT NOT NULL, pid INTEGER NOT NULL, started INTEGER NOT NULL,
  expires_us INTEGER NOT NULL, PRIMARY KEY (tenant, pipeline, scope)) STRICT, WITHOUT ROWID;
CREATE TABLE sluice_stages (seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, stage TEXT NOT NULL, phase TEXT NOT NULL,
  critical INTEGER NOT NULL, state TEXT NOT NULL, epoch INTEGER NOT NULL, started_us INTEGER NOT NULL,
  ended_us INTEGER NOT NULL, error_code TEXT NOT NULL, error TEXT NOT NULL, suspect INTEGER NOT NULL,
  UNIQUE (run_id, stage)) STRICT;
CREATE TABLE sluice_items (run_id TEXT NOT NULL, stage TEXT NOT NULL, item TEXT NOT NULL, vars TEXT NOT NULL,
  page_state TEXT NOT NULL, page_seq INTEGER NOT NULL, state TEXT NOT NULL, commit_id BLOB,
  PRIMARY KEY (run_id, stage, item)) STRICT, WITHOUT ROWID;
CREATE TABLE sluice_pages (run_id TEXT NOT NULL, stage TEXT NOT NULL, item TEXT NOT NULL, page_seq INTEGER NOT NULL,
  entry TEXT NOT NULL, records INTEGER NOT NULL, mapped INTEGER NOT NULL, filtered INTEGER NOT NULL,
  rejected INTEGER NOT NULL, declared_total INTEGER NOT NULL, is_end INTEGER NOT NULL, commit_id BLOB NOT NULL,
  ordinal INTEGER NOT NULL, requested_us INTEGER NOT NULL, at_us INTEGER NOT NULL, high_us INTEGER,
  PRIMARY KEY (run_id, stage, item, page_seq)) STRICT, WITHOUT ROWID;
CREATE TABLE sluice_ledger (run_id TEXT NOT NULL, stage TEXT NOT NULL, item TEXT NOT NULL, page_seq INTEGER NOT NULL,
  stream TEXT NOT NULL, rows INTEGER NOT NULL, inserted INTEGER NOT NULL, updated INTEGER NOT NULL,
  unchanged INTEGER NOT NULL, deleted INTEGER NOT NULL, deferred INTEGER NOT NULL, rejected INTEGER NOT NULL,
  duplicate INTEGER NOT NULL, stale INTEGER NOT NULL, skipped INTEGER NOT NULL, resolved_inserted INTEGER NOT NULL,
  resolved_updated INTEGER NOT NULL, resolved_unchanged INTEGER NOT NULL, swept INTEGER NOT NULL, keys TEXT NOT NULL,
  UNIQUE (run_id, stage, item, page_seq, stream)) STRICT;
CREATE TABLE sluice_rejects (id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, tenant TEXT NOT NULL, stage TEXT NOT NULL,
  item TEXT NOT NULL, page_seq INTEGER NOT NULL, at_us INTEGER NOT NULL, ordinal INTEGER NOT NULL, stream TEXT NOT NULL,
  key TEXT NOT NULL, field TEXT NOT NULL, reason TEXT NOT NULL, raw BLOB NOT NULL) STRICT;
CREATE INDEX sluice_rejects_run ON sluice_rejects (run_id);
CREATE INDEX sluice_rejects_tenant ON sluice_rejects (tenant);
CREATE TABLE sluice_deferred (tenant TEXT NOT NULL, stream TEXT NOT NULL, key TEXT NOT NULL, reference TEXT NOT NULL,
  parent_stream TEXT NOT NULL, parent_key TEXT NOT NULL, payload TEXT NOT NULL, origin INTEGER NOT NULL,
  run_id TEXT NOT NULL, stage TEXT NOT NULL, item TEXT NOT NULL, page_seq INTEGER NOT NULL, version INTEGER,
  requested_us INTEGER NOT NULL, first_seen_us INTEGER NOT NULL, expires_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, stream, key)) STRICT, WITHOUT ROWID;
CREATE INDEX sluice_deferred_parent ON sluice_deferred (tenant, parent_stream, parent_key);
CREATE INDEX sluice_deferred_run ON sluice_deferred (run_id);
CREATE TABLE sluice_pending_links (tenant TEXT NOT NULL, stream TEXT NOT NULL, key TEXT NOT NULL, reference TEXT NOT NULL,
  parent_stream TEXT NOT NULL, parent_key TEXT NOT NULL, PRIMARY KEY (tenant, stream, key, reference)) STRICT, WITHOUT ROWID;
CREATE INDEX sluice_pending_links_parent ON sluice_pending_links (tenant, parent_stream, parent_key);
CREATE TABLE sluice_watermarks (tenant TEXT NOT NULL, pipeline TEXT NOT NULL, stage TEXT NOT NULL, value_us INTEGER NOT NULL,
  full_us INTEGER NOT NULL, mapping TEXT NOT NULL, run_id TEXT NOT NULL, at_us INTEGER NOT NULL,
  PRIMARY KEY (tenant, pipeline, stage)) STRICT, WITHOUT ROWID;
CREATE TABLE sluice_held (run_id TEXT NOT NULL, stream TEXT NOT NULL, key TEXT NOT NULL,
  PRIMARY KEY (run_id, stream, key)) STRICT, WITHOUT ROWID;
)sql";

struct migration {
  const char* name;
  const char* sql;
};
constexpr migration migrations[] = {
    {"the machinery", version_1},
    // Skipped rows were counted within `unchanged` before.
    {"why a row is held or skipped",
     "ALTER TABLE sluice_held ADD COLUMN orphan INTEGER NOT NULL DEFAULT 0; "
     "UPDATE sluice_ledger SET resolved_unchanged=resolved_unchanged+skipped WHERE skipped>0"},
    {"the history of runs, and notes of the hosts",
     "ALTER TABLE sluice_stages ADD COLUMN requests INTEGER NOT NULL DEFAULT 0; "
     "ALTER TABLE sluice_stages ADD COLUMN retries INTEGER NOT NULL DEFAULT 0; "
     "CREATE INDEX sluice_runs_ended ON sluice_runs (ended_us, run_id) WHERE ended_us>0; "
     "CREATE TABLE sluice_notes (name TEXT PRIMARY KEY, version INTEGER NOT NULL, text TEXT NOT NULL) "
     "STRICT, "
     "WITHOUT ROWID"},
    {"runs are found by their state", "CREATE INDEX sluice_runs_state ON sluice_runs (state, seq)"}};
static_assert(std::size(migrations) == schema_version);

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// All of it or nothing, so that no program finds the half of it.
void run_from(database& db, int version) {
  db.execute("BEGIN IMMEDIATE");
  try {
    for (; version <= schema_version; ++version) {
      const migration& m = migrations[version - 1];
      db.execute(m.sql);
      db.run("INSERT INTO sluice_migrations VALUES (?, ?, ?)", version, std::string_view(m.name), now_us());
    }
    db.run("INSERT INTO sluice_meta VALUES ('schema', ?) ON CONFLICT DO UPDATE SET value=excluded.value",
           std::string_view(std::to_string(schema_version)));
    SLUICE_FAILPOINT("migrate.before_commit");
    db.execute("COMMIT");
  } catch (...) {
    db.rollback();
    throw;
  }
  SLUICE_FAILPOINT("migrate.after_commit");
}

}  // namespace

int schema_of(database& db) {
  auto table = db.query("SELECT 1 FROM sqlite_schema WHERE name='sluice_meta'");
  if (!table.next()) return 0;
  auto value = db.query("SELECT CAST(value AS INTEGER) FROM sluice_meta WHERE name='schema'");
  return value.next() ? static_cast<int>(value->number(0)) : 0;
}

void migrate(database& db) {
  const int found = schema_of(db);
  if (found > schema_version) {
    throw invalid(code::schema_new, db.path() + " has schema " + std::to_string(found) +
                                        ", this program knows " + std::to_string(schema_version) +
                                        ": upgrade sluice");
  }
  if (found < schema_version) run_from(db, found + 1);
}

}  // namespace sluice::store::sqlite
