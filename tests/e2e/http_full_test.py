"""A host that has all it can take: who is let in, who is sent away, with which words, and that it gets well by itself."""
import http.client
import select
import subprocess
import unittest

import harness
import hosted
import http_metrics_test
import http_test

TENANTS = ("acme", "beta")


class Full(hosted.Hosted, harness.Case):
    upstream_args = ("--tenants", ",".join(t + ":60" for t in TENANTS), "--seed", "7")

    def environment(self, **more):
        return super().environment(BETA_TOKEN="token-beta", **more)

    def setUp(self):
        super().setUp()
        self.write_manifest(phases=http_test.SUBJECT_ONLY)
        known = '  acme: { secrets: { crm: "${secret:env:ACME_TOKEN}" } }\n'
        text = self.manifest.read_text()
        self.assertIn(known, text)
        self.manifest.write_text(text.replace(known, known + known.replace("acme", "beta").replace("ACME", "BETA")))
        self.upstream.faults(http_test.ENDLESS)  # what has begun stays

    def limited(self, **limits):
        # The upstream's fault makes its source sick: that has tests of its own.
        limits = {"sick_share": "100%", "tenant_share": "100%", "queue_wait": "forever", **limits}
        config = self.listen()
        config.write_text(config.read_text() + "limits: { %s }\n" % ", ".join("%s: %s" % l for l in limits.items()))
        return self.host(config=config)

    def user(self, n, host, tenant="acme", **more):
        return self.sign_in(host, tenant, body={"subject": "u-%06d" % n}, **more)

    def figures(self, host):
        return http_metrics_test.samples(self.ask(host, "GET", "/metrics").text)

    # covers: P16, P17
    def test_more_than_fits_is_told_when_to_come_back(self):
        host = self.limited(active_runs=2, queued_runs=4)
        let_in = [self.user(n, host) for n in range(1, 6)]  # one is under way beside the tenant's run, four wait
        self.assertEqual([a.status for a in let_in], [202] * 5, let_in[-1].text)
        self.assertEqual(len({a.json["tenant"]["run_id"] for a in let_in}), 1)
        refused = [self.user(n, host) for n in range(10, 50)]
        for answer in refused:
            problem = self.assert_problem(answer, 503, "SLU-6060")
            self.assertTrue(problem["retryable"])
        self.assertGreater(len({a.headers["retry-after"] for a in refused}), 1, "they would all come back at once")
        # Who joins what is there already is no more to do.
        for n, before in enumerate(let_in, 1):
            again = self.user(n, host)
            self.assertEqual((again.status, again.json["subject"]["run_id"]), (202, before.json["subject"]["run_id"]), again.text)
        seen = self.figures(host)
        self.assertEqual(seen['sluice_host_refused_total{code="SLU-6060"}'], len(refused))
        self.assertEqual(seen['sluice_host_refused_total{code="SLU-6067"}'], 0)
        self.assertEqual(seen['sluice_host_runs{state="queued"}'], 4)
        self.upstream.ask("/control/faults", [])
        for answer in let_in:
            host.wait_for(msg="run ended", run_id=answer.json["subject"]["run_id"])
        self.assertEqual(self.user(10, host, wait=60).status, 200)
        after = self.figures(host)
        self.assertGreater(after["sluice_host_queue_seconds_total"], 0)
        self.assertGreaterEqual(after["sluice_host_runs_begun_total"], 7)
        host.stop()

    # covers: P11, P17
    def test_what_nobody_waits_for_is_put_off_and_the_sign_in_is_not(self):
        host = self.limited(active_runs=1, queued_runs=2)
        first = self.user(1, host)
        self.assertEqual((first.status, set(first.json)), (202, {"essential_over", "subject", "tenant"}), first.text)
        second = self.user(1, host, "beta")
        self.assertEqual((second.status, set(second.json)), (202, {"essential_over", "subject", "put_off"}), second.text)
        self.assertEqual(second.json["put_off"]["code"], "SLU-6060")
        self.assertGreaterEqual(second.json["put_off"]["retry_after"], 1)
        self.upstream.ask("/control/faults", [])
        host.wait_for(msg="run ended", run_id=first.json["tenant"]["run_id"])
        host.wait_for(msg="run ended", run_id=second.json["subject"]["run_id"])
        self.assertIn("tenant", self.user(1, host, "beta", wait=60).json)
        host.stop()

    # covers: P12, P17
    def test_a_tenant_that_begins_too_much_is_told_so_and_others_are_not(self):
        host = self.limited(tenant_starts="1/h", tenant_at_once=3)
        self.assertEqual([self.user(n, host).status for n in (1, 2)], [202, 202])  # three runs, with the tenant's
        refused = self.user(3, host)
        self.assert_problem(refused, 429, "SLU-6067")
        self.assertGreaterEqual(int(refused.headers["retry-after"]), 600)
        self.assertEqual(self.user(1, host).status, 202, "who joins begins nothing")
        self.assertEqual(self.user(3, host, "beta").status, 202)
        self.assertEqual(self.figures(host)['sluice_host_refused_total{code="SLU-6067"}'], 1)
        host.stop()

    # covers: P12
    def test_one_tenant_does_not_fill_the_queue(self):
        host = self.limited(active_runs=1, queued_runs=4, tenant_share="50%")
        let_in = [self.user(n, host) for n in (1, 2)]  # one at work; in the queue the second, and the tenant's run
        self.assertEqual([a.status for a in let_in], [202, 202], let_in[-1].text)
        self.assert_problem(self.user(3, host), 429, "SLU-6066")
        self.assertEqual(self.user(3, host, "beta").status, 202)
        host.stop()


class Busy(hosted.Hosted, harness.Case):
    """A store that does not answer: nobody waits for a turn that does not come."""
    store_type = harness.Postgres

    def hold_store(self):
        """What asks for a run, or begins one, waits until this process has its input closed."""
        held = subprocess.Popen(["psql", "-XAtq", self.store.dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(held.wait)
        self.addCleanup(held.stdout.close)
        self.addCleanup(held.stdin.close)
        held.stdin.write("BEGIN; LOCK TABLE sluice.runs IN ACCESS EXCLUSIVE MODE;\n\\! echo held\n")
        held.stdin.flush()
        self.assertEqual(held.stdout.readline(), "held\n")
        return held.stdin

    def begin(self, n, host):
        """A sign-in that has been sent; what is left to do is to read the answer."""
        connection = http.client.HTTPConnection(host.address, timeout=120)
        self.addCleanup(connection.close)
        connection.request("POST", "/api/sync/tenants/acme/runs", '{"subject": "u-%06d"}' % n,
                           {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        return connection

    # covers: P17
    def test_who_would_wait_too_long_for_the_store_is_told_at_once(self):
        self.write_manifest(phases=http_test.SUBJECT_ONLY)
        config = self.listen()
        config.write_text(config.read_text() + "limits: { queue_wait: 2s, sick_share: 100%, tenant_share: 100% }\n")
        host = self.host(config=config)
        first = self.sign_in(host, wait=60, body={"subject": "u-000001"})
        host.wait_for(msg="run ended", run_id=first.json["tenant"]["run_id"])
        store = self.hold_store()
        sent, told = [], []
        while not told and len(sent) < 300:
            sent.append(self.begin(2 + len(sent), host))
            told = select.select([c.sock for c in sent], [], [], 0.2)[0]
        self.assertTrue(told, "everybody is let wait for a store that does not answer")
        refused = [c for c in sent if c.sock in told]
        for connection in refused:
            problem = self.assert_problem(hosted.Answer(connection.getresponse()), 503, "SLU-7105")
            self.assertIn("would take about", problem["detail"])
        self.assertGreaterEqual(len(sent) - len(refused), 5, "as many as there are threads, and one that waits")
        store.close()
        for connection in sent:
            if connection in refused:
                continue
            answer = hosted.Answer(connection.getresponse())
            self.assertIn(answer.status, (200, 202), answer.text)
        self.assertEqual(self.sign_in(host, wait=60, body={"subject": "u-000001"}).status, 200, "it is well again by itself")
        host.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
