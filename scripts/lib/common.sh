# Shared by the scripts beside it: where the tree is, talking, time, locks. Sourced, never run.
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$ROOT"

say() { printf '%s\n' "== $*" >&2; }
die() { printf '%s\n' "error: $*" >&2; exit 1; }

jobs_count() { nproc 2>/dev/null || echo 2; }

# seconds_since START   (START from `date +%s%N`)
seconds_since() { awk -v a="$1" -v b="$(date +%s%N)" 'BEGIN { printf "%.1f", (b - a) / 1e9 }'; }

# lock_folder DIR: one script at a time builds in a folder; a second one waits and says so.
lock_folder() {
  mkdir -p "$1"
  exec {LOCK_FD}>"$1/.lock"
  if ! flock --nonblock "$LOCK_FD"; then
    say "another script works in $1; waiting for it"
    flock "$LOCK_FD"
  fi
}
