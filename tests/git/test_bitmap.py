"""git/bitmap*.c beside git: git takes what we write, and both mean the same by it."""

from histories import *


def rows(text):
    out = {}
    for line in text.splitlines():
        name, *what = line.split()
        out[name] = what
    return out


def judge(repo, object_format, verb="bitmap-write"):
    """Our bitmap beside git's pack, judged by git; then git's, read by us. Returns the rows of ours."""
    pack = pack_of(repo)
    file = pack.with_suffix(".bitmap")
    tips = tip_commits(repo)
    file.unlink(missing_ok=True)
    want = git("rev-list", "--objects", "--count", "--all", cwd=repo).out
    tool(verb, object_format, pack, file, input="\n".join(tips))
    ours = rows(tool("bitmap-dump", object_format, pack, file))
    eq(set(tips) - set(ours), set(), "tips without an entry")
    eq(git("rev-list", "--use-bitmap-index", "--objects", "--count", "--all", cwd=repo).out, want, "objects")
    for tip in tips[:5]:
        git("rev-list", "--test-bitmap", tip, cwd=repo)
        for extra in [], ["--filter=blob:none"], ["--filter=tree:0"], ["--filter=object:type=tree"]:
            counts = [git("rev-list", *bitmap, "--objects", "--count", *extra, tip, f"^{tips[-1]}", cwd=repo).out
                      for bitmap in ([], ["--use-bitmap-index"])]
            # Without a bitmap git may list objects that the excluded side has.
            eq(int(counts[1]) <= int(counts[0]), True, f"{tip} {extra}: {counts}")
        eq(int(ours[tip][0]), int(git("rev-list", "--count", tip, cwd=repo).out), f"commits of {tip}")
        objects = git("rev-list", "--objects", "--no-object-names", tip, cwd=repo).out.split()
        eq(sum(map(int, ours[tip][:4])), len(objects), f"objects of {tip}")
    file.unlink()
    git("repack", "-adbq", cwd=repo)
    pack = pack_of(repo)
    theirs = rows(tool("bitmap-dump", object_format, pack, pack.with_suffix(".bitmap")))
    both = set(ours) & set(theirs)
    eq({name: ours[name] for name in both}, {name: theirs[name] for name in both}, "sets of both")
    eq(len(both) > 1, True, "some in both")
    return ours


def test_a_wild_history():
    judge(wild("sha1"), "sha1")


def test_a_wild_history_of_sha256():
    judge(wild("sha256", seed=2), "sha256")


def test_with_a_lookup_table():
    judge(wild("sha1", seed=4), "sha1", "bitmap-table")


def test_ten_small_histories():
    for seed in range(10, 20):
        judge(wild("sha1", commits=3 * (seed - 9), seed=seed), "sha1")


def test_git_writes_lookup_tables_that_are_read():
    repo = wild("sha1", seed=5)
    git("-c", "pack.writeBitmapLookupTable=true", "repack", "-adbq", cwd=repo)
    pack = pack_of(repo)
    got = rows(tool("bitmap-dump", "sha1", pack, pack.with_suffix(".bitmap")))
    eq(len(got) > 2, True, "entries")


def test_git_makes_the_same_pack_with_it():
    repo = wild("sha1", seed=6)
    pack = pack_of(repo)
    wanted = "\n".join(tip_commits(repo)[:3]) + "\n"
    packs = []
    for use in False, True:
        if use:
            tool("bitmap-write", "sha1", pack, pack.with_suffix(".bitmap"), input="\n".join(tip_commits(repo)))
        done = subprocess.run(["git", "-c", f"pack.useBitmaps={str(use).lower()}", "pack-objects", "--revs", "--stdout",
                               "-q"], cwd=repo, input=wanted.encode(), capture_output=True, check=True, env=git_env())
        where = tmp("pack") / "a.pack"
        where.write_bytes(done.stdout)
        git("index-pack", where, cwd=repo)
        packs.append({line.split()[1] for line in
                      git("show-index", cwd=repo, input=where.with_suffix(".idx").read_bytes()).out.splitlines()})
    eq(packs[0], packs[1], "objects of the pack")


def test_a_pack_that_lacks_something_is_refused():
    repo = wild("sha1", seed=7)
    tips = tip_commits(repo)
    git("repack", "-adq", cwd=repo)
    names = git("rev-list", "--objects", "--all", "--no-object-names", cwd=repo).out.split()
    commits = set(git("rev-list", "--all", cwd=repo).out.split())
    whole = [name for name in names if name not in commits]
    folder = tmp("part")
    git("pack-objects", "-q", folder / "part", cwd=repo, input="\n".join(list(commits) + whole[5:]) + "\n")
    [part] = folder.glob("*.pack")
    got = run([TOOL, "bitmap-write", "sha1", part, folder / "b"], input="\n".join(tips), check=False)
    has(got.err, "NOT_FOUND", "refusal")


def test_a_real_history():
    judge(real("libuv"), "sha1")


main()
