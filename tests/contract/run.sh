#!/bin/sh
# run.sh VENV TEST.py [ARGUMENTS]: runs a test of this folder in a virtual environment that it makes when needed.
# 77 (skipped) when PyPI can't be reached, except with SLUICE_REQUIRE_CONTRACT=1.
set -eu
venv=$1
test=$2
shift 2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

skip() {
  echo "contract test not run: $1"
  [ "${SLUICE_REQUIRE_CONTRACT:-0}" = 1 ] && exit 1
  exit 77
}

python=${SLUICE_PYTHON:-python3}
command -v "$python" >/dev/null || skip "there is no $python"
if ! "$venv/bin/python" -c 'import schemathesis' 2>/dev/null; then
  "$python" -m venv "$venv" 2>/dev/null || skip "python3 -m venv does not work; install python3-venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check schemathesis ||
    skip "pip can't install schemathesis"
fi
exec "$venv/bin/python" "$here/$test" "$@"
