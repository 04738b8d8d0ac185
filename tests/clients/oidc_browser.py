#!/usr/bin/env python3
"""
A browser at a provider: oidc_browser.py URL BACK USERNAME. Goes to the URL, fills in each form it meets, and
prints the query with which it is sent to BACK. Standard library only.
"""

import html.parser
import http.cookiejar
import sys
import urllib.error
import urllib.parse
import urllib.request

MOST = 20


class Form(html.parser.HTMLParser):
    """The page's first form: where it goes, and its fields, the button among them; and the links."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields, self.links = None, {}, []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = attributes["action"]
        elif tag in ("input", "button") and "name" in attributes:
            self.fields.setdefault(attributes["name"], attributes.get("value") or "")
        elif tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Person:
    """Somebody with a browser, which keeps the provider's cookies; .asked counts the forms that it was shown."""

    def __init__(self, username):
        self.username, self.asked = username, 0
        self.browser = urllib.request.build_opener(
            Stay, urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def open(self, url, data=None):
        try:
            return self.browser.open(url, data, timeout=20)
        except urllib.error.HTTPError as error:
            return error

    def visit(self, url, back, cancel=False):
        """The query with which it comes to `back`, or None where it is left with a page that has no form."""
        data = None
        for _ in range(MOST):
            answer = self.open(url, data)
            data, page = None, answer.read().decode()
            if 300 <= answer.status < 400:
                url = urllib.parse.urljoin(url, answer.headers["Location"])
                there, _, query = url.partition("?")
                if there == back:
                    return query
                continue
            form = Form(page)
            if answer.status != 200:
                sys.exit(f"{answer.status} at {url}: {page}")
            if form.action is None:
                return None
            self.asked += 1
            if cancel:
                url = next(urllib.parse.urljoin(url, link) for link in form.links if "abort" in link)
                continue
            url = urllib.parse.urljoin(url, form.action)
            data = urllib.parse.urlencode({**form.fields, **{name: self.username for name in ("login", "password")
                                                             if name in form.fields}}).encode()
        sys.exit("it goes on and on")


if __name__ == "__main__":
    print(Person(sys.argv[3]).visit(*sys.argv[1:3]) or sys.exit("it does not come back"), end="")
