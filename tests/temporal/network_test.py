"""What lies between hosts and their server: slow, torn, silent, encrypted."""
import pathlib
import unittest

import cluster
import network

SLOW = ("--tenants", "acme:300", "--seed", "7", "--max-limit", "20", "--latency", "30ms")
TWO_PHASES = """
  essential: { deadline: 60s, fresh_for: 0s, sync: [ entities ] }
  background: { fresh_for: 0s, sync: [ credits, roles ] }
"""


class Between(cluster.Case):
    upstream_args = SLOW

    def setUp(self):
        self.between = self.make_network()
        self.addCleanup(self.between.stop)
        super().setUp()

    def make_network(self):
        return network.Network(self.server.port)

    def address(self):
        return self.between.address

    def write_manifest(self, *args, **parts):
        parts.setdefault("phases", TWO_PHASES)
        super().write_manifest(*args, **parts)

    def ends_well(self, run):
        receipt = run.receipt()
        self.assertEqual((receipt["state"], receipt["backend"]), ("succeeded", "temporal"))
        self.assertEqual(self.server.closed(receipt["run_id"]), "COMPLETED")
        self.assert_holds_what_the_upstream_has()
        return self.server.history(receipt["run_id"])


class Worn(Between):
    # covers: T3, P14
    def test_three_seconds_there_and_back_are_no_fault(self):
        self.between.delay = 1.5
        history = self.ends_well(self.begin())
        kinds = {e["eventType"] for e in history}
        self.assertIn("EVENT_TYPE_ACTIVITY_TASK_COMPLETED", kinds)
        self.assertNotIn("EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT", kinds)

    # covers: T3, P14
    def test_resets_are_no_fault(self):
        run = self.begin()
        cuts = 0
        for progress in (2, 4, 6):
            run.progress(progress)
            self.until(lambda: self.between.links)
            cuts += self.between.cut()
        self.ends_well(run)
        self.assertGreaterEqual(cuts, 3)

    # covers: T3, P14
    def test_connections_that_carry_nothing_any_more_are_given_up(self):
        run = self.begin()
        run.progress(3)
        self.assertGreater(self.between.hush(), 0)
        self.ends_well(run)


class Secret(Between):
    """A cluster that is spoken to in TLS, and knows who speaks by a certificate."""

    def make_network(self):
        self.certificates = pathlib.Path(cluster.tempfile.mkdtemp(prefix="sluice-tls-"))
        self.addCleanup(cluster.shutil.rmtree, self.certificates)
        network.make_certificates(self.certificates, "temporal.example")
        return network.Encrypted(self.server.port, self.certificates)

    def tls(self, *names):
        files = {"ca_file": "ca.pem", "cert_file": "client.pem", "key_file": "client.key"}
        wanted = ["%s: %s" % (n, self.certificates / files[n]) for n in names] + ["server_name: temporal.example"]
        self.manifest.write_text(self.manifest.read_text().replace("uses: temporal,", "uses: temporal, tls: { %s }," % ", ".join(wanted)))

    # covers: T8
    def test_a_run_over_mutual_tls(self):
        self.tls("ca_file", "cert_file", "key_file")
        self.ends_well(self.begin())

    # covers: T8, P18
    def test_who_has_no_certificate_or_trusts_nobody_waits_and_says_why(self):
        for names in (["ca_file"], ["cert_file", "key_file"]):
            self.write_manifest()
            self.tls(*names)
            run = self.begin()
            said = run.wait_for(lambda l: "can't be reached" in l.get("msg", ""))
            self.assertIn("SLU-4802", str(said))
            run.kill()


if __name__ == "__main__":
    cluster.need()
    unittest.main()
