"""
Clones of a size: they begin at once, nobody waits for another's client, and little of them is in memory
or on the disk. `./dev soak` makes them of 3 GB. The production build is measured, because a sanitizer's
memory is not ours.
"""

import contextlib
import functools
import hashlib
import http.client
import re
import threading

from harness import *

MB = 1 << 20
SIZE = 3 << 30 if os.environ.get("NIMBUS_SOAK") else 96 * MB
RESIDENT_MAX_KIB = 150 * 1024
SMALL_BLOBS, SMALL_SIZE = 20000, 3000
# More than what lies in the kernel's buffers between server and client.
SOME = 1 * MB


def release_server(data=None, **env):
    binary = ROOT / "build" / "nimbus"
    if not binary.exists():
        skip("build/nimbus is not built: ./dev build")
    server = Nimbus(env={"NIMBUS_COMPACT": "off", **env}, data=data, start=False)
    server.binary = binary
    server.start()
    return server


@functools.cache
def pushed(blobs):
    """The data of a server that has a repository "big" with these blobs, none of which is a delta or can be
    compressed; and the tip of it."""
    server = release_server()
    quick = ("-c", "core.compression=0", "-c", "pack.compression=0", "-c", "core.bigFileThreshold=1", "-c",
             "pack.window=0")
    repo = tmp("big")
    git("init", "-q", "--bare", ".", cwd=repo)
    importing = subprocess.Popen(["git", *quick, "fast-import", "--quiet", "--depth=0"], cwd=repo, env=git_env(),
                                 stdin=subprocess.PIPE)
    with importing.stdin as to:
        to.write(b"commit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 1\nx\n")
        for i, blob in enumerate(blobs()):
            to.write(b"M 644 inline f%d/%d\ndata %d\n%b\n" % (i // 1000, i, len(blob), blob))
    eq(importing.wait(), 0, "fast-import")
    server.create_repo("big", visibility="public")
    git(*quick, "push", "-q", server.git_url("big"), "main", cwd=repo, timeout=900)
    server.stop()
    return server.data, git("rev-parse", "main", cwd=repo).out.strip()


def served(blobs, **env):
    data, tip = pushed(blobs)
    return release_server(data, **env), tip


def big_blobs():
    piece = random.Random(1).randbytes(MB)
    for i in range(SIZE // MB):
        yield i.to_bytes(8, "big") + piece[8:]


def small_blobs():
    piece = random.Random(2).randbytes(MB)
    for i in range(SMALL_BLOBS):
        at = i * 37 % (MB - 2 * SMALL_SIZE)
        yield i.to_bytes(8, "big") + piece[at:at + SMALL_SIZE + i % 2 * 200]


def pkt(text):
    return b"%04x%s" % (len(text) + 4, text.encode())


class Clone:
    """One that is read bit by bit, by version 2 without progress."""

    def __init__(self, server, tip, *args):
        lines = [pkt("command=fetch\n"), b"0001", pkt("ofs-delta\n"), pkt("no-progress\n")]
        lines += [pkt(f"{arg}\n") for arg in args] + [pkt(f"want {tip}\n"), pkt("done\n"), b"0000"]
        began = time.monotonic()
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        self.connection.request("POST", "/big.git/git-upload-pack", b"".join(lines), {
            "Content-Type": "application/x-git-upload-pack-request", "Git-Protocol": "version=2"})
        self.answer = self.connection.getresponse()
        self.hash, self.tail, self.size, self.ended = hashlib.sha1(), b"", 0, False
        self.take(1)
        self.first = time.monotonic() - began

    def take(self, size):
        """Reads on until so many bytes of the pack are here, or all."""
        while self.size < size and not self.ended:
            length = int(self.answer.read(4) or b"0000", 16)
            self.ended = length == 0
            data = self.answer.read(length - 4) if length > 4 else b""
            if data[:1] == b"\3":
                fail(data[1:].decode())
            if data[:1] == b"\1":
                self.size += len(data) - 1
                self.tail += data[1:]
                self.hash.update(self.tail[:-20])
                self.tail = self.tail[-20:]
        return self

    def rest(self):
        """Reads it to its end; its hash, which is checked."""
        self.take(1 << 62)
        eq(self.hash.digest(), self.tail, "the pack's own hash")
        return self.tail

    def close(self):
        self.answer.close()
        self.connection.close()


class Watch:
    """The most memory that is the server's own: without what is mapped of files."""

    def __init__(self, server):
        self.server, self.most, self.over = server, 0, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.wait(0.01):
            self.most = max(self.most, self.server._status("RssAnon"))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        print(f"{self.most // 1024} MiB of the server's own were resident at most", flush=True)
        eq(self.most < RESIDENT_MAX_KIB, True, f"{self.most} KiB are under {RESIDENT_MAX_KIB}")


def stop_and_see(server, made, joined, hits):
    server.stop()
    lines = server.log_lines()
    told = [line for line in lines if line.get("message") == "packs"][-1]
    eq((told["made"], told["joined"], told["hits"]), (made, joined, hits), "packs made, read along and found")
    return lines


def scratch(server):
    """Bytes in temporary files."""
    return sum(os.stat(path).st_size for path in (server.data / "blob" / "tmp").iterdir())


@timeout(900)
def test_a_client_that_stops_does_not_hold_another():
    server, tip = served(big_blobs)
    with Watch(server):
        stopped = Clone(server, tip).take(SOME)
        began = time.monotonic()
        other = Clone(server, tip)
        pack = other.rest()
        took = time.monotonic() - began
        eq(stopped.rest(), pack, "the pack")
        again = Clone(server, tip)
        eq(again.rest(), pack, "the pack")
        eq(scratch(server) < 64 * MB, True, "little is kept of what lies in packs anyway")
    print(f"{other.size // MB} MiB; first bytes after {stopped.first * 1000:.0f} ms when it was made, "
          f"{other.first * 1000:.0f} ms along with that, {again.first * 1000:.0f} ms of what was kept; "
          f"all of it along after {took:.1f} s", flush=True)
    stop_and_see(server, 1, 1, 1)


@timeout(900)
def test_a_client_that_leaves_does_not_harm_another():
    server, tip = served(big_blobs)
    leaving = Clone(server, tip).take(SOME)
    other = Clone(server, tip).take(SOME)
    leaving.close()
    other.rest()
    Clone(server, tip).rest()
    stop_and_see(server, 1, 1, 1)


@contextlib.contextmanager
def broken(data):
    """The entry in the middle of the pack is none, for as long."""
    pack = max((data / "blob").rglob("*.pack"), key=lambda path: path.stat().st_size)
    index = subprocess.run(["git", "show-index"], input=pack.with_suffix(".idx").read_bytes(), capture_output=True)
    offsets = sorted(int(line.split()[0]) for line in index.stdout.splitlines())
    with open(pack, "r+b", buffering=0) as file:
        at = offsets[len(offsets) // 2]
        was = os.pread(file.fileno(), 1, at)
        os.pwrite(file.fileno(), b"\0", at)
        try:
            yield
        finally:
            os.pwrite(file.fileno(), was, at)


@timeout(900)
def test_what_goes_wrong_is_told_to_all_who_read():
    server, tip = served(big_blobs)
    with broken(server.data):
        clones = [Clone(server, tip).take(SOME) for _ in range(3)]
        said = set()
        for clone in clones[::-1]:
            try:
                clone.rest()
            except Failure as why:
                said.add(re.sub(r"request [0-9a-f]+", "request …", str(why)))
                eq(SOME < clone.size < SIZE, True, f"something, and not all: {clone.size}")
    eq(len(said), 1, f"what all were told: {said}")
    has(said.pop(), "internal error: what is stored here is damaged", "what they were told")
    lines = [line for line in stop_and_see(server, 1, 2, 0) if "upload-pack" in line.get("path", "")]
    eq([(line["level"], line["error"]) for line in lines], [("error", "DAMAGED")] * 3, "errors in the log")
    for line in lines:
        has(line["why"], "pack ", "what the log says")


@timeout(900)
def test_what_nobody_waits_for_is_not_made():
    server, tip = served(big_blobs, NIMBUS_STALL_TIMEOUT="4s")
    requests = lambda: [line for line in server.log_lines() if "upload-pack" in line.get("path", "")]  # noqa: E731
    before = len(requests())
    Clone(server, tip).take(SOME).close()
    wait_until(lambda: len(requests()) == before + 1, what="the end of a request whose client left")
    eq(requests()[-1]["error"], "CANCELED", "error")
    stopped = Clone(server, tip).take(SOME)
    wait_until(lambda: len(requests()) == before + 2, what="the end of a request whose client stopped")
    eq(requests()[-1]["error"], "TIMEOUT", "error")
    Clone(server, tip).rest()
    stop_and_see(server, 3, 0, 0)
    stopped.close()


def test_what_is_too_large_to_keep_takes_no_room():
    """Each second of many small blobs: none of it is copied as it lies."""
    server, tip = served(small_blobs, NIMBUS_PACK_CACHE_MAX="4m")
    half = f"filter blob:limit={SMALL_SIZE + 100}"
    with Watch(server):
        alone = Clone(server, tip, half).take(SMALL_BLOBS * SMALL_SIZE // 4)
        wait_until(lambda: scratch(server) < 5 * MB, what="little in temporary files")
        pack = alone.rest()
        eq(alone.size > SMALL_BLOBS * SMALL_SIZE // 2, True, "size of the pack")
        # The same for two: then all of it is kept for as long as they read.
        first, second = Clone(server, tip, half), Clone(server, tip, half)
        eq(second.rest(), pack, "the pack")
        eq(first.rest(), pack, "the pack")
        wait_until(lambda: scratch(server) == 0, what="nothing in temporary files")
    stop_and_see(server, 2, 1, 0)


main()
