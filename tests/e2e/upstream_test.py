"""An upstream that answers wrongly, late or not at all, end to end."""
import json
import socket
import subprocess
import unittest

import harness
from faults import CURSOR, USERS, Faults, users


class Answers(Faults):
    """What comes instead of a page."""

    # covers: U1, P13
    def test_too_many_requests_are_waited_for_as_long_as_is_asked(self):
        date = "Wed, 21 Oct 2015 07:28:0%d GMT"
        for headers, at_least_ms in (({"Retry-After": "1"}, 1000), ({"Date": date % 0, "Retry-After": date % 1}, 1000),
                                     ({}, 0), ({"Retry-After": "-5"}, 0), ({"Retry-After": "soon"}, 0),
                                     ({"Retry-After": "1 day"}, 0)):
            self.fresh()
            _, log = self.passes({"match": users(nth=2), "do": "status", "status": 429, "headers": headers})
            waits = [line for line in log if line.get("code") == "SLU-3134"]
            self.assertEqual(len(waits), 1, log)
            self.assertIn("stage `entities.users`, page 2: ", waits[0]["msg"])
            at = [r["ms"] for r in self.upstream.served() if r["list"] == "users" or r["fault"]]
            self.assertGreaterEqual(at[2] - at[1], at_least_ms, headers)
            self.assertLess(waits[0]["asked_again_in_ms"], max(at_least_ms, 10) + 50)

    # covers: U1, P12
    def test_what_is_asked_of_one_request_holds_for_the_whole_source(self):
        self.upstream.faults({"match": users(nth=1), "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        self.run_now(0)
        served = self.upstream.served()
        told = next(r["ms"] for r in served if r["fault"])
        # Three stages: each may have sent one that was on its way. Twelve organizations are twelve pages.
        self.assertLessEqual(len([r for r in served if told < r["ms"] < told + 950]), 3, served)
        self.assertGreater(len([r for r in served if r["ms"] >= told + 950]), 0)
        self.assert_holds()

    # covers: U1, P13
    def test_ten_days_are_waited_for_in_steps_of_fifteen_minutes(self):
        self.upstream.faults({"match": USERS, "do": "status", "status": 429, "headers": {"Retry-After": "864000"}})
        process = subprocess.Popen(self.command("run", self.manifest, "--tenant", "acme"), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=self.environment())
        self.addCleanup(process.kill)
        line = next(line for line in map(json.loads, process.stderr) if line.get("code") == "SLU-3134")
        self.assertEqual(line["asked_again_in_ms"], 900_000)
        self.assertIn("again in 900 s (at most)", line["msg"])
        harness.interrupt(process)
        self.assertEqual(json.loads(process.communicate(timeout=180)[0])["state"], "cancelled")
        self.healed()

    # covers: U2, P14
    def test_a_burst_of_server_errors_costs_a_few_tries_and_nothing_else(self):
        self.fresh(page=CURSOR.replace("20", "5"))
        self.passes(*[{"match": users(nth=n), "do": "status", "status": s} for n, s in ((2, 500), (3, 502), (7, 503))])
        served = self.upstream.served()
        self.assertLessEqual(len([r for r in served if r["fault"]]), 0.2 * len(served))

    # covers: U3, P3, P18
    def test_a_server_error_for_ever_ends_the_stage_with_what_was_tried(self):
        message = self.refused("SLU-3135", "500 Internal Server Error", 'the upstream says "out of order"', page=3, tries=3,
                               faults=[{"match": users(nth=n), "do": "status", "status": 500, "body": '{"error":"out of order"}'}
                                       for n in (3, 4, 5)])
        self.assertIn(self.upstream.url, message)

    # covers: U3, P3
    def test_each_page_that_is_committed_gives_new_tries(self):
        self.passes(*[{"match": users(nth=n), "do": "status", "status": 503} for n in (1, 2, 4, 5, 7, 8)])

    # covers: U4, P18
    def test_credentials_that_end_in_the_middle_are_not_tried_again(self):
        for status, code, says in ((401, "SLU-3130", "check auth and the tenant's secret"), (403, "SLU-3131", "may not read this")):
            self.fresh()
            self.refused(code, str(status), says, page=3, faults=[{"match": users(nth=3), "do": "status", "status": status}])
            self.assertEqual(len([r for r in self.upstream.served() if r["status"] == status]), 1)

    # covers: U5
    def test_an_answer_that_drips_is_given_up_by_its_speed(self):
        self.fresh(over="400ms")
        self.refused("SLU-3117", "slower than 1024 bytes a second over 400 ms (min_speed)", tries=3,
                     faults=[{"match": USERS, "do": "slow", "rate": 10}])

    # covers: U5, U6, P13
    def test_each_time_that_is_over_is_named(self):
        self.fresh(first_byte="400ms")
        self.refused("SLU-3115", "no answer within 400 ms (timeouts.first_byte)", tries=3, faults=[{"match": USERS, "do": "hang"}])
        self.fresh(total="500ms", over="30s")
        self.refused("SLU-3116", "not complete within 500 ms (timeouts.total)", tries=3,
                     faults=[{"match": USERS, "do": "slow", "rate": 10}])

    # covers: U6
    def test_a_host_that_takes_no_connection_is_named_by_timeouts_connect(self):
        self.fresh(connect="400ms")
        full = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(full.close)
        waiting = []
        for _ in range(4):  # the queue is full when one has to wait
            one = socket.socket()
            self.addCleanup(one.close)
            one.setblocking(False)
            waiting.append(one.connect_ex(full.getsockname()))
        environment = {"CRM_URL": "http://127.0.0.1:%d" % full.getsockname()[1]}
        done = self.sluice("run", self.manifest, "--tenant", "acme", **environment)
        errors = {s["error"]["code"] for s in json.loads(done.stdout)["stages"]}
        self.assertEqual((done.returncode, errors), (1, {"SLU-3113"}), done.stdout)
        self.assertIn("no connection within 400 ms (timeouts.connect)", done.stdout)
        self.healed()

    # covers: U7, P2
    def test_a_page_that_is_cut_off_is_asked_for_again(self):
        for how in ("truncate", "truncate_chunked", "cut"):
            self.fresh()
            self.passes({"match": users(nth=2), "do": how})
            self.fresh()
            self.refused("SLU-3119", page=2, tries=3, faults=[{"match": users(nth=n), "do": how} for n in (2, 3, 4)])

    # covers: U10, U8
    def test_what_is_no_page_is_shown_and_never_an_empty_one(self):
        expected_data = "expected an array at `/data`, found nothing; the page begins: "
        for fault, code, says, tries in (
                ({"do": "html"}, "SLU-3123", "got text/html; charset=utf-8: \"<!doctype html>", 1),
                ({"do": "status", "status": 200, "type": "text/plain", "body": "<HTML>Please sign in"}, "SLU-3123", "login page", 1),
                ({"do": "garbage"}, "SLU-3123", "no JSON", 1),
                ({"do": "utf16"}, "SLU-3123", "UTF-16", 1),
                ({"do": "empty"}, "SLU-3124", "empty body", 3),
                ({"do": "null"}, "SLU-4106", expected_data + "null", 1),
                ({"do": "no_data"}, "SLU-4106", expected_data + '{"items":', 1),
                ({"do": "status", "status": 200, "body": "{}"}, "SLU-4106", expected_data + "{}", 1),
                ({"do": "status", "status": 200, "body": '{"data":{},"next":null}'}, None, "", 1)):
            if code:
                self.refused(code, says, tries=tries, faults=[{"match": USERS, **fault}])

    # covers: U26, P24
    def test_a_redirect_is_named_and_not_followed(self):
        for to, status in ((self.upstream.url + "/v1/tenants/acme/users", 302), ("http://169.254.169.254/latest?x=secret", 301),
                           ("https://elsewhere.test/", 307), ("http://elsewhere.test/", 308)):
            message = self.refused("SLU-3125", "redirects are not followed", faults=[
                {"match": USERS, "do": "redirect", "to": to, "status": status}])
            self.assertNotIn("secret", message)

    # covers: U27
    def test_a_connection_that_breaks_is_made_anew(self):
        for fault in ({"do": "reset", "at": 0}, {"do": "reset", "at": 700}, {"do": "close_after"},
                      {"do": "raw", "wire": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: {length}\r\n\r\n{body}"},
                      {"do": "raw", "wire": "HTTP/1.0 200 OK\r\n\r\n{body}"},
                      {"do": "raw", "wire": "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"},
                      {"do": "raw", "close": False, "wire": "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
                       "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{\"data\":[],\"next\":null}  "}):
            self.fresh()
            self.passes({"match": users(nth=2), **fault})
        self.refused("SLU-3127", "two lengths", tries=3, faults=[{"match": USERS, "do": "raw", "wire":
                     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: {length}\r\n\r\n{body}"}])

    # covers: U27, U28
    def test_a_status_that_is_no_page_is_no_page(self):
        self.refused("SLU-3126", "204 No Content", faults=[{"match": USERS, "do": "raw", "wire":
                     "HTTP/1.1 204 No Content\r\nContent-Length: {length}\r\n\r\n{body}"}])
        for status, says in ((304, "nothing conditional was asked"), (206, "no part was asked for")):
            self.fresh()
            self.passes({"match": users(nth=2), "do": "status", "status": status, "headers": {"ETag": '"x"'}})
            self.refused("SLU-3126", says, tries=3, faults=[{"match": USERS, "do": "status", "status": status}])
        self.refused("SLU-3125", "nowhere (no Location)", faults=[{"match": USERS, "do": "status", "status": 302}])


if __name__ == "__main__":
    unittest.main(verbosity=2)
