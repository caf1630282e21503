"""Cases c and d: small tenants at an upstream that is slow to answer. Latency decides, so the floor stands beside."""
import json
import math

import contenders
import manifests
from contenders import lines_of
from loads import STORE, rival_turn, sluice_turn
from postgres import digest, lines_md5
from session import differences, receipt_problem
from upstreams import Own, Rivals

ESSENTIAL = ["roles", "entities", "credits"]
ALL = ["entities", "credits", "roles", "role-assignments"]
SEED = "x520-520-20-1220"  # pages of 20: 1 + 26 + 26 essential ones, and 61


def keep_floor(session, place, requests, longest, latency_ms, rows):
    session.keep(place, "floor: %d pages in a row" % longest, longest * latency_ms / 1000, rows)
    session.note("%s, %s: %d requests of %d ms; the longest list has %d pages" % (*place, requests, latency_ms, longest))


def own_small(session, sluice, definitions):
    cluster, tenant, latency = session.cluster, "acme", 50
    place, text = ("c small tenant", "own"), manifests.own(STORE, 100)
    with Own(session.options.build / "sluice-upstream", {tenant: 200, "first": 20}, latency) as upstream:
        environment = lambda tenant: sluice.environment(upstream.url, tenant, cluster.dsn("own"))
        owed = upstream.state(tenant)
        rows = sum(s["count"] for s in owed.values())
        held = lambda: differences({s: digest(cluster, "own", d, s, tenant) for s, d in definitions.items()}, owed)
        for _ in session.rounds():
            cluster.fresh("own")
            session.prepare(sluice.command(text, "first"), environment("first"))
            upstream.forget_served()
            session.measure(place, "sluice", sluice.command(text, tenant), environment(tenant), rows=rows,
                            proof=lambda took: receipt_problem(took, rows) or held())
            pages = upstream.pages(tenant)
            keep_floor(session, place, sum(pages.values()), max(pages.values()), latency, rows)


def start_afresh(session, sluice, upstream, shape, text):
    """An empty database with sluice's tables."""
    session.cluster.fresh("rivals")
    session.prepare(sluice.command(text, "x20-20-5-40", *shape["options"]),
                    sluice.environment(upstream.url, "", session.cluster.dsn("rivals")))


def rivals_round(session, number, ours, rivals, upstream, tenant, shape):
    """One turn each. `ours`: pairs of sluice and whether it asks for pages by their numbers. `shape`: case, streams,
    background streams, page size, latency, options of sluice."""
    cluster, place = session.cluster, (shape["case"], "rivals'", shape["limit"])
    owed = upstream.state(tenant, shape["streams"])
    pages = {s: math.ceil(owed[s]["count"] / shape["limit"]) for s in owed}
    for who in session.turns([*ours, *rivals], number):
        if who in ours:
            who, by_number = who
            text = manifests.rivals(STORE, shape["limit"], shape["manifest"], shape["background"], by_number)
            start_afresh(session, who, upstream, shape, text)
            upstream.requests()
            sluice_turn(session, "first", place, who, who.command(text, tenant, *shape["options"]), upstream, tenant, owed, who.name)
        else:
            upstream.requests()
            who.prepare(cluster, "rivals")
            rival_turn(session, place, who, upstream, tenant, owed)
        made = upstream.requests()
        if made != sum(pages.values()):
            session.note("%s, %s made %d requests, not %d" % (shape["case"], who.name, made, sum(pages.values())))
    keep_floor(session, place[:2], sum(pages.values()), max(pages.values()), shape["latency"], sum(s["count"] for s in owed.values()))


def rivals_small(session, sluice, rivals, program):
    shape = {"case": "c small tenant", "streams": ALL, "manifest": ALL, "background": (), "limit": 100, "latency": 50, "options": ()}
    with Rivals(program, "s1", shape["latency"]) as upstream:
        for number in session.rounds():
            rivals_round(session, number, [(sluice, False)], [r for r in rivals if not r.skips("small")], upstream, "s1", shape)


def rivals_warm(session, sluice, program):
    """A host that is at work already: one process, one run after the other, each of a tenant that is new to it."""
    warm = session.options.build / "bench_warm"
    if not warm.exists():
        return session.note("c warm: not measured, not built: bench_warm")
    latency, limit, place = 50, 100, ("c small tenant, warm", "rivals'")
    tenants = ["s%d" % n for n in range(1, session.size(8, 3))]
    with Rivals(program, tenants[0], latency) as upstream:
        owed = {t: upstream.state(t, ALL) for t in tenants}
        for _ in session.rounds():
            session.cluster.fresh("rivals")
            command = sluice.command(manifests.rivals(STORE, limit, ALL), tenants[0])
            took = session.run([warm, sluice.plugins, command[command.index("run") + 1], *tenants],
                               sluice.environment(upstream.url, "", session.cluster.dsn("rivals")))
            if took["exit"] != 0:
                raise RuntimeError("bench_warm: exit %d: %s" % (took["exit"], took["err"][-500:]))
            for tenant, ms in zip(tenants[1:], json.loads(took["out"])):
                held = {s: lines_md5(session.cluster, "rivals", lines_of("public", s, tenant)) for s in ALL}
                rows = sum(s["count"] for s in owed[tenant].values())
                session.keep(place, "sluice", ms / 1000, rows, differences(held, owed[tenant]))
                pages = [math.ceil(s["count"] / limit) for s in owed[tenant].values()]
                keep_floor(session, place, sum(pages), max(pages), latency, rows)


def rivals_story(session, sluice, rivals, program):
    """The essential part alone, then everything at once; by cursors and by numbers."""
    latency = session.size(89, 5)
    common = {"limit": 20, "latency": latency}
    shapes = [{"case": "d story, essential", "streams": ESSENTIAL, "manifest": ESSENTIAL, "background": ["role-assignments"],
               "options": ("--phase", "essential"), **common},
              {"case": "d story, everything", "streams": ALL, "manifest": ALL, "background": (), "options": (), **common}]
    able = [r for r in rivals if not r.skips("seed")]
    ours = [(sluice, False), (contenders.Sluice(*sluice.made_of, "sluice, numbered pages"), True)]
    with Rivals(program, SEED, latency) as upstream:
        for number in session.rounds():
            for shape in shapes:
                rivals_round(session, number, ours, able, upstream, SEED, shape)


def story_missing(session):
    session.note("d: not measured: sluice-upstream makes a role for every 20 entities (at least 5) and two assignments for each; "
                 "the story has 520 entities, 520 credits, 20 roles and 1,220 assignments, so it needs a size for each list. "
                 "The rivals' upstream has that.")
