"""The JSON API of what is in a repository: folders, files, commits, comparisons, refs; each answer as the document says."""

import base64
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from openapi import Checked

_shared = None
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"


def server():
    """One server: `code`, whose main has five commits and `side` two more; people who may read and write it."""
    global _shared
    if _shared is not None:
        return _shared
    s = _shared = Checked(shared=True)
    s.create_repo("code")
    for name in ("reader", "writer"):
        s.api("POST", "/collaborators", {"username": name, "password": f"ninety-lamps-gravel-{name}"}, want=201)
        s.api("PUT", f"/repos/code/permissions/{name}", {"permission": name[:4].replace("writ", "write")}, want=200)
    s.work = tmp("work")
    git("init", "-q", "-b", "main", cwd=s.work)
    (s.work / "src").mkdir()
    (s.work / "README.md").write_text("# Code\n")
    (s.work / "latin").write_bytes(b"caf\xe9\n")
    (s.work / "picture.bin").write_bytes(bytes(range(256)))
    (s.work / "src/paper.pdf").write_bytes(b"%PDF-1.7\0\n")
    (s.work / "src/sound.mp3").write_bytes(b"ID3\0\0")
    (s.work / "src/huge").write_text(POINTER)
    (s.work / "link").symlink_to("README.md")
    for i in range(5):
        (s.work / "src/count").write_text("".join(f"line {n}\n" for n in range(i + 1)))
        commit(s, f"count to {i}")
    git("tag", "-a", "-m", "first", "v1.0", cwd=s.work)
    git("checkout", "-q", "-b", "side/way", cwd=s.work)
    git("mv", "src/count", "src/number", cwd=s.work)
    commit(s, "another name")
    (s.work / "README.md").write_text("# Code, aside\n")
    commit(s, "aside")
    git("push", "-q", s.git_url("code"), "main", "side/way", "v1.0", cwd=s.work)
    return s


def commit(s, message):
    git("add", "-A", cwd=s.work)
    git("commit", "-q", "-m", message, cwd=s.work)


def id_of(s, name):
    return git("rev-parse", name, cwd=s.work).out.strip()


def person(name):
    return (name, f"ninety-lamps-gravel-{name}")


def problem(answer, status, field=None):
    eq(answer.status, status, f"status of {answer}")
    eq(answer.headers["content-type"], "application/problem+json", "content type")
    if field:
        eq(answer.json.get("field"), field, f"field of {answer}")
    return answer.json


def test_a_folder_is_listed_with_what_changed_its_entries_last():
    s = server()
    top = s.api("GET", "/repos/code/contents", want=200).json
    eq([(one["name"], one["kind"]) for one in top["items"]],
       [("src", "tree"), ("README.md", "file"), ("latin", "file"), ("link", "symlink"), ("picture.bin", "file")], "entries")
    eq((top["path"], top["total"], top["next"], top["revision"]),
       ("", 5, None, {"kind": "branch", "name": "main", "commit": id_of(s, "main")}), "the folder")
    subjects = {one["name"]: one["last_commit"]["subject"] for one in top["items"]}
    eq((subjects["src"], subjects["README.md"], top["last_commit"]["subject"]), ("count to 4", "count to 0", "count to 4"),
       "last changes")
    deep = s.api("GET", "/repos/code/contents/src?ref=side/way", want=200).json
    eq([one["name"] for one in deep["items"]], ["huge", "number", "paper.pdf", "sound.mp3"], "entries of src")
    for path in ("contents/nothing", "contents?ref=none", "contents?ref=main/src"):
        problem(s.api("GET", f"/repos/code/{path}"), 404)


def test_a_folder_comes_page_by_page():
    s = server()
    seen, path = [], "/api/v1/repos/code/contents?limit=2"
    while path:
        answer = s.get(path)
        seen += [one["name"] for one in answer.items]
        eq(bool(answer.json["next"]), "link" in answer.headers, "a Link as the body says")
        path = answer.json["next"] and answer.json["next"].removeprefix(s.url)
    eq(seen, ["src", "README.md", "latin", "link", "picture.bin"], "entries")
    problem(s.api("GET", "/repos/code/contents?cursor=7a"), 422, "cursor")


def test_a_file_has_its_content_or_its_bytes():
    s = server()
    file = s.api("GET", "/repos/code/contents/src/count?ref=v1.0", want=200).json
    eq((file["kind"], file["encoding"], file["content"], file["size"], file["id"], file["last_commit"]["subject"]),
       ("text", "utf-8", "line 0\nline 1\nline 2\nline 3\nline 4\n", 35, id_of(s, "main:src/count"), "count to 4"), "the file")
    latin = s.api("GET", "/repos/code/contents/latin", want=200).json
    eq((latin["encoding"], base64.b64decode(latin["content"])), ("base64", b"caf\xe9\n"), "what is no UTF-8")
    binary = s.api("GET", "/repos/code/contents/picture.bin", want=200).json
    eq((binary["kind"], binary["encoding"], binary["content"]), ("binary", None, None), "what is no text")
    eq(s.get(binary["raw_url"].removeprefix(s.url)).body, bytes(range(256)), "its raw URL")
    raw = s.get("/api/v1/repos/code/contents/picture.bin", headers={"Accept": "application/octet-stream"})
    eq((raw.status, raw.body), (200, bytes(range(256))), "raw")
    for name, kind in (("paper.pdf", "pdf"), ("sound.mp3", "audio"), ("huge", "lfs")):
        eq(s.api("GET", f"/repos/code/contents/src/{name}", want=200).json["kind"], kind, name)
    eq(s.api("GET", "/repos/code/contents/src/huge", want=200).json["lfs"], {"oid": "sha256:" + "a" * 64, "size": 12345}, "LFS")
    link = s.api("GET", "/repos/code/contents/link", want=200).json
    eq((link["kind"], link["content"]), ("symlink", "README.md"), "a symbolic link")


def test_blame_says_who_wrote_each_line():
    s = server()
    parts = s.api("GET", "/repos/code/blame/src/count", want=200).json["parts"]
    eq([(part["line"], part["commit"]["subject"]) for part in parts], [(n + 1, f"count to {n}") for n in range(5)], "parts")
    problem(s.api("GET", "/repos/code/blame/src"), 404)


def test_history_comes_page_by_page_and_by_path():
    s = server()
    seen, path = [], "/api/v1/repos/code/commits?ref=side/way&limit=3"
    while path:
        answer = s.get(path)
        seen += [one["subject"] for one in answer.items]
        path = answer.json["next"] and answer.json["next"].removeprefix(s.url)
    eq(seen, ["aside", "another name", *(f"count to {n}" for n in (4, 3, 2, 1, 0))], "commits")
    eq([one["subject"] for one in s.api("GET", "/repos/code/commits?path=README.md&ref=side/way", want=200).items],
       ["aside", "count to 0"], "commits of a path")
    eq([one["subject"] for one in s.api("GET", "/repos/code/commits?q=COUNT+to+3&author=ada", want=200).items],
       ["count to 3"], "what a search finds")
    for query in ("since=4102444800", "until=1", "author=nobody"):
        eq(s.api("GET", f"/repos/code/commits?{query}", want=200).items, [], query)
    problem(s.api("GET", "/repos/code/commits?cursor=7a7a"), 422, "cursor")
    problem(s.api("GET", "/repos/code/commits?since=x"), 422, "since")


def test_one_commit_and_what_it_changed():
    s = server()
    id = id_of(s, "side/way~1")
    one = s.api("GET", f"/repos/code/commits/{id[:12]}", want=200).json
    eq((one["id"], one["parents"], one["subject"], one["author"]["email"]),
       (id, [id_of(s, "main")], "another name", "ada@example.com"), "the commit")
    diff = s.api("GET", f"/repos/code/commits/{id}/diff", want=200).json
    eq([(file["change"], file["old_path"], file["new_path"], file["similarity"]) for file in diff["files"]],
       [("renamed", "src/count", "src/number", 100)], "the difference")
    last = s.api("GET", "/repos/code/commits/side%2Fway/diff", want=200).json["files"][0]
    eq([(line["kind"], line["text"]) for line in last["hunks"][0]["lines"]], [("-", "# Code"), ("+", "# Code, aside")], "lines")
    text = s.get("/api/v1/repos/code/commits/side%2Fway/diff", headers={"Accept": "text/x-diff"})
    eq(text.headers["content-type"], "text/x-diff; charset=utf-8", "type")
    run(["git", "apply", "--check", "-R", "-"], cwd=s.work, env=git_env(), input=text.text)
    problem(s.api("GET", "/repos/code/commits/0000000"), 404)


def lines_of(diff, path):
    """What the API says of a file, as git would write it."""
    return [line["kind"] + line["text"] for file in diff["files"] if file["new_path"] == path for hunk in file["hunks"] for line in hunk["lines"]]


def by_git(s, *args):
    out = git("diff", *args, cwd=s.work).out.split("\n")
    return [line for line in out if line[:1] in ("+", "-", " ") and line[:3] not in ("+++", "---")]


def test_a_difference_is_as_wide_and_as_exact_as_one_wishes():
    s = server()
    s.create_repo("wide")
    git("checkout", "-q", "-b", "wide", "main", cwd=s.work)
    lines = [f"line {n} of it" for n in range(60)]
    (s.work / "spaced").write_text("\n".join(lines) + "\n")
    commit(s, "Lines")
    lines[3], lines[20], lines[40] = "\tline  3 of it", "line 20 of it \t", "another"
    (s.work / "spaced").write_text("\n".join(lines) + "\n")
    (s.work / "beside").write_text("x\n")
    commit(s, "Spaces")
    git("push", "-q", s.git_url("wide"), "wide:main", cwd=s.work)
    for query, options in (("", []), ("white_space=all", []), ("white_space=none", ["-w"]), ("white_space=within", ["--ignore-space-at-eol"]),
                           ("context=10", ["-U10"]), ("context=25&white_space=none", ["-U25", "-w"])):
        want = by_git(s, *options, "wide~1", "wide", "--", "spaced")
        one = s.api("GET", f"/repos/wide/commits/main/diff?{query}", want=200).json
        eq(lines_of(one, "spaced"), want, f"a commit: {query}")
        compared = s.api("GET", f"/repos/wide/compare/{id_of(s, 'wide~1')}...main?{query}", want=200).json
        eq(lines_of(compared["diff"], "spaced"), want, f"a comparison: {query}")
    for path in (f"commits/main/diff", f"compare/{id_of(s, 'wide~1')}...main"):
        found = s.api("GET", f"/repos/wide/{path}?path=beside", want=200).json
        eq([file["new_path"] for file in found.get("diff", found)["files"]], ["beside"], "one file alone")
        for query, field in (("white_space=some", "white_space"), ("context=0", "context"), ("context=x", "context"), ("context=100001", "context")):
            problem(s.api("GET", f"/repos/wide/{path}?{query}"), 422, field)
    git("checkout", "-q", "side/way", cwd=s.work)


def test_two_revisions_are_compared():
    s = server()
    compared = s.api("GET", "/repos/code/compare/main...side/way", want=200).json
    eq((compared["ahead"], compared["behind"], compared["fork"], [one["subject"] for one in compared["commits"]],
        len(compared["diff"]["files"])), (2, 0, id_of(s, "main"), ["aside", "another name"], 2), "the comparison")
    back = [s.api("GET", f"/repos/code/compare/side/way{dots}main", want=200).json["diff"]["files"] for dots in ("...", "..")]
    eq([len(files) for files in back], [0, 2], "the other way round: since they parted, and as they are now")
    problem(s.api("GET", "/repos/code/compare/main...none"), 404)


def test_refs_are_listed_with_where_they_lead():
    s = server()
    s.api("POST", "/repos/code/refs", {"ref": "refs/notes/x", "to": "main"}, want=201)
    names = [one["name"] for one in s.api("GET", "/repos/code/branches", want=200).items]
    eq(names[0], "main", "the first branch")
    eq("side/way" in names, True, "a branch with a slash")
    tag = s.api("GET", "/repos/code/tags?limit=1", want=200).items[0]
    eq((tag["ref"], tag["kind"], tag["id"], tag["peeled"], tag["commit"]["id"]),
       ("refs/tags/v1.0", "tag", id_of(s, "v1.0"), id_of(s, "main"), id_of(s, "main")), "the tag")
    eq(s.get(tag["archive_urls"]["zip"].removeprefix(s.url)).body[:2], b"PK", "its archive")
    eq([one["ref"] for one in s.api("GET", "/repos/code/refs?prefix=refs/notes/", want=200).items], ["refs/notes/x"], "notes")
    seen, path = [], "/api/v1/repos/code/refs?limit=1"
    while path:
        answer = s.get(path)
        seen += [one["ref"] for one in answer.items]
        link = re.match(r'<(.*)>; rel="next"$', answer.headers.get("link", ""))
        path = link and link[1].removeprefix(s.url)
    eq(seen, sorted(seen), "all refs")
    eq(set(seen) >= {"refs/heads/main", "refs/heads/side/way", "refs/notes/x", "refs/tags/v1.0"}, True, "all refs")
    eq([one["name"] for one in s.api("GET", "/repos/code/branches?q=way", want=200).items], ["side/way"], "what a search finds")


def test_a_ref_is_made_moved_and_taken_away():
    s = server()
    main, side, first = id_of(s, "main"), id_of(s, "side/way"), id_of(s, "main~4")
    made = s.api("POST", "/repos/code/refs", {"ref": "topic", "to": "v1.0"}, want=201)
    eq((made.json["ref"], made.json["id"], made.headers["location"]),
       ("refs/heads/topic", main, "/api/v1/repos/code/refs/heads/topic"), "what was made")
    path = "/repos/code/refs/heads/topic"
    eq(s.api("GET", path, want=200).json, made.json, "what is there")
    problem(s.api("POST", "/repos/code/refs", {"ref": "topic", "to": "main"}), 409)
    problem(s.api("POST", "/repos/code/refs", {"ref": "topic/x", "to": "main"}), 409)
    eq(s.api("PATCH", path, {"to": "side/way", "expected": main}, want=200).json["id"], side, "moved")
    problem(s.api("PATCH", path, {"to": first, "expected": main, "force": True}), 409)
    has(problem(s.api("PATCH", path, {"to": first}), 409)["detail"], "leave behind")
    eq(s.api("PATCH", path, {"to": first, "force": True}, want=200).json["id"], first, "forced")
    forced = s.api("GET", "/repos/code/history?ref=topic", want=200).items[0]
    eq((forced["old"], forced["new"], forced["forced"]), (side, first, True), "the history of the ref")
    problem(s.api("DELETE", f"{path}?expected={main}"), 409)
    eq(s.api("DELETE", f"{path}?expected={first}").status, 204, "status")
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"to": "main"})):
        problem(s.api(method, path, body), 404)
    has(problem(s.api("DELETE", "/repos/code/refs/heads/main"), 409)["detail"], "current branch")


def test_bad_wishes_for_refs_are_named():
    s = server()
    for body, field in (({"ref": "x"}, "to"), ({"to": "main"}, "ref"), ({"ref": "x", "to": "none"}, "to"),
                        ({"ref": "a..b", "to": "main"}, "ref"), ({"ref": "refs/nimbus/x", "to": "main"}, "ref"),
                        ({"ref": "x", "to": "main", "force": True}, "force")):
        problem(s.api("POST", "/repos/code/refs", body), 422, field)
    for body, field in (({"to": "main", "expected": "12"}, "expected"), ({"to": "main", "force": "yes"}, "force")):
        problem(s.api("PATCH", "/repos/code/refs/heads/main", body), 422, field)
    problem(s.api("DELETE", "/repos/code/refs/heads/side/way?expected=12"), 422, "expected")
    problem(s.api("POST", "/repos/code/refs", {"ref": "x", "to": "0" * 39 + "1"}), 409)
    problem(s.api("POST", "/repos/code/refs", {"ref": "x", "to": id_of(s, "main:README.md")}), 409)


def test_who_may_read_changes_no_ref_and_who_may_not_sees_none():
    s = server()
    body = {"ref": "mine", "to": "main"}
    problem(s.api("POST", "/repos/code/refs", body, auth=person("reader")), 403)
    problem(s.api("PATCH", "/repos/code/refs/heads/side/way", {"to": "main"}, auth=person("reader")), 403)
    problem(s.api("DELETE", "/repos/code/refs/heads/side/way", auth=person("reader")), 403)
    s.api("POST", "/repos/code/refs", body, auth=person("writer"), want=201)
    s.create_repo("hidden")
    for path in ("contents", "contents/a", "blame/a", "commits", "commits/a", "commits/a/diff", "compare/a", "branches",
                 "tags", "refs", "refs/heads/a"):
        hidden, missing = (s.api("GET", f"/repos/{name}/{path}", auth=person("reader")) for name in ("hidden", "absent"))
        problem(hidden, 404)
        eq(hidden.text.replace("hidden", "absent"), missing.text, path)
        problem(s.api("GET", f"/repos/hidden/{path}", auth=None), 401)
    for method, path, body in (("POST", "refs", {}), ("PATCH", "refs/heads/a", {}), ("DELETE", "refs/heads/a?expected=1", None)):
        problem(s.api(method, f"/repos/hidden/{path}", body, auth=person("reader")), 404)


def test_a_rule_binds_the_api_as_it_binds_a_push():
    s = server()
    s.api("POST", "/repos/code/rules", {"pattern": "kept-*", "create": "write", "update": "nobody", "delete": "nobody"}, want=201)
    s.api("POST", "/repos/code/refs", {"ref": "kept-1", "to": "v1.0"}, want=201)
    problem(s.api("PATCH", "/repos/code/refs/heads/kept-1", {"to": "side/way"}), 403)
    problem(s.api("DELETE", "/repos/code/refs/heads/kept-1"), 403)


def test_an_empty_repository_says_so():
    s = server()
    s.create_repo("empty")
    for path in ("contents", "commits"):
        has(problem(s.api("GET", f"/repos/empty/{path}"), 404)["detail"], "nothing is pushed")
    for path in ("branches", "tags", "refs"):
        eq(s.api("GET", f"/repos/empty/{path}", want=200).items, [], path)
    problem(s.api("POST", "/repos/empty/refs", {"ref": "main", "to": "HEAD"}), 422, "to")


def test_what_has_not_changed_is_not_sent_again():
    s = server()
    for path in ("contents", "contents/src/count", "blame/src/count", "commits", "commits/v1.0", "commits/v1.0/diff",
                 "compare/main...side/way", "branches", "tags", "refs", "refs/heads/main"):
        first = s.get(f"/api/v1/repos/code/{path}")
        again = s.get(f"/api/v1/repos/code/{path}", headers={"If-None-Match": first.headers["etag"]})
        eq((again.status, again.body), (304, b""), path)


def test_what_accept_leaves_out_is_406():
    s = server()
    for accept in ("text/html", "application/json;q=0, text/html", "image/*"):
        has(problem(s.get("/api/v1/repos/code", headers={"Accept": accept}), 406)["detail"], "application/json")
    for accept in ("*/*", "application/*", "text/html, */*;q=0.1", "Application/JSON"):
        eq(s.get("/api/v1/repos/code", headers={"Accept": accept}).status, 200, accept)


main()
