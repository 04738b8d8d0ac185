"""Accounts: sessions, and what every form of them must refuse."""

import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
GUEST_PASSWORD = "gravel-otter-ninety-lamp"

_shared = None


def server():
    global _shared
    if _shared is None:
        _shared = Nimbus(shared=True)
        _shared.create_repo("mine")
    return _shared


def person(s, name):
    s.api("POST", "/collaborators", {"username": name, "password": GUEST_PASSWORD}, want=201)
    return Browser(s, name, GUEST_PASSWORD)


def is_signed_in(browser):
    return browser.get("/account").status == 200


def test_sessions_are_listed_and_signed_out_one_by_one():
    s = server()
    here, there = person(s, "anna"), Browser(s, "anna", GUEST_PASSWORD)
    page = here.page("/account/sessions")
    eq(page.words.count("Sign out everywhere"), 1, "the way out of all")
    eq(page.text.count(">this one<"), 1, "which is this one")
    has(page.words, "from 127.0.0.1", "address")
    eq(here.submit("/account/sessions", "/account/sessions/end").status, 303, "signing out the other")
    eq((is_signed_in(here), is_signed_in(there)), (True, False), "who is signed in")
    eq(here.send("/account/sessions/end", {**page.form("/account/sessions/end"), "id": "x" * 22}).status, 404, "one that is none")


def test_signing_out_everywhere_leaves_nobody_but_tokens():
    s = server()
    here, there = person(s, "ben"), Browser(s, "ben", GUEST_PASSWORD)
    token = s.api("POST", "/tokens", {"name": "t"}, ("ben", GUEST_PASSWORD), want=201).json["token"]
    answer = here.submit("/account/sessions", "/account/sessions/end-all")
    eq((answer.status, answer.headers["location"]), (303, "/sign-in?done=signed-out-everywhere"), "answer")
    eq((is_signed_in(here), is_signed_in(there)), (False, False), "who is signed in")
    eq(s.get("/api/v1/user", auth=("ben", token)).status, 200, "by token")
    eq(is_signed_in(Browser(s, "ben", GUEST_PASSWORD)), True, "after signing in again")


def test_the_owner_signs_others_out():
    s = server()
    guest, owner = person(s, "cleo"), Browser(s, "owner", PASSWORD)
    form = {"csrf": owner.page("/collaborators").form(None)["csrf"], "username": "cleo"}
    eq(owner.send("/collaborators/sign-out", form).status, 303, "signing out")
    eq(is_signed_in(guest), False, "the guest")
    guest = Browser(s, "cleo", GUEST_PASSWORD)
    eq(len(s.api("GET", "/collaborators/cleo/sessions", want=200).items), 1, "what the owner sees")
    s.admin("admin", "user", "sign-out", "cleo")
    eq(is_signed_in(guest), False, "the guest, by the command")


def test_the_api_lists_and_ends_sessions():
    s = server()
    guest = person(s, "dora")
    mine = ("dora", GUEST_PASSWORD)
    rows = s.api("GET", "/user/sessions", auth=mine, want=200).items
    eq([(r["address"], r["current"]) for r in rows], [("127.0.0.1", False)], "rows")
    eq(s.api("GET", "/collaborators/owner/sessions", auth=mine).status, 403, "those of another")
    path = f"/sessions/{rows[0]['id']}"
    eq(s.api("GET", "/user" + path, auth=mine, want=200).json, rows[0], "one of them")
    eq(s.api("GET", "/collaborators/dora" + path, want=200).json, rows[0], "one of them, to the owner")
    eq(s.api("GET", "/collaborators/dora" + path, auth=mine).status, 403, "one of somebody, to them")
    for other in ("/user" + path, "/collaborators/owner" + path, "/user/sessions/none"):
        eq(s.api("GET", other).status, 404, f"the owner's {other}")
    eq(s.api("DELETE", f"/user/sessions/{rows[0]['id']}", auth=("owner", PASSWORD)).status, 404, "another's")
    eq(is_signed_in(guest), True, "still")
    s.api("DELETE", f"/user/sessions/{rows[0]['id']}", auth=mine, want=204)
    eq(is_signed_in(guest), False, "ended")
    guest = Browser(s, "dora", GUEST_PASSWORD)
    s.api("DELETE", "/user/sessions", auth=mine, want=204)
    eq(is_signed_in(guest), False, "all ended")


def test_signing_in_never_goes_on_with_a_session_that_was_there():
    s = server()
    person(s, "eve")
    victim, attacker = Browser(s), Browser(s, "eve", GUEST_PASSWORD)
    victim.cookies.update(attacker.cookies)
    planted = dict(attacker.cookies)
    eq(victim.send("/sign-in", {"username": "owner", "password": PASSWORD, "csrf": attacker.page("/account").form("/sign-out")["csrf"]}).status, 303, "signing in")
    if victim.cookies == planted:
        fail("the cookie stayed the same")
    eq(is_signed_in(attacker), False, "the session that was planted")
    has(victim.page("/account").words, "owner", "who it is")


def test_cookies_are_of_this_host_alone_where_there_is_tls():
    s = Nimbus(env={"NIMBUS_URL": "https://git.example.org"})
    answer = s.request("POST", "/sign-in", f"username=owner&password={PASSWORD}".encode(),
                       {"Content-Type": "application/x-www-form-urlencoded"}, auth=None)
    cookie = answer.headers["set-cookie"]
    if not re.fullmatch(r"__Host-nimbus=[\w-]{65}; Path=/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure", cookie):
        fail(f"cookie {cookie}")
    value = cookie.split(";")[0].partition("=")[2]
    eq(s.get("/api/v1/user", auth=None, headers={"Cookie": f"nimbus={value}"}).status, 401, "under the plain name")
    eq(s.get("/api/v1/user", auth=None, headers={"Cookie": f"__Host-nimbus={value}"}).status, 200, "under its own")


def test_a_guest_makes_an_account_by_an_invitation():
    s = server()
    owner = Browser(s, "owner", PASSWORD)
    page = check(owner.submit("/collaborators", "/collaborators/invite", repositories="mine", permission="read", days="7"))
    link = re.search(rf">{re.escape(s.url)}(/invitation/[\w-]+)<", page.text)[1]
    has(page.words, "read mine", "what is listed")
    guest = Browser(s)
    has(guest.page(link).words, "mine", "what it gives")
    has(check(guest.submit(link, link, username="owner", new=GUEST_PASSWORD), 409).words, "already")
    has(check(guest.submit(link, link, username="fred", new="password1"), 400).words, "easy to guess")
    eq(guest.submit(link, link, username="fred", new=GUEST_PASSWORD).status, 303, "accepted")
    has(guest.page("/").words, "mine", "what the guest sees")
    check(Browser(s).get(link), 403)


def test_an_invitation_is_withdrawn():
    s = server()
    owner = Browser(s, "owner", PASSWORD)
    link = s.admin("admin", "user", "invite", "greta", "--repo", "mine").out.strip().split("/invitation/")[1]
    Browser(s).page(f"/invitation/{link}")
    eq(owner.submit("/collaborators", "/collaborators/uninvite").status, 303, "withdrawn")
    check(Browser(s).get(f"/invitation/{link}"), 403)


def test_the_api_invites():
    s = server()
    made = s.api("POST", "/invitations", {"username": "henk", "permissions": [{"repository": "mine", "permission": "write"}],
                                          "expires_in": 60}, want=201).json
    eq(made["permissions"], [{"repository": "mine", "permission": "write"}], "permissions")
    listed = s.api("GET", "/invitations", want=200).items[0]
    eq((listed["id"], "url" in listed), (made["id"], False), "listed, without its secret")
    for body, field in (({"permissions": [{"repository": "mine"}]}, "permission"), ({"permissions": "x"}, "permissions"),
                        ({"username": "Bad"}, "username"), ({"expires_in": -1}, "expires_in")):
        answer = s.api("POST", "/invitations", body)
        eq((answer.status, answer.json["field"]), (422, field), f"{body}")
    s.api("DELETE", f"/invitations/{made['id']}", want=204)
    eq(s.api("DELETE", f"/invitations/{made['id']}").status, 404, "twice")


def test_what_is_dangerous_needs_a_new_proof():
    s = Nimbus(env={"NIMBUS_SUDO": "6s"})
    s.create_repo("mine")
    b = Browser(s, "owner", PASSWORD)
    time.sleep(6.2)
    form = b.page("/account").form("/account/tokens")
    fields = {**form, "name": "t", "permission": "read", "hours": "24"}
    before = dict(b.cookies)
    answer = b.send("/account/tokens", fields)
    eq((answer.status, answer.headers["location"]), (303, "/prove?next=%2F"), "where to")
    eq(b.send("/mine/settings/delete", {"csrf": form["csrf"], "confirm": "mine"}).status, 303, "deleting a repository")
    eq(s.api("GET", "/repos/mine").status, 200, "which is there still")
    headers = {**b.headers(), "X-CSRF-Token": form["csrf"], "Content-Type": "application/json"}
    eq(s.request("POST", "/api/v1/tokens", '{"name":"t"}', headers, auth=None).status, 403, "by the API with a cookie")
    eq(s.api("POST", "/tokens", {"name": "t"}).status, 201, "by the API with the password itself")
    at = "/prove?next=%2Faccount"
    check(b.submit(at, "/prove", password="wrong"), 403)
    eq(b.send("/account/tokens", fields).status, 303, "after a wrong password")
    answer = b.submit(at, "/prove", password=PASSWORD)
    eq((answer.status, answer.headers["location"]), (303, "/account"), "the proof")
    if b.cookies == before:
        fail("the cookie stayed the same")
    has(check(b.send("/account/tokens", fields)).text, "nbs_", "the token, by a form from before the proof")
    planted = Browser(s)
    planted.cookies = before
    eq(is_signed_in(planted), False, "the cookie from before")


def test_every_dangerous_route_needs_a_new_proof():
    s = Nimbus(env={"NIMBUS_SUDO": "1s"})
    s.create_repo("mine")
    b = Browser(s, "owner", PASSWORD)
    token = b.page("/account").form("/sign-out")["csrf"]
    time.sleep(1.2)
    routes = [(method, path) for method, path, needs in changing_routes() if needs == "PROVED"]
    if len(routes) < 30:
        fail(f"only {len(routes)} routes were found")
    for method, pattern in routes:
        path = re.sub(r"\{\w+(\.\.\.)?\}", "1", pattern.replace("{name}", "mine"))
        api = path.startswith("/api")
        answer = s.request(method, path, "{}" if api else "x=1", {
            **b.headers(), "X-CSRF-Token": token,
            "Content-Type": "application/json" if api else "application/x-www-form-urlencoded"}, auth=None)
        eq((answer.status, answer.headers.get("location", "")[:7]), (403, "") if api else (303, "/prove?"), f"{method} {path}")


def test_the_way_back_from_a_proof_is_ours():
    s = Nimbus(env={"NIMBUS_SUDO": "1s"})
    b = Browser(s, "owner", PASSWORD)
    time.sleep(1.2)
    body = f"csrf={b.page('/account').form('/account/tokens')['csrf']}&name=t&permission=read&hours=24"
    for referer, want in ((f"{s.url}/account?x=1", "%2Faccount%3Fx%3D1"), ("https://evil.example/x", "%2F"),
                          (f"{s.url}//evil.example", "%2F"), ("nonsense", "%2F")):
        answer = s.request("POST", "/account/tokens", body, {**b.headers(), "Referer": referer,
                                                             "Content-Type": "application/x-www-form-urlencoded"}, auth=None)
        eq(answer.headers["location"], f"/prove?next={want}", referer)
    eq(b.submit("/prove?next=//evil.example", "/prove", password=PASSWORD).headers["location"], "/", "where to")


def changing_routes():
    """(method, path, needs) of all routes that change something."""
    text = (Path(__file__).resolve().parents[2] / "src/web/routes.def").read_text()
    rows = re.findall(r'^ROUTE\((POST|PUT|PATCH|DELETE), "([^"]+)", \w+, (\w+)\)', text, re.M)
    # Who is BARE is asked for no session: programs come there, and bring what they have in the form.
    return [row for row in rows if row[2] != "BARE"]


# What a form of another site can be made to send.
TYPES = [("application/x-www-form-urlencoded", "x=1"), ("multipart/form-data; boundary=b", '--b\r\nContent-Disposition: form-data; '
         'name="x"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nx\r\n--b--\r\n')]


def test_every_form_refuses_without_the_sessions_token():
    s = server()
    b = Browser(s, "owner", PASSWORD)
    routes = changing_routes()
    if len(routes) < 100:
        fail(f"only {len(routes)} routes were found")
    token = b.page("/account").form("/sign-out")["csrf"]
    for method, pattern, _ in routes:
        path = re.sub(r"\{name\}", "mine", pattern)
        path = re.sub(r"\{\w+(\.\.\.)?\}", "1", path)
        for type, body in [("application/json", "{}")] if path.startswith("/api") else TYPES:
            headers = {**b.headers(), "Content-Type": type}
            for more in ({}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": token[:-1]}):
                answer = s.request(method, path, body, {**headers, **more}, auth=None)
                eq(answer.status, 403, f"{method} {path} as {type} with {more}")
                has(answer.text, "this form is from another session", path)
            for site in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}):
                answer = s.request(method, path, body, {**headers, "X-CSRF-Token": token, **site}, auth=None)
                eq(answer.status, 403, f"{method} {path} from another site, {site}")
                has(answer.text, "another site", path)
    eq(is_signed_in(b), True, "after all that")
    eq(s.api("GET", "/repos/mine").status, 200, "what there was")


main()
