"""What the tests against a real Temporal share: a server of their own, its official command line, and a manifest that uses it."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

SCRIPTS = pathlib.Path(os.environ.get("SLUICE_TEMPORAL_SERVER", harness.SOURCE.parent / "shared" / "temporal"))
CACHE = pathlib.Path(os.environ.get("UP_BUILD", pathlib.Path.home() / ".cache" / "sluice-upstreams"))
BACKENDS = """backends:
  direct: { uses: direct }
  temporal: { uses: temporal, address: "%s" }
routing: { default: temporal }
"""


def leave(why):
    print("skipped: " + why)
    sys.exit(77)


def need():
    if not SCRIPTS.is_dir():
        leave("the script that starts a Temporal server is not at %s; SLUICE_TEMPORAL_SERVER says where" % SCRIPTS)
    if not (CACHE / "bin" / "temporal").exists() and shutil.which("go") is None:
        leave("Go is not installed, and no server was built before")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """On a port of its own, with its state in a file, so that it survives being killed."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-temporal-"))
        self.port = free_port()
        self.address = "127.0.0.1:%d" % self.port

    def script(self, name):
        environment = {**os.environ, "UP_BUILD": str(CACHE), "UP_RUN": str(self.folder / "run"), "TEMPORAL_UI_PORT": "",
                       "TEMPORAL_PORT": str(self.port), "TEMPORAL_DB": str(self.folder / "db")}
        done = subprocess.run([SCRIPTS / name], capture_output=True, text=True, env=environment, timeout=1200)
        if done.returncode != 0:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])

    def start(self):
        self.script("start.sh")
        return self

    def kill(self):
        pid = int((self.folder / "run" / "pid").read_text())
        subprocess.run(["kill", "-9", str(pid)], check=True)
        while pathlib.Path("/proc/%d" % pid).exists() and " Z " not in pathlib.Path("/proc/%d/stat" % pid).read_text():
            os.sched_yield()
        (self.folder / "run" / "pid").unlink()

    def stop(self):
        self.script("stop.sh")
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, *args):
        """The official command line."""
        done = subprocess.run([CACHE / "bin" / "temporal", *args, "--address", self.address], capture_output=True, text=True,
                              timeout=60)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def workflow(self, run_id):
        return json.loads(self.tell("workflow", "describe", "--workflow-id", run_id, "-o", "json"))

    def status(self, run_id):
        return self.workflow(run_id)["workflowExecutionInfo"]["status"].rsplit("_", 1)[-1]

    def history(self, run_id):
        return json.loads(self.tell("workflow", "show", "--workflow-id", run_id, "-o", "json"))["events"]

    def closed(self, run_id):
        """Waits until the workflow is over; its status."""
        subprocess.run([CACHE / "bin" / "temporal", "workflow", "result", "--workflow-id", run_id, "--address", self.address],
                       capture_output=True, timeout=120)
        return self.status(run_id)


class Case(harness.Case):
    server = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def write_manifest(self, *args, **parts):
        super().write_manifest(*args, **parts)
        text = self.manifest.read_text()
        kept = [l for l in text.splitlines() if not l.startswith(("backends:", "routing:"))]
        self.manifest.write_text("\n".join(kept) + "\n" + BACKENDS % self.server.address)

    def begin(self):
        return Run(self)

    def runs(self):
        return json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)


class Run:
    """`sluice run` in a process of its own, with its log as it comes."""

    def __init__(self, case, *args):
        self.case = case
        self.lines = []
        self.news = threading.Condition()
        self.ended = False
        self.process = subprocess.Popen(case.command("run", case.manifest, "--tenant", "acme", *args),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=case.environment())
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        case.addCleanup(self.close)

    def _read(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(json.loads(line))
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for(self, what, times=1):
        """Until so many lines are such that `what` holds; the last."""
        with self.news:
            self.news.wait_for(lambda: self.ended or sum(bool(what(l)) for l in self.lines) >= times, timeout=120)
            found = [l for l in self.lines if what(l)]
            if len(found) < times:
                self.case.fail("%d of %d in\n%s" % (len(found), times, "\n".join(map(str, self.lines[-30:]))))
            return found[-1]

    def progress(self, times):
        self.wait_for(lambda l: l.get("event") == "progress", times)

    def run_id(self):
        return self.wait_for(lambda l: l.get("msg") in ("run started", "run taken over"))["run_id"]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def receipt(self, exit_code=0):
        out = self.process.stdout.read()
        self.case.assertEqual(self.process.wait(timeout=180), exit_code, "\n".join(map(str, self.lines[-15:])))
        return json.loads(out)
