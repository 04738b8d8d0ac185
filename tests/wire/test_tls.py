"""https by the server itself: git, large bodies, hostile handshakes, certificates that change."""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tls import *

server = Https(shared=True, env={"NIMBUS_TLS_HANDSHAKE_TIMEOUT": "6s"})


def refused(dial, *reasons):
    """The handshake ends with an alert of one of these reasons."""
    try:
        with SecureRaw(dial()) as raw:
            raw.send(HEALTH)
            answer = raw.response()
    except (ssl.SSLError, ConnectionError) as error:
        if not any(reason in str(error).upper().replace(" ", "_") for reason in reasons):
            fail(f"{error} is none of {reasons}")
        return
    fail(f"it was let in: {answer}")


def test_git_pushes_and_clones():
    repo = make_repo(commits=20)
    server.create_repo("wire")
    server.secure_git("push", "-q", server.secure_url("wire"), "--all", cwd=repo)
    copy = tmp() / "copy"
    server.secure_git("clone", "-q", server.secure_url("wire"), copy)
    git("fsck", "--strict", cwd=copy)
    eq(git("rev-parse", "HEAD", cwd=copy).out, git("rev-parse", "main", cwd=repo).out, "HEAD")


def test_large_bodies_cross_both_ways():
    repo, text = make_repo(commits=3), random.Random(7).randbytes(24 << 20)
    commit_file(repo, "big.bin", text)
    server.create_repo("big")
    server.secure_git("push", "-q", server.secure_url("big"), "main", cwd=repo)  # chunked: over http.postBuffer
    copies = [tmp() / "copy" for _ in range(3)]
    clones = [start_git("-c", f"http.sslCAInfo={server.authority.root}", "clone", "-q", server.secure_url("big"), copy)
              for copy in copies]
    for clone, copy in zip(clones, copies):
        eq(clone.wait(200), 0, "the clone")
        if (copy / "big.bin").read_bytes() != text:
            fail("a clone has other bytes")


def test_several_requests_on_one_connection_and_at_once():
    with SecureRaw(server.dial()) as raw:
        for _ in range(3):
            eq(raw.send(HEALTH).response().status, 200)
        raw.send(HEALTH * 50)
        for n in range(50):
            eq(raw.response().text, "ok\n", f"answer {n}")


def test_a_body_and_the_next_request_may_share_a_record():
    body = b"username=nobody&password=" + b"x" * 9000
    head = (f"POST /sign-in HTTP/1.1\r\nHost: localhost:{server.tls_port}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    for early in (0, 10, len(head), len(head) + 4000):
        whole = head + body + HEALTH.encode()
        with SecureRaw(server.dial()) as raw:
            if early:
                raw.send(whole[:early])
                time.sleep(0.05)
            raw.send(whole[early:])
            eq(raw.response().status // 100, 4, f"the sign-in cut at {early}")
            eq(raw.response().text, "ok\n", f"what followed when cut at {early}")


def test_a_slow_reader_gets_all_of_it():
    repo = make_repo(commits=2)
    text = random.Random(8).randbytes(3 << 20)
    commit_file(repo, "slow.bin", text)
    server.create_repo("slow")
    server.secure_git("push", "-q", server.secure_url("slow"), "main", cwd=repo)
    token = base64.b64encode(f"{OWNER}:{PASSWORD}".encode()).decode()
    with SecureRaw(server.dial()) as raw:
        raw.send(f"GET /slow/raw/main/slow.bin HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {token}\r\n\r\n")
        for _ in range(8):
            time.sleep(0.2)
            raw._more()
        if raw.response().body != text:
            fail("the slow reader got other bytes")


def test_only_modern_versions_are_spoken():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = server.context(minimum_version=version, maximum_version=version)
        eq(server.secure(HEALTH, context).status, 200, version)
    old = server.context()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    refused(lambda: server.dial(old), "PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL")
    weak = server.context(maximum_version=ssl.TLSVersion.TLSv1_2)
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256:AES128-GCM-SHA256")
    refused(lambda: server.dial(weak), "HANDSHAKE_FAILURE")


def test_http_1_1_is_what_is_agreed_on():
    context = server.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with server.dial(context) as connected:
        eq(connected.selected_alpn_protocol(), "http/1.1")
    context.set_alpn_protocols(["h2"])
    refused(lambda: server.dial(context), "NO_APPLICATION_PROTOCOL")


def test_renegotiation_is_refused():
    need("openssl")
    talk = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", "-tls1_2"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_until(lambda: b"Verify return code" in talk.stdout.readline(), what="the handshake")
    talk.stdin.write(b"R\n")
    talk.stdin.flush()
    out = talk.communicate(timeout=20)[0]
    has(out.decode("utf-8", "replace").lower(), "no renegotiation", "openssl's words")


def test_sessions_are_resumed_by_ticket():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = server.context(minimum_version=version, maximum_version=version)
        with SecureRaw(server.dial(context)) as raw:
            raw.send(HEALTH).response()
            session = raw.socket.session
        plain = socket.create_connection(("127.0.0.1", server.tls_port), 10)
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as again:
            eq(again.session_reused, True, f"{version}: resumed")


def test_http_on_the_port_of_https_is_told_so():
    with Raw(server.tls_port) as raw:
        answer = raw.send(HEALTH).response()
        eq(answer.status, 400, "status")
        has(answer.text, "https", "the answer")
        eq(raw.is_closed(), True, "closed")
    result = git("clone", f"http://{server.host.split(':')[0]}:{server.tls_port}/wire.git", tmp() / "no", check=False)
    has(result.err, "400", "git's words")


def test_garbage_is_cut_off():
    before = server.threads()
    rng = random.Random(3)
    for data in (b"\x16", b"\x16\x03\x01\xff\xff" + b"\x01" * 70000, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"\x80\x2e\x01",
                 b"\x15\x03\x03\x00\x02\x02\x28", b"\x17\x03\x03\x00\x10" + b"x" * 16, rng.randbytes(300), b"\0" * 100):
        with Raw(server.tls_port) as raw:
            try:
                raw.send(data)
            except ConnectionError:
                continue  # it had seen enough
            raw.socket.settimeout(30)
            raw.rest()
    eq(server.secure(HEALTH).status, 200, "the next")
    if server.threads() > before + 1:
        fail(f"{server.threads()} threads after {before}")


def hello():
    """The first bytes of a client's handshake."""
    out = ssl.MemoryBIO()
    client = server.context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


def test_a_client_that_goes_in_the_handshake_leaves_nothing():
    first = hello()
    for cut in (0, 1, 5, 60, len(first)):
        for reset in (False, True):
            with Raw(server.tls_port) as raw:
                raw.send(first[:cut])
                if reset:
                    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_until(lambda: sockets_of(server) <= 2, what="the closing of all")
    eq(server.secure(HEALTH).status, 200, "the next")


def sockets_of(s):
    """Connections to its port for https that it has open."""
    port = f":{s.tls_port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(port) and row[3] in ("01", "08") for row in rows)


def test_half_open_handshakes_cost_no_thread_and_are_dropped():
    first = hello()
    server.secure(HEALTH)
    threads, rss = server.threads(), server.rss_kib()
    waiting = [Raw(server.tls_port) for _ in range(500)]
    for n, raw in enumerate(waiting):
        raw.send(first[:[0, 3, len(first) // 2, len(first)][n % 4]])
    eq(server.secure(HEALTH).status, 200, "another meanwhile")
    if server.threads() > threads + 1:
        fail(f"{server.threads()} threads instead of {threads}")
    begin = time.monotonic()
    wait_until(lambda: sockets_of(server) == 0, 60, "the end of all 500")
    print(f"# 500 half-open: gone after {time.monotonic() - begin:.1f} s, "
          f"{(server.rss_kib() - rss) / 500:.0f} KiB each left of memory")
    for raw in waiting:
        raw.close()


def test_one_address_may_shake_only_so_many_hands_at_once():
    s = Https(env={"NIMBUS_TLS_HANDSHAKES_PER_IP": "5"})
    waiting = [Raw(s.tls_port) for _ in range(5)]
    wait_until(lambda: sockets_of(s) == 5, what="the five")
    with Raw(s.tls_port) as sixth:
        eq(sixth.is_closed(), True, "the sixth is cut off")
    for raw in waiting:
        raw.close()
    wait_until(lambda: sockets_of(s) == 0, what="their end")
    for _ in range(20):
        eq(s.secure(HEALTH).status, 200, "after them")
    held = [SecureRaw(s.dial()) for _ in range(10)]
    eq(held[9].send(HEALTH).response().status, 200, "many that are through")
    for raw in held:
        raw.close()


# Certificates

def serial_of(s, name="localhost"):
    context = ssl.create_default_context(cafile=s.authority.root)
    context.check_hostname = False
    with s.dial(context, name) as connected:
        return int(connected.getpeercert()["serialNumber"], 16)


def test_each_name_has_its_certificate():
    a = Authority()
    pairs = [a.issue(name, san, serial) for name, san, serial in (
        ("first", "DNS:localhost", "11"), ("one", "DNS:one.example.org,DNS:uno.example.org", "22"),
        ("wild", "DNS:*.example.net", "33"))]
    s = Https(authority=a, env={"NIMBUS_TLS_CERT": ",".join(str(p[0]) for p in pairs),
                                "NIMBUS_TLS_KEY": " , ".join(str(p[1]) for p in pairs)})
    for name, serial in (("one.example.org", 0x22), ("uno.example.org", 0x22), ("ONE.example.org", 0x22),
                         ("b.example.net", 0x33), ("localhost", 0x11), ("else.example.org", 0x11),
                         ("a.b.example.net", 0x11), (None, 0x11)):
        eq(serial_of(s, name), serial, f"the certificate for {name}")


def test_a_new_certificate_is_taken_under_load_and_no_request_fails():
    s = Https()
    bad, done, count = [], threading.Event(), [0]

    def load(keep):
        while not done.is_set():
            try:
                with SecureRaw(s.dial()) as raw:
                    for _ in range(20 if keep else 1):
                        eq(raw.send(HEALTH).response().status, 200)
                        count[0] += 1
            except Exception as error:
                bad.append(error)

    threads = [threading.Thread(target=load, args=(n % 2,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for serial in ("a1", "a2"):
        s.install(*s.authority.issue("again", "DNS:localhost", serial))
        wait_until(lambda: serial_of(s) == int(serial, 16), what="the new certificate")
    done.set()
    for thread in threads:
        thread.join()
    eq(bad, [], "failed requests")
    eq(len(s.said("TLS: read what had changed")), 2, "lines that tell of it")
    print(f"# {count[0]} requests")


def test_a_broken_new_certificate_is_told_once_and_the_old_stays():
    s = Https()
    old = serial_of(s)
    other = s.authority.issue("other", "DNS:localhost", "b1")
    s.cert.write_text("no certificate")
    wait_until(lambda: s.said("TLS goes on as it was: NIMBUS_TLS_CERT"), what="the complaint")
    shutil.copyfile(other[0], s.cert)
    wait_until(lambda: s.said("is not the key of the certificate"), what="the complaint of the key")
    time.sleep(5)
    eq(len(s.said("TLS goes on as it was")), 2, "complaints")
    eq(serial_of(s), old, "the certificate")
    shutil.copyfile(other[1], s.key)
    wait_until(lambda: serial_of(s) == 0xb1, what="the pair that fits")


# Certificates of clients

class Mutual(Https):
    """One that wants certificates of clients: those of .nodes with a role, or of a node, and not revoked."""

    def __init__(self, env=None, wants="required"):
        self.nodes, self.revoked = Authority("Nodes"), tmp() / "revoked"
        self.revoked.write_text("# none yet\n")
        super().__init__(env={"NIMBUS_TLS_CLIENT": wants, "NIMBUS_TLS_CLIENT_CA": self.nodes.root,
                              "NIMBUS_TLS_CLIENT_SAN": "dns:*.nodes.example.org, uri:spiffe://example.org/role/*",
                              "NIMBUS_TLS_REVOKED": self.revoked, **(env or {})})

    def shows(self, *pair):
        return self.context(client=pair)


def test_a_client_comes_with_its_certificate():
    s = Mutual()
    for san, name in (("DNS:x.example.com,DNS:a.nodes.example.org", "dns:a.nodes.example.org"),
                      ("URI:spiffe://example.org/role/git", "uri:spiffe://example.org/role/git")):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = s.context(client=s.nodes.issue("node", san), minimum_version=version, maximum_version=version)
            answer = s.secure(f"GET /robots.txt?{version} HTTP/1.1\r\nHost: localhost\r\n\r\n", context)
            eq(answer.status, 200, f"{san} by {version}")
            wait_until(lambda: [line for line in s.log_lines() if line.get("client") == name], what=f"{name} in the log")
    cert, key = s.nodes.issue("git", "URI:spiffe://example.org/role/git")
    s.create_repo("mutual")
    shown = ["-c", f"http.sslCert={cert}", "-c", f"http.sslKey={key}"]
    s.secure_git(*shown, "clone", "-q", s.secure_url("mutual"), tmp() / "copy")
    if s.secure_git("clone", "-q", s.secure_url("mutual"), tmp() / "no", check=False).code == 0:
        fail("git came without a certificate")


def test_a_client_works_by_its_certificate_as_the_account_that_it_is_given():
    s = Mutual({"NIMBUS_TLS_CLIENT_ACCOUNTS": "dns:*.nodes.example.org=robot, uri:spiffe://example.org/role/own=owner"},
               wants="optional")
    s.api("POST", "/collaborators", {"username": "robot"}, want=201)
    s.create_repo("site")
    s.api("PUT", "/repos/site/permissions/robot", {"permission": "write"}, want=200)
    robot = s.nodes.issue("robot", "DNS:a.nodes.example.org")

    def ask(path, pair, more="", method="GET"):
        return s.secure(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n", s.shows(*pair))

    def shown(pair):
        return ["-c", f"http.sslCert={pair[0]}", "-c", f"http.sslKey={pair[1]}"]

    bare = f"https://localhost:{s.tls_port}/site.git"
    repo = make_repo(commits=3)
    s.secure_git(*shown(robot), "push", "-q", bare, "main", cwd=repo)
    entry = s.get("/api/v1/audit?action=push").items[0]
    eq((entry["username"], entry["via"]), ("robot", "certificate"), "the audit log")
    eq(ask("/api/v1/repos/site", robot).status, 200, "the API")
    # No page, no key of its own; and other credentials count before the certificate.
    eq(ask("/site", robot, "Accept: text/plain\r\n").status, 401, "a page")
    eq(ask("/api/v1/tokens", robot).status, 403, "its account's tokens")
    eq(ask("/api/v1/repos/site", robot, "Authorization: Bearer nonsense\r\n").status, 401, "a wrong token")
    # Who has no account by it is anonymous; the owner's is given to nobody.
    other = s.nodes.issue("other", "URI:spiffe://example.org/role/git")
    eq(ask("/api/v1/repos/site", other).status, 401, "a certificate without an account")
    eq(ask("/api/v1/repos", other).status, 200, "what is for all")
    owner = s.nodes.issue("own", "URI:spiffe://example.org/role/own")
    eq(ask("/api/v1/repos", owner).status, 401, "the owner's account")
    s.api("DELETE", "/collaborators/robot", want=204)
    eq(ask("/api/v1/repos", robot).status, 401, "an account that is gone")


def test_who_has_no_good_certificate_is_refused_and_the_log_says_why():
    s = Mutual()
    need("faketime")
    san = "DNS:a.nodes.example.org"
    s.revoked.write_text("# lost\n0b:ad\n")
    wait_until(lambda: s.said("TLS: read what had changed"), what="the new list")
    old = s.nodes.issue("old", san, days=1)
    run(["faketime", "-f", "-10d", "openssl", "req", "-x509", "-key", old[1], "-out", old[0], "-subj", "/CN=old", "-days", "3",
         "-CA", s.nodes.root, "-CAkey", s.nodes.root_key, "-addext", f"subjectAltName={san}"])
    for context, alert, why in (
            (s.context(), "CERTIFICATE_REQUIRED", "peer did not return a certificate"),
            (s.shows(*s.nodes.issue("lost", san, serial="0BAD")), "CERTIFICATE_REVOKED", "certificate revoked"),
            (s.shows(*s.nodes.issue("wrong", "DNS:nodes.example.org,DNS:a.b.nodes.example.org")), "HANDSHAKE_FAILURE",
             "none of the names"),
            (s.shows(*s.nodes.issue("nameless", None)), "HANDSHAKE_FAILURE", "none of the names"),
            (s.shows(*old), "CERTIFICATE_EXPIRED", "expired"),
            (s.shows(*Authority("Nodes").issue("forged", san)), "", "certificate"),
            (s.shows(*s.authority.issue("server", san)), "UNKNOWN_CA", "self-signed")):
        before = len(s.said(why))
        refused(lambda: s.dial(context), alert)
        wait_until(lambda: len(s.said(why)) > before, what=f"{why!r} in the log")
    eq(s.secure(HEALTH, s.shows(*s.nodes.issue("good", san))).status, 200, "a good one")


def test_who_may_show_none_is_not_let_in_with_a_bad_one():
    s = Mutual(wants="optional")
    eq(s.secure(HEALTH).status, 200, "without")
    eq(s.secure(HEALTH, s.shows(*s.nodes.issue("good", "DNS:a.nodes.example.org"))).status, 200, "with a good one")
    refused(lambda: s.dial(s.shows(*s.nodes.issue("bad", "DNS:a.example.org"))), "HANDSHAKE_FAILURE")


def test_a_revoked_client_is_refused_from_its_next_request_on():
    s = Mutual()
    lost = s.shows(*s.nodes.issue("lost", "DNS:lost.nodes.example.org", serial="5EED"))
    kept = s.shows(*s.nodes.issue("kept", "DNS:kept.nodes.example.org", serial="5EEE"))
    with SecureRaw(s.dial(lost)) as one, SecureRaw(s.dial(kept)) as other:
        eq((one.send(HEALTH).response().status, other.send(HEALTH).response().status), (200, 200), "before")
        s.revoked.write_text("5eed\n")
        wait_until(lambda: s.said("TLS: read what had changed"), what="the new list")
        answer = one.send(HEALTH).response()
        eq(answer.status, 403, "the lost one on its open connection")
        has(answer.text, "revoked", "the answer")
        eq(other.send(HEALTH).response().status, 200, "the other")
    refused(lambda: s.dial(lost), "CERTIFICATE_REVOKED")
    s.revoked.write_text("what is this\n")
    wait_until(lambda: s.said("line 1 is no serial number"), what="the complaint")
    refused(lambda: s.dial(lost), "CERTIFICATE_REVOKED")


def test_a_session_is_not_resumed_past_the_list():
    s = Mutual()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = s.context(client=s.nodes.issue("n", "DNS:n.nodes.example.org"), minimum_version=version, maximum_version=version)
        with SecureRaw(s.dial(context)) as raw:
            raw.send(HEALTH).response()
            session = raw.socket.session
        plain = socket.create_connection(("127.0.0.1", s.tls_port), 10)
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as again:
            eq(again.session_reused, False, f"{version}: resumed")


# http and https

def test_who_comes_by_http_is_sent_to_https():
    s = Https(env={"NIMBUS_TLS_REDIRECT": "on", "NIMBUS_TRUSTED_PROXIES": "127.0.0.2"})
    eq(s.get("/healthz").status, 200, "health")
    eq(s.get("/readyz").text, "ready\n", "readiness")
    answer = s.request("POST", "/a%20b?c=d", b"x", {"Host": "localhost:1"})
    eq((answer.status, answer.headers["location"]), (308, f"https://localhost:{s.tls_port}/a%20b?c=d"))
    answer = s.get("/", headers={"Host": "[::1]"})
    eq(answer.headers["location"], f"https://[::1]:{s.tls_port}/")
    eq(s.secure("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200, "by https")
    far = Https(env={"NIMBUS_TLS_REDIRECT": "on", "NIMBUS_URL": "https://git.example.org"})
    eq(far.get("/x").headers["location"], "https://git.example.org/x")


def test_links_and_cookies_know_that_it_was_https():
    answer = server.secure(f"GET /api/v1/instance HTTP/1.1\r\nHost: localhost:{server.tls_port}\r\n\r\n")
    eq(answer.status, 200)
    has_not(answer.headers, "strict-transport-security", "headers where nobody has given a name")
    body = f"username={OWNER}&password={PASSWORD}"
    answer = server.secure(f"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
                           f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}")
    has(answer.headers["set-cookie"], "; Secure", "cookie")
    s = Https(env={"NIMBUS_URL": "https://git.example.org"})
    has(s.secure("GET / HTTP/1.1\r\nHost: git.example.org\r\n\r\n").headers, "strict-transport-security", "headers")


def test_https_alone_is_enough():
    s = Https(env={"NIMBUS_LISTEN": ""}, start=False)
    process = subprocess.Popen([s.binary, "serve"], env=s.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        def up():
            with contextlib.suppress(OSError):
                return s.secure(HEALTH).status == 200
        wait_until(up, what="the start")
    finally:
        process.terminate()
        words = process.communicate(timeout=30)[1].decode()
    eq(process.returncode, 0, "exit")
    has(words, f"https://127.0.0.1:{s.tls_port}", "the welcome")


def complaint(**env):
    s = Https(env=env, start=False)
    result = s.admin("serve", check=False)
    eq(result.code, 2, f"exit of {env}: {result}")
    lines = result.err.splitlines()
    if len(lines) > 1:  # the table's own complaints come before the last words
        eq(lines.pop(), "nimbus serve: the environment holds settings that make no sense")
    eq(len(lines), 1, f"lines of {lines}")
    return lines[0]


def test_a_setting_that_makes_no_sense_is_one_line_that_names_it():
    a = Authority()
    one, two = a.issue("one", "DNS:one"), a.issue("two", "DNS:two")
    locked = tmp() / "locked.key"
    asks = {"NIMBUS_TLS_CLIENT": "required", "NIMBUS_TLS_CLIENT_CA": a.root}
    run(["openssl", "pkcs8", "-topk8", "-in", one[1], "-out", locked, "-passout", "pass:secret"])
    for name, part, env in (
            ("NIMBUS_TLS_CERT", "No such file", {"NIMBUS_TLS_CERT": "/nowhere.pem"}),
            ("NIMBUS_TLS_CERT", "no certificate in PEM", {"NIMBUS_TLS_CERT": one[1]}),
            ("NIMBUS_TLS_KEY", "No such file", {"NIMBUS_TLS_KEY": "/nowhere.pem"}),
            ("NIMBUS_TLS_KEY", "no private key", {"NIMBUS_TLS_KEY": one[0]}),
            ("NIMBUS_TLS_KEY", "passphrase", {"NIMBUS_TLS_CERT": one[0], "NIMBUS_TLS_KEY": locked}),
            ("NIMBUS_TLS_KEY", "is not the key", {"NIMBUS_TLS_CERT": one[0], "NIMBUS_TLS_KEY": two[1]}),
            ("NIMBUS_TLS_KEY", "equally many", {"NIMBUS_TLS_CERT": f"{one[0]},{two[0]}", "NIMBUS_TLS_KEY": one[1]}),
            ("NIMBUS_TLS_KEY", "set NIMBUS_TLS_KEY", {"NIMBUS_TLS_KEY": ""}),
            ("NIMBUS_TLS_LISTEN", "needs a certificate", {"NIMBUS_TLS_CERT": ""}),
            ("NIMBUS_TLS_CERT", "set NIMBUS_TLS_LISTEN", {"NIMBUS_TLS_LISTEN": ""}),
            ("NIMBUS_TLS_REDIRECT", "set NIMBUS_TLS_LISTEN",
             {"NIMBUS_TLS_LISTEN": "", "NIMBUS_TLS_CERT": "", "NIMBUS_TLS_KEY": "", "NIMBUS_TLS_REDIRECT": "on"}),
            ("NIMBUS_TLS_CLIENT", "set NIMBUS_TLS_CLIENT_CA", {"NIMBUS_TLS_CLIENT": "required"}),
            ("NIMBUS_TLS_CLIENT", "one of off|optional|required", {"NIMBUS_TLS_CLIENT": "on"}),
            ("NIMBUS_TLS_CLIENT_CA", "No such file", {**asks, "NIMBUS_TLS_CLIENT_CA": "/nowhere.pem"}),
            ("NIMBUS_TLS_CLIENT_CA", "holds no certificates", {**asks, "NIMBUS_TLS_CLIENT_CA": one[1]}),
            ("NIMBUS_TLS_CLIENT_CA", "set NIMBUS_TLS_CLIENT", {"NIMBUS_TLS_CLIENT_CA": a.root}),
            ("NIMBUS_TLS_CLIENT_SAN", "is no pattern", {**asks, "NIMBUS_TLS_CLIENT_SAN": "*.example.org"}),
            ("NIMBUS_TLS_CLIENT_SAN", "set NIMBUS_TLS_CLIENT", {"NIMBUS_TLS_CLIENT_SAN": "dns:a"}),
            ("NIMBUS_TLS_CLIENT_ACCOUNTS", "set NIMBUS_TLS_CLIENT", {"NIMBUS_TLS_CLIENT_ACCOUNTS": "dns:a=robot"}),
            ("NIMBUS_TLS_CLIENT_ACCOUNTS", "must be NAME=ACCOUNT", {**asks, "NIMBUS_TLS_CLIENT_ACCOUNTS": "dns:a"}),
            ("NIMBUS_TLS_CLIENT_ACCOUNTS", "is no pattern", {**asks, "NIMBUS_TLS_CLIENT_ACCOUNTS": "a.b=robot"}),
            ("NIMBUS_TLS_REVOKED", "No such file", {**asks, "NIMBUS_TLS_REVOKED": "/nowhere"}),
            ("NIMBUS_TLS_REVOKED", "line 1", {**asks, "NIMBUS_TLS_REVOKED": one[0]}),
            ("NIMBUS_TLS_CLIENT", "set NIMBUS_TLS_LISTEN",
             {**asks, "NIMBUS_TLS_LISTEN": "", "NIMBUS_TLS_CERT": "", "NIMBUS_TLS_KEY": ""}),
            ("NIMBUS_TLS_REDIRECT", "one of off|on", {"NIMBUS_TLS_REDIRECT": "yes"})):
        line = complaint(**env)
        has(line, name, f"the complaint of {env}")
        has(line, part, f"the complaint of {env}")


main()
