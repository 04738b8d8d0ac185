"""Signing in by OpenID Connect providers, as a browser without scripts sees it, against real ones."""

import json
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "clients"))
import services
from harness import *
from browsing import *
from codes import *
from oidc_browser import Person

GUEST_PASSWORD = "gravel-otter-ninety-lamp"
AUDIENCE = "https://git.example.org"  # of the robot's tokens, see tests/clients/oidc_provider.mjs


def issuer():
    return os.environ.get("NIMBUS_TEST_OIDC") or skip("no OpenID Connect provider: tests/run starts it")


def ask(url, body=None, headers=None):
    request = urllib.request.Request(url, body, headers or {}, method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def register(s, name, url, **more):
    """Makes this server a client of that provider: the settings for it."""
    back = f"{s.url}/sign-in/{name}"
    made = ask(f"{url}/reg", json.dumps({
        "redirect_uris": [f"{back}/return"], "post_logout_redirect_uris": [f"{s.url}/"],
        "backchannel_logout_uri": f"{back}/backchannel-logout", "backchannel_logout_session_required": True,
        **more}).encode(), {"Content-Type": "application/json"})
    prefix = f"NIMBUS_OIDC_{name.upper()}"
    return {f"{prefix}_ISSUER": url, f"{prefix}_CLIENT_ID": made["client_id"],
            f"{prefix}_CLIENT_SECRET": made["client_secret"], f"{prefix}_SCOPES": "openid profile email groups",
            f"{prefix}_LABEL": f"Example {name.title()}"}


def server(url=None, **env):
    """One with a provider "corp"; ROLES of it and so on by their short names."""
    s = Nimbus(start=False)
    short = {f"NIMBUS_OIDC_CORP_{key}": value for key, value in env.items() if not key.startswith("NIMBUS_")}
    long = {key: value for key, value in env.items() if key.startswith("NIMBUS_")}
    s.extra = {"NIMBUS_OIDC": "corp", **register(s, "corp", url or issuer()), **short, **long}
    return s.start()


def change(s, **env):
    s.extra.update({f"NIMBUS_OIDC_CORP_{key}": value for key, value in env.items()})
    s.restart()


def away(answer):
    """Where a page sends the browser, by itself and by hand."""
    page = check(answer)
    link = next(link for link in page.links if link.startswith("http"))
    eq(answer.headers["refresh"], f"0;url={link}", "where it goes by itself")
    return link


def begin(browser, name="corp", at="/sign-in"):
    return away(browser.submit(at, f"/sign-in/{name}/begin"))


def come_back(s, person, url, name="corp", **more):
    """The path and the query with which the provider sends the person's browser here."""
    return f"/sign-in/{name}/return?{person.visit(url, f'{s.url}/sign-in/{name}/return', **more)}"


def sign_in(s, person, name="corp", at="/sign-in", want=303):
    browser = Browser(s)
    answer = browser.get(come_back(s, person, begin(browser, name, at), name))
    eq(answer.status, want, f"signing in: {answer}")
    browser.answer = answer
    return browser


def whoami(browser):
    answer = browser.get("/api/v1/user")
    return answer.json["username"] if answer.status == 200 else None


def identities(s, username):
    return s.api("GET", f"/collaborators/{username}/identities", want=200).items


def grants(s):
    return [(g["username"], g["pattern"], g["permission"], g["source"]) for g in s.api("GET", "/grants", want=200).items]


def audited(s, **query):
    return s.api("GET", "/audit?" + urllib.parse.urlencode(query), want=200).items


def test_who_is_in_a_group_gets_an_account():
    s = server(ROLES="staff=read:web-*, cooks=admin")
    s.create_repo("web-1")
    s.create_repo("other")
    anna = sign_in(s, Person("anna"))
    eq((anna.answer.headers["location"], whoami(anna)), ("/?done=joined", "anna-name"), "who it is")
    page = anna.page("/")
    has(page.words, "web-1")
    has_not(page.words, "other")
    eq(grants(s), [("anna-name", "web-*", "read", "oidc:corp")], "grants")
    one = identities(s, "anna-name")
    at = f"/identities/{one[0]['id']}"
    eq(s.api("GET", "/collaborators/anna-name" + at, want=200).json, one[0], "one of them")
    for none in ("/user" + at, "/collaborators/owner" + at, "/collaborators/anna-name/identities/999999"):
        eq(s.api("GET", none).status, 404, f"the owner's {none}")
    eq([(i["provider"], i["issuer"], i["subject"], i["name"], i["email"]) for i in one],
       [("corp", issuer(), "anna", "anna-name", "anna@example.org")], "identities")
    entries = audited(s, who="anna-name")
    eq(sorted({(e["action"], e["via"]) for e in entries}),
       sorted((action, "oidc:corp") for action in ("collaborator.added", "grant.changed", "identity.linked", "sign-in")), "audit")
    eq({e["peer"] for e in entries}, {"127.0.0.1"}, "from where")
    again = sign_in(s, Person("anna"), at="/sign-in?next=/web-1")
    eq((again.answer.headers["location"], whoami(again)), ("/web-1", "anna-name"), "the second time")
    eq(len(identities(s, "anna-name")), 1, "identities after it")
    eq(len(s.api("GET", "/collaborators", want=200).items), 1, "people")


def test_who_is_nobody_here_is_refused_and_told_what_to_do():
    s = server(ROLES="cooks=read")
    page = check(sign_in(s, Person("anna"), want=403).answer, 403)
    has(page.words, "no account here is connected with you. Ask the owner for an invitation")
    has(page.words, "Password")
    eq(len(s.api("GET", "/collaborators", want=200).items), 0, "people")
    wait_until(lambda: [e for e in audited(s, outcome="refused") if e["action"] == "sign-in"], what="the audit log's entry")
    refused = audited(s, outcome="refused")[0]
    eq((refused["via"], refused["subject"]), ("oidc:corp", "anna"), "who was refused")
    change(s, ROLES="staff=read", SIGN_UP="invited")
    sign_in(s, Person("anna"), want=403)
    change(s, ROLES="", SIGN_UP="all")
    eq(whoami(sign_in(s, Person("anna"))), "anna-name", "where all may")
    eq(grants(s), [], "what they are given")


def test_names_and_addresses_make_nobody_somebody_else():
    s = server(SIGN_UP="all")
    s.api("POST", "/collaborators", {"username": "anna-name", "password": GUEST_PASSWORD}, want=201)
    eq(whoami(sign_in(s, Person("anna"))), "anna-name-2", "who it is")
    eq(identities(s, "anna-name"), [], "of the one who was there before")


def test_an_answer_is_of_its_browser_and_counts_once():
    s = server(ROLES="staff=read")
    mine, other, anna = Browser(s), Browser(s), Person("anna")
    path = come_back(s, anna, begin(mine))
    begin(other)
    for who, browser in (("another browser", other), ("one that never began", Browser(s))):
        has(check(browser.get(path), 403).words, "begun in another browser")
        eq(whoami(browser), None, who)
    eq(mine.get(path).status, 303, "its own")
    eq(whoami(mine), "anna-name", "who it is")
    fresh = Browser(s)
    fresh.cookies = {k: v for k, v in mine.cookies.items() if "browser" in k}
    has(check(fresh.get(path), 403).words, "begin it again")
    eq(whoami(fresh), None, "by what is used up")
    for query in ("", "?state=", "?code=x", "?state=x&code=y", "?error=access_denied", "?state=%ff"):
        check(fresh.get(f"/sign-in/corp/return{query}"), 403)
    eq(fresh.get("/sign-in/nobody/return?state=x").status, 404, "no such provider")
    eq(s.request("HEAD", path, headers=mine.headers(), auth=None).status, 400, "HEAD")


def test_a_code_of_another_sign_in_is_refused():
    s = server(ROLES="staff=read")
    browser = Browser(s)
    first, second = (urllib.parse.parse_qs(come_back(s, Person(name), begin(browser)).partition("?")[2]) for name in ("anna", "ben"))
    mixed = urllib.parse.urlencode({**{k: v[0] for k, v in first.items()}, "code": second["code"][0]})
    check(browser.get(f"/sign-in/corp/return?{mixed}"), 403)
    eq(whoami(browser), None, "who it is")


def test_who_changes_their_mind_is_asked_again():
    s = server(ROLES="staff=read")
    browser = Browser(s)
    page = check(browser.get(come_back(s, Person("anna"), begin(browser, at="/sign-in?next=/x"), cancel=True)), 403)
    has(page.words, "Example Corp does not sign you in: access_denied")
    eq(page.form("/sign-in/corp/begin")["next"], "/x", "where it goes on")


def test_it_leads_to_no_other_site():
    s = server(ROLES="staff=read")
    for path in ("//evil.example.org", "https://evil.example.org", "/\\evil.example.org", "/a\tb", "javascript:x", "/" + "x" * 3000):
        browser = Browser(s)
        url = away(browser.send("/sign-in/corp/begin", {"next": path}))
        eq(browser.get(come_back(s, Person("anna"), url)).headers["location"].partition("?")[0], "/", path)
    answer = s.request("POST", "/sign-in/corp/begin", b"next=/", {
        "Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example.org"}, auth=None)
    eq(answer.status, 403, "begun by another site")


def test_groups_are_looked_at_with_each_sign_in():
    s = server(ROLES="staff=write:web-*, annas=read")
    sign_in(s, Person("anna"))
    s.api("POST", "/grants", {"username": "anna-name", "pattern": "web-*", "permission": "admin"}, want=201)
    eq(sorted(grants(s)), [("anna-name", "*", "read", "oidc:corp"), ("anna-name", "web-*", "admin", ""),
                           ("anna-name", "web-*", "write", "oidc:corp")], "grants")
    change(s, ROLES="staff=read:web-*, bens=read")
    sign_in(s, Person("anna"))
    eq(sorted(grants(s)), [("anna-name", "web-*", "admin", ""), ("anna-name", "web-*", "read", "oidc:corp")], "after a change")
    change(s, ROLES="")
    sign_in(s, Person("anna"))
    eq(grants(s), [("anna-name", "web-*", "admin", "")], "without any")


def person(s, name):
    s.api("POST", "/collaborators", {"username": name, "password": GUEST_PASSWORD}, want=201)
    return Browser(s, name, GUEST_PASSWORD)


def connect(s, browser, who, name="corp"):
    form = {"csrf": browser.page("/account/identities").form("/sign-out")["csrf"], "provider": name}
    return browser.get(come_back(s, who, away(browser.send("/account/identities/connect", form)), name))


def test_an_account_is_connected_and_disconnected():
    s = server(ROLES="staff=read")
    ben, at_corp = person(s, "ben"), Person("anna")
    answer = connect(s, ben, at_corp)
    eq((answer.status, answer.headers["location"]), (303, "/account/identities?done=connected"), "connecting")
    page = ben.page("/account/identities?done=connected")
    has(page.words, "as anna-name")
    eq(grants(s), [("ben", "*", "read", "oidc:corp")], "grants")
    by_corp = sign_in(s, at_corp)
    eq(whoami(by_corp), "ben", "who it is")
    eq(connect(s, ben, at_corp).status, 303, "once more")
    carl = person(s, "carl")
    has(check(connect(s, carl, at_corp), 409).words, "another account here is connected")
    form = page.form("/account/identities/remove")
    eq(carl.send("/account/identities/remove", {**form, "csrf": carl.page("/account").form("/sign-out")["csrf"]}).status, 404, "another's")
    eq(ben.send("/account/identities/remove", form).status, 303, "disconnecting")
    eq((whoami(ben), whoami(by_corp)), ("ben", None), "whose sessions go on")
    eq((grants(s), identities(s, "ben")), ([], []), "what is left")
    actions = [e["action"] for e in audited(s, who="ben")]
    eq((actions.count("identity.linked"), actions.count("identity.removed")), (1, 1), "audit")
    eq(whoami(sign_in(s, at_corp)), "anna-name", "who it is from now on")


def test_connecting_needs_who_is_signed_in():
    s = server(ROLES="staff=read", NIMBUS_SUDO="5s")
    ben = person(s, "ben")
    csrf = ben.page("/account").form("/sign-out")["csrf"]
    path = come_back(s, Person("anna"), away(ben.send("/account/identities/connect", {"csrf": csrf, "provider": "corp"})))
    eq(ben.send("/sign-out", {"csrf": csrf}).status, 303, "signing out")
    check(ben.get(path), 403)
    eq(identities(s, "ben"), [], "of who signed out")
    ben = Browser(s, "ben", GUEST_PASSWORD)
    csrf = ben.page("/account").form("/sign-out")["csrf"]
    time.sleep(5.1)
    answer = ben.send("/account/identities/connect", {"csrf": csrf, "provider": "corp"})
    eq((answer.status, answer.headers["location"].partition("?")[0]), (303, "/prove"), "after a while")
    eq(ben.send("/account/identities/connect", {"provider": "corp"}).status, 403, "without the form's token")


def test_the_last_way_in_stays():
    s = server(ROLES="staff=read")
    anna = sign_in(s, Person("anna"))
    form = anna.page("/account/identities").form("/account/identities/remove")
    has(check(anna.send("/account/identities/remove", form), 400).words, "only way to sign in")
    eq(anna.get("/api/v1/user").json["by"], "session", "how they came")
    owner = Browser(s, "owner", PASSWORD)
    has(owner.page("/collaborators").links, "/collaborators/anna-name/identities")
    at = "/collaborators/anna-name/identities"
    eq(owner.submit(at, f"{at}/remove").headers["location"], f"{at}?done=disconnected", "the owner's")
    has(owner.page(f"{at}?done=disconnected").words, "Disconnected")
    eq(whoami(anna), None, "the one who was signed in by it")
    eq(s.get(at, auth=("anna-name", "x")).status, 401, "for strangers")


def test_who_has_no_password_proves_it_there():
    s = server(ROLES="staff=read", NIMBUS_SUDO="5s")
    at_corp = Person("anna")
    anna = sign_in(s, at_corp)
    time.sleep(5.1)
    token = {**anna.page("/account").form("/account/tokens"), "name": "t", "permission": "read", "hours": "1"}
    eq(anna.send("/account/tokens", token).status, 303, "a token without a proof")
    password = {**anna.page("/account").form("/account/password"), "new": GUEST_PASSWORD}
    eq(anna.send("/account/password", password).headers["location"].partition("?")[0], "/prove", "a first password without a proof")
    page, asked = anna.page("/prove?next=/account"), at_corp.asked
    has(page.words, "Prove it with Example Corp")
    path = come_back(s, Person("ben"), away(anna.submit("/prove?next=/account", "/prove/corp")))
    has(check(anna.get(path), 403).words, "somebody else than")
    eq(anna.send("/account/tokens", token).status, 303, "with another's proof")
    answer = anna.get(come_back(s, at_corp, away(anna.submit("/prove?next=/account", "/prove/corp"))))
    eq((answer.status, answer.headers["location"]), (303, "/account"), "proving it")
    eq(at_corp.asked > asked, True, "that the provider asked again")
    check(anna.send("/account/tokens", token))


def test_who_must_have_a_second_factor_can_prove_it_there_first():
    s = server(ROLES="staff=read", NIMBUS_SUDO="5s")
    at_corp = Person("anna")
    sign_in(s, at_corp)
    s.api("PATCH", "/instance", {"second_factor_required": True}, want=204)
    anna = Browser(s)
    anna.get(s.admin("admin", "sign-in-link", "anna-name").out.strip().removeprefix(s.url))
    time.sleep(5.1)
    eq(anna.get("/").headers.get("location"), "/account/factors", "all else")
    at = "/account/factors/totp"
    eq(anna.get(at).headers["location"].partition("?")[0], "/prove", "adding one")
    answer = anna.get(come_back(s, at_corp, away(anna.submit(f"/prove?next={at}", "/prove/corp"))))
    eq((answer.status, answer.headers["location"]), (303, at), "proving it")
    enrol(anna)
    eq(anna.get("/").status, 200, "once there is one")


def test_an_invitation_is_taken_up_with_a_provider():
    s = server(SIGN_UP="invited")
    s.create_repo("mine")
    made = s.api("POST", "/invitations", {"username": "fred", "permissions": [{"repository": "mine", "permission": "write"}]}, want=201).json
    path = made["url"].removeprefix(s.url)
    fred = sign_in(s, Person("anna"), at=path)
    eq((fred.answer.headers["location"], whoami(fred)), ("/?done=joined", "fred"), "who it is")
    has(fred.page("/").words, "mine")
    check(Browser(s).get(path), 403)
    open_one = s.api("POST", "/invitations", {}, want=201).json["url"].removeprefix(s.url)
    has(check(sign_in(s, Person("anna"), at=open_one, want=409).answer, 409).words, "you have an account here already")
    eq(whoami(sign_in(s, Person("ben"), at=open_one)), "ben-name", "who it is")
    answer = Browser(s).send("/sign-in/corp/begin", {"next": "/", "invitation": "x" * 43})
    has(check(answer, 403).words, "ask for another")


def test_signing_out_is_signing_out_there():
    s = server(ROLES="staff=read")
    at_corp = Person("anna")
    anna, asked = sign_in(s, at_corp), at_corp.asked
    sign_in(s, at_corp)
    eq(at_corp.asked, asked, "how often the provider asked who knew them")
    url = away(anna.submit("/account", "/sign-out"))
    eq(whoami(anna), None, "here")
    has(url, "id_token_hint=")
    at_corp.visit(url, f"{s.url}/")
    sign_in(s, at_corp)
    eq(at_corp.asked > asked + 1, True, "that the provider asked again")
    owner = Browser(s, "owner", PASSWORD)
    eq(owner.submit("/account", "/sign-out").headers["location"], "/?done=signed-out", "who came with a password")


def test_who_signs_out_there_is_signed_out_here():
    s = server(ROLES="staff=read")
    at_corp, elsewhere = Person("anna"), Person("anna")
    one, two, three = sign_in(s, at_corp), sign_in(s, at_corp), sign_in(s, elsewhere)
    at_corp.visit(away(one.submit("/account", "/sign-out")), f"{s.url}/")
    wait_until(lambda: whoami(two) is None, what="the end of the other session")
    eq(whoami(three), "anna-name", "who signed in at another place")
    has([e["action"] for e in audited(s, action="session.ended")], "session.ended")
    for body in ("", "logout_token=", "logout_token=a.b.c", "x=y"):
        answer = s.request("POST", "/sign-in/corp/backchannel-logout", body, {"Content-Type": "application/x-www-form-urlencoded"}, auth=None)
        eq((answer.status, answer.headers["cache-control"]), (400, "no-store"), body)


_own = []


def own_provider():
    """One beside that of the others, which may be stopped."""
    issuer()
    try:
        _own.append(services.Oidc())
    except services.Missing as why:
        skip(str(why))
    return _own[-1]


def test_two_providers_know_two_people():
    other = own_provider()
    s = Nimbus(start=False)
    s.extra = {"NIMBUS_OIDC": "corp,other", **register(s, "corp", issuer()), **register(s, "other", other.url),
               "NIMBUS_OIDC_CORP_SIGN_UP": "all", "NIMBUS_OIDC_OTHER_SIGN_UP": "all", "NIMBUS_OIDC_OTHER_ROLES": "staff=read"}
    s.start()
    page = Browser(s).page("/sign-in")
    has(page.words, "Sign in with Example Corp")
    has(page.words, "Sign in with Example Other")
    one, two = sign_in(s, Person("anna")), sign_in(s, Person("anna"), "other")
    eq((whoami(one), whoami(two)), ("anna-name", "anna-name-2"), "the same name at both")
    browser = Browser(s)
    path = come_back(s, Person("anna"), begin(browser, "corp"))
    check(browser.get(path.replace("/corp/", "/other/")), 403)
    eq(connect(s, one, Person("ben"), "other").status, 303, "connecting the first with both")
    eq([i["provider"] for i in identities(s, "anna-name")], ["corp", "other"], "identities")
    eq(whoami(sign_in(s, Person("ben"), "other")), "anna-name", "who it is by the second")
    other.stop()
    eq(whoami(sign_in(s, Person("anna"))), "anna-name", "by the one that is left")


def test_new_keys_are_asked_for():
    own = own_provider()
    s = server(own.url, ROLES="staff=read")
    sign_in(s, Person("anna"))
    ask(f"{own.url}/rollover")
    time.sleep(10.1)  # of two questions to a provider
    eq(whoami(sign_in(s, Person("ben"))), "ben-name", "by new keys")
    own.stop()


def test_a_provider_that_is_away_keeps_nobody_else_out():
    own = own_provider()
    s = server(own.url, ROLES="staff=read")
    browser = Browser(s)
    path = come_back(s, Person("anna"), begin(browser))
    own.stop()
    page = check(browser.get(path), 503)
    has(page.words, "Example Corp does not answer as it should just now")
    eq(page.answer.headers["retry-after"], "60", "Retry-After")
    s.restart()
    answer = Browser(s).send("/sign-in/corp/begin", {"next": "/x"})
    page = check(answer, 503)
    eq((page.form("/sign-in")["next"], answer.headers["retry-after"]), ("/x", "60"), "what can be done")
    wait_until(lambda: "cannot be reached" in json.dumps(s.log_lines()), what="the log's line, which says why")
    has_not(page.words, "127.0.0.1")
    eq(whoami(Browser(s, "owner", PASSWORD)), "owner", "with a password")


def test_passwords_may_be_the_owners_alone():
    s = server(ROLES="staff=read")
    s.api("POST", "/collaborators", {"username": "ben", "password": GUEST_PASSWORD}, want=201)
    s.extra["NIMBUS_PASSWORD_SIGN_IN"] = "owner"
    s.restart()
    answer = s.api("POST", "/collaborators", {"username": "eve", "password": GUEST_PASSWORD})
    eq((answer.status, "the owner's alone" in answer.json["detail"]), (403, True), "somebody with a password")
    answer = s.api("POST", "/collaborators/ben/reset", {})
    eq((answer.status, "the owner's alone" in answer.json["detail"]), (403, True), "resetting one")
    answer = s.api("PATCH", "/collaborators/ben", {"password": GUEST_PASSWORD})
    eq((answer.status, "the owner's alone" in answer.json["detail"]), (403, True), "another one")
    refused = s.admin("admin", "user", "password", "ben", check=False)
    eq((refused.code != 0, "the owner's alone" in refused.err), (True, True), "another one by the command line")
    eq(s.get("/api/v1/user", auth=("ben", GUEST_PASSWORD)).status, 401, "by the API")
    has(check(Browser(s).send("/sign-in", {"username": "ben", "password": GUEST_PASSWORD, "next": "/"}), 403).words, "do not belong together")
    owner = Browser(s, "owner", PASSWORD)
    eq(whoami(owner), "owner", "the owner")
    people = check(owner.get("/collaborators")).text
    has_not(people, 'formaction="/collaborators/reset"', "resetting one")
    has_not(people, 'name="password"', "somebody with a password")
    has(people, 'formaction="/collaborators/sign-out"', "what else there is for ben")
    has(Browser(s).page("/sign-in").words, "Sign in as the owner")
    link = s.api("POST", "/invitations", {}, want=201).json["url"].removeprefix(s.url)
    page = Browser(s).page(link)
    eq([f[0] for f in page.forms], ["/sign-in/corp/begin"], "forms of an invitation")
    eq(Browser(s).send(link, {"username": "eve", "new": GUEST_PASSWORD}).status, 403, "by a form that is not shown")
    anna = sign_in(s, Person("anna"))
    has(anna.page("/account/identities").words, "not used on this server")
    has_not([f[0] for f in anna.page("/account").forms], "/account/password")
    form = {"csrf": anna.page("/account").form("/sign-out")["csrf"], "new": GUEST_PASSWORD}
    eq(anna.send("/account/password", form).status, 403, "setting one")


def test_a_machines_token_is_a_key_where_it_is_connected():
    s = server(AUDIENCE=AUDIENCE)
    s.create_repo("mine")
    basic = "Basic " + base64.b64encode(b"robot:robots-secret").decode()
    token = ask(f"{issuer()}/token", b"grant_type=client_credentials", {
        "Authorization": basic, "Content-Type": "application/x-www-form-urlencoded"})["access_token"]
    eq(s.get("/api/v1/user", auth=token).status, 401, "of a stranger")
    s.api("POST", "/collaborators", {"username": "builder"}, want=201)
    s.api("PUT", "/repos/mine/permissions/builder", {"permission": "read"}, want=200)
    at = "/collaborators/builder/identities"
    eq(s.api("POST", at, {"provider": "nobody", "subject": "robot"}).status, 404, "of no provider")
    eq(s.api("POST", at, {"provider": "corp", "subject": ""}).status, 422, "nobody")
    made = s.api("POST", at, {"provider": "corp", "subject": "robot"}, want=201).json
    eq(s.api("POST", at, {"provider": "corp", "subject": "robot"}).status, 409, "twice")
    eq(s.get("/api/v1/user", auth=token).json, {"username": "builder", "owner": False, "by": "token", "limit": "admin"}, "who it is")
    refs(s.git_url("mine", ("builder", token)))
    eq(s.api("POST", "/tokens", {"name": "t", "permission": "read"}, token).status, 403, "a token by a token")
    eq(s.api("GET", "/user/identities", None, token).items[0]["subject"], "robot", "its own identities")
    eq(s.get("/api/v1/user", auth=token[:-8] + "AAAAAAAA").status, 401, "a forged one")
    eq(s.get("/api/v1/user", auth=("builder", "a.b.c")).status, 401, "a password that has dots")
    s.api("DELETE", f"{at}/{made['id']}", want=204)
    eq(s.get("/api/v1/user", auth=token).status, 401, "after it was disconnected")


try:
    main()
finally:
    for own in _own:
        own.stop()
