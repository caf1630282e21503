"""examples/sign-in: what a product calls at a sign-in, in time, too late, and where it is turned away."""
import subprocess
import sys
import threading
import unittest

import harness
import hosted
import http_test

FOLDER = harness.SOURCE / "examples" / "sign-in"
CALLERS = [["sh", FOLDER / "sign-in.sh"], [sys.executable, FOLDER / "sign_in.py"]]


class SignIn(hosted.Hosted, harness.Case):
    def call(self, caller, host, tenant="acme", token=None):
        done = subprocess.run([*caller, tenant, http_test.USER], capture_output=True, text=True, timeout=120,
                              env=self.environment(SLUICE_URL="http://" + host.address, SLUICE_TOKEN=token or self.token))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines(), done.stderr

    def test_in_time_too_late_and_turned_away(self):
        self.write_manifest(phases=http_test.SUBJECT_ONLY)
        host = self.host()
        for caller in CALLERS:
            (said, *parts), _ = self.call(caller, host)
            self.assertEqual(said, "everything essential is there")
            self.assertGreaterEqual(len(parts), 3)
            self.assertTrue(all("20" in p and "never" not in p for p in parts), parts)
        # Who comes while the last run is about to end joins it, and is answered by it.
        while any(r["ended_at"] is None for r in self.ask(host, "GET", "/api/sync/runs").json["runs"]):
            threading.Event().wait(0.1)
        self.upstream.faults({"match": {"path": "*/users/*"}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        for caller in CALLERS:
            (said, *parts), _ = self.call(caller, host)
            self.assertEqual(said, "not all is there yet: go on with what is stored")
            self.assertGreaterEqual(len(parts), 3)
        self.upstream.faults()
        for caller in CALLERS:
            for case in ({"token": "wrong"}, {"tenant": "nobody"}):
                (said, *parts), why = self.call(caller, host, **case)
                self.assertIn("go on with what is stored", said)
                self.assertEqual(parts, [])
                self.assertRegex(why + said, "401|404|no tenant")
        host.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
