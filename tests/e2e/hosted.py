"""What the tests of the HTTP API share: a serving host with an address, and how it is asked."""
import http.client
import json
import threading

import serve_test

Host = serve_test.Host


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.text = response.read().decode()

    @property
    def json(self):
        return json.loads(self.text)


class Hosted:
    """Mixed into a harness.Case."""

    def listen(self, name="host.yaml", **more):
        """A host file beside the manifest."""
        config = self.manifest.with_name(name)
        listen = ", ".join("%s: %s" % (k, json.dumps(v)) for k, v in {"address": "127.0.0.1:0", "wrong_tokens": "any", **more}.items())
        config.write_text("listen: { %s }\nlog: { level: info }\n" % listen)
        return config

    token = None  # one that may do everything

    def make_token(self, config, *args):
        done = self.sluice("--config", config, "token", "create", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def host(self, *manifests, config=None):
        config = config or self.listen()
        if self.token is None:
            self.token = self.make_token(config, "--all-tenants", "--scope", "admin")["token"]
        host = Host(self, *(manifests or (self.manifest,)), config=config)
        host.address = host.wait_for(event="http.listening")[0]["address"]
        return host

    def connection_to(self, host):
        return http.client.HTTPConnection(host.address, timeout=120)

    def ask(self, host, method, path, body=None, **headers):
        connection = self.connection_to(host)
        try:
            text = None if body is None else json.dumps(body)
            headers.setdefault("Authorization", self.token and "Bearer " + self.token)
            fields = {k.replace("_", "-"): v for k, v in headers.items() if v is not None}
            if text is not None:
                fields.setdefault("Content-Type", "application/json")
            connection.request(method, path, text, fields)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def sign_in(self, host, tenant="acme", wait=None, body=None, **headers):
        if wait is not None:
            headers["Prefer"] = "wait=%d" % wait
        return self.ask(host, "POST", "/api/sync/tenants/%s/runs" % tenant, body, **headers)

    def assert_problem(self, answer, status, code):
        self.assertEqual((answer.status, answer.headers["content-type"]), (status, "application/problem+json"), answer.text)
        problem = answer.json
        self.assertEqual((problem["status"], problem["code"]), (status, code), answer.text)
        self.assertEqual(problem["correlation_id"], answer.headers["x-correlation-id"])
        return problem

    def all_at_once(self, *questions):
        """Each in a thread of its own, begun together; their answers in this order."""
        out = [None] * len(questions)
        start = threading.Barrier(len(questions))

        def put(n):
            start.wait()
            try:
                out[n] = questions[n]()
            except Exception as e:  # what went wrong is what the test looks at
                out[n] = e

        threads = [threading.Thread(target=put, args=(n,)) for n in range(len(questions))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return out
