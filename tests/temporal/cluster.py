"""What the tests against a real Temporal share: a server of their own, its official command line, and a manifest that uses it."""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
import logged  # noqa: E402
import outside  # noqa: E402

SCRIPTS = outside.Scripts("temporal", "SLUICE_TEMPORAL_SERVER")
BACKENDS = """backends:
  direct: { uses: direct }
  temporal: { uses: temporal, address: "%s" }
routing: { default: temporal }
"""


def need():
    if (outside.CACHE / "bin" / "temporal").exists():
        return SCRIPTS.need()
    quick = os.environ.get("SLUICE_TEST_TIER") == "quick"
    if quick and not os.environ.get("CI"):
        print("skipped: the server is not built yet, which takes seven minutes of a processor; the full tier builds it, and so does CI")
        sys.exit(77)
    SCRIPTS.need("go")
    try:
        # Others are tested meanwhile.
        Server().script("start.sh", "nice", "-n", "10", timeout=1500).stop()
    except (RuntimeError, subprocess.TimeoutExpired) as problem:
        if not quick:
            raise
        print("skipped: the server could not be built: %s" % problem)
        sys.exit(77)
    return None


class Server:
    """On a port of its own, with its state in a file, so that it survives being killed, or in memory."""

    def __init__(self, *settings, ui=False, file=True):
        """`settings`: of its dynamic configuration, KEY=VALUE."""
        self.settings, self.file = settings, file
        self.ui_port = outside.free_port() if ui else ""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-temporal-"))
        self.port = outside.free_port()
        self.address = "127.0.0.1:%d" % self.port

    def script(self, name, *by, timeout=300):
        environment = {**os.environ, "UP_BUILD": str(self.build()), "UP_RUN": str(self.folder / "run"), "TEMPORAL_UI_PORT": str(self.ui_port),
                       "TEMPORAL_PORT": str(self.port), "TEMPORAL_DB": str(self.folder / "db") if self.file else ""}
        done = subprocess.run([*by, SCRIPTS.folder / name], capture_output=True, text=True, env=environment, timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        return self

    def build(self):
        """Where the scripts find the program; with settings it is one that begins it with them."""
        real = outside.CACHE / "bin" / "temporal"
        if not self.settings or not real.exists():
            return outside.CACHE
        own = self.folder / "bin" / "temporal"
        own.parent.mkdir(exist_ok=True)
        more = "".join(" --dynamic-config-value %s" % s for s in self.settings)
        own.write_text('#!/bin/sh\n[ "$1" = server ] || exec %s "$@"\nexec %s "$@"%s\n' % (real, real, more))
        own.chmod(0o755)
        return self.folder

    def start(self):
        if self.settings and self.build() == outside.CACHE:
            Server().script("start.sh", timeout=1500).stop()  # which makes the program
        self.script("start.sh")
        return self

    def kill(self):
        pid = int((self.folder / "run" / "pid").read_text())
        subprocess.run(["kill", "-9", str(pid)], check=True)
        while pathlib.Path("/proc/%d" % pid).exists() and " Z " not in pathlib.Path("/proc/%d/stat" % pid).read_text():
            os.sched_yield()
        (self.folder / "run" / "pid").unlink()

    def signal(self, name):
        subprocess.run(["kill", "-" + name, (self.folder / "run" / "pid").read_text().strip()], check=True)

    def freeze(self):
        """It takes connections and answers nothing."""
        self.signal("STOP")

    def thaw(self):
        self.signal("CONT")

    def stop(self):
        self.script("stop.sh")
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, *args):
        """The official command line."""
        done = subprocess.run([outside.CACHE / "bin" / "temporal", *args, "--address", self.address], capture_output=True, text=True,
                              timeout=60)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def workflow(self, run_id):
        return json.loads(self.tell("workflow", "describe", "--workflow-id", run_id, "-o", "json"))

    def status(self, run_id):
        return self.workflow(run_id)["workflowExecutionInfo"]["status"].rsplit("_", 1)[-1]

    def memo(self, run_id):
        fields = self.workflow(run_id)["workflowExecutionInfo"]["memo"]["fields"]
        return {name: json.loads(base64.b64decode(value["data"])) if isinstance(value, dict) else value for name, value in fields.items()}

    def history(self, run_id):
        return json.loads(self.tell("workflow", "show", "--workflow-id", run_id, "-o", "json"))["events"]

    def workflows(self, run_id):
        """All of that id, also those that went on as a new one."""
        return json.loads(self.tell("workflow", "list", "--query", 'WorkflowId="%s"' % run_id, "-o", "json"))

    def closed(self, run_id):
        """Waits until the workflow is over; its status."""
        subprocess.run([outside.CACHE / "bin" / "temporal", "workflow", "result", "--workflow-id", run_id, "--address", self.address],
                       capture_output=True, timeout=120)
        return self.status(run_id)


class Case(harness.Case):
    server = None
    server_settings = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.server_settings).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def write_manifest(self, *args, **parts):
        super().write_manifest(*args, **parts)
        text = self.manifest.read_text()
        kept = [l for l in text.splitlines() if not l.startswith(("backends:", "routing:"))]
        self.manifest.write_text("\n".join(kept) + "\n" + BACKENDS % self.address())

    def address(self):
        return self.server.address

    def until(self, question):
        """Asks again until the answer is yes: what is asked knows nobody whom it could tell."""
        for _ in range(900):
            if question():
                return
            threading.Event().wait(0.2)
        self.fail("it does not come to be")

    def begin(self):
        return Run(self)

    def begin_and_hang(self):
        """A run whose credits the upstream keeps for later, and that says so."""
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "status", "status": 429, "headers": {"Retry-After": "1"}})
        run = self.begin()
        run.wait_for(lambda l: l.get("level") == "warn" and l.get("stage"))
        return run, run.run_id()

    def assert_a_cancel_is_a_clean_end(self):
        run, run_id = self.begin_and_hang()
        self.server.tell("workflow", "cancel", "--workflow-id", run_id)
        self.assertEqual(run.receipt(exit_code=130)["state"], "cancelled")
        self.assertEqual(self.server.closed(run_id), "CANCELED")

    def runs(self):
        return json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)


class Run(logged.Logged):
    """`sluice run` in a process of its own."""

    def __init__(self, case, *args):
        super().__init__(case, case.command("run", case.manifest, "--tenant", "acme", *args), case.environment(),
                         stdout=subprocess.PIPE)

    def wait_for(self, what, times=1):
        """Until so many lines are such that `what` holds; the last."""
        return self.lines_that(what, times, "a line")[-1]

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
