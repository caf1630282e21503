"""When requests come: drawn beforehand from a seed, so that nothing that happens later changes it."""
import json
import random


def steady(rate, seconds, seed, start=0.0):
    """Instants of independent callers: exponential gaps, `rate` a second on average."""
    dice, at, out = random.Random(seed), start, []
    while (at := at + dice.expovariate(rate)) < start + seconds:
        out.append(at)
    return out


def at_once(count, start=0.0):
    return [start] * count


def within(count, seconds, seed, start=0.0):
    dice = random.Random(seed)
    return sorted(start + dice.random() * seconds for _ in range(count))


class Question:
    def __init__(self, at, target, method="POST", wait=60, body=None, kind=""):
        self.at, self.target, self.method, self.wait, self.kind = at, target, method, wait, kind
        self.body = "" if body is None else json.dumps(body)

    def line(self):
        return "%d\t%s\t%s\t%d\t%s\n" % (self.at * 1_000_000, self.method, self.target, self.wait, self.body)


def sign_in(at, tenant, subject=None, wait=60, kind=""):
    return Question(at, "/api/sync/tenants/%s/runs" % tenant, wait=wait, body={"subject": subject} if subject else {}, kind=kind)
