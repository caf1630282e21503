"""What the tests of an upstream's faults share: what the user is told, that nothing is lost, and that the run goes on.

Each case plays against a store of its own. Under the fault a run says exactly one error, with its place; once the
fault is gone the next run (or the same, where the fault clears by itself) holds what the upstream has.
"""
import json
import pathlib
import re
import tempfile
import urllib.request

import harness

TIMES = """
    timeouts: {{ connect: {connect}, first_byte: {first_byte}, total: {total} }}
    min_speed: {{ rate: 1KiB/s, over: {over} }}
    max_page: 4MiB
    retry: {{ attempts: 3, base: 2ms, cap: 10ms }}
"""
DOMAINS = """
  entities:
    uses: entities
    reads:
      users:
        from: crm
        request:
          path: "/v1/tenants/${tenant}/users"
          query: { include_deleted: "true" }
          page: PAGE
      organizations:
        from: crm
        request: { path: "/v1/tenants/${tenant}/organizations", page: { style: cursor, next: /next, size: { limit: 1 } } }
      groups: { from: crm }
  credits: { uses: credits, reads: { credits: { from: crm } } }
"""
PHASES = """
  essential: { deadline: 30s, fresh_for: 0s, sync: [ { entities: { deletes: sweep } }, credits ] }
"""
CURSOR = "{ style: cursor, next: /next, param: cursor, size: { limit: 20 } }"
COUNTED = "{ style: offset, total: /total, size: { limit: 20 }, parallel: 1 }"
RANGES = COUNTED.replace(", parallel: 1", "")  # read at the same time
USERS = {"path": "*/users"}


def users(**match):
    return {**USERS, **match}


class Faults(harness.Case):
    upstream_args = ("--tenants", "acme:120", "--seed", "7")

    @classmethod
    def setUpClass(cls):
        cls.upstream = harness.Upstream(*cls.upstream_args)

    @classmethod
    def tearDownClass(cls):
        cls.upstream.stop()

    def setUp(self):
        self.fresh()

    def fresh(self, page=CURSOR, total="20s", over="10s", first_byte="10s", connect="5s"):
        """A store and a manifest of its own."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = self.store_type(folder.name)
        self.addCleanup(self.store.stop)
        self.manifest = pathlib.Path(folder.name) / "e2e.yaml"
        times = TIMES.format(total=total, over=over, first_byte=first_byte, connect=connect)
        self.write_manifest(DOMAINS.replace("PAGE", page), PHASES, harness.AUTH + times)
        self.upstream.faults()
        self.upstream.ask("/control/served/clear", {})

    def run_now(self, exit_code, **environment):
        """A run; its receipt and what was logged."""
        done = self.sluice("run", self.manifest, "--tenant", "acme", **environment)
        good = exit_code if isinstance(exit_code, tuple) else (exit_code,)
        self.assertIn(done.returncode, good, done.stderr[-4000:] + done.stdout[-2000:])
        receipt = json.loads(done.stdout)
        self.check_account(receipt)
        return receipt, [json.loads(line) for line in done.stderr.splitlines()]

    def assert_holds(self):
        expected = self.upstream.streams("acme")
        for stream in ("entities", "entity_credits"):
            want = {k: expected[stream][k] for k in ("count", "digest")}
            self.assertEqual(harness.digest(self.store.rows(stream)), want, stream)

    def told(self, receipt, log, code, says, stage, page):
        """Exactly one error at the end, with its place."""
        failed = {s["stage"]: s["error"] for s in receipt["stages"] if s["state"] == "failed"}
        self.assertEqual({s: e["code"] for s, e in failed.items()}, {stage: code}, failed)
        message = failed[stage]["message"]
        place = f"stage `{stage}`, page " + (f"{page}: " if page else "")
        for text in (place, *says):
            self.assertIn(text, message)
        at_the_end = [line for line in log if line["level"] == "error"]
        self.assertEqual([line["code"] for line in at_the_end], [code], at_the_end)
        self.assert_whole_line(at_the_end[0], receipt, stage, page, message)
        return message

    def assert_whole_line(self, line, receipt, stage, page, message):
        """Of what went wrong the log says all that there is to know, in one line."""
        known = {"event": "stage.failed", "stage": stage, "tenant": "acme", "run_id": receipt["run_id"], "correlation_id": receipt["correlation_id"]}
        self.assertEqual({k: line.get(k) for k in known}, known)
        self.assertEqual(line["msg"], message)
        self.assertTrue(line["next"], "what to do")
        if page:
            self.assertEqual(line["page"], page)
        if tries := re.search(r"given up after (\d+) tries", message):
            self.assertEqual(line["attempt"], int(tries[1]))
        if status := re.search(r": ([345]\d\d)\b", message):
            self.assertEqual(line["upstream_status"], int(status[1]))

    def refused(self, code, *says, faults, stage="entities.users", page=1, tries=1, environment=None):
        """A fault that stays: one clear error; when it is gone the next run is complete. page 0: whichever."""
        with self.subTest(code=code, faults=str(faults)[:100]):
            self.upstream.faults(*faults)
            receipt, log = self.run_now(1, **(environment or {}))
            message = self.told(receipt, log, code, says, stage, page)
            given_up = f"(given up after {tries} tries in a row)"
            self.assertEqual(given_up in message, tries > 1, message)
            self.assertEqual(sum(c["swept"] for c in receipt["streams"].values()), 0)
            self.healed()
            return message

    def healed(self):
        self.upstream.faults()
        receipt, _ = self.run_now(0)
        self.assertEqual(receipt["state"], "succeeded")
        self.assert_holds()

    def passes(self, *faults, twice=()):
        """A fault that clears: the run goes on by itself, and reads no committed page twice but those named."""
        with self.subTest(faults=str(faults)[:100]):
            self.upstream.faults(*faults)
            receipt, log = self.run_now(0)
            self.assertEqual(receipt["state"], "succeeded")
            self.assertEqual([line for line in log if line["level"] == "error"], [])
            self.assert_holds()
            good = [(r["list"], r["from"]) for r in self.upstream.served() if r["status"] == 200 and not r["fault"]]
            again = {place for place in good if good.count(place) > 1}
            self.assertLessEqual(again, set(twice))
            return receipt, log

    def rejects(self, *fault_and_reasons):
        """Records that can't be kept: told one by one, and the rest is there."""
        fault, *reasons = fault_and_reasons
        with self.subTest(fault=str(fault)[:100]):
            self.upstream.faults(fault)
            receipt, _ = self.run_now(3)
            self.assertEqual(receipt["state"], "partial")
            shown = self.reasons()
            self.assertEqual(len(shown), len(reasons), shown)
            for reason in reasons:
                self.assertEqual(len([r for r in shown if reason in r]), 1, (reason, shown))
            return receipt

    def reasons(self):
        """Of the rejects of the newest run: field and reason."""
        shown = self.sluice("rejects", "list", "--pipeline", self.manifest, "--tenant", "acme", "--limit", "1000").stdout
        return [f"{r['field']}: {r['reason']}" for r in json.loads(shown)]

    def listed(self, name):
        """What the upstream has now, as it stands there."""
        asked = urllib.request.Request(f"{self.upstream.url}/v1/tenants/acme/{name}?limit=1000",
                                       headers={"Authorization": "Bearer token-acme"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)["data"]
