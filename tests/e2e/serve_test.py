"""`sluice serve`: tenants synced again, runs taken over, an end that harms nothing, manifests read again."""
import json
import signal
import unittest

import harness
import logged

EVERY = "every: %s\n"


class Host(logged.Logged):
    """A serving process."""

    def __init__(self, case, *manifests, config=None):
        options = ["--config", config] if config else []
        super().__init__(case, case.command(*options, "serve", *manifests), case.environment())

    def find(self, **what):
        return [l for l in self.lines if all(l.get(k) == v for k, v in what.items())]

    def wait_for(self, times=1, **what):
        """Until the log has so many such lines; all of them."""
        return self.lines_that(lambda l: all(l.get(k) == v for k, v in what.items()), times, what)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.case.assertEqual(self.process.wait(timeout=120), 0, self.lines[-5:])
        self.reader.join()


class Serving:
    def serve(self, *manifests, **options):
        host = Host(self, *(manifests or (self.manifest,)), **options)
        host.wait_for(event="serve.started")
        return host

    def write_every(self, every, **more):
        self.write_manifest(**more)
        self.manifest.write_text(self.manifest.read_text() + EVERY % every)

    def runs(self):
        return json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)

    # covers: P13
    def test_a_tenant_that_was_seen_before_is_synced_again(self):
        self.run_sync()
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 5, "create": 7, "delete": 0})
        self.write_every("1s")
        host = self.serve()
        started = host.wait_for(event="every.started")[0]
        self.assertEqual(started["tenant"], "acme")
        host.wait_for(msg="run ended", state="succeeded", run_id=started["run_id"])
        host.wait_for(2, event="every.started")
        host.stop()
        self.assert_holds_what_the_upstream_has()
        created = sorted(r["created_at"] for r in self.runs())
        self.assertGreaterEqual(len(created), 3)

    def test_without_every_nothing_is_begun(self):
        self.run_sync()
        host = self.serve()
        self.manifest.write_text(self.manifest.read_text() + EVERY % "1s")
        host.process.send_signal(signal.SIGHUP)
        host.wait_for(event="serve.reloaded")
        self.assertEqual(host.find(event="every.started"), [], "not before it was told to")
        host.wait_for(event="every.started")
        host.stop()

    # covers: P8, P14, H3
    def test_a_run_whose_process_was_killed_is_taken_over_and_finished(self):
        process = harness.start(self, 2)
        process.kill()
        process.wait()
        left = [r["run_id"] for r in self.runs() if r["state"] == "running"]
        self.assertEqual(len(left), 1)
        host = self.serve()
        self.assertEqual(host.wait_for(msg="run taken over")[0]["run_id"], left[0])
        host.wait_for(msg="run ended", state="succeeded", run_id=left[0])
        host.stop()
        self.assertEqual([r["run_id"] for r in self.runs()], left)
        self.assert_holds_what_the_upstream_has()

    # covers: P15, H1
    def test_an_end_in_the_middle_leaves_the_run_open_for_the_next(self):
        process = harness.start_endless(self, 2)
        process.kill()
        process.wait()
        host = self.serve()
        run = host.wait_for(msg="run taken over")[0]["run_id"]
        host.wait_for(level="warn", run_id=run)  # it waits for the upstream
        host.stop()
        self.assertEqual([(r["run_id"], r["state"]) for r in self.runs()], [(run, "running")])
        self.upstream.ask("/control/faults", [])
        receipt = self.run_sync()
        self.assertEqual((receipt["run_id"], receipt["state"]), (run, "succeeded"))
        self.assert_holds_what_the_upstream_has()

    def test_a_wrong_manifest_is_not_taken(self):
        self.run_sync()
        self.write_every("1s")
        good = self.manifest.read_text()
        host = self.serve()
        self.manifest.write_text(good.replace("phases:", "fases:"))
        host.process.send_signal(signal.SIGHUP)
        stale = host.wait_for(event="serve.stale")[0]
        self.assertEqual(stale["code"], "SLU-6063")
        self.assertTrue(host.find(code="SLU-1002") or [l for l in host.lines if "fases" in l["msg"]], host.lines)
        seen = len(host.find(event="every.started"))
        host.wait_for(seen + 1, event="every.started")  # by what was there before
        self.manifest.write_text(good.replace("every: 1s", "every: 2s"))
        host.process.send_signal(signal.SIGHUP)
        host.wait_for(2, event="serve.reloaded")
        host.wait_for(event="serve.retired")
        seen = len(host.find(event="every.started"))
        host.wait_for(seen + 1, event="every.started")
        host.stop()

    def test_what_cannot_be_served_is_said_at_once(self):
        nothing = self.sluice("serve")
        self.assertEqual((nothing.returncode, json.loads(nothing.stdout)["error"]["code"]), (2, "SLU-7040"))
        twin = self.manifest.with_name("twin.yaml")
        twin.write_text(self.manifest.read_text())
        same = self.sluice("serve", self.manifest, twin)
        self.assertEqual((same.returncode, json.loads(same.stdout)["error"]["code"]), (78, "SLU-6061"))
        twin.write_text(self.manifest.read_text().replace("name: e2e", "name: twin").replace(
            self.store.manifest, "{ uses: sqlite, path: other.db }"))
        other = self.sluice("serve", self.manifest, twin)
        self.assertEqual((other.returncode, json.loads(other.stdout)["error"]["code"]), (78, "SLU-6062"))
        twin.write_text("sluice: 1\nname: twin\n")
        self.assertEqual(self.sluice("serve", self.manifest, twin).returncode, 78)

    def test_retention_by_hand_says_how_many_of_what(self):
        for _ in range(3):
            self.run_sync()
        config = self.manifest.with_name("host.yaml")
        config.write_text("retention: { runs: 1ms, ledger: 1ms, rejects: 1ms, tombstones: 1ms }\n")
        done = self.sluice("--config", config, "retention", "run", "--pipeline", self.manifest)
        self.assertEqual(done.returncode, 0, done.stderr)
        removed = json.loads(done.stdout)
        self.assertEqual(removed["runs"], 2)
        self.assertGreater(removed["pages"], 0)
        self.assertEqual(len(self.runs()), 1)
        self.assert_holds_what_the_upstream_has()
        kept = self.sluice("retention", "run", "--pipeline", self.manifest)
        self.assertEqual(json.loads(kept.stdout), {})


class ServingSqlite(Serving, harness.Case):
    def test_other_writers_are_told_who_has_the_store(self):
        host = self.serve()
        done = self.sluice("run", self.manifest, "--tenant", "acme")
        self.assertEqual(done.returncode, 75)
        self.assertIn(str(host.process.pid), done.stderr)
        self.assertEqual(self.runs(), [], "who only looks is not disturbed")
        host.stop()


TENANTS = ["t%d" % n for n in range(6)]


class ServingPostgres(Serving, harness.Case):
    store_type = harness.Postgres


class TwoHosts(harness.Case):
    store_type = harness.Postgres
    upstream_args = ("--tenants", ",".join(t + ":40" for t in TENANTS), "--seed", "7", "--latency", "2ms")

    def write_manifest(self, **more):
        super().write_manifest(**more)
        known = "".join('  %s: { secrets: { crm: "token-%s" } }\n' % (t, t) for t in TENANTS)
        known = known.replace('"token-', '"${secret:env:TOKEN_').replace('" } }', '}" } }')
        text = self.manifest.read_text()
        begin, end = text.index("  acme:"), text.index("sources:")
        self.manifest.write_text(text[:begin] + known + text[end:] + EVERY % "2s")

    def environment(self, **more):
        return super().environment(**{"TOKEN_" + t: "token-" + t for t in TENANTS}, **more)

    def runs_of(self, tenant):
        return self.store.query("SELECT run_id, state, created_us, ended_us FROM sluice.runs WHERE tenant = '%s' "
                                "ORDER BY created_us" % tenant)

    # covers: P9, P14, H12
    def test_they_share_the_tenants_and_one_finishes_what_the_other_leaves(self):
        for tenant in TENANTS:
            self.assertEqual(self.sluice("run", self.manifest, "--tenant", tenant).returncode, 0)
        hosts = [Host(self, self.manifest), Host(self, self.manifest)]
        for host in hosts:
            host.wait_for(event="serve.started")
            host.wait_for(2, event="every.started")
        # From here on no run comes to its end.
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        first = hosts[0]
        with first.news:
            waits = lambda: {l["run_id"] for l in first.find(level="warn") if "run_id" in l}
            self.assertTrue(first.news.wait_for(waits, timeout=120), first.lines[-20:])
        first.process.kill()
        first.process.wait()
        first.reader.join()
        ended = {l["run_id"] for l in first.find(msg="run ended")}
        left = {l["run_id"] for l in first.lines if l["msg"] in ("run started", "run taken over")} - ended
        # It may have been killed between the end of a run and the line about it.
        left &= {row[0] for row in self.store.query("SELECT run_id FROM sluice.runs WHERE state IN ('queued', 'running')")}
        self.assertTrue(left)
        for run in left:
            hosts[1].wait_for(msg="run taken over", run_id=run)
        self.upstream.ask("/control/faults", [])
        for run in left:
            hosts[1].wait_for(msg="run ended", state="succeeded", run_id=run)
        for tenant in TENANTS:
            # Whose turn had not come when everything stood still.
            if len(self.runs_of(tenant)) < 2:
                hosts[1].wait_for(event="every.started", tenant=tenant)
        hosts[1].stop()
        for tenant in TENANTS:
            runs = self.runs_of(tenant)
            self.assertGreaterEqual(len(runs), 2)
            for before, after in zip(runs, runs[1:]):
                self.assertGreater(before[3], 0, "only the last one may be open")
                self.assertGreaterEqual(after[2] - before[2], 2_000_000, "none while a younger one was there")


if __name__ == "__main__":
    unittest.main(verbosity=2)
