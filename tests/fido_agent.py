"""
An SSH agent with one FIDO key in software, for machines that have none: `ssh-keygen -Y sign`, and so
git, asks it as it asks ssh-agent (draft-miller-ssh-agent), and it signs as a FIDO key does (OpenSSH's
PROTOCOL.u2f).

    agent = FidoAgent("ed25519")    # or "ecdsa"; touched=False: nobody is there
    git(..., env={"SSH_AUTH_SOCK": agent.socket})    # with user.signingkey = agent.public
"""

import hashlib
import socketserver
import threading

from harness import *

IDENTITIES, IDENTITIES_ANSWER, SIGN, SIGN_ANSWER, FAILURE = 11, 12, 13, 14, 5
APPLICATION, TOUCHED, COUNTER = b"ssh:", 1, 7


def string(data):
    return len(data).to_bytes(4, "big") + data


def take(data):
    """A string, and what comes after it."""
    end = 4 + int.from_bytes(data[:4], "big")
    return data[4:end], data[end:]


def openssl(*words):
    return run([need("openssl"), *words]).raw


class Ed25519:
    name, algorithm = b"sk-ssh-ed25519@openssh.com", ("ed25519",)

    def public(self, der):
        return string(der[-32:])

    def sign(self, pem, path):
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", pem, "-in", path)


class Ecdsa:
    name, algorithm = b"sk-ecdsa-sha2-nistp256@openssh.com", ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")

    def public(self, der):
        return string(b"nistp256") + string(der[-65:])

    def sign(self, pem, path):
        """DER's two numbers, which are SSH's as they are."""
        der, numbers = openssl("dgst", "-sha256", "-sign", pem, path)[2:], b""
        while der:
            numbers += string(der[2:2 + der[1]])
            der = der[2 + der[1]:]
        return numbers


class FidoAgent:
    def __init__(self, kind, touched=True):
        self.kind, self.flags = {"ed25519": Ed25519, "ecdsa": Ecdsa}[kind](), TOUCHED if touched else 0
        self.folder = tmp("fido")
        self.pem, self.socket, self.public = (self.folder / name for name in ("key.pem", "agent", "key.pub"))
        openssl("genpkey", "-algorithm", *self.kind.algorithm, "-out", self.pem)
        der = openssl("pkey", "-in", self.pem, "-pubout", "-outform", "DER")
        self.blob = string(self.kind.name) + self.kind.public(der) + string(APPLICATION)
        self.public.write_text(f"{self.kind.name.decode()} {base64.b64encode(self.blob).decode()} ada@example.com\n")
        self.server = socketserver.ThreadingUnixStreamServer(str(self.socket), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(agent):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while head := self.rfile.read(4):
                    message = self.rfile.read(int.from_bytes(head, "big"))
                    self.wfile.write(string(agent.answer(message[0], message[1:])))
        return Handler

    def answer(self, kind, rest):
        if kind == IDENTITIES:
            return bytes([IDENTITIES_ANSWER]) + (1).to_bytes(4, "big") + string(self.blob) + string(b"ada@example.com")
        blob, rest = take(rest)
        if kind == SIGN and blob == self.blob:
            return bytes([SIGN_ANSWER]) + string(self.sign(take(rest)[0]))
        return bytes([FAILURE])

    def sign(self, message):
        said = bytes([self.flags]) + COUNTER.to_bytes(4, "big")
        path = self.folder / "asserted"
        path.write_bytes(hashlib.sha256(APPLICATION).digest() + said + hashlib.sha256(message).digest())
        return string(self.kind.name) + string(self.kind.sign(self.pem, path)) + said
