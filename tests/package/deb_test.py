"""The .deb from its making to its end: what is in it, what installing does, that it serves, and what is left behind."""
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness
import hosted
import logged

RELEASE = pathlib.Path(os.environ.get("SLUICE_RELEASE_DIR", harness.SOURCE / "build" / "release"))
ETC = pathlib.Path("/etc/sluice")
PLUGINS = ["entities", "credits", "roles", "http", "files", "direct"]


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **more)
    if done.returncode:
        raise AssertionError("%s: %d\n%s%s" % (command, done.returncode, done.stdout[-3000:], done.stderr[-3000:]))
    return done.stdout


def reason_to_skip():
    if os.geteuid() != 0:
        return "installing a package needs root"
    if not shutil.which("dpkg") or not shutil.which("dpkg-shlibdeps"):
        return "this is no Debian with dpkg-dev"
    known = subprocess.run(["dpkg-query", "-W", "sluice"], capture_output=True).returncode == 0
    return "sluice is installed on this machine already" if known or ETC.exists() else None


class Host(logged.Logged):
    def __init__(self, case, config):
        # Becomes the user and then the program itself, which so gets our signals.
        command = ["setpriv", "--reuid=sluice", "--regid=sluice", "--init-groups", "/usr/bin/sluice", "--config", config, "serve"]
        super().__init__(case, command, case.environment())

    def wait_for(self, **what):
        return self.lines_that(lambda l: all(l.get(k) == v for k, v in what.items()), 1, what)


class Package(hosted.Hosted, harness.Case):
    @classmethod
    def setUpClass(cls):
        if (why := reason_to_skip()) is not None:
            raise unittest.SkipTest(why)
        environment = {**os.environ, "CCACHE_BASEDIR": str(harness.SOURCE), "CCACHE_NOHASHDIR": "1"}
        run("cmake", "--preset", "release", "-B", RELEASE, cwd=harness.SOURCE)
        run("nice", "ninja", "-C", RELEASE, "-j", os.cpu_count(), env=environment)
        cls.made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.made.cleanup)
        run("cpack", "--config", RELEASE / "CPackConfig.cmake", "-B", cls.made.name)
        (cls.deb,) = pathlib.Path(cls.made.name).glob("*.deb")
        cls.addClassCleanup(subprocess.run, ["dpkg", "--purge", "sluice"], capture_output=True)

    def test_from_installing_to_purging(self):
        self.look_inside()
        run("dpkg", "-i", self.deb)
        self.look_at_its_pages()
        self.look_at_what_installing_did()
        self.serve_as_its_user()
        self.build_a_plugin_against_its_sdk()
        run("dpkg", "-i", self.deb)  # an upgrade keeps what was changed
        self.assertIn("# mine", (ETC / "host.yaml").read_text())
        run("dpkg", "--remove", "sluice")
        self.assertFalse(pathlib.Path("/usr/bin/sluice").exists())
        self.assertFalse(pathlib.Path("/usr/lib/sluice").exists())
        self.assertTrue((ETC / "tokens.json").exists(), "removing keeps what was made here")
        run("dpkg", "--purge", "sluice")
        self.assertFalse(ETC.exists())

    def look_inside(self):
        lines = [line.split(None, 5) for line in run("dpkg-deb", "--contents", self.deb).splitlines()]
        there = {line[5].lstrip("."): line[0] for line in lines}
        wanted = ["/usr/bin/sluice", "/usr/lib/systemd/system/sluice.service", "/usr/lib/sysusers.d/sluice.conf",
                  "/usr/share/bash-completion/completions/sluice", "/usr/share/zsh/vendor-completions/_sluice",
                  "/usr/share/fish/vendor_completions.d/sluice.fish", "/usr/include/sluice/domain.hpp",
                  "/usr/share/man/man1/sluice.1.gz", "/usr/share/doc/sluice/changelog.gz",
                  "/usr/share/sluice/prometheus/sluice.rules.yml", "/usr/share/sluice/grafana/sluice.json",
                  "/usr/lib/cmake/sluice-sdk/sluice-sdk-config.cmake", "/usr/share/sluice/template/plugin.json",
                  "/usr/share/doc/sluice/docs/operate.md", "/usr/share/doc/sluice/examples/demo/sign-in.yaml", "/usr/share/doc/sluice/copyright", "/usr/share/sluice/host.yaml"]
        wanted += ["/usr/lib/sluice/plugins/%s/%s" % (p, f) for p in PLUGINS for f in ("plugin.json", p + ".so")]
        self.assertEqual([w for w in wanted if w not in there], [])
        self.assertEqual([p for p, mode in there.items() if mode[5] == "w" or mode[8] == "w"], [], "others may write it")
        self.assertEqual([p for p in there if p != "/" and not p.startswith("/usr")], [])
        depends = run("dpkg-deb", "--field", self.deb, "Depends")
        for library in ("libc6", "libpqxx", "libsqlite3-0", "libcurl4", "ca-certificates"):
            self.assertIn(library, depends)
        if shutil.which("lintian"):
            lint = subprocess.run(["lintian", "--no-cfg", "--fail-on", "error,warning", self.deb], capture_output=True, text=True)
            self.assertEqual(lint.returncode, 0, lint.stdout + lint.stderr)

    def look_at_its_pages(self):
        """Every link between them leads somewhere, but for what only who changes sluice needs."""
        docs = pathlib.Path("/usr/share/doc/sluice")
        pages = sorted(docs.rglob("*.md"))
        links = [(p.name, os.path.relpath(os.path.normpath(p.parent / to), docs)) for p in pages
                 for to in re.findall(r"\]\(([\w./-]+)[#)]", p.read_text())]
        self.assertGreater(len(links), 50)
        dead = {(page, to) for page, to in links if not (docs / to).exists()}
        self.assertEqual({d for d in dead if not re.match("CONTRIBUTING|LICENSE|tests|deploy|core|sdk|bench|docs/TESTING|plugins/.*/plugin.json$", d[1])}, set())

    def look_at_what_installing_did(self):
        user = pwd.getpwnam("sluice")
        self.assertEqual((ETC.stat().st_uid, ETC.stat().st_mode & 0o777), (user.pw_uid, 0o750))
        self.assertIn("127.0.0.1", (ETC / "host.yaml").read_text())
        self.assertRegex(run("/usr/bin/sluice", "--version"), r"\d+\.\d+")
        report = json.loads(run("/usr/bin/sluice", "--json", "plugins", "doctor"))
        self.assertTrue(report["healthy"], report)
        self.assertLessEqual(set(PLUGINS), {p["name"] for p in report["plugins"]})
        if shutil.which("systemd-analyze"):
            checked = subprocess.run(["systemd-analyze", "verify", "/usr/lib/systemd/system/sluice.service"], capture_output=True, text=True)
            self.assertEqual((checked.returncode, [l for l in checked.stderr.splitlines() if "sluice" in l]), (0, []))

    def serve_as_its_user(self):
        (ETC / "host.yaml").write_text((ETC / "host.yaml").read_text().replace(":7464", ":0") + "# mine\n")
        manifest = harness.manifest(self.store).replace(str(self.store.path), "/var/lib/sluice/e2e.db")
        (ETC / "manifests" / "e2e.yaml").write_text(manifest)
        made = run("runuser", "-u", "sluice", "--", "/usr/bin/sluice", "--json", "--config", ETC / "host.yaml", "token", "create",
                   "--all-tenants", "--scope", "admin")
        self.token = json.loads(made)["token"]
        user = pwd.getpwnam("sluice")
        place = pathlib.Path("/run/sluice")  # which systemd makes
        place.mkdir(mode=0o755)
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        os.chown(place, user.pw_uid, user.pw_gid)
        host = Host(self, ETC / "host.yaml")
        host.address = host.wait_for(event="http.listening")[0]["address"]
        answer = self.sign_in(host, wait=60)
        self.assertEqual((answer.status, answer.json["tenant"]["essential"]["over"]), (200, True), answer.text)
        self.assertIn("web/app.js", self.ask(host, "GET", "/").text)
        health = json.loads(run("/usr/bin/sluice", "--json", "--config", ETC / "host.yaml", "health"))
        self.assertEqual(health["status"], "healthy")
        host.process.terminate()
        self.assertEqual(host.process.wait(timeout=60), 0)

    def build_a_plugin_against_its_sdk(self):
        work = pathlib.Path(self.folder.name) / "plugin"
        shutil.copytree("/usr/share/sluice/template", work)
        run("cmake", "-S", work, "-B", work / "build", "-G", "Ninja")
        run("cmake", "--build", work / "build")
        report = json.loads(run("/usr/bin/sluice", "--json", "--plugins", work / "build" / "plugins", "plugins", "doctor"))
        self.assertTrue(report["healthy"], report)


if __name__ == "__main__":
    unittest.main(verbosity=2)
