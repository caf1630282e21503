"""Case f: the first sync of case a, and one with nothing changed, into SQLite; beside sqlite3 alone with the same rows."""
import shutil
import sqlite3

import manifests
from loads import LISTS, PAGE
from session import differences, receipt_problem
from upstreams import Own

TENANT = "acme"  # the oracle's helper in tests/e2e reads this one


def limit_command(stored, alone):
    """The rows of `stored` into an empty table that is just like it, in one durable transaction."""
    with sqlite3.connect(stored) as db:
        table = db.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'entities'").fetchone()[0]
    with sqlite3.connect(alone) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(table)
    # The condition keeps sqlite3 from copying whole pages.
    return ["sqlite3", "-bail", alone, "PRAGMA synchronous = FULL", "ATTACH '%s' AS stored" % stored, "BEGIN",
            "INSERT INTO entities SELECT * FROM stored.entities WHERE tenant_id = '%s'" % TENANT, "COMMIT"]


def rounds(session, sluice, oracle, size):
    store = lambda folder: oracle.Sqlite(folder)
    with Own(session.options.build / "sluice-upstream", {TENANT: size, "first": 20}) as upstream:
        owed = upstream.state(TENANT)
        rows = owed["entities"]["count"]
        for number in session.rounds():
            folder, alone = (session.folder / ("%s-%d-%d" % (name, size, number)) for name in ("sqlite", "sqlite-alone"))
            folder.mkdir(), alone.mkdir()
            text = manifests.own({"uses": "sqlite", "path": str(folder / "sluice.db")}, PAGE, only=LISTS)
            environment = sluice.environment(upstream.url, TENANT)
            held = lambda where: differences({"entities": oracle.digest(store(where).rows("entities"))}, owed)
            session.prepare(sluice.command(text, "first"), sluice.environment(upstream.url, "first"))
            place = ("f SQLite, first sync, %s" % f"{size:,}", "own")
            session.measure(place, "sluice", sluice.command(text, TENANT), environment, rows=rows,
                            proof=lambda took: receipt_problem(took, rows) or held(folder))
            if shutil.which("sqlite3"):
                command = limit_command(folder / "sluice.db", alone / "sluice.db")
                session.measure(place, "limit: sqlite3", command, rows=rows, proof=lambda took: held(alone))
            else:
                session.note("f: no limit: there is no sqlite3 program")
            session.measure(("f SQLite, nothing changed, %s" % f"{size:,}", "own"), "sluice", sluice.command(text, TENANT),
                            environment, rows=rows, proof=lambda took: receipt_problem(took, 0) or held(folder))
            shutil.rmtree(folder), shutil.rmtree(alone)
