"""Reading and moving refs by hand, for tests that need thousands of pushes: no git, no files, exact answers."""

import hashlib
import http.client
import zlib

ZERO = "0" * 40
FLUSH = b"0000"


class Refused(Exception):
    """The server answered, and what it said is no."""


class Lost(Exception):
    """No answer, or half of one: it may have happened or not."""


def pkt(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"%04x%s" % (len(data) + 4, data)


def packets(data):
    """The payloads of pkt-lines; None for a flush. What is cut short ends them."""
    at = 0
    while at + 4 <= len(data):
        size = int(data[at:at + 4], 16)
        if size < 4:
            at += 4
            yield None
            continue
        if at + size > len(data):
            return
        yield data[at + 4:at + size]
        at += size


def object_id(kind, content):
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest()


def entry(kind, content):
    """An object as a pack has it."""
    size, byte = len(content), {"commit": 1, "tree": 2, "blob": 3}[kind] << 4 | len(content) & 15
    head, size = bytearray(), size >> 4
    while size:
        head.append(byte | 128)
        byte, size = size & 127, size >> 7
    head.append(byte)
    return bytes(head) + zlib.compress(content, 1)


def commit(parent, content, message):
    """(id, pack) of a commit with one file."""
    blob = object_id("blob", content)
    tree = b"100644 file\0" + bytes.fromhex(blob)
    lines = [f"tree {object_id('tree', tree)}"] + ([f"parent {parent}"] if parent != ZERO else [])
    who = "A <a@example.com> 1700000000 +0000"
    text = ("\n".join([*lines, f"author {who}", f"committer {who}", "", message]) + "\n").encode()
    entries = entry("commit", text) + entry("tree", tree) + entry("blob", content)
    body = b"PACK\0\0\0\2\0\0\0\3" + entries
    return object_id("commit", text), body + hashlib.sha1(body).digest()


class Client:
    """Speaks to one server, over one connection while that lasts. Not for several threads."""

    def __init__(self, port, authorization, timeout=60):
        self.port, self.headers, self.timeout = port, {"Authorization": authorization}, timeout
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def call(self, method, path, body=None, headers=None):
        """The body of a 200. Refused: another status. Lost: anything else."""
        try:
            if not self.connection:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
            self.connection.request(method, path, body, {**self.headers, **(headers or {})})
            answer = self.connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as why:
            self.close()
            raise Lost(f"{method} {path}: {why!r}") from None
        if answer.status in (502, 504):
            # The load balancer speaks, not the server: it does not know what the server did.
            raise Lost(f"{method} {path}: {answer.status}")
        if answer.status != 200:
            raise Refused(f"{method} {path}: {answer.status} {data[:300]!r}")
        return data

    def refs(self, repo, prefix="refs/"):
        """{name: id} by protocol version 2."""
        lines = [pkt("command=ls-refs\n"), b"0001", pkt(f"ref-prefix {prefix}\n"), FLUSH]
        data = self.call("POST", f"/{repo}.git/git-upload-pack", b"".join(lines),
                         {"Content-Type": "application/x-git-upload-pack-request", "Git-Protocol": "version=2"})
        if not data.endswith(FLUSH):
            raise Lost("the list of refs is cut short")
        rows = [line.decode().rstrip("\n").split(" ") for line in packets(data) if line]
        return {row[1]: row[0] for row in rows}

    def push(self, repo, ref, old, new, pack):
        """Moves one ref. Refused with git's words; Lost when nobody knows."""
        body = pkt(f"{old} {new} {ref}\0report-status object-format=sha1") + FLUSH + pack
        data = self.call("POST", f"/{repo}.git/git-receive-pack", body,
                         {"Content-Type": "application/x-git-receive-pack-request"})
        lines = [line for line in packets(data) if line]
        if f"ok {ref}".encode() in (line.strip() for line in lines):
            return
        if any(line.startswith((b"ng ", b"unpack ")) and line.strip() != b"unpack ok" for line in lines):
            raise Refused(b"; ".join(line.strip() for line in lines).decode(errors="replace"))
        raise Lost(f"a report that says nothing: {data[:200]!r}")
