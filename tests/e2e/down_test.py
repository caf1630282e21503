"""A serving host whose source is down for a while."""
import unittest

import harness
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


if __name__ == "__main__":
    unittest.main(verbosity=2)
