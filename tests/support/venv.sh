# Sourced by tests of programs that PyPI has. The caller sets `what` (of the test) and `required` (1: a skip is a failure).

skip() {
  echo "$what test not run: $1"
  [ "$required" = 1 ] && exit 1
  exit 77
}

# need_venv VENV IMPORTS PACKAGE...: makes the virtual environment unless it can import these already.
need_venv() {
  venv=$1
  imports=$2
  shift 2
  python=${SLUICE_PYTHON:-python3}
  command -v "$python" >/dev/null || skip "there is no $python"
  if ! "$venv/bin/python" -c "import $imports" 2>/dev/null; then
    "$python" -m venv "$venv" 2>/dev/null || skip "python3 -m venv does not work; install python3-venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" || skip "pip can't install $*"
  fi
}
