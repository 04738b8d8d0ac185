"""
Webhooks in a cluster: of three processes one posts to a webhook at a time, what happens comes at least once and in
order, and when the one that posts is killed another goes on. Their clocks do not matter.
"""

import threading

import services
from cluster import Cluster
from harness import *
from receiver import Receiver

BINARY = Path(os.environ.get("NIMBUS_BIN", BUILD / "nimbus"))
LEASE, LOOK = 30, 2  # seconds: DELIVER_LEASE_SECONDS, and how often is looked for what is due
EVENTS = 60


def faketime(offset):
    """A process that believes in another time; one that has the right one where libfaketime is not installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        print("# without clocks that are wrong: libfaketime is not installed")
        return {}
    return {"LD_PRELOAD": str(found[0]), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_stack_use_after_return=0:exitcode=99"}


class World:
    """Three processes, of which one is forty days ahead and one is behind; and a repository r."""

    def __init__(self):
        try:
            self.cluster = Cluster(1, BINARY, {"NIMBUS_WEBHOOK_HOSTS": "127.0.0.1", "NIMBUS_COMPACT": "off",
                                               "ASAN_OPTIONS": "detect_stack_use_after_return=0"})
        except services.Missing as why:
            skip(str(why))
        self.cluster.new_pod(**faketime("+40d"))
        self.cluster.new_pod(**faketime("-40d"))
        self.cluster.wait_ready()
        self.pods = self.cluster.pods
        self.api(self.pods[0], "POST", "/repos", {"name": "r"}, 201)

    def api(self, pod, method, path, fields=None, want=200):
        connection = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=60)
        secret = base64.b64encode(f"{OWNER}:{PASSWORD}".encode()).decode()
        with contextlib.closing(connection):
            connection.request(method, f"/api/v1{path}", jsonlib.dumps(fields) if fields is not None else None,
                               {"Content-Type": "application/json", "Authorization": f"Basic {secret}"})
            answer = connection.getresponse()
            text = answer.read()
        eq(answer.status, want, f"{method} {path}: {text!r}")
        return jsonlib.loads(text) if text else None

    def add(self, url):
        return self.api(self.pods[0], "POST", "/repos/r/webhooks", {"url": url, "events": ["repository.updated"]}, 201)

    def last(self):
        return int(services.psql(self.cluster.postgres.url, "-c", "SELECT max(sequence) FROM event WHERE repo_id = "
                                 "(SELECT id FROM repo WHERE name = 'r')"))

    def poster(self, post):
        """Which process has the connection that a post came by."""
        for pod in self.pods:
            if pod.process and has_port(pod.process.pid, post.port):
                return pod
        fail(f"nobody has port {post.port}")

    def close(self):
        self.cluster.close()


def has_port(pid, port):
    sockets = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            sockets.add(os.readlink(fd))
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    return any(f"socket:[{fields[9]}]" in sockets for fields in map(str.split, lines)
               if int(fields[1].rpartition(":")[2], 16) == port)


@timeout(600)
def test_each_webhook_is_served_by_one_process_at_a_time():
    with contextlib.closing(World()) as world, Receiver(lambda post: time.sleep(0.03) or 204) as there:
        hooks = [world.add(f"{there.url}/{name}") for name in ("a", "b")]
        begin = world.last()
        threads = [threading.Thread(target=change, args=(world, pod, EVENTS // 3)) for pod in world.pods]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name, hook in zip(("a", "b"), hooks):
            there.wait(f"/{name}", EVENTS, 120)
            there.check_alone(f"/{name}")
            there.check_order(f"/{name}", range(begin + 1, begin + EVENTS + 1))
            eq(all(post.is_signed(hook["secret"]) for post in there.at(f"/{name}")), True, "signatures")
            eq(len(there.at(f"/{name}")), EVENTS, "once each, where nothing fails")
        times = {abs(int(post.headers["webhook-timestamp"]) - time.time()) < 300 for post in there.posts}
        eq(times, {True}, "whether their times are the database's")


def change(world, pod, count):
    for number in range(count):
        world.api(pod, "PATCH", "/repos/r", {"description": f"{pod.name} {number}"})


@timeout(600)
def test_another_goes_on_when_the_one_that_posts_is_killed():
    hold = threading.Event()
    with contextlib.closing(World()) as world:
        with Receiver(lambda post: hold.wait(8) and 204 or 204) as there:
            world.add(f"{there.url}/a")
            begin = world.last()
            change(world, world.pods[0], 3)
            first, = there.wait("/a", 1, 30)
            dying = world.poster(first)
            killed = time.monotonic()
            dying.kill()
            hold.set()
            again = there.wait("/a", 2, LEASE + LOOK + 15)[1]
            eq(again.sequence, first.sequence, "what was under way")
            eq(world.poster(again) is dying, False, "the one that was killed")
            print(f"# another went on after {again.begin - killed:.1f} s")
            there.wait("/a", 4, 30)
            there.check_order("/a", range(begin + 1, begin + 4))
            dying.start()
            world.cluster.wait_ready()
            change(world, dying, 1)
            there.wait("/a", 5, 30)
            there.check_order("/a", range(begin + 1, begin + 5))


main()
