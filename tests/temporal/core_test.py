"""Core knows nothing of Temporal or of what its plugin is made with: neither its sources nor the program."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

BUILD = pathlib.Path(os.environ["SLUICE_BINARY_DIR"])
PLUGIN = BUILD / "plugins" / "temporal"
FOREIGN = re.compile(r"grpc|protobuf|\babsl::|libabsl|temporal(?!ly)", re.IGNORECASE)


def told(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True).stdout


def needed(file):
    return [line for line in told("readelf", "-dW", file).splitlines() if "(NEEDED)" in line]


def foreign(lines):
    return [line for line in lines if FOREIGN.search(line)]


class Core(unittest.TestCase):
    def test_its_sources_do_not_speak_of_it(self):
        files = [f for folder in ("core", "sdk") for f in (harness.SOURCE / folder).rglob("*") if f.is_file()]
        self.assertGreater(len(files), 100)
        said = ["%s: %s" % (f, line) for f in files for line in foreign(f.read_text(errors="replace").splitlines())]
        self.assertEqual(said, [])

    def test_the_program_has_nothing_of_it(self):
        symbols = told("nm", "-C", BUILD / "bin" / "sluice").splitlines()
        self.assertGreater(len(symbols), 1000, "the program has been stripped")
        self.assertEqual(foreign(symbols), [])
        self.assertEqual(foreign(needed(BUILD / "bin" / "sluice")), [])

    @unittest.skipUnless(PLUGIN.is_dir(), "the plugin is not built")
    def test_the_plugin_has(self):
        (library,) = PLUGIN.glob("*.so")
        self.assertTrue(foreign(needed(library)))
        self.assertTrue(foreign(told("nm", "-DC", library).splitlines()))


if __name__ == "__main__":
    unittest.main()
