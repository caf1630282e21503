#!/bin/sh
# run_pyarrow.sh VENV BRIDGE.so: runs pyarrow_test.py in a virtual environment that it makes when needed.
# 77 (skipped) when Python or PyPI can't be reached, except with SLUICE_REQUIRE_PYARROW=1, as in CI.
set -eu
venv=$1
bridge=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

skip() {
  echo "pyarrow test not run: $1"
  [ "${SLUICE_REQUIRE_PYARROW:-0}" = 1 ] && exit 1
  exit 77
}

python=${SLUICE_PYTHON:-python3}
command -v "$python" >/dev/null || skip "there is no $python"
if ! "$venv/bin/python" -c 'import pyarrow.cffi' 2>/dev/null; then
  "$python" -m venv "$venv" 2>/dev/null || skip "python3 -m venv does not work; install python3-venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'pyarrow>=14' cffi ||
    skip "pip can't install pyarrow"
fi

# A bridge that was built with a sanitizer needs its runtime first in the process.
for runtime in libasan libtsan; do
  found=$(ldd "$bridge" | sed -n "s/.*$runtime[^ ]* => \([^ ]*\).*/\1/p")
  [ -z "$found" ] || export LD_PRELOAD="$found" ASAN_OPTIONS="detect_leaks=0"
done
exec "$venv/bin/python" "$here/pyarrow_test.py" "$bridge"
