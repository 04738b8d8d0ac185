"""The time machine's pages: what became of refs, set back, brought back; files as they were; deleted repositories."""

import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *

_shared = None


def server():
    global _shared
    if _shared is None:
        _shared = Nimbus(shared=True)
        _shared.api("POST", "/collaborators", {"username": "reader", "password": "ninety-lamps-gravel-reader"}, want=201)
    return _shared


def owner():
    return Browser(server(), *server().auth)


def scene(name):
    """main went from one to two commits and was then forced to another; topic was made and deleted."""
    server().create_repo(name)
    server().api("PUT", f"/repos/{name}/permissions/reader", {"permission": "read"}, want=200)
    repo, url = tmp(name), server().git_url(name)
    git("init", "-q", "-b", "main", ".", cwd=repo)
    for text in ("one", "two"):
        commit_file(repo, "a.txt", text + "\n", text)
        git("push", "-q", url, "main", cwd=repo)
    git("push", "-q", url, "main:topic", "main:refs/tags/v1", cwd=repo)
    git("push", "-q", url, ":topic", cwd=repo)
    git("checkout", "-q", "--orphan", "other", cwd=repo)
    commit_file(repo, "a.txt", "three\n", "three")
    git("push", "-qf", url, "other:main", cwd=repo)
    return repo


def now(name, ref):
    return {line.split("\t")[1]: line.split("\t")[0]
            for line in git("ls-remote", server().git_url(name)).out.splitlines()}.get(ref)


def test_every_change_is_shown_with_who_and_what():
    scene("past")
    page = owner().page("/past/history")
    for words in ("forced", "deleted", "made at", "owner", "tags/v1", "Bring it back", "Undo", "14 days"):
        has(page.words, words)
    has_not(owner().page("/past/history?ref=main").words, "topic")
    has(owner().page("/past/history?ref=never").words, "never a branch")
    check(owner().get("/past/history?ref=a..b"), 400)
    check(owner().get("/past/history?after=x"), 400)
    reader = Browser(server(), "reader", "ninety-lamps-gravel-reader").page("/past/history")
    has(reader.words, "forced")
    has_not(reader.words, "Undo")
    eq(Browser(server()).get("/past/history").status, 303, "nobody")


def test_a_branch_is_set_back_and_a_deleted_one_brought_back():
    repo, visitor = scene("back"), owner()
    before = git("rev-parse", "main", cwd=repo).out.strip()
    page = visitor.page("/back/history?ref=main")
    newest = page.form("/back/history/restore")
    version = server().api("GET", "/repos/back/history?ref=main").items[0]["version"]
    answer = visitor.send("/back/history/restore", {**newest, "undo": version})
    eq(answer.status, 303, f"{answer}")
    has(visitor.page(answer.headers["location"]).words, "Restored.")
    eq(now("back", "refs/heads/main"), before, "main")
    # What was looked at is not what is there any more: nothing is done.
    page = check(visitor.send("/back/history/restore", {**newest, "version": version}), 409)
    has(page.words, "changed by somebody else meanwhile")
    gone = visitor.page("/back/history?gone=1")
    has(gone.words, "topic")
    has_not(gone.words, "refs/heads/main")
    form = gone.form("/back/history/restore")
    removed = server().api("GET", "/repos/back/history?ref=topic").items[0]["version"]
    eq(visitor.send("/back/history/restore", {**form, "undo": removed}).status, 303, "brought back")
    eq(now("back", "refs/heads/topic"), before, "topic")
    has(visitor.page("/back/history?gone=1").words, "No branch or tag is missing")
    reader = Browser(server(), "reader", "ninety-lamps-gravel-reader")
    csrf = reader.page("/account").form("/account/password")["csrf"]
    check(reader.send("/back/history/restore", {**form, "csrf": csrf, "undo": removed}), 403)
    eq(visitor.send("/back/history/restore", {**form, "csrf": "x", "undo": removed}).status, 403, "a form that is not ours")


def test_files_are_shown_as_of_a_time():
    scene("then")
    visitor = owner()
    moment = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 60))
    answer = visitor.get(f"/then/history?ref=main&at={moment}")
    eq(answer.status, 303, f"{answer}")
    has(visitor.page(answer.headers["location"]).words, "a.txt")
    long_ago = visitor.get("/then/history?at=2001-01-01T00:00:30").headers["location"]
    has(check(visitor.get(long_ago), 404).words, "here was no branch or tag HEAD@")
    check(visitor.get("/then/history?at=yesterday"), 400)


def test_a_history_is_cut_into_pages():
    server().create_repo("long")
    repo = make_repo(2, seed=9)
    names = [f"HEAD:refs/heads/b{i}" for i in range(120)]
    git("push", "-q", server().git_url("long"), *names, cwd=repo)
    seen, path = set(), "/long/history"
    for pages in range(3):
        page = owner().page(path)
        seen |= set(re.findall(r"ref=refs%2Fheads%2F(b\d+)", page.text))
        older = [a for a in page.links if "&after=" in a]
        path = older[0] if older else None
    eq((len(seen), path), (120, None), "changes, and the page after the last")


def test_a_deleted_repository_is_restored_or_removed_for_good():
    visitor = owner()
    has(visitor.page("/admin/deleted").words, "None is deleted")
    for name in ("gone1", "gone2"):
        scene(name)
        server().api("DELETE", f"/repos/{name}", want=204)
    page = visitor.page("/admin/deleted")
    ids = {r["name"]: r["id"] for r in server().api("GET", "/deleted-repos").items}
    server().create_repo("gone1")
    restore = f"/admin/deleted/{ids['gone1']}/restore"
    has(check(visitor.send(restore, page.form(restore)), 409).words, "under another name")
    answer = visitor.send(restore, {**page.form(restore), "name": "again"})
    eq(answer.headers["location"], "/again?done=restored", f"{answer}")
    has(visitor.page("/again").words, "a.txt")
    purge = f"/admin/deleted/{ids['gone2']}/purge"
    has(check(visitor.send(purge, {**page.form(purge), "confirm": "no"}), 400).words, "nothing is removed")
    eq(visitor.send(purge, {**page.form(purge), "confirm": "gone2"}).status, 303, "purged")
    has(visitor.page("/admin/deleted").words, "None is deleted")
    check(visitor.send(purge, {**page.form(purge), "confirm": "gone2"}), 404)
    check(Browser(server(), "reader", "ninety-lamps-gravel-reader").get("/admin/deleted"), 403)


main()
