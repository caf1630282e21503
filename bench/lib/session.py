"""What all cases share: the folders, the database, measured commands and their results."""
import json
import os
import pathlib
import subprocess
import sys

SPAWN = pathlib.Path(__file__).with_name("spawn.py")


class Session:
    def __init__(self, options, folder, cluster):
        self.options, self.folder, self.cluster = options, folder, cluster
        self.samples, self.notes, self.broken = [], [], ""

    def size(self, normal, quick):
        return quick if self.options.quick else normal

    def rounds(self):
        return range(self.options.repeat)

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def turns(self, contenders, number):
        """In turns: A B, B A, A B."""
        return list(contenders) if number % 2 == 0 else list(contenders)[::-1]

    def run(self, command, environment=None):
        """One command: what it took, and its output. Nothing else of the bench runs meanwhile."""
        log = str(self.folder / "command")
        spawn = subprocess.Popen([sys.executable, "-I", "-S", SPAWN, log, str(self.options.timeout), *map(str, command)],
                                 env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True)
        try:
            took = json.loads(spawn.communicate()[0])
        except BaseException:
            spawn.terminate()  # it ends the command
            spawn.wait()
            raise
        took["out"] = pathlib.Path(log + ".out").read_text(errors="replace")
        took["err"] = pathlib.Path(log + ".err").read_text(errors="replace")
        return took

    def prepare(self, command, environment=None):
        """A command that must work and isn't measured."""
        took = self.run(command, environment)
        if took["exit"] != 0:
            raise RuntimeError("%s: exit %d: %s" % (command[0], took["exit"], took["err"][-2000:]))

    def measure(self, place, who, command, environment=None, rows=0, proof=lambda took: ""):
        """Runs and keeps one sample. `place` is (case, data); `proof` gives what is wrong with the work, or nothing."""
        if self.cluster and not self.options.quick:
            self.cluster.query("postgres", "CHECKPOINT")  # else one pays for what the one before wrote
        server = self.cluster.cpu() if self.cluster else 0
        took = self.run(command, environment)
        server = self.cluster.cpu() - server if self.cluster else 0
        wrong = proof(took) if took["exit"] == 0 else "exit %d: %s" % (took["exit"], " ".join(took["err"].split())[-300:])
        self.keep(place, who, took["seconds"], rows, wrong, cpu=took["cpu"], peak_mb=took["peak_mb"], server_cpu=server)
        return took

    def keep(self, place, who, seconds, rows, wrong="", **more):
        case, data = place
        self.samples.append({"case": case, "data": data, "who": who, "seconds": seconds, "rows": rows, "wrong": wrong, **more})
        print("# %s, %s, %s: %.3f s %s" % (case, data, who, seconds, wrong or "ok"), file=sys.stderr, flush=True)


def differences(held, owed):
    """What is wrong between two maps of stream to {count, and a digest}."""
    wrong = []
    for stream, have in held.items():
        want = {name: owed[stream][name] for name in have}
        if have != want:
            wrong.append("%s: %d rows of %d%s" % (stream, have["count"], want["count"],
                                                  ", the digest differs" if have["count"] == want["count"] else ""))
    return "; ".join(wrong)


def receipt_problem(took, written=None):
    """A receipt must say succeeded and, with `written`, that exactly so many rows were written."""
    receipt = json.loads(took["out"])
    if receipt["state"] != "succeeded":
        return "the receipt says " + receipt["state"]
    wrote = sum(s["inserted"] + s["updated"] + s["deleted"] + s["resolved"]["inserted"] for s in receipt["streams"].values())
    return "" if written is None or wrote == written else "%d rows were written, not %d" % (wrote, written)
