"""A held run is seen by whoever looks after the host, until somebody has decided."""
import unittest

import change_test
import harness
import http_metrics_test
import http_socket_test

ALERTS = """
alerts: [ { metric: held_runs, over: 0 } ]
"""
FIRING = 'sluice_alert_firing{pipeline="e2e",alert="held_runs",severity="warning"}'
COUNTED = 'sluice_held_runs{pipeline="e2e"}'


class Held(http_socket_test.Local, http_metrics_test.Seen):
    """A serving host, and a run that holds too many deletes."""
    advance = change_test.Changes.advance

    def hold(self):
        self.write_manifest(phases=change_test.SWEEP)
        self.manifest.write_text(self.manifest.read_text() + ALERTS)
        host = self.host()
        self.run_once(host, "succeeded")
        self.assertEqual(self.health(host)["status"], "healthy", self.health(host))
        self.assertEqual((self.exposed(host)[COUNTED], self.exposed(host)[FIRING]), (0, 0))
        self.advance(delete=200)
        return host, self.run_once(host, "held")

    # covers: P6, P18
    def test_it_is_in_health_in_an_alert_and_counted_until_it_is_approved(self):
        host, run = self.hold()
        health = self.health(host)
        self.assertEqual((health["status"], health["runs"]["held"]), ("degraded", 1))
        self.assertEqual([(r["run_id"], r["tenant"], r["pipeline"], r["scope"]) for r in health["held"]], [(run, "acme", "e2e", "")])
        self.assertIn("rows have vanished upstream", health["held"][0]["why"])
        for part in ("1 run is held", "acme " + run, "`sluice runs approve RUN`"):
            self.assertIn(part, health["why"][-1])
        self.assertEqual(host.wait_for(event="alert.firing")[0]["alert"], "held_runs")
        self.assertEqual((self.exposed(host)[COUNTED], self.exposed(host)[FIRING]), (1, 1))
        again = self.run_once(host, "held")
        self.assertEqual([r["run_id"] for r in self.health(host)["held"]], [again], "the later one holds the same")
        answer = self.ask(host, "POST", "/api/sync/runs/%s/approve" % again)
        self.assertEqual((answer.status, answer.json["state"]), (200, "succeeded"), answer.text)
        host.wait_for(event="alert.resolved")
        health = self.health(host)
        self.assertEqual((health["status"], health["held"]), ("healthy", []), health)
        self.assertEqual((self.exposed(host)[COUNTED], self.exposed(host)[FIRING]), (0, 0))
        self.assert_holds_what_the_upstream_has()
        host.stop()


class HeldSqlite(Held, harness.Case):
    pass


class HeldPostgres(Held, harness.Case):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main(verbosity=2)
