"""Lists that repeat, lead in circles, change while they are read, or fall short, end to end."""
import unittest

from faults import COUNTED, CURSOR, RANGES, USERS, Faults, users


class Lists(Faults):
    """Lists that repeat, lead in circles, change, or fall short."""

    # covers: U11, P6
    def test_an_empty_list_where_there_was_something_deletes_nothing(self):
        self.run_now(0)
        held = len(self.store.rows("entity_credits"))
        self.upstream.faults({"match": {"path": "*/credits"}, "do": "empty_list"})
        receipt, log = self.run_now(3)
        self.assertEqual(receipt["error"]["code"], "SLU-5045")
        self.assertEqual([line["code"] for line in log if line["msg"] == "run ended"], ["SLU-5045"])
        self.assertEqual(len(self.store.rows("entity_credits")), held)
        self.healed()

    # covers: U12
    def test_a_record_that_comes_twice_is_one_row_and_counted(self):
        receipt, _ = self.passes({"match": users(nth=2), "do": "duplicate"})
        self.assertEqual(receipt["streams"]["entities"]["duplicate"], 1)
        self.fresh(page=COUNTED)
        message = self.refused("SLU-3142", "pages 1 to 2 hold the same records", faults=[{"match": USERS, "do": "repeat"}], page=2)
        self.assertIn("`offset`", message)
        self.fresh(page=RANGES)
        self.refused("SLU-3142", "hold the same records: the upstream ignores `offset`",
                     faults=[{"match": USERS, "do": "repeat"}], page=0)

    # covers: U13, P6, P13
    def test_a_cursor_that_leads_nowhere_ends_with_both_pages_named(self):
        for fault, code, says, page in (
                ({"match": users(nth=2), "do": "loop_cursor", "times": 0}, "SLU-3140", "page 2 names the same next page as page 1", 2),
                ({"match": users(nth=3), "do": "repeat", "times": 0}, "SLU-3140", "page 3 names the same next page as page 1", 3),
                ({"match": users(nth=2), "do": "cursor", "value": "x" * 2**20}, "SLU-3141", "1048576 bytes", 2),
                ({"match": users(nth=2), "do": "cursor", "value": {"a": 1}}, "SLU-3141", "neither text nor a number", 2),
                ({"match": users(nth=2), "do": "cursor", "value": True}, "SLU-3141", "neither text nor a number", 2),
                ({"match": USERS, "do": "stuck"}, "SLU-3142", "pages 1 to 3 hold the same records", 3)):
            self.fresh()
            self.refused(code, says, "deleted" if code == "SLU-3140" else "", page=page, faults=[fault])

    # covers: U13, U15
    def test_a_list_that_ends_too_early_is_noticed_by_its_total_and_read_again(self):
        self.fresh(page=CURSOR.replace("size", "total: /total, size"))
        every = {("users", n) for n in range(0, 120, 20)}
        self.passes({"match": users(nth=2), "do": "cursor", "value": ""}, twice=every)

    # covers: U14, P6
    def test_numbered_pages_of_a_list_that_changes_are_read_again(self):
        for page in (COUNTED, RANGES):
            self.fresh(page=page)
            self.upstream.faults({"match": users(nth=3), "do": "advance", "delete": 9, "create": 2, "percent": 3})
            receipt, _ = self.run_now((0, 3))  # 3: credits of users that have gone meanwhile wait for them
            users_read = next(s for s in receipt["stages"] if s["stage"] == "entities.users")
            self.assertGreater(users_read["pages"], 6)  # once more from the start, or a part of it
            have = {row[1] for row in self.store.rows("entities") if row[0] == "user"}
            want = {r["id"] for r in self.listed("users")}
            self.assertLessEqual(want, have)
            self.healed()

    # covers: U14, P6
    def test_numbered_pages_without_a_total_are_read_on_from_known_records(self):
        self.fresh(page="{ style: offset, id: /id, size: { limit: 20 } }")
        self.upstream.faults({"match": users(nth=3), "do": "advance", "delete": 9, "create": 2, "percent": 3})
        self.run_now((0, 3))
        have = {row[1] for row in self.store.rows("entities") if row[0] == "user"}
        self.assertLessEqual({r["id"] for r in self.listed("users")}, have)
        asked = [r["target"] for r in self.upstream.served() if "/users?" in r["target"]]
        self.assertEqual([int(target.split("offset=")[1].split("&")[0]) for target in asked[:3]], [0, 17, 34])
        self.healed()

    # covers: U14
    def test_a_cursor_loses_nothing_of_a_list_that_changes(self):
        self.upstream.faults({"match": users(nth=3), "do": "advance", "delete": 5, "create": 2})
        self.run_now((0, 3))
        have = {row[1] for row in self.store.rows("entities") if row[0] == "user"}
        self.assertLessEqual({r["id"] for r in self.listed("users")}, have)
        self.healed()

    # covers: U15, P6
    def test_a_list_that_stays_short_of_its_total_fails_or_is_told(self):
        self.fresh(page=COUNTED)
        short = {"match": USERS, "do": "wrong_total", "total": 1000}
        page = self.refused_page(short)
        self.refused("SLU-3161", "says 1000 records and gave", "twice", "nothing was deleted", "request.page.check: warn",
                     page=page, faults=[short])
        self.fresh(page=RANGES)
        self.refused("SLU-3161", "says 1000 records and gave", "twice", "nothing was deleted", page=0, faults=[short])
        for page, told in ((COUNTED, 1), (RANGES, 16)):
            self.fresh(page=page.replace("size", "check: warn, size"))
            self.upstream.faults(short)
            receipt, log = self.run_now(0)
            lines = [line for line in log if "SLU-3161" in line["msg"] and line["level"] == "warn"]
            self.assertIn(len(lines), range(1, told + 1), lines)  # each range tells what it met
            self.healed()

    def refused_page(self, fault):
        """Pages count on when the list is read once more."""
        self.upstream.faults(fault)
        receipt, _ = self.run_now(1)
        return next(s["pages"] for s in receipt["stages"] if s["stage"] == "entities.users") + 1


if __name__ == "__main__":
    unittest.main(verbosity=2)
