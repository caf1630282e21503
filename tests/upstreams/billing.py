"""What stands in for Stripe: localstripe, one server an account."""
from urllib.parse import urlencode

import real


class Billing(real.System):
    def __init__(self, accounts):
        self.ports = {account: real.free_port() for account in accounts}
        tenants = " ".join("%s:%d" % pair for pair in self.ports.items())
        super().__init__("stripe", STRIPE_TENANTS=tenants, STRIPE_MOCK_PORT=str(real.free_port()))

    def url(self, account):
        return "http://127.0.0.1:%d" % self.ports[account]

    def change(self, account, customer, **fields):
        kit = real.kit()
        http = kit.Http(self.url(account), kit.basic("sk_test_" + account, ""))
        http.call("POST", "/v1/customers/" + customer, urlencode(fields),
                  headers={"Content-Type": "application/x-www-form-urlencoded"})
        http.conn.close()


SECRETS = {"BILLING_KEY_" + account.upper(): "sk_test_" + account for account in ("acme", "globex")}
