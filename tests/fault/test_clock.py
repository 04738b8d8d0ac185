"""
Processes whose clocks are days off, beside one whose clock is right: what is decided by a time is decided by the
database's, and by the bucket's for what lies there. libfaketime lies to a process about the time of day.
"""

import datetime
import threading

import services
from cluster import Cluster
from harness import *

BINARY = Path(os.environ.get("NIMBUS_BIN", BUILD / "nimbus"))
AHEAD, BEHIND = "+40d", "-40d"
DAY = 24 * 3600


def library():
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return str(found[0]) if found else skip("libfaketime is not installed")


def skewed(offset):
    """What has a process believe in another time. What measures how long things take stays right."""
    return {"LD_PRELOAD": library(), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_stack_use_after_return=0:exitcode=99"}


class World:
    """A cluster of one process that is right, one that is ahead and one that is behind; none of them compacts."""

    def __init__(self):
        library()
        try:
            self.cluster = Cluster(1, BINARY, {"NIMBUS_COMPACT": "off", "NIMBUS_RETENTION": "1h"})
        except services.Missing as why:
            fail(str(why))
        self.right, = self.cluster.pods
        self.ahead, self.behind = self.cluster.new_pod(**skewed(AHEAD)), self.cluster.new_pod(**skewed(BEHIND))
        self.cluster.wait_ready()

    def admin(self, pod, *words, check=True):
        return run([BINARY, "admin", *words], env=pod.env, check=check)

    def call(self, pod, method, path, fields=None, auth=(OWNER, PASSWORD), headers=None):
        headers = {"Content-Type": "application/json", **(headers or {})}
        if isinstance(auth, tuple):
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        elif auth:
            headers["Authorization"] = f"Bearer {auth}"
        connection = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, jsonlib.dumps(fields) if fields is not None else None, headers)
            answer = connection.getresponse()
            return Response(answer.status, answer.getheaders(), answer.read())

    def made(self, pod, path, fields):
        answer = self.call(pod, "POST", f"/api/v1{path}", fields)
        eq(answer.status, 201, f"POST {path}: {answer}")
        return answer.json

    def url(self, pod, name):
        return f"http://{OWNER}:{PASSWORD}@127.0.0.1:{pod.port}/{name}.git"

    def sql(self, statement):
        return services.psql(self.cluster.postgres.url, "-c", statement).split()


_world = None


def world():
    """One for all tests of this file."""
    global _world
    if _world is None:
        _world = World()
    return _world


def is_now(seconds, what):
    if abs(seconds - time.time()) > 120:
        fail(f"{what}: {seconds} is {seconds - time.time():.0f} s from now")


def pushed(w, name, pods):
    """A repository with a commit of each process, and what was pushed is too large for the database."""
    w.made(w.right, "/repos", {"name": name, "visibility": "public"})
    source = make_repo(3)
    git("push", "-q", w.url(pods[0], name), "main", cwd=source)
    for number, pod in enumerate(pods):
        commit_file(source, f"large{number}", random.Random(number).randbytes(300_000))
        git("push", "-q", w.url(pod, name), "main", cwd=source)
    return source


def test_a_clock_that_is_off_is_no_reason_for_the_bucket_to_refuse():
    w = world()
    source = pushed(w, "bucket", [w.ahead, w.behind, w.right])
    for pod in (w.ahead, w.behind):
        copy = tmp("copy") / "c"
        git("clone", "-q", w.url(pod, "bucket"), copy)
        eq(git("rev-parse", "HEAD", cwd=copy).out, git("rev-parse", "main", cwd=source).out, pod.name)


def test_times_are_those_of_the_database():
    w = world()
    pushed(w, "times", [w.ahead, w.behind, w.right])
    times = [int(row) for row in w.sql("SELECT ref_log.time FROM ref_log JOIN repo ON repo.id = repo_id "
                                       "WHERE repo.name = 'times' ORDER BY ref_log.version")]
    eq(len(times), 4, "changes")
    eq(times, sorted(times), "the order of times")
    for seconds in times:
        is_now(seconds, "a change of a ref")
    for row in w.sql("SELECT time / 1000000 FROM event UNION SELECT time / 1000000 FROM audit_entry UNION "
                     "SELECT created FROM pack UNION SELECT pushed FROM repo WHERE pushed > 0 UNION "
                     "SELECT created FROM repo"):
        is_now(int(row), "a time in the database")
    now = datetime.datetime.fromtimestamp(time.time(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    w.admin(w.behind, "restore-ref", "times", "main", "--to", now)


def test_a_lease_is_one_persons_whatever_the_time():
    w = world()
    pushed(w, "lease", [w.right])
    repo_id, = w.sql("SELECT id FROM repo WHERE name = 'lease'")
    w.sql(f"INSERT INTO lease VALUES ('compact/{repo_id}', 'somebody', {int(time.time()) + 120})")
    for pod in (w.ahead, w.right, w.behind):
        refused = w.admin(pod, "compact", "lease", "--full", check=False)
        has(refused.err, "another process is compacting", pod.name)
    # One that is over is anybody's, also by a clock by which it has not begun.
    w.sql(f"UPDATE lease SET expires = {int(time.time()) - 1}")
    w.admin(w.behind, "compact", "lease", "--full")


def test_what_is_within_retention_stays():
    w = world()
    source = pushed(w, "kept", [w.right, w.right])
    w.admin(w.right, "compact", "kept", "--full")
    w.made(w.right, "/repos", {"name": "deleted"})
    w.admin(w.right, "repo", "delete", "deleted", "--yes")
    count = "SELECT count(*) FROM pack JOIN repo ON repo.id = repo_id WHERE name = 'kept' AND state = 2"
    before = w.sql(count)
    if before == ["0"]:
        fail("nothing retired")
    w.admin(w.ahead, "compact")
    eq(w.sql(count), before, "retired packs")
    gone, = w.sql("SELECT id FROM repo WHERE deleted > 0")
    w.admin(w.ahead, "repo", "restore", gone)
    # What is past its time goes, also by a clock by which it is not.
    w.sql(f"UPDATE pack SET retired = {int(time.time()) - 2 * 3600} WHERE state = 2")
    w.admin(w.behind, "compact")
    eq(w.sql(count), ["0"], "packs that are past their time")
    git("clone", "-q", w.url(w.behind, "kept"), tmp("copy") / "c")
    git("fsck", cwd=source)


def test_files_that_nobody_knows_are_as_old_as_the_bucket_says():
    w = world()
    pushed(w, "orphan", [w.right])
    repo_id, = w.sql("SELECT id FROM repo WHERE name = 'orphan'")
    w.sql(f"DELETE FROM pack WHERE repo_id = {repo_id} AND in_row = 0")
    looked = w.admin(w.ahead, "fsck", "--prune", "24h", check=False)
    has(looked.out + looked.err, "0 removed", "what is young")
    time.sleep(2.1)
    looked = w.admin(w.behind, "fsck", "--prune", "1s", check=False)
    has(looked.out + looked.err, "2 removed", "what is not")
    w.admin(w.right, "repo", "delete", "orphan", "--yes")


def test_a_token_lasts_as_long_as_was_said():
    w = world()
    for maker in (w.right, w.ahead, w.behind):
        hour = w.made(maker, "/tokens", {"name": f"hour {maker.name}", "permission": "read", "expires_in": 3600})
        end = datetime.datetime.strptime(hour["expires_at"], "%Y-%m-%dT%H:%M:%S%z")
        is_now(end.timestamp() - 3600, "the end of a token")
        second = w.made(maker, "/tokens", {"name": f"second {maker.name}", "permission": "read", "expires_in": 1})
        time.sleep(2.1)
        for pod in (w.right, w.ahead, w.behind):
            eq(w.call(pod, "GET", "/api/v1/repos", auth=hour["token"]).status, 200, f"{maker.name} to {pod.name}")
            eq(w.call(pod, "GET", "/api/v1/repos", auth=second["token"]).status, 401, f"{maker.name} to {pod.name}")


def sign_in(w, pod):
    """The cookie of a browser that has signed in."""
    form = urllib.parse.urlencode({"username": OWNER, "password": PASSWORD, "next": "/"})
    connection = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", "/sign-in", form, {"Content-Type": "application/x-www-form-urlencoded",
                                                      "Origin": pod.url})
        answer = connection.getresponse()
        answer.read()
        eq(answer.status, 303, f"signing in at {pod.name}")
        cookies = [value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie")]
        return next(cookie for cookie in cookies if cookie.startswith("nimbus="))


def test_a_session_is_known_everywhere():
    w = world()
    for maker in (w.right, w.ahead, w.behind):
        cookie = sign_in(w, maker)
        for pod in (w.right, w.ahead, w.behind):
            answer = w.call(pod, "GET", "/account", auth=None, headers={"Cookie": cookie})
            eq(answer.status, 200, f"a session of {maker.name} at {pod.name}")


def test_of_all_who_compact_at_once_one_does():
    w = world()
    source = pushed(w, "busy", [w.right])
    ended = threading.Event()
    said = []

    def compact(pod):
        while not ended.is_set():
            said.append(w.admin(pod, "compact", "busy", "--full", check=False))

    threads = [threading.Thread(target=compact, args=(pod,)) for pod in (w.right, w.ahead, w.behind)]
    for thread in threads:
        thread.start()
    for number in range(6):
        commit_file(source, f"f{number}", random.Random(number).randbytes(280_000))
        git("push", "-q", w.url((w.ahead, w.behind)[number % 2], "busy"), "main", cwd=source)
    ended.set()
    for thread in threads:
        thread.join(60)
    for result in said:
        if result.code and not re.search("another process|meanwhile", result.err):
            fail(f"a compaction ended with {result}")
    w.admin(w.right, "fsck", "busy", "--quiet")


def test_all_of_them_end_well():
    for pod in world().cluster.pods:
        eq(pod.stop(), 0, f"the exit code of {pod.name}: {pod.log.read_text()[-2000:]}")


try:
    main()
finally:
    if _world:
        _world.cluster.close()
