"""The pages, as a browser without scripts sees them: what they show, what they refuse, that they are well made."""

import gzip
import re
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *

HOSTILE = ["<script>alert(1)<", "\"quoted' & more.txt", "new\nline.txt", "tab\there", "übung 中文.txt", "a b#c?d%2e.txt",
           "-rf", "back\\slash", "\x1b[31mred", "‮gpj.exe", "weird:name", "&amp;.html", "%2e%2e"]
README = """# The heading

[bad](javascript:alert(1)) <a href="javascript:alert(2)">worse</a> <script>alert(3)</script>
<img src=x onerror=alert(4)> [good](docs/guide.md) ![picture](pixel.png) [root](/docs/guide.md)

| a | b |
|---|---|
| 1 | 2 |

- [x] done
"""
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
                      "000000050001a5f645400000000049454e44ae426082")


_shared = None


def server():
    """One server with a hostile public repository, a private one, an empty one, and two collaborators."""
    global _shared
    if _shared is None:
        _shared = Nimbus(shared=True)
        _shared.create_repo("hostile", visibility="public", description="<b>bold</b> & \"quoted\"")
        _shared.create_repo("secret", description="nobody's business")
        _shared.create_repo("empty", visibility="public")
        for name in ("reader", "other"):
            _shared.api("POST", "/collaborators", {"username": name, "password": f"ninety-lamps-gravel-{name}"}, want=201)
        _shared.api("PUT", "/repos/secret/permissions/reader", {"permission": "read"}, want=200)
        repo = hostile_repo()
        git("push", "-q", _shared.git_url("hostile"), "--all", cwd=repo)
        git("push", "-q", _shared.git_url("hostile"), "--tags", cwd=repo)
        git("push", "-q", _shared.git_url("secret"), "main", cwd=repo)
    return _shared


def hostile_repo():
    repo = tmp("hostile")
    git("init", "-q", ".", cwd=repo)
    for i, name in enumerate(HOSTILE):
        (repo / name).write_text(f"content {i} </pre><script>alert({i})</script>\n")
    (repo / "README.md").write_text(README)
    (repo / "pixel.png").write_bytes(PIXEL)
    (repo / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    (repo / "binary.bin").write_bytes(bytes(range(256)) * 40)
    (repo / "empty.txt").write_text("")
    (repo / "page.html").write_text("<script>alert(1)</script>")
    (repo / "long.txt").write_text("x" * 200000 + "\n")
    (repo / "latin1.txt").write_bytes("Köln\n".encode("latin-1"))
    (repo / "run.sh").write_text("#!/bin/sh\n")
    (repo / "run.sh").chmod(0o755)
    (repo / "link").symlink_to("page.html")
    (repo / "docs").mkdir()
    (repo / "docs/guide.md").write_text("# Guide\n\n[up](../README.md)\n")
    (repo / "huge.txt").write_text("a line\n" * 1000000)
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "First <b>&\n\nBody with https://example.com/x and </pre><script>x</script>", cwd=repo)
    git("tag", "-a", "-m", "tagged", "v1/<i>", cwd=repo)
    git("branch", "feature/x", cwd=repo)
    git("mv", "latin1.txt", "docs/moved.txt", cwd=repo)
    (repo / "run.sh").write_text("#!/bin/sh\necho changed")
    (repo / "binary.bin").write_bytes(b"\0changed")
    (repo / "empty.txt").unlink()
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "Second", cwd=repo)
    return repo


def quoted(path):
    return urllib.parse.quote(path, safe="/")


def test_the_list_shows_what_one_may_read_and_nothing_else():
    has(Browser(server()).page("/").words, "hostile")
    has_not(Browser(server()).page("/").text, "secret")
    has(Browser(server(), "reader", "ninety-lamps-gravel-reader").page("/").words, "secret")
    has_not(Browser(server(), "other", "ninety-lamps-gravel-other").page("/").text, "secret")
    page = Browser(server(), *server().auth).page("/")
    has(page.links, "/new")
    has(page.words, '<b>bold</b> & "quoted"')


def test_an_empty_repository_shows_the_lines_to_push():
    page = Browser(server(), *server().auth).page("/empty")
    has(page.words, f"git remote add origin {server().url}/empty.git")
    has(page.words, "git push -u origin main")
    has_not(Browser(server()).page("/empty").words, "git push")
    sha256 = server().create_repo("empty256", object_format="sha256")
    eq(sha256["name"], "empty256", "name")
    has(Browser(server(), *server().auth).page("/empty256").words, "git init --object-format=sha256 -b main")


def test_a_tree_links_every_file_whatever_its_name():
    visitor = Browser(server())
    tree = visitor.page("/hostile")
    for i, name in enumerate(HOSTILE):
        link = f"/hostile/blob/main/{quoted(name)}"
        has(tree.links, link)
        has(visitor.page(link).words, f"content {i} </pre><script>alert({i})</script>")
        raw = visitor.get(f"/hostile/raw/main/{quoted(name)}")
        eq(raw.body, f"content {i} </pre><script>alert({i})</script>\n".encode(), name)
    has(tree.words, "[U+202e]gpj.exe")


def test_folders_come_first_and_each_entry_names_its_last_change():
    tree = Browser(server()).page("/hostile")
    names = [a for a in tree.links if re.match("/hostile/(tree|blob)/main/", a)]
    eq(names[0], "/hostile/tree/main/docs", "first entry")
    row = re.search(r'/blob/main/run\.sh">.*?</tr>', tree.text)[0]
    has(row, ">Second<")
    row = re.search(r'/blob/main/page\.html">.*?</tr>', tree.text)[0]
    has(row, ">First &lt;b&gt;&amp;<")


def test_last_changes_are_those_that_git_finds():
    repo = make_repo(60, seed=5)
    server().create_repo("history", visibility="public")
    git("push", "-q", server().git_url("history"), "main", cwd=repo)
    for folder in ("", "docs", "src", "topic"):
        path = "/history" if not folder else f"/history/tree/main/{folder}"
        text = Browser(server()).page(path).text
        for name in git("ls-tree", "--name-only", f"main:{folder}", cwd=repo).out.split():
            full = f"{folder}/{name}" if folder else name
            want = git("log", "-1", "--format=%H", "main", "--", full, cwd=repo).out.strip()
            row = re.search(rf'/main/{re.escape(full)}">.*?</tr>', text)[0]
            has(row, f"/history/commit/{want}", full)


def test_last_changes_are_found_where_clocks_disagree():
    repo, when = tmp("clocks"), 1700000000
    git("init", "-q", ".", cwd=repo)
    for n, days in enumerate((50, 10, 400, 3, 2, 90, 1)):
        (repo / f"f{n}").write_text("x")
        git("add", "-A", cwd=repo)
        date = f"{when + days * 86400} +0000"
        git("commit", "-q", "-m", f"add f{n}", cwd=repo, env={"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date})
        if n == 1:
            git("branch", "side", cwd=repo)
    git("checkout", "-q", "side", cwd=repo)
    (repo / "s").write_text("s")
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "add s", cwd=repo)
    git("checkout", "-q", "main", cwd=repo)
    git("merge", "-q", "--no-edit", "side", cwd=repo)
    server().create_repo("clocks", visibility="public")
    git("push", "-q", server().git_url("clocks"), "main", cwd=repo)
    text = Browser(server()).page("/clocks").text
    for name in [f"f{n}" for n in range(7)] + ["s"]:
        has(re.search(rf'/main/{name}">.*?</tr>', text)[0], f">add {name}<")


def test_a_clone_url_in_a_browser_leads_to_the_page():
    for name in ("hostile", "nosuch"):
        answer = Browser(server()).get(f"/{name}.git")
        eq((answer.status, answer.headers["location"]), (303, f"/{name}"), name)


def test_the_readme_is_rendered_and_harmless():
    page = Browser(server()).page("/hostile")
    has(page.text, '<h1 id="the-heading">')
    has(page.links, "/hostile/blob/main/docs/guide.md")
    has(page.text, '<img src="/hostile/raw/main/pixel.png" alt="picture"')
    has(page.text, "<table>")
    has_not(page.text, "javascript:")
    has_not(page.text, "onerror")
    guide = Browser(server()).page("/hostile/blob/main/docs/guide.md")
    has(guide.links, "/hostile/blob/main/docs/../README.md")
    has(Browser(server()).page("/hostile/blob/main/README.md?source=1").text, '<a id="L1" href="#L1">1</a># The heading')


def article(text):
    """What a page shows of a file, or of a history."""
    return re.search('<article.*?</article>|<ol class="log.*?</ol>|<ul class="log.*?</ul>', text, re.S)[0]


def test_pictures_of_other_hosts_are_links_until_the_owner_names_the_host():
    s = Nimbus()
    s.create_repo("far", visibility="public")
    repo = make_repo(commits=1)
    commit_file(repo, "README.md", "![a badge](https://img.example.org/a.svg) ![b](https://b.example/)\n")
    git("push", "-q", s.git_url("far"), "main", cwd=repo)
    path, tags, policies = "/far/blob/main/README.md", [], []
    link = 'href="https://img.example.org/a.svg" title="Picture at img.example.org">a badge <small>img.example.org</small></a>'
    shown = '<img src="https://img.example.org/a.svg" alt="a badge" loading="lazy" referrerpolicy="no-referrer">'
    for hosts, wanted, lacking in (("", link, shown), ("img.example.org, other.example:8443", shown, link)):
        s.stop()
        s.extra["NIMBUS_IMAGE_HOSTS"] = hosts
        s.start()
        page = s.request("GET", path, auth=None, headers={"If-None-Match": tags[-1]} if tags else {})
        eq(page.status, 200, "with other settings it is another page")
        has(page.text, wanted)
        has_not(page.text, lacking)
        has(page.text, 'title="Picture at b.example"')
        tags.append(page.headers["etag"])
        policies.append(re.search("img-src[^;]*", page.headers["content-security-policy"])[0])
        eq(s.request("GET", path, auth=None, headers={"If-None-Match": tags[-1]}).status, 304, "again")
    eq(policies, ["img-src 'self' data:", "img-src 'self' data: https://img.example.org https://other.example:8443"], "the policies")


def test_every_kind_of_file_has_its_page():
    visitor = Browser(server())
    has(visitor.page("/hostile/blob/main/pixel.png").text, 'src="/hostile/raw/main/pixel.png"')
    has(visitor.page("/hostile/blob/main/binary.bin").words, "binary")
    has(visitor.page("/hostile/blob/main/huge.txt").words, "too long")
    has(visitor.page("/hostile/blob/main/link").words, "points to page.html")
    has(visitor.page("/hostile/blob/main/run.sh").words, "executable")
    has(visitor.page("/hostile/blob/feature/x/empty.txt").words, "empty")
    has(visitor.page("/hostile/blob/feature/x/latin1.txt").words, "K�ln")
    lines = visitor.page("/hostile/blob/main/docs/guide.md?source=1")
    has(lines.ids, "L3")


def test_raw_files_cannot_run_in_a_browser():
    for name, kind in {"page.html": "text/plain; charset=utf-8", "drawing.svg": "image/svg+xml", "pixel.png": "image/png",
                       "binary.bin": "application/octet-stream", "huge.txt": "text/plain; charset=utf-8",
                       "-rf": "text/plain; charset=utf-8"}.items():
        answer = Browser(server()).get(f"/hostile/raw/main/{quoted(name)}")
        eq(answer.status, 200, name)
        eq(answer.headers["content-type"], kind, name)
        eq(answer.headers["x-content-type-options"], "nosniff", name)
        has(answer.headers["content-security-policy"], "sandbox", name)
        has(answer.headers["content-security-policy"], "default-src 'none'", name)


def test_a_download_keeps_its_name():
    name = "\"quoted' & more.txt"
    answer = Browser(server()).get(f"/hostile/raw/main/{quoted(name)}?download=1")
    eq(answer.headers["content-disposition"],
       "attachment; filename=\"_quoted' & more.txt\"; filename*=UTF-8''%22quoted%27%20%26%20more.txt", "disposition")
    answer = Browser(server()).get(f"/hostile/raw/main/{quoted(HOSTILE[2])}?download=1")
    has(answer.headers["content-disposition"], 'filename="new_line.txt"')


def test_branches_tags_and_ids_name_a_revision():
    visitor = Browser(server())
    id = visitor.server.api("GET", "/repos/hostile").json and refs(server().git_url("hostile"))["refs/heads/feature/x"]
    for rev in ("feature/x", "v1/%3Ci%3E", id, id[:9], "refs/heads/feature/x"):
        has(visitor.page(f"/hostile/tree/{rev}").text, "empty.txt")
        has(visitor.page(f"/hostile/tree/{rev}/docs").text, "guide.md")
    has_not(visitor.page("/hostile/tree/HEAD").text, "empty.txt")
    eq(visitor.get("/hostile/tree/main/page.html").headers["location"], "/hostile/blob/main/page.html", "a file")
    eq(visitor.get("/hostile/blob/main/docs").headers["location"], "/hostile/tree/main/docs", "a folder")
    for path in ("tree/nothing", "tree/main/nothing", "blob/main/docs/no", "tree/0000000000", "commit/abcdef1",
                 "commits/nope", "raw/main/docs", "blob/feature/x/docs/moved.txt", "tree/main/docs/..."):
        check(visitor.get(f"/hostile/{path}"), 404)


def test_history_is_shown_in_pages_that_stay_where_they_are():
    visitor, repo = Browser(server()), make_repo(100, seed=9)
    server().create_repo("long", visibility="public")
    git("push", "-q", server().git_url("long"), "main", cwd=repo)
    want = git("log", "--format=%H", "--date-order", "main", cwd=repo).out.split()
    page, got = visitor.page("/long/commits"), []
    while True:
        got += re.findall(r'class="subject" href="/long/commit/([0-9a-f]{40})"', page.text)
        older = [a for a in page.links if "after=" in a]
        if not older:
            break
        commit_file(repo, "new.txt", f"{len(got)}\n")
        git("push", "-q", server().git_url("long"), "main", cwd=repo)
        page = visitor.page(older[0])
    eq(len(got), len(set(got)), "no commit twice")
    eq(sorted(got), sorted(want), "commits")
    path = visitor.page("/long/commits/main/README.md")
    eq(len(re.findall('class="subject"', path.text)), 1, "commits of README.md")


def test_a_commit_shows_what_it_changed():
    page = Browser(server()).page(f"/hostile/commit/{refs(server().git_url('hostile'))['refs/heads/main']}")
    has(page.words, "latin1.txt → docs/moved.txt")
    has(page.words, "+echo changed")
    has(page.words, "no newline at the end of the file")
    has(page.words, "A binary file")
    first = Browser(server()).page("/hostile/commit/feature%2Fx")
    has(first.words, "Body with https://example.com/x and </pre><script>x</script>")
    has(first.links, "https://example.com/x")
    has(first.words, "Too long to show")


def odd_changes(repo):
    """Modes, links, submodules, empty files, line ends, a file that becomes a folder and an edited move."""
    (repo / "mode.sh").write_text("#!/bin/sh\n")
    (repo / "empty").write_text("")
    (repo / "crlf.txt").write_bytes(b"a\r\nb\r\nc")
    (repo / "becomes").write_text("a file\n")
    (repo / "moves.txt").write_text("".join(f"line {n}\n" for n in range(40)))
    (repo / "to").symlink_to("mode.sh")
    git("add", "-A", cwd=repo)
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub", cwd=repo)
    git("commit", "-q", "-m", "odd", cwd=repo)
    (repo / "mode.sh").chmod(0o755)
    (repo / "crlf.txt").write_bytes(b"a\r\nB\nc\n")
    (repo / "becomes").unlink()
    (repo / "becomes").mkdir()
    (repo / "becomes/inner.txt").write_text("a file in a folder\n")
    (repo / "moves.txt").rename(repo / "moved there.txt")
    (repo / "moved there.txt").write_text("".join(f"line {n if n != 7 else 'seven'}\n" for n in range(40)))
    (repo / "to").unlink()
    (repo / "to").write_text("no link any more\n")
    git("add", "-A", cwd=repo)
    git("update-index", "--add", "--cacheinfo", f"160000,{'2' * 40},sub", cwd=repo)
    git("commit", "-q", "-m", "odder", cwd=repo)
    git("rm", "-q", "--cached", "sub", cwd=repo)
    (repo / "empty").unlink()
    git("add", "-u", cwd=repo)
    git("commit", "-q", "-m", "less", cwd=repo)


def test_a_message_of_mebibytes_makes_no_page_of_mebibytes():
    repo = make_repo(2, seed=77)
    for n in range(5):
        (repo / "message").write_text("é" * 1000000 + "\n\n" + "body " * 300000)
        git("commit", "-q", "--allow-empty", "-F", "message", cwd=repo)
    server().create_repo("wordy", visibility="public")
    git("push", "-q", server().git_url("wordy"), "main", cwd=repo)
    for path in ("/wordy", "/wordy/commits", "/wordy/refs", "/wordy/commit/main"):
        page = Browser(server()).page(path)
        if len(page.answer.body) > 200000:
            fail(f"{path}: {len(page.answer.body)} bytes")
        has_not(page.text, "\ufffd", path) if path != "/wordy/commit/main" else None


def test_the_diff_is_a_patch_that_git_applies():
    for seed in range(3):
        repo = make_repo(12, seed=40 + seed)
        rng = random.Random(seed)
        for round in range(6):
            name = f"text{round % 3}.txt"
            lines = [f"{rng.randrange(12)}\n" for _ in range(rng.randrange(60))]
            commit_file(repo, name, "".join(lines)[:-1 if rng.randrange(2) else None])
        git("mv", "text0.txt", "a name with spaces.txt", cwd=repo)
        (repo / "text1.txt").unlink()
        commit_file(repo, "ünïcode \"q\".txt", "x\n", "Add\n\nand remove")
        odd_changes(repo)
        server().create_repo(f"patch{seed}", visibility="public")
        git("push", "-q", server().git_url(f"patch{seed}"), "main", cwd=repo)
        for id in git("rev-list", "--no-merges", "main", cwd=repo).out.split():
            parents = git("rev-list", "--parents", "-1", id, cwd=repo).out.split()[1:]
            git("read-tree", parents[0] if parents else git("hash-object", "-t", "tree", "-w", "--stdin", cwd=repo).out.strip(),
                cwd=repo)
            for kind in ("diff", "patch"):
                text = Browser(server()).get(f"/patch{seed}/commit/{id}.{kind}")
                eq(text.headers["content-type"], "text/plain; charset=utf-8", "content type")
            git("apply", "--cached", "--whitespace=nowarn", "-", cwd=repo, input=text.body)
            eq(git("write-tree", cwd=repo).out, git("rev-parse", id + "^{tree}", cwd=repo).out, f"tree of {id}")


def test_a_sha256_repository_has_the_same_pages():
    repo = make_repo(8, seed=3, object_format="sha256")
    server().create_repo("long-ids", visibility="public", object_format="sha256")
    git("push", "-q", server().git_url("long-ids"), "main", "v1", "v2", cwd=repo)
    visitor, id = Browser(server()), git("rev-parse", "main", cwd=repo).out.strip()
    eq(len(id), 64, "digits")
    has(visitor.page("/long-ids").links, f"/long-ids/commit/{id}")
    has(visitor.page(f"/long-ids/commit/{id}").words, id)
    has(visitor.page("/long-ids/refs").links, "/long-ids/tree/v2")
    for rev in (id, id[:12], "v2"):
        has(visitor.page(f"/long-ids/tree/{rev}/docs").words, "file2.txt")


def test_branches_and_tags_are_listed():
    page = Browser(server()).page("/hostile/refs")
    has(page.links, "/hostile/tree/feature/x")
    has(page.links, "/hostile/tree/v1/%3Ci%3E")
    has(page.words, "default")


def test_what_one_may_not_read_looks_like_what_does_not_exist():
    id = refs(server().git_url("secret"))["refs/heads/main"]
    paths = ["", "/tree/main", "/blob/main/README.md", "/raw/main/README.md", "/commits", "/commits/main", "/refs",
             f"/commit/{id}", f"/commit/{id}.patch", "/settings"]
    for visitor in (Browser(server()), Browser(server(), "other", "ninety-lamps-gravel-other")):
        for path in paths:
            answers = []
            for name in ("secret", "nosuch"):
                answer = visitor.get(f"/{name}{path}")
                text = re.sub(r'name="csrf" value="\w{80}"', "", answer.text.replace(name, "NAME"))
                headers = {k: v.replace(name, "NAME") for k, v in answer.headers.items()
                           if k not in ("date", "x-request-id", "content-length")}
                answers.append((answer.status, text, headers))
            eq(answers[0], answers[1], f"/secret{path}")
            if answers[0][0] not in (303, 404):
                fail(f"{path}: {answers[0]}")
    reader = Browser(server(), "reader", "ninety-lamps-gravel-reader")
    reader.page("/secret")
    check(reader.get("/secret/settings"), 403)


def test_signing_in_and_out():
    visitor = Browser(server())
    page = visitor.page("/sign-in?next=/hostile/refs")
    answer = visitor.submit("/sign-in?next=/hostile/refs", "/sign-in", username="reader", password="wrong")
    has(check(answer, 403).words, "do not belong together")
    answer = visitor.submit("/sign-in?next=/hostile/refs", "/sign-in", username="reader", password="ninety-lamps-gravel-reader")
    eq((answer.status, answer.headers["location"]), (303, "/hostile/refs"), "where to")
    has(answer.headers["set-cookie"], "HttpOnly")
    has(visitor.page("/").words, "Sign out")
    eq(visitor.submit("/", "/sign-out").status, 303, "sign-out")
    has(visitor.page("/").words, "Sign in")
    for evil in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        eq(visitor.page(f"/sign-in?next={quoted(evil)}").form("/sign-in")["next"], "/", evil)
    eq(page.form("/sign-in")["next"], "/hostile/refs", "next")


def test_a_form_without_its_token_is_refused():
    owner = Browser(server(), *server().auth)
    for path in ("/new", "/sign-out", "/account/tokens", "/account/password", "/collaborators", "/hostile/settings",
                 "/hostile/settings/access", "/hostile/settings/delete"):
        check(owner.send(path, {"name": "x", "confirm": "hostile"}), 403)
        check(owner.send(path, {"csrf": "0" * 64, "name": "x", "confirm": "hostile"}), 403)
    owner.page("/hostile")


def test_the_owner_makes_changes_and_deletes_a_repository():
    owner = Browser(server(), *server().auth)
    answer = owner.submit("/new", "/new", name="made", description="by <form>", visibility="public")
    eq((answer.status, answer.headers["location"]), (303, "/made"), "made")
    has(owner.page("/made").words, "by <form>")
    has(check(owner.submit("/new", "/new", name="made"), 409).words, "exists")
    again = check(owner.submit("/new", "/new", name="../x", description="kept"), 400)
    eq(again.form("/new")["description"], "kept", "what was typed")
    answer = owner.submit("/made/settings", "/made/settings", description="other", visibility="private",
                          default_branch="trunk")
    eq((answer.status, answer.headers["location"]), (303, "/made/settings?done=saved"), "saved")
    page = owner.page("/made/settings?done=saved")
    has(page.words, "Saved.")
    eq(page.form("/made/settings")["default_branch"], "trunk", "branch")
    has_not(Browser(server()).page("/").text, "/made")
    answer = owner.submit("/made/settings", "/made/settings/access", username="other", permission="write")
    eq(answer.status, 303, f"access: {answer}")
    has(Browser(server(), "other", "ninety-lamps-gravel-other").page("/made").words, "made")
    check(owner.submit("/made/settings", "/made/settings/delete", confirm="wrong"), 400)
    eq(owner.submit("/made/settings", "/made/settings/delete", confirm="made").status, 303, "deleted")
    check(owner.get("/made"), 404)


def test_only_the_owner_makes_repositories_and_sees_people():
    other = Browser(server(), "other", "ninety-lamps-gravel-other")
    for path in ("/new", "/collaborators", "/admin/audit"):
        check(other.get(path), 403)
    check(other.send("/new", {"name": "mine", "csrf": other.page("/account").form("/sign-out")["csrf"]}), 403)


def test_the_audit_log_is_searched_page_by_page():
    s = server()
    has(check(s.get("/admin/audit?action=collaborator.added")).words, "collaborator.added")
    for i in range(55):
        s.api("POST", "/tokens", {"name": f"t{i} <b>", "permission": "read"}, want=201)
    first = check(s.get("/admin/audit?action=token.created&who=owner&outcome=done"))
    older = re.search(r'rel="next" href="([^"]+)"', s.get("/admin/audit?action=token.created").text).group(1)
    has(check(s.get(older.replace("&amp;", "&"))).words, "token.created")
    has_not(first.words, "collaborator.added")
    has(check(s.get("/admin/audit?who=%22%3E%3Cscript%3E")).words, "Nothing is written down")
    has(check(s.get("/admin/audit?since=soon"), 400).words, "a time must be as")
    check(s.get("/admin/audit?after=x"), 400)


def test_a_token_is_shown_once_and_works_until_it_is_revoked():
    reader = Browser(server(), "reader", "ninety-lamps-gravel-reader")
    answer = reader.submit("/account", "/account/tokens", name="<laptop>", permission="read", hours="720")
    page = check(answer)
    eq(answer.headers["cache-control"], "no-store", "cache")
    secret = re.search(r"nbs_[A-Za-z0-9_-]+", page.words)[0]
    git("ls-remote", server().git_url("secret", auth=("reader", secret)))
    later = reader.page("/account")
    has_not(later.text, secret)
    has(later.words, "<laptop>")
    revoke = next(action for action, _, _ in later.forms if action.endswith("/revoke"))
    eq(reader.submit("/account", revoke).status, 303, "revoked")
    eq(server().api("GET", "/user", auth=secret).status, 401, "after")


def test_a_form_limits_a_token():
    reader = Browser(server(), "reader", "ninety-lamps-gravel-reader")
    page = check(reader.submit("/account", "/account/tokens", name="agent", permission="write", hours="1",
                               repositories="team-*\r\n\r\n <b> \r\n", refs="agent/**", paths="docs", mebibytes="5",
                               operation="repository.fetch"))
    words = " ".join(page.words.split())
    for part in ("repositories team-* <b>", "branches and tags agent/**", "files docs", "only repository.fetch", "5.0 MiB left"):
        has(words, part, "the list")
    made = server().api("GET", "/tokens", auth=("reader", "ninety-lamps-gravel-reader"), want=200).items[0]
    eq(made["scope"], {"repositories": ["team-*", "<b>"], "refs": ["agent/**"], "paths": ["docs"],
                       "operations": ["repository.fetch"], "bytes": 5 << 20}, "its scope")
    for wrong in ({"mebibytes": "0"}, {"mebibytes": "many"}, {"operation": "fly"}, {"paths": "a" * 256}, {"hours": "-1"}):
        check(reader.submit("/account", "/account/tokens", **{"name": "x", "permission": "read", "hours": "1", **wrong}), 400)


def test_a_signing_key_is_added_and_removed():
    reader = Browser(server(), "reader", "ninety-lamps-gravel-reader")
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea who@where"
    add = lambda **fields: reader.submit("/account", "/account/signing-keys", **fields)
    eq(add(name="<agents>", key=line).status, 303, "added")
    page = reader.page("/account")
    for part in ("<agents>", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", server().api("GET", "/instance").json["id"]):
        has(page.words, part, "the page")
    check(add(name="again", key=line), 409)
    check(add(name="wrong", key="ssh-rsa AAAA"), 400)
    remove = next(action for action, _, _ in page.forms if action.endswith("/remove"))
    eq(reader.submit("/account", remove).status, 303, "removed")
    has_not(reader.page("/account").words, "<agents>", "the page")


def test_a_password_is_changed_by_who_knows_it():
    server().api("POST", "/collaborators", {"username": "changer", "password": "gravel-otter-ninety-lamp"}, want=201)
    person = Browser(server(), "changer", "gravel-otter-ninety-lamp")
    check(person.submit("/account", "/account/password", old="wrong", new="orbit-candle-fifteen-moss"), 403)
    check(person.submit("/account", "/account/password", old="gravel-otter-ninety-lamp", new="short"), 400)
    eq(person.submit("/account", "/account/password", old="gravel-otter-ninety-lamp", new="orbit-candle-fifteen-moss").status, 303, "changed")
    person.page("/account")
    Browser(server(), "changer", "orbit-candle-fifteen-moss")


def test_somebody_added_without_a_password_signs_in_by_a_link_once():
    owner = Browser(server(), *server().auth)
    page = check(owner.submit("/collaborators", "/collaborators", username="invited"))
    link = re.search(rf'>{re.escape(server().url)}(/sign-in/[\w-]+)<', page.text)[1]
    person = Browser(server())
    eq(person.get(link).headers["location"], "/account?done=welcome", "the link")
    eq(person.submit("/account", "/account/password", new="gravel-otter-ninety-lamp").status, 303, "password")
    Browser(server(), "invited", "gravel-otter-ninety-lamp")
    check(Browser(server()).get(link), 403)
    csrf = page.form("/sign-out")["csrf"]
    again = check(owner.send("/collaborators/reset", {"csrf": csrf, "username": "invited"}))
    link = re.search(rf'>{re.escape(server().url)}(/new-password/[\w-]+)<', again.text)[1]
    check(Browser(server()).send("/sign-in", {"username": "invited", "password": "gravel-otter-ninety-lamp"}), 403)
    person = Browser(server())
    has(check(person.submit(link, link, new="password1"), 400).words, "easy to guess")
    eq(person.submit(link, link, new="orbit-candle-fifteen-moss").status, 303, "a new one")
    person.page("/account")
    check(person.get(link), 403)
    check(owner.send("/collaborators/reset", {"csrf": csrf, "username": "nobody"}), 404)
    eq(owner.send("/collaborators/remove", {"csrf": csrf, "username": "invited"}).status, 303, "removed")
    check(Browser(server()).send("/sign-in", {"username": "invited", "password": "gravel-otter-ninety-lamp"}), 403)


def test_an_unchanged_page_is_not_sent_again():
    visitor = Browser(server())
    for path in ("/hostile", "/hostile/commits", "/hostile/blob/main/run.sh", "/hostile/raw/main/run.sh", "/hostile/refs"):
        first = visitor.get(path)
        again = visitor.get(path, **{"If-None-Match": first.headers["etag"]})
        eq((again.status, again.body), (304, b""), path)
        eq(again.headers.get("content-security-policy"), None, "a policy that would replace the page's own")


def test_a_page_made_for_nobody_is_the_same_for_all_of_them_and_only_for_them():
    gzipped = {"Accept-Encoding": "gzip"}
    for path in ("/hostile", "/hostile/commits", "/hostile/blob/main/run.sh", "/hostile/refs"):
        first, again = (Browser(server()).get(path, **gzipped) for _ in range(2))
        kept = dict(again.headers.items())
        for name in ("date", "x-request-id"):
            kept.pop(name, None)
        eq(again.body, first.body, path)
        eq({name: first.headers[name] for name in kept}, kept, f"{path}: headers")
        eq(gzip.decompress(again.body), Browser(server()).get(path).body, f"{path}, as it is")
        reader = Browser(server(), "reader", "ninety-lamps-gravel-reader").get(path, **gzipped)
        has(gzip.decompress(reader.body).decode(), '>reader</a>')
        elsewhere = Browser(server()).get(path, **gzipped, Host="git.example.org")
        has_not(gzip.decompress(elsewhere.body).decode(), server().url)


def test_with_other_settings_it_is_another_page():
    s = Nimbus()
    s.create_repo("set", visibility="public")
    repo = make_repo(commits=1)
    commit_file(repo, "long.txt", "a line\n" * 2000)
    git("push", "-q", s.git_url("set"), "main", cwd=repo)
    for path, name, value, words in (("/set", "NIMBUS_URL", "https://git.example.org", "https://git.example.org/set.git"),
                                     ("/set/blob/main/long.txt", "NIMBUS_PAGE_BLOB_MAX", "1k", "too long")):
        first = s.request("GET", path, auth=None)
        has_not(first.text, words)
        s.stop()
        s.extra[name] = value
        s.start()
        again = s.request("GET", path, auth=None, headers={"If-None-Match": first.headers["etag"]})
        eq(again.status, 200, f"{path} with another {name}")
        has(again.text, words)


def test_with_another_default_branch_it_is_another_page():
    s = server()
    s.create_repo("headed", visibility="public")
    git("push", "-q", s.git_url("headed"), "main", "main:refs/heads/other", cwd=make_repo(commits=1))
    first = s.request("GET", "/headed", auth=None)
    s.api("PATCH", "/repos/headed", {"default_branch": "other"}, want=200)
    again = s.request("GET", "/headed", auth=None, headers={"If-None-Match": first.headers["etag"]})
    eq(again.status, 200, "the same commit by another name")
    has(again.text, "/headed/tree/other/")


def test_what_is_kept_of_a_file_is_only_for_who_may_read_it():
    s = Nimbus()
    repo = make_repo(commits=3)
    commit_file(repo, "README.md", "# Kept\n\n[a](docs/guide.md)\n")
    for name, visibility in (("shut", "private"), ("open", "public")):
        s.create_repo(name, visibility=visibility)
        git("push", "-q", s.git_url(name), "main", "main:refs/heads/side", cwd=repo)
    s.api("POST", "/collaborators", {"username": "anna", "password": "gravel-otter-ninety-lamp"}, want=201)
    anna, paths = ("anna", "gravel-otter-ninety-lamp"), ("/shut/blob/main/README.md", "/shut/commits/main/README.md")

    def ask(path, auth):
        return s.request("GET", path, auth=auth)

    for path in paths:
        first = ask(path, s.auth)
        eq(first.status, 200, path)
        eq(ask(path, s.auth).body, first.body, f"{path} again")
        eq((ask(path, anna).status, ask(path, None).status), (404, 401), f"{path} to others")
        s.api("PUT", "/repos/shut/permissions/anna", {"permission": "read"}, want=200)
        eq(article(ask(path, anna).text), article(first.text), f"{path} to a reader")
        s.api("DELETE", "/repos/shut/permissions/anna", want=204)
        eq(ask(path, anna).status, 404, f"{path} to who was a reader")
    for base in ("/open/blob/main", "/open/blob/side", "/shut/blob/main"):
        has(ask(f"{base}/README.md", s.auth).text, f'<a href="{base}/docs/guide.md">a</a>')
    for base in ("/open", "/shut"):
        has(ask(f"{base}/commits/side/README.md", s.auth).text, f'href="{base}/commit/')


def test_pages_of_people_are_told_anew_each_time():
    owner = Browser(server(), OWNER, PASSWORD)
    for path in ("/account", "/account/sessions", "/account/factors", "/collaborators", "/admin", "/admin/audit", "/hostile/settings"):
        answer = owner.get(path, **{"If-None-Match": "*"})
        eq(answer.status, 200, path)
        eq((answer.headers.get("etag"), answer.headers["cache-control"] in ("private, no-cache", "no-store")), (None, True), path)


def test_a_cold_page_weighs_little_in_two_requests():
    page = Browser(server()).get("/hostile", **{"Accept-Encoding": "br, gzip;q=0.5"})
    eq(page.headers["content-encoding"], "gzip", "encoding")
    plain = Browser(server()).get("/hostile")
    eq(gzip.decompress(page.body), plain.body, "page")
    css = next(link for link in Page(plain).links if ".css" in link)
    style = Browser(server()).get(css, **{"Accept-Encoding": "gzip"})
    has(style.headers["cache-control"], "immutable")
    weight = len(page.body) + len(style.body)
    if weight > 30 * 1024:
        fail(f"{weight} bytes")


def test_pages_are_packed_for_who_takes_it_and_each_has_a_token_of_its_own():
    reader = Browser(server(), "reader", "ninety-lamps-gravel-reader")
    for visitor, accept in ((Browser(server()), "gzip;q=0"), (Browser(server()), "br"), (reader, "br")):
        has_not(visitor.get("/hostile", **{"Accept-Encoding": accept}).headers, "content-encoding")
    packed = [reader.get("/hostile", **{"Accept-Encoding": "gzip"}) for _ in range(2)]
    eq([page.headers["content-encoding"] for page in packed], ["gzip", "gzip"], "encoding of a reader's page")
    eq(packed[0].headers["etag"], packed[1].headers["etag"], "the same page")
    tokens = [re.search(r'name="csrf" value="(\w{80})"', gzip.decompress(page.body).decode())[1] for page in packed]
    eq(tokens[0] == tokens[1], False, "a token of its own for each page")
    for token in tokens:
        check(reader.send("/account/password", {"csrf": token, "current": "wrong", "new": "orbit-candle-fifteen-moss"}), 403)
    check(reader.send("/sign-out", {"csrf": tokens[0][:-1] + "x"}), 403)
    eq(reader.send("/sign-out", {"csrf": tokens[0]}).status, 303, "signing out by the first page")


def test_a_page_with_a_secret_in_it_is_not_packed():
    owner = Browser(server(), "owner", PASSWORD)
    page = owner.get("/hostile/clone", **{"Accept-Encoding": "gzip"})
    has(page.headers["cache-control"], "no-store")
    has_not(page.headers, "content-encoding")


main()
