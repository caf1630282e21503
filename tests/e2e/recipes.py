"""What the tests of docs/rest-recipes.md share: its blocks as manifests, and the reference API's records as rows."""
import datetime
import json
import re
import urllib.parse
import urllib.request

import harness

PAGE = harness.SOURCE / "docs" / "rest-recipes.md"
BLOCKS = dict(re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```yaml\n(.*?)^```", PAGE.read_text(), re.S | re.M))
REFERENCE = """  reference:
    uses: http
    base_url: "${env:CRM_URL}"
    auth: { bearer: "${tenant.secrets.crm}" }
"""
HEAD = """sluice: 1
name: recipe
store: %s
tenants: { acme: { secrets: { crm: "${secret:env:ACME_TOKEN}" } } }
backends: { direct: { uses: direct } }
"""
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def us(text):
    if text is None:
        return None
    return str((datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // datetime.timedelta(microseconds=1))


def text(value):
    return value if value is None else "true" if value is True else "false" if value is False else str(value)


# What a record of the reference API is as a row, as the upstream's README has it.
def entity(kind, r):
    return [kind, text(r["id"]), r["name"], r.get("email"), text(r.get("enabled")), us(r["created_at"]), us(r["updated_at"]), r.get("parent_id")]


def membership(r):
    return [r["container"]["kind"], text(r["container"]["id"]), r["member"]["kind"], text(r["member"]["id"]), r["role"]]


def credit(r):
    return [r["id"], r["entity"]["kind"], text(r["entity"]["id"]), r["kind"], text(r["amount"]), r["unit"], r["currency"], us(r["effective_at"]),
            us(r.get("expires_at")), us(r.get("voided_at")), r["description"]]


def assignment(r):
    scope = r["scope"] or {"kind": None, "id": None}
    return [r["entity"]["kind"], text(r["entity"]["id"]), r["role_id"], scope["kind"], text(scope["id"]), us(r["granted_at"]), us(r.get("expires_at"))]


class Recipes(harness.Case):
    upstream_args = ("--tenants", "acme:300", "--seed", "7", "--max-limit", "200")
    carried_out = set()

    def recipe(self, title, rest=(), phase="deletes: sweep", plain=()):
        """The block, with what it refers to but doesn't read: `rest`, from the reference API. `phase` says how its entries
        are synced, but for the `plain` ones."""
        self.carried_out.add(title)
        block = BLOCKS[title]
        entries = re.findall(r"^  (\w+):$", block[block.index("\ndomains:"):], re.M)
        if rest:
            block = block.replace("sources:\n", "sources:\n" + REFERENCE)
            block += "  rest: { uses: entities, reads: { %s } }\n" % ", ".join(r + ": { from: reference }" for r in rest)
        sync = ", ".join(["%s: { %s }" % (e, phase if e not in plain else "") for e in entries] + (["rest"] if rest else []))
        phases = "phases: { background: { fresh_for: 0s, sync: [ %s ] } }\n" % sync
        self.manifest.write_text(HEAD % self.store.manifest + block + phases)

    def environment(self, **more):
        own = self.upstream.url + "/v1/tenants/acme"
        return super().environment(SCIM_URL=own + "/scim", GIT_URL=own + "/link", BILLING_URL=own + "/stripe", DIRECTORY_URL=own + "/tree",
                                   CRM_API_URL=own, TOKEN_URL=self.upstream.url + "/oauth/acme/token", **more)

    def run_it(self, exit_code=0, **more):
        receipt = self.run_sync(exit_code, **more)
        self.assertEqual(receipt["state"], {0: "succeeded", 1: "failed"}[exit_code])
        return receipt

    def listed(self, name):
        out, cursor = [], None
        while True:
            query = "?limit=200" + ("&cursor=" + urllib.parse.quote(cursor) if cursor else "")
            asked = urllib.request.Request(self.upstream.url + "/v1/tenants/acme/" + name + query,
                                           headers={"Authorization": "Bearer token-acme"})
            with urllib.request.urlopen(asked, timeout=120) as answer:
                page = json.loads(answer.read(), parse_float=str)
            out, cursor = out + page["data"], page["next"]
            if cursor is None:
                return out

    def assert_rows(self, stream, expected, change=lambda row: row, **where):
        held = [r for r in self.store.rows(stream) if all(r[int(at[1:])] == value for at, value in where.items())]
        key = lambda row: [v or "" for v in row]
        self.assertEqual(sorted(map(change, held), key=key), sorted(map(change, expected), key=key))
        self.assertGreater(len(expected), 10)

    def assert_entities(self, kind, listed):
        self.assert_rows("entities", [entity(kind, r) for r in self.listed(listed)], _0=kind)

    def assert_whole(self, *streams):
        want = self.upstream.streams("acme")
        for s in streams:
            self.assertEqual(harness.digest(self.store.rows(s)), {k: want[s][k] for k in ("count", "digest")}, s)

    def of_users(self, name):
        return [r for r in self.listed(name) if r["entity"]["kind"] == "user"]

    def asked(self, name):
        """What was asked of a list by runs: path and query, decoded. Spoiled answers are of no list."""
        mine = lambda r: r["list"] == name or (r["fault"] and r["target"].split("?")[0].endswith("/acme/" + name))
        lines = [r["target"] for r in self.upstream.served() if r["correlation_id"] and mine(r)]
        return [urllib.parse.unquote(line.split("/acme", 1)[1]) for line in lines]

    def advance(self, **what):
        return json.loads(self.upstream.ask("/control/advance", {"tenant": "acme", **what}))
