"""`sluice probe` and `sluice check --live`: what they show of an upstream, and that they write nothing."""
import json
import pathlib
import subprocess
import unittest

import harness

FIRST = """
sluice: 1
name: first
tenants:
  acme: { secrets: { crm: "${secret:env:ACME_TOKEN}" } }
sources:
  crm: { uses: http, base_url: "${env:CRM_URL}", auth: { AUTH } }
"""
USERS = """
  entities:
    uses: entities
    reads:
      users:
        from: crm
        request: { path: "/v1/tenants/${tenant}/users", page: { style: cursor, next: /next, param: cursor, size: { limit: 20 } } }
        records: /data
        into:
          - { stream: entities, map: { kind: { const: user }, external_id: /id, name: /name, email: /email } }
  roles:
    uses: roles
    reads:
      roles: { from: crm, keep: { id: /id } }
      members:
        from: crm
        for_each: roles
        request: { path: "/v1/tenants/${tenant}/roles/${parent.id}/members" }
        records: /data
        into:
          - stream: role_assignments
            map: { entity: { kind: /entity/kind, external_id: /entity/id }, role: "${parent.id}" }
"""
PHASES = "\n  essential: { sync: [ entities, roles ] }\n"


class Live(harness.Case):
    upstream_args = ("--tenants", "acme:60", "--seed", "7")

    def setUp(self):
        super().setUp()
        self.write_manifest(domains=USERS, phases=PHASES)

    def ask(self, *args, exit_code=0, **environment):
        done = self.sluice(*args, **environment)
        self.assertEqual(done.returncode, exit_code, done.stderr[-3000:] + done.stdout[-3000:])
        self.assertFalse(self.store.exists(), "nothing is stored")
        return json.loads(done.stdout)

    def probe(self, *more, **how):
        return self.ask("probe", self.manifest, *more, **how)

    def change(self, old, new):
        text = self.manifest.read_text()
        self.assertIn(old, text)
        self.manifest.write_text(text.replace(old, new))


class Probe(Live):
    def test_an_api_without_a_read_is_shown_with_its_shape(self):
        self.manifest.write_text(FIRST.replace("AUTH", 'bearer: "${tenant.secrets.crm}"'))
        found = self.probe("--source", "crm", "--path", "/v1/tenants/acme/users?limit=5")
        page = found["pages"][0]
        exchange = page["exchanges"][0]
        self.assertEqual((exchange["method"], exchange["status"]), ("GET", 200))
        self.assertEqual(exchange["url"], self.upstream.url + "/v1/tenants/acme/users?limit=5")
        self.assertIn(["Authorization", "Bearer ***"], exchange["headers"])
        self.assertIn("application/json", exchange["type"])
        outline = page["outline"]
        self.assertEqual(outline["records"], [{"at": "/data", "count": 5, "objects": True}])
        self.assertEqual(outline["keys"][0], "/id")
        self.assertIn("{ style: cursor, next: /next, param: cursor }", [h["page"] for h in outline["paging"]])
        self.assertEqual([r["target"] for r in self.upstream.served()], ["/v1/tenants/acme/users?limit=5"])

    def test_credentials_of_every_kind_are_masked(self):
        path = ("--source", "crm", "--path", "/v1/tenants/acme/users")
        for auth, shown in (('basic: { username: acme, password: "${tenant.secrets.crm}" }', ["Authorization", "Basic ***"]),
                            ('header: { name: X-Key, value: "${tenant.secrets.crm}" }', ["X-Key", "***"])):
            self.manifest.write_text(FIRST.replace("AUTH", auth))
            answer = self.sluice("probe", self.manifest, *path)
            self.assertIn(shown, json.loads(answer.stdout)["pages"][0]["exchanges"][0]["headers"])
            self.assertNotIn("YWNtZTp0b2tlbi1hY21l", answer.stdout)
        self.manifest.write_text(FIRST.replace("AUTH", 'client_credentials: { token_url: "${env:CRM_URL}/oauth/acme/token", '
                                               'client_id: client-acme, client_secret: "${tenant.secrets.crm}" }'))
        answer = self.sluice("probe", self.manifest, *path, ACME_TOKEN="secret-acme")
        self.assertNotIn("secret-acme", answer.stdout)
        exchanges = json.loads(answer.stdout)["pages"][0]["exchanges"]
        self.assertEqual([(e["for"], e["status"]) for e in exchanges], [("token", 200), ("page", 200)])
        self.assertIn(["Authorization", "Bearer ***"], exchanges[1]["headers"])

    def test_a_service_that_wants_another_accept_is_told_so_and_then_outlined(self):
        self.manifest.write_text(FIRST.replace("AUTH", 'bearer: "${tenant.secrets.crm}"'))
        path = ("--source", "crm", "--path", "/v1/tenants/acme/scim/Users?count=3")
        self.assertIn("headers: { Accept: application/scim+json }", self.probe(*path, exit_code=78)["pages"][0]["error"]["message"])
        self.change("base_url", "headers: { Accept: application/scim+json }, base_url")
        outline = self.probe(*path)["pages"][0]["outline"]
        self.assertEqual(outline["records"][0]["at"], "/Resources")
        self.assertTrue(any("style: offset, param: startIndex, base: 1" in h["page"] for h in outline["paging"]), outline["paging"])

    def test_a_source_that_tells_nothing_of_its_requests_is_outlined_too(self):
        exports = pathlib.Path(self.folder.name) / "acme"
        exports.mkdir()
        (exports / "u.csv").write_text("id,name\n1,Ada\n2,\n")
        self.manifest.write_text("sluice: 1\ntenants: { acme: {} }\nsources: { ex: { uses: files, root: %s } }\n" % self.folder.name)
        page = self.probe("--source", "ex", "--path", "u.csv")["pages"][0]
        self.assertEqual(page["exchanges"], [])
        self.assertEqual({f["at"]: f["types"] for f in page["outline"]["fields"]}, {"/id": "text", "/name": "text or null"})
        self.assertNotIn("paging", page["outline"])
        self.assertEqual(self.probe("--source", "ex", "--path", "v.csv", exit_code=78)["pages"][0]["error"]["code"], "SLU-3204")

    def test_a_read_shows_what_its_mapping_takes_and_follows_pages(self):
        found = self.probe("--read", "entities.users", "--tenant", "acme", "--pages", "2")
        first, second = found["pages"]
        self.assertFalse(first["end"])
        self.assertIn("cursor=", second["exchanges"][0]["url"])
        self.assertEqual((first["mapping"]["records"], first["mapping"]["mapped"]), (20, 20))
        columns = {c["column"]: c for c in first["mapping"]["into"][0]["columns"]}
        self.assertEqual(columns["external_id"]["values"], ["u-000000", "u-000001", "u-000002"])
        self.assertEqual(len(self.upstream.served()), 2)

    def test_what_the_mapping_does_not_find_is_named_with_what_is_there(self):
        self.change("email: /email", "email: /emailAddress")
        mapping = self.probe("--read", "entities.users", "--tenant", "acme")["pages"][0]["mapping"]
        email = next(c for c in mapping["into"][0]["columns"] if c["column"] == "email")
        self.assertEqual((email["of"], email["absent"], email["values"]), (20, 20, ["null"] * 3))
        self.assertIn("did you mean `/email`?", email["instead"])
        self.change("external_id: /id,", "external_id: /uid,")
        mapping = self.probe("--read", "entities.users", "--tenant", "acme")["pages"][0]["mapping"]
        self.assertEqual(mapping["refused_in_all"], 20)
        self.assertEqual(mapping["refused"][0]["field"], "external_id")
        self.change("records: /data\n        into:\n          - { stream", "records: /items\n        into:\n          - { stream")
        mapping = self.probe("--read", "entities.users", "--tenant", "acme", exit_code=78)["pages"][0]["mapping"]
        self.assertEqual(mapping["error"]["code"], "SLU-4106")
        self.assertIn("did you mean `records`: `/data` (20 objects)?", mapping["instead"])

    def test_a_child_read_takes_its_parent_from_the_first_record_or_as_said(self):
        self.probe("--read", "roles.members", "--tenant", "acme")
        self.assertEqual([r["list"] for r in self.upstream.served()][0], "roles")
        found = self.probe("--read", "roles.members", "--tenant", "acme", "--parent", "id=r/1 x", exit_code=78)
        self.assertIn("/roles/r%2F1%20x/members", found["pages"][0]["exchanges"][0]["url"])
        self.assertEqual(found["pages"][0]["error"]["code"], "SLU-3132")

    def test_failures_say_what_to_do_by_their_exit_code(self):
        read = ("--read", "entities.users", "--tenant", "acme")
        self.assertEqual(self.probe(*read, exit_code=75, CRM_URL="http://127.0.0.1:9")["pages"][0]["error"]["code"], "SLU-3112")
        for args, code in ((("--read", "entities.user"), "SLU-7051"), (("--source", "crmm", "--path", "/x"), "SLU-7051"),
                           ((), "SLU-7050"), (("--read", "entities.users", "--path", "/x"), "SLU-7050"),
                           (("--read", "entities.users", "--tenant", "acmee"), "SLU-6028")):
            self.assertEqual(self.probe(*args, exit_code=2)["error"]["code"], code)
        self.upstream.faults({"match": {"path": "*/roles"}, "do": "empty_list"})
        self.assertEqual(self.probe("--read", "roles.members", exit_code=2)["error"]["code"], "SLU-7052")

    def test_people_get_the_same_as_text(self):
        self.change("email: /email", "email: /emailAddress")
        command = [a for a in self.command("probe", self.manifest, "--read", "entities.users") if a != "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=self.environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ("200 OK", "Authorization: Bearer ***", "the next page: ", "records at `/data`: 20; 20 mapped",
                      "constant \"user\"", "in none of 20", "did you mean `/email`?"):
            self.assertIn(words, done.stdout)
        self.assertNotIn("token-acme", done.stdout + done.stderr)


class Check(Live):
    def live(self, *more, **how):
        return self.ask("check", self.manifest, "--live", *more, **how)

    def states(self, found):
        return {r["read"]: r["state"] for r in found["reads"]}

    def test_a_good_manifest_is_asked_one_page_of_each_read(self):
        found = self.live("--tenant", "acme")
        self.assertEqual(self.states(found), {"entities.users": "good", "roles.roles": "good", "roles.members": "good"})
        self.assertEqual(found["diagnostics"], [])
        self.assertEqual(len(self.upstream.served()), 3)

    def test_what_is_wrong_is_told_with_its_place_and_the_others_are_still_asked(self):
        self.change("records: /data\n        into:\n          - { stream", "records: /items\n        into:\n          - { stream")
        found = self.live(exit_code=78)
        self.assertEqual(self.states(found), {"entities.users": "wrong", "roles.roles": "good", "roles.members": "good"})
        error, = found["diagnostics"]
        self.assertEqual(error["code"], "SLU-4106")
        line = self.manifest.read_text().splitlines()[error["line"] - 1]
        self.assertIn("records: /items", line)
        self.assertTrue(any("`/data` (20 objects)" in h for h in error["help"]), error)

    def test_a_column_that_stays_empty_is_a_warning_and_a_key_that_is_missing_an_error(self):
        self.change("email: /email", "email: /emailAddress")
        warning, = self.live()["diagnostics"]
        self.assertEqual((warning["code"], warning["severity"]), ("SLU-1070", "warning"))
        self.assertIn("email: /emailAddress", self.manifest.read_text().splitlines()[warning["line"] - 1])
        self.change("external_id: /id,", "external_id: /uid,")
        found = self.live(exit_code=78)
        self.assertIn("SLU-1071", [d["code"] for d in found["diagnostics"] if d["severity"] == "error"])

    def test_a_source_that_is_down_or_refuses_us_is_told_once(self):
        found = self.live(exit_code=75, CRM_URL="http://127.0.0.1:9")
        self.assertEqual(self.states(found), {"entities.users": "later", "roles.roles": "skipped", "roles.members": "skipped"})
        self.assertEqual([d["code"] for d in found["diagnostics"]], ["SLU-3112"])
        found = self.live(exit_code=78, ACME_TOKEN="not-the-token")
        self.assertEqual([d["code"] for d in found["diagnostics"]], ["SLU-3130"])
        self.assertEqual(len(self.upstream.served()), 1)

    def test_a_wrong_manifest_asks_nobody(self):
        self.change("external_id: /id,", "")
        self.assertEqual({d["code"] for d in self.ask("check", self.manifest, "--live", exit_code=78)}, {"SLU-1038"})
        self.assertEqual(self.upstream.served(), [])

    def test_a_tenant_goes_with_live_and_has_to_be_known(self):
        self.assertEqual(self.ask("check", self.manifest, "--tenant", "acme", exit_code=2)["error"]["code"], "SLU-7050")
        self.assertEqual(self.live("--tenant", "acmee", exit_code=2)["error"]["code"], "SLU-6028")


if __name__ == "__main__":
    unittest.main()
