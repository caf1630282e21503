#!/usr/bin/env python3
"""Proves that a receipt adds up:  receipt.py new|unchanged RECEIPT.json UPSTREAM-STATE-URL

Every count in it must balance, the run must have succeeded, and each stream must hold what the upstream
says it owns: all of it new (`new`), or none of it written (`unchanged`). Exit status 1 and a line each if not.
"""
import json
import sys
import urllib.request

OUTCOMES = ("inserted", "updated", "unchanged", "deleted", "deferred", "rejected")


def objects(value):
    """All JSON objects inside, outermost first."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def equations(receipt):
    """Problems of the two equations, wherever counts stand."""
    for counts in objects(receipt):
        name = counts.get("stream") or counts.get("stage") or "the run"
        if "rows" in counts and "inserted" in counts:
            right = sum(counts.get(o, 0) for o in OUTCOMES)
            if counts["rows"] != right:
                yield f"{name}: {counts['rows']} rows, but the outcomes add up to {right}"
        if "records" in counts and "mapped" in counts:
            right = counts["mapped"] + counts.get("filtered", 0) + counts.get("rejected_records", counts.get("rejected", 0))
            if counts["records"] != right:
                yield f"{name}: {counts['records']} records, but mapped, filtered and rejected add up to {right}"


def by_stream(receipt):
    sums = {}
    for counts in objects(receipt):
        if "stream" in counts and "rows" in counts:
            total = sums.setdefault(counts["stream"], dict.fromkeys((*OUTCOMES, "rows", "resolved_inserted"), 0))
            for key in total:
                total[key] += counts.get(key, 0)
    return sums


def held(kind, sums, owned):
    """Problems between what the streams did and what the upstream owns."""
    for stream, state in owned.items():
        got = sums.get(stream)
        if got is None:
            yield f"{stream}: the upstream owns {state['count']} rows, the receipt has no such stream"
            continue
        wrote = got["inserted"] + got["resolved_inserted"]
        if kind == "new" and wrote != state["count"]:
            yield f"{stream}: the upstream owns {state['count']} rows, {wrote} were inserted"
        if kind == "unchanged" and (got["unchanged"] != got["rows"] or got["rows"] != state["count"]):
            yield f"{stream}: {got['unchanged']} of {got['rows']} rows unchanged; the upstream owns {state['count']}"


def main(kind, path, url):
    with open(path, encoding="utf-8") as file:
        receipt = json.load(file)
    with urllib.request.urlopen(url, timeout=10) as answer:
        owned = json.load(answer)["tenants"]["acme"]["streams"]
    states = [o["state"] for o in objects(receipt) if "run_id" in o and "state" in o]
    problems = [] if states and set(states) == {"succeeded"} else [f"the state is {states or 'missing'}, not succeeded"]
    problems += [*equations(receipt), *held(kind, by_stream(receipt), owned)]
    for problem in problems:
        print(f"receipt: {problem}", file=sys.stderr)
    if not problems:
        total = sum(state["count"] for state in owned.values())
        print(f"== the receipt adds up: {total} rows in {len(owned)} streams, all {kind}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
