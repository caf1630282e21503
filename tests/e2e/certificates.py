"""Certificates for tests, made by openssl."""
import pathlib
import ssl
import subprocess


def make(folder, name, host="sync.example.test", days=30, passphrase=None):
    """NAME.pem and NAME.key, which signs itself."""
    pair = Pair(pathlib.Path(folder) / (name + ".pem"), pathlib.Path(folder) / (name + ".key"))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", pair.key, "-out", pair.certificate,
               "-days", str(days), "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:%s,IP:127.0.0.1" % host]
    command += ["-passout", "pass:" + passphrase] if passphrase else ["-nodes"]
    subprocess.run(command, check=True, capture_output=True)
    pair.key.chmod(0o600)
    return pair


class Pair:
    def __init__(self, certificate, key):
        self.certificate, self.key = certificate, key

    def take_place_of(self, other):
        for mine, theirs in ((self.certificate, other.certificate), (self.key, other.key)):
            theirs.write_bytes(mine.read_bytes())

    def der(self):
        return ssl.PEM_cert_to_DER_cert(self.certificate.read_text())
