"""One pipeline on Temporal: the same rows as on `direct`, and a workflow that tells what happened."""
import json
import unittest

import cluster

TWO_PHASES = """
  essential: { deadline: 10s, fresh_for: 0s, sync: [ entities ] }
  background: { fresh_for: 0s, sync: [ credits, roles ] }
"""


class Sync(cluster.Case):
    # covers: P1, P7
    def test_the_rows_are_those_of_the_upstream_and_of_direct(self):
        self.write_manifest(phases=TWO_PHASES)
        receipt = self.run_sync()
        self.assertEqual((receipt["state"], receipt["backend"]), ("succeeded", "temporal"))
        self.assert_holds_what_the_upstream_has()
        self.assertEqual(self.server.closed(receipt["run_id"]), "COMPLETED")
        direct = json.loads(self.sluice("run", self.manifest, "--tenant", "acme", "--backend", "direct").stdout)
        self.assertEqual((direct["backend"], self.written(direct)), ("direct", 0), "nothing is left to write")

    # covers: P22
    def test_a_workflow_shows_steps_and_holds_no_data(self):
        self.write_manifest(phases=TWO_PHASES)
        run_id = self.run_sync()["run_id"]
        self.server.closed(run_id)
        history = self.server.history(run_id)
        kinds = [e["eventType"] for e in history]
        self.assertIn("EVENT_TYPE_MARKER_RECORDED", kinds, "what is essential ran inside of a task")
        self.assertIn("EVENT_TYPE_ACTIVITY_TASK_COMPLETED", kinds, "the background ran as an activity")
        self.assertLess(kinds.index("EVENT_TYPE_MARKER_RECORDED"), kinds.index("EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"))
        memo = self.server.workflow(run_id)["workflowExecutionInfo"]["memo"]["fields"]
        self.assertEqual(sorted(memo), ["correlation_id", "phase", "pipeline", "tenant"])
        text = json.dumps(history)
        self.assertNotIn("token-acme", text)
        self.assertNotIn("@example", text)

    # covers: T10
    def test_a_cancel_from_the_official_command_line_is_a_clean_end(self):
        self.assert_a_cancel_is_a_clean_end()

    # covers: T10
    def test_a_terminated_workflow_ends_its_run(self):
        run, run_id = self.begin_and_hang()
        self.server.tell("workflow", "terminate", "--workflow-id", run_id, "--reason", "a test")
        self.assertEqual(run.receipt(exit_code=130)["state"], "cancelled")
        run.wait_for(lambda l: "terminated from outside" in l.get("msg", ""))


if __name__ == "__main__":
    cluster.need()
    unittest.main()
