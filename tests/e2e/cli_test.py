"""The command line as scripts and operators meet it: exit codes, lines of the log, receipts, plugins."""
import json
import os
import shutil
import subprocess
import unittest

import harness


# No name is an instant, so that every record gives a row that is rejected.
REJECTED = """
  entities:
    uses: entities
    reads:
      users:
        from: crm
        request: { path: "/v1/tenants/${tenant}/users", page: { style: cursor, next: /next, param: cursor, size: { limit: 100 } } }
        records: /data
        rejects: { max: 100% }
        into: [ { stream: entities, map: { kind: { const: user }, external_id: /id, name: /name, created_at: { at: /name, as: rfc3339 } } } ]
"""


class Lines:
    """Standard error of a command, each line parsed."""

    def __init__(self, text):
        self.all = [json.loads(line) for line in text.splitlines()]

    def of(self, code):
        return [line for line in self.all if line.get("code") == code]


class ExitCodes(harness.Case):
    def refused(self, exit_code, code, *args, **more):
        """A command that ends with an error; what it says of it is the same on both outputs."""
        done = self.sluice(*args, **more)
        self.assertEqual(done.returncode, exit_code, done.stderr + done.stdout)
        line = Lines(done.stderr).of(code)[-1]
        self.assertEqual(line["level"], "error")
        self.assertEqual(json.loads(done.stdout)["error"], {"code": code, "message": line["msg"]})
        return line["msg"]

    def run_of(self, *args):
        return "run", self.manifest, *args

    def test_what_the_caller_got_wrong_is_2_and_leaves_no_store(self):
        self.assertIn("`acme`", self.refused(2, "SLU-6028", *self.run_of("--tenant", "acmee")))
        self.assertIn("`direct`", self.refused(2, "SLU-6023", *self.run_of("--tenant", "acme", "--backend", "nope")))
        self.refused(2, "SLU-6040", *self.run_of("--tenant", "acme", "--subject", "u"))
        self.refused(2, "SLU-7011", *self.run_of("--tenant", "acme", "--correlation-id", "a b"))
        self.refused(2, "SLU-7001", *self.run_of())
        self.assertFalse(self.store.path.exists())

    def test_a_mistyped_command_gets_a_suggestion(self):
        self.assertIn("did you mean `check`", self.refused(2, "SLU-7001", "chek", self.manifest))
        self.assertIn("did you mean `list`", self.refused(2, "SLU-7001", "runs", "lst"))

    # covers: P23
    def test_a_plugin_that_differs_from_its_pin_is_78_and_leaves_no_store(self):
        lock = self.manifest.parent / "sluice.lock"
        self.sluice("plugins", "lock", "--output", lock)
        lock.write_text("".join(l.replace(l.split()[2], "0" * 64) + "\n" if l.startswith("http ") else l + "\n"
                                for l in lock.read_text().splitlines()))
        config = self.manifest.parent / "host.yaml"
        config.write_text("plugins: [ %s ]\nlock: %s\n" % (harness.PLUGINS, lock))
        self.refused(78, "SLU-2017", "--config", config, *self.run_of("--tenant", "acme"))
        self.assertFalse(self.store.path.exists())

    # covers: S12
    def test_a_store_that_another_process_writes_is_75(self):
        process = harness.start_endless(self, 1)
        self.refused(75, "SLU-5025", *self.run_of("--tenant", "acme"))
        self.refused(75, "SLU-5025", "migrate", self.manifest)
        process.kill()

    # covers: P19
    def test_a_wrong_manifest_is_78_with_all_its_diagnostics(self):
        self.manifest.write_text(self.manifest.read_text().replace("phases:", "phase:").replace("retry:", "retri:"))
        done = self.sluice(*self.run_of("--tenant", "acme"))
        self.assertEqual(done.returncode, 78)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["error"]["code"], answer["diagnostics"][0]["code"])
        self.assertGreater(len(answer["diagnostics"]), 1)
        self.assertEqual(len(Lines(done.stderr).of("SLU-1013")), 2)

    # covers: H11
    def test_an_answer_that_can_not_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(self.command(*self.run_of("--tenant", "acme")), stdout=full, stderr=subprocess.PIPE,
                                  text=True, env=self.environment())
        self.assertEqual(done.returncode, 1)
        self.assertEqual(Lines(done.stderr).all[-1]["code"], "SLU-7013")

    # covers: H11
    def test_a_closed_standard_error_does_not_put_the_log_into_another_file(self):
        done = subprocess.run(["sh", "-c", 'exec "$@" 2>&-', "sh", *self.command(*self.run_of("--tenant", "acme"))],
                              stdout=subprocess.PIPE, text=True, env=self.environment())
        self.assertEqual(done.returncode, 0)
        self.assertRegex((self.store.path.parent / "sluice.db.lock").read_text(), r"\Aprocess \d+ on \S+\n\Z")


class Log(harness.Case):
    def test_every_line_of_a_run_has_time_level_message_and_its_correlation_id(self):
        self.write_manifest(domains=harness.DOMAINS.replace("critical: true", "critical: false"))
        lines = Lines(self.sluice("run", self.manifest, "--tenant", "acme", "--correlation-id", "my-id-1").stderr).all
        self.assertTrue(any(line.get("event") == "progress" for line in lines))
        for line in lines:
            self.assertTrue({"ts", "level", "msg"} <= line.keys(), line)
            self.assertEqual(line["correlation_id"], "my-id-1", line)
        ended = [line for line in lines if line["msg"] == "run ended"]
        self.assertEqual([(line["state"], "error" in line) for line in ended], [("succeeded", False)])

    def test_progress_can_be_left_out(self):
        done = self.sluice("--log-level", "error", "run", self.manifest, "--tenant", "acme")
        self.assertEqual(done.stderr, "")

    def test_a_run_that_is_taken_over_keeps_its_correlation_id(self):
        process = harness.start_endless(self, 1)
        process.kill()
        process.wait()
        self.upstream.faults()
        done = self.sluice("run", self.manifest, "--tenant", "acme", "--correlation-id", "another")
        own = json.loads(done.stdout)["correlation_id"]
        of_run = [line for line in Lines(done.stderr).all if line.get("event") == "progress" or line.get("run_id")]
        self.assertEqual({line["correlation_id"] for line in of_run}, {own})
        self.assertTrue(any("going on with run" in line["msg"] for line in of_run))


class Answers(harness.Case):
    def text(self, *args, **environment):
        return subprocess.run([harness.SLUICE, "--plugins", harness.PLUGINS, *args], capture_output=True, text=True,
                              env=self.environment(**environment))

    def test_a_receipt_shows_each_stage_and_where_to_look(self):
        self.write_manifest(phases="  essential: { deadline: 10s, fresh_for: 0s, sync: [ credits ] }")
        done = self.text("run", self.manifest, "--tenant", "acme")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stdout, r"credits\.credits  complete +\d+ pages? +\d+ records = \d+ mapped \+ 0 filtered \+ 0 rejected")
        self.assertIn("sluice deferred list --tenant acme --pipeline %s" % self.manifest, done.stdout)

    # covers: P18
    def test_a_failure_stands_in_a_receipt_once(self):
        self.upstream.faults({"match": {"path": "*"}, "do": "status", "status": 404})
        done = self.text("run", self.manifest, "--tenant", "acme")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count("/credits: 404"), 1, done.stdout)
        self.assertNotIn("stream   ", done.stdout, "no table without rows")

    def test_runs_are_listed_with_time_duration_and_code(self):
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "status", "status": 500})
        receipt = self.run_sync(exit_code=1)
        line = self.text("runs", "list", "--pipeline", self.manifest).stdout
        self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\S+Z +\d+\.\d s  failed +acme +%s  SLU-\d{4} " % receipt["run_id"])
        listed = json.loads(self.sluice("runs", "list", "--pipeline", self.manifest).stdout)[0]
        self.assertFalse({"stages", "streams"} & listed.keys())

    # covers: P1
    def test_rejects_are_those_of_the_newest_run(self):
        phase = "  essential: { deadline: 10s, fresh_for: 0s, sync: [ entities ] }"
        self.write_manifest(domains=REJECTED, phases=phase)
        runs = [self.run_sync(exit_code=3)["run_id"] for _ in range(2)]
        listed = self.text("rejects", "list", "--pipeline", self.manifest, "--limit", "100000").stdout.splitlines()
        self.assertTrue(listed)
        self.assertEqual({line.split()[0] for line in listed}, {runs[1]})
        shown = self.text("runs", "show", runs[1], "--pipeline", self.manifest).stdout
        self.assertIn("sluice rejects list --run %s --pipeline %s" % (runs[1], self.manifest), shown)
        self.write_manifest(domains=REJECTED.replace("at: /name", "at: /created_at"), phases=phase)
        self.run_sync()
        mended = self.text("rejects", "list", "--pipeline", self.manifest)
        self.assertEqual(mended.stdout, "")
        self.assertIn("no rejects", mended.stderr)
        everything = json.loads(self.sluice("rejects", "list", "--pipeline", self.manifest, "--all", "--limit",
                                            "100000").stdout)
        self.assertEqual({r["run_id"] for r in everything}, set(runs))
        self.assertRegex(everything[0]["at"], r"^\d{4}-\d\d-\d\dT")

    def test_looking_needs_the_store_part_of_the_manifest_alone(self):
        self.run_sync()
        self.manifest.write_text(self.manifest.read_text().replace("uses: roles", "uses: nowhere"))
        bare = {k: v for k, v in os.environ.items() if k not in ("CRM_URL", "ACME_TOKEN")}
        for command in (["runs", "list"], ["rejects", "list"], ["deferred", "list"]):
            done = subprocess.run(self.command(*command, "--pipeline", self.manifest), capture_output=True, text=True,
                                  env=bare)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.text("runs", "list", "--pipeline", self.manifest, "--state", "bogus").returncode, 2)
        self.assertIn("no runs of tenant `bogus`", self.text("runs", "list", "--pipeline", self.manifest, "--tenant",
                                                             "bogus").stderr)
        unknown = self.text("rejects", "list", "--pipeline", self.manifest, "--run", "nope")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("SLU-7012", unknown.stderr)

    def test_looking_at_a_store_that_is_not_there_says_so(self):
        done = self.text("runs", "list", "--pipeline", self.manifest)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no %s; has anything run yet?" % self.store.path, done.stderr)


class Plugins(harness.Case):
    def broken(self):
        folder = self.manifest.parent / "plugins"
        shutil.copytree(harness.PLUGINS, folder)
        described = folder / "credits" / "plugin.json"
        described.write_text(described.read_text().replace('"columns"', '"colums"', 1))
        return folder

    def text(self, folder, *args):
        return subprocess.run([harness.SLUICE, "--plugins", folder, "plugins", *args], capture_output=True, text=True)

    def test_one_that_is_refused_is_shown_with_the_reason_once(self):
        folder = self.broken()
        listed = self.text(folder, "list")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn("BROKEN", listed.stdout)
        self.assertIn("SLU-2003", listed.stderr)
        self.assertIn("searched: %s" % folder, listed.stderr)
        checked = self.text(folder, "doctor")
        self.assertEqual(checked.returncode, 78, checked.stderr)
        self.assertEqual(checked.stdout.count("`colums`"), 1, checked.stdout)
        self.assertNotIn("fix: \n", checked.stdout)
        self.assertNotIn("SLU-7099", checked.stderr)

    def test_a_folder_that_is_not_there_is_named(self):
        for command in ("list", "doctor"):
            done = self.text("nofolder", command)
            self.assertIn("SLU-2007", done.stdout + done.stderr)
            self.assertNotIn("SLU-7099", done.stdout + done.stderr)

    def test_a_folder_that_is_itself_a_plugin_gets_a_hint(self):
        done = self.text(harness.PLUGINS / "http", "list")
        self.assertIn("name the folder that holds it: %s" % harness.PLUGINS, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
