"""The pages of webhooks: set up, seen at work and failing, sent again, switched off and on, and removed; and those of all for the owner."""

import base64
import hashlib
import hmac
import http.server
import re
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *

_shared = None
PUBLIC = "https://example.org/hook?key=abc"


class Receiver:
    """Keeps what is posted to it, and answers with .status and .words."""

    def __init__(self):
        self.got, self.status, self.words = [], 200, ""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.got.append((self.headers, self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(outer.words.encode())

            def log_message(self, *words):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/hook"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


def server():
    global _shared
    if _shared is None:
        _shared = Nimbus(shared=True, env={"NIMBUS_WEBHOOK_HOSTS": "127.0.0.1"})
        for name, level in (("writer", "write"), ("keeper", "admin")):
            _shared.api("POST", "/collaborators", {"username": name, "password": f"ninety-lamps-gravel-{name}"}, want=201)
        _shared.create_repo("hooked")
        for name, level in (("writer", "write"), ("keeper", "admin")):
            _shared.api("PUT", f"/repos/hooked/permissions/{name}", {"permission": level}, want=200)
    return _shared


def add(visitor, repo, url, *events):
    """Fills in the form; (the page that comes, the webhook's path)."""
    at = f"/{repo}/settings/webhooks"
    form = {**visitor.page(at).form(at), "url": url}
    page = check(visitor.send(at, [(k, v) for k, v in form.items() if k != "events"] + [("events", one) for one in events]))
    ids = [int(id) for id in re.findall(rf'"{at}/(\d+)"', page.text)]
    return page, f"{at}/{max(ids)}"


def until(visitor, path, words):
    """The page, once it says so."""
    return wait_until(lambda: (page := visitor.page(path)) and words in page.words and page, what=words)


def test_without_one_the_page_says_what_they_are_for():
    owner = Browser(server(), *server().auth)
    page = owner.page("/hooked/settings")
    has(page.links, "/hooked/settings/webhooks", "links")
    page = owner.page("/hooked/settings/webhooks")
    has(page.words, "There is none yet")
    for name in ("push", "ref.created", "rule.changed"):
        has(page.text, f'value="{name}"')
    for name in ("repository.created", "webhook.ping", "token.created", "grant.changed"):
        has_not(page.text, f'value="{name}"')


def test_the_secret_is_shown_once_and_signs_what_is_posted():
    s, receiver = server(), Receiver()
    s.create_repo("signed")
    owner = Browser(s, *s.auth)
    page, at = add(owner, "signed", receiver.url, "push")
    secret = re.search(r'<code class="copy">(whsec_[^<]+)</code>', page.text)[1]
    eq(page.answer.headers["cache-control"], "no-store", "caching")
    has(page.words, "nothing sent yet")
    for path in (at, "/signed/settings/webhooks", "/admin/webhooks"):
        has_not(owner.page(path).text, secret)
    git("push", "-q", s.git_url("signed"), "HEAD:main", cwd=make_repo(1))
    page = until(owner, at, "works")
    has(page.words, "delivered")
    has(page.words, "answered 200")
    headers, body = receiver.got[0]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    eq(headers["webhook-signature"], "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode(), "the signature")
    eq(jsonlib.loads(body)["type"], "push", "what it is for")
    page = check(owner.submit(at, at + "/secret"))
    eq(re.search(r"whsec_[A-Za-z0-9+/=]{44}", page.text)[0] == secret, False, "another secret")
    eq(page.answer.headers["cache-control"], "no-store", "caching")


def test_one_that_fails_says_so_and_is_sent_again():
    s, receiver = server(), Receiver()
    receiver.status, receiver.words = 500, "<b>the roof is down</b>"
    s.create_repo("failed")
    owner = Browser(s, *s.auth)
    _, at = add(owner, "failed", receiver.url)
    eq(owner.submit(at, at + "/ping").headers["location"], at + "?done=pinged", "where it leads")
    page = until(owner, at, "failing")
    for words in ("answered 500", "1 attempt failed", "webhook.ping", "waits", "What was answered", "<b>the roof is down</b>"):
        has(page.words, words)
    page = owner.page("/failed/settings/webhooks")
    has(page.words, "failing")
    has(re.sub(r"\s+", " ", page.words), "told everything")
    has(page.words, "the roof is down")
    page = owner.page("/admin/webhooks")
    links = [link for link in page.links if "/settings/webhooks/" in link]
    eq(links[0], at, "what fails comes first")
    receiver.status, receiver.words = 204, ""
    eq(owner.submit(at, at + "/redeliver").headers["location"], at + "?done=again", "where it leads")
    page = until(owner, at, "works")
    has(page.words, "delivered")
    eq(len(receiver.got), 2, "attempts")
    form = page.form(at + "/redeliver")
    has(check(owner.send(at + "/redeliver", {**form, "sequence": "4711"}), 404).words, "no delivery 4711")
    check(owner.send(at + "/redeliver", {**form, "sequence": "x"}), 400)


def test_deliveries_come_page_by_page():
    s, receiver = server(), Receiver()
    s.create_repo("busy")
    owner = Browser(s, *s.auth)
    _, at = add(owner, "busy", receiver.url)
    for i in range(30):
        s.api("POST", f"/repos/busy/webhooks/{at.rpartition('/')[2]}/ping", want=204)
    sequences = lambda page: re.findall(r'name="sequence" value="(\d+)"', page.text)
    wait_until(lambda: len(receiver.got) == 30 and owner.page(at).words.count("delivered") == 25, what="thirty pings")
    page = owner.page(at)
    newest = sequences(page)
    rest = wait_until(lambda: len(seen := sequences(owner.page(next(one for one in page.links if "before=" in one)))) == 5 and seen,
                      what="the rest")
    eq(newest + rest, sorted(newest + rest, key=int, reverse=True), "the newest first")
    eq(len(set(newest + rest)), 30, "each once")
    check(owner.get(at + "?before=x"), 400)


def test_one_is_changed_switched_off_and_on_and_deleted():
    s = server()
    owner = Browser(s, *s.auth)
    _, at = add(owner, "hooked", PUBLIC, "push", "ref.created")
    page = owner.page(at)
    has_not(page.words, "key=abc")
    eq(re.findall(r'value="([a-z.]+)"\s+checked', page.text), ["push", "ref.created"], "what is checked")
    form = {k: v for k, v in page.form(at).items() if k != "events"}
    eq(form["url"], PUBLIC, "the address in full")
    for url in ("", "ftp://example.org/", "https://ada:secret@example.org/"):
        page = check(owner.send(at, {**form, "url": url}), 400)
        has(page.words, "a webhook's address")
        has(page.text, f'value="{url}"')
    eq(owner.send(at, {**form, "url": PUBLIC, "events": "pull"}).status, 400, "no such event")
    eq(owner.send(at, {**form, "url": "https://example.org/", "events": "rule.changed"}).headers["location"], at + "?done=saved", "changed")
    page = owner.page(at)
    eq(re.findall(r'value="([a-z.]+)"\s+checked', page.text), ["rule.changed"], "what is checked")
    page = owner.page("/hooked/settings/webhooks")
    has(page.words, "https://example.org/")
    has(page.text, "<code>rule.changed</code>")
    eq(owner.submit(at, at + "/off").headers["location"], at + "?done=off", "off")
    page = owner.page(at + "?done=off")
    has(page.words, "switched off")
    eq([action for action, _, _ in page.forms if action and action.endswith(("/ping", "/off", "/redeliver"))], [], "what it cannot do")
    page = check(owner.send(at + "/ping", form), 400)
    has(page.words, "switch it on first")
    eq(owner.submit(at, at + "/on").headers["location"], at + "?done=on", "on")
    eq(owner.submit(at, at + "/delete").headers["location"], "/hooked/settings/webhooks?done=removed", "deleted")
    owner.page(at, 404)
    owner.page("/hooked/settings/webhooks/x", 404)


def test_a_wrong_address_is_kept_in_the_form():
    owner = Browser(server(), *server().auth)
    at = "/hooked/settings/webhooks"
    form = {**owner.page(at).form(at), "url": "https://example.org/#<x>", "events": "ref.deleted"}
    page = check(owner.send(at, form), 400)
    has(page.words, "fragment")
    has(page.text, 'value="https://example.org/#&lt;x&gt;"')
    eq(re.findall(r'value="([a-z.]+)"\s+checked', page.text), ["ref.deleted"], "what is checked")


def test_an_address_is_given_only_by_who_proved_who_they_are():
    s = Nimbus(env={"NIMBUS_SUDO": "6s"})
    s.create_repo("kept")
    owner = Browser(s, *s.auth)
    _, at = add(owner, "kept", PUBLIC)
    forms = {path: owner.page(at).form(path) for path in (at, at + "/secret", at + "/off")}
    time.sleep(6.5)
    for path in (at, at + "/secret", "/kept/settings/webhooks"):
        answer = owner.send(path, {**forms.get(path, forms[at]), "url": "https://example.com/"})
        eq((answer.status, answer.headers["location"].partition("?")[0]), (303, "/prove"), path)
    eq(s.api("GET", "/repos/kept/webhooks", want=200).items[0]["url"], PUBLIC, "as it was")
    eq(owner.send(at + "/off", forms[at + "/off"]).headers["location"], at + "?done=off", "what takes away needs no proof")
    answer = owner.send(at + "/on", forms[at + "/off"])
    eq(answer.headers["location"].partition("?")[0], "/prove", "what gives again does")


def test_others_see_nothing_of_it():
    s = server()
    owner, keeper = Browser(s, *s.auth), Browser(s, "keeper", "ninety-lamps-gravel-keeper")
    writer = Browser(s, "writer", "ninety-lamps-gravel-writer")
    _, at = add(owner, "hooked", PUBLIC)
    for path in ("/hooked/settings/webhooks", at):
        keeper.page(path)
        writer.page(path, 403)
        eq(Browser(s).get(path).status, 303, "nobody signs in first")
    keeper.page("/admin/webhooks", 403)
    form = keeper.page(at).form(at + "/delete")
    eq(writer.send(at + "/delete", {"csrf": writer.page("/hooked").form("/sign-out")["csrf"]}).status, 403, "by who may write")
    eq(keeper.send(at + "/delete", {**form, "csrf": "x"}).status, 403, "a form that is not ours")
    eq(keeper.send(at + "/delete", form).status, 303, "by who administers it")


if __name__ == "__main__":
    main()
