"""The list of repositories: searched, sorted, page by page; and what it teaches where there is none."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *


def listed(visitor, path):
    """All names, page by page."""
    names = []
    for _ in range(20):
        page = visitor.page(path)
        names += re.findall(r'<h2><a href="/([\w-]+)">', page.text)
        onward = [a for a in page.links if "after=" in a]
        if not onward:
            return names
        path = onward[0]
    fail("it never ends")


def test_repositories_are_searched_and_sorted():
    server = Nimbus()
    visitor = Browser(server, *server.auth)
    page = visitor.page("/")
    has(page.words, f"git remote add origin {server.url}/hello.git\ngit push -u origin HEAD")
    names = [f"r{i:03}" for i in range(70)]
    for name in names:
        server.create_repo(name, description=f"about {name[::-1]}")
    eq(listed(visitor, "/?sort=name"), names, "by name")
    eq(sorted(listed(visitor, "/")), names, "by push")
    repo = make_repo(1, seed=3)
    for name in ("r042", "r007"):
        git("push", "-q", server.git_url(name), "HEAD:main", cwd=repo)
        server.sql("UPDATE repo SET pushed = pushed - 100 WHERE name = 'r042'")
    eq(listed(visitor, "/")[:3], ["r007", "r042", "r000"], "the last pushed first")
    eq(listed(visitor, "/?q=R00"), ["r007"] + names[:7] + names[8:10], "by a word, in any case")
    eq(listed(visitor, "/?q=about+960"), ["r069"], "in the description")
    has(visitor.page("/?q=never").words, "None has that")
    check(visitor.get("/?after=x"), 400)
    has(Browser(server).page("/").words, "Nothing public here")
    server.stop()


main()
