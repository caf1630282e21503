"""A realm of a real Keycloak by way of Temporal: the rows that `direct` makes of it."""
import pathlib
import sys
import unittest

import cluster

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "upstreams"))
import keycloak  # noqa: E402
import real  # noqa: E402


class OnTemporal(keycloak.Example):
    @classmethod
    def setUpClass(cls):
        cls.temporal = cluster.Server().start()
        cls.addClassCleanup(cls.temporal.stop)
        cls.server = keycloak.Keycloak()
        cls.addClassCleanup(cls.server.stop)
        cls.environment = {"KEYCLOAK_URL": cls.server.url}
        cls.server.script("seed.py", "small")

    def setUp(self):
        super().setUp()
        direct = "  direct: { uses: direct }\n"
        self.change(direct, direct + '  temporal: { uses: temporal, address: "%s" }\nrouting: { default: temporal }\n' % self.temporal.address)

    # covers: P1, P7
    def test_the_rows_are_those_that_direct_makes_of_it(self):
        receipt = self.sync("small")
        self.assertEqual((receipt["backend"], receipt["state"]), ("temporal", "succeeded"))
        self.assertEqual(self.temporal.closed(receipt["run_id"]), "COMPLETED")
        self.assert_holds("small", self.server.read("small")[0])
        rows = self.held("small")
        again = self.sync("small", "--backend", "direct")
        self.assertEqual((again["backend"], self.written(again)), ("direct", 0), "nothing is left to write")
        # And alone, into a store of its own.
        self.doCleanups()
        super().setUp()
        self.assertEqual(self.sync("small")["backend"], "direct")
        self.assertEqual(self.held("small"), rows)


if __name__ == "__main__":
    cluster.need()
    real.need("java", "mvn", "curl")
    unittest.main()
