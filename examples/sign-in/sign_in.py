"""What a product does when a user signs in. `python3 sign_in.py TENANT USER`; SLUICE_URL and SLUICE_TOKEN say where."""
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request


def sign_in(tenant, user, seconds=3):
    """Waits for what is essential, so many seconds at most. (all is there?, {part: when it was read or None}).

    Never in the way of a user: whatever goes wrong, the product goes on with what is stored.
    """
    request = urllib.request.Request(
        "%s/api/sync/tenants/%s/runs" % (os.environ["SLUICE_URL"], urllib.parse.quote(tenant, safe="")),
        json.dumps({"subject": user}).encode(),
        {"Authorization": "Bearer " + os.environ["SLUICE_TOKEN"], "Content-Type": "application/json",
         "Prefer": "wait=%d" % seconds})
    try:
        with urllib.request.urlopen(request, timeout=seconds + 2) as response:
            answer = json.load(response)
    except (urllib.error.URLError, TimeoutError) as problem:  # 429 and 503 too: come again with the next sign-in
        print("no sync: %s" % problem, file=sys.stderr)
        return False, {}
    runs = [answer[part] for part in ("subject", "tenant") if part in answer]
    return answer["essential_over"], {s["stage"]: s["read_at"] for run in runs for s in run["essential"].get("stages", [])}


if __name__ == "__main__":
    there, parts = sign_in(sys.argv[1], sys.argv[2])
    print("everything essential is there" if there else "not all is there yet: go on with what is stored")
    for part, read_at in parts.items():
        print(part, read_at or "never read")
