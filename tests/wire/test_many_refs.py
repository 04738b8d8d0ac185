"""
A repository of 100,000 refs, of 1,000,000 with `./dev soak`: what one asks for costs its own size. Of the production build, because a
sanitizer's memory and time are not ours.
"""

from harness import *

MANY = 1000000 if os.environ.get("NIMBUS_SOAK") else 100000
AT_ONCE = 50000
# Of the process, for each ref, and beside them.
BYTES_A_REF, BESIDE_KIB = 110, 40 << 10
# Of the processor: what is found by its name, and what walks all of the names once.
SHORT_SECONDS, WHOLE_SECONDS = 0.05, 1 + MANY / 500000


def pkt(text):
    return b"%04x%s" % (len(text) + 4, text.encode())


def named(n):
    return f"refs/heads/team/topic-{n:07}"


def many_refs():
    """A server with such a repository, its work tree, and what ref n points at."""
    binary = ROOT / "build" / "nimbus"
    if not binary.exists():
        skip("build/nimbus is not built: ./dev build")
    server = Nimbus(env={"NIMBUS_COMPACT": "off"}, start=False)
    server.binary = binary
    server.start()
    repo = make_repo(commits=20, merges=False)
    server.create_repo("many", visibility="public")
    git("push", "-q", server.git_url("many"), "main", cwd=repo)
    ids = git("rev-list", "main", cwd=repo).out.split()
    server.stop()
    for i in range(MANY // AT_ONCE):
        server.sql("INSERT INTO ref (repo_id, name, oid) WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                   "SELECT repo.id, CAST('refs/heads/team/topic-' || substr('0000000' || (i + ?), -7) AS BLOB), ? FROM n, repo WHERE name = 'many'",
                   AT_ONCE - 1, i * AT_ONCE, bytes.fromhex(ids[i % 20]))
    server.sql("UPDATE repo SET version = version + 1")
    server.start()
    return server, repo, lambda n: ids[n // AT_ONCE % 20]


class Cost:
    """The processor's time of the server within, which is under a bound."""

    def __init__(self, server, what, most):
        self.server, self.what, self.most = server, what, most

    def now(self):
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        self.began = self.now()

    def __exit__(self, kind, *_):
        took = self.now() - self.began
        print(f"# {self.what}: {took:.2f} s of the processor, {self.server.rss_kib() // 1024} MiB", flush=True)
        if not kind and took > self.most:
            fail(f"{self.what} took {took:.2f} s of the processor, more than {self.most}")


def listed(server, *prefixes):
    """ls-refs of version 2: {name: id}."""
    body = pkt("command=ls-refs") + b"0001" + b"".join(pkt(f"ref-prefix {prefix}") for prefix in prefixes) + b"0000"
    answer = server.request("POST", "/many.git/git-upload-pack", body, {
        "Content-Type": "application/x-git-upload-pack-request", "Git-Protocol": "version=2"}, auth=None)
    eq(answer.status, 200, "status")
    return dict(reversed(line[4:].split()) for line in answer.text.splitlines() if len(line) > 40)


@embedded("refs are put into its database: pushing so many takes minutes")
@timeout(900)
def test_what_one_asks_for_costs_its_own_size():
    server, repo, id_of = many_refs()
    with Cost(server, "the first look at all", WHOLE_SECONDS):
        eq(listed(server, "refs/heads/main"), {"refs/heads/main": git("rev-parse", "main", cwd=repo).out.strip()}, "one ref")
    before = server.rss_kib()
    if before > BESIDE_KIB + MANY * BYTES_A_REF // 1024:
        fail(f"{before} KiB for {MANY} refs")
    for n in (0, MANY // 3, MANY - 1):
        with Cost(server, "a ref by its name", SHORT_SECONDS):
            eq(listed(server, named(n)), {named(n): id_of(n)}, "one of many")
    with Cost(server, "ten by what their names begin with", SHORT_SECONDS):
        eq(sorted(listed(server, named(120)[:-1])), [named(n) for n in range(120, 130)], "ten of many")
    with Cost(server, "all of them", WHOLE_SECONDS):
        eq(len(listed(server)), MANY + 2, "all, with main and HEAD")
    for n in range(3):
        commit_file(repo, "more.txt", f"{n}\n")
        with Cost(server, "a push of one, and a look after it", 4 * SHORT_SECONDS):
            # By hand: git's own client is told of all refs, and looks at each.
            head, old = git("rev-parse", "HEAD", "HEAD~1", cwd=repo).out.split()
            pack = run(["git", "pack-objects", "--stdout", "-q", "--revs"], cwd=repo, env=git_env(), input=f"{head}\n^{old}\n").raw
            done = server.request("POST", "/many.git/git-receive-pack", pkt(f"{old} {head} refs/heads/main\0 report-status") + b"0000" + pack,
                                  {"Content-Type": "application/x-git-receive-pack-request"})
            has(done.text, "ok refs/heads/main", "the report")
            eq(listed(server, "refs/heads/main"), {"refs/heads/main": head}, "where it is then")
    with Cost(server, "a fetch of one branch", 4 * SHORT_SECONDS):
        git("fetch", "-q", "--no-tags", server.git_url("many", auth=None), "refs/heads/main:refs/remotes/x", cwd=repo)
    server.stop()


main()
