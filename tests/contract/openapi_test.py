"""What /openapi.json says is what the host does: a generated client asks it, in ways that should work and in ways that should
not, and holds every answer against the description."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness
import hosted

EXAMPLES = {"quick": "8", "full": "60"}
SCHEMATHESIS = pathlib.Path(sys.executable).with_name("st")
CONFIG = pathlib.Path(__file__).with_name("schemathesis.toml")


class OpenApi(hosted.Hosted, harness.Case):
    upstream_args = ("--tenants", "acme:20", "--seed", "7")

    def generated(self, host, *more):
        command = [SCHEMATHESIS, "--no-color", "--config-file", CONFIG, "run", "http://%s/openapi.json" % host.address, "-H", "Authorization: Bearer " + self.token,
                   "--seed", "7", "--max-examples", EXAMPLES[os.environ.get("SLUICE_TEST_TIER", "quick")], "--phases", "examples,coverage,fuzzing,stateful",
                   "--generation-database", "none", "--warnings", "off", *more]
        return subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=self.folder.name)

    # covers: A2, A4
    def test_a_generated_client_finds_the_host_as_it_is_described(self):
        host = self.host()
        self.assertEqual(self.sign_in(host, wait=60).status, 200)
        done = self.generated(host)
        self.assertEqual(done.returncode, 0, done.stdout[-20000:] + done.stderr[-2000:])
        self.assertEqual(host.find(code="SLU-6016"), [], "a defect")
        self.assertEqual(self.ask(host, "GET", "/livez").status, 200)
        host.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
