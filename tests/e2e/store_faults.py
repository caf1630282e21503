"""What the tests of a failing store share: runs that are watched while they go, a PostgreSQL that can be killed,
paused and replaced, and disks that get full."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import harness

FULL = os.environ.get("SLUICE_TEST_TIER") == "full"
UPSTREAM = ("--tenants", "acme:4000", "--seed", "7", "--latency", "20ms")


class Running:
    """`sluice run` in a process of its own. What it says is read as it comes."""

    def __init__(self, case, *wrapper, **environment):
        self.case = case
        self.process = subprocess.Popen([*wrapper, *case.command("run", case.manifest, "--tenant", "acme")],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=case.environment(**environment))
        self.lines, self.changed, self.ended = [], threading.Condition(), False
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        case.addCleanup(self._clean)

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(json.loads(line) if line.startswith("{") else {"msg": line})
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _clean(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for(self, what, wanted, timeout=180):
        """Until a line of the log is `wanted`; that line."""
        seen = lambda: next((l for l in self.lines if wanted(l)), None)
        with self.changed:
            self.changed.wait_for(lambda: seen() or self.ended, timeout)
            if not seen():
                self.case.fail("no line says %s%s: %s" % (
                    what, " and the run has ended" if self.ended else "", "\n".join(map(str, self.lines[-30:]))))
            return seen()

    def wait_for_pages(self, count):
        self.wait_for("that it has committed so much", lambda l: self.pages() >= count)

    def pages(self):
        return sum(l.get("event") == "progress" for l in self.lines)

    def wait_for_code(self, code):
        """Until it says that it waits for the store, and why."""
        return self.wait_for("that it waits for the store with " + code,
                             lambda l: l.get("code") == code and l.get("waits_for") == "store")

    def codes(self):
        return {l["code"] for l in self.lines if l.get("code")}

    def finish(self, exit_code=0, timeout=300):
        """Its receipt."""
        stop = threading.Timer(timeout, self.process.kill)
        stop.start()
        out = self.process.stdout.read()
        self.process.wait()
        stop.cancel()
        self.reader.join()
        self.case.assertEqual(self.process.returncode, exit_code, "\n".join(map(str, self.lines[-30:])) + out[-3000:])
        receipt = json.loads(out)
        if "stages" in receipt:
            self.case.check_account(receipt)
        return receipt


class StoreCase(harness.Case):
    upstream_args = UPSTREAM
    store_type = harness.Postgres

    def start(self, *wrapper, **environment):
        return Running(self, *wrapper, **environment)

    def assert_all_is_well(self, receipt):
        """Succeeded, every row there once, and nothing to do for a second run."""
        self.assertEqual(receipt["state"], "succeeded")
        self.assert_holds_what_the_upstream_has()
        self.assertEqual(self.written(self.run_sync()), 0)

    def assert_one_run(self, receipt):
        runs = json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)
        self.assertEqual([r["run_id"] for r in runs], [receipt["run_id"]])


def until(what, condition, timeout=180):
    """Asks again and again, as nothing tells us."""
    ends, nudge = time.monotonic() + timeout, threading.Event()
    while not condition():
        if time.monotonic() > ends:
            raise AssertionError("not in time: " + what)
        nudge.wait(0.02)


def pause(seconds):
    """For a fault that lasts, as paused servers do. Never to wait for something."""
    threading.Event().wait(seconds)


class Cluster(harness.Postgres):
    """A server whose processes can be got hold of. `settings`: lines of postgresql.conf."""
    settings = ""
    options = ""  # of the dsn

    def __init__(self, folder):
        os.environ["SLUICE_PG_SETTINGS"] = self.settings
        try:
            super().__init__(folder)
        finally:
            del os.environ["SLUICE_PG_SETTINGS"]
        self.environment = {"TEST_DSN": self.dsn + self.options}

    def execute(self, sql):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, self.dsn], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def postmaster(self):
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def processes(self):
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.postmaster())], capture_output=True, text=True)
        return [self.postmaster(), *map(int, children.stdout.split())]

    def signal_all(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """As a power cut: none of its processes does anything any more."""
        self.signal_all(signal.SIGKILL)
        until("the server is gone", lambda: not pathlib.Path("/proc/%d" % self.postmaster()).exists() or
              " Z " in pathlib.Path("/proc/%d/stat" % self.postmaster()).read_text())

    def restart(self, **environment):
        subprocess.run([harness.WITH_POSTGRES, "restart", self.folder], check=True, capture_output=True,
                       env={**os.environ, **environment})

    def hold(self, sql):
        """A session that has done this in a transaction and stays, until its stdin is closed."""
        session = subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.dsn], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        session.stdin.write("BEGIN; %s; SELECT 'held';\n" % sql)
        session.stdin.flush()
        for line in session.stdout:
            if line.strip() == "held":
                return session
        raise RuntimeError("could not hold: " + sql)


def release(session):
    session.stdin.close()
    session.wait(timeout=120)
    session.stdout.close()


def in_private_mounts(script):
    """Starts the script anew where it may mount; without the right to, tests that need it are skipped."""
    if os.environ.get("SLUICE_PRIVATE_MOUNTS") is None and os.geteuid() == 0:
        probe = subprocess.run(["unshare", "-m", "true"], capture_output=True)
        if probe.returncode == 0:
            os.environ["SLUICE_PRIVATE_MOUNTS"] = "1"
            os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, script, *sys.argv[1:]])


class SmallDisk:
    """A file system of a few megabytes."""

    def __init__(self, case, megabytes):
        if os.environ.get("SLUICE_PRIVATE_MOUNTS") is None:
            case.skipTest("a disk that gets full needs root and its own mounts (unshare -m)")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-disk-"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % megabytes, "tmpfs", self.folder], check=True)
        case.addCleanup(lambda: (subprocess.run(["umount", "-l", self.folder], check=True), self.folder.rmdir()))

    def fill(self, leave_kilobytes):
        room = os.statvfs(self.folder)
        (self.folder / "filler").write_bytes(b"\0" * (room.f_bavail * room.f_frsize - leave_kilobytes * 1024))

    def free(self):
        (self.folder / "filler").unlink()
