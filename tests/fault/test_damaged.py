#!/usr/bin/env python3
"""Packs that are damaged: one of ours is the server's fault, and the log says so; one that is pushed is not."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *

ZERO = "0" * 40
TOLD = "internal error: what is stored here is damaged; the server's log has more under request"
MISREAD, CUT, LOST = "misread", "cut", "lost"


def damage(server, how):
    """The only pack there is: entries without a type, half of it, or nothing."""
    [pack] = server.data.glob("blob/*/*/pack/*.pack")
    whole = pack.read_bytes()
    pack.chmod(0o600)
    if how == LOST:
        pack.unlink()
    else:
        pack.write_bytes(whole[:12] + bytes(len(whole) - 32) + whole[-20:] if how == MISREAD else whole[:len(whole) // 2])
    return pack.stem


def served(how):
    """A server whose repository "it" has a pack that is damaged so, the pack's name, and what was pushed."""
    server = Nimbus({"NIMBUS_PACK_INLINE_MAX": "0", "NIMBUS_COMPACT": "off"})
    repo = make_repo(6)
    git("push", "-q", server.git_url("it"), "main", cwd=repo)
    server.stop()
    name = damage(server, how)
    server.start()
    return server, name, repo


def failed(server, path, count=1):
    """The log's lines of what failed at a path: each an error that says what is damaged and what to do."""
    lines = wait_until(lambda: [line for line in server.log_lines() if path == line.get("path", "").split("?")[0]
                                and "error" in line][-count:], 10, f"the log's line of {path}")
    eq(len(lines), count, f"lines of {path}")
    for line in lines:
        eq((line["level"], line["error"], line["repo"]), ("error", "DAMAGED", "it"), str(line))
        has(line["help"], "`nimbus admin fsck`", "what to do")
        has(line["help"], "backup", "what to do")
    return lines


@embedded("it looks into the folder of blobs")
def test_a_page_of_it_is_the_servers_failure():
    for how in MISREAD, CUT, LOST:
        server, pack, repo = served(how)
        tip = git("rev-parse", "main", cwd=repo).out.strip()
        for path in "/it", f"/it/commit/{tip}", "/it/tree/main", "/it/commits/main", "/it/archive/main.zip":
            answer = server.get(path)
            eq(answer.status, 500, f"{how}: {path}")
            has(answer.text, TOLD, f"{how}: {path}")
            has_not(answer.text, pack, f"{how}: {path}")
            [line] = failed(server, path)
            eq(line["status"], 500, "status in the log")
            has(line["why"], pack, "what is damaged")
            has(answer.text, line["request"], "the request to look for")
        # What needs no pack is as ever.
        server.api("GET", "/repos/it", want=200)
        eq(server.get("/").status, 200, "the list of repositories")
        has(server.admin("admin", "fsck", "it", check=False).out, "it: ", "what fsck finds")
        eq(server.admin("admin", "fsck", "it", check=False).code, 10, "the exit code of fsck")


@embedded("it looks into the folder of blobs")
def test_a_clone_of_it_is_the_servers_failure():
    for how in CUT, LOST:
        server, pack, _ = served(how)
        for protocol in 0, 2:
            got = git("clone", server.git_url("it"), tmp("clone") / "c", protocol=protocol, check=False)
            has(got.err, "500", f"what git says of {how}")
            [line] = failed(server, "/it.git/info/refs")
            eq(line["status"], 500, "status in the log")
            has(line["why"], pack, "what is damaged")


@embedded("it looks into the folder of blobs")
def test_a_clone_that_has_begun_is_told():
    server, pack, _ = served(MISREAD)
    for count, protocol in enumerate((0, 2), 1):
        got = git("clone", server.git_url("it"), tmp("clone") / "c", protocol=protocol, check=False)
        eq(got.code != 0, True, "it failed")
        has(got.err, f"remote: {TOLD}", "what git says")
        has_not(got.err, pack, "what git says")
        for line in failed(server, "/it.git/git-upload-pack", count):
            has(line["why"], pack, "what is damaged")


@embedded("it looks into the folder of blobs")
def test_a_pack_that_is_cut_while_it_is_sent_breaks_the_reply_off():
    server = Nimbus({"NIMBUS_PACK_INLINE_MAX": "0", "NIMBUS_COMPACT": "off"})
    repo = make_repo(1)
    commit_file(repo, "noise", random.Random(1).randbytes(3 << 20))
    git("push", "-q", server.git_url("it"), "main", cwd=repo)
    tip = git("rev-parse", "main", cwd=repo).out.strip()
    lines = "command=fetch\n", "object-format=sha1\n", None, "ofs-delta\n", f"want {tip}\n", "done\n"
    body = "".join(f"{len(line) + 4:04x}{line}" if line else "0001" for line in lines) + "0000"
    headers = {"Content-Type": "application/x-git-upload-pack-request", "Git-Protocol": "version=2"}
    ask = lambda: server.request("POST", "/it.git/git-upload-pack", body.encode(), headers)  # noqa: E731
    ask()  # what is asked for again lies there as it is sent
    [pack] = server.data.glob("blob/*/*/pack/*.pack")
    pack.chmod(0o600)
    os.truncate(pack, pack.stat().st_size // 2)
    try:
        fail(f"it came whole: {len(ask().body)} bytes")
    except http.client.IncompleteRead:
        pass
    [line] = failed(server, "/it.git/git-upload-pack")
    has(line["why"], "shorter than it was", "what is damaged")
    eq(server.get("/").status, 200, "the list of repositories")


def push_by_hand(server, new, pack):
    line = f"{ZERO} {new} refs/heads/new\0report-status object-format=sha1"
    body = f"{len(line) + 4:04x}{line}0000".encode() + pack
    return server.request("POST", "/it.git/git-receive-pack", body,
                          {"Content-Type": "application/x-git-receive-pack-request"})


@embedded("it looks into the folder of blobs")
def test_a_push_upon_it_is_the_servers_failure_too():
    server, _, repo = served(MISREAD)
    old = git("rev-parse", "main", cwd=repo).out.strip()
    commit_file(repo, "new.txt", "something new")
    got = git("push", server.git_url("it"), "main", cwd=repo, check=False)
    eq(got.code != 0, True, "it failed")
    has(got.err, TOLD, "what git says")
    failed(server, "/it.git/git-receive-pack")
    eq(refs(server.git_url("it"))["refs/heads/main"], old, "the branch")


@embedded("it looks into the folder of blobs")
def test_a_damaged_pack_that_is_pushed_is_the_clients():
    server = Nimbus({"NIMBUS_PACK_INLINE_MAX": "0", "NIMBUS_COMPACT": "off"})
    repo = make_repo(6)
    git("push", "-q", server.git_url("it"), "main", cwd=repo)
    tip = git("rev-parse", "main", cwd=repo).out.strip()
    pushes = lambda: [line for line in server.log_lines() if line.get("path") == "/it.git/git-receive-pack"]  # noqa: E731
    for at in (14, -30):
        before = len(pushes())
        out = tmp("pack")
        git("pack-objects", "-q", "--all", out / "p", cwd=repo, input="")
        raw = bytearray(next(out.glob("*.pack")).read_bytes())
        raw[at] ^= 0x55
        answer = push_by_hand(server, tip, bytes(raw))
        eq(answer.status, 200, "status")
        has(answer.text, "unpack ", "the report")
        has(answer.text, "ng refs/heads/new unpacker error", "the report")
        has_not(answer.text, "internal error", "the report")
        wait_until(lambda: len(pushes()) > before, what="the log's line of the push")
        line = pushes()[-1]
        eq((line["level"], line["error"], "help" in line), ("info", "CORRUPT", False), str(line))
    server.admin("admin", "fsck")


main()
