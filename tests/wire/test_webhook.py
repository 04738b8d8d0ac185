"""Webhooks, from a push to whoever is told of it: signed, in order, again when it fails; and nowhere that it may not go."""

import threading

from harness import *
from receiver import Receiver

HERE = {"NIMBUS_WEBHOOK_HOSTS": "127.0.0.1"}


def house(**env):
    server = Nimbus(env={**HERE, **env})
    server.create_repo("r")
    return server


def add(server, url, **fields):
    return server.api("POST", "/repos/r/webhooks", {"url": url, **fields}, want=201).json


def describe(server, text):
    """An event, repository.updated."""
    server.api("PATCH", "/repos/r", {"description": text}, want=200)


def get(server, hook):
    return server.api("GET", f"/repos/r/webhooks/{hook['id']}", want=200).json


def deliveries(server, hook):
    return server.api("GET", f"/repos/r/webhooks/{hook['id']}/deliveries", want=200).items


def held(event, seconds):
    """The answer of who takes his time."""
    event.wait(seconds)
    return 204


def texts(posts):
    return [post.event["data"]["description"] for post in posts]


def test_a_push_arrives_signed():
    with Receiver() as there:
        server = house(NIMBUS_LOG_LEVEL="debug")
        hook = add(server, f"{there.url}/hook?token=hush", events=["push", "ref.created"])
        repo = make_repo(commits=3)
        git("push", "-q", server.git_url("r"), "HEAD:refs/heads/main", cwd=repo)
        posts = there.wait("/hook", 2, 20)
        eq(sorted(post.event["type"] for post in posts), ["push", "ref.created"])
        eq(posts[1].sequence, posts[0].sequence + 1, "in order")
        for post in posts:
            eq(post.headers["Content-Type"], "application/cloudevents+json")
            eq(post.headers["webhook-id"], post.event["id"])
            eq((post.event["specversion"], post.event["source"]), ("1.0", "/r"))
            eq(post.is_signed(hook["secret"]), True, "the signature")
            eq(post.is_signed("whsec_" + base64.b64encode(bytes(32)).decode()), False, "another's")
            eq(abs(int(post.headers["webhook-timestamp"]) - time.time()) < 60, True, "the time")
            eq(post.path, "/hook?token=hush")
        push = next(post.event for post in posts if post.event["type"] == "push")
        eq(push["data"]["refs"][0]["name"], "refs/heads/main")
        wait_until(lambda: [d["state"] for d in deliveries(server, hook)] == ["delivered"] * 2, 20)
        eq(get(server, hook)["failures"], 0)
        server.stop()
        log = server.out.read_text()
        has(log, '"webhook delivered"')
        has_not(log, "hush", "the log")
        has_not(log, hook["secret"], "the log")
        eq(hook["secret"].encode() in b"".join(path.read_bytes() for path in server.data.glob("nimbus.db*")), False)


def test_it_is_told_at_once():
    """Mostly within half a second: who only looked every two seconds would need one."""
    took = []
    with Receiver() as there:
        server = house(NIMBUS_COMPACT="off")
        add(server, f"{there.url}/hook", events=["repository.updated"])
        for number in range(8):
            begin = time.monotonic()
            describe(server, f"number {number}")
            took.append(there.wait("/hook", number + 1, 20)[number].begin - begin)
            time.sleep(0.2)
    if sorted(took[1:])[3] > 0.5:
        fail(f"it took {took} s")


def test_what_fails_comes_again_and_nobody_else_waits():
    """A receiver that says 500 once: its next comes after ten seconds and more, behind what failed; another's at once."""
    failing = threading.Event()
    failing.set()
    with Receiver(lambda post: 500 if post.path == "/bad" and failing.is_set() else 204) as there:
        server = house()
        bad = add(server, f"{there.url}/bad", events=["repository.updated"])
        other = add(server, f"{there.url}/good", events=["repository.updated"])
        describe(server, "one")
        there.wait("/bad", 1, 20)
        wait_until(lambda: get(server, bad)["failures"] == 1, 20)
        failing.clear()
        describe(server, "two")
        good = there.wait("/good", 2, 20)
        eq(texts(good), ["one", "two"])
        first, again, last = there.wait("/bad", 3, 40)
        eq(good[1].begin < again.begin, True, "whether the other waited")
        eq(texts([first, again, last]), ["one", "one", "two"])
        eq(first.headers["webhook-id"], again.headers["webhook-id"])
        if again.begin - first.begin < 9.5:
            fail(f"it came again after {again.begin - first.begin:.1f} s")
        wait_until(lambda: [d["attempts"] for d in deliveries(server, bad)] == [1, 2], 20)
        eq(get(server, bad)["failures"], 0)
        eq(get(server, other)["failures"], 0)
        failed = [line for line in server.log_lines() if line["message"] == "webhook failed"]
        eq([(line["webhook"], line["status"], line["attempt"]) for line in failed], [(bad["id"], 500, 1)])


def test_one_that_is_gone_is_switched_off():
    with Receiver(lambda post: 410) as there:
        server = house()
        hook = add(server, f"{there.url}/hook", events=["repository.updated"])
        describe(server, "one")
        wait_until(lambda: not get(server, hook)["active"], 20, "being switched off")
        describe(server, "two")
        time.sleep(2.5)
        eq(len(there.at("/hook")), 1)
        eq([(d["state"], d["status"]) for d in deliveries(server, hook)], [("dead", 410)])
        entries = server.api("GET", "/audit?repo=r&action=webhook.changed", want=200).items
        eq(json_of(entries[0])["active"], False, "what the audit log says")
        eq(entries[0]["username"] or "", "", "by nobody")


def json_of(entry):
    return entry["detail"] if isinstance(entry["detail"], dict) else jsonlib.loads(entry["detail"])


def test_a_redirect_is_not_followed():
    with Receiver() as there:
        there.say = lambda post: (307, {"Location": f"{there.url}/elsewhere"}) if post.path == "/hook" else 204
        server = house()
        hook = add(server, f"{there.url}/hook", events=["repository.updated"])
        describe(server, "one")
        wait_until(lambda: [d["status"] for d in deliveries(server, hook)] == [307], 20)
        eq(there.at("/elsewhere"), [])
        eq([d["state"] for d in deliveries(server, hook)], ["waiting"])


@timeout(90)
def test_who_does_not_answer_is_waited_for_ten_seconds():
    over = threading.Event()
    with Receiver(lambda post: held(over, 30) if post.path == "/slow" else 204) as there:
        server = house()
        slow = add(server, f"{there.url}/slow", events=["repository.updated"])
        add(server, f"{there.url}/other", events=["repository.updated"])
        describe(server, "one")
        there.wait("/other", 1, 20)
        wait_until(lambda: get(server, slow)["failures"] == 1, 40)
        has(deliveries(server, slow)[0]["said"], "did not answer in the time allowed")
        eq(9500 < deliveries(server, slow)[0]["duration_ms"] < 25000, True, "how long it was waited for")
        over.set()


@timeout(120)
def test_killed_in_a_post_it_posts_again():
    """As whoever else would: when the lease's time is over."""
    hold = threading.Event()
    with Receiver(lambda post: held(hold, 5) if post.event["data"]["description"] == "two" else 204) as there:
        server = house()
        hook = add(server, f"{there.url}/hook", events=["repository.updated"])
        describe(server, "one")
        there.wait("/hook", 1, 20)
        describe(server, "two")
        there.wait("/hook", 2, 20)
        server.kill9()
        hold.set()
        server.start()
        describe(server, "three")
        eq(texts(there.wait("/hook", 4, 60)), ["one", "two", "two", "three"])
        wait_until(lambda: [d["state"] for d in deliveries(server, hook)] == ["delivered"] * 3, 20)


def test_told_to_end_it_ends_and_the_next_goes_on_at_once():
    hold = threading.Event()
    with Receiver(lambda post: held(hold, 40) if post.event["data"]["description"] == "one" else 204) as there:
        server = house()
        add(server, f"{there.url}/hook", events=["repository.updated"])
        describe(server, "one")
        there.wait("/hook", 1, 20)
        begin = time.monotonic()
        server.stop()
        if time.monotonic() - begin > 9:
            fail("it did not end while it posted")
        hold.set()
        server.start()
        begin = time.monotonic()
        eq(texts(there.wait("/hook", 2, 40)), ["one", "one"])
        if time.monotonic() - begin > 20:
            fail("it waited for its own lease")


def test_nothing_goes_into_private_networks():
    with Receiver() as there:
        server = Nimbus()
        server.create_repo("r")
        hooks = [add(server, url) for url in
                 [f"{there.url}/hook", f"http://localhost:{there.port}/hook", f"http://[::ffff:127.0.0.1]:{there.port}/hook"]]
        describe(server, "one")
        for hook in hooks:
            wait_until(lambda: get(server, hook)["failures"] == 1, 20)
            has(deliveries(server, hook)[-1]["said"], "NIMBUS_WEBHOOK_HOSTS")
            eq(deliveries(server, hook)[-1]["status"] or 0, 0)
        eq(there.posts, [])
    bad = Nimbus(env={"NIMBUS_WEBHOOK_HOSTS": "https://example.org"}, start=False)
    answer = bad.admin("serve", check=False)
    eq(answer.code != 0, True, "its exit code")
    has(answer.err, "NIMBUS_WEBHOOK_HOSTS")


def test_again_and_a_ping():
    with Receiver() as there:
        server = house()
        hook = add(server, f"{there.url}/hook", events=["repository.updated"])
        other = add(server, f"{there.url}/other", events=["repository.updated"])
        describe(server, "one")
        post, = there.wait("/hook", 1, 20)
        wait_until(lambda: deliveries(server, hook), 20)
        server.api("POST", f"/repos/r/webhooks/{hook['id']}/deliveries/{post.sequence}/redeliver", want=204)
        again = there.wait("/hook", 2, 20)[1]
        eq((again.event["id"], again.headers["webhook-id"]), (post.event["id"], post.headers["webhook-id"]))
        server.api("POST", f"/repos/r/webhooks/{hook['id']}/ping", want=204)
        ping = there.wait("/hook", 3, 20)[2]
        eq((ping.event["type"], ping.event["data"]), ("webhook.ping", {"id": hook["id"]}))
        eq(ping.is_signed(hook["secret"]), True)
        describe(server, "two")
        eq(texts(there.wait("/other", 2, 20)), ["one", "two"])
        wait_until(lambda: [d["type"] for d in deliveries(server, other)] == ["repository.updated"] * 2, 20)


def test_while_its_repository_is_deleted_nothing_is_told():
    with Receiver() as there:
        server = house()
        add(server, f"{there.url}/hook")
        describe(server, "one")
        there.wait("/hook", 1, 20)
        wait_until(lambda: server.sql("SELECT count(*) FROM webhook_delivery")[0][0] == 1, 20)
        gone = server.api("DELETE", "/repos/r")
        eq(gone.status in (200, 204), True, f"{gone}")
        time.sleep(2.5)
        eq(len(there.at("/hook")), 1)
        id, = server.sql("SELECT id FROM repo WHERE deleted > 0")[0]
        server.api("POST", f"/deleted-repos/{id}/restore", {}, want=200)
        eq([post.event["type"] for post in there.wait("/hook", 3, 20)],
           ["repository.updated", "repository.deleted", "repository.restored"])


main()
