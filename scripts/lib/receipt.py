#!/usr/bin/env python3
"""Proves that a receipt adds up:  receipt.py new|unchanged RECEIPT.json UPSTREAM-STATE-URL

Every count in it must balance, the run must have succeeded, and each stream must hold what the upstream
says it owns: all of it new (`new`), or none of it written (`unchanged`). Exit status 1 and a line each if not.
"""
import json
import sys
import urllib.request

OUTCOMES = ("inserted", "updated", "unchanged", "deleted", "deferred", "rejected")


def equations(receipt):
    """Problems of the two equations, for the run and each stage; and of the run's sums."""
    for part in [receipt, *receipt["stages"]]:
        name = part.get("stage", "the run")
        for stream, counts in part["streams"].items():
            right = sum(counts[o] for o in OUTCOMES)
            if counts["rows"] != right:
                yield f"{name}, {stream}: {counts['rows']} rows, but the outcomes add up to {right}"
        records = part.get("records")
        if records:
            right = records["mapped"] + records["filtered"] + records["rejected"]
            if records["read"] != right:
                yield f"{name}: {records['read']} records, but mapped, filtered and rejected add up to {right}"
    for stream, counts in receipt["streams"].items():
        of_stages = sum(s["streams"].get(stream, {}).get("rows", 0) for s in receipt["stages"])
        if counts["rows"] != of_stages:
            yield f"{stream}: {counts['rows']} rows in the run, {of_stages} in its stages"


def held(kind, sums, owned):
    """Problems between what the streams did and what the upstream owns."""
    for stream, state in owned.items():
        got = sums.get(stream)
        if got is None:
            yield f"{stream}: the upstream owns {state['count']} rows, the receipt has no such stream"
            continue
        wrote = got["inserted"] + got["resolved"]["inserted"]
        if kind == "new" and wrote != state["count"]:
            yield f"{stream}: the upstream owns {state['count']} rows, {wrote} were inserted"
        if kind == "unchanged" and (got["unchanged"] != got["rows"] or got["rows"] != state["count"]):
            yield f"{stream}: {got['unchanged']} of {got['rows']} rows unchanged; the upstream owns {state['count']}"


def main(kind, path, url):
    with open(path, encoding="utf-8") as file:
        receipt = json.load(file)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this machine
    with direct.open(url, timeout=10) as answer:
        owned = json.load(answer)["tenants"]["acme"]["streams"]
    problems = [] if receipt["state"] == "succeeded" else [f"the state is {receipt['state']}, not succeeded"]
    problems += [*equations(receipt), *held(kind, receipt["streams"], owned)]
    for problem in problems:
        print(f"receipt: {problem}", file=sys.stderr)
    if not problems:
        total = sum(state["count"] for state in owned.values())
        print(f"== the receipt adds up: {total} rows in {len(owned)} streams, all {kind}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
