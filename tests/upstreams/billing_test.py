"""Users of a real Keycloak and customers of what stands in for Stripe, by examples/billing alone.

Each of the two has an independent reader; here their rows are joined. The quick tier takes one tenant, the full one both.
"""
import re
import unittest
from decimal import Decimal

import billing
import keycloak
import real

REALMS = {"acme": "small", "globex": "medium"} if real.FULL else {"acme": "small"}


def setUpModule():
    Signin.people = keycloak.Keycloak()
    unittest.addModuleCleanup(Signin.people.stop)
    Signin.payments = billing.Billing(REALMS)
    unittest.addModuleCleanup(Signin.payments.stop)
    Signin.payments.script("seed.py")
    for realm in REALMS.values():
        Signin.people.script("seed.py", realm)
    urls = {"BILLING_%s_URL" % account.upper(): Signin.payments.url(account) for account in REALMS}
    Signin.environment = {"KEYCLOAK_URL": Signin.people.url, **urls}


class Signin(real.Example):
    people = payments = None
    example = "billing"
    tables = ("entities", "credits")
    secrets = {**keycloak.SECRETS, **billing.SECRETS}

    def as_reader(self, tenant, table, row):
        if table == "credits":
            kind, owner, unit, currency, amount = row
            # The reader keeps cents, as they come.
            which = ["balance", currency.lower(), real.plain(Decimal(amount) * 100)] if currency else \
                    ["credits_" + unit, unit, real.plain(amount)]
            return [tenant, kind, owner, *which, None]
        return super().as_reader(tenant, table, row)

    def joined(self, tenant):
        """What both readers say of a tenant: users of its realm, all of its account."""
        people = [(table, [tenant, *row[1:]]) for table, row in self.people.read(REALMS[tenant])[0]
                  if table == "entities" and row[1] == "user"]
        paying = [(table, row) for table, row in self.payments.read()[0] if row[0] == tenant]
        return people + paying

    # covers: P1, P5, P6
    def test_users_of_one_system_and_customers_of_another_are_one_tenant(self):
        for tenant in REALMS:
            with self.subTest(tenant=tenant):
                self.sync(tenant)
                self.assert_holds(tenant, self.joined(tenant))
                for _ in range(2):
                    self.assertEqual(self.written(self.sync(tenant)), 0)

    # covers: P5
    def test_cents_are_stored_as_what_they_are_of_their_currency(self):
        self.sync("acme")
        stored = self.store.query("SELECT s.currency, CAST(s.amount AS TEXT) AS amount FROM entity_credits s WHERE s.currency = 'EUR'")
        cents = {row[5] for table, row in self.payments.read()[0] if table == "credits" and row[3] == "balance" and row[0] == "acme"}
        self.assertEqual({amount for _, amount in stored}, {"%d.%02d" % divmod(int(c), 100) for c in cents})

    def test_the_query_of_the_page_shows_what_each_customer_has_to_spend(self):
        self.sync("acme")
        page = (real.harness.SOURCE / "examples" / "billing" / "README.md").read_text()
        query = re.search(r"^```sql\n(.*?);\n```", page, re.S | re.M).group(1)
        rows = self.joined("acme")
        names = {row[2]: row[4] for table, row in rows if table == "entities" and row[1] == "customer"}
        owed = sorted((names[row[2]], row[4].upper() if row[3] == "balance" else row[4])
                      for table, row in rows if table == "credits")
        found = self.store.query(query.replace("c.amount", "CAST(c.amount AS TEXT) AS amount"))
        self.assertEqual(sorted((name, what) for name, _, what in found), owed)

    # covers: P6
    def test_one_change_of_a_customer_writes_one_row(self):
        self.sync("acme")
        calls = next(row for table, row in self.joined("acme") if table == "credits" and row[4] == "api_calls")
        self.payments.change("acme", calls[2], **{"metadata[credits_api_calls]": int(calls[5]) + 1})
        receipt = self.sync("acme")
        self.assertEqual(self.written(receipt), 1)
        self.assertEqual(receipt["streams"]["entity_credits"]["updated"], 1)
        self.assert_holds("acme", self.joined("acme"))

    # covers: P6
    def test_an_account_that_can_not_be_read_fails_what_is_critical_and_keeps_all(self):
        self.sync("acme")
        before = self.held("acme")
        self.change("base_url: \"${tenant.vars.billing}/v1\"", "base_url: \"${tenant.vars.billing}/v0\"")
        receipt = self.sync("acme", exit_code=1)
        self.assertEqual(receipt["state"], "failed")
        self.assertEqual(self.held("acme"), before)


class SigninIntoPostgres(Signin):
    store_type = real.harness.Postgres


if __name__ == "__main__":
    real.need("java", "mvn", "curl", "go")
    unittest.main(verbosity=2)
