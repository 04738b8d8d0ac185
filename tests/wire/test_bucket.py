"""What goes to the bucket and from it: as few requests and bytes as the design says."""

import shutil

import services
from harness import *
from s3_proxy import Proxy

SOAK = os.environ.get("NIMBUS_SOAK")
# A pack of 500 MB in a soak; else one that shows the same in a tenth of the time.
LARGE_FILES, FILE_BYTES = (500 if SOAK else 60), 1_000_000
PAGE_BYTES_MAX = 8 << 20


class Bucket:
    """A bucket of its own, with a counter before it."""

    def __init__(self):
        url = os.environ.get("NIMBUS_TEST_S3")
        if not url:
            skip("NIMBUS_TEST_S3 is not set: no S3 server")
        port = int(urllib.parse.unquote(url).partition("endpoint=http://127.0.0.1:")[2].partition("&")[0])
        self.proxy = Proxy(port)
        through = url.replace(f"127.0.0.1:{port}", f"127.0.0.1:{self.proxy.port}")
        self.env = services.bucket_environment(through, f"b{os.getpid()}-{random.randrange(1 << 40)}")

    def requests(self):
        """What was asked for since the last time: (method, path, headers)."""
        seen, self.proxy.seen = self.proxy.seen, []
        return seen


def served(**env):
    bucket = Bucket()
    server = Nimbus(env={"NIMBUS_COMPACT": "off", **bucket.env, **env})
    server.create_repo("r", visibility="public")
    bucket.requests()
    return server, bucket


def read_bytes(requests):
    """How many bytes were asked for; every read is of a range."""
    total = 0
    for method, path, headers in requests:
        if method == "GET":
            first, last = headers["range"].removeprefix("bytes=").split("-")
            total += int(last) - int(first) + 1
    return total


def no_list(requests):
    for _, path, _ in requests:
        has_not(path, "list-type", "a request to the bucket")


def cold(server):
    """The same server with nothing in its cache."""
    server.stop()
    shutil.rmtree(server.data / "cache")
    server.start()


def test_a_small_push_makes_no_request_and_a_large_one_few():
    server, bucket = served()
    source = make_repo(3)
    git("push", "-q", server.git_url("r"), "main", cwd=source)
    eq(bucket.requests(), [], "requests of a small push")
    (source / "large").write_bytes(random.Random(1).randbytes(3_000_000))
    commit_file(source, "more.txt", "more")
    git("add", "large", cwd=source)
    git("commit", "-qm", "A large file", cwd=source)
    git("push", "-q", server.git_url("r"), "main", cwd=source)
    requests = bucket.requests()
    no_list(requests)
    if not 0 < len(requests) <= 5:
        fail(f"{len(requests)} requests of a large push: {[r[:2] for r in requests]}")


def test_a_warm_server_asks_for_nothing():
    server, bucket = served(NIMBUS_PACK_INLINE_MAX="0")
    source, copy = make_repo(20), tmp("copy") / "c"
    git("push", "-q", server.git_url("r"), "main", cwd=source)
    git("clone", "-q", server.git_url("r"), copy)
    commit_file(source, "new.txt", "new")
    git("push", "-q", server.git_url("r"), "main", cwd=source)
    bucket.requests()
    git("pull", "-q", cwd=copy)
    eq(server.get("/r").status, 200)
    eq(server.get("/r/commits/main").status, 200)
    eq([r[:2] for r in bucket.requests()], [], "requests of a fetch, and of pages")


@timeout(600)
def test_a_cold_page_and_a_cold_clone():
    server, bucket = served()
    source, rng = make_repo(2), random.Random(2)
    for number in range(LARGE_FILES):
        (source / f"blob{number:03}").write_bytes(rng.randbytes(FILE_BYTES))
    git("add", ".", cwd=source)
    git("commit", "-qm", "Large", cwd=source)
    git("push", "-q", server.git_url("r"), "main", cwd=source)
    cold(server)
    bucket.requests()
    eq(server.get("/r").status, 200)
    eq(server.get("/r/commits/main").status, 200)
    requests = bucket.requests()
    no_list(requests)
    if read_bytes(requests) > PAGE_BYTES_MAX:
        fail(f"{read_bytes(requests)} bytes in {len(requests)} requests for two pages")
    print(f"# two cold pages: {read_bytes(requests)} bytes in {len(requests)} requests, of a pack of "
          f"{LARGE_FILES * FILE_BYTES >> 20} MiB")
    cold(server)
    bucket.requests()
    git("clone", "-q", "--bare", server.git_url("r"), tmp("cold") / "c.git")
    requests = bucket.requests()
    no_list(requests)
    size = LARGE_FILES * FILE_BYTES
    if not size <= read_bytes(requests) <= size * 1.2 + (8 << 20):
        fail(f"{read_bytes(requests)} bytes for a clone of {size}")
    print(f"# a cold clone: {len(requests)} requests")
    git("clone", "-q", "--bare", server.git_url("r"), tmp("warm") / "c.git")
    eq([r[:2] for r in bucket.requests()], [], "requests of a second clone")


main()
