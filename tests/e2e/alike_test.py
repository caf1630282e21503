"""Two reads, of two domains, that ask for the same: asked once, and each takes its own from the answer."""
import unittest

import harness

DOMAINS = """
  entities: {{ uses: entities, reads: {{ users: {{ from: crm, request: {users} }}, organizations: {{ from: crm }},
    groups: {{ from: crm }}, memberships: {{ from: crm }} }} }}
  credits: {{ uses: credits, reads: {{ of_users: {{ from: crm, request: {users}, records: /data,
    into: [ {{ stream: entity_credits, map: {{ external_id: {{ concat: [ "of/", /id ] }},
      entity: {{ kind: {{ const: user }}, external_id: /id }}, kind: {{ const: balance }}, amount: {{ const: "7" }},
      unit: {{ const: seat }} }} }} ] }} }} }}
"""
PATH = 'path: "/v1/tenants/${tenant}/users"'
CURSOR = "{ %s, page: { style: cursor, next: /next, param: cursor, size: { limit: 20 } } }" % PATH
NUMBERED = "{ %s, page: { style: pages, total: /total, size: { limit: 20 } } }" % PATH
PHASES = """
  essential: { deadline: 10s, fresh_for: 0s, sync: [ entities, credits ] }
"""


class Alike(harness.Case):
    upstream_args = ("--tenants", "acme:300", "--seed", "7", "--latency", "5ms")

    def sync_of(self, users):
        self.write_manifest(domains=DOMAINS.format(users=users), phases=PHASES)
        return self.run_sync()

    def asked(self):
        """How often each page of users was asked for, with the answers that were good."""
        out = {}
        for r in self.upstream.served():
            if r["list"] == "users":
                out.setdefault(r["target"], []).append(r["status"])
        return out

    def assert_both_hold(self, receipt):
        self.assertEqual(receipt["state"], "succeeded")
        users = {row[1] for row in self.store.rows("entities") if row[0] == "user"}
        self.assertEqual(len(users), 255)
        self.assertEqual({row[2] for row in self.store.rows("entity_credits")}, users)
        pages = {s["stage"]: s["pages"] for s in receipt["stages"]}
        self.assertEqual(pages["entities.users"], pages["credits.of_users"])

    def test_each_page_is_asked_for_once(self):
        for users in (CURSOR, NUMBERED):
            with self.subTest(users=users):
                self.assert_both_hold(self.sync_of(users))
                asked = self.asked()
                self.assertEqual(len(asked), 13)
                self.assertEqual(set(map(tuple, asked.values())), {(200,)}, asked)
                self.upstream.ask("/control/served/clear", {})

    def test_an_answer_that_is_no_good_is_asked_for_again(self):
        self.upstream.faults({"match": {"path": "*/users", "nth": 3}, "do": "truncate"},
                             {"match": {"path": "*/users", "nth": 6}, "do": "status", "status": 503},
                             {"match": {"path": "*/users", "nth": 9}, "do": "reset"})
        self.assert_both_hold(self.sync_of(CURSOR))
        for target, answers in self.asked().items():
            self.assertEqual(answers[-1], 200, target)
            self.assertLessEqual(len(answers), 2, target)

    def test_a_second_sync_asks_anew(self):
        self.sync_of(CURSOR)
        first = len(self.upstream.served())
        self.assertEqual(self.written(self.run_sync()), 0)
        self.assertEqual(len(self.upstream.served()), 2 * first)


class AlikeIntoPostgres(Alike):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main()
