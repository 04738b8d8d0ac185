"""The time machine: what was pushed over, deleted or thrown away comes back, and is whole."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *

FORMATS = ("sha1", "sha256")
SIDE = "refs/heads/side"


def off(**more):
    return Nimbus(env={"NIMBUS_COMPACT": "off", **more})


def make(server, name="r", inline=None, **more):
    """A repository with main and side, each with commits of its own; its work tree, URL, and the tip of side."""
    source = make_repo(commits=12, **more)
    git("checkout", "-q", "-b", "side", cwd=source)
    tip = commit_file(source, "side.txt", "of the side\n" * 200)
    git("checkout", "-q", "main", cwd=source)
    server.create_repo(name, object_format=more.get("object_format", "sha1"))
    git("push", "-q", server.git_url(name), "--all", cwd=source)
    git("push", "-q", server.git_url(name), "--tags", cwd=source)
    return source, server.git_url(name), tip


def clone(url):
    """A mirror that is whole."""
    path = tmp("clone") / "c.git"
    git("clone", "-q", "--mirror", url, path)
    git("fsck", "--strict", "--no-dangling", cwd=path)
    return path


def history(server, name="r", query=""):
    return server.api("GET", f"/repos/{name}/history{query}", want=200).items


def restore(server, json, name="r", want=200, **more):
    return server.api("POST", f"/repos/{name}/restore-ref", json, want=want, **more).json


def compact_all(server):
    for _ in range(2):
        server.admin("admin", "compact", "--full")


def a_forced_push_is_undone(format):
    server = off()
    source, url, _ = make(server, object_format=format)
    before = refs(url)["refs/heads/main"]
    git("checkout", "-q", "--orphan", "other", cwd=source)
    after = commit_file(source, "other.txt", "all is new\n")
    git("push", "-q", "--force", url, "other:main", cwd=source)
    compact_all(server)
    change = history(server, query="?ref=refs/heads/main")[0]
    eq((change["old"], change["new"], change["forced"], change["username"]), (before, after, True, "owner"), "the change")
    done = restore(server, {"ref": "refs/heads/main", "undo": change["version"], "expected": after})
    eq((done["old"], done["new"], done["changed"], done["forced"]), (after, before, True, True), "what was done")
    copy = clone(url)
    eq(git("rev-parse", "refs/heads/main", cwd=copy).out.strip(), before, "the tip")
    eq(history(server, query="?ref=main")[0]["version"], done["version"], "the newest change")
    # And the next push begins where the branch is again.
    git("checkout", "-q", "main", cwd=source)
    tip = commit_file(source, "more.txt", "goes on\n")
    git("push", "-q", url, "main", cwd=source)
    eq(refs(url)["refs/heads/main"], tip, "main after one more push")
    has(server.admin("admin", "fsck").out, "1 repository")


def test_a_forced_push_is_undone():
    for format in FORMATS:
        a_forced_push_is_undone(format)


def test_a_deleted_branch_is_restored_after_full_compactions():
    server = off()
    source, url, tip = make(server)
    git("push", "-q", url, "--delete", "side", cwd=source)
    compact_all(server)
    deleted = history(server, query=f"?ref={SIDE}")[0]
    eq((deleted["old"], deleted["new"]), (tip, None), "the deletion")
    has_not(str(refs(url)), "side")
    server.admin("admin", "restore-ref", "r", "side", "--undo", str(deleted["version"]))
    eq(git("rev-parse", SIDE, cwd=clone(url)).out.strip(), tip, "the branch")
    # By the id, and by a time when it was there.
    git("push", "-q", url, "--delete", "side", cwd=source)
    has(server.admin("admin", "restore-ref", "r", "side", "--to", tip[:9]).out, f"{SIDE} is there again: {tip[:10]}.")
    eq(refs(url)[SIDE], tip, "the branch")
    then = int(time.time())
    time.sleep(1.1)
    git("push", "-q", url, "--delete", "side", cwd=source)
    compact_all(server)
    eq(restore(server, {"ref": "side", "time": str(then)})["new"], tip, "the branch at a time")
    clone(url)


def test_after_retention_a_branch_says_why_it_does_not_come_back():
    server = off(NIMBUS_RETENTION="1s")
    source, url, tip = make(server)
    pushed = int(time.time())
    time.sleep(1.1)
    git("push", "-q", url, "--delete", "side", cwd=source)
    deleted = history(server, query="?ref=side")[0]["version"]
    server.admin("admin", "compact", "r", "--full")
    wait_until(lambda: "left out" in server.admin("admin", "compact", "r", "--full").out, what="objects that go")
    why = "what no ref leads to any more is kept for 1 second (NIMBUS_RETENTION)"
    has(restore(server, {"ref": "side", "undo": deleted}, want=404)["detail"], why)
    has(restore(server, {"ref": "side", "id": tip}, want=404)["detail"], "not all of it any more")
    result = server.admin("admin", "restore-ref", "r", "side", "--to", str(pushed), check=False)
    eq(result.code, 4, "exit code")
    has(result.err, why)
    page = server.get(f"/r/tree/side@%7B{pushed}%7D")
    eq(page.status, 404, "the page as of then")
    has(page.text, why)
    eq(SIDE in refs(url), False, "the branch is there")


def test_a_deleted_repository_comes_back_whole():
    server = off(NIMBUS_PACK_INLINE_MAX="0")
    source, url, tip = make(server)
    server.api("POST", "/collaborators", {"username": "ada", "password": "her own secret words"}, want=201)
    server.api("PUT", "/repos/r/permissions/ada", {"permission": "read"}, want=200)
    before, id = refs(url), server.api("GET", "/repos/r").json["id"]
    server.api("DELETE", "/repos/r", want=204)
    eq(git("ls-remote", url, check=False).code == 0, False, "it can be fetched from")
    compact_all(server)
    server.admin("admin", "fsck", "--prune", "1s")
    gone = server.api("GET", "/deleted-repos", want=200).items
    eq([(one["id"], one["name"]) for one in gone], [(id, "r")], "what is deleted")
    eq(server.api("POST", f"/deleted-repos/{id}/restore", {}, want=200).json["name"], "r", "its name")
    eq(refs(url), before, "refs")
    clone(url)
    eq(git("rev-parse", "HEAD", cwd=clone(server.git_url("r", ("ada", "her own secret words")))).out.strip(),
       before["HEAD"], "HEAD for who could read it before")
    tip = commit_file(source, "more.txt", "goes on\n")
    git("push", "-q", url, "main", cwd=source)
    eq(refs(url)["refs/heads/main"], tip, "main after one more push")
    has_not(server.admin("admin", "fsck").out, "belong to nothing")


def test_a_push_to_a_deleted_name_makes_a_new_repository():
    server = off()
    source, url, _ = make(server)
    id = server.api("GET", "/repos/r").json["id"]
    server.api("DELETE", "/repos/r", want=204)
    other = make_repo(commits=2, seed=9)
    git("push", "-q", url, "main", cwd=other)
    answer = server.api("POST", f"/deleted-repos/{id}/restore", {}, want=409).json
    has(answer["detail"], "restore this one under another name")
    server.api("POST", f"/deleted-repos/{id}/restore", {"name": "old-r"}, want=200)
    eq(git("rev-parse", "HEAD", cwd=clone(server.git_url("old-r"))).out, git("rev-parse", "main", cwd=source).out, "the old one")
    eq(git("rev-parse", "HEAD", cwd=clone(url)).out, git("rev-parse", "main", cwd=other).out, "the new one")


def test_a_backup_has_what_is_deleted():
    server = off(NIMBUS_PACK_INLINE_MAX="0")
    source, url, _ = make(server)
    before, id = refs(url), server.api("GET", "/repos/r").json["id"]
    server.api("DELETE", "/repos/r", want=204)
    copy = tmp("backup") / "copy"
    has(server.admin("admin", "backup", str(copy)).out, "1 repository and 2 packs")
    server.stop()
    restored = Nimbus(start=False)
    restored.admin("admin", "restore", str(copy))
    restored.start()
    restored.api("POST", f"/deleted-repos/{id}/restore", {}, want=200)
    eq(refs(restored.git_url("r")), before, "refs")
    clone(restored.git_url("r"))


@embedded("it looks into the folder of blobs")
def test_after_retention_a_repository_is_gone_for_good():
    server = off(NIMBUS_RETENTION="2s", NIMBUS_PACK_INLINE_MAX="0")
    make(server)
    make(server, "stays", seed=2)
    id = server.api("GET", "/repos/r").json["id"]
    folder = next(server.data.glob(f"blob/*/{id}"))
    server.api("DELETE", "/repos/r", want=204)
    eq(len(list(folder.glob("pack/*.pack"))) > 0, True, "its packs are there")
    time.sleep(3.1)
    has(server.admin("admin", "compact").out, "1 deleted repository past their time gone for good.")
    eq(list(folder.glob("pack/*")), [], "its files")
    for table in ("pack", "ref", "ref_log", "permission"):
        eq(server.sql(f"SELECT count(*) FROM {table} WHERE repo_id = ?", id)[0][0], 0, f"rows of {table}")
    has(server.api("POST", f"/deleted-repos/{id}/restore", {}, want=404).json["detail"],
        "one is kept for 2 seconds (NIMBUS_RETENTION), then it is gone for good")
    eq(server.api("GET", "/deleted-repos").items, [], "what is deleted")
    clone(server.git_url("stays"))


def test_the_worker_purges_at_its_start():
    server = off(NIMBUS_RETENTION="1s", NIMBUS_COMPACT_DELAY="100ms")
    make(server)
    server.api("DELETE", "/repos/r", want=204)
    server.stop()
    time.sleep(2.1)
    server.extra["NIMBUS_COMPACT"] = "auto"
    server.start()
    wait_until(lambda: server.sql("SELECT count(*) FROM repo")[0][0] == 0, what="the purge")
    swept = wait_until(lambda: [line for line in server.log_lines() if line["message"] == "swept"], what="a line in the log")
    eq(swept[0]["repos"], 1, "repositories that went")


def test_pages_show_the_repository_as_it_was():
    server = off()
    source, url, _ = make(server)
    then, text = int(time.time()), (source / "README.md").read_text()
    head = refs(url)["refs/heads/main"]
    time.sleep(1.1)
    commit_file(source, "README.md", "# Another text\n")
    git("mv", "docs", "papers", cwd=source)
    git("commit", "-q", "-m", "Move", cwd=source)
    git("push", "-q", url, "main", cwd=source)
    git("push", "-q", url, "--delete", "side", cwd=source)
    day = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(then))
    for moment in (str(then), day):
        rev = urllib.parse.quote(f"main@{{{moment}}}", safe="")
        eq(server.get(f"/r/raw/{rev}/README.md").text, text, "the file")
        page = server.get(f"/r/tree/{rev}").text
        has(page, "docs")
        has_not(page, "papers")
        has(urllib.parse.unquote(page), f'"/r/tree/main@{{{moment}}}/docs"')
        eq(server.get(f"/r/blob/{rev}/README.md").status, 200, "its page")
        has(server.get(f"/r/commits/{rev}").text, head[:7])
        has_not(server.get(f"/r/commits/{rev}").text, "Move")
        eq(server.get(f"/r/blame/{rev}/README.md").status, 200, "blame")
        has(server.get(f"/r/compare/{rev}...main").text, "Another text")
        file = server.api("GET", f"/repos/r/contents/README.md?ref={rev}", want=200).json
        eq(file["content"], text, "the file, by the API")
        names = [entry["name"] for entry in server.api("GET", f"/repos/r/contents?ref={rev}", want=200).items]
        eq(("docs" in names, "papers" in names), (True, False), f"the folder, by the API: {names}")
        archive = server.get(f"/r/archive/{rev}.tar.gz")
        eq(archive.status, 200, "the archive")
        names = run(["tar", "tzf", "-"], input=archive.body).out
        has(names, "/docs/")
        has_not(names, "papers")
    has(server.get(f"/r/tree/side@%7B{then}%7D").text, "side.txt")
    eq(server.get(f"/r/tree/side").status, 404, "the branch that is deleted")
    gone = server.get(f"/r/tree/main@%7B1000%7D")
    eq(gone.status, 404, "before it was")
    has(gone.text, "there was no branch or tag main@{1000}")
    has(server.get("/r/tree/main@%7Byesterday%7D").text, "a time is written as in")
    # What one may not read does not exist, at no time.
    eq(server.get(f"/r/raw/main@%7B{then}%7D/README.md", auth=None).status, 401, "for the anonymous")
    # Braces as they are, as some clients send them.
    eq(server.get(f"/r/raw/main@{{{day}}}/README.md").text, text, "the file")


main()
