"""The edge under clients that are slow, greedy, many, or gone."""

import array
import fcntl
import termios
import threading

from echo import *


def open_many(server, count):
    return [server.connect() for _ in range(count)]


def close_all(connections):
    for raw in connections:
        raw.close()


def test_two_thousand_idle_connections_cost_no_thread_and_little_memory():
    server = Echo(workers=2, threads_max=3)
    busy = open_many(server, 2)
    for raw in busy:
        raw.send(get("/work?ms=100"))
    for raw in busy:
        raw.response()
    close_all(busy)
    before, rss = server.threads(), server.rss_kib()
    idle = open_many(server, 2000)
    for raw in idle[:1000]:
        raw.send(get("/hello"))
        eq(raw.response().status, 200)
    eq(server.stats()["connections"], 2001)
    eq(server.stats()["buffers"] < 100000, True, "no buffers")
    eq(server.threads(), before, "threads")
    each = (server.rss_kib() - rss) * 1024 / 2000
    if each > 4096:
        fail(f"{each:.0f} bytes for each idle connection")
    eq(server.get("/hello", auth=None).status, 200)
    close_all(idle)
    wait_until(lambda: server.stats()["connections"] == 1)


def test_a_slow_head_ends_by_its_deadline_however_steadily_it_drips():
    server = Echo(head_ms=1000)
    started = time.monotonic()
    slow = open_many(server, 50)
    for raw in slow:
        raw.send("GET /hello HTTP/1.1\r\nHost: x\r\n")
    alive = True
    while alive and time.monotonic() - started < 60:
        for raw in slow:
            try:
                raw.send("X: y\r\n")
            except OSError:
                alive = False
        eq(server.get("/hello", auth=None).status, 200)
        time.sleep(0.1)
    took = time.monotonic() - started
    if not 0.9 < took < 30:
        fail(f"dripping heads were cut after {took:.1f} s")
    close_all(slow)


def test_a_slow_head_is_told_why():
    server = Echo(head_ms=300)
    answer = server.ask("GET /hello HTTP/1.1\r\nHost: x\r\n")
    eq((answer.status, answer.closed), (408, True))
    eq(wait_until(server.requests, 20)[-1]["status"], 408)


def test_an_idle_connection_is_closed_without_a_word():
    server = Echo(idle_ms=2000)
    with server.connect() as fresh, server.connect() as used:
        used.send(get("/hello"))
        eq(used.response().status, 200)
        eq(fresh.is_closed(), True)
        eq(used.is_closed(), True)


def test_slow_small_bodies_hold_no_worker():
    server = Echo(workers=2, threads_max=3, stall_ms=60000)
    slow = open_many(server, 50)
    for raw in slow:
        raw.send(post("/count", "Content-Length: 1000", body="a"))
    for _ in range(20):
        eq(server.get("/hello", auth=None, timeout=30).status, 200)
    eq(server.stats()["exchanges"], 1)
    close_all(slow)


def test_slow_large_bodies_never_hold_all_workers():
    server = Echo(workers=2, threads_max=6, stall_ms=60000)
    slow = open_many(server, 40)
    for raw in slow:
        raw.send(post("/count", "Transfer-Encoding: chunked", body="5\r\nab"))
    for _ in range(20):
        eq(server.get("/hello", auth=None, timeout=30).status, 200)
    if server.threads() > 10:
        fail(f"{server.threads()} threads")
    close_all(slow)
    wait_until(lambda: server.stats()["running"] == 1)


def test_a_small_body_that_stalls_is_told_so():
    server = Echo(stall_ms=500)
    answer = server.ask(post("/count", "Content-Length: 1000", body="a"))
    eq((answer.status, answer.closed), (408, True))


def test_a_large_body_that_stalls_is_a_time_out():
    server = Echo(stall_ms=500)
    with server.connect() as raw:
        raw.send(post("/count", "Content-Length: 1000000", body="a" * 1000))
        eq(raw.response().status, 504)
    eq(server.stats()["timed_out"], 1)


def test_a_trickle_below_the_least_rate_is_a_time_out():
    for header, first in (("Content-Length: 1000000", ""), ("Transfer-Encoding: chunked", f"{1000000:x}\r\n")):
        server = Echo(stall_ms=1000, rate_min=1000)
        with server.connect() as raw:
            raw.send(post("/count", header, body=first))
            started = time.monotonic()
            try:
                while time.monotonic() - started < 60:
                    raw.send("a" * 10)  # every 50 ms: 200 bytes a second
                    time.sleep(0.05)
            except OSError:
                pass
            took = time.monotonic() - started
            if not 0.8 < took < 30:
                fail(f"the trickle ended after {took:.1f} s")
        server.stop()


def test_a_client_that_does_not_read_costs_no_memory_and_not_for_ever():
    server = Echo(stall_ms=5000)
    server.get("/stream?bytes=1000000", auth=None)
    rss = server.rss_kib()
    with server.connect() as raw:
        raw.send(get("/stream"))
        raw.until(b"\r\n\r\n")
        time.sleep(1)
        eq(server.stats()["running"], 2)
        if server.rss_kib() - rss > 8192:
            fail(f"grew by {server.rss_kib() - rss} KiB")
        wait_until(lambda: server.stats()["timed_out"] == 1)
    wait_until(lambda: server.stats()["connections"] == 1)


def test_clients_that_hardly_read_do_not_keep_others_waiting():
    server = Echo(workers=2, threads_max=6, stall_ms=60000, rate_min=1000)
    slow = open_many(server, 20)
    for raw in slow:
        raw.send(get("/stream"))
    for raw in slow[:6]:
        raw.until(b"\r\n\r\n")
    # All threads are held, and would be for a minute; some of them are taken back.
    started = time.monotonic()
    for _ in range(3):
        eq(server.get("/hello", auth=None).status, 200)
    took = time.monotonic() - started
    if took > 25:
        fail(f"others waited for {took:.1f} s")
    close_all(slow)
    wait_until(lambda: server.stats()["connections"] == 1)


def test_a_modest_reader_is_not_cut_off_for_others():
    server = Echo(workers=1, threads_max=2, stall_ms=60000, rate_min=1000)
    bytes = 20_000_000
    with server.connect() as raw:
        raw.send(get(f"/stream?bytes={bytes}"))
        with server.connect() as other:
            other.send(get(f"/stream?bytes={bytes}"))
            others = threading.Thread(target=lambda: [server.get("/hello", auth=None) for _ in range(20)])
            others.start()
            readers = [threading.Thread(target=lambda r=r: eq(len(slowly(r, bytes)) >= bytes, True, "all of it"))
                       for r in (raw, other)]
            for thread in readers:
                thread.start()
            for thread in [*readers, others]:
                thread.join()
    eq(server.stats()["canceled"], 0)


def slowly(raw, count):
    """Reads `count` bytes at some 3 MB a second."""
    got = b""
    while len(got) < count:
        piece = raw.socket.recv(300000)
        if not piece:
            break
        got += piece
        time.sleep(0.1)
    return got


def test_an_upload_faster_than_its_reader_is_held_back():
    server = Echo()
    server.request("POST", "/count", b"a" * 1000000, auth=None)
    rss = server.rss_kib()
    with server.connect() as raw:
        raw.socket.settimeout(0.5)
        raw.send(post("/count?ms=100", "Content-Length: 1000000000"))
        sent, piece = 0, b"a" * 65536
        end = time.monotonic() + 1.5
        try:
            while time.monotonic() < end:
                sent += raw.socket.send(piece)
        except TimeoutError:
            pass
        if sent > 50_000_000:
            fail(f"took {sent} bytes while its handler read 1 MB")
        if server.rss_kib() - rss > 8192:
            fail(f"grew by {server.rss_kib() - rss} KiB")
    wait_until(lambda: server.stats()["canceled"] == 1)


def test_a_large_upload_and_download_stay_small():
    server = Echo()
    with server.connect() as raw:
        raw.socket.settimeout(60)
        piece = b"%x\r\n%s\r\n" % (1 << 20, b"a" * (1 << 20))
        raw.send(post("/count", "Transfer-Encoding: chunked"))
        for _ in range(300):
            raw.send(piece)
        raw.send("0\r\n\r\n")
        eq(raw.response().text.split()[0], str(300 << 20))
        raw.send(get(f"/stream?bytes={300 << 20}&length=1"))
        head = raw.until(b"\r\n\r\n")
        has(head.decode(), f"Content-Length: {300 << 20}")
        left = (300 << 20) - len(raw.buffer)
        while left:
            left -= len(raw.socket.recv(min(left, 1 << 20)))
    if server.rss_peak() > (150000 if "build-" in str(server.binary) else 12000):
        fail(f"{server.rss_peak()} KiB at its peak")


def test_a_client_that_leaves_cancels_the_work_at_once():
    server = Echo()
    with server.connect() as raw:
        raw.send(get("/work?ms=60000"))
        wait_until(lambda: server.stats()["running"] == 2)
    # It would go on for a minute.
    wait_until(lambda: server.stats()["canceled"] == 1, 30)


def arrived(raw):
    """Bytes that lie here unread."""
    count = array.array("i", [0])
    fcntl.ioctl(raw.socket, termios.FIONREAD, count)
    return count[0]


def let_it_fill(raw):
    """Reads nothing until no more comes."""
    before = 0
    wait_until(lambda: arrived(raw), what="a first byte")
    while before != (before := arrived(raw)):
        time.sleep(0.3)


def test_what_is_pushed_waits_for_nobody_and_comes_whole():
    server = Echo()
    for ms in (0, 5):
        with server.connect() as raw:
            raw.send(get(f"/push?bytes={16 << 20}&ms={ms}"))
            let_it_fill(raw)
            body = raw.response().body
            eq(body[:16 << 20], b"x" * (16 << 20), "the body")
            eq(int(body[16 << 20:]) > 10, True, f"pushed in vain: {body[16 << 20:]}")
    # The end waits again for what was not taken before.
    with server.connect() as raw:
        raw.send(get(f"/push?bytes={8 << 20}&piece={8 << 20}"))
        time.sleep(0.3)
        eq(raw.response().body, b"x" * (8 << 20) + b"0", "the body")
    for path in ("HEAD /push?bytes=10 HTTP/1.1", "GET /push?bytes=100000 HTTP/1.0"):
        with server.connect() as raw:
            raw.send(f"{path}\r\nHost: x\r\nConnection: close\r\n\r\n")
            eq(len(raw.rest().partition(b"\r\n\r\n")[2]), 0 if path.startswith("HEAD") else 100001, "length")


def copies(size, piece=65515):
    """What /copy sends."""
    file = b"".join(i.to_bytes(4, "little") for i in range(0, size, 4))[:size]
    return b"".join(b"part\n" + file[at:at + piece] for at in range(0, size, piece))


def test_bytes_of_a_file_come_as_they_lie_there():
    server = Echo()
    for size, piece in (1, 65515), (4095, 4095), (65515, 65515), (200001, 65515), (200001, 4096), (3 << 20, 3 << 20):
        want = copies(size, piece)
        query = f"/copy?bytes={size}&piece={piece}"
        with server.connect() as raw:
            for way in "", f"&length={len(want)}", "&push=1&ms=5", "":
                eq(raw.send(get(query + way)).response().body == want, True, f"{query}{way}: the body")
            raw.send(f"HEAD {query}&length={len(want)} HTTP/1.1\r\nHost: x\r\n\r\n" + get("/hello", "Connection: close"))
            eq(raw.rest().count(b"HTTP/1.1 200 OK"), 2, "after a HEAD")
        with server.connect() as raw:
            raw.send(f"GET {query} HTTP/1.0\r\n\r\n")
            eq(raw.rest().partition(b"\r\n\r\n")[2] == want, True, f"{query}: the body of HTTP/1.0")


def test_who_takes_a_file_slowly_gets_all_of_it():
    server, want = Echo(), copies(8 << 20)
    for way in "", "&push=1&ms=0", "&push=1&ms=5":
        with server.connect() as raw:
            raw.send(get(f"/copy?bytes={8 << 20}{way}"))
            time.sleep(0.3)
            eq(raw.response().body == want, True, f"{way}: the body")


def test_a_file_that_is_cut_breaks_the_reply_off():
    server = Echo()
    for way in "", "&push=1", f"&length={len(copies(200000))}":
        with server.connect() as raw:
            raw.send(get(f"/copy?bytes=200000&cut=50000{way}"))
            data = raw.rest()
            has_not(data.decode("latin-1"), "\r\n0\r\n")
            eq(len(data) < 160000, True, f"{way}: {len(data)} bytes came")
    eq(server.get("/hello", auth=None).status, 200, "the next one")


def test_who_leaves_ends_the_sending_of_a_file():
    server = Echo()
    with server.connect() as raw:
        raw.send(get(f"/copy?bytes={64 << 20}&piece={64 << 20}"))
        raw.until(b"part")
    wait_until(lambda: server.stats()["canceled"] == 1)
    wait_until(lambda: server.stats()["running"] == 1)


def test_only_who_is_waited_for_runs_out_of_time():
    server = Echo(stall_ms=500)
    with server.connect() as raw:
        raw.send(get(f"/push?bytes={64 << 20}&ms=20"))
        wait_until(lambda: server.stats()["timed_out"] == 1)
    with server.connect() as raw:
        raw.send(get(f"/push?bytes={64 << 20}&ms=0"))
        time.sleep(1.5)
        eq((server.stats()["timed_out"], server.stats()["canceled"]), (1, 0))
    wait_until(lambda: server.stats()["canceled"] == 1)


def test_a_client_that_leaves_cancels_a_stream_and_an_upload():
    server = Echo()
    with server.connect() as raw:
        raw.send(get("/stream?ms=10&piece=100"))
        raw.until(b"xxx")
    wait_until(lambda: server.stats()["canceled"] == 1)
    with server.connect() as raw:
        raw.send(post("/count", "Content-Length: 1000000", body="a"))
        wait_until(lambda: server.stats()["running"] == 2)
    wait_until(lambda: server.stats()["canceled"] == 2)
    wait_until(lambda: server.stats()["connections"] == 1)


def test_a_body_that_nobody_sees_is_not_made_for_ever():
    server = Echo()
    with server.connect() as raw:
        raw.send("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: server.stats()["running"] == 2)
    wait_until(lambda: server.stats()["canceled"] == 1)


def test_requests_beyond_the_queue_are_told_to_come_back():
    server = Echo(workers=1, threads_max=2, queue_max=2)
    busy = open_many(server, 6)
    for raw in busy:
        raw.send(get("/work?ms=2000"))
        wait_until(lambda: is_read(raw.socket, server.port), what="the reading of it")
    answers = [raw.response() for raw in busy]
    eq(sorted(answer.status for answer in answers), [200, 200, 200, 503, 503, 503])
    eq([answer.headers["retry-after"] for answer in answers if answer.status == 503], ["1"] * 3)
    close_all(busy)


def test_connections_beyond_the_limit_are_told_so():
    server = Echo(connections_max=10)
    first = open_many(server, 10)
    wait_until(lambda: server.connect().response().status == 503)
    close_all(first)
    wait_until(lambda: server.get("/hello", auth=None).status == 200)


def test_one_address_cannot_take_all_connections():
    server = Echo(connections_per_ip=5)
    first = open_many(server, 5)
    eq(server.connect().response().status, 503)
    close_all(first)
    wait_until(lambda: server.get("/hello", auth=None).status == 200)


def test_memory_for_half_sent_requests_is_bounded():
    server = Echo(buffers_max=100000)
    greedy = open_many(server, 40)
    for raw in greedy:
        raw.send("GET /hello HTTP/1.1\r\nHost: x\r\nX: " + "a" * 7000)
    statuses = []
    for raw in greedy:
        raw.socket.settimeout(0.2)
        try:
            statuses.append(raw.response().status)
        except TimeoutError:
            pass
    if 503 not in statuses:
        fail("nobody was refused")
    close_all(greedy)
    wait_until(lambda: server.stats()["buffers"] < 10000)


def test_the_server_survives_having_no_descriptors_left():
    server = Echo()
    import resource
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (40, 40))
    many = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(80)]
    time.sleep(0.5)
    for connection in many:
        connection.close()
    wait_until(lambda: server.get("/hello", auth=None).status == 200)


def test_many_clients_at_once_all_get_their_own_answer():
    server = Echo(workers=4, loops=2)
    wrong = []

    def client(n):
        with server.connect(30) as raw:
            for i in range(100):
                size = (n * 7919 + i * 104729) % 90000
                raw.send(post("/count", f"Content-Length: {size}", body="a" * size))
                got = raw.response().text.split()[0]
                if got != str(size):
                    wrong.append((n, i, size, got))

    threads = [threading.Thread(target=client, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eq(wrong, [])
    wait_until(lambda: server.stats()["buffers"] < 10000, what="giving the buffers back")


# The end

def test_a_drain_lets_a_download_finish_and_accepts_nothing_new():
    server = Echo(drain_ms=20000)
    idle = server.connect()
    idle.send(get("/hello"))
    idle.response()
    with server.connect() as raw:
        raw.send(get("/stream?bytes=3000000&piece=30000&ms=10"))
        raw.until(b"\r\n\r\n")
        server.process.send_signal(signal.SIGTERM)
        eq(idle.is_closed(), True, "the idle connection is closed")
        try:
            socket.create_connection(("127.0.0.1", server.port), 1).close()
            fail("it still accepts")
        except ConnectionRefusedError:
            pass
        total = 0
        while size := int(raw.until(b"\r\n"), 16):
            total += len(raw.exactly(size))
            raw.until(b"\r\n")
        eq(total, 3000000)
    eq(server.process.wait(60), 0)
    server.stop()


def test_a_request_during_the_drain_is_told_that_it_is_the_last():
    server = Echo(drain_ms=10000)
    with server.connect() as raw:
        raw.send("GET /hello HTTP/1.1\r\n")
        wait_until(lambda: server.stats()["connections"] == 2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        raw.send("Host: x\r\n\r\n")
        answer = raw.response()
        eq((answer.status, answer.headers["connection"]), (200, "close"))
        eq(raw.is_closed(), True)
    eq(server.process.wait(60), 0, "the exit code after the drain")
    server.stop()


def test_a_drain_ends_at_its_deadline():
    server = Echo(drain_ms=500)
    stuck, working = server.connect(), server.connect()
    stuck.send(get("/stream"))
    working.send(get("/work?ms=60000"))
    stuck.until(b"\r\n\r\n")
    wait_until(lambda: server.stats()["running"] == 3)
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    eq(server.process.wait(60), 3, "the exit code of an aborted drain")
    if time.monotonic() - started > 30:
        fail(f"took {time.monotonic() - started:.1f} s")
    server.check_sanitizers()
    server.process = None


main()
