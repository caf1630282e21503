"""Temporal's own UI, in a real browser, with a run of ours: what docs/temporal.md has pictures of.

With SLUICE_SCREENSHOTS=FOLDER the pictures are kept there.
"""
import os
import pathlib
import unittest

import cluster
from playwright.sync_api import expect, sync_playwright

SHOTS = os.environ.get("SLUICE_SCREENSHOTS")
TWO_PHASES = """
  essential: { deadline: 10s, fresh_for: 0s, sync: [ entities ] }
  background: { fresh_for: 0s, sync: [ credits, roles ] }
"""
expect.set_options(timeout=120_000)


class Ui(cluster.Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cluster.Server(ui=True).start()
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        # Root has no user namespaces to put a sandbox in; what is opened here is our own.
        cls.browser = cls.playwright.chromium.launch(executable_path="/usr/bin/chromium", timeout=120_000,
                                                     args=["--no-sandbox", "--disable-gpu"])
        cls.addClassCleanup(cls.browser.close)

    def look(self, page, place, *texts, name):
        page.goto("http://127.0.0.1:%d/namespaces/default/%s" % (self.server.ui_port, place), timeout=120_000)
        for text in texts:
            expect(page.get_by_text(text).first).to_be_visible()
        if SHOTS:
            page.wait_for_load_state("networkidle")
            page.screenshot(path=pathlib.Path(SHOTS) / ("temporal-%s.png" % name))

    def test_it_shows_a_run_its_steps_and_whose_it_is(self):
        self.write_manifest(phases=TWO_PHASES)
        receipt = self.run_sync()
        run_id = receipt["run_id"]
        self.server.closed(run_id)
        execution = self.server.workflow(run_id)["workflowExecutionInfo"]["execution"]
        page = self.browser.new_page(viewport={"width": 1280, "height": 1000})
        self.addCleanup(page.close)
        self.look(page, "workflows", run_id, name="list")
        place = "workflows/%s/%s/" % (run_id, execution["runId"])
        self.look(page, place + "history", "succeeded", "credits.credits", "e2e of acme", name="run")
        self.look(page, place + "memo", receipt["correlation_id"], "background", name="memo")
        self.look(page, place + "workers", "sluice.e2e", name="workers")


if __name__ == "__main__":
    cluster.need()
    unittest.main()
