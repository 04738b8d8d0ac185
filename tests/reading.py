"""The tool that reads histories with our code, random histories for it, and what git says of them."""

import random
import subprocess

from harness import *

FORMATS = ("sha1", "sha256")


class Tool:
    """A running tests/git_reading (tests/tools/git_reading.c): ask("diff", a, b) -> its lines."""

    def __init__(self, repo=None, algo="sha1"):
        binary = Path(os.environ.get("NIMBUS_BIN", BUILD / "nimbus")).parent / "tests" / "git_reading"
        if not binary.exists():
            binary = BUILD / "tests" / "git_reading"
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if repo:
            git("repack", "-adq", cwd=repo)
            folder = git("rev-parse", "--git-path", "objects/pack", cwd=repo).out.strip()
            eq(self.ask("repo", Path(repo) / folder, algo), [], "opening the repository")

    def ask(self, *words):
        self.process.stdin.write(("\t".join(str(w) for w in words) + "\n").encode("utf-8", "surrogateescape"))
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline().decode("utf-8", "surrogateescape")
            if not line:
                fail(f"the tool ended at {words}")
            if line == ".\n":
                return lines
            lines.append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.stdin.close()
        code = self.process.wait(60)
        if not kind:
            eq(code, 0, "the tool's exit code")


def random_text(rng, lines, words):
    """Like a program: some lines are often there, some indented, some blank."""
    return [rng.choice(["", "\t", "\t\t", "    "]) + rng.choice(["", "}", "{", "return;", f"word {rng.randrange(words)}"]) + "\n"
            for _ in range(lines)]


def edited(rng, lines, edits, words):
    lines = list(lines)
    for _ in range(edits):
        at = rng.randrange(len(lines) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            del lines[at:at + rng.randrange(1, 6)]
        elif kind == 1:
            lines[at:at] = random_text(rng, rng.randrange(1, 8), words)
        elif kind == 2:
            lines[at:at + rng.randrange(1, 4)] = random_text(rng, rng.randrange(1, 4), words)
        else:
            lines[at:at] = lines[at - 5:at]
    return lines


def random_history(rng, commits, algo, skew=False, files=6, renames=True):
    """A bare repository of branches that fork, merge (also criss-cross), rename and copy lines about. Returns its path."""
    path = tmp("history")
    git("init", "-q", "--bare", f"--object-format={algo}", ".", cwd=path)
    stream, trees, marks = [], {}, 0

    def data(text):
        raw = text.encode()
        stream.append(b"data %d\n%s\n" % (len(raw), raw))

    for n in range(1, commits + 1):
        known = list(range(max(1, n - 6), n))
        parents = []
        if known and rng.randrange(25):
            parents.append(rng.choice(known))
            if len(known) > 1 and rng.randrange(3) == 0:
                parents += [p for p in rng.sample(known, rng.choice([1, 1, 1, 2]) if len(known) > 2 else 1) if p not in parents]
        tree = {}
        for parent in reversed(parents):
            tree.update(trees[parent])
        if len(parents) > 1:
            tree = {name: text for name, text in tree.items() if name in trees[parents[0]] or rng.randrange(3)}
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            kind = rng.randrange(8)
            name = rng.choice(sorted(tree)) if tree else None
            if kind == 0 or not name:
                tree[f"{rng.choice(['', 'src/', 'src/deep/', 'docs/'])}f{rng.randrange(files)}"] = random_text(rng, rng.randrange(5, 60), 400)
            elif kind == 1 and len(tree) > 2:
                del tree[name]
            elif kind == 2 and renames:
                lines = tree.pop(name)
                tree[f"{rng.choice(['src/', 'moved/'])}n{n}_{rng.randrange(9)}"] = edited(rng, lines, rng.randrange(2), 400)
            else:
                tree[name] = edited(rng, tree[name], rng.randrange(1, 4), 400)
        trees[n] = tree
        when = 1700000000 + n * 100 - (rng.randrange(2000) if skew and rng.randrange(3) == 0 else 0)
        stream.append(f"commit refs/heads/c{n}\nmark :{n}\ncommitter A <a@b> {when} +0000\n".encode())
        data(f"Commit {n}\n")
        if parents:
            stream.append(f"from :{parents[0]}\n".encode())
            stream += [f"merge :{p}\n".encode() for p in parents[1:]]
        stream.append(b"deleteall\n")
        for name, lines in tree.items():
            stream.append(f"M 100644 inline {name}\n".encode())
            data("".join(lines))
    stream.append(b"done\n")
    git("fast-import", "--quiet", "--done", cwd=path, input=b"".join(stream))
    return path


def commits_of(repo):
    """[id] of branches c1, c2, …"""
    lines = git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", cwd=repo).out.split("\n")
    ids = dict(line.split() for line in lines if line)
    return [ids[f"c{n}"] for n in range(1, len(ids) + 1)]


def git_bases(repo, a, b):
    out = git("merge-base", "--all", a, b, cwd=repo, check=False).out.split()
    leads = git("merge-base", "--is-ancestor", a, b, cwd=repo, check=False).code == 0
    counts = git("rev-list", "--count", "--left-right", f"{a}...{b}", cwd=repo).out.split()
    return [f"{int(leads)} {counts[0]} {counts[1]}"] + sorted(out)


def git_blame(repo, rev, path):
    out = git("blame", "--line-porcelain", rev, "--", path, cwd=repo).out
    lines, head = [], None
    for line in out.split("\n"):
        if line.startswith("\t"):
            lines.append(f"{head[0]} {head[1]} {name}")
            head = None
        elif head is None:
            head = line.split()
        elif line.startswith("filename "):
            name = line[9:]
    return lines
