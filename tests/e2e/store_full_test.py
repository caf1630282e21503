"""Disks that get full or fail, and servers without room for one more."""
import json
import os
import pathlib
import re
import subprocess
import unittest

import harness
from store_faults import Cluster, SmallDisk, StoreCase, in_private_mounts, release


class FullSqlite(StoreCase):
    """The file on a disk of its own."""

    def store_type(self, _):
        self.disk = SmallDisk(self, 40)
        return harness.Sqlite(self.disk.folder)

    # covers: S5, P14, P18
    def test_a_full_disk_is_waited_for(self):
        self.sluice("migrate", self.manifest)
        self.disk.fill(1500)
        run = self.start()
        told = run.wait_for_code("SLU-5011")
        self.assertIn("free some space, the run goes on by itself", told["msg"])
        self.disk.free()
        self.assert_all_is_well(run.finish())


class FullPostgres(StoreCase):
    def store_type(self, folder):
        self.disk = SmallDisk(self, 40)
        store = Cluster(folder)
        subprocess.run(["chown", "--reference", store.folder, self.disk.folder], check=True)
        space = self.disk.folder / "space"
        space.mkdir()
        subprocess.run(["chown", "--reference", store.folder, space], check=True)
        store.execute("CREATE TABLESPACE small LOCATION '%s'" % space)
        store.execute("ALTER DATABASE postgres SET default_tablespace = small")
        return store

    # covers: S5, P14, P18
    def test_a_full_disk_is_waited_for(self):
        self.sluice("migrate", self.manifest)
        self.disk.fill(1500)
        run = self.start()
        told = run.wait_for_code("SLU-5011")
        self.assertIn("free space; the work then goes on", told["msg"])
        # Reading still works, and says that the run is under way.
        shown = json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)
        self.assertEqual([r["state"] for r in shown], ["running"])
        self.disk.free()
        receipt = run.finish()
        self.assert_one_run(receipt)
        self.assert_all_is_well(receipt)


class FewConnections(StoreCase):
    upstream_args = ("--tenants", "acme:300", "--seed", "7")

    class store_type(Cluster):
        settings = "max_connections = 7"  # three of them for the server's owner

        def __init__(self, folder):
            super().__init__(folder)
            self.execute("CREATE ROLE app LOGIN")
            self.execute("GRANT CREATE ON DATABASE postgres TO app; GRANT CREATE ON SCHEMA public TO app")
            self.environment = {"TEST_DSN": self.dsn.replace("user=sluice", "user=app")}

    # covers: S6, P18
    def test_a_run_makes_do_with_those_that_it_gets(self):
        self.assert_all_is_well(self.run_sync())

    # covers: S6, P18
    def test_without_any_it_is_to_be_tried_again(self):
        app = self.store.environment["TEST_DSN"]
        taken = [subprocess.Popen(["psql", "-XAtq", app], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                 for _ in range(4)]
        for session in taken:
            session.stdin.write("SELECT 1;\n")
            session.stdin.flush()
            session.stdout.readline()
        done = self.sluice("run", self.manifest, "--tenant", "acme")
        for session in taken:
            release(session)
        self.assertEqual(done.returncode, 75, done.stderr)
        error = json.loads(done.stdout)["error"]
        self.assertEqual(error["code"], "SLU-5014")
        self.assertIn("raise max_connections or lower `pool`", error["message"])
        self.assert_all_is_well(self.run_sync())


class FailingDisk(StoreCase):
    upstream_args = ("--tenants", "acme:300", "--seed", "7")
    store_type = harness.Sqlite

    def setUp(self):
        super().setUp()
        if subprocess.run(["strace", "-V"], capture_output=True).returncode != 0:
            self.skipTest("a disk that fails is played by strace, which is not installed")
        self.trace = pathlib.Path(self.folder.name) / "trace"

    def fail_from(self, number):
        """What the disk has not written it says once; to ask again would be to believe it the second time."""
        done = subprocess.run(["strace", "-f", "-y", "-qq", "-o", self.trace, "-e", "trace=fsync,fdatasync", "-e",
                               "inject=fsync,fdatasync:error=EIO:when=%d+" % number,
                               *self.command("run", self.manifest, "--tenant", "acme")],
                              capture_output=True, text=True, timeout=300, env=self.environment())
        if "ptrace" in done.stderr and "not permitted" in done.stderr:
            self.skipTest("strace may not trace here")
        return done

    # covers: S11, P2, P18
    def test_a_write_that_failed_is_not_tried_again(self):
        self.run_sync()
        for number in (1, 2, 4, 5):
            with self.subTest(number=number):
                self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 20, "create": 3, "delete": 0})
                done = self.fail_from(number)
                self.assertEqual(done.returncode, 1, done.stderr[-3000:])
                error = json.loads(done.stdout)["error"]
                self.assertEqual(error["code"], "SLU-5071", error)
                self.assertIn("disk I/O error", error["message"])
                self.assertIn("the next start checks the file", error["message"])
                failed = [l for l in self.trace.read_text().splitlines() if "INJECTED" in l]
                files = [re.search(r"<(.*?)>", l).group(1) for l in failed]
                self.assertGreater(len(files), 0)
                self.assertEqual(len(files), len(set(files)), "it has asked once more: " + str(failed))
                log = os.path.getsize(str(self.store.path) + "-wal")
                self.assertGreater(log, 0, "nothing is left that the next start would check")
                receipt = self.run_sync()
                self.assertEqual(receipt["state"], "succeeded")
                self.assert_holds_what_the_upstream_has()
        self.assertEqual(self.store.query("PRAGMA integrity_check"), [("ok",)])


if __name__ == "__main__":
    in_private_mounts(__file__)
    unittest.main(verbosity=2)
