"""Lists whose pages are asked for by number: read in ranges at the same time."""
import json
import unittest

import harness

BY_NUMBER = """
  entities: { uses: entities, reads: { users: { from: crm, request: { path: "/v1/tenants/${tenant}/users",
    page: { style: pages, total: /total, size: { limit: 20 } } } }, organizations: { from: crm }, groups: { from: crm }, memberships: { from: crm } } }
  credits: { uses: credits, critical: true, reads: { credits: { from: crm, request: { path: "/v1/tenants/${tenant}/credits",
    page: { style: offset, total: /total, size: { limit: 25 } } } } } }
  roles: { uses: roles, reads: { roles: { from: crm }, role_parts: { from: crm }, assignments: { from: crm } } }
"""


class Numbered(harness.Case):
    upstream_args = ("--tenants", "acme:1000", "--seed", "7", "--latency", "10ms")

    def setUp(self):
        super().setUp()
        self.write_manifest(domains=BY_NUMBER)

    def asked(self, name):
        return [r for r in self.upstream.served() if r["list"] == name]

    def test_every_page_is_asked_for_once(self):
        self.assertEqual(self.run_sync()["state"], "succeeded")
        self.assert_holds_what_the_upstream_has()
        users = self.asked("users")
        self.assertEqual(len({r["target"] for r in users}), len(users))
        self.assertEqual(len(users), 43)  # 850 users
        # Out of their order: several ranges were under way.
        self.assertNotEqual([r["from"] for r in users], sorted(r["from"] for r in users))
        self.assertEqual(self.written(self.run_sync()), 0)

    # covers: P3
    def test_a_killed_run_goes_on_in_every_range(self):
        process = harness.start(self, 3)
        process.kill()
        process.communicate(timeout=120)
        open_run = json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)[0]
        shown = json.loads(self.sluice("runs", "show", "--pipeline", self.manifest, open_run["run_id"]).stdout)
        first_new = len(self.upstream.served())
        receipt = self.run_sync()
        self.assertEqual((receipt["run_id"], receipt["state"]), (open_run["run_id"], "succeeded"))
        pages = lambda r: sum(s["pages"] for s in r["stages"])
        self.assertEqual(len(self.upstream.served()) - first_new, pages(receipt) - pages(shown))
        self.assert_holds_what_the_upstream_has()


if __name__ == "__main__":
    unittest.main()
