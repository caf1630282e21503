"""A held run is seen by whoever looks after the host, until somebody has decided."""
import json
import unittest

import change_test
import harness
import http_look_test
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


    def at_host(self, *args, exit_code=0):
        """A command that knows the host's socket by its host file."""
        done = self.sluice("--config", self.manifest.with_name("host.yaml"), *args, "--pipeline", self.manifest)
        self.assertEqual(done.returncode, exit_code, done.stderr[-3000:] + done.stdout[-3000:])
        return json.loads(done.stdout)

    # covers: P6, P9
    def test_commands_about_a_run_ask_the_host_that_serves(self):
        host, run = self.hold()
        self.assertEqual(self.at_host("runs", "approve", run)["state"], "succeeded")
        self.assertEqual(len(host.wait_for(event="http.done", msg="approveRun")), 1)
        self.assert_holds_what_the_upstream_has()
        again = self.at_host("runs", "approve", run, exit_code=1)["error"]
        self.assertEqual(again["code"], "SLU-5046")
        over = self.at_host("runs", "cancel", run, exit_code=1)
        self.assertEqual((over["asked"], over["state"]), (False, "succeeded"))
        self.assertEqual(self.at_host("runs", "retry", run, exit_code=2)["error"]["code"], "SLU-6052")
        repeated = self.at_host("runs", "retry", run, "--all")
        self.assertEqual((repeated["state"], repeated["retry_of"]), ("succeeded", run))
        host.wait_for(msg="run ended", run_id=repeated["run_id"])
        self.upstream.faults(http_look_test.ENDLESS)
        endless = self.sign_in(host).json["tenant"]["run_id"]
        self.assertTrue(self.at_host("runs", "cancel", endless)["asked"])
        host.wait_for(msg="run ended", run_id=endless, state="cancelled")
        self.assertEqual(self.at_host("runs", "cancel", endless)["state"], "cancelled")
        self.upstream.ask("/control/faults", [])
        exit_code, code = (2, "SLU-7012") if self.store_type is harness.Postgres else (75, "SLU-5025")
        for word in ("approve", "cancel", "retry"):  # a run that the host does not know: as without one
            self.assertEqual(self.at_host("runs", word, "018f0000-0000-7000-8000-000000000000", exit_code=exit_code)["error"]["code"], code)
        host.stop()
        self.assertEqual(self.at_host("runs", "retry", run, "--all")["retry_of"], run)


class HeldSqlite(Held, harness.Case):
    pass


class HeldPostgres(Held, harness.Case):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main(verbosity=2)
