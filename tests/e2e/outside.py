"""Real systems for tests: where their scripts are, what they need, and leaving with a word when that is not there."""
import os
import pathlib
import shutil
import socket
import sys

import harness

CACHE = pathlib.Path(os.environ.get("UP_BUILD", pathlib.Path.home() / ".cache" / "sluice-upstreams"))


class Scripts:
    """The folder `name` beside the checkout, or where `variable` says."""

    def __init__(self, name, variable):
        self.folder = pathlib.Path(os.environ.get(variable, harness.SOURCE.parent / "shared" / name))
        self.variable = variable

    def leave(self, why):
        """Skips the whole program; where the checks of a change run, what could be installed is no reason."""
        print("skipped: " + why)
        sys.exit(1 if os.environ.get("CI") and self.folder.is_dir() else 77)

    def need(self, *programs):
        if not self.folder.is_dir():
            self.leave("the scripts that start real systems are not at %s; %s says where" % (self.folder, self.variable))
        missing = [program for program in programs if shutil.which(program) is None]
        if missing:
            self.leave("not installed: " + ", ".join(missing))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
