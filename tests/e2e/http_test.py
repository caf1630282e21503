"""The HTTP API of a serving host: sign-ins, runs, what it refuses, and how it ends."""
import json
import re
import signal
import threading
import unittest

import harness
import hosted
import subject_test

USER = subject_test.USER
SUBJECT_ONLY = """
  essential: { deadline: 60s, fresh_for: 0s, sync: [ { entities: { scope: subject } }, { credits: { scope: subject } }, { roles: { scope: subject } } ] }
  background: { fresh_for: 0s, sync: [ entities, credits, roles ] }
"""
ENDLESS = {"match": {"path": "*/credits"}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}}


class Api(hosted.Hosted):
    def wait_for_end(self, host, run_id):
        host.wait_for(msg="run ended", run_id=run_id)
        return self.ask(host, "GET", "/api/sync/runs/" + run_id).json

    # covers: P8, P11
    def test_a_sign_in_is_answered_when_what_is_essential_is_stored(self):
        self.write_manifest(phases=SUBJECT_ONLY)
        host = self.host()
        answer = self.sign_in(host, wait=60, body={"subject": USER}, X_Correlation_ID="check-1")
        self.assertEqual((answer.status, answer.headers["x-correlation-id"]), (200, "check-1"), answer.text)
        self.assertEqual(answer.headers["preference-applied"], "wait=60")
        both = answer.json
        self.assertTrue(both["essential_over"])
        self.assertEqual((both["subject"]["scope"], both["tenant"]["scope"]), ("subject:" + USER, "tenant"))
        self.assertEqual({both[part]["correlation_id"] for part in ("subject", "tenant")}, {"check-1"})
        self.assertTrue(all(s["state"] == "complete" and s["read_at"] for s in both["subject"]["essential"]["stages"]), both)
        self.assertIn(USER, [row[1] for row in self.store.rows("entities")], "answered before it was stored")
        for part in ("subject", "tenant"):
            self.wait_for_end(host, both[part]["run_id"])
        host.stop()
        self.assert_holds_what_the_upstream_has()
        self.assertTrue(host.find(msg="run started", correlation_id="check-1", run_id=both["subject"]["run_id"]))

    # covers: P8
    def test_a_run_that_was_promised_is_carried_out_by_whoever_is_left(self):
        self.upstream.faults(ENDLESS)
        host = self.host()
        answer = self.sign_in(host)
        host.process.kill()
        host.process.wait()
        self.assertEqual(answer.status, 202, answer.text)
        run = answer.json["tenant"]["run_id"]
        self.assertEqual(answer.headers["location"], "/api/sync/runs/" + run)
        self.assertRegex(answer.headers["x-correlation-id"], r"^sync-acme-\d{13}-[0-9a-f]{8}$")
        self.upstream.ask("/control/faults", [])
        other = self.host()
        self.assertEqual(self.wait_for_end(other, run)["state"], "succeeded")
        other.stop()

    def test_who_waits_is_answered_when_the_time_is_over(self):
        self.upstream.faults(ENDLESS)
        host = self.host()
        answer = self.sign_in(host, wait=1)
        self.assertEqual((answer.status, answer.json["essential_over"]), (202, False), answer.text)
        again = self.sign_in(host, wait=0)
        self.assertEqual(again.json["tenant"]["run_id"], answer.json["tenant"]["run_id"])
        host.stop()

    def test_runs_are_listed_page_by_page(self):
        host = self.host()
        ids = []
        for _ in range(3):
            ids.insert(0, self.sign_in(host, wait=60).json["tenant"]["run_id"])
            self.wait_for_end(host, ids[0])
        found, cursor = [], ""
        while cursor is not None:
            page = self.ask(host, "GET", "/api/sync/runs?tenant=acme&limit=2" + cursor).json
            found += [r["run_id"] for r in page["runs"]]
            cursor = page["next_cursor"] and "&cursor=" + page["next_cursor"]
        self.assertEqual(found, ids)
        by = lambda query: [r["run_id"] for r in self.ask(host, "GET", "/api/sync/runs?" + query).json["runs"]]
        self.assertEqual(by("state=succeeded&backend=direct&pipeline=e2e&limit=2"), ids[:2])
        self.assertEqual(by("tenant=other") + by("state=failed") + by("backend=other"), [])
        one = self.ask(host, "GET", "/api/sync/runs/" + ids[0]).json
        self.check_account(one)
        self.assertEqual(one["run_id"], ids[0])
        host.stop()

    def test_a_run_is_cancelled_and_repeated(self):
        self.upstream.faults(ENDLESS)
        host = self.host()
        run = self.sign_in(host).json["tenant"]["run_id"]
        asked = self.ask(host, "POST", "/api/sync/runs/%s/cancel" % run)
        self.assertEqual(asked.status, 202, asked.text)
        self.assertEqual(self.wait_for_end(host, run)["state"], "cancelled")
        self.assert_problem(self.ask(host, "POST", "/api/sync/runs/%s/cancel" % run), 409, "SLU-7116")
        self.upstream.ask("/control/faults", [])
        again = self.ask(host, "POST", "/api/sync/runs/%s/retry" % run, {})
        self.assertEqual(again.status, 202, again.text)
        done = self.wait_for_end(host, again.json["run_id"])
        self.assertEqual((done["state"], done["retry_of"]), ("succeeded", run))
        self.assert_problem(self.ask(host, "POST", "/api/sync/runs/%s/retry" % done["run_id"], {}), 409, "SLU-6052")
        self.assertEqual(self.ask(host, "POST", "/api/sync/runs/%s/retry" % done["run_id"], {"all": True}).status, 202)
        self.assert_problem(self.ask(host, "POST", "/api/sync/runs/%s/approve" % done["run_id"]), 409, "SLU-5046")
        host.stop()

    # covers: P15, H1
    def test_the_end_answers_who_waits_and_leaves_the_run_open(self):
        self.upstream.faults(ENDLESS)
        host = self.host()
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(self.sign_in(host, wait=60)))
        waiting.start()
        host.wait_for(msg="run started")
        host.stop()
        waiting.join()
        self.assertEqual(answers[0].status, 202, answers[0].text)
        self.assertEqual(host.find(event="http.drained")[0]["level"], "info")
        run = answers[0].json["tenant"]["run_id"]
        left = json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)
        self.assertEqual([(r["run_id"], r["state"]) for r in left], [(run, "running")])

    # covers: P18, A2, A4, A6
    def test_what_is_wrong_is_said_in_one_form(self):
        host = self.host()
        ask = lambda *args, **more: self.ask(host, *args, **more)
        self.assert_problem(ask("GET", "/api/sync/nothing"), 404, "SLU-7100")
        self.assert_problem(ask("GET", "/api/sync/tenants/../runs"), 404, "SLU-7100")
        wrong = ask("DELETE", "/api/sync/runs")
        self.assert_problem(wrong, 405, "SLU-7101")
        self.assertEqual(wrong.headers["allow"], "GET")
        missing = self.assert_problem(self.sign_in(host, "nobody"), 404, "SLU-6028")
        self.assertNotIn("acme", json.dumps(missing), "the names of other tenants are not the caller's business")
        self.assert_problem(ask("GET", "/api/sync/runs/018f0000-0000-7000-8000-000000000000"), 404, "SLU-7115")
        self.assert_problem(ask("GET", "/api/sync/runs/7"), 404, "SLU-7115")
        self.assert_problem(ask("GET", "/api/sync/runs?cursor=7"), 404, "SLU-7115")
        self.assert_problem(ask("GET", "/api/sync/runs?cursor=018f0000-0000-7000-8000-000000000000"), 404, "SLU-7115")
        self.assert_problem(ask("GET", "/api/sync/runs?limit=0"), 400, "SLU-7110")
        self.assert_problem(ask("GET", "/api/sync/runs?limit=x"), 400, "SLU-7110")
        self.assert_problem(ask("GET", "/api/sync/runs?page=1"), 400, "SLU-7110")
        problem = self.assert_problem(self.sign_in(host, body={"subject": 7, "tenant": "other"}), 400, "SLU-7106")
        self.assertEqual([e["pointer"] for e in problem["errors"]], ["/subject", "/tenant"])
        self.assert_problem(self.sign_in(host, body={"pipeline": "other"}), 422, "SLU-7109")
        self.assert_problem(self.sign_in(host, body={}, Content_Type="text/plain"), 415, "SLU-7107")
        self.assert_problem(ask("GET", "/livez", X_Correlation_ID="a b"), 400, "SLU-7011")
        self.assert_problem(ask("GET", "/livez", body={}), 400, "SLU-7102")
        # Every one of them stands in the log once, by its correlation id.
        last = self.assert_problem(ask("GET", "/x\x22y", X_Correlation_ID="last-one"), 404, "SLU-7100")
        host.wait_for(correlation_id="last-one")
        self.assertEqual(len(host.find(correlation_id=last["correlation_id"])), 1)
        host.stop()

    def test_a_host_says_what_it_is(self):
        host = self.host()
        self.assertEqual([self.ask(host, "GET", p).status for p in ("/livez", "/readyz")], [200, 200])
        doc = self.ask(host, "GET", "/openapi.json").json
        self.assertIn("/api/sync/tenants/{tenant}/runs", doc["paths"])
        self.upstream.stop()
        self.assertEqual(self.ask(host, "GET", "/readyz").status, 200, "an upstream that is away makes nobody unready")
        host.stop()

    def test_listening_elsewhere_in_clear_is_refused(self):
        for address, code in (("0.0.0.0:0", "SLU-7113"), ("[::]:0", "SLU-7113"), ("192.0.2.1:80", "SLU-7113"),
                              ("localhost:80", "SLU-7114"), ("127.0.0.1", "SLU-7114"), ("127.0.0.1:x", "SLU-7114")):
            done = self.sluice("--config", self.listen(address=address), "serve", self.manifest)
            self.assertEqual((done.returncode, json.loads(done.stdout)["error"]["code"]), (78, code), address)
        host = self.host()
        taken = self.listen(name="taken.yaml", address=host.address)
        twin = self.manifest.with_name("twin.yaml")
        twin.write_text(self.manifest.read_text().replace("sluice.db", "twin.db"))
        done = self.sluice("--config", taken, "serve", twin)
        self.assertEqual((done.returncode, json.loads(done.stdout)["error"]["code"]), (1, "SLU-7114"), done.stdout)
        host.stop()


class ApiSqlite(Api, harness.Case):
    def test_more_connections_than_allowed_are_told_so(self):
        import socket
        host = self.host(config=self.listen(connections=2))
        name, port = host.address.rsplit(":", 1)
        held = [socket.create_connection((name, int(port))) for _ in range(2)]
        for s in held:  # each is served once, so both are known to be there
            s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(s.recv(9).startswith(b"HTTP/1.1"))
        third = self.ask(host, "GET", "/livez")
        self.assertEqual((third.status, third.json["code"]), (503, "SLU-7112"))
        for s in held:
            s.close()
        host.stop()


class ApiPostgres(Api, harness.Case):
    store_type = harness.Postgres

    def test_a_store_that_is_away_makes_a_host_unready(self):
        host = self.host()
        self.assertEqual(self.ask(host, "GET", "/readyz").status, 200)
        self.store.stop()
        states = set()
        while 503 not in states:  # what was found out is true for a second
            states.add(self.ask(host, "GET", "/readyz").status)
        self.assertEqual(self.ask(host, "GET", "/livez").status, 200)
        refused = self.ask(host, "GET", "/api/sync/runs")
        self.assertEqual(refused.status, 503, refused.text)
        self.assertGreaterEqual(int(refused.headers["retry-after"]), 1)
        host.process.kill()


if __name__ == "__main__":
    unittest.main(verbosity=2)
