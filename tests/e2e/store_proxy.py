"""A proxy in front of PostgreSQL that cuts at an exact message."""
import pathlib
import re
import socket
import struct
import tempfile
import threading


class Proxy:
    """Between sluice and a server's unix socket. Understands as much of the protocol as is needed to see what commits, and
    to cut the connection before the server gets it, after the server has answered, or while the server works on it.
    That is a COMMIT, and a statement outside of a transaction that writes."""

    def __init__(self, server_folder):
        self.server = str(server_folder / ".s.PGSQL.5432")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-cut-"))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self.listener.listen(64)
        self.lock, self.commits, self.plan, self.cuts, self.links = threading.Lock(), 0, {}, [], []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, number, how):
        """At the n-th COMMIT from now on; `how`: before or after the server has it."""
        with self.lock:
            self.plan = {self.commits + number: how}

    def drop_committing(self):
        """Cuts the clients off whose COMMIT the server works on. The server does not notice."""
        with self.lock:
            for link in self.links:
                if link["committing"]:
                    link["deaf"] = True
                    close(link["client"])
                    self.cuts.append("meanwhile")

    def stop(self):
        self.listener.close()
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            link = {"client": client, "server": socket.socket(socket.AF_UNIX), "committing": False, "deaf": False,
                    "after": False, "open": False, "writes": {}}
            with self.lock:
                self.links.append(link)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        try:
            link["server"].connect(self.server)
            threading.Thread(target=self._answers, args=(link,), daemon=True).start()
            self._requests(link["client"], link["server"], link)
        except OSError:
            pass
        if not link["deaf"]:
            close(link["server"])
        close(link["client"])

    def _requests(self, client, server, link):
        length = exactly(client, 4)
        server.sendall(length + exactly(client, struct.unpack("!I", length)[0] - 4))
        while True:
            head = exactly(client, 5)
            body = exactly(client, struct.unpack("!I", head[1:])[0] - 4)
            if self._commits(link, head[:1], body):
                with self.lock:
                    self.commits += 1
                    how = self.plan.pop(self.commits, None)
                    if how:
                        self.cuts.append(how)
                    link["committing"], link["after"] = True, how == "after"
                if how == "before":
                    return
            server.sendall(head + body)

    @staticmethod
    def _commits(link, kind, body):
        if kind == b"P":  # a statement is named, and what it is; the empty name is used at once
            name, _, text = body.partition(b"\0")
            link["writes"][name] = re.search(rb"\b(INSERT|UPDATE|DELETE)\b", text) is not None
        if kind == b"B":  # which of them is to be done
            name = body.partition(b"\0")[2].partition(b"\0")[0]
            return not link["open"] and link["writes"].get(name, False)
        if kind != b"Q":
            return False
        word = body.upper().split(b"\0")[0].split(b";")[0].split()[:1]
        if word == [b"BEGIN"]:
            link["open"] = True
        ended = word in ([b"COMMIT"], [b"ROLLBACK"])
        link["open"] = link["open"] and not ended
        return word == [b"COMMIT"]

    def _answers(self, link):
        try:
            while data := link["server"].recv(65536):
                if link["deaf"] or link["after"]:
                    break
                link["committing"] = False
                link["client"].sendall(data)
        except OSError:
            pass
        close(link["server"])
        close(link["client"])


def exactly(source, count):
    out = b""
    while len(out) < count:
        piece = source.recv(count - len(out))
        if not piece:
            raise OSError("closed")
        out += piece
    return out


def close(s):
    try:
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    s.close()
