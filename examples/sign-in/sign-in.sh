#!/bin/sh
# sign-in.sh TENANT USER: what a product does when a user signs in, with curl. Waits for what is essential, three seconds at
# most, and says how fresh it is; what is not there by then comes later, by itself. SLUICE_URL and SLUICE_TOKEN say where.
set -eu
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

status=$(curl -sS -o "$answer" -w '%{http_code}' --max-time 10 \
  -H "Authorization: Bearer $SLUICE_TOKEN" -H 'Content-Type: application/json' -H 'Prefer: wait=3' \
  -d "{\"subject\": \"$2\"}" "$SLUICE_URL/api/sync/tenants/$1/runs") || status='no answer'

# 200: what is essential is over, which may be a failure; 202: it goes on. How old what is stored is, for each essential
# part: the user goes on in any case, and a page can say so.
case $status in
  200 | 202) python3 -c 'import json, sys
answer = json.load(sys.stdin)
parts = [part for run in ("subject", "tenant") if run in answer for part in answer[run]["essential"].get("stages", [])]
there = answer["essential_over"] and not any(part["state"] in ("failed", "cancelled") for part in parts)
print("everything essential is there" if there else "not all is there: go on with what is stored")
for part in parts:
    print(part["stage"], part["state"], part["read_at"] or "never read")' <"$answer" ;;
  *) echo "no sync ($status): go on with what is stored" && cat "$answer" >&2 ;;
esac
