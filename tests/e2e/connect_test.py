"""docs/connect-an-api.md, carried out: every command block that is marked with `run`, in one shell, as it stands."""
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import unittest

import harness
import page


class Connect(unittest.TestCase):
    def test_its_commands_lead_from_a_first_look_to_a_sync(self):
        commands = page.commands_of(self, "docs/connect-an-api.md", "$PWD/build/release")
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", "trap 'kill $(jobs -p) 2>/dev/null || :' EXIT\n" + commands],
                                  cwd=harness.SOURCE, env={**os.environ, "HOME": home}, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout[-8000:])
            self.assertNotIn("token-acme", done.stdout)
            for words in ("could be the records:\n  records: /data  5 objects", "page: { style: cursor, next: /next, param: cursor }",
                          "could be the key: /id", "in none of 20: the keys are `id`", "did you mean `/email`?"):
                self.assertIn(words, done.stdout)
            # Before it is mended, and not after.
            self.assertEqual(done.stdout.count("warning[SLU-1070]"), 1)
            self.assertIn("--> api.yaml:27:15", done.stdout)
            self.assertEqual(done.stdout.count("acme  people.users  from crm: good, 200"), 2)
            with sqlite3.connect(pathlib.Path(home) / "connect" / "api.db") as store:
                count, emails = store.execute("SELECT count(*), count(email) FROM entities").fetchone()
            self.assertEqual(count, 51)
            self.assertGreater(emails, 0)


if __name__ == "__main__":
    unittest.main()
