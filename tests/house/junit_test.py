#!/usr/bin/env python3
"""The line that scripts/test ends with: what counts as passed, failed and skipped."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/lib/junit.py"
GOOD = "[==========] 4 tests ran.\n[  PASSED  ] 3 tests.\n[  SKIPPED ] 1 test, listed below:\n"
BAD = "[  PASSED  ] 5 tests.\n[  FAILED  ] 2 tests, listed below:\n"


def case(status, output=""):
    return f'<testcase name="t" status="{status}"><system-out>{output}</system-out></testcase>'


def summed(*cases):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "junit.xml"
        path.write_text(f"<testsuite>{''.join(cases)}</testsuite>")
        done = subprocess.run([sys.executable, str(SCRIPT), str(path)], capture_output=True, text=True)
    return done.stdout.strip(), done.returncode


class Junit(unittest.TestCase):
    def test_cases_of_a_program_are_counted(self):
        self.assertEqual(summed(case("run", GOOD), case("run")), ("4 passed, 0 failed, 1 skipped", 0))

    def test_a_failure_fails(self):
        self.assertEqual(summed(case("run", GOOD), case("fail", BAD)), ("8 passed, 2 failed, 1 skipped", 1))

    def test_a_program_that_died_or_failed_after_its_summary_counts_as_one_failure(self):
        self.assertEqual(summed(case("fail", "signal 11")), ("0 passed, 1 failed", 1))
        self.assertEqual(summed(case("fail", "[  PASSED  ] 3 tests.")), ("3 passed, 1 failed", 1))

    def test_nothing_run_is_not_a_success(self):
        self.assertEqual(summed(), ("0 passed, 0 failed", 1))
        self.assertEqual(summed(case("notrun")), ("0 passed, 0 failed, 1 skipped", 1))

    def test_a_missing_result_is_a_failure(self):
        done = subprocess.run([sys.executable, str(SCRIPT), "/nowhere.xml"], capture_output=True, text=True)
        self.assertEqual((done.stdout.strip(), done.returncode), ("0 passed, 1 failed", 1))


if __name__ == "__main__":
    unittest.main()
