#!/usr/bin/env python3
"""Pushing with the real git client, and with bodies made by hand that no client would send."""

import hashlib
import re
import sys
import threading
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *  # noqa: E402,F403

ZERO = "0" * 40
server = None


def the_server():
    global server
    if server is None:
        server = Nimbus(shared=True)
    return server


names = 0


def new_repo(**fields):
    """An empty repository on the server; its name."""
    global names
    names += 1
    name = f"repo{names}"
    the_server().create_repo(name, **fields)
    return name


def url(name):
    return the_server().git_url(name)


def push(repo, name, *what, **more):
    return git("push", url(name), *what, cwd=repo, **more)


def head(repo, ref="HEAD"):
    return git("rev-parse", ref, cwd=repo).out.strip()


def cloned(name):
    path = tmp("clone") / "c"
    git("clone", "-q", "--mirror", url(name), path)
    git("fsck", "--strict", "--no-dangling", cwd=path)
    return path


def fsck():
    answer = the_server().admin("admin", "fsck")
    has(answer.out, "checked")


# What git sends, by hand

def pkt(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return b"%04x" % (len(raw) + 4) + raw


def command(old, new, ref, caps="report-status object-format=sha1"):
    return pkt(f"{old} {new} {ref}\0 {caps}")


def entry(kind, body, size=None, base=b""):
    size = len(body) if size is None else size
    first, rest = kind << 4 | size & 15, size >> 4
    out = bytearray()
    while rest:
        out.append(first | 128)
        first, rest = rest & 127, rest >> 7
    out.append(first)
    return bytes(out) + base + zlib.compress(body)


def pack(*entries):
    raw = b"PACK" + (2).to_bytes(4, "big") + len(entries).to_bytes(4, "big") + b"".join(entries)
    return raw + hashlib.sha1(raw).digest()


def object_id(kind, body):
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body).hexdigest()


def send(name, body, auth="owner", service="git-receive-pack"):
    return the_server().request("POST", f"/{name}.git/{service}", body,
                                {"Content-Type": f"application/x-{service}-request"}, auth=auth)


COMMIT, TREE, BLOB, REF_DELTA = 1, 2, 3, 7
IDENT = "A <a@b> 1700000000 +0000"


def commit_of(tree, message="m"):
    return f"tree {tree}\nauthor {IDENT}\ncommitter {IDENT}\n\n{message}\n".encode()


def whole_commit(text=b"hello\n"):
    """Entries of one commit with one file, and its id."""
    tree = b"100644 a\0" + bytes.fromhex(object_id("blob", text))
    commit = commit_of(object_id("tree", tree))
    return [entry(COMMIT, commit), entry(TREE, tree), entry(BLOB, text)], object_id("commit", commit)


def refused(name, body, words, unpack=True):
    """The push is answered in the protocol, refused in these words, and nothing is there after it."""
    before = refs(url(name))
    answer = send(name, body)
    eq(answer.status, 200, "status")
    has(answer.text, words, "the report")
    if unpack:
        has(answer.text, "ng ", "the report")
        has_not(answer.text, "unpack ok", "the report")
    eq(refs(url(name)), before, "refs")


# With the real client

def test_a_first_push_creates_the_repository_for_its_owner():
    repo = make_repo(8)
    answer = push(repo, "born-by-push", "main", "topic", "v1", "v2")
    has(answer.err, "[new branch]")
    eq(head(cloned("born-by-push"), "main"), head(repo, "main"), "main")
    eq(the_server().api("GET", "/repos/born-by-push", want=200).json["visibility"], "private")


def test_update_delete_force_and_tags():
    repo, name = make_repo(8), new_repo()
    push(repo, name, "main", "topic", "v1", "v2")
    first = head(repo)
    commit_file(repo, "more.txt", "more")
    has(push(repo, name, "main").err, "main -> main")
    eq(refs(url(name))["refs/heads/main"], head(repo), "main")
    git("reset", "-q", "--hard", first, cwd=repo)
    commit_file(repo, "other.txt", "other way")
    answer = push(repo, name, "main", check=False)
    eq(answer.code, 1, "exit code without force")
    has(answer.err, "non-fast-forward")
    has(push(repo, name, "+main").err, "forced update")
    push(repo, name, ":topic", ":refs/tags/v1")
    left = refs(url(name))
    eq(sorted(left), ["HEAD", "refs/heads/main", "refs/tags/v2", "refs/tags/v2^{}"], "refs")
    has(push(repo, name, ":refs/heads/main", check=False).err,
        "deletion of the current branch prohibited")
    cloned(name)
    fsck()


def test_what_is_there_already_is_up_to_date():
    repo, name = make_repo(5), new_repo()
    push(repo, name, "main")
    has(push(repo, name, "main").err, "Everything up-to-date")
    push(repo, name, "main:again")
    eq(refs(url(name))["refs/heads/again"], head(repo), "again")


def test_sha256():
    repo, name = make_repo(8, object_format="sha256"), new_repo(object_format="sha256")
    push(repo, name, "main", "topic", "v1", "v2")
    commit_file(repo, "more.txt", "more")
    push(repo, name, "main")
    eq(head(cloned(name), "main"), head(repo), "main")
    wrong = make_repo(3)
    has(push(wrong, name, "main", check=False).err, "hash algorithm")


def test_head_follows_the_first_branch():
    repo, name = make_repo(3), new_repo()
    git("branch", "-m", "main", "trunk", cwd=repo)
    push(repo, name, "trunk")
    eq(git("ls-remote", "--symref", url(name), "HEAD").out.split()[1], "refs/heads/trunk", "HEAD")
    name = new_repo()
    git("branch", "master", cwd=repo)
    git("branch", "alpha", cwd=repo)
    push(repo, name, "alpha", "master", "trunk")
    eq(git("ls-remote", "--symref", url(name), "HEAD").out.split()[1], "refs/heads/master", "HEAD")


def test_an_atomic_push_does_all_or_nothing():
    repo, name = make_repo(5), new_repo()
    push(repo, name, "main")
    tip = head(repo)
    other = tmp("other") / "c"
    git("clone", "-q", url(name), other)
    commit_file(other, "theirs.txt", "theirs")
    push(other, name, "main")
    commit_file(repo, "ours.txt", "ours")
    answer = push(repo, name, "--atomic", "main:refs/heads/new", "main:main",
                  f"--force-with-lease=main:{tip}", check=False)
    eq(answer.code, 1, "exit code")
    eq(sorted(refs(url(name))), ["HEAD", "refs/heads/main"], "refs")
    body = command(ZERO, tip, "refs/heads/x", "report-status atomic object-format=sha1") + \
        pkt(f"{tip} {ZERO} refs/heads/nowhere/../x") + b"0000" + pack()
    answer = send(name, body)
    has(answer.text, "ng refs/heads/x atomic push failed")
    eq(sorted(refs(url(name))), ["HEAD", "refs/heads/main"], "refs")
    push(repo, name, "--atomic", "main:refs/heads/a", "main:refs/heads/b")
    eq(len(refs(url(name))), 4, "refs")


def test_push_options_are_taken():
    repo, name = make_repo(3), new_repo()
    push(repo, name, "-o", "review=later", "-o", "topic=x", "main")
    eq(refs(url(name))["refs/heads/main"], head(repo), "main")


def test_names_that_clash_are_refused_one_by_one():
    repo, name = make_repo(3), new_repo()
    push(repo, name, "main:refs/heads/a")
    answer = push(repo, name, "main:refs/heads/a/b", "main:refs/heads/fine", check=False)
    eq(answer.code, 1, "exit code")
    has(answer.err, '"refs/heads/a" is there')
    has(answer.err, "main -> fine")
    push(repo, name, ":refs/heads/fine")
    push(repo, name, "main:refs/heads/other")
    push(repo, name, ":refs/heads/other", "main:refs/heads/other/deeper")


def test_a_branch_must_be_a_commit_and_hidden_refs_stay_ours():
    repo, name = make_repo(3), new_repo()
    has(push(repo, name, "main^{tree}:refs/heads/tree", check=False).err, "must point at a commit")
    has(push(repo, name, "v2:refs/heads/tag", check=False).err, "must point at a commit")
    has(push(repo, name, "main:refs/nimbus/x", check=False).err, "hidden ref")
    push(repo, name, "main^{tree}:refs/tags/tree", "main:refs/notes/n", "main:refs/pull/1/head")


def test_a_thin_pack_is_completed():
    repo, name = make_repo(3, size=40000), new_repo()
    push(repo, name, "main")
    text = (repo / "README.md").read_text()
    commit_file(repo, "README.md", text + "one line more\n")
    big = (repo / "file0.txt").read_text()
    commit_file(repo, "file0.txt", big + "one line more\n")
    push(repo, name, "--thin", "main")
    fsck()
    eq(head(cloned(name), "main"), head(repo), "main")


def test_a_shallow_clone_can_push_what_the_server_can_complete_and_nothing_else():
    repo, name = make_repo(8), new_repo()
    push(repo, name, "main")
    shallow = tmp("shallow") / "c"
    git("clone", "-q", "--depth", "2", f"file://{repo}", shallow)
    commit_file(shallow, "s.txt", "s")
    push(shallow, name, "HEAD:main")
    eq(head(cloned(name), "main"), head(shallow), "main")
    empty = new_repo()
    answer = push(shallow, empty, "HEAD:main", check=False)
    eq(answer.code, 1, "exit code")
    has(answer.err, "shallow update not allowed")
    eq(refs(url(empty)), {}, "refs")
    fsck()


def test_two_thousand_refs_in_one_push():
    repo, name = make_repo(3), new_repo()
    tip = head(repo)
    caps = "report-status object-format=sha1"
    body = b"".join(command(ZERO, tip, f"refs/heads/b{i:04}", caps if i == 0 else "") if i == 0
                    else pkt(f"{ZERO} {tip} refs/heads/b{i:04}\n") for i in range(2000))
    objects = git("pack-objects", "--stdout", "--revs", "-q", cwd=repo, input=tip + "\n").raw
    begin = time.monotonic()
    answer = send(name, body + b"0000" + objects)
    took = time.monotonic() - begin
    eq(answer.text.count("ok refs/heads/b"), 2000, "accepted")
    eq(len(refs(url(name))), 2001, "refs with HEAD")
    if took > 30:
        fail(f"took {took:.1f} s")


def racing(pushes):
    """Runs these pushes at once; their results."""
    results = [None] * len(pushes)

    def one(i):
        results[i] = push(*pushes[i], check=False)
    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(pushes))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def test_of_two_pushes_to_one_ref_one_wins_and_the_other_is_told_to_fetch_first():
    name = new_repo()
    push(make_repo(3), name, "main")
    for turn in range(3):
        clones = []
        for i in range(2):
            path = tmp("race") / "c"
            git("clone", "-q", url(name), path)
            commit_file(path, f"turn{turn}-{i}.txt", f"{turn} {i}")
            clones.append(path)
        results = racing([(path, name, "main") for path in clones])
        eq(sorted(r.code for r in results), [0, 1], f"exit codes {results}")
        has([r for r in results if r.code][0].err, "fetch first")
    # The same by hand, so that the loser is surely judged by the server.
    path = tmp("race") / "c"
    git("clone", "-q", url(name), path)
    entries, tip = whole_commit(b"late\n")
    body = command(head(path, "HEAD~1"), tip, "refs/heads/main") + b"0000" + pack(*entries)
    has(send(name, body).text, "ng refs/heads/main fetch first")
    fsck()


def test_two_pushes_to_two_refs_both_win():
    name = new_repo()
    base = make_repo(3)
    push(base, name, "main")
    for turn in range(3):
        clones = []
        for i in range(3):
            path = tmp("race") / "c"
            git("clone", "-q", url(name), path)
            commit_file(path, f"turn{turn}-{i}.txt", f"{turn} {i}")
            clones.append(path)
        results = racing([(path, name, f"main:refs/heads/t{turn}-{i}")
                          for i, path in enumerate(clones)])
        eq([r.code for r in results], [0, 0, 0], f"exit codes {results}")
    cloned(name)
    fsck()


def test_the_same_push_again_after_an_answer_was_lost_is_fine():
    name = new_repo()
    entries, tip = whole_commit()
    body = command(ZERO, tip, "refs/heads/main") + b"0000" + pack(*entries)
    for _ in range(2):
        has(send(name, body).text, "ok refs/heads/main")
    eq(refs(url(name))["refs/heads/main"], tip, "main")
    fsck()


def test_progress_is_silent_when_it_is_quick_and_quiet_when_asked():
    repo, name = make_repo(3), new_repo()
    answer = push(repo, name, "--quiet", "main")
    eq(answer.err, "", "stderr")


def test_a_probe_before_a_large_push_is_answered():
    answer = send(new_repo(), b"0000")
    eq((answer.status, answer.body), (200, b""), "answer")


# Refused, in the client's own words, and nothing written

def test_a_corrupt_pack_is_refused():
    name = new_repo()
    entries, tip = whole_commit()
    good = pack(*entries)
    for at in (13, len(good) // 2, len(good) - 3):
        bad = bytearray(good)
        bad[at] ^= 0x55
        refused(name, command(ZERO, tip, "refs/heads/main") + b"0000" + bytes(bad), "unpack ")
    fsck()


def test_a_truncated_pack_is_refused():
    name = new_repo()
    entries, tip = whole_commit()
    good = pack(*entries)
    for length in (0, 5, 12, 40, len(good) - 1):
        refused(name, command(ZERO, tip, "refs/heads/main") + b"0000" + good[:length], "unpack ")
    refused(name, command(ZERO, tip, "refs/heads/main") + b"0000" + good + b"x", "follow the pack")


def test_a_missing_object_is_refused():
    name = new_repo()
    entries, tip = whole_commit()
    for gone in (1, 2):
        left = entries[:gone] + entries[gone + 1:]
        refused(name, command(ZERO, tip, "refs/heads/main") + b"0000" + pack(*left), "is missing")
    refused(name, command(ZERO, tip, "refs/heads/main") + b"0000" + pack(*entries[1:]),
            "missing necessary objects", unpack=False)


def test_a_wrong_old_value_is_refused():
    name = new_repo()
    entries, tip = whole_commit()
    refused(name, command("1" * 40, tip, "refs/heads/main") + b"0000" + pack(*entries),
            "ng refs/heads/main fetch first", unpack=False)


def test_invalid_ref_names_are_refused():
    name = new_repo()
    entries, tip = whole_commit()
    for ref in ("refs/heads/a..b", "refs/heads/a.lock", "refs/heads/../x", "refs/heads/a b",
                "refs/heads/", "heads/main", "HEAD", "refs/heads/x\x7f", "refs/heads/@{1}",
                "refs/../../../etc/passwd", "refs/heads/" + "x" * 2000):
        refused(name, command(ZERO, tip, ref) + b"0000" + pack(*entries), "funny refname",
                unpack=False)


def test_one_ref_twice_in_a_push_is_refused():
    name = new_repo()
    entries, tip = whole_commit()
    body = command(ZERO, tip, "refs/heads/a") + pkt(f"{ZERO} {tip} refs/heads/a")
    refused(name, body + b"0000" + pack(*entries), "multiple updates", unpack=False)


def test_over_the_limits():
    small = Nimbus(env={"NIMBUS_OBJECT_MAX": "1m", "NIMBUS_PACK_MAX": "4m", "NIMBUS_PUSH_REFS_MAX": "5",
                        "NIMBUS_PUSH_OBJECTS_MAX": "100"})
    small.create_repo("small")
    repo = make_repo(2)
    commit_file(repo, "zeros", b"\0" * (2 << 20))
    answer = git("push", small.git_url("small"), "main", cwd=repo, check=False)
    has(answer.err, "over the limit")
    has(answer.err, "unpacker error")
    git("reset", "-q", "--hard", "HEAD~1", cwd=repo)
    for i in range(8):
        commit_file(repo, f"random{i}", random.Random(i).randbytes(1 << 20))
    answer = git("push", small.git_url("small"), "main", cwd=repo, check=False)
    has(answer.err, "the pack is over the limit")
    git("reset", "-q", "--hard", "HEAD~8", cwd=repo)
    git("push", small.git_url("small"), *(f"main:b{i}" for i in range(5)), cwd=repo)
    answer = git("push", small.git_url("small"), *(f"main:c{i}" for i in range(6)), cwd=repo, check=False)
    eq(answer.code != 0, True, "refused")
    many = make_repo(60)
    answer = git("push", small.git_url("small"), "main:many", cwd=many, check=False)
    has(answer.err, "objects, and 100 is the most")
    has(answer.err, "unpacker error")
    has(small.admin("admin", "fsck").out, "checked")


def test_bombs_are_refused_at_once():
    name = new_repo()
    blob = entry(BLOB, b"four")
    ident = bytes.fromhex(object_id("blob", b"four"))

    def delta(base_size, size, instructions):
        def number(n):
            out = bytearray()
            while n > 127:
                out.append(n & 127 | 128)
                n >>= 7
            out.append(n)
            return bytes(out)
        return number(base_size) + number(size) + instructions
    head_line = command(ZERO, object_id("blob", b"four"), "refs/tags/x") + b"0000"
    begin = time.monotonic()
    refused(name, head_line + pack(entry(BLOB, b"\0" * 1000, size=1 << 50)), "over the limit")
    refused(name, head_line + pack(entry(BLOB, b"\0" * (16 << 20), size=100)), "longer than it claims")
    refused(name, head_line + pack(blob, entry(REF_DELTA, delta(4, 1 << 45, b"\x90\4"), base=ident)),
            "over the limit")
    one, two = bytes([1] * 20), bytes([2] * 20)
    refused(name, head_line + pack(entry(REF_DELTA, delta(4, 4, b"\x90\4"), base=one),
                                   entry(REF_DELTA, delta(4, 4, b"\x90\4"), base=two)),
            "unresolved deltas")
    if time.monotonic() - begin > 20:
        fail("that took too long")


def test_objects_that_break_the_rules_are_refused():
    name = new_repo()
    blob = bytes.fromhex(object_id("blob", b"x"))
    for tree, rule in ((b"100644 .git\0" + blob, "hasDotgit"), (b"100644 .GIT \0" + blob, "hasDotgit"),
                       (b"100644 git~1\0" + blob, "hasDotgit"), (b"100644 ..\0" + blob, "hasDotdot"),
                       (b"100644 a/b\0" + blob, "fullPathname"),
                       (b"100644 b\0" + blob + b"100644 a\0" + blob, "treeNotSorted"),
                       (b"100644 a\0" + blob + b"100644 a\0" + blob, "duplicateEntries"),
                       (b"0100644 a\0" + blob, "zeroPaddedFilemode"),
                       (b"120000 .gitmodules\0" + blob, "gitmodulesSymlink")):
        commit = commit_of(object_id("tree", tree))
        body = command(ZERO, object_id("commit", commit), "refs/heads/main") + b"0000"
        refused(name, body + pack(entry(COMMIT, commit), entry(TREE, tree), entry(BLOB, b"x")), rule)
    commit = b"tree " + object_id("tree", b"").encode() + b"\nauthor nobody\n\nx\n"
    body = command(ZERO, object_id("commit", commit), "refs/heads/main") + b"0000"
    refused(name, body + pack(entry(COMMIT, commit), entry(TREE, b"")), "missingEmail")


def test_bad_credentials_and_missing_permission_are_refused():
    repo, name = make_repo(3), new_repo()
    push(repo, name, "main")
    s = the_server()
    s.api("POST", "/collaborators", {"username": "eve", "password": "orbit-candle-fifteen-lamp"}, want=201)
    commit_file(repo, "x.txt", "x")
    before = refs(url(name))
    for auth, words in ((("owner", "wrong"), "Authentication failed"),
                        (("eve", "orbit-candle-fifteen-lamp"), "not found"),
                        (None, "could not read Username")):
        answer = git("push", s.git_url(name, auth), "main", cwd=repo, check=False)
        eq(answer.code != 0, True, "refused")
        has(answer.err, words)
    s.api("PUT", f"/repos/{name}/permissions/eve", {"permission": "read"})
    answer = git("push", s.git_url(name, ("eve", "orbit-candle-fifteen-lamp")), "main", cwd=repo, check=False)
    has(answer.err, "403")
    eq(git("push", s.git_url("eves-own", ("eve", "orbit-candle-fifteen-lamp")), "main", cwd=repo,
           check=False).code != 0, True, "a collaborator creates no repository")
    eq(refs(url(name)), before, "refs")
    s.api("PUT", f"/repos/{name}/permissions/eve", {"permission": "write"})
    git("push", s.git_url(name, ("eve", "orbit-candle-fifteen-lamp")), "main", cwd=repo)
    entries, tip = whole_commit()
    body = command(ZERO, tip, "refs/heads/evil") + b"0000" + pack(*entries)
    eq(send(name, body, auth=("owner", "wrong")).status, 401, "status")
    eq(send(name, body, auth=None).status, 401, "status")


def test_paths_that_climb_are_refused():
    entries, tip = whole_commit()
    body = command(ZERO, tip, "refs/heads/main") + b"0000" + pack(*entries)
    for path in ("/../x.git", "/%2e%2e/x.git", "/x%2f..%2fy.git", "/..%5cx.git", "/.git", "/a/../../b.git"):
        answer = the_server().request("POST", f"{path}/git-receive-pack", body,
                                      {"Content-Type": "application/x-git-receive-pack-request"})
        if answer.status not in (400, 403, 404):
            fail(f"{path}: {answer}")
    fsck()


def test_a_refused_first_push_leaves_no_repository():
    entries, tip = whole_commit()
    body = command(ZERO, tip, "refs/heads/main") + b"0000" + pack(*entries)[:-1] + b"x"
    has(send("never-born", body).text, "unpack ")
    eq(the_server().api("GET", "/repos/never-born").status, 404, "status")


def test_what_is_no_push_is_invalid():
    name = new_repo()
    for body in (b"nonsense", b"0004", b"0032" + b"x" * 46, pkt("hello"), b"ffff", b"fff"):
        answer = send(name, body)
        if answer.status not in (200, 400) or b"ok refs" in answer.body:
            fail(f"{body!r}: {answer}")


# Real histories

def mirror(bundle):
    source = shared(f"data/{bundle}.bundle")
    path = tmp(bundle)
    git("clone", "-q", "--mirror", source, path / "from")
    name = new_repo()
    push(path / "from", name, "--mirror", "-q")
    git("clone", "-q", "--mirror", url(name), path / "back")
    both = [git("for-each-ref", cwd=path / side).out for side in ("from", "back")]
    eq(both[0] == both[1], True, "the same refs")
    git("fsck", "--strict", "--no-dangling", cwd=path / "back")
    has(the_server().admin("admin", "fsck", name).out, "checked")


def test_cgit_as_a_whole():
    mirror("cgit")


def test_cgit_as_sha256():
    source = shared("data/cgit.bundle")
    path = tmp("cgit256")
    git("clone", "-q", "--mirror", source, path / "sha1")
    git("init", "-q", "--bare", "--object-format=sha256", path / "sha256")
    history = git("fast-export", "--all", "--signed-tags=strip", "--tag-of-filtered-object=drop",
                  cwd=path / "sha1").raw
    # Its submodule has a SHA-1 id, which no tool converts: it leads out of the repository anyhow.
    history = re.sub(rb"(?m)^(M 160000 [0-9a-f]{40}) ", rb"\g<1>" + b"0" * 24 + b" ", history)
    git("fast-import", "--quiet", cwd=path / "sha256", input=history)
    name = new_repo(object_format="sha256")
    push(path / "sha256", name, "--mirror", "-q")
    for version in (0, 2):
        back = path / f"back{version}"
        git("clone", "-q", "--mirror", url(name), back, protocol=version)
        eq(git("for-each-ref", cwd=back).out == git("for-each-ref", cwd=path / "sha256").out, True, "refs")
        git("fsck", "--strict", "--no-dangling", cwd=back)


def test_libuv_as_a_whole():
    mirror("libuv")


for test in (test_cgit_as_a_whole, test_cgit_as_sha256, test_libuv_as_a_whole):
    test.seconds = 300


if __name__ == "__main__":
    main()
