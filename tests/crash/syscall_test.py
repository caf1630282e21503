"""kill -9 at the N-th call of each system call that leaves a trace outside of the process, without help from the code.

Full tier: every N of every call; quick tier: a spread of them. strace counts N for each thread, so that a number
is of the thread that comes to it first.
"""
import collections
import os
import re
import shutil
import tempfile
import unittest

import lib

CALLS = ("write", "pwrite64", "pwritev", "writev", "sendto", "sendmsg", "recvfrom", "fsync", "fdatasync", "ftruncate",
         "openat", "unlink", "rename", "fcntl", "flock", "connect", "close")
QUICK = 13  # for each store
AT_MOST = 1_500  # for each store, in the full tier; beyond that every n-th
SHOWN = re.compile(r"^(\d+) .*?\b(%s)\(" % "|".join(CALLS))
# A sanitizer can't look for leaks in a process that is traced.
TRACED = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
STRACE = ("strace", "-f", "-qq", "-e", "signal=none")


@unittest.skipUnless(shutil.which("strace"), "strace is not installed here")
class Syscalls(lib.Case):
    upstream_args = ("--tenants", "acme:20", "--seed", "7", "--max-limit", "10")

    def counted(self):
        """How often the busiest thread makes each call in a sync from nothing."""
        with tempfile.NamedTemporaryFile("r") as log:
            done = self.sync(self.new_store(), before=(*STRACE, "-o", log.name, "-e", "trace=" + ",".join(CALLS)),
                             **TRACED)
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            calls = collections.Counter(m.groups() for m in map(SHOWN.match, log) if m)
        out = collections.Counter()
        for (_, call), n in calls.items():
            out[call] = max(out[call], n)
        return out

    def plan(self):
        places = [(call, n) for call, most in sorted(self.counted().items()) for n in range(1, most + 1)]
        count = min(len(places), AT_MOST if lib.FULL else QUICK)
        step = len(places) / count
        first = self.random.uniform(0, step)
        return len(places), [places[int(first + i * step) % len(places)] for i in range(count)]

    def is_killed(self, call, n):
        """One sync, killed at its n-th such call, is made good; False: it made fewer."""
        store = self.new_store()
        done = self.sync(store, before=(*STRACE, "-o", os.devnull, "-e", "trace=" + call,
                                        "-e", "inject=%s:signal=KILL:when=%d" % (call, n)), **TRACED)
        self.assertIn(done.returncode, (0, -9, 137), done.stderr[-2000:])
        store.settle()
        self.assert_atomic(store)
        self.sync_to_the_end(store)
        return done.returncode != 0

    # covers: H2, P2, P3
    def test_a_sync_that_is_killed_at_any_system_call_is_made_good_by_the_next(self):
        there_are, plan = self.plan()
        killed = collections.Counter()
        for call, n in plan:
            with self.subTest(call=call, n=n):
                # A place that this run doesn't come to is looked for nearer to its start.
                killed[call] += any(self.is_killed(call, at) for at in (n, (3 * n + 3) // 4, (n + 1) // 2))
        # Which thread makes how many calls is not always the same.
        self.assertGreaterEqual(killed.total(), 0.8 * len(plan), "too few of the runs were killed at all")
        print("%s: killed at %d of %d places: %s (seed %d)" % (
            self.kind.kind, killed.total(), there_are, ", ".join("%s %d" % c for c in sorted(killed.items())), lib.SEED))


class SyscallsIntoPostgres(Syscalls):
    kind = lib.Postgres


if __name__ == "__main__":
    unittest.main(verbosity=2)
