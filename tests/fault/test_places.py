"""A bucket as the place of backups, and as one side of a move; the other side is a folder, or a bucket too."""

import services
from harness import *

HERE = {"NIMBUS_COMPACT": "off", "NIMBUS_PACK_INLINE_MAX": "0"}


class Bucket:
    """A place of its own in the bucket: .place is its URL, .keys what opens it, .env what has it for packs."""

    def __init__(self, name):
        url = os.environ.get("NIMBUS_TEST_S3")
        if not url:
            skip("NIMBUS_TEST_S3 is not set: no S3 server")
        self.env = services.bucket_environment(url, f"{name}-{os.getpid()}-{random.randrange(1 << 40)}")
        self.keys = {name: value for name, value in self.env.items() if name != "NIMBUS_BLOB"}
        self.place = self.env["NIMBUS_BLOB"]


class S3Client:
    """Behind Nimbus's back."""

    def __init__(self, bucket):
        where, _, query = bucket.place.removeprefix("s3://").partition("?")
        self.bucket, _, self.prefix = where.partition("/")
        endpoint = urllib.parse.urlsplit(dict(urllib.parse.parse_qsl(query))["endpoint"])
        self.server = services.S3.__new__(services.S3)  # one that runs: only to sign requests
        self.server.port = endpoint.port

    def call(self, method, key, query="", body=b""):
        status, answer = self.server.request(method, f"/{self.bucket}{key}", query, body)
        eq(status, 200, f"{method} {key}: {answer[:300]!r}")
        return answer

    def keys(self):
        text = self.call("GET", "", f"prefix={urllib.parse.quote(self.prefix, safe='')}").decode()
        return re.findall("<Key>([^<]*)</Key>", text)


def served(**env):
    """A server, and a repository that was pushed to it."""
    server, source = Nimbus(env={**HERE, **env}), make_repo(10)
    server.create_repo("r")
    push(server, source)
    return server, source


def push(server, source):
    commit_file(source, "noise", os.urandom(20_000))
    git("push", "-q", server.git_url("r"), "main", cwd=source)


def is_sound(server, tip):
    """It serves, from what it has, what was pushed."""
    server.admin("admin", "fsck")
    server.start()
    copy = tmp("clone")
    git("clone", "-q", "--mirror", server.git_url("r"), copy)
    git("fsck", "--strict", cwd=copy)
    eq(git("rev-parse", "main", cwd=copy).out.strip(), tip, "the tip")
    server.stop()


def tip_of(source):
    return git("rev-parse", "main", cwd=source).out.strip()


def test_backups_go_to_a_bucket_and_come_back():
    bucket, packs = Bucket("backups"), Bucket("packs")
    server, source = served(**bucket.keys)
    first = tip_of(source)
    has(server.admin("admin", "backup", bucket.place).out, "Copied and checked now: 1 pack of", "the first")
    push(server, source)
    has(server.admin("admin", "backup", bucket.place).out, "Copied and checked now: 1 pack of", "the second")
    has(server.admin("admin", "backup", bucket.place, "--check").out, "Copied and checked now: 0 packs of", "the third")
    listed = [line.split()[0] for line in server.admin("admin", "restore", bucket.place, "--list").out.splitlines()[1:]]
    eq([name[:7] for name in listed], ["000001-", "000002-", "000003-"], "backups")
    for env, words, tip in [(bucket.keys, [], tip_of(source)), (packs.env, [], tip_of(source)),
                            (bucket.keys, ["--backup", listed[0]], first)]:
        copy = Nimbus(env={**HERE, **env}, start=False)
        has(copy.admin("admin", "restore", bucket.place, *words).out, "1 repository and ", "what it says")
        is_sound(copy, tip)


def test_a_bucket_has_backups_of_an_instance_whose_packs_are_in_it_too():
    own = Bucket("own")
    server, source = served(**own.env)
    refused = server.admin("admin", "backup", own.place, check=False)
    eq(refused.code, 2, refused)
    has(refused.err, "is where this instance itself has its packs", "the error")
    beside = own.place.replace("?", "/backups?")
    server.admin("admin", "backup", beside)
    time.sleep(1.1)
    server.admin("admin", "fsck", "--prune", "1s")
    copy = Nimbus(env={**HERE, **own.keys}, start=False)
    copy.admin("admin", "restore", beside)
    is_sound(copy, tip_of(source))


def test_a_pack_that_is_damaged_in_the_bucket_is_not_restored():
    bucket = Bucket("damaged")
    server, _ = served(**bucket.keys)
    server.admin("admin", "backup", bucket.place)
    store = S3Client(bucket)
    key, = [key for key in store.keys() if key.endswith(".pack")]
    content = bytearray(store.call("GET", f"/{key}"))
    content[len(content) // 2] ^= 1
    store.call("PUT", f"/{key}", body=bytes(content))
    copy = Nimbus(env={**HERE, **bucket.keys}, start=False)
    refused = copy.admin("admin", "restore", bucket.place, check=False)
    if refused.code in (0, 1):
        fail(refused)
    # The next backup that looks finds it, and copies it anew.
    has(server.admin("admin", "backup", bucket.place, "--check").out, "Copied and checked now: 1 pack of", "mended")
    copy.admin("admin", "restore", bucket.place)


def test_an_instance_moves_into_a_bucket_and_out_of_it():
    first, second = Bucket("first"), Bucket("second")
    server, source = served(**first.keys)
    server.stop()
    tip, there, back = tip_of(source), tmp("there"), tmp("back")

    def moved(server, to, *words):
        said = server.admin("admin", "move", "--to", to, *words).out
        has(said, " were copied and compared.\n", "rows")
        has(said, "bytes were copied and compared.", "packs")

    moved(server, there, "--blob-to", first.place)
    inside = Nimbus(env={**HERE, **first.env}, data=there, start=False)
    is_sound(inside, tip)
    if list(there.glob("blob/*/*/pack/*")):
        fail("packs went into the folder too")
    across = tmp("across")
    moved(inside, across, "--blob-to", second.place)
    elsewhere = Nimbus(env={**HERE, **second.env}, data=across, start=False)
    is_sound(elsewhere, tip)
    moved(elsewhere, back)
    is_sound(Nimbus(env=HERE, data=back, start=False), tip)
    is_sound(inside, tip)


main()
