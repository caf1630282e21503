"""docs/rest-recipes.md, carried out: each block is run against the simulated upstream, and the rows are compared."""
import decimal
import json
import unittest
import urllib.parse

import recipes


class Scim(recipes.Recipes):
    # covers: P1
    def test_by_index_brings_users_and_their_memberships_and_then_what_changed(self):
        self.recipe("SCIM 2.0 by index", rest=("organizations", "groups"), phase="mode: incremental")
        self.run_it()
        self.assert_whole("entities", "memberships")
        first = self.asked("scim/Users")
        self.assertEqual(sorted(first), ["/scim/Users?count=100&startIndex=%d" % n for n in (1, 101, 201)])
        self.advance(percent=3, create=2)
        self.run_it()
        self.assert_whole("entities", "memberships")
        later = self.asked("scim/Users")[len(first):]
        self.assertEqual(len(later), 1)
        self.assertRegex(later[0], r'^/scim/Users\?filter=meta.lastModified ge "2024-[-0-9T:.]+Z"&count=100&startIndex=1$')

    def test_by_cursor_fills_five_tables_and_a_role_of_many_is_one_row(self):
        self.recipe("SCIM 2.0 by cursor, several tables", rest=("organizations", "groups"))
        receipt = self.run_it()
        self.assert_whole("entities", "memberships")
        self.assert_rows("entity_credits", [recipes.credit(r) for r in self.of_users("credits")])
        held = self.of_users("assignments")
        self.assert_rows("role_assignments", [recipes.assignment(r) for r in held])
        names = {r["id"]: r["name"] for r in self.listed("roles")}
        self.assert_rows("roles", [[r, names[r], None, None, None] for r in {a["role_id"] for a in held}])
        self.assertGreater(receipt["streams"]["roles"]["duplicate"], 100)
        starts = [line for line in self.asked("scim/Users") if line.endswith("cursor=")]
        self.assertEqual(starts, ["/scim/Users?count=100&cursor="], "three domains, one list")
        self.assertEqual(self.written(self.run_it()), 0)

    def test_an_accept_of_another_kind_is_refused_by_the_service_and_said_so(self):
        self.recipe("SCIM 2.0 by index", rest=("organizations", "groups"))
        self.manifest.write_text(self.manifest.read_text().replace("    headers: { Accept: application/scim+json }\n", ""))
        receipt = self.run_sync(exit_code=3)
        self.assertIn("406", json.dumps(receipt))


class Lists(recipes.Recipes):
    def test_link_headers_are_followed_and_their_total_is_held_against_the_list(self):
        self.recipe("Link headers: GitHub, Gitea")
        self.run_it()
        self.assert_entities("user", "users")
        self.assertEqual(len(self.asked("link/users")), 6)
        # A list that loses its next link ends early: its total says so, and it is read again.
        self.upstream.faults({"match": {"path": "*/link/users", "nth": 2}, "do": "status", "status": 200, "body": "[]",
                              "headers": {"X-Total-Count": "255"}})
        self.run_it()
        self.assertEqual(len(self.asked("link/users")), 6 + 2 + 6)
        self.assert_entities("user", "users")

    # covers: P24
    def test_a_link_to_another_origin_gets_no_request(self):
        self.recipe("Link headers: GitHub, Gitea")
        self.upstream.faults({"match": {"path": "*/link/users", "nth": 1}, "do": "status", "status": 200, "body": '[{"id": "x"}]',
                              "headers": {"Link": '<http://127.0.0.2:9/api/users?page=2>; rel="next"'}})
        receipt = self.run_sync(exit_code=3)
        self.assertIn("SLU-3145", json.dumps(receipt))
        self.assertEqual(len(self.asked("link/users")), 1)

    def test_last_ids_lead_on_and_minor_units_and_expanded_objects_are_read_as_they_say(self):
        self.recipe("The last id: Stripe", phase="mode: incremental", plain=("credits",))
        self.run_it()
        self.assert_entities("user", "users")
        number = lambda row: row[:4] + [str(decimal.Decimal(row[4]).normalize())] + row[5:]
        with decimal.localcontext(prec=60):
            self.assert_rows("entity_credits", [recipes.credit(r) for r in self.of_users("credits")], change=number)
        asked = self.asked("stripe/customers")
        self.assertEqual(asked, ["/stripe/customers?limit=100", "/stripe/customers?limit=100&starting_after=u-000099",
                                 "/stripe/customers?limit=100&starting_after=u-000199"])
        self.advance(percent=3, create=2)
        self.run_it()
        self.assert_entities("user", "users")
        self.assertRegex(self.asked("stripe/customers")[3], r"^/stripe/customers\?updated\[gte\]=17\d{8}&limit=100$")

    # covers: U13
    def test_a_list_that_begins_anew_after_an_id_is_no_endless_loop(self):
        self.recipe("The last id: Stripe")
        self.upstream.faults({"match": {"path": "*/stripe/customers"}, "do": "repeat"})
        receipt = self.run_sync(exit_code=3)
        self.assertIn("SLU-3140", json.dumps(receipt))
        self.assertEqual(len(self.asked("stripe/customers")), 2)

    def test_numbered_pages_are_read_to_their_end_also_where_they_are_capped(self):
        self.recipe("Numbered pages", rest=("organizations", "groups"))
        self.run_it()
        self.assert_whole("entities", "memberships")
        self.assertEqual(sorted(self.asked("users")), sorted("/users?limit=50&page=%d" % n for n in range(1, 7)))
        offsets = [int(line.rsplit("=", 1)[1]) for line in self.asked("memberships")]
        self.assertEqual(offsets, [0, 200, 340])  # 200 at most, whatever is asked for; the last one is empty


class Children(recipes.Recipes):
    def test_a_tree_is_descended_to_its_leaves(self):
        self.recipe("Trees: groups in groups", rest=("users", "organizations"))
        self.run_it()
        self.assert_whole("entities")
        self.assert_rows("memberships", [recipes.membership(r) for r in self.listed("memberships") if r["container"]["kind"] == "group"])
        parents = {r["id"]: r["parent_id"] for r in self.listed("groups")}
        depth = lambda g: 1 + depth(parents[g]) if parents[g] else 0
        self.assertGreaterEqual(max(map(depth, parents)), 3)
        # Only who has children is asked for them, two at a time.
        asked = {line.split("/")[3] for line in self.asked("tree/children")}
        self.assertEqual(asked, {p for p in parents.values() if p})
        self.assertGreater(len(self.asked("tree/children")), len(asked))

    # covers: P6
    def test_a_group_that_vanishes_while_its_members_are_asked_for_has_none(self):
        self.recipe("Trees: groups in groups", rest=("users", "organizations"))
        self.run_it()
        of = lambda group: [r for r in self.store.rows("memberships") if r[1] == group]
        group = max({r[1] for r in self.store.rows("memberships")}, key=lambda g: len(of(g)))
        others = len(self.store.rows("memberships")) - len(of(group))
        self.upstream.faults({"match": {"path": "*/tree/groups/%s/members" % group}, "do": "status", "status": 404})
        self.run_it()
        self.assertEqual((len(self.store.rows("memberships")), of(group)), (others, []))

    def test_children_are_made_on_a_condition_and_their_ids_are_one_segment(self):
        self.recipe("Children of children, ids as path segments", rest=("users",))
        self.run_it()
        composite = {r["id"] for r in self.listed("roles") if r["composite"]}
        self.assert_rows("role_assignments", [recipes.assignment(r) for r in self.of_users("assignments") if r["role_id"] in composite])
        targets = [r["target"] for r in self.upstream.served() if r["list"] == "roles/members"]
        self.assertEqual({t.split("/roles/")[1].split("/members")[0] for t in targets},
                         {urllib.parse.quote(r, safe="") for r in composite})

    def test_maps_in_maps_become_rows(self):
        self.recipe("Maps as rows", rest=("users",))
        self.run_it()
        held = self.of_users("assignments")
        self.assert_rows("role_assignments", [recipes.assignment(r) for r in held])
        names = {r["id"]: r["name"] for r in self.listed("roles")}
        self.assert_rows("roles", [[r, names[r], None, None, None] for r in {a["role_id"] for a in held}])
        # Who has lost a role has none of its rows, though the map is gone with it.
        user = held[0]["entity"]["id"]
        self.advance(strip=user)
        self.run_it()
        self.assert_rows("role_assignments", [recipes.assignment(r) for r in self.of_users("assignments")])


class Events(recipes.Recipes):
    def test_json_in_a_text_is_part_of_its_event_and_later_runs_ask_from_where_they_were(self):
        self.recipe("Events, JSON in a text", rest=("users",), phase="mode: incremental")
        self.run_it()
        self.assert_rows("role_assignments", [recipes.assignment(r) for r in self.of_users("assignments")])
        first = len(self.asked("events"))
        self.advance(percent=4, create=3, delete=2)
        receipt = self.run_it()
        self.assertEqual(receipt["streams"]["role_assignments"]["deleted"], 4)
        self.assert_rows("role_assignments", [recipes.assignment(r) for r in self.of_users("assignments")])
        later = self.asked("events")[first:]
        self.assertRegex(later[0], r"^/events\?dateFrom=17\d{11}&max=200&first=0$")
        self.assertEqual(len(later), 1)

    # covers: U23
    def test_a_text_that_is_no_json_costs_its_own_event(self):
        self.recipe("Events, JSON in a text", rest=("users",))
        self.upstream.faults({"match": {"path": "*/events", "nth": 1}, "do": "replace", "key": "representation", "count": 1,
                              "with": '"{\\"entity\\": broken"'})
        receipt = self.run_sync(exit_code=3)
        self.assertEqual(sum(s["records"]["rejected"] for s in receipt["stages"]), 1)
        rejects = json.loads(self.sluice("rejects", "list", "--pipeline", self.manifest).stdout)
        self.assertIn("/representation", json.dumps(rejects))


class Tokens(recipes.Recipes):
    # covers: U4
    def test_a_token_is_asked_for_once_and_anew_when_it_is_refused(self):
        self.recipe("Tokens")
        self.upstream.faults({"match": {"path": "*/users", "nth": 2}, "do": "status", "status": 401})
        self.run_it(ACME_TOKEN="secret-acme")
        self.assert_entities("user", "users")
        self.assertEqual(json.loads(self.upstream.ask("/control/tokens"))["tenants"]["acme"]["given"], 2)
        self.upstream.faults({"match": {"path": "*/users"}, "do": "status", "status": 403})
        receipt = self.run_sync(exit_code=3, ACME_TOKEN="secret-acme")
        self.assertIn("SLU-3131", json.dumps(receipt))
        self.assertEqual(len([line for line in self.asked("users") if "cursor" not in line]), 2, "a 403 is final")


class ZEveryBlock(unittest.TestCase):  # the last one
    def test_is_carried_out(self):
        self.assertEqual(recipes.Recipes.carried_out, set(recipes.BLOCKS))
        self.assertEqual(recipes.PAGE.read_text().count("```yaml"), len(recipes.BLOCKS))


if __name__ == "__main__":
    unittest.main(verbosity=2)
