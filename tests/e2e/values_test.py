"""Pages that are too much, and records that hold what can't be kept or must be kept exactly, end to end."""
import json
import unittest

import harness
from faults import CURSOR, DOMAINS, PHASES, USERS, Faults, users


class Sizes(Faults):
    """Pages that are too much."""

    # covers: U16, P25
    def test_a_page_that_is_too_large_names_the_knob(self):
        self.refused("SLU-3120", "larger than 4194304 bytes", "max_page", faults=[{"match": USERS, "do": "huge", "mib": 8}])
        body = '{"data":[' + ",".join(["{}"] * 10_001) + '],"next":null}'
        self.refused("SLU-4107", "more than 10000 records: ask for smaller pages",
                     faults=[{"match": USERS, "do": "status", "status": 200, "body": body}])

    # covers: U16, P25
    def test_a_text_of_more_than_a_mebibyte_costs_its_record(self):
        self.rejects({"match": users(nth=1), "do": "replace", "key": "name", "with": json.dumps("x" * (2**20 + 1))}, "is larger than")
        self.healed()

    # covers: U17, P25
    def test_a_bomb_is_stopped_by_its_ratio_whatever_packs_it(self):
        for how in ("bomb", "zstd_bomb"):  # of 32 MiB, which the upstream packs in no time
            self.refused("SLU-3121", "compressed more than 100:1", faults=[{"match": USERS, "do": how, "mib": 32}])
        for how in ("gzip", "zstd"):
            self.fresh()
            self.passes({"match": users(nth=2), "do": how})

    # covers: U18, P25
    def test_nesting_has_a_cap_and_costs_its_record(self):
        self.refused("SLU-3119", tries=3, faults=[{"match": USERS, "do": "deep"}])
        self.fresh()
        deep = "[" * 100_000 + "]" * 100_000
        self.rejects({"match": users(nth=1), "do": "replace", "key": "name", "with": ["[" * 62 + "]" * 62, deep]},
                     "name: expected text, got an array", "is nested deeper than 64 levels")
        self.healed()


class Values(Faults):
    """Records that hold what can't be kept, or must be kept exactly."""

    # covers: U8, P5
    def test_bytes_that_are_no_text_cost_their_record(self):
        for how, reason in (("bad_utf8", "no UTF-8"), ("lone_surrogate", "half of a surrogate pair")):
            self.fresh()
            self.rejects({"match": users(nth=2), "do": how}, reason)
            self.healed()
        self.fresh()
        self.passes({"match": users(nth=2), "do": "bom"})

    # covers: U9, P5
    def test_a_nul_costs_its_record(self):
        self.rejects({"match": users(nth=2), "do": "nul"}, "U+0000")
        self.healed()

    def amounts(self):
        return {row[0]: row[4] for row in self.store.rows("entity_credits")}

    # covers: U19, U20, P5
    def test_numbers_are_kept_digit_for_digit_or_refused(self):
        kept = [("9007199254740993", "9007199254740993"), ("18446744073709551616", "18446744073709551616"), ("0.1", "0.1"),
                ("0.30000000000000004", "0.30000000000000004"), ("1E+2", "100"), ("12.50", "12.50"),
                ("1234567890123456789012345678901234567890", "1234567890123456789012345678901234567890"),
                ("1e400", "1" + "0" * 400)]
        refused = ["1e401", "1e-401", "1e131071", "1e99999999999999999999", "9" * 1001]
        grants = [r for r in self.listed("credits") if r["kind"] == "grant"]
        texts, want = iter(kept), {}
        with_, reasons = [], iter(refused)
        for record in self.listed("credits")[:200]:
            if record["kind"] != "grant":
                with_.append("1")
                continue
            pair = next(texts, None)
            if pair:
                want[record["id"]] = pair[1]
                with_.append(pair[0])
                continue
            text = next(reasons, None)
            if text is None:
                break
            with_.append(text)
        self.assertGreater(len(grants), len(kept) + len(refused))
        self.rejects({"match": {"path": "*/credits", "nth": 1}, "do": "replace", "key": "amount", "with": with_, "count": len(with_)},
                     "beyond 400: 1e401", "beyond 400: 1e-401", "beyond 400: 1e131071", "beyond 400: 1e9999", "more than 1000 digits")
        got = self.amounts()
        self.assertEqual({k: got[k] for k in want}, want)
        self.healed()

    # covers: U21, P5
    def test_times_are_the_same_instant_or_refused(self):
        kept = {"2026-03-29T02:30:00Z": 1774751400, "2026-01-02T03:04:05+0530": 1767303245, "2026-01-02T03:04:05-00:00": 1767323045,
                "2016-12-31T23:59:60Z": 1483228800, "0001-01-01T00:00:00Z": -62135596800, "9999-12-31T23:59:59Z": 253402300799}
        refused = ["2026-01-02T03:04:05", "2026-02-30T00:00:00Z", "292277026596-12-04T15:30:08Z", "0000-01-01T00:00:00Z", "yesterday"]
        texts = [json.dumps(t) for t in [*kept, *refused]] + ["1767323045"]
        self.rejects({"match": users(nth=1), "do": "replace", "key": "created_at", "with": texts, "count": len(texts)},
                     *[f'created_at: expected a time with zone such as 2026-01-31T08:00:00Z, got "{t}"' for t in refused],
                     "got 1767323045")
        instants = [int(row[5]) for row in self.store.rows("entities") if row[0] == "user"]
        for text, seconds in kept.items():
            self.assertIn(seconds * 1_000_000, instants, text)
        self.healed()

    # covers: U22
    def test_keys_have_one_form_and_what_has_none_is_refused(self):
        ids = ['""', "null", json.dumps("x" * 5000), "41", '"42"', '"\u00e9"', '"e\u0301"', "true", "1.5"]
        self.rejects({"match": users(nth=1), "do": "replace", "key": "id", "with": ids, "count": len(ids)},
                     "external_id: is part of a key and empty", "external_id: is required, but", "longer than 1024 bytes", "got true", "got 1.5")
        have = {row[1] for row in self.store.rows("entities") if row[0] == "user"}
        self.assertLessEqual({"41", "42", "\u00e9", "e\u0301"}, have)

    # covers: U23, P6
    def test_a_schema_that_drifts_costs_records_and_never_a_stored_row(self):
        self.run_now(0)
        held = harness.digest(self.store.rows("entities"))
        missing = {"match": users(nth=1), "do": "drop", "key": "id", "count": 3}
        other_type = {"match": users(nth=1), "do": "replace", "key": "enabled", "with": ['"yes"', "1"]}
        for fault, reasons in ((missing, ["external_id: is required, but"] * 3), (other_type, ["enabled: expected bool, got"] * 2)):
            self.upstream.faults(fault)
            receipt, _ = self.run_now(3)
            self.assertEqual(receipt["state"], "partial")
            shown = self.reasons()
            self.assertEqual([r for r in shown if not r.startswith(reasons[0])], [])
            self.assertEqual(len(shown), len(reasons))
            # What could not be read has not vanished.
            self.assertEqual(sum(c["swept"] for c in receipt["streams"].values()), 0)
            self.assertEqual(harness.digest(self.store.rows("entities")), held)
        self.fresh()
        self.passes({"match": users(nth=1), "do": "replace", "key": "locale", "with": '"el","invented":{"a":[1]}'})

    # covers: U23, P6, P18
    def test_a_read_of_which_everything_is_refused_has_failed(self):
        self.run_now(0)
        held = harness.digest(self.store.rows("entities"))
        self.upstream.faults({"match": USERS, "do": "drop", "key": "id", "count": 1000})
        receipt, _ = self.run_now(1)
        failed = {s["stage"]: s["error"] for s in receipt["stages"] if s["state"] == "failed"}
        self.assertEqual({stage: e["code"] for stage, e in failed.items()}, {"entities.users": "SLU-6017"})
        self.assertIn("records were refused", failed["entities.users"]["message"])
        self.assertEqual(sum(c["swept"] for c in receipt["streams"].values()), 0)
        self.assertEqual(harness.digest(self.store.rows("entities")), held)
        self.healed()

    def emails(self):
        return {row[1]: row[3] for row in self.store.rows("entities") if row[0] == "user"}

    def let_it(self, rejects):
        self.write_manifest(DOMAINS.replace("PAGE", CURSOR).replace("users:\n        from: crm\n", "users:\n        from: crm\n"
                                                                    f"        rejects: {rejects}\n"), PHASES, harness.AUTH)

    # covers: U23, P6
    def test_a_column_that_vanishes_fails_its_read_and_keeps_its_values(self):
        self.run_now(0)
        held, pages = self.emails(), 2
        gone = {"do": "drop", "key": "email", "count": 1000}
        self.assertGreater(len([e for e in held.values() if e]), len(held) / 2)
        self.upstream.faults({"match": users(nth=pages + 1), **gone})
        receipt, log = self.run_now(1)
        message = self.told(receipt, log, "SLU-6018", ["columns have lost their values, of `entities` `email` (in none of ",
                                                       " stored ones have one)", "rejects: { max: 100% }"], "entities.users", pages + 1)
        self.assertNotIn(";", message.split(". The upstream")[0], "no other column")
        self.assertEqual(self.emails(), held)
        stage = next(s for s in receipt["stages"] if s["stage"] == "entities.users")
        self.assertEqual(stage["pages"], pages, "what came before it is kept")
        self.assertEqual(sum(c["swept"] for c in receipt["streams"].values()), 0)
        # A plan says the same and writes nothing.
        self.upstream.faults({"match": USERS, **gone})
        planned = self.sluice("plan", self.manifest, "--tenant", "acme")
        self.assertIn("SLU-6018", planned.stdout)
        self.assertEqual(self.emails(), held)
        # Who means it says so.
        self.let_it("{ max: 100% }")
        self.run_now(0)
        self.assertEqual(set(self.emails().values()), {None})
        self.let_it("{ max: 50% }")
        self.run_now(0)
        self.assertEqual(set(self.emails().values()), {None}, "what the stored rows have not either is not missed")
        self.healed()

    # covers: U23
    def test_a_column_that_nobody_has_yet_is_not_missed(self):
        self.upstream.faults({"match": USERS, "do": "drop", "key": "email", "count": 1000})
        self.run_now(0)
        self.assertEqual(set(self.emails().values()), {None})
        self.healed()


class ValuesIntoPostgres(Values):
    store_type = harness.Postgres


if __name__ == "__main__":
    unittest.main(verbosity=2)
