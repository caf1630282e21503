"""Every failpoint, with every deed: one sync is disturbed there, the next one makes all good.

The points are found in the sources, so that a new one is tried without being listed here. A point that is
never reached fails the test. SLUICE_FAILPOINT_ONLY=NAME tries one point alone.
"""
import json
import os
import pathlib
import re
import tempfile
import unittest

import lib

POINT = re.compile(r'SLUICE_FAILPOINT\("([\w.]+)"\)')
# Reached while the tables are made, by the first sync alone.
FIRST = re.compile(r"^(migrate|streams)\.")
# Where an error means that the answer was lost, and not the work.
LOST = re.compile(r"\.after_(commit|call)$")
GOOD_ENDS = {0, 1, 3, 75}


def points():
    found = set()
    for path in (lib.harness.SOURCE / "core").rglob("*.cpp"):
        found.update(POINT.findall(path.read_text()))
    only = os.environ.get("SLUICE_FAILPOINT_ONLY")
    return sorted(p for p in found if only in (None, p))


class Failpoints(lib.Case):
    domains = """
  entities: { uses: entities, reads: { users: { from: crm }, organizations: { from: crm }, groups: { from: crm }, memberships: { from: crm } } }
  credits: { uses: credits, reads: { credits: { from: crm } } }
  roles: { uses: roles, reads: { roles: { from: crm }, role_parts: { from: crm }, assignments: { from: crm }, members: { from: crm } } }
"""
    # Credits come before the entities that they belong to and so wait for them; the rest is swept.
    phases = """
  essential: { deadline: 10s, fresh_for: 0s, sync: [ { credits: { mode: incremental } } ] }
  background: { fresh_for: 0s, sync: [ { entities: { deletes: sweep } }, { roles: { deletes: sweep } } ] }
"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        listed = json.loads(cls.ask("/v1/tenants/acme/roles?limit=25"))["data"]
        # One parent vanishes between its list and its children; what is read there comes by another list too.
        cls.upstream.faults({"match": {"path": "*/roles/%s/members" % listed[0]["id"]}, "do": "status", "status": 404})

    @classmethod
    def ask(cls, path):
        import urllib.request
        request = urllib.request.Request(cls.upstream.url + path, headers={"Authorization": "Bearer token-acme"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()

    def deeds(self, point):
        return ("kill", "doubt" if LOST.search(point) else "error", "delay", *(("throw",) if lib.FULL else ()))

    def plan(self):
        """(point, deed) of this run: all of them, or what its tier and the seed say."""
        everything = [(p, d) for p in points() for d in self.deeds(p)]
        if lib.FULL or "SLUICE_FAILPOINT_ONLY" in os.environ:
            return everything
        always = self.kind is lib.Sqlite
        turn = [one for n, one in enumerate(everything) if (n + lib.SEED) % 3 == 0 and not (always and one[1] == "kill")]
        return [one for one in everything if always and one[1] == "kill"] + turn

    def disturb(self, store, point, deed, at):
        """A run with that order; whether it was carried out."""
        with tempfile.NamedTemporaryFile("r") as log:
            order = "%s@%d" % (deed, at)
            done = self.sync(store, SLUICE_FAILPOINTS="%s=%s" % (point, order), SLUICE_FAILPOINTS_LOG=log.name)
            return done, "%s %s" % (point, order) in log.read().splitlines()

    def hits(self, template):
        """How often a sync that starts from there comes by each point."""
        store = self.new_store(template)
        with tempfile.NamedTemporaryFile("r") as log:
            done = self.sync(store, SLUICE_FAILPOINTS_LOG=log.name)
            self.assertEqual(done.returncode, 0, done.stderr[-3000:])
            out = {}
            for name in log.read().split():
                out[name] = out.get(name, 0) + 1
            return out

    def try_one(self, point, deed, template, hits):
        at = self.random.randint(1, max(1, hits.get(point, 1) // 2))
        for n in (at, 1):  # how pages fall into batches is not always the same
            store = self.new_store(template)
            done, carried_out = self.disturb(store, point, deed, n)
            if carried_out:
                break
        self.assertTrue(carried_out, "%s was never reached" % point)
        if deed == "kill":
            self.assertEqual(done.returncode, -9, done.stderr[-2000:])
        elif deed == "delay":
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        else:
            self.assertIn(done.returncode, GOOD_ENDS, done.stderr[-2000:])
            if done.returncode != 0:
                self.assert_one_clear_error(done)
        if template is None:
            store.settle()
            self.assert_atomic(store)
        self.sync_to_the_end(store)

    # covers: H3, P2, P4, P8, P13, P18
    def test_a_sync_survives_whatever_happens_at_a_failpoint(self):
        template = self.new_store()
        first = self.hits(None)
        self.sync_to_the_end(template)
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 5, "create": 4, "delete": 3})
        later = self.hits(template)
        missed = [p for p in points() if (first if FIRST.match(p) else later).get(p, 0) == 0]
        self.assertEqual(missed, [], "no sync comes by these points")
        plan = self.plan()
        for point, deed in plan:
            with self.subTest(point=point, deed=deed, seed=lib.SEED):
                is_first = FIRST.match(point)
                self.try_one(point, deed, None if is_first else template, first if is_first else later)
        print("%s: %d points, %d of them disturbed in %d ways (seed %d)" % (
            self.kind.kind, len(points()), len({p for p, _ in plan}), len(plan), lib.SEED))


class FailpointsIntoPostgres(Failpoints):
    kind = lib.Postgres


class FailpointsOfReleases(unittest.TestCase):
    """What is shipped has none of this."""
    # covers: P23
    def test_the_macro_expands_to_nothing_in_a_release(self):
        import subprocess
        source = '#include "engine/failpoint.hpp"\nvoid f() { SLUICE_FAILPOINT("a.point"); }\n'
        done = subprocess.run(["g++", "-std=c++20", "-DSLUICE_NO_FAILPOINTS", "-I", lib.harness.SOURCE / "core", "-E", "-P",
                               "-x", "c++", "-"], input=source, capture_output=True, text=True, check=True)
        self.assertNotIn("a.point", done.stdout)

    def test_the_release_preset_leaves_them_out(self):
        presets = json.loads((lib.harness.SOURCE / "CMakePresets.json").read_text())["configurePresets"]
        switched = {p["name"]: p.get("cacheVariables", {}).get("SLUICE_FAILPOINTS") for p in presets}
        self.assertEqual({k: v for k, v in switched.items() if v}, {"dev": "ON", "asan": "ON", "tsan": "ON", "release": "OFF"})

    def test_no_release_binary_names_a_point(self):
        folder = pathlib.Path(os.environ.get("SLUICE_RELEASE_DIR", lib.harness.SOURCE / "build" / "release"))
        programs = [folder / "bin" / "sluice", *(folder / "plugins").rglob("*.so")]
        programs = [p for p in programs if p.is_file()]
        if not programs:
            self.skipTest("no release is built here")
        names = [p.encode() for p in points()] + [b"SLUICE_FAILPOINTS"]
        for program in programs:
            content = program.read_bytes()
            self.assertEqual([n for n in names if n in content], [], program)


if __name__ == "__main__":
    unittest.main(verbosity=2)
