"""Sign-ins: the run of one subject beside that of its tenant; what it reads, what it removes, how long it is waited for."""
import json
import subprocess
import unittest

import harness

USER, OTHER = "u-000017", "u-000018"
PHASES = """
  essential:
    deadline: %s
    fresh_for: %s
    sync: [ { entities: { scope: subject } }, { credits: { scope: subject } }, { roles: { scope: subject } } ]
  background: { fresh_for: 0s, sync: [ entities, credits, roles ] }
"""
# Where a stream's rows name the user, by the columns of harness.STREAMS.
OWNER = {"entities": (0, 1), "memberships": (2, 3), "entity_credits": (1, 2), "role_assignments": (0, 1)}


class Base(harness.Case):
    def setUp(self):
        super().setUp()
        self.write_manifest(phases=PHASES % ("10s", "0s"))

    def sign_in(self, *args, subject=USER, exit_codes=(0,)):
        done = self.sluice("run", self.manifest, "--tenant", "acme", "--subject", subject, *args)
        self.assertIn(done.returncode, exit_codes, done.stderr[-4000:] + done.stdout[-3000:])
        self.said = [json.loads(line) for line in done.stderr.splitlines()]
        return json.loads(done.stdout)

    def served(self):
        out = [r["target"] for r in self.upstream.served() if r["target"].startswith("/v1")]
        self.upstream.ask("/control/served/clear", {})
        return out

    def strip(self, user):
        body = {"tenant": "acme", "percent": 0, "create": 0, "delete": 0, "strip": user}
        return json.loads(self.upstream.ask("/control/advance", body))["deleted"]

    def rows_of(self, user):
        return {stream: sorted(row for row in self.store.rows(stream) if (row[kind], row[id]) == ("user", user))
                for stream, (kind, id) in OWNER.items()}

    def assert_holds_what_the_upstream_has_of(self, user):
        state = json.loads(self.upstream.ask("/control/state?tenant=acme&subject=" + user))["tenants"]["acme"]["streams"]
        held = {stream: harness.digest(rows) for stream, rows in self.rows_of(user).items()}
        self.assertEqual(held, {s: {k: state[s][k] for k in ("count", "digest")} for s in OWNER})

    def swept(self, receipt):
        return {s: c["swept"] for s, c in receipt["streams"].items() if c["swept"] > 0}


class SignIns:
    # covers: P6, P9
    def test_a_sign_in_reads_the_subject_and_the_rest_of_its_tenant(self):
        both = self.sign_in(exit_codes=(0, 3))  # what the subject belongs to may come a little later
        self.assertEqual(both["subject"]["scope"], "subject:" + USER)
        self.assertEqual(both["tenant"]["scope"], "tenant")
        self.assertEqual(both["subject"]["correlation_id"], both["tenant"]["correlation_id"])
        stages = {s["stage"] for s in both["subject"]["stages"]}
        self.assertEqual(stages, {"entities.users", "entities.groups", "entities.memberships", "credits.credits",
                                  "roles.roles", "roles.assignments"})
        self.assertEqual({s["phase"] for s in both["tenant"]["stages"]}, {"background"})
        self.assert_holds_what_the_upstream_has()
        targets = self.served()
        self.assertEqual(sum("/users/" + USER in t for t in targets), 6)
        again = self.sign_in()
        self.assertEqual(self.written(again["subject"]) + self.written(again["tenant"]), 0)

    # covers: P6
    def test_what_was_taken_from_the_subject_is_gone_at_its_next_sign_in_and_others_rows_stay(self):
        self.sign_in(exit_codes=(0, 3))
        self.strip(USER)
        self.strip(OTHER)
        others = {user: self.rows_of(user) for user in (OTHER, "u-000019")}
        self.served()
        both = self.sign_in("--phase", "essential")
        self.assertIsNone(both.get("tenant"))
        self.assertEqual(self.swept(both["subject"]), {"memberships": 1, "entity_credits": 1, "role_assignments": 1})
        self.assert_holds_what_the_upstream_has_of(USER)
        self.assertTrue(all("/users/" + USER in t for t in self.served()))
        self.assertEqual({user: self.rows_of(user) for user in others}, others)
        self.sign_in("--phase", "essential", subject=OTHER)
        self.assert_holds_what_the_upstream_has_of(OTHER)
        self.assert_holds_what_the_upstream_has()

    # covers: P6
    def test_an_empty_answer_is_believed_and_a_failed_one_is_not(self):
        self.sign_in(exit_codes=(0, 3))
        before = self.rows_of(USER)
        self.upstream.faults({"match": {"path": "*/users/*/assignments"}, "do": "status", "status": 403})
        both = self.sign_in("--phase", "essential", exit_codes=(1,))
        self.assertEqual(both["subject"]["state"], "failed")
        self.assertEqual(self.rows_of(USER), before)
        self.upstream.faults({"match": {"path": "*/users/*/assignments"}, "do": "empty_list"})
        both = self.sign_in("--phase", "essential")
        self.assertEqual(self.swept(both["subject"]), {"role_assignments": len(before["role_assignments"])})
        self.assertEqual(self.rows_of(USER)["role_assignments"], [])

    def test_fresh_data_are_not_read_again_for_the_same_subject_alone(self):
        self.write_manifest(phases=PHASES % ("10s", "1h"))
        self.sign_in("--phase", "essential", exit_codes=(0, 3))
        self.served()
        self.assertEqual(self.sign_in("--phase", "essential")["subject"]["stages"], [])
        self.assertEqual(self.served(), [])
        self.sign_in("--phase", "essential", subject=OTHER, exit_codes=(0, 3))
        self.assertTrue(all("/users/" + OTHER in t for t in self.served()))

    def test_what_is_fresh_and_waited_for_by_nobody_begins_no_run(self):
        fresh = (PHASES % ("10s", "0s")).replace("background: { fresh_for: 0s", "background: { fresh_for: 1h")
        self.write_manifest(phases=fresh)
        self.assertIn("tenant", self.sign_in(exit_codes=(0, 3)))
        self.served()
        again = self.sign_in()
        self.assertNotIn("tenant", again)
        self.assertTrue(again["subject"]["stages"], "the subject's own is read")
        self.assertTrue(all("/users/" + USER in t for t in self.served()))
        runs = json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)
        self.assertEqual(sorted(r["scope"] for r in runs), ["subject:" + USER] * 2 + ["tenant"])

    def test_a_missed_deadline_is_told_and_the_work_goes_on(self):
        self.write_manifest(phases=PHASES % ("100ms", "0s"))
        self.upstream.faults({"match": {"path": "*/users/*"}, "do": "delay", "ms": 400})
        both = self.sign_in("--phase", "essential", exit_codes=(0, 3))
        self.assertTrue(both["subject"]["essential"]["deadline_missed"])
        self.assertEqual([line["code"] for line in self.said if line.get("code") == "SLU-6042"], ["SLU-6042"])
        shown = self.sluice("runs", "show", both["subject"]["run_id"], "--pipeline", self.manifest)
        self.assertTrue(json.loads(shown.stdout)["essential"]["deadline_missed"])

    # covers: P13
    def test_who_waits_is_answered_in_time_and_the_work_goes_on(self):
        self.upstream.faults({"match": {"path": "*/users/*/credits"}, "do": "delay", "ms": 3000, "nth": 1})
        both = self.sign_in("--wait", "500ms", exit_codes=(75,))
        self.assertEqual([line["code"] for line in self.said if line.get("code") == "SLU-7020"], ["SLU-7020"])
        essential = both["subject"]["essential"]
        self.assertFalse(essential["over"])
        credits = [s for s in essential["stages"] if s["stage"] == "credits.credits"]
        self.assertEqual([s["read_at"] for s in credits], [None])
        self.assertIn(credits[0]["state"], ("pending", "running"))
        self.wait_until_ended(both["subject"]["run_id"])
        self.wait_until_ended(both["tenant"]["run_id"])
        self.assert_holds_what_the_upstream_has()

    def test_who_waits_is_answered_as_soon_as_what_is_essential_is_there(self):
        self.upstream.faults({"match": {"path": "*/acme/credits"}, "do": "delay", "ms": 2000, "nth": 1})
        # Partial where the subject's run has ended by now: its group comes with the tenant's run.
        both = self.sign_in("--wait", "20s", exit_codes=(0, 3))
        self.assertTrue(both["subject"]["essential"]["over"])
        self.assertIn(both["tenant"]["state"], ("queued", "running"))
        self.assertTrue(all(s["state"] == "complete" for s in both["subject"]["essential"]["stages"]))
        self.wait_until_ended(both["tenant"]["run_id"])
        self.assert_holds_what_the_upstream_has()

    def wait_until_ended(self, run):
        for _ in range(400):  # each look takes a process
            shown = self.sluice("runs", "show", run, "--pipeline", self.manifest)
            receipt = json.loads(shown.stdout)
            if receipt["state"] not in ("queued", "running"):
                self.assertIn(receipt["state"], ("succeeded", "partial"), shown.stdout)
                return
        self.fail("run %s does not end" % run)


class OfSqlite(SignIns, Base):
    def test_an_id_is_one_segment_of_the_path_whatever_it_holds(self):
        self.sign_in("--phase", "essential", subject="a/../ü %\n\"", exit_codes=(1,))
        self.assertIn("/v1/tenants/acme/users/a%2F..%2F%C3%BC%20%25%0A%22", self.served())
        text = subprocess.run([harness.SLUICE, "--plugins", harness.PLUGINS, "runs", "list", "--pipeline", self.manifest],
                              capture_output=True, text=True, env=self.environment())
        self.assertEqual(len(text.stdout.splitlines()), 1, text.stdout)
        self.assertIn(r"subject:a/../ü %\x0a", text.stdout)

    def refused(self, code, subject=USER, *args):
        done = self.sluice("run", self.manifest, "--tenant", "acme", "--subject", subject, *args)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], code)

    def test_what_can_not_be_a_sign_in_is_refused_before_there_is_a_store(self):
        self.refused("SLU-6041", "x" * 257)
        self.refused("SLU-6041", "")
        self.refused("SLU-7021", USER, "--wait", "soon")
        self.refused("SLU-6040", USER, "--phase", "background")
        self.assertFalse(self.store.path.exists())


class OfPostgres(SignIns, Base):
    store_type = harness.Postgres

    # covers: P6, P9
    def test_beside_an_open_run_of_the_tenant_the_subject_has_the_last_word(self):
        self.write_manifest(phases=PHASES % ("2s", "0s"))
        self.sign_in(exit_codes=(0, 3))
        self.upstream.faults({"match": {"path": "*/acme/credits"}, "do": "delay", "ms": 600_000})
        process = harness.start(self, 5)  # has read what the subject is about to lose, and can't end
        self.strip(USER)
        both = self.sign_in("--wait", "30s", exit_codes=(75,))  # what is essential of the tenant is not over
        self.wait_until_ended(both["subject"]["run_id"])
        self.assertIn(both["tenant"]["state"], ("queued", "running"))
        self.assert_holds_what_the_upstream_has_of(USER)
        process.terminate()
        process.wait()
        self.upstream.faults()
        self.sign_in()
        self.assert_holds_what_the_upstream_has()


if __name__ == "__main__":
    unittest.main()
