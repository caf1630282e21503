"""examples/sign-in: what a product calls at a sign-in, in time, too late, and where it is turned away."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

import harness
import hosted
import http_test
import page

FOLDER = harness.SOURCE / "examples" / "sign-in"
CALLERS = [["sh", FOLDER / "sign-in.sh"], [sys.executable, FOLDER / "sign_in.py"]]


class SignIn(hosted.Hosted, harness.Case):
    def environment(self, **more):
        return super().environment(SIGN_IN_DB=str(self.store.path), **more)

    def call(self, caller, host, tenant="acme", token=None, user=http_test.USER):
        done = subprocess.run([*caller, tenant, user], capture_output=True, text=True, timeout=120,
                              env=self.environment(SLUICE_URL="http://" + host.address, SLUICE_TOKEN=token or self.token))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines(), done.stderr

    def test_in_time_too_late_and_turned_away(self):
        self.manifest = self.manifest.with_name("sign-in.yaml")
        shutil.copy(FOLDER / "sign-in.yaml", self.manifest)
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
            self.assertEqual(said, "not all is there: go on with what is stored")
            self.assertGreaterEqual(len(parts), 3)
        self.upstream.faults()
        for caller in CALLERS:
            for case in ({"token": "wrong"}, {"tenant": "nobody"}):
                (said, *parts), why = self.call(caller, host, **case)
                self.assertIn("go on with what is stored", said)
                self.assertEqual(parts, [])
                self.assertRegex(why + said, "401|404|no tenant")
            (said, *parts), _ = self.call(caller, host, user="u-999999")
            self.assertEqual(said, "not all is there: go on with what is stored", "over, and failed")
            self.assertTrue(parts and all("never read" in p for p in parts), parts)
        host.stop()
        for caller in CALLERS:
            (said,), why = self.call(caller, host)
            self.assertIn("go on with what is stored", said)
            self.assertIn("onnect", why, "why there was none")


class ItsReadme(unittest.TestCase):
    def test_its_commands_sign_a_user_in(self):
        commands = page.commands_of(self, "examples/sign-in/README.md", "$PWD/build/release")
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(["bash", "-euxo", "pipefail", "-c", commands], cwd=harness.SOURCE, env={**os.environ, "HOME": home},
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout[-8000:])
        self.assertEqual(done.stdout.count("everything essential is there\n"), len(CALLERS), done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
