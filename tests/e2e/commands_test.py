"""The commands that look twice: plan, verify, runs watch and retry, rejects retry."""
import json
import subprocess
import unittest

import harness

SWEEP = "  essential: { deadline: 20s, fresh_for: 0s, sync: [ { entities: { deletes: sweep } }, { credits: { deletes: sweep } }, { roles: { deletes: sweep } } ] }\n"


SUBJECT = """
  essential: { deadline: 20s, fresh_for: 0s, sync: [ { entities: { scope: subject } }, { credits: { scope: subject } }, { roles: { scope: subject } } ] }
"""


class Commands:
    upstream_args = ("--tenants", "acme:60", "--seed", "7")

    def ask(self, *args, exit_code=0):
        done = self.sluice(*args)
        self.assertEqual(done.returncode, exit_code, done.stderr[-3000:] + done.stdout[-3000:])
        return json.loads(done.stdout)

    def verify(self, *more, exit_code=0):
        return self.ask("verify", "--tenant", "acme", "--pipeline", self.manifest, *more, exit_code=exit_code)

    def plan(self, *more, exit_code=0):
        return self.ask("plan", self.manifest, "--tenant", "acme", *more, exit_code=exit_code)

    def counts(self, receipt, stream):
        return receipt["streams"][stream]

    # covers: P26
    def test_verify_finds_nothing_in_a_good_store_and_names_what_is_broken(self):
        run = self.run_sync()["run_id"]
        good = self.verify()
        self.assertEqual(good["differences"], 0, good)
        self.assertEqual(sum(s["rows"] for s in good["streams"]), sum(len(self.store.rows(s)) for s in harness.STREAMS))
        self.assertEqual(good["runs"], 1)

        self.store.break_it("UPDATE entities SET name = 'Mallory' WHERE external_id = 'u-000017'")
        self.store.break_it("UPDATE entity_credits SET amount = '77.70' WHERE external_id = 'c-000003'")
        self.store.break_it("UPDATE memberships SET member_id = 999999999 WHERE external_id = "
                            "(SELECT min(external_id) FROM memberships)")
        self.store.break_it("UPDATE role_assignments SET role_id = NULL WHERE external_id = "
                            "(SELECT min(external_id) FROM role_assignments)")
        self.store.break_it("UPDATE %s SET row_hash = %s WHERE external_id = "
                            "(SELECT min(external_id) FROM roles)" % ("roles", self.store.other_hash))
        self.store.break_it("UPDATE %s SET inserted = inserted + 1 WHERE stage = 'entities.users' AND page_seq = 0"
                            % self.store.machinery("ledger"))
        self.store.break_it("UPDATE %s SET page_seq = page_seq + 5 WHERE stage = 'roles.roles'"
                            % self.store.machinery("items"))
        found = self.verify(exit_code=1)
        named = {(d["kind"], d.get("stream"), d.get("column")) for d in found["first"]}
        self.assertLessEqual({("value", "entities", "row_hash"), ("value", "entity_credits", "row_hash"),
                              ("reference", "memberships", "member_id"), ("reference", "role_assignments", "role_id"),
                              ("value", "roles", "row_hash"), ("ledger", None, None)}, named)
        self.assertIn("user/u-000017", {d.get("key") for d in found["first"]})
        ledger = " ".join(d["what"] for d in found["first"] if d["kind"] == "ledger")
        self.assertIn("entities.users", ledger)
        self.assertIn("roles.roles", ledger)
        self.assertEqual({d["run_id"] for d in found["first"] if d["kind"] == "ledger"}, {run})
        self.assertEqual(len(self.verify("--limit", "2", exit_code=1)["first"]), 2)

    def test_verify_wants_a_tenant_that_is_known(self):
        self.run_sync()
        done = self.sluice("verify", "--tenant", "acmee", "--pipeline", self.manifest)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "SLU-7025")

    # covers: P26
    def test_verify_against_the_upstream_writes_nothing_and_names_what_differs(self):
        self.run_sync()
        before = self.store.digest()
        self.assertEqual(self.verify("--against-upstream")["differences"], 0)
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 5, "create": 2, "delete": 2})
        found = self.verify("--against-upstream", "--limit", "1000", exit_code=1)
        self.assertEqual({d["kind"] for d in found["first"]}, {"missing", "extra", "different"})
        self.assertEqual(found["not_compared"], [])
        changed = [d for d in found["first"] if d["kind"] == "different"]
        self.assertTrue(all(d["column"] for d in changed), changed)
        self.assertEqual(self.store.digest(), before)

    def test_a_plan_says_what_the_run_then_does_and_writes_nothing(self):
        self.write_manifest(phases=SWEEP)
        empty = self.plan()
        self.assertFalse(self.store.exists(), "a plan makes no store")
        first = self.run_sync()
        for stream in harness.STREAMS:
            self.assertEqual(self.written_of(empty, stream), self.written_of(first, stream), stream)
        before = self.store.digest()
        self.assertEqual(self.plan("--detailed-exitcode")["changes"], 0)
        gone = json.loads(self.upstream.ask("/control/advance",
                                            {"tenant": "acme", "percent": 5, "create": 2, "delete": 2}))["deleted"]
        plan = self.plan("--detailed-exitcode", "--limit", "3", exit_code=10)
        self.assertEqual(self.store.digest(), before, "a plan writes nothing")
        run = self.run_sync()
        for stream in harness.STREAMS:
            self.assertEqual(self.written_of(plan, stream), self.written_of(run, stream), stream)
        self.assertEqual(sum(c["swept"] for c in plan["streams"].values()), gone)
        rows = plan["rows"]["entities"]
        self.assertEqual(len(rows["inserted"]), 2)
        self.assertEqual(len(rows["deleted"]), 2)
        self.assertTrue(all(r["changes"] for r in rows["updated"]), rows)
        self.assert_holds_what_the_upstream_has()

    def test_a_plan_knows_what_would_be_suspect_or_held(self):
        self.write_manifest(phases=SWEEP)
        self.run_sync()
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "empty_list"})
        self.assertEqual(self.plan()["state"], "partial")
        self.upstream.faults()
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 0, "create": 0, "delete": 40})
        self.assertEqual(self.plan()["state"], "held")

    def test_a_plan_of_one_subject_shows_what_a_sign_in_would_take_away(self):
        self.write_manifest(phases=SUBJECT)
        self.run_sync()
        before = self.store.digest()
        self.assertEqual(self.plan("--subject", "u-000017", "--detailed-exitcode")["changes"], 0)
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 0, "create": 0, "delete": 0,
                                               "strip": "u-000017"})
        self.upstream.ask("/control/served/clear", {})
        plan = self.plan("--subject", "u-000017", "--detailed-exitcode", exit_code=10)
        self.assertTrue(all("u-000017" in r["target"] for r in self.upstream.served()), self.upstream.served())
        self.assertGreater(plan["streams"]["role_assignments"]["swept"], 0)
        self.assertEqual(plan["scope"], "subject:u-000017")
        self.assertEqual(self.store.digest(), before)

    def written_of(self, receipt, stream):
        counts = receipt["streams"].get(stream, {})
        resolved = counts.get("resolved", {})
        return {"inserted": counts.get("inserted", 0) + resolved.get("inserted", 0),
                "updated": counts.get("updated", 0) + resolved.get("updated", 0),
                **{k: counts.get(k, 0) for k in ("deleted", "swept", "unchanged", "rejected")}}

    def test_a_plan_that_could_not_read_is_1(self):
        self.run_sync()
        self.upstream.faults({"match": {"path": "*/users"}, "do": "status", "status": 403})
        self.assertEqual(self.plan(exit_code=1)["state"], "failed")

    def test_watch_follows_a_run_of_another_process_to_its_end(self):
        process = harness.start_endless(self, 3)
        run = self.ask("runs", "list", "--pipeline", self.manifest)[0]["run_id"]
        watch = subprocess.Popen(self.command("runs", "watch", run, "--pipeline", self.manifest), text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment())
        for clean in (watch.stdout.close, watch.stderr.close, watch.wait, watch.kill):
            self.addCleanup(clean)
        lines = []
        for line in watch.stderr:
            lines.append(json.loads(line))
            if lines[-1].get("event") == "progress":
                break
        self.assertTrue(any("is running" in l["msg"] for l in lines), lines)
        harness.interrupt(process)
        process.wait(timeout=180)
        receipt = json.loads(watch.stdout.read())
        self.assertEqual(watch.wait(timeout=180), 130)
        self.assertEqual((receipt["run_id"], receipt["state"]), (run, "cancelled"))
        again = self.sluice("runs", "watch", run, "--pipeline", self.manifest)
        self.assertEqual(again.returncode, 130)

    def test_retry_reads_only_what_was_not_complete(self):
        self.upstream.faults({"match": {"path": "*/roles"}, "do": "status", "status": 403})
        failed = self.run_sync(exit_code=1)
        self.upstream.faults()
        self.upstream.ask("/control/served/clear", {})
        again = self.ask("runs", "retry", failed["run_id"], "--pipeline", self.manifest)
        self.assertEqual(again["state"], "succeeded")
        self.assertEqual(again["retry_of"], failed["run_id"])
        read = {s["stage"] for s in failed["stages"] if s["state"] != "complete"}
        self.assertEqual({s["stage"] for s in again["stages"]}, read)
        self.assertIn("roles.roles", read)
        self.assertFalse(any("/users" in r["target"] for r in self.upstream.served()))
        self.assert_holds_what_the_upstream_has()
        shown = self.ask("runs", "show", again["run_id"], "--pipeline", self.manifest)
        self.assertEqual(shown["retry_of"], failed["run_id"])
        nothing = self.sluice("runs", "retry", again["run_id"], "--pipeline", self.manifest)
        self.assertEqual(nothing.returncode, 2)
        self.assertEqual(json.loads(nothing.stdout)["error"]["code"], "SLU-6052")
        everything = self.ask("runs", "retry", failed["run_id"], "--all", "--pipeline", self.manifest)
        self.assertEqual(len(everything["stages"]), len(failed["stages"]))


class OfSqlite(Commands, harness.Case):
    pass


class OfPostgres(Commands, harness.Case):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main()
