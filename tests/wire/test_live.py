"""GET /api/v1/live: who listens hears what happens, in order and once, as long as they may; whatever a peer does."""

import json
import os
import re
import signal
import threading

from cluster import OWNER, PASSWORD, Cluster
from harness import *
from tls import Https
from websocket import *
import services

BINARY = Path(os.environ.get("NIMBUS_BIN", BUILD / "nimbus"))
ANNA = ("anna", "gravel-otter-ninety-lamp")
FRESH = {"NIMBUS_LIVE_POLL": "300ms"}
# Where memory is counted: AddressSanitizer keeps what was freed, up to 256 MiB of it.
KEEPS_NOTHING = "exitcode=99:detect_stack_use_after_return=0:quarantine_size_mb=0"


def house(**env):
    """A server with a private repository `r`, a public one `p`, and anna, who may read the first."""
    server = Nimbus(env={**FRESH, **env})
    server.create_repo("r")
    server.create_repo("p", visibility="public")
    server.api("POST", "/collaborators", {"username": ANNA[0], "password": ANNA[1]}, want=201)
    may_read(server)
    return server


def may_read(server):
    server.api("PUT", "/repos/r/permissions/anna", {"permission": "read"}, want=200)


def describe(server, text, repo="r"):
    """An event of the repository that everybody who reads it is told."""
    server.api("PATCH", f"/repos/{repo}", {"description": text}, want=200)


def flood(server, count, before, after):
    """So many events behind its back, whose data has their number between these."""
    server.sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
               "INSERT INTO event (repo_id, sequence, type, data, time, version) "
               "SELECT last.repo_id, last.sequence + i, 'repository.updated', ? || i || ?, last.time, 1 FROM n, "
               "(SELECT repo_id, max(sequence) AS sequence, max(time) AS time FROM event "
               "WHERE repo_id = (SELECT id FROM repo WHERE name = 'r') GROUP BY repo_id) AS last",
               count, before, after)


def described(message):
    eq(message.get("event", {}).get("type"), "repository.updated", f"the event in {message}")
    return message["event"]["data"]["description"]


def test_what_happens_is_told_at_once():
    server = house()
    with WebSocket(server.port, server.auth) as ws:
        said, = ws.subscribe("repo:r")
        eq(said["subscribed"], "repo:r")
        cursor = said["cursor"]
        repo = make_repo(commits=3)
        git("push", "-q", server.git_url("r"), "HEAD:refs/heads/main", cwd=repo)
        heard = [ws.hear(), ws.hear()]
        eq(sorted(m["event"]["type"] for m in heard), ["push", "ref.created"], "what a push tells")
        eq([m["cursor"] for m in heard], [cursor + 1, cursor + 2], "their cursors")
        for message in heard:
            event = message["event"]
            eq((event["specversion"], event["source"], message["topic"]), ("1.0", "/r", "repo:r"))
            eq(event["sequence"], str(message["cursor"]))
        push = next(m["event"] for m in heard if m["event"]["type"] == "push")
        eq(push["data"]["refs"][0]["name"], "refs/heads/main")
        eq(push["version"] > said["version"], True, "a page of the version before is stale")
        ws.hears_nothing()
        ws.say({"unsubscribe": ["repo:r"]})
        eq(ws.hear(), {"unsubscribed": "repo:r"})
        describe(server, "unheard")
        ws.hears_nothing()
        ws.say({"ping": 7})
        eq(ws.hear(), {"pong": 7})


def test_what_another_process_did_is_found():
    server = house()
    with WebSocket(server.port, server.auth) as ws:
        ws.subscribe("repo:r")
        server.sql("INSERT INTO event (repo_id, sequence, type, data, time, version) "
                   "SELECT repo_id, max(sequence) + 1, 'repository.updated', '{\"description\":\"afar\"}', max(time), "
                   "max(version) FROM event WHERE repo_id = (SELECT id FROM repo WHERE name = 'r') GROUP BY repo_id")
        eq(described(ws.hear()), "afar")


def test_it_goes_on_where_it_was():
    server = house()
    with WebSocket(server.port, server.auth) as ws:
        cursor = ws.subscribe("repo:r")[0]["cursor"]
    flood(server, 120, "{\"description\":\"", "\"}")
    with WebSocket(server.port, server.auth) as ws:
        eq(ws.subscribe("repo:r", cursor=cursor)[0]["cursor"], cursor)
        heard = [ws.hear() for _ in range(120)]
        eq([described(m) for m in heard], [str(n) for n in range(1, 121)], "each once, in order")
        eq([m["cursor"] for m in heard], list(range(cursor + 1, cursor + 121)))
        ws.hears_nothing()
    with WebSocket(server.port, server.auth) as ws:
        ahead, = ws.subscribe("repo:r", cursor=cursor + 5000)
        eq((ahead["error"]["status"], ahead["topic"]), (400, "repo:r"))
        has(ahead["error"]["detail"], "ahead")


def test_what_one_may_not_read_is_not_there():
    server = house()
    server.api("DELETE", "/repos/r/permissions/anna", want=204)
    with WebSocket(server.port, ANNA) as ws:
        hidden, missing = ws.subscribe("repo:r", "repo:nothing")
        for answer in (hidden, missing):
            eq(answer["error"]["status"], 404)
        eq(hidden["error"]["detail"].replace("\"r\"", "\"nothing\""), missing["error"]["detail"], "the same words")
    with WebSocket(server.port) as ws:
        hidden, missing, public = ws.subscribe("repo:r", "repo:nothing", "repo:p")
        eq((hidden["error"]["status"], missing["error"]["status"]), (401, 401))
        eq(hidden["error"]["detail"].replace("\"r\"", "\"nothing\""), missing["error"]["detail"], "the same words")
        eq(public["subscribed"], "repo:p", "what anybody may read")
        server.api("PATCH", "/repos/p", {"visibility": "private"}, want=200)
        eq(ws.hear()["error"]["status"], 401, "and then may not")
    with Stream(server.port, ["repo:r"]) as stream:
        eq((stream.status, stream.problem["status"]), (401, 401))


def test_who_may_not_any_more_hears_nothing_more():
    server = house()
    with WebSocket(server.port, ANNA) as ws, WebSocket(server.port, server.auth) as owner:
        ws.subscribe("repo:r")
        owner.subscribe("repo:r")
        describe(server, "one")
        eq(described(ws.hear()), "one")
        eq(described(owner.hear()), "one")
        server.api("DELETE", "/repos/r/permissions/anna", want=204)
        describe(server, "two")
        over = ws.hear()
        eq((over["error"]["status"], over["topic"]), (404, "repo:r"))
        ws.hears_nothing()
        eq([m["event"]["type"] for m in (owner.hear(), owner.hear())], ["permission.changed", "repository.updated"])


def test_what_is_for_administrators_is_for_them():
    server = house()
    with WebSocket(server.port, ANNA) as ws:
        cursor = ws.subscribe("repo:r")[0]["cursor"]
        server.api("POST", "/collaborators", {"username": "bea", "password": "orbit-candle-fifteen-moss"}, want=201)
        server.api("PUT", "/repos/r/permissions/bea", {"permission": "read"}, want=200)
        ws.hears_nothing()
        describe(server, "for all")
        message = ws.hear()
        eq(message["cursor"], cursor + 2, "a number is left out")
        eq(described(message), "for all")


def test_options_of_a_push_are_for_those_who_push():
    server, repo = house(), make_repo(commits=1)
    with WebSocket(server.port, ANNA) as reader, WebSocket(server.port, server.auth) as writer:
        reader.subscribe("repo:r")
        writer.subscribe("repo:r")
        git("push", "-q", "-o", "secret=1", server.git_url("r"), "HEAD:refs/heads/main", cwd=repo)
        for ws, shown in ((reader, False), (writer, True)):
            push = next(m for m in (ws.hear(), ws.hear()) if m["event"]["type"] == "push")
            eq("options" in push["event"]["data"], shown)


def test_a_renamed_repository_is_gone():
    server = house()
    with WebSocket(server.port, server.auth) as ws:
        ws.subscribe("repo:r")
        server.api("PATCH", "/repos/r", {"name": "other"}, want=200)
        eq(ws.hear()["error"]["status"], 404)
        server.create_repo("r")
        ws.hears_nothing()
        eq(ws.subscribe("repo:other")[0]["subscribed"], "repo:other")


def test_a_key_that_ends_ends_its_connections():
    server = house()
    made = server.api("POST", "/tokens", {"name": "t", "permission": "read"}, want=201).json
    with WebSocket(server.port, made["token"]) as ws:
        ws.subscribe("repo:r")
        server.api("DELETE", f"/tokens/{made['id']}", want=204)
        heard, end = ws.until_closed()
        eq((end.code, heard[-1]["closing"]["code"], heard[-1]["closing"]["retry"]), (4401, 4401, None))
    eq(WebSocket(server.port, made["token"]).status, 401, "and begins none")
    with WebSocket(server.port, ANNA) as ws:
        ws.subscribe("repo:r")
        server.api("PATCH", "/collaborators/anna", {"password": "orbit-candle-fifteen-moss"}, want=204)
        eq(ws.until_closed()[1].code, 4401, "the old password")


def test_a_browser_listens_by_its_session_and_only_from_here():
    from browsing import Browser
    server = house()
    cookie = {"Cookie": Browser(server, *server.auth).headers()["Cookie"]}
    here = {**cookie, "Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    with WebSocket(server.port, headers=here) as ws:
        eq(ws.subscribe("repo:r")[0]["subscribed"], "repo:r")
        for session in server.api("GET", "/user/sessions").items:
            server.api("DELETE", f"/user/sessions/{session['id']}", want=204)
        eq(ws.until_closed()[1].code, 4401)
    browser = Browser(server, *server.auth)
    with WebSocket(server.port, headers={**here, "Cookie": browser.headers()["Cookie"]}) as ws:
        ws.subscribe("repo:r")
        eq(browser.send("/sign-out", browser.page("/").form("/sign-out")).status, 303)
        eq(ws.until_closed(5)[1].code, 4401, "at once, not when it is cared for")
    for elsewhere in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        eq(WebSocket(server.port, headers={**cookie, **elsewhere}).status, 403, f"from {elsewhere}")


def test_what_does_not_ask_well_is_told_how():
    server = house()
    plain = server.get("/api/v1/live")
    eq((plain.status, plain.headers["upgrade"], plain.headers["content-type"]),
       (426, "websocket", "application/problem+json"))
    eq(WebSocket(server.port, headers={"Sec-WebSocket-Version": "12"}).status, 426)
    eq(WebSocket(server.port, headers={"Sec-WebSocket-Key": "c2hvcnQ="}).status, 400)
    eq(WebSocket(server.port, headers={"Sec-WebSocket-Key": None}).status, 400)
    with WebSocket(server.port, server.auth) as ws:
        for wrong in (b"", b"no JSON", b"[]", b"7", {"subscribe": "repo:r"}, {"subscribe": ["r"]}, {"subscribe": [7]},
                      {"subscribe": ["repo:r"], "cursor": -1}, {"subscribe": ["repo:r"], "cursor": "1"},
                      {"subscribe": [], "else": 1}, {"unsubscribe": [None]}, {"ping": "x"}, {}):
            ws.say(wrong)
            eq(ws.hear()["error"]["status"], 400, f"{wrong}")
        many = [f"repo:x{n}" for n in range(51)]
        ws.say({"subscribe": many})
        answers = [ws.hear() for _ in many]
        eq(sorted({a["error"]["status"] for a in answers}), [400, 404])
        eq(ws.subscribe("repo:r")[0]["subscribed"], "repo:r", "and goes on")


def ends_with(port, auth, code, *frames):
    with WebSocket(port, auth) as ws:
        for opcode, data, how in frames:
            ws.raw(ws.frame(opcode, data, **how))
        eq(ws.until_closed()[1].code, code, f"after {frames}"[:200])


def test_hostile_frames_are_closed_with_their_code():
    server = house()
    port, auth = server.port, server.auth
    ends_with(port, auth, 1002, (TEXT, b"{}", {"mask": False}))
    ends_with(port, auth, 1002, (TEXT, b"{}", {"bits": 4}))
    ends_with(port, auth, 1002, (3, b"", {}))
    ends_with(port, auth, 1002, (PING, b"x", {"fin": False}))
    ends_with(port, auth, 1002, (0, b"x", {}))
    ends_with(port, auth, 1002, (TEXT, b"a", {"fin": False}), (TEXT, b"b", {}))
    ends_with(port, auth, 1002, (PING, b"x" * 126, {}))
    ends_with(port, auth, 1003, (BYTES, b"{}", {}))
    ends_with(port, auth, 1007, (TEXT, b"\xff\xfe", {}))
    ends_with(port, auth, 1009, (TEXT, b" " * 8193, {}))
    ends_with(port, auth, 1009, (TEXT, b"x", {"length": 1 << 62}))
    ends_with(port, auth, 1009, *[(TEXT if not n else 0, b" " * 1000, {"fin": False}) for n in range(9)])
    ends_with(port, auth, 1000, (CLOSE, b"\x03\xe8bye", {}))
    ends_with(port, auth, 1008, *[(PING, b"", {})] * 1000)
    with WebSocket(port, auth) as ws:
        ws.raw(ws.frame(TEXT, b'{"pi', fin=False) + ws.frame(PING, b"now") + ws.frame(0, b'ng":1}'))
        eq([ws.next_frame()[0] for _ in range(2)], [PONG, TEXT], "a message in pieces, with a ping between")
        whole = ws.frame(TEXT, b'{"ping":2}')
        for at in range(len(whole)):
            ws.raw(whole[at:at + 1])
            time.sleep(0.002)
        eq(ws.hear(), {"pong": 2}, "byte by byte")
        ws.raw(b"".join(ws.frame(TEXT, b'{"ping":%d}' % n) for n in range(60)))
        eq([ws.hear()["pong"] for _ in range(60)], list(range(60)), "many at once")
    early = WebSocket.frame(None, TEXT, b'{"ping":3}')
    with WebSocket(port, auth, more=early) as ws:
        eq(ws.hear(), {"pong": 3}, "what came with the handshake")
    eq(server.get("/healthz").status, 200, "and the server stands")


def test_who_sends_too_much_is_stopped():
    server = house(NIMBUS_RATE_PERSON="20")
    with WebSocket(server.port, ANNA) as ws:
        for number in range(40):
            ws.say({"ping": number})
        heard, end = ws.until_closed()
        eq(end.code, 1008)
        eq(len(heard) < 25, True, f"{len(heard)} answers")


def test_there_are_only_so_many():
    server = house(NIMBUS_LIVE_PER_CLIENT="3", NIMBUS_LIVE_MAX="4")
    open_ones = [WebSocket(server.port, server.auth) for _ in range(3)]
    eq([ws.status for ws in open_ones], [101] * 3)
    eq(WebSocket(server.port, server.auth).status, 429, "the account's fourth")
    anna = WebSocket(server.port, ANNA)
    eq(anna.status, 101)
    eq(WebSocket(server.port).status, 503, "the fifth of all")
    anna.close()
    wait_until(lambda: WebSocket(server.port).status == 101, what="room for another")


def test_who_reads_too_slowly_is_told_where_to_go_on():
    server = house(NIMBUS_STALL_TIMEOUT="1s", NIMBUS_BUFFERS_MAX="16m", ASAN_OPTIONS=KEEPS_NOTHING)
    flood(server, 400, "{\"description\":\"" + "x" * 30000, "\"}")
    before = server.rss_kib()
    with WebSocket(server.port, server.auth, buffer=4096) as slow:
        slow.say({"subscribe": ["repo:r"], "cursor": 0})
        time.sleep(5)
        more = server.rss_kib() - before
        eq(more < 30000, True, f"{more} KiB more")
        heard, end = slow.until_closed()
        eq(end.code, 1013, "why it was closed")
        has(end.reason, "resume from the cursor")
        eq(heard[-1]["closing"]["code"], 1013)
        cursor = heard[-2]["cursor"]
        eq(cursor < 400, True, "it was not told all")
    with WebSocket(server.port, server.auth) as ws:
        ws.subscribe("repo:r", cursor=cursor)
        eq(ws.hear()["cursor"], cursor + 1)


def test_long_data_is_left_out():
    server = house()
    with WebSocket(server.port, server.auth) as ws:
        ws.subscribe("repo:r")
        server.sql("INSERT INTO event (repo_id, sequence, type, data, time, version) "
                   "SELECT repo_id, max(sequence) + 1, 'push', ?, max(time), 1 FROM event "
                   "WHERE repo_id = (SELECT id FROM repo WHERE name = 'r') GROUP BY repo_id",
                   json.dumps({"refs": ["x" * 33000]}))
        event = ws.hear()["event"]
        eq((event["type"], event["dataomitted"], "data" in event), ("push", True, False))


def test_the_conversation_in_the_document():
    server = Nimbus()
    server.create_repo("hello")
    text = (ROOT / "docs/live.md").read_text()
    lines = next(part for part in text.split("```") if part.startswith("\n> ")).strip().splitlines()
    with WebSocket(server.port, server.auth) as ws:
        for line in lines:
            if line.startswith("> "):
                ws.say(line[2:].encode())
                continue
            opcode, heard = ws.next_frame()
            eq(opcode, TEXT)
            heard = re.sub(r'"time":"[^"]*"', '"time":"TIME"', heard.decode())
            heard = re.sub(r'"data":{.*?}}', '"data":{"repository":"hello"}}', heard)
            eq(heard, line[2:], "the line of the document")


def test_events_as_a_stream():
    server = house()
    with Stream(server.port, ["repo:r", "repo:p"], server.auth) as stream:
        eq((stream.status, stream.answer.getheader("Content-Type")), (200, "text/event-stream"))
        eq([stream.hear()["subscribed"], stream.hear()["subscribed"]], ["repo:r", "repo:p"])
        describe(server, "one")
        describe(server, "two", "p")
        eq([described(stream.hear()), described(stream.hear())], ["one", "two"])
        last = stream.id
    describe(server, "three")
    describe(server, "four", "p")
    with Stream(server.port, ["repo:r", "repo:p"], server.auth, {"Last-Event-ID": last}) as stream:
        heard = [stream.hear() for _ in range(4)]
        eq(sorted(described(m) for m in heard if "event" in m), ["four", "three"], "nothing lost, nothing twice")
    for topics, more in ([], ""), (["r"], ""), (["repo:r"], "&cursor=1,2"), (["repo:r"], "&cursor=x"):
        with Stream(server.port, topics, server.auth, query=more) as stream:
            eq(stream.status, 422, f"{topics} {more}")
    with Stream(server.port, ["repo:r"], ANNA) as stream:
        stream.hear()
        server.api("DELETE", "/repos/r/permissions/anna", want=204)
        eq(stream.hear()["error"]["status"], 404)
        eq(stream.hear()["closing"]["code"], 1008)
        try:
            fail(f"after its last topic: {stream.hear()}")
        except Closed:
            pass


def test_a_server_that_ends_says_when_to_come_back():
    server = house()
    with WebSocket(server.port, server.auth) as ws, Stream(server.port, ["repo:r"], server.auth) as stream:
        ws.subscribe("repo:r")
        stream.hear()
        ending = threading.Thread(target=server.stop)
        ending.start()
        heard, end = ws.until_closed()
        closing = heard[-1]["closing"]
        eq((end.code, closing["code"]), (1001, 1001))
        eq(500 <= closing["retry"] <= 5000, True, "when to come back")
        last = stream.hear()["closing"]
        eq((last["code"], stream.retry), (1001, last["retry"]))
        ws.close()
        stream.close()
        ending.join()


def test_idle_connections_cost_little():
    count = 2000
    server = house(NIMBUS_LIVE_PER_CLIENT=str(count), ASAN_OPTIONS=KEEPS_NOTHING)
    threads = len(os.listdir(f"/proc/{server.pid}/task"))
    before = server.rss_kib()
    many = []
    try:
        for _ in range(count):
            ws = WebSocket(server.port, server.auth)
            eq(ws.status, 101)
            many.append(ws.say({"subscribe": ["repo:r"]}))
        for ws in many:
            eq(ws.hear()["subscribed"], "repo:r")
        each = (server.rss_kib() - before) / count
        print(f"# {each:.1f} KiB for each of {count} connections, {len(os.listdir(f'/proc/{server.pid}/task'))} threads")
        eq(each < 12, True, f"{each} KiB each")
        eq(len(os.listdir(f"/proc/{server.pid}/task")) <= threads + 12, True, "no thread for each")
        describe(server, "to all")
        begin = time.monotonic()
        for ws in many:
            eq(described(ws.hear(60)), "to all")
        print(f"# all of them heard of it within {time.monotonic() - begin:.2f} s")
    finally:
        for ws in many:
            ws.close()


def test_it_is_the_same_in_tls():
    server = Https(env={"NIMBUS_STALL_TIMEOUT": "20s"})
    server.create_repo("r")
    flood(server, 300, "{\"description\":\"" + "x" * 20000, "\"}")
    with WebSocket(server.tls_port, server.auth, context=server.context(), buffer=8192) as ws:
        ws.say({"subscribe": ["repo:r"], "cursor": 1})
        time.sleep(1)
        eq(ws.hear()["subscribed"], "repo:r")
        eq([ws.hear()["cursor"] for _ in range(300)], list(range(2, 302)), "all of it, slowly")
        describe(server, "now")
        eq(described(ws.hear()), "now")
        ws.raw(b"".join(ws.frame(TEXT, b'{"ping":%d}' % n) for n in range(60)))
        eq([ws.hear()["pong"] for _ in range(60)], list(range(60)), "many in one record")


@contextlib.contextmanager
def two_pods():
    try:
        cluster = Cluster(2, binary=BINARY, env={"NIMBUS_LIVE_POLL": "6s"})
    except services.Missing as why:
        skip(str(why))
    try:
        yield cluster, *(At(pod) for pod in cluster.pods)
    finally:
        cluster.close()


class At:
    """One process of a cluster, asked as a server is."""
    auth, request, api, create_repo = (OWNER, PASSWORD), Nimbus.request, Nimbus.api, Nimbus.create_repo

    def __init__(self, pod):
        self.pod, self.port = pod, pod.port


def test_a_proxy_that_passes_upgrades_on_is_not_in_the_way():
    with two_pods() as (cluster, a, _):
        a.create_repo("r")
        with WebSocket(int(cluster.url.rpartition(":")[2]), a.auth) as ws:
            ws.subscribe("repo:r")
            describe(a, "through nginx")
            eq(described(ws.hear()), "through nginx")


def test_the_processes_of_a_cluster_tell_each_other():
    with two_pods() as (cluster, a, b):
        a.create_repo("r")
        with WebSocket(b.port, b.auth) as ws:
            ws.subscribe("repo:r")
            ws.hears_nothing(1.5)
            begin = time.monotonic()
            for word in "one", "two", "three":
                describe(a, word)
                message = ws.hear()
                eq(described(message), word, "what the other process did")
            cursor, took = message["cursor"], time.monotonic() - begin
            # Who looks every six seconds hears of three, one after the other, within twelve at the earliest.
            print(f"# heard thrice of another process within {took:.3f} s")
            eq(took < 10, True, f"by Redis, and not by looking: {took:.1f} s")
            cluster.redis.halt(signal.SIGKILL)
            describe(a, "without Redis")
            message = ws.hear()
            eq((described(message), message["cursor"]), ("without Redis", cursor + 1))
            cluster.redis.launch()
            b.pod.kill()
            try:
                fail(f"of a dead process: {ws.hear()}")
            except Closed:
                pass
        for number in range(3):
            describe(a, str(number))
        with WebSocket(a.port, a.auth) as ws:
            ws.subscribe("repo:r", cursor=cursor + 1)
            eq([described(ws.hear()) for _ in range(3)], ["0", "1", "2"], "at the other one, from the cursor")
            describe(a, "last")
            eq(described(ws.hear()), "last")
            ws.hears_nothing()


main()
