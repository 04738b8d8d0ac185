"""
Three processes on one database and one bucket, while everything around them fails: each second one of them is killed,
and PostgreSQL, Redis, the bucket and a cache's disk have their bad moments. What was acknowledged is there afterwards,
what anybody read fits into one order of events, and everything can be cloned by a process that knows nothing.
"""

import collections
import math
import threading

from by_hand import ZERO, Client, Lost, Refused, commit
from cluster import Cluster
from harness import *
from linearizable import DONE, LOST, READ, REFUSED, SWAP, Operation, explain
from s3_proxy import Proxy, always

PUSHES, CLIENTS, REPOS, REFS = 2000, 16, 20, 3
LARGE = 300_000  # over NIMBUS_PACK_INLINE_MAX: such a push goes to the bucket
PAUSE = 0.6      # seconds at most between two pushes of a client: so that all has time to go wrong
REDIS_FAULTS = ["is gone", "hangs"]
BUCKET_FAULTS = ["503", "cut", "lost", "half", "slow"]
BINARY = Path(os.environ.get("NIMBUS_BIN", BUILD / "nimbus"))


class Pusher(threading.Thread):
    """Reads a ref and moves it on, again and again, and writes down what it was told."""

    def __init__(self, number, world):
        super().__init__(name=f"client {number}", daemon=True)
        self.rng, self.world, self.number = random.Random(number), world, number
        self.client = Client(world.cluster.nginx.port, world.authorization)
        self.wrong = None

    def run(self):
        try:
            while self.world.next_push():
                while not self.world.over.wait(self.rng.random() * PAUSE):
                    if self.one(f"r{self.rng.randrange(REPOS)}", f"refs/heads/b{self.rng.randrange(REFS)}"):
                        break
        except BaseException as why:
            self.wrong = why
            raise

    def read(self, repo, ref):
        start = time.monotonic()
        value = self.client.refs(repo, ref).get(ref, ZERO)
        self.world.note(repo, ref, Operation(READ, start, time.monotonic(), value))
        return value

    def one(self, repo, ref):
        """Was anything pushed? Who cannot read where a ref is has nothing to push."""
        try:
            old = self.read(repo, ref)
        except (Lost, Refused):
            time.sleep(0.05)
            return False
        size = LARGE if self.rng.random() < 0.03 else self.rng.randrange(10, 2000)
        new, pack = commit(old, self.rng.randbytes(size), f"{self.name} {time.monotonic_ns()}")
        start = time.monotonic()
        try:
            self.client.push(repo, ref, old, new, pack)
            told, end = DONE, time.monotonic()
        except Refused as why:
            # Only this says that nothing was written; after any other error it may have been.
            told, end = (REFUSED if "fetch first" in str(why) else LOST), math.inf
            self.world.refusals[re.sub(r"r\d+|b\d|request \w+", "…", str(why))[:160]] += 1
        except Lost:
            told, end = LOST, math.inf
        self.world.note(repo, ref, Operation(SWAP, start, end, new, old, told))
        return True


class World:
    def __init__(self, cluster, authorization, pushes):
        self.cluster, self.authorization, self.left = cluster, authorization, pushes
        self.suffered = lambda: True  # everything that is to go wrong, once at least
        self.lock, self.history = threading.Lock(), collections.defaultdict(list)
        self.refusals, self.over = collections.Counter(), threading.Event()

    def next_push(self):
        with self.lock:
            self.left -= 1
            return (self.left >= 0 or not self.suffered()) and not self.over.is_set()

    def note(self, repo, ref, operation):
        with self.lock:
            self.history[repo, ref].append(operation)

    def told(self, what):
        with self.lock:
            return sum(op.told == what for ops in self.history.values() for op in ops if op.kind == SWAP)


class Killer(threading.Thread):
    """Kills a process each second, and starts it again."""

    def __init__(self, cluster, rng):
        super().__init__(daemon=True)
        self.cluster, self.rng, self.ended, self.kills = cluster, rng, threading.Event(), 0

    def run(self):
        while not self.ended.wait(1):
            pod = self.rng.choice(self.cluster.pods)
            pod.kill()
            self.kills += 1
            pod.start()

    def stop(self):
        self.ended.set()
        self.join()


class Misfortune(threading.Thread):
    """What befalls the servers behind, one after the other, until it is stopped."""

    def __init__(self, cluster, proxy, rng):
        super().__init__(daemon=True)
        self.cluster, self.proxy, self.rng = cluster, proxy, rng
        self.ended, self.happened = threading.Event(), collections.Counter()

    def postgres_restarts(self):
        self.cluster.postgres.halt(self.rng.choice([signal.SIGINT, signal.SIGQUIT]))
        self.ended.wait(0.5)
        self.cluster.postgres.launch()

    def redis_stops(self):
        what = REDIS_FAULTS[self.happened["redis_stops"] % len(REDIS_FAULTS)]
        self.happened[f"redis: {what}"] += 1
        if what == "hangs":
            self.cluster.redis.process.send_signal(signal.SIGSTOP)
        else:
            self.cluster.redis.halt()
        self.ended.wait(2)
        if what == "hangs":
            self.cluster.redis.process.send_signal(signal.SIGCONT)
        else:
            self.cluster.redis.launch()

    def bucket_fails(self):
        what = BUCKET_FAULTS[(self.happened["bucket_fails"] - 1) % len(BUCKET_FAULTS)]
        self.happened[f"bucket: {what}"] += 1
        self.proxy.fault = lambda number, method, path: what if number % 3 else None
        self.ended.wait(3)
        self.proxy.fault = None

    def run(self):
        acts = [self.postgres_restarts, self.redis_stops, self.bucket_fails]
        while not self.ended.wait(1.5):
            act = acts[sum(self.happened[act.__name__] for act in acts) % len(acts)]
            self.happened[act.__name__] += 1
            act()

    def stop(self):
        self.ended.set()
        self.join()


@contextlib.contextmanager
def tiny_disk():
    """A folder that is full after 6 MiB; None where no disk can be made."""
    folder = tmp("tiny")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(folder)], capture_output=True).returncode:
        print("# without a full disk: nothing can be mounted here")
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def make_repos(cluster):
    """The repositories, and what to send as Authorization."""
    owner = Client(cluster.nginx.port, "Basic " + base64.b64encode(f"{OWNER}:{PASSWORD}".encode()).decode())
    as_json = {"Content-Type": "application/json"}

    def made(path, fields):
        connection = http.client.HTTPConnection("127.0.0.1", owner.port, timeout=60)
        connection.request("POST", f"/api/v1{path}", jsonlib.dumps(fields), {**owner.headers, **as_json})
        answer = connection.getresponse()
        text = answer.read()
        eq(answer.status, 201, f"POST {path}: {text!r}")
        return jsonlib.loads(text)

    token = made("/tokens", {"name": "pusher", "permission": "write"})["token"]
    for number in range(REPOS):
        made("/repos", {"name": f"r{number}", "visibility": "public", "default_branch": "b0"})
    return f"Bearer {token}"


def check_history(world, final):
    for (repo, ref), history in sorted(world.history.items()):
        now = time.monotonic()
        history = history + [Operation(READ, now, now, final[repo].get(ref, ZERO))]
        path = explain(history, ZERO)
        if path is not None:
            fail(f"{repo} {ref}: no order of events explains what was seen; after {path[-3:]} of {len(history)}")


def check_clones(world, pod):
    """A process with an empty cache has everything that was acknowledged, and nothing else moved."""
    for number in range(REPOS):
        repo = f"r{number}"
        copy = tmp("clone") / "c.git"
        git("clone", "-q", "--mirror", f"{pod.url}/{repo}.git", copy)
        git("fsck", "--strict", "--no-dangling", cwd=copy)
        there = set(git("rev-list", "--all", cwd=copy).out.split())
        ours = [op for (name, _), ops in world.history.items() if name == repo for op in ops if op.kind == SWAP]
        lost = {op.value for op in ours if op.told == DONE} - there
        eq(lost, set(), f"commits of {repo} that were acknowledged and are not there")
        eq(there - {op.value for op in ours}, set(), f"commits of {repo} that nobody pushed")


def suffer(cluster, proxy, pushes, seconds):
    """Pushes while things fail; returns the World, with what happened."""
    world = World(cluster, make_repos(cluster), pushes)
    killer, misfortune = Killer(cluster, random.Random(1)), Misfortune(cluster, proxy, random.Random(2))
    acts = ["postgres_restarts", *(f"redis: {what}" for what in REDIS_FAULTS),
            *(f"bucket: {what}" for what in BUCKET_FAULTS)]
    world.suffered = lambda: all(misfortune.happened[act] for act in acts)
    clients = [Pusher(number, world) for number in range(CLIENTS)]
    begin = time.monotonic()
    for thread in (killer, misfortune, *clients):
        thread.start()
    for client in clients:
        client.join(max(1, seconds - (time.monotonic() - begin)))
    world.over.set()
    for client in clients:
        client.join(120)
        eq((client.is_alive(), client.wrong), (False, None), client.name)
    killer.stop()
    misfortune.stop()
    print(f"# {world.told(DONE)} acknowledged, {world.told(REFUSED)} refused, {world.told(LOST)} without a clear answer, "
          f"in {time.monotonic() - begin:.0f} s; {killer.kills} kills, {dict(misfortune.happened)}")
    for why, times in world.refusals.most_common(8):
        print(f"# {times} x {why}")
    eq([act for act in acts if not misfortune.happened[act]], [], "what did not happen")
    return world


@timeout(900)
def test_nothing_that_was_acknowledged_is_lost():
    proxies = []

    def through(port):
        proxies.append(Proxy(port))
        return proxies[0].port

    with tiny_disk() as tiny, contextlib.closing(Cluster(3, BINARY, {
            "NIMBUS_COMPACT_DELAY": "2s", "NIMBUS_S3_TIMEOUT": "2s", "NIMBUS_DB_CONNECTIONS": "8",
            "ASAN_OPTIONS": "detect_stack_use_after_return=0"}, through)) as cluster:
        if tiny:
            cluster.pods[0].env["NIMBUS_CACHE"] = str(tiny)
        world = suffer(cluster, proxies[0], PUSHES, 300)
        proxies[0].fault = None
        cluster.wait_ready()
        fresh = cluster.new_pod()
        cluster.wait_ready()
        reader = Client(fresh.port, world.authorization)
        final = {f"r{number}": reader.refs(f"r{number}") for number in range(REPOS)}
        check_history(world, final)
        check_clones(world, fresh)
        run([BINARY, "admin", "fsck"], env=fresh.env)
        if world.told(DONE) < PUSHES / 4:
            fail("so few pushes got through that this shows nothing")
        if tiny:
            has(cluster.pods[0].log.read_text(errors="replace"), "No space left on device", "the log of the full disk")
        for pod in cluster.pods:
            text = pod.log.read_text(errors="replace")
            for sign in ("Sanitizer", "runtime error:", "nimbus: panic:"):
                if sign in text:
                    fail(f"{pod.name}: {text[text.index(sign):][:4000]}")


def is_there(pod, path):
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status == 200
    return False


def test_processes_may_start_before_what_they_need():
    proxies = []

    def through(port):
        proxies.append(Proxy(port))
        return proxies[0].port

    with contextlib.closing(Cluster(1, BINARY, {"NIMBUS_S3_TIMEOUT": "1s", "NIMBUS_COMPACT_DELAY": "1s",
                                                "ASAN_OPTIONS": "detect_stack_use_after_return=0"}, through)) as cluster:
        first, = cluster.pods
        token = make_repos(cluster)
        eq(first.stop(), 0, "exit code")
        cluster.postgres.halt()
        cluster.redis.halt()
        proxies[0].fault = always("cut")
        first.start()
        pods = [first, cluster.new_pod()]
        time.sleep(3)
        for pod in pods:
            eq((pod.process.poll(), is_there(pod, "/readyz")), (None, False), f"{pod.name} without a database")
        cluster.postgres.launch()
        cluster.wait_ready()
        tip = ZERO
        for pod in pods:
            new, pack = commit(tip, b"small", pod.name)
            Client(pod.port, token).push("r0", "refs/heads/b0", tip, new, pack)
            tip = new
        large, pack = commit(tip, random.Random(1).randbytes(LARGE), "large")
        try:
            Client(first.port, token).push("r0", "refs/heads/b0", tip, large, pack)
            fail("a large push needs no bucket")
        except Refused as why:
            has_not(str(why), "fetch first", "why")
        proxies[0].fault = None
        Client(first.port, token).push("r0", "refs/heads/b0", tip, large, pack)
        cluster.redis.launch()
        for pod in pods:
            eq(Client(pod.port, token).refs("r0")["refs/heads/b0"], large, pod.name)
            git("clone", "-q", f"{pod.url}/r0.git", tmp("clone") / "c")
            wait_until(lambda: sign_in(pod), what="signing in")
        for pod in pods:
            eq(pod.stop(), 0, f"exit code of {pod.name}: {pod.log.read_text()[-2000:]}")


def sign_in(pod):
    form = urllib.parse.urlencode({"username": OWNER, "password": PASSWORD, "next": "/"})
    connection = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", "/sign-in", form, {"Content-Type": "application/x-www-form-urlencoded",
                                                     "Origin": pod.url})
        return connection.getresponse().status == 303


main()
