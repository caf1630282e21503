"""Cases a and b: a tenant's entities for the first time, again with nothing changed, and after 1 % changed."""
import sys

import manifests
from contenders import lines_of
from postgres import Limit, digest, lines_md5
from session import SPAWN, differences, receipt_problem
from upstreams import Own, Rivals

STORE = {"uses": "postgres", "dsn": "${secret:env:BENCH_DSN}"}
LISTS = ("users", "organizations", "groups")
READER = SPAWN.with_name("read_all.py")
PAGE = 1000


def case_of(session, phase, size):
    """The name of a phase in the table; nothing for one that was only needed to get here."""
    if phase == "first" and "a" not in session.options.case:
        return ""
    return {"first": "a first sync, %s", "again": "b nothing changed, %s", "moved": "b 1 %% changed, %s"}[phase] % f"{size:,}"


def phases_of(options):
    return ["first", *(["again", "moved"] if "b" in options.case else [])]


def reading(url, tenant, paths):
    return [sys.executable, "-I", "-S", READER, url, "token-" + tenant, "next", *paths]


def reading_proof(rows):
    return lambda took: "" if took["out"].strip() == str(rows) else "%s records of %d" % (took["out"].strip(), rows)


def limit_command(limit, phase):
    limit.dump()
    return limit.copy() if phase == "first" else limit.merge()


def own_round(session, sluice, upstream, size, definition):
    """sluice, then psql with the rows that sluice stored; at first also reading alone."""
    cluster, tenant = session.cluster, "acme"
    cluster.fresh("own")
    environment = sluice.environment(upstream.url, tenant, cluster.dsn("own"))
    text = manifests.own(STORE, PAGE, only=LISTS)
    # Another tenant comes first: the tables are there.
    session.prepare(sluice.command(text, "first"), sluice.environment(upstream.url, "first", cluster.dsn("own")))
    limit = Limit(cluster, "own", "entities", tenant, session.folder)
    paths = ["/v1/tenants/%s/%s?limit=%d" % (tenant, name, PAGE) for name in LISTS]
    for phase in phases_of(session.options):
        if phase == "moved":
            upstream.advance(tenant, 1)
        owed = upstream.state(tenant)
        rows, place = owed["entities"]["count"], (case_of(session, phase, size), "own")
        held = lambda schema: differences({"entities": digest(cluster, "own", definition, "entities", tenant, schema)}, owed)
        written = {"first": rows, "again": 0}.get(phase)
        session.measure(place, "sluice", sluice.command(text, tenant), environment, rows=rows,
             proof=lambda took: receipt_problem(took, written) or held("public"))
        name = "limit: psql COPY" if phase == "first" else "limit: psql COPY, merge"
        session.measure(place, name, limit_command(limit, phase), rows=rows, proof=lambda took: held("alone"))
        if phase == "first" and place[0]:
            session.measure(place, "reading alone", reading(upstream.url, tenant, paths), rows=rows,
                 proof=reading_proof(rows))


def own(session, sluice, size, definition):
    with Own(session.options.build / "sluice-upstream", {"acme": size, "first": 20}) as upstream:
        for _ in session.rounds():
            own_round(session, sluice, upstream, size, definition)


def rival_turn(session, place, rival, upstream, tenant, owed):
    cluster, streams = session.cluster, list(owed)
    folder = session.folder / rival.schema
    folder.mkdir(exist_ok=True)
    values = {"upstream": upstream.url, "port": upstream.port, "dsn": cluster.dsn("rivals"), "tenant": tenant,
              "streams": ",".join(streams), "limit": place[2]}
    command, environment = rival.command(folder, values)
    held = lambda took: differences({s: lines_md5(cluster, "rivals", rival.lines(s, tenant)) for s in streams}, owed)
    session.measure(place[:2], rival.name, command, environment, rows=sum(s["count"] for s in owed.values()), proof=held)


def sluice_turn(session, phase, place, sluice, command, upstream, tenant, owed, who="sluice"):
    """One run of sluice over the rivals' data."""
    rows = sum(s["count"] for s in owed.values())
    written = {"first": rows, "again": 0}.get(phase)
    held = lambda: differences({s: lines_md5(session.cluster, "rivals", lines_of("public", s, tenant)) for s in owed}, owed)
    session.measure(place[:2], who, command, sluice.environment(upstream.url, tenant, session.cluster.dsn("rivals")),
         rows=rows, proof=lambda took: receipt_problem(took, written) or held())


def rivals_round(session, number, sluice, rivals, upstream, size):
    cluster, tenant = session.cluster, "n%d" % size
    upstream.reset(tenant)
    cluster.fresh("rivals")
    text = manifests.rivals(STORE, PAGE, ["entities"])
    session.prepare(sluice.command(text, "x20-20-5-40"), sluice.environment(upstream.url, "", cluster.dsn("rivals")))
    limit = Limit(cluster, "rivals", "entities", tenant, session.folder)
    for rival in rivals:
        rival.prepare(cluster, "rivals")
    for phase in phases_of(session.options):
        if phase == "moved":
            upstream.advance(tenant, 1)
        owed, place = upstream.state(tenant, ["entities"]), (case_of(session, phase, size), "rivals'", PAGE)
        for who in session.turns([sluice, *rivals], number):
            if who is sluice:
                sluice_turn(session, phase, place, sluice, sluice.command(text, tenant), upstream, tenant, owed)
            else:
                rival_turn(session, place, who, upstream, tenant, owed)
        held = lambda took: differences({"entities": lines_md5(cluster, "rivals", lines_of("alone", "entities", tenant))}, owed)
        name = "limit: psql COPY" if phase == "first" else "limit: psql COPY, merge"
        session.measure(place[:2], name, limit_command(limit, phase), rows=owed["entities"]["count"], proof=held)


def against_rivals(session, sluice, rivals, program, size):
    with Rivals(program, "n%d" % size) as upstream:
        for number in session.rounds():
            rivals_round(session, number, sluice, [r for r in rivals if not r.skips("ent100k")], upstream, size)
