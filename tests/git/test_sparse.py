"""git/sparse.c and base/wildmatch.c beside git: for the same patterns, the same files."""

from histories import *

NAMES = ["a", "b", "c", "ab", "abc", "b.c", "a.txt", "x.txt", "A", "B9", "9", "-", "!", "#x", "[a]", "a*", "a b", " ", "a ", "^", "]",
         "\\", "a\\b", "é", "aa", "ba", "foo", "bar", "foobar", ".a", ":", "~", "\t", "[", "d/", "n[:a]"]
ATOMS = ["a", "b", "c", "foo", "bar", "x", "txt", ".", "*", "*", "**", "?", "/", "/", "/**/", "**/", "/**", "/*/", "[a-c]", "[!a]", "[^b]",
         "[]]", "[a-]", "[]-a]", "[\\]]", "[[:alpha:]]", "[![:digit:]]", "[[:space:][:upper:]]", "[[:punct:]]", "[[a]", "[:a]", "[a",
         "[[:nope:]]", "[b-a]", "[a\\-c]", "[--9]", "[/]", "\\*", "\\", "\\a", "\\/", "\\ ", " ", "é", "??", "***", "*a", "a*", "foo**/",
         "[[:xdigit:]]", "[[:graph:]]*", "[!/]", "[[::]]", "[[:]]", "[a-[:digit:]]", "[[:lower:]-z]", "[", "]", "!", "#", "[\\", "[a-\\"]
ODD = ["", "#", "# a", "\\#x", "\\!", "  ", "\r", "/", "!", "!/", "//", "\0", "a\0b", "*/", "!*/", "\t"]


def pattern(rng):
    line = "".join(rng.choice(ATOMS) for _ in range(rng.choice([1, 1, 2, 2, 3, 3, 4, 5, 7])))
    line = rng.choice(["", "", "", "/"]) + line + rng.choice(["", "", "", "/"])
    return rng.choice(["", "", "!"]) + line + rng.choice([""] * 12 + [" ", "  ", "\r", "\\ ", " \\"])


def patterns(rng):
    lines = [pattern(rng) for _ in range(rng.choice([1, 1, 1, 2, 3, 4, 6, 12]))]
    if rng.randrange(3) == 0:
        # All but what comes.
        lines.insert(0, rng.choice(["*", "/*", "**", "/**", "a", "!*"]))
    if rng.randrange(4) == 0:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(ODD))
    return rng.choice(["", "", "", "\ufeff"]) + rng.choice(["\n", "\n", "\r\n"]).join(lines) + rng.choice(["\n", ""])


def data(text):
    return f"data {len(text.encode())}\n{text}\n"


def quoted(path):
    return '"' + path.replace("\\", "\\\\") + '"'


def history(rng, lists, object_format="sha1", commits=8):
    """
    A bare repository in one pack: hard names, trees that lie at several paths, blobs that do too, and
    `lists` as blobs. Its path and their ids.
    """
    path = tmp("sparse")
    git("init", "-q", "--bare", f"--object-format={object_format}", ".", cwd=path)
    out, tops = [], set()
    for n in range(1, commits + 1):
        out.append(f"commit refs/heads/main\ncommitter A <a@b> {n} +0000\n{data('x')}")
        for i in range(120 if n == 1 else rng.randrange(8)):
            parts = [rng.choice(NAMES).strip("/") for _ in range(rng.choice([1, 2, 2, 3, 3, 4, 5]))]
            tops.add(parts[0])
            mode = rng.choice(["100644"] * 6 + ["100755", "120000"])
            out.append(f"M {mode} inline {quoted('/'.join(parts))}\n{data(rng.choice([f'{n} {i}'] * 3 + [str(i % 5)]))}")
        for copy in rng.sample(["copy", "of/copy", "x/y/z", "foobar/bar/foo"], rng.randrange(3)):
            out.append(f"C {quoted(rng.choice(sorted(tops)))} {quoted(copy)}\n")
        if n == 4:
            out.append(f"M 160000 {'1' * (64 if object_format == 'sha256' else 40)} module\n")
    out.append(f"commit refs/heads/lists\ncommitter A <a@b> 1 +0000\n{data('x')}")
    out += [f"M 100644 inline l/{i}\n{data(text)}" for i, text in enumerate(lists)]
    git("fast-import", "--quiet", cwd=path, input="".join(out))
    git("repack", "-adfq", cwd=path)
    rows = git("ls-tree", "refs/heads/lists:l", cwd=path).out.splitlines()
    ids = {int(row.split("\t")[1]): row.split()[2] for row in rows}
    return path, [ids[i] for i in range(len(lists))]


def sent(repo, object_format, ids, filter):
    return set(tool("list", object_format, pack_of(repo), "-", "-", filter, input="\n".join(ids)).split())


def wanted(repo, ids, filter):
    return set(git("rev-list", "--objects", "--no-object-names", f"--filter={filter}", *ids, cwd=repo).out.split())


def judge(seed, count, object_format="sha1"):
    rng = random.Random(f"sparse {seed}")
    lists = [patterns(rng) for _ in range(count)]
    repo, ids = history(rng, lists, object_format)
    main = git("rev-parse", "main", cwd=repo).out.strip()
    counts = set()
    for text, id in zip(lists, ids):
        got, want = sent(repo, object_format, [main], f"sparse:oid={id}"), wanted(repo, [main], f"sparse:oid={id}")
        if got != want:
            rows = git("rev-list", "--objects", main, cwd=repo).out.splitlines()
            paths = dict(row.partition(" ")[::2] for row in rows)
            fail(f"{text!r}: missing {[paths[i] for i in sorted(want - got)][:9]}, surplus {[paths[i] for i in sorted(got - want)][:9]}")
        counts.add(len(got))
    return counts


def test_random_patterns_and_histories():
    for seed in range(3):
        counts = judge(seed, 50)
        eq(len(counts) > 10, True, f"answers of many kinds: {counts}")


def test_so_it_is_with_sha256():
    judge("sha256", 25, "sha256")


def test_combined_with_other_filters():
    """git leaves out what one of the filters has shown before, at a path where another did not; we do not."""
    rng, exact = random.Random("combined"), 0
    lists = [patterns(rng) for _ in range(30)]
    repo, ids = history(rng, lists)
    main = git("rev-parse", "main", cwd=repo).out.strip()
    for text, id in zip(lists, ids):
        other = rng.choice(["tree:1", "tree:2", "tree:3", "blob:limit=4", "blob:none", "object:type=blob", "object:type=tree"])
        filter = f"combine:{rng.choice(['sparse:oid=', 'sparse%3Aoid%3D'])}{id}+{other}"
        got, want = sent(repo, "sha1", [main], filter), wanted(repo, [main], filter)
        both = wanted(repo, [main], f"sparse:oid={id}") & wanted(repo, [main], other)
        eq((want - got, got - both), (set(), set()), f"missing and surplus with {other} and {text!r}")
        exact += got == want
    eq(exact > 20, True, f"mostly the same as git: {exact}")


def test_what_the_other_side_has_is_not_sent():
    rng = random.Random("haves")
    lists = [patterns(rng) for _ in range(30)]
    repo, ids = history(rng, lists, commits=20)
    for text, id in zip(lists, ids):
        filter, have = f"sparse:oid={id}", git("rev-parse", f"main~{rng.randrange(1, 12)}", cwd=repo).out.strip()
        main = git("rev-parse", "main", cwd=repo).out.strip()
        known = set(git("rev-list", "--objects", "--no-object-names", have, cwd=repo).out.split())
        got, want = sent(repo, "sha1", [main, f"^{have}"], filter), wanted(repo, [main], filter)
        eq(want - known - got, set(), f"missing with {text!r} from {have}")
        eq(got - want, set(), f"not asked for with {text!r} from {have}")


def test_a_wanted_folder_is_where_paths_begin():
    rng = random.Random("folders")
    lists = [patterns(rng) for _ in range(20)]
    repo, ids = history(rng, lists)
    rows = [row.split() for row in git("ls-tree", "-r", "-t", "main", cwd=repo).out.splitlines()]
    trees = sorted({row[2] for row in rows if row[1] == "tree"})
    for text, id in zip(lists, ids):
        tree, filter = rng.choice(trees), f"sparse:oid={id}"
        eq(sent(repo, "sha1", [tree], filter), wanted(repo, [tree], filter), f"{tree} with {text!r}")


main()
