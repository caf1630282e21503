"""What the generator noted, and figures of it. All times are from the instant at which a request was to be sent."""
import math


class Answer:
    def __init__(self, line, question):
        at, sent, done, status, self.retry_after, self.subject, self.tenant = line.rstrip("\n").split("\t")
        self.kind, self.at = question.kind, int(at) / 1e6
        self.lag, self.took = (int(sent) - int(at)) / 1e6, (int(done) - int(at)) / 1e6
        self.status = int(status)

    @property
    def done(self):
        return self.at + self.took


def percentile(values, p):
    """The nearest rank."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(0, math.ceil(p / 100 * len(ranked)) - 1)]


def of_kind(answers, kind):
    return [a for a in answers if a.kind == kind]


def good(answers):
    return [a for a in answers if a.status == 200]


def sent_away(answers):
    return [a for a in answers if a.status in (429, 503)]


def bad(answers):
    """Neither done, nor to be looked for later, nor told to come back."""
    return [a for a in answers if a.status not in (200, 202, 429, 503)]


def goodput(answers, since, until, patience=5.0):
    """Sign-ins a second that were answered in that time, and within their patience."""
    kept = [a for a in good(answers) if a.took <= patience and since <= a.done < until]
    return len(kept) / (until - since)


def figures(answers):
    done = [a.took for a in good(answers)]
    out = {"asked": len(answers), "good": len(done), "later": sum(a.status == 202 for a in answers),
           "sent_away": len(sent_away(answers)), "bad": len(bad(answers))}
    for name, p in (("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("max", 100)):
        out[name] = percentile(done, p)
    out["lag_p99"] = percentile([a.lag for a in answers], 99)
    out["away_p99"] = percentile([a.took for a in sent_away(answers)], 99)
    return out


def well_since(answers, start, limit=2.0, window=5.0):
    """How long after `start` the last window ended in which p99 was over the limit, or somebody was sent away; 0: none."""
    last = 0.0
    end = max(a.at for a in answers)
    at = start
    while at < end:
        some = [a for a in answers if at <= a.at < at + window]
        slow = percentile([a.took for a in some], 99)
        if some and (slow > limit or any(a.status != 200 for a in some)):
            late = max(a.at for a in some if a.took > limit or a.status != 200)
            last = max(last, late - start)
        at += window
    return last
