"""Who may do what over HTTP: every route of the host's own description, asked by everybody who should not get through."""
import json
import re
import unittest

import harness
import hosted
import rejects_test

TENANTS = ["acme", "beta"]
SECRETS = {"TOKEN_" + t: "canary-secret-" + t for t in TENANTS}


class Tenants(hosted.Hosted):
    """Mixed into a harness.Case: a host with two tenants, of whom each has had a run that refused what it read."""
    upstream_args = ("--tenants", ",".join(t + ":30" for t in TENANTS), "--seed", "7",
                     *(a for t in TENANTS for a in ("--token", t + "=canary-secret-" + t)))

    def environment(self, **more):
        return super().environment(**SECRETS, **more)

    def write_manifest(self, **more):
        super().write_manifest(domains=rejects_test.users(rejects_test.BAD), phases=rejects_test.ONE_ENTRY, **more)
        known = "".join('  %s: { secrets: { crm: "${secret:env:TOKEN_%s}" } }\n' % (t, t) for t in TENANTS)
        text = self.manifest.read_text()
        begin, end = text.index("  acme:"), text.index("sources:")
        self.manifest.write_text(text[:begin] + known + text[end:])

    def setUp(self):
        super().setUp()
        self.config = self.listen()
        self.one = self.host(config=self.config)
        self.runs = {t: self.sign_in(self.one, t, wait=60).json["tenant"]["run_id"] for t in TENANTS}
        for run in self.runs.values():
            self.one.wait_for(msg="run ended", run_id=run)
        self.doc = self.ask(self.one, "GET", "/openapi.json").json
        rights = {o.get("x-sluice-right") for _, _, o in self.routes()}
        self.scopes = sorted(r for r in rights if r)

    def routes(self):
        for path, methods in self.doc["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def make(self, tenant, scopes):
        args = ["--all-tenants"] if tenant == "*" else ["--tenant", tenant]
        return self.make_token(self.config, *args, *(a for s in scopes for a in ("--scope", s)))

    def token_of(self, tenant, scopes):
        return self.make(tenant, scopes)["token"]

    def put(self, route, token, tenant="acme", run=None, query=""):
        method, path, operation = route
        path = path.replace("{file}", "app.js").replace("{tenant}", tenant).replace("{run_id}", run or self.runs[tenant])
        body = {} if "requestBody" in operation else None
        if operation["operationId"] == "showRouting" and not query:
            query = "?tenant=" + tenant
        return self.ask(self.one, method, path + query, body, Authorization=token and "Bearer " + token)

    def until_known(self, token):
        """The host looks at the file once a second."""
        while self.ask(self.one, "GET", "/openapi.json", Authorization="Bearer " + token).status == 401:
            pass

    def assert_of_beta_alone(self, answer):
        text = answer.text + str(answer.headers)
        for canary in ("acme", self.runs["acme"], *SECRETS.values()):
            self.assertNotIn(canary, text)


class Access(Tenants, harness.Case):
    def change_tokens(self, change):
        file = self.config.with_name("tokens.json")
        content = json.loads(file.read_text())
        content["tokens"] = [t for t in map(change, content["tokens"]) if t]
        beside = file.with_name("next.json")
        beside.write_text(json.dumps(content))
        beside.chmod(0o600)
        beside.rename(file)

    def until_unknown(self, token):
        while self.ask(self.one, "GET", "/openapi.json", Authorization="Bearer " + token).status != 401:
            pass

    @staticmethod
    def same(answer):
        """Without what is the request's own."""
        return re.sub(r'"correlation_id":"[^"]*"', "", answer.text), answer.status

    # covers: P20, P21, A5, A6
    def test_every_route_lets_in_who_may_and_nobody_else(self):
        every = [s for s in self.scopes if s != "admin"]
        expired, revoked = self.make("*", ["admin"]), self.make("*", ["admin"])
        self.change_tokens(lambda t: {**t, "expires": 1} if t["id"] == expired["id"] else t)
        done = self.sluice("--config", self.config, "token", "revoke", revoked["id"])
        self.assertEqual(done.returncode, 0, done.stderr)
        wrong = self.token[:-20] + "A" * 13 + self.token[-7:]
        less = {need: self.token_of("*", [s for s in every if s != need]) for need in every}
        less["admin"] = self.token_of("*", every)
        beta = self.token_of("beta", every + ["admin"])
        enough = {need: self.token_of("*", [need]) for need in self.scopes}
        self.until_known(enough[self.scopes[-1]])
        outside = {"none": None, "wrong": wrong, "expired": expired["token"], "revoked": revoked["token"], "cut": beta[:-1]}
        seen = set()
        for route in self.routes():
            need, about, name = route[2].get("x-sluice-right"), route[2]["x-sluice-about"], route[2]["operationId"]
            if need is None and route[2].get("security") == []:
                self.assertIn(name, ("livez", "readyz", "dashboard", "dashboardFile"))
                self.assertEqual(self.put(route, None).status, 200)
                continue
            refused = {who: self.put(route, token) for who, token in outside.items()}
            for who, answer in refused.items():
                self.assert_problem(answer, 401, "SLU-7120")
                self.assertEqual(answer.headers["www-authenticate"], "Bearer")
            self.assertEqual(len({self.same(a) for a in refused.values()}), 1, name)
            if not need:
                self.assertEqual(self.put(route, beta).status, 200, name)
                continue
            seen.add(need)
            self.assert_problem(self.put(route, less[need]), 403, "SLU-7121")
            self.see_other(route, about, name, beta)
            good = self.put(route, enough[need])
            self.assertNotIn(good.status, (401, 403, 404), name + good.text)
        self.assertEqual(seen, set(self.scopes))
        self.one.stop()

    def see_other(self, route, about, name, beta):
        """What somebody of another tenant gets."""
        if about == "host":
            self.assert_problem(self.put(route, beta), 403, "SLU-7121")
        elif about == "tenant":
            theirs = self.put(route, beta)
            self.assert_problem(theirs, 404, "SLU-6028")
            none = self.put(route, beta, tenant="nobody", run="-")
            self.assertEqual(self.same(theirs)[0].replace("acme", "nobody"), self.same(none)[0], name)
        elif about == "object":
            absent = "018f0000-0000-7000-8000-000000000000"
            theirs, none = self.put(route, beta), self.put(route, beta, run=absent)
            self.assert_problem(theirs, 404, "SLU-7115")
            self.assertEqual(self.same(theirs)[0].replace(self.runs["acme"], absent), self.same(none)[0], name)
        else:
            self.assert_problem(self.put(route, beta, query="?tenant=acme"), 404, "SLU-6028")
            mine = self.put(route, beta, query="?tenant=beta")
            self.assertEqual(mine.status, 200, mine.text)
            self.assert_of_beta_alone(mine)
            if name != "showRouting":
                instants = re.compile(r'"(from|to)":"[^"]*"')  # those of a window that ends now
                self.assertEqual(instants.sub("", self.put(route, beta).text), instants.sub("", mine.text), name)

    # covers: P16, P21, A5
    def test_who_is_wrong_too_often_is_told_to_come_back_and_nobody_else(self):
        self.one.stop()
        self.one = self.host(config=self.listen(wrong_tokens="1/h"))
        wrong = lambda n: self.token[:-50] + "%043d" % n + self.token[-7:]
        tried = [self.ask(self.one, "GET", "/api/sync/health", Authorization="Bearer " + wrong(n)) for n in range(30)]
        self.assertEqual([a.status for a in tried], [401] * 10 + [429] * 20)
        for route in self.routes():
            if route[2].get("security") == []:
                continue
            told = self.put(route, wrong(0))
            self.assert_problem(told, 429, "SLU-7125")
            self.assertGreater(int(told.headers["retry-after"]), 3000)
            self.assertEqual(self.put(route, None).status, 401, "who sends none guesses nothing")
        self.assertEqual(self.ask(self.one, "GET", "/api/sync/health").status, 200, "a token that is valid is not kept out")
        self.assertEqual(len(self.one.wait_for(event="http.wrong_tokens")), 1)
        self.assertEqual(self.one.find(code="SLU-7125", event="http.refused"), [], "one line, however many come")
        seen = [l for l in self.ask(self.one, "GET", "/metrics").text.splitlines() if "SLU-7125" in l]
        self.assertGreater(float(seen[0].split()[-1]), 20)
        self.one.stop()

    def test_a_token_that_is_revoked_ends_and_a_bad_file_admits_nobody(self):
        mine = self.make_token(self.config, "--tenant", "acme", "--scope", "run:read", "--expires", "90d", "--note", "ci")
        self.until_known(mine["token"])
        listed = json.loads(self.sluice("--config", self.config, "token", "list").stdout)
        self.assertEqual([(t["id"], t["tenant"], t["note"]) for t in listed][1:], [(mine["id"], "acme", "ci")])
        self.assertNotIn(mine["token"], json.dumps(listed))
        self.assertEqual(self.sluice("--config", self.config, "token", "revoke", mine["id"]).returncode, 0)
        self.until_unknown(mine["token"])
        again = self.sluice("--config", self.config, "token", "revoke", mine["id"])
        self.assertEqual((again.returncode, json.loads(again.stdout)["error"]["code"]), (2, "SLU-7124"))
        self.config.with_name("tokens.json").chmod(0o644)
        self.until_unknown(self.token)
        self.one.wait_for(code="SLU-7123")
        self.config.with_name("tokens.json").chmod(0o600)
        self.until_known(self.token)
        self.one.stop()

    def test_a_token_is_for_somebody_and_something(self):
        def refused(*args):
            done = self.sluice("--config", self.config, "token", "create", *args)
            return done.returncode
        self.assertEqual(refused("--scope", "run:read"), 2)
        self.assertEqual(refused("--tenant", "acme"), 2)
        self.assertEqual(refused("--tenant", "acme", "--all-tenants", "--scope", "run:read"), 2)
        self.assertEqual(refused("--tenant", "*", "--scope", "run:read"), 2)
        self.assertEqual(refused("--tenant", "acme", "--scope", "everything"), 2)
        self.assertEqual(refused("--tenant", "acme", "--scope", "run:read", "--expires", "soon"), 2)
        self.one.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
