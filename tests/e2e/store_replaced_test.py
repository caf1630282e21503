"""A PostgreSQL that is another one from one moment to the next: a standby that took over, a backup that was restored, a
clock that jumps, a pooler in between."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness
from store_faults import FULL, Cluster, StoreCase, until

FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def as_owner_of(folder, *command, **more):
    """PostgreSQL's programs and poolers don't run as root."""
    if os.geteuid() != 0:
        return subprocess.Popen(command, **more)
    owner = os.stat(folder)
    return subprocess.Popen(["setpriv", "--reuid=%d" % owner.st_uid, "--regid=%d" % owner.st_gid, "--clear-groups", *command],
                            **more)


class FailOver(StoreCase):
    class store_type(Cluster):
        def __init__(self, folder):
            super().__init__(folder)
            self.standby = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
            subprocess.run([harness.WITH_POSTGRES, "standby", self.standby, self.folder], check=True, capture_output=True)
            self.environment = {"TEST_DSN": "host=%s,%s port=5432 user=sluice dbname=postgres" % (self.folder, self.standby)}

        def fail_over(self):
            self.kill()
            subprocess.run([harness.WITH_POSTGRES, "promote", self.standby], check=True, capture_output=True)
            self.lost, self.folder = self.folder, self.standby
            self.dsn = self.dsn.replace(str(self.lost), str(self.folder))

        def stop(self):
            for folder in {self.folder, self.standby, getattr(self, "lost", self.folder)}:
                subprocess.run([harness.WITH_POSTGRES, "stop", folder], check=True, stderr=subprocess.DEVNULL)

    # covers: S7, P2, P14
    def test_a_run_goes_on_with_the_standby_that_took_over(self):
        run = self.start()
        run.wait_for_pages(4)
        self.store.fail_over()
        self.assertTrue({"SLU-5012", "SLU-5013", "SLU-5024"} & run.codes(), run.codes())
        receipt = run.finish()
        self.assert_one_run(receipt)
        self.assert_all_is_well(receipt)

    # covers: S7, P18
    def test_a_server_that_only_reads_is_named_as_such(self):
        self.store.environment = {"TEST_DSN": self.store.dsn.replace(str(self.store.folder), str(self.store.standby))}
        done = self.sluice("run", self.manifest, "--tenant", "acme")
        self.assertEqual(done.returncode, 75, done.stderr)
        error = json.loads(done.stdout)["error"]
        self.assertEqual(error["code"], "SLU-5024", error)
        self.assertIn("the server only reads: point `dsn` to the primary", error["message"])


class Restored(StoreCase):
    store_type = Cluster

    def other(self, name):
        return self.store.dsn.replace("dbname=postgres", "dbname=" + name)

    # covers: S17, P2, P9, P14
    def test_a_run_goes_on_from_the_checkpoints_of_an_older_backup(self):
        self.store.execute("CREATE DATABASE live")
        admin, self.store.dsn = self.store.dsn, self.other("live")
        self.store.environment = {"TEST_DSN": self.store.dsn}
        run = self.start()
        run.wait_for_pages(3)
        run.process.send_signal(signal.SIGSTOP)
        backup = pathlib.Path(self.folder.name) / "backup"
        subprocess.run(["pg_dump", "-Fc", "-f", backup, self.store.dsn], check=True)
        saved = int(self.store.execute("SELECT count(*) FROM sluice.pages"))
        run.process.send_signal(signal.SIGCONT)
        run.wait_for_pages(saved + 1)  # one line for each page: now the run knows of more than the backup
        run.process.send_signal(signal.SIGSTOP)  # or it might be done before the backup is back
        on = lambda sql: subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, admin], check=True, capture_output=True)
        on("CREATE DATABASE older")
        subprocess.run(["pg_restore", "-d", self.store.dsn.replace("dbname=live", "dbname=older"), backup], check=True)
        # Its leases have run out long ago.
        subprocess.run(["psql", "-Xq", "-c", "UPDATE sluice.leases SET expires_us = 1", self.store.dsn.replace(
            "dbname=live", "dbname=older")], check=True)
        on("UPDATE pg_database SET datallowconn = false WHERE datname = 'live'")
        on("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'live'")
        on("ALTER DATABASE live RENAME TO newer")
        on("ALTER DATABASE older RENAME TO live")
        run.process.send_signal(signal.SIGCONT)
        receipt = run.finish()
        self.assertTrue(any(l["msg"] == "run taken over" for l in run.lines), run.lines[-20:])
        self.assert_one_run(receipt)
        self.assert_all_is_well(receipt)


@unittest.skipIf(FAKETIME is None, "a clock that jumps is played by faketime, which is not installed")
class JumpingClock(StoreCase):
    class store_type(Cluster):
        def __init__(self, folder):
            super().__init__(folder)
            self.clock = self.folder / "clock"
            self.jump("+0")
            self.clock.chmod(0o644)
            self.restart(LD_PRELOAD=str(FAKETIME), FAKETIME_TIMESTAMP_FILE=str(self.clock), FAKETIME_NO_CACHE="1",
                         FAKETIME_DONT_FAKE_MONOTONIC="1")

        def jump(self, offset):
            new = self.clock.with_suffix(".new")
            new.write_text(offset + "\n")
            new.chmod(0o644)
            new.rename(self.clock)

    # covers: S14, P6, P9
    def test_a_clock_that_jumps_deletes_nothing_and_keeps_nothing_out(self):
        self.write_manifest(phases="  essential: { deadline: 10s, fresh_for: 0s, sync: [ { entities: { deletes: sweep } }, "
                                   "{ credits: { deletes: sweep } }, { roles: { deletes: sweep } } ] }\n")
        self.store.jump("+1h")
        run = self.start()
        run.wait_for_pages(3)
        self.store.jump("+0")
        receipt = run.finish()
        self.assertEqual(sum(c["swept"] for c in receipt["streams"].values()), 0)
        self.assertEqual(receipt["state"], "succeeded")
        self.assert_holds_what_the_upstream_has()
        # An hour of rows that seem to come from the future.
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 5, "create": 3, "delete": 4})
        self.assertEqual(self.run_sync()["state"], "succeeded")
        self.assert_holds_what_the_upstream_has()
        self.store.jump("-1h")
        self.upstream.ask("/control/advance", {"tenant": "acme", "percent": 5, "create": 3, "delete": 0})
        self.assert_all_is_well(self.run_sync())


@unittest.skipIf(shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin") is None, "PgBouncer is not installed")
class BehindPgBouncer(StoreCase):
    class store_type(Cluster):
        def __init__(self, folder):
            super().__init__(folder)
            self.pooler = self.folder / "pooler"
            self.pooler.mkdir(mode=0o700)
            ini = self.pooler / "pgbouncer.ini"
            ini.write_text("[databases]\n* = host=%s port=5432 user=sluice\n[pgbouncer]\nlisten_addr =\nlisten_port = 6432\n"
                           "unix_socket_dir = %s\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
                           "max_client_conn = 100\nlogfile = %s\n" % (self.folder, self.pooler, self.pooler / "log"))
            if os.geteuid() == 0:
                owner = os.stat(self.folder)
                for path in (self.pooler, ini):
                    os.chown(path, owner.st_uid, owner.st_gid)
            program = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")
            self.process = as_owner_of(self.folder, program, "-q", ini)
            self.direct = self.dsn
            pooled = "host=%s port=6432 user=sluice dbname=postgres" % self.pooler
            until("the pooler listens", lambda: (self.pooler / ".s.PGSQL.6432").exists())
            self.environment = {"TEST_DSN": pooled}

        def through(self, sql):
            return subprocess.run(["psql", "-XAtq", "-c", sql, self.environment["TEST_DSN"]], check=True,
                                  capture_output=True, text=True).stdout.strip()

        def stop(self):
            self.process.terminate()
            self.process.wait(timeout=120)
            super().stop()

    # covers: S18, P7
    def test_a_run_works_in_transaction_pooling_and_leaves_no_setting_behind(self):
        receipt = self.run_sync()
        self.assert_one_run(receipt)
        self.assert_all_is_well(receipt)
        for setting in ("enable_seqscan", "jit", "plan_cache_mode", "statement_timeout"):
            self.assertEqual(self.store.through("SHOW " + setting), self.store.execute("SHOW " + setting))

    # covers: S1, S18
    def test_server_connections_that_die_behind_the_pooler_are_got_over(self):
        run = self.start()
        run.wait_for_pages(2)
        for _ in range(20 if FULL else 4):
            self.store.execute("SELECT count(pg_terminate_backend(pid, 1000)) FROM pg_stat_activity "
                               "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
            with run.changed:
                run.changed.wait_for(lambda: run.ended, 0.2)
        self.assert_all_is_well(run.finish())


if __name__ == "__main__":
    unittest.main(verbosity=2)
