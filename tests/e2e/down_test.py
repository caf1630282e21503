"""A serving host whose source is down for a while."""
import json
import threading
import unittest

import harness
import hosted
from serve_test import EVERY, Host


class Down(harness.Case):
    # covers: U29, U2, P14
    def test_a_source_that_is_down_is_left_alone_and_its_runs_go_on_when_it_is_back(self):
        self.run_sync()
        self.manifest.write_text(self.manifest.read_text() + EVERY % "1s")
        self.upstream.faults({"match": {}, "do": "status", "status": 503})
        host = Host(self, self.manifest)
        run = host.wait_for(event="every.started")[0]["run_id"]
        self.assertEqual(host.wait_for(event="source.down")[0]["code"], "SLU-3135")
        self.upstream.faults()
        host.wait_for(event="source.back")
        host.wait_for(msg="run ended", state="succeeded", run_id=run)
        host.stop()
        self.assertEqual(host.find(code="SLU-6070"), [], "it is said once, and not by each who waits")
        self.assert_holds_what_the_upstream_has()


class DownOfPostgres(Down):
    store_type = harness.Postgres


class DownForOne(hosted.Hosted, harness.Case):
    """A source of which each tenant has its own upstream."""
    upstream_args = ("--tenants", "acme:30", "--seed", "7")

    def environment(self, **more):
        return super().environment(BETA_TOKEN="token-beta", **more)

    def setUp(self):
        super().setUp()
        self.other = harness.Upstream("--tenants", "beta:30", "--seed", "7")
        self.addCleanup(self.other.stop)

    def serve_both(self, fault, limits, **source):
        self.write_manifest(source=harness.AUTH + "    limits: { %s }\n    timeouts: { first_byte: 10m, total: 15m }\n" % limits)
        text = self.manifest.read_text()
        begin, end = text.index("  acme:"), text.index("sources:")
        known = "".join('  %s: { vars: { url: "%s" }, secrets: { crm: "${secret:env:%s_TOKEN}" } }\n' % (t, u.url, t.upper())
                        for t, u in (("acme", self.upstream), ("beta", self.other)))
        self.manifest.write_text((text[:begin] + known + text[end:]).replace("${env:CRM_URL}", "${tenant.vars.url}"))
        self.upstream.faults({"match": {}, **fault})
        return self.host()

    def assert_beta_does_not_wait(self, host, asked):
        stuck = self.sign_in(host)
        self.assertEqual(stuck.status, 202, stuck.text)
        asked(stuck.json["tenant"]["run_id"])
        answer = self.sign_in(host, "beta", wait=60)
        self.assertEqual((answer.status, answer.json["tenant"]["essential"]["over"]), (200, True), answer.text)
        host.wait_for(msg="run ended", state="succeeded", run_id=answer.json["tenant"]["run_id"])
        self.upstream.faults()
        host.stop()

    def until_asked(self, times):
        while sum(f["used"] for f in json.loads(self.upstream.ask("/control/faults"))) < times:
            threading.Event().wait(0.05)

    # covers: P12
    def test_an_upstream_that_hangs_keeps_only_its_own_tenant_waiting(self):
        host = self.serve_both({"do": "hang"}, "in_flight: 1")
        self.assert_beta_does_not_wait(host, lambda run: self.until_asked(1))

    # covers: P12, U1
    def test_an_upstream_that_asks_to_be_left_alone_is_the_only_one_that_is(self):
        host = self.serve_both({"do": "status", "status": 429, "headers": {"Retry-After": "600"}}, "in_flight: 16")
        self.assert_beta_does_not_wait(host, lambda run: host.wait_for(code="SLU-3134", run_id=run))

    # covers: P12
    def test_an_upstream_that_fails_makes_nothing_of_the_others_wait(self):
        host = self.serve_both({"do": "status", "status": 503}, "in_flight: 16")
        self.assert_beta_does_not_wait(host, lambda run: host.wait_for(event="source.down"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
