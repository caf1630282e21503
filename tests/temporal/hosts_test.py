"""Many who ask at once, at several hosts: one run, and one workflow."""
import unittest

import cluster
import hosted


class Hosts(hosted.Hosted, cluster.Case):
    store_type = cluster.harness.Postgres

    # covers: T11, P10
    def test_fifty_starts_at_once_at_two_hosts_share_one_workflow(self):
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        hosts = [self.host(config=self.listen(name)) for name in ("one.yaml", "other.yaml")]
        answers = self.all_at_once(*[lambda n=n: self.sign_in(hosts[n % 2]) for n in range(50)])
        self.assertEqual({a.status for a in answers}, {202}, answers)
        ids = {a.json["tenant"]["run_id"] for a in answers}
        self.assertEqual(len(ids), 1)
        self.upstream.faults()
        run_id = ids.pop()
        self.until(lambda: self.server.workflows(run_id))  # it may be yet to begin
        self.assertEqual(self.server.closed(run_id), "COMPLETED")
        self.assertEqual(len(self.server.workflows(run_id)), 1)
        self.assertEqual([(r["run_id"], r["state"]) for r in self.runs()], [(run_id, "succeeded")])
        self.assert_holds_what_the_upstream_has()

    # covers: T11, P10
    def test_many_starts_at_once_share_one_workflow(self):
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        first = self.begin()
        run_id = first.run_id()
        others = [self.begin() for _ in range(5)]
        for other in others:
            other.wait_for(lambda l: l.get("run_id") == run_id)
        self.upstream.faults()
        receipts = [run.receipt() for run in [first, *others]]
        self.assertEqual({r.get("run_id", str(r)) for r in receipts}, {run_id})
        self.assert_holds_what_the_upstream_has()


if __name__ == "__main__":
    cluster.need()
    unittest.main()
