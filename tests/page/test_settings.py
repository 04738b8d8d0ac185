"""A repository's name, and a token for it alone."""

import re
import sys
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
        for name in ("one", "two"):
            _shared.create_repo(name)
            git("push", "-q", _shared.git_url(name), "HEAD:main", cwd=make_repo(2))
        for name in ("one", "two"):
            _shared.api("PUT", f"/repos/{name}/permissions/reader", {"permission": "read"}, want=200)
    return _shared


def test_a_repository_gets_another_name():
    visitor = Browser(server(), *server().auth)
    server().create_repo("before")
    answer = visitor.submit("/before/settings", "/before/settings", name="after", visibility="private")
    eq(answer.headers["location"], "/after/settings?done=saved", f"{answer}")
    check(visitor.get("/before"), 404)
    page = check(visitor.submit("/after/settings", "/after/settings", name="one", visibility="private"), 409)
    has(page.words, "exists already")
    page = check(visitor.submit("/after/settings", "/after/settings", name="a..b", visibility="private"), 400)
    server().api("PUT", "/repos/after/permissions/reader", {"permission": "admin"}, want=200)
    other = Browser(server(), "reader", "ninety-lamps-gravel-reader")
    has_not(other.page("/after/settings").text, 'name="name"')
    form = other.page("/after/settings").form("/after/settings")
    eq(other.send("/after/settings", {**form, "name": "taken", "visibility": "private"}).status, 403, "not theirs to give")


def test_a_token_for_one_repository_is_made_in_one_step():
    reader = Browser(server(), "reader", "ninety-lamps-gravel-reader")
    has(reader.page("/one").words, "A token for it")
    has_not(reader.page("/one").text, 'value="write"')
    page = check(reader.submit("/one/clone", "/one/clone", permission="read"))
    command = re.search(r"git clone (http://reader:[^@]+@[^<]+/one\.git)", page.words)[1]
    eq(page.answer.headers["cache-control"], "no-store", "caching")
    git("clone", "-q", command, tmp("clone"))
    refused = git("ls-remote", command.replace("/one.git", "/two.git"), check=False)
    has(refused.err, "not found")
    pushed = git("push", "-q", command, "HEAD:refs/heads/new", cwd=make_repo(1), check=False)
    eq(pushed.code != 0, True, "a push with it")
    has_not(reader.page("/one/clone").text, command.split(":")[2].split("@")[0])
    owner = Browser(server(), *server().auth)
    page = check(owner.submit("/one/clone", "/one/clone", permission="write"))
    command = re.search(r"git clone (http://owner:[^@]+@[^<]+/one\.git)", page.words)[1]
    git("push", "-q", command, "HEAD:refs/heads/new", cwd=make_repo(1))
    check(owner.submit("/one/clone", "/one/clone", permission="admin"), 400)
    eq(Browser(server()).get("/one/clone").status, 303, "nobody")
    form = owner.page("/one/clone").form("/one/clone")
    eq(owner.send("/one/clone", {**form, "csrf": "x", "permission": "read"}).status, 403, "a form that is not ours")


main()
