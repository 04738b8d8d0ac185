"""Clone and fetch with the real git client: protocols, shallow and partial histories, negotiation."""

import re

from harness import *

FORMATS = ("sha1", "sha256")
PROTOCOLS = (0, 1, 2)

_server = None


def server():
    global _server
    if _server is None:
        _server = Nimbus(shared=True)
    return _server


def publish(path, name, *refspecs):
    """Pushes a repository under a new name; returns its URL."""
    format = git("rev-parse", "--show-object-format", cwd=path).out.strip()
    server().create_repo(name, object_format=format)
    url = server().git_url(name)
    git("push", "-q", url, *(refspecs or ("--all",)), cwd=path)
    if not refspecs:
        git("push", "-q", "--tags", url, cwd=path)
    return url


def objects(path, *what):
    """The ids of all objects that `what` (or all refs) leads to."""
    return set(git("rev-list", "--objects", "--no-object-names", *(what or ("--all",)), cwd=path).out.split())


def present(path):
    """The ids of all objects that lie there."""
    return set(git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)", cwd=path).out.split())


def same_objects(got, want, what):
    """Compares two sets of ids, and tells only what differs."""
    if got != want:
        fail(f"{what}: missing {sorted(want - got)[:5]} of {len(want - got)}, "
             f"surplus {sorted(got - want)[:5]} of {len(got - want)}")


def fsck(path):
    result = git("fsck", "--strict", "--no-dangling", cwd=path, check=False)
    # A promised object that is not here is no error to git fsck; everything else is.
    if result.code or "error" in result.err:
        fail(f"git fsck: {result}")


def received(result):
    """How many objects the client says that it was sent."""
    found = re.search(r"Total (\d+) \(delta", result.err)
    return int(found.group(1)) if found else 0


def clone(url, *options, protocol=2):
    path = tmp("clone")
    git("clone", "-q", *options, url, path, protocol=protocol)
    return path


def fetch(path, *options, protocol=2, check=True):
    return git("fetch", "--progress", *options, cwd=path, protocol=protocol, check=check)


def pkt(text):
    return f"{len(text) + 4:04x}{text}"


def ask(name, body, protocol=2, type="application/x-git-upload-pack-request", **more):
    headers = {"Content-Type": type}
    if protocol:
        headers["Git-Protocol"] = f"version={protocol}"
    return server().request("POST", f"/{name}.git/git-upload-pack", body, headers, **more)


def test_clone_gives_the_same_refs_and_objects_in_every_protocol_and_format():
    for format in FORMATS:
        source = make_repo(25, seed=7, object_format=format)
        url = publish(source, f"same-{format}")
        for protocol in PROTOCOLS:
            copy = clone(url, "--mirror", protocol=protocol)
            fsck(copy)
            eq(refs(copy), refs(url), f"refs with {format}, protocol {protocol}")
            same_objects(objects(copy), objects(source), "objects")
            eq(git("symbolic-ref", "HEAD", cwd=copy).out.strip(), "refs/heads/main", "HEAD")


def test_refs_are_listed_alike_in_every_protocol():
    url = publish(make_repo(5), "listed")
    want = git("ls-remote", url, protocol=0).out
    has(want, "refs/tags/v2^{}")
    for protocol in (1, 2):
        eq(git("ls-remote", url, protocol=protocol).out, want, f"protocol {protocol}")
    eq(git("ls-remote", "--symref", url, "HEAD").out.splitlines()[0], "ref: refs/heads/main\tHEAD", "HEAD")
    eq(len(git("ls-remote", "--heads", url).out.splitlines()), 2, "heads")


def test_an_empty_repository_is_cloned_with_the_name_of_its_branch():
    for format in FORMATS:
        server().create_repo(f"empty-{format}", default_branch="trunk", object_format=format)
        for protocol in PROTOCOLS:
            copy = clone(server().git_url(f"empty-{format}"), protocol=protocol)
            eq(git("ls-remote", "origin", cwd=copy, protocol=protocol).out, "", "refs")
            if protocol == 2:
                eq(git("symbolic-ref", "HEAD", cwd=copy).out.strip(), "refs/heads/trunk", "HEAD")


def test_a_single_branch_brings_only_what_it_leads_to():
    source = make_repo(6)
    git("checkout", "-q", "-b", "other", cwd=source)
    commit_file(source, "only-other.txt", "other\n")
    url = publish(source, "single")
    copy = clone(url, "--single-branch", "--branch", "main", "--no-tags")
    # With the tags of what it leads to: git asks for these whatever --no-tags says.
    tag = git("rev-parse", "v2", cwd=source).out.strip()
    same_objects(present(copy) | {tag}, objects(source, "main") | {tag}, "objects")


def test_a_fetch_of_one_commit_sends_only_what_is_new():
    for format in FORMATS:
        source = make_repo(30, files=40, object_format=format)
        url = publish(source, f"one-{format}")
        for protocol in PROTOCOLS:
            copy = clone(url, protocol=protocol)
            commit_file(source, "docs/file2.txt", f"now {format} {protocol}\n")
            git("push", "-q", url, "main", cwd=source)
            result = fetch(copy, "origin", protocol=protocol)
            eq(received(result), 4, f"objects sent ({result.err})")  # commit, two trees, blob
            fsck(copy)
            eq(git("rev-parse", "origin/main", cwd=copy).out, git("rev-parse", "main", cwd=source).out, "main")


def test_a_fetch_with_nothing_new_sends_nothing():
    url = publish(make_repo(5), "nothing-new")
    for protocol in PROTOCOLS:
        copy = clone(url, protocol=protocol)
        eq(received(fetch(copy, "origin", protocol=protocol)), 0, "objects sent")


def test_negotiation_finds_what_two_diverged_histories_share():
    source = make_repo(300, merges=False)
    url = publish(source, "diverged")
    for protocol in PROTOCOLS:
        copy = clone(url, protocol=protocol)
        for n in range(60):
            git("commit", "-q", "--allow-empty", "-m", f"mine {n}", cwd=copy)
        for n in range(3):
            git("commit", "-q", "--allow-empty", "-m", f"theirs {n} {protocol}", cwd=source)
        git("push", "-q", url, "main", cwd=source)
        eq(received(fetch(copy, "origin", protocol=protocol)), 3, "objects sent")
        fsck(copy)


def test_tags_follow_what_they_point_at():
    source = make_repo(4)
    url = publish(source, "tags", "main")
    for protocol in PROTOCOLS:
        copy = clone(url, protocol=protocol)
        commit_file(source, "tagged.txt", f"{protocol}\n")
        git("tag", "-a", "-m", "inner", f"inner-{protocol}", cwd=source)
        git("tag", "-a", "-m", "outer", f"outer-{protocol}", f"inner-{protocol}", cwd=source)
        git("push", "-q", url, "main", f"inner-{protocol}", f"outer-{protocol}", cwd=source)
        fetch(copy, "origin", protocol=protocol)
        names = git("tag", cwd=copy).out.split()
        has(names, f"inner-{protocol}", "tags")
        has(names, f"outer-{protocol}", "tags")
        fsck(copy)


def test_a_commit_can_be_fetched_by_its_id():
    source = make_repo(8, merges=False)
    url = publish(source, "by-id")
    old = git("rev-parse", "main~3", cwd=source).out.strip()
    for protocol in PROTOCOLS:
        copy = tmp("by-id")
        git("init", "-q", copy)
        git("fetch", "-q", url, old, cwd=copy, protocol=protocol)
        same_objects(present(copy), objects(source, old), "objects")
        result = git("fetch", url, "1" * 40, cwd=copy, protocol=protocol, check=False)
        has(result.err, "not our ref " + "1" * 40, "the refusal")


def test_shallow_clones_deepen_and_become_whole():
    for format in FORMATS:
        source = make_repo(40, object_format=format)
        url = publish(source, f"deep-{format}")
        for protocol in PROTOCOLS:
            copy = clone(url, "--depth", "1", protocol=protocol)
            eq(git("rev-list", "--count", "HEAD", cwd=copy).out.strip(), "1", "commits at depth 1")
            ids = set(git("rev-parse", "main", "v2", cwd=source).out.split())
            same_objects(present(copy) | ids, objects(source, "main^{tree}") | ids, "objects at depth 1")
            for step in (("--depth", "4"), ("--deepen", "3"), ("--depth", "2"), ("--deepen", "5"), ("--unshallow",)):
                fetch(copy, *step, "origin", protocol=protocol)
                fsck(copy)
            same_objects(objects(copy, "origin/main"), objects(source, "main"), "objects when whole")
            eq((copy / ".git/shallow").exists(), False, "the file of shallow commits")


def test_shallow_boundaries_are_those_that_git_chooses():
    source = make_repo(60, seed=5)
    url = publish(source, "boundaries")
    dates = git("log", "--format=%ct", "main", cwd=source).out.split()
    for options in (["--depth", "5"], ["--depth", "17"], [f"--shallow-since={dates[30]}"],
                    ["--shallow-exclude=refs/heads/topic"], ["--shallow-exclude=v1"]):
        expected = tmp("expected")
        reference = git("clone", "-q", "--bare", *options, f"file://{source}", expected, check=False)
        for protocol in PROTOCOLS:
            copy = tmp("copy")
            result = git("clone", "-q", "--bare", *options, url, copy, protocol=protocol, check=False)
            eq(result.code, reference.code, f"exit code of {options}: {result}")
            if reference.code:
                has(result.err, "no commits selected for shallow requests")
                continue
            eq(sorted((copy / "shallow").read_text().split()), sorted((expected / "shallow").read_text().split()),
               f"boundaries for {options}, protocol {protocol}")
            same_objects(objects(copy), objects(expected), "objects")
            fsck(copy)


def test_a_shallow_clone_fetches_new_commits_and_little_else():
    source = make_repo(30, files=30)
    url = publish(source, "ci")
    for protocol in PROTOCOLS:
        copy = clone(url, "--depth", "1", protocol=protocol)
        commit_file(source, "docs/file2.txt", f"ci {protocol}\n")
        git("push", "-q", url, "main", cwd=source)
        result = fetch(copy, "--depth", "1", "origin", "main", protocol=protocol)
        eq(received(result), 4, f"objects sent ({result.err})")
        fsck(copy)


def test_filters_leave_out_what_git_leaves_out():
    source = make_repo(20, files=12)
    commit_file(source, "big.bin", "0123456789abcdef" * 500)
    url = publish(source, "filters")
    for filter in ("blob:none", "blob:limit=0", "blob:limit=1k", "blob:limit=100000", "tree:0", "tree:1", "tree:2",
                   "object:type=tree", "object:type=commit", "combine:blob:none+tree:2",
                   "combine:blob%3Alimit%3D1k+object:type%3Dblob"):
        for protocol in (0, 2):
            copy = clone(url, "--bare", f"--filter={filter}", protocol=protocol)
            wanted = set(refs(url).values())
            expected = set(git("rev-list", "--objects", "--no-object-names", f"--filter={filter}",
                               "--filter-provided-objects", *wanted, cwd=source).out.split())
            got = present(copy)
            missing = expected - got
            if missing:
                fail(f"{filter}, protocol {protocol}: {len(missing)} objects are missing")
            asked = set(refs(url).values())
            eq(got - expected - asked, set(), f"{filter}, protocol {protocol}: surplus objects")
            fsck(copy)


def test_what_a_filter_left_out_comes_when_it_is_needed():
    source = make_repo(12)
    url = publish(source, "lazy")
    for filter in ("blob:none", "tree:0", "blob:limit=100"):
        for protocol in (0, 2):
            copy = clone(url, f"--filter={filter}", protocol=protocol)
            eq(git("status", "--porcelain", cwd=copy).out, "", "the work tree")
            eq((copy / "README.md").read_text(), (source / "README.md").read_text(), "a file")
            git("log", "-p", "--all", cwd=copy, protocol=protocol)
            commit_file(source, "more.txt", f"{filter} {protocol}\n")
            git("push", "-q", url, "main", cwd=source)
            git("pull", "-q", cwd=copy, protocol=protocol)
            eq((copy / "more.txt").read_text(), f"{filter} {protocol}\n", "the new file")
            fsck(copy)


def sparse_repo(object_format="sha1"):
    """Folders that are in, out, and both by two paths; their patterns in the file "sparse", and their id."""
    source = make_repo(5, object_format=object_format)
    for n in range(3):
        for name in ("in/a.c", "in/deep/b.c", "in/out/c.c", "out/d.c", "out/in/e.c", "out/f.h"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(f"{name} {n}\n")
        if n:
            shutil.copytree(source / "out/in", source / f"in/copy{n}", dirs_exist_ok=True)
        git("add", ".", cwd=source)
        git("commit", "-q", "-m", f"{n}", cwd=source)
    commit_file(source, "sparse", "/*\n!/*/\n/in/\n!/in/out/\n*.h\n")
    return source, git("rev-parse", "HEAD:sparse", cwd=source).out.strip()


def test_sparse_patterns_leave_out_what_git_leaves_out():
    for format in FORMATS:
        source, id = sparse_repo(format)
        url, tip = publish(source, f"sparse-{format}"), git("rev-parse", "HEAD", cwd=source).out.strip()
        for name in (id, "main:sparse", "HEAD:sparse", "refs/heads/main:sparse", f"{tip}:sparse"):
            for protocol in (0, 2) if name in (id, "main:sparse") else (2,):
                copy = clone(url, "--no-checkout", f"--filter=sparse:oid={name}", protocol=protocol)
                expected = set(git("rev-list", "--objects", "--no-object-names", f"--filter=sparse:oid={id}", "--all",
                                   cwd=source).out.split())
                same_objects(present(copy), expected | set(refs(url).values()), f"{name}, protocol {protocol}")
                eq(expected < objects(source), True, "something is left out")
                fsck(copy)


def test_what_sparse_patterns_left_out_comes_when_it_is_needed():
    source, id = sparse_repo()
    url = publish(source, "sparse-lazy")
    for protocol in (0, 2):
        copy = clone(url, "--no-checkout", f"--filter=sparse:oid={id}", protocol=protocol)
        before = present(copy)
        git("sparse-checkout", "set", "--no-cone", "/*", "!/*/", "/in/", "!/in/out/", "*.h", cwd=copy)
        git("checkout", "-q", "main", cwd=copy, protocol=protocol)
        same_objects(present(copy), before, "a sparse checkout needs nothing more")
        eq((copy / "in/copy2/e.c").read_text(), (source / "out/in/e.c").read_text(), "a file")
        eq((copy / "out/d.c").exists(), False, "what is out")
        git("sparse-checkout", "disable", cwd=copy, protocol=protocol)
        eq((copy / "out/d.c").read_text(), (source / "out/d.c").read_text(), "what came late")
        # The filter goes for the next fetch too.
        new = commit_file(source, "in/a.c", f"new {protocol}\n")
        late = commit_file(source, "out/d.c", f"late {protocol}\n")
        git("push", "-q", url, "main", cwd=source)
        fetch(copy, "origin", protocol=protocol)
        there = present(copy)
        eq([git("rev-parse", name, cwd=source).out.strip() in there for name in (f"{new}:in/a.c", f"{late}:out/d.c")],
           [True, False], "what is in and what is out")
        git("merge", "-q", "--ff-only", "origin/main", cwd=copy, protocol=protocol)
        eq((copy / "out/d.c").read_text(), f"late {protocol}\n", "the new file")
        fsck(copy)


def test_sparse_patterns_in_a_shallow_clone_and_beside_other_filters():
    source, id = sparse_repo()
    url = publish(source, "sparse-more")
    for filter, more in ((f"sparse:oid={id}", ["--depth=2"]), (f"combine:sparse:oid={id}+blob:limit=9", []),
                         (f"combine:tree:2+sparse%3Aoid={id}", [])):
        for protocol in (0, 2):
            copy = clone(f"{url}", "--no-checkout", "--single-branch", f"--filter={filter}", *more, protocol=protocol)
            range = ["main", "^main~2"] if more else ["main"]
            commits = set(git("rev-list", *range, cwd=source).out.split())
            want = {object for commit in commits for object in git(
                "rev-list", "--objects", "--no-object-names", f"--filter={filter}", "--no-walk", commit,
                cwd=source).out.split()}
            got = present(copy) - set(refs(url).values())
            same_objects(got, want - set(refs(url).values()), f"{filter}, protocol {protocol}")
            fsck(copy)


def test_bad_sparse_patterns_are_refused_in_words():
    source, id = sparse_repo()
    tree = git("rev-parse", "HEAD:in", cwd=source).out.strip()
    commit_file(source, "big", "#" * (1 << 20) + "\n")
    commit_file(source, "many", "x\n" * 10001)
    tip = commit_file(source, "long", "x" * 4097)
    url = publish(source, "sparse-bad")
    for name, why in (("1" * 40, "there is no object"), ("main:none", 'there is no "none" here'),
                      ("none:sparse", "there is no such revision"), ("main:in", "is a tree, not a blob"),
                      (tree, "is a tree, not a blob"), (tip, "is a commit, not a blob"),
                      ("main:big", "more than 1048576 bytes"), ("main:many", "more than 10000 sparse patterns"),
                      ("main:long", "more than 4096 bytes")):
        for protocol in (0, 2):
            result = git("clone", "-q", "--no-checkout", f"--filter=sparse:oid={name}", url, tmp("bad"), check=False,
                         protocol=protocol)
            eq(result.code, 128, f"code for {name}")
            has(result.err, f"the sparse patterns '{name}': ", "which")
            has(result.err, why, f"refusal of {name}")


def test_a_bad_filter_is_refused_in_words():
    publish(make_repo(2), "bad-filter")
    answer = ask("bad-filter", pkt("command=fetch") + "0001" + pkt("filter nonsense") + pkt("done") + "0000")
    has(answer.text, "ERR invalid filter-spec 'nonsense'", "the answer")


def test_object_info_tells_sizes():
    source = make_repo(2)
    publish(source, "info")
    id = git("rev-parse", "HEAD:README.md", cwd=source).out.strip()
    size = git("cat-file", "-s", id, cwd=source).out.strip()
    answer = ask("info", pkt("command=object-info") + "0001" + pkt("size") + pkt(f"oid {id}")
                 + pkt("oid " + "2" * 40) + "0000")
    eq(answer.text, pkt("size\n") + pkt(f"{id} {size}\n") + pkt("2" * 40 + " \n") + "0000", "the answer")


def test_what_makes_no_sense_is_refused_in_the_protocols_words():
    publish(make_repo(2), "nonsense")
    for body, why in ((pkt("command=fly") + "0000", "unknown command 'fly'"),
                      (pkt("command=fetch") + "0001" + pkt("want xyz") + "0000", "invalid object id 'xyz'"),
                      (pkt("command=fetch") + "0001" + pkt("deepen 0") + "0000", "invalid deepen: 0"),
                      (pkt("command=fetch") + "0001" + pkt("who knows") + "0000", "unexpected line: 'who knows'"),
                      (pkt("command=fetch") + pkt("object-format=sha256") + "0000", "mismatched object format"),
                      (pkt("command=fetch") + pkt("evil=1") + "0000", "unknown capability 'evil=1'"),
                      (pkt("command=fetch") + "0001", "does not end with a flush"),
                      ("zzzz", "bad length"), ("00", "ends within")):
        answer = ask("nonsense", body)
        eq(answer.status, 200, "status")
        has(answer.text, why, f"answer to {body}")
        eq(answer.text[4:7], "ERR", "kind")


def test_only_gits_own_content_type_is_taken():
    publish(make_repo(2), "types")
    answer = ask("types", "0000", type="text/plain")
    eq(answer.status, 400, "status")
    has(answer.text, "content type must be application/x-git-upload-pack-request")


def test_the_dumb_protocol_is_refused_with_a_reason():
    publish(make_repo(2), "dumb")
    for path in ("/dumb.git/info/refs", "/dumb.git/HEAD", "/dumb.git/objects/info/packs"):
        answer = server().get(path)
        eq(answer.status, 403, path)
        has(answer.text, "smart protocol only", path)


def test_answers_are_never_cached():
    publish(make_repo(2), "cached")
    answer = server().get("/cached.git/info/refs?service=git-upload-pack")
    has(answer.headers["cache-control"], "no-cache")
    eq(answer.headers["content-type"], "application/x-git-upload-pack-advertisement", "type")


def test_what_one_may_not_read_is_as_what_does_not_exist():
    publish(make_repo(2), "hidden")
    service = "/info/refs?service=git-upload-pack"
    for auth, status in ((None, 401), ("owner", 200)):
        eq(server().get("/hidden.git" + service, auth=auth).status, status, f"{auth}")
    server().api("POST", "/collaborators", {"username": "eve", "password": "orbit-candle-fifteen-lamp"}, want=201)
    eve = ("eve", "orbit-candle-fifteen-lamp")
    here, nowhere = (server().get(f"/{name}.git" + service, auth=eve) for name in ("hidden", "nowhere"))
    eq((here.status, nowhere.status), (404, 404), "statuses")
    eq(here.text.replace("hidden", "X"), nowhere.text.replace("nowhere", "X"), "bodies")
    a, b = (server().get(f"/{name}.git" + service, auth=None) for name in ("hidden", "nowhere"))
    eq((a.status, a.text.replace("hidden", "X")), (b.status, b.text.replace("nowhere", "X")), "anonymous")
    has(a.headers["www-authenticate"], "Basic realm=")


def test_a_public_repository_is_cloned_by_anybody_by_either_name():
    source = make_repo(3)
    publish(source, "public")
    server().api("PATCH", "/repos/public", {"visibility": "public"}, want=200)
    for suffix in (".git", ""):
        copy = tmp("public")
        git("clone", "-q", f"{server().url}/public{suffix}", copy)
        same_objects(objects(copy), objects(source), "objects")


def test_an_empty_answer_for_a_push_to_a_new_name_creates_nothing():
    answer = server().get("/brand-new.git/info/refs?service=git-receive-pack")
    eq(answer.status, 200, "status")
    has(answer.text, "capabilities^{}")
    eq(server().get("/brand-new.git/info/refs?service=git-upload-pack").status, 404, "status of a fetch")


def test_twenty_clones_at_once_are_all_whole():
    source = make_repo(60, files=30, size=3000)
    url = publish(source, "twenty")
    want = objects(source)
    paths = [tmp("many") for _ in range(20)]
    running = [start_git("clone", "-q", "--mirror", url, path, protocol=n % 3) for n, path in enumerate(paths)]
    for process in running:
        out, err = process.communicate(timeout=200)
        eq(process.returncode, 0, f"exit code ({err})")
    for path in paths:
        same_objects(objects(path), want, "objects")


def test_a_clone_while_pushes_land_is_whole():
    """In v0 it sees one moment. In v2 names are resolved when they are fetched (ref-in-want): later, not torn."""
    source = make_repo(40, files=30, size=2000)
    url = publish(source, "moving")
    for n in range(10):
        path, version = tmp("moving"), 2 * (n % 2)
        process = start_git("clone", "-q", "--mirror", url, path, protocol=version)
        commit_file(source, "moving.txt", f"{n}\n")
        git("tag", f"moved-{n}", cwd=source)
        git("push", "-q", "--atomic", url, "main", f"moved-{n}", cwd=source)
        out, err = process.communicate(timeout=100)
        eq(process.returncode, 0, f"exit code ({err})")
        fsck(path)
        known = git("for-each-ref", "--format=%(refname)", "refs/tags/moved-*", cwd=path).out.split()
        if len(known) < n:
            fail(f"{len(known)} of {n} tags came")
        if not known:
            continue
        last = f"moved-{len(known) - 1}"
        if version == 0:
            eq(*(git("rev-parse", name, cwd=path).out for name in (last, "main")), "main and its last tag")
        git("merge-base", "--is-ancestor", last, "main", cwd=path)


def random_history(rng, path, commits, skew=False):
    """A history with merges, several roots, renames, gitlinks and, with `skew`, dates that lie."""
    git("init", "-q", path)
    when, stream, made = 1600000000, [], []

    def data(text):
        stream.append(f"data {len(text)}\n{text}\n")

    for n in range(commits):
        when += rng.randrange(1000)
        date = when - rng.randrange(400000) if skew and rng.random() < 0.3 else when
        parents = []
        if made and rng.random() > 0.03:
            parents = [made[-1] if rng.random() < 0.6 else rng.choice(made)]
            if rng.random() < 0.25:
                other = rng.choice(made)
                parents += [other] if other not in parents else []
        mark = n + 1
        stream.append(f"commit refs/heads/b{n}\nmark :{mark}\ncommitter A <a@b> {date} +0000\n")
        data(f"c{n}")
        for word, parent in zip(("from", "merge"), parents):
            stream.append(f"{word} :{parent}\n")
        if not parents:
            stream.append("deleteall\n")
        for _ in range(rng.randrange(4)):
            name = "/".join(rng.choice("abcd") for _ in range(1 + rng.randrange(3))) + f"/f{rng.randrange(6)}"
            if rng.random() < 0.15:
                stream.append(f"D {name}\n")
            elif rng.random() < 0.03:
                stream.append(f"M 160000 {rng.randrange(1 << 63):040x} sub\n")
            else:
                stream.append(f"M 100644 inline {name}\n")
                data("".join(f"{rng.randrange(1 << 60)}\n" for _ in range(rng.randrange(1, 30))))
        made.append(mark)
    for n in range(0, commits, 7):
        stream.append(f"tag t{n}\nfrom :{rng.choice(made)}\ntagger A <a@b> {when} +0000\n")
        data("t")
    stream.append("done\n")
    git("fast-import", "--quiet", "--done", cwd=path, input="".join(stream))


def check_random_fetches(rng, source, url, rounds):
    ids = git("rev-list", "--all", cwd=source).out.split()
    for _ in range(rounds):
        protocol = rng.choice(PROTOCOLS)
        copy = tmp("random")
        git("init", "-q", "--bare", copy)
        git("fetch", "-q", "--no-tags", url, f"{rng.choice(ids)}:refs/heads/first", cwd=copy, protocol=protocol)
        same_objects(present(copy), objects(source, git("rev-parse", "first", cwd=copy).out.strip()), "objects of a clone")
        want = rng.choice(ids)
        have = git("rev-parse", "first", cwd=copy).out.strip()
        before = present(copy)
        result = git("fetch", "--progress", "--no-tags", url, f"{want}:refs/heads/second", cwd=copy,
                     protocol=protocol)
        fsck(copy)
        new = objects(source, want, f"^{have}")
        eq(new - present(copy), set(), "objects that are missing")
        same_objects(present(copy) - before - objects(source, want), set(), "objects that nobody wanted")
        if received(result) > 3 * len(new) + 20:
            fail(f"{received(result)} objects were sent where {len(new)} are new")


def check_random_depths(rng, source, url, rounds):
    names = git("for-each-ref", "--format=%(refname:short)", "refs/heads", cwd=source).out.split()
    for _ in range(rounds):
        protocol = rng.choice(PROTOCOLS)
        options = ["--branch", rng.choice(names), "--bare", "--no-tags"]
        steps = [["--depth", str(rng.randrange(1, 9))] for _ in range(3)]
        here, there = tmp("here"), tmp("there")
        git("clone", "-q", *options, *steps[0], url, here, protocol=protocol)
        git("clone", "-q", *options, *steps[0], f"file://{source}", there)
        for step in steps[1:]:
            branch = rng.choice(names)
            git("fetch", "-q", "--no-tags", *step, url, f"+{branch}:refs/heads/x", cwd=here, protocol=protocol)
            git("fetch", "-q", "--no-tags", *step, f"file://{source}", f"+{branch}:refs/heads/x", cwd=there)
            fsck(here)
            same_objects(objects(here), objects(there), f"objects after {step}")
            eq(*(sorted((p / "shallow").read_text().split()) if (p / "shallow").exists() else []
                 for p in (here, there)), what="boundaries")


def publish_random(source, name, how):
    """As pushed; compacted, with bitmap and commit-graph; or half of it so, and the rest on top."""
    names = git("for-each-ref", "--format=%(refname)", "refs/heads", cwd=source).out.split()
    url = publish(source, name, *(f"{ref}:{ref}" for ref in names[::1 + how // 2]))
    if how:
        server().admin("admin", "compact", name, "--full")
        git("push", "-q", "--mirror", url, cwd=source)
    return url


def test_random_histories_are_fetched_as_git_would():
    seed = int(os.environ.get("NIMBUS_TEST_SEED", "20261123"))
    end = time.monotonic() + 40
    for n in range(6):
        rng = random.Random(f"{seed}-{n}")
        source = tmp("history")
        random_history(rng, source, 60 + 40 * n, skew=n % 2 == 1)
        git("repack", "-adq", cwd=source)
        url = publish_random(source, f"random-{n}", n % 3)
        check_random_fetches(rng, source, url, 5)
        check_random_depths(rng, source, url, 3)
        if time.monotonic() > end:
            break


def check_bundle(name):
    bundle = shared(f"data/{name}.bundle")
    source = tmp(name)
    git("clone", "-q", "--mirror", bundle, source)
    server().create_repo(name)
    url = server().git_url(name)
    git("push", "-q", "--mirror", url, cwd=source)
    want = objects(source)
    sound = git("fsck", "--strict", "--no-dangling", cwd=source, check=False).code
    for protocol in (0, 2):
        copy = clone(url, "--mirror", protocol=protocol)
        eq(git("for-each-ref", cwd=copy).out, git("for-each-ref", cwd=source).out, "refs")
        same_objects(objects(copy), want, "objects")
        eq(git("fsck", "--strict", "--no-dangling", cwd=copy, check=False).code, sound, "git fsck")


def test_the_history_of_cgit_comes_back_whole():
    check_bundle("cgit")


@timeout(600)
def test_the_history_of_libuv_comes_back_whole():
    check_bundle("libuv")


main()
