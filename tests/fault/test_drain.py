"""SIGTERM: what runs may finish, nothing new begins, and what takes too long is cut off in the end."""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from by_hand import FLUSH, ZERO, commit, pkt
from harness import *

SIZE = 48 << 20
HELD = 1 << 20


class Gate:
    """A way to a server that lets HELD bytes of its answers through, and the rest when it is opened."""

    def __init__(self, target):
        self.target, self.passed, self.held, self.opened = target, 0, threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.carry, args=(client, server), daemon=True).start()
            threading.Thread(target=self.carry, args=(server, client, True), daemon=True).start()

    def carry(self, source, target, answers=False):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
                self.passed += len(piece) if answers else 0
                if self.passed > HELD:
                    self.held.set()
                    self.opened.wait()
            target.shutdown(socket.SHUT_WR)


def with_big_file(**env):
    """A server with a file that does not fit into any socket's buffers."""
    s = Nimbus(env=env)
    s.create_repo("big", visibility="public")
    work = tmp()
    git("init", "-q", ".", cwd=work)
    commit_file(work, "big.bin", os.urandom(1 << 20) * (SIZE >> 20))
    git("push", "-q", s.git_url("big"), "main", cwd=work)
    return s


def begin_download(s):
    raw = s.connect(timeout=60)
    raw.send(f"GET /big/raw/main/big.bin HTTP/1.1\r\nHost: {s.host}\r\n\r\n")
    head = raw.until(b"\r\n\r\n")
    has(head, b" 200 ", "the head")
    raw.exactly(65536)
    return raw


def read_on(raw):
    """How many bytes come until the server closes, or the file is there."""
    got = len(raw.buffer)
    while got < SIZE - 65536:
        try:
            piece = len(raw.socket.recv(1 << 20))
        except ConnectionResetError:
            break
        if not piece:
            break
        got += piece
    return got


def is_refused(s):
    try:
        with s.connect(timeout=2) as raw:
            return raw.is_closed(1)
    except OSError:
        return True


def ended(process, seconds=60):
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        fail(f"it still ran after {seconds} s")


def test_a_download_that_runs_is_finished():
    s = with_big_file()
    raw = begin_download(s)
    s.process.terminate()
    wait_until(lambda: is_refused(s), what="the end of new connections")
    time.sleep(0.5)
    eq(s.process.poll(), None, "while the download runs")
    eq(read_on(raw), SIZE - 65536, "the rest of the file")
    eq(ended(s.process), 0, "exit code")
    raw.close()
    has([line["message"] for line in s.log_lines()], "stopped", "the log")
    s.process = None


def test_a_clone_that_runs_is_finished():
    s = with_big_file()
    copy = tmp() / "copy"
    gate = Gate(s.port)
    clone = start_git("clone", "-q", f"http://127.0.0.1:{gate.port}/big.git", copy)
    eq(gate.held.wait(60), True, "a part of the pack came")
    s.process.terminate()
    wait_until(lambda: is_refused(s), what="the end of new connections")
    eq((clone.poll(), s.process.poll()), (None, None), "the clone and the server while the pack comes")
    gate.opened.set()
    _, err = clone.communicate()
    eq(clone.returncode, 0, f"git's exit code ({err})")
    eq((copy / "big.bin").stat().st_size, SIZE, "size of the file")
    eq(ended(s.process), 0, "exit code")
    s.process = None


def test_a_push_that_runs_is_finished():
    s = Nimbus()
    s.create_repo("r")
    new, pack = commit(ZERO, os.urandom(400_000), "Late")
    ref = b"refs/heads/main"
    body = pkt(b"%s %s %s\0report-status object-format=sha1" % (ZERO.encode(), new.encode(), ref)) + FLUSH + pack
    secret = base64.b64encode(f"{OWNER}:{PASSWORD}".encode()).decode()
    with s.connect(timeout=60) as raw:
        raw.send(f"POST /r.git/git-receive-pack HTTP/1.1\r\nHost: {s.host}\r\nAuthorization: Basic {secret}\r\n"
                 f"Content-Type: application/x-git-receive-pack-request\r\nContent-Length: {len(body)}\r\n\r\n")
        raw.send(body[:200_000])
        wait_until(lambda: is_read(raw.socket, s.port), what="the reading of the first half")
        s.process.terminate()
        wait_until(lambda: is_refused(s), what="the end of new connections")
        eq(s.process.poll(), None, "while the push runs")
        raw.send(body[200_000:])
        has(raw.response().text, "ok refs/heads/main", "what the client is told")
    eq(ended(s.process), 0, "exit code")
    s.process = None
    s.start()
    eq(refs(s.git_url("r")).get("refs/heads/main"), new, "what was pushed")


def test_readiness_says_no_before_the_door_closes():
    s = Nimbus(env={"NIMBUS_DRAIN_DELAY": "6s"})
    eq(s.get("/readyz", auth=None).status, 200, "before")
    s.process.terminate()
    wait_until(lambda: s.get("/readyz", auth=None).status == 503, what="503")
    eq(s.get("/healthz", auth=None).status, 200, "health meanwhile")
    s.create_repo("still-served")
    eq(ended(s.process), 0, "exit code")
    s.process = None


def test_what_takes_too_long_is_cut_off():
    s = with_big_file(NIMBUS_DRAIN_TIMEOUT="500ms")
    raw = begin_download(s)
    began = time.monotonic()
    s.process.terminate()
    eq(ended(s.process), 0, "exit code")
    if time.monotonic() - began < 0.4:
        fail("it was cut off at once")
    if read_on(raw) >= SIZE - 65536:
        fail("nothing was cut off")
    raw.close()
    s.process = None


def test_a_second_signal_ends_it_at_once():
    s = with_big_file()
    raw = begin_download(s)
    s.process.terminate()
    wait_until(lambda: is_refused(s), what="the end of new connections")
    s.process.terminate()
    eq(ended(s.process), 130, "exit code")
    raw.close()
    s.process = None


def test_a_request_whose_body_is_on_its_way_is_answered():
    s = Nimbus()
    secret = base64.b64encode(f"{OWNER}:{PASSWORD}".encode()).decode()
    body = b'{"name":"late"}'
    raw = s.connect(timeout=20)
    raw.send(f"POST /api/v1/repos HTTP/1.1\r\nHost: {s.host}\r\nAuthorization: Basic {secret}\r\n"
             f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
    raw.send(body[:5])
    wait_until(lambda: is_read(raw.socket, s.port), what="the reading of what came")
    s.process.terminate()
    wait_until(lambda: is_refused(s), what="the end of new connections")
    raw.send(body[5:])
    answer = raw.response()
    eq(answer.status, 201, f"status of {answer}")
    eq(answer.headers["connection"], "close", "Connection")
    raw.close()
    eq(ended(s.process), 0, "exit code")
    s.process = None


def test_it_ends_at_once_when_nothing_runs():
    s = Nimbus()
    idle = s.connect()
    s.get("/healthz")
    began = time.monotonic()
    s.process.terminate()
    eq(ended(s.process), 0, "exit code")
    if time.monotonic() - began > 30:
        fail("it took as long as it may wait for somebody")
    if not idle.is_closed():
        fail("an idle connection was left open")
    idle.close()
    s.process = None


main()
