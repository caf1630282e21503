#!/usr/bin/env python3
"""Runs one check over the tree:  house_check.py NAME [ROOT].  Prints each problem as file:line: what is wrong."""
import importlib
import pathlib
import sys

CHECKS = ["includes", "names", "sizes", "text", "scripts", "docs", "codes", "testing"]


def main(words):
    if not words or words[0] not in CHECKS:
        print(f"usage: house_check.py {'|'.join(CHECKS)} [ROOT]", file=sys.stderr)
        return 2
    here = pathlib.Path(__file__).resolve()
    root = pathlib.Path(words[1]).resolve() if len(words) > 1 else here.parents[2]
    problems = importlib.import_module(f"checks.{words[0]}").run(root)
    print("\n".join(problems) or "nothing wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
