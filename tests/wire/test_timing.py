"""
What somebody may not know cannot be told by the time that its answer takes: variants of one refusal are asked in
turns, whose order is left to chance, and compared by their medians. What is so is so each time: only a difference
in all of several rounds counts, because a machine that is busy may lie in one.

What the database is asked in each case, tests/unit/test_core_login.c counts; private and absent repositories are
tests/wire/test_roles.py's too.
"""

import itertools
import random
import statistics
import string
import sys
import urllib.parse
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *

ROUNDS = 4
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
HASH_MS = 10  # a password's hash takes more than that on any machine

_server = None


def server():
    global _server
    if not _server:
        _server = Nimbus({"NIMBUS_LOGIN_TRIES": 1000000, "NIMBUS_TRUSTED_PROXIES": "127.0.0.1"}, shared=True)
        for name in ["anna", "reset", "ended"]:
            _server.api("POST", "/collaborators", {"username": name, "password": "ninety-lamps-gravel"}, want=201)
        _server.api("POST", "/collaborators/reset/reset", {}, want=200)
        _server.create_repo("private")
        end = datetime.now(timezone.utc) + timedelta(seconds=4)
        _server.api("PATCH", "/collaborators/ended", {"expires_at": end.strftime("%Y-%m-%dT%H:%M:%SZ")}, want=204)
        time.sleep(4.1)
    return _server


def same_class(variants, times, ratio):
    """Each variant is a function that asks once and gives what is seen; all of it must be the same."""
    rounds = []
    for _ in range(ROUNDS):
        took = {name: [] for name in variants}
        seen = {}
        for _ in range(times):
            for name in random.sample(list(variants), len(variants)):
                began = time.perf_counter()
                seen[name] = variants[name]()
                took[name].append(time.perf_counter() - began)
        for name in variants:
            eq(seen[name], seen[next(iter(variants))], f"what {name} is told")
        rounds.append({name: statistics.median(list) for name, list in took.items()})
        if not slower(rounds, ratio):
            break
    for one, other in slower(rounds, ratio):
        fail(f"{one} takes longer than {other}: {rounds}")
    shown = ", ".join(f"{name} {median * 1000:.1f}" for name, median in rounds[-1].items())
    print(f"# ms: {shown}")
    return rounds[-1]


def slower(rounds, ratio):
    return [(one, other) for one, other in itertools.permutations(rounds[0], 2)
            if all(each[one] > ratio * each[other] + 0.0005 for each in rounds)]


def basic(name, password, path="/"):
    def ask():
        answer = server().get(path, auth=(name, password))
        return answer.status, answer.text.replace(answer.headers["x-request-id"], "ID")
    return ask


def sign_in(name, password):
    def ask():
        fields = urllib.parse.urlencode({"username": name, "password": password})
        answer = server().request("POST", "/sign-in", fields, FORM, auth=None)
        return answer.status, answer.text.replace(answer.headers["x-request-id"], "ID").replace(f'value="{name}"', "")
    return ask


def test_whatever_is_wrong_with_a_password_takes_as_long():
    for ask in [basic, sign_in]:
        medians = same_class({"a wrong one": ask("anna", "wrong password"), "nobody's": ask("nobody", "wrong password"),
                              "of whom has none": ask("reset", "wrong password"),
                              "of whom has ended": ask("ended", "ninety-lamps-gravel")}, 8, 1.35)
        if min(medians.values()) * 1000 < HASH_MS:
            fail(f"nothing was hashed: {medians}")


def test_while_a_name_is_blocked_nobody_learns_whether_there_is_one():
    s = Nimbus({"NIMBUS_LOGIN_TRIES": 2, "NIMBUS_TRUSTED_PROXIES": "127.0.0.1"})

    def ask(name, password):
        def once():
            answer = s.get("/", auth=(name, password))
            return answer.status, answer.text.replace(answer.headers["x-request-id"], "ID")
        return once

    eq(s.get("/").status, 200, "the right one, which this process then knows")
    for name in [OWNER, "nobody"]:
        for _ in range(2):
            eq(s.get("/", auth=(name, "wrong password")).status, 401, f"guessing at {name}")
    seen = same_class({"wrong": ask(OWNER, "wrong password"), "right": ask(OWNER, PASSWORD),
                       "nobody's": ask("nobody", "wrong password")}, 60, 1.35)
    eq(ask(OWNER, PASSWORD)()[0], 429, "status")
    if max(seen.values()) > 1:
        fail(f"who has to wait is told so slowly: {seen}")


def made_up_token():
    """One with a good checksum, of which nobody knows."""
    text = "nbs_" + "".join(random.choices(ALPHABET, k=43))
    number, check = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = ALPHABET[digit] + check
    return text + check


def test_an_unknown_and_a_revoked_token_take_as_long():
    s = server()
    revoked = s.api("POST", "/tokens", {"name": "r", "permission": "read"}, want=201).json
    expired = s.api("POST", "/tokens", {"name": "e", "permission": "read", "expires_in": 1}, want=201).json
    s.api("DELETE", f"/tokens/{revoked['id']}", want=204)
    unknown = made_up_token()
    time.sleep(2.1)

    def ask(secret, path):
        def once():
            answer = s.get(path, auth=secret)
            return answer.status, answer.text.replace(answer.headers["x-request-id"], "ID")
        return once

    for path in ["/api/v1/repos", "/private", "/private.git/info/refs?service=git-upload-pack"]:
        same_class({"unknown": ask(unknown, path), "revoked": ask(revoked["token"], path),
                    "expired": ask(expired["token"], path)}, 60, 1.35)
    eq(ask(unknown, "/private")()[0], 401, "status")


def test_a_private_and_no_repository_take_as_long():
    s = server()
    for path in ["/{}", "/api/v1/repos/{}", "/{}.git/info/refs?service=git-upload-pack"]:
        for auth in [None, ("anna", "ninety-lamps-gravel")]:
            def ask(name):
                def once():
                    answer = s.get(path.format(name), auth=auth)
                    text = answer.text.replace(answer.headers["x-request-id"], "ID").replace(name, "NAME")
                    return answer.status, text
                return once
            same_class({"private": ask("private"), "absent": ask("missing")}, 60, 1.35)


main()
