"""nimbus admin, with the server running and without; what it does the server sees at once."""

import concurrent.futures
import contextlib
import fcntl
import re
import sqlite3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *

_shared = None


def server():
    global _shared
    if _shared is None:
        _shared = Nimbus(shared=True)
    return _shared


def admin(*words, code=0, s=None, input=None):
    result = (s or server()).admin("admin", *words, check=False, input=input)
    eq(result.code, code, f"exit code of {words} ({result})")
    return result


def rows(text):
    """The lines of a table as {first word: whole line}."""
    return {line.split()[0]: line for line in text.splitlines()[1:]}


def test_people_come_and_go():
    s = server()
    made = admin("user", "add", "ada").out
    password = made.splitlines()[-1]
    s.api("GET", "/user", auth=("ada", password), want=200)
    admin("user", "add", "bob", "--password-stdin", input="orbit-candle-fifteen-lamp\n")
    s.api("GET", "/user", auth=("bob", "orbit-candle-fifteen-lamp"), want=200)
    admin("user", "add", "eve", "--no-password")
    table = rows(admin("user", "list").out)
    has(table["owner"], "owner", "role")
    has(table["ada"], "collaborator", "role")
    if not re.search(r"\bno\b", table["eve"]):
        fail(table["eve"])
    admin("user", "password", "bob", "--password-stdin", input="orbit-candle-fifteen-moss\n")
    eq(s.api("GET", "/user", auth=("bob", "orbit-candle-fifteen-lamp")).status, 401, "the old password")
    admin("user", "remove", "bob")
    eq(s.api("GET", "/user", auth=("bob", "orbit-candle-fifteen-moss")).status, 401, "who is gone")
    has(admin("user", "remove", "bob", code=4).err, "nimbus admin user remove: ", "the error")
    admin("user", "add", "ada", code=5)
    admin("user", "add", "Not A Name", code=2)
    admin("user", "add", "zoe", "--password-stdin", code=2, input="short\n")


def test_repositories_come_and_go():
    s = server()
    admin("repo", "create", "tools", "--public", "--description", "My tools", "--branch", "trunk",
          "--object-format", "sha256")
    repo = s.api("GET", "/repos/tools", auth=None, want=200).json
    eq((repo["description"], repo["default_branch"], repo["object_format"]), ("My tools", "trunk", "sha256"), "repo")
    has(rows(admin("repo", "list").out)["tools"], "public", "the table")
    admin("repo", "visibility", "tools", "private")
    eq(s.api("GET", "/repos/tools", auth=None).status, 401, "when private")
    admin("repo", "rename", "tools", "things")
    s.api("GET", "/repos/things", want=200)
    has(admin("repo", "delete", "things", code=2).err, "--yes", "the error")
    s.api("GET", "/repos/things", want=200)
    id = repo["id"]
    has(admin("repo", "delete", "things", "--yes").out, f"`nimbus admin repo restore {id}` brings it back")
    eq(s.api("GET", "/repos/things").status, 404, "when gone")
    admin("repo", "delete", "things", "--yes", code=4)
    has(rows(admin("repo", "deleted").out)[str(id)], "things", "the table")
    admin("repo", "create", "things")
    has(admin("repo", "restore", str(id), code=5).err, "under another name", "the error")
    has(admin("repo", "restore", str(id), "--as", "tools").out, "tools is there again.", "the answer")
    s.api("GET", "/repos/tools", want=200)
    admin("repo", "restore", str(id), code=4)
    admin("repo", "restore", "tools", code=2)
    admin("repo", "delete", "tools", "--yes")
    has(admin("repo", "purge", str(id), code=2).err, "--yes", "the error")
    admin("repo", "purge", str(id), "--yes")
    has(admin("repo", "restore", str(id), code=4).err, "kept for 14 days (NIMBUS_RETENTION)", "the error")
    admin("repo", "create", "bad name", code=2)
    admin("repo", "create", "x", "--object-format", "md5", code=2)


def test_the_history_of_refs_and_a_way_back():
    s = server()
    source = make_repo(commits=3)
    admin("repo", "create", "past")
    git("push", "-q", s.git_url("past"), "main", cwd=source)
    tip = git("rev-parse", "main", cwd=source).out.strip()
    git("push", "-q", "-f", s.git_url("past"), "main~1:main", cwd=source)
    before = git("rev-parse", "main~1", cwd=source).out.strip()
    lines = admin("history", "past").out.splitlines()
    eq(len(lines), 3, "lines")
    change, _, what, old, new, who, ref = lines[1].split()[:7]
    eq((what, old, new, who, ref), ("forced", tip[:10], before[:10], "owner", "refs/heads/main"), "the newest change")
    eq(lines[2].split()[2:4], ["created", "-"], "the first change")
    eq(len(admin("history", "past", "main", "--limit", "1").out.splitlines()), 2, "lines")
    eq(len(admin("history", "past", "none").out.splitlines()), 1, "lines")
    admin("history", "past", "--limit", "x", code=2)
    admin("history", "gone", code=4)
    for words, code in (([], 2), (["--to", "1", "--undo", "1"], 2), (["--undo", "x"], 2), (["--undo", "99"], 4),
                        (["--to", "tomorrow"], 2), (["--to", "2999-01-01T00:00:00Z"], 2), (["--to", "f" * 40], 4)):
        admin("restore-ref", "past", "main", *words, code=code)
    has(admin("restore-ref", "past", "main", "--undo", change).out,
        f"refs/heads/main was {before[:10]} and is {tip[:10]} now.", "the answer")
    eq(refs(s.git_url("past"))["refs/heads/main"], tip, "main")
    has(admin("restore-ref", "past", "main", "--to", tip).out, "already", "the answer")


def test_permissions_are_given_and_taken():
    s = server()
    admin("repo", "create", "club")
    admin("user", "add", "member", "--password-stdin", input="orbit-candle-fifteen-lamp\n")
    member = ("member", "orbit-candle-fifteen-lamp")
    eq(s.api("GET", "/repos/club", auth=member).status, 404, "before")
    admin("permission", "set", "club", "member", "write")
    eq(s.api("GET", "/repos/club", auth=member, want=200).json["permission"], "write", "with")
    has(rows(admin("permission", "list", "club").out)["member"], "write", "the table")
    admin("permission", "set", "club", "member", "none")
    eq(s.api("GET", "/repos/club", auth=member).status, 404, "after")
    admin("permission", "set", "club", "member", "rule", code=2)
    admin("permission", "set", "club", "nobody", "read", code=4)


def test_tokens_are_made_and_revoked():
    s = server()
    admin("user", "add", "robot", "--no-password")
    token = admin("token", "create", "robot", "ci", "--permission", "read", "--expires", "30d").out.strip()
    eq(s.api("GET", "/user", auth=token, want=200).json["username"], "robot", "who")
    table = admin("token", "list", "robot").out
    has(table, "ci", "the table")
    has_not(table, token, "the table")
    admin("token", "revoke", "robot", list(rows(table))[0])
    eq(s.api("GET", "/user", auth=token).status, 401, "when revoked")
    admin("token", "create", "robot", "x", "--expires", "soon", code=2)
    admin("token", "revoke", "robot", "999", code=4)


def test_a_sign_in_link_works_once():
    s = server()
    link = admin("sign-in-link").out.strip()
    path = link.removeprefix(s.url)
    answer = s.get(path, auth=None)
    eq(answer.status, 303, f"status of {answer} {path}")
    cookie = answer.headers["set-cookie"].split(";")[0]
    eq(s.get("/api/v1/user", auth=None, headers={"Cookie": cookie}).json["owner"], True, "owner")
    has_not(s.get(path, auth=None).headers, "set-cookie", "the second answer")
    admin("sign-in-link", "nobody", code=4)


def test_the_secret_of_a_link_is_not_in_the_log():
    s = server()
    secret = admin("sign-in-link").out.strip().rsplit("/", 1)[1]
    s.get(f"/sign-in/{secret}", auth=None)
    wait_until(lambda: any(l.get("path") == "/sign-in/" for l in s.log_lines()), what="the line")
    has_not(s.out.read_text(), secret, "the log")


def test_without_an_instance_nothing_is_made():
    binary, data = server().binary, tmp() / "none"
    result = run([binary, "admin", "user", "list"], env={"NIMBUS_DATA": str(data)}, check=False)
    eq(result.code, 4, "exit code")
    has(result.err, f"there is no instance in NIMBUS_DATA={data} yet", "the error")
    if data.exists():
        fail("the folder was made")


def test_it_works_without_the_server():
    s = Nimbus()
    s.stop()
    admin("repo", "create", "offline", s=s)
    s.start()
    s.api("GET", "/repos/offline", want=200)


def pushed(s, name, **more):
    repo = make_repo(**more)
    s.create_repo(name, object_format=more.get("object_format", "sha1"))
    git("push", "-q", "--mirror", s.git_url(name), cwd=repo)
    return repo


def test_fsck_is_clean_after_pushes_and_names_what_is_damaged():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "0"})
    pushed(s, "one")
    pushed(s, "two", object_format="sha256")
    has(admin("fsck", s=s).out, "2 repositories")
    admin("fsck", "two", s=s)
    admin("fsck", "three", s=s, code=4)
    pack = next(s.data.glob("blob/*/*/pack/*.pack"))
    raw = bytearray(pack.read_bytes())
    raw[len(raw) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(raw)
    result = admin("fsck", s=s, code=10)
    if not re.search(r"^(one|two): ", result.out, re.M):
        fail(result.out)


def new_server():
    """The URL of an empty database; skips the test where no server is at hand."""
    server = os.environ.get("NIMBUS_TEST_POSTGRES") or skip("NIMBUS_TEST_POSTGRES is not set")
    return services.new_database(server, f"a{os.getpid()}_{time.monotonic_ns()}")


def empty_homes():
    """An instance that is not there yet, for each kind of database that is at hand."""
    yield Nimbus(env={"NIMBUS_DB": ""}, start=False)
    if "NIMBUS_TEST_POSTGRES" in os.environ:
        yield Nimbus(env={"NIMBUS_DB": new_server()}, start=False)


def restored(place, *words, start=True):
    """A server on what `nimbus admin restore` makes of a backup, in the home of these tests."""
    s = Nimbus(start=False)
    admin("restore", place, *words, s=s)
    admin("fsck", "--quiet", s=s)
    return s.start() if start else s


def backups(place):
    """The names of the backups in a folder, oldest first."""
    return sorted(path.stem for path in Path(place).glob("backup/*.json"))


def packs_of(folder):
    return sorted(path.name for path in Path(folder).glob("*/*/pack/*.pack"))


def test_a_backup_is_a_whole_instance():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "1k"})
    repo = pushed(s, "kept", commits=30)
    pushed(s, "second", object_format="sha256")
    small = make_repo(commits=1, files=1, size=1)
    s.create_repo("small")
    git("push", "-q", "--mirror", s.git_url("small"), cwd=small)
    admin("compact", "--full", s=s)
    token = admin("token", "create", "owner", "kept", s=s).out.strip()
    place = tmp() / "copy"
    has(admin("backup", place, s=s).out, "3 repositories", "what it says")
    before = refs(s.git_url("kept"))
    commit_file(repo, "later.txt", "after the backup")
    git("push", "-q", s.git_url("kept"), "main", cwd=repo)
    s.stop()
    for copy in empty_homes():
        has(admin("restore", place, s=copy).out, "3 repositories", "what it says")
        admin("fsck", s=copy)
        copy.start()
        eq(refs(copy.git_url("kept")), before, "refs")
        copy.api("GET", "/user", auth=token, want=200)
        clone = tmp()
        git("clone", "-q", "--mirror", copy.git_url("kept"), clone)
        git("fsck", "--strict", cwd=clone)
        git("clone", "-q", copy.git_url("small"), tmp() / "small")
        git("push", "-q", copy.git_url("kept"), "main", cwd=repo)
        eq(sorted(p.name for p in copy.data.iterdir() if p.name.startswith("copying.")), [], "what is left")
        copy.stop()


def damage(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(raw)


def test_a_backup_takes_only_a_new_folder_and_only_whole_blobs():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "0"})
    pushed(s, "kept")
    full = tmp()
    (full / "file").write_text("x")
    has(admin("backup", full, s=s, code=5).err, "not empty", "the error")
    admin("backup", "/proc/none/here", s=s, code=4)
    has(admin("backup", "gs://bucket/x", s=s, code=15).err, "name a folder, or s3://BUCKET", "the error")
    has(admin("backup", "s3://bucket/x", s=s, code=2).err, "there are no keys", "the error")
    has(admin("backup", s.data / "blob", s=s, code=2).err, "has its packs", "the error")
    place = tmp() / "damaged"
    pack = next(s.data.glob("blob/*/*/pack/*.pack"))
    whole = pack.read_bytes()
    damage(pack)
    has(admin("backup", place, s=s, code=10).err, "copying kept", "the error")
    eq((backups(place), packs_of(place)), ([], []), "what has a name after it failed")
    has(admin("restore", place, s=Nimbus(start=False), code=4).err, "there is no backup", "the error")
    pack.write_bytes(whole)
    admin("backup", place, s=s)
    pack.unlink()
    admin("backup", tmp() / "missing", s=s, code=4)
    other = Nimbus()
    has(admin("backup", place, s=other, code=5).err, "another instance", "the error")


def test_a_second_backup_copies_what_is_new_and_leaves_the_first():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "0"})
    repo = pushed(s, "kept")
    place = tmp() / "place"
    has(admin("backup", place, s=s).out, "1 pack of", "the first")
    first = refs(s.git_url("kept"))
    commit_file(repo, "second.txt", "after the first")
    git("push", "-q", s.git_url("kept"), "main", cwd=repo)
    times = {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()}
    has(admin("backup", place, s=s).out, "now: 1 pack of", "the second")
    second = refs(s.git_url("kept"))
    eq({path: path.stat().st_mtime_ns for path in times}, times, "files of the first backup")
    has(admin("backup", place, s=s).out, "now: 0 packs of 0 bytes", "the third")
    names = backups(place)
    eq(list(rows(admin("restore", place, "--list", s=s).out)), names, "the list")
    eq(refs(restored(place, "--backup", names[0]).git_url("kept")), first, "the first")
    eq(refs(restored(place).git_url("kept")), second, "the newest")
    admin("restore", place, "--backup", "000009", s=Nimbus(start=False), code=4)


def test_a_backup_that_is_damaged_is_not_restored_and_can_be_mended():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "0"})
    pushed(s, "kept")
    place = tmp() / "place"
    admin("backup", place, s=s)
    pack = next(place.glob("*/*/pack/*.pack"))
    damage(pack)
    target = Nimbus(start=False)
    has(admin("restore", place, s=target, code=10).err, "copying kept", "the error")
    has(admin("backup", place, s=s).out, "now: 0 packs ", "without --check")
    has(admin("backup", place, "--check", s=s).out, "now: 1 pack ", "with --check")
    pack.chmod(0o600)
    pack.write_bytes(pack.read_bytes()[:-1])
    has(admin("backup", place, s=s).out, "now: 1 pack ", "one that is too short")
    restored(place)
    # What failed before has left nothing in the way.
    admin("restore", place, s=target)
    has(admin("restore", place, s=target, code=5).err, "not empty", "the error")
    for path in place.glob("backup/*.db"):
        damage(path)
    has(admin("restore", place, s=Nimbus(start=False), code=10).err, "manifest", "the error")
    for path in place.glob("backup/*.json"):
        damage(path)
    has(admin("restore", place, s=Nimbus(start=False), code=10).err, "manifest", "the error")


def test_a_backup_while_pushes_land_is_whole():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "300"})
    repo = pushed(s, "busy")
    stop = time.monotonic() + 6
    place = tmp() / "place"
    while time.monotonic() < stop:
        commit_file(repo, "busy.txt", os.urandom(200).hex())
        push = start_git("push", "-q", s.git_url("busy"), "main", cwd=repo)
        admin("backup", place, s=s)
        push.communicate()
        eq(push.returncode, 0, "the push")
    for name in backups(place)[:8]:
        restored(place, "--backup", name, start=False)


def test_the_database_of_a_backup_is_sound():
    place = tmp() / "sound"
    admin("backup", place)
    with sqlite3.connect(place / "backup" / f"{backups(place)[0]}.db") as db:
        eq(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "integrity_check")
        eq(db.execute("SELECT count(*) FROM account WHERE owner = 1").fetchall(), [(1,)], "owners")


def test_upkeep_removes_no_pack_while_a_backup_is_made():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "0", "NIMBUS_RETENTION": "1s", "NIMBUS_COMPACT": "off"})
    repo = pushed(s, "busy")
    for n in range(3):
        commit_file(repo, "busy.txt", os.urandom(200).hex())
        git("push", "-q", s.git_url("busy"), "main", cwd=repo)
    old = packs_of(s.data / "blob")
    stranger = next(s.data.glob("blob/*/*/pack/*.pack")).with_name("ab" * 20 + ".pack")
    stranger.write_bytes(b"x")
    os.utime(stranger, (1, 1))
    s.sql("INSERT INTO lease (name, holder, expires) VALUES ('backup/x', 'x', ?)", int(time.time()) + 600)
    admin("compact", "--full", s=s)
    time.sleep(2.1)
    admin("compact", s=s)
    admin("fsck", "--prune", "1s", s=s)
    left = packs_of(s.data / "blob")
    eq([name for name in [*old, stranger.name] if name not in left], [], "packs that are gone")
    s.sql("UPDATE lease SET expires = 1 WHERE name = 'backup/x'")
    admin("compact", s=s)
    left = packs_of(s.data / "blob")
    eq([name for name in [*old, stranger.name] if name in left], [], "packs that are left")
    admin("fsck", s=s)


def test_a_guard_ends_with_its_backup():
    s = Nimbus()
    admin("backup", tmp() / "place", s=s)
    eq(s.sql("SELECT name FROM lease WHERE name LIKE 'backup/%'"), [], "guards")


def test_the_schema_is_brought_forward_or_refused():
    s = Nimbus()
    version = s.sql("SELECT max(version) FROM schema_version")[0][0]
    eq(admin("migrate", s=s).out, f"The schema is {version}: there was nothing to do.\n", "what it says")
    s.stop()
    s.sql("INSERT INTO schema_version (version, time) VALUES (?, 0)", version + 1)
    for words in (["migrate"], ["user", "list"], ["move", "--to", tmp() / "there"]):
        has(admin(*words, s=s, code=15).err, f"has schema {version + 1}", "the error")
    result = run([s.binary, "serve"], env=s.environment(), check=False)
    eq(result.code, 15, "the server's exit code")
    has(result.err, "run a newer one", "the error")
    s.sql("DELETE FROM schema_version WHERE version > ?", version)
    s.start()


def test_a_new_database_server_is_given_the_schema():
    s = Nimbus(env={"NIMBUS_DB": new_server()}, start=False)
    has(admin("migrate", s=s).out, "The schema was 0 and is ", "the first time")
    has(admin("migrate", s=s).out, "nothing to do", "the second time")
    s.start()


def test_six_servers_begin_at_once_on_a_new_database():
    for _ in range(3):
        url = new_server()
        env = {"NIMBUS_DB": url, "NIMBUS_DB_CONNECTIONS": "3"}
        servers = [Nimbus(env=env, start=False) for _ in range(6)]
        for s in servers:
            s.environment()  # in a cluster the harness makes a database for each, one after the other
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda s: s.start(60), servers))
        versions = services.psql(url, "-c", "SELECT version FROM schema_version ORDER BY version").split()
        eq(versions, [str(n + 1) for n in range(len(versions))], "migrations that were made")
        eq(services.psql(url, "-c", "SELECT count(*) FROM account").split(), ["1"], "owners")
        servers[0].create_repo("one")
        for s in servers:
            s.api("GET", "/repos/one", want=200)
        for s in servers:
            s.stop()


def dump(s):
    """All that the SQLite database of a stopped server holds."""
    with contextlib.closing(sqlite3.connect(s.data / "nimbus.db")) as db:
        return list(db.iterdump())


def test_an_instance_moves_to_a_server_and_back():
    first = Nimbus(env={"NIMBUS_DB": "", "NIMBUS_PACK_INLINE_MAX": "2k"})
    repo = pushed(first, "kept", commits=30)
    git("push", "-q", first.git_url("kept"), "HEAD:refs/heads/small", cwd=repo)
    before, url = refs(first.git_url("kept")), new_server()
    has(admin("move", "--to", url, s=first, code=6).err, "a server runs", "the error")
    first.stop()
    held = dump(first)
    out = admin("move", "--to", url, s=first).out
    has(out, "rows were copied and compared", "what it says")
    has(out, "The packs stay", "what it says")
    eq(dump(first), held, "the source")
    has(admin("move", "--to", url, s=first, code=5).err, "not empty", "the error")

    second = Nimbus(env={"NIMBUS_DB": url, "NIMBUS_PACK_INLINE_MAX": "2k"}, data=first.data)
    eq(refs(second.git_url("kept")), before, "refs")
    there = tmp() / "there"
    # Of a server on another machine the lock tells nothing: its connections do.
    apart = Nimbus(env={"NIMBUS_DB": url}, start=False)
    has(admin("move", "--to", there, s=apart, code=6).err, "connections of servers", "the error")
    second.stop()
    has(admin("move", "--to", there, s=second).out, "pack", "what it says")

    third = Nimbus(env={"NIMBUS_DB": "", "NIMBUS_PACK_INLINE_MAX": "2k"}, data=there, start=False)
    # Rows come in the order of their keys; and a server that runs anchors the audit log in the instance's chain.
    # The key of what is sealed came from a file, and is a row now.
    key = (first.data / "seal.key").read_text().strip()
    eq([line for line in dump(third) if "seal_key" in line], [f"INSERT INTO \"instance\" VALUES('seal_key','{key}');"], "the key")
    passing = ("schema_version", "audit.anchored", '"audit_chain" VALUES(0,', "'seal_key'")
    kept = lambda lines: sorted(line for line in lines if not any(words in line for words in passing))
    eq(kept(dump(third)), kept(held), "what came back")
    admin("fsck", s=third)
    third.start()
    eq(refs(third.git_url("kept")), before, "refs")
    commit_file(repo, "later.txt", "after the move")
    git("push", "-q", third.git_url("kept"), "main", cwd=repo)


def test_packs_move_to_a_folder_of_their_own():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "0"})
    pushed(s, "kept")
    s.stop()
    there, blobs = tmp() / "there", tmp() / "blobs"
    admin("move", "--to", there, "--blob-to", blobs, s=s)
    eq((there / "seal.key").read_text().strip(), (s.data / "seal.key").read_text().strip(), "seal.key")
    eq(packs_of(blobs), packs_of(s.data / "blob"), "packs")
    damage(next(s.data.glob("blob/*/*/pack/*.pack")))
    has(admin("move", "--to", tmp() / "other", s=s, code=10).err, "copying kept", "the error")
    has(admin("move", "--to", "http://there", s=s, code=15).err, "a folder", "the error")
    has(admin("move", s=s, code=2).err, "--to", "the error")


def test_no_server_begins_while_its_instance_is_moved():
    s = Nimbus()
    s.stop()
    with open(s.data / "serving", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run([s.binary, "serve"], env=s.environment(), check=False)
        eq(result.code, 6, "the exit code")
        has(result.err, "being moved or restored", "the error")
    s.start()


main()
