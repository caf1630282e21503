"""What a product does when a user signs in. `python3 sign_in.py TENANT USER`; SLUICE_URL and SLUICE_TOKEN say where."""
import http.client
import json
import os
import sys
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
    except (OSError, http.client.HTTPException, ValueError) as problem:  # 429 and 503 too: come again with the next sign-in
        print("no sync: %s" % problem, file=sys.stderr)
        return False, {}
    stages = [s for part in ("subject", "tenant") if part in answer for s in answer[part]["essential"].get("stages", [])]
    there = answer["essential_over"] and not any(s["state"] in ("failed", "cancelled") for s in stages)  # over may be failed
    return there, {s["stage"]: s["read_at"] for s in stages}


if __name__ == "__main__":
    there, parts = sign_in(sys.argv[1], sys.argv[2])
    print("everything essential is there" if there else "not all is there: go on with what is stored")
    for part, read_at in parts.items():
        print(part, read_at or "never read")
