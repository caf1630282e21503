"""Case e: does the time grow with the rows and not faster, and does one tenant pay for the others?"""
import manifests
from loads import PAGE, STORE, sluice_turn
from upstreams import Rivals

TEMPLATE = "x100-20-5-40"  # whose rows are given to all other tenants


def first_and_again(session, sluice, upstream, name, tenant, limit):
    text = manifests.rivals(STORE, limit, ["entities"])
    owed = upstream.state(tenant, ["entities"])
    for phase, words in (("first", "first sync"), ("again", "nothing changed")):
        place = ("e %s, %s" % (name, words), "rivals'", limit)
        sluice_turn(session, phase, place, sluice, sluice.command(text, tenant), upstream, tenant, owed)


def prepared(session, sluice, upstream):
    session.cluster.fresh("rivals")
    text = manifests.rivals(STORE, PAGE, ["entities"])
    session.prepare(sluice.command(text, TEMPLATE), sluice.environment(upstream.url, "", session.cluster.dsn("rivals")))


def rows(session, sluice, program):
    """100,000 to 5,000,000 rows: rows/s and peak MB should stay where they are."""
    full = [100_000, 1_000_000, 5_000_000] if session.options.full else [100_000, 500_000]
    for size in session.size(full, [1_000, 10_000]):
        with Rivals(program, "n%d" % size) as upstream:
            prepared(session, sluice, upstream)
            first_and_again(session, sluice, upstream, f"growth, {size:,} rows", "n%d" % size, PAGE)


def others(session, number):
    """`number` more tenants, each with the rows of the template, their runs and what the runs left in the ledger."""
    query = lambda *statements: session.cluster.query("rivals", *statements)
    columns = query("SELECT string_agg(quote_ident(attname), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'entities'::regclass "
                    "AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('id', 'tenant_id')")
    query("INSERT INTO entities (tenant_id, %s) SELECT 'other-' || g, %s FROM generate_series(1, %d) g, entities WHERE tenant_id = '%s'"
          % (columns, columns, number, TEMPLATE))
    for table, key in (("runs", "tenant"), ("leases", "tenant"), ("tenants", "tenant")):
        names = query("SELECT string_agg(quote_ident(attname), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'sluice.%s'::regclass "
                      "AND attnum > 0 AND NOT attisdropped" % table).split(",")
        values = ["'other-' || g" if n == key else "md5('run' || g)::uuid" if (table, n) == ("runs", "run_id") else n for n in names]
        query("INSERT INTO sluice.%s (%s) SELECT %s FROM generate_series(1, %d) g, sluice.%s WHERE tenant = '%s'"
              % (table, ",".join(names), ",".join(values), number, table, TEMPLATE))
    for table in ("pages", "ledger", "items", "stages"):
        names = query("SELECT string_agg(quote_ident(attname), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'sluice.%s'::regclass "
                      "AND attnum > 0 AND NOT attisdropped" % table)
        query("INSERT INTO sluice.%s (%s) SELECT %s FROM generate_series(1, %d) g, sluice.%s"
              % (table, names, names.replace("run_id", "md5('run' || g)::uuid"), number, table))
    query("VACUUM ANALYZE")


def tenants(session, sluice, program):
    """One tenant in a store that holds no other, and in one that holds many."""
    many = session.size(10_000, 200)
    with Rivals(program, "n1000") as upstream:
        for number in session.rounds():
            for count in session.turns([1, many], number):
                upstream.reset("n1000")
                prepared(session, sluice, upstream)
                if count > 1:
                    others(session, count)
                first_and_again(session, sluice, upstream, f"one of {count:,} tenants", "n1000", 100)
