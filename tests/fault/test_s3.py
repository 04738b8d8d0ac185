#!/usr/bin/env python3
"""
A bucket whose server refuses, is cut off, stalls or crawls: pushes and clones succeed or fail with a clear error, never
hang, and nothing that was acknowledged is lost.
"""

import http.server
import itertools
import shutil
import ssl
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from s3_proxy import *

SIZE = 600 << 10  # over NIMBUS_PACK_INLINE_MAX, so that it goes to the bucket
_prefixes = itertools.count()


class Bucket:
    """The S3 server's parts, and a prefix of our own in its bucket."""

    def __init__(self):
        url = os.environ.get("NIMBUS_TEST_S3") or skip("NIMBUS_TEST_S3 is not set: no S3 server")
        self.base, _, query = url.partition("?")
        told = dict(urllib.parse.parse_qsl(query))
        self.port = int(told["endpoint"].rpartition(":")[2])
        self.access, self.secret = told["access"], told["secret"]
        self.sessions = told["sessions"] == "yes"
        self.prefix = f"fault-{os.getpid()}-{next(_prefixes)}"

    def env(self, port, **more):
        return {"NIMBUS_BLOB": f"{self.base}/{self.prefix}?endpoint=http://127.0.0.1:{port}",
                "NIMBUS_S3_ACCESS_KEY": self.access, "NIMBUS_S3_SECRET_KEY": self.secret,
                "NIMBUS_S3_TIMEOUT": "20s", "NIMBUS_COMPACT": "off", **more}


_proxies = []


def world(fault=None, **more):
    """A bucket, a proxy before it that is well at first, and a server."""
    bucket = Bucket()
    proxy = Proxy(bucket.port)
    _proxies.append(proxy)
    server = Nimbus(bucket.env(proxy.port, **more))
    proxy.fault = fault
    return bucket, proxy, server


def restart_cold(server):
    """Starts it anew with nothing in its cache."""
    server.stop()
    shutil.rmtree(server.data / "cache")
    server.start()


def big_repo(seed, size=SIZE):
    repo = make_repo(3, seed=seed)
    commit_file(repo, "big.bin", random.Random(seed).randbytes(size), "Something that does not pack")
    return repo


def push(server, name, repo, ref="main", check=True, timeout=100):
    return git("push", "-q", server.git_url(name), f"HEAD:refs/heads/{ref}", cwd=repo, check=check, timeout=timeout)


def head_of(repo):
    return git("rev-parse", "HEAD", cwd=repo).out.strip()


def clone(server, name, ref="main", check=True):
    """Clones and looks at every object; returns what HEAD is, or the failed result."""
    to = tmp("copy")
    result = git("clone", "-q", "--branch", ref, server.git_url(name), to / "c", check=check)
    if result.code:
        return result
    git("fsck", "--full", "--strict", cwd=to / "c")
    return head_of(to / "c")


def told(result, server):
    """The client hears that it is not its fault, and no more than that; the operator hears what it is."""
    text = result.err
    has(text, "a service it needs is not available", "what the client is told")
    for part in ("S3", "127.0.0.1:", "nimbus/", "hung up", "disconnect"):
        has_not(text.replace(server.host, ""), part, "what the client is told")
    wait_until(lambda: "the S3 store" in server.out.read_text(errors="replace"), 60, "the S3 store in the log")


def alive(server):
    eq(server.get("/healthz").status, 200, "the server after all that")


def test_packs_live_in_the_bucket():
    bucket, proxy, server = world()
    repo = big_repo(1)
    push(server, "r", repo)
    eq([path for path in (server.data / "blob").rglob("*") if path.suffix in (".pack", ".idx")], [], "local packs")
    puts = [path for method, path, _ in proxy.seen if method == "PUT"]
    eq(len([path for path in puts if path.endswith(".pack")]), 1, f"packs among {puts}")
    eq(clone(server, "r"), head_of(repo), "HEAD of a clone")
    restart_cold(server)
    eq(clone(server, "r"), head_of(repo), "HEAD of a clone after a restart")
    eq(server.get("/r/blob/main/README.md").status, 200, "a page")
    server.admin("admin", "fsck", "r")
    commit_file(repo, "big.bin", random.Random(2).randbytes(SIZE))
    push(server, "r", repo)
    server.admin("admin", "compact", "r", "--full")
    server.admin("admin", "fsck", "r")
    eq(clone(server, "r"), head_of(repo), "HEAD of a clone after compaction")
    copy = tmp() / "backup"
    server.admin("admin", "backup", copy)
    restored = Nimbus(start=False)
    restored.admin("admin", "restore", copy)
    eq(clone(restored.start(), "r"), head_of(repo), "HEAD of a clone from a backup, on disk")


def test_any_name_of_a_repository_will_do():
    """Keys are of numbers, so that a name needs no place in them, and no key changes with a name."""
    bucket, proxy, server = world()
    heads = {}
    for seed, name in enumerate(("0", "A.b_C-d", "x--._-y", "n" * 100)):
        repo = big_repo(20 + seed)
        push(server, name, repo)
        heads[name] = head_of(repo)
    server.api("PATCH", "/repos/A.b_C-d", {"name": "a.B_c-D"}, want=200)
    heads["a.B_c-D"] = heads.pop("A.b_C-d")
    restart_cold(server)
    for name, head in heads.items():
        eq(clone(server, name), head, f"HEAD of a clone of {name}")
    paths = {path.partition("?")[0].partition(f"{bucket.prefix}/")[2] for _, path, _ in proxy.seen if "/pack/" in path}
    eq(len({path.split("/")[1] for path in paths}), len(heads), f"folders of the bucket in {paths}")
    eq([path for path in paths if not re.fullmatch(r"i[0-9a-z]+/\d+/pack/[0-9a-z]+\.[a-z]+", path)], [], "keys")


def trial(fault, **more):
    """With such a fault now and then, everything goes well."""
    bucket, proxy, server = world(fault, **more)
    repo = big_repo(2)
    push(server, "r", repo)
    restart_cold(server)
    eq(clone(server, "r"), head_of(repo), "HEAD of a clone")
    direct = Nimbus(bucket.env(bucket.port), data=server.data, start=False)
    server.stop()
    direct.start()
    eq(clone(direct, "r"), head_of(repo), "HEAD of a clone without the proxy")


def test_a_store_that_is_busy_now_and_then_is_asked_again():
    trial(every(2, "503"))


def test_a_store_that_counts_requests_is_asked_again():
    trial(every(2, "429"))


def test_connections_that_are_cut_are_made_anew():
    trial(every(3, "cut"))


def test_an_answer_that_is_lost_is_no_loss():
    trial(every(2, "lost"))


def test_an_answer_that_ends_too_early_is_no_answer():
    trial(every(3, "half"))


def test_a_store_that_stalls_now_and_then_is_asked_again():
    trial(every(4, "stall"), NIMBUS_S3_TIMEOUT="2s")


def test_an_answer_that_stalls_in_the_middle_is_asked_for_again():
    trial(every(4, "half stall"), NIMBUS_S3_TIMEOUT="2s")


def test_an_answer_that_crawls_is_asked_for_again():
    trial(every(4, "slow"), NIMBUS_S3_TIMEOUT="2s")


def failing(what, seconds):
    """While nothing works: an error within `seconds`. Afterwards everything does, and what was there still is."""
    bucket, proxy, server = world()
    first = big_repo(3)
    push(server, "r", first)
    server.extra["NIMBUS_S3_TIMEOUT"] = "1s"
    restart_cold(server)
    proxy.fault = always(what)
    second = big_repo(4)
    began = time.monotonic()
    result = push(server, "other", second, check=False)
    took = time.monotonic() - began
    eq(took < seconds, True, f"it took {took:.1f} s, less than {seconds}")
    # Of a store that crawls, the short answers that a push needs may come in time.
    failed = result.code != 0
    if failed or what != "slow":
        eq(failed, True, f"the push failed ({result})")
        told(result, server)
    began = time.monotonic()
    result = clone(server, "r", check=False)
    took = time.monotonic() - began
    if isinstance(result, str):
        fail("the clone succeeded without a store")
    told(result, server)
    eq(took < 2 * seconds, True, f"the clone took {took:.1f} s, less than {2 * seconds}")
    alive(server)
    proxy.fault = None
    if failed:
        eq(refs(server.git_url("other")) if server.get("/other").status == 200 else {}, {}, "refs of the failed push")
    push(server, "other", second)
    eq(clone(server, "other"), head_of(second), "HEAD of what was pushed again")
    eq(clone(server, "r"), head_of(first), "HEAD of what was there before")


@timeout(400)
def test_a_store_that_is_busy_for_good_is_an_error_that_says_so():
    failing("503", 40)


@timeout(400)
def test_a_store_that_cuts_everything_off_is_an_error_that_says_so():
    failing("cut", 40)


@timeout(400)
def test_a_store_that_says_nothing_is_an_error_that_says_so():
    failing("stall", 50)


@timeout(400)
def test_a_store_that_crawls_is_an_error_that_says_so():
    failing("slow", 50)


def test_pauses_between_tries_grow():
    bucket, proxy, server = world()
    tries = {}

    def fault(number, method, path):
        if method == "PUT":
            tries.setdefault(path.partition("?")[0], []).append(time.monotonic())
            return "503"

    proxy.fault = fault
    result = push(server, "r", big_repo(15), check=False)
    eq(result.code != 0, True, f"the push failed ({result})")
    times = max(tries.values(), key=len)
    pauses = [after - before for before, after in zip(times, times[1:])]
    eq(len(pauses) >= 7, True, f"pauses between eight tries: {pauses}")
    # Each may be twice as long as the one before, at most five seconds, and half of it is by chance.
    least = [min(0.1 * 2 ** n, 5) / 2 for n in range(7)]
    eq([(n, pause) for n, pause in enumerate(pauses[:7]) if pause < least[n]], [], "pauses that are too short")


def test_a_clone_that_has_begun_ends_with_words():
    bucket, proxy, server = world()
    repo = big_repo(12, 5 << 20)
    push(server, "r", repo)
    restart_cold(server)
    eq(server.get("/r/tree/main").status, 200, "a page, for which the pack is opened")
    proxy.fault = always("503")
    to = tmp("copy")
    result = git("clone", "-q", server.git_url("r"), to / "c", check=False, timeout=110)
    eq(result.code != 0, True, f"the clone failed ({result})")
    told(result, server)
    proxy.fault = None
    eq(clone(server, "r"), head_of(repo), "HEAD of a clone")


def test_a_large_push_comes_through_in_parts():
    rng = random.Random(5)
    kinds = ["503", "cut", "lost", "half", None, None, None, None, None, None]
    bucket, proxy, server = world(lambda number, method, path: rng.choice(kinds), NIMBUS_S3_PUT_MAX="16m")
    repo = big_repo(6, 40 << 20)
    push(server, "r", repo, timeout=250)
    parts = [path for method, path, _ in proxy.seen if method == "PUT" and "partNumber=" in path]
    eq(len(parts) >= 3, True, f"parts: {parts}")
    proxy.fault = None
    restart_cold(server)
    eq(clone(server, "r"), head_of(repo), "HEAD of a clone")


def test_nothing_that_was_acknowledged_is_lost():
    rng = random.Random(7)
    kinds = ["503", "cut", "lost", "half", "stall", "503", "cut", "lost", "half"] + [None] * 9
    bucket, proxy, server = world(lambda number, method, path: rng.choice(kinds), NIMBUS_S3_TIMEOUT="2s")
    acknowledged, refused = {}, 0
    repo = big_repo(8)
    for number in range(8):
        commit_file(repo, "big.bin", random.Random(100 + number).randbytes(SIZE), f"Number {number}")
        if number == 4:
            server.kill9()
            server.start(seconds=60)
        result = push(server, "r", repo, ref=f"b{number}", check=False)
        if result.code == 0:
            acknowledged[f"b{number}"] = head_of(repo)
        else:
            told(result, server)
            refused += 1
    eq(len(acknowledged) > 0, True, "some pushes went through")
    server.stop()
    direct = Nimbus(bucket.env(bucket.port), data=server.data)
    for ref, id in acknowledged.items():
        eq(clone(direct, "r", ref), id, f"{ref} of a clone ({refused} pushes were refused)")


def test_what_is_wrong_for_good_stops_the_start_with_words():
    bucket = Bucket()
    for env, word in [({"NIMBUS_BLOB": "s3://nimbus?endpoint=nowhere"}, "no address such as"),
                      ({"NIMBUS_BLOB": "bucket"}, "neither empty nor s3://"),
                      ({"NIMBUS_S3_SECRET_KEY": "wrong"}, "check NIMBUS_S3_SECRET_KEY"),
                      ({"NIMBUS_S3_SECRET_KEY": ""}, "only one is set"),
                      ({"NIMBUS_BLOB": f"s3://no-such-bucket?endpoint=http://127.0.0.1:{bucket.port}"},
                       "there is no such bucket")]:
        server = Nimbus(bucket.env(bucket.port, **env), start=False)
        result = run([server.binary, "serve"], env=server.environment(), check=False, timeout=110)
        eq(result.code in (2, 12), True, f"the exit code with {env} ({result})")
        has(result.err, word, f"stderr with {env}")


def test_a_secret_may_be_in_a_file():
    bucket = Bucket()
    secret = tmp() / "secret"
    secret.write_text(bucket.secret + "\n")
    env = bucket.env(bucket.port, NIMBUS_S3_SECRET_KEY_FILE=secret)
    del env["NIMBUS_S3_SECRET_KEY"]
    server = Nimbus(env)
    repo = big_repo(9)
    push(server, "r", repo)
    eq(clone(server, "r"), head_of(repo), "HEAD of a clone")


def certificate():
    """A certificate for 127.0.0.1 that nobody but its file vouches for: its path, and what a server needs."""
    need("openssl")
    folder = tmp()
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
         folder / "key", "-out", folder / "ca", "-days", "2", "-subj", "/CN=test", "-addext",
         "subjectAltName=IP:127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca", folder / "key")
    return folder / "ca", context


def test_a_certificate_is_trusted_only_if_somebody_says_so():
    bucket = Bucket()
    ca, context = certificate()
    proxy = Proxy(bucket.port, tls=context)
    env = bucket.env(proxy.port)
    env["NIMBUS_BLOB"] = env["NIMBUS_BLOB"].replace("http://", "https://")
    server = Nimbus(env, start=False)
    result = run([server.binary, "serve"], env=server.environment(), check=False, timeout=110)
    eq(result.code, 12, f"the exit code ({result})")
    has(result.err, "not trusted")
    has(result.err, "check NIMBUS_S3_CA")
    eq(proxy.seen, [], "requests to a server that is not trusted")
    server = Nimbus({**env, "NIMBUS_S3_CA": ca})
    repo = big_repo(13)
    push(server, "r", repo)
    restart_cold(server)
    eq(clone(server, "r"), head_of(repo), "HEAD of a clone")


class Sts(http.server.ThreadingHTTPServer):
    """Exchanges any token for the keys of the test server, for `lifetime` seconds, and counts how often."""

    def __init__(self, bucket, lifetime):
        super().__init__(("127.0.0.1", 0), StsHandler)
        self.bucket, self.lifetime, self.forms, self.refuse = bucket, lifetime, [], False
        threading.Thread(target=self.serve_forever, daemon=True).start()


class StsHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        sts, form = self.server, self.rfile.read(int(self.headers["content-length"])).decode()
        sts.forms.append(dict(urllib.parse.parse_qsl(form)))
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + sts.lifetime))
        xmlns = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
        status, body = 200, (
            f"<AssumeRoleWithWebIdentityResponse {xmlns}><AssumeRoleWithWebIdentityResult>"
            f"<Credentials><AccessKeyId>{sts.bucket.access}</AccessKeyId><SecretAccessKey>{sts.bucket.secret}"
            f"</SecretAccessKey><SessionToken>session/{len(sts.forms)}</SessionToken><Expiration>{expires}</Expiration>"
            f"</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>")
        if sts.refuse:
            status, body = 403, (f"<ErrorResponse {xmlns}><Error><Code>AccessDenied</Code>"
                                 f"<Message>Not you</Message></Error></ErrorResponse>")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *words):
        pass


def with_sts(lifetime):
    bucket = Bucket()
    sts, proxy, token = Sts(bucket, lifetime), Proxy(bucket.port), tmp() / "token"
    token.write_text("one\n")
    env = bucket.env(proxy.port, AWS_ROLE_ARN="arn:aws:iam::1:role/nimbus", AWS_WEB_IDENTITY_TOKEN_FILE=token,
                     AWS_ENDPOINT_URL_STS=f"http://127.0.0.1:{sts.server_port}/")
    del env["NIMBUS_S3_ACCESS_KEY"], env["NIMBUS_S3_SECRET_KEY"]
    return sts, proxy, token, env


def tokens_of(proxy):
    return {headers.get("x-amz-security-token") for _, _, headers in proxy.seen}


def test_keys_for_a_while_come_with_their_session_token():
    bucket = Bucket()
    if not bucket.sessions:
        skip("this S3 server refuses session tokens that it did not give itself")
    for names in (("NIMBUS_S3_ACCESS_KEY", "NIMBUS_S3_SECRET_KEY", "NIMBUS_S3_SESSION_TOKEN"),
                  ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")):
        proxy = Proxy(bucket.port)
        env = bucket.env(proxy.port)
        keys = env.pop("NIMBUS_S3_ACCESS_KEY"), env.pop("NIMBUS_S3_SECRET_KEY"), "session/of+mine="
        server = Nimbus({**env, **dict(zip(names, keys))})
        repo = big_repo(14)
        push(server, "r", repo)
        restart_cold(server)
        eq(clone(server, "r"), head_of(repo), "HEAD of a clone")
        eq(tokens_of(proxy), {"session/of+mine="}, f"session tokens, by {names}")
        server.stop()


def test_a_workloads_token_is_exchanged_for_keys_and_these_are_renewed():
    sts, proxy, token, env = with_sts(3600)
    if not sts.bucket.sessions:
        skip("this S3 server refuses session tokens that it did not give itself")
    server = Nimbus(env)
    eq(len(sts.forms), 1, "journeys to STS at the start")
    eq(sts.forms[0], {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "WebIdentityToken": "one",
                      "RoleArn": "arn:aws:iam::1:role/nimbus", "RoleSessionName": "nimbus"}, "the form")
    repo = big_repo(10)
    push(server, "r", repo)
    eq(len(sts.forms), 1, "journeys to STS while the keys are good")
    eq(tokens_of(proxy), {"session/1"}, "session tokens")
    # When half of their life is over: new ones, with the token that is there now.
    server.stop()
    sts.lifetime = 4
    server.start()
    sts.lifetime = 3600
    token.write_text("two\n")
    time.sleep(4)
    commit_file(repo, "big.bin", random.Random(11).randbytes(SIZE))
    push(server, "r", repo)
    eq([form["WebIdentityToken"] for form in sts.forms], ["one", "one", "two"], "tokens that were exchanged")
    eq(tokens_of(proxy) - {"session/2"}, {"session/1", "session/3"}, "session tokens")
    eq(clone(server, "r"), head_of(repo), "HEAD of a clone")


def test_a_role_that_is_refused_stops_the_start_with_words():
    sts, proxy, token, env = with_sts(3600)
    sts.refuse = True
    server = Nimbus(env, start=False)
    result = run([server.binary, "serve"], env=server.environment(), check=False, timeout=110)
    eq(result.code, 12, f"the exit code ({result})")
    has(result.err, "check AWS_ROLE_ARN")
    has(result.err, "Not you")
    token.unlink()
    result = run([server.binary, "serve"], env=server.environment(), check=False, timeout=110)
    has(result.err, "AWS_WEB_IDENTITY_TOKEN_FILE")


main()
