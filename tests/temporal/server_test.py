"""A server that is away: runs wait for it, and are not lost."""
import unittest

import cluster

SLOW = ("--tenants", "acme:300", "--seed", "7", "--max-limit", "20", "--latency", "30ms")


class Away(cluster.Case):
    upstream_args = SLOW

    # covers: T1, P14, P18
    def test_a_run_that_is_asked_for_while_it_is_away_begins_when_it_is_there(self):
        self.server.kill()
        run = self.begin()
        run_id = run.run_id()
        said = run.wait_for(lambda l: l.get("event") == "run.waits")
        self.assertEqual((said["level"], said["code"]), ("warn", "SLU-4802"))
        self.server.start()
        self.assertEqual(run.receipt()["run_id"], run_id)
        self.assert_holds_what_the_upstream_has()

    # covers: T1, P14, P18
    def test_direct_stands_in_for_one_that_is_away(self):
        text = self.manifest.read_text()
        self.manifest.write_text(text.replace(
            "default: temporal", "default: temporal, when_unavailable: { temporal: { use: direct, after: 1s } }"))
        self.server.kill()
        receipt = self.begin().receipt()
        self.assertEqual((receipt["backend"], receipt["state"]), ("direct", "succeeded"))
        self.assertIn("SLU-4802", receipt["route_reason"])
        self.assert_holds_what_the_upstream_has()
        self.server.start()
        receipt = self.begin().receipt()
        self.assertEqual((receipt["backend"], receipt["state"]), ("temporal", "succeeded"))
        self.assertEqual(self.server.closed(receipt["run_id"]), "COMPLETED")

    # covers: T1, T2, P8, P9
    def test_one_that_freezes_and_comes_back_does_nothing_twice(self):
        text = self.manifest.read_text()
        self.manifest.write_text(text.replace(
            "default: temporal", "default: temporal, when_unavailable: { temporal: { use: direct, after: 1s } }"))
        first = self.run_sync()
        self.assertEqual(first["backend"], "temporal")
        self.server.freeze()
        run = self.begin()
        receipt = run.receipt()
        self.server.thaw()
        self.assertEqual((receipt["backend"], receipt["state"]), ("direct", "succeeded"))
        self.assertEqual(self.written(receipt), 0)
        again = self.run_sync()
        self.assertEqual((again["backend"], again["state"]), ("temporal", "succeeded"))
        self.assert_holds_what_the_upstream_has()

    # covers: T2, P14
    def test_it_is_killed_in_the_middle_and_comes_back_with_its_state(self):
        run = self.begin()
        run_id = run.run_id()
        run.progress(3)
        self.server.kill()
        self.server.start()
        self.assertEqual(run.receipt()["state"], "succeeded")
        self.assertEqual(self.server.closed(run_id), "COMPLETED")
        self.assert_holds_what_the_upstream_has()

    # covers: T8, P18
    def test_a_namespace_that_does_not_exist_is_named(self):
        self.manifest.write_text(self.manifest.read_text().replace("uses: temporal,", "uses: temporal, namespace: nowhere,"))
        run = self.begin()
        said = run.wait_for(lambda l: "SLU-4803" in str(l) and l["level"] == "error")
        self.assertIn("nowhere", said["msg"])


if __name__ == "__main__":
    cluster.need()
    unittest.main()
