"""A backend that takes no runs: none is lost. They wait for it, or another one takes them, as the manifest says."""
import json
import pathlib
import unittest

import harness
import hosted
import logged

TEST_PLUGINS = harness.BINARY / "test_plugins"
BACKENDS = """
backends: { direct: { uses: direct }, far: { uses: moody, folder: "%s" } }
routing: { default: direct, rules: [ { backend: far } ], when_unavailable: { far: %s } }
"""


class Moody(hosted.Hosted):
    """Mixed into a harness.Case: every run goes to a backend that takes none while there is a file `away`."""
    policy = "wait"

    def setUp(self):
        super().setUp()
        self.use(self.policy)

    def use(self, policy, **parts):
        self.write_manifest(**parts)
        kept = [l for l in self.manifest.read_text().splitlines() if not l.startswith(("backends:", "routing:"))]
        self.manifest.write_text("\n".join(kept) + BACKENDS % (self.folder.name, policy))

    def command(self, *args, plugins=harness.PLUGINS):
        return [harness.SLUICE, "--plugins", plugins, "--plugins", TEST_PLUGINS, "--json", *args]

    def mark(self, name, there=True):
        path = pathlib.Path(self.folder.name) / name
        path.touch() if there else path.unlink()


class Outbox(Moody, harness.Case):
    def begin(self):
        run = logged.Logged(self, self.command("run", self.manifest, "--tenant", "acme"), self.environment(),
                            stdout=harness.subprocess.PIPE)
        return run, run.lines_that(lambda l: l.get("msg") in ("run started", "run taken over"), 1, "a run")[0]["run_id"]

    def end(self, run, exit_code=0):
        out = run.process.stdout.read()
        self.assertEqual(run.process.wait(timeout=120), exit_code, "\n".join(map(str, run.lines[-10:])))
        return json.loads(out)

    def show(self, run_id):
        return json.loads(self.sluice("runs", "show", run_id, "--pipeline", self.manifest).stdout)

    def waits(self, run):
        return run.lines_that(lambda l: l.get("event") == "run.waits", 1, "a run that waits")[0]

    # covers: T1, P14
    def test_a_run_waits_says_so_and_begins_when_the_backend_is_back(self):
        self.mark("away")
        run, run_id = self.begin()
        said = self.waits(run)
        self.assertEqual((said["level"], said["code"], said["run_id"]), ("warn", "MOODY-1", run_id))
        self.assertFalse([l for l in run.lines if "moody has heard" in l["msg"]])
        while "waits for `far` since" not in self.show(run_id)["route_reason"]:
            continue  # each look takes its time
        self.mark("away", there=False)
        receipt = self.end(run)
        self.assertEqual((receipt["run_id"], receipt["backend"], receipt["state"]), (run_id, "far", "succeeded"))
        self.assertRegex(receipt["route_reason"], r"^rule 1: the rule takes all tenants; it was waited for \d+s$")
        self.assert_holds_what_the_upstream_has()

    # covers: T1, P14
    def test_one_whose_process_dies_while_it_waits_is_gone_on_with(self):
        self.mark("away")
        run, run_id = self.begin()
        self.waits(run)
        run.process.kill()
        run.process.wait()
        self.mark("away", there=False)
        again, same = self.begin()
        self.assertEqual(same, run_id)
        self.assertEqual(self.end(again)["state"], "succeeded")
        self.assert_holds_what_the_upstream_has()

    def test_one_that_waits_can_be_cancelled(self):
        self.mark("away")
        run, run_id = self.begin()
        self.waits(run)
        harness.interrupt(run.process)
        self.assertEqual(self.end(run, exit_code=130)["state"], "cancelled")
        self.assertEqual(self.show(run_id)["state"], "cancelled")

    # covers: T1, P14
    def test_another_backend_takes_what_this_one_does_not(self):
        self.use("{ use: direct, after: 300ms }")
        self.mark("away")
        run, run_id = self.begin()
        receipt = self.end(run)
        self.assertEqual((receipt["run_id"], receipt["backend"], receipt["state"]), (run_id, "direct", "succeeded"))
        self.assertEqual(receipt["route_reason"],
                         "rule 1: the rule takes all tenants; `far` takes no runs (MOODY-1 moody is away): `when_unavailable`")
        self.assertEqual(self.show(run_id)["backend"], "direct")
        self.assert_holds_what_the_upstream_has()

    # What it had heard of before it went away is not done twice when it comes back.
    # covers: T1, P8, P9
    def test_a_backend_that_comes_back_is_refused_what_was_moved(self):
        self.use("{ use: direct, after: 0s }")
        self.mark("deaf")
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        host = self.host()
        run_id = self.sign_in(host).json["tenant"]["run_id"]
        host.wait_for(msg="moody has heard of run " + run_id)
        self.mark("away")
        host.wait_for(event="run.moved", run_id=run_id)
        host.wait_for(msg="moody is told to cancel run " + run_id)
        self.mark("deaf", there=False)
        self.mark("away", there=False)
        host.lines_that(lambda l: l["msg"].startswith("moody is refused"), 1, "it is refused")
        self.upstream.faults()
        host.wait_for(msg="run ended", state="succeeded", run_id=run_id)
        self.assertEqual(self.show(run_id)["backend"], "direct")
        host.stop()
        self.assert_holds_what_the_upstream_has()

    # covers: T1
    def test_a_host_whose_backend_is_away_stays_ready_and_says_what_is_amiss(self):
        self.mark("away")
        host = self.host()
        started = self.sign_in(host)
        self.assertEqual(started.status, 202, started.text)
        run_id = started.json["tenant"]["run_id"]
        host.wait_for(event="run.waits", run_id=run_id)
        routing = self.ask(host, "GET", "/api/sync/routing?tenant=acme").json["routing"][0]
        self.assertEqual([(b["backend"], b["code"], b["why"]) for b in routing["unavailable"]], [("far", "MOODY-1", "moody is away")])
        ready = self.ask(host, "GET", "/readyz", Authorization=None)
        self.assertEqual((ready.status, ready.json["status"]), (200, "degraded"), ready.text)
        self.assertIn("waits for `far`", self.ask(host, "GET", "/api/sync/runs/" + run_id).json["route_reason"])
        self.mark("away", there=False)
        host.wait_for(msg="run ended", state="succeeded", run_id=run_id)
        self.assertEqual(self.ask(host, "GET", "/readyz", Authorization=None).json["status"], "ready")
        self.assertEqual(self.ask(host, "GET", "/api/sync/routing?tenant=acme").json["routing"][0]["unavailable"], [])
        host.stop()

    def test_a_host_ends_while_runs_wait_and_the_next_one_has_them(self):
        self.mark("away")
        host = self.host()
        run_id = self.sign_in(host).json["tenant"]["run_id"]
        host.wait_for(event="run.waits", run_id=run_id)
        host.stop()
        self.assertEqual([l for l in host.lines if l.get("level") == "error"], [])
        self.mark("away", there=False)
        host = self.host()
        host.wait_for(msg="run ended", state="succeeded", run_id=run_id)
        host.stop()
        self.assert_holds_what_the_upstream_has()


class OutboxPostgres(Outbox):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main()
