"""A fourth domain, built against the installed SDK alone, synced by the untouched program."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import harness

DOMAIN = """
  badges:
    uses: badge
    reads:
      badges:
        from: crm
        request: { path: "/v1/tenants/${tenant}/users", page: { style: cursor, next: /next, param: cursor, size: { limit: 100 } } }
        records: /data
        into: [ { stream: badges, map: { external_id: /id, name: /username, points: { const: 3 } } } ]
"""


class OutOfTree(harness.Case):
    def test_a_new_domain_drops_in_without_touching_the_core(self):
        core = hashlib.sha256(harness.SLUICE.read_bytes()).hexdigest()
        plugins = pathlib.Path(self.folder.name) / "plugins"
        shutil.copytree(harness.PLUGINS, plugins)
        built = subprocess.run([harness.SOURCE / "tests" / "abi" / "build_out_of_tree.sh",
                                pathlib.Path(self.folder.name) / "sdk", plugins], capture_output=True, text=True)
        self.assertEqual(built.returncode, 0, built.stdout + built.stderr)
        self.write_manifest(domains=DOMAIN, phases="  essential: { deadline: 10s, fresh_for: 0s, sync: [ badges ] }")
        done = self.sluice("run", self.manifest, "--tenant", "acme", plugins=plugins)
        self.assertEqual(done.returncode, 0, done.stderr)
        receipt = json.loads(done.stdout)
        users = self.upstream.streams("acme")["entities"]["count"]
        rows = self.store.query("SELECT count(*), sum(points) FROM badges WHERE tenant_id = 'acme'")[0]
        self.assertEqual(receipt["streams"]["badges"]["inserted"], rows[0])
        self.assertTrue(0 < rows[0] <= users)
        self.assertEqual(rows[1], 3 * rows[0])
        self.assertEqual(hashlib.sha256(harness.SLUICE.read_bytes()).hexdigest(), core)

    # covers: P23
    def test_a_plugin_that_was_refused_is_named_where_a_manifest_uses_it(self):
        plugins = pathlib.Path(self.folder.name) / "plugins"
        shutil.copytree(harness.PLUGINS, plugins)
        described = plugins / "roles" / "plugin.json"
        described.write_text(described.read_text().replace('"columns"', '"colums"', 1))
        checked = self.sluice("check", self.manifest, plugins=plugins)
        self.assertEqual(checked.returncode, 78)
        self.assertIn("SLU-1030", checked.stdout)
        self.assertRegex(checked.stdout, "`roles` is there, but was refused: SLU-2003 .*/roles/plugin.json: /components/0")


class Installed(unittest.TestCase):
    def demo_has(self, file):
        """Whether `scripts/demo` leaves that file of a build folder behind, by its own line."""
        built = re.search(r"^build release (.*) \{(.*)\}\.so$", (harness.SOURCE / "scripts" / "demo").read_text(), re.M)
        self.assertIn("sluice sluice-upstream package-files", built[1])
        plugins = ["plugins/%s/%s.so" % (name, name) for name in built[2].split(",")]
        return file.startswith(("sdk/", "package/")) or file in ("bin/sluice", *plugins)

    def test_what_the_demo_has_built_can_be_installed(self):
        build = harness.BINARY
        part = pathlib.Path(tempfile.mkdtemp(prefix="part-", dir=build))  # beside the real ones, so that they need no copy
        self.addCleanup(shutil.rmtree, part)
        wanted = set()
        for script in [s for s in build.rglob("cmake_install.cmake") if not s.relative_to(build).parts[0].startswith("part-")]:
            text = script.read_text()
            wanted |= set(re.findall(r'"%s/([^"$]+)"' % re.escape(str(build)), text))
            mine = part / script.relative_to(build)
            mine.parent.mkdir(parents=True, exist_ok=True)
            mine.write_text(text.replace('"%s/' % build, '"%s/' % part))
        files = [f for f in wanted if not f.endswith("cmake_install.cmake")]
        for file in filter(self.demo_has, files):
            (part / file).parent.mkdir(parents=True, exist_ok=True)
            if file.startswith("package/"):
                (part / file).touch()  # made by the whole build
            else:
                os.link(build / file, part / file)
        done = subprocess.run(["cmake", "-DCMAKE_INSTALL_PREFIX=%s" % (part / "prefix"), "-P", part / "cmake_install.cmake"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        plugins = part / "prefix" / "lib" / "sluice" / "plugins"
        whole = {folder.name for folder in plugins.iterdir() if {"plugin.json", folder.name + ".so"} == {f.name for f in folder.iterdir()}}
        self.assertEqual(whole, {pathlib.Path(f).stem for f in files if f.endswith(".so") and self.demo_has(f)})
        doctor = subprocess.run([part / "prefix" / "bin" / "sluice", "--json", "plugins", "doctor"], capture_output=True, text=True)
        self.assertEqual(doctor.returncode, 0, doctor.stdout[-2000:] + doctor.stderr[-2000:])
        self.assertNotIn("temporal", doctor.stdout + doctor.stderr, "what is not there is not half there")


if __name__ == "__main__":
    unittest.main(verbosity=2)
