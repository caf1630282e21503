"""`sluice runs cancel`: runs whose host lives, is gone, or has ended."""
import json
import signal
import unittest

import harness


class Cancels:
    """In any store."""
    upstream_args = ("--tenants", "acme:3000", "--seed", "7", "--latency", "5ms")

    def cancel(self, run_id):
        return self.sluice("runs", "cancel", run_id, "--pipeline", self.manifest)

    def open_run(self):
        runs = json.loads(self.sluice("runs", "list", "--pipeline", self.manifest, "--state", "running").stdout)
        self.assertEqual(len(runs), 1)
        return runs[0]["run_id"]

    # covers: M9
    def test_a_run_whose_host_died_is_cancelled_although_the_manifest_has_changed(self):
        process = harness.start_endless(self, 2)
        process.kill()
        process.wait()
        self.upstream.faults()
        run_id = self.open_run()
        self.write_manifest(domains=harness.DOMAINS.replace("roles: { uses", "rollen: { uses"),
                            phases=harness.PHASES.replace("roles ]", "rollen ]"))
        stuck = self.sluice("run", self.manifest, "--tenant", "acme")
        self.assertEqual(json.loads(stuck.stdout)["error"]["code"], "SLU-6024")
        self.assertIn("sluice runs cancel %s --pipeline %s" % (run_id, self.manifest), stuck.stderr)
        done = self.cancel(run_id)
        self.assertEqual((done.returncode, json.loads(done.stdout)["state"]), (0, "cancelled"), done.stderr)
        self.assertEqual(json.loads(self.cancel(run_id).stdout)["state"], "cancelled")
        self.assertNotEqual(self.run_sync()["run_id"], run_id)
        self.assert_holds_what_the_upstream_has()

    def test_a_run_that_has_ended_stays_as_it_is(self):
        run_id = self.run_sync()["run_id"]
        done = self.cancel(run_id)
        self.assertEqual((done.returncode, json.loads(done.stdout)["state"]), (1, "succeeded"))

    def test_an_unknown_run_is_2(self):
        self.run_sync()
        for unknown in ("01a205a7-0000-7000-8000-000000000000", "nope"):
            done = self.cancel(unknown)
            self.assertEqual((done.returncode, json.loads(done.stdout)["error"]["code"]), (2, "SLU-7012"), done.stderr)


class CancelsInPostgres(Cancels, harness.Case):
    store_type = harness.Postgres

    def test_a_run_whose_host_lives_is_asked_to_stop(self):
        process = harness.start_endless(self, 1)
        done = self.cancel(self.open_run())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(json.loads(done.stdout)["asked"])
        out, err = process.communicate(timeout=120)
        self.assertEqual((process.returncode, json.loads(out)["state"]), (130, "cancelled"), err[-2000:])


class CancelsInSqlite(Cancels, harness.Case):
    # covers: P9
    def test_a_run_whose_host_lives_is_left_to_that_process(self):
        process = harness.start_endless(self, 1)
        done = self.cancel(self.open_run())
        self.assertEqual(done.returncode, 75)
        self.assertIn("process %d" % process.pid, done.stderr)
        process.send_signal(signal.SIGINT)
        self.assertEqual(json.loads(process.communicate(timeout=120)[0])["state"], "cancelled")


if __name__ == "__main__":
    unittest.main(verbosity=2)
