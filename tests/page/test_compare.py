"""Pages for reading history: blame, comparing, archives, and the history of a path, beside what git says."""

import html
import io
import re
import sys
import tarfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *


def served(algo="sha1", visibility="public", commits=30):
    """A server with one repository, and its work tree."""
    server = Nimbus()
    repo = make_repo(commits=commits, object_format=algo)
    server.create_repo("r", visibility=visibility, object_format=algo)
    git("push", "-q", server.git_url("r"), "--all", cwd=repo)
    git("push", "-q", server.git_url("r"), "--tags", cwd=repo)
    return server, repo


def get(server, path, want=200, auth=None):
    answer = server.request("GET", path, auth=auth)
    eq(answer.status, want, path)
    return answer


def get_status(server, path):
    """What a visitor is told about a repository that does not exist."""
    status = server.request("GET", path, auth=None).status
    eq(status in (401, 404), True, f"{status} for {path}")
    return status


def blamed(page):
    """[(id, lines)] of a blame page, in order."""
    parts = re.findall(r'<tbody><tr><th scope="rowgroup" rowspan="(\d+)"><div><a class="subject" href="/r/commit/([0-9a-f]+)"', page)
    return [(id, int(count)) for count, id in parts]


def test_blame_shows_the_commit_of_every_line():
    for algo in ("sha1", "sha256"):
        server, repo = served(algo)
        for name in ("file0.txt", "src/file1.txt", "README.md"):
            lines = git("blame", "--line-porcelain", "main", name, cwd=repo).out.split("\n")
            want = [line.split()[0] for line in lines if re.match(r"[0-9a-f]{40,} \d+ \d+", line)]
            page = get(server, f"/r/blame/main/{name}").text
            got = [id for id, count in blamed(page) for _ in range(count)]
            eq(got, want, f"blame of {name} ({algo})")
            eq(get(server, f"/r/blame/main/{name}").text, page, f"the same again, from what was kept ({algo})")
            for n, line in enumerate((repo / name).read_text().splitlines(), 1):
                has(page, f'<td class="n" id="L{n}"><a href="#L{n}">{n}</a></td><td class="c">{html.escape(line)}</td>')


def test_blame_follows_a_renamed_file_and_leads_to_its_old_name():
    server, repo = served(commits=5)
    first = git("log", "-1", "--format=%H", "--", "file0.txt", cwd=repo).out.strip()
    git("mv", "file0.txt", "elsewhere.txt", cwd=repo)
    git("commit", "-q", "-m", "Move", cwd=repo)
    git("push", "-q", server.git_url("r"), "main", cwd=repo)
    page = get(server, "/r/blame/main/elsewhere.txt").text
    eq(get(server, "/r/blame/main/elsewhere.txt").text, page, "the same again, from what was kept")
    has(page, first)
    has(page, "/file0.txt#L")


def test_blame_of_what_has_no_lines_leads_elsewhere():
    server, repo = served(commits=3)
    commit_file(repo, "data.bin", b"a\0b")
    commit_file(repo, "empty", b"")
    git("push", "-q", server.git_url("r"), "main", cwd=repo)
    eq(get(server, "/r/blame/main/src", 303).headers["location"], "/r/tree/main/src", "a folder")
    eq(get(server, "/r/blame/main/data.bin", 303).headers["location"], "/r/blob/main/data.bin", "binary")
    has(get(server, "/r/blame/main/empty").text, "This file is empty")
    get(server, "/r/blame/main/nothing", 404)
    get(server, "/r/blame/nowhere/file0.txt", 404)


def test_comparing_shows_what_one_branch_has_since_it_left_the_other():
    for algo in ("sha1", "sha256"):
        server, repo = served(algo)
        git("checkout", "-q", "-b", "feature/x", "main~6", cwd=repo)
        commit_file(repo, "new.txt", "one\ntwo\n", "Add a file")
        (repo / "README.md").write_text("# Another title\n")
        last = commit_file(repo, "new.txt", "one\nthree\n", "Change it <now>")
        git("push", "-q", server.git_url("r"), "feature/x", cwd=repo)
        fork = git("merge-base", "main", "feature/x", cwd=repo).out.strip()
        behind, ahead = git("rev-list", "--left-right", "--count", "main...feature/x", cwd=repo).out.split()
        page = get(server, "/r/compare/main...feature/x").text
        has(" ".join(html.unescape(page).split()), f"<b>feature/x</b> is {ahead} commits ahead of <b>main</b> and {behind} commits behind since <a ")
        has(page, f'<a href="/r/commit/{fork}">')
        for id in git("rev-list", "main..feature/x", cwd=repo).out.split():
            has(page, f"/r/commit/{id}")
        has(page, "Change it &lt;now&gt;")
        eq(len(re.findall('<section class="card diff"', page)), 1, "files")
        has(page, f"/r/blob/{last}/new.txt")
        eq(get(server, "/r/compare/feature/x").text.count("Add a file"), page.count("Add a file"), "against HEAD")
        has(get(server, "/r/compare/feature/x...main").text, "ahead of <b>feature/x</b>")
        has(get(server, "/r/compare/main...main").text, "are the same commit")
        has(get(server, f"/r/compare/feature/x...{fork}").text, "has everything that")


def test_comparing_says_when_there_is_nothing_in_common():
    server, repo = served(commits=3)
    git("checkout", "-q", "--orphan", "alone", cwd=repo)
    git("commit", "-q", "-m", "Alone", cwd=repo)
    git("push", "-q", server.git_url("r"), "alone", cwd=repo)
    has(get(server, "/r/compare/main...alone").text, "have no history in common")
    get(server, "/r/compare/main...nothing", 404)
    get(server, "/r/compare/main/README.md...alone", 404)


def test_changed_words_are_marked_within_their_lines():
    server, repo = served(commits=3)
    commit_file(repo, "a.c", "int count = 1;\nint other;\n")
    last = commit_file(repo, "a.c", "int total = 1;\nint other;\n")
    git("push", "-q", server.git_url("r"), "main", cwd=repo)
    page = get(server, f"/r/commit/{last}").text
    has(page, "int <mark>count</mark> = 1;")
    has(page, "int <mark>total</mark> = 1;")
    eq(page.count("<mark>"), 2, "marks")
    has_not(get(server, f"/r/commit/{last}.diff").text, "<mark>")


def test_the_form_leads_to_the_address_of_a_comparison():
    server, repo = served(commits=3)
    eq(get(server, "/r/compare?base=main&head=a%26b%2Fc", 303).headers["location"], "/r/compare/main...a%26b/c", "address")
    has(get(server, "/r/compare").text, "are the same commit")


def inner(member):
    """A member's name within the archive's one folder."""
    return member.name.partition("/")[2]


def test_archives_hold_the_files_of_a_revision():
    for algo in ("sha1", "sha256"):
        server, repo = served(algo)
        (repo / "run.sh").write_text("#!/bin/sh\n")
        (repo / "run.sh").chmod(0o755)
        (repo / "link").symlink_to("docs")
        git("add", "-A", cwd=repo)
        git("commit", "-q", "-m", "More", cwd=repo)
        git("push", "-q", server.git_url("r"), "main", cwd=repo)
        want = {inner(m): m for m in tarfile.open(fileobj=io.BytesIO(
            git("archive", "--prefix=x/", "main", cwd=repo).raw)).getmembers()}
        answer = get(server, "/r/archive/main.tar.gz")
        eq(answer.headers["content-disposition"], 'attachment; filename="r-main.tar.gz"', "name")
        eq(answer.headers["content-type"], "application/gzip", "type")
        with tarfile.open(fileobj=io.BytesIO(answer.body)) as tar:
            members = tar.getmembers()
            eq({inner(m) for m in members}, set(want), "names")
            for m in members:
                theirs = want[inner(m)]
                eq((m.type, oct(m.mode), m.linkname, m.size), (theirs.type, oct(theirs.mode), theirs.linkname, theirs.size), m.name)
                if m.isreg():
                    eq(tar.extractfile(m).read(), (repo / inner(m)).read_bytes(), m.name)
        answer = get(server, "/r/archive/v1.zip")
        eq(answer.headers["content-disposition"], 'attachment; filename="r-1.zip"', "name")
        with zipfile.ZipFile(io.BytesIO(answer.body)) as z:
            eq(z.testzip(), None, "bad member")
            eq(z.read("r-1/file0.txt"), git("show", "v1:file0.txt", cwd=repo).raw, "a file of the tag")
        tag = answer.headers["etag"]
        eq(server.request("GET", "/r/archive/v1.zip", auth=None, headers={"If-None-Match": tag}).status, 304, "again")
        eq(server.request("HEAD", "/r/archive/main.tar.gz", auth=None).body, b"", "HEAD")
        for path in ("main.rar", "nothing.zip", "main/README.md.zip", ".zip"):
            get(server, f"/r/archive/{path}", 404)


def test_the_history_of_a_path_is_that_of_git():
    for algo in ("sha1", "sha256"):
        server, repo = served(algo, commits=60)
        for path in ("file0.txt", "src", "docs/file2.txt", "topic", "README.md"):
            want = git("log", "--format=%H", "main", "--", path, cwd=repo).out.split()
            got, where = [], f"/r/commits/main/{path}"
            while where:
                page = get(server, where).text
                got += re.findall(r'<div><a class="subject" href="/r/commit/([0-9a-f]+)"', page)
                older = re.search(r'<a rel="next" href="([^"]+)"', page)
                where = older and html.unescape(older[1])
            eq(got, want, f"history of {path} ({algo})")


def test_what_is_private_is_not_there_for_others():
    server, repo = served(visibility="private", commits=6)
    for path in ("/r/blame/main/file0.txt", "/r/compare/main...topic", "/r/compare", "/r/archive/main.zip"):
        get(server, path, get_status(server, path.replace("/r/", "/nothing/")))
        get(server, path, 200, auth=server.auth)


main()
