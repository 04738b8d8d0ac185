"""git/midx*.c beside git: several packs under one index and one bitmap, judged by git and read from git."""

import struct

from histories import *

FORMATS = ("sha1", "sha256")


def checksum(path, object_format):
    return path.read_bytes()[-32 if object_format == "sha256" else -20:].hex()


def in_packs(source, object_format, count=3):
    """The same history in several packs that have no object in common: (repository, packs, biggest first)."""
    repo = tmp("packs")
    git("init", "-q", "--bare", f"--object-format={object_format}", ".", cwd=repo)
    refs = git("for-each-ref", "--sort=creatordate", "--format=%(refname)", cwd=source).out.split()
    for at in range(count):
        some = refs if at == count - 1 else refs[:len(refs) * (at + 1) // count]
        git("-c", "fetch.unpackLimit=1000000", "-c", "transfer.unpackLimit=1000000", "fetch", "-q", "--no-tags", source,
            *(f"+{ref}:{ref}" for ref in some), cwd=repo)
        git("repack", "-dq", cwd=repo)
    git("prune-packed", cwd=repo)
    packs = sorted((repo / "objects/pack").glob("*.pack"), key=lambda path: -path.stat().st_size)
    eq(len(packs), count, "packs")
    return repo, packs


def listed(packs):
    return ",".join(map(str, packs))


def counted(repo, *args):
    return int(git("rev-list", *args, "--objects", "--count", cwd=repo).out)


def judge(source, object_format, count=3):
    """Git takes our index and bitmap; we take git's; both mean the same."""
    repo, packs = in_packs(source, object_format, count)
    tips = tip_commits(repo)
    midx = repo / "objects/pack/multi-pack-index"
    plain = {tip: counted(repo, tip) for tip in tips[:8]}
    tool("midx-write", object_format, listed(packs), midx)
    git("multi-pack-index", "verify", cwd=repo)
    bitmap = midx.with_name(f"multi-pack-index-{checksum(midx, object_format)}.bitmap")
    tool("bitmap-table", object_format, listed(packs), f"{midx},{bitmap}", input="\n".join(tips))
    for tip, want in plain.items():
        git("rev-list", "--test-bitmap", tip, cwd=repo)
        eq(counted(repo, "--use-bitmap-index", tip), want, f"objects of {tip}")
    ours = tool("bitmap-dump", object_format, listed(packs), f"{midx},{bitmap}").splitlines()
    bitmap.unlink()
    midx.unlink()
    # Git counts what a pack has twice; there is none.
    git("multi-pack-index", "write", "--bitmap", f"--preferred-pack={packs[0].with_suffix('.idx').name}", cwd=repo)
    bitmap = midx.with_name(f"multi-pack-index-{checksum(midx, object_format)}.bitmap")
    theirs = tool("bitmap-dump", object_format, listed(packs), f"{midx},{bitmap}").splitlines()
    both = {line.split()[0] for line in ours} & {line.split()[0] for line in theirs}
    eq([line for line in sorted(ours) if line.split()[0] in both],
       [line for line in sorted(theirs) if line.split()[0] in both], "sets of both")
    eq(len(both) > 2, True, "some in both")


def test_git_and_we_mean_the_same():
    for seed, object_format in enumerate(FORMATS):
        judge(wild(object_format, seed=50 + seed), object_format)


def test_two_packs_and_one():
    judge(wild("sha1", seed=53), "sha1", 2)
    judge(wild("sha1", seed=54), "sha1", 1)


def sent(object_format, packs, ids, bitmap, filter="-"):
    out = tmp("send") / "out.pack"
    tool("send", object_format, listed(packs), bitmap, "-", filter, out, input="\n".join(ids))
    git("index-pack", f"--object-format={object_format}", out)
    rows = git("show-index", f"--object-format={object_format}", input=out.with_suffix(".idx").read_bytes()).out
    return {row.split()[1] for row in rows.splitlines()}, out


def closure(repo, *args):
    return set(git("rev-list", "--objects", "--no-object-names", *args, cwd=repo).out.split())


def test_what_is_sent_by_it_is_what_git_sends():
    for seed, object_format in enumerate(FORMATS):
        rng = random.Random(seed)
        repo, packs = in_packs(wild(object_format, seed=60 + seed), object_format)
        tips = tip_commits(repo)
        midx, bitmap = tmp("with") / "midx", tmp("with") / "bitmap"
        tool("midx-write", object_format, listed(packs), midx)
        tool("bitmap-write", object_format, listed(packs), f"{midx},{bitmap}", input="\n".join(rng.sample(tips, 4)))
        for filter in "-", "blob:none", "tree:0":
            for _ in range(3):
                wants, haves = rng.sample(tips, 3), rng.sample(tips, rng.randrange(2))
                some = closure(repo, *([f"--filter={filter}", "--filter-provided-objects"] if filter != "-" else []), *wants)
                need = closure(repo, *wants) - (closure(repo, *haves) if haves else set())
                left = need & (some | set(wants))
                got, _ = sent(object_format, packs, [*wants, *(f"^{have}" for have in haves)], f"{midx},{bitmap}", filter)
                eq(got, left, f"{filter}: {wants} without {haves}")


def test_a_clone_of_all_is_the_packs_one_behind_the_other():
    repo, packs = in_packs(wild("sha1", seed=65), "sha1", 2)
    midx, bitmap = tmp("with") / "midx", tmp("with") / "bitmap"
    refs = git("for-each-ref", "--format=%(objectname)", cwd=repo).out.split()
    tool("midx-write", "sha1", listed(packs), midx)
    tool("bitmap-write", "sha1", listed(packs), f"{midx},{bitmap}", input="\n".join(tip_commits(repo)))
    _, out = sent("sha1", packs, refs, f"{midx},{bitmap}")
    bodies = [pack.read_bytes()[12:-20] for pack in packs]
    eq(out.read_bytes()[12:-20] in (bodies[0] + bodies[1], bodies[1] + bodies[0]), True, "the same bytes")


def test_packs_with_an_object_in_common_are_refused():
    repo, packs = in_packs(wild("sha1", seed=66), "sha1", 2)
    again = tmp("again")
    git("pack-objects", "-q", again / "pack", cwd=repo, input=tip_commits(repo)[0] + "\n")
    [third] = again.glob("*.pack")
    got = run([TOOL, "midx-write", "sha1", listed([*packs, third]), again / "midx"], check=False)
    has(got.err, "UNSUPPORTED", "refusal")


def damage(bytes, at, value):
    return bytes[:at] + value + bytes[at + len(value):]


def test_a_damaged_index_is_refused():
    repo, packs = in_packs(wild("sha1", seed=67), "sha1", 2)
    midx, bad = tmp("with") / "midx", tmp("with") / "bad"
    tool("midx-write", "sha1", listed(packs), midx)
    good = midx.read_bytes()
    [names] = [struct.unpack(">Q", good[16 + 12 * i:24 + 12 * i])[0] for i in range(6) if good[12 + 12 * i:16 + 12 * i] == b"PNAM"]
    for what, kind in (
            (good[:100], "CORRUPT"), (damage(good, 0, b"N"), "CORRUPT"), (damage(good, 4, b"\2"), "CORRUPT"),
            (damage(good, 5, b"\2"), "CORRUPT"), (damage(good, 7, b"\1"), "UNSUPPORTED"),
            (damage(good, 8, struct.pack(">I", 3)), "CORRUPT"), (damage(good, 8, struct.pack(">I", 1 << 20)), "TOO_BIG"),
            (damage(good, 8, struct.pack(">I", 0)), "CORRUPT"), (damage(good, names, b"q"), "CORRUPT"),
            (damage(good, len(good) - 1, bytes([good[-1] ^ 1])), "CORRUPT")):
        bad.write_bytes(what)
        got = run([TOOL, "bitmap-write", "sha1", listed(packs), f"{bad},{tmp('no') / 'bitmap'}"], input="", check=False)
        has(got.err, kind, "refusal")


def test_a_pack_that_is_not_here_is_missed():
    repo, packs = in_packs(wild("sha1", seed=68), "sha1", 2)
    midx = tmp("with") / "midx"
    tool("midx-write", "sha1", listed(packs), midx)
    got = run([TOOL, "bitmap-write", "sha1", str(packs[0]), f"{midx},{tmp('no') / 'bitmap'}"], input="", check=False)
    has(got.err, "NOT_FOUND", "refusal")


def test_a_real_history():
    judge(real("cgit"), "sha1", 3)


main()
