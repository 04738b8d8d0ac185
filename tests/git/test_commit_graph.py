"""git/commit_graph*.c beside git: the same bytes, and the same answers from them."""

from histories import *


def judge(repo, object_format):
    """We write what git writes; git takes it; we read what git wrote."""
    ours = tmp("graph") / "commit-graph"
    tool("graph-write", object_format, pack_of(repo), ours, input="\n".join(tip_commits(repo)))
    git("commit-graph", "write", "--reachable", "--changed-paths", cwd=repo)
    theirs = repo / "objects/info/commit-graph"
    eq(ours.read_bytes() == theirs.read_bytes(), True, "the same bytes")
    theirs.unlink()
    shutil.copyfile(ours, theirs)
    git("commit-graph", "verify", cwd=repo)

    rows = {}
    for line in tool("graph-dump", object_format, theirs).splitlines():
        id, tree, date, level, generation, filter, *parents = line.split()
        rows[id] = (tree, date, parents, int(level), int(generation), filter)
    want = git("-c", "core.commitGraph=false", "log", "--all", "--format=%H %T %ct %P", cwd=repo).out.splitlines()
    eq(len(rows), len(want), "commits")
    for line in want:
        id, tree, date, *parents = line.split()
        eq(rows[id][:3], (tree, date, parents), id)
        eq(rows[id][3], 1 + max([rows[p][3] for p in parents], default=0), f"level of {id}")
        eq(rows[id][4], max([int(date) or 1, *(rows[p][4] + 1 for p in parents)]), f"generation of {id}")
    return rows


def test_a_wild_history():
    judge(wild("sha1"), "sha1")


def test_a_wild_history_of_sha256():
    judge(wild("sha256", seed=2), "sha256")


def test_ten_small_histories():
    for seed in range(10, 20):
        judge(wild("sha1", commits=3 * (seed - 9), seed=seed), "sha1")


def test_filters_name_every_commit_that_changed_a_path():
    repo = wild("sha1", seed=3)
    rows = judge(repo, "sha1")
    graph = repo / "objects/info/commit-graph"
    for path in "a", "a/x", "many/599", "almost", "schön 7.c", "module", "never/there":
        may = set(tool("graph-filter", "sha1", graph, path).split())
        did = set()
        for id in rows:
            parents = rows[id][2]
            against = parents[0] if parents else git("hash-object", "-t", "tree", "/dev/null", cwd=repo).out.strip()
            if git("diff", "--quiet", against, id, "--", path, cwd=repo, check=False).code:
                did.add(id)
        eq(did - may, set(), f"commits that changed {path} and are not named")
        if path == "never/there":
            eq(len(may) < len(rows) / 2, True, f"a filter that filters ({len(may)} of {len(rows)})")


def test_a_real_history():
    judge(real("libuv"), "sha1")


main()
