"""Canaries over HTTP: what belongs to one tenant shows up at no other, and what is secret shows up nowhere."""
import base64
import json
import pathlib
import unittest
import urllib.parse

import harness
import http_access_test
from http_access_test import SECRETS

# An upstream that says in its error what it was sent.
TALKATIVE = {"match": {"path": "*/tenants/acme/users"}, "do": "status", "status": 500,
             "body": json.dumps({"error": "canary-error-acme: Bearer " + SECRETS["TOKEN_acme"]})}
ALERT = """
alerts: [ { metric: domain_failures, domain: entities, over: 0, window: 15m, severity: critical } ]
"""


class Canaries(http_access_test.Tenants):
    def write_manifest(self, **more):
        super().write_manifest(**more)
        self.manifest.write_text(self.manifest.read_text() + ALERT)

    def setUp(self):
        super().setUp()
        self.upstream.faults(TALKATIVE)
        self.failed = self.sign_in(self.one, "acme").json["tenant"]["run_id"]
        self.one.wait_for(msg="run ended", run_id=self.failed, state="failed")
        self.one.wait_for(event="alert.firing")

    def every_look(self, token, tenant):
        """The answer of each route that only looks, as the description has it."""
        for route in self.routes():
            method, path, operation = route
            if method == "GET" and operation.get("security") != []:
                yield operation["operationId"], self.put(route, token, tenant)

    # covers: P20, P22, A6
    def test_nothing_of_one_tenant_shows_up_at_another(self):
        beta = self.token_of("beta", self.scopes)
        self.until_known(beta)
        ask = lambda path: self.ask(self.one, "GET", path, Authorization="Bearer " + beta)
        seen = {name: answer for name, answer in self.every_look(beta, "beta")}
        self.assertGreater(len(seen), 12)
        for answer in seen.values():
            self.assert_of_beta_alone(answer)
        self.assertGreater(len(ask("/api/sync/rejects?limit=1000").json["rejects"]), 20, "there is nothing to be found")
        for path in ("/api/sync/rejects?all=true&limit=1000", "/api/sync/metrics?window=24h", "/api/sync/runs?state=failed"):
            self.assert_of_beta_alone(ask(path))
        for path in ("/api/sync/rejects?run=" + self.runs["acme"], "/api/sync/runs?cursor=" + self.failed,
                     "/api/sync/runs/" + self.failed, "/api/sync/runs/%s/events" % self.failed):
            self.assert_problem(ask(path), 404, "SLU-7115")
        self.assert_of_beta_alone(self.sign_in(self.one, "beta", wait=60, Authorization="Bearer " + beta))
        self.one.stop()
        of = {"acme": "beta", "beta": "acme"}
        lines = [l for l in self.one.lines if l.get("tenant") in of]
        self.assertEqual({l["tenant"] for l in lines}, set(of))
        for line in lines:
            self.assertNotIn(of[line["tenant"]], json.dumps(line))

    # covers: P20, P22
    def test_labels_name_no_tenant_and_no_run(self):
        text = self.ask(self.one, "GET", "/metrics").text
        self.assertIn('sluice_failed_runs_total{pipeline="e2e",backend="direct"} 1', text)
        for canary in ("acme", "beta", *self.runs.values(), self.failed, "canary", self.upstream.url.split("//")[1]):
            self.assertNotIn(canary, text)
        self.one.stop()

    # covers: P22
    def test_what_is_secret_shows_up_nowhere(self):
        beta = self.token_of("beta", self.scopes)
        self.until_known(beta)
        everything = [answer.text + str(answer.headers) for tenant in ("acme", "beta") for _, answer in self.every_look(self.token, tenant)]
        everything += [self.ask(self.one, "GET", path).text for path in (
            "/api/sync/rejects?all=true&limit=1000", "/api/sync/runs/" + self.failed, "/api/sync/runs/%s/events" % self.failed)]
        self.assertIn("canary-error-acme", "".join(everything), "what the upstream said is shown, but for the secret in it")
        process = pathlib.Path("/proc/%d" % self.one.process.pid)
        everything.append(process.joinpath("cmdline").read_text())
        self.one.stop()
        everything += [json.dumps(self.one.lines), self.store.dump().decode(), self.config.with_name("tokens.json").read_text()]
        for secret in (*SECRETS.values(), self.token[13:56], beta[13:56]):
            for form in (secret, base64.b64encode(secret.encode()).decode().rstrip("="), urllib.parse.quote(secret, safe="").replace("-", "%2D")):
                for text in everything:
                    self.assertNotIn(form, text)


class CanariesSqlite(Canaries, harness.Case):
    pass


class CanariesPostgres(Canaries, harness.Case):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main(verbosity=2)
