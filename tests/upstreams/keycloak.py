"""A real Keycloak for tests, and its rows as the independent reader writes them."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
from decimal import Decimal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

SCRIPTS = pathlib.Path(os.environ.get("SLUICE_UPSTREAMS", harness.SOURCE.parent / "shared" / "upstreams")) / "keycloak"
CACHE = pathlib.Path(os.environ.get("UP_BUILD", pathlib.Path.home() / ".cache" / "sluice-upstreams"))

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
    "credits": ("entity_credits", key("entity_id") + ["s.unit", "CAST(s.amount AS TEXT)"]),
}


def why_not():
    if not SCRIPTS.is_dir():
        return "the scripts that start Keycloak are not at %s; SLUICE_UPSTREAMS says where" % SCRIPTS
    missing = [program for program in ("java", "mvn", "curl") if shutil.which(program) is None]
    return "not installed: " + ", ".join(missing) if missing else ""


def plain(amount):
    """Decimals by value: 42.0 is 42."""
    return format(Decimal(amount).normalize(), "f")


def as_reader(tenant, table, row):
    """A stored row as the independent reader writes it."""
    if table == "entities":
        kind, key, attributes, *rest = row
        name, email, enabled, parent = rest
        attributes = attributes if isinstance(attributes, dict) else json.loads(attributes or "{}")
        return [tenant, kind, key, next(iter(attributes.values()), None), name or "", email, bool(enabled), parent]
    if table == "role_assignments":
        return [tenant, *row, "direct"]
    if table == "credits":
        kind, key, unit, amount = row
        return [tenant, kind, key, unit, unit.removeprefix("credits."), plain(amount), None]
    return [tenant, *row]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """One Keycloak for all tests of this program, on ports of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-keycloak-"))
        self.environment = {**os.environ, "UP_BUILD": str(CACHE), "UP_RUN": str(self.folder / "run"),
                            "KC_PORT": str(free_port()), "KC_MGMT_PORT": str(free_port())}
        self.url = "http://127.0.0.1:" + self.environment["KC_PORT"]
        self.script("start.sh")

    def script(self, name, *args, **environment):
        command = [SCRIPTS / name, *args] if name.endswith(".sh") else [sys.executable, SCRIPTS / name, *args]
        done = subprocess.run(command, capture_output=True, text=True, env={**self.environment, **environment})
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (name, done.stderr[-2000:] + done.stdout[-2000:]))
        return done.stdout

    def expected(self, realm):
        """table → rows, by the independent reader, asked now."""
        out = self.folder / ("expected-" + realm)
        self.script("expected.py", realm, UP_OUT=str(out))
        rows = {table: set() for table in QUERIES}
        for line in (out / "expected.rows.jsonl").read_text(encoding="utf-8").splitlines():
            for table, row in json.loads(line).items():
                rows[table].add(json.dumps(row, ensure_ascii=False))
        return rows

    def admin(self, realm):
        """A client that may change the realm."""
        sys.path.insert(0, str(SCRIPTS.parent / "common"))
        from kit import Http, oauth_token
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": "admin"}
        token = oauth_token(self.url, "/realms/master/protocol/openid-connect/token", form)
        return Http(self.url + "/admin/realms/" + realm, token)

    def stop(self):
        self.script("stop.sh")
        shutil.rmtree(self.folder, ignore_errors=True)
