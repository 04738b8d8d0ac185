#!/usr/bin/env python3
"""
A browser for one sign-in: oidc_browser.py URL BACK USERNAME. Goes to the URL, fills in each form it meets, and
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
    """The page's first form: where it goes, and its fields."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = attributes["action"]
        elif tag == "input" and "name" in attributes:
            self.fields[attributes["name"]] = attributes.get("value") or ""


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def main(url, back, username):
    browser = urllib.request.build_opener(Stay, urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    data = None
    for _ in range(MOST):
        try:
            answer = browser.open(url, data, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        data, page = None, answer.read().decode()
        if 300 <= answer.status < 400:
            url = urllib.parse.urljoin(url, answer.headers["Location"])
            if url.startswith(back + "?"):
                return url.partition("?")[2]
            continue
        form = Form(page)
        if answer.status != 200 or form.action is None:
            sys.exit(f"{answer.status} at {url}: {page}")
        url = urllib.parse.urljoin(url, form.action)
        data = urllib.parse.urlencode({**form.fields, **{name: username for name in ("login", "password")
                                                         if name in form.fields}}).encode()
    sys.exit("it goes on and on")


if __name__ == "__main__":
    print(main(*sys.argv[1:]), end="")
