"""The figures of bench/temporal/run as tables."""
import statistics

from answers import percentile
from load_table import table
from table import groups

EMPTY = ("case", "server", "who", "runs/s (range)", "x Go", "essential ms: p50", "p95", "p99", "max", "done ms: p50", "p95", "p99", "max",
         "CPU ms a run", "x Go", "peak MB", "work")
REAL = ("case", "server", "who", "essential ms: p50", "p95", "p99", "max", "over direct: p50", "p95", "work")
KILL = ("case", "what takes over", "seconds until the run goes on: median (range)", "work")
POINTS = (50, 95, 99, 100)


def all_of(samples, name):
    return [value for s in samples if not s["wrong"] for value in s[name]]


def points(values):
    return tuple("%.1f" % percentile(values, p) if values else "-" for p in POINTS)


def work(samples):
    wrong = [s["wrong"] for s in samples if s["wrong"]]
    return "WRONG: " + wrong[0] if wrong else "proven %d/%d" % (len(samples), len(samples))


def ratio(mine, base, of):
    """The median over the rounds in which both did their work."""
    pairs = [of(a) / of(b) for a, b in zip(mine, base) if not a["wrong"] and not b["wrong"]]
    return "%.2f" % statistics.median(pairs) if pairs and mine is not base else "-"


def empty_rows(found):
    rate, cpu = (lambda s: s["rows"] / s["seconds"]), (lambda s: 1000 * s["cpu"] / s["rows"])
    for place, of in found:
        base = of.get("Go SDK", [])
        for who, mine in of.items():
            good = [s for s in mine if not s["wrong"]]
            if not good:
                yield (*place, who, *["-"] * 13, work(mine))
                continue
            rates = [rate(s) for s in good]
            yield (*place, who, "%.1f (%.1f-%.1f)" % (statistics.median(rates), min(rates), max(rates)), ratio(mine, base, rate),
                   *points(all_of(good, "essential_ms")), *points(all_of(good, "done_ms")), "%.2f" % statistics.median(map(cpu, good)),
                   ratio(mine, base, cpu), "%.0f" % max(s["peak_mb"] for s in good), work(mine))


def real_rows(found):
    for place, of in found:
        base = all_of(of["direct"], "essential_ms")
        for who, mine in of.items():
            took = all_of(mine, "essential_ms")
            over = tuple("%.1f" % (percentile(took, p) - percentile(base, p)) if who != "direct" and took and base else "-" for p in (50, 95))
            yield (*place, who, *points(took), *over, work(mine))


def kill_rows(found):
    for place, of in found:
        for mine in of.values():
            took = [s["seconds"] for s in mine]
            yield (*place, "%.1f (%.1f-%.1f)" % (statistics.median(took), min(took), max(took)), work(mine))


def show(session):
    found = list(groups(session.samples).items())
    of = lambda word: [(place, who) for place, who in found if place[0].startswith(word)]
    parts = [table(head, list(rows(of(word)))) for word, head, rows in
             (("empty", EMPTY, empty_rows), ("real", REAL, real_rows), ("kill", KILL, kill_rows)) if of(word)]
    parts += ["note: " + n for n in session.notes]
    return "\n\n".join(parts) + ("\n" + session.broken if session.broken else "")
