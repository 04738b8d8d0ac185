"""Second factors without scripts: apps that make codes and recovery codes, what they protect, and what goes round them."""

import re
import sys
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *
from codes import *

GUEST_PASSWORD = "gravel-otter-ninety-lamp"

_shared = None


def server():
    global _shared
    if _shared is None:
        _shared = Nimbus(env={"NIMBUS_LOGIN_TRIES": "1000"}, shared=True)
        _shared.create_repo("mine")
    return _shared


def person(s, name):
    s.api("POST", "/collaborators", {"username": name, "password": GUEST_PASSWORD}, want=201)
    browser = Browser(s, name, GUEST_PASSWORD)
    return (browser, *enrol(browser))


def half(s, name, password=GUEST_PASSWORD):
    """A browser that has shown the password."""
    browser = Browser(s)
    answer = browser.send("/sign-in", {"username": name, "password": password, "next": "/mine"})
    eq((answer.status, answer.headers["location"]), (303, "/sign-in/second?next=%2Fmine"), "after the password")
    return browser


def second(browser, code):
    return browser.submit("/sign-in/second?next=/mine", "/sign-in/second", code=code)


def is_signed_in(browser):
    return browser.get("/account").status == 200


def entries(s, **asked):
    return s.api("GET", "/audit?" + urllib.parse.urlencode({"limit": 100, **asked}), want=200).items


def test_a_code_is_asked_for_after_the_password():
    s = server()
    here, app, _ = person(s, "anna")
    eq(is_signed_in(here), True, "the browser in which it was set up")
    browser = half(s, "anna")
    eq(is_signed_in(browser), False, "signed in after the password")
    eq([name for name in browser.cookies], ["nimbus-half"], "cookies")
    page = check(second(browser, "000000"), 403)
    has(page.words, "that code is wrong", "the error")
    answer = second(browser, app.code())
    eq((answer.status, answer.headers["location"]), (303, "/mine"), "after the code")
    eq(is_signed_in(browser), True, "signed in")
    eq(browser.get("/sign-in/second").status, 303, "its page, once it is over")
    wait_until(lambda: len(entries(s, action="second_factor.refused")) > 0, what="the refusal")
    done = entries(s, action="sign-in", outcome="done")
    has([e["via"] for e in done if e["username"] == "anna"], "password+totp", "how")
    used = [e for e in entries(s, action="second_factor.used") if e["username"] == "anna"]
    eq([jsonlib.loads(e["detail"]) for e in used], [{"kind": "totp"}], "what is written of it")


def test_a_code_works_once():
    s = server()
    _, app, _ = person(s, "ben")
    code = app.code()
    one, other = half(s, "ben"), half(s, "ben")
    eq(second(one, code).status, 303, "the first")
    eq(second(other, code).status, 403, "the second")
    # Nor does one of a step before it.
    eq(second(other, app.at(app.last - 1)).status, 403, "an earlier one")


def test_recovery_codes_work_once_each_and_are_replaced():
    s = server()
    here, _, codes = person(s, "cleo")
    browser = half(s, "cleo")
    eq(second(browser, codes[0].lower().replace("-", " ")).status, 303, "as somebody typed it")
    eq(second(half(s, "cleo"), codes[0]).status, 403, "again")
    has(here.page("/account/factors").words, "9 of 10 are left", "what is left")
    for code in codes[1:7]:
        eq(second(half(s, "cleo"), code).status, 303, "another")
    has(here.page("/account/factors").words, "Only 3 of them are left", "the warning")
    page = check(here.submit("/account/factors", "/account/factors/recovery"))
    fresh = re.findall(r"<code>((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})</code>", page.text)
    eq(len(set(fresh) - set(codes)), 10, "new ones")
    eq(second(half(s, "cleo"), codes[8]).status, 403, "an old one")
    eq(second(half(s, "cleo"), fresh[8]).status, 303, "a new one")
    eq([row for row in s.sql("SELECT hash FROM recovery_code") if row[0] in fresh + codes], [], "codes in the database")


def test_the_half_way_ends():
    s = server()
    _, app, _ = person(s, "dora")
    browser = half(s, "dora")
    form = browser.page("/sign-in/second").form("/sign-in/second")
    for _ in range(5):
        browser.send("/sign-in/second", {**form, "code": "000000"})
    answer = browser.send("/sign-in/second", {**form, "code": app.code()})
    eq((answer.status, answer.headers["location"]), (303, "/sign-in?done=too-late"), "after five wrong ones")
    # Without the cookie there is nothing to finish, and another's is of no use to it.
    eq(Browser(s).send("/sign-in/second", {"code": app.code(), "next": "/"}).headers["location"], "/sign-in?done=too-late", "nobody")
    browser = half(s, "dora")
    s.sql("UPDATE account SET generation = generation + 1 WHERE username = 'dora'")
    eq(browser.get("/sign-in/second").status, 303, "after all was ended")


def test_wrong_codes_are_slowed_and_recovery_codes_are_not():
    s = Nimbus(env={"NIMBUS_LOGIN_TRIES": "1000"})
    _, app, codes = person(s, "eve")
    for _ in range(10):
        browser = half(s, "eve")
        form = browser.page("/sign-in/second").form("/sign-in/second")
        for _ in range(5):
            browser.send("/sign-in/second", {**form, "code": "000000"})
    page = check(second(half(s, "eve"), app.code()), 429)
    has(page.words, "wait ten minutes", "the error")
    eq(second(half(s, "eve"), codes[0]).status, 303, "a recovery code")
    few = Nimbus(env={"NIMBUS_LOGIN_TRIES": "3"})
    person(few, "fay")
    browser = half(few, "fay")
    form = browser.page("/sign-in/second").form("/sign-in/second")
    statuses = [browser.send("/sign-in/second", {**form, "code": "000000"}).status for _ in range(4)]
    eq(statuses, [403, 403, 403, 429], "as of passwords")


def test_the_password_alone_opens_nothing_else():
    s = server()
    s.api("POST", "/collaborators", {"username": "gil", "password": GUEST_PASSWORD}, want=201)
    s.api("PUT", "/repos/mine/permissions/gil", {"permission": "write"}, want=200)
    mine = ("gil", GUEST_PASSWORD)
    url = s.git_url("mine", mine)
    token = s.api("POST", "/tokens", {"name": "t"}, mine, want=201).json["token"]
    git("ls-remote", url)
    browser, elsewhere = Browser(s, "gil", GUEST_PASSWORD), Browser(s, "gil", GUEST_PASSWORD)
    app, codes = enrol(browser)
    # From that commit on: neither what this process remembers of the password, nor a session of before.
    result = run(["git", "ls-remote", url], env=git_env(), check=False)
    eq(result.code, 128, "git's exit code")
    eq(is_signed_in(elsewhere), False, "a session that began without it")
    for _ in range(2):
        answer = s.api("GET", "/user", auth=mine)
        eq(answer.status, 401, "the API")
    has(answer.json["detail"], "make an API key", "what to do")
    has(run(["git", "ls-remote", url], env=git_env(), check=False).err, "make an API key", "what git shows")
    eq(s.api("GET", "/user", auth=("gil", token)).status, 200, "a key")
    git("ls-remote", s.git_url("mine", ("gil", token)))
    wait_until(lambda: any("second factor" in str(e["detail"]) for e in entries(s, action="sign-in", outcome="refused")), what="the refusal")
    # Keys change nothing of it.
    eq(s.api("DELETE", "/user/factors/totp", auth=token).status, 403, "by a key")
    eq(s.api("POST", "/user/factors/recovery-codes", auth=token).status, 403, "by a key")
    eq(s.api("GET", "/user/factors", auth=token, want=200).json["recovery_codes_left"], 10, "left")
    # A new password, set in the browser, leaves it signed in and the factor in force.
    changed = browser.submit("/account", "/account/password", old=GUEST_PASSWORD, new=GUEST_PASSWORD + "!")
    eq((changed.status, is_signed_in(browser)), (303, True), "a new password")
    half(s, "gil", GUEST_PASSWORD + "!")


def test_links_do_not_go_round_it():
    s = server()
    here, app, codes = person(s, "hal")
    link = s.admin("admin", "sign-in-link", "hal").out.strip()
    browser = Browser(s)
    answer = browser.get(urllib.parse.urlparse(link).path)
    eq((answer.status, answer.headers["location"]), (303, "/sign-in/second?next=%2F"), "a sign-in link")
    eq(is_signed_in(browser), False, "signed in by the link alone")
    eq(second(browser, codes[0]).status, 303, "with a recovery code")
    has([e["via"] for e in entries(s, action="sign-in", outcome="done")], "link+recovery", "how")
    reset = s.api("POST", "/collaborators/hal/reset", {}, want=200).json["url"]
    browser, path = Browser(s), urllib.parse.urlparse(reset).path
    answer = browser.submit(path, path, new="another-lamp-of-gravel-91")
    eq((answer.status, answer.headers["location"]), (303, "/sign-in/second?next=%2F%3Fdone%3Dpassword"), "a reset")
    eq(is_signed_in(browser), False, "signed in by the reset alone")
    eq(second(browser, codes[1]).status, 303, "with a recovery code")


def test_proving_it_again_asks_for_it_too():
    s = Nimbus(env={"NIMBUS_SUDO": "6s", "NIMBUS_LOGIN_TRIES": "1000"})
    here, app, codes = person(s, "ida")
    time.sleep(6.2)
    answer = here.get("/account/factors/totp")
    eq((answer.status, answer.headers["location"]), (303, "/prove?next=%2Faccount%2Ffactors%2Ftotp"), "a page that needs it")
    form = here.page("/prove?next=/account").form("/prove")
    send = lambda **fields: here.send("/prove", {**form, **fields})
    check(send(password=GUEST_PASSWORD), 403)
    check(send(password=GUEST_PASSWORD, code="000000"), 403)
    check(send(password="wrong", code=codes[0]), 403)
    remove = {"csrf": form["csrf"]}
    has(here.send("/account/factors/totp/remove", remove).headers["location"], "/prove", "not yet proved")
    eq(send(password=GUEST_PASSWORD, code=codes[0]).headers["location"], "/account", "proved")
    eq(entries(s, action="sign-in", outcome="done")[0]["via"], "password+recovery", "how")
    eq(here.send("/account/factors/totp/remove", remove).headers["location"], "/account/factors?done=factor-removed", "removed")
    eq(s.api("GET", "/user", auth=("ida", GUEST_PASSWORD)).status, 200, "the password, now that there is none")
    eq(Browser(s, "ida", GUEST_PASSWORD).get("/account").status, 200, "signing in")
    eq(s.sql("SELECT count(*) FROM recovery_code"), [(0,)], "recovery codes, which go with the last factor")


def test_who_lost_it_is_helped():
    s = server()
    _, _, codes = person(s, "jan")
    owner = Browser(s, "owner", PASSWORD)
    page = owner.page("/collaborators")
    has(page.text, "Remove second factors of jan", "the page")
    form = {"csrf": page.form(None)["csrf"], "username": "jan"}
    eq(owner.send("/collaborators/reset-factors", form).headers["location"], "/collaborators?done=factors-reset", "by the page")
    eq(is_signed_in(Browser(s, "jan", GUEST_PASSWORD)), True, "the password alone")
    eq(s.api("DELETE", "/collaborators/jan/factors").status, 404, "what is gone")
    enrol(Browser(s, "jan", GUEST_PASSWORD))
    eq(s.api("GET", "/collaborators/jan/factors", want=200).json["totp"]["used_at"], None, "what the owner sees")
    s.api("DELETE", "/collaborators/jan/factors", want=204)
    enrol(Browser(s, "jan", GUEST_PASSWORD))
    has(s.admin("admin", "user", "reset-factors", "jan").out, "no second factor any more", "by the command")
    eq(s.admin("admin", "user", "reset-factors", "nobody", check=False).code, 4, "of nobody")
    guest = Browser(s, "jan", GUEST_PASSWORD)
    eq(s.request("DELETE", "/api/v1/collaborators/owner/factors", headers={**guest.headers(), "X-CSRF-Token": guest.page("/account").form("/sign-out")["csrf"]}, auth=None).status, 403, "by somebody else")
    # The owner's own: on the machine.
    enrol(owner)
    key = s.admin("admin", "token", "create", "owner", "by hand").out.strip()
    eq(s.api("DELETE", "/collaborators/owner/factors", auth=key).status, 403, "of the owner by a key")
    eq(s.api("GET", "/user").status, 401, "the owner's password alone")
    s.admin("admin", "user", "reset-factors", "owner")
    eq(s.api("GET", "/user").status, 200, "the owner's password alone, after that")


def test_the_owner_asks_it_of_everybody():
    s = Nimbus(env={"NIMBUS_LOGIN_TRIES": "1000"})
    s.api("POST", "/collaborators", {"username": "kim", "password": GUEST_PASSWORD}, want=201)
    before = Browser(s, "kim", GUEST_PASSWORD)
    eq(s.api("PATCH", "/instance", {"second_factor_required": "yes"}).status, 422, "no truth value")
    eq(s.api("PATCH", "/instance", {"second_factor_required": True}, auth=("kim", GUEST_PASSWORD)).status, 403, "somebody else")
    kim = ("kim", GUEST_PASSWORD)
    key = s.api("POST", "/tokens", {"name": "x", "permission": "write"}, auth=kim, want=201).json["token"]
    s.create_repo("one")
    s.api("PUT", "/repos/one/permissions/kim", {"permission": "read"}, want=200)
    s.api("PATCH", "/instance", {"second_factor_required": True}, want=204)
    refused = s.api("GET", "/user", auth=kim)
    eq(refused.status, 401, "a bare password")
    has(refused.json["detail"], "everybody must have a second factor here", "why")
    eq(s.get("/device", auth=kim).status, 401, "a bare password where devices are let in")
    has(git("ls-remote", s.git_url("one", kim), check=False).err, "everybody must have a second factor here", "git")
    git("ls-remote", s.git_url("one", ("kim", key)))
    eq(s.api("GET", "/user", auth=key).status, 200, "a key")
    for browser in (before, Browser(s, "kim", GUEST_PASSWORD)):
        for path in ("/", "/account", "/account/sessions"):
            eq(browser.get(path).headers.get("location"), "/account/factors", path)
        answer = s.request("GET", "/api/v1/repos", headers=browser.headers(), auth=None)
        eq((answer.status, "/account/factors" in answer.json["detail"]), (403, True), "the API")
    has(browser.page("/account/factors").words, "Everybody must have a second factor here", "the page")
    enrol(browser)
    eq(browser.get("/").status, 200, "once there is one")
    page = browser.page("/account/factors")
    refused = check(browser.send("/account/factors/totp/remove", page.form("/account/factors/totp/remove")), 403)
    has(refused.words, "add another one first", "removing the last")
    owner = Browser(s, "owner", PASSWORD)
    enrol(owner)
    eq(owner.submit("/collaborators", "/collaborators/require-factor").headers["location"], "/collaborators?done=saved", "no more")
    eq(browser.send("/account/factors/totp/remove", page.form("/account/factors/totp/remove")).status, 303, "removing it then")


def test_who_sends_another_accounts_secret_sets_up_nothing():
    s = server()
    s.api("POST", "/collaborators", {"username": "leo", "password": GUEST_PASSWORD}, want=201)
    s.api("POST", "/collaborators", {"username": "mia", "password": GUEST_PASSWORD}, want=201)
    leo, mia = Browser(s, "leo", GUEST_PASSWORD), Browser(s, "mia", GUEST_PASSWORD)
    page = leo.page("/account/factors/totp")
    app = App(re.search(r'<code class="copy">([A-Z2-7]{32})</code>', page.text)[1])
    form = mia.page("/account/factors/totp").form("/account/factors/totp")
    theirs = page.form("/account/factors/totp")["secret"]
    for secret in (theirs, "", "A" * 600, theirs[:-2] + "AA"):
        answer = mia.send("/account/factors/totp", {**form, "secret": secret, "code": app.code() if secret == theirs else "1"})
        has(check(answer, 400).words, "begin again", "the error")
    # What is stored is sealed: neither the secret nor its text is there.
    app, _ = enrol(leo)
    (sealed,) = s.sql("SELECT secret FROM totp WHERE account_id = (SELECT id FROM account WHERE username = 'leo')")[0]
    eq(app.secret in sealed, False, "the secret in the database")


def test_a_backup_needs_the_key_beside_it():
    s = server()
    _, app, codes = person(s, "ola")
    backups, without, whole = tmp() / "backups", tmp() / "without", tmp() / "whole"
    s.admin("admin", "backup", str(backups))
    for data in (without, whole):
        run([s.binary, "admin", "restore", str(backups)], env={**s.environment(), "NIMBUS_DATA": str(data)})
    (whole / "seal.key").write_bytes((s.data / "seal.key").read_bytes())
    there = Nimbus(data=without)
    browser = half(there, "ola")
    answer = second(browser, app.code())
    eq(answer.status, 503, "a code, without the key")
    has(answer.text, "use a passkey or a recovery code", "what it says")
    wait_until(lambda: any(line.get("status") == 503 and "NIMBUS_SEAL_KEY" in line["why"] for line in there.log_lines()),
               what="the line of the log")
    eq(second(browser, codes[0]).status, 303, "a recovery code")
    there.stop()
    eq(second(half(Nimbus(data=whole), "ola"), app.code()).status, 303, "a code, with the key")


def test_the_pages_are_well_made():
    s = server()
    browser, _, _ = person(s, "noa")
    browser.page("/account/factors")
    page = Browser(s).page("/sign-in")
    # An address that is a number has no passkeys.
    eq(page.scripts, [], "scripts on 127.0.0.1")
    has(browser.page("/account/factors").words, "passkeys need", "why there are none")


if __name__ == "__main__":
    main()
