"""What the dashboard shows of a host that is not well, and of the figures by domain: of a real one, and of one whose answers are
put in its place, since no test could bring all of that about at once."""
import json
import unittest

import browser
from browser import DESKTOP, PHONE, expect

import harness
import http_metrics_test
import outbox_test

SICK = {
    "status": "unhealthy", "why": ["alert"], "runs": {"running": 2, "queued": 1, "stuck": 1, "held": 1},
    "alerts": [{"pipeline": "sign-in", "alert": "domain_failures:credits", "metric": "domain_failures", "domain": "credits", "severity": "critical",
                "state": "firing", "since": "2026-01-02T03:04:05.000Z", "value": 3, "over": 0, "runs": 40, "window_s": 900,
                "text": "domain_failures of credits is 3 of 40 runs in 15 min, the limit is 0"}],
    "stuck": [{"run_id": "018f-stuck", "tenant": "acme", "pipeline": "sign-in", "backend": "direct", "created_at": "2026-01-02T03:04:05.000Z", "why": "its host is gone"}],
    "held": [{"run_id": "018f-held", "tenant": "bolt", "pipeline": "sign-in", "scope": "", "ended_at": "2026-01-02T03:04:05.000Z", "why": "200 rows have vanished upstream"}],
    "host": {"active": 2, "queued": 1,
             "backends_away": [{"pipeline": "sign-in", "backend": "temporal", "code": "SLU-3300", "since": "2026-01-02T03:04:05.000Z", "why": "no server answers at its address"}],
             "sources": [{"pipeline": "sign-in", "source": "crm", "sick": True}, {"pipeline": "sign-in", "source": "billing", "sick": False}]},
    "advice": [{"pipeline": "sign-in", "backend": "temporal", "tenants": ["whale"], "rule": None, "line": '- { backend: temporal, only: "whale" }'}],
    "stale": [{"manifest": "sign-in.yaml", "why": "the manifest is wrong"}],
}
TOOK = {"count": 40, "average": 812.0, "p50": 640.0, "p90": 1900.0, "p95": 2400.0, "p99": 4100.0, "max": 5000.0}

PART = {"succeeded": 37, "partial": 0, "failed": 3, "cancelled": 0, "essential_ms": TOOK, "duration_ms": TOOK}


def figures(failed, **name):
    return {**name, "runs": 40, "failed": failed, "cancelled": 0, "states": {}, "success_rate": 1 - failed / 40, "failure_rate": failed / 40,
            "essential_ms": TOOK, "background_ms": None, "duration_ms": TOOK, "requests": 512, "retries": 7, "errors": {}}


FIGURES = {
    "window_s": 3600, "from": "2026-01-02T03:04:05.000Z", "to": "2026-01-02T04:04:05.000Z", "complete": True, "total": figures(3),
    "pipelines": [figures(3, pipeline="sign-in")], "backends": [figures(3, backend="direct")],
    "domains": [figures(3, domain="credits"), figures(0, domain="roles")], "phases": [figures(0, phase="essential")],
    "over_time": {"all": PART, "parts": [{**PART, "from": "2026-01-02T03:%02d:05.000Z" % n} for n in range(30)]},
    "tenants": [figures(3, tenant="acme")], "errors": [{"code": "SLU-3134", "runs": 3}],
}


class Health(browser.Browsing, harness.Case):
    def answer(self, page, path, body):
        page.route("**" + path + "*", lambda route: route.fulfill(status=200, content_type="application/json", body=json.dumps(body)))

    def open_with(self, host, health, size=DESKTOP, but=()):
        page = self.open(host, size)
        known = self.ask(host, "GET", "/openapi.json").json
        for path in but:
            del known["paths"][path]
        for path in ("/api/sync/health", "/api/sync/metrics"):
            known["paths"].setdefault(path, {})
        self.answer(page, "/openapi.json", known)
        self.answer(page, "/api/sync/health", health)
        self.answer(page, "/api/sync/metrics", FIGURES)
        self.sign_in_at(page, self.token)
        return page

    def test_what_is_wrong_is_said_with_its_reason(self):
        host = self.host()
        for size, name in ((DESKTOP, "desktop"), (PHONE, "phone")):
            page = self.open_with(host, SICK, size)
            expect(page.locator(".health .state")).to_have_text("unhealthy")
            for text in ("domain_failures of credits is 3 of 40 runs in 15 min, the limit is 0", "1 run does not get on", "1 held run waits for a person",
                         "sign-in.yaml is not what is served", "crm", "The backend temporal takes no runs", "no server answers at its address", 'only: "whale"'):
                expect(page.locator("main")).to_contain_text(text)
            expect(page.locator("main")).not_to_contain_text("billing")
            for text in ("40", "3 failures", "92.5 %", "2.4 s"):  # of all runs, as the store counts them
                expect(page.locator("dl.figures")).to_contain_text(text)
            self.assertEqual(page.get_by_role("link", name="its host is gone").get_attribute("href"), "#/runs/018f-stuck")
            self.assertEqual(page.get_by_role("link", name="200 rows have vanished upstream").get_attribute("href"), "#/runs/018f-held")
            self.shot(page, name + "-sick")
            self.assert_accessible(page, "a host that is not well")
        page = self.open_with(host, {"status": "healthy", "why": [], "runs": {"running": 0, "queued": 0, "stuck": 0, "held": 0}, "stuck": [], "held": []})
        expect(page.locator(".health .state")).to_have_text("healthy")
        expect(page.locator("main .note")).to_have_count(0)
        self.assert_well_behaved(host)
        host.stop()

    def test_what_is_done_at_the_socket_alone_is_not_offered(self):
        host = self.host()
        for but, buttons in ((), 1), (("/api/sync/manifest/reload",), 0):
            page = self.open_with(host, SICK, PHONE, but)
            self.look(page, "/host")
            expect(page.get_by_role("button", name="Check the files")).to_be_visible()
            expect(page.get_by_role("button", name="Read them again")).to_have_count(buttons)
            expect(page.get_by_text("sluice reload")).to_have_count(1 - buttons)
        self.shot(page, "phone-host-with-socket")
        self.assert_accessible(page, "a host with a socket")
        self.assert_well_behaved(host)
        host.stop()

    def test_figures_stand_by_domain_phase_backend_and_tenant(self):
        host = self.host()
        page = self.open_with(host, SICK)
        self.look(page, "/trends?window=1h")
        row = page.get_by_role("table", name="By domain").get_by_role("row", name="credits")
        for text in ("40", "92.5 %", "812 ms", "640 ms", "2.4 s", "4.1 s", "512"):
            expect(row).to_contain_text(text)
        expect(page.get_by_role("table", name="Errors")).to_contain_text("SLU-3134")
        for name in ("By phase", "By backend", "By tenant"):
            expect(page.get_by_role("table", name=name)).to_be_visible()
        expect(page.get_by_role("table", name="By pipeline")).to_have_count(0)
        self.shot(page, "desktop-figures")
        self.assert_accessible(page, "figures")
        self.assert_well_behaved(host)
        host.stop()


class RealHealth(browser.Browsing, outbox_test.Moody, harness.Case):
    def show(self, host, size, name):
        page = self.open(host, size)
        self.sign_in_at(page, self.token)
        expect(page.locator(".health .state")).to_have_text("degraded")
        for text in ("The backend far takes no runs", "moody is away"):
            expect(page.locator("main")).to_contain_text(text)
        self.shot(page, name + "-backend-away")
        self.assert_accessible(page, "a backend that is away")
        return page

    def test_a_real_host_shows_what_is_wrong_and_its_figures(self):
        self.mark("away")
        host = self.host()
        run = self.sign_in(host).json["tenant"]["run_id"]
        host.wait_for(event="run.waits", run_id=run)
        self.show(host, PHONE, "phone")
        page = self.show(host, DESKTOP, "desktop")
        self.mark("away", False)
        host.wait_for(msg="run ended", run_id=run, state="succeeded")
        expect(page.locator(".health .state")).to_have_text("healthy")
        self.upstream.faults(http_metrics_test.AWAY)
        run = self.sign_in(host).json["tenant"]["run_id"]
        host.wait_for(msg="run ended", run_id=run, state="failed")
        code = next(s["error"]["code"] for s in self.ask(host, "GET", "/api/sync/runs/" + run).json["stages"] if s["state"] == "failed")
        self.look(page, "/trends?window=1h")
        for table, row, texts in (("By domain", "credits", ("2", "50 %")), ("By domain", "roles", ("2", "100 %")), ("By backend", "far", ("2", "50 %"))):
            for text in texts:
                expect(page.get_by_role("table", name=table).get_by_role("row", name=row)).to_contain_text(text)
        expect(page.get_by_role("table", name="Errors")).to_contain_text(code)
        self.shot(page, "desktop-real-figures")
        self.look(page, "/runs/" + run)
        expect(page.get_by_role("button", name="Read again what is missing")).to_be_visible()
        self.look(page, "/host")
        row = page.get_by_role("table", name="Backends side by side").get_by_role("row", name="far")
        for text in ("2", "50 %"):
            expect(row).to_contain_text(text)
        self.shot(page, "desktop-advice")
        self.assert_accessible(page, "advice")
        self.assert_well_behaved(host)
        host.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
