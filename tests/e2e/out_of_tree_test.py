"""A fourth domain, built against the installed SDK alone, synced by the untouched program."""
import hashlib
import json
import pathlib
import shutil
import subprocess
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


if __name__ == "__main__":
    unittest.main(verbosity=2)
