"""A PostgreSQL that is cut off, killed, restarted or paused while a run goes on."""
import os
import signal
import unittest

import harness
from store_faults import FULL, Cluster, StoreCase, pause, release, until
from store_proxy import Proxy

OURS = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE 'sluice%'"


class Killed(StoreCase):
    store_type = Cluster

    # covers: S1, P2, P3, P14
    def test_backends_that_are_killed_again_and_again_cost_time_and_nothing_else(self):
        kills = 0
        for _ in range(10 if FULL else 1):
            self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 40, "create": 40, "delete": 0})
            run = self.start()
            run.wait_for_pages(1)
            wait = 0.1
            while not run.ended:
                kills += int(self.store.execute("SELECT count(pg_terminate_backend(pid)) " + OURS))
                with run.changed:
                    run.changed.wait_for(lambda: run.ended, wait)
                wait = wait + 0.1 if wait < 0.9 else 0.1
            receipt = run.finish()
            self.assertGreaterEqual(sum(c["rows"] for c in receipt["streams"].values()), 20_000)
        self.assertGreater(kills, 3)
        self.assert_all_is_well(receipt)

    # covers: S3, P14, P18
    def test_a_server_that_dies_and_comes_back_is_waited_for(self):
        run = self.start()
        run.wait_for_pages(3)
        self.store.kill()
        run.wait_for_code("SLU-5012")
        self.store.restart()
        receipt = run.finish()
        self.assertTrue(any("answers again" in l["msg"] for l in run.lines), run.lines)
        self.assert_one_run(receipt)
        self.assert_all_is_well(receipt)

    # covers: S3, P3, P14
    def test_a_server_that_dies_with_the_stages_that_have_only_begun_has_lost_nothing_else(self):
        writer = self.store.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
        os.kill(int(writer), signal.SIGSTOP)  # or it might have written them by then
        self.upstream.faults({"match": {}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        run = self.start()
        until("the pages are asked for", lambda: len(self.upstream.served()) >= 2)
        self.store.kill()
        self.store.restart()
        self.assertEqual(self.store.execute("SELECT (SELECT count(*) FROM sluice.runs), (SELECT count(*) FROM sluice.stages)"), "1|0")
        self.upstream.faults()
        receipt = run.finish()
        self.assert_one_run(receipt)
        self.assert_all_is_well(receipt)

    # covers: S3, P13, P14
    def test_who_waits_for_a_run_of_another_outlasts_a_server_that_is_away_longer_than_the_deadline(self):
        self.write_manifest(phases=harness.PHASES.replace("10s", "3s"))
        self.upstream.faults({"match": {}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        first = self.start()
        first.wait_for("that it has begun", lambda l: l["msg"] == "run started")
        second = self.start()
        second.wait_for("that it waits for the other", lambda l: "waiting for its end" in l["msg"])
        self.store.kill()
        second.wait_for("that the deadline is missed", lambda l: l.get("code") == "SLU-6042")
        self.store.restart()
        self.upstream.faults()
        receipts = [first.finish(), second.finish()]
        self.assertEqual(receipts[0]["run_id"], receipts[1]["run_id"])
        self.assert_one_run(receipts[0])
        self.assert_all_is_well(receipts[0])

    # covers: S10, P9, P14
    def test_a_server_that_stands_still_for_a_while_loses_nothing(self):
        run = self.start()
        run.wait_for_pages(3)
        self.store.signal_all(signal.SIGSTOP)
        self.addCleanup(self.store.signal_all, signal.SIGCONT)
        pause(60 if FULL else 3)
        self.store.signal_all(signal.SIGCONT)
        receipt = run.finish()
        self.assert_one_run(receipt)
        self.assert_all_is_well(receipt)


class Impatient(StoreCase):
    class store_type(Cluster):
        options = " options='-c statement_timeout=1s -c lock_timeout=300ms'"

    # covers: S10, P13, P18
    def test_a_server_that_does_not_answer_is_given_up_and_asked_anew(self):
        run = self.start()
        run.wait_for_pages(3)
        self.addCleanup(self.store.signal_all, signal.SIGCONT)
        # Where no statement is under way at that moment it is a connection that nobody answers: then once more.
        self.assertTrue(any(self.frozen(run) for _ in range(5)), run.lines[-20:])
        self.assert_all_is_well(run.finish())

    def frozen(self, run):
        """The server stands still until the run has noticed. Whether a statement was under way."""
        run.wait_for_pages(run.pages() + 1)
        before = len(run.lines)
        self.store.signal_all(signal.SIGSTOP)
        run.wait_for("that nobody answers", lambda l: l.get("waits_for") == "store" and l in run.lines[before:])
        self.store.signal_all(signal.SIGCONT)
        return any("has not answered for 2 s" in l["msg"] for l in run.lines[before:])

    # covers: S4, P18
    def test_a_lock_that_somebody_holds_is_waited_for(self):
        self.run_sync()
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 10, "create": 5, "delete": 0})
        lock = self.store.hold("LOCK TABLE entities IN SHARE MODE")
        run = self.start()
        told = run.wait_for_code("SLU-5010")
        self.assertIn("pg_stat_activity", told["msg"])
        release(lock)
        self.assert_all_is_well(run.finish())


class ThroughAProxy(StoreCase):
    upstream_args = ("--tenants", "acme:300", "--seed", "7")

    class store_type(Cluster):
        def __init__(self, folder):
            super().__init__(folder)
            self.proxy = Proxy(self.folder)
            self.environment = {"TEST_DSN": "host=%s port=5432 user=sluice dbname=postgres" % self.proxy.folder}

        def stop(self):
            self.proxy.stop()
            super().stop()

    def change(self):
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 10, "create": 2, "delete": 0})

    # covers: S2, P4
    def test_a_commit_whose_answer_is_lost_is_looked_up(self):
        proxy = self.store.proxy
        self.run_sync()
        self.change()
        before = proxy.commits
        self.run_sync()
        commits = proxy.commits - before
        self.assertGreater(commits, 8)  # its start, each batch, each end
        step = 1 if FULL else max(1, commits // 4)
        for how in ("before", "after"):
            for number in range(step, commits + 1, step):
                with self.subTest(how=how, number=number):
                    self.change()
                    proxy.cut(number, how)
                    done = self.sluice("run", self.manifest, "--tenant", "acme")
                    if done.returncode == 75:  # there was no run yet to go on with
                        self.run_sync()
                    else:
                        self.assertEqual(done.returncode, 0, done.stderr)
                    self.assert_holds_what_the_upstream_has()
        self.assertEqual({"before", "after"}, set(proxy.cuts))

    # covers: S2, P4
    def test_a_commit_that_goes_on_without_its_client_is_found_to_be_our_own(self):
        self.run_sync()
        self.change()
        # The first commit that writes a row stops in the server until the gate opens.
        self.store.execute(
            "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SET LOCAL lock_timeout = 0; "
            "PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$; "
            "CREATE CONSTRAINT TRIGGER gate AFTER INSERT OR UPDATE ON entities DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION gate()")
        gate = self.store.hold("SELECT pg_advisory_xact_lock(42)")
        proxy = self.store.proxy
        run = self.start()
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND query = 'COMMIT'"
        until("the commit is under way", lambda: self.store.execute(blocked) == "1")
        proxy.drop_committing()
        # The next try waits for the rows of the first: only now may that end.
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
        until("it is tried again", lambda: self.store.execute(waiting) != "0")
        release(gate)
        receipt = run.finish()
        self.assertIn("SLU-5013", run.codes())
        epochs = self.store.query("SELECT epoch FROM sluice.stages WHERE run_id = '%s'" % receipt["run_id"])
        self.assertEqual({e for (e,) in epochs}, {1}, "the run was taken over, as if somebody else had committed")
        self.store.execute("DROP TRIGGER gate ON entities")
        self.assert_all_is_well(receipt)


if __name__ == "__main__":
    unittest.main(verbosity=2)
