"""Many at once, over HTTP: who asks for the same gets the same, who asks for something else gets its own, and a host that is
gone is stood in for."""
import collections
import http.client
import select
import threading
import unittest

import harness
import hosted
import http_test
import subject_test

USER = http_test.USER
ENDLESS = http_test.ENDLESS
# Its request is not answered; a 429 would keep all others from the source too.
ONLY_THE_TENANTS = {"match": {"path": "/v1/tenants/acme/credits"}, "do": "hang"}
ONLY_ANOTHER_USERS = {"match": {"path": "*/users/%s/credits" % subject_test.OTHER}, "do": "hang"}


class Base(hosted.Hosted):
    def setUp(self):
        super().setUp()
        self.write_manifest(phases=http_test.SUBJECT_ONLY)

    def patient(self):
        """A host file by which nobody is sent away: how fast this machine is, is not what is looked at."""
        config = self.listen()
        config.write_text(config.read_text() + "limits: { queue_wait: forever, sick_share: 100% }\n")
        return config

    def lift(self):
        self.upstream.ask("/control/faults", [])

    def ask_and_leave(self, host, subject=USER):
        """A sign-in that has been sent; what is left to do is to read the answer."""
        connection = http.client.HTTPConnection(host.address, timeout=120)
        self.addCleanup(connection.close)
        connection.request("POST", "/api/sync/tenants/acme/runs", '{"subject": "%s"}' % subject,
                           {"Authorization": "Bearer " + self.token, "Content-Type": "application/json", "Prefer": "wait=60"})
        return connection

    def states(self):
        return collections.Counter(s for (s,) in self.store.query("SELECT state::text FROM sluice.runs"))


class OneUser(Base, harness.Case):
    store_type = harness.Postgres
    upstream_args = ("--tenants", "acme:300", "--seed", "7", "--latency", "20ms")

    # covers: P9, P10, H12
    def test_five_hundred_sign_ins_of_one_user_at_two_hosts_are_two_runs(self):
        self.upstream.faults(ENDLESS)  # so that none ends before the last has come
        hosts = [self.host(), self.host()]
        late = [lambda h=hosts[n % 2]: self.sign_in(h, body={"subject": USER}) for n in range(500)]
        answers = self.all_at_once(*late)
        self.assertEqual([a for a in answers if isinstance(a, Exception)], [])
        self.assertEqual({a.status for a in answers}, {202}, answers[0].text)
        for part in ("subject", "tenant"):
            self.assertEqual(len({a.json[part]["run_id"] for a in answers}), 1)
        self.assertEqual(self.store.query("SELECT count(*) FROM sluice.runs"), [(2,)])
        # Those at the host that hasn't the run learn of its end from the store, while others go on waiting.
        others = [self.ask_and_leave(h, subject_test.OTHER) for h in hosts]
        waiting = [lambda h=h: self.sign_in(h, wait=60, body={"subject": USER}) for h in hosts]
        first, second, _ = self.all_at_once(*waiting, lambda: self.upstream.faults(ONLY_ANOTHER_USERS))
        self.assertEqual(select.select([c.sock for c in others], [], [], 0)[0], [], "nobody was left to his patience")
        self.assertEqual({a.status for a in (first, second)}, {200}, first.text + second.text)
        self.assertEqual(first.json["subject"]["run_id"], second.json["subject"]["run_id"])
        for host in hosts:
            host.stop()


class ManyUsers(Base, harness.Case):
    store_type = harness.Postgres
    upstream_args = ("--tenants", "acme:700", "--seed", "7")

    # covers: P9, P10, P12
    def test_five_hundred_users_of_one_tenant_are_a_run_each_and_one_of_the_tenant(self):
        self.upstream.faults(ONLY_THE_TENANTS)  # so that it is still there when the last has come
        config = self.patient()
        hosts = [self.host(config=config), self.host(config=config)]
        late = [lambda n=n: self.sign_in(hosts[n % 2], body={"subject": "u-%06d" % (n + 1)}) for n in range(500)]
        answers = self.all_at_once(*late)
        self.assertEqual([a for a in answers if isinstance(a, Exception)], [])
        self.assertLessEqual({a.status for a in answers}, {200, 202}, answers[0].text)
        self.assertEqual(len({a.json["subject"]["run_id"] for a in answers}), 500)
        self.assertEqual(len({a.json["tenant"]["run_id"] for a in answers}), 1)
        self.assertEqual(self.store.query("SELECT count(*) FROM sluice.runs"), [(501,)])
        tenant = answers[0].json["tenant"]["run_id"]
        # None of the small ones waits for the large one.
        while sum(n for s, n in self.states().items() if s in ("queued", "running")) > 1:
            threading.Event().wait(0.2)
        self.assertEqual([r["run_id"] for r in self.ask(hosts[0], "GET", "/api/sync/runs?state=running").json["runs"]], [tenant])
        self.lift()
        while not (ended := [h.find(msg="run ended", run_id=tenant) for h in hosts])[0] and not ended[1]:
            threading.Event().wait(0.2)
        self.assertLessEqual(set(self.states()), {"succeeded", "partial"}, "what a user belongs to may come later")
        self.assert_holds_what_the_upstream_has()
        for host in hosts:
            host.stop()


class TakenOver(Base, harness.Case):
    store_type = harness.Postgres

    # covers: P8, P14, H12
    def test_a_host_that_is_killed_while_callers_wait_is_stood_in_for(self):
        self.upstream.faults(ENDLESS)
        one = self.host()
        first = self.sign_in(one, body={"subject": USER}).json
        other = self.host()
        held = [self.ask_and_leave(h) for h in (one, other) for _ in range(10)]
        for host in (one, other):  # they have come by the time that this one is answered
            self.assertEqual(self.ask(host, "GET", "/openapi.json").status, 200)
        one.process.kill()
        one.process.wait()
        for connection in held[:10]:
            with self.assertRaises((http.client.HTTPException, ConnectionError)):
                connection.getresponse()
        again = [self.ask_and_leave(other) for _ in range(10)]
        self.assertEqual(self.ask(other, "GET", "/openapi.json").status, 200)
        self.lift()
        for answer in [hosted.Answer(c.getresponse()) for c in held[10:] + again]:
            self.assertEqual(answer.status, 200, answer.text)
            for part in ("subject", "tenant"):
                self.assertEqual(answer.json[part]["run_id"], first[part]["run_id"], "it goes on, it is not begun again")
        for part in ("subject", "tenant"):
            other.wait_for(msg="run taken over", run_id=first[part]["run_id"])
            other.wait_for(msg="run ended", run_id=first[part]["run_id"])
        self.assertEqual(self.store.query("SELECT count(*) FROM sluice.runs"), [(2,)])
        other.stop()
        self.assert_holds_what_the_upstream_has()


if __name__ == "__main__":
    unittest.main(verbosity=2)
