"""The JSON API: every route, every way to authenticate, who may do what, and what is said when they may not."""

import concurrent.futures
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import Browser
from devices import sign_in as sign_in_device
from openapi import DOCUMENT, METHODS, Checked, jsonschema, resolved, routes

_shared = None
PEOPLE = {"reader": "read", "writer": "write", "admin1": "admin", "other": None}


def server():
    """One server for the file, with collaborators of every kind and a private repository."""
    global _shared
    if _shared is None:
        _shared = Checked(shared=True)
        _shared.create_repo("secret")
        _shared.create_repo("open", visibility="public")
        for name, level in PEOPLE.items():
            _shared.api("POST", "/collaborators", {"username": name, "password": f"ninety-lamps-gravel-{name}"}, want=201)
            if level:
                for repo in ("secret", "open"):
                    _shared.api("PUT", f"/repos/{repo}/permissions/{name}", {"permission": level}, want=200)
    return _shared


def auth(who):
    return {"owner": "owner", "anonymous": None}.get(who, (who, f"ninety-lamps-gravel-{who}"))


def problem(answer, status, field=None):
    eq(answer.status, status, f"status of {answer}")
    eq(answer.headers["content-type"], "application/problem+json", "content type")
    eq(answer.json["status"], status, "status in the body")
    if field:
        eq(answer.json.get("field"), field, f"field of {answer}")
    return answer.json


def test_every_route_of_the_api_is_in_the_openapi_document_and_the_other_way():
    known = {(method.upper(), path) for path, row in DOCUMENT["paths"].items() for method in row if method in METHODS}
    rows = [(method, path.replace("...}", "}")) for method, path in routes()]
    eq(known, set(rows), "routes")


def test_the_openapi_document_is_sound():
    def walk(node, where):
        if isinstance(node, dict):
            if "$ref" in node:
                resolved(node)
            for key, value in node.items():
                walk(value, f"{where}/{key}")
        elif isinstance(node, list):
            for number, value in enumerate(node):
                walk(value, f"{where}/{number}")
    walk(DOCUMENT, "")
    eq(DOCUMENT["openapi"], "3.1.0", "version")
    names = []
    for path, row in DOCUMENT["paths"].items():
        for method in set(row) & set(METHODS):
            known = row[method]
            names.append(known["operationId"])
            given = [resolved(one) for one in row.get("parameters", []) + known.get("parameters", [])]
            eq(sorted(one["name"] for one in given if one["in"] == "path"), sorted(re.findall(r"{(\w+)}", path)),
               f"the parameters of {method} {path}")
            eq({"summary", "responses"} <= set(known), True, f"what {method} {path} has")
            eq("default" in known["responses"], True, f"errors of {method} {path}")
    eq(len(names), len(set(names)), "operationId")
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_openapi_document_is_served():
    s = server()
    answer = s.get("/api/v1/openapi.json", auth=None)
    eq((answer.status, answer.headers["content-type"]), (200, "application/json"), "as JSON")
    eq(answer.json, DOCUMENT, "the document")
    answer = s.get("/api/v1/openapi.yaml", auth=None)
    eq((answer.status, answer.body), (200, (ROOT / "proto/openapi.yaml").read_bytes()), "as YAML")
    eq(s.get("/api/v1/openapi.yaml", auth=None, headers={"If-None-Match": answer.headers["etag"]}).status, 304, "again")


def test_a_repository_is_created_with_all_its_fields():
    s = server()
    answer = s.api("POST", "/repos", {"name": "Full-1.x", "description": "All of it", "visibility": "public",
                                      "default_branch": "trunk", "object_format": "sha256"}, want=201)
    repo = answer.json
    eq(answer.headers["location"], "/api/v1/repos/Full-1.x", "Location")
    for key, value in {"name": "Full-1.x", "description": "All of it", "visibility": "public",
                       "default_branch": "trunk", "object_format": "sha256", "pushed_at": None,
                       "url": f"{s.url}/Full-1.x", "clone_urls": {"http": f"{s.url}/Full-1.x.git"}}.items():
        eq(repo[key], value, key)
    eq(s.api("GET", "/repos/Full-1.x", want=200).json, repo, "what GET says")


def test_repositories_are_sorted_by_name_or_by_their_last_push():
    s = Checked()
    for at, name in enumerate(("b", "a", "d", "c", "e")):
        s.create_repo(name)
        s.sql("UPDATE repo SET pushed = ? WHERE name = ?", (0, 300, 100, 300, 200)[at], name)
    for sort, want in (("", "abcde"), ("&sort=name", "abcde"), ("&sort=pushed", "acedb")):
        seen, path = "", f"/api/v1/repos?limit=1{sort}"
        while path:
            answer = s.get(path)
            seen += "".join(one["name"] for one in answer.items)
            link = re.match(r'<(.*)>; rel="next"$', answer.headers.get("link", ""))
            path = link and link[1].removeprefix(s.url)
        eq(seen, want, f"the order of {sort}")
    problem(s.get("/api/v1/repos?sort=size"), 422, "sort")
    problem(s.get("/api/v1/repos?sort=pushed&cursor=7a"), 422, "cursor")


def test_a_repository_has_defaults():
    repo = server().create_repo("plain")
    eq((repo["visibility"], repo["default_branch"], repo["object_format"], repo["description"]),
       ("private", "main", "sha1", ""), "defaults")


def test_a_name_that_is_taken_is_409():
    s = server()
    s.create_repo("taken")
    problem(s.api("POST", "/repos", {"name": "taken"}), 409)


def test_bad_fields_are_422_and_named():
    s = server()
    for body, field in (({}, "name"), ({"name": 1}, "name"), ({"name": "../x"}, "name"), ({"name": "a b"}, "name"),
                        ({"name": "api"}, "name"), ({"name": "x.git"}, "name"), ({"name": ""}, "name"),
                        ({"name": "x" * 101}, "name"), ({"name": "x", "visibility": "hidden"}, "visibility"),
                        ({"name": "x", "visibility": True}, "visibility"),
                        ({"name": "x", "object_format": "md5"}, "object_format"),
                        ({"name": "x", "default_branch": "a..b"}, "default_branch"),
                        ({"name": "x", "default_branch": ""}, "default_branch"),
                        ({"name": "x", "description": "x" * 501}, "description"),
                        ({"name": "x", "description": "a\0b"}, "description"),
                        ({"name": "x", "private": True}, "private")):
        problem(s.api("POST", "/repos", body), 422, field)
    problem(s.api("GET", "/repos/x"), 404)


def once(s, key, path, body, auth="owner"):
    return s.request("POST", f"/api/v1{path}", jsonlib.dumps(body),
                     {"Content-Type": "application/json", "Idempotency-Key": key}, auth)


def test_what_is_sent_again_with_its_key_is_done_once():
    s = server()
    first = once(s, "key-1", "/tokens", {"name": "once"})
    again = once(s, "key-1", "/tokens", {"name": "once"})
    eq((first.status, again.status), (201, 201), "status")
    eq(again.json, first.json, "the answer, with its secret")
    eq(again.headers["location"], first.headers["location"], "Location")
    eq((first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")), (None, "true"), "what it says")
    eq(sum(one["name"] == "once" for one in s.api("GET", "/tokens?limit=100", want=200).items), 1, "tokens")
    problem(once(s, "key-1", "/tokens", {"name": "another"}), 422, "Idempotency-Key")
    problem(once(s, "key-1", "/repos", {"name": "once"}), 422, "Idempotency-Key")
    eq(once(s, "key-2", "/tokens", {"name": "once"}).json["id"] != first.json["id"], True, "with another key")
    other = once(s, "key-1", "/tokens", {"name": "once"}, auth("reader"))
    eq(other.json["token"] != first.json["token"], True, "of somebody else")
    by_token = once(s, "key-1", "/tokens", {"name": "once"}, first.json["token"])
    eq(by_token.json.get("token") != first.json["token"], True, "by another credential of the same account")
    for bad in ("", "a b", "x" * 256, "\xe9"):
        if bad:
            problem(once(s, bad, "/tokens", {"name": "bad"}), 422, "Idempotency-Key")


def test_what_failed_may_be_tried_again_with_the_same_key():
    s = server()
    problem(once(s, "key-3", "/repos", {"name": "a/b"}), 422, "name")
    problem(once(s, "key-3", "/repos", {"name": "open"}), 409)
    eq(once(s, "key-3", "/repos", {"name": "at-last"}).status, 201, "status")
    eq(once(s, "key-3", "/repos", {"name": "at-last"}).json["name"], "at-last", "again")


def test_of_many_at_once_with_one_key_one_is_done():
    s = server()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: once(s, "key-4", "/tokens", {"name": "race"}), range(8)))
    eq({one.status for one in answers} <= {201, 409}, True, f"status {[one.status for one in answers]}")
    eq(len({one.json["token"] for one in answers if one.status == 201}), 1, "secrets")
    eq(sum(one["name"] == "race" for one in s.api("GET", "/tokens?limit=100", want=200).items), 1, "tokens")


def test_a_change_is_made_only_to_what_was_seen():
    s = server()
    s.create_repo("seen")
    rule = s.api("POST", "/repos/seen/rules", {"pattern": "main"}, want=201).json["id"]
    hook = s.api("POST", "/repos/seen/webhooks", {"url": "https://example.org/", "active": False}, want=201).json["id"]
    s.api("POST", "/collaborators", {"username": "seen", "password": "ninety-lamps-gravel-seen"}, want=201)

    def change(method, path, tag, body=None):
        text = None if body is None else jsonlib.dumps(body)
        return s.request(method, "/api/v1" + path, text, {"Content-Type": "application/json", "If-Match": tag})

    for path, method, bodies in (("/repos/seen", "PATCH", ({"description": "one"}, {"description": "two"})),
                                 (f"/repos/seen/rules/{rule}", "PUT", ({"pattern": "a"}, {"pattern": "b"})),
                                 (f"/repos/seen/webhooks/{hook}", "PATCH", ({"events": ["push"]}, {"new_secret": True})),
                                 (f"/repos/seen/webhooks/{hook}", "DELETE", ()),
                                 ("/collaborators/seen", "PATCH", ({"expires_at": "2090-01-01T00:00:00Z"},
                                                                   {"expires_at": "2091-01-01T00:00:00Z"})),
                                 ("/collaborators/seen", "DELETE", ()),
                                 ("/repos/seen", "DELETE", ())):
        tag = s.api("GET", path, want=200).headers["etag"]
        for wrong in ('"other"', f"W/{tag}", tag.strip('"')):
            has(problem(change(method, path, wrong, bodies[0] if bodies else None), 412)["detail"], "If-Match")
        eq(s.api("GET", path, want=200).headers["etag"], tag, "the tag of what did not change")
        eq(change(method, path, f'"x", {tag}', bodies[0] if bodies else None).status in (200, 204), True, "with its tag")
        if bodies:
            problem(change(method, path, tag, bodies[1]), 412)
            eq(change(method, path, "*", bodies[1]).status in (200, 204), True, "with any")
    problem(change("PATCH", "/repos/seen", "*", {"description": "x"}), 404)
    problem(change("DELETE", "/user/factors/totp", "*"), 412)


def test_an_end_and_a_password_in_one_are_of_what_was_seen():
    s = server()
    s.api("POST", "/collaborators", {"username": "both", "password": "ninety-lamps-gravel-both"}, want=201)
    tag = s.api("GET", "/collaborators/both", want=200).headers["etag"]
    sent = jsonlib.dumps({"expires_at": "2090-01-01T00:00:00Z", "password": "ninety-lamps-gravel-anew"})
    headers = {"Content-Type": "application/json", "If-Match": tag}
    eq(s.request("PATCH", "/api/v1/collaborators/both", sent, headers).status, 204, "both")
    eq(s.api("GET", "/collaborators/both", want=200).json["expires_at"], "2090-01-01T00:00:00Z", "the end")
    eq(s.api("GET", "/user", auth=("both", "ninety-lamps-gravel-anew")).status, 200, "the password")
    problem(s.request("PATCH", "/api/v1/collaborators/both", sent, headers), 412)


def test_a_person_is_another_after_each_change_also_of_what_is_not_told():
    s = server()
    s.api("POST", "/collaborators", {"username": "turned"}, want=201)
    path, tags = "/api/v1/collaborators/turned", []

    def look():
        """The person as they are now, though all that was seen before is named."""
        answer = s.request("GET", path, None, {"If-None-Match": ", ".join(tags)} if tags else {})
        eq(answer.status, 200, "after a change it is told anew")
        eq(answer.headers["etag"] in tags, False, "a tag that comes again")
        tags.append(answer.headers["etag"])
        eq(s.request("GET", path, None, {"If-None-Match": tags[-1]}).status, 304, "unchanged")
        return answer.json

    eq(look()["has_password"], False, "at first")
    s.api("PATCH", "/collaborators/turned", {"password": "ninety-lamps-gravel-turn"}, want=204)
    eq(look()["has_password"], True, "with a password")
    s.api("PATCH", "/collaborators/turned", {"expires_at": "2090-01-01T00:00:00Z"}, want=204)
    eq(look()["expires_at"], "2090-01-01T00:00:00Z", "blocked from then on")
    s.api("PATCH", "/collaborators/turned", {"password": "ninety-lamps-gravel-anew"}, want=204)
    look()
    s.api("DELETE", "/collaborators/turned/sessions", want=204)
    look()
    s.api("DELETE", "/collaborators/turned", want=204)
    s.api("POST", "/collaborators", {"username": "turned", "password": "ninety-lamps-gravel-anew"}, want=201)
    eq(look()["expires_at"], None, "somebody else of that name")


def test_of_two_who_saw_a_person_only_one_changes_the_password():
    s = server()
    s.api("POST", "/collaborators", {"username": "fought", "password": "ninety-lamps-gravel-first"}, want=201)
    tag = s.api("GET", "/collaborators/fought", want=200).headers["etag"]
    answers = [s.request("PATCH", "/api/v1/collaborators/fought", jsonlib.dumps({"password": f"ninety-lamps-gravel-{word}"}),
                         {"Content-Type": "application/json", "If-Match": tag}).status for word in ("mine", "yours")]
    eq(answers, [204, 412], "the second has not seen the first one's password")
    eq(s.api("GET", "/user", auth=("fought", "ninety-lamps-gravel-mine")).status, 200, "the password")


def test_of_many_changes_of_what_was_seen_one_is_made():
    s = server()
    s.create_repo("raced")
    git("push", "-q", s.git_url("raced"), "main", "main:refs/heads/side", cwd=make_repo(commits=8))
    older = [one["id"] for one in s.api("GET", "/repos/raced/commits", want=200).items][1:]
    rule = s.api("POST", "/repos/raced/rules", {"pattern": "x"}, want=201).json["id"]
    hook = s.api("POST", "/repos/raced/webhooks", {"url": "https://example.org/", "active": False}, want=201).json["id"]
    s.api("PUT", "/repos/raced/permissions/other", {"permission": "read"}, want=200)
    s.api("POST", "/collaborators", {"username": "raced", "password": "ninety-lamps-gravel-raced"}, want=201)
    grant = s.api("POST", "/grants", {"username": "raced", "pattern": "raced-*", "permission": "read"}, want=201).json["id"]
    token = s.api("POST", "/tokens", {"name": "raced"}, want=201).json["id"]
    owner = Browser(s, *s.auth)
    sign_in_device(s, owner)
    Browser(s, "raced", "ninety-lamps-gravel-raced")
    invitation = s.api("POST", "/invitations", {"permissions": [{"repository": "raced", "permission": "read"}]}, want=201).json["id"]
    public = run(["openssl", "pkey", "-pubout"], input=run([need("openssl"), "genpkey", "-algorithm", "ed25519"]).raw).out
    key = s.api("POST", "/signing-keys", {"name": "raced", "key": public}, want=201).json["id"]
    device = s.api("GET", "/user/devices", want=200).items[0]["id"]
    session = s.api("GET", "/user/sessions", want=200).items[0]["id"]
    s.create_repo("raced-away")
    s.api("DELETE", "/repos/raced-away", want=204)
    gone = s.api("GET", "/deleted-repos", want=200).items[0]["id"]
    rows = (("/repos/raced", "PATCH", lambda i: {"description": f"by {i}"}),
            (f"/repos/raced/rules/{rule}", "PUT", lambda i: {"pattern": f"by-{i}"}),
            (f"/repos/raced/webhooks/{hook}", "PATCH", lambda i: {"url": f"https://example.org/{i}"}),
            ("/repos/raced/permissions/other", "PUT", lambda i: {"permission": "read", "expires_at": f"{2090 + i}-01-01T00:00:00Z"}),
            ("/repos/raced/refs/heads/side", "PATCH", lambda i: {"to": older[i], "force": True}),
            ("/collaborators/raced", "PATCH", lambda i: {"expires_at": f"{2090 + i}-01-01T00:00:00Z"}),
            ("/collaborators/raced", "PATCH", lambda i: {"password": f"ninety-lamps-gravel-{i}"}),
            (f"/grants/{grant}", "DELETE", lambda i: None),
            (f"/tokens/{token}", "DELETE", lambda i: None),
            (f"/invitations/{invitation}", "DELETE", lambda i: None),
            (f"/signing-keys/{key}", "DELETE", lambda i: None),
            (f"/user/devices/{device}", "DELETE", lambda i: None),
            (f"/user/sessions/{session}", "DELETE", lambda i: None),
            (f"/deleted-repos/{gone}", "DELETE", lambda i: None),
            ("/collaborators/raced", "DELETE", lambda i: None),
            ("/repos/raced", "DELETE", lambda i: None))
    for path, method, body in rows:
        tag = s.api("GET", path, want=200).headers["etag"]

        def change(i):
            sent = None if body(i) is None else jsonlib.dumps(body(i))
            return s.request(method, "/api/v1" + path, sent, {"Content-Type": "application/json", "If-Match": tag})

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = sorted(one.status for one in pool.map(change, range(6)))
        eq((answers[0] in (200, 204), set(answers[1:]) <= {404, 412}), (True, True), f"{method} {path}: {answers}")
        if method != "DELETE":
            eq(set(answers[1:]), {412}, f"{method} {path}: {answers}")


def test_what_is_no_json_object_is_400():
    s = server()
    for body in ("", "{", "[]", "null", '{"name":"a","name":"b"}', '{"name":"\\ud800"}', '{"name":"a"} x', "\xff"):
        answer = s.request("POST", "/api/v1/repos", body.encode("latin-1"), {"Content-Type": "application/json"})
        problem(answer, 400)


def test_a_body_of_another_type_is_415():
    s = server()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        problem(s.request("POST", "/api/v1/repos", b'{"name":"x"}', {"Content-Type": kind}), 415)
    problem(s.request("POST", "/api/v1/repos", b'{"name":"x"}'), 415)
    answer = s.request("POST", "/api/v1/repos", b'{"name":"typed"}', {"Content-Type": "Application/JSON; charset=utf-8"})
    eq(answer.status, 201, "status with a charset")


def test_a_body_over_the_limit_is_413():
    s = server()
    big = b'{"name":"' + b"x" * (2 << 20) + b'"}'
    problem(s.request("POST", "/api/v1/repos", big, {"Content-Type": "application/json"}), 413)


def test_another_method_is_405_with_allow():
    s = server()
    answer = s.api("PUT", "/repos")
    problem(answer, 405)
    eq(answer.headers["allow"], "GET, HEAD, POST", "Allow")
    eq(s.request("OPTIONS", "/api/v1/repos/open").headers["allow"], "GET, HEAD, PATCH, DELETE", "Allow")
    problem(s.api("GET", "/nothing"), 404)
    problem(s.api("GET", ""), 404)


def test_head_is_get_without_a_body():
    s = server()
    get, head = s.get("/api/v1/repos/open"), s.request("HEAD", "/api/v1/repos/open")
    eq(head.status, 200, "status")
    eq(head.body, b"", "body")
    eq(head.headers["content-length"], str(len(get.body)), "length")
    eq(head.headers["etag"], get.headers["etag"], "ETag")


def test_an_etag_saves_the_body():
    s = server()
    s.create_repo("tagged")
    first = s.get("/api/v1/repos/tagged")
    again = s.get("/api/v1/repos/tagged", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    eq((again.status, again.body), (304, b""), "second answer")
    s.api("PATCH", "/repos/tagged", {"description": "changed"}, want=200)
    changed = s.get("/api/v1/repos/tagged", headers={"If-None-Match": first.headers["etag"]})
    eq(changed.status, 200, "after a change")
    eq(s.get("/api/v1/repos/tagged", auth=None, headers={"If-None-Match": first.headers["etag"]}).status, 401,
       "for somebody else")


def test_a_repository_is_changed_field_by_field():
    s = server()
    s.create_repo("before")
    for body in ({"description": "D"}, {"visibility": "public"}, {"default_branch": "dev"}, {"name": "after"}, {}):
        repo = s.api("PATCH", "/repos/before" if s.api("GET", "/repos/before").status == 200 else "/repos/after",
                     body, want=200).json
    eq((repo["name"], repo["description"], repo["visibility"], repo["default_branch"]),
       ("after", "D", "public", "dev"), "the repository")
    problem(s.api("GET", "/repos/before"), 404)
    problem(s.api("PATCH", "/repos/after", {"name": "open"}), 409)
    problem(s.api("PATCH", "/repos/after", {"object_format": "sha256"}), 422, "object_format")
    problem(s.api("PATCH", "/repos/after", {"visibility": "x"}), 422, "visibility")
    problem(s.api("PATCH", "/repos/after", {"name": "x/y"}), 422, "name")


def test_a_deleted_repository_is_gone_and_its_name_free():
    s = server()
    s.create_repo("brief")
    eq(s.api("DELETE", "/repos/brief").status, 204, "status")
    problem(s.api("GET", "/repos/brief"), 404)
    problem(s.api("DELETE", "/repos/brief"), 404)
    s.create_repo("brief")


def test_a_deleted_repository_is_listed_restored_and_purged():
    s = Nimbus()
    ids = [s.create_repo(f"r{i}", description="D")["id"] for i in range(3)]
    for i in (1, 0, 2):
        eq(s.api("DELETE", f"/repos/r{i}").status, 204, "status")
        s.sql("UPDATE repo SET deleted = ? WHERE id = ?", int(time.time()) - 1000 + 10 * i, ids[i])
    seen, path = [], "/api/v1/deleted-repos?limit=2"
    while path:
        answer = s.get(path)
        seen += answer.items
        link = re.match(r'<(.*)>; rel="next"$', answer.headers.get("link", ""))
        path = link and link[1].removeprefix(s.url)
    eq([one["name"] for one in seen], ["r2", "r1", "r0"], "what is deleted")
    eq(sorted(seen[0]), ["created_at", "deleted_at", "description", "id", "kept_until", "name", "object_format",
                         "pushed_at", "visibility"], "fields")
    one = s.api("GET", f"/deleted-repos/{ids[1]}", want=200)
    again = s.request("GET", f"/api/v1/deleted-repos/{ids[1]}", None, {"If-None-Match": one.headers["etag"]})
    eq((one.json, again.status), (seen[1], 304), "one of them")
    s.create_repo("R1")
    problem(s.api("GET", f"/deleted-repos/{s.api('GET', '/repos/R1', want=200).json['id']}"), 404)
    has(problem(s.api("POST", f"/deleted-repos/{ids[1]}/restore", {}), 409)["detail"], "under another name")
    problem(s.api("POST", f"/deleted-repos/{ids[1]}/restore", {"name": "a/b"}), 422, "name")
    problem(s.api("POST", f"/deleted-repos/{ids[1]}/restore", {"as": "x"}), 422, "as")
    back = s.api("POST", f"/deleted-repos/{ids[1]}/restore", {"name": "back"}, want=200)
    eq((back.json["name"], back.json["description"], back.json["id"]), ("back", "D", ids[1]), "the repository")
    eq(back.headers["location"], "/api/v1/repos/back", "Location")
    s.api("GET", "/repos/back", want=200)
    eq(s.api("DELETE", f"/deleted-repos/{ids[2]}").status, 204, "status")
    problem(s.api("DELETE", f"/deleted-repos/{ids[2]}"), 404)
    for id in (ids[1], ids[2], "x", "-1", 1 << 63):
        problem(s.api("POST", f"/deleted-repos/{id}/restore", {}), 404)
        problem(s.api("GET", f"/deleted-repos/{id}"), 404)
    for bad in ("cursor=zz", "cursor=3132"):
        problem(s.get(f"/api/v1/deleted-repos?{bad}"), 422, "cursor")


def push_changes(s, name):
    """Four changes: main, main and tags, a forced main, a deleted tag; the two tips of main."""
    source = make_repo(commits=4)
    s.create_repo(name, visibility="public")
    url = s.git_url(name)
    first = git("rev-parse", "main~1", cwd=source).out.strip()
    git("push", "-q", url, f"{first}:refs/heads/main", cwd=source)
    git("push", "-q", url, "main", "--tags", cwd=source)
    git("push", "-q", "-f", url, f"{first}:main", cwd=source)
    git("push", "-q", url, "--delete", "v1", cwd=source)
    return first, git("rev-parse", "main", cwd=source).out.strip()


def test_the_history_of_refs_comes_in_pages():
    s = server()
    first, second = push_changes(s, "moving")
    whole = s.api("GET", "/repos/moving/history?limit=100", auth=None, want=200).items
    eq([(one["ref"], one["forced"]) for one in whole],
       [("refs/tags/v1", False), ("refs/heads/main", True), ("refs/tags/v2", False), ("refs/tags/v1", False),
        ("refs/heads/main", False), ("refs/heads/main", False)], "changes")
    eq((whole[1]["old"], whole[1]["new"], whole[1]["username"]), (second, first, "owner"), "the forced one")
    eq((whole[0]["new"], whole[-1]["old"]), (None, None), "the deleted and the created one")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", whole[0]["time"]) or not whole[0]["request"]:
        fail(whole[0])
    for limit in (1, 2, 4):
        for query, want in (("", whole), ("ref=main&", [one for one in whole if one["ref"] == "refs/heads/main"])):
            seen, path = [], f"/api/v1/repos/moving/history?{query}limit={limit}"
            while path:
                answer = s.get(path)
                eq(answer.status, 200, path)
                seen += answer.items
                link = re.match(r'<(.*)>; rel="next"$', answer.headers.get("link", ""))
                path = link and link[1].removeprefix(s.url)
            eq(seen, want, f"{query} in pages of {limit}")
    eq(s.api("GET", "/repos/moving/history?ref=never").items, [], "of what never was")
    problem(s.api("GET", "/repos/moving/history?ref=a..b"), 422, "ref")
    problem(s.api("GET", "/repos/moving/history?ref=refs/nimbus/x"), 422, "ref")
    for bad in ("zz", "3132", "302037", "31207a7a"):
        problem(s.api("GET", f"/repos/moving/history?cursor={bad}"), 422, "cursor")


def test_a_ref_is_set_back_and_what_makes_no_sense_is_said():
    s = server()
    first, second = push_changes(s, "backward")
    forced = s.api("GET", "/repos/backward/history?ref=main").items[0]["version"]
    path = "/repos/backward/restore-ref"
    for body, field in (({}, "ref"), ({"ref": "main"}, "undo"), ({"ref": "main", "undo": 1, "time": "5"}, "undo"),
                        ({"ref": "a..b", "undo": 1}, "ref"), ({"ref": "main", "undo": "1"}, "undo"),
                        ({"ref": "main", "version": -1}, "version"), ({"ref": "main", "time": "yesterday"}, "time"),
                        ({"ref": "main", "time": "2999-01-01T00:00:00Z"}, "time"), ({"ref": "main", "id": "xyz"}, "id"),
                        ({"ref": "main", "undo": 1, "expected": "12"}, "expected"), ({"ref": "main", "to": 1}, "to")):
        problem(s.api("POST", path, body), 422, field)
    problem(s.api("POST", path, {"ref": "main", "undo": forced, "expected": second}), 409)
    done = s.api("POST", path, {"ref": "main", "undo": forced, "expected": first}, want=200).json
    eq((done["ref"], done["old"], done["new"], done["changed"]), ("refs/heads/main", first, second, True), "what is done")
    eq(refs(s.git_url("backward"))["refs/heads/main"], second, "main")
    eq(s.api("POST", path, {"ref": "main", "id": second[:7]}, want=200).json["changed"], False, "once more")
    has(problem(s.api("POST", path, {"ref": "main", "time": "1970-01-01T00:00:10Z"}), 404)["detail"],
        "there was no refs/heads/main at 1970-01-01T00:00:10Z")


def test_lists_come_in_pages():
    s = Nimbus()
    names = sorted(f"r{i:02}" for i in range(7))
    for name in names:
        s.create_repo(name)
    seen, path, pages = [], "/api/v1/repos?limit=3", 0
    while path:
        answer = s.get(path)
        eq(answer.status, 200, "status")
        seen += [repo["name"] for repo in answer.items]
        pages += 1
        link = re.match(r'<(.*)>; rel="next"$', answer.headers.get("link", ""))
        path = link and link[1].removeprefix(s.url)
    eq((seen, pages), (names, 3), "names and pages")
    for bad in ("limit=0", "limit=x", "cursor=zz", "cursor=abc"):
        problem(s.get(f"/api/v1/repos?{bad}"), 422, bad.split("=")[0])
    eq([r["name"] for r in s.get("/api/v1/repos?q=r03").items], ["r03"], "search")


def test_collaborators_come_and_go():
    s = server()
    answer = s.api("POST", "/collaborators", {"username": "grace", "password": "hopper-of-coal-and-brine"}, want=201)
    eq(answer.headers["location"], "/api/v1/collaborators/grace", "Location")
    eq(answer.json["has_password"], True, "has_password")
    has_not(answer.text, "hopper", "the answer")
    problem(s.api("POST", "/collaborators", {"username": "grace"}), 409)
    has([p["username"] for p in s.api("GET", "/collaborators", want=200).items], "grace", "the list")
    has_not([p["username"] for p in s.api("GET", "/collaborators").items], "owner", "the list")
    eq(s.api("GET", "/user", auth=("grace", "hopper-of-coal-and-brine"), want=200).json["username"], "grace", "who")
    eq(s.api("DELETE", "/collaborators/grace").status, 204, "status")
    problem(s.api("DELETE", "/collaborators/grace"), 404)
    problem(s.api("GET", "/user", auth=("grace", "hopper-of-coal-and-brine")), 401)
    for how in (lambda: s.api("DELETE", "/collaborators", {"username": "again"}),
                lambda: s.api("DELETE", "/collaborators?username=again")):
        s.api("POST", "/collaborators", {"username": "again", "password": "gravel-otter-ninety-lamp"}, want=201)
        eq(how().status, 204, "status")
    for body, field in (({"username": "Upper"}, "username"), ({"username": ""}, "username"), ({}, "username"),
                        ({"username": "ok", "password": "short"}, "password"), ({"username": "ok", "email": "x"}, "email")):
        problem(s.api("POST", "/collaborators", body), 422, field)
    if s.api("DELETE", "/collaborators/owner").status < 400:
        fail("the owner was removed")


def test_who_has_no_password_gets_a_link_that_works_once():
    s = server()
    answer = s.api("POST", "/collaborators", {"username": "linked"}, want=201).json
    eq(answer["has_password"], False, "has_password")
    path = answer["sign_in_url"].removeprefix(s.url)
    first = s.get(path, auth=None)
    eq(first.status, 303, "status")
    has(first.headers["set-cookie"], "HttpOnly; SameSite=Lax", "cookie")
    cookie = first.headers["set-cookie"].split(";")[0]
    eq(s.get("/api/v1/user", auth=None, headers={"Cookie": cookie}).json["username"], "linked", "who")
    if "set-cookie" in s.get(path, auth=None).headers:
        fail("the link worked twice")


def test_a_new_password_replaces_the_old_one():
    s = server()
    s.api("POST", "/collaborators", {"username": "mind", "password": "gravel-otter-ninety-lamp"}, want=201)
    eq(s.api("PATCH", "/collaborators/mind", {"password": "orbit-candle-fifteen-moss"}, ("mind", "gravel-otter-ninety-lamp")).status, 204, "status")
    problem(s.api("GET", "/user", auth=("mind", "gravel-otter-ninety-lamp")), 401)
    s.api("GET", "/user", auth=("mind", "orbit-candle-fifteen-moss"), want=200)
    problem(s.api("PATCH", "/collaborators/mind", {"password": "x"}, ("mind", "orbit-candle-fifteen-moss")), 422, "password")
    answer = s.api("PATCH", "/collaborators/mind", {"password": "hostile-change-of-lamps"}, auth("other"))
    if answer.status not in (403, 404):
        fail(f"another may change it: {answer}")


def test_permissions_are_set_listed_and_taken():
    s = server()
    s.create_repo("shared")
    for level in ("read", "write", "admin"):
        answer = s.api("PUT", "/repos/shared/permissions/other", {"permission": level}, want=200)
        eq(answer.json, {"username": "other", "permission": level, "expires_at": None}, "answer")
        eq(s.api("GET", "/repos/shared", auth=auth("other"), want=200).json["permission"], level, "level")
    eq(s.api("GET", "/repos/shared/permissions", want=200).items, [{"username": "other", "permission": "admin", "expires_at": None}],
       "list")
    eq(s.api("DELETE", "/repos/shared/permissions/other").status, 204, "status")
    problem(s.api("DELETE", "/repos/shared/permissions/other"), 404)
    problem(s.api("GET", "/repos/shared", auth=auth("other")), 404)
    problem(s.api("PUT", "/repos/shared/permissions/nobody", {"permission": "read"}), 404)
    problem(s.api("PUT", "/repos/shared/permissions/other", {"permission": "none"}), 422, "permission")
    problem(s.api("PUT", "/repos/shared/permissions/other", {}), 422, "permission")


def test_a_token_shows_its_secret_once_and_works_everywhere():
    s = server()
    made = s.api("POST", "/tokens", {"name": "ci", "permission": "read", "expires_in": 3600}, want=201)
    token = made.json
    eq(made.headers["location"], f"/api/v1/tokens/{token['id']}", "Location")
    eq((token["name"], token["permission"]), ("ci", "read"), "token")
    listed = [t for t in s.api("GET", "/tokens", want=200).items if t["id"] == token["id"]]
    eq(len(listed), 1, "times in the list")
    has_not(listed[0], "token", "the list")
    has_not(str(s.sql("SELECT * FROM token")), token["token"], "the database")
    lone = token["token"]
    for how in (lone, ("owner", lone), (lone, ""), (lone, "x-oauth-basic")):
        me = s.api("GET", "/user", auth=how, want=200).json
        eq((me["username"], me["by"], me["limit"]), ("owner", "token", "read"), "who")
        s.api("GET", "/repos/secret", auth=how, want=200)
        problem(s.api("POST", "/repos", {"name": "nope"}, how), 403)
        problem(s.api("PATCH", "/repos/secret", {"description": "x"}, how), 403)
    eq(s.api("DELETE", f"/tokens/{token['id']}").status, 204, "status")
    problem(s.api("GET", "/user", auth=token["token"]), 401)
    problem(s.api("DELETE", f"/tokens/{token['id']}"), 404)


def test_a_token_without_a_limit_may_do_what_its_owner_may():
    s = server()
    token = s.api("POST", "/tokens", {"name": "all of it"}, want=201).json
    eq(token["permission"], "admin", "permission")
    s.api("POST", "/repos", {"name": "by-token"}, token["token"], want=201)
    eq(s.api("DELETE", "/repos/by-token", auth=token["token"]).status, 204, "status")


def test_tokens_are_ones_own():
    s = server()
    mine = s.api("POST", "/tokens", {"name": "mine"}, want=201).json
    problem(s.api("DELETE", f"/tokens/{mine['id']}", auth=auth("writer")), 404)
    eq(s.api("GET", "/tokens", auth=auth("writer"), want=200).items, [], "another's list")
    problem(s.api("DELETE", "/tokens/abc"), 404)
    eq(s.api("DELETE", "/tokens", {"id": mine["id"]}).status, 204, "by body")
    for body, field in (({}, "name"), ({"name": ""}, "name"), ({"name": "x", "permission": "root"}, "permission"),
                        ({"name": "x", "expires_in": -1}, "expires_in"), ({"name": "x", "expires_in": 1.5}, "expires_in")):
        problem(s.api("POST", "/tokens", body), 422, field)


def test_an_expired_token_is_nobody():
    s = server()
    token = s.api("POST", "/tokens", {"name": "short", "expires_in": 1}, want=201).json["token"]
    wait_until(lambda: s.api("GET", "/user", auth=token).status == 401, what="the end of the token")


def test_the_instance_says_what_it_is():
    for who in ("owner", "anonymous"):
        it = server().api("GET", "/instance", auth=auth(who), want=200).json
        eq((it["name"], it["owner"], it["object_formats"]), ("Nimbus Git", "owner", ["sha1", "sha256"]), "instance")
        has(it["capabilities"], "sha256", "capabilities")


def test_wrong_credentials_are_401_even_where_none_are_needed():
    s = server()
    for bad in (("owner", "wrong"), ("nobody", "wrong"), "nbs_wrong", ("reader", "")):
        answer = s.api("GET", "/repos/open", auth=bad)
        problem(answer, 401)
        has(answer.headers["www-authenticate"], "Basic realm=", "challenge")
    for header in ("Basic !!!", "Basic " + "YQ==", "Digest x", "Basic", "Bearer"):
        problem(s.request("GET", "/api/v1/repos/open", headers={"Authorization": header}, auth=None), 401)


def test_too_many_wrong_passwords_are_429():
    s = Nimbus()
    codes = [s.api("GET", "/user", auth=("owner", "wrong")).status for _ in range(40)]
    eq(codes[0], 401, "the first")
    eq(codes[-1], 429, "the last")
    has(s.api("GET", "/user", auth=("owner", "wrong")).headers, "retry-after", "headers")


# What each may do. A status each for owner, admin, writer, reader, other, anonymous.
WHO = ("owner", "admin1", "writer", "reader", "other", "anonymous")
MATRIX = {
    "secret": [
        ("GET", "", None, (200, 200, 200, 200, 404, 401)),
        ("PATCH", "", {"description": "x"}, (200, 200, 403, 403, 404, 401)),
        ("GET", "/permissions", None, (200, 200, 403, 403, 404, 401)),
        ("PUT", "/permissions/other2", {"permission": "read"}, (200, 200, 403, 403, 404, 401)),
        ("DELETE", "/permissions/other2", None, (204, 404, 403, 403, 404, 401)),
        ("GET", "/history", None, (200, 200, 200, 200, 404, 401)),
        ("POST", "/restore-ref", {"ref": "main", "undo": 5}, (404, 404, 403, 403, 404, 401)),
        ("DELETE", "", None, (None, 403, 403, 403, 404, 401)),
    ],
    "open": [
        ("GET", "", None, (200, 200, 200, 200, 200, 200)),
        ("PATCH", "", {"description": "x"}, (200, 200, 403, 403, 403, 401)),
        ("GET", "/permissions", None, (200, 200, 403, 403, 403, 401)),
        ("PUT", "/permissions/other2", {"permission": "read"}, (200, 200, 403, 403, 403, 401)),
        ("DELETE", "/permissions/other2", None, (204, 404, 403, 403, 403, 401)),
        ("GET", "/history", None, (200, 200, 200, 200, 200, 200)),
        ("POST", "/restore-ref", {"ref": "main", "undo": 5}, (404, 404, 403, 403, 403, 401)),
        ("DELETE", "", None, (None, 403, 403, 403, 403, 401)),
    ],
}
FOR_THE_OWNER = [
    ("POST", "/repos", {"name": "by-whom"}), ("GET", "/collaborators", None),
    ("POST", "/collaborators", {"username": "by-whom", "password": "gravel-otter-ninety-lamp"}),
    ("GET", "/deleted-repos", None), ("POST", "/deleted-repos/1/restore", {}), ("DELETE", "/deleted-repos/1", None),
    ("DELETE", "/collaborators/reader", None), ("DELETE", "/collaborators", {"username": "reader"}),
]


def test_everybody_may_do_what_the_matrix_says():
    s = server()
    s.api("POST", "/collaborators", {"username": "other2", "password": "gravel-otter-ninety-lamp"}, want=201)
    wrong = []
    for repo, rows in MATRIX.items():
        for method, path, body, statuses in rows:
            for who, want in zip(WHO, statuses):
                if want is not None:
                    got = s.api(method, f"/repos/{repo}{path}", body, auth(who)).status
                    if got != want:
                        wrong.append(f"{who}: {method} {repo}{path}: {got} instead of {want}")
    eq(wrong, [], "what is wrong")


def test_what_is_the_owners_alone_is_403_for_others():
    s = server()
    for method, path, body in FOR_THE_OWNER:
        for who in WHO[1:]:
            got = s.api(method, path, body, auth(who))
            problem(got, 401 if who == "anonymous" else 403)


def test_what_one_may_not_read_answers_as_what_does_not_exist():
    s = server()
    for who in ("other", "anonymous"):
        for method, path, body in [("GET", "", None), ("PATCH", "", {"description": "x"}), ("PATCH", "", {"bad": 1}),
                                   ("DELETE", "", None), ("GET", "/permissions", None),
                                   ("GET", "/history", None), ("GET", "/history?limit=x&ref=..", None),
                                   ("POST", "/restore-ref", {"ref": "main", "undo": 5}), ("POST", "/restore-ref", {"x": 1}),
                                   ("PUT", "/permissions/reader", {"permission": "read"}),
                                   ("PUT", "/permissions/reader", {"permission": "bad"}),
                                   ("PUT", "/permissions/nobody", {"permission": "read"}),
                                   ("DELETE", "/permissions/reader", None)]:
            hidden = s.api(method, f"/repos/secret{path}", body, auth(who))
            absent = s.api(method, f"/repos/absent{path}", body, auth(who))
            eq(hidden.status, absent.status, f"{who} {method} {path}")
            eq(hidden.text.replace("secret", "absent"), absent.text, f"{who} {method} {path}")
            drop = ("date", "x-request-id")
            eq({k: v for k, v in hidden.headers.items() if k not in drop},
               {k: v for k, v in absent.headers.items() if k not in drop}, f"headers of {who} {method} {path}")
    for who in ("other", "anonymous"):
        has_not([r["name"] for r in s.api("GET", "/repos", auth=auth(who), want=200).items], "secret", f"{who}'s list")


PATHS = ("", "/commits", "/refs", "/tree/main", "/blob/main/README.md", "/raw/main/README.md", "/settings", ".git",
         ".git/info/refs?service=git-upload-pack", ".git/info/refs?service=git-receive-pack", "/info/refs",
         "/commit/" + "0" * 40)


def test_pages_and_git_hide_as_the_api_does():
    s = server()
    for who in ("other", "anonymous"):
        for path in PATHS:
            for accept in ("text/html", "*/*"):
                hidden, absent = (s.request("GET", f"/{name}{path}", headers={"Accept": accept}, auth=auth(who))
                                  for name in ("secret", "absent"))
                eq(hidden.status, absent.status, f"{who}: {path}")
                eq(hidden.text.replace("secret", "absent"), absent.text, f"{who}: {path}")
                eq((hidden.headers.get("location") or "").replace("secret", "absent"),
                   absent.headers.get("location") or "", f"where {who} is sent from {path}")


def test_git_may_what_the_permission_says():
    s = server()
    for repo in ("git-private", "git-public"):
        s.create_repo(repo, visibility=repo.split("-")[1])
        for who, level in PEOPLE.items():
            if level:
                s.api("PUT", f"/repos/{repo}/permissions/{who}", {"permission": level}, want=200)
    work, wrong = make_repo(commits=2), []
    for repo, readers in (("git-private", WHO[:4]), ("git-public", WHO)):
        for who in WHO:
            url = s.git_url(repo, auth=s.auth if who == "owner" else auth(who))
            pushed = git("push", "-q", url, f"main:refs/heads/of-{who}", cwd=work, check=False).code == 0
            read = git("ls-remote", url, check=False).code == 0
            for verb, may, did in (("push", who in WHO[:3], pushed), ("read", who in readers, read)):
                if may != did:
                    wrong.append(f"{who} {'may' if may else 'may not'} {verb} {repo}")
    eq(wrong, [], "what is wrong")


def test_only_the_owner_creates_by_pushing():
    s = server()
    work = make_repo(commits=1)
    for who in WHO[1:]:
        result = git("push", "-q", s.git_url(f"new-by-{who}", auth=auth(who)), "main", cwd=work, check=False)
        if result.code == 0:
            fail(f"{who} created a repository")
        eq(s.api("GET", f"/repos/new-by-{who}").status, 404, f"new-by-{who}")
    git("push", "-q", s.git_url("new-by-owner"), "main", cwd=work)
    eq(s.api("GET", "/repos/new-by-owner", want=200).json["visibility"], "private", "visibility")


def cookie_of(s, name, password):
    answer = s.request("POST", "/sign-in", f"username={name}&password={password}".encode(),
                       {"Content-Type": "application/x-www-form-urlencoded"}, auth=None)
    eq(answer.status, 303, f"sign-in: {answer}")
    return {"Cookie": answer.headers["set-cookie"].split(";")[0]}


def test_a_session_ends_with_the_password_and_with_the_person():
    s = server()
    s.api("POST", "/collaborators", {"username": "brief", "password": "gravel-otter-ninety-lamp"}, want=201)
    for end in (lambda: s.api("PATCH", "/collaborators/brief", {"password": "orbit-candle-fifteen-moss"}),
                lambda: s.api("DELETE", "/collaborators/brief")):
        cookie = cookie_of(s, "brief", "gravel-otter-ninety-lamp")
        eq(s.get("/api/v1/user", auth=None, headers=cookie).status, 200, "before")
        eq(end().status, 204, "status")
        eq(s.get("/api/v1/user", auth=None, headers=cookie).status, 401, "after")
        s.api("PATCH", "/collaborators/brief", {"password": "gravel-otter-ninety-lamp"})


def sign_in(s):
    answer = s.request("POST", "/sign-in", f"username=owner&password={PASSWORD}".encode(),
                       {"Content-Type": "application/x-www-form-urlencoded"}, auth=None)
    eq(answer.status, 303, f"sign-in: {answer}")
    return answer.headers["set-cookie"].split(";")[0]


def test_a_cookie_alone_changes_nothing():
    s = server()
    cookie = sign_in(s)
    headers = {"Cookie": cookie, "Content-Type": "application/json"}
    eq(s.get("/api/v1/user", auth=None, headers={"Cookie": cookie}).json["by"], "session", "by")
    problem(s.request("POST", "/api/v1/repos", b'{"name":"forged"}', headers, auth=None), 403)
    form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    eq(s.request("POST", "/new", b"name=forged", form, auth=None).status, 403, "a form without a token")
    eq(s.request("POST", "/new", b"name=forged&csrf=x", form, auth=None).status, 403, "a form with a wrong one")
    problem(s.api("GET", "/repos/forged"), 404)


def test_another_sites_page_can_send_nothing():
    s = server()
    for more in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                 {"Origin": "null"}):
        problem(s.request("POST", "/api/v1/repos", b'{"name":"forged"}', {"Content-Type": "application/json", **more}), 403)
    answer = s.request("POST", "/api/v1/repos", b'{"name":"at-home"}',
                       {"Content-Type": "application/json", "Origin": s.url, "Sec-Fetch-Site": "same-origin"})
    eq(answer.status, 201, "from our own page")


def test_an_ended_session_is_nobody():
    s = server()
    answer = s.get("/api/v1/repos/open", auth=None, headers={"Cookie": "nimbus=" + "A" * 65})
    eq(answer.status, 200, "a public repository")
    problem(s.get("/api/v1/user", auth=None, headers={"Cookie": "a=b; nimbus=x"}), 401)


def test_health_and_robots_need_nobody():
    s = server()
    for path in ("/healthz", "/readyz", "/robots.txt"):
        answer = s.get(path, auth=("owner", "wrong"))
        eq(answer.status, 200, path)
        has(answer.headers["content-type"], "text/plain", path)


def test_the_icon_is_where_browsers_look_for_it():
    answer = server().get("/favicon.ico", auth=None)
    eq(answer.status, 303, "status")
    icon = server().get(answer.headers["location"], auth=None)
    eq((icon.status, icon.headers["content-type"]), (200, "image/svg+xml"), "the icon")


def test_every_answer_has_the_standing_headers():
    s = server()
    for path in ("/", "/api/v1/repos", "/api/v1/nothing", "/nothing/at/all", "/sign-in"):
        answer = s.get(path)
        eq(answer.headers["x-content-type-options"], "nosniff", path)
        has(answer.headers["content-security-policy"], "default-src 'none'", path)
        has(answer.headers["content-security-policy"], "frame-ancestors 'none'", path)
        eq(len(answer.headers["x-request-id"]), 32, path)


def test_the_public_address_can_be_told():
    s = Nimbus(env={"NIMBUS_URL": "https://git.example.org"})
    eq(s.create_repo("far")["clone_urls"], {"http": "https://git.example.org/far.git"}, "clone URLs")
    answer = s.request("POST", "/sign-in", f"username=owner&password={PASSWORD}".encode(),
                       {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://git.example.org"}, auth=None)
    has(answer.headers["set-cookie"], "; Secure", "cookie")
    has(answer.headers, "strict-transport-security", "headers")


def test_a_trusted_proxy_tells_the_scheme():
    s = Nimbus(env={"NIMBUS_TRUSTED_PROXIES": "127.0.0.0/8"})
    s.create_repo("near")
    proxied = s.get("/api/v1/repos/near", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9",
                                                   "Host": "git.example.org"})
    eq(proxied.json["url"], "https://git.example.org/near", "url")
    peer = wait_until(lambda: [l["peer"] for l in s.log_lines() if l.get("path") == "/api/v1/repos/near"], what="the line")
    eq(peer, ["203.0.113.9"], "the peer in the log")
    plain = Nimbus()
    plain.create_repo("near")
    eq(plain.get("/api/v1/repos/near", headers={"X-Forwarded-Proto": "https"}).json["url"], f"{plain.url}/near", "url")


def test_a_clone_url_in_a_browser_shows_the_page():
    s = server()
    for name in ("open", "absent"):
        answer = s.get(f"/{name}.git", auth=None)
        eq((answer.status, answer.headers["location"]), (303, f"/{name}"), "answer")


def test_a_slash_too_many_is_taken_away():
    s = server()
    answer = s.get("/open/?x=1", auth=None)
    eq((answer.status, answer.headers["location"]), (303, "/open?x=1"), "answer")
    eq(s.get("//evil.example/", auth=None).status, 404, "two slashes")
    eq(s.request("POST", "/new/", b"name=x", {"Content-Type": "application/x-www-form-urlencoded"}).status, 404, "POST")


def test_each_request_is_one_line_of_the_log():
    s = Nimbus()
    s.create_repo("logged")
    s.api("GET", "/repos/logged", want=200)
    id = s.get("/api/v1/repos/nothing").headers["x-request-id"]
    line = wait_until(lambda: next((l for l in s.log_lines() if l.get("request") == id), None), what="the line")
    for key, value in {"method": "GET", "path": "/api/v1/repos/nothing", "status": 404, "user": "owner",
                       "repo": "nothing", "peer": "127.0.0.1", "error": "NOT_FOUND"}.items():
        eq(line.get(key), value, key)
    for key in ("micros", "in", "out", "time", "level"):
        has(line, key, "the line")
    has([l["message"] for l in s.log_lines()], "listening", "the log")


main()
