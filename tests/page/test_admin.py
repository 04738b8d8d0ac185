"""nimbus admin, with the server running and without; what it does the server sees at once."""

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
    admin("user", "add", "bob", "--password-stdin", input="bobs-password\n")
    s.api("GET", "/user", auth=("bob", "bobs-password"), want=200)
    admin("user", "add", "eve", "--no-password")
    table = rows(admin("user", "list").out)
    has(table["owner"], "owner", "role")
    has(table["ada"], "collaborator", "role")
    if not re.search(r"\bno\b", table["eve"]):
        fail(table["eve"])
    admin("user", "password", "bob", "--password-stdin", input="another-password\n")
    eq(s.api("GET", "/user", auth=("bob", "bobs-password")).status, 401, "the old password")
    admin("user", "remove", "bob")
    eq(s.api("GET", "/user", auth=("bob", "another-password")).status, 401, "who is gone")
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
    admin("user", "add", "member", "--password-stdin", input="members-only\n")
    member = ("member", "members-only")
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
    wait_until(lambda: any(l.get("path") == "/sign-in/" for l in s.log_lines()), 5, "the line")
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


def test_a_backup_is_a_whole_instance():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "1k"})
    repo = pushed(s, "kept", commits=30)
    pushed(s, "second", object_format="sha256")
    small = make_repo(commits=1, files=1, size=1)
    s.create_repo("small")
    git("push", "-q", "--mirror", s.git_url("small"), cwd=small)
    folder = tmp() / "copy"
    has(admin("backup", folder, s=s).out, "3 repositories", "what it says")
    before = refs(s.git_url("kept"))
    commit_file(repo, "later.txt", "after the backup")
    git("push", "-q", s.git_url("kept"), "main", cwd=repo)
    s.stop()
    copy = Nimbus(data=folder)
    admin("fsck", s=copy)
    eq(refs(copy.git_url("kept")), before, "refs")
    clone = tmp()
    git("clone", "-q", "--mirror", copy.git_url("kept"), clone)
    git("fsck", "--strict", cwd=clone)
    git("clone", "-q", copy.git_url("small"), tmp() / "small")


def test_a_backup_takes_only_a_new_folder_and_only_whole_blobs():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "0"})
    pushed(s, "kept")
    full = tmp()
    (full / "file").write_text("x")
    has(admin("backup", full, s=s, code=5).err, "not empty", "the error")
    admin("backup", "/proc/none/here", s=s, code=4)
    pack = next(s.data.glob("blob/*/*/pack/*.pack"))
    raw = bytearray(pack.read_bytes())
    raw[len(raw) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(raw)
    has(admin("backup", tmp() / "damaged", s=s, code=10).err, "copying kept", "the error")
    pack.unlink()
    admin("backup", tmp() / "missing", s=s, code=4)


@timeout(180)
def test_a_backup_while_pushes_land_is_whole():
    s = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "300"})
    repo = pushed(s, "busy")
    stop = time.monotonic() + 6
    copies = []
    while time.monotonic() < stop:
        commit_file(repo, "busy.txt", os.urandom(200).hex())
        push = start_git("push", "-q", s.git_url("busy"), "main", cwd=repo)
        copies.append(tmp() / "copy")
        admin("backup", copies[-1], s=s)
        push.communicate()
        eq(push.returncode, 0, "the push")
    for copy in copies:
        admin("fsck", "--quiet", s=Nimbus(data=copy, start=False, env=s.extra))


def test_the_database_of_a_backup_is_sound():
    s = server()
    folder = tmp() / "sound"
    admin("backup", folder)
    with sqlite3.connect(folder / "nimbus.db") as db:
        eq(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "integrity_check")


main()
