"""The rules that deploy/prometheus has, by promtool; and a real Prometheus that scrapes a host until the alert fires."""
import json
import pathlib
import re
import shutil
import subprocess
import threading
import unittest
import urllib.error
import urllib.request

import harness
import hosted
import http_metrics_test

DEPLOY = harness.SOURCE / "deploy"
RULES = DEPLOY / "prometheus" / "sluice.rules.yml"


def program(name):
    found = shutil.which(name)
    if found is None:
        raise unittest.SkipTest("no %s is installed here" % name)
    return found


class Rules(unittest.TestCase):
    def promtool(self, *args):
        done = subprocess.run([program("promtool"), *args], capture_output=True, text=True, cwd=RULES.parent)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    # covers: P18
    def test_the_rules_fire_when_they_should_and_only_then(self):
        self.promtool("check", "rules", RULES.name)
        self.promtool("test", "rules", "sluice.rules.test.yml")

    def test_every_alert_has_a_test_and_a_place_in_the_manual(self):
        manual = (harness.SOURCE / "docs" / "operate.md").read_text()
        tested = RULES.with_name("sluice.rules.test.yml").read_text()
        names = re.findall(r"alert: (\w+)", RULES.read_text())
        self.assertGreater(len(names), 5)
        for name in names:
            self.assertIn("alertname: " + name, tested)
            self.assertIn("`%s`" % name, manual)


class Scraped(hosted.Hosted, harness.Case):
    def known_metrics(self, host):
        text = self.ask(host, "GET", "/metrics").text
        names = set(re.findall(r"^# TYPE (\w+)", text, re.M))
        return names | {n + end for n in names for end in ("_bucket", "_sum", "_count")}

    def start_prometheus(self, host):
        folder = pathlib.Path(self.folder.name) / "prometheus"
        folder.mkdir()
        config = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
        config = config.replace("127.0.0.1:7464", host.address).replace("15s", "1s")
        (folder / "prometheus.yml").write_text(config)
        (folder / "sluice.token").write_text(self.token)
        shutil.copy(RULES, folder)
        process = subprocess.Popen([program("prometheus"), "--config.file=%s" % (folder / "prometheus.yml"),
                                    "--storage.tsdb.path=%s" % (folder / "data"), "--web.listen-address=127.0.0.1:0"],
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        seen = []
        for line in process.stderr:
            seen.append(line)
            if found := re.search(r'msg="Listening on" address=(\S+)', line):
                reader = threading.Thread(target=process.stderr.read)
                reader.start()
                for clean in (process.stderr.close, reader.join, process.kill):
                    self.addCleanup(clean)
                self.until(lambda: self.is_ready("http://" + found[1]))
                return "http://" + found[1]
        self.fail("".join(seen[-10:]))

    @staticmethod
    def is_ready(address):
        try:
            return urllib.request.urlopen(address + "/-/ready", timeout=60).status == 200
        except urllib.error.HTTPError as e:
            return e.code != 503

    @staticmethod
    def get(address, path):
        with urllib.request.urlopen(address + path, timeout=60) as answer:
            return json.loads(answer.read())["data"]

    def until(self, question):
        while not (answer := question()):
            threading.Event().wait(0.5)
        return answer

    # covers: P18
    def test_a_domain_that_fails_is_an_alert_in_prometheus(self):
        program("prometheus")
        self.manifest.write_text(self.manifest.read_text() + http_metrics_test.ALERTS.split("notify")[0])
        host = self.host()
        prometheus = self.start_prometheus(host)
        credits = "/api/v1/query?query=sluice_domain_failures_total%7Bdomain%3D%22credits%22%7D"
        series = self.until(lambda: self.get(prometheus, credits)["result"])
        self.assertEqual([s["value"][1] for s in series], ["0"], "it is there before anything failed")
        self.assertEqual(self.get(prometheus, "/api/v1/alerts")["alerts"], [])
        self.upstream.faults(http_metrics_test.AWAY)
        run = self.sign_in(host).json["tenant"]["run_id"]
        host.wait_for(msg="run ended", run_id=run, state="failed")

        def firing():
            found = self.get(prometheus, "/api/v1/alerts")["alerts"]
            return {a["labels"]["alertname"]: a["labels"] for a in found if a["state"] == "firing"}
        alerts = self.until(lambda: (all_of := firing()) and {"SluiceDomainFailures", "SluiceHostAlert"} <= set(all_of) and all_of)
        self.assertEqual({k: alerts["SluiceDomainFailures"][k] for k in ("pipeline", "domain", "severity")},
                         {"pipeline": "e2e", "domain": "credits", "severity": "critical"})
        self.assertEqual(alerts["SluiceHostAlert"]["alert"], "domain_failures:credits")
        self.assertEqual(set(alerts), {"SluiceDomainFailures", "SluiceHostAlert"})
        rules = [r for g in self.get(prometheus, "/api/v1/rules")["groups"] for r in g["rules"]]
        self.assertEqual([r["name"] for r in rules if r["health"] != "ok"], [])
        host.stop()

    def test_rules_and_dashboard_name_metrics_that_there_are(self):
        host = self.host()
        known = self.known_metrics(host)
        dashboard = json.loads((DEPLOY / "grafana" / "sluice.json").read_text())
        texts = [t["expr"] for p in dashboard["panels"] for t in p["targets"]]
        texts += re.findall(r"expr: (?:>-\n)?((?:.+\n)(?:            .+\n)*)", RULES.read_text())
        named = set(re.findall(r"\b((?:sluice|process)_\w+)", "\n".join(texts)))
        self.assertGreater(len(named), 10)
        self.assertEqual(named - known, set())
        recorded = set(re.findall(r"record: (\S+)", RULES.read_text()))
        self.assertEqual(set(re.findall(r"\bsluice:\w+:\w+", "\n".join(texts))) - recorded, set())
        host.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
