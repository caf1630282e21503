"""Case g: what the border between host and plugin costs, against the same code linked into one program."""
import json
import statistics


def of_a_first_sync(samples):
    """Microseconds that one row of case a takes, all in all; nothing when it wasn't measured."""
    times = [s["seconds"] / s["rows"] * 1e6 for s in samples if s["case"].startswith("a ") and s["who"] == "sluice" and not s["wrong"]]
    return statistics.median(times) if times else None


def rounds(session):
    program = session.options.build / "bench_boundary"
    if not program.exists():
        session.note("g: not measured, not built: bench_boundary")
        return
    extra = []
    for _ in session.rounds():
        took = session.run([program])
        if took["exit"] != 0:
            raise RuntimeError("bench_boundary: exit %d: %s" % (took["exit"], took["err"][-500:]))
        figures = json.loads(took["out"])
        extra.append((figures["loaded_us"] - figures["linked_us"] + figures["page_us"]) / figures["rows"])
    cost, row = statistics.median(extra), of_a_first_sync(session.samples)
    share = "; case a was not measured beside it" if row is None else ", %.2f %% of the %.2f us that a row of case a takes" % (100 * cost / row, row)
    session.note("g plugin boundary: %.4f us a row more than linked in (transform and page, CPU)%s" % (cost, share))
