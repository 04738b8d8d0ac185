"""TLS for tests: an authority of our own by the openssl command, and servers that have certificates of it."""

import ssl

from harness import *
from harness import Nimbus


class Authority:
    """A root and what it signs: .root is its certificate. All keys are of P-256."""

    def __init__(self, name="Test Root"):
        need("openssl")
        self.folder = tmp("ca")
        self.root, self.root_key = self.folder / "root.pem", self.folder / "root.key"
        self._request(self.root, self.root_key, name, ["-addext", "keyUsage=critical,keyCertSign,cRLSign"])

    def _request(self, cert, key, name, more):
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
             key, "-out", cert, "-subj", f"/CN={name}", *([] if "-days" in more else ["-days", "3"]), *more])

    def issue(self, name, san, serial=None, days=3):
        """(certificate, key) files for a subjectAltName such as "DNS:localhost,IP:127.0.0.1" (or None)."""
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        more = ["-CA", self.root, "-CAkey", self.root_key, "-days", str(days),
                "-addext", "basicConstraints=critical,CA:FALSE"]
        more += ["-addext", f"subjectAltName={san}"] if san else []
        more += ["-set_serial", f"0x{serial}"] if serial else []
        self._request(cert, key, name, more)
        return cert, key


class Https(Nimbus):
    """A server that listens for https too: .tls_port, .tls_url; .authority signed its certificate."""

    def __init__(self, env=None, authority=None, start=True, **more):
        self.authority = authority or Authority()
        self.cert, self.key = tmp("tls") / "cert.pem", tmp("tls") / "key.pem"
        self.install(*self.authority.issue("localhost", "DNS:localhost,IP:127.0.0.1"))
        self.tls_port = free_port()
        self.tls_url = f"https://localhost:{self.tls_port}"
        super().__init__(env={"NIMBUS_TLS_LISTEN": f"127.0.0.1:{self.tls_port}", "NIMBUS_TLS_CERT": self.cert,
                              "NIMBUS_TLS_KEY": self.key, **(env or {})}, start=start, **more)

    def install(self, cert, key):
        """Puts another pair where the server looks for its own."""
        for source, target in ((cert, self.cert), (key, self.key)):
            beside = target.with_suffix(".new")
            shutil.copyfile(source, beside)
            beside.rename(target)

    def context(self, client=None, **options):
        """What a client trusts and shows: `client` is a pair of files."""
        context = ssl.create_default_context(cafile=self.authority.root)
        if client:
            context.load_cert_chain(*client)
        for name, value in options.items():
            setattr(context, name, value)
        return context

    def dial(self, context=None, name="localhost", timeout=60):
        """A TLS connection, its handshake done."""
        raw = socket.create_connection(("127.0.0.1", self.tls_port), timeout)
        try:
            return (context or self.context()).wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise

    def secure(self, data, context=None, **more):
        """Sends bytes by TLS and reads one response."""
        with SecureRaw(self.dial(context, **more)) as raw:
            return raw.send(data).response()

    def secure_git(self, *args, **more):
        return git("-c", f"http.sslCAInfo={self.authority.root}", *args, **more)

    def secure_url(self, name):
        return f"https://{OWNER}:{PASSWORD}@localhost:{self.tls_port}/{name}.git"

    def threads(self):
        return self._status("Threads")

    def said(self, text):
        """Has the log a line with that in its message or reason?"""
        return [line for line in self.log_lines() if text in line["message"] + line.get("why", "")]


class SecureRaw(Raw):
    def __init__(self, connected):
        self.socket, self.buffer = connected, b""


HEALTH = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
