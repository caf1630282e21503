"""What the history advises: who is over a threshold, how two backends compare, what moving has gained, and the line that
does it, which is carried out."""
import json
import unittest

import harness
import hosted
import route_test


class Advise(hosted.Hosted, route_test.Moved, harness.Case):
    upstream_args = ("--tenants", "acme:300,globex:20", "--seed", "7")

    def advise(self, *args):
        done = self.sluice("advise", self.manifest, *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def run_of(self, tenant, *args):
        done = self.sluice("run", self.manifest, "--tenant", tenant, *args)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return json.loads(done.stdout)

    def test_it_names_who_is_over_a_threshold_and_its_line_moves_them(self):
        self.rules('      enabled: false\n      when: [ "tenant.users > 100" ]')
        self.assertEqual(self.sluice("advise", self.manifest).returncode, 1)
        self.run_of("acme")
        self.run_of("globex")
        told = self.advise()
        self.assertEqual([(t["tenant"], t["backend"], [o["condition"] for o in t["over"]]) for t in told["tenants"]],
                         [("acme", "direct", ["tenant.users > 100"])])
        self.assertGreater(told["tenants"][0]["over"][0]["value"], 100)
        self.assertEqual(told["moves"], [{"backend": "durable", "rule": 1, "tenants": ["acme"], "line": 'only: "acme"'}])
        self.assertEqual(told["gained"], [])
        self.rules("      " + told["moves"][0]["line"])
        self.assertEqual((self.run_of("acme")["backend"], self.run_of("globex")["backend"]), ("durable", "direct"))
        moved = self.advise()
        self.assertEqual([(t["tenant"], t["backend"], t["moved"]) for t in moved["tenants"]], [("acme", "durable", True)])
        self.assertEqual(moved["moves"], [])

    def test_who_is_listed_already_stays_in_the_line(self):
        self.rules('      only: "globex"')
        self.run_of("acme")
        self.run_of("globex")
        self.rules('      only: "globex"\n      when: [ "tenant.users > 100" ]')
        self.assertEqual(self.advise()["moves"][0]["line"], 'only: "acme,globex"')

    def test_backends_stand_side_by_side_with_what_moving_has_gained(self):
        self.rules("      only: [ globex ]")
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "status", "status": 503, "times": 1})
        for _ in range(5):
            self.run_of("acme")
            self.run_of("acme", "--backend", "durable")
        told = self.advise()
        sides = {b["backend"]: b for b in told["backends"]}
        self.assertEqual({name: (b["runs"], b["success_rate"]) for name, b in sides.items()},
                         {"direct": (5, 1), "durable": (5, 1)})
        for side in sides.values():
            self.assertEqual(side["essential_ms"]["count"], 5)
            self.assertLessEqual(side["duration_ms"]["p50"], side["duration_ms"]["p95"])
        self.assertEqual(sum(b["retries"] for b in sides.values()), 1)
        self.assertEqual(sum(b["requests"] for b in sides.values()), len(self.upstream.served()))
        gained = told["gained"][0]
        self.assertEqual((gained["from"], gained["to"]), ("direct", "durable"))
        acme = gained["tenants"][0]
        self.assertEqual((acme["tenant"], acme["runs"]), ("acme", {"before": 5, "after": 5}))
        self.assertEqual(acme["success_rate"], {"before": 1, "after": 1})
        self.assertEqual(self.advise("--tenant", "globex")["backends"], [])

    def test_people_and_the_api_are_told_the_same(self):
        self.when("tenant.users > 100")
        self.run_of("acme")
        command = [c for c in self.command("advise", self.manifest) if c != "--json"]
        done = harness.subprocess.run(command, capture_output=True, text=True, env=self.environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tenant.users ", done.stdout)
        self.assertRegex(done.stdout, r"\n  direct +1 +100% ")
        host = self.host()
        over = self.ask(host, "GET", "/api/sync/advice").json["advice"][0]["tenants"]
        self.assertEqual(over, self.advise()["tenants"])
        self.assertEqual([o["condition"] for o in over[0]["over"]], ["tenant.users > 100"])
        self.assertEqual(self.ask(host, "GET", "/api/sync/advice?tenant=globex").json["advice"][0]["tenants"], [])
        self.assert_problem(self.ask(host, "GET", "/api/sync/advice?days=0"), 400, "SLU-7110")
        host.stop()


class AdvisePostgres(Advise):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main()
