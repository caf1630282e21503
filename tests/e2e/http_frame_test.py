"""The frame of HTTP as bytes: borders between requests that can be read in two ways, sizes, and slow senders."""
import json
import re
import socket
import unittest

import harness
import hosted

HOST = b"Host: localhost\r\n"
TYPE = b"Content-Type: application/json\r\n"
RUNS = b"POST /api/sync/tenants/acme/runs HTTP/1.1\r\n" + HOST + TYPE
HIDDEN = b"GET /livez HTTP/1.1\r\n" + HOST + b"X-Correlation-ID: hidden\r\n\r\n"


class Framed(hosted.Hosted):
    """Mixed into a harness.Case; whatever carries the bytes."""

    def connect(self, host):
        name, port = host.address.rsplit(":", 1)
        s = socket.create_connection((name, int(port)), timeout=120)
        self.addCleanup(s.close)
        return s

    def known(self, data):
        """The same from somebody who may."""
        return data.replace(TYPE, TYPE + b"Authorization: Bearer " + self.token.encode() + b"\r\n")

    def send(self, host, data):
        """All that comes back until the other side closes."""
        s = self.connect(host)
        data = self.known(data)
        s.sendall(data)
        return self.rest_of(s)

    def rest_of(self, s):
        out = b""
        while chunk := self.receive(s):
            out += chunk
        return out

    def receive(self, s):
        return s.recv(65536)

    def statuses(self, data):
        return [int(n) for n in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]

    # covers: A3
    def test_nothing_can_be_hidden_behind_a_border(self):
        host = self.host()
        body = b"4\r\n{}  \r\n0\r\n\r\n"
        attacks = [
            RUNS + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + body + HIDDEN,
            RUNS + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + body + HIDDEN,
            RUNS + b"Transfer-Encoding: xchunked\r\n\r\n" + HIDDEN,
            RUNS + b"Transfer-Encoding: chunked, identity\r\n\r\n" + HIDDEN,
            RUNS + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}" + HIDDEN,
            RUNS + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + body + HIDDEN,
            RUNS + b"Transfer-Encoding : chunked\r\n\r\n" + body + HIDDEN,
            RUNS + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + body + HIDDEN,
            RUNS + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + HIDDEN,
            RUNS + b"Content-Length: 2, 2\r\n\r\n{}" + HIDDEN,
            RUNS + b"Content-Length: +2\r\n\r\n{}" + HIDDEN,
            RUNS + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n" + HIDDEN,
            RUNS + b"Transfer-Encoding: chunked\r\n\r\n2;\n\r\n{}\r\n0\r\n\r\n" + HIDDEN,
            RUNS + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n" + HIDDEN,
            RUNS + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
            RUNS.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n" + body + HIDDEN,
            b"GET /livez HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
            b"GET /api/nothing HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello" + HIDDEN,
            b"GET /livez HTTP/1.1\r\n\r\n" + HIDDEN,
            b"GET /livez HTTP/1.1\r\n" + HOST + HOST + b"\r\n" + HIDDEN,
            b"GET http://localhost/livez HTTP/1.1\r\n" + HOST + b"\r\n" + HIDDEN,
            b"GET /livez HTTP/1.1\nHost: localhost\n\n" + HIDDEN,
            b"\r\n" + HIDDEN,
        ]
        for attack in attacks:
            answer = self.send(host, attack)
            self.assertNotIn(b"hidden", answer, attack)
            self.assertEqual(len(self.statuses(answer)), 1, attack)
            self.assertIn(self.statuses(answer)[0], (400, 404), attack)
        self.assertEqual(json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout), [])
        host.stop()

    # covers: A9
    def test_requests_on_one_connection_are_answered_in_their_order(self):
        host = self.host()
        ask = b"".join(b"GET %s HTTP/1.1\r\nHost: localhost\r\nX-Correlation-ID: n-%d\r\n\r\n"
                       % (b"/livez" if n % 3 else b"/nothing", n) for n in range(1000))
        last = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Correlation-ID: last\r\nConnection: close\r\n\r\n"
        out = self.send(host, ask + last)
        ids = re.findall(rb"X-Correlation-ID: (\S+)", out)
        self.assertEqual(ids, [b"n-%d" % n for n in range(1000)] + [b"last"])
        self.assertEqual(self.statuses(out), [200 if n % 3 else 404 for n in range(1000)] + [200])
        # One that is refused before it was read as a whole is not read again.
        s, out = self.connect(host), b""
        s.sendall(last.replace(b"last", b"no id").replace(b"Connection: close\r\n", b"") + last)
        while len(self.statuses(out)) < 2:
            out += self.receive(s)
        self.assertEqual(self.statuses(out)[:2], [400, 200])
        host.stop()

    # covers: A1
    def test_what_is_too_large_is_refused_before_it_is_read(self):
        host = self.host()
        fits = b'{"subject": "%s"}' % (b"u" * 20)
        fits += b" " * (64 * 1024 - len(fits))
        for body, status in ((fits, 404), (fits + b" ", 413)):
            nobody = RUNS.replace(b"acme", b"nobody") + b"Connection: close\r\n"
            self.assertEqual(self.statuses(self.send(host, nobody + b"Content-Length: %d\r\n\r\n" % len(body) + body)), [status])
            pieces = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[i:i + 9999] for i in range(0, len(body), 9999)))
            answer = self.send(host, nobody + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n")
            self.assertEqual(self.statuses(answer), [status])
        announced = self.send(host, RUNS + b"Content-Length: 10000000000\r\n\r\n")
        self.assertEqual(self.statuses(announced), [413])
        for size, status in ((8000, 200), (9000, 431)):
            head = b"GET /livez HTTP/1.1\r\nConnection: close\r\n" + HOST + b"X-Pad: " + b"a" * (size - 100) + b"\r\n\r\n"
            self.assertEqual(self.statuses(self.send(host, head)), [status], size)
        self.assertEqual(self.statuses(self.send(host, b"a" * 20000)), [431])
        host.stop()

    # covers: A1
    def test_who_is_refused_while_he_sends_is_not_cut_off(self):
        host = self.host()
        s = self.connect(host)
        s.sendall(self.known(RUNS + b"Content-Length: 2000000\r\n\r\n"))
        answer = self.receive(s)
        for _ in range(20):
            s.sendall(b" " * 100000)
        self.assertEqual(self.statuses(answer + self.rest_of(s)), [413])
        host.stop()

    # covers: A9
    def test_what_would_follow_the_head_of_an_answer_is_not_taken_for_the_next_one(self):
        host = self.host()
        last = b"GET /livez HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n"
        out = self.send(host, b"HEAD /livez HTTP/1.1\r\n" + HOST + b"\r\n" + last)
        head, rest = out.split(b"\r\n\r\n", 1)
        self.assertTrue(head.startswith(b"HTTP/1.1 405 "), out)
        self.assertTrue(rest.startswith(b"HTTP/1.1 200 "), out)
        host.stop()

    # covers: A7
    def test_a_slow_sender_keeps_nobody_waiting_and_is_left(self):
        host = self.host()
        slow = [self.connect(host) for _ in range(3)]
        slow[0].sendall(b"GET /livez HT")
        slow[1].sendall(self.known(RUNS + b"Content-Length: 10\r\n\r\n{"))
        slow[2].sendall(b"")
        self.assertEqual(self.ask(host, "GET", "/livez").status, 200)
        self.assertEqual(slow[0].recv(1), b"", "it is still waited for")
        self.assertEqual([l["msg"] for l in host.wait_for(code="SLU-7111")], ["the header took longer than 10 seconds"])
        self.assertEqual(self.ask(host, "GET", "/livez").status, 200)
        host.stop()
        for s in slow[1:]:
            self.assertEqual(s.recv(1), b"")

    def test_who_asks_before_a_body_is_sent_is_told_to_go_on(self):
        host = self.host()
        s = self.connect(host)
        s.sendall(self.known(RUNS.replace(b"acme", b"nobody")) + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        self.assertTrue(s.recv(100).startswith(b"HTTP/1.1 100 "))
        s.sendall(b"{}")
        self.assertTrue(s.recv(100).startswith(b"HTTP/1.1 404 "))
        host.stop()


class Frame(Framed, harness.Case):
    pass


if __name__ == "__main__":
    unittest.main(verbosity=2)
