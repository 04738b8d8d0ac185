"""Passkeys in a real browser with a virtual authenticator: added, used in all three places, and refused."""

import re
import sys
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *
from chromium import *

GUEST_PASSWORD = "gravel-otter-ninety-lamp"
AUTHENTICATOR = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                 "isUserVerified": True, "automaticPresenceSimulation": True}
CODE = r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}"


class Place:
    """A server, a browser at it, and an authenticator in the browser."""

    def __init__(self, name):
        self.server = Nimbus(env={"NIMBUS_LOGIN_TRIES": "1000"})
        self.server.create_repo("mine", visibility="public")
        self.server.api("POST", "/collaborators", {"username": name, "password": GUEST_PASSWORD}, want=201)
        self.url, self.name = f"http://localhost:{self.server.port}", name
        self.browser = Chromium()
        self.browser("WebAuthn.enable", enableUI=False)
        self.authenticator = self.browser("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR)["authenticatorId"]

    def __enter__(self):
        return self, self.browser

    def __exit__(self, kind, *_):
        complaints = self.browser.complaints
        self.browser.close()
        if not kind:
            eq(complaints, [], "what the browser complains of")

    def password(self):
        b = self.browser
        b.open(self.url + "/sign-in?next=/mine")
        b.fill("[name=username]", self.name)
        b.fill("[name=password]", GUEST_PASSWORD)
        b.click("form[action='/sign-in'] button")

    def add(self, name):
        b = self.browser
        b.open(self.url + "/account/factors")
        b.fill("#passkey-name", name)
        b.click("[data-passkey=create] button")
        b.wait(f"document.body.innerText.includes({name!r})", "the passkey in the list")

    def use(self):
        b = self.browser
        b.wait("document.querySelector('[data-passkey=get] button:enabled')", "the button")
        b.click("[data-passkey=get] button")

    def sign_out(self):
        b = self.browser
        b.click("form[action='/sign-out'] button")
        b.wait("location.search == '?done=signed-out'")

    def credential(self):
        (one,) = self.browser("WebAuthn.getCredentials", authenticatorId=self.authenticator)["credentials"]
        return one


def vias(s):
    return [e["via"] for e in s.api("GET", "/audit?limit=100&action=sign-in&outcome=done", want=200).items]


def test_a_passkey_signs_in_alone_and_as_second_factor():
    with Place("anna") as (place, b):
        s = place.server
        place.password()
        b.wait("location.pathname == '/mine'")
        place.add("My phone")
        eq(len(set(re.findall(CODE, b.words()))), 10, "recovery codes")
        eq(s.api("GET", "/user", auth=("anna", GUEST_PASSWORD)).status, 401, "the password alone over Basic")
        b.fill("#passkey-name", "The same")
        b.click("[data-passkey=create] button")
        b.wait("document.querySelector('[data-passkey] [role=status]').innerText.includes('here already')", "the same authenticator again")
        place.sign_out()

        b.open(place.url + "/sign-in?next=/mine")
        place.use()
        b.wait("location.pathname == '/mine'", "signed in by the passkey alone")
        has(b.words(), "anna", "the page")
        place.sign_out()

        place.password()
        b.wait("location.pathname == '/sign-in/second'")
        place.use()
        b.wait("location.pathname == '/mine'", "signed in by password and passkey")
        eq({"passkey", "password+passkey"} <= set(vias(s)), True, f"how: {vias(s)}")

        before = len(vias(s))
        b.open(place.url + "/prove?next=/account")
        place.use()
        b.wait("location.pathname == '/account'", "proved again")
        eq(vias(s)[:len(vias(s)) - before], ["passkey"], "how it was proved again")

        row = s.api("GET", "/collaborators/anna/factors", want=200).json["passkeys"][0]
        eq((row["name"], row["used_at"] is not None), ("My phone", True), "what is listed")
        b.open(place.url + "/account/factors")
        b.fill(".rows [name=name]", "Old phone")
        b.click(".rows form[action$='/rename'] button")
        b.wait("document.body.innerText.includes('Old phone')", "renamed")
        b.click(".rows form[action$='/remove'] button")
        b.wait("document.body.innerText.includes('Removed.')", "removed")
        eq(s.api("GET", "/user", auth=("anna", GUEST_PASSWORD)).status, 200, "the password alone, after that")
        place.sign_out()
        b.open(place.url + "/sign-in")
        place.use()
        b.wait("document.body.innerText.includes('is not known here')", "a passkey that was removed")
        b.complaints[:] = [line for line in b.complaints if "403" not in line]


def test_without_a_pin_it_is_a_second_factor_only():
    with Place("ben") as (place, b):
        place.password()
        b.wait("location.pathname == '/mine'")
        place.add("Key")
        place.sign_out()
        b("WebAuthn.setUserVerified", authenticatorId=place.authenticator, isUserVerified=False)
        b.open(place.url + "/sign-in")
        place.use()
        b.wait("document.querySelector('[data-passkey] [role=status]').innerText.includes('cancelled')", "the browser's refusal")
        place.password()
        b.wait("location.pathname == '/sign-in/second'")
        place.use()
        b.wait("location.pathname == '/mine'", "a touch, after the password")


def test_a_copy_of_the_key_is_noticed():
    with Place("cleo") as (place, b):
        place.password()
        b.wait("location.pathname == '/mine'")
        place.add("Key")
        place.sign_out()
        b.open(place.url + "/sign-in?next=/mine")
        place.use()
        b.wait("location.pathname == '/mine'")
        place.sign_out()
        copy = {**place.credential(), "signCount": 0}
        b("WebAuthn.removeCredential", authenticatorId=place.authenticator, credentialId=copy["credentialId"])
        b("WebAuthn.addCredential", authenticatorId=place.authenticator, credential=copy)
        b.open(place.url + "/sign-in")
        place.use()
        b.wait("document.body.innerText.includes('there may be a copy of it')", "the words")
        b.complaints[:] = [line for line in b.complaints if "403" not in line]


def test_an_answer_is_good_once_here_and_for_what_it_was_asked():
    with Place("dora") as (place, b):
        s = place.server
        place.password()
        b.wait("location.pathname == '/mine'")
        place.add("Key")
        place.sign_out()

        def answer_of(path):
            """What the page would send."""
            b.open(place.url + path)
            b.js("HTMLFormElement.prototype.submit = function () { globalThis.sent = Object.fromEntries(new FormData(this)) }")
            place.use()
            b.wait("globalThis.sent")
            return b.js("globalThis.sent")

        def send(fields, path="/sign-in/passkey", host=f"localhost:{s.port}"):
            browser = Browser(s)
            headers = {**browser.headers(), "Content-Type": "application/x-www-form-urlencoded", "Host": host}
            return browser.keep(s.request("POST", path, urllib.parse.urlencode(fields), headers, auth=None)).status

        fields = answer_of("/sign-in")
        eq(send(fields, host="elsewhere.example"), 403, "of another address")
        eq(send({**fields, "ceremony": fields["ceremony"][:-2] + "AA"}), 403, "of another ceremony")
        eq(send({**fields, "answer": "{}"}), 403, "no answer")
        eq(send({**fields, "answer": "[" * 70000}), 403, "too long an answer")
        fields = answer_of("/sign-in")
        eq(send(fields), 303, "the first time")
        eq(send(fields), 403, "the second time")
        older = answer_of("/sign-in")
        newer = answer_of("/sign-in")
        eq(send({**newer, "ceremony": older["ceremony"]}), 403, "with another page's ceremony")
        place.password()
        b.wait("location.pathname == '/sign-in/second'")
        fields = answer_of("/sign-in/second")
        eq(send(fields), 403, "a second factor as the only one")
        place.server.sql("UPDATE passkey SET account_id = 1")
        eq(send(answer_of("/sign-in")), 403, "a passkey whose row was moved to the owner")


def test_a_script_is_run_only_where_it_is_needed():
    with Place("eve") as (place, b):
        b.open(place.url + "/")
        eq(b.js("document.scripts.length"), 0, "scripts on a page that needs none")
        b.open(place.url + "/sign-in")
        eq(b.js("document.scripts.length"), 1, "scripts where one signs in")
        eq(b.js("(() => { try { document.body.innerHTML = '<b>x</b>'; return 'made' } catch (e) { return e.name } })()"), "TypeError",
           "markup from text")
        b.complaints.clear()
        b("Emulation.setScriptExecutionDisabled", value=True)
        b("Page.navigate", url=place.url + "/sign-in")
        b.wait("document.body.innerText.includes('A passkey needs JavaScript')", "what is said without scripts")
        b("Emulation.setScriptExecutionDisabled", value=False)


if __name__ == "__main__":
    main()
