"""History by path, beside git: with a commit-graph and its filters, with part of it, with a damaged one, with none."""

from histories import *
from reading import *


def chunk_of(raw, name, hash_size):
    """(from, to) of a chunk of a commit-graph file."""
    rows = [raw[8 + 12 * i:20 + 12 * i] for i in range(raw[6] + 1)]
    for row, after in zip(rows, rows[1:]):
        if row[:4] == name:
            return int.from_bytes(row[4:], "big"), int.from_bytes(after[4:], "big")
    fail(f"no chunk {name}")


def damaged(rng, raw, hash_size):
    """Filters that end beyond the end, here and there."""
    raw = bytearray(raw)
    start, end = chunk_of(raw, b"BIDX", hash_size)
    for at in range(start, end, 4):
        if rng.randrange(3) == 0:
            raw[at:at + 4] = b"\xff" * 4
    return bytes(raw)


def no_commits(rng, raw, hash_size):
    """Commits whose parents are not there, here and there."""
    raw = bytearray(raw)
    start, end = chunk_of(raw, b"CDAT", hash_size)
    for at in range(start + hash_size, end, hash_size + 16):
        if rng.randrange(3) == 0:
            raw[at:at + 4] = b"\x6f" * 4
    return bytes(raw)


def graphs_of(rng, repo, algo):
    """{what it is: a commit-graph file, or "-" for none}"""
    made, folder, size = repo / "objects/info/commit-graph", tmp("graphs"), 32 if algo == "sha256" else 20
    tips = tip_commits(repo)

    def keep(name, raw=None):
        path = folder / name
        path.write_bytes(raw or made.read_bytes())
        if not raw:
            made.unlink()
        return path

    def write(*args, **more):
        made.unlink(missing_ok=True)
        git("commit-graph", "write", *args, cwd=repo, **more)

    out = {"none": "-"}
    write("--reachable", "--changed-paths")
    out["all"] = keep("all")
    raw = out["all"].read_bytes()
    write("--reachable", "--no-changed-paths")
    out["no filters"] = keep("plain")
    write("--stdin-commits", "--changed-paths", input="\n".join(rng.sample(tips, max(1, len(tips) // 3))))
    out["a part"] = keep("part")
    out["damaged filters"] = keep("damaged", damaged(rng, raw, size))
    out["damaged commits"] = keep("broken", no_commits(rng, raw, size))
    return out


def git_log(repo, rev, path, *args):
    return git("--literal-pathspecs", "log", "--format=%H", *args, rev, "--", path, cwd=repo).out.split()


def names_of(repo, rev, *args, types=("blob", "tree", "commit")):
    lines = git("ls-tree", "-z", *args, rev, cwd=repo).out.split("\0")
    return [line.split("\t")[1] for line in lines if line and line.split()[1] in types]


def judge(repo, algo, seed, revs, files=6):
    """How much was compared: logs, last changes, blamed files."""
    rng, counts = random.Random(f"judge {seed}"), [0, 0, 0]
    graphs = graphs_of(rng, repo, algo)
    with Tool(repo, algo) as tool:

        def same(want, what, *words, order=list):
            for name, graph in graphs.items():
                eq(tool.ask("graph", graph), [], name)
                eq(order(tool.ask(*words)), want, f"{what} (commit-graph: {name})")

        for rev in revs:
            all_files = names_of(repo, rev, "-r")
            blobs = names_of(repo, rev, "-r", types=("blob",))
            folders = names_of(repo, rev, "-r", "-t", types=("tree",))
            paths = rng.sample(all_files, min(files, len(all_files))) + rng.sample(folders, min(3, len(folders)))
            for path in [*paths, "a", "src", "never/there"]:
                same(git_log(repo, rev, path), f"the log of {rev} {path}", "log", rev, path)
                counts[0] += 1
            same(git("log", "--format=%H", rev, cwd=repo).out.split(), f"the log of {rev}", "log", rev, "")
            for path in paths[:3]:
                if path in blobs:
                    same(git_blame(repo, rev, path), f"blame of {rev} {path}", "blame", rev, path)
                    counts[2] += 1
            for folder in ["", *rng.sample(folders, min(2, len(folders)))]:
                entries = names_of(repo, f"{rev}:{folder}")
                if len(entries) > 40:
                    continue
                of = lambda name: git_log(repo, rev, f"{folder}/{name}".strip("/") or ".", "-1")[0]
                want = [f"{of(name)} {name}" for name in entries] + [f"{of('')} "]
                tool.ask("forget")
                for steps in 10 ** 9, 1, 3:
                    for name, graph in graphs.items():
                        if steps < 100 and name in ("none", "all"):
                            tool.ask("forget")
                        tool.ask("graph", graph)
                        got = tool.ask("last", rev, folder, steps)
                        wrong = [(a, b) for a, b in zip(got, want, strict=True) if a != b and a[:2] != "- "]
                        if wrong or steps > 100 and got != want:
                            fail(f"the last changes of {rev} {folder!r}, {steps} steps, commit-graph: {name}: {wrong}")
                        counts[1] += len(got)
    return counts


def judge_later_looks(repo, algo, seed, folder):
    """Looks at one folder in many commits, each by what those before it found, given up and taken up again."""
    rng = random.Random(f"looks {seed}")
    revs = [rev for rev in tip_commits(repo)
            if git("cat-file", "-t", f"{rev}:{folder}", cwd=repo, check=False).out.strip() == "tree"]
    graphs = list(graphs_of(rng, repo, algo).values())
    with Tool(repo, algo) as tool:
        truth = {}
        for rev in revs:
            tool.ask("forget")
            truth[rev] = tool.ask("last", rev, folder, 10 ** 9)
        tool.ask("forget")
        for _ in range(60):
            rev = rng.choice(revs)
            tool.ask("graph", rng.choice(graphs))
            got = tool.ask("last", rev, folder, rng.choice([1, 2, 5, 10 ** 9]))
            for a, b in zip(got, truth[rev], strict=True):
                if a != b and a[:2] != "- ":
                    fail(f"{rev} {folder!r}: {a!r} instead of {b!r}")


@timeout(900)
def test_wild_histories():
    for seed, algo in (41, "sha1"), (42, "sha256"), (43, "sha1"):
        repo = wild(algo, seed=seed)
        tips = tip_commits(repo)
        counts = judge(repo, algo, seed, random.Random(seed).sample(tips, 5))
        print(f"# {counts[0]} logs, {counts[1]} last changes, {counts[2]} files blamed")
        judge_later_looks(repo, algo, seed, "")


@timeout(900)
def test_random_histories_with_honest_and_with_lying_clocks():
    rng = random.Random(44)
    for algo in FORMATS:
        for skew in (False, True):
            repo = random_history(rng, 50, algo, skew)
            counts = judge(repo, algo, skew, rng.sample(commits_of(repo), 4))
            print(f"# {counts[0]} logs, {counts[1]} last changes, {counts[2]} files blamed")
            judge_later_looks(repo, algo, skew, "src")


@timeout(900)
def test_merge_bases_with_all_or_some_generations():
    rng, several = random.Random(45), 0
    for algo in FORMATS:
        for skew in (False, True):
            repo = random_history(rng, 60, algo, skew, files=1)
            ids, graphs = commits_of(repo), graphs_of(rng, repo, algo)
            with Tool(repo, algo) as tool:
                for _ in range(40):
                    a, b = rng.choice(ids), rng.choice(ids)
                    want = git_bases(repo, a, b)
                    several += len(want) > 2
                    for name, graph in graphs.items():
                        tool.ask("graph", graph)
                        got = tool.ask("bases", a, b)
                        eq(got[:1] + sorted(got[1:]), want, f"{a} {b} in {algo}, skew {skew} (commit-graph: {name})")
    if several < 5:
        fail(f"only {several} criss-crosses: the test is too tame")


@timeout(900)
def test_a_real_history():
    repo = real("cgit")
    judge(repo, "sha1", 46, [git("rev-parse", "HEAD", cwd=repo).out.strip()], files=12)


main()
