"""Whoever dies, the run comes to its end, and the rows are the upstream's."""
import signal
import subprocess
import unittest

import cluster

SLOW = ("--tenants", "acme:300", "--seed", "7", "--max-limit", "20", "--latency", "30ms")
BACKGROUND = """
  background: { fresh_for: 0s, sync: [ entities, credits, roles ] }
"""


class Kill(cluster.Case):
    upstream_args = SLOW

    def killed(self):
        run = self.begin()
        run_id = run.run_id()
        run.progress(3)
        run.kill()
        return run_id

    def goes_on(self, run_id):
        receipt = self.run_sync()
        self.assertEqual((receipt["run_id"], receipt["state"]), (run_id, "succeeded"))
        self.assertEqual(self.server.closed(run_id), "COMPLETED")
        self.assert_holds_what_the_upstream_has()

    # covers: T4, T6, P3, P8
    def test_a_kill_in_the_essential_phase(self):
        self.goes_on(self.killed())

    # covers: T6, P3, P8
    def test_a_kill_inside_of_the_task_of_a_workflow(self):
        for _ in range(6):  # on a busy machine a step may have left the task before the kill comes
            run = self.begin()
            run_id = run.run_id()
            run.progress(1)
            run.kill()
            inside = self.server.history(run_id)[-1]["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_STARTED"
            self.goes_on(run_id)
            if inside:
                return
        self.fail("no kill of six fell into a task of a workflow")

    # covers: T4, P3, P8
    def test_a_kill_in_the_background(self):
        self.write_manifest(phases=BACKGROUND)
        self.goes_on(self.killed())

    # covers: T10
    def test_a_cancel_while_steps_go_on_that_no_task_waits_for(self):
        self.assert_a_cancel_is_a_clean_end()

    # covers: T5, P9
    def test_who_stood_still_for_too_long_does_no_harm(self):
        self.write_manifest(phases=BACKGROUND)
        run = self.begin()
        run_id = run.run_id()
        run.progress(3)
        run.process.send_signal(signal.SIGSTOP)
        while not self.timed_out(run_id):
            continue  # each question takes its time
        run.process.send_signal(signal.SIGCONT)
        self.assertEqual(run.receipt()["state"], "succeeded")
        self.assertEqual(self.server.closed(run_id), "COMPLETED")
        self.assert_holds_what_the_upstream_has()

    def timed_out(self, run_id):
        return any(e["eventType"] == "EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT" for e in self.server.history(run_id))


class Hosts(Kill):
    """The same where several processes may write."""
    store_type = cluster.harness.Postgres

    # covers: T4, P14
    def test_another_host_goes_on_with_what_a_dead_one_had(self):
        self.write_manifest(phases=BACKGROUND)
        host = subprocess.Popen(self.command("serve", self.manifest), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                text=True, env=self.environment())
        self.addCleanup(host.stderr.close)
        self.addCleanup(host.wait)
        self.addCleanup(host.send_signal, signal.SIGTERM)
        for line in host.stderr:
            if '"serve.started"' in line:
                break
        run_id = self.killed()
        for line in host.stderr:
            if "run ended" in line and run_id in line:
                break
        self.assertEqual([(r["run_id"], r["state"]) for r in self.runs()], [(run_id, "succeeded")])
        self.assertEqual(self.server.closed(run_id), "COMPLETED")
        self.assert_holds_what_the_upstream_has()


if __name__ == "__main__":
    cluster.need()
    unittest.main()
