"""What the crash tests share: stores that begin as copies of a template, runs that are disturbed, and the oracle.

SLUICE_TEST_TIER=full gives the long figures. SLUICE_TEST_SEED replays what was drawn; without it each day
draws anew, so that the parts which the quick tier leaves out take turns.
"""
import datetime
import json
import os
import pathlib
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

FULL = os.environ.get("SLUICE_TEST_TIER") == "full"
SEED = int(os.environ.get("SLUICE_TEST_SEED", datetime.date.today().toordinal()))
SANITIZED = b"libasan" in harness.SLUICE.read_bytes() or b"libtsan" in harness.SLUICE.read_bytes()
PATIENCE = 120  # seconds after which a process counts as hanging


class Sqlite(harness.Sqlite):
    kind = "sqlite"
    items = "sluice_items"
    ledger = "sluice_ledger"
    runs = "sluice_runs"

    def __init__(self, folder, template=None):
        folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
        super().__init__(folder)
        if template is not None:
            shutil.copy(template.path, self.path)

    def settle(self):
        """Nothing is left of a process that was killed."""

    def streams(self):
        """The tables that have been made so far."""
        if not self.path.exists() or not self.query("SELECT 1 FROM sqlite_schema WHERE name = 'sluice_streams'"):
            return []
        return [name for name, in self.query("SELECT name FROM sluice_streams")]


class Cluster:
    """One server for a whole test program, a database for each case."""
    def __init__(self):
        self.server = harness.Postgres(None)
        self.made = 0

    def stop(self):
        self.server.stop()


class Postgres(harness.Postgres):
    kind = "postgres"
    items = "sluice.items"
    ledger = "sluice.ledger"
    runs = "sluice.runs"

    def __init__(self, cluster, template=None):
        cluster.made += 1
        self.cluster = cluster
        self.name = "case%d" % cluster.made
        self._sql(cluster, "CREATE DATABASE %s TEMPLATE %s" % (self.name, template.name if template else "template1"))
        self.dsn = cluster.server.dsn.replace("dbname=postgres", "dbname=" + self.name)
        self.manifest = cluster.server.manifest
        self.environment = {"TEST_DSN": self.dsn}

    @staticmethod
    def _sql(cluster, sql):
        subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, cluster.server.dsn],
                       check=True, capture_output=True)

    def streams(self):
        if not self.query("SELECT to_regclass('sluice.streams') IS NOT NULL AS there")[0][0]:
            return []
        return [name for name, in self.query("SELECT name FROM sluice.streams")]

    def settle(self):
        """Until the server has noticed that whoever was killed is gone, and has ended what that had begun."""
        others = ("SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() "
                  "AND backend_type = 'client backend' AND pid <> pg_backend_pid()")
        while self.query(others)[0][0]:
            pass

    def stop(self):
        self._sql(self.cluster, "DROP DATABASE %s WITH (FORCE)" % self.name)


class Case(unittest.TestCase):
    """Sync after sync of one tenant, disturbed in between; `kind` is the store's class."""
    kind = Sqlite
    upstream_args = ("--tenants", "acme:60", "--seed", "7", "--max-limit", "25")
    domains, phases = harness.DOMAINS, harness.PHASES

    @classmethod
    def setUpClass(cls):
        cls.random = random.Random("%s %d" % (cls.__name__, SEED))
        cls.folder = tempfile.TemporaryDirectory(prefix="sluice-crash-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.cluster = None
        if cls.kind is Postgres:
            cls.cluster = Cluster()
            cls.addClassCleanup(cls.cluster.stop)
        cls.upstream = harness.Upstream(*cls.upstream_args)
        cls.addClassCleanup(cls.upstream.stop)

    def new_store(self, template=None):
        store = Postgres(self.cluster, template) if self.cluster else Sqlite(self.folder.name, template)
        self.addCleanup(store.stop)
        return store

    def manifest_for(self, store):
        text = harness.manifest(store, self.domains, self.phases)
        path = pathlib.Path(self.folder.name) / ("%s.yaml" % (getattr(store, "name", None) or store.path.parent.name))
        # Another process may be reading it.
        aside = path.with_suffix(".new")
        aside.write_text(text)
        aside.replace(path)
        return path

    def environment(self, store, **more):
        return {**os.environ, "CRM_URL": self.upstream.url, "ACME_TOKEN": "token-acme", **store.environment, **more}

    def command(self, store, *more):
        return [harness.SLUICE, "--plugins", harness.PLUGINS, *more, "--json", "run", self.manifest_for(store),
                "--tenant", "acme"]

    def sync(self, store, *, before=(), options=(), **environment):
        """One run to its end, however it ends."""
        return subprocess.run([*before, *self.command(store, *options)], capture_output=True, text=True, timeout=PATIENCE,
                              env=self.environment(store, **environment))

    def sync_to_the_end(self, store):
        """What an operator does after anything: start it again. Its receipt."""
        done = self.sync(store)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:] + done.stdout[-2000:])
        receipt = json.loads(done.stdout)
        self.assertEqual(receipt["state"], "succeeded")
        harness.Case.check_account(self, receipt)
        self.assert_equals_the_upstream(store)
        return receipt

    def assert_equals_the_upstream(self, store):
        expected = self.upstream.streams("acme")
        held = {s: harness.digest(store.rows(s)) for s in harness.STREAMS}
        self.assertEqual(held, {s: {k: expected[s][k] for k in ("count", "digest")} for s in harness.STREAMS})
        self.assertEqual(self.open_runs(store), [])

    def open_runs(self, store):
        return store.query("SELECT state FROM %s WHERE state IN ('queued', 'running')" % store.runs)

    def assert_atomic(self, store):
        """P2, of a store that began empty: its rows are those that the ledger's committed pages brought."""
        made = store.streams()
        if not made:
            return
        booked = dict(store.query("SELECT stream, CAST(sum(inserted + resolved_inserted) AS INTEGER) AS n FROM %s "
                                  "GROUP BY stream" % store.ledger))
        held = {stream: store.query("SELECT count(*) AS n FROM %s" % stream)[0][0] for stream in made}
        held = {stream: n for stream, n in held.items() if n}
        self.assertEqual(held, {s: n for s, n in booked.items() if n})

    def assert_one_clear_error(self, done):
        """P18: what is not good says why, with a code."""
        lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
        self.assertEqual(len(lines), len(done.stderr.splitlines()), done.stderr[-2000:])
        self.assertTrue(any(l.get("code") for l in lines if l["level"] in ("warn", "error")), done.stderr[-2000:])


class Life:
    """One process that syncs, until it is killed. Its lines of progress are read as they come."""
    def __init__(self, case, store, options=(), environment=None):
        self.process = subprocess.Popen(case.command(store, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=case.environment(store, **(environment or {})))
        self.lines = queue.Queue()
        self.kept = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.put(line)
        self.lines.put(None)

    def wait_for(self, wanted):
        """True when a line is as wanted; False when the process has ended before."""
        while True:
            line = self.lines.get(timeout=PATIENCE)
            if line is None:
                return False
            self.kept.append(line)
            if wanted(json.loads(line)):
                return True

    def wait_for_pages(self, count):
        left = [count]

        def one(line):
            left[0] -= line.get("event") == "progress"
            return left[0] <= 0
        return count == 0 or self.wait_for(one)

    def state(self):
        """As /proc has it: T stands still."""
        stat = pathlib.Path("/proc/%d/stat" % self.process.pid).read_text()
        return stat[stat.rindex(")") + 2]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def finish(self):
        out = self.process.stdout.read()
        self.process.wait(timeout=PATIENCE)
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode, out
