#include "store/postgres/migrations.hpp"

#include <array>

#include "engine/failpoint.hpp"
#include "store/errors.hpp"
#include "store/postgres/encode.hpp"

namespace sluice::store::postgres {

namespace {

struct step {
  const char* name;
  const char* sql;
};

// Instants are microseconds since 1970. Where rows are looked up by key, no other index holds the tenant: to
// a planner that believes the table to be small both are equal, and it may pick the one that finds nothing.
constexpr step steps[] = {
    {"first tables", R"sql(
CREATE TABLE sluice.meta (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE sluice.streams (
  name text COLLATE "C" PRIMARY KEY, plugin text NOT NULL, plugin_version text NOT NULL,
  declaration text NOT NULL, at_us bigint NOT NULL);
CREATE TABLE sluice.origins (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, pipeline text COLLATE "C" NOT NULL,
  entry text COLLATE "C" NOT NULL, UNIQUE (pipeline, entry));
CREATE TABLE sluice.tenants (
  tenant text COLLATE "C" PRIMARY KEY, first_seen_us bigint NOT NULL, seen_us bigint NOT NULL,
  measures text NOT NULL DEFAULT '{}');
CREATE TABLE sluice.runs (
  run_id uuid PRIMARY KEY, tenant text COLLATE "C" NOT NULL, pipeline text NOT NULL, scope text NOT NULL,
  correlation_id text NOT NULL, manifest_hash text NOT NULL, backend text NOT NULL,
  route_reason text NOT NULL,
  mode text NOT NULL, plan text NOT NULL, state text NOT NULL,
  cancel_requested boolean NOT NULL DEFAULT false,
  retry_of uuid, error_code text NOT NULL DEFAULT '', error text NOT NULL DEFAULT '',
  created_us bigint NOT NULL,
  started_us bigint NOT NULL DEFAULT 0, essential_us bigint NOT NULL DEFAULT 0,
  ended_us bigint NOT NULL DEFAULT 0);
CREATE INDEX runs_created ON sluice.runs (created_us, run_id);
CREATE INDEX runs_tenant ON sluice.runs (tenant, created_us, run_id);
CREATE INDEX runs_open ON sluice.runs (state, created_us) WHERE state IN ('queued', 'running');
CREATE TABLE sluice.leases (
  tenant text COLLATE "C" NOT NULL, pipeline text COLLATE "C" NOT NULL, scope text COLLATE "C" NOT NULL,
  run_id uuid, epoch bigint NOT NULL, host text NOT NULL, boot_id text NOT NULL, pid bigint NOT NULL,
  started bigint NOT NULL, expires_us bigint NOT NULL, PRIMARY KEY (tenant, pipeline,
  scope)) WITH (fillfactor = 50);
CREATE UNIQUE INDEX leases_run ON sluice.leases (run_id);
CREATE TABLE sluice.stages (
  run_id uuid NOT NULL, stage text COLLATE "C" NOT NULL, phase text NOT NULL, critical boolean NOT NULL,
  state text NOT NULL, epoch bigint NOT NULL, started_us bigint NOT NULL DEFAULT 0,
  ended_us bigint NOT NULL DEFAULT 0,
  error_code text NOT NULL DEFAULT '', error text NOT NULL DEFAULT '', suspect boolean NOT NULL DEFAULT false,
  PRIMARY KEY (run_id, stage));
CREATE TABLE sluice.items (
  run_id uuid NOT NULL, stage text COLLATE "C" NOT NULL, item text COLLATE "C" NOT NULL, vars text NOT NULL,
  page_state text NOT NULL DEFAULT '', page_seq bigint NOT NULL DEFAULT 0, state text NOT NULL DEFAULT 'open',
  commit_id uuid, PRIMARY KEY (run_id, stage, item)) WITH (fillfactor = 70);
CREATE TABLE sluice.pages (
  run_id uuid NOT NULL, stage text COLLATE "C" NOT NULL, item text COLLATE "C" NOT NULL,
  page_seq bigint NOT NULL,
  entry text NOT NULL, records bigint NOT NULL, mapped bigint NOT NULL, filtered bigint NOT NULL,
  rejected bigint NOT NULL, declared_total bigint NOT NULL, is_end boolean NOT NULL, commit_id uuid NOT NULL,
  ordinal bigint NOT NULL, requested_us bigint NOT NULL, at_us bigint NOT NULL, high_us bigint,
  PRIMARY KEY (run_id, stage, item, page_seq));
CREATE TABLE sluice.ledger (
  run_id uuid NOT NULL, stage text COLLATE "C" NOT NULL, item text COLLATE "C" NOT NULL,
  page_seq bigint NOT NULL,
  stream text COLLATE "C" NOT NULL, ordinal bigint NOT NULL, rows bigint NOT NULL, inserted bigint NOT NULL,
  updated bigint NOT NULL, unchanged bigint NOT NULL, deleted bigint NOT NULL, deferred bigint NOT NULL,
  rejected bigint NOT NULL, duplicate bigint NOT NULL, stale bigint NOT NULL, skipped bigint NOT NULL,
  resolved_inserted bigint NOT NULL DEFAULT 0, resolved_updated bigint NOT NULL DEFAULT 0,
  resolved_unchanged bigint NOT NULL DEFAULT 0, swept bigint NOT NULL DEFAULT 0, keys text[] NOT NULL,
  PRIMARY KEY (run_id, stage, item, page_seq, stream));
CREATE TABLE sluice.rejects (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run_id uuid NOT NULL, tenant text COLLATE "C" NOT NULL,
  stage text NOT NULL, item text NOT NULL, page_seq bigint NOT NULL, at_us bigint NOT NULL,
  ordinal bigint NOT NULL,
  stream text NOT NULL, key text NOT NULL, field text NOT NULL, reason text NOT NULL, raw bytea NOT NULL);
CREATE INDEX rejects_run ON sluice.rejects (run_id, id);
CREATE INDEX rejects_tenant ON sluice.rejects (tenant, id);
CREATE TABLE sluice.deferred (
  tenant text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
  reference text NOT NULL, parent_stream text COLLATE "C" NOT NULL, parent_key text COLLATE "C" NOT NULL,
  payload text NOT NULL, origin bigint NOT NULL, run_id uuid NOT NULL, stage text NOT NULL,
  item text NOT NULL,
  page_seq bigint NOT NULL, version bigint, requested_us bigint NOT NULL, first_seen_us bigint NOT NULL,
  expires_us bigint NOT NULL, PRIMARY KEY (tenant, stream, key));
CREATE INDEX deferred_run ON sluice.deferred (run_id);
CREATE TABLE sluice.pending_links (
  tenant text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
  reference text COLLATE "C" NOT NULL, parent_stream text COLLATE "C" NOT NULL,
  parent_key text COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, stream, key, reference));
CREATE TABLE sluice.watermarks (
  tenant text COLLATE "C" NOT NULL, pipeline text COLLATE "C" NOT NULL, stage text COLLATE "C" NOT NULL,
  value_us bigint NOT NULL, full_us bigint NOT NULL, mapping text NOT NULL, run_id uuid NOT NULL,
  at_us bigint NOT NULL, PRIMARY KEY (tenant, pipeline, stage));
CREATE TABLE sluice.held (
  run_id uuid NOT NULL, stream text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
  PRIMARY KEY (run_id, stream, key));
-- Faster than the default; a server may have been built without it.
DO $$ BEGIN
  ALTER TABLE sluice.ledger ALTER COLUMN keys SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN NULL;
END $$;
)sql"},
    // Skipped rows were counted within `unchanged` before.
    {"why a row is held or skipped",
     "ALTER TABLE sluice.held ADD COLUMN orphan boolean NOT NULL DEFAULT false; "
     "UPDATE sluice.ledger SET resolved_unchanged = resolved_unchanged + skipped WHERE skipped > 0"},
    {"the history of runs, and notes of the hosts",
     "ALTER TABLE sluice.stages ADD COLUMN requests bigint NOT NULL DEFAULT 0, "
     "ADD COLUMN retries bigint NOT NULL DEFAULT 0; "
     "CREATE INDEX runs_ended ON sluice.runs (ended_us, run_id) WHERE ended_us > 0; "
     "CREATE TABLE sluice.notes (name text COLLATE \"C\" PRIMARY KEY, version bigint NOT NULL, text text NOT "
     "NULL)"},
    {"held runs are found",
     "CREATE INDEX runs_held ON sluice.runs (created_us, run_id) WHERE state = 'held'"}};

static_assert(std::size(steps) == schema_version);

// Two programs that migrate at once go one after the other. The number is this program's own.
constexpr const char* lock_sql = "SELECT pg_advisory_xact_lock(7205759403792793)";

void begin_machinery(connection& c) {
  transaction t(c);
  c.execute("SET LOCAL lock_timeout = '60s'");
  c.execute(lock_sql);
  c.execute(
      "CREATE SCHEMA IF NOT EXISTS sluice; CREATE TABLE IF NOT EXISTS sluice.migrations "
      "(version int PRIMARY KEY, name text NOT NULL, at_us bigint NOT NULL)");
  t.commit();
}

// All of it or nothing, so that no program finds the half of it. Another process may have made it meanwhile.
void apply(connection& c) {
  transaction t(c);
  c.execute("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0");
  c.execute(lock_sql);
  for (int version = found_version(c) + 1; version <= schema_version; ++version) {
    const step& s = steps[version - 1];
    c.execute(s.sql);
    c.query_once(
        "INSERT INTO sluice.migrations VALUES ($1::int8, $2::text, (extract(epoch FROM clock_timestamp()) * "
        "1000000)::int8)",
        {encode_int8(version), s.name});
  }
  SLUICE_FAILPOINT("migrate.before_commit");
  t.commit();
  SLUICE_FAILPOINT("migrate.after_commit");
}

}  // namespace

int found_version(connection& c) {
  if (c.query_once("SELECT to_regclass('sluice.migrations') IS NULL").boolean(0, 0)) return 0;
  return static_cast<int>(c.query_once("SELECT max(version) FROM sluice.migrations").number(0, 0));
}

migration_result migrate(connection& c) {
  migration_result out;
  out.from = out.to = found_version(c);
  if (out.from > schema_version) {
    throw invalid(code::schema_new, "PostgreSQL: the machinery is at version " + std::to_string(out.from) +
                                        ", this program knows " + std::to_string(schema_version) +
                                        ": use a newer sluice");
  }
  if (out.from == 0) begin_machinery(c);
  if (out.from < schema_version) apply(c);
  out.to = schema_version;
  return out;
}

}  // namespace sluice::store::postgres
