#!/bin/sh
# run.sh VENV TEST.py [ARGUMENTS]: runs a test of this folder in a virtual environment that it makes when needed.
# 77 (skipped) when PyPI can't be reached, except with SLUICE_REQUIRE_CONTRACT=1.
set -eu
venv=$1
test=$2
shift 2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
what=contract required=${SLUICE_REQUIRE_CONTRACT:-0}
. "$here/../support/venv.sh"

need_venv "$venv" schemathesis schemathesis
exec "$venv/bin/python" "$here/$test" "$@"
