"""Samples become lines: medians, ranges, and ratios that are taken within each round."""
import statistics

BASES = (("x limit", lambda who: who.startswith(("limit", "floor"))), ("x gobase", lambda who: who == "gobase"),
         ("x naive", lambda who: who == "naive"))
HEAD = ("case", "data", "who", "seconds (range)", "rows/s", "peak MB", "CPU s + database", "x limit", "x gobase", "x naive", "work")


def groups(samples):
    """(case, data) to who to samples, in the order of the first ones."""
    found = {}
    for sample in samples:
        if sample["case"]:
            found.setdefault((sample["case"], sample["data"]), {}).setdefault(sample["who"], []).append(sample)
    return found


def ratio(mine, base):
    """The median over the rounds in which both did their work."""
    pairs = [a["seconds"] / b["seconds"] for a, b in zip(mine, base or []) if not a["wrong"] and not b["wrong"]]
    return statistics.median(pairs) if pairs else None


def line(place, who, mine, others):
    good = [s for s in mine if not s["wrong"]]
    middle = lambda name: statistics.median(s[name] for s in good) if good and name in good[0] else None
    base = lambda fits: next((s for name, s in others.items() if fits(name)), None)
    wrong = [s["wrong"] for s in mine if s["wrong"]]
    seconds = middle("seconds")
    return {"case": place[0], "data": place[1], "who": who, "seconds": seconds, "rows": mine[0]["rows"],
            "least": min((s["seconds"] for s in good), default=None), "most": max((s["seconds"] for s in good), default=None),
            "rows_per_second": mine[0]["rows"] / seconds if seconds else None, "peak_mb": middle("peak_mb"), "cpu": middle("cpu"),
            "server_cpu": middle("server_cpu"), **{name: ratio(mine, base(fits)) for name, fits in BASES},
            "good": len(good), "of": len(mine), "wrong": wrong}


def lines(samples):
    return [line(place, who, mine, others) for place, others in groups(samples).items() for who, mine in others.items()]


def cells(row):
    show = lambda value, form: "-" if value is None else form % value
    work = "%d/%d" % (row["good"], row["of"])
    seconds = "-" if row["seconds"] is None else "%.3f (%.3f-%.3f)" % (row["seconds"], row["least"], row["most"])
    floor = row["who"].startswith("floor")
    cpu = "-" if row["cpu"] is None else "%.2f + %.2f" % (row["cpu"], row["server_cpu"])
    return (row["case"], row["data"], row["who"], "%.3f" % row["seconds"] if floor else seconds,
            "-" if floor or row["rows_per_second"] is None else f"{row['rows_per_second']:,.0f}", show(row["peak_mb"], "%.0f"), cpu,
            show(row["x limit"], "%.2f"), show(row["x gobase"], "%.2f"), show(row["x naive"], "%.3f"),
            "computed" if floor else "WRONG " + work if row["wrong"] else "proven " + work)


def show(rows, notes):
    """The table as text."""
    table = [HEAD, *map(cells, rows)]
    widths = [max(len(r[i]) for r in table) for i in range(len(HEAD))]
    text = ["| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |" for r in table]
    text.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    wrong = ["WRONG: %s, %s, %s: %s" % (r["case"], r["data"], r["who"], w) for r in rows for w in r["wrong"]]
    return "\n".join([*text, *wrong, *("note: " + n for n in notes)])
