"""An authenticator app, and setting it up without scripts."""

import base64
import hmac
import re
import struct
import time

from browsing import check
from harness import *


class App:
    """
    An authenticator app (RFC 6238). It never shows a code twice: where one was used, it shows the next step's. It begins
    with the step before, which is good as well, where there is time for that: so three codes need no waiting.
    """

    def __init__(self, text):
        self.secret, self.last = base64.b32decode(text + "=" * (-len(text) % 8)), 0

    def at(self, step):
        mac = hmac.digest(self.secret, struct.pack(">q", step), "sha1")
        at = mac[-1] & 15
        return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"

    def code(self):
        now = time.time()
        step = int(now) // 30
        first = step - (now % 30 < 20)
        if self.last > step:
            time.sleep(30 * self.last - time.time() + 0.1)
        self.last = max(self.last + 1, first)
        return self.at(self.last)


def enrol(browser):
    """Sets up an app; returns it and the recovery codes."""
    page = browser.page("/account/factors/totp")
    has(page.text, '<svg class="qr"', "the page")
    app = App(re.search(r'<code class="copy">([A-Z2-7]{32})</code>', page.text)[1])
    form = page.form("/account/factors/totp")
    wrong = browser.send("/account/factors/totp", {**form, "code": "000000"})
    again = check(wrong, 400)
    has(again.words, "is its clock right?", "the error")
    has(again.text, base64.b32encode(app.secret).decode(), "the same secret")
    answer = check(browser.send("/account/factors/totp", {**form, "code": app.code()}))
    codes = re.findall(r"<code>((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})</code>", answer.text)
    eq(len(set(codes)), 10, "recovery codes")
    return app, codes
