"""Files changed in the browser: what git finds afterwards, what is refused, and what becomes of two who meet."""

import html
import re
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *

_shared = None


def server():
    """One server with a writer, a reader, and somebody who may do nothing."""
    global _shared
    if _shared is None:
        _shared = Nimbus(shared=True)
        for name in ("writer", "reader", "other"):
            _shared.api("POST", "/collaborators", {"username": name, "password": f"ninety-lamps-gravel-{name}"}, want=201)
    return _shared


def browser(name="writer"):
    return Browser(server(), name, f"ninety-lamps-gravel-{name}")


def scene(name):
    """A repository with a few files in it; the folder that it was pushed from."""
    server().create_repo(name)
    for who, level in (("writer", "write"), ("reader", "read")):
        server().api("PUT", f"/repos/{name}/permissions/{who}", {"permission": level}, want=200)
    repo = tmp(name)
    git("init", "-q", "-b", "main", ".", cwd=repo)
    (repo / "README.md").write_text("# One\n\ntwo\nthree\nfour\nfive\nsix\n")
    (repo / "dos.txt").write_bytes(b"a\r\nb\r\nc\r\n")
    (repo / "run.sh").write_text("#!/bin/sh\n")
    (repo / "run.sh").chmod(0o755)
    (repo / "binary.bin").write_bytes(bytes(range(256)))
    (repo / "docs").mkdir()
    (repo / "docs/a b&c.txt").write_text("\n\nbegins with empty lines </textarea><script>\n")
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "First", cwd=repo)
    git("push", "-q", server().git_url(name), "main", cwd=repo)
    return repo


def typed(page):
    """The text of the page's big field, as a browser has it."""
    text = html.unescape(re.search(r'<textarea id="@text"[^>]*>(.*?)</textarea>', page.text, re.S)[1])
    return text[1:] if text.startswith("\n") else text


def edit(visitor, at, want=303, **changes):
    """Opens the page, changes what is said, and sends it as a browser does."""
    page = visitor.page(at)
    sent = {**page.form(at), "to": "same", "do": "commit", "message": ""}
    if '"@text"' in page.text:
        sent["text"] = typed(page)
    sent.update(changes)
    if "text" in sent:
        sent["text"] = sent["text"].replace("\n", "\r\n")
    answer = visitor.send_parts(at, sent)
    eq(answer.status, want, f"{at}: {answer}")
    return answer


def pulled(repo, name):
    git("pull", "-q", server().git_url(name), "main", cwd=repo)
    git("fsck", "--strict", cwd=repo)


def test_a_file_is_changed_and_keeps_its_mode_and_its_lines_ends():
    repo, visitor = scene("plain"), browser()
    answer = edit(visitor, "/plain/edit/main/run.sh", text="#!/bin/sh\necho hi\n", message="Say hi\n\nIt is polite.")
    eq(answer.headers["location"], "/plain/blob/main/run.sh?done=committed", "where it leads")
    has(visitor.page(answer.headers["location"]).words, "Committed.")
    edit(visitor, "/plain/edit/main/dos.txt", text="a\nnew\nb\nc\n")
    pulled(repo, "plain")
    eq((repo / "run.sh").read_text(), "#!/bin/sh\necho hi\n", "text")
    has(git("ls-tree", "HEAD", "run.sh", cwd=repo).out, "100755", "mode")
    eq((repo / "dos.txt").read_bytes(), b"a\r\nnew\r\nb\r\nc\r\n", "ends of lines")
    eq(git("log", "-1", "--format=%an|%ae|%B", "HEAD~", cwd=repo).out.strip(),
       "writer|writer@noreply.127.0.0.1|Say hi\n\nIt is polite.", "commit")
    eq(git("log", "-1", "--format=%B", cwd=repo).out.strip(), "Change dos.txt", "the usual message")


def test_what_is_shown_is_what_is_there_to_the_byte():
    repo, visitor = scene("exact"), browser()
    path = "/exact/edit/main/docs/a%20b%26c.txt"
    eq(typed(visitor.page(path)), (repo / "docs/a b&c.txt").read_text(), "text")
    has(check(edit(visitor, path, 400), 400).words, "nothing is changed")
    edit(visitor, path, text=(repo / "docs/a b&c.txt").read_text() + "more")
    pulled(repo, "exact")
    eq((repo / "docs/a b&c.txt").read_text(), "\n\nbegins with empty lines </textarea><script>\nmore", "text")


def test_a_file_is_made_moved_and_deleted():
    repo, visitor = scene("moves"), browser()
    edit(visitor, "/moves/new/main/docs", path="docs/deep/new ü.md", text="# New\n")
    edit(visitor, "/moves/edit/main/binary.bin", path="data/binary.bin")
    edit(visitor, "/moves/edit/main/README.md", path="docs/README.md", text="# One\n\ntwo\nthree\nfour\nfive\n7\n")
    answer = edit(visitor, "/moves/delete/main/dos.txt")
    eq(answer.headers["location"], "/moves/tree/main?done=committed", "where it leads")
    pulled(repo, "moves")
    eq((repo / "docs/deep/new ü.md").read_text(), "# New\n", "text")
    eq((repo / "data/binary.bin").read_bytes(), bytes(range(256)), "bytes")
    has(git("show", "--stat", "-M", "HEAD~", cwd=repo).out, "README.md => docs/README.md")
    eq((repo / "dos.txt").exists(), False, "deleted")
    page = visitor.page("/moves/edit/main/data/binary.bin")
    has(page.words, "is binary")
    has_not(page.text, '"@text"')
    for path, words in (("/a", "empty part"), ("x/.git/config", "git's own"), ("docs", "is a folder"),
                        ("run.sh", "already"), ("run.sh/x", "not a folder"), ("", "a name")):
        status = 409 if words in ("is a folder", "already", "not a folder") else 400
        page = check(edit(visitor, "/moves/new/main", status, path=path, text="kept"), status)
        has(page.words, words)
        eq(typed(page), "kept", "what was typed")


def test_the_first_commit_of_a_repository():
    server().create_repo("first")
    visitor = Browser(server(), *server().auth)
    has(visitor.page("/first").links, "/first/new/main")
    edit(visitor, "/first/new/main", path="README.md", text="# Hello\n")
    has(visitor.page("/first").words, "Hello")
    repo = tmp("first")
    git("clone", "-q", server().git_url("first"), ".", cwd=repo)
    eq(git("log", "--format=%s", cwd=repo).out, "Add README.md\n", "history")


def test_two_who_change_one_file_meet():
    repo, visitor = scene("meet"), browser()
    path = "/meet/edit/main/README.md"
    page = visitor.page(path)
    late = {**page.form(path), "to": "same", "do": "commit", "message": "Late"}
    edit(visitor, path, text=typed(page).replace("six", "6"))
    # Elsewhere in the file: both are shown as one, and sent again it is done.
    answer = visitor.send_parts(path, {**late, "text": typed(page).replace("One", "1")})
    met = check(answer, 409)
    has(met.words, "fit together")
    eq(typed(met), "# 1\n\ntwo\nthree\nfour\nfive\n6\n", "both")
    again = {**met.form(path), "to": "same", "do": "commit", "message": "Late", "text": typed(met)}
    eq(visitor.send_parts(path, again).status, 303, "again")
    # At the same place: nothing is lost, and a new branch takes it as it is.
    text = typed(page).replace("six", "sixth")
    met = check(visitor.send_parts(path, {**late, "text": text}), 409)
    has(met.words, "do not fit together")
    has(typed(met), "<<<<<<< what you typed\nsixth\n=======\n6\n>>>>>>> main\n")
    has(met.words, text)
    eq(visitor.send_parts(path, {**late, "text": text, "to": "new", "target": "mine"}).status, 303, "new branch")
    pulled(repo, "meet")
    eq((repo / "README.md").read_text(), "# 1\n\ntwo\nthree\nfour\nfive\n6\n", "main")
    git("fetch", "-q", server().git_url("meet"), "mine", cwd=repo)
    eq(git("show", "FETCH_HEAD:README.md", cwd=repo).out, text, "the branch")
    # Of another file nobody needs to know.
    other = visitor.page("/meet/edit/main/run.sh")
    edit(visitor, path, text="short\n")
    sent = {**other.form("/meet/edit/main/run.sh"), "to": "same", "do": "commit", "message": "", "text": "true\n"}
    eq(visitor.send_parts("/meet/edit/main/run.sh", sent).status, 303, "another file")
    # It was deleted meanwhile.
    edit(visitor, "/meet/delete/main/README.md")
    met = check(visitor.send_parts(path, {**late, "text": text}), 409)
    has(met.words, "not there any more")
    again = {**met.form(path), "to": "same", "do": "commit", "message": "Back", "text": typed(met)}
    eq(visitor.send_parts(path, again).status, 303, "again")
    has(visitor.page("/meet/blob/main/README.md?source=1").words, "sixth")


def test_markdown_can_be_looked_at_before():
    scene("looks")
    visitor = browser()
    path = "/looks/edit/main/README.md"
    answer = edit(visitor, path, 200, text="# Seen\n\n[x](run.sh) <script>alert(1)</script>\n", message="Kept", do="preview")
    page = check(answer)
    has(page.text, 'href="/looks/blob/main/run.sh"')
    has(page.words, "Kept")
    eq(typed(page), "# Seen\n\n[x](run.sh) <script>alert(1)</script>\n", "what was typed")
    again = check(edit(visitor, path, 200, text="# Otherwise\n", message="Kept", do="preview"))
    has(again.text, "<h1 id=\"otherwise\">")
    has_not(visitor.page("/looks/blob/main/README.md").words, "Seen")
    has_not(visitor.page("/looks/edit/main/run.sh").words, "Preview")


def test_files_are_uploaded():
    repo, visitor = scene("sends"), browser()
    path = "/sends/upload/main/docs"
    fields = {**visitor.page(path).form(path), "to": "same", "do": "commit", "message": ""}
    big = bytes(i * i % 251 for i in range(200000))
    files = [("file", 'q"uoted.bin', big), ("file", "C:\\x\\..\\y.txt", b""), ("file", "run.sh", b"\r\n--no boundary")]
    answer = visitor.send_parts(path, {**fields, "folder": "docs/in/"}, files)
    eq(answer.headers.get("location"), "/sends/tree/main/docs/in?done=committed", f"{answer}")
    answer = visitor.send_parts(path, {**fields, "expected": visitor.page(path).form(path)["expected"], "folder": ""},
                                [("file", "run.sh", b"new")])
    eq(answer.status, 303, f"{answer}")
    pulled(repo, "sends")
    eq((repo / 'docs/in/q"uoted.bin').read_bytes(), big, "bytes")
    eq((repo / "docs/in/y.txt").read_bytes(), b"", "empty")
    eq((repo / "docs/in/run.sh").read_bytes(), b"\r\n--no boundary", "bytes")
    has(git("ls-tree", "HEAD", "run.sh", cwd=repo).out, "100755", "mode")
    eq(git("log", "-2", "--format=%s", cwd=repo).out, "Upload run.sh\nUpload 3 files\n", "messages")
    has(check(visitor.send_parts(path, fields, [("file", "", b"")]), 400).words, "choose the files")
    has(check(visitor.send_parts(path, fields, [("file", ".git", b"x")]), 400).words, "git's own")
    has(check(visitor.send_parts(path, fields, [("file", f"{i}", b"x") for i in range(101)]), 413).words, "at most 100")
    forged = visitor.send_parts(path, {**fields, "csrf": "x"}, [("file", "a", b"x")])
    eq(forged.status, 403, "a form that is not ours")
    eq(Browser(server()).send_parts(path, fields, [("file", "a", b"x")]).status, 401, "nobody")


def test_uploads_have_a_bound():
    small = Nimbus({"NIMBUS_UPLOAD_MAX": "1k"})
    small.create_repo("r")
    visitor = Browser(small, *small.auth)
    path = "/r/upload/main"
    fields = {**visitor.page(path).form(path), "do": "commit", "message": ""}
    has(check(visitor.send_parts(path, fields, [("file", "a", b"x" * 1025)]), 413).words, "NIMBUS_UPLOAD_MAX")
    eq(visitor.send_parts(path, fields, [("file", "a", b"x" * 1024)]).status, 303, "as much as may be")
    small.stop()


def test_who_may_not_push_finds_no_way_to_edit():
    scene("closed")
    reader, other, nobody = browser("reader"), browser("other"), Browser(server())
    pages = ["/closed/edit/main/run.sh", "/closed/new/main", "/closed/upload/main", "/closed/delete/main/run.sh"]
    for path in pages:
        check(reader.get(path), 403)
        check(other.get(path), 404)
        eq(nobody.get(path).status, 303, "sign in first")
        for visitor, status in ((reader, 403), (other, 404)):
            fields = {"csrf": visitor.page("/account").form("/account/password")["csrf"], "path": "x", "text": "y"}
            check(visitor.send_parts(path, fields), status)
    has_not(reader.page("/closed/blob/main/run.sh").text, "/closed/edit/")
    has(browser().page("/closed/blob/main/run.sh").links, "/closed/edit/main/run.sh")
    # Only a branch can be changed; a rule binds who edits as who pushes.
    tip = server().api("GET", "/repos/closed/history").items[0]["new"]
    check(browser().get(f"/closed/edit/{tip}/run.sh"), 400)
    rule = {"pattern": "main", "create": "write", "update": "nobody", "force": "nobody", "delete": "nobody"}
    server().api("POST", "/repos/closed/rules", rule, want=201)
    page = check(edit(browser(), "/closed/edit/main/run.sh", 403, text="kept\n"), 403)
    eq(typed(page), "kept\n", "what was typed")


main()
