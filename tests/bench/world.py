"""
The repositories that the bench works on, made before anything is measured:

    main    the input, mirrored and repacked             small   a few commits, five refs
    many    a few commits, 50,000 refs                    grown   main's default branch + 100 pushes
    push    main's default branch, to push single commits to
    pushed  the input as a push leaves it: not repacked by anybody
    bulk    10,000 objects, to push into a new repository
"""

import os
import random
import subprocess
import tempfile
from pathlib import Path

import raw

PUSHES = 100
MANY_REFS = 50000
WHO = "Bench <bench@example.com>"


class Git:
    """Runs git as a client that nobody configured."""

    def __init__(self, folder):
        self.folder, config = folder, Path(folder) / "client.gitconfig"
        config.write_text("[user]\n\tname = Bench\n\temail = bench@example.com\n[gc]\n\tauto = 0\n"
                          "[maintenance]\n\tauto = false\n[protocol]\n\tversion = 2\n[safe]\n\tdirectory = *\n")
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "TZ": "UTC",
                    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": str(config), "GIT_TERMINAL_PROMPT": "0"}

    def __call__(self, *args, cwd=None, input=None, stdin=None):
        given = {"stdin": stdin} if stdin else {"input": input or b""}
        done = subprocess.run(["git", *map(str, args)], cwd=cwd or self.folder, env=self.env, capture_output=True,
                              **given)
        if done.returncode:
            words = " ".join(str(a) for a in args if "Authorization" not in str(a))
            raise raw.Refused(f"git {words}: {done.stderr.decode(errors='replace').strip()[-600:]}")
        return done.stdout

    def text(self, *args, **more):
        return self(*args, **more).decode().strip()


class Stream:
    """Writes what git fast-import reads, into a file: it may be a gigabyte."""

    def __init__(self):
        self.file, self.when = tempfile.TemporaryFile(), 1700000000

    def data(self, raw_bytes):
        self.file.write(b"data %d\n%s\n" % (len(raw_bytes), raw_bytes))

    def commit(self, ref, message, edits, parent=None):
        self.when += 600
        self.file.write(f"commit {ref}\ncommitter {WHO} {self.when} +0000\n".encode())
        self.data(message.encode())
        if parent:
            self.file.write(f"from {parent}\n".encode())
        for name, content in edits:
            self.file.write(f"M 100644 inline {name}\n".encode())
            self.data(content)

    def reset(self, ref, to):
        self.file.write(f"reset {ref}\nfrom {to}\n\n".encode())

    def run(self, git, repo):
        self.file.write(b"done\n")
        self.file.seek(0)
        with self.file:
            git("fast-import", "--quiet", "--done", "--force", cwd=repo, stdin=self.file)


def sentence(rng):
    words = "the pack of a tree has many small blobs and some commit points at each branch without end".split()
    return " ".join(rng.choice(words) for _ in range(9)) + "\n"


GENERATED_COMMITS = 3000


def generate(git, repo, commits=GENERATED_COMMITS, files=240):
    """A history that is the same on every machine: one branch, some thousand commits, tags."""
    rng, stream = random.Random(1), Stream()
    names = [f"{'src lib docs tests'.split()[i % 4]}/part{i % 12}/file{i}.txt" for i in range(files)]
    content = {name: [sentence(rng) for _ in range(rng.randrange(20, 200))] for name in names}
    stream.commit("refs/heads/main", "Start\n", [(n, "".join(c).encode()) for n, c in content.items()])
    for number in range(1, commits):
        edits = []
        for name in rng.sample(names, rng.randrange(1, 4)):
            content[name][rng.randrange(len(content[name]))] = sentence(rng)
            edits.append((name, "".join(content[name]).encode()))
        stream.commit("refs/heads/main", f"Change {number}\n\n{sentence(rng)}", edits)
        if number % 100 == 0:
            stream.reset(f"refs/tags/v{number // 100}", "refs/heads/main")
    git("init", "-q", "--bare", "--initial-branch=main", repo)
    stream.run(git, repo)


class World:
    """The repositories, made when first asked for, on disk and on each server."""

    def __init__(self, folder, git, servers, source, say):
        """`source`: the path of a repository, or how many commits to generate."""
        self.dir, self.git, self.servers, self.source, self.say = Path(folder), git, servers, source, say
        self.loaded, self.counter, self.touched = {}, 0, {}

    def new_folder(self, name):
        self.counter += 1
        return self.dir / f"{name}-{self.counter}.git"

    def repack(self, repo):
        self.git("repack", "-q", "-adfb", cwd=repo)
        self.git("pack-refs", "--all", cwd=repo)
        self.git("commit-graph", "write", "--reachable", cwd=repo)

    def begin(self):
        """The input itself, and what everything else is told from it."""
        self.main = self.dir / "main.git"
        if isinstance(self.source, int):
            self.say(f"generating a repository of {self.source:,} commits")
            generate(self.git, self.main, self.source)
        else:
            self.say(f"reading {self.source}")
            self.git("clone", "-q", "--mirror", "--no-hardlinks", self.source, self.main)
        if self.git.text("rev-parse", "--show-object-format", cwd=self.main) != "sha1":
            raise raw.Refused("the bench speaks SHA-1 only: take a repository of that kind")
        self.say("repacking it with bitmap and commit-graph")
        self.repack(self.main)
        heads = self.git.text("for-each-ref", "--format=%(refname)", "refs/heads", cwd=self.main).split()
        if not heads:
            raise raw.Refused(f"{self.source} has no branch")
        head = self.git.text("symbolic-ref", "HEAD", cwd=self.main)
        self.ref = next((ref for ref in (head, "refs/heads/main", "refs/heads/master") if ref in heads), heads[0])
        self.branch = self.ref[len("refs/heads/"):]
        self.git("symbolic-ref", "HEAD", self.ref, cwd=self.main)
        self.tip = self.git.text("rev-parse", self.ref, cwd=self.main)
        self.before = self.git.text("rev-parse", self.ref + "~1", cwd=self.main)
        refs = self.git.text("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags",
                             cwd=self.main).splitlines()
        self.refs = dict(reversed(line.split(" ", 1)) for line in refs)
        self.tips = list(dict.fromkeys(self.refs.values()))
        counts = dict(line.split(": ") for line in self.git.text("count-objects", "-v", cwd=self.main).splitlines())
        self.objects, self.kib = int(counts["in-pack"]), int(counts["size-pack"])

    def client(self, name, refs, objects):
        """A bare repository that borrows the objects of another: made in a millisecond."""
        repo = self.new_folder(name)
        (repo / "refs").mkdir(parents=True)
        (repo / "objects/info").mkdir(parents=True)
        (repo / "objects/pack").mkdir()
        (repo / "HEAD").write_text(f"ref: {self.ref}\n")
        (repo / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
        (repo / "objects/info/alternates").write_text(f"{objects / 'objects'}\n")
        lines = "".join(f"{id} {ref}\n" for ref, id in sorted(refs.items()))
        (repo / "packed-refs").write_text("# pack-refs with: sorted \n" + lines)
        return repo

    def need(self, repos):
        for repo in repos:
            if repo in self.loaded and not self.loaded[repo]:
                raise raw.Refused(f"{repo} could not be made, see above")
            if repo not in self.loaded:
                self.loaded[repo] = False
                getattr(self, f"make_{repo}")()
                self.loaded[repo] = True

    def load(self, repo, source, branch):
        for server in self.servers:
            self.say(f"{server.name}: loading {repo}")
            server.load(repo, source, branch, self.git)

    def make_main(self):
        self.load("main", self.main, self.branch)

    def make_pushed(self):
        for server in self.servers:
            self.say(f"{server.name}: loading pushed")
            server.load_as_pushed("pushed", self.main, self.branch, self.git)

    def touch(self, server, repo):
        """A ref that nobody fetches comes or goes: what was kept of answers is worth nothing now."""
        there = self.touched.get((server.name, repo), False)
        tip = self.small_tips[0] if repo == "small" else self.tip
        old, new = (tip, raw.ZERO) if there else (raw.ZERO, tip)
        with raw.Connection(server.port, server.headers) as connection:
            raw.push(connection, server.path(repo), "refs/bench/touched", old, new, b"" if there else raw.EMPTY_PACK)
        self.touched[server.name, repo] = not there

    def make_before(self):
        """A client's repository that lacks the last commit of the default branch."""
        self.lacking = self.new_folder("before")
        self.git("init", "-q", "--bare", self.lacking)
        self.git("push", "-q", self.lacking, f"{self.before}:{self.ref}", cwd=self.main)

    def make_small(self):
        stream, repo = Stream(), self.dir / "small.git"
        for number in range(10):
            stream.commit("refs/heads/main", f"Commit {number}\n", [("file", b"%d\n" % number)])
            if number % 2:
                stream.reset(f"refs/heads/b{number}", "refs/heads/main")
        self.git("init", "-q", "--bare", "--initial-branch=main", repo)
        stream.run(self.git, repo)
        self.repack(repo)
        self.small_tips = sorted(set(self.git.text("for-each-ref", "--format=%(objectname)", cwd=repo).split()))
        self.load("small", repo, "main")

    def make_many(self):
        stream, repo = Stream(), self.dir / "many.git"
        for number in range(50):
            stream.commit("refs/heads/main", f"Commit {number}\n", [("file", b"%d\n" % number)])
        self.git("init", "-q", "--bare", "--initial-branch=main", repo)
        stream.run(self.git, repo)
        commits = self.git.text("rev-list", "main", cwd=repo).split()
        updates = "".join(f"create refs/heads/topic/{number:05} {commits[number % 50]}\n"
                          for number in range(MANY_REFS - 1))
        self.git("update-ref", "--stdin", cwd=repo, input=updates.encode())
        self.repack(repo)
        self.load("many", repo, "main")

    def only_branch(self):
        """main's default branch alone, repacked."""
        if not hasattr(self, "single"):
            single = self.dir / "single.git"
            self.git("clone", "-q", "--bare", "--single-branch", "--no-tags", "--no-local", "--branch", self.branch,
                     self.main, single)
            self.repack(single)
            self.single = single
        return self.single

    def chain(self, name, count):
        """`count` commits in a row on the default branch, each changing a file: [(old, new, thin pack)]."""
        self.work = getattr(self, "work", None) or self.client("work", {self.ref: self.tip}, self.main)
        tree = self.git("ls-tree", "-r", "-l", "-z", self.tip, cwd=self.work).decode("utf-8", "surrogateescape")
        rows = [row.split("\t", 1) for row in tree.split("\0") if row]
        files = sorted(path for info, path in rows if info.startswith("100644") and
                       2000 < int(info.split()[3]) < 40000 and '"' not in path and "\n" not in path)
        if not files:
            files = sorted(path for info, path in rows if info.startswith("100644"))
        rng, stream, content = random.Random(name), Stream(), {}
        for number in range(count):
            path = rng.choice(files)
            old = content.get(path) or self.git("cat-file", "blob", f"{self.tip}:{path}", cwd=self.work)
            content[path] = old + f"{name} {number}: {sentence(rng)}".encode()
            stream.commit(f"refs/bench/{name}", f"{name} {number}\n", [(path, content[path])],
                          parent=None if number else self.tip)
        stream.run(self.git, self.work)
        commits = self.git.text("rev-list", "--reverse", f"{self.tip}..refs/bench/{name}", cwd=self.work).split()
        return [(old, new, self.thin_pack(new, old)) for old, new in zip([self.tip] + commits, commits)]

    def thin_pack(self, new, old):
        return self.git("pack-objects", "-q", "--revs", "--thin", "--stdout", "--delta-base-offset",
                        cwd=self.work, input=f"{new}\n^{old}\n".encode())

    def push_raw(self, server, repo, ref, step, old=None):
        with raw.Connection(server.port, server.headers) as connection:
            raw.push(connection, server.path(repo), ref, old or step[0], step[1], step[2])
        return connection

    def make_grown(self):
        self.load("grown", self.only_branch(), self.branch)
        steps = self.chain("grown", PUSHES)
        for server in self.servers:
            self.say(f"{server.name}: {PUSHES} pushes to grown")
            for step in steps:
                self.push_raw(server, "grown", self.ref, step)
            server.compact("grown")
        self.grown_tip = steps[-1][1]

    def make_push(self):
        self.load("push", self.only_branch(), self.branch)
        self.next_push = {}
        self.pushes = {name: self.chain(name, 160) for name in ("client", "by-hand")}

    def make_bulk(self):
        """10,000 objects: 100 commits, each with a tree, a subtree and 97 small files."""
        stream, repo, rng = Stream(), self.dir / "bulk.git", random.Random(2)
        for number in range(100):
            edits = [(f"d{number:03}/f{file:02}", "".join(sentence(rng) for _ in range(rng.randrange(5, 60))).encode())
                     for file in range(97)]
            stream.commit("refs/heads/main", f"Files {number}\n", edits)
        self.git("init", "-q", "--bare", "--initial-branch=main", repo)
        stream.run(self.git, repo)
        self.bulk, self.bulk_tip = repo, self.git.text("rev-parse", "main", cwd=repo)
        self.bulk_pack = self.git("pack-objects", "-q", "--revs", "--stdout", "--delta-base-offset", cwd=repo,
                                  input=b"main\n")
