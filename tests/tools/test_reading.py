"""What git/ makes of histories, beside what git makes of them: differences, merges, blame, renames, merge bases."""

import io
import random
import re
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from reading import *


def write(path, lines, rng=None):
    text = "".join(lines)
    if rng and rng.randrange(5) == 0:
        text = text.rstrip("\n")
    path.write_text(text)
    return path


def git_hunks(a, b):
    """[(old_at, old_count, new_at, new_count)] from 0, by git diff -U0."""
    out = git("diff", "--no-index", "--no-prefix", "-U0", a, b, check=False).out
    hunks = []
    for m in re.finditer(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", out, re.M):
        x, n, y, k = (1 if g is None else int(g) for g in m.groups())
        hunks.append(f"{x - (n > 0)} {n} {y - (k > 0)} {k}")
    return hunks


@timeout(600)
def test_differences_are_those_of_git():
    rng, folder = random.Random(1), tmp()
    with Tool() as tool:
        for n in range(150):
            words, size = rng.choice([3, 30, 1000]), rng.choice([3, 20, 200, 1500])
            old = random_text(rng, rng.randrange(size), words)
            new = edited(rng, old, rng.choice([1, 5, 40]), words) if rng.randrange(8) else random_text(rng, rng.randrange(size), words)
            a, b = write(folder / "a", old, rng), write(folder / "b", new, rng)
            got, want = tool.ask("diff", a, b), git_hunks(a, b)
            if got != want:
                fail(f"round {n}: {got[:20]} instead of {want[:20]}")


@timeout(600)
def test_texts_with_little_in_common_are_compared_as_git_compares_them():
    rng, folder = random.Random(2), tmp()
    with Tool() as tool:
        for n in range(6):
            old, new = random_text(rng, 6000, 2500), random_text(rng, 6000, 2500)
            a, b = write(folder / "a", old), write(folder / "b", new)
            eq(tool.ask("diff", a, b) == git_hunks(a, b), True, f"round {n}")


@timeout(600)
def test_three_texts_merge_as_git_merges_them():
    rng, folder, conflicts = random.Random(3), tmp(), 0
    with Tool() as tool:
        for n in range(200):
            words, size = rng.choice([3, 30, 1000]), rng.choice([3, 20, 200])
            base = random_text(rng, rng.randrange(1, size), words)
            names = [write(folder / name, lines, rng) for name, lines in (
                ("o", edited(rng, base, rng.randrange(4), words)), ("b", base),
                ("t", edited(rng, base, rng.randrange(4), words)))]
            if rng.randrange(6) == 0:
                for name in names:
                    name.write_bytes(name.read_bytes().replace(b"\n", b"\r\n"))
            for style in ("merge", "diff3"):
                done = git("merge-file", "-p", *(["--diff3"] if style == "diff3" else []), "-L", "ours", "-L", "base",
                           "-L", "theirs", *names, check=False)
                count = tool.ask("merge", style, *names, folder / "out")
                eq((folder / "out").read_bytes(), done.raw, f"round {n}, {style}")
                eq(count, [str(done.code)], f"conflicts of round {n}, {style}")
                conflicts += done.code
    if conflicts < 50:
        fail(f"only {conflicts} conflicts: the test is too tame")


@timeout(600)
def test_merge_bases_are_those_of_git_with_honest_and_with_lying_clocks():
    rng, several = random.Random(4), 0
    for algo in FORMATS:
        for skew in (False, True):
            repo = random_history(rng, 60, algo, skew, files=1)
            ids = commits_of(repo)
            with Tool(repo, algo) as tool:
                for _ in range(60):
                    a, b = rng.choice(ids), rng.choice(ids)
                    got, want = tool.ask("bases", a, b), git_bases(repo, a, b)
                    eq(got[:1] + sorted(got[1:]), want, f"{a} {b} in {algo}, skew {skew}")
                    several += len(want) > 2
    if several < 5:
        fail(f"only {several} criss-crosses: the test is too tame")


def git_renames(repo, a, b):
    out = git("-c", "core.quotePath=false", "diff-tree", "-r", "-M", "--name-status", "--diff-filter=R", a, b, cwd=repo).out
    return [tuple(line.split("\t")) for line in out.splitlines()]


def renames_agree(repo, tool, pairs):
    """(how many pairs of commits had renames, and in how many both found the same)"""
    all_, same, off = 0, 0, []
    for a, b in pairs:
        got = [(f"R{int(s):03}", x, y) for s, x, y in (line.split("\t") for line in tool.ask("renames", a, b))]
        want = git_renames(repo, a, b)
        if not want and not got:
            continue
        exact = lambda found: sorted(r for r in found if r[0] == "R100")
        all_ += 1
        if sorted(r[1:] for r in got) == sorted(r[1:] for r in want):
            same += 1
        else:
            off.append((a, b, got, want))
        if exact(want) != exact(got) and len(want) < 300:
            fail(f"exact renames of {a} {b}: {exact(got)} instead of {exact(want)}")
    return all_, same, off


@timeout(600)
def test_renames_are_those_of_git():
    rng = random.Random(5)
    for algo in FORMATS:
        repo = random_history(rng, 60, algo)
        ids = commits_of(repo)
        with Tool(repo, algo) as tool:
            all_, same, off = renames_agree(repo, tool, [(rng.choice(ids), rng.choice(ids)) for _ in range(80)])
        if all_ < 20 or same != all_:
            fail(f"{same} of {all_}: {off[:1]}")


@timeout(900)
def test_blame_is_that_of_git():
    rng, looked = random.Random(6), 0
    for algo in FORMATS:
        for skew in (False, True):
            repo = random_history(rng, 50, algo, skew)
            ids = commits_of(repo)
            with Tool(repo, algo) as tool:
                for rev in rng.sample(ids, 15):
                    for path in git("ls-tree", "-r", "--name-only", rev, cwd=repo).out.split()[:4]:
                        eq(tool.ask("blame", rev, path), git_blame(repo, rev, path), f"{rev} {path} ({algo})")
                        looked += 1
    if looked < 60:
        fail(f"only {looked} files")


def git_merge(repo, a, b):
    """(tree, the paths in conflict)"""
    done = git("-c", "merge.directoryRenames=false", "merge-tree", "--write-tree", "--allow-unrelated-histories", "--name-only", "--no-messages", a, b, cwd=repo, check=False)
    lines = done.out.split("\n")
    if done.code not in (0, 1):
        fail(f"git merge-tree: {done}")
    return lines[0], {line for line in lines[1:] if line}


def merges_agree(rng, repo, algo, pairs):
    clean = conflicts = 0
    with Tool(repo, algo) as tool:
        for a, b in pairs:
            tree, paths = git_merge(repo, a, b)
            got = tool.ask("mergetree", a, b)
            if not paths:
                eq(got, [tree], f"merging {a} {b}")
                clean += 1
            elif len(got) == 1:
                fail(f"merging {a} {b} has conflicts for git alone: {paths}")
            else:
                conflicts += 1
    return clean, conflicts


@timeout(900)
def test_trees_merge_as_git_merges_them():
    rng, clean, conflicts = random.Random(8), 0, 0
    for algo in FORMATS:
        for renames in (False, True, True):
            repo = random_history(rng, 60, algo, renames=renames)
            ids = commits_of(repo)
            more = merges_agree(rng, repo, algo, [(rng.choice(ids), rng.choice(ids)) for _ in range(70)])
            clean, conflicts = clean + more[0], conflicts + more[1]
    print(f"# {clean} clean merges, {conflicts} with conflicts")
    if clean < 50 or conflicts < 50:
        fail(f"only {clean} clean merges and {conflicts} conflicts: the test is too tame")


def strange_repo(algo):
    """Files of every kind, names of every length."""
    repo = tmp("strange")
    git("init", "-q", f"--object-format={algo}", ".", cwd=repo)
    names = ["plain.txt", "dir/deep/er/file", "x" * 99, "y" * 100, "z" * 101, "d" * 90 + "/" + "f" * 90, "e" * 160 + "/" + "g" * 99,
             "übung 中文.txt", "/".join(["part"] * 60) + "/end", "h" * 155 + "/" + "i" * 100]
    for name in names:
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"This is {name[:20]}\n" * 40)
    (repo / "empty").write_bytes(b"")
    (repo / "random").write_bytes(random.Random(1).randbytes(100000))
    (repo / "long").write_bytes(b"0123456789abcdef" * 600000)
    (repo / "run.sh").write_text("#!/bin/sh\n")
    (repo / "run.sh").chmod(0o755)
    (repo / "link").symlink_to("dir/deep")
    (repo / "far").symlink_to("t" * 150)
    git("add", "-A", cwd=repo)
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * (64 if algo == 'sha256' else 40)},module", cwd=repo)
    git("commit", "-q", "-m", "All", cwd=repo)
    return repo


def test_a_tar_file_is_byte_for_byte_that_of_git():
    for algo in FORMATS:
        repo, out = strange_repo(algo), tmp() / "out"
        head, when = git("log", "-1", "--format=%H %ct", cwd=repo).out.split()
        with Tool(repo, algo) as tool:
            eq(tool.ask("archive", "tar", head, when, out), [], "making a tar file")
        want = git("-c", "tar.umask=0002", "archive", "--format=tar", "--prefix=top-1/", head, cwd=repo).raw
        if out.read_bytes() != want:
            with tarfile.open(out) as mine, tarfile.open(fileobj=io.BytesIO(want)) as theirs:
                eq(tar_members(mine), tar_members(theirs), "members")
            fail("the bytes differ though the members are the same")


def tar_members(tar):
    return [(m.name, m.type, oct(m.mode), m.linkname, m.mtime, m.uname, zlib.crc32(tar.extractfile(m).read()) if m.isreg() else 0)
            for m in tar.getmembers()]


def zip_members(path):
    with zipfile.ZipFile(path) as z:
        eq(z.testzip(), None, "a bad member")
        return {i.filename: (i.external_attr >> 16 & 0o170111, z.read(i)) for i in z.infolist()}, z.comment


def test_a_zip_file_holds_what_that_of_git_holds():
    for algo in FORMATS:
        repo, folder = strange_repo(algo), tmp()
        head, when = git("log", "-1", "--format=%H %ct", cwd=repo).out.split()
        with Tool(repo, algo) as tool:
            eq(tool.ask("archive", "zip", head, when, folder / "mine.zip"), [], "making a zip file")
        git("archive", "--format=zip", "--prefix=top-1/", "-o", folder / "theirs.zip", head, cwd=repo)
        mine, comment = zip_members(folder / "mine.zip")
        theirs, _ = zip_members(folder / "theirs.zip")
        eq(sorted(mine), sorted(theirs), "names")
        eq(comment.decode(), head, "comment")
        for name, (mode, content) in theirs.items():
            eq(mine[name][1] == content, True, f"content of {name}")
            if mode:  # git leaves it out where it says nothing
                eq(oct(mine[name][0]), oct(mode), f"mode of {name}")


def bundle(name):
    repo = tmp("bundle")
    git("clone", "-q", "--bare", shared(f"data/{name}.bundle"), repo)
    return repo


@timeout(1500)
def test_blame_and_renames_of_real_repositories_are_those_of_git():
    rng = random.Random(7)
    for name in ("cgit", "libuv"):
        repo = bundle(name)
        commits = git("rev-list", "--no-merges", "HEAD", cwd=repo).out.split()
        with Tool(repo) as tool:
            files = [f for f in git("ls-tree", "-r", "--name-only", "HEAD", cwd=repo).out.split("\n") if f.endswith((".c", ".h", ".md"))]
            for path in rng.sample(files, 12):
                got, want = tool.ask("blame", commits[0], path), git_blame(repo, commits[0], path)
                if got != want:
                    off = [pair for pair in zip(got, want) if pair[0] != pair[1]]
                    fail(f"{name} {path}: {len(off)} of {len(want)} lines, {off[:3]}")
            far = [(commits[i + 40], commits[i]) for i in rng.sample(range(len(commits) - 40), 40)]
            near = [(f"{c}~1", c) for c in commits[:-1]]
            near = [(git("rev-parse", a, cwd=repo).out.strip(), b) for a, b in rng.sample(near, 60)]
            all_, same, off = renames_agree(repo, tool, far + near)
            print(f"# {name}: renames agree in {same} of {all_} differences")
            if same < all_ * 0.97:
                fail(f"{name}: renames agree in {same} of {all_} only: {off[:1]}")


main()
