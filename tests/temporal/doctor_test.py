"""What an operator asks: whether a cluster takes runs, and what is worth doing there."""
import json
import subprocess
import unittest

import cluster


class Asked(cluster.Case):
    def doctor(self, exit_code=0):
        done = self.sluice("plugins", "doctor", "--pipeline", self.manifest)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        return {b["name"]: b for b in json.loads(done.stdout)["backends"]}

    # covers: T8, P18
    def test_the_doctor_names_a_backend_that_takes_no_runs(self):
        self.manifest.write_text(self.manifest.read_text().replace("uses: temporal,", "uses: temporal, namespace: nowhere,"))
        found = self.doctor(exit_code=75)
        self.assertEqual((found["direct"]["takes_runs"], found["temporal"]["takes_runs"]), (True, False))
        self.assertEqual(found["temporal"]["error"]["code"], "SLU-4803")
        self.assertIn("nowhere", found["temporal"]["error"]["message"])

    # covers: T8
    def test_the_doctor_prints_what_makes_workflows_searchable(self):
        command = self.doctor()["temporal"]["said"][0].partition("this makes it so: ")[2]
        self.assertTrue(command.startswith("temporal operator search-attribute create "), command)
        first = self.run_sync()["run_id"]
        self.assertEqual(self.server.closed(first), "COMPLETED")
        subprocess.run([cluster.outside.CACHE / "bin" / "temporal", *command.split()[1:]], check=True, capture_output=True, timeout=60)
        self.until(lambda: "searched by SluiceTenant" in str(self.doctor()["temporal"]["said"]))
        second = self.run_sync()["run_id"]
        self.assertEqual(self.server.closed(second), "COMPLETED")
        query = ("workflow", "list", "--query", 'SluiceTenant = "acme" AND SluicePipeline = "e2e"')
        self.until(lambda: second in self.server.tell(*query))  # it is written behind what happens
        self.assertNotIn(first, self.server.tell(*query))


if __name__ == "__main__":
    cluster.need()
    unittest.main()
