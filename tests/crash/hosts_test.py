"""More than one process at one store: who stands still is fenced, who comes second joins, who is older stands back."""
import json
import pathlib
import signal
import sqlite3
import subprocess
import unittest

import lib
from lib import Life


class Hosts(lib.Case):
    upstream_args = ("--tenants", "acme:400", "--seed", "7", "--max-limit", "20", "--latency", "2ms")

    def host_file(self, lease):
        path = pathlib.Path(self.folder.name) / ("host-%s.yaml" % lease)
        path.write_text("plugins: [ %s ]\nlease: %s\n" % (lib.harness.PLUGINS, lease))
        return ("--config", path)

    def write(self, store, sql):
        if store.kind == "sqlite":
            with sqlite3.connect(store.path) as db:
                db.execute(sql.replace("sluice.", "sluice_"))
        else:
            subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, store.dsn], check=True)

    def killed_midway(self, store, pages=4):
        life = Life(self, store)
        self.assertTrue(life.wait_for_pages(pages), "".join(life.kept[-3:]))
        life.kill()
        store.settle()
        self.upstream.ask("/control/served/clear", {})

    def plan(self, store):
        return store.query("SELECT plan FROM %s ORDER BY created_us DESC LIMIT 1" % store.runs)[0][0]

    def set_plan(self, store, plan):
        self.write(store, "UPDATE sluice.runs SET plan = '%s' WHERE state = 'running'" % json.dumps(plan).replace("'", "''"))

    # covers: H13, P18
    def test_a_run_that_a_newer_program_began_is_left_to_it(self):
        store = self.new_store()
        self.killed_midway(store)
        own = json.loads(self.plan(store))
        newer = {**own, "format": own["format"] + 1, "something": {"that": "nobody knows yet"}}
        self.set_plan(store, newer)
        done = self.sync(store)
        self.assertEqual(done.returncode, 75, done.stderr[-2000:])
        self.assertIn("SLU-6081", done.stderr)
        self.assertEqual(json.loads(self.plan(store)), newer)
        self.assertEqual(len(self.open_runs(store)), 1)
        self.assertEqual(self.upstream.served(), [])
        self.set_plan(store, own)
        self.assertEqual(self.sync_to_the_end(store)["run_id"], own["run_id"])

    # covers: H13
    def test_a_run_that_an_older_program_began_goes_on(self):
        store = self.new_store()
        self.killed_midway(store)
        plan = json.loads(self.plan(store))
        del plan["format"]
        self.set_plan(store, plan)
        self.assertEqual(self.sync_to_the_end(store)["run_id"], plan["run_id"])

    # covers: H13, S8
    def test_a_store_that_a_newer_program_has_upgraded_is_left_alone(self):
        store = self.new_store()
        self.sync_to_the_end(store)
        newer = ("INSERT INTO sluice.migrations VALUES (99, 'of tomorrow', 0)" if store.kind == "postgres"
                 else "UPDATE sluice_meta SET value = '99' WHERE name = 'schema'")
        self.write(store, newer)
        done = self.sync(store)
        self.assertEqual(done.returncode, 1, done.stderr[-2000:])
        self.assertIn("SLU-5021", done.stderr)

    # covers: H9, P9
    def test_who_stands_still_holds_what_is_his_alone(self):
        """A SQLite file has one process that writes: nobody can take its run, however long it stands still."""
        store = self.new_store()
        life = Life(self, store, self.host_file("1s"))
        self.assertTrue(life.wait_for_pages(5), "".join(life.kept[-3:]))
        life.process.send_signal(signal.SIGSTOP)
        second = self.sync(store)
        life.process.send_signal(signal.SIGCONT)
        self.assertEqual(second.returncode, 75, second.stderr[-2000:])
        self.assertIn("SLU-5025", second.stderr)
        code, _ = life.finish()
        self.assertEqual(code, 0, "".join(life.kept[-3:]))
        self.assert_equals_the_upstream(store)


class HostsOfPostgres(Hosts):
    kind = lib.Postgres

    def pages_in_the_ledger(self, store):
        return store.query("SELECT count(*) AS n FROM sluice.pages")[0][0]

    # covers: H9, P9, P13, S14
    def test_who_stands_still_holds_what_is_his_alone(self):
        """Longer than its lease: another takes over, and what the first one still wanted to write is refused."""
        for pages in self.random.sample(range(2, 40), 6 if lib.FULL else 2):
            with self.subTest(pages=pages, seed=lib.SEED):
                store = self.new_store()
                # Nothing moves until both are there.
                self.upstream.faults({"match": {}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
                stopped = Life(self, store, self.host_file("1s"))
                self.assertTrue(stopped.wait_for(lambda l: l["msg"] == "run started"))
                second = Life(self, store, self.host_file("1s"))
                self.assertTrue(second.wait_for(lambda l: "waiting for its end" in l["msg"]), "".join(second.kept[-3:]))
                self.upstream.faults()
                self.assertTrue(stopped.wait_for_pages(pages), "".join(stopped.kept[-3:]))
                stopped.process.send_signal(signal.SIGSTOP)
                self.assertTrue(second.wait_for(lambda l: l["msg"] == "run taken over"), "".join(second.kept[-3:]))
                stopped.process.send_signal(signal.SIGCONT)
                codes = [life.finish()[0] for life in (second, stopped)]
                self.assertEqual(codes, [0, 0], "".join((second.kept + stopped.kept)[-6:]))
                self.assert_equals_the_upstream(store)
                self.assert_atomic(store)

    # covers: H9, P9, P14, S14
    def test_who_stands_still_in_a_transaction_is_in_nobodys_way_for_ever(self):
        """Its locks go with its connection, which the server ends; then another takes over."""
        store = self.new_store()
        self.upstream.faults({"match": {}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        stopped = Life(self, store, self.host_file("1s"), {"SLUICE_FAILPOINTS": "commit.before_commit=stop@2"})
        self.assertTrue(stopped.wait_for(lambda l: l["msg"] == "run started"))
        second = Life(self, store, self.host_file("1s"))
        self.assertTrue(second.wait_for(lambda l: "waiting for its end" in l["msg"]), "".join(second.kept[-3:]))
        self.upstream.faults()
        self.assertTrue(second.wait_for(lambda l: l["msg"] == "run taken over"), "".join(second.kept[-3:]))
        self.assertEqual(stopped.state(), "T", "it was not the one that stood still")
        self.assertEqual(second.finish()[0], 0, "".join(second.kept[-3:]))
        stopped.process.send_signal(signal.SIGCONT)
        self.assertEqual(stopped.finish()[0], 0, "".join(stopped.kept[-3:]))
        self.assert_equals_the_upstream(store)
        self.assert_atomic(store)

    # covers: H12, P9
    def test_processes_that_start_together_share_one_run_and_read_each_page_once(self):
        store = self.new_store()
        self.sync_to_the_end(store)
        self.upstream.ask("/control/served/clear", {})
        # Nothing moves until all are there.
        self.upstream.faults({"match": {}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        lives = [Life(self, store) for _ in range(4)]
        for life in lives:
            self.assertTrue(life.wait_for(lambda l: l["msg"] == "run started" or "waiting for its end" in l["msg"]))
        self.upstream.faults()
        ends = [life.finish() for life in lives]
        self.assertEqual([code for code, _ in ends], [0] * 4, "".join(lives[0].kept[-3:]))
        receipts = {r["run_id"]: r for r in (json.loads(out) for _, out in ends)}
        self.assertEqual(len(receipts), 1, "they did not share")
        read = [r for r in self.upstream.served() if r["status"] == 200]
        self.assertEqual(len(read), sum(s["pages"] for r in receipts.values() for s in r["stages"]))
        self.assert_equals_the_upstream(store)

    # covers: H12, S8
    def test_processes_that_make_the_tables_together_do_not_get_into_each_others_way(self):
        store = self.new_store()
        lives = [Life(self, store) for _ in range(3)]
        ends = [life.finish() for life in lives]
        said = ["".join(life.kept[-5:]) + out[-2000:] for life, (_, out) in zip(lives, ends)]
        self.assertEqual([code for code, _ in ends], [0] * 3, "\n".join(said))
        self.assert_equals_the_upstream(store)


if __name__ == "__main__":
    unittest.main(verbosity=2)
