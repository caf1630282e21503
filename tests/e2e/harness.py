"""What the end-to-end tests share: the real programs, a simulated upstream, stores, and its oracle.

The build folder comes in SLUICE_BINARY_DIR. Nothing here waits by time: a process that is up says so.
"""
import hashlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import tempfile
import unittest
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SLUICE_BINARY_DIR", SOURCE / "build" / "dev"))
SLUICE = BINARY / "bin" / "sluice"
PLUGINS = BINARY / "plugins"
WITH_POSTGRES = SOURCE / "tests" / "support" / "with_postgres.sh"


class Upstream:
    """The simulated upstream as a process of its own."""

    def __init__(self, *args):
        self.process = subprocess.Popen([BINARY / "sluice-upstream", "--port", "0", *args],
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data=data), timeout=120) as answer:
            return answer.read().decode()

    def faults(self, *faults):
        self.ask("/control/faults", list(faults))

    def streams(self, tenant):
        """What a correct sync must hold: stream to {count, digest}."""
        return json.loads(self.ask("/control/state?tenant=" + tenant))["tenants"][tenant]["streams"]

    def served(self):
        return [json.loads(line) for line in self.ask("/control/served").splitlines() if line]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=120)
        self.process.stdout.close()


# The rows of each stream as the upstream's digest has them: columns in its order, by type.
# t text, b boolean, i instant.
ENTITY = "(SELECT {0}.kind FROM entities {0} WHERE {0}.id = s.{1}), (SELECT {0}.external_id FROM entities {0} WHERE {0}.id = s.{1})"
ROLE = "(SELECT {0}.external_id FROM roles {0} WHERE {0}.id = s.{1})"
STREAMS = {
    "entities": ("ttttbiit", "s.kind, s.external_id, s.name, s.email, s.enabled, s.created_at, s.updated_at, "
                 "(SELECT p.external_id FROM entities p WHERE p.id = s.parent_id)"),
    "memberships": ("ttttt", ENTITY.format("c", "container_id") + ", " + ENTITY.format("m", "member_id") + ", s.role"),
    "entity_credits": ("tttttttiiit", "s.external_id, " + ENTITY.format("e", "entity_id") + ", s.kind, s.amount, s.unit, "
                       "s.currency, s.effective_at, s.expires_at, s.voided_at, s.description"),
    "roles": ("tttbt", "s.external_id, s.name, s.description, s.composite, s.scope"),
    "role_parts": ("tt", ROLE.format("r", "role_id") + ", " + ROLE.format("p", "part_id")),
    "role_assignments": ("tttttii", ENTITY.format("e", "entity_id") + ", " + ROLE.format("r", "role_id") +
                         ", s.scope_kind, s.scope_id, s.granted_at, s.expires_at"),
}


def digest(rows):
    """Of rows of texts and Nones: see the upstream's README."""
    total = 0
    for row in rows:
        data = b"\x1f".join(b"\x00" if v is None else v.encode() for v in row)
        total += int.from_bytes(hashlib.sha256(data).digest()[:8], "big")
    return {"count": len(rows), "digest": "%016x" % (total % 2**64)}


class Sqlite:
    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "sluice.db"
        self.manifest = "{ uses: sqlite, path: %s }" % self.path
        self.environment = {}

    def query(self, sql, *values):
        with sqlite3.connect("file:%s?mode=ro" % self.path, uri=True) as db:
            return db.execute(sql, values).fetchall()

    other_hash = "zeroblob(16)"

    def exists(self):
        return self.path.exists()

    def machinery(self, table):
        return "sluice_" + table

    def break_it(self, sql):
        """What no part of the product ever does."""
        db = sqlite3.connect(self.path)
        changed = db.execute(sql).rowcount
        db.commit()
        db.close()
        assert changed > 0, sql

    def dump(self):
        """Everything that is stored."""
        with sqlite3.connect("file:%s?mode=ro" % self.path, uri=True) as db:
            return "\n".join(db.iterdump()).encode()

    def digest(self):
        return hashlib.sha256(self.dump()).hexdigest()

    @staticmethod
    def _text(value, kind):
        if value is None:
            return None
        if kind == "b":
            return "true" if value else "false"
        return Sqlite._instant(value) if kind == "i" else str(value)

    @staticmethod
    def _instant(text):
        import calendar
        import time
        whole, _, fraction = text.rstrip("Z").partition(".")
        seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
        return str(seconds * 1_000_000 + int((fraction + "000000")[:6]))

    def rows(self, stream):
        kinds, columns = STREAMS[stream]
        found = self.query("SELECT %s FROM %s s WHERE s.deleted_at IS NULL AND s.tenant_id = 'acme'" % (columns, stream))
        return [[self._text(v, k) for v, k in zip(row, kinds)] for row in found]

    def stop(self):
        pass


class Postgres:
    def __init__(self, folder):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        started = subprocess.run([WITH_POSTGRES, "start", self.folder], capture_output=True, text=True)
        if started.returncode == 77:
            raise unittest.SkipTest("no PostgreSQL server is installed here: " + started.stderr.strip())
        if started.returncode != 0:
            raise RuntimeError(started.stderr)
        self.dsn = started.stdout.strip()
        self.manifest = '{ uses: postgres, dsn: "${secret:env:TEST_DSN}" }'
        self.environment = {"TEST_DSN": self.dsn}

    other_hash = "'00000000-0000-0000-0000-000000000000'"

    def exists(self):
        return self.query("SELECT to_regclass('sluice.runs') IS NOT NULL") == [(True,)]

    def machinery(self, table):
        return "sluice." + table

    def break_it(self, sql):
        done = subprocess.run(["psql", "-XAt", "-v", "ON_ERROR_STOP=1", "-c", sql, self.dsn], capture_output=True,
                              text=True, check=True)
        assert not done.stdout.strip().endswith(" 0"), sql

    def dump(self):
        dump = subprocess.run(["pg_dump", "--no-comments", self.dsn], capture_output=True, check=True)
        # Newer servers begin and end a dump with a key of its own.
        return b"\n".join(l for l in dump.stdout.splitlines() if not l.startswith((b"\\restrict", b"\\unrestrict")))

    def digest(self):
        return hashlib.sha256(self.dump()).hexdigest()

    def query(self, sql):
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c",
                               "SELECT row_to_json(q) FROM (%s) q" % sql, self.dsn],
                              capture_output=True, text=True, check=True)
        return [tuple(json.loads(line).values()) for line in done.stdout.splitlines()]

    def rows(self, stream):
        kinds, columns = STREAMS[stream]
        inner = "SELECT %s FROM %s s WHERE s.deleted_at IS NULL AND s.tenant_id = 'acme'" % (columns, stream)
        names = ["c%d" % i for i in range(len(kinds))]
        shown = [n if k == "b" else "(extract(epoch FROM %s) * 1000000)::bigint::text AS %s" % (n, n) if k == "i"
                 else n + "::text AS " + n for n, k in zip(names, kinds)]
        found = self.query("SELECT %s FROM (%s) x(%s)" % (", ".join(shown), inner, ", ".join(names)))
        text = lambda v: v if v is None or isinstance(v, str) else "true" if v else "false"
        return [[text(v) for v in row] for row in found]

    def stop(self):
        subprocess.run([WITH_POSTGRES, "stop", self.folder], check=True)


MANIFEST = """
sluice: 1
name: e2e
store: {store}
tenants:
  acme: {{ secrets: {{ crm: "${{secret:env:ACME_TOKEN}}" }} }}
sources:
  crm:
    uses: http
    base_url: "${{env:CRM_URL}}"
{source}
domains:
{domains}
phases:
{phases}
backends: {{ direct: {{ uses: direct }} }}
routing: {{ default: direct }}
"""
AUTH = """
    auth: { bearer: "${tenant.secrets.crm}" }
"""
ASKED = AUTH + """
    retry: { attempts: 4, base: 10ms, cap: 100ms }
"""
DOMAINS = """
  entities: { uses: entities, reads: { users: { from: crm }, organizations: { from: crm }, groups: { from: crm }, memberships: { from: crm } } }
  credits: { uses: credits, critical: true, reads: { credits: { from: crm } } }
  roles: { uses: roles, reads: { roles: { from: crm }, role_parts: { from: crm }, assignments: { from: crm } } }
"""
PHASES = """
  essential: { deadline: 10s, fresh_for: 0s, sync: [ entities, credits, roles ] }
"""


def manifest(store, domains=DOMAINS, phases=PHASES, source=ASKED):
    return MANIFEST.format(store=store.manifest, domains=domains, phases=phases, source=source)


class Case(unittest.TestCase):
    """One upstream, one store and one manifest for each test."""
    store_type = Sqlite
    upstream_args = ("--tenants", "acme:300", "--seed", "7")

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.store = self.store_type(self.folder.name)
        self.addCleanup(self.store.stop)
        self.upstream = Upstream(*self.upstream_args)
        self.addCleanup(self.upstream.stop)
        self.manifest = pathlib.Path(self.folder.name) / "e2e.yaml"
        self.write_manifest()

    def write_manifest(self, *args, **parts):
        self.manifest.write_text(manifest(self.store, *args, **parts))

    def environment(self, **more):
        return {**os.environ, "CRM_URL": self.upstream.url, "ACME_TOKEN": "token-acme", **self.store.environment, **more}

    def command(self, *args, plugins=PLUGINS):
        return [SLUICE, "--plugins", plugins, "--json", *args]

    def sluice(self, *args, plugins=PLUGINS, **environment):
        done = subprocess.run(self.command(*args, plugins=plugins), capture_output=True, text=True, timeout=300,
                              env=self.environment(**environment))
        self.assertNotIn("token-acme", done.stdout + done.stderr, "a secret got out")
        return done

    def run_sync(self, exit_code=0, **more):
        """A run of acme; its receipt."""
        done = self.sluice("run", self.manifest, "--tenant", "acme", **more)
        self.assertEqual(done.returncode, exit_code, done.stderr[-4000:] + done.stdout[-3000:])
        receipt = json.loads(done.stdout)
        self.check_account(receipt)
        return receipt

    def check_account(self, receipt):
        for stage in receipt["stages"]:
            records = stage["records"]
            self.assertEqual(records["read"], records["mapped"] + records["filtered"] + records["rejected"], stage)
            for counts in stage["streams"].values():
                self.assertEqual(counts["rows"], sum(counts[k] for k in (
                    "inserted", "updated", "unchanged", "deleted", "deferred", "rejected")), stage)

    def written(self, receipt):
        # What was deferred is written when it is resolved.
        return sum(c["inserted"] + c["updated"] + c["deleted"] + c["rejected"] +
                   c["resolved"]["inserted"] + c["resolved"]["updated"] for c in receipt["streams"].values())

    def assert_holds_what_the_upstream_has(self):
        expected = self.upstream.streams("acme")
        held = {stream: digest(self.store.rows(stream)) for stream in STREAMS}
        self.assertEqual(held, {s: {k: expected[s][k] for k in ("count", "digest")} for s in STREAMS})


def interrupt(process):
    process.send_signal(signal.SIGINT)


def start_endless(case, updates):
    """The same, of a run that can't end by itself: the upstream asks it to come back, until its faults are cleared."""
    case.upstream.faults({"match": {"path": "*/credits"}, "do": "status", "status": 429,
                          "headers": {"Retry-After": "1"}})
    return start(case, updates)


def start(case, updates):
    """A run in a process of its own that has committed so many times."""
    process = subprocess.Popen(case.command("run", case.manifest, "--tenant", "acme"), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=case.environment())
    for clean in (process.stdout.close, process.stderr.close, process.wait, process.kill):
        case.addCleanup(clean)
    for line in process.stderr:
        updates -= json.loads(line).get("event") == "progress"
        if updates == 0:
            return process
    case.fail("the run ended before it could be disturbed: " + process.stdout.read())
