"""A private PostgreSQL, what psql alone can do with the rows that sluice stored, and proofs of what is stored."""
import os
import pathlib
import subprocess
import time

from upstreams import free_port

SETTINGS = """shared_buffers = 512MB
max_wal_size = 8GB
listen_addresses = '127.0.0.1'
port = %d"""
# One canonical line for each row of the rivals' streams; their upstream has an md5 over the ordered lines.
LINES = {
    "entities": "external_id||'|'||name||'|'||balance::numeric(18,4)||'|'||extract(epoch from updated_at)::bigint||'|'||city",
    "credits": "external_id||'|'||entity_id||'|'||amount::numeric(18,4)||'|'||extract(epoch from updated_at)::bigint",
    "roles": "external_id||'|'||name||'|'||extract(epoch from updated_at)::bigint",
    "role-assignments": "external_id||'|'||entity_id||'|'||role_id||'|'||extract(epoch from updated_at)::bigint",
}
END = "-- end --"
PSQL = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"]


class Cluster:
    """Starts in `folder`; __exit__ stops and removes it."""

    def __init__(self, script, folder):
        self.script, self.folder, self.port, self.sessions = script, pathlib.Path(folder), free_port(), {}
        settings = os.environ.get("SLUICE_PG_SETTINGS", "") + "\n" + SETTINGS % self.port
        done = subprocess.run([script, "start", folder], env={**os.environ, "SLUICE_PG_SETTINGS": settings},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise OSError(done.stderr.strip())
        self.postmaster = (self.folder / "data" / "postmaster.pid").read_text().split()[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for psql in self.sessions.values():
            psql.communicate()
        subprocess.run([self.script, "stop", self.folder], check=True)

    def dsn(self, database):
        # Some rivals insist on a password; the server asks for none.
        return "postgres://sluice:x@127.0.0.1:%d/%s" % (self.port, database)

    def query(self, database, *statements):
        """What they print, by one psql for each database that stays: starting one takes longer than most questions."""
        psql = self.sessions.get(database)
        if psql is None:
            psql = self.sessions[database] = subprocess.Popen([*PSQL, self.dsn(database)], stdin=subprocess.PIPE, text=True,
                                                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        psql.stdin.write("".join(s + ("\n" if s.startswith("\\") else ";\n") for s in statements) + "\\echo %s\n" % END)
        psql.stdin.flush()
        printed = []
        for line in psql.stdout:
            if line.rstrip("\n") == END:
                return "".join(printed).strip()
            printed.append(line)
        raise RuntimeError("psql: " + "".join(printed).strip())

    def fresh(self, database):
        """Empties a database; makes it when it isn't there. Dropping it would cost more than a small case."""
        if database not in self.sessions:
            self.query("postgres", "CREATE DATABASE " + database)
        self.query(database, "SET client_min_messages = error", "DROP SCHEMA IF EXISTS sluice, alone, public CASCADE",
                   "CREATE SCHEMA public")

    def cpu(self):
        """CPU seconds of the server and all that it ever started. Settled: a process that ends meanwhile is in both lists, or in none."""
        before, now = None, self._ticks()
        for _ in range(50):
            if before == now:
                break
            time.sleep(0.01)
            before, now = now, self._ticks()
        return now / os.sysconf("SC_CLK_TCK")

    def _ticks(self):
        ticks = 0
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                fields = pathlib.Path("/proc", process, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if process == self.postmaster:
                ticks += sum(map(int, fields[11:15]))
            elif fields[1] == self.postmaster:
                ticks += sum(map(int, fields[11:13]))
        return ticks


class Limit:
    """What psql can do at best: the rows that sluice stored in `table`, into a table that is just like it."""

    def __init__(self, cluster, database, table, tenant, folder):
        self.cluster, self.database, self.table = cluster, database, table
        self.rows, self.script = folder / (table + ".copy"), folder / (table + ".sql")
        self.source = "SELECT * FROM %s WHERE tenant_id = '%s' ORDER BY id" % (table, tenant)
        cluster.query(database, "CREATE SCHEMA alone", "CREATE TABLE alone.%s (LIKE %s INCLUDING ALL)" % (table, table))

    def dump(self):
        self.cluster.query(self.database, "\\copy (%s) TO '%s'" % (self.source, self.rows))

    def copy(self):
        """The command that loads the rows into the empty table."""
        return [*PSQL, "-c", "\\copy alone.%s FROM '%s'" % (self.table, self.rows), self.cluster.dsn(self.database)]

    def merge(self):
        """The command that brings a full table up to date: COPY beside it, then write what differs."""
        self.script.write_text("\n".join([
            "BEGIN;", "CREATE TEMP TABLE beside (LIKE alone.%s) ON COMMIT DROP;" % self.table,
            "\\copy beside FROM '%s'" % self.rows, self._merge_statement(), "COMMIT;", ""]))
        return [*PSQL, "-f", self.script, self.cluster.dsn(self.database)]

    def _merge_statement(self):
        names = "SELECT string_agg(quote_ident(attname), ',') FROM pg_attribute WHERE attrelid = 'alone.%s'::regclass" % self.table
        key = self.cluster.query(self.database, names + (
            " AND attnum = ANY (SELECT unnest(indkey) FROM pg_index WHERE indrelid = attrelid AND indisunique AND NOT indisprimary)"))
        columns = self.cluster.query(self.database, names + " AND attnum > 0 AND NOT attisdropped AND attname <> 'id'")
        changed = ",".join("%s = excluded.%s" % (c, c) for c in columns.split(","))
        return ("INSERT INTO alone.%s AS t OVERRIDING SYSTEM VALUE SELECT * FROM beside ON CONFLICT (%s) DO UPDATE SET %s "
                "WHERE t.row_hash IS DISTINCT FROM excluded.row_hash;" % (self.table, key, changed))


def digest(cluster, database, definition, stream, tenant, schema="public"):
    """{count, digest} of a stream as the simulated upstream's README defines it; `definition` is (types, columns)."""
    kinds, columns = definition
    names = ["c%d" % i for i in range(len(kinds))]
    texts = ["(extract(epoch FROM %s) * 1000000)::bigint::text" % n if k == "i" else n + "::text" for n, k in zip(names, kinds)]
    line = " || '\\x1f'::bytea || ".join("coalesce(convert_to(%s, 'UTF8'), '\\x00'::bytea)" % t for t in texts)
    found = cluster.query(database, "SET search_path TO " + schema, (
        "SELECT count(*), coalesce(sum(('x' || encode(substring(sha256(%s) FROM 1 FOR 8), 'hex'))::bit(64)::bigint::numeric), 0) "
        "FROM (SELECT %s FROM %s s WHERE s.deleted_at IS NULL AND s.tenant_id = '%s') x(%s)"
        % (line, columns, stream, tenant, ", ".join(names))), "RESET search_path")
    count, total = found.split("|")
    return {"count": int(count), "digest": "%016x" % (int(total) % 2**64)}


def lines_md5(cluster, database, select):
    """{count, md5} of the canonical lines that `select` gives as column l."""
    count, md5 = cluster.query(database, (
        "SELECT count(*), md5(coalesce(string_agg(l || E'\\n', '' ORDER BY l COLLATE \"C\"), '')) FROM (%s) q" % select)).split("|")
    return {"count": int(count), "md5": md5}
