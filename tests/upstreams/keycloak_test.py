"""A real Keycloak by examples/keycloak alone, compared row by row with what an independent reader says.

The quick tier takes the small realm, the full one all three.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from keycloak import QUERIES, Server, as_reader, harness, why_not

MANIFEST = harness.SOURCE / "examples" / "keycloak" / "sign-in.yaml"
FULL = os.environ.get("SLUICE_TEST_TIER") == "full"
REALMS = ("small", "medium", "large") if FULL else ("small",)


def setUpModule():
    Keycloak.server = Server()
    unittest.addModuleCleanup(Keycloak.server.stop)
    for realm in REALMS:
        Keycloak.server.script("seed.py", realm)


class Keycloak(unittest.TestCase):
    server = None
    store_type = harness.Sqlite
    maxDiff = 4000

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = self.store_type(folder.name)
        self.addCleanup(self.store.stop)
        self.manifest = pathlib.Path(folder.name) / "keycloak.yaml"
        text = MANIFEST.read_text()
        line = next(l for l in text.splitlines() if l.startswith("store:"))
        text = text.replace(line, "store: " + self.store.manifest)
        # Each run reads, whatever the one before has.
        for phase in ("essential:", "background:"):
            text = text.replace("  %s\n" % phase, "  %s\n    fresh_for: 0s\n" % phase)
        self.manifest.write_text(text)

    def sluice(self, *args):
        secrets = {"KEYCLOAK_SECRET_" + r.upper(): "secret-" + r for r in ("small", "medium", "large")}
        environment = {**os.environ, **secrets, "KEYCLOAK_URL": self.server.url, **self.store.environment}
        done = subprocess.run([harness.SLUICE, "--plugins", harness.PLUGINS, "--json", *args], capture_output=True,
                              text=True, env=environment)
        for secret in secrets.values():
            self.assertNotIn(secret, done.stdout + done.stderr, "a secret got out")
        return done

    def sync(self, realm, *more, exit_code=0):
        done = self.sluice("run", self.manifest, "--tenant", realm, *more)
        self.assertEqual(done.returncode, exit_code, done.stderr[-3000:] + done.stdout[-3000:])
        return json.loads(done.stdout)

    def held(self, realm):
        out = {}
        for table, (stream, columns) in QUERIES.items():
            named = ", ".join("%s AS c%d" % (column, i) for i, column in enumerate(columns))
            found = self.store.query("SELECT %s FROM %s s WHERE s.deleted_at IS NULL AND s.tenant_id = '%s'" %
                                     (named, stream, realm))
            out[table] = {json.dumps(as_reader(realm, table, list(row)), ensure_ascii=False) for row in found}
        return out

    def assert_as_upstream(self, realm):
        expected, held = self.server.expected(realm), self.held(realm)
        for table, rows in expected.items():
            self.assertEqual((sorted(rows - held[table])[:5], sorted(held[table] - rows)[:5]), ([], []),
                             "%s of %s: missing, and too many" % (table, realm))

    def written(self, receipt):
        return sum(c["inserted"] + c["updated"] + c["deleted"] + c["rejected"] + c["swept"] +
                   c["resolved"]["inserted"] + c["resolved"]["updated"] for c in receipt["streams"].values())

    # covers: P1, P6
    def test_all_of_a_realm_is_there_and_nothing_is_written_twice(self):
        for realm in REALMS:
            with self.subTest(realm=realm):
                receipt = self.sync(realm)
                self.assert_as_upstream(realm)
                skipped = receipt["streams"]["role_assignments"]["skipped"]
                self.assertGreater(skipped, 0, "what service accounts were given is counted")
                for _ in range(2):
                    self.assertEqual(self.written(self.sync(realm)), 0)

    # covers: P6
    def test_what_changed_and_what_vanished_is_so_in_the_store(self):
        self.sync("small")
        self.server.script("mutate.py", "small")
        try:
            # A group with its tree and an organization are more than the guard lets go without a word.
            run = self.sync("small", exit_code=4)["run_id"]
            done = self.sluice("runs", "approve", run, "--pipeline", self.manifest)
            self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
            self.assert_as_upstream("small")
            self.assertEqual(self.written(self.sync("small")), 0)
        finally:
            self.server.script("seed.py", "--reset", "small")

    # covers: P6
    def test_a_role_that_was_taken_away_is_gone_after_the_next_sign_in(self):
        self.sync("small")
        before = self.held("small")
        admin = self.server.admin("small")
        user, role = next((u, r) for u in admin.get("/users", max=50)
                          for r in admin.get("/users/%s/role-mappings/realm" % u["id"]) if r["composite"])
        mapping = "/users/%s/role-mappings/realm" % user["id"]
        admin.call("DELETE", mapping, [role])
        try:
            self.sync("small", "--subject", user["id"], "--phase", "essential")
            gone = ["small", "user", user["id"], role["id"], "direct"]
            self.assert_as_upstream("small")
            before["role_assignments"].remove(json.dumps(gone, ensure_ascii=False))
            self.assertEqual(self.held("small"), before, "nothing else has changed")
        finally:
            admin.call("POST", mapping, [role])

    def test_the_query_of_the_page_gives_the_roles_that_keycloak_calls_effective(self):
        self.sync("small")
        page = (MANIFEST.parent / "README.md").read_text()
        query = re.search(r"^```sql\n(.*?);\n```", page, re.S | re.M).group(1)
        admin = self.server.admin("small")
        for user in admin.get("/users", max=20):
            effective = {r["name"] for r in admin.get("/users/%s/role-mappings/realm/composite" % user["id"])}
            found = {name for scope, name in self.store.query(query.replace("USER-ID", user["id"])) if scope == "realm"}
            self.assertEqual(found, effective, user["username"])

    # covers: P6
    def test_a_realm_that_may_not_be_read_deletes_nothing(self):
        self.sync("small")
        before = self.held("small")
        self.manifest.write_text(self.manifest.read_text().replace("path: /organizations,", "path: /nowhere,"))
        done = self.sluice("run", self.manifest, "--tenant", "small")
        self.assertEqual(done.returncode, 1, done.stdout[-2000:])
        self.assertIn("404", done.stdout + done.stderr)
        self.assertEqual(self.held("small"), before)


class KeycloakIntoPostgres(Keycloak):
    store_type = harness.Postgres


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print("skipped: " + reason)
        sys.exit(77)
    unittest.main(verbosity=2)
