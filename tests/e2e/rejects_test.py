"""Refused records come again: through the mapping of today, whatever their format, never over what is newer."""
import json
import unittest

import harness


def users(created_at):
    """A read of the users alone, with one column mapped as a test likes."""
    return """
  entities:
    uses: entities
    reads:
      users:
        from: crm
        request: { path: "/v1/tenants/${tenant}/users", page: { style: cursor, next: /next, param: cursor, size: { limit: 100 } } }
        records: /data
        rejects: { max: 100%% }
        into: [ { stream: entities, map: { kind: { const: user }, external_id: /id, name: /name, created_at: %s } } ]
""" % created_at


ONE_ENTRY = "  essential: { deadline: 20s, fresh_for: 0s, sync: [ entities ] }\n"
BAD, GOOD = "{ at: /name, as: rfc3339 }", "{ at: /created_at, as: rfc3339 }"


class Asking:
    def ask(self, *args, exit_code=0):
        done = self.sluice(*args)
        self.assertEqual(done.returncode, exit_code, done.stderr[-3000:] + done.stdout[-3000:])
        return json.loads(done.stdout)

    def retry(self, *args, exit_code=0):
        return self.ask("rejects", "retry", *args, "--pipeline", self.manifest, exit_code=exit_code)

    def verify(self):
        return self.ask("verify", "--tenant", "acme", "--pipeline", self.manifest)

    def rejects(self):
        return self.ask("rejects", "list", "--all", "--limit", "1000", "--pipeline", self.manifest)


class Rejects(Asking):
    upstream_args = ("--tenants", "acme:60", "--seed", "7")

    def test_rejects_go_when_the_mapping_is_mended(self):
        self.write_manifest(domains=users(BAD), phases=ONE_ENTRY)
        receipt = self.run_sync(exit_code=3)
        refused = self.rejects()
        self.assertEqual(len(refused), receipt["streams"]["entities"]["rejected"])
        self.assertGreater(len(refused), 40)
        still = self.retry("--tenant", "acme", exit_code=3)
        self.assertEqual(still["refused_again"], len(refused))
        self.assertEqual(len(self.rejects()), len(refused), "not doubled")
        self.assertEqual({r["run_id"] for r in self.rejects()}, {still["run"]["run_id"]})

        self.write_manifest(domains=users(GOOD), phases=ONE_ENTRY)
        self.upstream.ask("/control/served/clear", {})
        done = self.retry("--run", still["run"]["run_id"])
        self.assertEqual((done["taken"], done["refused_again"], done["left"]), (len(refused), 0, []))
        self.assertEqual(self.upstream.served(), [], "the upstream is not asked")
        self.check_account(done["run"])
        self.assertEqual(self.rejects(), [])
        self.assertEqual(len(self.store.rows("entities")), len(refused))
        again = self.run_sync()
        self.assertEqual(again["streams"]["entities"]["unchanged"], len(refused), "they are the rows of a sync")
        self.assertEqual(self.verify()["differences"], 0)
        self.assertEqual(self.retry("--tenant", "acme")["rejects"], 0)
        refusal = self.sluice("runs", "retry", done["run"]["run_id"], "--pipeline", self.manifest)
        self.assertEqual((refusal.returncode, json.loads(refusal.stdout)["error"]["code"]), (2, "SLU-6056"))

    def test_a_reject_that_a_later_page_has_overtaken_writes_nothing(self):
        self.write_manifest(domains=users(BAD), phases=ONE_ENTRY)
        self.run_sync(exit_code=3)
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 50, "create": 0, "delete": 0})
        self.write_manifest(domains=users(GOOD), phases=ONE_ENTRY)
        self.run_sync()
        before = sorted(map(str, self.store.rows("entities")))
        done = self.retry("--tenant", "acme")
        self.assertEqual(done["stale"], len(before))
        self.assertEqual(sorted(map(str, self.store.rows("entities"))), before)
        self.assertEqual(self.rejects(), [])

    def test_whose_rejects_must_be_said(self):
        self.run_sync()
        done = self.sluice("rejects", "retry", "--pipeline", self.manifest)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "SLU-7026")
        done = self.sluice("tenants", "erase", "nobody", "--yes", "--pipeline", self.manifest)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "SLU-7025")


FILES = """
sluice: 1
name: e2e
store: {store}
tenants: {{ acme: {{}} }}
sources: {{ exports: {{ uses: files, root: "{root}" }} }}
domains:
  entities:
    uses: entities
    reads:
      users: {{ from: exports, request: {{ path: users.ndjson }}, records: "",
               into: [ {{ stream: entities, map: {{ kind: {{ const: user }}, external_id: /id, name: /name }} }} ] }}
  credits:
    uses: credits
    reads:
      credits: {{ from: exports, request: {{ path: "credits.{ending}" }}, records: "{records}",
                 into: [ {{ stream: entity_credits, map: {{ external_id: /id, entity: {{ kind: {{ const: user }}, external_id: /user }},
                           kind: {{ const: grant }}, amount: {{ at: /amount, as: decimal }}, currency: {currency}, description: /text }} }} ] }}
phases:
  background: {{ fresh_for: 0s, sync: [ entities, credits ] }}
backends: {{ direct: {{ uses: direct }} }}
routing: {{ default: direct }}
"""
CREDITS = [{"id": "c1", "user": "u1", "amount": "12.50", "currency": "EUR", "text": "fine"},
           {"id": "c2", "user": "u2", "amount": "0.10", "currency": "euro", "text": "a, \"b\""}]


class Formats(Asking):
    """Records of every format come again from their rejects."""

    def write(self, ending, currency):
        tenant = self.manifest.parent / "acme"
        tenant.mkdir(exist_ok=True)
        (tenant / "users.ndjson").write_text('{"id":"u1","name":"A"}\n{"id":"u2","name":"B"}\n')
        if ending == "csv":
            lines = ["id,user,amount,currency,text", "c1,u1,12.50,EUR,fine", 'c2,u2,0.10,euro,"a, ""b"""']
            text = "\n".join(lines) + "\n"
        elif ending == "json":
            text = json.dumps({"list": {"items": CREDITS}}, indent=2)
        else:
            text = "\n".join(json.dumps(c) for c in CREDITS) + "\n"
        (tenant / ("credits." + ending)).write_text(text)
        self.manifest.write_text(FILES.format(store=self.store.manifest, root=self.manifest.parent, ending=ending,
                                              records="/list/items" if ending == "json" else "", currency=currency))

    def of(self, ending):
        self.write(ending, "/currency")
        receipt = self.run_sync(exit_code=3)
        self.assertEqual(receipt["streams"]["entity_credits"]["rejected"], 1)
        self.assertEqual(self.rejects()[0]["field"], "currency")
        self.write(ending, "{ const: EUR }")
        done = self.retry("--tenant", "acme")
        self.assertEqual((done["taken"], done["left"]), (1, []))
        self.assertEqual(self.rejects(), [])
        rows = {r[0]: r for r in self.store.rows("entity_credits")}
        self.assertEqual(rows["c2"][2:7], ["u2", "grant", "0.10", None, "EUR"])
        self.assertEqual(rows["c2"][-1], 'a, "b"')
        self.assertEqual(self.verify()["differences"], 0)

    def test_json(self):
        self.of("json")

    def test_ndjson(self):
        self.of("ndjson")

    def test_csv(self):
        self.of("csv")


class RejectsOfSqlite(Rejects, harness.Case):
    pass


class RejectsOfPostgres(Rejects, harness.Case):
    store_type = harness.Postgres


class FormatsOfSqlite(Formats, harness.Case):
    pass


if __name__ == "__main__":
    unittest.main()
