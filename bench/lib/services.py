"""Services that sign-ins are sent to: a serving sluice, and those of other programs. And who sends them."""
import json
import os
import pathlib
import shlex
import signal
import subprocess
import threading
import time
import urllib.request

import answers
from contenders import fill
from upstreams import DIRECT, free_port

HOST_FILE = """listen: { address: "127.0.0.1:%d", connections: 4096 }
log: { level: warn }
limits: { %s }
"""


class Service:
    """A process that answers over HTTP. Its CPU and the most memory it has had are looked at from outside."""

    def __init__(self, command, port, alive, environment, log):
        self.port, self.log = port, open(log, "ab")
        self.process = subprocess.Popen([str(c) for c in command], env={**os.environ, **environment}, stdout=self.log, stderr=self.log)
        try:
            self._wait(alive)
        except BaseException:
            self.stop()
            raise

    def _wait(self, path):
        for _ in range(2400):
            if self.process.poll() is not None:
                raise RuntimeError("%s ended with status %d; see %s" % (self.process.args[0], self.process.returncode, self.log.name))
            try:
                with DIRECT.open("http://127.0.0.1:%d%s" % (self.port, path), timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("%s does not answer" % self.process.args[0])

    def cpu(self):
        fields = pathlib.Path("/proc/%d/stat" % self.process.pid).read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self):
        for line in pathlib.Path("/proc/%d/status" % self.process.pid).read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024

    def stand_still(self, after, seconds):
        """Stops it as a whole for a while; a thread that does so."""
        def work():
            time.sleep(after)
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            self.process.send_signal(signal.SIGCONT)
        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Host(Service):
    """`sluice serve` of one manifest."""

    def __init__(self, sluice, manifest, environment, limits="active_runs: 64"):
        folder = sluice.folder
        file, config, port = folder / "served.yaml", folder / "host.yaml", free_port()
        file.write_text(manifest)
        config.write_text(HOST_FILE % (port, limits))
        (folder / "tokens.json").unlink(missing_ok=True)
        base = [sluice.program, "--plugins", sluice.plugins, "--json", "--config", config]
        made = subprocess.run([*map(str, base), "token", "create", "--all-tenants", "--scope", "admin"], capture_output=True, text=True,
                              env={**os.environ, **environment})
        if made.returncode != 0:
            raise RuntimeError("token create: " + made.stderr)
        self.token = json.loads(made.stdout)["token"]
        super().__init__([*base, "serve", file], port, "/readyz", environment, folder / "serve.log")

    def ask(self, path, method="GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        head = {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"}
        with DIRECT.open(urllib.request.Request("http://127.0.0.1:%d%s" % (self.port, path), data, head, method=method), timeout=120) as answer:
            return json.loads(answer.read())


class Other(Service):
    """The service of a table of contenders.toml."""

    token = ""

    def __init__(self, rival, values, folder):
        port = rival.table["port"]
        command = shlex.split(fill(rival.table["serve"], {**rival.fixed, **values, "port": port}))
        super().__init__(command, port, "/health", {}, folder / (rival.name + ".log"))


def send(session, service, questions, meanwhile=lambda: None):
    """Each at its time; their answers. `meanwhile` is called when the time begins."""
    questions = sorted(questions, key=lambda q: q.at)
    plan, out = session.folder / "plan", session.folder / "answers"
    plan.write_text("".join(q.line() for q in questions))
    command = [session.options.build / "bench_load", "127.0.0.1", service.port, plan, out]
    with subprocess.Popen([str(c) for c in command], env={**os.environ, "BENCH_API_TOKEN": service.token}, stdout=subprocess.PIPE, text=True) as sender:
        if sender.stdout.readline() != "begun\n":
            raise RuntimeError("bench_load did not begin")
        meanwhile()
        last = sender.stdout.readline()
    if sender.returncode != 0:
        raise RuntimeError("bench_load: status %d" % sender.returncode)
    session.sender_cpu += json.loads(last)["cpu"]
    return [answers.Answer(line, q) for line, q in zip(out.read_text().splitlines(), questions)]
