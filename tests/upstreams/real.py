"""What the tests of real systems share: their scripts, an example's manifest in a store of its own, and its rows as
the independent readers write them."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from decimal import Decimal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
import outside  # noqa: E402

SCRIPTS = outside.Scripts("upstreams", "SLUICE_UPSTREAMS")
FULL = os.environ.get("SLUICE_TEST_TIER") == "full"

KEY = ["(SELECT e.kind FROM entities e WHERE e.id = s.{0})", "(SELECT e.external_id FROM entities e WHERE e.id = s.{0})"]
ROLE = "(SELECT r.external_id FROM roles r WHERE r.id = s.{0})"


def key(column):
    return [part.format(column) for part in KEY]


# The reader's table → our stream, and its columns behind the tenant.
QUERIES = {
    "entities": ("entities", ["s.kind", "s.external_id", "s.attributes", "s.name", "s.email", "s.enabled",
                              "(SELECT p.external_id FROM entities p WHERE p.id = s.parent_id)"]),
    "memberships": ("memberships", key("container_id") + key("member_id")),
    "roles": ("roles", ["s.external_id", "s.scope", "s.name", "s.description"]),
    "role_parts": ("role_parts", [ROLE.format("role_id"), ROLE.format("part_id")]),
    "role_assignments": ("role_assignments", key("entity_id") + [ROLE.format("role_id")]),
    "credits": ("entity_credits", key("entity_id") + ["s.unit", "s.currency", "CAST(s.amount AS TEXT)"]),
}


def plain(amount):
    """Decimals by value: 42.0 is 42."""
    return format(Decimal(amount).normalize(), "f")


def line(row):
    return json.dumps(row, ensure_ascii=False)


need = SCRIPTS.need
free_port = outside.free_port


def kit():
    """What the scripts themselves talk to their systems by."""
    sys.path.insert(0, str(SCRIPTS.folder / "common"))
    import kit as theirs
    return theirs


class System:
    """A real system for all tests of a program, on ports of its own: start.sh of its folder, until stop()."""

    def __init__(self, name, **environment):
        self.scripts = SCRIPTS.folder / name
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-%s-" % name))
        self.environment = {**os.environ, "UP_BUILD": str(outside.CACHE), "UP_RUN": str(self.folder / "run"), **environment}
        self.script("start.sh")

    def script(self, name, *args, **environment):
        command = [self.scripts / name, *args] if name.endswith(".sh") else [sys.executable, self.scripts / name, *args]
        done = subprocess.run(command, capture_output=True, text=True, env={**self.environment, **environment})
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (name, done.stderr[-2000:] + done.stdout[-2000:]))
        return done.stdout

    def read(self, *args):
        """(table, row) of all that is there and what it cost to read, by the independent reader, asked now."""
        out = self.folder / "expected"
        self.script("expected.py", *args, UP_OUT=str(out))
        lines = (out / "expected.rows.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [pair for text in lines for pair in json.loads(text).items()]
        return rows, json.loads((out / "expected.json").read_text())["cost"]

    def stop(self):
        self.script("stop.sh")
        shutil.rmtree(self.folder, ignore_errors=True)


class Example(unittest.TestCase):
    """An example's manifest, its store exchanged, and each run reads, whatever the one before has."""
    example = None
    tables = tuple(QUERIES)
    environment = {}
    secrets = {}
    store_type = harness.Sqlite
    maxDiff = 4000

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = self.store_type(folder.name)
        self.addCleanup(self.store.stop)
        self.manifest = pathlib.Path(folder.name) / (self.example + ".yaml")
        text = (harness.SOURCE / "examples" / self.example / "sign-in.yaml").read_text()
        own = next(l for l in text.splitlines() if l.startswith("store:"))
        text = text.replace(own, "store: " + self.store.manifest).replace("    fresh_for: 60s\n", "")
        for phase in ("essential:", "background:"):
            text = text.replace("  %s\n" % phase, "  %s\n    fresh_for: 0s\n" % phase)
        self.manifest.write_text(text)

    def change(self, before, after):
        text = self.manifest.read_text()
        self.assertIn(before, text)
        self.manifest.write_text(text.replace(before, after))

    def sluice(self, *args):
        environment = {**os.environ, **self.secrets, **self.environment, **self.store.environment}
        done = subprocess.run([harness.SLUICE, "--plugins", harness.PLUGINS, "--json", *args], capture_output=True,
                              text=True, env=environment)
        for secret in self.secrets.values():
            self.assertNotIn(secret, done.stdout + done.stderr, "a secret got out")
        return done

    def sync(self, tenant, *more, exit_code=0):
        done = self.sluice("run", self.manifest, "--tenant", tenant, *more)
        self.assertEqual(done.returncode, exit_code, done.stderr[-3000:] + done.stdout[-3000:])
        return json.loads(done.stdout)

    def as_reader(self, tenant, table, row):
        """A stored row as the independent reader writes it."""
        if table == "entities":
            kind, own, attributes, name, email, enabled, parent = row
            attributes = attributes if isinstance(attributes, dict) else json.loads(attributes or "{}")
            return [tenant, kind, own, next(iter(attributes.values()), None), name or "", email, bool(enabled), parent]
        return [tenant, *row, "direct"] if table == "role_assignments" else [tenant, *row]

    def held(self, tenant):
        """table → rows."""
        out = {}
        for table in self.tables:
            stream, columns = QUERIES[table]
            named = ", ".join("%s AS c%d" % (column, i) for i, column in enumerate(columns))
            found = self.store.query("SELECT %s FROM %s s WHERE s.deleted_at IS NULL AND s.tenant_id = '%s'" %
                                     (named, stream, tenant))
            out[table] = {line(self.as_reader(tenant, table, list(row))) for row in found}
        return out

    def assert_holds(self, tenant, expected):
        """`expected`: pairs of a table and a row."""
        held = self.held(tenant)
        for table in self.tables:
            rows = {line(row) for of, row in expected if of == table}
            self.assertEqual((sorted(rows - held[table])[:5], sorted(held[table] - rows)[:5]), ([], []),
                             "%s of %s: missing, and too many" % (table, tenant))

    def written(self, receipt):
        return sum(c["inserted"] + c["updated"] + c["deleted"] + c["rejected"] + c["swept"] +
                   c["resolved"]["inserted"] + c["resolved"]["updated"] for c in receipt["streams"].values())
