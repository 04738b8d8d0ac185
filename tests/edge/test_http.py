"""HTTP as others speak it: what is refused, what is understood, and where each request ends."""

import gzip

from echo import *

server = Echo(shared=True, stall_ms=3000, linger_ms=1000)


def refused(data, status, closed=True):
    answer = server.ask(data)
    eq(answer.status, status, f"status for {data[:120]!r}")
    if closed and not answer.closed:
        fail(f"the connection stays open after {data[:120]!r}")
    eq(server.get("/hello", auth=None).status, 200, "the next request")
    return answer


# Where does a request end: the smuggling suite

def test_a_length_and_a_coding_together_are_refused():
    refused(post("/count", "Content-Length: 3", "Transfer-Encoding: chunked", body="0\r\n\r\n"), 400)
    refused(post("/count", "Transfer-Encoding: chunked", "Content-Length: 3", body="0\r\n\r\n"), 400)


def test_more_than_one_length_is_refused_even_when_they_agree():
    refused(post("/count", "Content-Length: 3", "Content-Length: 4", body="abcd"), 400)
    refused(post("/count", "Content-Length: 3", "Content-Length: 3", body="abc"), 400)
    refused(post("/count", "Content-Length: 3, 3", body="abc"), 400)
    refused(post("/count", "Content-Length: 3,4", body="abcd"), 400)


def test_a_length_is_digits_only():
    for bad in ("+3", "-3", "3 ", "0x3", "3.0", "", "3 3", "3;", "\t", "18446744073709551616",
                "9223372036854775808", "99999999999999999999999999"):
        if bad.strip("\t ").isdigit() and len(bad.strip()) < 3:
            continue  # white space around a value is no part of it
        refused(post("/count", f"Content-Length: {bad}", body="abc"), 400)


def test_a_header_name_is_a_token_up_to_its_colon():
    for line in ("Content-Length : 3", " Content-Length: 3", "\tX: y", "X Y: z", "X", ": y", "X\x00Y: z",
                 "X\x0bY: z", "Ä: z", "X(: z", "\"X\": y"):
        refused(post("/count", "A: b", line, body="abc"), 400)


def test_a_continued_header_is_refused():
    refused(post("/count", "X: a", " b"), 400)
    refused(post("/count", "Transfer-Encoding: chunked", "\t, gzip"), 400)


def test_a_bare_line_feed_or_carriage_return_is_refused_at_once():
    refused("GET /hello HTTP/1.1\nHost: x\n\n", 400)
    refused("GET /hello HTTP/1.1\r\nHost: x\n\r\n", 400)
    refused("GET /hello HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n", 400)
    refused("GET /hello HTTP/1.1\r\nHost: x\r\nA: b\n", 400)
    refused("\n\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400)


def test_a_control_byte_is_refused():
    for byte in ("\x00", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x7f"):
        refused(get("/hello", f"X: a{byte}b"), 400)
        refused(get(f"/hel{byte}lo"), 400)
        refused(get("/hello", f"X{byte}: a"), 400)


def test_an_unknown_coding_is_not_implemented():
    for coding in ("gzip", "identity", "xchunked", "chunked-foo", "gzip, chunked"):
        refused(post("/count", f"Transfer-Encoding: {coding}", body="0\r\n\r\n"), 501)


def test_chunked_comes_last_and_once():
    for coding in ("chunked, gzip", "chunked, chunked", "chunked, identity", "chunked,"):
        refused(post("/count", f"Transfer-Encoding: {coding}", body="0\r\n\r\n"), 400)
    refused(post("/count", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body="0\r\n\r\n"), 400)


def test_the_name_of_a_coding_has_no_case():
    answer = server.ask(post("/count", "tRANSFER-eNCODING: CHUNKED", "Connection: close",
                             body="3\r\nabc\r\n0\r\n\r\n"))
    eq((answer.status, answer.text.split()[0]), (200, "3"))


def test_http_1_0_knows_no_coding():
    refused("POST /count HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)


def test_a_bad_chunk_is_refused():
    for body in ("g\r\nabc\r\n0\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n", "+3\r\nabc\r\n0\r\n\r\n",
                 "0x3\r\nabc\r\n0\r\n\r\n", " 3\r\nabc\r\n0\r\n\r\n", "3 \r\nabc\r\n0\r\n\r\n",
                 "\r\nabc\r\n0\r\n\r\n", "3\nabc\n0\n\n", "3\r\nabcd\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n",
                 "3\r\nabc\n0\r\n\r\n", "3\rabc\r\n0\r\n\r\n", "ffffffffffffffff\r\nabc",
                 "10000000000000000\r\nabc", "00000000000000003\r\nabc\r\n0\r\n\r\n",
                 "3;a\nb\r\nabc\r\n0\r\n\r\n", "3;\x00\r\nabc\r\n0\r\n\r\n", "3 a\r\nabc\r\n0\r\n\r\n",
                 "3;" + "a" * 300 + "\r\nabc\r\n0\r\n\r\n", "0\r\nX y\r\n\r\n", "0\r\nX: \x01\r\n\r\n",
                 "0\r\n: y\r\n\r\n", "0\r\n y: z\r\n\r\n", "0\r\nX: y\n\r\n",
                 "0\r\n" + "".join(f"X{i}: {'y' * 100}\r\n" for i in range(300)) + "\r\n"):
        answer = server.ask(post("/count", "Transfer-Encoding: chunked", body=body))
        eq(answer.status, 400, f"status for {body[:60]!r}")
        if not answer.closed:
            fail(f"open after {body[:60]!r}")


def test_what_is_good_in_a_chunked_body_is_understood():
    for body in ("3\r\nabc\r\n0\r\n\r\n", "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "003\r\nabc\r\n000\r\n\r\n",
                 "3;a=b;c=\"d e\"\r\nabc\r\n0;x\r\n\r\n", "3\r\nabc\r\n0\r\nX: y\r\nZ:\r\n\r\n"):
        with server.connect() as raw:
            raw.send(post("/count", "Transfer-Encoding: chunked", body=body) + get("/hello"))
            eq(raw.response().text.split()[0], "3", f"count of {body!r}")
            eq(raw.response().text, "hello\n", f"after {body!r}")


def test_a_request_needs_exactly_one_good_host():
    refused("GET /hello HTTP/1.1\r\n\r\n", 400)
    refused("GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400)
    for bad in ("", "a b", "a/b", "a@b", "a?b", "a:b", "a:99999", "[::1", "[]", "[::1]x", ":80", "a:80:90", "a#b",
                "a\\b", "a<b"):
        refused(f"GET /hello HTTP/1.1\r\nHost: {bad}\r\n\r\n", 400)
    for good in ("a", "a:80", "[::1]", "[::1]:80", "1.2.3.4:8080", "a:", "xn--bcher-kva.example"):
        eq(server.ask(f"GET /hello HTTP/1.1\r\nHost: {good}\r\nConnection: close\r\n\r\n").status, 200, good)


# The request line

def test_the_request_line_has_three_parts():
    for line in ("GET /hello", "GET  /hello HTTP/1.1", "GET /hello  HTTP/1.1", "GET /hello HTTP/1.1 ", "GET",
                 " GET /hello HTTP/1.1", "GET\t/hello\tHTTP/1.1", "GET /hel lo HTTP/1.1", "GET /hello HTTP/1.",
                 "GET /hello http/1.1", "GET /hello HTTP/11", "GET /hello XTTP/1.1", "GET hello HTTP/1.1",
                 "GET ftp://x/ HTTP/1.1", "GET http:///x HTTP/1.1", "GET /a#b HTTP/1.1", "GE(T /hello HTTP/1.1"):
        refused(f"{line}\r\nHost: x\r\n\r\n", 400)


def test_an_other_version_is_named_as_the_problem():
    for version in ("2.0", "0.9", "1.2", "3.0"):
        refused(f"GET /hello HTTP/{version}\r\nHost: x\r\n\r\n", 505)
    refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)


def test_what_is_not_http_is_refused_without_waiting():
    refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".decode("latin-1"), 400)
    refused("\x00\x00\x00", 400)


def test_one_empty_line_before_a_request_is_forgiven():
    eq(server.ask("\r\n" + get("/hello", "Connection: close")).status, 200)
    refused("\r\n\r\n" + get("/hello"), 400)


def test_a_lower_case_method_is_another_method():
    eq(server.ask("get /info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").text.split("\n")[0], "method=get")


def test_too_long_names_its_part():
    refused(f"{'A' * 33} / HTTP/1.1\r\nHost: x\r\n\r\n", 501)
    refused(get("/" + "a" * 8200), 414)
    refused("GET /" + "a" * 9000, 414)
    refused(get("/hello", "X: " + "a" * 33000), 431)
    refused(get("/hello", *[f"X{i}: y" for i in range(100)]), 431)
    eq(server.ask(get("/info/" + "a" * 8000, "Connection: close")).status, 200)
    eq(server.ask(get("/hello", "Connection: close", "X: " + "a" * 30000)).status, 200)
    eq(server.ask(get("/hello", "Connection: close", *[f"X{i}: y" for i in range(98)])).status, 200)


def info(answer):
    return dict(line.split("=", 1) for line in answer.text.splitlines())


def test_an_absolute_target_brings_its_own_host():
    got = info(server.ask(get("http://git.example.org:81/info?a=b", "Connection: close")))
    eq((got["host"], got["path"], got["query"]), ("git.example.org:81", "/info", "a=b"))
    eq(server.ask(get("HTTPS://x?a", "Connection: close")).status, 404)


def test_a_star_is_for_options():
    eq(server.ask("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").status, 200)
    refused(get("*"), 400)


def test_this_is_no_proxy():
    refused("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 501)


def test_paths_are_decoded_and_kept():
    got = info(server.ask(get("/info/%C3%A4%20b%2Fc+d?q=%20", "Connection: close").encode()))
    eq((got["path"], got["raw_path"], got["query"]), ("/info/ä b/c+d", "/info/%C3%A4%20b%2Fc+d", "q=%20"))


def test_a_path_that_climbs_or_lies_is_refused():
    for path in ("/info/../x", "/info/%2e%2e/x", "/info/%2E./x", "/info/..", "/..", "/info/a%2f..%2fb", "/info/./x",
                 "/info/%00", "/info/%", "/info/%2", "/info/%zz", "/info/%u0041"):
        refused(get(path, "Connection: close"), 400)
    eq(server.ask(get("/info/..a/b..", "Connection: close")).status, 200)


def test_an_unknown_expectation_fails():
    refused(post("/count", "Expect: a-pony", "Content-Length: 3", body="abc"), 417)


def test_upgrade_is_ignored():
    answer = server.ask(get("/hello", "Connection: Upgrade, close", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"))
    eq(answer.status, 200)


# Connections

def test_requests_in_one_packet_are_answered_in_order():
    with server.connect() as raw:
        raw.send("".join(get(f"/info?{i}") for i in range(200)))
        for i in range(200):
            eq(info(raw.response())["query"], str(i))


def test_requests_with_bodies_in_one_packet_are_answered_in_order():
    with server.connect() as raw:
        raw.send("".join(post("/count", f"Content-Length: {i}", body="a" * i) +
                         post("/count", "Transfer-Encoding: chunked", body=f"{i + 1:x}\r\n{'b' * (i + 1)}\r\n0\r\n\r\n")
                         for i in range(50)))
        for i in range(50):
            eq(raw.response().text.split()[0], str(i))
            eq(raw.response().text.split()[0], str(i + 1))


def test_a_request_may_come_byte_by_byte():
    with server.connect() as raw:
        for _ in range(2):
            for byte in post("/count", "Content-Length: 3", body="abc"):
                raw.send(byte)
            eq(raw.response().text.split()[0], "3")
            for byte in post("/count", "Transfer-Encoding: chunked", body="3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n"):
                raw.send(byte)
            eq(raw.response().text.split()[0], "3")


def test_connection_close_is_honoured():
    with server.connect() as raw:
        raw.send(get("/hello", "Connection: foo , CLOSE"))
        eq(raw.response().headers["connection"], "close")
        eq(raw.is_closed(), True)


def test_http_1_0_closes_unless_asked():
    with server.connect() as raw:
        raw.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        eq(raw.response().headers["connection"], "keep-alive")
        raw.send("GET /hello HTTP/1.0\r\n\r\n")
        eq(raw.response().headers["connection"], "close")
        eq(raw.is_closed(), True)


def test_http_1_0_gets_a_stream_without_chunks():
    with server.connect() as raw:
        raw.send("GET /stream?bytes=100000 HTTP/1.0\r\n\r\n")
        answer = raw.response()
        eq(len(answer.body), 100000)
        eq("transfer-encoding" in answer.headers, False)


def test_head_has_the_headers_and_no_body():
    with server.connect() as raw:
        raw.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\nHEAD /stream?bytes=10 HTTP/1.1\r\nHost: x\r\n\r\n")
        eq(raw.response(head=True).headers["content-length"], "6")
        eq(raw.response(head=True).status, 200)
        raw.send(get("/hello"))
        eq(raw.response().text, "hello\n")


def test_204_and_304_have_no_body():
    with server.connect() as raw:
        for status in (204, 304):
            raw.send(get(f"/empty?status={status}"))
            answer = raw.response()
            eq((answer.status, "content-length" in answer.headers), (status, False))
        raw.send(get("/hello"))
        eq(raw.response().text, "hello\n")


def test_a_client_that_ends_its_side_still_gets_its_answers():
    with server.connect() as raw:
        raw.send(get("/hello") + get("/info?2"))
        raw.socket.shutdown(socket.SHUT_WR)
        eq(raw.response().text, "hello\n")
        eq(info(raw.response())["query"], "2")
        eq(raw.is_closed(), True)


# Bodies

def test_bodies_of_every_size_come_through_both_ways():
    for size in (0, 1, 1000, 65535, 65536, 65537, 100000, 3000000):
        data = bytes(random.Random(size).randbytes(size))
        with server.connect() as raw:
            raw.socket.settimeout(20)
            raw.send(post("/count", f"Content-Length: {size}").encode() + data)
            eq(raw.response().text.split()[0], str(size))
            raw.send(post("/count", "Transfer-Encoding: chunked").encode())
            for at in range(0, size, 70001):
                piece = data[at:at + 70001]
                raw.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            raw.send("0\r\n\r\n")
            eq(raw.response().text.split()[0], str(size))


def test_a_gzip_body_is_unpacked():
    data = bytes(random.Random(1).randbytes(5000)) * 40
    packed = gzip.compress(data)
    plain = server.request("POST", "/count", data, auth=None).text
    for name in ("gzip", "x-gzip", "GZIP"):
        eq(server.request("POST", "/count", packed, {"Content-Encoding": name}, auth=None).text, plain)
    with server.connect() as raw:
        raw.send(post("/count", "Content-Encoding: gzip", "Transfer-Encoding: chunked").encode())
        for at in range(0, len(packed), 1000):
            raw.send(b"%x\r\n%s\r\n" % (len(packed[at:at + 1000]), packed[at:at + 1000]))
        raw.send("0\r\n\r\n" + get("/hello"))
        eq(raw.response().text, plain)
        eq(raw.response().text, "hello\n", "the connection goes on")


def test_a_bad_gzip_body_is_refused():
    packed = gzip.compress(b"a" * 5000)
    for bad, status in ((packed[:-1], 400), (packed[:20], 400), (packed + b"x", 400), (b"no gzip", 422), (b"\x1f", 400),
                        (packed[:-8] + b"\0" * 8, 422)):
        answer = server.request("POST", "/count", bad, {"Content-Encoding": "gzip"}, auth=None)
        eq(answer.status, status, f"{bad[-20:]!r}: {answer.text}")


def test_another_content_encoding_is_unsupported():
    eq(server.request("POST", "/count", b"abc", {"Content-Encoding": "br"}, auth=None).status, 415)
    eq(server.request("POST", "/count", b"abc", {"Content-Encoding": "identity"}, auth=None).status, 200)


def test_a_gzip_bomb_is_stopped():
    small = Echo(gunzip_max=1000000)
    bomb = gzip.compress(b"\0" * 100_000_000)
    answer = small.request("POST", "/count", bomb, {"Content-Encoding": "gzip"}, auth=None)
    eq(answer.status, 413)
    if small.rss_peak() > 60000 and "build-" not in str(small.binary):
        fail(f"{small.rss_peak()} KiB")


def test_a_body_over_its_limit_is_refused():
    for headers in (["Content-Length: 1000000"], ["Transfer-Encoding: chunked"]):
        body = "a" * 1000000 if "Length" in headers[0] else f"{1000000:x}\r\n{'a' * 1000000}\r\n0\r\n\r\n"
        answer = server.ask(post("/count?max=1000", *headers, body=body))
        eq(answer.status, 413)
    eq(server.request("POST", "/count?max=1000", b"a" * 1000, auth=None).status, 200)


def test_the_client_is_asked_to_go_on_only_when_its_body_is_wanted():
    with server.connect() as raw:
        raw.send(post("/count", "Expect: 100-continue", "Content-Length: 3"))
        eq(raw.until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n")
        raw.send("abc" + get("/hello"))
        eq(raw.response().text.split()[0], "3")
        eq(raw.response().text, "hello\n")
    with server.connect() as raw:
        raw.send(post("/early", "Expect: 100-continue", "Content-Length: 3"))
        answer = raw.response()
        eq((answer.status, answer.headers["connection"]), (401, "close"))
    with server.connect() as raw:
        raw.send(post("/count", "Expect: 100-continue", "Transfer-Encoding: chunked"))
        eq(raw.until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n")
        raw.send("3\r\nabc\r\n0\r\n\r\n")
        eq(raw.response().text.split()[0], "3")


def test_an_early_answer_is_seen_by_a_client_that_still_sends():
    for _ in range(5):
        with server.connect() as raw:
            raw.send(post("/early", "Transfer-Encoding: chunked"))
            for _ in range(50):
                raw.send(f"{60000:x}\r\n{'a' * 60000}\r\n")
            answer = raw.response()
            eq((answer.status, answer.headers["connection"]), (401, "close"))


def test_an_unread_small_body_does_not_cost_the_connection():
    with server.connect() as raw:
        raw.send(post("/early", "Content-Length: 5", body="hello") + get("/info"))
        eq(raw.response().status, 401)
        eq(raw.response().status, 200)
        raw.send(post("/first", "Content-Length: 5", body="hello") + get("/info"))
        eq(raw.response().text, "h")
        eq(raw.response().status, 200)


def test_an_unread_body_is_never_taken_for_a_request():
    smuggled = get("/stats")
    with server.connect() as raw:
        raw.send(post("/early", "Transfer-Encoding: chunked", body=f"{len(smuggled):x}\r\n{smuggled}\r\n0\r\n\r\n"))
        eq(raw.response().status, 401)
        eq(raw.rest(), b"")


# Replies

def test_every_reply_has_date_and_request_id():
    answer = server.get("/hello", auth=None)
    has(answer.headers["date"], "GMT")
    eq(len(answer.headers["x-request-id"]), 32)


def test_a_good_trace_or_request_id_is_kept():
    def id_for(**headers):
        return server.get("/hello", headers={k.replace("_", "-"): v for k, v in headers.items()}, auth=None).headers[
            "x-request-id"]
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    eq(id_for(traceparent=f"00-{trace}-00f067aa0ba902b7-01"), trace)
    eq(id_for(traceparent=f"01-{trace}-00f067aa0ba902b7-01-what"), trace)
    eq(id_for(X_Request_Id="abc.DEF_1"), "abc.DEF_1")
    eq(id_for(X_Request_Id="123e4567-e89b-12d3-a456-426614174000"), "123e4567e89b12d3a456426614174000")
    for bad in (f"ff-{trace}-00f067aa0ba902b7-01", f"00-{trace}-00f067aa0ba902b7-01-x", f"00-{'0' * 32}-00f067aa0ba902b7-01",
                f"00-{trace}-{'0' * 16}-01", f"00-{trace.upper()}-00f067aa0ba902b7-01", "00", "x" * 55):
        if id_for(traceparent=bad) == trace:
            fail(bad)
    for bad in ("a" * 33, "a b", "a\"b", "<a>", "-", "ä"):
        eq(len(id_for(X_Request_Id=bad)), 32, bad)


def test_input_cannot_write_headers_of_its_own():
    eq(server.get("/header?value=fine", auth=None).headers["x-value"], "fine")
    for bad in ("a%0d%0aX-Evil:%20b", "a%0ab", "a%0d", "%01"):
        answer = server.get(f"/header?value={bad}", auth=None)
        eq((answer.status, "x-evil" in answer.headers, "x-value" in answer.headers), (500, False, False))


def test_a_reply_that_breaks_off_looks_broken_off():
    with server.connect() as raw:
        raw.send(get("/break"))
        has_not(raw.rest().decode(), "\r\n0\r\n")
    with server.connect() as raw:
        raw.send(get("/break?length=1"))
        data = raw.rest().decode()
        has(data, "Content-Length: 100000")
        eq(len(data.split("\r\n\r\n")[1]), 13)
    with server.connect() as raw:
        raw.send("GET /break HTTP/1.0\r\n\r\n")
        try:
            while raw.socket.recv(1000):
                pass
            fail("the connection closed as if the reply were complete")
        except ConnectionResetError:
            pass


def test_a_reply_is_never_longer_than_announced_nor_quietly_shorter():
    for count in (50, 100, 150):
        with server.connect() as raw:
            raw.send(get(f"/lie?bytes={count}", "Connection: close"))
            body = raw.rest().split(b"\r\n\r\n")[1]
            eq(len(body), min(count, 100), "bytes")
    with server.connect() as raw:
        raw.send(get("/lie?bytes=50") + get("/hello"))
        has_not(raw.rest().decode(), "hello", "what came after a broken reply")


def test_a_body_that_breaks_stays_broken():
    with server.connect() as raw:
        raw.send(post("/echo", "Transfer-Encoding: chunked", body="3\r\nabcX\r\n3\r\ndef\r\n0\r\n\r\n"))
        has_not(raw.rest().decode(), "def")


def test_an_error_before_the_first_byte_is_an_error_to_the_client():
    eq(server.get("/break?flush=0", auth=None).status, 422)
    eq(server.get("/fail", auth=None).status, 500)
    has_not(server.get("/fail", auth=None).text, "at once")


def test_a_reply_may_come_while_the_request_still_goes():
    with server.connect() as raw:
        raw.send(post("/echo", "Transfer-Encoding: chunked"))
        for word in ("one", "two", "three"):
            raw.send(f"{len(word):x}\r\n{word}\r\n")
            raw.until(word.encode())
        raw.send("0\r\n\r\n")
        raw.until(b"0\r\n\r\n")


def test_the_log_tells_each_request():
    own = Echo()
    own.request("POST", "/count?x=\"%22", b"abc", {"X-Request-Id": "me"}, auth=None)
    wait_until(lambda: len(own.requests()) == 1)
    own.ask("BAD\r\n\r\n")
    wait_until(lambda: len(own.requests()) == 2)
    good, bad = own.requests()
    eq((good["method"], good["target"], good["status"], good["in"], good["id"], good["peer"]),
       ("POST", "/count?x=\"%22", 200, 3, "me", "127.0.0.1"))
    eq((bad["status"], bad["method"]), (400, ""))


main()
