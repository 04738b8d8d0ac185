"""The instance's pages for its owner, and what crawlers and shared caches are told."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from browsing import *
from harness import *

PASSWORD = "gravel-otter-ninety-lamp"
_place = None


def place():
    """(server, head): a public repository "open" with two commits, a private one, and anna."""
    global _place
    if _place is None:
        s = Nimbus(shared=True, env={"NIMBUS_LOGIN_TRIES": "1000"})
        s.create_repo("open", visibility="public")
        s.create_repo("closed")
        work = tmp("instance-work")
        git("init", "-q", "-b", "main", work)
        for text in ("one", "two"):
            (work / "file").write_text(text)
            git("add", ".", cwd=work)
            git("commit", "-qm", text, cwd=work)
        for name in ("open", "closed"):
            git("push", "-q", s.git_url(name), "main", cwd=work)
        s.api("POST", "/collaborators", {"username": "anna", "password": PASSWORD}, want=201)
        _place = s, git("rev-parse", "HEAD", "HEAD~1", cwd=work).out.split()
    return _place


def test_the_owner_alone_sees_them():
    s, _ = place()
    anna, nobody = Browser(s, "anna", PASSWORD), Browser(s)
    for path in ("/admin", "/admin/storage", "/admin/events"):
        eq(Browser(s, *s.auth).get(path).status, 200, path)
        eq(anna.get(path).status, 403, path)
        eq(nobody.get(path).status, 303, path)
    for path in ("/admin", "/admin/storage", "/admin/events"):
        eq(s.api("GET", path, auth=("anna", PASSWORD)).status, 403, path)
        eq(s.api("GET", path, auth=None).status, 401, path)
    eq(s.api("POST", "/admin/storage/open/compact", {}, auth=("anna", PASSWORD)).status, 403, "compact")


def test_no_setting_tells_a_secret():
    s = Nimbus(env={"NIMBUS_OWNER_PASSWORD": "a-very-secret-password-indeed", "NIMBUS_LOG_LEVEL": "warn"})
    auth = ("owner", "a-very-secret-password-indeed")
    all = s.api("GET", "/admin", auth=auth, want=200)
    has_not(all.body, b"a-very-secret")
    rows = {row["name"]: row for row in all.json["settings"]}
    eq(rows["NIMBUS_OWNER_PASSWORD"], {"name": "NIMBUS_OWNER_PASSWORD", "value": None, "secret": True, "set": True}, "a secret")
    eq((rows["NIMBUS_LOG_LEVEL"]["value"], rows["NIMBUS_LOG_LEVEL"]["set"]), ("warn", True), "set by somebody")
    eq([port["answers"] for port in all.json["ports"]], [True] * 3, "health")


def test_a_repository_is_compacted_now():
    s, _ = place()
    owner = Browser(s, *s.auth)
    page = Page(owner.get("/admin/storage"))
    has(page.text, "open")
    eq(s.api("POST", "/admin/storage/open/compact", {}, want=200).json["kind"], "full", "kind")
    row = next(row for row in s.api("GET", "/admin/storage", want=200).items if row["name"] == "open")
    eq((row["packs"], row["retired_packs"] > 0), (1, True), "packs")
    eq(s.api("POST", "/admin/storage/none/compact", {}).status, 404, "what there is not")


def test_the_button_compacts_and_is_written_down():
    s, _ = place()
    owner = Browser(s, *s.auth)
    page = Page(owner.get("/admin/storage"))
    form = next(fields for action, _, fields in page.forms if action == "/admin/storage/compact" and fields["name"] == "closed")
    before = len(s.api("GET", "/audit?action=repository.compacted", want=200).items)
    answer = owner.send("/admin/storage/compact", form)
    eq((answer.status, answer.headers["location"]), (303, "/admin/storage?done=compacted"), "the answer")
    entries = s.api("GET", "/audit?action=repository.compacted", want=200).items
    eq((len(entries) - before, entries[0]["subject"], entries[0]["username"], entries[0]["via"]), (1, "closed", "owner", "session"), "the entry")
    anna = Browser(s, "anna", PASSWORD)
    eq(anna.send("/admin/storage/compact", {"name": "closed"}).status, 403, "who is not the owner")
    eq(len(s.api("GET", "/audit?action=repository.compacted", want=200).items), before + 1, "entries")


def test_events_are_read_page_by_page():
    s, _ = place()
    first = s.api("GET", "/admin/events?limit=2", want=200)
    more = re.fullmatch('<.*/api/v1(/.*)>; rel="next"', first.headers["link"])[1]
    rest = s.api("GET", more, want=200).items
    if first.items[-1]["time"] < rest[0]["time"]:
        fail("not the newest first")
    pushes = s.api("GET", "/admin/events?repo=open&type=push", want=200).items
    eq([(e["repository"], e["type"]) for e in pushes], [("open", "push")], "pushes")
    eq(s.api("GET", "/admin/events?type=no.such").status, 400, "a type")


def test_what_an_id_names_lasts_for_anybody():
    s, (head, base) = place()
    lasting = {f"/open/tree/{head}": 600, f"/open/blob/{head}/file": 600, f"/open/commit/{head}": 600,
               f"/open/blame/{head}/file": 600, f"/open/commits/{head}": 600, f"/open/compare/{base}...{head}": 600,
               f"/open/search/{head}?q=one": 600, f"/open/raw/{head}/file": 3600, f"/open/commit/{head}.patch": 3600,
               f"/open/archive/{head}.zip": 3600}
    owner, nobody = Browser(s, *s.auth), Browser(s)
    for path, seconds in lasting.items():
        answer = nobody.get(path)
        eq((answer.status, answer.headers["cache-control"]), (200, f"public, max-age={seconds}, immutable"), path)
        has_not(answer.headers, "set-cookie", path)
        eq(owner.get(path).headers["cache-control"], "private, no-cache", path)
        eq(owner.get(path.replace("/open/", "/closed/", 1)).headers["cache-control"], "private, no-cache", path)
    for path in ("/open", "/open/tree/main", "/open/blob/main/file", f"/open/commit/{head[:12]}", "/open/raw/main/file",
                 f"/open/compare/{base}...main", f"/open/compare/main...{head}", "/open/search?q=one", "/open/refs"):
        eq(nobody.get(path).headers["cache-control"], "private, no-cache", path)
    eq(nobody.get(f"/open/blob/{head}/none").headers["cache-control"], "no-store", "an error")


def test_crawlers_are_told_what_is_dear():
    s, _ = place()
    robots = s.get("/robots.txt").text
    for path in ("/*/commits", "/*/commit/", "/*/blame/", "/*/compare", "/*/archive/", "/*/paths/", "/*/raw/", "/*/search", "/*/history",
                 "/*/edit/", "/admin", "/api/"):
        has(robots, f"Disallow: {path}\n")


if __name__ == "__main__":
    main()
