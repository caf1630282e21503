"""What a machine's service manager and shells meet: the unit, its protocol, and completions."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

import harness
import serve_test

UNIT = harness.SOURCE / "deploy" / "sluice.service"
MOST = 15  # tenths: the exposure that systemd reckons


class Unit(unittest.TestCase):
    def score(self, unit):
        return subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=%d" % MOST, unit],
                              capture_output=True, text=True)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze here")
    def test_the_unit_is_hardly_exposed(self):
        done = self.score(UNIT)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr)
        self.assertIn("Overall exposure level", done.stdout)
        with tempfile.TemporaryDirectory() as folder:
            open_to_all = pathlib.Path(folder) / "sluice.service"
            open_to_all.write_text("\n".join(l for l in UNIT.read_text().splitlines() if not l.startswith(("Protect", "Private", "System"))))
            self.assertNotEqual(self.score(open_to_all).returncode, 0)


    def test_it_is_started_again_until_its_store_is_there_but_not_with_a_wrong_manifest(self):
        said = set(UNIT.read_text().splitlines())
        self.assertLessEqual({"StartLimitIntervalSec=0", "Restart=on-failure", "RestartPreventExitStatus=78"}, said)


class Notified(harness.Case):
    def test_the_manager_is_told_when_it_is_ready_lives_and_ends(self):
        path = pathlib.Path(self.folder.name) / "notify"
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(str(path))
        manager.settimeout(120)
        os.environ["NOTIFY_SOCKET"] = str(path)
        self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
        host = serve_test.Host(self, self.manifest)
        self.assertEqual(manager.recv(100), b"READY=1")
        self.assertEqual(manager.recv(100), b"WATCHDOG=1")
        self.assertEqual(manager.recv(100), b"WATCHDOG=1", "and again while nothing happens")
        host.stop()
        told = b""
        while told != b"STOPPING=1":
            told = manager.recv(100)


class Completion(unittest.TestCase):
    def script(self, shell):
        done = subprocess.run([harness.SLUICE, "completion", shell], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def complete(self, *words):
        """What bash offers for the last of these words."""
        asked = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluice; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-uc", self.script("bash") + asked, "-", "sluice", *words], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def test_bash_completes_commands_options_and_what_they_take(self):
        self.assertEqual(self.complete("ser"), ["serve"])
        self.assertEqual(set(self.complete("runs", "")) & {"list", "show", "watch", "cancel", "retry", "approve", "run"},
                         {"list", "show", "watch", "cancel", "retry", "approve"})
        self.assertEqual(self.complete("run", "m.yaml", "--te"), ["--tenant"])
        self.assertEqual(self.complete("runs", "list", "--state", "pa"), ["partial"])
        self.assertEqual(self.complete("--log-level", "w"), ["warn"])
        self.assertIn("sync:start", self.complete("token", "create", "--scope", ""))
        self.assertEqual(self.complete("run", "--nothing"), [])

    def test_the_other_shells_can_read_theirs(self):
        for shell in ("zsh", "fish"):
            text = self.script(shell)
            self.assertIn("runs list", text)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n", "/dev/stdin"], input=text, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
