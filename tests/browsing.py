"""A browser without scripts, and what must be so on any page that it sees."""

import re
import urllib.parse
from html.parser import HTMLParser

from harness import *

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """Parses a page and keeps what is wrong with it."""

    def __init__(self, answer):
        super().__init__(convert_charrefs=True)
        self.answer, self.text, self.wrong = answer, answer.text, []
        self.open, self.ids, self.links, self.forms, self.headings = [], [], [], [], []
        self.labels, self.inputs, self.words, self.prose, self.scripts = set(), [], "", 0, []
        self.feed(self.text)
        if self.open:
            self.wrong.append(f"not closed: {self.open}")

    def handle_starttag(self, tag, pairs):
        a = dict(pairs)
        if len(a) != len(pairs):
            self.wrong.append(f"an attribute twice in {self.get_starttag_text()}")
        if tag in ("style", "iframe", "embed", "base") or tag == "object" and a.get("type") != "application/pdf":
            self.wrong.append(f"<{tag}>")
        if tag == "script":
            self.scripts.append(a.get("src", ""))
            known = {"src", "defer", "integrity"}
            if not re.fullmatch(r"/assets/\w+\.js\?[0-9a-f]{16}", a.get("src", "")) or not known <= set(a):
                self.wrong.append(self.get_starttag_text())
        for name in a:
            if name.startswith("on") or name == "style":
                self.wrong.append(f"{name}= in {self.get_starttag_text()}")
        if "id" in a:
            self.ids.append(a["id"])
        if tag in ("a", "link") and "href" in a:
            self.links.append(a["href"])
        if tag == "img" and "alt" not in a:
            self.wrong.append(f"no alt: {self.get_starttag_text()}")
        if tag == "label" and "for" in a:
            self.labels.add(a["for"])
        if tag == "form":
            self.forms.append((a.get("action"), a.get("method", "get"), {}))
        if tag in ("input", "select", "textarea") and a.get("type") != "hidden":
            named = "aria-label" in a or "label" in self.open
            self.inputs.append((a.get("id"), named, self.get_starttag_text()))
        if tag == "input" and self.forms and "name" in a:
            if a.get("type") not in ("radio", "checkbox") or "checked" in a:
                self.forms[-1][2][a["name"]] = a.get("value", "")
        if re.fullmatch("h[1-6]", tag) and not self.prose:
            self.headings.append(int(tag[1]))
        self.prose += tag == "article"
        if tag == "html" and a.get("lang") != "en":
            self.wrong.append("no lang")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        if "svg" not in self.open:
            self.wrong.append(f"<{tag}/>")

    def handle_endtag(self, tag):
        self.prose -= tag == "article"
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.wrong.append("a script in the page")
        self.words += data

    def form(self, action):
        for target, method, fields in self.forms:
            if target == action:
                return dict(fields)
        fail(f"no form for {action}: {self.forms}")


def check(answer, status=200):
    """The page, after everything that must be so on any page."""
    eq(answer.status, status, f"status of {answer}")
    eq(answer.headers["content-type"], "text/html; charset=utf-8", "content type")
    policy = answer.headers["content-security-policy"]
    says = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    for name, value in (("default-src", "'none'"), ("style-src", "'self'"), ("base-uri", "'none'"),
                        ("frame-ancestors", "'none'")):
        eq(says.get(name), value, name)
    # A form leads elsewhere only where a program on the person's own machine waits for what they decide.
    if not re.fullmatch(r"'self'( http://127\.0\.0\.1:\d+| http:)?", says.get("form-action", "")):
        fail(f"form-action {says.get('form-action')!r}")
    has_not(policy.replace("'wasm-unsafe-eval'", ""), "unsafe", "policy")
    eq(answer.headers["x-content-type-options"], "nosniff", "nosniff")
    page = Page(answer)
    # A script is of a file of ours, and only pages that have one may run any.
    # Only one that draws with the module may make markup, and ask for more.
    draws = any("/nimbus.js?" in script for script in page.scripts)
    scripts = {"script-src": "'self' 'wasm-unsafe-eval'" if draws else "'self'",
               "require-trusted-types-for": "'script'", "trusted-types": "nimbus" if draws else "'none'",
               **({"connect-src": "'self'", "worker-src": "'self'"} if draws else {})}
    allowed = {name: says[name] for name in says if name in ("connect-src", "worker-src") or name in scripts}
    eq(allowed, scripts if page.scripts else {}, "scripts")
    eq(page.wrong, [], "what is wrong with the page")
    eq(len(page.ids), len(set(page.ids)), "ids")
    eq(page.headings[:1], [1], "the first heading")
    eq(page.headings.count(1), 1, "main headings")
    for before, after in zip(page.headings, page.headings[1:]):
        if after > before + 1:
            fail(f"headings jump: {page.headings}")
    for id, named, tag in page.inputs:
        if not named and id not in page.labels:
            fail(f"no label: {tag}")
    has(page.text, '<a class="skip" href="#@main">', "skip link")
    has(page.ids, "@main", "ids")
    for link in page.links:
        if not re.match(r"(/|#|\?|https?://|mailto:)", link):
            fail(f"link {link!r}")
    return page


class Browser:
    """Keeps cookies, sends forms."""

    def __init__(self, server, name=None, password=None):
        self.server, self.cookies = server, {}
        if name:
            answer = self.send("/sign-in", {"username": name, "password": password, "next": "/"})
            eq(answer.status, 303, f"signing in: {answer}")

    def keep(self, answer):
        for name, value in answer.pairs:
            if name.lower() == "set-cookie":
                key, _, value = value.split(";")[0].partition("=")
                self.cookies[key] = value
        return answer

    def headers(self):
        cookie = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        return {"Accept": "text/html, */*;q=0.1", **({"Cookie": cookie} if cookie else {})}

    def get(self, path, **headers):
        return self.keep(self.server.request("GET", path, headers={**self.headers(), **headers}, auth=None))

    def page(self, path, status=200):
        return check(self.get(path), status)

    def send(self, path, fields):
        body = urllib.parse.urlencode(fields)
        headers = {**self.headers(), "Content-Type": "application/x-www-form-urlencoded"}
        return self.keep(self.server.request("POST", path, body, headers, auth=None))

    def send_parts(self, path, fields, files=()):
        """As a form with enctype=multipart/form-data does; files: (field, name, bytes)."""
        line, body = "----nimbus", b""
        for name, value in fields.items():
            body += f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for field, name, data in files:
            name = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            body += (f'--{line}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
                     "Content-Type: application/octet-stream\r\n\r\n").encode() + data + b"\r\n"
        headers = {**self.headers(), "Content-Type": f"multipart/form-data; boundary={line}"}
        return self.keep(self.server.request("POST", path, body + f"--{line}--\r\n".encode(), headers, auth=None))

    def submit(self, at, action, **fields):
        """Fills in the form of the page `at` and sends it."""
        return self.send(action, {**self.page(at).form(action), **fields})
