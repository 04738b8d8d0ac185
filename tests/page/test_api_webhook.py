"""The JSON API of webhooks: who sets up which, what is refused, and what became of events on their way."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from openapi import Checked

_shared = None
URL = "https://example.org/hook?key=abc"


def server():
    """Nothing is posted by the webhooks of these tests: they are switched off, or lead to where nobody may lead them."""
    global _shared
    if _shared is None:
        _shared = Checked(shared=True)
        for name in ("hooked", "other"):
            _shared.create_repo(name)
        for name, level in (("writer", "write"), ("keeper", "admin")):
            _shared.api("POST", "/collaborators", {"username": name, "password": f"ninety-lamps-gravel-{name}"}, want=201)
            _shared.api("PUT", f"/repos/hooked/permissions/{name}", {"permission": level}, want=200)
    return _shared


def auth(who):
    return (who, f"ninety-lamps-gravel-{who}")


def add(repo="hooked", **fields):
    return server().api("POST", f"/repos/{repo}/webhooks", {"url": URL, "active": False, **fields}, want=201)


def problem(answer, status, field=None):
    eq((answer.status, answer.json.get("field")), (status, field), f"{answer}")
    return answer.json["detail"]


def test_a_webhook_is_made_changed_and_removed():
    s = server()
    answer = add(events=["push", "ref.created", "push"])
    made = dict(answer.json)
    at = f"/repos/hooked/webhooks/{made['id']}"
    eq(answer.headers["location"], "/api/v1" + at, "Location")
    eq(bool(re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made.pop("secret"))), True, "the secret")
    eq(made["events"], ["push", "ref.created"], "events")
    eq((made["url"], made["active"], made["failures"], made["last_attempt_at"], made["last_status"]), (URL, False, 0, None, None), "it")
    eq(s.api("GET", at, want=200).json, made, "as it is told later")
    has(s.api("GET", "/repos/hooked/webhooks", want=200).items, made)
    changed = s.api("PATCH", at, {"events": [], "url": "http://example.org/"}, want=200).json
    eq(changed, {**made, "events": [], "url": "http://example.org/"}, "changed")
    eq(s.api("PATCH", at, {}, want=200).json, changed, "nothing is changed")
    first = s.api("PATCH", at, {"new_secret": True}, want=200).json["secret"]
    second = s.api("PATCH", at, {"new_secret": True, "events": None}, want=200).json["secret"]
    eq(first == second, False, "each secret is another")
    s.api("DELETE", at, want=204)
    eq(s.api("GET", at).status, 404, "gone")
    eq(s.api("DELETE", at).status, 404, "gone")


def test_what_makes_no_sense_is_refused_by_its_field():
    s, at = server(), "/repos/hooked/webhooks"
    problem(s.api("POST", at, {}), 422, "url")
    for url in ("", "ftp://example.org/", "https://", "https://ada:secret@example.org/", "https://example.org/#x", "https://a b/",
                "https://example.org:0/", "https://example.org/" + "x" * 2000):
        has(problem(s.api("POST", at, {"url": url}), 422, "url"), "a webhook's address")
    for events in ("push", ["pull"], [1], {"push": True}):
        problem(s.api("POST", at, {"url": URL, "events": events}), 422, "events")
    problem(s.api("POST", at, {"url": URL, "active": "yes"}), 422, "active")
    problem(s.api("POST", at, {"url": URL, "secret": "mine"}), 422, "secret")
    problem(s.api("POST", at, {"url": URL, "new_secret": True}), 422, "new_secret")
    id = add().json["id"]
    problem(s.api("PATCH", f"{at}/{id}", {"url": "x"}), 422, "url")
    problem(s.api("PATCH", f"{at}/{id}", {"id": 9}), 422, "id")
    eq(s.api("GET", f"{at}/{id}", want=200).json["url"], URL, "as it was")
    problem(s.api("GET", f"{at}/{id}/deliveries?cursor=7878"), 422, "cursor")
    s.api("DELETE", f"{at}/{id}", want=204)


def test_one_is_of_its_repository_and_for_its_administrators():
    s = server()
    at = f"/repos/hooked/webhooks/{add().json['id']}"
    elsewhere = at.replace("hooked", "other")
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/ping"), ("GET", "/deliveries"),
                         ("POST", "/deliveries/1/redeliver")):
        body = {"active": True} if method == "PATCH" else None
        eq(s.api(method, elsewhere + path, body).status, 404, f"{method} {path} of another repository")
        eq(s.api(method, at + path, body, auth=auth("writer")).status, 403, f"{method} {path} by who may only write")
        eq(s.api(method, at + path, body, auth=None).status, 401, f"{method} {path} by nobody")
    eq(s.api("GET", at, auth=auth("keeper"), want=200).json["active"], False, "as it was")
    s.api("DELETE", at, auth=auth("keeper"), want=204)


def test_there_are_twenty_at_most():
    s = server()
    s.create_repo("full")
    ids = [add("full").json["id"] for _ in range(20)]
    has(problem(s.api("POST", "/repos/full/webhooks", {"url": URL}), 400), "20 webhooks")
    eq([one["id"] for one in s.api("GET", "/repos/full/webhooks", want=200).items], ids, "in the order of their making")


def test_one_that_is_switched_off_is_not_posted_to():
    s = server()
    at = f"/repos/hooked/webhooks/{add().json['id']}"
    has(problem(s.api("POST", at + "/ping"), 400), "switched off")
    has(problem(s.api("POST", at + "/deliveries/1/redeliver"), 400), "switched off")
    eq(s.api("GET", at + "/deliveries", want=200).json, {"items": [], "next": None}, "deliveries")
    s.api("PATCH", at, {"active": True}, want=200)
    has(problem(s.api("POST", at + "/deliveries/4711/redeliver"), 404), "no delivery 4711")
    s.api("DELETE", at, want=204)


def test_the_owner_sees_those_of_all_repositories_page_by_page():
    s = server()
    s.create_repo("gone")
    add("gone")
    ids = [add(name).json["id"] for name in ("hooked", "other", "hooked")]
    s.api("DELETE", "/repos/gone", want=204)
    seen, path = [], "/admin/webhooks?limit=2"
    while path:
        page = s.api("GET", path, want=200).json
        eq(len(page["items"]) <= 2, True, "a page")
        seen += page["items"]
        path = page["next"] and page["next"].partition("/api/v1")[2]
    eq([(one["id"], one["repository"]) for one in seen if one["id"] in ids], list(zip(ids, ("hooked", "other", "hooked"))), "of all")
    eq([one for one in seen if one["repository"] == "gone"], [], "of what is deleted")
    eq(s.api("GET", "/admin/webhooks", auth=auth("keeper")).status, 403, "not for others")
    problem(s.api("GET", "/admin/webhooks?cursor=7878"), 400)


if __name__ == "__main__":
    main()
