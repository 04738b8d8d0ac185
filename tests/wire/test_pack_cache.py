"""Identical fetches: the same pack, made once, for as long as nothing was pushed."""

import hashlib
import socket
import threading

from harness import *


def pkt(text):
    return b"%04x%s" % (len(text) + 4, text.encode())


def fetch_request(tips, haves=(), *args):
    lines = [pkt("command=fetch\n"), b"0001", pkt("ofs-delta\n"), pkt("no-progress\n")]
    lines += [pkt(f"{arg}\n") for arg in args] + [pkt(f"want {tip}\n") for tip in tips]
    return b"".join(lines + [pkt(f"have {have}\n") for have in haves] + [pkt("done\n"), b"0000"])


def pack_of(body):
    """The pack in an answer of version 2, and its hash, which is checked."""
    pack, at = b"", 0
    while at < len(body):
        size = int(body[at:at + 4], 16)
        if size > 4 and body[at + 4:at + 5] == b"\x01":
            pack += body[at + 5:at + size]
        elif size > 4 and body[at + 4:at + 5] == b"\x03":
            fail(body[at + 5:at + size])
        at += max(size, 4)
    eq(hashlib.sha1(pack[:-20]).digest(), pack[-20:], "the pack's own hash")
    return pack


def ask(server, name, request):
    answer = server.request("POST", f"/{name}.git/git-upload-pack", request, {
        "Content-Type": "application/x-git-upload-pack-request", "Git-Protocol": "version=2"}, auth=None)
    eq(answer.status, 200, "status")
    return pack_of(answer.body)


def pushed(server, name="r", **how):
    repo = make_repo(**how)
    server.create_repo(name, visibility="public")
    git("push", "--mirror", server.git_url(name), cwd=repo)
    return repo


def tips(repo):
    return sorted({id for name, id in refs(repo).items() if not name.endswith("^{}")})


def told_at_the_end(server):
    """What the cache counted: the server says it when it stops."""
    server.stop()
    return [line for line in server.log_lines() if line.get("message") == "packs"][-1]


def test_the_same_request_gives_the_same_pack():
    server = Nimbus()
    repo = pushed(server, commits=60)
    ids = tips(repo)
    for args in ([], ["deepen 1"], ["filter blob:none"], ["thin-pack", "include-tag"]):
        first = ask(server, "r", fetch_request(ids, (), *args))
        # In another order, and twice.
        eq(ask(server, "r", fetch_request((ids + ids)[::-1], (), *args)), first, "the pack")
    told = told_at_the_end(server)
    eq((told["made"], told["hits"]), (4, 4), "packs made and found")


def test_sparse_patterns_are_what_their_blobs_say():
    server = Nimbus()
    repo = pushed(server, commits=20)
    ids = []
    for text in "/README.md\n", "*\n":
        commit_file(repo, "sparse", text)
        ids.append(git("rev-parse", "HEAD:sparse", cwd=repo).out.strip())
    git("push", "--all", server.git_url("r"), cwd=repo)

    def filtered(spec):
        return ask(server, "r", fetch_request(tips(repo), (), f"filter {spec}"))

    few, all = filtered(f"sparse:oid={ids[0]}"), filtered(f"sparse:oid={ids[1]}")
    eq(few != all, True, "other patterns, another pack")
    eq(filtered("sparse:oid=main:sparse"), all, "the same patterns by name")
    eq(filtered(f"combine:sparse:oid={ids[1]}+sparse:oid={ids[0]}"),
       filtered(f"combine:sparse:oid={ids[0]}+sparse:oid=main:sparse"), "both, in any order")
    told = told_at_the_end(server)
    eq((told["made"], told["hits"]), (3, 2), "packs made and found")


def test_a_push_is_seen_at_once():
    server = Nimbus()
    repo = pushed(server, commits=20)
    copy = tmp() / "copy"
    git("clone", server.git_url("r"), copy)
    for i in range(3):
        new = commit_file(repo, "new.txt", f"{i}\n")
        git("push", "--all", server.git_url("r"), cwd=repo)
        fresh = tmp() / "fresh"
        git("clone", server.git_url("r"), fresh)
        eq((fresh / "new.txt").read_text(), f"{i}\n", "what was pushed")
        git("pull", cwd=copy)
        eq((copy / "new.txt").read_text(), f"{i}\n", "what was pushed")
    git("fsck", "--strict", cwd=copy)


def test_many_at_once_get_the_same_pack():
    server = Nimbus()
    repo = pushed(server, commits=400, files=40)
    request = fetch_request(tips(repo))
    packs, wrong = [], []

    def one():
        try:
            packs.append(ask(server, "r", request))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eq(wrong, [], "what went wrong")
    eq(len(packs), 20, "answers")
    eq(len(set(packs)), 1, "different packs")
    told = told_at_the_end(server)
    eq(told["made"], 1, "packs made")
    eq(told["joined"] + told["hits"], 19, "answers by the same pack")


def test_a_client_that_goes_does_not_harm_another():
    server = Nimbus()
    repo = pushed(server, commits=400, files=40)
    request = fetch_request(tips(repo))
    head = (f"POST /r.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nGit-Protocol: version=2\r\n"
            f"Content-Type: application/x-git-upload-pack-request\r\nContent-Length: {len(request)}\r\n\r\n")
    for _ in range(10):
        leaving = socket.create_connection(("127.0.0.1", server.port))
        leaving.sendall(head.encode() + request)
        answer = []
        other = threading.Thread(target=lambda: answer.append(ask(server, "r", request)))
        other.start()
        leaving.close()
        other.join()
        eq(len(answer), 1, "answers")


def test_without_room_nothing_is_kept_and_all_is_answered():
    server = Nimbus(env={"NIMBUS_PACK_CACHE_MAX": "0"})
    repo = pushed(server, commits=60)
    request = fetch_request(tips(repo))
    eq(ask(server, "r", request), ask(server, "r", request), "the pack")


main()
