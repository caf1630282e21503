"""The cases of bench/temporal/run: workers with empty steps, sign-ins on two backends, and hosts that die."""
import contextlib
import http.client
import json
import os
import subprocess
import time

import cluster
import contenders
import harness as oracle
import manifests
from loads import STORE
from postgres import digest
from services import Host
from session import differences
from upstreams import Own

SCRIPTS = cluster.SCRIPTS
# As its guide for production would have it; the development server has one shard, and hands on 20 tasks a second of it by default.
SERVERS = {"default": (), "tuned": (
    "system.enableActivityEagerExecution=true", "history.transferProcessorMaxPollRPS=2000", "history.timerProcessorMaxPollRPS=2000",
    "matching.numTaskqueueReadPartitions=1", "matching.numTaskqueueWritePartitions=1")}
BACKENDS = {"direct": {"uses": "direct"}, "temporal": {"uses": "temporal", "address": "${env:BENCH_TEMPORAL}"}}


@contextlib.contextmanager
def server(settings):
    """Fresh, and in memory: what it writes is not what is measured."""
    made = cluster.Server(*settings, file=False)
    try:
        yield made.start()
    finally:
        made.stop()


def go_worker(session, source):
    """The program, when it can be built."""
    program = session.folder / "go-worker"
    done = subprocess.run(["go", "build", "-trimpath", "-o", program, "."], cwd=source, capture_output=True, text=True,
                          env={**os.environ, "CGO_ENABLED": "0"})
    if done.returncode != 0:
        session.note("the worker in Go can't be built: " + " ".join(done.stderr.split())[-300:])
        return {}
    return {"Go SDK": program}


def empty(session, source):
    programs = {"sluice": session.options.build / "bench_temporal", **go_worker(session, source)}
    for number in session.rounds():
        for name in session.options.server:
            with server(SERVERS[name]) as at:
                for in_flight, count in ((1, session.size(60, 5)), (50, session.size(300, 60))):
                    for who in session.turns(programs, number):
                        one_worker(session, ("empty, %d in flight" % in_flight, name), who, [programs[who], at.address, count, in_flight])


def one_worker(session, place, who, command):
    took = session.run(command)
    if took["exit"] != 0:
        return session.keep(place, who, took["seconds"], 0, "exit %d: %s" % (took["exit"], took["err"][-300:]))
    told, count = json.loads(took["out"]), command[2]
    whole = len(told["essential_ms"]) == len(told["done_ms"]) == count
    return session.keep(place, who, told["seconds"], count, "" if whole else "%d of %d runs ended" % (len(told["done_ms"]), count),
                        essential_ms=told["essential_ms"], done_ms=told["done_ms"], cpu=told["cpu"], peak_mb=took["peak_mb"])


def manifest(backend, phases):
    made = json.loads(manifests.own(STORE, 20))
    made["backends"], made["routing"] = BACKENDS, {"default": backend}
    made["phases"] = {name: {"fresh_for": "0s", "sync": sync, **({"deadline": "10m"} if name == "essential" else {})}
                      for name, sync in phases.items()}
    return json.dumps(made, indent=1)


class Place:
    """A host with a folder and a database of its own; several of one pipeline have the database in common."""

    def __init__(self, session, at, upstream, backend, phases, name):
        self.session, self.name, self.upstream, self.text = session, backend, upstream, manifest(backend, phases)
        folder = session.folder / name
        folder.mkdir(exist_ok=True)
        self.sluice = contenders.Sluice(session.options.build, session.options.build / "plugins", folder)
        self.environment = {**self.sluice.environment(upstream.url, "all", session.cluster.dsn(backend)), "BENCH_TEMPORAL": at.address}

    def open(self):
        return Host(self.sluice, self.text, self.environment)

    def wrong(self, tenant):
        owed = self.upstream.state(tenant)
        return differences({s: digest(self.session.cluster, self.name, d, s, tenant) for s, d in oracle.STREAMS.items() if s in owed}, owed)


class Caller:
    """One that stays connected; each request is a sign-in that waits for what is essential."""

    def __init__(self, host):
        self.host, self.connection = host, http.client.HTTPConnection("127.0.0.1", host.port, timeout=120)

    def sign_in(self, tenant):
        """Milliseconds, and the run."""
        head = {"Authorization": "Bearer " + self.host.token, "Content-Type": "application/json", "Prefer": "wait=60"}
        begun = time.monotonic()
        self.connection.request("POST", "/api/sync/tenants/%s/runs" % tenant, "{}", head)
        answer = self.connection.getresponse()
        text, took = answer.read(), (time.monotonic() - begun) * 1000
        if answer.status != 200:
            raise RuntimeError("a sign-in was answered with %d: %s" % (answer.status, text[-300:]))
        return took, json.loads(text)["tenant"]["run_id"]

    def end_of(self, run):
        """How it ended, and when what is measured no longer shares the machine with it."""
        return end_of(self.host, run)


def end_of(host, run):
    while True:
        told = host.ask("/api/sync/runs/" + run)
        if told["state"] not in ("queued", "running", "waiting"):
            return told["state"]
        time.sleep(0.02)


REAL = {"essential": ["entities"], "background": ["credits", "roles"]}


def real(session, _):
    """Tenants that sign in for the first time, one after the other, on both backends in turns."""
    count = session.size(80, 5)
    tenants = ["t%d" % n for n in range(count)]
    for name in session.options.server:
        sizes = {t: 50 for t in [*tenants, "first"]}
        with server(SERVERS[name]) as at, Own(session.options.build / "sluice-upstream", sizes, 5, "token-all") as upstream:
            for backend in BACKENDS:
                session.cluster.fresh(backend)
            places = {b: Place(session, at, upstream, b, REAL, "real-" + b) for b in BACKENDS}
            with contextlib.ExitStack() as hosts:
                callers = {b: Caller(hosts.enter_context(p.open())) for b, p in places.items()}
                real_rounds(session, ("real, one at a time", name), tenants, places, callers)


def real_rounds(session, place, tenants, places, callers):
    for caller in callers.values():
        caller.end_of(caller.sign_in("first")[1])
    took, wrong = {b: [] for b in callers}, {b: "" for b in callers}
    begun = time.monotonic()
    for number, tenant in enumerate(tenants):
        for backend in session.turns(callers, number):
            milliseconds, run = callers[backend].sign_in(tenant)
            took[backend].append(milliseconds)
            state = callers[backend].end_of(run)
            wrong[backend] = wrong[backend] or ("" if state == "succeeded" else "run %s: %s" % (run, state))
    for backend, p in places.items():
        bad = wrong[backend] or p.wrong(tenants[0]) or p.wrong(tenants[-1])
        session.keep(place, backend, time.monotonic() - begun, len(tenants), bad, essential_ms=took[backend])


KILLS = {"essential": {"essential": ["entities", "credits", "roles"]}, "background": {"background": ["entities", "credits", "roles"]}}


def kill(session, _):
    """How long after a host's death its run goes on: with a new one in its place, and where another one serves the same."""
    for number in session.rounds():
        for phase, phases in KILLS.items():
            for how in ("a new one in its place", "another one is there"):
                tenant = "acme"
                with server(()) as at, Own(session.options.build / "sluice-upstream", {tenant: 300}, 30, "token-all") as upstream:
                    session.cluster.fresh("temporal")
                    one_kill(session, ("kill in the %s phase" % phase, how), Place(session, at, upstream, "temporal", phases, "kill-one"),
                             Place(session, at, upstream, "temporal", phases, "kill-other"), tenant)


def one_kill(session, place, first, second, tenant):
    with contextlib.ExitStack() as hosts:
        host = hosts.enter_context(first.open())
        other = None if place[1].startswith("a new") else hosts.enter_context(second.open())
        run = host.ask("/api/sync/tenants/%s/runs" % tenant, "POST", {})["tenant"]["run_id"]
        until(lambda: requests(first, tenant) >= 6)
        host.process.kill()
        host.process.wait()
        first.upstream.forget_served()
        begun = time.monotonic()
        other = other or hosts.enter_context(first.open())
        until(lambda: requests(first, tenant) > 0)
        seconds = time.monotonic() - begun
        state = end_of(other, run)
        session.keep(place, "temporal", seconds, 0, first.wrong(tenant) or ("" if state == "succeeded" else state))


def requests(place, tenant):
    return sum(place.upstream.pages(tenant).values())


def until(question):
    end = time.monotonic() + 120
    while not question():
        if time.monotonic() > end:
            raise RuntimeError("it does not come to be")
        time.sleep(0.01)


CASES = {"empty": empty, "real": real, "kill": kill}


def cases(session, source):
    for name in session.options.case:
        CASES[name](session, source)
