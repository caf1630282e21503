#!/bin/sh
# run.sh VENV TEST.py [ARGUMENTS]: runs a test of this folder in a virtual environment that it makes when needed.
# 77 (skipped) when Chromium or PyPI can't be reached, except with SLUICE_REQUIRE_BROWSER=1.
set -eu
venv=$1
test=$2
shift 2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
what=browser required=${SLUICE_REQUIRE_BROWSER:-0}
. "$here/../support/venv.sh"

command -v chromium >/dev/null || skip "there is no chromium; install the package chromium"
need_venv "$venv" 'playwright.sync_api, axe_playwright_python' playwright axe-playwright-python
exec "$venv/bin/python" "$here/$test" "$@"
