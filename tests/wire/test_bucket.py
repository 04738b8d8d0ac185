"""What goes to the bucket and from it: as few requests and bytes as the design says."""

import shutil
import urllib.parse

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
        self.name = url.partition("?")[0].removeprefix("s3://")
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


def pushed(size, **env):
    """The requests of a push of so many MiB that do not pack, whose clone is then looked at."""
    server, bucket = served(**env)
    source = make_repo(1)
    commit_file(source, "large", random.Random(size).randbytes(size << 20))
    git("push", "-q", server.git_url("r"), "main", cwd=source)
    requests = bucket.requests()
    no_list(requests)
    cold(server)
    git("clone", "-q", "--bare", server.git_url("r"), tmp("copy") / "c.git")
    git("fsck", "--strict", cwd=source)
    return [method for method, _, _ in requests]


@timeout(600)
def test_a_pack_takes_five_requests_up_to_what_one_may_carry_and_one_more_for_each_such_part():
    eq(pushed(24), ["HEAD", "PUT", "PUT"], "a large pack and its index")
    eq(pushed(40, NIMBUS_S3_PUT_MAX="16m"), ["HEAD", "POST", "PUT", "PUT", "PUT", "POST", "PUT"],
       "a pack of three parts, and its index")


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


def large_packs(server):
    """A private repository "p" with two compacted packs that are worth an address of their own."""
    source = make_repo(3)
    commit_file(source, "large", random.Random(3).randbytes(3 << 19))
    git("checkout", "-q", "-b", "side", cwd=source)
    commit_file(source, "side", random.Random(4).randbytes(3 << 19))
    server.create_repo("p")
    git("push", "-q", "--all", server.git_url("p"), cwd=source)
    server.admin("admin", "compact", "p", "--full")
    return source


def clone_by_uri(server, protocols="http,https"):
    """Clones, and returns the URIs that were offered."""
    path = tmp("copy") / "c"
    result = git("-c", f"fetch.uriProtocols={protocols}", "clone", server.git_url("p"), path, protocol=2,
                 env={"GIT_TRACE_PACKET": "1", "GIT_TRACE_REDACT": "0"})
    git("fsck", "--strict", "--no-dangling", cwd=path)
    return re.findall(r"packet: +clone< (?:\\1)?[0-9a-f]{40} (https?:\S+)", result.err)


def test_a_clone_gets_its_packs_from_the_bucket_itself():
    bucket = Bucket()
    public = f"http://localhost:{bucket.proxy.port}/{bucket.name}"
    server = Nimbus(env={"NIMBUS_COMPACT": "off", **bucket.env, "NIMBUS_S3_PUBLIC_URL": public})
    large_packs(server)
    bucket.requests()
    uris = clone_by_uri(server)
    eq(len(uris), 2, "packs that are offered")
    seen = bucket.requests()
    for uri in uris:
        has(uri, public + "/", "the URI")
        fields = dict(urllib.parse.parse_qsl(uri.partition("?")[2]))
        eq((fields["X-Amz-Expires"], fields["X-Amz-SignedHeaders"]), ("3600", "host"), "what is signed")
    eq(sorted(public.removesuffix("/" + bucket.name) + path for _, path, _ in seen), sorted(uris), "what the bucket is asked")
    eq([method for method, _, _ in seen], ["GET", "GET"], "how")
    for _, _, headers in seen:
        has(headers["user-agent"], "git/", "who asks")
        eq("authorization" in headers, False, "credentials for the bucket")
    has_not(server.out.read_text(), "objects/pack", "the server's log")


def test_a_client_that_takes_only_the_servers_protocol_gets_its_packs_from_the_server():
    bucket = Bucket()
    server = Nimbus(env={"NIMBUS_COMPACT": "off", **bucket.env, "NIMBUS_S3_PUBLIC_URL": "https://s3.example.org/b"})
    large_packs(server)
    for uri in clone_by_uri(server, "http"):
        has(uri, f"{server.url}/p.git/objects/pack/", "the URI")
    has(server.out.read_text(), "objects/pack", "the server's log")


main()
