"""What a machine does to a process: signals, no descriptors, full disks, closed streams, clocks that jump, pauses."""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time
import unittest

import lib
from lib import Life

INTERRUPTS = 200 if lib.FULL else 15
ENDS = {0, 130, -signal.SIGTERM, -signal.SIGINT}  # the last two: before there was anything to cancel


class Interrupts(lib.Case):
    upstream_args = ("--tenants", "acme:60", "--seed", "7", "--max-limit", "10")

    # covers: H1, P2, P15
    def test_a_signal_at_any_moment_ends_a_sync_soon_and_cleanly(self):
        store, ends = self.new_store(), {}
        for n in range(INTERRUPTS):
            if n % 5 == 0:
                store = self.new_store()  # so that start-up and migration are met too
            life = Life(self, store)
            which = self.random.choice((signal.SIGTERM, signal.SIGINT))
            if self.random.random() < 0.5:
                life.wait_for_pages(self.random.randint(1, 12))
            time.sleep(self.random.uniform(0, 0.15))  # the fault: some moment
            life.process.send_signal(which)
            if self.random.random() < 0.4:
                life.process.send_signal(which)
            code, _ = life.finish()
            with self.subTest(n=n, seed=lib.SEED):
                self.assertIn(code, ENDS, "".join(life.kept[-5:]))
                store.settle()
                if n % 5 == 0:
                    self.assert_atomic(store)
            ends[code] = ends.get(code, 0) + 1
        self.sync_to_the_end(store)
        failed = store.query("SELECT count(*) AS n FROM %s WHERE state = 'failed'" % store.runs)[0][0]
        self.assertEqual(failed, 0, "an interrupt is no failure")
        print("%s: %d interrupts, exit codes %s (seed %d)" % (self.kind.kind, INTERRUPTS, ends, lib.SEED))


class InterruptsIntoPostgres(Interrupts):
    kind = lib.Postgres


class Starved(lib.Case):
    """Descriptors, disks, streams, clocks."""
    def limited(self, descriptors):
        return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    # The sanitizers look at memory through a pipe: without descriptors they see errors where none are.
    @unittest.skipIf(os.environ.get("SLUICE_SANITIZE"), "the sanitizers need descriptors themselves")
    # covers: H6, P13, P18
    def test_too_few_descriptors_are_an_error_or_no_matter_at_all(self):
        for descriptors in (8, 12, 16, 20, 24, 28, 32, 40, 64):
            with self.subTest(descriptors=descriptors):
                store = self.new_store()
                done = subprocess.run(self.command(store), capture_output=True, text=True, timeout=lib.PATIENCE,
                                      env=self.environment(store), preexec_fn=self.limited(descriptors))
                # 127: the loader could not open a library; nothing of ours has begun.
                self.assertIn(done.returncode, (0, 1, 75, 78, 127), done.stderr[-2000:])
                if done.returncode not in (0, 127):
                    self.assert_one_clear_error(done)
                self.sync_to_the_end(store)
                if descriptors == 64:
                    self.assertEqual(done.returncode, 0, done.stderr[-2000:])

    def run_with(self, store, redirection, **environment):
        """A sync by a shell, with redirections that subprocess can't make."""
        command = " ".join("'%s'" % c for c in self.command(store))
        return subprocess.run(["bash", "-c", command + " " + redirection], capture_output=True, text=True,
                              timeout=lib.PATIENCE, env=self.environment(store, **environment))

    # covers: H7, H11
    def test_a_log_that_can_not_be_written_does_not_stop_a_sync(self):
        for redirection in ("2>/dev/full", "2>&-", "2> >(exec true)", "2> >(head -c 10 >/dev/null)"):
            with self.subTest(redirection=redirection):
                store = self.new_store()
                done = self.run_with(store, redirection)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(json.loads(done.stdout)["state"], "succeeded")
                self.assert_equals_the_upstream(store)

    # covers: H7, H11, P18
    def test_an_answer_that_can_not_be_written_is_an_error_and_the_sync_stands(self):
        for redirection in (">/dev/full", "> >(exec true)"):
            with self.subTest(redirection=redirection):
                store = self.new_store()
                done = self.run_with(store, redirection)
                if "full" in redirection:
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertIn("SLU-7013", done.stderr)
                self.assertIn(done.returncode, (0, 1))
                self.assert_equals_the_upstream(store)

    # covers: H11
    def test_closed_streams_are_not_taken_for_files(self):
        store = self.new_store()
        done = self.run_with(store, "<&- >&- 2>&-")
        self.assertEqual(done.returncode, 0)
        self.assert_equals_the_upstream(store)

    # covers: H11, P13
    def test_a_reader_of_the_log_that_stands_still_does_not_stop_a_sync(self):
        store = self.new_store()
        reading, writing = os.pipe()
        try:
            done = subprocess.run(self.command(store, "--log-level", "debug"), stdout=subprocess.PIPE, stderr=writing,
                                  timeout=lib.PATIENCE, env=self.environment(store))
        finally:
            os.close(reading)
            os.close(writing)
        self.assertEqual(done.returncode, 0)
        self.assert_equals_the_upstream(store)

    # covers: H7
    def test_temporary_files_are_not_needed(self):
        store = self.new_store()
        done = self.sync(store, TMPDIR="/nonexistent", SQLITE_TMPDIR="/nonexistent")
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assert_equals_the_upstream(store)


@unittest.skipIf(lib.SANITIZED, "the sanitizer has to be the first library")
@unittest.skipUnless(shutil.which("faketime"), "faketime is not installed here")
class Clocks(lib.Case):
    """The wall clock jumps, between runs and within one."""
    LIBRARY = next(iter(sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)

    def fake(self, at):
        return {"LD_PRELOAD": str(self.LIBRARY), "FAKETIME": at, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_NO_CACHE": "1"}

    # covers: H8, P13
    def test_jumps_between_runs_lose_nothing(self):
        store = self.new_store()
        for at in ("+0", "+1h", "-1h", "@2038-01-19 03:14:00", "@2026-03-29 01:59:58", "-1d"):
            with self.subTest(at=at):
                done = self.sync(store, **self.fake(at))
                self.assertEqual(done.returncode, 0, done.stderr[-2000:])
                self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 5, "create": 0, "delete": 0})
        self.sync_to_the_end(store)

    # covers: H8, H9, P9, P13
    def test_jumps_within_a_run_are_no_time_that_has_passed(self):
        store = self.new_store()
        moment = pathlib.Path(self.folder.name) / "moment"
        environment = {**self.fake(""), "FAKETIME_TIMESTAMP_FILE": str(moment)}
        del environment["FAKETIME"]
        for jump in ("+1h", "-1h", "@2038-01-19 03:14:00"):
            with self.subTest(jump=jump):
                moment.write_text("+0\n")
                life = Life(self, store, environment=environment)
                self.assertTrue(life.wait_for_pages(3), "".join(life.kept[-3:]))
                moment.write_text(jump + "\n")
                code, out = life.finish()
                self.assertEqual(code, 0, "".join(life.kept[-5:]))
                self.assertEqual(json.loads(out)["state"], "succeeded")
                self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 5, "create": 0, "delete": 0})
        self.sync_to_the_end(store)


if __name__ == "__main__":
    unittest.main(verbosity=2)
