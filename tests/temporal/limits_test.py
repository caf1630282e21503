"""A server with narrow limits: histories that may not grow, and few calls in a second."""
import unittest

import cluster

TWO_PHASES = """
  essential: { deadline: 10s, fresh_for: 0s, sync: [ entities ] }
  background: { fresh_for: 0s, sync: [ credits, roles ] }
"""


class Limited(cluster.Case):
    def setUp(self):
        super().setUp()
        self.write_manifest(phases=TWO_PHASES)


class Histories(Limited):
    server_settings = ("limit.historyCount.suggestContinueAsNew=12",)

    # covers: T9, P3
    def test_a_run_goes_on_in_a_new_workflow_and_is_known_by_the_same_memo(self):
        receipt = self.run_sync()
        self.assertEqual(receipt["state"], "succeeded")
        self.assertEqual(self.server.closed(receipt["run_id"]), "COMPLETED")
        self.assert_holds_what_the_upstream_has()
        done = {s["stage"] for s in receipt["stages"]}
        self.assertEqual(len(done), len(receipt["stages"]), "no stage was done twice")
        self.until(lambda: len(self.server.workflows(receipt["run_id"])) > 1)
        self.assertEqual(self.server.memo(receipt["run_id"]), {"tenant": "acme", "pipeline": "e2e", "phase": "background",
                                                               "correlation_id": receipt["correlation_id"]})

    # covers: T9, T10
    def test_a_cancel_reaches_the_workflow_that_it_went_on_as(self):
        run, run_id = self.begin_and_hang()
        self.until(lambda: len(self.server.workflows(run_id)) > 1)
        self.server.tell("workflow", "cancel", "--workflow-id", run_id)
        self.assertEqual(run.receipt(exit_code=130)["state"], "cancelled")
        self.assertEqual(self.server.closed(run_id), "CANCELED")


class Calls(Limited):
    server_settings = ("frontend.namespaceRPS=6", "frontend.namespaceBurstRatio=1")

    # covers: T9, P14
    def test_a_server_that_has_too_much_to_do_is_asked_again(self):
        run = self.begin()
        said = run.wait_for(lambda l: "limits how often it may be asked" in l.get("msg", ""))
        self.assertEqual((said["level"], said["code"]), ("warn", "SLU-4804"))
        self.assertEqual(run.receipt()["state"], "succeeded")
        self.assert_holds_what_the_upstream_has()


if __name__ == "__main__":
    cluster.need()
    unittest.main()
