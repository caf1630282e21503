"""docs/write-a-plugin.md, carried out: every command block that is marked with `run`, in one shell, as it stands."""
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import unittest

import harness
import page


class Guide(unittest.TestCase):
    def test_its_commands_give_a_plugin_that_syncs(self):
        commands = page.commands_of(self, "docs/write-a-plugin.md", "build/release")
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(["bash", "-euxo", "pipefail", "-c", "umask 022\n" + commands], cwd=harness.SOURCE,
                                  env={**os.environ, "HOME": home}, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=500)
            self.assertEqual(done.returncode, 0, done.stdout[-8000:])
            self.assertIn("100% tests passed", done.stdout)
            device = pathlib.Path(home) / "device"
            with sqlite3.connect(device / "device.db") as store:
                rows = store.execute("SELECT external_id, name, points FROM devices ORDER BY 1").fetchall()
            self.assertEqual(rows, [("1", "Ada", 3), ("2", "Bo", 0)])
            plugin = device / "build" / "plugins" / "device"
            self.assertEqual(sorted(p.name for p in plugin.iterdir()), ["plugin.json"], "the one without code")
            self.assertEqual([p for p in device.rglob("*") if "example" in p.name], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
