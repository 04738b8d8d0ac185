"""git/enumerate*.c with and without bitmap and commit-graph: what git would send is sent."""

from histories import *


def sent(repo, object_format, ids, bitmap, graph, filter):
    """The ids of the objects in the pack that we make, which git has checked."""
    out = tmp("send") / "out.pack"
    tool("send", object_format, pack_of(repo), bitmap, graph, filter or "-", out, input="\n".join(ids))
    git("index-pack", f"--object-format={object_format}", out)
    rows = git("show-index", f"--object-format={object_format}", input=out.with_suffix(".idx").read_bytes()).out
    return {row.split()[1] for row in rows.splitlines()}


def closure(repo, *args):
    return set(git("rev-list", "--objects", "--no-object-names", *args, cwd=repo).out.split())


def judge(repo, object_format, rounds, seed):
    rng = random.Random(seed)
    folder, tips = tmp("with"), tip_commits(repo)
    bitmap, graph = folder / "bitmap", folder / "graph"
    tool("bitmap-write", object_format, pack_of(repo), bitmap, input="\n".join(rng.sample(tips, len(tips) // 2)))
    tool("graph-write", object_format, pack_of(repo), graph, input="\n".join(tips))
    for _ in range(rounds):
        wants = rng.sample(tips, rng.randrange(1, 4))
        haves = rng.sample(tips, rng.randrange(0, 3))
        ids = wants + [f"^{have}" for have in haves]
        need = closure(repo, *wants) - (closure(repo, *haves) if haves else set())
        for filter in None, "blob:none", "tree:0", "object:type=blob":
            left = set(wants) & need | (need if not filter else
                                        need & closure(repo, f"--filter={filter}", "--filter-provided-objects", *wants))
            by_bitmap = sent(repo, object_format, ids, bitmap, graph, filter)
            eq(by_bitmap, left, f"{filter} by bitmap for {ids}")
            if filter and rng.randrange(3):
                continue
            for more in (("-", graph), ("-", "-"), (bitmap, "-")):
                got = sent(repo, object_format, ids, *more, filter)
                eq(left - got, set(), f"{filter} missing with {more}")
                eq(got - closure(repo, *wants), set(), f"{filter} not asked for with {more}")


def judge_tags(repo, object_format):
    """Tags of tags, of a tree and of a blob or folder are wanted with a commit, or by themselves."""
    tips, graph, bitmap = tip_commits(repo), "-", tmp("with") / "bitmap"
    tool("bitmap-write", object_format, pack_of(repo), bitmap, input="\n".join(tips))
    tags = git("for-each-ref", "--format=%(objectname)", "refs/tags", cwd=repo).out.split()
    for wants in tags, [tips[0], *tags], [tips[0], tags[-1]], *([tag] for tag in tags):
        got = sent(repo, object_format, wants, bitmap, graph, None)
        eq(got, closure(repo, *wants), f"with tags {wants}")
        got = sent(repo, object_format, [*wants, f"^{tips[-1]}"], bitmap, graph, None)
        need = closure(repo, *wants) - closure(repo, tips[-1])
        eq(need - got, set(), f"missing with tags {wants}")
        eq(got - closure(repo, *wants), set(), f"not asked for with tags {wants}")


def test_tags_of_all_kinds():
    judge_tags(wild("sha1", seed=23), "sha1")
    judge_tags(wild("sha256", seed=24), "sha256")


def test_a_wild_history():
    judge(wild("sha1", seed=21), "sha1", 6, 1)


def test_a_wild_history_of_sha256():
    judge(wild("sha256", seed=22), "sha256", 4, 2)


def test_a_clone_of_all_is_the_pack_itself():
    repo = wild("sha1", seed=25)
    bitmap, out = tmp("with") / "bitmap", tmp("send") / "out.pack"
    tool("bitmap-write", "sha1", pack_of(repo), bitmap, input="\n".join(tip_commits(repo)))
    refs = git("for-each-ref", "--format=%(objectname)", cwd=repo).out
    for use in bitmap, "-":
        tool("send", "sha1", pack_of(repo), use, "-", "-", out, input=refs)
        eq(out.read_bytes() == pack_of(repo).read_bytes(), True, f"the same bytes with {use}")


def test_small_histories():
    for seed in range(30, 36):
        judge(wild("sha1", commits=3 * (seed - 28), seed=seed), "sha1", 2, seed)


def test_a_real_history():
    judge(real("cgit"), "sha1", 2, 3)


main()
