"""Figures that the store counts itself, over HTTP: what became of rows, runs over time; and the advice that health shows."""
import collections
import unittest

import harness
import hosted
import http_metrics_test
import route_test

OUTCOMES = ("inserted", "updated", "unchanged", "deleted", "deferred", "rejected")


class Figures(http_metrics_test.Seen):
    def rows_of(self, host):
        """By domain and outcome: what a scrape says."""
        seen = self.exposed(host)
        return {(d, o): seen['sluice_rows_total{pipeline="e2e",domain="%s",outcome="%s"}' % (d, o)]
                for d in ("credits", "entities", "roles") for o in OUTCOMES}

    def rows_that_runs_say(self, host, *runs):
        out = collections.Counter()
        for run in runs:
            for stage in self.ask(host, "GET", "/api/sync/runs/" + run).json["stages"]:
                for counts in stage["streams"].values():
                    out.update({(stage["stage"].split(".")[0], o): counts[o] for o in OUTCOMES})
        return out

    def until_counted(self, host, runs):
        name = 'sluice_runs_total{pipeline="e2e",backend="direct",state="succeeded"}'
        self.until(lambda: self.exposed(host)[name] == runs)

    # covers: P18
    def test_what_became_of_rows_is_counted_by_domain(self):
        one, other = self.hosts()
        self.assertEqual(set(self.rows_of(one).values()), {0}, "each series is there before its first row")
        runs = [self.run_once(one, "succeeded")]
        self.until_counted(other, 1)
        self.assertEqual(self.rows_of(other), self.rows_that_runs_say(one, *runs))
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 5, "create": 7, "delete": 0})
        runs.append(self.run_once(other, "succeeded"))
        self.until_counted(one, 2)
        counted = self.rows_of(one)
        self.assertEqual(counted, self.rows_that_runs_say(one, *runs))
        for outcome in ("inserted", "updated", "unchanged"):
            self.assertGreater(sum(n for (_, o), n in counted.items() if o == outcome), 0, outcome)
        for host in {one, other}:
            host.stop()

    def over_time(self, host, query="", **headers):
        answer = self.ask(host, "GET", "/api/sync/metrics?window=30d&parts=3" + query, **headers)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json["over_time"], answer.json

    # covers: P18, P20
    def test_runs_over_time_are_counted_in_all_and_in_parts(self):
        host, other = self.hosts()
        for _ in range(2):
            self.run_once(host, "succeeded")
        self.upstream.faults(http_metrics_test.AWAY)
        self.run_once(host, "failed")
        found, whole = self.over_time(other)
        ends = ("succeeded", "partial", "failed", "cancelled")
        self.assertEqual([found["all"][e] for e in ends], [2, 0, 1, 0])
        self.assertEqual([[p[e] for e in ends] for p in found["parts"]], [[0] * 4, [0] * 4, [2, 0, 1, 0]], "all of them just now")
        starts = [p["from"] for p in found["parts"]]
        self.assertEqual((starts[0], starts), (whole["from"], sorted(set(starts))))
        self.assertLess(starts[-1], whole["to"])
        for name in ("essential_ms", "duration_ms"):
            took = found["all"][name]
            self.assertEqual((took["count"], took), (3, found["parts"][-1][name]))
            self.assertEqual([took[p] for p in ("p50", "p95", "p99")], [whole["total"][name][p] for p in ("p50", "p95", "p99")])
            self.assertIsNone(found["parts"][0][name])
        self.assertEqual(self.over_time(host, "&tenant=acme&pipeline=e2e&backend=direct")[0]["all"], found["all"])
        self.assertEqual(self.over_time(host, "&backend=temporal")[0]["all"]["succeeded"], 0)
        self.assertNotIn("over_time", self.figures(host), "nobody asked")
        for wrong in ("0", "101", "x"):
            self.assert_problem(self.ask(host, "GET", "/api/sync/metrics?parts=" + wrong), 400, "SLU-7110")
        token = self.make_token(self.manifest.with_name("host.yaml"), "--tenant", "beta", "--scope", "run:read")["token"]
        ask = lambda path: self.ask(host, "GET", path, Authorization="Bearer " + token)
        self.until(lambda: ask("/api/sync/metrics").status != 401)
        self.assertEqual(self.over_time(host, Authorization="Bearer " + token)[0]["all"]["succeeded"], 0, "those of others are not its business")
        for host in {host, other}:
            host.stop()


class FiguresSqlite(Figures, harness.Case):
    def hosts(self):
        host = self.host()
        return host, host


class FiguresPostgres(Figures, harness.Case):
    store_type = harness.Postgres

    def hosts(self):
        return self.host(), self.host()


class Advised(route_test.Moved, hosted.Hosted, harness.Case):
    upstream_args = ("--tenants", "acme:300,globex:20", "--seed", "7")

    def advice(self, host):
        return self.ask(host, "GET", "/api/sync/health").json["advice"]

    # covers: P18
    def test_health_names_who_should_move_and_the_line_that_does_it(self):
        self.rules('      enabled: false\n      when: [ "tenant.users > 100" ]')
        for tenant in ("acme", "globex"):
            done = self.sluice("run", self.manifest, "--tenant", tenant)
            self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        host = self.host()
        moves = [{"pipeline": "e2e", "backend": "durable", "rule": 1, "tenants": ["acme"], "line": 'only: "acme"'}]
        self.assertEqual(self.advice(host), moves)
        self.assertEqual(self.ask(host, "GET", "/api/sync/health").json["status"], "healthy", "it is no trouble")
        host.stop()
        self.rules("      " + moves[0]["line"])
        again = self.host()
        self.assertEqual(self.advice(again), [], "the line is there")
        again.stop()


class AdvisedPostgres(Advised):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main(verbosity=2)
