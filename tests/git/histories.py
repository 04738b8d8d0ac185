"""Repositories with all that a history can have, and the tool that our graphs are made with."""

import random

from harness import *

TOOL = BUILD / "tests" / "git_graphs"


def wild(object_format="sha1", commits=60, seed=1):
    """
    A bare repository in one pack: several roots, octopus merges, dates that lie, date over 32 bits, a
    commit of 600 files, one that changes nothing, names beyond ASCII, gitlinks, folders that become
    files, modes that change, tags of tags, of trees and of blobs.
    """
    rng = random.Random(f"wild {seed}")
    path = tmp("wild")
    git("init", "-q", "--bare", f"--object-format={object_format}", ".", cwd=path)
    stream = []

    def commit(n, parents, edits, date):
        stream.append(f"commit refs/heads/b{n}\nmark :{n}\ncommitter A <a@b> {date} +0000\ndata 1\nx\n")
        for i, parent in enumerate(parents):
            stream.append(f"{'merge' if i else 'from'} :{parent}\n")
        stream.extend(edits)

    def file(name, text, mode="100644"):
        return f'M {mode} inline "{name}"\ndata {len(text.encode())}\n{text}\n'

    link = "1" * (64 if object_format == "sha256" else 40)
    for n in range(1, commits + 1):
        date = rng.choice([1500000000 + n, 1500000000 + n, 1500000000 - n * 1000, 0, 5, 6000000000 + n])
        many = [3, 4, 9] if n % 10 == 0 else [2] if n % 4 == 0 else [1]
        parents = rng.sample(range(max(1, n - 12), n), min(many[rng.randrange(len(many))], n - max(1, n - 12)))
        if n in (1, 17, 31):
            parents = []
        edits = [file(f"{rng.choice('abc')}/{rng.choice('xyz')}/{rng.randrange(9)}.txt", f"{n} {rng.random()}\n")
                 for _ in range(rng.randrange(4))]
        if n % 7 == 0:
            edits += [file(f"sch\\303\\266n {n}.c", "\n" * n), file("run", str(n), "100755"), file("link", "run", "120000")]
        if n % 9 == 0:
            edits += [f"M 160000 {link} module\n", "D a\n", file("a", "a file now")]
        if n % 11 == 0:
            edits += ["D a\n", file("a/deep/er/and/deeper/file", str(n))]
        if n == 20:
            edits += [file(f"many/{i}", str(i)) for i in range(600)]
        if n == 21:
            edits += [file(f"almost/{i}", str(i)) for i in range(511)]
        commit(n, parents, edits, date)
    stream.append(f"tag t1\nfrom :{commits}\ntagger A <a@b> 1 +0000\ndata 1\nx\n")
    git("fast-import", "--quiet", cwd=path, input="".join(stream))
    git("symbolic-ref", "HEAD", f"refs/heads/b{commits}", cwd=path)
    for name, target in ("t2", "t1"), ("t3", "HEAD^{tree}"), ("t4", "HEAD:a"):
        git("tag", "-a", "-m", "x", name, target, cwd=path)
    # Deltas against what comes later in the pack, and chains, are in it.
    git("repack", "-adfq", "--depth=50", "--window=20", cwd=path)
    return path


def real(bundle):
    """A real history, where there is one."""
    path = tmp("real")
    git("clone", "-q", "--mirror", shared(f"data/{bundle}.bundle"), path)
    git("repack", "-adq", cwd=path)
    return path


def pack_of(repo):
    packs = list((repo / "objects/pack").glob("*.pack"))
    eq(len(packs), 1, "packs")
    return packs[0]


def tip_commits(repo):
    """The ids of the commits that refs lead to."""
    out = git("for-each-ref", "--format=%(objectname)^{}", cwd=repo).out
    rows = git("cat-file", "--batch-check", cwd=repo, input=out).out.splitlines()
    return sorted({row.split()[0] for row in rows if row.split()[1] == "commit"})


def tool(*args, input=None):
    return run([TOOL, *args], input=input).out
