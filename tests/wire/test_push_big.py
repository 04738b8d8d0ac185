#!/usr/bin/env python3
"""
Pushes of a size: what is resident in the server stays small. The production build is measured, because a
sanitizer's memory is not ours.
"""

import hashlib
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *  # noqa: E402,F403

RESIDENT_MAX_KIB = 150 * 1024
MB = 1 << 20
# The client need not compress what cannot be compressed: it takes most of the time.
QUICK = ("-c", "core.compression=0", "-c", "pack.compression=0", "-c", "core.bigFileThreshold=4m")


def release_server():
    binary = ROOT / "build" / "nimbus"
    if not binary.exists():
        skip("build/nimbus is not built: ./dev build")
    server = Nimbus(start=False)
    server.binary = binary
    server.start()
    return server


def write_random(path, megabytes, seed):
    rng = random.Random(seed)
    piece = rng.randbytes(MB)
    with open(path, "wb") as out:
        for i in range(megabytes):
            out.write(i.to_bytes(8, "big") + seed.to_bytes(8, "big") + piece[16:])


def empty_repo():
    path = tmp("big")
    git("init", "-q", ".", cwd=path)
    return path


def commit_all(repo, message):
    git(*QUICK, "add", ".", cwd=repo)
    git(*QUICK, "commit", "-q", "-m", message, cwd=repo)


def push_all(server, repo, name):
    git(*QUICK, "push", "-q", server.git_url(name), "HEAD:main", cwd=repo)
    eq(refs(server.git_url(name))["refs/heads/main"], git("rev-parse", "HEAD", cwd=repo).out.strip(), "main")


def small(server):
    if server.rss_peak() > RESIDENT_MAX_KIB:
        fail(f"{server.rss_peak()} KiB were resident")


def test_a_blob_of_300_megabytes_and_a_delta_on_it():
    server, repo = release_server(), empty_repo()
    write_random(repo / "blob", 300, 1)
    commit_all(repo, "big")
    push_all(server, repo, "big")
    small(server)
    # Changes of a few bytes in it, as the thin deltas that a client with patience makes: the second is
    # based on what lies here as a delta itself.
    for at in (150 * MB, 200 * MB):
        old, before = (git("rev-parse", what, cwd=repo).out.strip() for what in ("HEAD:blob", "HEAD"))
        with open(repo / "blob", "r+b") as blob:
            blob.seek(at)
            blob.write(b"changed")
        commit_all(repo, "changed")
        begin = time.monotonic()
        answer = server.request("POST", "/big.git/git-receive-pack", thin_push(repo, before, old, at),
                                {"Content-Type": "application/x-git-receive-pack-request"}, timeout=300)
        has(answer.text, "ok refs/heads/main")
        took = time.monotonic() - begin
        small(server)
        if took > 120:
            fail(f"the delta took {took:.0f} s")
    has(server.admin("admin", "fsck").out, "checked")
    print(f"resident at most {server.rss_peak() // 1024} MiB")


def thin_push(repo, before, base, at):
    """The commit and the tree as they are, and the blob, changed at `at`, as a delta by hand on the one before."""
    tip, tree = (git("rev-parse", what, cwd=repo).out.strip() for what in ("HEAD", "HEAD^{tree}"))

    def entry(kind, body, base=b""):
        first, rest = kind << 4 | len(body) & 15, len(body) >> 4
        out = bytearray()
        while rest:
            out.append(first | 128)
            first, rest = rest & 127, rest >> 7
        out.append(first)
        return bytes(out) + base + zlib.compress(body)

    def number(n):
        out = bytearray()
        while n > 127:
            out.append(n & 127 | 128)
            n >>= 7
        out.append(n)
        return bytes(out)

    def copy(begin, end):
        out = b""
        while begin < end:
            size = min(end - begin, 0xffffff)
            out += b"\xff" + begin.to_bytes(4, "little") + size.to_bytes(3, "little")
            begin += size
        return out
    size, text = 300 * MB, b"changed"
    delta = number(size) + number(size) + copy(0, at) + bytes([len(text)]) + text + copy(at + len(text), size)
    entries = [entry(1, git("cat-file", "commit", tip, cwd=repo).raw),
               entry(2, git("cat-file", "tree", tree, cwd=repo).raw), entry(7, delta, bytes.fromhex(base))]
    raw = b"PACK" + (2).to_bytes(4, "big") + len(entries).to_bytes(4, "big") + b"".join(entries)
    line = f"{before} {tip} refs/heads/main\0 report-status object-format=sha1".encode()
    return b"%04x" % (len(line) + 4) + line + b"0000" + raw + hashlib.sha1(raw).digest()


def test_a_push_of_one_gigabyte():
    server, repo = release_server(), empty_repo()
    for i in range(16):
        write_random(repo / f"part{i}", 64, 100 + i)
    commit_all(repo, "a gigabyte")
    push_all(server, repo, "huge")
    small(server)
    has(server.admin("admin", "fsck").out, "checked")
    print(f"resident at most {server.rss_peak() // 1024} MiB")


for test in (test_a_blob_of_300_megabytes_and_a_delta_on_it, test_a_push_of_one_gigabyte):
    test.seconds = 400


if __name__ == "__main__":
    main()
