"""The copy of a repository that a browser keeps: what is in it, and for whom."""

import hashlib

from harness import *

GUEST_PASSWORD = "gravel-otter-ninety-lamp"


def head(repo, revision="main"):
    return git("rev-parse", revision, cwd=repo).out.strip()


def copy_of(server, name, tip, **more):
    return server.get(f"/{name}/offline/{tip}.pack", **more)


def objects_in(pack, object_format="sha1", end=None):
    """What git's own reader finds in it, without anything beside it."""
    repo = tmp("copy")
    git("init", "-q", f"--object-format={object_format}", ".", cwd=repo)
    (repo / "copy.pack").write_bytes(pack)
    if end:
        (repo / ".git/shallow").write_text(f"{end}\n")
    git("index-pack", "--strict", "copy.pack", cwd=repo)
    listed = git("verify-pack", "-v", "copy.pack", cwd=repo).out.splitlines()
    size = 64 if object_format == "sha256" else 40
    return {line.split(" ")[0] for line in listed if len(line.split(" ")[0]) == size}


def reachable(repo, *revisions):
    return {line.split(" ")[0] for line in git("rev-list", "--objects", *revisions, cwd=repo).out.splitlines()}


def test_it_is_one_whole_pack_of_the_default_branch():
    for object_format in ("sha1", "sha256"):
        server = Nimbus()
        repo = make_repo(commits=30, object_format=object_format)
        server.create_repo("r", object_format=object_format)
        git("push", "-q", server.git_url("r"), "main", cwd=repo)
        git("checkout", "-q", "-b", "side", "main", cwd=repo)
        commit_file(repo, "secret-plan", "on another branch\n")
        git("push", "-q", server.git_url("r"), "side", "side:refs/notes/x", cwd=repo)
        answer = copy_of(server, "r", head(repo))
        eq(answer.status, 200, "status")
        eq(int(answer.headers["content-length"]), len(answer.body), "its length is told")
        eq(answer.headers["nimbus-depth"], "0", "all of its history")
        eq(answer.headers["cache-control"], "private, no-store", "who may keep it")
        eq(objects_in(answer.body, object_format), reachable(repo, "main"), "what is in it")
        digest = hashlib.new(object_format, answer.body[:-(64 if object_format == "sha256" else 40) // 2]).digest()
        eq(answer.body[-len(digest):], digest, "its checksum")
        folder = tmp("fsck")
        git("init", "-q", f"--object-format={object_format}", ".", cwd=folder)
        git("unpack-objects", "-q", "--strict", cwd=folder, input=answer.body)
        git("update-ref", "refs/heads/main", head(repo), cwd=folder)
        git("fsck", "--full", "--strict", cwd=folder)


def test_what_no_branch_leads_to_is_neither_in_it_nor_named_by_it():
    server = Nimbus()
    repo = make_repo(commits=5)
    server.create_repo("r")
    commit_file(repo, "leaked", "a password\n")
    leaked = head(repo)
    git("push", "-q", server.git_url("r"), "main", cwd=repo)
    git("reset", "-q", "--hard", "HEAD~1", cwd=repo)
    git("push", "-q", "-f", server.git_url("r"), "main", cwd=repo)
    eq(objects_in(copy_of(server, "r", head(repo)).body), reachable(repo, "main"), "what is in it")
    eq(copy_of(server, "r", leaked).status, 404, "by the id of what was taken back")
    eq(copy_of(server, "r", head(repo, "main~1")).status, 404, "by the id of an older commit")
    for odd in ("x", head(repo)[:-1], f"{head(repo)}0", "0" * 40):
        eq(copy_of(server, "r", odd).status, 404, odd)
    eq(server.get(f"/r/offline/{head(repo)}").status, 404, "without .pack")


def test_who_may_not_read_a_repository_is_told_what_is_told_of_none():
    server = Nimbus()
    repo = make_repo(commits=3)
    server.create_repo("hidden", visibility="private")
    git("push", "-q", server.git_url("hidden"), "main", cwd=repo)
    server.api("POST", "/collaborators", {"username": "anna", "password": GUEST_PASSWORD}, want=201)
    anna = ("anna", GUEST_PASSWORD)

    def told(name, who):
        answer = copy_of(server, name, head(repo), auth=who)
        return answer.status, answer.text.replace(name, "NAME")

    for who in (anna, None):
        mine, none = told("hidden", who), told("nowhere", who)
        eq(mine[0], none[0], f"the status for {who}")
        has_not(mine[1], head(repo), "what is told")
    eq(told("hidden", anna)[0], 404, "the status")
    server.api("PUT", "/repos/hidden/permissions/anna", {"permission": "read"}, want=200)
    eq(told("hidden", anna)[0], 200, "once she may")
    eq(server.request("HEAD", f"/hidden/offline/{head(repo)}.pack", auth=anna).status, 200, "asked whether it would come")
    server.api("DELETE", "/repos/hidden/permissions/anna")
    eq(told("hidden", anna)[0], 404, "when she may no more")
    eq(server.request("HEAD", f"/hidden/offline/{head(repo)}.pack", auth=anna).status, 404, "asked whether it would come")


def test_a_history_that_is_too_long_is_cut_and_one_commit_that_is_too_large_is_refused():
    server = Nimbus(env={"NIMBUS_OFFLINE_MAX": "20k"})
    repo = tmp("long")
    git("init", "-q", "--bare", "--initial-branch=main", ".", cwd=repo)
    stream = []
    for n in range(1, 301):
        text = hashlib.sha256(str(n).encode()).hexdigest() * 2
        stream.append(f"commit refs/heads/main\ncommitter A <a@b> {1700000000 + n} +0000\ndata 1\nx\n"
                      f"M 100644 inline file{n % 5}\ndata {len(text)}\n{text}\n")
    git("fast-import", "--quiet", cwd=repo, input="".join(stream))
    server.create_repo("r")
    git("push", "-q", server.git_url("r"), "main", cwd=repo)
    answer = copy_of(server, "r", head(repo))
    eq((answer.status, answer.headers["nimbus-depth"]), (200, "50"), "how deep it is")
    if len(answer.body) > 20 << 10:
        fail(f"{len(answer.body)} bytes")
    commits = git("rev-list", "-n", "50", "main", cwd=repo).out.split()
    found = objects_in(answer.body, end=commits[-1])
    eq({id for id in found if id in set(git("rev-list", "main", cwd=repo).out.split())}, set(commits), "its commits")
    large = hashlib.shake_256(b"x").hexdigest(30 << 10)
    work = make_repo(commits=2)
    commit_file(work, "large", large)
    server.create_repo("large")
    git("push", "-q", server.git_url("large"), "main", cwd=work)
    answer = copy_of(server, "large", head(work))
    eq(answer.status, 413, "status")
    has(answer.text, "clone it with git instead", "what to do")


if __name__ == "__main__":
    main()
