// Tables as people find them in the database, migrations, and what is refused.
#include <thread>

#include "world.hpp"

namespace sluice::testing {
namespace {

using engine::failure;

class a_schema : public world {};

std::string code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const failure& f) {
    return f.code();
  }
  return "nothing failed";
}

// covers: S8
TEST_F(a_schema, is_migrated_once_by_two_programs_that_start_together) {
  const std::string dsn = postgres_cluster::shared()->new_database();
  std::vector<std::thread> programs;
  for (int i = 0; i < 3; ++i) {
    programs.emplace_back(
        [&] { store::postgres::open({.uses = "postgres", .path = {}, .dsn = dsn})->migrate(); });
  }
  for (std::thread& p : programs) p.join();
  EXPECT_EQ(postgres_cluster::query(dsn, "SELECT count(*) FROM sluice.migrations"),
            std::to_string(store::schema_version));
}

// covers: S8
TEST_F(a_schema, of_an_older_program_is_brought_up_to_date_by_migrate_alone) {
  const std::string dsn = postgres_cluster::shared()->new_database();
  const auto store = store::postgres::open({.uses = "postgres", .path = {}, .dsn = dsn});
  store->migrate();
  postgres_cluster::query(dsn, "ALTER TABLE sluice.held DROP COLUMN orphan");
  postgres_cluster::query(dsn, "ALTER TABLE sluice.stages DROP COLUMN requests, DROP COLUMN retries");
  postgres_cluster::query(dsn, "DROP TABLE sluice.notes");
  postgres_cluster::query(dsn, "DROP INDEX sluice.runs_ended, sluice.runs_held");
  postgres_cluster::query(dsn, "DELETE FROM sluice.migrations WHERE version > 1");
  postgres_cluster::query(dsn,
                          "INSERT INTO sluice.ledger (run_id, stage, item, page_seq, stream, ordinal, rows, "
                          "inserted, updated, unchanged, "
                          "deleted, deferred, rejected, duplicate, stale, skipped, keys) VALUES "
                          "(gen_random_uuid(), 's', '0', 0, 'x', 0, 2, "
                          "0, 0, 2, 0, 0, 0, 0, 0, 2, '{}')");
  EXPECT_THROW(store->check_version(), engine::failure);
  const store::migration_result done = store->migrate();
  EXPECT_EQ(done.from, 1);
  EXPECT_EQ(done.to, store::schema_version);
  store->check_version();
  EXPECT_EQ(postgres_cluster::query(dsn, "SELECT count(orphan) FROM sluice.held"), "0");
  EXPECT_EQ(postgres_cluster::query(dsn, "SELECT resolved_unchanged FROM sluice.ledger"), "2");
  EXPECT_TRUE(store->open_session()->history({}).empty());
  EXPECT_TRUE(store->open_session()->write_note("counters", 0, "{}"));
}

// covers: S8
TEST_F(a_schema, that_is_missing_or_newer_is_said_with_what_to_do) {
  const std::string dsn = postgres_cluster::shared()->new_database();
  auto fresh = store::postgres::open({.uses = "postgres", .path = {}, .dsn = dsn});
  EXPECT_EQ(code_of([&] { fresh->check_version(); }), "SLU-5020");
  store_->check_version();
  sql("INSERT INTO sluice.migrations VALUES (99, 'from the future', 0)");
  EXPECT_EQ(code_of([&] { store_->check_version(); }), "SLU-5021");
  EXPECT_EQ(code_of([&] { store_->migrate(); }), "SLU-5021");
}

TEST_F(a_schema, has_the_declared_types_one_key_and_no_foreign_key) {
  const std::string types =
      "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM "
      "pg_attribute "
      "WHERE attrelid = 'grants'::regclass AND attnum > 0";
  EXPECT_EQ(
      sql(types),
      "id bigint, tenant_id text, external_id text, amount numeric, entity_id bigint, attributes jsonb, "
      "source_version bigint, row_hash uuid, origin bigint, read_at timestamp with time zone, "
      "synced_at timestamp with time zone, run_id uuid, deleted_at timestamp with time zone");
  EXPECT_EQ(
      sql("SELECT string_agg(indexdef, ';' ORDER BY indexdef) FROM pg_indexes WHERE tablename = 'entities'"),
      "CREATE UNIQUE INDEX entities_pkey ON public.entities USING btree (id, tenant_id);"
      "CREATE UNIQUE INDEX entities_tenant_id_kind_external_id_key ON public.entities USING btree "
      "(tenant_id, kind, external_id)");
  EXPECT_EQ(sql("SELECT count(*) FROM pg_constraint WHERE contype = 'f'"), "0");
  EXPECT_EQ(sql("SELECT seqcache FROM pg_sequence WHERE seqrelid = 'entities_id_seq'::regclass"), "1000");
  EXPECT_EQ(sql("SELECT collname FROM pg_collation c JOIN pg_attribute a ON a.attcollation = c.oid "
                "WHERE attrelid = 'entities'::regclass AND attname = 'external_id'"),
            "C");
}

TEST_F(a_schema, leaves_a_table_alone_that_somebody_else_made) {
  sql("CREATE TABLE public.invoices (id int)");
  stream_schema s = grants();
  s.name = "invoices";
  EXPECT_EQ(code_of([&] { store_->ensure_streams("test", "1", {s}); }), "SLU-5032");
  EXPECT_EQ(sql("SELECT count(*) FROM sluice.streams WHERE name = 'invoices'"), "0");
}

TEST_F(a_schema, can_put_streams_into_a_schema_of_your_choice) {
  sql("CREATE SCHEMA product");
  auto other = store::postgres::open({.uses = "postgres", .path = {}, .dsn = dsn_, .schema = "product"});
  stream_schema s = grants();
  s.name = "credits", s.references.clear(), s.indexes = {{"amount", "tenant_id"}};
  const auto lines = other->ensure_streams("test", "1", {s});
  EXPECT_EQ(lines, std::vector<std::string>{"table `credits` made"});
  EXPECT_EQ(sql("SELECT count(*) FROM pg_indexes WHERE schemaname = 'product' AND tablename = 'credits'"),
            "3");
  EXPECT_TRUE(other->ensure_streams("test", "1", {s}).empty());
}

// covers: P22
TEST_F(a_schema, describes_itself_without_the_password) {
  const auto d = store_->describe();
  EXPECT_EQ(d.kind, "postgres");
  EXPECT_EQ(d.schema, store::schema_version);
  EXPECT_EQ(d.streams.size(), 2U);
  EXPECT_EQ(d.location.find("user="), std::string::npos) << d.location;
}

}  // namespace
}  // namespace sluice::testing
