"""A real Keycloak by examples/keycloak alone, compared row by row with what an independent reader says.

The quick tier takes the small realm, the full one all three.
"""
import re
import unittest

import keycloak
import real

REALMS = ("small", "medium", "large") if real.FULL else ("small",)


def setUpModule():
    Keycloak.server = keycloak.Keycloak()
    unittest.addModuleCleanup(Keycloak.server.stop)
    Keycloak.environment = {"KEYCLOAK_URL": Keycloak.server.url}
    for realm in REALMS:
        Keycloak.server.script("seed.py", realm)


class Keycloak(keycloak.Example):
    server = None

    def assert_as_upstream(self, realm):
        self.assert_holds(realm, self.server.read(realm)[0])

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
            before["role_assignments"].remove(real.line(gone))
            self.assertEqual(self.held("small"), before, "nothing else has changed")
        finally:
            admin.call("POST", mapping, [role])

    def test_the_query_of_the_page_gives_the_roles_that_keycloak_calls_effective(self):
        self.sync("small")
        page = (real.harness.SOURCE / "examples" / "keycloak" / "README.md").read_text()
        query = re.search(r"^```sql\n(.*?);\n```", page, re.S | re.M).group(1)
        admin = self.server.admin("small")
        for user in admin.get("/users", max=20):
            effective = {r["name"] for r in admin.get("/users/%s/role-mappings/realm/composite" % user["id"])}
            found = {name for scope, name in self.store.query(query.replace("USER-ID", user["id"])) if scope == "realm"}
            self.assertEqual(found, effective, user["username"])

    def assert_fails_and_keeps_all(self, before, *says):
        done = self.sluice("run", self.manifest, "--tenant", "small")
        self.assertEqual(done.returncode, 1, done.stdout[-2000:])
        for text in says:
            self.assertIn(text, done.stdout + done.stderr)
        self.assertEqual(self.held("small"), before)

    # covers: P6
    def test_a_list_that_is_not_there_or_not_allowed_deletes_nothing(self):
        self.sync("small")
        before, text = self.held("small"), self.manifest.read_text()
        self.change("path: /organizations,", "path: /nowhere,")
        self.assert_fails_and_keeps_all(before, "404")
        # The token is for the realm of the tenant; another one is none of its business.
        self.manifest.write_text(text)
        self.change("/admin/realms/${tenant}", "/admin/realms/master")
        self.assert_fails_and_keeps_all(before, "403")

    # covers: P6
    def test_a_realm_whose_lists_come_back_empty_deletes_nothing(self):
        self.sync("small")
        before = self.held("small")
        self.change("path: /users, page:", 'path: /users, query: { search: "nobody is called so" }, page:')
        self.change("path: /organizations, query: { ", 'path: /organizations, query: { search: "nor so", ')
        receipt = self.sync("small", exit_code=3)
        self.assertEqual(receipt["state"], "partial")
        suspect = {s["stage"] for s in receipt["stages"] if s.get("suspect")}
        self.assertEqual(suspect, {"entities.users", "entities.organizations", "entities.organization_members",
                                   "credits.of_users", "credits.of_organizations"})
        self.assertEqual(self.held("small"), before)


class KeycloakIntoPostgres(Keycloak):
    store_type = real.harness.Postgres


if __name__ == "__main__":
    real.need("java", "mvn", "curl")
    unittest.main(verbosity=2)
