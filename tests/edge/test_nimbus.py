"""The edge in front of the real server: what git and a bad client each see."""

from harness import *

SHARED = Nimbus(shared=True)


def head(line, *headers):
    return "\r\n".join([line, f"Host: {SHARED.host}", *headers]) + "\r\n\r\n"


def test_the_smuggling_suite_is_refused_before_any_route():
    post = "POST /api/v1/repos HTTP/1.1"
    for data, status in (
            (head(post, "Content-Length: 2", "Transfer-Encoding: chunked") + "0\r\n\r\n", 400),
            (head(post, "Content-Length: 2", "Content-Length: 2") + "{}", 400),
            (head(post, "Content-Length: 2, 2") + "{}", 400),
            (head(post, "Content-Length : 2") + "{}", 400),
            (head(post, "Content-Length: +2") + "{}", 400),
            (head(post, "X: a", " b: c") + "{}", 400),
            (head(post, "X: a\x00b") + "{}", 400),
            (head(post, "Transfer-Encoding: xchunked") + "0\r\n\r\n", 501),
            (head(post, "Host: other"), 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\nHost: x\n\n", 400),
            (head("GET /" + "a" * 9000 + " HTTP/1.1"), 414),
            (head("GET / HTTP/1.1", "X: " + "a" * 40000), 431),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)):
        with SHARED.connect() as raw:
            raw.send(data)
            eq(raw.response().status, status, f"status for {data[:90]!r}")
            eq(raw.is_closed(), True, f"closed after {data[:90]!r}")
    eq(SHARED.get("/healthz").status, 200)


def test_a_path_that_climbs_reaches_no_route():
    with SHARED.connect() as raw:
        for path in ("/../etc/passwd", "/%2e%2e/etc/passwd", "/a/..%2f..%2fb", "/a%00b", "/static/../../etc/passwd"):
            raw.send(head(f"GET {path} HTTP/1.1"))
            eq(raw.response().status, 400, f"status for {path}")


def test_a_body_refused_for_want_of_rights_is_never_taken_for_a_request():
    SHARED.create_repo("private")
    smuggled = head("GET /healthz HTTP/1.1")
    with SHARED.connect() as raw:
        raw.send(head("POST /private.git/git-upload-pack HTTP/1.1", "Transfer-Encoding: chunked",
                      "Content-Type: application/x-git-upload-pack-request"))
        raw.send(f"{len(smuggled):x}\r\n{smuggled}\r\n")
        answer = raw.response()
        eq((answer.status, answer.headers.get("connection")), (401, "close"))
        eq(raw.rest(), b"")


def test_a_push_larger_than_gits_buffer_comes_in_chunks_and_arrives():
    SHARED.create_repo("large")
    work = make_repo(commits=3, files=2)
    (work / "big.bin").write_bytes(random.Random(7).randbytes(5_000_000))
    git("add", ".", cwd=work)
    git("commit", "-qm", "A large file", cwd=work)
    for buffer in ("1024", "104857600"):
        name = f"large-{buffer}"
        SHARED.create_repo(name)
        git("-c", f"http.postBuffer={buffer}", "push", "-q", SHARED.git_url(name), "main", cwd=work)
        git("clone", "-q", SHARED.git_url(name), tmp() / "copy")


def test_slow_clients_do_not_keep_git_waiting():
    SHARED.create_repo("busy")
    work = make_repo(commits=3)
    git("push", "-q", SHARED.git_url("busy"), "main", cwd=work)
    slow = [SHARED.connect() for _ in range(100)]
    for i, raw in enumerate(slow):
        raw.send(head("POST /busy.git/git-receive-pack HTTP/1.1",
                      "Content-Length: 1000" if i % 2 else "Transfer-Encoding: chunked",
                      "Content-Type: application/x-git-receive-pack-request") + "a" if i % 4 else "GET / HT")
    started = time.monotonic()
    git("clone", "-q", SHARED.git_url("busy"), tmp() / "copy")
    if time.monotonic() - started > 25:  # the slow ones are sent away after thirty seconds
        fail("the clone waited")
    for raw in slow:
        raw.close()


def test_a_clone_that_runs_when_the_server_is_told_to_end_is_finished():
    server = Nimbus()
    server.create_repo("big")
    work = make_repo(commits=2)
    (work / "big.bin").write_bytes(random.Random(9).randbytes(60_000_000))
    git("add", ".", cwd=work)
    git("commit", "-qm", "A large file", cwd=work)
    git("push", "-q", server.git_url("big"), "main", cwd=work)
    fetch = b"0011command=fetch0001" + b"000ethin-pack\n" + b"0032want " + git(
        "rev-parse", "main", cwd=work).out.strip().encode() + b"\n" + b"0009done\n" + b"0000"
    with server.connect(60) as raw:
        credentials = base64.b64encode(":".join(server.auth).encode()).decode()
        raw.send("\r\n".join(["POST /big.git/git-upload-pack HTTP/1.1", f"Host: {server.host}",
                              f"Authorization: Basic {credentials}", "Git-Protocol: version=2",
                              "Content-Type: application/x-git-upload-pack-request",
                              f"Content-Length: {len(fetch)}"]).encode() + b"\r\n\r\n" + fetch)
        raw.until(b"\r\n\r\n")
        raw.until(b"packfile")
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        eq(server.process.poll(), None, "it waits for the clone")
        count, tail = len(raw.buffer), b""
        while piece := raw.socket.recv(1 << 20):
            count, tail = count + len(piece), (tail + piece)[-5:]
        eq(tail, b"0\r\n\r\n", "the end of the body")
        if count < 60_000_000:
            fail(f"only {count} bytes")
    eq(server.process.wait(60), 0, "the exit code after the drain")
    server.stop()


main()
