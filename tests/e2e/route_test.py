"""Which of two backends takes a tenant's runs: by the manifest's rules, by what the store says of the tenant, and by what
it said a day ago. Both are of one plugin here: what they do is no concern of the routing."""
import json
import unittest

import harness

BACKENDS = """
backends: { direct: { uses: direct }, durable: { uses: direct } }
routing:
  default: direct
  rules:
    - backend: durable
%s
"""
LEGACY = """
      enabled: "${env:USE_DURABLE:-false}"
      only: "${env:DURABLE_TENANTS:-}"
"""


class Moved:
    """Mixed into a harness.Case."""

    def rules(self, text):
        self.write_manifest()
        kept = [l for l in self.manifest.read_text().splitlines() if not l.startswith(("backends:", "routing:"))]
        self.manifest.write_text("\n".join(kept).replace(
            "tenants:\n", "tenants:\n  globex: { secrets: { crm: \"${secret:env:GLOBEX_TOKEN}\" } }\n") + BACKENDS % text)

    def environment(self, **more):
        return super().environment(GLOBEX_TOKEN="token-globex", **more)

    def when(self, *conditions):
        self.rules("      when: [ %s ]" % ", ".join('"%s"' % c for c in conditions))


class Route(Moved, harness.Case):
    upstream_args = ("--tenants", "acme:300,globex:20", "--seed", "7")

    def route(self, tenant="acme", **environment):
        done = self.sluice("route", self.manifest, "--tenant", tenant, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def backend_of(self, tenant, **environment):
        return self.route(tenant, **environment)["backend"]

    def test_the_words_that_always_switched_it(self):
        self.rules(LEGACY)
        self.assertEqual(self.backend_of("acme"), "direct")
        self.assertEqual(self.backend_of("acme", USE_DURABLE="false", DURABLE_TENANTS="acme"), "direct", "false: never")
        listed = {"USE_DURABLE": "true", "DURABLE_TENANTS": "globex, initech"}
        self.assertEqual((self.backend_of("globex", **listed), self.backend_of("acme", **listed)), ("durable", "direct"))
        self.assertEqual(self.backend_of("acme", USE_DURABLE="true"), "durable", "without list and conditions: all")
        self.rules(LEGACY + '      when: [ "tenant.users > 1000000" ]')
        self.assertEqual(self.backend_of("acme", USE_DURABLE="true"), "direct", "without a list the conditions decide")
        self.assertEqual(self.backend_of("globex", **listed), "durable", "with one they are not asked")

    def test_a_tenant_that_has_grown_is_moved_and_the_run_says_why(self):
        self.when("tenant.users > 100")
        self.assertFalse(self.store.exists())
        self.assertEqual(self.backend_of("acme"), "direct", "nothing is known of it yet, and looking makes nothing")
        self.assertFalse(self.store.exists())
        self.assertEqual(self.run_sync()["backend"], "direct")
        users = self.route()["rules"][0]["conditions"][0]["value"]
        self.assertGreater(users, 100)
        receipt = self.run_sync()
        self.assertEqual((receipt["backend"], receipt["route_reason"]), ("durable", "rule 1: tenant.users %d > 100" % users))
        self.assertEqual(receipt["state"], "succeeded")
        shown = json.loads(self.sluice("runs", "show", receipt["run_id"], "--pipeline", self.manifest).stdout)
        self.assertEqual(shown["route_reason"], receipt["route_reason"])
        self.assertEqual(self.backend_of("globex"), "direct", "of another tenant's rows nothing is counted")

    def test_it_stays_for_a_day_and_until_it_is_well_below(self):
        self.when("tenant.users > 100")
        self.run_sync()
        self.assertEqual(self.run_sync()["backend"], "durable")
        self.when("tenant.users > 100000")
        receipt = self.run_sync()
        self.assertEqual(receipt["backend"], "durable")
        self.assertIn("was over", receipt["route_reason"])
        asked = json.loads(self.sluice("run", self.manifest, "--tenant", "acme", "--backend", "direct").stdout)
        self.assertEqual((asked["backend"], self.backend_of("acme")), ("direct", "durable"), "a wish is no decision")
        self.store.break_it("UPDATE %s SET plan = replace(plan, '\"over_us\":1', '\"over_us\":0.1')" % self.store.machinery("runs"))
        self.assertEqual(self.run_sync()["backend"], "direct", "the day is over")

    def test_what_its_runs_were_like(self):
        self.when("tenant.average_duration > 1ms", "tenant.failure_rate > 50%", "tenant.runs_per_day > 6")
        self.assertEqual([self.run_sync()["backend"] for _ in range(5)], ["direct"] * 5, "a few runs prove nothing")
        receipt = self.run_sync()
        self.assertEqual(receipt["backend"], "durable")
        self.assertRegex(receipt["route_reason"], r"^rule 1: tenant.average_duration [0-9.]+m?s > 1ms$")
        duration, failures, runs = self.route()["rules"][0]["conditions"]
        self.assertEqual(duration["of"], "last 5 runs on direct")
        self.assertEqual((failures["value"], runs["value"], runs["holds"]), (0, 6, False))
        self.run_sync()
        self.assertEqual([c["holds"] for c in self.route()["rules"][0]["conditions"]], [True, False, True])

    def test_failures_move_it(self):
        self.when("tenant.failure_rate > 50%")
        self.run_sync()
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "status", "status": 400})
        for _ in range(4):
            self.run_sync(exit_code=1)
        self.upstream.faults()
        receipt = self.run_sync()
        self.assertEqual((receipt["backend"], receipt["route_reason"]), ("durable", "rule 1: tenant.failure_rate 80% > 50%"))

    def test_it_is_told_to_people(self):
        self.when("tenant.users > 100")
        self.run_sync()
        command = [c for c in self.command("route", self.manifest, "--tenant", "acme") if c != "--json"]
        done = harness.subprocess.run(command, capture_output=True, text=True, env=self.environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("runs of acme go to durable: rule 1: tenant.users "), done.stdout)
        self.assertIn("default: direct", done.stdout)
        unknown = self.sluice("route", self.manifest, "--tenant", "nobody")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("SLU-6028", unknown.stdout)


class RoutePostgres(Route):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main()
