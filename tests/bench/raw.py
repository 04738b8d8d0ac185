"""
Git over HTTP by hand, so that a measurement has the server in it and little else: the pack of a fetch is
read and thrown away (a git client would index it, which costs more than the server's part), a push sends
bytes that were made before.

A Connection carries one operation, as git's own client does. Its times are in seconds since `start`.
"""

import hashlib
import socket
import struct
import time

FLUSH, DELIM = b"0000", b"0001"
ZERO = "0" * 40
EMPTY_PACK = b"PACK" + struct.pack(">II", 2, 0)
EMPTY_PACK += hashlib.sha1(EMPTY_PACK).digest()


class Refused(Exception):
    """The server answered something else than what was asked for."""


def pkt(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"%04x" % (len(data) + 4) + data


class Connection:
    """A TCP connection that speaks HTTP/1.1. .ttfb: when the first byte of the last body came."""

    def __init__(self, port, headers=()):
        self.start = time.perf_counter()
        self.socket = socket.create_connection(("127.0.0.1", port), 600)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        self.buffer, self.at, self.ttfb = bytearray(), 0, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def elapsed(self):
        return time.perf_counter() - self.start

    def _more(self):
        piece = self.socket.recv(1 << 18)
        if not piece:
            return False
        if self.at:
            del self.buffer[:self.at]
            self.at = 0
        self.buffer += piece
        return True

    def _line(self):
        while (end := self.buffer.find(b"\r\n", self.at)) < 0:
            if not self._more():
                raise Refused("the connection was closed within a line")
        line = bytes(self.buffer[self.at:end])
        self.at = end + 2
        return line

    def _some(self, most):
        """Between 1 and `most` bytes; nothing at the connection's end."""
        if self.at == len(self.buffer) and not self._more():
            return b""
        piece = bytes(self.buffer[self.at:self.at + most])
        self.at += len(piece)
        return piece

    def _exactly(self, count):
        while count:
            piece = self._some(count)
            if not piece:
                raise Refused(f"the connection was closed {count} bytes too early")
            count -= len(piece)
            yield piece

    def _body(self, headers):
        if headers.get("transfer-encoding") == "chunked":
            while size := int(self._line().split(b";")[0], 16):
                yield from self._exactly(size)
                self._line()
            self._line()
        elif "content-length" in headers:
            yield from self._exactly(int(headers["content-length"]))
        else:
            while piece := self._some(1 << 30):
                yield piece

    def request(self, method, path, body=None, type_=None):
        """Yields the body of a 200 as it comes."""
        lines = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: git/bench\r\n{self.head}"
        if body is not None:
            lines += f"Content-Type: {type_}\r\nContent-Length: {len(body)}\r\n"
        head = lines.encode() + b"\r\n"
        if body is not None and len(body) < 65536:
            head, body = head + body, None
        self.socket.sendall(head)
        if body is not None:
            self.socket.sendall(body)
        line = self._line()
        if not line.startswith(b"HTTP/1.1 "):
            raise Refused(f"{method} {path}: {len(line)} bytes instead of a status line: {line[:60]!r}")
        status = int(line.split()[1])
        headers = {}
        while line := self._line():
            name, value = line.decode("latin-1").split(":", 1)
            headers[name.lower()] = value.strip().lower()
        self.ttfb = None
        if status != 200:
            text = b"".join(self._body(headers))[:300]
            raise Refused(f"{method} {path}: {status} {text!r}")
        for piece in self._body(headers):
            if self.ttfb is None:
                self.ttfb = self.elapsed()
            yield piece


class Packets:
    """Splits a stream of bytes into pkt-lines."""

    def __init__(self, pieces):
        self.pieces, self.buffer, self.at = pieces, b"", 0

    def _need(self, count):
        if len(self.buffer) - self.at >= count:
            return True
        parts, have = [self.buffer[self.at:]], len(self.buffer) - self.at
        while have < count and (piece := next(self.pieces, b"")):
            parts.append(piece)
            have += len(piece)
        self.buffer, self.at = b"".join(parts), 0
        return have >= count

    def __iter__(self):
        """Each packet's payload; a flush is None, a delimiter b""."""
        while self._need(4):
            size = int(self.buffer[self.at:self.at + 4], 16)
            if not self._need(max(size, 4)):
                raise Refused("the answer ends within a packet")
            payload = self.buffer[self.at + 4:self.at + size] if size >= 4 else (b"" if size else None)
            self.at += max(size, 4)
            yield payload
        if self.at != len(self.buffer):
            raise Refused("the answer ends within a packet")


class Pack:
    """What came of a pack: bytes, objects, and with `check` whether its own hash is right."""

    def __init__(self, check=False):
        self.bytes, self.objects, self.ttfb, self.tail = 0, None, None, b""
        self.head, self.hash = b"", hashlib.sha1() if check else None

    def add(self, data, when):
        if self.ttfb is None:
            self.ttfb = when
        if len(self.head) < 12:
            self.head = (self.head + data)[:12]
        if self.hash:
            both = self.tail + data
            self.hash.update(both[:-20])
            self.tail = both[-20:]
        self.bytes += len(data)

    def done(self):
        if self.head[:4] != b"PACK" or len(self.head) < 12:
            raise Refused(f"no pack came, but {self.head!r}")
        self.objects = struct.unpack(">I", self.head[8:12])[0]
        if self.hash and self.hash.digest() != self.tail:
            raise Refused("the pack's hash is not the hash of the pack")
        return self


def info_refs(connection, path, service="git-upload-pack"):
    return b"".join(connection.request("GET", f"{path}/info/refs?service={service}"))


def post(connection, path, service, body):
    return connection.request("POST", f"{path}/{service}", body, f"application/x-{service}-request")


def ls_refs(connection, path, prefixes=()):
    """The lines of protocol v2's ls-refs."""
    body = pkt("command=ls-refs\n") + pkt("object-format=sha1\n") + DELIM + pkt("peel\n") + pkt("symrefs\n")
    body += b"".join(pkt(f"ref-prefix {prefix}\n") for prefix in prefixes) + FLUSH
    return [line for line in Packets(post(connection, path, "git-upload-pack", body)) if line]


def fetch(connection, path, wants, haves=(), options=(), check=False):
    """One fetch of protocol v2 with `done`: what comes is the pack, counted and thrown away."""
    lines = ["thin-pack", "ofs-delta", "no-progress", *options]
    lines += [f"want {want}" for want in wants] + [f"have {have}" for have in haves] + ["done"]
    body = pkt("command=fetch\n") + pkt("object-format=sha1\n") + DELIM
    body += b"".join(pkt(line + "\n") for line in lines) + FLUSH
    pack, in_pack = Pack(check), False
    for packet in Packets(post(connection, path, "git-upload-pack", body)):
        if not packet:
            continue
        if not in_pack:
            in_pack = packet.rstrip() == b"packfile"
            if packet.startswith(b"ERR "):
                raise Refused(packet.decode("utf-8", "replace"))
        elif packet[0] == 1:
            pack.add(memoryview(packet)[1:] if not check and pack.bytes > 12 else packet[1:], connection.elapsed())
        elif packet[0] == 3:
            raise Refused(packet[1:].decode("utf-8", "replace"))
    return pack.done()


def push_many(connection, path, commands, pack):
    """One push of [(ref, old, new)] (protocol v0, as git itself pushes), including the advertisement before it."""
    info_refs(connection, path, "git-receive-pack")
    lines = [f"{old} {new} {ref}" for ref, old, new in commands]
    lines[0] += "\0 report-status side-band-64k object-format=sha1 agent=git/bench"
    body = b"".join(pkt(line) for line in lines) + FLUSH + pack
    report = b""
    for packet in Packets(post(connection, path, "git-receive-pack", body)):
        if packet and packet[0] == 1:
            report += packet[1:]
        elif packet and packet[0] == 3:
            raise Refused(packet[1:].decode("utf-8", "replace"))
    accepted = {packet.split()[1] for packet in Packets(iter([report])) if packet and packet.startswith(b"ok ")}
    if b"unpack ok" not in report or accepted != {ref.encode() for ref, _, _ in commands}:
        raise Refused(f"the push was not accepted: {report[:300]!r}")


def push(connection, path, ref, old, new, pack):
    push_many(connection, path, [(ref, old or ZERO, new)], pack)
