"""A page of the dashboard in a headless Chromium, and what it may never do."""
import os
import pathlib
import re
import sys
import urllib.parse

import axe_playwright_python
from playwright.sync_api import expect, sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import hosted

AXE = next(pathlib.Path(axe_playwright_python.__file__).parent.rglob("axe.min.js"))
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
SHOTS = os.environ.get("SLUICE_SCREENSHOTS")  # a folder where what is seen is kept

expect.set_options(timeout=60_000)


class Browsing(hosted.Hosted):
    """Mixed into a harness.Case. Everything that goes wrong in a page is remembered, and ends the test."""

    @classmethod
    def setUpClass(cls):
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        # Root has no user namespaces to put a sandbox in; what is opened here is our own.
        cls.browser = cls.playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        super().setUp()
        self.wrong, self.asked, self.expected = [], [], []

    def open(self, host, size=DESKTOP, scheme="light"):
        context = self.browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce", device_scale_factor=1)
        self.addCleanup(context.close)
        page = context.new_page()
        page.add_init_script("addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))")
        page.on("console", lambda m: m.type in ("error", "warning") and self.wrong.append(m.text))
        page.on("pageerror", lambda e: self.wrong.append(str(e)))
        page.on("response", lambda r: r.status >= 400 and self.wrong.append("%d %s %s" % (r.status, r.request.method, r.url)))
        page.on("request", lambda r: self.asked.append(r.url))
        page.goto("http://%s/" % host.address)
        return page

    def sign_in_at(self, page, token):
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation", name="Places")).to_be_visible()

    def look(self, page, place):
        page.evaluate("to => location.hash = to", place)

    def assert_well_behaved(self, host, but=()):
        """No error, no violation of the policy, and not one request to anybody else."""
        bad = [w for w in self.wrong if not any(re.search(b, w) for b in but)]
        self.assertEqual(bad, [], host.find(event="http.refused"))
        self.assertGreater(len(self.asked), 20)
        strangers = {u for u in self.asked if urllib.parse.urlsplit(u).netloc != host.address and not u.startswith("data:")}
        self.assertEqual(strangers, set())

    def assert_accessible(self, page, what):
        """By axe: names, roles, contrast and the like."""
        page.evaluate(AXE.read_text())
        found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
        told = ["%s: %s: %s" % (v["id"], n["target"], n["failureSummary"]) for v in found["violations"] for n in v["nodes"]]
        self.assertEqual(told, [], what)
        self.assertGreater(len(found["passes"]), 10, "axe has looked at nothing")

    def shot(self, page, name):
        if SHOTS:
            page.screenshot(path="%s/%s.png" % (SHOTS, name), full_page=True)
