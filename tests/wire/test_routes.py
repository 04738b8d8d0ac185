"""
Every route of src/web/routes.def that is about a repository: who may, by tests/permission_table.def; and to who may not see
it, what is private, deleted or absent is the same. A route that this file does not know fails it.
"""

import itertools
import re
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from permission_table import *

STATES = ["public", "private", "deleted", "absent"]
HIDDEN_FROM = ["anonymous", "none", "lapsed", "elsewhere"]
# What a request may be answered with that was let do what it asked, even where there is nothing to do.
LET = {200, 201, 202, 204, 304, 400, 409, 412, 415, 422}

READ, PUSH, CHANGE = ("repository.read", "-"), ("repository.push", "-"), ("repository.change", "-")
DELETE, GRANT = ("repository.delete", "-"), ("permission.change", "-")
ACCOUNT, INSTANCE = ("account.change", None), ("instance.admin", None)
MAKE, MOVE, REMOVE = (("ref." + act, "free") for act in ["create", "update", "delete"])
BRANCH = {"ref": "refs/heads/route", "to": "main"}

# For each handler: the rows of the table that must all allow it; what is in the path; the body, of JSON or a form.
# {n} is another number each time, {main}, {rule} and {webhook} are of the repository.
ROUTES = {
    "api_repo_get": (READ,),
    "api_repo_change": (CHANGE, {}, {"description": "by a route"}),
    "api_repo_delete": (DELETE,),
    "api_history": (READ,),
    "api_ref_restore": (CHANGE, {}, {"ref": "main", "undo": 99999999}),
    "api_contents": (READ, {"path": "file"}),
    "api_blame": (READ, {"path": "file"}),
    "api_commits_list": (READ,),
    "api_commit_create": (PUSH, {}, {"message": "by a route", "new_branch": "by-route-{n}",
                                     "changes": [{"action": "put", "path": "file", "content": "by a route"}]}),
    "api_commit": (READ, {"id": "{main}"}),
    "api_commit_diff": (READ, {"id": "{main}"}),
    "api_compare": (READ, {"range": "release...main"}),
    "api_branches_list": (READ,),
    "api_tags_list": (READ,),
    "api_refs_list": (READ,),
    "api_refs_create": (MAKE, {}, {"ref": "refs/heads/made-{n}", "to": "main"}),
    "api_ref_get": (READ, {"ref": "heads/main"}),
    "api_ref_move": (MOVE, {"ref": "heads/main"}, {"to": "main"}),
    "api_ref_delete": (REMOVE, {"ref": "heads/route"}),
    "api_releases_list": (READ,),
    "api_release": (READ, {"tag": "release"}),
    "api_languages": (READ,),
    "api_paths": (READ,),
    "api_search": (READ, {"": "?q=aside"}),
    "api_permissions_list": (GRANT,),
    "api_permission_get": (GRANT, {"username": "other"}),
    "api_permission_set": (GRANT, {"username": "other"}, {"permission": "read"}),
    "api_permission_remove": (GRANT, {"username": "other"}),
    "api_rules_list": (CHANGE,),
    "api_rules_create": (CHANGE, {}, {"pattern": "made-{n}-*"}),
    "api_rule_get": (CHANGE, {"id": "{rule}"}),
    "api_rule_set": (CHANGE, {"id": "{rule}"}, {"pattern": "route-*"}),
    "api_rule_remove": (CHANGE, {"id": "{rule}"}),
    "api_webhooks_list": (CHANGE,),
    "api_webhooks_create": (CHANGE, {}, {"url": "https://example.org/made", "active": False}),
    "api_webhook_get": (CHANGE, {"id": "{webhook}"}),
    "api_webhook_change": (CHANGE, {"id": "{webhook}"}, {"events": ["push"]}),
    "api_webhook_remove": (CHANGE, {"id": "{webhook}"}),
    "api_webhook_ping": (CHANGE, {"id": "{webhook}"}),
    "api_deliveries_list": (CHANGE, {"id": "{webhook}"}),
    "api_redeliver": (CHANGE, {"id": "{webhook}", "sequence": "1"}),
    "api_admin_compact": (INSTANCE,),
    "page_repo": (READ,),
    "page_tree": (READ, {"path": "main"}),
    "page_blob": (READ, {"path": "main/file"}),
    "page_raw": (READ, {"path": "main/file"}),
    "page_commits": (READ, {"path": "main"}),
    "page_commit": (READ, {"id": "{main}"}),
    "page_paths": (READ, {"id": "{main}"}),
    "page_offline": (READ, {"id": "{main}.pack"}),
    "page_blame": (READ, {"path": "main/file"}),
    "page_compare": (READ, {"path": "release...main"}),
    "page_archive": (READ, {"path": "main.tar.gz"}),
    "page_refs": (READ,),
    "page_clone": (READ,),
    "page_clone_token": ((READ, ACCOUNT), {}, {"permission": "read"}),
    "page_edit": (PUSH, {"path": "main/file"}),
    "page_edit_new": (PUSH, {"path": "main"}),
    "page_edit_post": (PUSH, {"path": "main/file"}, {"path": "file", "text": "by a route"}),
    "page_upload": (PUSH, {"path": "main"}),
    "page_upload_post": (PUSH, {"path": "main"}, {"message": "by a route"}),
    "page_remove": (PUSH, {"path": "main/file"}),
    "page_remove_post": (PUSH, {"path": "main/file"}, {"message": "by a route"}),
    "page_search": (READ, {"path": "main?q=aside"}),
    "page_history": (READ,),
    "page_history_restore": (CHANGE, {}, {"ref": "refs/heads/main", "undo": "99999999"}),
    "page_ref_delete": (READ, {"": "?ref=refs/heads/main"}),
    "page_ref_delete_post": (REMOVE, {}, {"ref": "refs/heads/route"}),
    "page_releases": (READ,),
    "page_release": (READ, {"path": "release"}),
    "page_activity": (READ,),
    "feed_commits": (READ, {"path": "main"}),
    "feed_releases": (READ,),
    "feed_activity": (READ,),
    "page_settings": (GRANT,),
    "page_settings_post": (CHANGE, {}, {"description": "by a route", "visibility": "{visibility}"}),
    "page_settings_access": (GRANT, {}, {"username": "other", "permission": "read"}),
    "page_settings_rule": (CHANGE, {}, {"pattern": "made-{n}-*"}),
    "page_settings_rule_remove": (CHANGE, {}, {"id": "{rule}"}),
    "page_webhooks": (CHANGE,),
    "page_webhooks_add": (CHANGE, {}, {"url": "https://example.org/made"}),
    "page_webhook": (CHANGE, {"id": "{webhook}"}),
    "page_webhook_change": (CHANGE, {"id": "{webhook}"}, {"url": "https://example.org/", "events": "push"}),
    "page_webhook_secret": (CHANGE, {"id": "{webhook}"}, {"x": "1"}),
    "page_webhook_on": (CHANGE, {"id": "{webhook}"}, {"x": "1"}),
    "page_webhook_off": (CHANGE, {"id": "{webhook}"}, {"x": "1"}),
    "page_webhook_ping": (CHANGE, {"id": "{webhook}"}, {"x": "1"}),
    "page_webhook_redeliver": (CHANGE, {"id": "{webhook}"}, {"sequence": "1"}),
    "page_webhook_delete": (CHANGE, {"id": "{webhook}"}, {"x": "1"}),
    "page_settings_delete": (DELETE, {}, {"confirm": "{name}"}),
}
# What is not in routes.def: git's own paths, and what a client of it may send.
GIT = "application/x-git-{}-pack-request"
GIT_PATHS = [("GET", "info/refs", None), ("GET", "info/refs?service=git-upload-pack", None),
             ("GET", "info/refs?service=git-receive-pack", None), ("GET", "HEAD", None), ("GET", "clone.bundle", None),
             ("GET", "objects/info/packs", None), ("GET", f"objects/pack/pack-{'1' * 40}.pack", None),
             ("POST", "git-upload-pack", GIT.format("upload")), ("POST", "git-receive-pack", GIT.format("receive"))]
numbers = itertools.count(1)


def every_route():
    """(method, pattern, handler, needs)."""
    return re.findall(r'^ROUTE\((\w+), "([^"]+)", (\w+), (\w+)\)', (ROOT / "src/web/routes.def").read_text(), re.M)


def routes():
    """Those about a repository."""
    return [row for row in every_route() if "{name}" in row[1]]


def known(handler):
    rows, path, body = ROUTES[handler] + (None,) * (3 - len(ROUTES[handler]))
    return (rows,) if isinstance(rows[0], str) else rows, path or {}, body


class World:
    def __init__(self):
        self.f = furnished()
        self.main = git("rev-parse", "main", cwd=self.f.work).out.strip()
        self.rules, self.webhooks = {}, {}

    def prepare(self, handler, state):
        """What the route takes away is there again."""
        if state not in ["public", "private"]:
            return
        s, at = self.f.s, f"/repos/{NAMES[state]}"
        if handler in ["api_ref_delete", "page_ref_delete_post"]:
            eq(s.api("POST", at + "/refs", BRANCH).status in [201, 409], True, "the branch")
        if handler in ["api_permission_get", "api_permission_remove"]:
            s.api("PUT", at + "/permissions/other", {"permission": "read"}, want=200)
        if "rule" in handler and s.api("GET", f"{at}/rules/{self.rules.get(state, 0)}").status != 200:
            self.rules[state] = s.api("POST", at + "/rules", {"pattern": "route-*"}, want=201).json["id"]
        if "webhook" in handler or handler in ["api_deliveries_list", "api_redeliver"]:
            self.prepare_webhook(at, state)

    def prepare_webhook(self, at, state):
        """One, which is switched off: nothing is posted by these tests, and what would be says so, with 400."""
        s, id = self.f.s, self.webhooks.get(state, 0)
        if s.api("PATCH", f"{at}/webhooks/{id}", {"active": False}).status != 200:
            id = self.webhooks[state] = s.api("POST", at + "/webhooks", {"url": "https://example.org/", "active": False}, want=201).json["id"]
        for other in s.api("GET", at + "/webhooks", want=200).items:
            if other["id"] != id:
                s.api("DELETE", f"{at}/webhooks/{other['id']}", want=204)

    def fill(self, text, state):
        # The private one's, which is nobody's elsewhere.
        webhook = self.webhooks.get(state, self.webhooks.get("private", 1))
        for word, value in [("name", NAMES[state]), ("main", self.main), ("rule", self.rules.get(state, 1)),
                            ("webhook", webhook), ("n", next(numbers)),
                            ("visibility", "public" if state == "public" else "private")]:
            text = text.replace("{" + word + "}", str(value))
        return text

    def ask(self, route, state, column, headers=None, body=None):
        method, pattern, handler, _ = route
        _, path, fields = known(handler)
        for word in re.findall(r"\{(\w+)[.]*\}", pattern):
            if word != "name" and word not in path:
                fail(f"this file does not know what {{{word}}} of {pattern} is")
            pattern = re.sub(r"\{" + word + r"[.]*\}", lambda _: path.get(word, NAMES[state]), pattern)
        pattern += path.get("", "")
        filled = {key: self.fill(value, state) if isinstance(value, str) else value for key, value in (fields or {}).items()}
        api = pattern.startswith("/api/")
        if body is None and method not in ["GET", "HEAD", "DELETE"]:
            body = jsonlib.dumps(filled) if api else urllib.parse.urlencode(filled)
        type = {"Content-Type": "application/json" if api else "application/x-www-form-urlencoded"} if body else {}
        return self.f.s.request(method, self.fill(pattern, state), body, {**type, **(headers or {})}, auth=self.f.auth(column))


_world = None


def world():
    global _world
    _world = _world or World()
    return _world


def wanted(route, state, column):
    """The first of the table's rows that does not allow it; on pages nothing is made by pushing."""
    if column == "anonymous" and route[3] != "NOTHING":
        return "who"
    for operation, ref in known(route[2])[0]:
        outcome = expected(operation, *((state, ref) if ref else ("-", "-")), column)
        if (operation, ref) == INSTANCE and outcome == "yes" and state in ["deleted", "absent"]:
            return "hidden"
        if outcome != "yes":
            return "hidden" if outcome == "makes" else outcome
    return "yes"


def got(answer):
    if answer.status == 303:
        return "who" if answer.headers["location"].startswith("/sign-in") else "yes"
    return "yes" if answer.status in LET else OUTCOMES.get(answer.status, answer.status)


def test_every_route_is_known():
    handlers = {row[2] for row in routes()}
    eq(handlers - set(ROUTES), set(), "routes that ROUTES lacks: say who may, and what a request of it has")
    eq(set(ROUTES) - handlers, set(), "what is no route any more")


def test_every_route_lets_in_whom_the_table_says():
    w, wrong, count = world(), [], 0
    for route, state, column in itertools.product(routes(), STATES, COLUMNS):
        want = wanted(route, state, column)
        w.prepare(route[2], state)
        answer = w.ask(route, state, column)
        # Who is told that there never was such a change was let in.
        outcome = "yes" if answer.status == 404 and "change 99999999" in answer.text else got(answer)
        if outcome != want:
            wrong.append(f"{route[0]} {route[1]} of {state} by {column}: {outcome} instead of {want}: {answer}"[:400])
        if want == "yes" and DELETE in known(route[2])[0]:
            w.f.undelete()
        count += 1
    conclude(wrong, count, 3000)


def shown(answer, name):
    """All that can be seen of an answer, without its time, its request's id and the name."""
    headers = {k: v for k, v in answer.headers.items() if k not in ["date", "x-request-id", "ratelimit"]}
    secret = answer.headers.get("x-request-id", "\0")
    text = lambda value: str(value).replace(name, "NAME").replace(secret, "ID")
    return answer.status, {k: text(v) for k, v in headers.items()}, text(answer.body.decode("latin-1"))


def variants(method):
    """(headers, body; None: the one of ROUTES): in which a question may be asked."""
    yield {}, None
    yield {"Accept": "text/html"}, None
    if method in ["GET", "HEAD"]:
        yield {"If-None-Match": "*", "Range": "bytes=0-0"}, None
        return
    yield {"If-Match": "*"}, None
    if method != "DELETE":
        yield {}, "{"
        yield {"Idempotency-Key": f"key-{next(numbers)}"}, '{"unknown": 1}'


def test_what_is_hidden_looks_the_same_on_every_route():
    w, count = world(), 0
    asked = [(method, *route[1:]) for route in routes() for method in ([route[0], "HEAD"] if route[0] == "GET" else [route[0]])]
    for route, column in itertools.product(asked, HIDDEN_FROM):
        for headers, body in variants(route[0]):
            seen = {}
            for state in ["private", "deleted", "absent"]:
                again = {k: f"{v}-{state}" if k == "Idempotency-Key" else v for k, v in headers.items()}
                answer = w.ask(route, state, column, again, body)
                if answer.status < 300:
                    fail(f"{column} may {route} of what is {state}: {answer}")
                seen[state] = shown(answer, NAMES[state])
            eq(seen["deleted"], seen["absent"], f"{route} with {headers}, {body} of deleted and absent by {column}")
            eq(seen["private"], seen["absent"], f"{route} with {headers}, {body} of private and absent by {column}")
            count += 1
    if count < 800:
        fail(f"only {count} questions were asked")


def test_what_is_hidden_looks_the_same_on_gits_paths():
    w = world()
    for (method, path, type), column, suffix in itertools.product(GIT_PATHS, HIDDEN_FROM, [".git", ""]):
        for body in ["0000", "nonsense"] if type else [None]:
            seen = {}
            for state in ["private", "deleted", "absent"]:
                answer = w.f.s.request(method, f"/{NAMES[state]}{suffix}/{path}", body, {"Content-Type": type} if type else {},
                                       auth=w.f.auth(column))
                if answer.status < 300:
                    fail(f"{column} may {method} {path} of what is {state}: {answer}")
                seen[state] = shown(answer, NAMES[state])
            eq(seen["deleted"], seen["absent"], f"{method} {path} of deleted and absent by {column}")
            eq(seen["private"], seen["absent"], f"{method} {path} of private and absent by {column}")


# Where what is asked is the instance's, whoever may be asked for a new proof first.
OWNERS = ("/collaborators", "/invitations", "/grants", "/admin", "/deleted-repos", "/audit", "/new")
# What is refused for what it lacks before anybody is asked whether they may is given that.
BODIES = {"POST /api/v1/collaborators": {"username": "other", "password": "ninety-lamps-gravel-other"},
          "DELETE /api/v1/collaborators": {"username": "other"},
          "PATCH /api/v1/collaborators/{username}": {"password": "ninety-lamps-gravel-other"},
          "POST /api/v1/collaborators/{username}/identities": {"provider": "corp", "subject": "1"},
          "POST /collaborators/{username}/identities/remove": {"id": "1"},
          "POST /api/v1/invitations": {"username": "guest"}}


def test_every_other_route_asks_who_it_is():
    w, wrong, count = world(), [], 0
    for method, pattern, handler, needs in every_route():
        if "{name}" in pattern or needs in ["BARE", "NOTHING"]:
            continue
        api = pattern.startswith("/api/v1")
        path = re.sub(r"\{username\}", "other", pattern)
        path = re.sub(r"\{\w+(\.\.\.)?\}", "1", path)
        owners = needs == "OWNER" or path.removeprefix("/api/v1").startswith(OWNERS)
        for column in COLUMNS:
            fields = BODIES.get(f"{method} {pattern}", {} if api else {"x": "1"})
            body = None if method == "GET" else jsonlib.dumps(fields) if api else urllib.parse.urlencode(fields)
            type = {"Content-Type": "application/json" if api else "application/x-www-form-urlencoded"} if body else {}
            want = "who" if column == "anonymous" else "no" if owners and column not in ["owner", "ended"] else None
            if not want:
                continue
            outcome = got(w.f.s.request(method, path, body, type, auth=w.f.auth(column)))
            if outcome != want:
                wrong.append(f"{method} {path} by {column}: {outcome} instead of {want}")
            count += 1
    conclude(wrong, count, 300)


def test_no_other_route_names_what_is_hidden():
    w = world()
    name = NAMES["private"]
    for path in [pattern for method, pattern, *_ in every_route() if method == "GET" and "{" not in pattern]:
        for column, query in itertools.product(["anonymous", "none", "elsewhere"], ["", f"?q={name}", "?q=priv&sort=pushed"]):
            if path == "/api/v1/live":
                continue  # a stream: wire/test_live what_one_may_not_read_is_not_there
            answer = w.f.s.get(path + query, auth=w.f.auth(column), headers={"Accept": "text/html, application/json"})
            # What was asked for stands in the field that it was typed into.
            text = re.sub(rf'value="{name}"|q={name}|“{name}”|&quot;{name}&quot;', "", answer.text)
            has_not(text, name, f"{path}{query} by {column}")


if __name__ == "__main__":
    main()
