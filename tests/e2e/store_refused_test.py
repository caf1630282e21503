"""Stores that are refused, with what is wrong and what to do; and rows that a store refuses."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import harness
from store_faults import Cluster, StoreCase

SMALL = ("--tenants", "acme:300", "--seed", "7")


class Refused(StoreCase):
    upstream_args = SMALL

    def refused(self, code, *words, exit_code=1):
        done = self.sluice("run", self.manifest, "--tenant", "acme")
        self.assertEqual(done.returncode, exit_code, done.stderr)
        error = json.loads(done.stdout)["error"]
        self.assertEqual(error["code"], code, error)
        for word in words:
            self.assertIn(word, error["message"])
        self.assertEqual(sum(code in line for line in done.stderr.splitlines()), 1, "said once: " + done.stderr)


class RefusedPostgres(Refused):
    store_type = Cluster

    # covers: S13, P18, P19
    def test_a_server_that_may_lose_commits(self):
        self.run_sync()
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            with self.subTest(setting):
                self.store.execute("ALTER SYSTEM SET %s = off" % setting)
                self.store.execute("SELECT pg_reload_conf()")
                while self.store.execute("SHOW " + setting) != "off":
                    pass
                self.refused("SLU-5015", setting + " is off", "set it to on")
                self.store.execute("ALTER SYSTEM RESET %s" % setting)
                self.store.execute("SELECT pg_reload_conf()")
                while self.store.execute("SHOW " + setting) != "on":
                    pass
        self.assert_all_is_well(self.run_sync())

    # covers: S8, P18
    def test_a_schema_of_another_version(self):
        self.run_sync()
        self.store.execute("INSERT INTO sluice.migrations VALUES (99, 'from the future', 0)")
        self.refused("SLU-5021", "schema 99", "use a newer sluice")
        self.store.execute("DELETE FROM sluice.migrations WHERE version = 99")
        self.store.execute("DELETE FROM sluice.migrations")
        self.store.execute("INSERT INTO sluice.migrations VALUES (-1, 'of long ago', 0)")
        self.refused("SLU-5020", "sluice migrate")

    # covers: S8
    def test_a_migration_that_was_killed_is_done_again_from_its_start(self):
        self.store.execute("CREATE SCHEMA sluice; CREATE TABLE sluice.migrations (version int PRIMARY KEY, name text NOT NULL, "
                           "at_us bigint NOT NULL)")
        self.assert_all_is_well(self.run_sync())

    # covers: S6, P18
    def test_a_role_or_a_database_that_is_not_there(self):
        right = self.store.environment["TEST_DSN"]
        for wrong, word in ((right.replace("dbname=postgres", "dbname=nowhere"), "nowhere"),
                            (right.replace("user=sluice", "user=nobody_here"), "nobody_here")):
            self.store.environment = {"TEST_DSN": wrong}
            self.refused("SLU-5070", word, "mend `dsn`")

    # covers: S9, P1
    def test_a_row_that_breaks_a_constraint_is_rejected_alone(self):
        # The tables are made by the first run, whatever it reads.
        self.write_manifest(phases="  essential: { deadline: 10s, fresh_for: 0s, sync: [ roles ] }\n")
        self.sluice("run", self.manifest, "--tenant", "acme")
        self.write_manifest()
        self.store.execute("ALTER TABLE entities ADD CONSTRAINT not_that_one CHECK (external_id <> 'u-000150')")
        receipt = self.run_sync(exit_code=3)
        self.assertEqual(receipt["state"], "partial")
        rejects = json.loads(self.sluice("rejects", "list", "--pipeline", self.manifest).stdout)
        mine = [r for r in rejects if r["stream"] == "entities"]
        self.assertEqual(len(mine), 1, rejects)
        self.assertIn("not_that_one", mine[0]["reason"])
        expected = self.upstream.streams("acme")["entities"]["count"]
        self.assertEqual(len(self.store.rows("entities")), expected - 1)
        self.store.execute("ALTER TABLE entities DROP CONSTRAINT not_that_one")
        self.run_sync()
        self.assert_holds_what_the_upstream_has()


class RefusedSqlite(Refused):
    store_type = harness.Sqlite

    def setUp(self):
        super().setUp()
        self.run_sync()
        self.path = pathlib.Path(self.store.path)
        self.copy = self.path.with_suffix(".copy")
        shutil.copy(self.path, self.copy)

    def restore(self):
        shutil.copy(self.copy, self.path)
        self.assert_all_is_well(self.run_sync())

    def assert_left_alone(self, damaged):
        self.assertEqual(self.path.read_bytes(), damaged, "the file was touched")

    # covers: S12, P18
    def test_a_file_that_is_cut_short(self):
        damaged = self.copy.read_bytes()[:100_000]
        self.path.write_bytes(damaged)
        self.refused("SLU-5022", "is truncated", "restore it from a backup")
        self.assert_left_alone(damaged)
        self.restore()

    # covers: S12, P18
    def test_a_file_with_wrong_bits_in_it_after_a_crash(self):
        damaged = bytearray(self.copy.read_bytes())
        for page in range(4096 * 8, len(damaged), 4096 * 8):
            damaged[page] ^= 0xFF
        self.path.write_bytes(damaged)
        pathlib.Path(str(self.path) + "-wal").write_bytes(b"\0" * 32)
        self.refused("SLU-5022", "restore it from a backup")
        pathlib.Path(str(self.path) + "-wal").unlink(missing_ok=True)
        self.restore()

    # covers: S12, P18
    def test_wrong_bits_are_never_taken_for_data(self):
        damaged = bytearray(self.copy.read_bytes())
        for page in range(4096 * 2, len(damaged), 4096):
            damaged[page] = 0xFF
        self.path.write_bytes(damaged)
        self.refused("SLU-5022", "restore it from a backup")
        self.restore()

    # covers: S8, S12, P18
    def test_a_schema_of_another_version(self):
        import sqlite3
        for version, code, words in ((99, "SLU-5021", "upgrade sluice"), (0, "SLU-5020", "sluice migrate")):
            with sqlite3.connect(self.path) as db:
                db.execute("UPDATE sluice_meta SET value = ? WHERE name = 'schema'", (str(version),))
            db.close()
            if version:
                self.refused(code, "schema %d" % version, words)

    # covers: S12, P18
    def test_a_file_that_may_not_be_written(self):
        self.path.chmod(0o400)
        if os.geteuid() == 0:
            done = subprocess.run(["chattr", "+i", self.path], capture_output=True)
            if done.returncode != 0:
                self.skipTest("root writes to everything here")
            self.addCleanup(subprocess.run, ["chattr", "-i", self.path])
        self.refused("SLU-5024", "writ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
