#!/usr/bin/env python3
"""Keys that are limited: what the real git client may do by one, and what it is told where it may not."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *  # noqa: E402,F403

server = None


def the_server():
    global server
    if server is None:
        server = Nimbus(shared=True)
    return server


count = 0


def new_repo(prefix="repo"):
    """A repository with a first push by its owner, of docs/a and src/x.c; its name, and a clone."""
    global count
    count += 1
    name = f"{prefix}{count}"
    the_server().create_repo(name)
    work = tmp("work") / "w"
    git("init", "-q", "-b", "main", work)
    for path in ("docs/a", "src/x.c"):
        write(work, path, "first\n")
    commit(work, "First")
    git("remote", "add", "all", the_server().git_url(name), cwd=work)
    git("push", "-q", "all", "main", cwd=work)
    return name, work


def write(work, path, text):
    (work / path).parent.mkdir(parents=True, exist_ok=True)
    (work / path).write_text(text)


def commit(work, message="Change"):
    git("add", "-A", cwd=work)
    git("commit", "-q", "-m", message, cwd=work)


def new_key(scope, permission="write", expires_in=0):
    made = the_server().api("POST", "/tokens", {"name": "key", "permission": permission, "scope": scope,
                                                "expires_in": expires_in}, want=201).json
    return made["token"], made["id"]


def remote(work, name, key):
    git("remote", "remove", "key", cwd=work, check=False)
    git("remote", "add", "key", the_server().git_url(name, auth=("key", key)), cwd=work)


def refused(work, *what, why):
    answer = git("push", "key", *what, cwd=work, check=False)
    eq(answer.code != 0, True, f"a push is refused ({answer.out} {answer.err})")
    has(answer.err, why, "what git says")


def pushed(work, *what):
    git("push", "-q", "key", *what, cwd=work)


def with_key(scope, **more):
    name, work = new_repo()
    key, number = new_key(scope, **more)
    remote(work, name, key)
    return name, work, key, number


def test_a_key_is_for_its_repositories_alone():
    one, work = new_repo("team-")
    other, _ = new_repo("other-")
    key, _ = new_key({"repositories": ["TEAM-*"]})
    remote(work, one, key)
    git("ls-remote", "key", cwd=work)
    answer = git("ls-remote", the_server().git_url(other, auth=("key", key)), check=False)
    missing = git("ls-remote", the_server().git_url("missing", auth=("key", key)), check=False)
    eq(answer.err.replace(other, "missing"), missing.err, "one that exists, one that does not")
    names = [repo["name"] for repo in the_server().api("GET", "/repos", auth=key, want=200).items]
    eq(all(name.startswith("team-") for name in names) and one in names, True, f"the list {names}")
    has_not(the_server().get("/", auth=("key", key)).text, other, "the home page")
    write(work, "docs/a", "second\n")
    commit(work)
    pushed(work, "main")


def test_a_key_moves_its_refs_alone():
    name, work, *_ = with_key({"refs": ["agent/**", "refs/tags/v*"]})
    write(work, "docs/a", "second\n")
    commit(work)
    refused(work, "main", why="this key is for other refs")
    pushed(work, "HEAD:refs/heads/agent/a/b", "HEAD:refs/tags/v1")
    answer = git("push", "key", "HEAD:refs/heads/agent/c", "main", cwd=work, check=False)
    has(answer.err, "agent/c", "what git says")
    eq("refs/heads/agent/c" in refs(the_server().git_url(name)), True, "one of two")
    refused(work, "--atomic", "HEAD:refs/heads/agent/d", "main", why="this key is for other refs")
    eq("refs/heads/agent/d" in refs(the_server().git_url(name)), False, "all or nothing")


def test_a_key_does_its_operations_alone():
    name, work, *_ = with_key({"operations": ["ref.create", "ref.update"]})
    pushed(work, "main:one")
    write(work, "docs/a", "second\n")
    commit(work)
    pushed(work, "main:one")
    refused(work, "--force", "main~1:one", why="this key does not allow ref.force")
    refused(work, "--delete", "one", why="this key does not allow ref.delete")
    answer = git("fetch", "key", cwd=work, check=False)
    has(answer.err, "this key does not allow repository.fetch", "what git says")
    eq(the_server().api("GET", f"/repos/{name}", auth=new_key({"operations": ["repository.fetch"]})[0]).status, 403,
       "a page for a key that fetches")


def test_a_key_changes_its_files_alone():
    name, work, *_ = with_key({"paths": ["docs", "*.md"]})
    write(work, "docs/b/c", "new\n")
    write(work, "README.md", "new\n")
    commit(work)
    pushed(work, "main", "main:new")
    write(work, "src/x.c", "bad\n")
    commit(work)
    refused(work, "main", why="this key may not change src/x.c")
    refused(work, "main:brandnew", why="this key may not change src/x.c")
    git("revert", "--no-edit", "HEAD", cwd=work)
    refused(work, "main", why="this key may not change src/x.c")
    git("reset", "-q", "--hard", "HEAD~2", cwd=work)
    for what in ("rm -r src", "mv docs/a src/a", "chmod +x src/x.c", "rm src/x.c && ln -s y src/x.c"):
        subprocess.run(what, shell=True, cwd=work, check=True)
        commit(work)
        refused(work, "main", why="this key may not change src")
        git("reset", "-q", "--hard", "HEAD~1", cwd=work)
    git("checkout", "-q", "--orphan", "alone", cwd=work)
    refused_root = git("commit", "-q", "-m", "Root", cwd=work)
    eq(refused_root.code, 0, "a root of its own")
    refused(work, "alone", why="this key may not change src/x.c")
    git("rm", "-q", "-r", "--cached", "src", cwd=work)
    git("commit", "-q", "--amend", "-m", "Docs", cwd=work)
    pushed(work, "alone")


def test_what_a_refused_push_left_is_no_way_around():
    """A pack that came with a ref that was refused has its objects here: they are new all the same."""
    name, work, *_ = with_key({"paths": ["docs"]})
    git("checkout", "-q", "-b", "bad", cwd=work)
    write(work, "src/x.c", "bad\n")
    commit(work)
    git("checkout", "-q", "main", cwd=work)
    write(work, "docs/a", "good\n")
    commit(work)
    answer = git("push", "key", "main", "bad", cwd=work, check=False)
    has(answer.err, "this key may not change src/x.c", "what git says")
    eq("refs/heads/bad" in refs(the_server().git_url(name)), False, "the bad one")
    for _ in range(2):
        refused(work, "bad", why="this key may not change src/x.c")
    tag = git("push", "key", "bad:refs/tags/t", cwd=work, check=False)
    has(tag.err, "this key may not change src/x.c", "what git says")
    refused(work, "main:src", "HEAD^{tree}:refs/tags/tree", why="nothing but commits")


def test_a_key_with_paths_may_take_over_the_default_branch_and_nothing_else():
    name, work, *_ = with_key({"paths": ["docs"]})
    git("branch", "old", cwd=work)
    git("push", "-q", "all", "old", cwd=work)
    write(work, "src/x.c", "by others\n")
    commit(work, "By others")
    git("push", "-q", "all", "main", cwd=work)
    git("checkout", "-q", "-b", "agent", "old", cwd=work)
    write(work, "docs/a", "by the key\n")
    commit(work)
    pushed(work, "agent")
    git("merge", "-q", "--no-edit", "main", cwd=work)
    pushed(work, "agent")
    git("checkout", "-q", "-b", "feature", "main", cwd=work)
    write(work, "src/x.c", "not judged\n")
    commit(work)
    git("push", "-q", "all", "feature", cwd=work)
    refused(work, "feature:main", why="this key may not change src/x.c")
    refused(work, "--force", "old:main", why="this key may not change src/x.c")
    # A merge that says it is both, and has what was left behind.
    git("checkout", "-q", "main", cwd=work)
    tree = git("rev-parse", "old^{tree}", cwd=work).out.strip()
    evil = git("commit-tree", "-p", "main", "-p", "old", "-m", "Merge", tree, cwd=work).out.strip()
    refused(work, f"{evil}:main", why="this key may not change src/x.c")
    made = git("commit-tree", "-p", "main", "-p", "feature", "-m", "Merge",
               git("rev-parse", "feature^{tree}", cwd=work).out.strip(), cwd=work).out.strip()
    refused(work, f"{made}:main", why="this key may not change src/x.c")


def form(name, at, key, **fields):
    """A form of a page, sent with a key."""
    return the_server().request("POST", f"/{name}/{at}", urllib.parse.urlencode(fields),
                                {"Content-Type": "application/x-www-form-urlencoded"}, auth=("key", key))


def upload(name, folder, key, expected):
    body = "".join(f'--x\r\nContent-Disposition: form-data; name="{field}"{more}\r\n\r\n{value}\r\n' for field, more, value in
                   (("expected", "", expected), ("folder", "", folder), ("file", '; filename="up"', "by a key")))
    return the_server().request("POST", f"/{name}/upload/main", body + "--x--\r\n",
                                {"Content-Type": "multipart/form-data; boundary=x"}, auth=("key", key))


def test_a_key_changes_its_files_alone_by_pages_and_the_api_too():
    name, work, key, _ = with_key({"paths": ["docs"]}, permission="admin")
    api = lambda method, path, body=None: the_server().api(method, f"/repos/{name}{path}", body, auth=key)
    git("checkout", "-q", "-b", "other", cwd=work)
    write(work, "src/x.c", "not judged\n")
    commit(work)
    git("push", "-q", "all", "other", cwd=work)
    tip, other = (git("rev-parse", ref, cwd=work).out.strip() for ref in ("main", "other"))
    refused_by = lambda answer: eq((answer.status, "this key may not change src" in answer.text), (403, True), f"{answer}")
    refused_by(api("PATCH", "/refs/heads/main", {"to": other}))
    refused_by(form(name, "edit/main/src/x.c", key, path="src/x.c", text="bad\n", expected=tip))
    refused_by(form(name, "edit/main/docs/a", key, path="src/a", text="moved\n", expected=tip))
    refused_by(form(name, "new/main/src", key, path="src/new", text="bad\n", expected=tip))
    refused_by(form(name, "edit/main/src/x.c", key, path="src/x.c", text="bad\n", expected=tip, to="new", target="mine"))
    refused_by(form(name, "delete/main/src/x.c", key, expected=tip))
    refused_by(upload(name, "src", key, tip))
    eq(the_server().api("GET", f"/repos/{name}/refs/heads/main", want=200).json["id"], tip, "main")
    eq(upload(name, "docs", key, tip).status, 303, "an upload to its own folder")
    tip = the_server().api("GET", f"/repos/{name}/refs/heads/main", want=200).json["id"]
    eq(form(name, "edit/main/docs/a", key, path="docs/a", text="good\n", expected=tip).status, 303, "its own file")


def test_a_key_moves_its_refs_alone_by_pages_and_the_api_too():
    name, work, key, _ = with_key({"refs": ["agent/**"]}, permission="admin")
    tip = git("rev-parse", "main", cwd=work).out.strip()
    root = git("commit-tree", "-m", "Root", "main^{tree}", cwd=work).out.strip()
    git("push", "-q", "all", "main:gone", f"{root}:refs/heads/root", cwd=work)
    api = lambda method, path, body=None: the_server().api(method, f"/repos/{name}{path}", body, auth=key)
    for answer in (api("POST", "/refs", {"ref": "refs/heads/mine", "to": "main"}), api("DELETE", "/refs/heads/gone"),
                   api("PATCH", "/refs/heads/gone", {"to": root, "force": True}),
                   form(name, "refs/delete", key, ref="refs/heads/gone", id=tip),
                   form(name, "edit/main/docs/a", key, path="docs/a", text="bad\n", expected=tip)):
        eq((answer.status, "this key is for other refs" in answer.text), (403, True), f"{answer}")
    eq(api("POST", "/refs", {"ref": "refs/heads/agent/a", "to": "main"}).status, 201, "its own")
    eq(form(name, "edit/main/docs/a", key, path="docs/a", text="x\n", expected=tip, to="new", target="agent/b").status, 303, "a page")


def test_a_key_for_a_part_of_a_repository_changes_nothing_of_the_whole():
    for scope in ({"refs": ["agent/**"]}, {"paths": ["docs"]}):
        name, work, key, _ = with_key(scope, permission="admin")
        git("push", "-q", "all", "main:agent/a", cwd=work)
        rule = the_server().api("POST", f"/repos/{name}/rules", {"pattern": "main", "force": "nobody"}, want=201).json["id"]
        for method, path, body in (("PATCH", "", {"visibility": "public"}), ("PATCH", "", {"default_branch": "agent/a"}),
                                   ("DELETE", "", None), ("DELETE", f"/rules/{rule}", None), ("POST", "/rules", {"pattern": "x"}),
                                   ("PUT", "/permissions/owner", {"permission": "read"}),
                                   ("POST", "/restore-ref", {"ref": "main", "undo": 1})):
            answer = the_server().api(method, f"/repos/{name}{path}", body, auth=key)
            eq((answer.status, "this key does not allow" in answer.text), (403, True), f"{method} {path} with {scope}: {answer}")
    key, _ = new_key({"refs": ["agent/**"], "operations": ["repository.read", "repository.change"]}, permission="admin")
    answer = the_server().api("PATCH", f"/repos/{name}", {"default_branch": "agent/a"}, auth=key)
    eq((answer.status, "this key is for other refs" in answer.text), (403, True), f"leaving main: {answer}")
    the_server().api("PATCH", f"/repos/{name}", {"description": "named"}, auth=key, want=200)


def test_a_push_that_makes_no_repository_says_why():
    _, work = new_repo()
    key, _ = new_key({})
    limited, _ = new_key({"repositories": ["other-*"]}, permission="admin")
    push = lambda name, key: git("push", the_server().git_url(name, auth=("key", key)), "main", cwd=work, check=False).err
    has(push("nowhere", key), 'there is no repository "nowhere" here, and this key may not make one', "what git says")
    has(push("other-1", limited), "this key may not make one", "what git says")
    # What it is not for does not exist for it, and of that nothing more is told.
    the_server().create_repo("there")
    eq(push("there", limited).replace("there.git", "gone.git").replace('"there"', '"gone"'), push("gone", limited), "one that is there")
    has_not(push("there", limited), "may not make one", "what git says")


def random_file(work, path, size):
    (work / path).write_bytes(os.urandom(size))
    commit(work)


def left(number):
    return next(t for t in the_server().api("GET", "/tokens", want=200).items if t["id"] == number)["bytes_left"]


def test_a_budget_ends_pushes_and_fetches():
    # What an answer cost is written down when its client has it already.
    name, work, key, number = with_key({"bytes": 1000000})
    eq(left(number), 1000000, "at first")
    random_file(work, "docs/big", 300000)
    pushed(work, "main")
    wait_until(lambda: 690000 < left(number) < 700000, what="what is left after a push")
    git("clone", "-q", the_server().git_url(name, auth=("key", key)), tmp("c") / "c")
    wait_until(lambda: 380000 < left(number) < 400000, what="what is left after a clone")
    random_file(work, "docs/big", 500000)
    refused(work, "main", why="this key has used up its 1000000 bytes")
    wait_until(lambda: left(number) == 0, what="what broke off is counted")
    answer = git("ls-remote", "key", cwd=work, check=False)
    has(answer.err, "this key has used up its 1000000 bytes", "what git says")
    eq(the_server().request("GET", "/api/v1/user", auth=key).status, 403, "the API")
    eq(the_server().request("GET", f"/{name}/archive/main.tar.gz", auth=key).status, 403, "an archive")


def test_a_fetch_breaks_off_where_the_budget_ends():
    name, work, key, number = with_key({"bytes": 200000})
    random_file(work, "docs/big", 500000)
    git("push", "-q", "all", "main", cwd=work)
    for protocol in (2, 0):
        key, number = new_key({"bytes": 200000})
        url = the_server().git_url(name, auth=("key", key))
        answer = git("clone", url, tmp("c") / "c", check=False, protocol=protocol)
        eq(answer.code != 0, True, "a clone is refused")
        has(answer.err, "this key has used up its 200000 bytes", "what git says")
        wait_until(lambda: left(number) == 0, what="what broke off is counted")


def test_no_key_without_a_budget_costs_a_write():
    name, work, key, number = with_key({"refs": ["main"]})
    git("fetch", "-q", "key", cwd=work)
    eq(the_server().sql("SELECT spent FROM token WHERE id = ?", number), [(0,)], "what was spent")


def test_a_key_that_ended_is_refused_in_its_next_request():
    name, work, key, number = with_key({"refs": ["main"]})
    pushed(work, "main")
    the_server().api("DELETE", f"/tokens/{number}", want=204)
    refused(work, "main", why="Authentication failed")
    name, work, key, number = with_key({"refs": ["main"]}, expires_in=1)
    time.sleep(1.2)
    refused(work, "main", why="Authentication failed")


def test_what_makes_no_sense_limits_nothing_and_is_refused():
    for scope in ({"repository": ["a"]}, {"refs": []}, {"operations": ["fly"]}, {"bytes": 0}, {"paths": [1]}, []):
        answer = the_server().api("POST", "/tokens", {"name": "x", "scope": scope})
        eq((answer.status, answer.json.get("field")), (422, "scope"), f"{scope}: {answer.text}")


def new_signing_key(algorithm="ed25519"):
    """A key pair that the owner registered; its folder (key.pem), its row in the API."""
    folder = tmp("mint")
    more = ["-pkeyopt", "ec_paramgen_curve:P-256"] if algorithm == "EC" else []
    run(["openssl", "genpkey", "-algorithm", algorithm, *more, "-out", folder / "key.pem"])
    public = run(["openssl", "pkey", "-in", folder / "key.pem", "-pubout"]).out
    row = the_server().api("POST", "/signing-keys", {"name": "agents", "key": public}, want=201).json
    return folder, row


def instance():
    return the_server().api("GET", "/instance", want=200).json["id"]


def minted(folder, *more, user=OWNER):
    """By the program alone, in an environment that knows of no server."""
    answer = run([the_server().binary, "key", "mint", "--key", folder / "key.pem", "--user", user, "--instance",
                  instance(), *more], env={"PATH": os.environ["PATH"]}, cwd=folder)
    return answer.out.strip()


def test_a_key_that_was_minted_by_oneself_works_as_a_token_does():
    for algorithm in ("ed25519", "EC"):
        folder, row = new_signing_key(algorithm)
        name, work = new_repo()
        key = minted(folder, "--scope", '{"refs": ["agent-*"]}')
        eq(key.startswith("nbj_"), True, "the prefix")
        remote(work, name, key)
        pushed(work, "main:agent-1")
        refused(work, "main:other", why="this key is for other refs")
        eq(the_server().api("GET", "/user", auth=key, want=200).json["limit"], "write", "as Bearer")
        bare = f"http://{key}@{the_server().host}/{name}.git"
        git("ls-remote", bare)
        listed = the_server().api("GET", "/signing-keys", want=200).items[0]
        eq((listed["id"], listed["used_at"] is not None), (row["id"], True), "the list")


def test_one_minted_key_is_revoked_and_all_of_one_signing_key():
    folder, row = new_signing_key()
    first, second = minted(folder), minted(folder)
    status = lambda key: the_server().api("GET", "/user", auth=key).status
    eq((status(first), status(second)), (200, 200), "both")
    padded = first.split(".")[1] + "=="
    jti = jsonlib.loads(base64.urlsafe_b64decode(padded))["jti"]
    the_server().api("DELETE", f"/signing-keys/{row['id']}/minted/{jti}", want=204)
    eq((status(first), status(second)), (401, 200), "one revoked")
    has(the_server().admin("admin", "key", "list", OWNER).out, row["kid"], "the list")
    the_server().admin("admin", "key", "remove", OWNER, str(row["id"]))
    eq((status(first), status(second)), (401, 401), "all")


def test_a_key_can_be_minted_by_openssl_as_the_document_says():
    folder, row = new_signing_key()
    document = (ROOT / "docs" / "api.md").read_text()
    script = next(part for part in document.split("```sh\n")[1:] if "openssl pkeyutl" in part).split("```")[0]
    answer = run(["bash", "-eu", "-c", script], cwd=folder,
                 env={"PATH": os.environ["PATH"], "KID": row["kid"], "INSTANCE": instance(), "SUBJECT": OWNER})
    key = answer.out.strip()
    eq(the_server().api("GET", "/user", auth=key, want=200).json["limit"], "read", "what it may")
    wrong = key[:-8] + ("A" if key[-8] != "A" else "B") + key[-7:]
    eq(the_server().api("GET", "/user", auth=wrong).status, 401, "another signature")


def test_a_line_of_an_ssh_key_registers_too():
    folder = tmp("mint")
    need("ssh-keygen")
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "id"])
    made = the_server().admin("admin", "key", "register", OWNER, "ssh", folder / "id.pub").out
    has(made, instance(), "what it says")
    again = the_server().admin("admin", "key", "register", OWNER, "ssh", folder / "id.pub", check=False)
    has(again.err, "you have this key already", "the error")


def test_the_command_line_makes_limited_keys():
    name, work = new_repo()
    made = the_server().admin("admin", "token", "create", OWNER, "cli", "--scope", '{"refs": ["agent-*"]}')
    remote(work, name, made.out.strip())
    refused(work, "main:other", why="this key is for other refs")
    pushed(work, "main:agent-1")
    has(the_server().admin("admin", "token", "list", OWNER).out, '{"refs":["agent-*"]}', "the list")
    wrong = the_server().admin("admin", "token", "create", OWNER, "cli", "--scope", '{"ref": []}', check=False)
    has(wrong.err, 'a key cannot be limited by "ref"', "the error")


if __name__ == "__main__":
    main()
