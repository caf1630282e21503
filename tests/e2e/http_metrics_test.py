"""What the HTTP API says of how it goes: figures of the history, health, what Prometheus reads, and alerts."""
import base64
import hmac
import http.server
import json
import threading
import unittest

import harness
import hosted

SECRET = "canary-webhook-secret"
AWAY = {"match": {"path": "*/credits"}, "do": "status", "status": 500}
ALERTS = """
alerts:
  - { metric: domain_failures, domain: credits, over: 0, window: 15m, severity: critical }
  - { metric: failure_rate, over: 50%, window: 15m, min_runs: 1000 }
notify: [ { webhook: "${env:ALERT_WEBHOOK}", secret: "${secret:env:ALERT_SECRET}" } ]
"""


class Hook(http.server.ThreadingHTTPServer):
    """Takes webhooks, the first ones so: with these statuses."""

    def __init__(self, case, *first):
        self.forged = 0
        self.first, self.taken, self.changed = list(first), [], threading.Condition()
        super().__init__(("127.0.0.1", 0), Hooked)
        self.url = "http://127.0.0.1:%d/hook?key=canary-hook" % self.server_address[1]
        thread = threading.Thread(target=self.serve_forever)
        thread.start()
        for clean in (thread.join, self.server_close, self.shutdown):
            case.addCleanup(clean)

    def wait_for(self, n):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.taken) >= n, timeout=120):
                raise AssertionError("only %r came" % self.taken)
            return list(self.taken)


class Hooked(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(text)
        signed = ".".join((self.headers["webhook-id"], self.headers["webhook-timestamp"], text.decode()))
        made = base64.b64encode(hmac.digest(SECRET.encode(), signed.encode(), "sha256")).decode()
        with self.server.changed:
            status = self.server.first.pop(0) if self.server.first else 204
            self.server.forged += self.headers["webhook-signature"] != "v1," + made
            self.server.taken.append((status, self.headers["webhook-id"], body))
            self.server.changed.notify_all()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def samples(text):
    """Prometheus' text: name with labels, in their order, to value."""
    out = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            out[name] = float(value)
    return out


class Seen(hosted.Hosted):
    """Mixed into a harness.Case."""
    hook = None

    def environment(self, **more):
        return super().environment(ALERT_WEBHOOK=self.hook.url if self.hook else "", ALERT_SECRET=SECRET, **more)

    def figures(self, host, query=""):
        answer = self.ask(host, "GET", "/api/sync/metrics" + query)
        self.assertEqual(answer.status, 200, answer.text)
        return {k: v for k, v in answer.json.items() if k not in ("from", "to")}

    def health(self, host):
        return self.ask(host, "GET", "/api/sync/health").json

    def run_once(self, host, state):
        run = self.sign_in(host).json["tenant"]["run_id"]
        host.wait_for(msg="run ended", run_id=run, state=state)
        return run

    def exposed(self, host):
        answer = self.ask(host, "GET", "/metrics")
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), answer.text)
        self.assertNotIn("acme", answer.text, "a tenant is no label")
        return samples(answer.text)

    def until(self, question):
        """What is counted lags a little behind."""
        while not (answer := question()):
            threading.Event().wait(0.3)
        return answer


class Metrics(Seen):
    # covers: P18, U3
    def test_the_history_is_the_same_from_every_host_and_after_a_restart(self):
        one, other = self.hosts()
        self.assertEqual(self.figures(one)["total"]["runs"], 0)
        self.assertIsNone(self.figures(one)["total"]["success_rate"])
        self.run_once(one, "succeeded")
        self.run_once(other, "succeeded")
        asked = [self.exposed(h)['sluice_plugin_counts_total{pipeline="e2e",plugin="http",name="requests"}'] for h in {one, other}]
        self.assertEqual(sum(asked), len(self.upstream.served()), "each host knows of its own")
        self.upstream.faults(AWAY)
        self.run_once(one, "failed")
        seen = self.figures(one)
        self.assertEqual(seen, self.figures(other))
        total = seen["total"]
        self.assertEqual((total["runs"], total["failed"], total["states"]), (3, 1, {"failed": 1, "succeeded": 2}))
        self.assertAlmostEqual(total["success_rate"], 2 / 3)
        self.assertEqual(total["essential_ms"]["count"], 3)
        self.assertLessEqual(total["essential_ms"]["p50"], total["essential_ms"]["p95"])
        domains = {d["domain"]: d for d in seen["domains"]}
        self.assertEqual({n: d["failed"] for n, d in domains.items()}, {"credits": 1, "entities": 0, "roles": 0})
        self.assertEqual(domains["credits"]["retries"], 3, "four attempts at its first page")
        self.assertEqual(domains["entities"]["retries"], 0)
        self.assertEqual(total["requests"], sum(d["requests"] for d in domains.values()))
        self.assertEqual(total["requests"], len(self.upstream.served()))
        self.assertEqual([p["phase"] for p in seen["phases"]], ["essential"])
        self.assertEqual([(b["backend"], b["runs"]) for b in seen["backends"]], [("direct", 3)])
        self.assertEqual([(t["tenant"], t["failed"]) for t in seen["tenants"]], [("acme", 1)])
        self.assertEqual([e["runs"] for e in seen["errors"]], [1])
        self.assertEqual(self.figures(one, "?backend=temporal")["total"]["runs"], 0)
        self.assertEqual(self.figures(one, "?window=24h&pipeline=e2e&tenant=acme")["total"], total)
        self.assert_problem(self.ask(one, "GET", "/api/sync/metrics?window=2m"), 400, "SLU-7110")
        for host in {one, other}:
            host.stop()
        self.assertEqual(self.figures(self.host()), seen)

    # covers: P18, U3
    def test_what_fails_is_said_once_and_wholly(self):
        host = self.hosts()[0]
        self.upstream.faults(AWAY)
        run = self.run_once(host, "failed")
        host.stop()
        lines = [l for l in host.lines if l.get("run_id") == run and l["level"] == "error"]
        self.assertEqual([l.get("event") for l in lines], ["stage.failed"], lines)
        said = lines[0]
        self.assertEqual({k: said[k] for k in ("tenant", "stage", "page", "attempt", "upstream_status")},
                         {"tenant": "acme", "stage": "credits.credits", "page": 1, "attempt": 4, "upstream_status": 500})
        self.assertRegex(said["code"], r"^SLU-3\d{3}$")
        self.assertIn("given up after 4 tries in a row", said["msg"])
        self.assertIn(said["next"], (harness.SOURCE / "docs" / "errors.md").read_text().replace("`", ""))
        self.assertRegex(said["correlation_id"], r"^sync-acme-")

    # covers: P20
    def test_a_tenant_sees_its_own_alone(self):
        host = self.hosts()[0]
        self.run_once(host, "succeeded")
        token = self.make_token(self.manifest.with_name("host.yaml"), "--tenant", "beta", "--scope", "run:read")["token"]
        ask = lambda path: self.ask(host, "GET", path, Authorization="Bearer " + token)
        self.until(lambda: ask("/api/sync/metrics").status != 401)
        self.assertEqual(ask("/api/sync/metrics").json["total"]["runs"], 0)
        self.assertEqual(ask("/api/sync/metrics").json["tenants"], [])
        self.assertEqual(set(ask("/api/sync/health").json), {"status", "why", "runs", "stuck", "held"})
        self.assert_problem(ask("/api/sync/metrics?tenant=acme"), 404, "SLU-6028")
        self.assert_problem(ask("/metrics"), 403, "SLU-7121")

    # covers: P13
    def test_an_upstream_that_is_down_degrades_and_never_unreadies(self):
        host = self.hosts()[0]
        self.assertEqual(self.health(host)["status"], "healthy", self.health(host))
        self.upstream.faults({"match": {"path": "*"}, "do": "status", "status": 503})
        run = self.sign_in(host).json["tenant"]["run_id"]
        host.wait_for(event="source.down")
        health = self.health(host)
        self.assertEqual((health["status"], health["host"]["sources"]), ("degraded", [{"pipeline": "e2e", "source": "crm", "sick": True}]))
        self.assertIn("crm", health["why"][0])
        self.assertEqual(self.ask(host, "GET", "/readyz").status, 200)
        self.assertEqual(self.exposed(host)['sluice_source_sick{pipeline="e2e",source="crm"}'], 1)
        self.upstream.ask("/control/faults", [])
        host.wait_for(msg="run ended", run_id=run)
        self.run_once(host, "succeeded")
        self.assertEqual(self.health(host)["status"], "healthy")

    # covers: P18
    def test_an_alert_fires_is_seen_everywhere_and_told_once(self):
        self.hook = Hook(self, 500)
        self.manifest.write_text(self.manifest.read_text() + ALERTS)
        one, other = self.hosts()
        name = 'sluice_domain_failures_total{pipeline="e2e",domain="credits"}'
        firing = 'sluice_alert_firing{pipeline="e2e",alert="domain_failures:credits",severity="critical"}'
        before = self.exposed(one)
        self.assertEqual((before[name], before[firing]), (0, 0))
        self.upstream.faults(AWAY)
        self.run_once(one, "failed")
        self.until(lambda: one.find(event="alert.firing") or other.find(event="alert.firing"))
        for host in (one, other):
            health = self.health(host)
            self.assertEqual((health["status"], [a["alert"] for a in health["alerts"]]), ("unhealthy", ["domain_failures:credits"]))
        self.until(lambda: self.exposed(other)[name] == 1)
        self.assertEqual(self.exposed(one)[firing], 1)
        (first, id_1, _), (second, id_2, body) = self.hook.wait_for(2)[:2]
        self.assertEqual((first, second, id_1), (500, 204, id_2))
        self.assertEqual((body["type"], body["data"]["domain"], body["data"]["value"]), ("sluice.alert.firing.v1", "credits", 1))
        self.until(lambda: one.find(event="alert.sent") or other.find(event="alert.sent"))
        for host in {one, other}:
            host.stop()
        lines = one.lines + (other.lines if other is not one else [])
        self.assertEqual(len([l for l in lines if l.get("event") == "alert.firing"]), 1, "one host says so")
        self.assertEqual(len(self.hook.taken), 2, "nobody is told twice")
        self.assertEqual(self.hook.forged, 0, "a message that nobody should believe")
        for canary in ("canary-hook", SECRET):
            self.assertNotIn(canary, json.dumps(lines), "an address may hold a secret")
        told = [l for l in lines if l.get("event") == "alert.firing"][0]
        self.assertEqual((told["code"], told["pipeline"], told["level"]), ("SLU-6090", "e2e", "error"))


class MetricsSqlite(Metrics, harness.Case):
    def hosts(self):
        host = self.host()
        return host, host


class MetricsPostgres(Metrics, harness.Case):
    store_type = harness.Postgres

    def hosts(self):
        return self.host(), self.host()


if __name__ == "__main__":
    unittest.main(verbosity=2)
