// What only a file can do: be held, damaged, read-only, newer.
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/errors.hpp"
#include "store/harness.hpp"
#include "store/sqlite/database.hpp"
#include "store/sqlite/instants.hpp"
#include "store/sqlite/lock.hpp"
#include "store/temp_folder.hpp"

namespace sluice::testing {

namespace code = store::code;

namespace {

class sqlite_file : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return (folder_.path() / "sluice.db").string(); }
  std::unique_ptr<store::store> open(bool read_only = false) const {
    return store::open_store({"sqlite", path(), {}, 1, {}, read_only});
  }
  void make() const {
    const auto s = open();
    s->migrate();
    s->ensure_streams("tests", "1.0.0", all_streams());
  }
  void execute(const std::string& sql) const {
    store::sqlite::database(path(), store::sqlite::access::read_write).execute(sql);
  }
  temp_folder folder_;
};

}  // namespace

TEST_F(sqlite_file, is_made_by_migrate_and_not_before) {
  const auto s = open();
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_EQ(refusal_code([&] { s->check_version(); }), code::schema_old);
  EXPECT_NE(refusal_text([&] { s->check_version(); }).find("sluice migrate"), std::string::npos);
  const auto m = s->migrate();
  EXPECT_EQ(m.from, 0);
  EXPECT_EQ(m.to, store::schema_version);
  s->check_version();
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
}

// covers: S13
TEST_F(sqlite_file, is_durable_and_in_wal_mode) {
  make();
  store::sqlite::database db(path(), store::sqlite::access::read_write);
  auto mode = db.query("PRAGMA journal_mode");
  ASSERT_TRUE(mode.next());
  EXPECT_EQ(mode->text(0), "wal");
  auto sync = db.query("PRAGMA synchronous");
  ASSERT_TRUE(sync.next());
  EXPECT_EQ(sync->number(0), 2) << "FULL";
}

// covers: S12, P18
TEST_F(sqlite_file, that_another_process_writes_is_refused_with_its_number) {
  make();
  int ready[2], done[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(done), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte = 'x';
    const auto held = open();
    if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1) _exit(1);
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  const auto text = refusal_text([&] { open(); });
  EXPECT_NE(text.find("process " + std::to_string(child)), std::string::npos) << text;
  EXPECT_EQ(refusal_code([&] { open(); }), code::held);
  EXPECT_NO_THROW(open(true)->open_session()->list_runs({})) << "who only reads is welcome";
  ASSERT_EQ(write(done[1], &byte, 1), 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NO_THROW(open());
}

// covers: S12
TEST_F(sqlite_file, that_is_not_there_can_not_be_looked_at) {
  EXPECT_EQ(refusal_code([&] { open(true); }), code::cannot_open);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(sqlite_file, opened_for_reading_only_is_not_written) {
  make();
  const auto s = open(true);
  EXPECT_EQ(refusal_code([&] { s->migrate(); }), code::read_only);
  EXPECT_EQ(refusal_code([&] { s->ensure_streams("tests", "1", all_streams()); }), code::read_only);
  EXPECT_EQ(refusal_code([&] { s->open_session()->start_run({}, {}); }), code::read_only);
}

// covers: S8, S12, H13
TEST_F(sqlite_file, of_a_newer_program_is_refused_with_both_versions) {
  make();
  execute("UPDATE sluice_meta SET value='99' WHERE name='schema'");
  const auto s = open();
  EXPECT_EQ(refusal_code([&] { s->migrate(); }), code::schema_new);
  EXPECT_EQ(refusal_code([&] { static_cast<void>(s->open_session()); }), code::schema_new);
  EXPECT_NE(refusal_text([&] { s->check_version(); }).find("99"), std::string::npos);
}

// covers: S8
TEST_F(sqlite_file, of_an_older_program_is_brought_up_to_date_by_migrate_alone) {
  make();
  execute("ALTER TABLE sluice_held DROP COLUMN orphan");
  execute(
      "ALTER TABLE sluice_stages DROP COLUMN requests; ALTER TABLE sluice_stages DROP COLUMN retries; "
      "DROP INDEX sluice_runs_ended; DROP INDEX sluice_runs_state; DROP TABLE sluice_notes");
  execute("UPDATE sluice_meta SET value='1' WHERE name='schema'");
  execute("DELETE FROM sluice_migrations WHERE version > 1");
  const auto s = open();
  EXPECT_EQ(refusal_code([&] { s->check_version(); }), code::schema_old);
  EXPECT_EQ(s->migrate().from, 1);
  s->check_version();
  execute("SELECT count(orphan) FROM sluice_held");
  EXPECT_TRUE(s->open_session()->history({}).empty());
  EXPECT_TRUE(s->open_session()->write_note("counters", 0, "{}"));
}

// covers: S12
TEST_F(sqlite_file, that_is_empty_is_refused_and_left_alone) {
  std::ofstream(path()).close();
  EXPECT_EQ(refusal_code([&] { open(); }), code::damaged);
  EXPECT_EQ(std::filesystem::file_size(path()), 0U);
}

// covers: S12
TEST_F(sqlite_file, that_is_no_database_is_refused_and_left_alone) {
  std::ofstream(path())
      << "these are somebody's notes, long enough to be a header of one hundred bytes, and then "
         "some more, since SQLite looks at the first hundred";
  const auto before = std::filesystem::file_size(path());
  EXPECT_EQ(refusal_code([&] { open(); }), code::damaged);
  EXPECT_EQ(refusal_code([&] { open(true); }), code::damaged);
  EXPECT_EQ(std::filesystem::file_size(path()), before);
}

// covers: S12
TEST_F(sqlite_file, that_is_truncated_is_refused) {
  make();
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) / 2);
  EXPECT_EQ(refusal_code([&] { open(); }), code::damaged);
  EXPECT_NE(refusal_text([&] { open(); }).find("truncated"), std::string::npos);
}

// covers: S12
TEST_F(sqlite_file, that_is_a_folder_is_refused) {
  std::filesystem::create_directory(path());
  EXPECT_EQ(refusal_code([&] { open(); }), code::cannot_open);
}

// covers: S12
TEST_F(sqlite_file, that_may_not_be_written_is_refused) {
  make();
  if (geteuid() == 0) GTEST_SKIP() << "root may write to everything";
  chmod(path().c_str(), 0400);
  EXPECT_EQ(refusal_code([&] { open(); }), code::read_only);
}

// covers: S12
TEST_F(sqlite_file, in_a_folder_that_is_not_there_is_refused_by_name) {
  const auto text = refusal_text([&] {
    auto s = store::open_store({"sqlite", "/nowhere/at/all.db", {}, 1, {}, false});
  });
  EXPECT_NE(text.find("/nowhere/at/all.db"), std::string::npos) << text;
  EXPECT_NE(text.find("the folder /nowhere/at does not exist; make it"), std::string::npos) << text;
}

// covers: S11, S12
TEST_F(sqlite_file, that_was_not_closed_is_checked_and_refused_when_damaged) {
  make();
  {
    std::fstream f(path(), std::ios::in | std::ios::out | std::ios::binary);
    f.seekp(4096 * 3);
    f << std::string(4096, 'X');
  }
  std::ofstream(path() + "-wal", std::ios::binary)
      << std::string(64, '\0');  // a log that a crash left behind
  const auto code_seen = refusal_code([&] { open(); });
  EXPECT_EQ(code_seen, code::damaged);
}

TEST_F(sqlite_file, with_a_table_of_somebody_else_is_not_touched) {
  make();
  execute("CREATE TABLE things (a INTEGER)");
  auto things = stream_named("tags");
  things.name = "things";
  const auto s = open();
  EXPECT_EQ(refusal_code([&] { s->ensure_streams("tests", "1", {things}); }), code::claimed);
}

TEST_F(sqlite_file, rejects_what_it_cannot_hold_and_says_why) {
  make();
  const auto s = open();
  const auto session = s->open_session();
  engine::run_request r;
  r.run_id = run_id(1);
  r.tenant = "acme";
  const auto lease = session->start_run(r, {});
  const auto attempt =
      session->begin_stage(lease.run_id, lease.epoch, {"s", engine::phase::background, false, true, ""});
  engine::commit_request request;
  request.run_id = lease.run_id;
  request.tenant = "acme";
  request.run_epoch = lease.epoch;
  std::vector<engine::stream_rows> rows;
  rows.push_back(make_rows(stream_named("entities"), {user("u1", "n", {{"seen", "9223372036854775807"}}),
                                                      user("u2", "n", {{"ratio", "nan"}}), user("u3")}));
  auto& w = request.pages.emplace_back();
  w.stage = "s";
  w.item = "0";
  w.stage_epoch = attempt.epoch;
  w.page = make_page(std::move(rows));
  w.page.requested_at_us = 1;
  const auto c = counts_of(session->commit(request), 0, "entities");
  EXPECT_EQ(c.inserted, 1);
  EXPECT_EQ(c.rejected, 2);
  const auto rejects = session->list_rejects("acme", "", 10);
  ASSERT_EQ(rejects.size(), 2U);
  EXPECT_EQ(rejects[0].what.field, "seen");
  EXPECT_EQ(rejects[1].what.field, "ratio");
}

// covers: S12
TEST(a_network_disk, is_known_by_its_type) {
  for (const std::int64_t type : {0x6969L, 0x517BL, 0xFF534D42L, 0xFE534D42L, 0x5346414FL})
    EXPECT_TRUE(store::sqlite::is_network_disk(type)) << type;
  for (const std::int64_t type : {0xEF53L, 0x58465342L, 0x01021994L, 0x9123683EL, 0x794c7630L})
    EXPECT_FALSE(store::sqlite::is_network_disk(type)) << type << " is ext4, XFS, tmpfs, btrfs or overlay";
}

TEST(sqlite_instants, are_texts_that_sort_and_come_back) {
  using store::sqlite::instant_text;
  EXPECT_EQ(instant_text(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(instant_text(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(instant_text(951'782'400'000'001), "2000-02-29T00:00:00.000001Z");
  EXPECT_EQ(instant_text(253'402'300'799'999'999), "9999-12-31T23:59:59.999999Z");
  EXPECT_FALSE(instant_text(253'402'300'800'000'000).has_value());
  EXPECT_FALSE(instant_text(std::numeric_limits<std::int64_t>::min()).has_value());
  for (std::int64_t us :
       {std::int64_t{-62'167'219'200'000'000}, std::int64_t{-1}, std::int64_t{1'700'000'000'123'456}}) {
    EXPECT_EQ(store::sqlite::instant_us(*instant_text(us)), us);
  }
}

TEST(open_store, names_the_stores_that_there_are) {
  const auto text = refusal_text([&] { auto s = store::open_store({"oracle", {}, {}, 1, {}, false}); });
  EXPECT_NE(text.find("sqlite"), std::string::npos) << text;
}

}  // namespace sluice::testing
