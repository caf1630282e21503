"""The levels of load: where the host's knee is, and what it does beyond it and beside noisy neighbours."""
import random

import answers
import arrivals
import manifests
from loads import STORE
from services import Host, send
from upstreams import Own

POOL, PAGE, LATENCY = 16, 100, 20


def user(number):
    return "u-%06d" % (1 + number)


class Population:
    """A host with tenants that have signed in before."""

    def __init__(self, session, sluice, host, upstream, count):
        self.session, self.sluice, self.host, self.upstream = session, sluice, host, upstream
        self.tenants = ["t%d" % n for n in range(count)]
        self.peak = self.knee = 0.0
        self.seed = session.options.seed

    def load(self):
        first = [arrivals.sign_in(0, t) for t in self.tenants]
        got = send(self.session, self.host, first)
        if answers.bad(got) or answers.sent_away(got):
            raise RuntimeError("not every tenant could sign in: %s" % sorted({a.status for a in got}))

    def callers(self, rate, seconds, start=0.0, kind="", of=None, wait=60):
        """Sign-ins of users of the tenants by chance, at that rate. Hardly two are of the same user: those would be one run."""
        self.seed += 1
        dice, of = random.Random(self.seed), of or self.tenants
        return [arrivals.sign_in(at, dice.choice(of), user(dice.randrange(150)), wait, kind)
                for at in arrivals.steady(rate, seconds, self.seed, start)]

    def send(self, questions, **more):
        return send(self.session, self.host, questions, **more)

    def keep(self, level, what, got, **more):
        row = {"level": level, "what": what, **answers.figures(got), **more}
        self.session.levels.append(row)
        shown = ", ".join("%s %s" % (k, "%.3g" % v if isinstance(v, float) else v) for k, v in row.items() if k not in ("level", "what"))
        print("# %s %s: %s" % (level, what, shown), flush=True)
        return row


def manifest():
    """What concerns one user is essential; everything of the tenant is read in the background."""
    return manifests.phased(manifests.own({**STORE, "pool": POOL}, PAGE), ["entities", "credits", "roles"])


def open_host(session, sluice, upstream, limits="active_runs: 64"):
    session.cluster.fresh("own")
    environment = sluice.environment(upstream.url, "all", session.cluster.dsn("own"))
    return Host(sluice, manifest(), environment, limits)


def honest(p):
    """The generator itself: a host that stands still for 2 s must be seen in the answers to what was asked meanwhile."""
    questions = [arrivals.Question(n / 100, "/livez", "GET", wait=0) for n in range(600)]
    stops = []
    got = p.send(questions, meanwhile=lambda: stops.append(p.host.stand_still(2, 2)))
    stops[0].join()
    row = p.keep("self-check", "the host stands still for 2 s of 6", got)
    slow = sum(a.took > 1 for a in got)
    if row["max"] < 1.8 or row["p99"] < 1.7 or not 60 <= slow <= 140:
        raise RuntimeError("the generator does not see a host that stands still: p99 %.3f s, %d slow" % (row["p99"], slow))


def knee(p):
    """L1: ever more, until sign-ins take longer than 2 s or are sent away; and on, until no more get done."""
    rate, seconds = 15.0, p.session.size(8, 3)
    while rate < 2000:
        got = p.send(p.callers(rate, seconds))
        row = p.keep("L1", "%.0f/s for %d s" % (rate, seconds), got, goodput=answers.goodput(got, 1, max(seconds, 2)))
        good = row["p99"] is not None and row["p99"] <= 2 and row["good"] == row["asked"]
        p.knee = rate if good else p.knee
        p.peak = max(p.peak, row["goodput"])
        if not good and row["goodput"] < 0.85 * rate:
            return
        rate *= 1.4


def storm(p):
    """L3: ten times the knee for a while, then little."""
    seconds, after = p.session.size(10, 2), p.session.size(20, 4)
    got = p.send(p.callers(10 * p.knee, seconds, kind="storm") + p.callers(0.3 * p.knee, after, seconds, kind="after"))
    p.keep("L3", "storm of %.0f/s for %d s" % (10 * p.knee, seconds), answers.of_kind(got, "storm"), peak_mb=p.host.peak_mb())
    p.keep("L3", "then %.0f/s" % (0.3 * p.knee), answers.of_kind(got, "after"),
           well_after=answers.well_since(answers.of_kind(got, "after"), seconds))


def overload(p):
    """L4: twice what it can do, then what it can do easily."""
    seconds, after = p.session.size(60, 4), p.session.size(40, 4)
    over = [*p.callers(2 * p.peak, seconds, kind="over", wait=5)]
    got = p.send(over + p.callers(0.7 * p.knee, after, seconds, kind="after"))
    goodput = answers.goodput(answers.of_kind(got, "over"), min(5, seconds / 2), seconds)
    p.keep("L4", "%.0f/s for %d s" % (2 * p.peak, seconds), answers.of_kind(got, "over"), goodput=goodput,
           of_peak=goodput / p.peak, peak_mb=p.host.peak_mb())
    p.keep("L4", "then %.0f/s" % (0.7 * p.knee), answers.of_kind(got, "after"),
           well_after=answers.well_since(answers.of_kind(got, "after"), seconds))


def one_user(p):
    """L5: one user, five hundred times within a second, who waits for nothing."""
    count = p.session.size(500, 50)
    p.upstream.forget_served()
    got = p.send([arrivals.sign_in(at, "t0", user(160), wait=0) for at in arrivals.within(count, 1, p.seed)])
    asked = sum(n for name, n in p.upstream.pages("t0").items())
    p.keep("L5", "one user, %d times in 1 s" % count, got, runs=len({a.subject for a in got}), upstream_requests=asked,
           accepted_p99=answers.percentile([a.took for a in got], 99))


def noisy(p):
    """L6: beside a tenant with very many users that is read for the first time, and one that signs in all the time."""
    seconds = p.session.size(15, 3)
    rate = 0.3 * p.knee
    alone = p.keep("L6", "%.0f/s, alone" % rate, p.send(p.callers(rate, seconds)))
    whale = p.host.ask("/api/sync/tenants/whale/runs", "POST", {})["tenant"]["run_id"]
    beside = p.callers(rate, seconds, kind="others") + p.callers(50, seconds, kind="loud", of=["loud"])
    got = p.send(beside)
    state = p.host.ask("/api/sync/runs/" + whale)["state"]
    row = p.keep("L6", "the same beside a large tenant and a loud one", answers.of_kind(got, "others"), whale=state)
    row["of_alone"] = row["p99"] / alone["p99"]
    p.keep("L6", "the loud one", answers.of_kind(got, "loud"))


def slow_tenants(p):
    """L7: the upstream takes 30 s to answer one tenant in five."""
    seconds = p.session.size(20, 3)
    slow = p.tenants[:len(p.tenants) // 5]
    p.upstream.ask("/control/faults", "POST", [{"match": {"tenant": t}, "do": "delay", "ms": 30_000} for t in slow])
    rate = 0.4 * p.knee
    got = p.send(p.callers(0.2 * rate, seconds, kind="slow", of=slow, wait=5) +
                 p.callers(0.8 * rate, seconds, kind="others", of=p.tenants[len(slow):]))
    p.upstream.ask("/control/faults", "POST", [])
    p.keep("L7", "of %.0f/s, those whose upstream is slow" % rate, answers.of_kind(got, "slow"))
    p.keep("L7", "and all others", answers.of_kind(got, "others"))


STEPS = {"self-check": honest, "L1": knee, "L3": storm, "L4": overload, "L5": one_user, "L6": noisy, "L7": slow_tenants}


def climb(session, sluice, wanted):
    count = session.size(400, 30)
    sizes = {"t%d" % n: 200 for n in range(count)} | {"whale": session.size(200_000, 2_000), "loud": 200}
    with Own(session.options.build / "sluice-upstream", sizes, LATENCY, "token-all") as upstream:
        with open_host(session, sluice, upstream) as host:
            p = Population(session, sluice, host, upstream, count)
            p.load()
            for name, step in STEPS.items():
                if name in wanted:
                    step(p)


def subjects(session, sluice):
    """A user of each tenant signs in at the same instant: what concerns the user first."""
    count = session.size(500, 30)
    sizes = {"t%d" % n: 200 for n in range(count)} | {"warm%d" % n: 200 for n in range(16)}
    with Own(session.options.build / "sluice-upstream", sizes, 50, "token-all") as upstream:
        with open_host(session, sluice, upstream, limits="active_runs: 128") as host:
            p = Population(session, sluice, host, upstream, count)
            p.send([arrivals.sign_in(0, "warm%d" % n, user(0)) for n in range(16)])
            for what in ("first time", "again"):
                p.keep("subjects", "%d users of as many tenants at once, %s" % (count, what),
                       p.send([arrivals.sign_in(0, t, user(n % 100)) for n, t in enumerate(p.tenants)]))
