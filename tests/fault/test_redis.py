"""Sessions in a Redis: what they are worth, and that losing it refuses no clone, no push and no page."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
import services


@contextlib.contextmanager
def redis(kind=services.Redis):
    try:
        server = kind()
    except services.Missing as why:
        skip(str(why))
    try:
        yield server
    finally:
        for process in server.processes:
            process.send_signal(signal.SIGCONT)
        server.stop()


def say(server, *words):
    """One command; the first line of the reply."""
    with socket.create_connection(("127.0.0.1", server.port), 5) as s:
        s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
        return s.makefile().readline().strip()


def sign_in(s, password=PASSWORD, path="/sign-in"):
    """The answer, and the cookie that came with it."""
    form = urllib.parse.urlencode({"username": OWNER, "password": password, "next": "/account"})
    answer = s.request("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded",
                                            "Accept": "text/html"}, auth=None)
    return answer, answer.headers.get("set-cookie", "").split(";")[0]


def sign_out(s, cookie, **fields):
    return s.request("POST", "/sign-out", urllib.parse.urlencode(fields), {
        "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html",
        "Sec-Fetch-Site": "same-origin"}, auth=None)


def get(s, path, cookie):
    return s.get(path, auth=None, headers={"Cookie": cookie, "Accept": "text/html"})


def is_signed_in(s, cookie):
    answer = get(s, "/account", cookie)
    if answer.status not in (200, 303):
        fail(f"neither signed in nor signed out: {answer}")
    return answer.status == 200


def messages(s, text):
    return [line for line in s.log_lines() if line["message"] == text]


def seeded(redis, **env):
    """A server with a private repository, its work tree, and a token."""
    s = Nimbus(env={"NIMBUS_KV": redis.url, **env})
    s.create_repo("seed")
    work = tmp("work")
    git("init", "-q", ".", cwd=work)
    commit_file(work, "a.txt", "one\n")
    git("push", "-q", s.git_url("seed"), "main", cwd=work)
    token = s.api("POST", "/tokens", {"name": "ci", "permission": "write"}, want=201).json["token"]
    return s, work, token


def clone_and_push(s, work, token, name):
    """With the password, and with a token; how long the slowest took."""
    slowest = 0
    for auth in ((OWNER, PASSWORD), ("x", token)):
        began = time.monotonic()
        git("clone", "-q", s.git_url("seed", auth), tmp() / "copy")
        slowest = max(slowest, time.monotonic() - began)
        commit_file(work, f"{name}-{len(auth[0])}.txt", name)
        began = time.monotonic()
        git("push", "-q", s.git_url("seed", auth), "main", cwd=work)
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def recovers(s, cookie):
    wait_until(lambda: is_signed_in(s, cookie), what="the session's return")
    answer, fresh = sign_in(s)
    eq(answer.status, 303, f"signing in again: {answer}")
    eq(is_signed_in(s, fresh), True, "the new session")


def test_losing_redis_degrades_and_it_comes_back_by_itself():
    with redis() as r:
        s, work, token = seeded(r)
        answer, cookie = sign_in(s)
        eq((answer.status, is_signed_in(s, cookie)), (303, True), "signing in")
        r.halt(signal.SIGKILL)
        clone_and_push(s, work, token, "without")
        eq(get(s, "/", cookie).status, 200, "a page, with the cookie of a session")
        eq(is_signed_in(s, cookie), False, "signed in without Redis")
        eq(sign_out(s, cookie).status, 303, "signing out without Redis")
        answer, cookie = sign_in(s)
        eq((answer.status, cookie), (503, ""), "signing in without Redis")
        has(answer.text, "nobody can sign in just now", "the page")
        has(answer.text, 'action="/sign-in"', "the page")
        eq(answer.headers["retry-after"], "60", "Retry-After")
        for _ in range(12):
            eq(s.get("/seed", auth=(OWNER, "wrong")).status, 401, "a wrong password, which nobody counts")
        eq(s.get("/readyz", auth=None).status, 200, "readiness")
        r.launch()
        wait_until(lambda: sign_in(s)[0].status == 303, what="signing in again")
        _, cookie = sign_in(s)
        eq(is_signed_in(s, cookie), True, "the new session")
        eq((len(messages(s, "Redis is lost")), len(messages(s, "Redis is back"))), (1, 1), "loss and return")
        clone_and_push(s, work, token, "with")


def test_a_redis_that_hangs_costs_one_time_out():
    with redis() as r:
        s, work, token = seeded(r)
        _, cookie = sign_in(s)
        r.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        eq(get(s, "/", cookie).status, 200, "a page, with the cookie of a session")
        eq(time.monotonic() - began < 5, True, "it took one time-out")
        began = time.monotonic()
        answers = [get(s, "/", cookie).status for _ in range(100)]
        took = time.monotonic() - began
        eq(set(answers), {200}, "pages")
        # One in each second and a half finds out for the others.
        if took > 30:
            fail(f"100 pages took {took:.1f} s")
        took = clone_and_push(s, work, token, "meanwhile")
        if took > 10:
            fail(f"a clone or a push took {took:.1f} s")
        r.process.send_signal(signal.SIGCONT)
        recovers(s, cookie)
        eq((len(messages(s, "Redis is lost")), len(messages(s, "Redis is back"))), (1, 1), "loss and return")


def test_who_clones_and_pushes_first_while_it_hangs_waits_no_longer():
    with redis() as r:
        s, work, token = seeded(r)
        usual = clone_and_push(s, work, token, "before")
        for n in range(2):
            r.process.send_signal(signal.SIGSTOP)
            took = clone_and_push(s, work, token, f"meanwhile{n}")
            r.process.send_signal(signal.SIGCONT)
            # Each of its requests may be the one that finds out.
            if took > usual * 3 + 5:
                fail(f"a clone or a push took {took:.1f} s, and {usual:.1f} s before")
            wait_until(lambda: sign_in(s)[0].status == 303, what="signing in again")


def test_a_start_without_redis_is_a_start():
    with redis() as r:
        r.halt()
        s, work, token = seeded(r)
        eq(len(messages(s, "Redis is lost")), 1, "what the log says of it")
        clone_and_push(s, work, token, "early")
        eq(sign_in(s)[0].status, 503, "signing in")
        link = re.search(r"/sign-in/([\w-]+)", s.admin("admin", "sign-in-link").out)[1]
        eq(get(s, f"/sign-in/{link}", "").status, 503, "a sign-in link")
        r.launch()
        wait_until(lambda: sign_in(s)[0].status == 303, what="signing in")
        eq(get(s, f"/sign-in/{link}", "").status, 303, "the same link, which was not used up")


def test_sessions_outlive_the_server_and_tries_are_counted():
    with redis() as r:
        s = Nimbus(env={"NIMBUS_KV": r.url, "NIMBUS_LOGIN_TRIES": "3"})
        answer, cookie = sign_in(s)
        s.restart()
        eq(is_signed_in(s, cookie), True, "the session after a restart")
        for _ in range(2):
            eq(sign_in(s, "wrong")[0].status, 403, "a wrong password")
        s.restart()
        eq(sign_in(s, "wrong")[0].status, 403, "the third")
        eq(sign_in(s)[0].status, 429, "the right one after three")
        say(r, "FLUSHALL")
        eq(is_signed_in(s, cookie), False, "the session that was forgotten")
        eq(sign_out(s, cookie).status, 303, "signing out of it")
        eq(sign_in(s)[0].status, 303, "signing in")


def test_it_may_be_reached_over_tls():
    with redis(services.RedisTls) as r:
        url, _, ca = r.url.partition("?ca=")
        s = Nimbus(env={"NIMBUS_KV": url, "NIMBUS_KV_CA": ca})
        answer, cookie = sign_in(s)
        eq((answer.status, is_signed_in(s, cookie)), (303, True), "signing in")
        r.halt()
        eq(is_signed_in(s, cookie), False, "the session without Redis")
        r.launch()
        wait_until(lambda: sign_in(s)[0].status == 303, what="signing in")
        s.stop()
        s = Nimbus(env={"NIMBUS_KV": url})
        eq(sign_in(s)[0].status, 503, "signing in where nothing says that the certificate is good")
        has(messages(s, "Redis is lost")[0]["why"], "self-signed certificate", "the log")


def test_it_may_want_a_certificate():
    with redis(services.RedisMutual) as r:
        url, _, ca = r.url.partition("?ca=")
        shown = {"NIMBUS_KV": url, "NIMBUS_KV_CA": ca, "NIMBUS_KV_CERT": r.certificate, "NIMBUS_KV_KEY": r.key}
        s = Nimbus(env=shown)
        answer, cookie = sign_in(s)
        eq((answer.status, is_signed_in(s, cookie)), (303, True), "signing in")
        s.stop()
        s = Nimbus(env={"NIMBUS_KV": url, "NIMBUS_KV_CA": ca})
        eq(sign_in(s)[0].status, 503, "signing in where nothing is shown")
        s.stop()
        other = r.folder / "other.pem"
        for wrong, why in (({"NIMBUS_KV_KEY": ""}, "go together"), ({"NIMBUS_KV_CERT": ""}, "go together"),
                           ({"NIMBUS_KV_CERT": other}, "holds no private key in PEM without a passphrase, or not the certificate's"),
                           ({"NIMBUS_KV_KEY": "/nowhere"}, "NIMBUS_KV_KEY=/nowhere cannot be read")):
            s = Nimbus(env={**shown, **wrong}, start=False)
            result = s.admin("serve", check=False)
            eq(result.code, 2, f"exit code of {result}")
            has(result.err + result.out, why, f"what it says of {wrong}")


def test_the_password_comes_from_a_file():
    with redis() as r:
        eq(say(r, "CONFIG", "SET", "requirepass", "p@ss/word"), "+OK", "setting a password")
        secret = tmp() / "kv"
        secret.write_text(f"redis://:p%40ss%2Fword@127.0.0.1:{r.port}/3\n")
        s = Nimbus(env={"NIMBUS_KV_FILE": secret})
        answer, cookie = sign_in(s)
        eq((answer.status, is_signed_in(s, cookie)), (303, True), "signing in")
        s.stop()
        s = Nimbus(env={"NIMBUS_KV": f"redis://:wrong@127.0.0.1:{r.port}/3"})
        eq(sign_in(s)[0].status, 503, "signing in with the wrong password for Redis")
        has(messages(s, "Redis is lost")[0]["why"], "WRONGPASS", "the log")


def test_an_address_that_makes_no_sense_stops_the_start():
    for url, code in (("redis://:hush@host:port", 2), ("memcached://hush", 2), ("rediss://:hush@host:port", 2)):
        s = Nimbus(env={"NIMBUS_KV": url}, start=False)
        result = s.admin("serve", check=False)
        eq(result.code, code, f"exit code of {result}")
        has(result.err, "NIMBUS_KV", "what it says")
        has_not(result.err + result.out, "hush", "what it says")


main()
