"""A tenant of the simulated upstream, through real plugins, into each store."""
import json
import subprocess
import unittest

import harness

LATER_ENTITIES = """
  essential: { deadline: 10s, fresh_for: 0s, sync: [ roles, credits ] }
  background: { fresh_for: 0s, sync: [ entities ] }
"""


class IntoSqlite(harness.Case):
    # covers: P1, P5, P7
    def test_holds_exactly_what_the_upstream_has_and_then_writes_nothing(self):
        first = self.run_sync()
        self.assertEqual(first["state"], "succeeded")
        self.assert_holds_what_the_upstream_has()
        again = self.run_sync()
        self.assertEqual(again["state"], "succeeded")
        self.assertEqual(self.written(again), 0)
        self.assertGreater(sum(c["unchanged"] for c in again["streams"].values()), 1000)

    def test_takes_what_changed_and_no_more(self):
        self.run_sync()
        change = json.loads(self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 5, "create": 4, "delete": 0}))
        self.assertGreater(change["updated"], 0)
        receipt = self.run_sync()
        self.assertGreater(self.written(receipt), 0)
        # A reference counts where its row changes, so what is written may be less than what was touched.
        self.assertLessEqual(self.written(receipt), change["updated"] + change["created"])
        self.assert_holds_what_the_upstream_has()

    def test_an_assignment_that_arrives_before_its_entity_is_resolved_when_the_entity_comes(self):
        self.write_manifest(phases=LATER_ENTITIES)
        receipt = self.run_sync()
        self.assertEqual(receipt["state"], "succeeded")
        assignments = receipt["streams"]["role_assignments"]
        self.assertGreater(assignments["deferred"], 0)
        self.assertEqual(assignments["resolved"]["inserted"], assignments["deferred"])
        self.assert_holds_what_the_upstream_has()

    # covers: P1
    def test_a_credit_that_is_read_and_not_stored_can_not_end_green(self):
        self.write_manifest(domains=harness.DOMAINS, phases="  essential: { deadline: 10s, fresh_for: 0s, sync: [ credits ] }")
        receipt = self.run_sync(exit_code=3)
        self.assertEqual(receipt["state"], "partial")
        credits = receipt["streams"]["entity_credits"]
        self.assertEqual(credits["inserted"], 0)
        self.assertEqual(credits["deferred"], credits["rows"])
        waiting = json.loads(self.sluice("deferred", "list", "--pipeline", self.manifest, "--tenant", "acme",
                                         "--limit", "100000").stdout)
        self.assertEqual(len(waiting), credits["deferred"])

    # covers: P14, U2, U7
    def test_goes_on_through_an_upstream_that_fails(self):
        self.upstream.faults({"match": {"path": "*/users", "nth": 2}, "do": "status", "status": 503},
                             {"match": {"path": "*/credits", "nth": 1}, "do": "truncate", "at": 512},
                             {"match": {"path": "*/roles", "nth": 1}, "do": "reset"})
        self.assertEqual(self.run_sync()["state"], "succeeded")
        self.assert_holds_what_the_upstream_has()

    # covers: U3, P18
    def test_a_stage_that_can_not_be_read_fails_the_run_and_keeps_the_rest(self):
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "status", "status": 500})
        receipt = self.run_sync(exit_code=1)
        self.assertEqual(receipt["state"], "failed")
        failed = [s for s in receipt["stages"] if s["state"] == "failed"]
        self.assertEqual([s["stage"] for s in failed], ["credits.credits"])
        self.assertIn("500", failed[0]["error"]["message"])
        self.assertGreater(receipt["streams"]["entities"]["inserted"], 0)

    # covers: U4, P18, P22
    def test_wrong_credentials_are_said_once_and_clearly(self):
        done = self.sluice("run", self.manifest, "--tenant", "acme", ACME_TOKEN="a-wrong-secret")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("a-wrong-secret", done.stdout + done.stderr)
        errors = {s["error"]["code"] for s in json.loads(done.stdout)["stages"] if "error" in s}
        self.assertEqual(len(errors), 1, errors)
        self.assertIn("401", json.loads(done.stdout)["stages"][0]["error"]["message"])

    def test_a_run_is_found_again(self):
        receipt = self.run_sync()
        runs = json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)
        self.assertEqual([r["run_id"] for r in runs], [receipt["run_id"]])
        shown = json.loads(self.sluice("runs", "show", "--pipeline", self.manifest, receipt["run_id"]).stdout)
        self.assertEqual(shown, receipt)

    # covers: P18
    def test_every_log_line_is_json_with_the_correlation_id(self):
        done = self.sluice("--log-level", "info", "run", self.manifest, "--tenant", "acme",
                           "--correlation-id", "sync-acme-1-0badcafe")
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        self.assertGreater(len(lines), 3)
        self.assertEqual({l["correlation_id"] for l in lines}, {"sync-acme-1-0badcafe"})
        self.assertTrue(all(r["correlation_id"] == "sync-acme-1-0badcafe" for r in self.upstream.served()))


class IntoPostgres(harness.Case):
    store_type = harness.Postgres

    # covers: P1, P5, P7
    def test_holds_exactly_what_the_upstream_has_and_then_writes_nothing(self):
        self.assertEqual(self.run_sync()["state"], "succeeded")
        self.assert_holds_what_the_upstream_has()
        versions = "SELECT md5(string_agg(id || ' ' || xmin || ' ' || xmax, ',' ORDER BY id)) AS v FROM %s"
        before = {s: self.store.query(versions % s) for s in harness.STREAMS}
        again = self.run_sync()
        self.assertEqual(self.written(again), 0)
        self.assertEqual({s: self.store.query(versions % s) for s in harness.STREAMS}, before)

    def test_takes_what_changed(self):
        self.run_sync()
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 5, "create": 4, "delete": 0})
        self.run_sync()
        self.assert_holds_what_the_upstream_has()

    def test_an_assignment_that_arrives_before_its_entity_is_resolved_when_the_entity_comes(self):
        self.write_manifest(phases=LATER_ENTITIES)
        receipt = self.run_sync()
        self.assertEqual(receipt["state"], "succeeded")
        self.assertGreater(receipt["streams"]["role_assignments"]["resolved"]["inserted"], 0)
        self.assert_holds_what_the_upstream_has()


class Commands(harness.Case):
    # covers: M1, P19
    def test_a_wrong_manifest_exits_with_78_and_all_its_errors(self):
        self.manifest.write_text(self.manifest.read_text().replace("phases:", "phase:").replace("retry:", "retri:"))
        done = subprocess.run([harness.SLUICE, "--plugins", harness.PLUGINS, "check", self.manifest],
                              capture_output=True, text=True, env=self.environment())
        self.assertEqual(done.returncode, 78)
        self.assertIn("did you mean `phases`", done.stdout)
        self.assertIn("did you mean `retry`", done.stdout)

    # covers: P18
    def test_an_unknown_tenant_is_named_with_those_there_are(self):
        done = self.sluice("run", self.manifest, "--tenant", "acne")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown tenant `acne`", done.stderr)
        self.assertIn("`acme`", done.stderr)

    def test_the_schema_knows_the_installed_plugins(self):
        schema = self.sluice("schema").stdout
        self.assertEqual(json.loads(schema)["$schema"], "https://json-schema.org/draft/2020-12/schema")
        for word in ("entity_credits", "role_assignments", "base_url"):
            self.assertIn(word, schema)

    # covers: P23
    def test_doctor_finds_all_plugins_healthy_and_a_lock_pins_them(self):
        done = self.sluice("plugins", "doctor")
        self.assertEqual(done.returncode, 0, done.stdout)
        lock = self.manifest.parent / "sluice.lock"
        self.assertEqual(self.sluice("plugins", "lock", "--output", lock).returncode, 0)
        config = self.manifest.parent / "host.yaml"
        config.write_text("plugins: [ %s ]\nlock: %s\n" % (harness.PLUGINS, lock))
        self.assertEqual(self.sluice("--config", config, "run", self.manifest, "--tenant", "acme").returncode, 0)
        lock.write_text("".join(l.replace(l.split()[2], "0" * 64) + "\n" if l.startswith("http ") else l + "\n"
                                for l in lock.read_text().splitlines()))
        refused = self.sluice("--config", config, "run", self.manifest, "--tenant", "acme")
        self.assertEqual(refused.returncode, 78)
        self.assertIn("http", refused.stderr)

    def test_migrate_says_when_there_is_nothing_to_do(self):
        made = json.loads(self.sluice("migrate", self.manifest).stdout)
        self.assertEqual(made["from"], 0)
        again = json.loads(self.sluice("migrate", self.manifest).stdout)
        self.assertEqual(again["from"], again["to"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
