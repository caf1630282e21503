"""Names: a host in a network of its own, where the only name server is the test's.

The test starts itself anew in network and mount namespaces, which takes root; without them it says so and is skipped.
"""
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import unittest

import harness

INSIDE = "SLUICE_DNS_TEST_INSIDE"
NXDOMAIN, SERVFAIL = 3, 2


class NameServer:
    """Answers by rules that a test may change; remembers who was asked for. Over UDP and TCP, as long answers need it."""

    def __init__(self):
        self.rules, self.asked = {}, []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 53))
        self.tcp = socket.create_server(("127.0.0.1", 53))
        for serve in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def answer(self, query):
        name, at = [], 12
        while query[at]:
            name.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        host = ".".join(name)
        self.asked.append((host, kind))
        rule = self.rules.get(host, NXDOMAIN)
        if callable(rule):
            rule = rule()
        if rule == "silent":
            return None
        code, addresses = (rule, []) if isinstance(rule, int) else (0, rule if kind == 1 else [])
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(a) for a in addresses)
        return head + query[12:at + 5] + records

    def serve_udp(self):
        while True:
            query, who = self.udp.recvfrom(512)
            reply = self.answer(query)
            if reply is None:
                continue
            if len(reply) > 512:  # cut, and said so: the client comes back over TCP
                reply = reply[:2] + struct.pack(">H", 0x8380) + reply[4:6] + b"\0\0" + reply[8:12] + query[12:]
            self.udp.sendto(reply, who)

    def serve_tcp(self):
        while True:
            threading.Thread(target=self.serve_one, args=(self.tcp.accept()[0],), daemon=True).start()

    def serve_one(self, connection):
        """Several queries may come over one connection."""
        with connection, connection.makefile("rb") as queries:
            while len(size := queries.read(2)) == 2:
                reply = self.answer(queries.read(struct.unpack(">H", size)[0]))
                connection.sendall(struct.pack(">H", len(reply)) + reply)


class Names(harness.Case):
    upstream_args = ("--tenants", "acme:40", "--seed", "7")

    @classmethod
    def setUpClass(cls):
        cls.names = NameServer()

    def setUp(self):
        super().setUp()
        self.port = self.upstream.url.rsplit(":", 1)[1]
        self.names.asked.clear()
        text = self.manifest.read_text().replace("retry:", "timeouts: { connect: 500ms, total: 2s }\n    retry:")
        self.manifest.write_text(text)

    def failed(self, host, code, *says, **environment):
        done = self.sluice("run", self.manifest, "--tenant", "acme", CRM_URL=f"http://{host}:{self.port}", **environment)
        self.assertEqual(done.returncode, 1, done.stderr)
        for stage in json.loads(done.stdout)["stages"]:
            self.assertEqual(stage["error"]["code"], code, stage)
            for text in says:
                self.assertIn(text, stage["error"]["message"])

    def good(self, host):
        self.run_sync(CRM_URL=f"http://{host}:{self.port}")
        self.assert_holds_what_the_upstream_has()

    # covers: U25, P14, P18
    def test_a_name_that_is_not_known_is_asked_for_again(self):
        self.names.rules["gone.test"] = NXDOMAIN
        self.failed("gone.test", "SLU-3111", "host name is not known", "gone.test", "given up after 4 tries")
        self.names.rules["ill.test"] = SERVFAIL
        self.failed("ill.test", "SLU-3111", "host name is not known", "ill.test")
        answers = iter([NXDOMAIN, NXDOMAIN, SERVFAIL])
        self.names.rules["back.test"] = lambda: next(answers, ["127.0.0.1"])
        self.good("back.test")

    # covers: U25, P12, P13
    def test_a_name_server_that_is_silent_holds_nobody_up_beyond_timeouts_connect(self):
        self.names.rules["slow.test"] = "silent"
        # A look-up of its own would take 150 s, four tries longer than the harness lets a process live.
        self.failed("slow.test", "SLU-3113", "no connection within 500 ms (timeouts.connect)", "the name was not resolved",
                    RES_OPTIONS="timeout:30 attempts:5")

    # covers: U25, P24
    def test_the_address_that_is_connected_to_counts(self):
        self.names.rules["meta.test"] = ["169.254.169.254"]
        self.failed("meta.test", "SLU-3160", "the name leads to 169.254.169.254, which is link-local")
        text = self.manifest.read_text()
        self.manifest.write_text(text.replace("timeouts:", "addresses: public\n    timeouts:"))
        # A public address that a check would see, and behind it the one that is meant.
        self.names.rules["flip.test"] = ["203.0.114.7", "127.0.0.1"]
        self.failed("flip.test", "SLU-3160", "the name leads to 127.0.0.1, which is not public")
        self.assertEqual([r for r in self.upstream.served() if r["target"].startswith("/v1")], [])

    # covers: U25
    def test_a_thousand_addresses_are_as_good_as_one(self):
        self.names.rules["many.test"] = ["127.0.%d.%d" % (n // 250, n % 250 + 1) for n in range(1000)]
        self.good("many.test")


def inside():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", "203.0.114.1/24", "dev", "lo"], check=True)
    own = pathlib.Path("/run/sluice-dns-test-%d" % os.getpid())
    own.write_text("nameserver 127.0.0.1\noptions timeout:5 attempts:1\n")
    for path, text in (("/etc/resolv.conf", own), ("/etc/nsswitch.conf", None)):
        if text is None:
            own = own.with_suffix(".nss")
            own.write_text("hosts: files dns\n")
        subprocess.run(["mount", "--bind", own, os.path.realpath(path)], check=True)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    if os.environ.get(INSIDE):
        inside()
    else:
        tried = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, text=True)
        if tried.returncode != 0:
            print("skipped: no namespaces here: " + tried.stderr.strip())
            sys.exit(77)
        sys.exit(subprocess.run(["unshare", "--net", "--mount", sys.executable, *sys.argv],
                                env={**os.environ, INSIDE: "1"}).returncode)
