#!/usr/bin/env python3
"""Sums what CTest wrote (--output-junit) into one line: N passed, N failed[, N skipped].

A GoogleTest program is one test of CTest; its own summary in the output says how many cases it ran, so
those are counted. A program that dies before its summary, or fails after it, counts as one failure.
Exit status: 0 when all passed and something ran, else 1.
"""
import re
import sys
import xml.etree.ElementTree as xml

COUNTS = {"passed": r"^\[  PASSED  \] (\d+) tests?\.", "failed": r"^\[  FAILED  \] (\d+) tests?, listed below",
          "skipped": r"^\[  SKIPPED \] (\d+) tests?, listed below"}


def count_case(case):
    """(passed, failed, skipped, name if it failed) of one <testcase>."""
    status = case.get("status", "")
    text = case.findtext("system-out") or ""
    found = {name: re.search(pattern, text, re.M) for name, pattern in COUNTS.items()}
    number = {name: int(m.group(1)) if m else 0 for name, m in found.items()}
    if status == "run":
        if not found["passed"]:
            return 1, 0, 0
        return number["passed"], number["failed"], number["skipped"]
    if status == "fail":
        return number["passed"], max(1, number["failed"]), number["skipped"]
    return 0, 0, 1  # disabled, or it skipped itself


def main(paths):
    passed = failed = skipped = 0
    broken, absent = [], []
    for path in paths:
        try:
            cases = xml.parse(path).getroot().iter("testcase")
        except (OSError, xml.ParseError) as problem:
            absent.append(f"{path}: {problem}")
            continue
        for case in cases:
            p, f, s = count_case(case)
            passed, failed, skipped = passed + p, failed + f, skipped + s
            if f:
                broken.append(f"{case.get('name')} ({path})")
            if s:
                print(f"skipped: {s} in {case.get('name')}", file=sys.stderr)
    for name in broken:
        print(f"failed: {name}", file=sys.stderr)
    for line in absent:
        print(f"no result: {line}", file=sys.stderr)
    failed += len(absent)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
