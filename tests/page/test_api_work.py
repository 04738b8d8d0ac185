"""The JSON API of what people do with a repository beside git: files changed, releases, search, paths, languages, one of each list."""

import base64
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from openapi import Checked

_shared = None


def server():
    """One server: `work`, which has some files on main and a branch beside it; people who may read and write it."""
    global _shared
    if _shared is not None:
        return _shared
    s = _shared = Checked(shared=True)
    s.create_repo("work")
    for name, level in (("reader", "read"), ("writer", "write")):
        s.api("POST", "/collaborators", {"username": name, "password": f"ninety-lamps-gravel-{name}"}, want=201)
        s.api("PUT", f"/repos/work/permissions/{name}", {"permission": level}, want=200)
    s.work = tmp("work")
    git("init", "-q", "-b", "main", cwd=s.work)
    (s.work / "src").mkdir()
    (s.work / "src/one.c").write_text("int one(void)\n{\n\treturn 1; /* needle */\n}\n")
    (s.work / "src/two.py").write_text("# Needle\n" * 3)
    (s.work / "README.md").write_text("# Work\n")
    git("add", "-A", cwd=s.work)
    git("commit", "-q", "-m", "begin", cwd=s.work)
    git("tag", "-a", "-m", "First\n\nWith *notes*.", "v1.0", cwd=s.work)
    git("tag", "light", cwd=s.work)
    git("checkout", "-q", "-b", "side", cwd=s.work)
    for i in range(2):
        git("commit", "-q", "--allow-empty", "-m", f"aside {i}", cwd=s.work)
    git("checkout", "-q", "main", cwd=s.work)
    git("commit", "-q", "--allow-empty", "-m", "on", cwd=s.work)
    git("push", "-q", s.git_url("work"), "main", "side", "--tags", cwd=s.work)
    return s


def person(name):
    return (name, f"ninety-lamps-gravel-{name}")


def problem(answer, status, field=None):
    eq(answer.status, status, f"status of {answer}")
    eq(answer.headers["content-type"], "application/problem+json", "content type")
    if field:
        eq(answer.json.get("field"), field, f"field of {answer}")
    return answer.json


def tip(s, branch="main", repo="work"):
    return s.api("GET", f"/repos/{repo}/refs/heads/{branch}", want=200).json["id"]


def commit(s, changes, repo="work", auth="owner", **more):
    return s.api("POST", f"/repos/{repo}/commits", {"message": "By the API", "changes": changes, **more}, auth)


def content(s, path, ref="main", repo="work"):
    return s.get(f"/api/v1/repos/{repo}/contents/{path}?ref={ref}", headers={"Accept": "application/octet-stream"}).body


def test_branches_say_how_they_lie_to_the_default_one():
    s = server()
    rows = {one["name"]: (one["ahead"], one["behind"]) for one in s.api("GET", "/repos/work/branches", want=200).items}
    eq((rows["side"], rows["main"]), ((2, 1), (None, None)), "ahead and behind")
    eq(s.api("GET", "/repos/work/refs/heads/side", want=200).json["ahead"], 2, "of one")
    eq(s.api("GET", "/repos/work/tags", want=200).items[0]["ahead"], None, "of a tag")


def test_releases_are_annotated_tags():
    s = server()
    listed = s.api("GET", "/repos/work/releases", want=200)
    one = next(row for row in listed.items if row["name"] == "v1.0")
    eq((one["title"], one["text"], "<em>notes</em>" in one["html"], one["signed"], one["tagger"]["email"]),
       ("First", "With *notes*.", True, False, "ada@example.com"), "the release")
    eq(s.api("GET", "/repos/work/releases/v1.0", want=200).json, one, "one of them")
    eq(s.get(one["archive_urls"]["zip"].removeprefix(s.url)).body[:2], b"PK", "its archive")
    problem(s.api("GET", "/repos/work/releases/light"), 404)
    problem(s.api("GET", "/repos/work/releases?cursor=7a"), 422, "cursor")


def test_a_tag_with_a_message_is_a_release():
    s = server()
    body = {"ref": "refs/tags/v2/a", "to": "main", "message": "Second\r\n\r\nWith more.\r\n"}
    made = s.api("POST", "/repos/work/refs", body, person("writer"), want=201).json
    eq((made["peeled"], made["id"] != made["peeled"]), (tip(s), True), "the tag")
    release = s.api("GET", "/repos/work/releases/v2/a", want=200).json
    eq((release["title"], release["text"], release["tagger"]["name"]), ("Second", "With more.", "writer"), "the release")
    git("fetch", "-q", s.git_url("work"), "refs/tags/v2/a:refs/tags/v2/a", cwd=s.work)
    git("fsck", "--strict", cwd=s.work)
    eq(git("cat-file", "tag", "v2/a", cwd=s.work).out.split("\n\n", 1)[1], "Second\n\nWith more.\n", "its message")
    pages = [one["name"] for one in s.api("GET", "/repos/work/releases?limit=1", want=200).items]
    more = s.api("GET", "/repos/work/releases?limit=1", want=200).json["next"]
    eq(sorted(pages + [one["name"] for one in s.get(more.removeprefix(s.url)).items]), ["v1.0", "v2/a"], "two pages")
    problem(s.api("POST", "/repos/work/refs", body), 409)
    problem(s.api("POST", "/repos/work/refs", {**body, "ref": "refs/heads/x"}), 422, "message")
    problem(s.api("POST", "/repos/work/refs", {**body, "ref": "refs/tags/x", "message": " "}), 422, "message")
    problem(s.api("POST", "/repos/work/refs", {**body, "ref": "refs/tags/x", "to": "0" * 39 + "1"}), 409)
    problem(s.api("POST", "/repos/work/refs", {**body, "ref": "refs/tags/x"}, person("reader")), 403)


def test_text_is_found_in_files_and_names():
    s = server()
    found = s.api("GET", "/repos/work/search?q=needle", want=200).json
    eq([(row["path"], [line["number"] for line in row["lines"]]) for row in found["items"]],
       [("src/one.c", [3]), ("src/two.py", [1, 2, 3])], "what is found")
    line = found["items"][0]["lines"][0]
    eq(line["text"].encode()[line["marks"][0]["at"]:][:line["marks"][0]["length"]], b"needle", "the mark")
    eq([row["path"] for row in s.api("GET", "/repos/work/search?q=needle&exact_case=true", want=200).items], ["src/one.c"], "exact")
    eq([row["path"] for row in s.api("GET", "/repos/work/search?q=needle&path=*.py", want=200).items], ["src/two.py"], "of a pattern")
    eq([row["path"] for row in s.api("GET", "/repos/work/search?q=two&names_only=true", want=200).items], ["src/two.py"], "by name")
    eq([(row["path"], [line["number"] for line in row["lines"]]) for row in
        s.api("GET", "/repos/work/search?q=n%5Be%5D%2Bdle%5Cb&regex=true", want=200).items],
       [(row["path"], [line["number"] for line in row["lines"]]) for row in found["items"]], "by an expression")
    eq(s.api("GET", "/repos/work/search?q=n%5Be%5D%2Bdle&regex=false", want=200).items, [], "not by one")
    has(problem(s.api("GET", "/repos/work/search?q=a(b&regex=true"), 422, "q")["detail"], "no regular expression")
    problem(s.api("GET", "/repos/work/search?q=needle&regex=1"), 422, "regex")
    seen, path = [], "/api/v1/repos/work/search?q=needle&limit=1"
    while path:
        answer = s.get(path)
        seen += [row["path"] for row in answer.items]
        path = answer.json["next"] and answer.json["next"].removeprefix(s.url)
    eq(seen, ["src/one.c", "src/two.py"], "page by page")
    for query, field in (("q=x", "q"), ("", "q"), ("q=needle&exact_case=1", "exact_case"), ("q=" + "x" * 201, "q")):
        problem(s.api("GET", f"/repos/work/search?{query}"), 422, field)


def test_paths_are_listed_and_found_by_letters():
    s = server()
    eq(s.api("GET", "/repos/work/paths?ref=v1.0", want=200).items, ["README.md", "src/one.c", "src/two.py"], "all")
    first = s.api("GET", "/repos/work/paths?ref=v1.0&limit=2", want=200)
    eq(s.get(first.json["next"].removeprefix(s.url)).json["items"], ["src/two.py"], "the second page")
    eq(s.api("GET", "/repos/work/paths?ref=v1.0&q=one", want=200).items, ["src/one.c"], "by letters")
    eq(s.api("GET", "/repos/work/paths?ref=v1.0&q=zzz", want=200).json["items"], [], "nothing")


def test_languages_are_counted():
    items = server().api("GET", "/repos/work/languages?ref=v1.0", want=200).items
    eq({one["name"]: one["bytes"] for one in items}, {"C": 42, "Python": 27}, "languages")
    eq(sum(one["permille"] for one in items) in (999, 1000, 1001), True, "shares")


def test_files_are_changed_in_one_commit():
    s = server()
    s.create_repo("edit")
    first = commit(s, [{"action": "create", "path": "a/b", "content": "one\n"}], "edit")
    eq(first.status, 201, f"the first commit: {first}")
    eq((first.json["branch"], first.json["commit"]["parents"], first.json["commit"]["subject"]), ("main", [], "By the API"), "it")
    eq(first.headers["location"], f"/api/v1/repos/edit/commits/{first.json['commit']['id']}", "Location")
    binary = bytes(range(256))
    made = commit(s, [{"action": "update", "path": "a/b", "content": "two\n"},
                      {"action": "put", "path": "bin", "content": base64.b64encode(binary).decode(), "encoding": "base64"},
                      {"action": "create", "path": "c", "content": "c"}], "edit", expected=first.json["commit"]["id"])
    eq((made.status, made.json["commit"]["parents"]), (201, [first.json["commit"]["id"]]), f"the second: {made}")
    eq((content(s, "a/b", repo="edit"), content(s, "bin", repo="edit"), content(s, "c", repo="edit")), (b"two\n", binary, b"c"), "files")
    made = commit(s, [{"action": "move", "path": "d", "from": "bin"}, {"action": "delete", "path": "c"}], "edit", branch="main")
    eq(made.status, 201, f"the third: {made}")
    eq(s.api("GET", "/repos/edit/paths", want=200).items, ["a/b", "d"], "paths")
    made = commit(s, [{"action": "delete", "path": "d"}], "edit", new_branch="topic")
    eq((made.json["branch"], tip(s, "topic", "edit")), ("topic", made.json["commit"]["id"]), "another branch")
    eq(content(s, "d", repo="edit"), binary, "the first one stays")
    clone = tmp("edit")
    git("clone", "-q", s.git_url("edit"), clone)
    git("fsck", "--strict", cwd=clone)


def test_a_change_of_what_somebody_else_changed_is_409():
    s = server()
    old = tip(s)
    body = [{"action": "update", "path": "README.md", "content": "# Mine\n"}]
    eq(commit(s, [{"action": "update", "path": "README.md", "content": "# Theirs\n"}]).status, 201, "theirs")
    has(problem(commit(s, body, expected=old), 409)["detail"], "somebody else changed this")
    eq(content(s, "README.md"), b"# Theirs\n", "what is there")
    eq(commit(s, [{"action": "put", "path": "other", "content": "x"}], expected=old).status, 201, "another file")
    eq((content(s, "README.md"), content(s, "other")), (b"# Theirs\n", b"x"), "both")


def test_bad_changes_are_named():
    s = server()
    put = {"action": "put", "path": "x", "content": "x"}
    for changes, status, field in (([], 422, "changes"), ([1], 422, "changes"), ([{"path": "x"}], 422, "action"),
                                   ([{**put, "action": "paint"}], 422, "action"), ([{**put, "path": "a/../b"}], 422, "path"),
                                   ([{**put, "path": ".git/x"}], 422, "path"), ([{**put, "mode": 7}], 422, "mode"),
                                   ([{"action": "put", "path": "x"}], 422, "content"), ([{**put, "encoding": "utf-7"}], 422, "encoding"),
                                   ([{**put, "content": "?", "encoding": "base64"}], 422, "content"), ([{**put, "from": "y"}], 422, "from"),
                                   ([{**put, "action": "delete"}], 422, "content"), ([{"action": "move", "path": "x"}], 422, "from"),
                                   ([put, put], 422, "changes"), ([{"action": "delete", "path": "none"}], 404, None),
                                   ([{**put, "action": "create", "path": "README.md"}], 409, None), ([put] * 101, 422, "changes")):
        problem(commit(s, changes), status, field)
    for more, status, field in (({"message": " "}, 422, "message"), ({"expected": "12"}, 422, "expected"), ({"branch": "none"}, 404, None),
                                ({"new_branch": "side"}, 409, None), ({"author": "x"}, 422, "author")):
        problem(commit(s, [put], **more), status, field)
    problem(commit(s, [put], auth=person("reader")), 403)
    problem(commit(s, [put], auth=None), 401)
    problem(commit(s, [put], repo="absent", auth=person("writer")), 404)


def test_a_rule_and_a_key_bind_a_commit_as_they_bind_a_push():
    s = server()
    s.api("POST", "/repos/work/rules", {"pattern": "kept", "create": "write", "update": "nobody"}, want=201)
    s.api("POST", "/repos/work/refs", {"ref": "kept", "to": "v1.0"}, want=201)
    put = {"action": "put", "path": "x", "content": "x"}
    problem(commit(s, [put], branch="kept"), 403)
    key = s.api("POST", "/tokens", {"name": "docs", "scope": {"repositories": ["work"], "paths": ["docs"]}}, want=201).json["token"]
    problem(commit(s, [put], auth=key), 403)
    eq(commit(s, [{**put, "path": "docs/x"}], auth=key).status, 201, "within its paths")


def test_one_of_a_list_is_as_the_list_has_it():
    s = server()
    s.api("POST", "/tokens", {"name": "one"}, want=201)
    s.api("POST", "/grants", {"username": "reader", "pattern": "t-*", "permission": "read"}, want=201)
    s.api("POST", "/invitations", {"username": "carol"}, want=201)
    for folder, key in (("/tokens", "id"), ("/grants", "id"), ("/invitations", "id"), ("/collaborators", "username"),
                        ("/repos/work/permissions", "username")):
        row = s.api("GET", folder, want=200).items[0]
        eq(s.api("GET", f"{folder}/{row[key]}", want=200).json, row, folder)
        problem(s.api("GET", f"{folder}/{'nobody' if key == 'username' else 999}"), 404)
    problem(s.api("GET", "/collaborators/reader", auth=person("reader")), 403)
    problem(s.api("GET", "/collaborators/owner"), 404)
    problem(s.api("GET", "/repos/work/permissions/reader", auth=person("writer")), 403)
    mine = s.api("GET", "/tokens", want=200).items[0]["id"]
    problem(s.api("GET", f"/tokens/{mine}", auth=person("reader")), 404)


def test_who_may_not_read_finds_none_of_it():
    s = server()
    s.create_repo("hidden")
    for path in ("languages", "paths", "search?q=needle", "search", "releases", "releases/v1"):
        hidden, missing = (s.api("GET", f"/repos/{name}/{path}", auth=person("reader")) for name in ("hidden", "absent"))
        problem(hidden, 404)
        eq(hidden.text.replace("hidden", "absent"), missing.text, path)
        problem(s.api("GET", f"/repos/hidden/{path}", auth=None), 401)
    problem(s.api("POST", "/repos/hidden/commits", {"x": 1}, person("reader")), 404)


main()
