"""The figures of load as two tables: levels, and sluice beside others."""
import statistics

LEVELS = ("level", "what", "asked", "good", "later", "sent away", "bad", "p50 s", "p90 s", "p99 s", "p99.9 s", "max s", "sent away p99 s", "lag p99 s", "besides")
STORMS = ("case", "who", "sign-ins/s (range)", "x gobase", "p50 s", "p99 s", "max s", "peak MB", "CPU s + database", "work")
PLAIN = ("level", "what", "asked", "good", "later", "sent_away", "bad", "p50", "p90", "p99", "p99.9", "max", "away_p99", "lag_p99")


def number(value):
    return "-" if value is None else "%.3f" % value if isinstance(value, float) else str(value)


def table(head, rows):
    rows = [head, *rows]
    widths = [max(len(r[i]) for r in rows) for i in range(len(head))]
    text = ["| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |" for r in rows]
    text.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(text)


def level_cells(row):
    besides = "; ".join("%s %s" % (k.replace("_", " "), number(v)) for k, v in row.items() if k not in PLAIN)
    return (*(number(row[name]) for name in PLAIN), besides)


def storm_rows(storms):
    groups = {}
    for s in storms:
        groups.setdefault(s["place"], {}).setdefault(s["who"], []).append(s)
    for place, of in groups.items():
        base = of.get("gobase", [])
        for who, mine in of.items():
            middle = lambda name: statistics.median(s[name] for s in mine if s[name] is not None)
            rates = [s["per_second"] for s in mine]
            ratios = [a["per_second"] / b["per_second"] for a, b in zip(mine, base) if not a["wrong"] and not b["wrong"]]
            wrong = [s["wrong"] for s in mine if s["wrong"]]
            yield (place, who, "%.0f (%.0f-%.0f)" % (statistics.median(rates), min(rates), max(rates)),
                   "%.2f" % statistics.median(ratios) if ratios else "-", *(number(middle(n)) for n in ("p50", "p99", "max")),
                   "%.0f" % middle("peak_mb"), "%.2f + %.2f" % (middle("cpu"), middle("server_cpu")),
                   "WRONG: " + wrong[0] if wrong else "proven %d/%d" % (len(mine), len(mine)))


def show(session):
    parts = []
    if session.levels:
        parts.append(table(LEVELS, [level_cells(r) for r in session.levels]))
    if session.storms:
        parts.append(table(STORMS, list(storm_rows(session.storms))))
    parts += ["note: the generator took %.1f s of CPU" % session.sender_cpu, *("note: " + n for n in session.notes)]
    return "\n\n".join(parts) + ("\n" + session.broken if session.broken else "")
