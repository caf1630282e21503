"""The dashboard as an operator meets it: signs in, starts a run and watches it, looks at what was refused."""
import json
import unittest

import browser
from browser import DESKTOP, PHONE, expect

import harness

# Users in many small pages, some of them refused; the rest as the plugins know it.
DOMAINS = """
  entities:
    uses: entities
    reads:
      users:
        from: crm
        request: { path: "/v1/tenants/${tenant}/users", page: { style: cursor, next: /next, param: cursor, size: { limit: 20 } } }
        records: /data
        into: [ { stream: entities, map: { kind: { const: user }, external_id: /id, name: /name, email: /email, created_at: { at: /created_at, as: rfc3339 } } } ]
      organizations: { from: crm }
      groups: { from: crm }
      memberships: { from: crm }
  credits: { uses: credits, critical: true, reads: { credits: { from: crm } } }
  roles: { uses: roles, reads: { roles: { from: crm }, role_parts: { from: crm }, assignments: { from: crm } } }
"""
PHASES = """
  essential: { deadline: 10s, fresh_for: 0s, sync: [ { entities: { reads: [ users ] } }, credits ] }
  background: { fresh_for: 0s, sync: [ { entities: { reads: [ organizations, groups, memberships ] } }, roles ] }
"""
SPOILED = {"match": {"path": "*/users", "nth": 2}, "do": "replace", "key": "created_at", "with": ['"yesterday"', '"12/31/2020"', '"soon"']}
ENDLESS = {"match": {"path": "*/credits"}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}}
# With its heading, and what is there when all of it is.
PLACES = [("/", "Now", "table"), ("/runs", "Runs", "table"), ("/tenants", "Tenants", "table"), ("/tenants/acme", "acme", ".timeline a"),
          ("/problems", "Refused and waiting", "p.empty, .group"), ("/trends?window=1h", "Trends", "table"), ("/host", "Host", "table")]


class Dashboard(browser.Browsing, harness.Case):
    def setUp(self):
        super().setUp()
        self.write_manifest(domains=DOMAINS, phases=PHASES)

    def ended(self, host, **more):
        run = self.sign_in(host, **more).json["tenant"]["run_id"]
        host.wait_for(msg="run ended", run_id=run)
        return run

    def test_somebody_signs_in_starts_a_run_and_watches_it(self):
        host = self.host()
        self.ended(host)
        page = self.open(host)
        page.get_by_label("Token").fill("slu_nonsense")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text("This token is not valid now.")
        self.sign_in_at(page, self.token)
        expect(page.get_by_role("heading", name="Now")).to_be_visible()
        self.assertIn(self.token, page.evaluate("JSON.stringify(sessionStorage)"))
        self.assertNotIn(self.token, page.evaluate("JSON.stringify(localStorage) + document.cookie + location"))

        self.upstream.faults(ENDLESS)
        page.get_by_role("button", name="Start a sync").click()
        page.get_by_label("Tenant").fill("acme")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.locator(".lead .state")).to_have_text("running")
        users, credits = (page.get_by_role("progressbar", name=n) for n in ("entities.users", "credits.credits"))
        expect(users).to_have_attribute("aria-valuenow", "100")
        expect(credits).not_to_have_attribute("aria-valuenow", "100")
        self.shot(page, "run-open")
        self.look(page, "/")
        expect(page.get_by_role("article", name="Run of acme")).to_be_visible()
        expect(users).to_have_attribute("aria-valuenow", "100")
        self.shot(page, "now-open")
        page.get_by_role("link", name="whole tenant").first.click()
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()

        self.upstream.faults()
        expect(page.locator(".lead .state")).to_have_text("succeeded")
        expect(credits).to_have_attribute("aria-valuenow", "100")
        expect(page.get_by_text("adds up")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Token")).to_be_visible()
        self.assertEqual(page.evaluate("sessionStorage.length"), 0)
        self.assert_well_behaved(host, but=["401"])
        host.stop()

    def test_what_was_refused_can_be_opened(self):
        self.upstream.faults(SPOILED)
        host = self.host()
        run = self.ended(host)
        page = self.open(host)
        self.sign_in_at(page, self.token)
        page.get_by_role("link", name="Refused").click()
        expect(page.get_by_role("heading", name="Refused: 3")).to_be_visible()
        page.locator("summary").first.click()
        page.locator(".group button.link").first.click()
        window = page.get_by_role("dialog", name="A refused record")
        expect(window).to_be_visible()
        expect(window.locator(".lead")).to_contain_text("created_at")
        exactly = lambda text: json.loads(text, parse_float=str, parse_int=str)
        kept = [exactly(r["raw"]) for r in self.ask(host, "GET", "/api/sync/rejects").json["rejects"]]
        self.assertIn(exactly(window.locator("pre").inner_text()), kept, "digit for digit")
        self.shot(page, "reject")
        self.assert_accessible(page, "a refused record")
        page.keyboard.press("Escape")
        expect(window).to_have_count(0)
        self.assertEqual(page.evaluate("document.activeElement.className"), "link", "the focus is back where it was")
        self.look(page, "/runs/" + run)
        page.get_by_role("button", name="Read all again").click()
        expect(page.locator(".lead .state")).to_have_text("succeeded")
        self.assertNotIn(run, page.url)
        self.assert_well_behaved(host)
        host.stop()

    def test_every_place_can_be_read_by_everybody(self):
        self.upstream.faults(SPOILED)
        host = self.host()
        runs = [self.ended(host) for _ in range(4)]
        for size, scheme in ((DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")):
            name = "%s-%s" % ("phone" if size is PHONE else "desktop", scheme)
            page = self.open(host, size, scheme)
            self.assert_accessible(page, "signing in")
            self.shot(page, name + "-sign-in")
            self.sign_in_at(page, self.token)
            for place, title, seen in [*PLACES, ("/runs/" + runs[0], "acme, whole tenant", "table")]:
                self.look(page, place)
                expect(page.locator("h1")).to_have_text(title)
                expect(page.locator("main " + seen).last).to_be_visible()
                page.wait_for_load_state("networkidle") if place not in ("/",) else None
                wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
                self.assertLessEqual(wide[0], wide[1], "%s at %s is wider than the page" % (place, name))
                self.shot(page, name + (place.split("?")[0].replace(runs[0], "one").replace("/", "-") if place != "/" else "-now"))
                self.assert_accessible(page, "%s at %s" % (place, name))
        self.assert_well_behaved(host)
        host.stop()

    def test_the_keyboard_is_enough(self):
        host = self.host()
        run = self.ended(host)
        page = self.open(host)
        page.keyboard.type(self.token)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Now")).to_be_focused()
        page.reload()
        expect(page.get_by_role("heading", name="Now")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to what this page shows")).to_be_focused()
        page.keyboard.press("Enter")
        self.assertEqual(page.evaluate("document.activeElement.id"), "main")
        self.look(page, "/trends?window=1h")
        chart = page.get_by_role("img", name="Runs by how they ended")
        chart.focus()
        page.keyboard.press("End")
        expect(page.locator("figure").first.locator(".told")).to_contain_text("succeeded 1")
        self.look(page, "/tenants/acme")
        mark = page.locator(".timeline a").first
        mark.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".lead code")).to_have_text(run)
        self.assert_well_behaved(host)
        host.stop()

    def test_a_token_with_few_rights_sees_what_it_may(self):
        self.upstream.faults(SPOILED)
        config = self.listen()
        host = self.host(config=config)
        run = self.ended(host)
        page = self.open(host)
        few = self.make_token(config, "--tenant", "acme", "--scope", "run:read")["token"]
        while self.ask(host, "GET", "/openapi.json", Authorization="Bearer " + few).status == 401:
            pass  # the host looks at the file once a second
        self.sign_in_at(page, few)
        self.look(page, "/runs/" + run)
        expect(page.get_by_text("needs a token with the scope data:read")).to_be_visible()
        self.look(page, "/problems")
        expect(page.get_by_role("alert")).to_contain_text("data:read")
        self.look(page, "/host")
        expect(page.get_by_text("manifest:read")).to_be_visible()
        self.assert_well_behaved(host, but=["403"])
        host.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
