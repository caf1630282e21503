"""The manifests of the measured pipelines. JSON is YAML, so they are written as such."""
import json

OWN_READS = {
    "entities": {"users": "users", "organizations": "organizations", "groups": "groups", "memberships": "memberships"},
    "credits": {"credits": "credits"},
    "roles": {"roles": "roles", "role_parts": "role-parts", "assignments": "assignments"},
}
BURST = {"in_flight": 512}  # an upstream that is ours, as under load
RIVAL_COLUMNS = {
    "entities": "type name email status balance created_at updated_at parent=/parent_id street=/address/street city=/address/city "
                "postal_code=/address/postal_code country=/address/country details=/attributes",
    "credits": "entity_id currency amount reserved expires_at updated_at source",
    "roles": "key name description permissions updated_at",
    "role-assignments": "entity_id role_id scope_type=/scope/type scope_id=/scope/id granted_by granted_at updated_at",
}


def request(path, following, limit):
    return {"path": "/v1/tenants/${tenant}/" + path,
            "page": {"style": "cursor", "next": following, "param": "cursor", "size": {"limit": limit}}}


def pipeline(store, source, domains, phases):
    return json.dumps({
        "sluice": 1, "name": "bench", "store": store, "tenants": {"open": True},
        "sources": {"upstream": {"uses": "http", "base_url": "${env:BENCH_URL}", **source}}, "domains": domains,
        "phases": {name: {"fresh_for": "0s", "sync": sync, **({"deadline": "10m"} if name == "essential" else {})}
                   for name, sync in phases.items()},
        "backends": {"direct": {"uses": "direct"}}}, indent=1)


def own(store, limit, only=None):
    """All reads of the project's plugins from the simulated upstream, or `only` these of the entities."""
    wanted = {"entities": {r: OWN_READS["entities"][r] for r in only}} if only else OWN_READS
    domains = {d: {"uses": d, "reads": {r: {"from": "upstream", "request": request(path, "/next", limit)} for r, path in reads.items()}}
               for d, reads in wanted.items()}
    return pipeline(store, {"auth": {"bearer": "${secret:env:BENCH_TOKEN}"}}, domains, {"essential": list(domains)})


def phased(text, domains):
    """The same as sign-ins have it: essential for the subject, at each of them; all of the tenant when a quarter of an hour is over."""
    made = json.loads(text)
    made["sources"]["upstream"]["limits"] = BURST
    made["phases"] = {"essential": {"fresh_for": "0s", "deadline": "10m", "sync": [{d: {"scope": "subject"}} for d in domains]},
                      "background": {"fresh_for": "15m", "sync": domains}}
    return json.dumps(made, indent=1)


def numbered(path, limit):
    return {"path": "/v1/tenants/${tenant}/" + path,
            "page": {"style": "pages", "param": "page", "total": "/total", "size": {"limit": limit}}}


def rival_read(stream, limit, by_number):
    pairs = (word.partition("=") for word in RIVAL_COLUMNS[stream].split())
    asked = numbered(stream, limit) if by_number else request(stream, "/next_cursor", limit)
    return {"from": "upstream", "request": asked, "records": "/data",
            "into": [{"stream": stream.replace("-", "_"),
                      "map": {"external_id": "/id", **{name: at or "/" + name for name, _, at in pairs}}}]}


def rivals(store, limit, streams, background=(), by_number=False):
    """The rivals' streams and columns, from their upstream. Those in `background` come in that phase."""
    reads = {s.replace("-", "_"): rival_read(s, limit, by_number) for s in [*streams, *background]}
    part = lambda names: [{"tables": {"reads": [s.replace("-", "_") for s in names]}}]
    phases = {"essential": part(streams), **({"background": part(background)} if background else {})}
    return pipeline(store, {"limits": BURST}, {"tables": {"uses": "rivals", "reads": reads}}, phases)
