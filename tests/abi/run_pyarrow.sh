#!/bin/sh
# run_pyarrow.sh VENV BRIDGE.so: runs pyarrow_test.py in a virtual environment that it makes when needed.
# 77 (skipped) when Python or PyPI can't be reached, except with SLUICE_REQUIRE_PYARROW=1, as in CI.
set -eu
venv=$1
bridge=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
what=pyarrow required=${SLUICE_REQUIRE_PYARROW:-0}
. "$here/../support/venv.sh"

need_venv "$venv" pyarrow.cffi 'pyarrow>=14' cffi

# A bridge that was built with a sanitizer needs its runtime first in the process.
for runtime in libasan libtsan; do
  found=$(ldd "$bridge" | sed -n "s/.*$runtime[^ ]* => \([^ ]*\).*/\1/p")
  [ -z "$found" ] || export LD_PRELOAD="$found" ASAN_OPTIONS="detect_leaks=0"
done
exec "$venv/bin/python" "$here/pyarrow_test.py" "$bridge"
