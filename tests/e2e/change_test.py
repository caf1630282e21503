"""What changes and what vanishes upstream: sweeps and their guard, incremental reads, fresh data."""
import json
import unittest

import harness

ITEMS = "sync: [ { entities: %s }, { credits: %s }, { roles: %s } ]"


def phases(options, fresh_for="0s"):
    return "  essential: { deadline: 10s, fresh_for: %s, %s }\n" % (fresh_for, ITEMS % ((options,) * 3))


SWEEP = phases("{ deletes: sweep }")
INCREMENTAL = phases("{ mode: incremental }")


class Changes:
    def advance(self, **change):
        return json.loads(self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 0, "create": 0, "delete": 0,
                                                                 **change}))

    def requests(self):
        out = [r for r in self.upstream.served() if r["target"].startswith("/v1")]
        self.upstream.ask("/control/served/clear", {})
        return out

    def swept(self, receipt):
        return sum(c["swept"] for c in receipt["streams"].values())

    def test_what_vanished_upstream_is_swept_with_all_that_hangs_on_it(self):
        self.write_manifest(phases=SWEEP)
        self.assertEqual(self.swept(self.run_sync()), 0)
        gone = self.advance(delete=9, percent=2, create=3)["deleted"]
        receipt = self.run_sync()
        self.assertEqual(receipt["state"], "succeeded")
        self.assertEqual(self.swept(receipt), gone)
        self.assert_holds_what_the_upstream_has()
        again = self.run_sync()
        self.assertEqual(self.written(again) + self.swept(again), 0)

    # covers: P6
    def test_too_many_deletes_are_held_until_somebody_approves(self):
        self.write_manifest(phases=SWEEP)
        self.run_sync()
        before = len(self.store.rows("entities"))
        self.advance(delete=200)
        receipt = self.run_sync(exit_code=4)
        self.assertEqual(receipt["state"], "held")
        self.assertEqual(len(self.store.rows("entities")), before)
        done = self.sluice("runs", "approve", receipt["run_id"], "--pipeline", self.manifest)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_holds_what_the_upstream_has()

    # covers: P6, U11
    def test_an_empty_answer_deletes_nothing_at_first(self):
        self.write_manifest(phases=SWEEP)
        self.run_sync()
        before = len(self.store.rows("entity_credits"))
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "empty_list"})
        receipt = self.run_sync(exit_code=3)
        self.assertEqual(receipt["state"], "partial")
        self.assertEqual(self.swept(receipt), 0)
        self.assertEqual(len(self.store.rows("entity_credits")), before)

    # covers: P6
    def test_a_failed_read_deletes_nothing(self):
        self.write_manifest(phases=SWEEP)
        self.run_sync()
        self.advance(delete=5)
        self.upstream.faults({"match": {"path": "*/users", "nth": 1}, "do": "status", "status": 403})
        receipt = self.run_sync(exit_code=1)
        self.assertEqual(receipt["streams"]["entities"]["swept"], 0)

    def test_an_incremental_read_asks_for_what_changed_alone(self):
        self.write_manifest(phases=INCREMENTAL)
        self.run_sync()
        self.assertTrue(all("updated_since" not in r["target"] for r in self.requests()))
        changed = self.advance(percent=3, create=4)
        receipt = self.run_sync()
        self.assert_holds_what_the_upstream_has()
        self.assertGreaterEqual(self.written(receipt), 4)
        read = sum(s["records"]["read"] for s in receipt["stages"])
        self.assertLess(read, 4 * (changed["updated"] + changed["created"]) + 50)
        self.assertTrue(all("updated_since" in r["target"] for r in self.requests()))

    def test_fresh_data_are_not_read_again(self):
        self.write_manifest(phases=phases("{ mode: full }", fresh_for="1h"))
        self.run_sync()
        self.requests()
        receipt = self.run_sync()
        self.assertEqual(receipt["state"], "succeeded")
        self.assertEqual(self.requests(), [])


class OfSqlite(Changes, harness.Case):
    pass


class OfPostgres(Changes, harness.Case):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main()
