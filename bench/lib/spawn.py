"""Runs one command and prints what it took as JSON:  spawn.py LOG SECONDS COMMAND...

A program of its own because the kernel counts the memory of the process that starts a command as the command's;
this one is small. The command's output goes to LOG.out and LOG.err. After SECONDS it is killed.
"""
import json
import os
import signal
import sys
import time


def main(log, limit, *command):
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [(os.POSIX_SPAWN_OPEN, 1, log + ".out", flags, 0o600), (os.POSIX_SPAWN_OPEN, 2, log + ".err", flags, 0o600)]
    begun = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=files, setpgroup=0)
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.killpg(pid, signal.SIGKILL))
    signal.alarm(int(limit))
    _, status, used = os.wait4(pid, 0)
    seconds = time.monotonic() - begun
    print(json.dumps({"seconds": seconds, "peak_mb": used.ru_maxrss * 1024 / 1e6, "cpu": used.ru_utime + used.ru_stime,
                      "exit": os.waitstatus_to_exitcode(status)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
