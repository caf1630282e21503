"""Processes that die or are interrupted in the middle of a run; the next one goes on."""
import json
import signal
import subprocess
import unittest

import harness


class Crashes(harness.Case):
    upstream_args = ("--tenants", "acme:3000", "--seed", "7", "--latency", "5ms")

    def start_and_wait_for_progress(self, pages):
        """A run in a process of its own that has committed so many updates."""
        process = subprocess.Popen(self.command("run", self.manifest, "--tenant", "acme"), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=self.environment())
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if json.loads(line).get("event") == "progress":
                pages -= 1
            if pages == 0:
                return process
        self.fail("the run ended before it could be disturbed: " + process.stdout.read())

    def finish(self, process):
        out, err = process.communicate(timeout=120)
        return out, err

    # covers: P2, P3, H3
    def test_a_killed_run_is_taken_over_from_its_checkpoints(self):
        for pages in (1, 4, 9):
            with self.subTest(pages=pages):
                process = self.start_and_wait_for_progress(pages)
                process.kill()
                self.finish(process)
                open_runs = [r for r in json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)
                             if r["state"] == "running"]
                self.assertEqual(len(open_runs), 1)
                before = {s["stage"]: s["pages"] for s in json.loads(self.sluice(
                    "runs", "show", "--pipeline", self.manifest, open_runs[0]["run_id"]).stdout)["stages"]}
                first_new = len(self.upstream.served())
                receipt = self.run_sync()
                self.assertEqual(receipt["run_id"], open_runs[0]["run_id"])
                self.assertEqual(receipt["state"], "succeeded")
                # A committed page is never read again.
                read_now = len(self.upstream.served()) - first_new
                all_pages = sum(s["pages"] for s in receipt["stages"])
                self.assertEqual(read_now, all_pages - sum(before.values()))
                self.assert_holds_what_the_upstream_has()
                self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 3, "create": 0, "delete": 0})

    # covers: P15
    def test_an_interrupted_run_is_cancelled_and_the_next_one_completes(self):
        process = self.start_and_wait_for_progress(2)
        process.send_signal(signal.SIGINT)
        out, err = self.finish(process)
        self.assertEqual(process.returncode, 130, err[-2000:])
        self.assertEqual(json.loads(out)["state"], "cancelled")
        self.assertEqual(self.run_sync()["state"], "succeeded")
        self.assert_holds_what_the_upstream_has()


class CrashesIntoPostgres(Crashes):
    store_type = harness.Postgres

    # covers: P10, H12
    def test_a_second_process_joins_the_run_that_is_under_way(self):
        process = self.start_and_wait_for_progress(1)
        joined = self.sluice("run", self.manifest, "--tenant", "acme")
        out, _ = self.finish(process)
        self.assertEqual(json.loads(joined.stdout)["run_id"], json.loads(out)["run_id"])
        self.assertEqual((joined.returncode, process.returncode), (0, 0))


if __name__ == "__main__":
    unittest.main(verbosity=2)
