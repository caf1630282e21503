#!/usr/bin/env python3
"""The check of the demo's receipt: it must see every way in which a receipt can fail to add up."""
import copy
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/lib/receipt.py"
NONE = dict.fromkeys(("inserted", "updated", "unchanged", "deleted", "deferred", "rejected"), 0)


def counts(rows, resolved=0, **outcomes):
    return {"rows": rows, **NONE, **outcomes, "resolved": {"inserted": resolved, "updated": 0, "unchanged": 0}}


def receipt(stream):
    stage = {"stage": "e.users", "streams": {"e": stream},
             "records": {"read": 3, "mapped": 3, "filtered": 0, "rejected": 0}}
    return {"state": "succeeded", "streams": {"e": stream}, "stages": [stage]}


class State(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"tenants": {"acme": {"streams": {"e": {"count": 3}}}}}).encode())

    def log_message(self, *_):
        pass


class Receipt(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.HTTPServer(("127.0.0.1", 0), State)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def check(self, kind, value):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(value, file)
            file.flush()
            url = f"http://127.0.0.1:{self.server.server_port}/"
            done = subprocess.run([sys.executable, str(SCRIPT), kind, file.name, url], capture_output=True, text=True)
        return done.returncode, done.stderr

    def refused(self, kind, value, reason):
        status, said = self.check(kind, value)
        self.assertEqual(status, 1, said)
        self.assertIn(reason, said)

    def test_good_ones_pass(self):
        self.assertEqual(self.check("new", receipt(counts(3, inserted=3)))[0], 0)
        self.assertEqual(self.check("new", receipt(counts(3, inserted=2, deferred=1, resolved=1)))[0], 0)
        self.assertEqual(self.check("unchanged", receipt(counts(3, unchanged=3)))[0], 0)

    # covers: P1
    def test_rows_that_vanish_are_seen(self):
        self.refused("new", receipt(counts(3, inserted=2)), "3 rows, but the outcomes add up to 2")

    # covers: P1
    def test_records_that_vanish_are_seen(self):
        bad = receipt(counts(3, inserted=3))
        bad["stages"][0]["records"]["mapped"] = 2
        self.refused("new", bad, "3 records, but")

    def test_a_run_that_disagrees_with_its_stages_is_seen(self):
        bad = copy.deepcopy(receipt(counts(3, inserted=3)))
        bad["stages"][0]["streams"]["e"] = counts(2, inserted=2)
        self.refused("new", bad, "3 rows in the run, 2 in its stages")

    def test_less_than_the_upstream_owns_is_seen(self):
        self.refused("new", receipt(counts(2, inserted=2)), "owns 3 rows, 2 were inserted")
        self.refused("unchanged", receipt(counts(2, unchanged=2)), "2 of 2 rows unchanged")

    def test_a_second_run_that_writes_is_seen(self):
        self.refused("unchanged", receipt(counts(3, unchanged=2, updated=1)), "2 of 3 rows unchanged")

    def test_another_state_is_seen(self):
        self.refused("new", receipt(counts(3, inserted=3)) | {"state": "partial"}, "not succeeded")


if __name__ == "__main__":
    unittest.main()
