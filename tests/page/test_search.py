"""Searching a repository: what is found is what git grep finds; what nobody may see is not searched."""

import html
import re
import sys
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *

_shared = None


def server():
    """One server with a private repository of hostile text, a public one, and an empty one."""
    global _shared
    if _shared is None:
        _shared = Nimbus(shared=True)
        for name, file, text in (("secret", "<script>alert(1)<.txt", "</td><script>alert(2)</script> <b>\n"),
                                 ("plain", "docs/a.md", "Run uv_run\n")):
            _shared.create_repo(name, visibility="public" if name == "plain" else "private")
            repo = tmp(name)
            git("init", "-q", "-b", "main", ".", cwd=repo)
            (repo / file).parent.mkdir(exist_ok=True)
            commit_file(repo, file, text)
            git("push", "-q", _shared.git_url(name), "main", cwd=repo)
        _shared.create_repo("empty", visibility="public")
    return _shared


def push_libuv():
    """All its files in one commit, pushed; the folder that they lie in."""
    bundle, repo = shared("data/libuv.bundle"), tmp("libuv")
    git("clone", "-q", "-b", "v1.x", bundle, ".", cwd=repo)
    git("checkout", "-q", "--orphan", "one", cwd=repo)
    git("commit", "-q", "-m", "All files, without their history", cwd=repo)
    server().create_repo("libuv", visibility="public")
    git("push", "-q", server().git_url("libuv"), "one:v1.x", cwd=repo)
    return repo


def search(visitor, repo="libuv", **query):
    """All pages of what is found: file by file, the lines that are shown and how many more there are."""
    found, path = {}, f"/{repo}/search?{urllib.parse.urlencode(query)}"
    for _ in range(100):
        page = visitor.page(path)
        for part in page.text.split('<section class="card" aria-label="')[1:]:
            name = html.unescape(part.split('"')[0])
            lines = [int(n) for n in re.findall(r"#L(\d+)", part)]
            more = re.search(r">(\d+) more</a>", part)
            found[name] = (lines, int(more[1]) if more else 0)
        onward = [a for a in page.links if "after=" in a]
        if not onward:
            return found
        path = onward[0]
    fail("it never ends")


def test_it_finds_what_git_grep_finds():
    repo, visitor = push_libuv(), Browser(server())
    for words, options, query in (
            ("uv_fs_open", ["-i"], {}),
            ("UV_FS_O_", [], {"case": "1"}),
            ("getaddrinfo(", ["-i"], {"path": "src/unix"}),
            ("malloc", ["-i"], {"path": "*.c"}),
            (r"\buv__?\w+_(open|close)\(", ["-P", "-i"], {"regex": "1"}),
            (r"^#\s*if\s.*[^\\]$", ["-P"], {"regex": "1", "case": "1", "path": "src"})):
        scope = [query["path"]] if "path" in query else []
        out = git("grep", "-I", "-n", *(options if "-P" in options else ["-F", *options]), "-e", words, "one", "--", *scope, cwd=repo, check=False).out
        want = {}
        for line in out.splitlines():
            _, name, number, _ = line.split(":", 3)
            want.setdefault(name, []).append(int(number))
        got = {name: found for name, found in search(visitor, q=words, **query).items() if found[0]}
        eq({name: (lines[:8], max(0, len(lines) - 8)) for name, lines in want.items()}, got, words)
    names = git("ls-tree", "-r", "--name-only", "one", cwd=repo).out.splitlines()
    eq(sorted(search(visitor, q="WIN/", names="1")), sorted(n for n in names if "win/" in n.lower()), "names")


def test_it_teaches_and_refuses():
    visitor = Browser(server())
    has(visitor.page("/plain/search").words, "Find a text in the files")
    has(visitor.page("/plain/search?q=qqqqzzzz").words, "Nothing")
    has(check(visitor.get("/plain/search?q=x"), 400).words, "2 to 200 bytes")
    check(visitor.get("/plain/search/never?q=xx"), 404)
    page = check(visitor.get("/plain/search?q=a(b&regex=1"), 400)
    has(page.words, "this is no regular expression: missing closing parenthesis at 3")
    eq(len(re.findall(r'name="regex" value="1"\s+checked', page.text)), 1, "what was chosen")
    has(visitor.page("/plain/search?q=uv_.un%24&regex=1").text, "<mark>uv_run</mark>")
    eq(visitor.get("/empty/search?q=xx").headers["location"], "/empty", "nothing is pushed")
    eq(visitor.get("/secret/search?q=alert").status, 303, "nobody")
    page = visitor.page("/plain/search/main?q=uv_run&path=docs")
    eq(re.search(r'name="q"[^>]*value="([^"]*)"', page.text)[1], "uv_run", "what was typed")


def test_a_hard_expression_is_given_up_and_said_so():
    repo = tmp("hard")
    server().create_repo("hard", visibility="public")
    git("init", "-q", "-b", "main", ".", cwd=repo)
    for name in "abcdefghijkl":
        (repo / name).write_text("a" * 16000 + "!\n")
    git("add", ".", cwd=repo)
    commit_file(repo, "z", "a" * 20000 + " end\n")
    git("push", "-q", server().git_url("hard"), "main", cwd=repo)
    visitor, begin = Browser(server()), time.monotonic()
    page = visitor.page("/hard/search?q=%28a%2B%29%2B%24%7Cend&regex=1")
    if time.monotonic() - begin > 40:
        fail("one page takes its time and no more")
    has(page.words, "That took long, so it stopped there")
    has(page.words, "The expression took too long for")
    for _ in range(20):
        onward = [a for a in page.links if "after=" in a]
        if not onward:
            break
        page = visitor.page(onward[0])
    has(page.words, "Of very long lines only the first 16 KiB were looked at.")


def test_the_finder_is_told_of_what_it_does_not_get():
    repo, visitor = tmp("wide"), Browser(server(), *server().auth)
    git("init", "-q", "--bare", ".", cwd=repo)
    blob = git("hash-object", "-w", "--stdin", cwd=repo, input=b"x\n").out.strip()

    def folder(kind, id, count):
        return git("mktree", cwd=repo, input="".join(f"{kind} {id}\t{i:04}\n" for i in range(count)).encode()).out.strip()

    for name, count in (("wide", 101), ("narrow", 2)):
        top = folder("040000 tree", folder("100644 blob", blob, 1000), count)
        commit = git("commit-tree", "-m", "x", top, cwd=repo).out.strip()
        server().create_repo(name, visibility="public")
        git("push", "-q", server().git_url(name), f"{commit}:refs/heads/main", cwd=repo)
        got = visitor.get(f"/{name}/paths/{commit}")
        eq(got.text.count("\0"), min(count, 100) * 1000, "paths")
        eq(got.headers.get("x-partial"), "Only the first 100000 files are looked through." if name == "wide" else None, "what is said")
        has(got.headers["cache-control"], "immutable")


def test_hostile_text_is_shown_as_text():
    page = Browser(server(), *server().auth).page('/secret/search?q=' + urllib.parse.quote("<script>"))
    has(page.words, "</td><script>alert(2)</script> <b>")
    has(page.text, "<mark>&lt;script&gt;</mark>")


main()
