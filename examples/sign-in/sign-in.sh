#!/bin/sh
# sign-in.sh TENANT USER: what a product does when a user signs in, with curl. Waits for what is essential, three seconds at
# most, and says how fresh it is; what is not there by then comes later, by itself. SLUICE_URL and SLUICE_TOKEN say where.
set -eu
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

status=$(curl -sS -o "$answer" -w '%{http_code}' --max-time 10 \
  -H "Authorization: Bearer $SLUICE_TOKEN" -H 'Content-Type: application/json' -H 'Prefer: wait=3' \
  -d "{\"subject\": \"$2\"}" "$SLUICE_URL/api/sync/tenants/$1/runs")

case $status in
  200) echo "everything essential is there" ;;
  202) echo "not all is there yet: go on with what is stored" ;;
  *) echo "no sync ($status): go on with what is stored" && cat "$answer" >&2 ;;
esac
# How old what is stored is, for each essential part: the user goes on in any case, and a page can say so.
if [ "$status" = 200 ] || [ "$status" = 202 ]; then
  python3 -c 'import json, sys
for run in (r for r in map(json.load(sys.stdin).get, ("subject", "tenant")) if r):
    for part in run["essential"].get("stages", []):
        print(part["stage"], part["state"], part["read_at"] or "never read")' <"$answer"
fi
