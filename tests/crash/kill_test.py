"""kill -9 at random moments of a large sync: nothing lost, nothing twice, no committed page read again.

Full tier: 200,000 records and 100 kills a store; quick tier: 20,000 records and 10 kills.
"""
import json
import subprocess
import time
import unittest

import lib
from lib import Life

ENTITIES, KILLS = (38_500, 100) if lib.FULL else (3_850, 10)
PAGE = 100 if lib.FULL else 50
# What may be under way when a host dies: one page an item that is being read, and the pages of one open batch.
IN_FLIGHT, BATCH_ROWS, ITEMS = 16, 20_000, 8
# How the upstream's lists are called among the stages.
LISTS = {"users": "users", "organizations": "organizations", "groups": "groups", "memberships": "memberships",
         "credits": "credits", "roles": "roles", "role_parts": "role-parts", "assignments": "assignments"}


class Kills(lib.Case):
    upstream_args = ("--tenants", "acme:%d" % ENTITIES, "--seed", "7", "--max-limit", str(PAGE), "--latency", "5ms")

    def committed(self, store):
        """Stage to pages that are committed, of the open run."""
        if not store.streams():
            return {}
        return dict(store.query("SELECT i.stage, CAST(sum(i.page_seq) AS INTEGER) AS n FROM %s i JOIN %s r "
                                "ON r.run_id = i.run_id WHERE r.state IN ('queued', 'running') GROUP BY i.stage"
                                % (store.items, store.runs)))

    def served(self):
        out = [r for r in self.upstream.served() if r["status"] == 200]
        self.upstream.ask("/control/served/clear", {})
        return out

    def check_what_was_read(self, before, after, served):
        """P3, of one life: nothing that was committed before it; what it read and didn't commit was in flight."""
        lost = 0
        for stage, name in LISTS.items():
            key = next((s for s in (*before, *after) if s.endswith("." + stage)), None)
            start = before.get(key, 0)
            pages = sorted(r["from"] // PAGE for r in served if r["list"] == name)
            self.assertEqual([p for p in pages if p < start], [], "committed pages of %s were read again" % stage)
            self.assertEqual(len(pages), len(set(pages)), "pages of %s were read twice in one life" % stage)
            lost += len([p for p in pages if p >= after.get(key, 0)])
        self.assertLessEqual(lost, IN_FLIGHT + ITEMS + BATCH_ROWS // PAGE)
        return lost

    def pages_to_wait_for(self, kills_left, pages_left):
        return self.random.randint(0, max(1, pages_left // (2 * kills_left + 2)))

    # covers: H2, P1, P2, P3, P4
    def test_each_kill_loses_no_more_than_what_was_in_flight(self):
        store = self.new_store()
        all_pages = self.pages_of_a_sync()
        before, lost, kills = {}, 0, 0
        while kills < KILLS:
            life = Life(self, store)
            wait = self.pages_to_wait_for(KILLS - kills, all_pages - sum(before.values()))
            self.assertTrue(life.wait_for_pages(wait), "it ended too soon: " + "".join(life.kept[-3:]))
            # The fault itself: some moment between two commits.
            time.sleep(self.random.uniform(0, 0.02))
            life.kill()
            self.assertEqual(life.process.returncode, -9)
            kills += 1
            store.settle()
            self.assert_atomic(store)
            after = self.committed(store)
            lost += self.check_what_was_read(before, after, self.served())
            before = after
        receipt = self.sync_to_the_end(store)
        self.check_what_was_read(before, {s["stage"]: s["pages"] for s in receipt["stages"]}, self.served())
        records = sum(s["records"]["read"] for s in receipt["stages"])
        self.assertEqual(sum(s["pages"] for s in receipt["stages"]), all_pages)
        print("%s: %d kills in %d records (%d pages); %d pages read again, %.1f a kill (seed %d)" % (
            self.kind.kind, kills, records, all_pages, lost, lost / kills, lib.SEED))

    def pages_of_a_sync(self):
        counts = {name: self.total(path) for name, path in LISTS.items()}
        self.served()
        return sum(-(-count // PAGE) or 1 for count in counts.values())

    def total(self, path):
        import urllib.request
        ask = urllib.request.Request(self.upstream.url + "/v1/tenants/acme/%s?limit=1" % path,
                                     headers={"Authorization": "Bearer token-acme"})
        with urllib.request.urlopen(ask, timeout=60) as answer:
            return json.loads(answer.read())["total"]


class KillsIntoPostgres(Kills):
    kind = lib.Postgres

    # covers: H2, H12, P3, P9, P14
    def test_who_waits_for_the_run_takes_it_over_each_time_its_host_is_killed(self):
        store = self.new_store()
        self.sync_schema(store)
        all_pages = self.pages_of_a_sync()
        leader = Life(self, store)
        self.assertTrue(leader.wait_for(lambda l: l["msg"] == "run started"))
        for kill in range(KILLS):
            # Nothing moves until somebody stands by.
            self.upstream.faults({"match": {}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
            standby = Life(self, store)
            self.assertTrue(standby.wait_for(lambda l: "waiting for its end" in l["msg"]), "".join(standby.kept[-3:]))
            wait = self.pages_to_wait_for(2 * (KILLS - kill), all_pages - sum(self.committed(store).values()))
            self.upstream.faults()
            self.assertTrue(leader.wait_for_pages(wait), "it ended too soon")
            leader.kill()
            self.assertTrue(standby.wait_for(lambda l: l["msg"] == "run taken over"), "".join(standby.kept[-3:]))
            leader = standby
        code, out = leader.finish()
        self.assertEqual(code, 0, "".join(leader.kept[-5:]))
        receipt = json.loads(out)
        self.assertEqual(receipt["state"], "succeeded")
        self.assertEqual(sum(s["pages"] for s in receipt["stages"]), all_pages)
        lib.harness.Case.check_account(self, receipt)
        self.assert_equals_the_upstream(store)
        again = len(self.served()) - all_pages
        self.assertLessEqual(again, KILLS * (IN_FLIGHT + ITEMS + BATCH_ROWS // PAGE))
        print("postgres, two hosts: %d kills, %d pages read again (seed %d)" % (KILLS, again, lib.SEED))

    def sync_schema(self, store):
        done = subprocess.run([lib.harness.SLUICE, "--plugins", lib.harness.PLUGINS, "migrate", self.manifest_for(store)],
                              capture_output=True, text=True, env=self.environment(store), timeout=lib.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
