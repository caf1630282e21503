"""What the HTTP API shows: a run as it gets on, what was refused, and the manifests that are served."""
import http.client
import json
import signal
import unittest

import harness
import hosted
import rejects_test

ENDLESS = {"match": {"path": "*/credits"}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}}


class Events:
    """An open stream of events."""

    def __init__(self, case, host, run_id, last=None):
        self.connection = http.client.HTTPConnection(host.address, timeout=120)
        case.addCleanup(self.connection.close)
        headers = {"Authorization": "Bearer " + case.token, **({"Last-Event-ID": last} if last else {})}
        self.connection.request("GET", "/api/sync/runs/%s/events" % run_id, headers=headers)
        self.response = self.connection.getresponse()
        case.assertEqual(self.response.getheader("Content-Type"), "text/event-stream")
        case.assertEqual(self.response.readline(), b"retry: 2000\n")

    def next(self):
        """(id, kind, data), or None at the end."""
        found = {}
        while line := self.response.readline().decode():
            if line == "\n":
                if "data" in found:
                    return found["id"], found["event"], json.loads(found["data"])
                found = {}
                continue
            key, _, value = line.rstrip("\n").partition(": ")
            found[key] = value
        return None

    def rest(self):
        out = []
        while (event := self.next()) is not None:
            out.append(event)
        return out


def last_of(events):
    """What is known of the run and of each stage after these events."""
    out = {}
    for _, kind, data in events:
        out[data["stage"] if kind == "stage" else "run"] = data
    return out


class Watching(hosted.Hosted):
    def hosts(self):
        host = self.host()
        return host, host

    # covers: A12
    def test_a_run_is_followed_to_its_end_and_from_anywhere_on(self):
        one, other = self.hosts()
        self.upstream.faults(ENDLESS)
        run = self.sign_in(one).json["tenant"]["run_id"]
        watched = Events(self, one, run)
        seen = [watched.next()]
        while seen[-1][1] != "stage" or seen[-1][2]["state"] != "complete":
            seen.append(watched.next())
        self.assertEqual(seen[0][1], "run")
        self.upstream.ask("/control/faults", [])
        seen += watched.rest()
        receipt = self.ask(one, "GET", "/api/sync/runs/" + run).json
        self.assertEqual((seen[-1][1], seen[-1][2]["state"]), ("end", "succeeded"))
        self.assertEqual(len({e[0] for e in seen}), len(seen), "an id that stands there twice")
        self.assertEqual({k: v for k, v in last_of(seen).items() if k != "run"}, {s["stage"]: s for s in receipt["stages"]})
        # From each of them on the rest leads to the same end, at any host, and nothing comes that was there already.
        for n, (last, _, _) in enumerate(seen):
            rest = Events(self, other, run, last).rest()
            known = last_of(seen[:n + 1] + rest)
            self.assertEqual(known, last_of(seen), last)
            self.assertEqual([e for e in rest if e in seen[:n + 1]], [])
        self.assertEqual(len(Events(self, other, run).rest()), len(receipt["stages"]) + 1)
        self.assertEqual(len(Events(self, other, run, "nonsense").rest()), len(receipt["stages"]) + 1)
        self.assert_problem(self.ask(one, "GET", "/api/sync/runs/7/events"), 404, "SLU-7115")
        for host in {one, other}:
            host.stop()

    def test_the_end_of_a_host_ends_its_streams(self):
        one, _ = self.hosts()
        self.upstream.faults(ENDLESS)
        watched = Events(self, one, self.sign_in(one).json["tenant"]["run_id"])
        self.assertEqual(watched.next()[1], "run")
        one.process.send_signal(signal.SIGTERM)
        self.assertNotIn("end", [kind for _, kind, _ in watched.rest()], "it has not ended")
        self.assertEqual(one.process.wait(timeout=120), 0)

    def test_what_was_refused_is_listed_with_its_reason(self):
        self.write_manifest(domains=rejects_test.users(rejects_test.BAD), phases=rejects_test.ONE_ENTRY)
        host = self.host()
        state = self.sign_in(host, wait=60).json["tenant"]
        host.wait_for(msg="run ended", run_id=state["run_id"])
        look = lambda path: self.ask(host, "GET", "/api/sync/" + path).json
        found = look("rejects?limit=1000")["rejects"]
        self.assertGreater(len(found), 40)
        self.assertEqual({(r["run_id"], r["tenant"], r["field"]) for r in found}, {(state["run_id"], "acme", "created_at")})
        self.assertEqual(len(look("rejects?limit=3&tenant=acme&all=true")["rejects"]), 3)
        self.assertEqual(look("rejects?run=" + state["run_id"] + "&limit=1000")["rejects"], found)
        self.assertEqual(look("rejects?tenant=other"), {"rejects": []})
        self.assert_problem(self.ask(host, "GET", "/api/sync/rejects?run=7"), 404, "SLU-7115")
        self.assertEqual(look("deferred"), {"deferred": []})
        self.assertEqual([t["tenant"] for t in look("tenants")["tenants"]], ["acme"])
        self.assertEqual(look("tenants?tenant=other"), {"tenants": []})
        self.assertIn("entities", [p["name"] for p in look("plugins")["plugins"]])
        self.assertNotIn(str(harness.PLUGINS), json.dumps(look("plugins")), "where things lie on this machine")
        self.assertEqual(look("routing?tenant=acme")["routing"],
                         [{"pipeline": "e2e", "backend": "direct", "reason": "no rule matched: the default", "default": "direct", "rules": [],
                           "unavailable": []}])
        self.assert_problem(self.ask(host, "GET", "/api/sync/routing?tenant=other"), 404, "SLU-6028")
        self.assert_problem(self.ask(host, "GET", "/api/sync/routing"), 400, "SLU-7110")
        host.stop()

    def test_manifests_are_checked_and_read_again(self):
        host = self.host()
        do = lambda what: self.ask(host, "POST", "/api/sync/manifest/" + what).json
        good = self.manifest.read_text()
        self.assertEqual([do("check")["manifests"][0][k] for k in ("good", "same_as_served")], [True, True])
        self.manifest.write_text(good.replace("phases:", "fases:"))
        checked = do("check")
        self.assertFalse(checked["good"])
        self.assertIn("SLU-1013", [d["code"] for d in checked["manifests"][0]["diagnostics"]])
        self.assertEqual(do("reload"), {"pipelines": ["e2e"], "stale": [{"manifest": "e2e.yaml", "why": "the manifest is wrong"}]})
        self.assertEqual(self.sign_in(host).status, 202, "by what was there before")
        self.manifest.write_text(good.replace("deadline: 10s", "deadline: 9s"))
        self.assertEqual([do("check")["manifests"][0][k] for k in ("good", "same_as_served")], [True, False])
        self.assertEqual(do("reload"), {"pipelines": ["e2e"], "stale": []})
        self.assertTrue(do("check")["manifests"][0]["same_as_served"])
        self.assertEqual(len(host.find(event="serve.reloaded")), 2)
        host.stop()


class WatchingSqlite(Watching, harness.Case):
    pass


class WatchingPostgres(Watching, harness.Case):
    store_type = harness.Postgres

    def hosts(self):
        return self.host(), self.host()


if __name__ == "__main__":
    unittest.main(verbosity=2)
