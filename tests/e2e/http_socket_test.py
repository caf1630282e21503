"""The host's socket in the file system: who administers the host needs no token there, and nobody else gets in."""
import grp
import http.client
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import unittest

import harness
import hosted
import http_frame_test

# As somebody else: the status of one request.
STRANGER = """
import os, socket, sys
os.setgroups([int(g) for g in sys.argv[3:]]); os.setgid(int(sys.argv[2])); os.setuid(65534)
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
except PermissionError:
    print("kept out"); sys.exit()
s.sendall(b"GET /api/sync/health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
print(s.recv(100).split()[1].decode())
"""


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Local(hosted.Hosted):
    def listen(self, name="host.yaml", **more):
        config = super().listen(name, socket=self.place.name, **more)
        return config

    @property
    def place(self):
        return self.manifest.with_name("admin.sock")

    def connection_to(self, host):
        return Connection(self.place)

    def connect(self, host):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(s.close)
        s.settimeout(120)
        s.connect(str(self.place))
        return s


class Frame(Local, http_frame_test.Framed, harness.Case):
    def receive(self, s):
        try:
            return s.recv(65536)
        except ConnectionResetError:  # so a socket of this kind ends after its last byte, where not everything sent was read
            return b""


class Outside(hosted.Hosted):
    """Asks over TCP."""
    token = None

    def __init__(self, case):
        self.case = case


class Socket(Local, harness.Case):
    token = ""  # none is sent

    def cli(self, *args, config=None):
        return self.sluice("--config", config or self.manifest.with_name("host.yaml"), *args)

    # covers: P21
    def test_who_administers_the_host_needs_no_token(self):
        host = self.host(config=self.listen(address=""))
        self.assertEqual(host.address, "", "nobody listens for others")
        self.assertEqual(stat.S_IMODE(self.place.stat().st_mode), 0o600)
        answer = self.sign_in(host, wait=60)
        self.assertEqual((answer.status, answer.json["tenant"]["essential"]["over"]), (200, True), answer.text)
        host.wait_for(event="http.done", token="uid %d" % os.geteuid())
        self.assertIn("sluice_runs_total", self.ask(host, "GET", "/metrics").text)
        self.assertEqual(self.ask(host, "POST", "/api/sync/manifest/reload").json, {"pipelines": ["e2e"], "stale": []})
        host.stop()
        self.assertFalse(self.place.exists())

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    # covers: P21, A5
    def test_nobody_else_gets_in(self):
        host = self.host(config=self.listen())
        self.assertEqual(self.as_stranger(), "kept out")
        self.place.chmod(0o666)  # even then
        self.assertEqual(self.as_stranger(), "401")
        self.assertEqual(hosted.Hosted.connection_to(self, host).host, "127.0.0.1")
        host.stop()

    def as_stranger(self, *groups):
        """The status of its request; the first group is its own."""
        pathlib.Path(self.folder.name).chmod(0o755)
        groups = [str(g) for g in groups or [65534]]
        done = subprocess.run([sys.executable, "-c", STRANGER, self.place, *groups], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    # covers: P21, A5
    def test_a_group_may_administer_the_host_too(self):
        group = next(g for g in grp.getgrall() if g.gr_gid not in (0, 65534))
        host = self.host(config=self.listen(socket_group=group.gr_name))
        self.assertEqual((stat.S_IMODE(self.place.stat().st_mode), self.place.stat().st_gid), (0o660, group.gr_gid))
        self.assertEqual(self.as_stranger(), "kept out")
        self.assertEqual(self.as_stranger(group.gr_gid), "200")
        self.assertEqual(self.as_stranger(65534, 4711, group.gr_gid), "200", "whichever of its groups it is")
        self.place.chmod(0o666)
        self.assertEqual(self.as_stranger(65534, 4711), "401")
        host.stop()
        config = self.listen("other.yaml", socket_group="no-such-group")
        done = self.sluice("--config", config, "serve", self.manifest)
        self.assertEqual((done.returncode, json.loads(done.stdout)["error"]["code"]), (1, "SLU-7114"), done.stdout)

    # covers: P21, A5
    def test_what_only_an_administrator_may_is_done_at_the_socket_alone(self):
        host = self.host(config=self.listen())
        token = self.make_token(self.manifest.with_name("host.yaml"), "--all-tenants", "--scope", "admin")["token"]
        outside = lambda method, path: hosted.Hosted.ask(Outside(self), host, method, path, Authorization="Bearer " + token)
        while outside("GET", "/openapi.json").status == 401:
            pass
        routes = [(m.upper(), p, o.get("x-sluice-right")) for p, methods in self.ask(host, "GET", "/openapi.json").json["paths"].items()
                  for m, o in methods.items() if "{" not in p]
        self.assertLess({"admin", "manifest:read", "run:read", "data:read"}, {right for _, _, right in routes})
        offered = outside("GET", "/openapi.json").json["paths"]
        for method, path, right in routes:
            self.assertEqual(path in offered, right != "admin", path)
            path += "?tenant=acme" if path.endswith("/routing") else ""
            if right == "admin":
                self.assertIn("socket alone", self.assert_problem(outside(method, path), 403, "SLU-7121")["detail"])
            else:
                self.assertEqual(outside(method, path).status, 200, path + ": the rest of what such a token allows")
            self.assertEqual(self.ask(host, method, path).status, 200, path)
        host.stop()

    # covers: P17, P21
    def test_who_administers_the_host_gets_in_when_it_is_full(self):
        host = self.host(config=self.listen(connections=1))
        with http_frame_test.Framed.connect(self, host) as held:
            held.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(held.recv(9).startswith(b"HTTP/1.1"))  # it is there
            refused = hosted.Hosted.ask(Outside(self), host, "GET", "/livez")
            self.assertEqual((refused.status, refused.json["code"]), (503, "SLU-7112"))
            self.assertIn(refused.headers["retry-after"], ("1", "2", "3", "4"))
            self.assertIn('sluice_host_refused_total{code="SLU-7112"} 1', self.ask(host, "GET", "/metrics").text)
        host.stop()

    def test_commands_ask_the_host_that_serves(self):
        self.listen()
        nobody = self.cli("health")
        self.assertEqual((nobody.returncode, json.loads(nobody.stdout)["error"]["code"]), (75, "SLU-7029"))
        host = self.host(config=self.manifest.with_name("host.yaml"))
        good = self.cli("health")
        self.assertEqual((good.returncode, json.loads(good.stdout)["status"]), (0, "healthy"), good.stderr)
        self.assertEqual(json.loads(self.cli("reload").stdout), {"pipelines": ["e2e"], "stale": []})
        text = self.manifest.read_text()
        self.manifest.write_text(text.replace("phases:", "fases:"))
        stale = self.cli("reload")
        self.assertEqual((stale.returncode, json.loads(stale.stdout)["stale"]), (78, [{"manifest": "e2e.yaml", "why": "the manifest is wrong"}]))
        sick = self.cli("health")
        self.assertEqual((sick.returncode, json.loads(sick.stdout)["why"]), (3, ["e2e.yaml is not what is served: the manifest is wrong"]))
        self.manifest.write_text(text)
        self.assertEqual(self.cli("reload").returncode, 0)
        nowhere = self.manifest.with_name("nowhere.yaml")
        nowhere.write_text("log: { level: info }\n")
        self.assertEqual(self.cli("health", config=nowhere).returncode, 2)
        host.stop()

    def test_what_a_dead_host_has_left_is_replaced_and_nothing_else(self):
        dead = self.host(config=self.listen())
        dead.process.send_signal(signal.SIGKILL)
        dead.process.wait()
        self.assertTrue(self.place.exists())
        host = self.host(config=self.listen())
        self.assertEqual(self.ask(host, "GET", "/api/sync/health").status, 200)
        twin = self.manifest.with_name("twin.yaml")
        twin.write_text(self.manifest.read_text().replace("sluice.db", "twin.db"))
        self.assert_refused(twin, "another host listens there")
        host.stop()
        self.place.write_text("mine")
        self.assert_refused(twin, "no socket")
        self.assertEqual(self.place.read_text(), "mine")

    def assert_refused(self, manifest, why):
        done = self.cli("serve", manifest)
        error = json.loads(done.stdout)["error"]
        self.assertEqual((done.returncode, error["code"]), (1, "SLU-7114"), done.stdout)
        self.assertIn(why, error["message"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
