"""What goes to the bucket and from it: as few requests and bytes as the design says."""

import collections
import shutil
import threading
import urllib.parse

import services
from by_hand import FLUSH, pkt
from harness import *
from s3_proxy import Proxy, always

SOAK = os.environ.get("NIMBUS_SOAK")
LARGE_FILES, FILE_BYTES, PIECE = 60, 1_000_000, 32 << 10
Wide = collections.namedtuple("Wide", "folders per_folder file_bytes commits page_max of_pack_max requests_max")
# What pages are read of, how many bytes one may read, and by how many requests: a pack of 500 MB, one whose index has
# 8 MiB, and a history whose commit-graph has 10 MiB, in a soak; else packs that show the same in less time.
LARGE = Wide(100, 1000, 5000, 3000, 8 << 20, 3 << 20, 60) if SOAK else Wide(40, 1000, 1500, 600, 8 << 20, 2 << 20, 30)
MANY = Wide(600, 500, 8, 600, 8 << 20, 2 << 20, 80) if SOAK else Wide(320, 500, 8, 60, 8 << 20, 1 << 20, 80)
LONG = Wide(20, 20, 100, 150_000, 8 << 20, 4 << 20, 120) if SOAK else Wide(8, 10, 100, 40_000, 8 << 20, 2 << 20, 80)


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


def make_wide_repo(wide):
    """A repository with folders of small files that do not compress, a README, and commits that each change a file."""
    rng, path = random.Random(3), tmp("wide")
    git("init", "-q", ".", cwd=path)
    with open(path / "stream", "wb") as out:
        def commit(number, changes):
            out.write(f"commit refs/heads/main\ncommitter A <a@example.com> {1700000000 + number * 60} +0000\n".encode())
            out.write(b"data 8\nChange.\n\n")
            for name, data in changes:
                out.write(b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(data), data))

        names = [f"d{folder:03}/f{file:03}" for folder in range(wide.folders) for file in range(wide.per_folder)]
        commit(0, [("README.md", b"# Wide\n"), *((name, rng.randbytes(wide.file_bytes)) for name in names)])
        for number in range(1, wide.commits):
            lines = "".join(f"{rng.randrange(number)}\n" for _ in range(40)).encode()
            commit(number, [("d000/f000" if number % 50 == 0 else rng.choice(names), lines)])
        out.write(b"done\n")
    with open(path / "stream", "rb") as stream:
        subprocess.run(["git", "fast-import", "--quiet", "--done"], cwd=path, env=git_env(), stdin=stream, check=True)
    return path


def stored(server):
    """Bytes and objects of the packs of the only repository."""
    (packs, objects), = server.sql("SELECT sum(bytes), sum(objects) FROM pack WHERE state = 1")
    return packs, objects


def goes_on(server, bucket, page, page_max):
    """A page that says to load it again is whole after a while, and reads no more than others each time."""
    loads = 0
    while "goes on from what has come by then" in (answer := server.get(f"/r{page}")).text:
        eq(answer.headers.get("etag"), None, "the tag of what will be more when it is loaded again")
        loads += 1
        if (read := read_bytes(bucket.requests())) > page_max:
            fail(f"{page}: {read} bytes when it was loaded again")
        if loads > 10:
            fail(f"{page}: not whole after {loads} loads")
    if loads:
        print(f"#     loaded again {loads} times")


def cold_pages(wide):
    # What is random has no deltas, and git would look for them for long.
    server, bucket = served(NIMBUS_REPACK="copy")
    source = make_wide_repo(wide)
    git("push", "-q", server.git_url("r"), "main", cwd=source, timeout=900)
    server.admin("admin", "compact", "r", "--full")
    size, objects = stored(server)
    print(f"# a pack of {size} bytes and {objects} objects")
    head = git("rev-parse", "main", cwd=source).out.strip()
    root = git("rev-list", "--max-parents=0", "main", cwd=source).out.strip()
    too_much = []
    for page in ["", "/tree/main/d007", "/blob/main/d007/f007", "/commits/main", "/commits/main/d000/f000",
                 f"/commit/{head}", f"/commit/{root}", f"/compare/{root}...main", f"/compare/main...{root}",
                 "/blame/main/d000/f000", "/blame/main/README.md"]:
        cold(server)
        bucket.requests()
        eq(server.get(f"/r{page}").status, 200, page)
        requests = bucket.requests()
        no_list(requests)
        by_kind = collections.Counter()
        has_not(str(requests), ".bitmap", "what a page reads")
        for request in requests:
            by_kind[request[1].partition("?")[0].rpartition(".")[2]] += read_bytes([request])
        print(f"# /r{page[:24]}: {read_bytes(requests)} bytes in {len(requests)} requests, {dict(by_kind)}")
        if page.startswith("/compare/"):
            goes_on(server, bucket, page, wide.page_max)
        # A hundred files, each somewhere else in the pack: then its bytes alone bound a page.
        many = page.startswith(("/compare/", f"/commit/{root}"))
        of_pack_max, requests_max = ((wide.page_max, wide.page_max // PIECE) if many
                                     else (wide.of_pack_max, wide.requests_max))
        if (read_bytes(requests) > wide.page_max or by_kind["pack"] > of_pack_max or
                len(requests) > requests_max):
            too_much.append(f"{page or 'home'}: {read_bytes(requests)} bytes in {len(requests)} requests")
    eq(too_much, [], f"pages that read more than {wide.page_max} bytes, or {wide.of_pack_max} of the pack, or by more "
       f"than {wide.requests_max} requests")
    git("clone", "-q", "--bare", server.git_url("r"), tmp("copy") / "c.git", timeout=900)
    has(str(bucket.requests()), ".bitmap", "what the first clone reads")


@timeout(1800)
def test_a_cold_page_reads_little_of_a_large_pack():
    cold_pages(LARGE)


@timeout(1800)
def test_a_cold_page_reads_little_of_a_large_index():
    cold_pages(MANY)


@timeout(1800)
def test_a_cold_page_reads_little_of_a_long_history():
    cold_pages(LONG)


def push_large(server, files=LARGE_FILES):
    """A pack of files that do not compress; returns its bytes, about, and its commit."""
    source, rng = make_repo(2), random.Random(2)
    for number in range(files):
        (source / f"blob{number:03}").write_bytes(rng.randbytes(FILE_BYTES))
    git("add", ".", cwd=source)
    git("commit", "-qm", "Large", cwd=source)
    git("push", "-q", server.git_url("r"), "main", cwd=source)
    return files * FILE_BYTES, git("rev-parse", "main", cwd=source).out.strip()


@timeout(600)
def test_a_cold_clone_reads_each_pack_once():
    server, bucket = served()
    size, _ = push_large(server)
    cold(server)
    bucket.requests()
    git("clone", "-q", "--bare", server.git_url("r"), tmp("cold") / "c.git")
    requests = bucket.requests()
    no_list(requests)
    if not size <= read_bytes(requests) <= size * 1.2 + (8 << 20):
        fail(f"{read_bytes(requests)} bytes for a clone of {size}")
    print(f"# a cold clone: {len(requests)} requests")
    git("clone", "-q", "--bare", server.git_url("r"), tmp("warm") / "c.git")
    eq([r[:2] for r in bucket.requests()], [], "requests of a second clone")


@timeout(600)
def test_a_cold_clone_streams_while_the_cache_fills():
    server, bucket = served()
    size, tip = push_large(server, 24)
    cold(server)
    bucket.proxy.rate, bucket.proxy.fault = 8 << 20, always("paced")
    bucket.proxy.sent = 0
    body = b"".join([pkt("command=fetch\n"), b"0001", pkt("no-progress\n"), pkt(f"want {tip}\n"), pkt("done\n"), FLUSH])
    with server.connect(timeout=120) as raw:
        raw.send(f"POST /r.git/git-upload-pack HTTP/1.1\r\nHost: {server.host}\r\nGit-Protocol: version=2\r\n"
                 f"Content-Type: application/x-git-upload-pack-request\r\nContent-Length: {len(body)}\r\n\r\n")
        raw.send(body)
        raw.until(b"PACK")
        first = bucket.proxy.sent
        raw.exactly(1 << 20)
        soon = bucket.proxy.sent
        got = (1 << 20) + len(raw.buffer)
        while got < size * 0.99:
            piece = len(raw.socket.recv(1 << 20))
            if not piece:
                fail(f"the answer ends after {got} bytes")
            got += piece
    print(f"# {first} bytes of {size} had come when the pack began, {soon} with its first MiB, {bucket.proxy.sent} in all")
    if first > size / 10 or soon > size / 3:
        fail(f"{first} bytes of {size} before the pack began, {soon} before its first MiB was here")


def pods_of_one_home(count):
    """Servers with one database and one bucket between them, and the bucket."""
    server = os.environ.get("NIMBUS_TEST_POSTGRES") or skip("NIMBUS_TEST_POSTGRES is not set: no PostgreSQL")
    bucket = Bucket()
    database = services.new_database(server, f"bucket{os.getpid()}_{random.randrange(1 << 30)}")
    env = {"NIMBUS_COMPACT": "off", "NIMBUS_DB": database, "NIMBUS_DB_CONNECTIONS": "8", **bucket.env}
    return [Nimbus(env=env) for _ in range(count)], bucket


class Colleague(threading.Thread):
    """Commits something small, pushes it to one process and fetches from another, again and again."""

    def __init__(self, number, pods):
        super().__init__()
        self.number, self.pods, self.wrong, self.copy = number, pods, None, tmp("colleague") / "c"
        git("clone", "-q", pods[number % len(pods)].git_url("r"), self.copy)
        git("switch", "-qc", f"branch{number}", cwd=self.copy)

    def run(self):
        try:
            for turn in range(5):
                commit_file(self.copy, f"file{self.number}", f"{turn}\n" * 50)
                to, of = (self.pods[(self.number + turn + more) % len(self.pods)] for more in (0, 1))
                git("push", "-q", to.git_url("r"), "HEAD", cwd=self.copy)
                git("fetch", "-q", of.git_url("r"), "+refs/heads/*:refs/remotes/all/*", cwd=self.copy)
                ours = git("rev-parse", "HEAD", cwd=self.copy).out
                eq(git("rev-parse", f"refs/remotes/all/branch{self.number}", cwd=self.copy).out, ours, "what was fetched")
                eq(of.get(f"/r/commits/branch{self.number}").status, 200, "a page")
        except Exception as why:
            self.wrong = why


def test_many_at_once_on_warm_servers_ask_for_nothing():
    pods, bucket = pods_of_one_home(3)
    pods[0].create_repo("r", visibility="public")
    source = make_repo(30)
    commit_file(source, "large", random.Random(4).randbytes(3_000_000))
    git("push", "-q", pods[0].git_url("r"), "main", cwd=source)
    colleagues = [Colleague(number, pods) for number in range(6)]
    if not bucket.requests():
        fail("nothing is in the bucket")
    for colleague in colleagues:
        colleague.start()
    for colleague in colleagues:
        colleague.join()
        eq(colleague.wrong, None, f"colleague {colleague.number}")
    eq([r[:2] for r in bucket.requests()], [], "requests of 30 pushes, fetches and pages on three processes")


def test_many_who_clone_at_once_fetch_each_byte_once():
    pods, bucket = pods_of_one_home(2)
    pods[0].create_repo("r", visibility="public")
    size, _ = push_large(pods[0], 12)
    for pod in pods:
        cold(pod)
    bucket.requests()
    clones = [start_git("clone", "-q", "--bare", pods[number % 2].git_url("r"), tmp("many") / "c.git")
              for number in range(6)]
    for clone in clones:
        _, err = clone.communicate()
        eq(clone.returncode, 0, f"git's exit code ({err})")
    requests = bucket.requests()
    no_list(requests)
    if not 2 * size <= read_bytes(requests) <= 2.1 * size + (16 << 20):
        fail(f"{read_bytes(requests)} bytes for six clones of {size} on two processes")


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
