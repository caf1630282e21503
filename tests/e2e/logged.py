"""A process of the product, and the lines of its log as they come."""
import json
import subprocess
import threading


class Logged:
    def __init__(self, case, command, environment, stdout=subprocess.DEVNULL):
        self.case = case
        self.lines = []
        self.news = threading.Condition()
        self.ended = False
        self.process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        case.addCleanup(self.close)

    def _read(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(json.loads(line))
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()

    def lines_that(self, wanted, times, what):
        """Until so many lines are as wanted; all of them."""
        with self.news:
            self.news.wait_for(lambda: self.ended or sum(bool(wanted(l)) for l in self.lines) >= times, timeout=180)
            found = [l for l in self.lines if wanted(l)]
            if len(found) < times:
                self.case.fail("%s: %d of %d times in\n%s" % (what, len(found), times, "\n".join(map(str, self.lines[-40:]))))
            return found
