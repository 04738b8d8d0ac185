#!/usr/bin/env python3
"""What somebody can send or push to make the server fall over; it must answer, and live on."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *


def alive(server):
    eq(server.get("/healthz").status, 200, "the server after all that")


def test_a_redirection_is_never_to_what_is_no_path():
    server = Nimbus()
    for target in ["/a/?b\\c", "/a/?\\", "/a//?x=\\/", "/\\a/"]:
        with server.connect() as raw:
            raw.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")
            eq(raw.response().status, 404, target)
    alive(server)


def push(server, name, repo):
    git("push", "-q", server.git_url(name), "HEAD:refs/heads/main", cwd=repo)


def test_a_commit_of_many_big_files_is_a_page_and_a_text():
    server = Nimbus({"NIMBUS_REQUEST_TIMEOUT": "300s"})
    repo = tmp("repo")
    git("init", "-q", ".", cwd=repo)
    # Looking for what is common to texts takes many times their size: all of them at once were too much.
    texts = ["".join(f"{k * 7919 + i:06x}\n" for k in range(140000)) for i in range(3)]
    for i in range(20):
        (repo / f"{i:03}.txt").write_text(f"{i}\n" + texts[i % 3])
    git("add", ".", cwd=repo)
    git("commit", "-q", "-m", "Many", cwd=repo)
    for i in range(20):
        (repo / f"{i:03}.txt").write_text(f"{i}\n" + texts[i % 3] + "last\n")
    git("commit", "-q", "-a", "-m", "All of them", cwd=repo)
    push(server, "big", repo)
    eq(server.get("/big/commit/main.diff", timeout=200).status, 200)
    eq(server.rss_peak() < 500 << 10, True, f"{server.rss_peak()} KiB are under 500 MiB")
    alive(server)


def test_a_difference_that_is_named_by_its_branch_follows_it():
    server = Nimbus()
    repo = make_repo(2)
    push(server, "r", repo)
    first = server.get("/r/commit/main.diff")
    eq(first.status, 200)
    tag = {"If-None-Match": first.headers["etag"]}
    eq(server.get("/r/commit/main.diff", headers=tag).status, 304)
    commit_file(repo, "new.txt", "new\n")
    push(server, "r", repo)
    second = server.get("/r/commit/main.diff", headers=tag)
    eq(second.status, 200)
    has(second.text, "+new")


def test_a_merge_of_many_big_trees_is_looked_at_one_by_one():
    server = Nimbus({"NIMBUS_REQUEST_TIMEOUT": "300s"})
    repo = make_repo(1)
    blob = git("rev-parse", "HEAD:README.md", cwd=repo).out.strip()
    long = "x" * 4000
    common = [f"100644 blob {blob}\t{i:04}-{long}" for i in range(2000)]
    parents = []
    for i in range(25):
        tree = git("mktree", cwd=repo, input="\n".join([*common, f"100644 blob {blob}\tz{i}"])).out.strip()
        parents += ["-p", git("commit-tree", "-m", f"{i}", tree, cwd=repo).out.strip()]
    tree = git("mktree", cwd=repo, input="\n".join([*common[1:], f"100644 blob {blob}\tz"])).out.strip()
    merge = git("commit-tree", "-m", "All", *parents, tree, cwd=repo).out.strip()
    git("push", "-q", server.git_url("m"), f"{merge}:refs/heads/main", cwd=repo)
    for path in ["/m/blob/main/z", "/m"]:
        before = server.rss_peak()
        eq(server.get(path, timeout=300).status, 200, path)
        more = server.rss_peak() - before
        eq(more < 120 << 10, True, f"{path} took {more} KiB, under 120 MiB")
    alive(server)


def packet(text):
    return b"%04x%s" % (len(text) + 4, text.encode())


def test_a_fetch_that_never_knows_enough_ends_all_the_same():
    server = Nimbus()
    repo = make_repo(300, merges=False)
    server.create_repo("r", visibility="public")
    push(server, "r", repo)
    commits = git("rev-list", "HEAD", cwd=repo).out.split()
    # What is wanted is older than all that is there, so that nothing is ever enough.
    lines = [packet(f"want {commits[-1]} multi_ack_detailed ofs-delta\n"), b"0000"]
    for i in range(20000):
        lines += [packet(f"have {commits[i % 200]}\n"), packet(f"have {i + 1:040x}\n")]
    began = time.monotonic()
    answer = server.request("POST", "/r.git/git-upload-pack", b"".join([*lines, packet("done\n")]),
                            {"Content-Type": "application/x-git-upload-pack-request"}, None, timeout=300)
    eq(answer.status, 200)
    has(answer.body, b"PACK", "answer")
    took = time.monotonic() - began
    eq(took < 20, True, f"{took:.1f} s, under 20 s")
    alive(server)


def test_markdown_too_deep_to_render_is_shown_as_it_is_written():
    server = Nimbus()
    repo = make_repo(1)
    commit_file(repo, "README.md", ">" * 200 + "deep\n")
    push(server, "r", repo)
    for path in ["/r", "/r/blob/main/README.md"]:
        answer = server.get(path)
        eq(answer.status, 200, path)
        has(answer.text, "deep")


def test_a_new_name_tells_nobody_which_ones_are_taken():
    server = Nimbus()
    for name in ["secret", "shared"]:
        server.create_repo(name)
    eve = ("eve", "orbit-candle-fifteen-lamp")
    server.api("POST", "/collaborators", {"username": eve[0], "password": eve[1]}, want=201)
    server.api("PUT", "/repos/shared/permissions/eve", {"permission": "admin"}, want=200)
    said = {server.api("PATCH", "/repos/shared", {"name": name}, eve, want=403).text
            for name in ["secret", "free"]}
    eq(len(said), 1, "answers to a name that is taken and one that is free")
    server.api("PATCH", "/repos/shared", {"name": "shared", "description": "Ours"}, eve, want=200)


def test_the_log_says_why_a_push_was_refused():
    server = Nimbus()
    server.create_repo("r")
    body = packet(f"{'0' * 40} {'1' * 40} refs/heads/main\0report-status") + b"0000no pack at all"
    answer = server.request("POST", "/r.git/git-receive-pack", body,
                            {"Content-Type": "application/x-git-receive-pack-request"})
    eq(answer.status, 200)
    has(answer.text, "unpack what was sent is no pack")
    server.stop()
    lines = [line for line in server.log_lines() if line.get("path") == "/r.git/git-receive-pack"]
    eq([(line["status"], line.get("error"), line.get("why")) for line in lines],
       [(200, "INVALID", "what was sent is no pack")], "lines of the log")


def test_prefixes_without_number_are_answered_exactly_and_soon():
    server = Nimbus()
    server.create_repo("r", visibility="public")
    repo = make_repo(1)
    head = git("rev-parse", "HEAD", cwd=repo).out.strip()
    lines = [f"create refs/heads/b{i:05} {head}\n" for i in range(2000)]
    git("update-ref", "--stdin", cwd=repo, input="".join(lines))
    git("push", "-q", server.git_url("r"), "refs/heads/*:refs/heads/*", cwd=repo)
    prefixes = [f"refs/heads/x{i}" for i in range(70000)] + ["refs/heads/b0000", "refs/heads/b00001", "HEAD"]
    body = packet("command=ls-refs\n") + b"0001" + b"".join(packet(f"ref-prefix {p}\n") for p in prefixes)
    began = time.monotonic()
    answer = server.request("POST", "/r.git/git-upload-pack", body + b"0000",
                            {"Content-Type": "application/x-git-upload-pack-request",
                             "Git-Protocol": "version=2"}, None, timeout=200)
    took = time.monotonic() - began
    eq([line.split()[1] for line in answer.text.splitlines()[:-1]],
       ["HEAD"] + [f"refs/heads/b0000{i}" for i in range(10)], "refs")
    eq(took < 15, True, f"{took:.1f} s, under 15 s")


main()
