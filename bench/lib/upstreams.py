"""The systems that are read: the project's simulated upstream, and that of the rivals."""
import json
import socket
import subprocess
import time
import urllib.request

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # everything is on this machine


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, command, **pipes):
        self.process = subprocess.Popen([str(word) for word in command], **pipes)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        if self.process.stdout:
            self.process.stdout.close()

    def ask(self, path, method="GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        with DIRECT.open(urllib.request.Request(self.url + path, data=data, method=method), timeout=300) as answer:
            return answer.read().decode()


class Own(Server):
    """sluice-upstream. `tenants` is name to number of entities; the token of one is token-NAME, or of all the same."""

    def __init__(self, binary, tenants, latency_ms=0, token=None):
        names = ",".join("%s:%d" % pair for pair in tenants.items())
        super().__init__([binary, "--port", "0", "--tenants", names, "--seed", "7", "--latency", "%dms" % latency_ms,
                          *(word for name in tenants if token for word in ("--token", name + "=" + token))],
                         stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def state(self, tenant):
        """Stream to {count, digest}: what a correct sync holds now."""
        return json.loads(self.ask("/control/state?tenant=" + tenant))["tenants"][tenant]["streams"]

    def advance(self, tenant, percent):
        self.ask("/control/advance", "POST", {"tenant": tenant, "percent": percent})

    def forget_served(self):
        self.ask("/control/served/clear", "POST", {})

    def pages(self, tenant):
        """List to number of requests since forget_served()."""
        counts = {}
        for line in self.ask("/control/served?tenant=" + tenant).splitlines():
            name = json.loads(line)["list"]
            counts[name] = counts.get(name, 0) + 1
        return counts


class Rivals(Server):
    """The upstream that the rivals are written for."""

    def __init__(self, binary, tenant, latency_ms=0):
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        super().__init__([binary, "-addr", "127.0.0.1:%d" % self.port, "-warm", tenant], stderr=subprocess.DEVNULL)
        self._wait()
        self.ask("/admin/config?latency_ms=%d&jitter_ms=0" % latency_ms, "POST")

    def _wait(self):
        for _ in range(2400):
            if self.process.poll() is not None:
                raise RuntimeError("the rivals' upstream ended with status %d" % self.process.returncode)
            try:
                return self.ask("/admin/stats")
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the rivals' upstream does not answer")

    def state(self, tenant, streams):
        """Stream to {count, md5}. Renders what changed, so that no contender waits for it."""
        return {s: json.loads(self.ask("/v1/tenants/%s/%s/digest" % (tenant, s))) for s in streams}

    def advance(self, tenant, percent):
        self.ask("/admin/tenants/%s/touch?permille=%d" % (tenant, percent * 10), "POST")

    def reset(self, tenant):
        self.ask("/admin/tenants/%s/reset" % tenant, "POST")

    def requests(self):
        """How many since this was asked last."""
        return json.loads(self.ask("/admin/stats?reset=1"))["requests"]
