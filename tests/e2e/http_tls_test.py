"""The HTTP API over TLS: the same as in clear, with a certificate that can be renewed while the host serves."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import unittest

import certificates
import harness
import hosted
import http_frame_test
import http_look_test

NAME = "sync.example.test"


class Secured(hosted.Hosted):
    def setUp(self):
        super().setUp()
        self.pair = certificates.make(self.folder.name, "host")

    def listen(self, name="host.yaml", pair=None, **more):
        pair = pair or self.pair
        return super().listen(name, **{"tls": {"certificate": pair.certificate.name, "key": str(pair.key)}, **more})

    def context(self):
        return ssl.create_default_context(cafile=str(self.pair.certificate))

    def connect(self, host, context=None):
        name, port = host.address.rsplit(":", 1)
        s = (context or self.context()).wrap_socket(socket.create_connection(("127.0.0.1", int(port)), timeout=120), server_hostname=NAME)
        self.addCleanup(s.close)
        return s

    def connection_to(self, host):
        return http.client.HTTPSConnection("127.0.0.1", int(host.address.rsplit(":", 1)[1]), timeout=120, context=self.context())


class Frame(Secured, http_frame_test.Framed, harness.Case):
    pass


class Tls(Secured, harness.Case):
    def shown(self, host):
        """The certificate that a new connection gets to see."""
        context = ssl._create_unverified_context()
        with self.connect(host, context) as s:
            return s.getpeercert(binary_form=True)

    def test_a_sign_in_and_its_events_go_over_tls(self):
        host = self.host(config=self.listen(address="0.0.0.0:0"))
        self.assertTrue(host.find(event="http.listening")[0]["tls"])
        answer = self.sign_in(host, wait=60, Host=NAME)
        self.assertEqual((answer.status, answer.json["tenant"]["essential"]["over"]), (200, True), answer.text)
        self.assertIn("max-age=", answer.headers["strict-transport-security"])
        connection = self.connection_to(host)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/sync/runs/%s/events" % answer.json["tenant"]["run_id"], headers={"Authorization": "Bearer " + self.token})
        self.assertIn(b"event: end\n", connection.getresponse().read())
        host.stop()

    # covers: A10
    def test_nothing_is_said_in_clear_or_to_old_protocols(self):
        host = self.host()
        port = host.address.rsplit(":", 1)[1]
        with socket.create_connection(("127.0.0.1", int(port)), timeout=120) as s:
            s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertNotIn(b"HTTP", s.recv(1000))
        for version, works in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
            done = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:" + port, version, "-cipher", "ALL@SECLEVEL=0"],
                                  input="", capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode == 0, works, version + done.stderr)
            if not works:
                self.assertIn("alert protocol version", done.stderr)
        # Who never gets to the end of a handshake is left.
        with socket.create_connection(("127.0.0.1", int(port)), timeout=120) as silent:
            self.assertEqual(silent.recv(1), b"")
        self.assertEqual(self.ask(host, "GET", "/livez").status, 200)
        host.stop()

    def test_a_renewed_certificate_is_taken_and_a_bad_one_is_not(self):
        host = self.host()
        first = self.pair.der()
        before = self.connection_to(host)
        self.addCleanup(before.close)
        self.assertEqual(self.shown(host), first)
        self.assertEqual(self.on(before), 200)
        second = certificates.make(self.folder.name, "second")
        second.take_place_of(self.pair)
        host.process.send_signal(signal.SIGHUP)
        host.wait_for(2, event="http.certificate")
        self.assertEqual(self.shown(host), second.der())
        self.assertEqual(self.on(before), 200, "who was there before goes on")
        other = certificates.make(self.folder.name, "other")
        self.pair.key.write_bytes(other.key.read_bytes())
        stale = self.ask(host, "POST", "/api/sync/manifest/reload").json["stale"]
        self.assertEqual([s["manifest"] for s in stale], ["listen.tls"])
        kept = host.wait_for(event="http.certificate_kept")[0]
        self.assertEqual((kept["code"], kept["level"]), ("SLU-7117", "error"))
        self.assertIn(str(self.pair.key), kept["msg"])
        self.assertEqual(self.shown(host), second.der())
        health = self.ask(host, "GET", "/api/sync/health").json
        self.assertEqual(health["status"], "degraded")
        self.assertIn("listen.tls", health["why"][0])
        self.assertNotIn(self.folder.name, json.dumps(health), "where things lie on this machine")
        self.pair.key.write_bytes(second.key.read_bytes())
        self.assertEqual(self.ask(host, "POST", "/api/sync/manifest/reload").json["stale"], [])
        self.assertEqual(self.ask(host, "GET", "/api/sync/health").json["status"], "healthy")
        ends = [l for l in self.ask(host, "GET", "/metrics").text.splitlines() if l.startswith("sluice_certificate_end_timestamp_seconds ")]
        self.assertEqual(len(ends), 1)
        host.stop()

    def on(self, connection):
        connection.request("GET", "/livez", headers={"Host": NAME})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def test_a_start_with_files_that_cannot_be_used_is_refused(self):
        locked = certificates.make(self.folder.name, "locked", passphrase="not-for-the-terminal")
        other, plain, shown = (certificates.make(self.folder.name, n) for n in ("other", "plain", "shown"))
        shown.key.chmod(0o644)
        plain.certificate.write_text("no certificate\n")
        missing = certificates.Pair(other.certificate, other.key.with_name("missing.key"))
        swapped = certificates.Pair(other.certificate, self.pair.key)
        for pair, file in ((locked, locked.key), (plain, plain.certificate), (shown, shown.key), (missing, missing.key), (swapped, swapped.key)):
            done = self.sluice("--config", self.listen(pair=pair), "serve", self.manifest)
            error = json.loads(done.stdout)["error"]
            self.assertEqual((done.returncode, error["code"]), (78, "SLU-7117"), file)
            self.assertIn(str(file), error["message"])

    def serve_as_stranger(self, config):
        pathlib.Path(self.folder.name).chmod(0o777)
        return subprocess.run(self.command("--config", config, "serve", self.manifest), capture_output=True, text=True, timeout=300,
                              env=self.environment(), user=65534, group=65534, extra_groups=[])

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_a_key_that_may_not_be_read_is_told_from_one_that_is_none(self):
        folder = certificates.make(self.folder.name, "folder")
        folder.key.unlink()
        folder.key.mkdir(mode=0o700)
        for pair in (self.pair, folder):
            done = self.serve_as_stranger(self.listen(pair=pair))
            error = json.loads(done.stdout)["error"]
            self.assertEqual((done.returncode, error["code"]), (78, "SLU-7117"), error)
            self.assertIn("%s: can't be read: Permission denied; the host runs as user 65534" % pair.key, error["message"])
        done = self.sluice("--config", self.listen(pair=folder), "serve", self.manifest)
        self.assertIn("%s: can't be read: Is a directory" % folder.key, json.loads(done.stdout)["error"]["message"])

    def test_the_end_of_a_host_ends_its_streams(self):
        host = self.host()
        self.upstream.faults(http_look_test.ENDLESS)
        run = self.sign_in(host).json["tenant"]["run_id"]
        connection = self.connection_to(host)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/sync/runs/%s/events" % run, headers={"Authorization": "Bearer " + self.token})
        stream = connection.getresponse()
        self.assertEqual(stream.readline(), b"retry: 2000\n")
        host.process.send_signal(signal.SIGTERM)
        stream.read()
        self.assertEqual(host.process.wait(timeout=120), 0)


if __name__ == "__main__":
    if not shutil.which("openssl"):
        raise SystemExit(77)
    unittest.main(verbosity=2)
