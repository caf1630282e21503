"""A host that is about to end: what was begun is answered, and who comes is sent to another host."""
import signal
import unittest

import harness
import hosted
from http_frame_test import RUNS, Framed


class End(hosted.Hosted, harness.Case):
    connect, known = Framed.connect, Framed.known

    # covers: P15, H1
    def test_what_was_begun_is_answered_and_who_comes_is_sent_elsewhere(self):
        host = self.host()
        begun, idle = self.connect(host), self.connect(host)
        begun.sendall(self.known(RUNS.replace(b"acme", b"nobody") + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"))
        self.assertTrue(begun.recv(100).startswith(b"HTTP/1.1 100 "))
        idle.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertTrue(idle.recv(65536).startswith(b"HTTP/1.1 200 "))
        host.process.send_signal(signal.SIGTERM)
        self.assertEqual(idle.recv(1), b"", "nobody is asked there any more")
        ready = self.ask(host, "GET", "/readyz")
        self.assertEqual((ready.status, ready.json), (503, {"status": "stopping"}))
        self.assertEqual(self.ask(host, "GET", "/livez").status, 200)
        refused = self.sign_in(host)
        self.assertTrue(self.assert_problem(refused, 503, "SLU-7108")["retryable"])
        self.assertIn(refused.headers["retry-after"], ("1", "2", "3", "4", "5"))
        begun.sendall(b"{}")
        answer = b"".join(iter(lambda: begun.recv(65536), b""))
        self.assertTrue(answer.startswith(b"HTTP/1.1 404 "), answer)
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertEqual(host.process.wait(timeout=120), 0)
        host.reader.join()
        self.assertEqual([l["level"] for l in host.find(event="http.drained")], ["info"])
        self.assertEqual(self.store.query("SELECT count(*) FROM sluice_runs"), [(0,)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
