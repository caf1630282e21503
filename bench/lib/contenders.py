"""Who is measured: sluice, and the rivals of a contenders.toml."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tomllib

from postgres import LINES


class Sluice:
    def __init__(self, build, plugins, folder, name="sluice"):
        self.name, self.made_of = name, (build, plugins, folder)
        self.program, self.plugins, self.folder = build / "bin" / "sluice", plugins, folder

    def command(self, manifest, tenant, *options):
        file = self.folder / "pipeline.yaml"
        file.write_text(manifest)
        return [self.program, "--plugins", self.plugins, "--json", "run", file, "--tenant", tenant, *options]

    def environment(self, url, tenant, dsn=""):
        return {"BENCH_URL": url, "BENCH_TOKEN": "token-" + tenant, "BENCH_DSN": dsn}


def plugins_for_rivals(build, own, folder):
    """A plugin folder where `entities` is the rivals' table: two plugins can't declare one table."""
    for name in ("http", "direct"):
        shutil.copytree(build / "plugins" / name, folder / name)
    shutil.copytree(own / "rivals", folder / "rivals")
    return folder


def keep_build(session, programs):
    """A copy of the programs: the build folder may change while we measure. `programs`: folder of bench/ to name, if it is built."""
    kept = session.folder / "build"
    built = session.options.build
    for name in ("bin/sluice", "sluice-upstream", *(f"plugins/{p.parent.name}" for p in built.glob("plugins/*/plugin.json"))):
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        source = built / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, kept / name)
    for folder, name in programs.items():
        if (built / "bench" / folder / name).exists():
            shutil.copy2(built / "bench" / folder / name, kept)
    session.options.build = kept


def fill(text, values):
    """Only known {names}: other braces are the rival's."""
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), text)


class Rival:
    def __init__(self, name, table, peers, build):
        self.name, self.table = name, table
        self.schema = re.sub(r"\W", "_", name)
        self.fixed = {"src": peers, "build": build, "schema": self.schema}

    def skips(self, scenario):
        return scenario in self.table.get("skip", [])

    def missing(self):
        """Programs under {build} that its command needs and that are not there."""
        words = re.findall(r"\{build\}/[\w./-]+", self.table["cmd"])
        return [w for w in (fill(word, self.fixed) for word in words) if not os.path.exists(w)]

    def prepare(self, cluster, database):
        cluster.query(database, "SET client_min_messages = error", "DROP SCHEMA IF EXISTS %s CASCADE" % self.schema,
                      "CREATE SCHEMA " + self.schema)
        if self.table.get("ddl", True):
            ddl = pathlib.Path(self.fixed["src"], "schema.sql").read_text().replace("{s}", self.schema)
            cluster.query(database, "SET client_min_messages = error", ddl)

    def command(self, folder, values):
        """Its command, and its variables; writes its files into `folder`."""
        values = {**self.fixed, **values, "tmp": folder}
        for name, text in self.table.get("files", {}).items():
            (folder / name).write_text(fill(text, values))
        text = fill(self.table["cmd"], values)
        plain = not re.search(r"[|&;<>$`]", text)
        command = shlex.split(text) if plain else ["bash", "-c", "set -o pipefail; cd '%s'; %s" % (folder, text)]
        return command, {"TMPDIR": str(folder), **{k: fill(v, values) for k, v in self.table.get("env", {}).items()}}

    def lines(self, stream, tenant):
        own = self.table.get("verify", {}).get(stream)
        return fill(own, self.fixed) if own else lines_of(self.schema, stream, tenant)


def lines_of(schema, stream, tenant):
    return "SELECT %s l FROM %s.%s WHERE tenant_id = '%s'" % (LINES[stream], schema, stream.replace("-", "_"), tenant)


def build_go(peers, build, notes):
    """The rivals' upstream and the Go program, when they are not built yet. Whether both are there."""
    build.mkdir(parents=True, exist_ok=True)
    for folder, name in ((peers / "upstream", "upstream"), (peers / "contenders" / "go", "gobase")):
        if (build / name).exists():
            continue
        if not shutil.which("go"):
            notes.append("rivals: %s is not built, and there is no Go compiler" % (build / name))
            return False
        done = subprocess.run(["go", "build", "-trimpath", "-o", build / name, "."], cwd=folder, capture_output=True, text=True,
                              env={**os.environ, "CGO_ENABLED": "0"})
        if done.returncode != 0:
            notes.append("rivals: %s can't be built: %s" % (name, " ".join(done.stderr.split())[-300:]))
            return False
    return True


SERVICE_PACKAGES = ("aiohttp", "orjson", "asyncpg", "uvloop")


def cache():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "sluice-bench"


def build_venv(build, notes, packages=("requests", "psycopg[binary]")):
    """The Python that the naive program and the Python service run with; whether it is there, with these packages."""
    python = build / "venv-py" / "bin" / "python"
    names = " ".join(p.partition("[")[0] for p in packages)
    there = python.exists() and subprocess.run([python, "-c", "import " + names.replace(" ", ",")], capture_output=True).returncode == 0
    if not there:
        for command in ([sys.executable, "-m", "venv", build / "venv-py"], [python, "-m", "pip", "install", "-q", *packages]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                notes.append("rivals: no Python with %s: %s" % (names, " ".join(done.stderr.split())[-300:]))
                return False
    return True


def rivals_of(peers, build, wanted, notes):
    """The rivals of contenders.toml that were asked for and can run."""
    tables = tomllib.loads((peers / "contenders.toml").read_text())
    found = []
    for name in wanted:
        if name not in tables:
            notes.append("rivals: no `%s` in contenders.toml" % name)
            continue
        rival = Rival(name, tables[name], peers, build)
        if rival.missing():
            notes.append("%s: not measured, not there: %s" % (name, ", ".join(rival.missing())))
        else:
            found.append(rival)
    return found
