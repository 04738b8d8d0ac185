"""Histories as lists: their pages, their graph, what they are searched for – beside what git says."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *

_shared = None


def stood():
    """A server with a history that parts and meets, and its work tree."""
    global _shared
    if _shared is None:
        server, repo = Nimbus(shared=True), make_repo(commits=20)
        for i in range(6):
            git("checkout", "-q", "-b", f"part{i}", f"main~{i % 3}", cwd=repo)
            for k in range(4):
                authored(repo, f"part{i}.txt", f"{k}\n", f"Part {i}, step {k}", ["Ada <ada@example.com>", "Bob <b@example.org>"][k % 2])
        git("checkout", "-q", "main", cwd=repo)
        for i in range(5):
            git("merge", "-q", "--no-ff", "-m", f"Merge part {i}", f"part{i}", cwd=repo, env=dated())
            authored(repo, "between.txt", f"{i}\n", f"Between {i}\n\nThe body has a Needle.", "Ada <ada@example.com>")
        git("merge", "-q", "-m", "An octopus", "part5", "part4~1", cwd=repo, env=dated())
        server.create_repo("r", visibility="public")
        git("push", "-q", server.git_url("r"), "--all", cwd=repo)
        _shared = server, repo
    return _shared


_clock = [1700000000]


def dated():
    """Time goes on by a day with each commit, so that the order of dates is one."""
    _clock[0] += 86400
    date = f"{_clock[0]} +0000"
    return {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}


def authored(repo, name, text, message, author):
    (repo / name).write_text(text)
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", message, f"--author={author}", cwd=repo, env=dated())


def pages(where):
    """All pages from one on."""
    visitor, found = Browser(stood()[0]), []
    while where:
        found.append(visitor.page(where))
        where = next((link for link in found[-1].links if "after=" in link), None)
    return found


def listed(where):
    return [id for page in pages(where) for id in re.findall(r'class="subject" href="/r/commit/([0-9a-f]{40})"', page.text)]


def by_git(*args):
    return git("log", "--format=%H", *args, cwd=stood()[1]).out.split()


def test_pages_hold_every_commit_once():
    eq(sorted(listed("/r/commits/main")), sorted(by_git("main")), "commits")
    eq(len(pages("/r/commits/main")) > 1, True, "several pages")
    eq(sorted(listed("/r/commits/part3")), sorted(by_git("part3")), "of a branch")


def drawn_children(where):
    """Whose line of the graph ends at each commit, followed over rows and pages."""
    at, children = {}, {}
    for page in pages(where):
        # Lines begin a page side by side.
        at = {f"{7 + 14 * i}": at[x] for i, x in enumerate(sorted(at, key=int))}
        for row in re.findall(r"<li>\s*(<span class=\"graph\".*?)</li>", page.text, re.S):
            id = re.search(r"/r/commit/([0-9a-f]{40})", row)[1]
            below, children[id] = {}, set()
            dot = int(re.search(r'class="dot l\d" d="M(\d+) 1h0"', row)[1])
            for start, line in re.findall(r'<path class="l\d" d="M(\d+) ([^"]+)"', row):
                if line == "0V2":
                    below.setdefault(start, set()).update(at.get(start, {"nobody"}))
                elif line.startswith("0"):
                    eq(line == "0V1" or int(line.split()[-2]) == dot, True, f"ends at its commit: {line}")
                    children[id] |= at.get(start, {"nobody"})
                else:
                    eq(int(start), dot, "begins at its commit")
                    to = start if line == "1V2" else line.split()[-2]
                    below.setdefault(to, set()).add(id)
            at = below
    return children


def test_the_graph_shows_whose_parents_are_whose():
    for name in ("main", "part5"):
        want = {id: set() for id in by_git(name)}
        for line in git("rev-list", "--parents", name, cwd=stood()[1]).out.splitlines():
            child, *parents = line.split()
            for parent in parents:
                want[parent].add(child)
        got = drawn_children(f"/r/commits/{name}")
        eq({id: got[id] for id in want if got[id] != want[id]}, {}, f"children in the graph of {name}")
    has(pages("/r/commits/main")[0].words, "merge")
    has_not(pages("/r/commits/main?q=part")[0].text, "<svg")


def test_commits_are_found_by_author_words_time_and_path():
    eq(sorted(listed("/r/commits/main?author=ADA")), sorted(by_git("-i", "--author=ada", "main")), "by name")
    eq(sorted(listed("/r/commits/main?author=example.org")), sorted(by_git("--author=example.org", "main")), "by address")
    eq(sorted(listed("/r/commits/main?q=needle")), sorted(by_git("-i", "--grep=needle", "main")), "by words")
    eq(sorted(listed("/r/commits/main/between.txt?q=between+3")), sorted(by_git("--grep=Between 3", "main", "--", "between.txt")), "and path")
    since, until = "2023-11-20", "2023-12-01"
    want = by_git(f"--since={since}T00:00:00Z", f"--until={until}T23:59:59Z", "main")
    eq(len(want) > 5, True, "some commits")
    eq(sorted(listed(f"/r/commits/main?since={since}&until={until}")), sorted(want), "by time")
    has(pages("/r/commits/main?author=nobody")[0].words, "No commit is like that.")
    has(Browser(stood()[0]).page("/r/commits/main?since=yesterday", 400).words, "must be as 2026-11-20")


def test_a_merge_is_compared_with_each_of_its_parents():
    server, repo = stood()
    git("checkout", "-q", "-b", "arms", "part0", cwd=repo)
    git("merge", "-q", "-m", "Three", "part1", "part2", cwd=repo, env=dated())
    git("push", "-q", server.git_url("r"), "arms", cwd=repo)
    git("checkout", "-q", "main", cwd=repo)
    octopus, merge = by_git("-1", "arms")[0], by_git("--merges", "-1", "main")[0]
    for id, count in ((octopus, 3), (merge, 2)):
        parents = git("rev-parse", f"{id}^@", cwd=repo).out.split()
        eq(len(parents), count, "parents")
        for number, parent in enumerate(parents, 1):
            page = Browser(server).page(f"/r/commit/{id}?parent={number}")
            names = git("diff", "--name-only", parent, id, cwd=repo).out.split()
            eq(sorted(re.findall(r'class="path">\s*(\S+)', page.text)), sorted(names), f"changed against parent {number}")
            others = [link for link in page.links if link.startswith("?view=unified&parent=") and f"parent={number}" not in link]
            eq(sorted(others), [f"?view=unified&parent={n}" for n in range(1, count + 1) if n != number], "ways to the others")
            has(page.links, f"?view=split&parent={number}")
            told = server.api("GET", f"/repos/r/commits/{id}/diff?parent={number}", want=200).json["files"]
            eq(sorted(file["new_path"] for file in told), sorted(names), f"the API against parent {number}")
            text = server.get(f"/api/v1/repos/r/commits/{id}/diff?parent={number}", headers={"Accept": "text/x-diff"}).text
            eq(sorted(re.findall(r"^diff --git a/(\S+)", text, re.M)), sorted(names), f"the API's text against parent {number}")
    first = Browser(server).page(f"/r/commit/{merge}")
    has(first.links, "?view=unified&parent=2")
    has(Browser(server).page(f"/r/commit/{merge}?parent=3", 404).words, "his commit has no parent 3: it has 2")
    diff = f"/repos/r/commits/{merge}/diff"
    eq(server.api("GET", diff, want=200).json, server.api("GET", diff + "?parent=1", want=200).json, "the first is meant")
    eq(server.api("GET", diff + "?parent=3").status, 404, "a third one by the API")
    for nonsense in ("0", "-1", "x", "99999999999"):
        answer = server.api("GET", f"{diff}?parent={nonsense}")
        eq((answer.status, answer.json["field"]), (422, "parent"), nonsense)
    for nonsense in ("-1", "x", "99999999999"):
        eq(re.findall(r'class="path">\s*(\S+)', Browser(server).page(f"/r/commit/{merge}?parent={nonsense}").text),
           re.findall(r'class="path">\s*(\S+)', first.text), nonsense)
    plain = by_git("--no-merges", "-1", "main")[0]
    has_not(Browser(server).page(f"/r/commit/{plain}").text, "parent=")


def test_a_clock_that_went_wrong_hides_no_commit():
    server, repo = stood()
    git("checkout", "-q", "-b", "skewed", "main", cwd=repo)
    for i in range(60):
        _clock[0] -= 2 * 86400
        authored(repo, "skew.txt", f"{i}\n", f"Skewed {i}", "Ada <ada@example.com>")
    git("merge", "-q", "--no-ff", "-m", "Join", "part0", "-s", "ours", cwd=repo, env=dated(), check=False)
    git("push", "-q", server.git_url("r"), "skewed", cwd=repo)
    git("checkout", "-q", "main", cwd=repo)
    eq(set(by_git("skewed")) - set(listed("/r/commits/skewed")), set(), "missing")


def test_the_form_leads_to_the_history_of_a_path():
    answer = Browser(stood()[0]).get("/r/commits/main?q=a+b&author=&path=/docs/x%3C/&since=&until=")
    eq((answer.status, answer.headers["location"]), (303, "/r/commits/main/docs/x%3C?q=a%20b"), "address")
    page = Browser(stood()[0]).page("/r/commits/main/docs?q=%22%3Cb%3E")
    eq(page.form("/r/commits/main")["q"], '"<b>', "what was asked for")
    eq(page.form("/r/commits/main")["path"], "docs", "and where")


def test_a_place_in_a_history_is_checked():
    visitor, id = Browser(stood()[0]), by_git("-1", "main")[0][:12]
    for after in ("x", ".0123456789ab", "0123456789a", "0123456789abc", ".".join([id] * 401)):
        eq(visitor.get(f"/r/commits/main?after={after}").status, 400, after[:20])
    eq(visitor.get("/r/commits/main?after=0123456789ab").status, 404, "what is not there")


main()
