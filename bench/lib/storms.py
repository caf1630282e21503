"""Many tenants that sign in at the same instant: sluice beside the services of other programs, from the same upstream."""
import math
import time

import answers
import arrivals
import manifests
from contenders import lines_of
from loads import STORE
from postgres import lines_md5
from services import Host, Other, send
from session import differences
from upstreams import Rivals

ALL = ["entities", "credits", "roles", "role-assignments"]
PAGE, LATENCY, POOL = 100, 50, 16
WARM = range(900, 916)


def questions(who, numbers):
    if who == "sluice":
        return [arrivals.sign_in(0, "s%d" % n) for n in numbers]
    return [arrivals.Question(0, "/login?tenant=s%d" % n, wait=0) for n in numbers]


def wrong_rows(session, schema, upstream, tenants):
    """Three tenants wholly, all of them by the number of their rows."""
    for n in sorted({tenants[0], tenants[len(tenants) // 2], tenants[-1]}):
        held = {s: lines_md5(session.cluster, "rivals", lines_of(schema, s, "s%d" % n)) for s in ALL}
        if wrong := differences(held, upstream.state("s%d" % n, ALL)):
            return "s%d: %s" % (n, wrong)
    rows = int(session.cluster.query("rivals", "SELECT count(*) FROM %s.role_assignments" % schema))
    expected = 400 * (len(tenants) + len(WARM))
    return "" if rows == expected else "%d assignments, not %d" % (rows, expected)


def storm(session, place, who, service, schema, upstream, tenants):
    session.cluster.query("postgres", "CHECKPOINT")
    cpu, server = service.cpu(), session.cluster.cpu()
    got = send(session, service, questions(who, tenants))
    cpu, server = service.cpu() - cpu, session.cluster.cpu() - server
    seen = answers.figures(got)
    wall = max(a.done for a in got)
    wrong = wrong_rows(session, schema, upstream, tenants)
    if seen["good"] != len(tenants):
        wrong = "%d of %d sign-ins were not done: %s" % (len(tenants) - seen["good"], len(tenants), sorted({a.status for a in got}))
    session.storms.append({"place": place, "who": who, "wall": wall, "per_second": len(tenants) / wall, "cpu": cpu, "server_cpu": server,
                           "peak_mb": service.peak_mb(), "wrong": wrong, **seen})
    print("# %s, %s: %.3f s, %.0f/s, p99 %.3f s %s" % (place, who, wall, len(tenants) / wall, seen["p99"] or math.nan, wrong or "ok"), flush=True)


def prepare(session, who, rival):
    if rival:
        rival.prepare(session.cluster, "rivals")
        return rival.schema
    session.cluster.fresh("rivals")
    return "public"


def start(session, sluice, rival, upstream):
    dsn = session.cluster.dsn("rivals")
    if rival:
        values = {"upstream": upstream.url, "dsn": dsn, "limit": PAGE, "pool": POOL, "tenant": "", "streams": ",".join(ALL)}
        return Other(rival, values, session.folder)
    store = {**STORE, "pool": POOL}
    # As the others: whoever comes waits, however long it takes.
    return Host(sluice, manifests.rivals(store, PAGE, ALL), sluice.environment(upstream.url, "", dsn),
                "active_runs: 64, queue_wait: 10m")


def against(session, sluice, rivals, program):
    """First with nothing stored, then twice again: all the same, read and compared."""
    count = session.size(500, 40)
    tenants = range(1, count + 1)
    known = ",".join("s%d" % n for n in (*tenants, *WARM))
    with Rivals(program, known, LATENCY) as upstream:
        for number in session.rounds():
            for who, rival in session.turns([("sluice", None), *((r.name, r) for r in rivals)], number):
                schema = prepare(session, who, rival)
                with start(session, sluice, rival, upstream) as service:
                    send(session, service, questions(who, WARM))  # its connections are there
                    for phase in ("first time", "nothing changed"):
                        storm(session, "%d at once, %s" % (count, phase), who, service, schema, upstream, tenants)
                        time.sleep(1)
                if rival:
                    session.cluster.query("rivals", "SET client_min_messages = error", "DROP SCHEMA %s CASCADE" % schema)
