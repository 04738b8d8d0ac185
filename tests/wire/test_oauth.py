#!/usr/bin/env python3
"""Signed-in devices: how one is let in, what its tokens are, and when they are refused."""

import hashlib
import hmac
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from devices import *  # noqa: E402,F403

server = None


def the_server():
    global server
    if server is None:
        port = free_port()
        server = Nimbus(shared=True, env={"NIMBUS_LISTEN": f"127.0.0.1:{port}", "NIMBUS_URL": f"http://127.0.0.1:{port}"},
                        start=False)
        server.port, server.host, server.url = port, f"127.0.0.1:{port}", f"http://127.0.0.1:{port}"
        server.start()
        server.create_repo("hello")
    return server


browsers = {}


def the_owner():
    if "owner" not in browsers:
        browsers["owner"] = Browser(the_server(), OWNER, PASSWORD)
    return browsers["owner"]


def who(token, at=None, want=200):
    answer = (at or the_server()).api("GET", "/user", auth=token)
    eq(answer.status, want, f"who {answer}")
    return answer


def let_in(**fields):
    return sign_in(the_server(), the_owner(), **fields)


def test_a_device_is_let_in_and_its_token_is_good_for_git_and_the_api():
    asked = ask(the_server(), device_name="laptop")
    eq(asked["verification_uri"], f"{the_server().url}/device", "verification_uri")
    eq(asked["verification_uri_complete"], f"{the_server().url}/device?user_code={asked['user_code']}", "complete")
    eq(asked["expires_in"], 900, "expires_in")
    eq(asked["interval"], 5, "interval")
    eq(bool(re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", asked["user_code"])), True, "the code")
    page = the_owner().page(f"/device?user_code={asked['user_code'].lower().replace('-', '')}")
    for words in ("Nimbus for git", "laptop", "127.0.0.1", "read and write, as owner", "90 days", asked["user_code"]):
        has(page.words, words, "the page")
    has(decide(the_owner(), asked["user_code"]).words, "It is signed in", "the page after it")
    tokens = good(poll(the_server(), asked))
    eq(tokens["token_type"], "Bearer", "type")
    eq(tokens["expires_in"], 600, "expires_in")
    eq(tokens["scope"], "write", "scope")
    eq(tokens["refresh_token"].startswith("nbr_"), True, "refresh token")
    header, claims = read(tokens["access_token"])
    eq(header["typ"], "at+jwt", "typ")
    eq(header["alg"], "EdDSA", "alg")
    eq((claims["iss"], claims["aud"], claims["sub"], claims["client_id"], claims["scope"]),
       (the_server().url, the_server().url, OWNER, "nimbus", "write"), "claims")
    eq(claims["exp"] - claims["iat"], 600, "how long it is good")
    eq(claims["nbf"], claims["iat"], "nbf")
    eq(claims["nimbus"], {"permission": "write"}, "limits")
    eq(bool(claims["jti"]), True, "jti")
    eq(who(tokens["access_token"]).json["limit"], "write", "the limit")
    for auth in ((OWNER, tokens["access_token"]), ("anybody", tokens["access_token"]), (tokens["access_token"], "")):
        eq(refs(the_server().git_url("hello", auth=auth)), {}, f"git with {auth[0][:9]}")
    refused(poll(the_server(), asked), "invalid_grant")
    for action, via in (("device.approved", "session"), ("device.added", "device ")):
        entry = the_server().api("GET", f"/audit?action={action}", want=200).items[0]
        eq((entry["username"], entry["via"].startswith(via)), (OWNER, True), f"the audit log: {entry}")


def test_a_device_waits_is_told_so_and_may_be_refused():
    asked = ask(the_server())
    refused(poll(the_server(), asked), "authorization_pending")
    refused(poll(the_server(), asked), "slow_down")
    refused(poll(the_server(), asked, client="git-credential-oauth"), "invalid_grant")
    has(decide(the_owner(), asked["user_code"], "/device/refuse").words, "Refused", "the page")
    refused(poll(the_server(), asked), "access_denied")
    has(jsonlib.dumps(the_server().api("GET", "/audit?action=device.refused", want=200).items[0]), "127.0.0.1", "the audit log")
    over = ask(the_server())
    the_server().sql("UPDATE device_request SET expires = 1 WHERE user_code = ?", over["user_code"].replace("-", ""))
    refused(poll(the_server(), over), "expired_token")
    page = the_owner().page(f"/device?user_code={over['user_code']}", status=404)
    has(page.words, "nothing asks by this code", "the page")


def test_errors_are_as_the_standard_has_them():
    s, token = the_server(), "/oauth/token"
    refused(post(s, token), "invalid_request")
    refused(post(s, token, client_id="nimbus"), "invalid_request")
    refused(post(s, token, grant_type="password", client_id="nimbus"), "unsupported_grant_type")
    refused(post(s, token, grant_type="refresh_token", refresh_token="x"), "invalid_client")
    refused(post(s, token, grant_type="refresh_token", refresh_token="x", client_id="other"), "invalid_client")
    refused(post(s, token, grant_type="refresh_token", client_id="nimbus"), "invalid_request")
    refused(post(s, token, grant_type=DEVICE_GRANT, client_id="nimbus"), "invalid_request")
    refused(post(s, token, grant_type=DEVICE_GRANT, client_id="nimbus", device_code="x"), "invalid_grant")
    refused(refresh(s, "nbr_" + "x" * 65), "invalid_grant")
    refused(refresh(s, "nonsense"), "invalid_grant")
    twice = post(s, token, [("client_id", "nimbus"), ("client_id", "nimbus")], grant_type="refresh_token",
                 refresh_token="x")
    refused(twice, "invalid_request")
    refused(post(s, token, headers={"Content-Type": "application/json"}, grant_type="refresh_token"), "invalid_request")
    refused(post(s, token, grant_type="x" * 5000), "invalid_request")
    refused(s.request("GET", token, auth=None), "invalid_request", 405)
    refused(post(s, "/oauth/nothing"), "invalid_request")
    device = "/oauth/device_authorization"
    refused(post(s, device), "invalid_client")
    refused(post(s, device, client_id="nimbus", scope="openid"), "invalid_scope")
    refused(post(s, device, client_id="nimbus", limits='{"nonsense": 1}'), "invalid_request")
    refused(post(s, device, client_id="nimbus", limits='{"bytes": 1}'), "invalid_request")
    refused(post(s, device, client_id="nimbus", device_name="x" * 101), "invalid_request")
    refused(post(s, device, client_id="nimbus", device_name="a\nb"), "invalid_request")
    refused(post(s, device, client_id="nimbus", headers={**FORM, "Sec-Fetch-Site": "cross-site"}), "invalid_request", 403)
    refused(post(s, "/oauth/revoke", client_id="nimbus"), "invalid_request")
    eq(post(s, "/oauth/revoke", client_id="nimbus", token="nonsense").status, 200, "revoking nothing")


def test_a_token_is_only_good_as_it_was_issued():
    s = the_server()
    token = let_in()["access_token"]
    forger, now = Forger(s), int(time.time())
    time.sleep(0.2)  # an unknown key is looked up ten times a second at most
    who(forger.token(token))
    header, claims = read(token)
    wrong = {
        "expired": forger.token(token, exp=now - 5),
        "without an end": forger.token(token, exp=None),
        "not before later": forger.token(token, nbf=now + 300),
        "issued in the future": forger.token(token, iat=now + 300),
        "another issuer": forger.token(token, iss="https://other.example.org"),
        "another audience": forger.token(token, aud="https://other.example.org"),
        "no audience": forger.token(token, aud=None),
        "another person": forger.token(token, sub="somebody"),
        "another device": forger.token(token, device=claims["device"] + 1000),
        "no device": forger.token(token, device=None),
        "no id": forger.token(token, jti=None),
        "no limits": forger.token(token, nimbus=None),
        "more than the device may": forger.token(token, nimbus={"permission": "admin"}),
        "a limit that is unknown": forger.token(token, nimbus={"permission": "write", "moon": []}),
        "another type": forger.token(token, {"typ": "JWT"}),
        "an unknown key": forger.token(token, {"kid": "other"}),
        "no key": forger.token(token, {"kid": None}),
        "a key of its own": forger.token(token, {"kid": "other", "jwk": forger.jwk}),
        "a demand": forger.token(token, {"crit": ["exp"]}),
        "a claim twice": forger.sign(jsonlib.dumps({**header, "kid": forger.kid}).encode(),
                                     jsonlib.dumps(claims)[:-1].encode() + b', "sub": "owner"}'),
        "a header twice": forger.sign(b'{"alg":"EdDSA","typ":"at+jwt","kid":"%s","kid":"x"}' % forger.kid.encode(),
                                      jsonlib.dumps(claims).encode()),
        "too long": forger.token(token, filler="x" * 13000),
        "another signature": token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"),
        "other claims": ".".join((token.split(".")[0], text_of(jsonlib.dumps({**claims, "sub": "x"}).encode()),
                                  token.split(".")[2])),
        "four parts": token + ".x",
    }
    none = f"{text_of(jsonlib.dumps({**header, 'alg': 'none'}).encode())}.{token.split('.')[1]}"
    wrong["no algorithm"] = none + "."
    wrong["no algorithm, a signature"] = none + "." + token.split(".")[2]
    for name, key in (("text", jsonlib.dumps(forger.jwk).encode()), ("bytes", forger.x)):
        message = f"{text_of(jsonlib.dumps({**header, 'kid': forger.kid, 'alg': 'HS256'}).encode())}.{token.split('.')[1]}"
        mac = hmac.new(key, message.encode(), hashlib.sha256).digest()
        wrong[f"the public key as a secret ({name})"] = f"{message}.{text_of(mac)}"
    for name, bad in wrong.items():
        eq(s.api("GET", "/user", auth=bad).status, 401, name)
        eq(s.request("GET", "/hello.git/info/refs?service=git-upload-pack", auth=(OWNER, bad)).status, 401, f"git: {name}")
    who(token)


def test_a_refresh_token_is_good_once_and_what_comes_twice_ends_the_device():
    s = the_server()
    first = let_in(device_name="twice")
    second = good(refresh(s, first["refresh_token"]))
    third = good(refresh(s, second["refresh_token"]))
    for tokens in (first, second, third):
        who(tokens["access_token"])
    answer = refused(refresh(s, first["refresh_token"]), "invalid_grant")
    has(answer.json["error_description"], "used already", "why")
    refused(refresh(s, third["refresh_token"]), "invalid_grant")
    for tokens in (first, second, third):
        who(tokens["access_token"], want=401)
    why = s.api("GET", "/audit?action=device.removed", want=200).items[0]
    has(jsonlib.dumps(why), "used-up token came again", "the audit log")


def test_a_device_gets_less_where_it_asks_for_less():
    s = the_server()
    wide = sign_in(s, the_owner(), scope="admin", limits='{"repositories": ["team-*"]}')
    eq(wide["scope"], "admin", "scope")
    eq(s.api("GET", "/repos", auth=wide["access_token"], want=200).items, [], "other repositories")
    refused(refresh(s, wide["refresh_token"], scope="everything"), "invalid_scope")
    less = good(refresh(s, wide["refresh_token"], scope="read"))
    eq(less["scope"], "read", "scope")
    eq(read(less["access_token"])[1]["nimbus"], {"permission": "read", "repositories": ["team-*"]}, "limits")
    eq(good(refresh(s, less["refresh_token"]))["scope"], "admin", "the next is whole again")
    narrow = let_in(scope="read")
    refused(refresh(s, narrow["refresh_token"], scope="admin"), "invalid_scope")
    good(refresh(s, narrow["refresh_token"]))
    whole = let_in(scope="admin")["access_token"]
    made = s.api("POST", "/tokens", {"name": "x"}, auth=whole)
    eq(made.status, 403, f"a device makes no tokens: {made}")


def test_a_device_that_is_signed_out_is_so_at_once_on_every_server():
    s = the_server()
    other = Nimbus(data=s.data, env={"NIMBUS_URL": s.url}) if HOME != "embedded" else s
    ends = {
        "by itself": lambda tokens, id: good(post(s, "/oauth/revoke", client_id="nimbus", token=tokens["refresh_token"])),
        "on the page": lambda tokens, id: the_owner().submit("/account", f"/account/devices/{id}/sign-out"),
        "by the API": lambda tokens, id: s.api("DELETE", f"/user/devices/{id}", want=204),
        "by the command": lambda tokens, id: s.admin("admin", "device", "sign-out", OWNER, id),
        "all": lambda tokens, id: s.api("DELETE", "/user/devices", want=204),
    }
    for name, end in ends.items():
        tokens = let_in(device_name=name)
        for at in (s, other):
            who(tokens["access_token"], at)
        listed = s.api("GET", "/user/devices", want=200).items[0]
        eq((listed["name"], listed["client"], listed["permission"], listed["address"]),
           (name, "nimbus", "write", "127.0.0.1"), "the list")
        end(tokens, listed["id"])
        for at in (s, other):
            who(tokens["access_token"], at, want=401)
        refused(refresh(s, tokens["refresh_token"]), "invalid_grant")
    refused(post(s, "/oauth/revoke", client_id="nimbus", token=let_in()["access_token"]), "unsupported_token_type")


def test_the_owner_signs_out_others_and_nobody_else_does():
    s = the_server()
    for name in ("anna", "bert"):
        s.api("POST", "/collaborators", {"username": name, "password": "quince-otter-lamp-9"}, want=201)
    anna, bert = (Browser(s, name, "quince-otter-lamp-9") for name in ("anna", "bert"))
    mine, theirs = sign_in(s, anna, device_name="annas"), sign_in(s, bert, scope="admin")
    id = s.api("GET", "/collaborators/anna/devices", want=200).items[0]["id"]
    has(anna.page("/account").words, "annas", "her page")
    has_not(bert.page("/account").words, "annas", "his page")
    one = s.api("GET", "/collaborators/anna/devices", want=200).items[0]
    eq(s.api("GET", f"/collaborators/anna/devices/{id}", want=200).json, one, "one of them")
    eq(s.api("GET", f"/user/devices/{id}", auth=theirs["access_token"]).status, 404, "somebody else's, to read")
    for none in (f"/user/devices/{id}", "/collaborators/anna/devices/999999", "/collaborators/anna/devices/x"):
        eq(s.api("GET", none).status, 404, f"the owner's {none}")
    eq(s.api("DELETE", f"/user/devices/{id}", auth=theirs["access_token"]).status, 404, "somebody else's")
    eq(s.api("GET", "/collaborators/anna/devices", auth=theirs["access_token"]).status, 403, "somebody else's list")
    has(s.admin("admin", "device", "list", "anna").out, "annas", "the command")
    s.api("DELETE", f"/collaborators/anna/devices/{id}", want=204)
    who(mine["access_token"], want=401)
    again = sign_in(s, anna)
    s.api("PATCH", "/collaborators/anna", {"password": "another-otter-lamp-77"}, want=204)
    who(again["access_token"], want=401)
    refused(refresh(s, again["refresh_token"]), "invalid_grant")
    s.api("DELETE", "/collaborators/bert", want=204)
    who(theirs["access_token"], want=401)


def test_a_device_is_let_in_by_a_person_who_proved_it_lately():
    s = Nimbus(env={"NIMBUS_SUDO": "6s"})
    asked = ask(s)
    at = f"/device?user_code={asked['user_code']}"
    eq(s.get(at, headers={"Accept": "text/html"}, auth=None).headers["location"],
       f"/sign-in?next={urllib.parse.quote(at, safe='')}", "who is not signed in")
    browser = Browser(s, OWNER, PASSWORD)
    form = browser.page(at).form("/device")
    eq(browser.send("/device", {**form, "csrf": "wrong"}).status, 403, "without the session's token")
    time.sleep(6.5)
    answer = browser.send("/device", form)
    eq(answer.headers["location"].startswith("/prove"), True, f"a proof is asked for: {answer.headers}")
    refused(poll(s, asked), "authorization_pending")
    by_token = s.api("POST", "/tokens", {"name": "x", "permission": "admin"}, want=201).json["token"]
    eq(s.request("POST", "/device", urllib.parse.urlencode({"user_code": asked["user_code"]}), FORM,
                 auth=by_token).status, 403, "a token lets nobody in")
    has(browser.submit("/prove?next=/", "/prove", password=PASSWORD).headers["location"], "/", "the proof")
    decide(browser, asked["user_code"])
    good(poll(s, asked))


def test_who_guesses_codes_is_slowed_down():
    s = Nimbus()
    asked, browser = ask(s), Browser(s, OWNER, PASSWORD)
    for n in range(10):
        browser.page(f"/device?user_code=BBBB-BBB{'CDFGHJKLMNP'[n]}", status=404)
    page = browser.page(f"/device?user_code={asked['user_code']}", status=429)
    has(page.words, "wait ten minutes", "the page")
    for _ in range(29):
        ask(s)
    refused(post(s, "/oauth/device_authorization", client_id="nimbus"), "temporarily_unavailable", 429)


def test_keys_are_published_and_rotated_without_a_gap():
    s = Nimbus(env={"NIMBUS_ACCESS_TOKEN_LIFETIME": "10s"})
    browser = Browser(s, OWNER, PASSWORD)
    eq(s.get("/.well-known/jwks.json", auth=None).json, {"keys": []}, "before the first token")
    tokens = sign_in(s, browser)
    answer = s.get("/.well-known/jwks.json", auth=None)
    has(answer.headers["cache-control"], "max-age=300", "caches")
    first = answer.json["keys"][0]
    eq(sorted(first), ["alg", "crv", "kid", "kty", "use", "x"], "a public key")
    eq(read(tokens["access_token"])[0]["kid"], first["kid"], "which signed")
    has(s.admin("admin", "jwt-key", "rotate").out, "signs from", "rotating")
    two = s.get("/.well-known/jwks.json", auth=None).json["keys"]
    eq((len(two), two[1]["kid"]), (2, first["kid"]), "both are published")
    tokens = good(refresh(s, tokens["refresh_token"]))
    eq(read(tokens["access_token"])[0]["kid"], first["kid"], "the old one signs until the new one is known")
    s.sql("UPDATE issuer_key SET begins = 1 WHERE kid = ?", first["kid"])
    s.sql("UPDATE issuer_key SET begins = 2 WHERE kid <> ?", first["kid"])
    next = good(refresh(s, tokens["refresh_token"]))
    eq(read(next["access_token"])[0]["kid"], two[0]["kid"], "then the new one")
    for token in (tokens, next):
        who(token["access_token"], s)
    time.sleep(max(0, read(next["access_token"])[1]["exp"] + 0.2 - time.time()))
    who(next["access_token"], s, want=401)
    has(s.admin("admin", "jwt-key", "rotate", "--now").out, "All others are gone", "rotating at once")
    eq(len(s.get("/.well-known/jwks.json", auth=None).json["keys"]), 1, "one key")
    last = good(refresh(s, next["refresh_token"]))
    who(last["access_token"], s)
    has(s.admin("admin", "jwt-key", "list").out, "EdDSA", "the list")
    s.admin("admin", "jwt-key", "rotate", "--now")
    who(last["access_token"], s, want=401)


def test_another_algorithm_and_no_address_of_its_own():
    s = Nimbus(env={"NIMBUS_JWT_ALG": "ES256"})
    tokens = sign_in(s, Browser(s, OWNER, PASSWORD))
    eq(read(tokens["access_token"])[0]["alg"], "ES256", "alg")
    eq(s.get("/.well-known/jwks.json", auth=None).json["keys"][0]["crv"], "P-256", "the key")
    who(tokens["access_token"], s)
    s.extra["NIMBUS_URL"] = "https://git.example.org"
    s.restart()
    who(tokens["access_token"], s, want=401)
    moved = good(refresh(s, tokens["refresh_token"]))
    eq(read(moved["access_token"])[1]["iss"], "https://git.example.org", "the issuer")
    who(moved["access_token"], s)


def test_the_metadata_says_where_everything_is():
    s = the_server()
    answer = s.get("/.well-known/oauth-authorization-server", auth=None)
    said = good(answer)
    has(answer.headers["cache-control"], "public", "caches")
    eq(said["issuer"], s.url, "issuer")
    for name, path in (("authorization_endpoint", "/oauth/authorize"), ("token_endpoint", "/oauth/token"),
                       ("device_authorization_endpoint", "/oauth/device_authorization"),
                       ("revocation_endpoint", "/oauth/revoke"), ("jwks_uri", "/.well-known/jwks.json")):
        eq(said[name], s.url + path, name)
    eq(said["token_endpoint_auth_methods_supported"], ["none"], "clients")
    eq(said["nimbus_instance"], s.api("GET", "/instance", want=200).json["id"], "the instance")


VERIFIER = "v" * 50
CHALLENGE = text_of(hashlib.sha256(VERIFIER.encode()).digest())


def authorize(**fields):
    return "/oauth/authorize?" + urllib.parse.urlencode({
        "response_type": "code", "client_id": "git-credential-oauth", "redirect_uri": "http://127.0.0.1:4711/back?x=1",
        "state": "a&b", "code_challenge": CHALLENGE, "code_challenge_method": "S256", **fields})


def redeem(given, **fields):
    return post(the_server(), "/oauth/token", **{
        "grant_type": "authorization_code", "client_id": "git-credential-oauth", "code": given,
        "redirect_uri": "http://127.0.0.1:4711/back?x=1", "code_verifier": VERIFIER, **fields})


def approved(decision="approve"):
    answer = the_owner().submit(authorize(), "/oauth/authorize", decision=decision)
    eq(answer.status, 303, f"the decision: {answer}")
    where, _, query = answer.headers["location"].partition("?")
    eq(where, "http://127.0.0.1:4711/back", "where it leads")
    return dict(urllib.parse.parse_qsl(query))


def test_a_browser_that_a_program_opened_lets_it_in():
    answer = the_owner().get(authorize())
    has(answer.headers["content-security-policy"], "form-action 'self' http://127.0.0.1:4711", "policy")
    has(check(answer).words, "git-credential-oauth", "the page")
    back = approved()
    eq((back["state"], back["x"], back["iss"]), ("a&b", "1", the_server().url), "what it is told")
    tokens = good(redeem(back["code"]))
    who(tokens["access_token"])
    refused(redeem(back["code"]), "invalid_grant")
    good(post(the_server(), "/oauth/token", grant_type="refresh_token", client_id="git-credential-oauth",
              refresh_token=tokens["refresh_token"]))
    eq(approved("refuse")["error"], "access_denied", "refused")
    for wrong in ({"code_verifier": "w" * 50}, {"code_verifier": "v"}, {"client_id": "nimbus"},
                  {"redirect_uri": "http://127.0.0.1:4712/back?x=1"}, {"code": "x"}):
        code = approved()["code"]
        refused(redeem(code, **wrong), "invalid_grant")
        if "code" not in wrong:
            refused(redeem(code), "invalid_grant")
    for wrong in ({"redirect_uri": "https://evil.example.org/"}, {"redirect_uri": "http://127.0.0.1.evil.example/"},
                  {"redirect_uri": "http://127.0.0.1:99999/"}, {"client_id": "x"}, {"response_type": "token"},
                  {"code_challenge_method": "plain"}, {"code_challenge": "short"}, {"scope": "openid"}):
        check(the_owner().get(authorize(**wrong)), 400)


main()
