"""A source whose tokens come by client credentials, end to end."""
import json
import unittest

import harness

SOURCE = """
    auth:
      client_credentials:
        token_url: "${env:CRM_URL}/oauth/${tenant.vars.realm}/token"
        client_id: "client-${tenant}"
        client_secret: "${tenant.secrets.crm}"
        scope: read
        credentials: body
    retry: { attempts: 3, base: 10ms, cap: 100ms }
"""
DOMAINS = """
  entities: { uses: entities, reads: { users: { from: crm }, organizations: { from: crm }, groups: { from: crm } } }
"""
PHASES = """
  essential: { deadline: 10s, fresh_for: 0s, sync: [ entities ] }
"""
TOKEN = {"path": "*/token"}


class Tokens(harness.Case):
    upstream_args = ("--tenants", "acme:300", "--seed", "7", "--max-limit", "50")

    def setUp(self):
        super().setUp()
        self.write_manifest(DOMAINS, PHASES, SOURCE)
        text = self.manifest.read_text()
        self.manifest.write_text(text.replace("acme: { secrets:", "acme: { vars: { realm: acme }, secrets:"))

    def sluice(self, *args, **environment):
        done = super().sluice(*args, **{"ACME_TOKEN": "secret-acme", **environment})
        for secret in ("secret-acme", "given-acme"):
            self.assertNotIn(secret, done.stdout + done.stderr, "a secret got out")
        return done

    def given(self):
        return json.loads(self.upstream.ask("/control/tokens"))["tenants"].get("acme", {"given": 0})["given"]

    def run_now(self, exit_code, **environment):
        done = self.sluice("run", self.manifest, "--tenant", "acme", **environment)
        self.assertEqual(done.returncode, exit_code, done.stderr[-3000:] + done.stdout[-2000:])
        return json.loads(done.stdout), [json.loads(line) for line in done.stderr.splitlines()]

    def assert_whole(self):
        want = {k: self.upstream.streams("acme")["entities"][k] for k in ("count", "digest")}
        self.assertEqual(harness.digest(self.store.rows("entities")), want)

    # covers: U4
    def test_one_token_serves_a_whole_run_and_is_kept_nowhere(self):
        receipt, _ = self.run_now(0)
        self.assertEqual(receipt["state"], "succeeded")
        self.assert_whole()
        self.assertEqual(self.given(), 1)
        self.assertNotIn(b"given-acme", self.store.dump(), "the token is in the store")

    # covers: U4, P14
    def test_a_token_that_is_revoked_in_the_middle_is_renewed_and_no_page_is_lost(self):
        self.upstream.faults({"match": {"path": "*/users", "nth": 3}, "do": "status", "status": 401})
        receipt, log = self.run_now(0)
        self.assertEqual(receipt["state"], "succeeded")
        self.assert_whole()
        self.assertEqual(self.given(), 2)
        self.assertEqual([line for line in log if line["level"] in ("warn", "error")], [])

    # covers: U4, P18, P22
    def test_a_client_that_is_refused_ends_the_run_with_one_clear_error(self):
        receipt, log = self.run_now(1, ACME_TOKEN="not-the-secret")
        codes = {s["error"]["code"] for s in receipt["stages"] if s["state"] == "failed"}
        self.assertEqual(codes, {"SLU-3136"})
        message = next(s["error"]["message"] for s in receipt["stages"] if s["state"] == "failed")
        self.assertIn("/oauth/acme/token: 401", message)
        self.assertIn("invalid_client", message)
        self.assertNotIn("not-the-secret", json.dumps(receipt) + json.dumps(log))
        self.assertNotIn("given up", message)
        self.assertEqual(self.run_now(0)[0]["state"], "succeeded")
        self.assert_whole()

    # covers: U4, U2
    def test_an_endpoint_that_fails_for_a_moment_is_asked_again(self):
        self.upstream.faults({"match": {**TOKEN, "nth": 1}, "do": "status", "status": 503})
        receipt, log = self.run_now(0)
        self.assertEqual(receipt["state"], "succeeded")
        self.assert_whole()
        waits = [line for line in log if line["level"] == "warn"]
        self.assertEqual({line["code"] for line in waits}, {"SLU-3135"})

    # covers: U4, P19
    def test_the_manifest_is_held_to_it(self):
        text = self.manifest.read_text()
        for wrong, says in ((text.replace("credentials: body", "credentials: header"), "credentials"),
                            (text.replace("        client_id: \"client-${tenant}\"\n", ""), "client_id"),
                            (text.replace("${tenant.secrets.crm}\"\n        scope: read", "plain\"\n        scope: \"${secret:env:ACME_TOKEN}\""), "secret"),
                            (text.replace("/oauth/${tenant.vars.realm}", "/${subject}"), "subject")):
            self.assertNotEqual(wrong, text)
            self.manifest.write_text(wrong)
            done = self.sluice("check", self.manifest)
            self.assertEqual(done.returncode, 78, done.stderr + done.stdout)
            self.assertIn(says, done.stderr + done.stdout)


class TokensOfPostgres(Tokens):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main(verbosity=2)
