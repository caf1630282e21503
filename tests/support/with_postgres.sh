#!/bin/sh
# A private PostgreSQL cluster in a temporary folder, durable, reachable by unix socket and loopback.
#
#   with_postgres.sh run COMMAND...   starts one, runs COMMAND with SLUICE_PG_DSN set, stops it
#   with_postgres.sh start DIR        starts one in DIR (made when missing), prints its DSN
#   with_postgres.sh stop DIR         stops it and removes DIR
#   with_postgres.sh restart DIR      stops it at once, as a crash would, and starts it again
#   with_postgres.sh standby DIR OF   starts in DIR what follows the one in OF, prints its DSN
#   with_postgres.sh promote DIR      makes a standby take writes
#
# Exit code 77: no server binaries here (Debian: `apt install postgresql-15`).
# SLUICE_PG_SETTINGS adds lines to postgresql.conf, such as "shared_buffers=2GB".
set -eu

find_bin() {
  for dir in ${SLUICE_PG_BIN:-} /usr/lib/postgresql/*/bin; do
    if [ -x "$dir/initdb" ]; then bin=$dir; fi
  done
  if [ -z "${bin:-}" ]; then
    echo "with_postgres.sh: no PostgreSQL server found; install postgresql-15 or set SLUICE_PG_BIN" >&2
    exit 77
  fi
}

# The server refuses to run as root.
as_owner() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups -- "$@"
  else
    "$@"
  fi
}

pick_owner() {
  owner=postgres
  id "$owner" >/dev/null 2>&1 || owner=nobody
}

dsn() { printf 'host=%s port=5432 user=sluice dbname=postgres\n' "$dir"; }

launch() {
  (cd / && as_owner env -u PGDATA "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 300 \
    -o "-k $dir" start >/dev/null) || { cat "$dir/log" >&2; exit 1; }
}

start() {
  dir=$1
  mkdir -p "$dir"
  if [ "$(id -u)" = 0 ]; then chown "$owner" "$dir"; fi
  chmod 700 "$dir"
  (cd / && as_owner "$bin/initdb" -D "$dir/data" -U sluice -A trust -E UTF8 --locale=C.UTF-8 -N >/dev/null)
  {
    echo "listen_addresses = ''"
    echo "fsync = on"
    echo "synchronous_commit = on"
    echo "full_page_writes = on"
    echo "max_wal_size = 4GB"
    echo "log_min_messages = warning"
    printf '%s\n' "${SLUICE_PG_SETTINGS:-}"
  } >>"$dir/data/postgresql.conf"
  launch
  dsn
}

stop() {
  dir=$1
  if [ -f "$dir/data/postmaster.pid" ]; then
    (cd / && as_owner "$bin/pg_ctl" -D "$dir/data" -m "${2:-fast}" -w stop >/dev/null) || true
  fi
}

# What is acknowledged from then on is on both.
standby() {
  dir=$1 of=$2
  mkdir -p "$dir"
  if [ "$(id -u)" = 0 ]; then chown "$owner" "$dir"; fi
  chmod 700 "$dir"
  (cd / && as_owner "$bin/pg_basebackup" -h "$of" -U sluice -D "$dir/data" -X stream -R -c fast)
  launch
  echo "synchronous_standby_names = '*'" >>"$of/data/postgresql.conf"
  (cd / && as_owner "$bin/pg_ctl" -D "$of/data" reload >/dev/null)
  dsn
}

promote() {
  dir=$1
  echo "synchronous_standby_names = ''" >>"$dir/data/postgresql.conf"
  (cd / && as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 60 promote >/dev/null)
  (cd / && as_owner "$bin/pg_ctl" -D "$dir/data" reload >/dev/null)
}

find_bin
pick_owner
verb=${1:-}
[ $# -gt 0 ] && shift
case "$verb" in
  start) start "$1" ;;
  stop) stop "$1"; rm -rf -- "$1" ;;
  standby) standby "$1" "$2" ;;
  promote) promote "$1" ;;
  restart) stop "$1" immediate; launch; dsn ;;
  run)
    # A short path: the name of a unix socket holds at most 107 bytes.
    home=$(mktemp -d "${TMPDIR:-/tmp}/sluice-pg.XXXXXX")
    trap 'stop "$home"; rm -rf -- "$home"' EXIT
    trap 'exit 130' INT TERM
    SLUICE_PG_DSN=$(start "$home")
    export SLUICE_PG_DSN
    "$@"
    ;;
  *) sed -n '2,12p' "$0" >&2; exit 2 ;;
esac
