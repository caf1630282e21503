"""A real Keycloak: a realm is a tenant."""
import real


class Keycloak(real.System):
    def __init__(self):
        ports = {"KC_PORT": str(real.free_port()), "KC_MGMT_PORT": str(real.free_port())}
        self.url = "http://127.0.0.1:" + ports["KC_PORT"]
        self.clients = []
        # The import of a realm is one transaction: a large one takes longer on a busy machine than it has by default.
        patience = "-Dquarkus.transaction-manager.default-transaction-timeout=1h"
        super().__init__("keycloak", JAVA_OPTS_APPEND=patience, **ports)

    def admin(self, realm):
        """A client that may change the realm."""
        kit = real.kit()
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": "admin"}
        token = kit.oauth_token(self.url, "/realms/master/protocol/openid-connect/token", form)
        self.clients.append(kit.Http(self.url + "/admin/realms/" + realm, token))
        return self.clients[-1]

    def stop(self):
        for client in self.clients:
            if client.conn:
                client.conn.close()
        super().stop()


SECRETS = {"KEYCLOAK_SECRET_" + realm.upper(): "secret-" + realm for realm in ("small", "medium", "large")}


class Example(real.Example):
    example = "keycloak"
    secrets = SECRETS

    def as_reader(self, tenant, table, row):
        if table == "credits":
            kind, owner, unit, _, amount = row
            return [tenant, kind, owner, unit, unit.removeprefix("credits."), real.plain(amount), None]
        return super().as_reader(tenant, table, row)
