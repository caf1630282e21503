"""What is seen from outside: memo, attributes, queries, versions and figures."""
import json
import unittest

import cluster
import hosted
import http_metrics_test

TWO_PHASES = """
  essential: { deadline: 10s, fresh_for: 0s, sync: [ entities ] }
  background: { fresh_for: 0s, sync: [ credits, roles ] }
"""


class Looks(hosted.Hosted, cluster.Case):
    def setUp(self):
        super().setUp()
        self.write_manifest(phases=TWO_PHASES)

    def test_a_memo_says_whose_run_it_is_and_what_it_is_at(self):
        run, run_id = self.begin_and_hang()
        self.until(lambda: self.server.memo(run_id)["phase"] == "background")
        self.upstream.faults()
        receipt = run.receipt()
        self.server.closed(run_id)
        self.assertEqual(self.server.memo(run_id), {"tenant": "acme", "pipeline": "e2e", "phase": "background",
                                                    "correlation_id": receipt["correlation_id"]})

    def test_a_query_tells_how_far_a_run_is(self):
        run, run_id = self.begin_and_hang()
        told = self.server.tell("workflow", "query", "--workflow-id", run_id, "--type", "progress", "-o", "json")
        steps = json.loads(told)["queryResult"][0]["steps"]
        self.assertEqual({steps[s] for s in steps if s.startswith("entities")}, {"ended"})
        self.assertEqual(steps["credits.credits"], "under way")
        self.upstream.faults()
        self.assertEqual(run.receipt()["state"], "succeeded")

    def test_a_history_says_which_program_decided(self):
        run_id = self.run_sync()["run_id"]
        self.server.closed(run_id)
        answered = [e["workflowTaskCompletedEventAttributes"] for e in self.server.history(run_id)
                    if e["eventType"] == "EVENT_TYPE_WORKFLOW_TASK_COMPLETED"]
        version = self.sluice("--version").stdout.split()[-1]
        self.assertEqual({a["workerVersion"]["buildId"] for a in answered}, {version})
        self.assertEqual(answered[0]["sdkMetadata"]["sdkName"], "sluice")
        self.assertIn("e2e@", answered[0]["identity"])

    def hosted_run(self):
        host = self.host()
        run_id = self.sign_in(host, wait=30).json["tenant"]["run_id"]
        self.assertEqual(self.server.closed(run_id), "COMPLETED")
        return host, run_id

    # covers: P18
    def test_a_host_counts_what_its_worker_does(self):
        host, _ = self.hosted_run()
        counts = lambda: {n.partition('name="')[2].partition('"')[0]: v for n, v in
                          http_metrics_test.samples(self.ask(host, "GET", "/metrics").text).items() if 'plugin="temporal"' in n}
        self.until(lambda: counts().get("workflow_tasks", 0) >= 2)  # they are gathered now and then
        told = counts()
        self.assertEqual((told["workflows_started"], told.get("workflow_tasks_failed", 0), told["activities_under_way"]), (1, 0, 0), told)
        self.assertGreaterEqual(told["steps_inside_tasks"], 1)
        self.assertGreaterEqual(told["activities"], 1)

    # covers: T10, P3
    def test_a_reset_from_the_official_command_line_does_nothing_twice(self):
        _, run_id = self.hosted_run()
        served = len(self.upstream.served())
        self.server.tell("workflow", "reset", "--workflow-id", run_id, "--event-id", "4", "--reason", "a test")
        self.until(lambda: len(self.server.workflows(run_id)) > 1)
        self.assertEqual(self.server.closed(run_id), "COMPLETED")
        self.assertEqual(len(self.upstream.served()), served)
        self.assertEqual([r["state"] for r in self.runs()], ["succeeded"])
        self.assert_holds_what_the_upstream_has()


if __name__ == "__main__":
    cluster.need()
    unittest.main()
