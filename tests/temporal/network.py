"""A network between hosts and their server: slow, torn, or silent. And one that is encrypted."""
import queue
import select
import socket
import ssl
import struct
import subprocess
import threading
import time

CHUNK = 65536


class Network:
    """A port in front of a server's."""

    def __init__(self, server_port):
        self.server_port, self.delay = server_port, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.lock, self.links, self.never = threading.Lock(), [], threading.Event()
        self._in_thread(self._accept)

    def cut(self):
        """Every connection, with a reset; new ones are let through. How many there were."""
        with self.lock:
            links, self.links = self.links, []
        for link in links:
            for s in link["sockets"]:
                self._close(s, socket.SO_LINGER)
        return len(links)

    def hush(self):
        """Nothing passes over the connections that there are, and nobody is told; new ones are let through."""
        with self.lock:
            for link in self.links:
                link["silent"] = True
            return len(self.links)

    def stop(self):
        self._close(self.listener)
        self.cut()

    @staticmethod
    def _in_thread(f, *args):
        threading.Thread(target=f, args=args, daemon=True).start()

    @staticmethod
    def _close(s, linger=None):
        try:
            if linger:
                s.setsockopt(socket.SOL_SOCKET, linger, struct.pack("ii", 1, 0))
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was first
        s.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self._in_thread(self._begin, client)

    def _begin(self, client):
        link = {"sockets": (client, socket.create_connection(("127.0.0.1", self.server_port))), "silent": False}
        with self.lock:
            self.links.append(link)
        self._serve(link)

    def _serve(self, link):
        client, server = link["sockets"]
        self._in_thread(self._pump, link, client, server)
        self._pump(link, server, client)

    def _pump(self, link, source, sink):
        waiting = queue.SimpleQueue()
        self._in_thread(self._deliver, link, waiting, sink)
        try:
            while data := source.recv(CHUNK):
                waiting.put((time.monotonic() + self.delay, data))
        except OSError:
            pass  # the same as an end
        waiting.put((0, None))

    def _deliver(self, link, waiting, sink):
        while True:
            when, data = waiting.get()
            self.never.wait(max(0, when - time.monotonic()))
            if link["silent"]:
                continue
            if data is None:
                return self._close(sink)
            try:
                sink.sendall(data)
            except OSError:
                return


class Encrypted(Network):
    """Asks for a certificate of the same authority, as a cluster with mutual TLS does."""

    def __init__(self, server_port, folder):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self.context.load_verify_locations(folder / "ca.pem")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.set_alpn_protocols(["h2"])
        super().__init__(server_port)

    def _begin(self, client):
        try:
            super()._begin(self.context.wrap_socket(client, server_side=True))
        except OSError:
            self._close(client)  # it has no certificate, or not a good one

    def _serve(self, link):
        # One thread for both ways: a connection with TLS is for one at a time.
        client, server = link["sockets"]
        while True:
            ready = [client] if client.pending() else select.select([client, server], [], [])[0]
            for s in ready:
                data = s.recv(CHUNK)
                if not data:
                    return self.cut_one(link)
                (server if s is client else client).sendall(data)

    def cut_one(self, link):
        for s in link["sockets"]:
            self._close(s)


def make_certificates(folder, name):
    """An authority and what it says of a server of that name, and of a client: PEM files."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=a test's",
            "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "names").write_text("subjectAltName=DNS:%s\n" % name)
    for who in ("server", "client"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + who,
                "-keyout", who + ".key", "-out", who + ".csr")
        openssl("x509", "-req", "-in", who + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "names", "-out", who + ".pem")
