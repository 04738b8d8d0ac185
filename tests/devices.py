"""Signed-in devices for tests: the endpoints of OAuth, the page where they are let in, and tokens by another hand."""

import time

from browsing import *

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def post(server, path, pairs=(), headers=FORM, **fields):
    body = urllib.parse.urlencode([*pairs, *fields.items()])
    return server.request("POST", path, body, headers, auth=None)


def refused(answer, error, status=400):
    """An error as RFC 6749, 5.2, has it."""
    eq(answer.status, status, f"status of {answer}")
    eq(answer.headers["content-type"], "application/json", "content type")
    eq(answer.headers["cache-control"], "no-store", "cache control")
    eq(answer.json["error"], error, f"error of {answer}")
    eq(bool(answer.json["error_description"]), True, "a description")
    return answer


def good(answer):
    eq(answer.status, 200, f"status of {answer}")
    return answer.json


def ask(server, **fields):
    return good(post(server, "/oauth/device_authorization", client_id="nimbus", **fields))


def poll(server, asked, client="nimbus"):
    return post(server, "/oauth/token", grant_type=DEVICE_GRANT, client_id=client,
                device_code=asked["device_code"])


def decide(browser, user_code, action="/device"):
    answer = browser.send(action, browser.page(f"/device?user_code={user_code}").form("/device"))
    eq(answer.status, 303, f"deciding: {answer}")
    return browser.page(answer.headers["location"])


def sign_in(server, browser, **fields):
    """What a device is given that was let in."""
    asked = ask(server, **fields)
    decide(browser, asked["user_code"])
    return good(poll(server, asked))


def refresh(server, token, **fields):
    return post(server, "/oauth/token", grant_type="refresh_token", client_id="nimbus", refresh_token=token, **fields)


def part(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read(token):
    """The header and the claims."""
    header, claims, _ = token.split(".")
    return jsonlib.loads(part(header)), jsonlib.loads(part(claims))


class Forger:
    """A key among the instance's own, of which the test has the secret part: it signs what no server would."""

    def __init__(self, server):
        folder = tmp("forger")
        self.path, self.count = folder / "key.pem", 0
        run([need("openssl"), "genpkey", "-algorithm", "ed25519", "-out", self.path])
        der = run(["openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER"]).raw
        self.x = der[-32:]
        self.kid = f"forged-{os.urandom(6).hex()}"
        self.jwk = {"crv": "Ed25519", "kty": "OKP", "x": text_of(self.x), "alg": "EdDSA", "kid": self.kid,
                    "use": "sig"}
        server.sql("INSERT INTO issuer_key (id, kid, jwk, sealed, created, begins, ends) "
                   "VALUES (?, ?, ?, ?, 1, 1, 0)", 1000 + int.from_bytes(os.urandom(3), "big"), self.kid,
                   jsonlib.dumps(self.jwk), b"\1")

    def sign(self, header, claims):
        message = f"{text_of(header)}.{text_of(claims)}"
        place = self.path.with_name("message")
        place.write_bytes(message.encode())
        made = run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", place]).raw
        return f"{message}.{text_of(made)}"

    def token(self, like, header=(), **claims):
        """As the token `like`, with another header or other claims; None: without it."""
        head, said = read(like)
        head = {**head, "kid": self.kid, **dict(header)}
        said = {name: value for name, value in {**said, **claims}.items() if value is not None}
        return self.sign(jsonlib.dumps(head).encode(), jsonlib.dumps(said).encode())
