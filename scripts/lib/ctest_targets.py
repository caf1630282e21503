#!/usr/bin/env python3
"""Prints the Ninja targets behind the tests that CTest would run, from `ctest --show-only=json-v1` on stdin.

    ctest --test-dir DIR -L unit --show-only=json-v1 | ctest_targets.py DIR
"""
import json
import os
import sys


def main(folder):
    folder = os.path.realpath(folder)
    programs = set()
    for test in json.load(sys.stdin).get("tests", []):
        for word in test.get("command", [])[:1]:
            path = os.path.realpath(word)
            if path.startswith(folder + os.sep):
                programs.add(os.path.relpath(path, folder))
    print("\n".join(sorted(programs)))


if __name__ == "__main__":
    main(sys.argv[1])
