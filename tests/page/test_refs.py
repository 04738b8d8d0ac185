"""Branches and tags, releases, activity, and their Atom feeds."""

import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *

WRITER = ("writer", "ninety-lamps-gravel-writer")
READER = ("reader", "ninety-lamps-gravel-reader")
_shared = None


def stood():
    """A server with a repository r of some branches and releases, its work tree, and two collaborators."""
    global _shared
    if _shared is None:
        server, repo = Nimbus(shared=True), make_repo(commits=12)
        for name, password in (WRITER, READER):
            server.api("POST", "/collaborators", {"username": name, "password": password}, want=201)
        for name in ("r", "secret"):
            server.create_repo(name, visibility="public" if name == "r" else "private")
            server.api("PUT", f"/repos/{name}/permissions/writer", {"permission": "write"}, want=200)
            server.api("PUT", f"/repos/{name}/permissions/reader", {"permission": "read"}, want=200)
        for i in range(3):
            git("checkout", "-q", "-b", f"part/{i}", f"main~{i + 1}", cwd=repo)
            for k in range(i):
                commit_file(repo, f"t{i}.txt", f"{k}\n", f"Topic {i} step {k} <b>")
        git("checkout", "-q", "main", cwd=repo)
        for i, when in ((1, 1710000000), (2, 1720000000), (3, 1730000000)):
            message = f"Release <{i}>\n\n- **new** thing & more\n- <script>alert(1)</script>\n- [guide](README.md)\n"
            if i == 3:
                message += "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
            git("tag", "-a", "-m", message, f"r{i}.0", f"main~{3 - i}", cwd=repo, env={"GIT_COMMITTER_DATE": f"{when} +0000"})
        for name in ("r", "secret"):
            git("push", "-q", server.git_url(name), "--all", cwd=repo)
            git("push", "-q", server.git_url(name), "--tags", cwd=repo)
        _shared = server, repo
    return _shared


def page(path, status=200, who=()):
    return Browser(stood()[0], *who).page(path, status)


def row_of(text, name):
    return re.search(rf'<tr><td class="name"><a href="/r/tree/{re.escape(name)}">.*?</tr>', text, re.S)[0]


def test_branches_say_how_they_lie_to_the_default_one():
    _, repo = stood()
    for _ in range(2):  # the second time from what was found
        text = page("/r/refs").text
        for name in ("part/0", "part/1", "part/2"):
            ahead, behind = git("rev-list", "--left-right", "--count", f"{name}...main", cwd=repo).out.split()
            row = " ".join(row_of(text, name).split())
            has(row, f"{behind} behind")
            (has if ahead != "0" else has_not)(row, f"{ahead} ahead")
            has(row, f'href="/r/compare/{name}"')
            has(row, '<td class="by">Ada Tester</td>')
        has(row_of(text, "main"), "default")
        has_not(row_of(text, "main"), "behind")


def test_names_are_found_by_a_part():
    found = page("/r/refs?q=RT/1")
    has(found.links, "/r/tree/part/1")
    has_not(found.text, "/r/tree/part/2")
    has(page("/r/refs?q=%22%3Cnothing").words, "None has that in its name.")


def test_many_refs_are_shown_in_pages():
    server, repo = stood()
    server.create_repo("many", visibility="public")
    head = git("rev-parse", "main", cwd=repo).out.strip()
    many = tmp("many")
    git("clone", "-q", "--bare", repo, many)
    git("update-ref", "--stdin", cwd=many, input="".join(f"create refs/heads/b{i:05} {head}\n" for i in range(1200)).encode())
    git("push", "-q", server.git_url("many"), "refs/heads/b*:refs/heads/b*", cwd=many)
    visitor, where, got = Browser(server), "/many/refs?q=b0", set()
    while where:
        at = visitor.page(where)
        got |= {link for link in at.links if link.startswith("/many/tree/b0")}
        where = next((link.partition("#")[0] for link in at.links if "branches=" in link), None)
    eq(len(got), 1200, "branches")
    has(visitor.page("/many/refs?q=b01134").links, "/many/tree/b01134")


def test_who_may_push_deletes_a_branch_and_nobody_else():
    server, repo = stood()
    git("push", "-q", server.git_url("r"), "main:refs/heads/old <1>".replace(" ", "-"), cwd=repo)
    where = "/r/refs/delete?ref=refs%2Fheads%2Fold-%3C1%3E"
    has_not(page("/r/refs").text, "/refs/delete")
    has_not(page("/r/refs", who=READER).text, "/refs/delete")
    writer = Browser(server, *WRITER)
    has(writer.page("/r/refs").links, where)
    form = writer.page(where).form("/r/refs/delete")
    has(writer.page(where).words, "Delete the branch old-<1>?")
    reader = Browser(server, *READER)
    refused = reader.send("/r/refs/delete", {**form, "csrf": reader.page("/account").form("/sign-out")["csrf"]})
    eq(refused.status, 403, f"a reader: {refused}")
    stale = writer.send("/r/refs/delete", {**form, "id": "1" * 40})
    eq(stale.status, 409, "changed meanwhile")
    eq(writer.send("/r/refs/delete", {**form, "id": "x"}).status, 400, "no id")
    eq(writer.send("/r/refs/delete", {**form, "ref": "refs/heads/none"}).status, 404, "not there")
    main = {**form, "ref": "refs/heads/main", "id": refs(server.git_url("r"))["refs/heads/main"]}
    eq(writer.send("/r/refs/delete", main).status, 409, "the default branch")
    done = writer.send("/r/refs/delete", form)
    eq((done.status, done.headers["location"]), (303, "/r/refs?done=removed"), "deleted")
    has_not(refs(server.git_url("r")), "refs/heads/old-<1>")
    eq(Browser(server).get(where).status, 303, "who is not signed in signs in first")
    item = page("/r/activity").words
    has(item, "writer deleted the branch")


def test_annotated_tags_are_releases():
    server, _ = stood()
    all = page("/r/releases")
    at = [all.text.index(f'href="/r/releases/r{i}.0"') for i in (3, 2, 1)]
    eq(at, sorted(at), "the newest first")
    has_not(all.links, "/r/releases/v1")  # a light tag
    has(all.words, "Release <3>")
    has(all.text, "<strong>new</strong>")
    has_not(all.text, "<script>")
    has(all.links, "/r/blob/r3.0/README.md")
    has(all.links, "/r/archive/r2.0.tar.gz")
    one = page("/r/releases/r3.0")
    has(one.text, ">signed</span>")
    has_not(one.text, "PGP")
    has_not(page("/r/releases/r2.0").text, ">signed</span>")
    for name in ("v1", "nothing", "main"):
        page(f"/r/releases/{name}", 404)
    server.create_repo("bare", visibility="public")
    has(page("/bare/releases").words, "git tag -a v1.0")
    has(page("/bare/activity").words, "Nothing has been pushed yet.")
    page("/bare/refs")


def test_activity_says_who_did_what():
    server, repo = stood()
    git("checkout", "-q", "-b", "moving", "main", cwd=repo)
    for k in range(41):
        commit_file(repo, "moving.txt", f"{k}\n", f"Move {k}")
        git("push", "-q", "-f", server.git_url("r"), "moving", cwd=repo)
    git("reset", "-q", "--hard", "main", cwd=repo)
    git("push", "-q", "-f", server.git_url("r"), "moving", cwd=repo)
    git("checkout", "-q", "main", cwd=repo)
    first = page("/r/activity")
    newest = re.search(r"<li>.*?</li>", first.text, re.S)[0]
    has(newest, "pushed to")
    has(newest, "forced")
    has(newest, "/r/compare/")
    found, where = 0, "/r/activity"
    while where:
        at = page(where)
        found += at.text.count("<li>")
        where = next((link for link in at.links if "after=" in link), None)
    eq(found >= 42 + 4 + 4, True, f"changes: {found}")
    eq(Browser(server).get("/r/activity?after=x").status, 400, "no place")


ATOM = "{http://www.w3.org/2005/Atom}"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def strict(answer):
    """The feed, after what RFC 4287 demands of it."""
    eq(answer.status, 200, f"{answer}")
    eq(answer.headers["content-type"], "application/atom+xml; charset=utf-8", "type")
    feed = xml.fromstring(answer.body)
    eq(feed.tag, ATOM + "feed", "root")
    known = {"id", "title", "updated", "author", "link", "entry", "content"}
    for node in [feed, *feed.findall(ATOM + "entry")]:
        for name in ("id", "title", "updated"):
            eq(len(node.findall(ATOM + name)), 1, f"one {name}")
        eq(bool(re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", node.find(ATOM + "id").text)), True, "id")
        eq(bool(re.fullmatch(STAMP, node.find(ATOM + "updated").text)), True, "updated")
        eq({child.tag for child in node} <= {ATOM + name for name in known}, True, "elements")
        rels = [link.get("rel") for link in node.findall(ATOM + "link")]
        eq(len(rels), len(set(rels)), "one alternate")
        has(rels, "alternate")
        for link in node.findall(ATOM + "link"):
            eq(link.get("href").startswith(stood()[0].url), True, "whole URL")
    eq(bool(feed.find(f"{ATOM}author/{ATOM}name").text), True, "an author")
    has([link.get("rel") for link in feed.findall(ATOM + "link")], "self")
    ids = [node.text for node in feed.iter(ATOM + "id")]
    eq(len(ids), len(set(ids)), "ids")
    return feed


def titles(feed):
    return [entry.find(ATOM + "title").text for entry in feed.findall(ATOM + "entry")]


def test_feeds_are_valid_atom():
    server, repo = stood()
    commits = strict(server.request("GET", "/r/feed/commits/part/2", auth=None))
    eq(titles(commits)[:2], ["Topic 2 step 1 <b>", "Topic 2 step 0 <b>"], "commits")
    releases = strict(server.request("GET", "/r/feed/releases", auth=None))
    eq(titles(releases), ["r3.0", "r2.0", "r1.0", "v2"], "releases")
    notes = [entry.find(ATOM + "content") for entry in releases.findall(ATOM + "entry")]
    eq(notes[0].get("type"), "html", "notes")
    has(notes[0].text, "<strong>new</strong> thing &amp; more")
    has(notes[0].text, 'href="/r/blob/r3.0/README.md"')
    eq(notes[0].get("{http://www.w3.org/XML/1998/namespace}base"), f"{server.url}/r/releases/r3.0", "what their links are from")
    for note in notes:
        has_not(note.text, "PGP")
        has_not(note.text, "<script")
    has(titles(strict(server.request("GET", "/r/feed/activity", auth=None)))[0], "owner")
    again = strict(server.request("GET", "/r/feed/commits/part/2", auth=None))
    eq([n.text for n in again.iter(ATOM + "id")], [n.text for n in commits.iter(ATOM + "id")], "ids stay")
    strict(server.request("GET", "/r/feed/commits", auth=None))
    for path, feed in (("/r/commits/main", "commits/main"), ("/r/releases", "releases"), ("/r/activity", "activity")):
        has(page(path).links, f"/r/feed/{feed}")


def test_a_feed_is_not_sent_again_until_something_changed():
    server, repo = stood()
    tag = server.request("GET", "/r/feed/commits/main", auth=None).headers["etag"]
    headers = {"If-None-Match": tag}
    eq(server.request("GET", "/r/feed/commits/main", auth=None, headers=headers).status, 304, "again")
    commit_file(repo, "fed.txt", "x\n", "Fed")
    git("push", "-q", server.git_url("r"), "main", cwd=repo)
    eq(server.request("GET", "/r/feed/commits/main", auth=None, headers=headers).status, 200, "changed")


def test_a_private_feed_is_read_by_a_token_as_password():
    server, _ = stood()
    token = server.api("POST", "/tokens", {"name": "feeds", "permission": "read"}, want=201).json["token"]
    for kind in ("commits/main", "releases", "activity"):
        strict(server.request("GET", f"/secret/feed/{kind}", auth=("owner", token)))
        there = server.request("GET", f"/secret/feed/{kind}", auth=None)
        not_there = server.request("GET", f"/nothing/feed/{kind}", auth=None)
        eq((there.status, there.body.replace(b"secret", b"")), (not_there.status, not_there.body.replace(b"nothing", b"")), kind)
        eq(there.status, 401, "asks for credentials")
        has(there.headers["www-authenticate"], "Basic")


main()
