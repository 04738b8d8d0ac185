#!/usr/bin/env python3
"""
The audit log from outside: what is done and refused makes exactly these entries, whoever reads them can check
their hashes without us, and what is changed behind the server's back is found.
"""

import hashlib
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *  # noqa: E402,F403

HASHED = ("chain", "sequence", "time", "account_id", "outcome", "username", "peer", "via", "action", "subject",
          "detail", "request", "decision")


def hash_of(previous, entry):
    """As docs/audit.md says."""
    h = hashlib.sha256(b"nimbus audit 1\n" + previous)
    for name in HASHED:
        value = ("done", "refused").index(entry[name]) if name == "outcome" else entry[name]
        if isinstance(value, str):
            text = value.encode()
            h.update(len(text).to_bytes(8, "big") + text)
        else:
            h.update(value.to_bytes(8, "big", signed=True))
    return h.digest()


def exported(server, *more):
    out = server.admin("admin", "audit", "export", *more).out
    return [jsonlib.loads(line) for line in out.splitlines()]


def of_people(entries):
    return [e for e in entries if not e["action"].startswith("audit.")]


def check_chains(entries):
    """Every chain by its hashes; how many there are."""
    ends = {}
    for e in entries:
        sequence, previous = ends.get(e["chain"], (0, bytes(32)))
        eq(e["sequence"], sequence + 1, "the sequence")
        eq(hash_of(previous, e).hex(), e["hash"], f"the hash of {e}")
        ends[e["chain"]] = (e["sequence"], bytes.fromhex(e["hash"]))
    return len(ends)


def verify(server, check=True):
    return server.admin("admin", "audit", "verify", check=check)


def told(entry):
    return tuple(entry[k] for k in ("username", "via", "action", "outcome", "subject"))


def settled(server, count):
    """The entries once there are as many: what was refused is written a moment later."""
    wait_until(lambda: len(of_people(exported(server))) >= count, what=f"{count} entries")
    return exported(server)


def form(**fields):
    return urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"}


def test_what_is_done_and_refused_is_written_down():
    s = Nimbus()
    s.create_repo("r")
    s.api("POST", "/collaborators", {"username": "ada", "password": "gravel-otter-ninety-lamp"}, want=201)
    ada = ("ada", "gravel-otter-ninety-lamp")
    s.api("PUT", "/repos/r/permissions/ada", {"permission": "read"}, want=200)
    token = s.api("POST", "/tokens", {"name": "t", "permission": "read"}, want=201).json
    repo = make_repo(2)
    git("push", s.git_url("r"), "HEAD:refs/heads/main", cwd=repo)
    # Refused: a push, an API call of the owner's, a token that may only read, wrong credentials.
    git("push", s.git_url("r", ada), "HEAD:refs/heads/mine", cwd=repo, check=False)
    s.api("GET", "/audit", auth=ada, want=403)
    s.api("PATCH", "/repos/r", {"description": "x"}, auth=token["token"], want=403)
    s.api("GET", "/user", auth=("ada", "wrong"), want=401)
    s.api("GET", "/user", auth=("ada", "wrong"), want=401)
    s.api("GET", "/user", auth="nbs_" + "x" * 43, want=401)
    git("push", s.git_url("r"), "HEAD:refs/heads/main/below", cwd=repo, check=False)
    body, headers = form(username="ada", password="gravel-otter-ninety-lamp", next="/")
    answer = s.request("POST", "/sign-in", body, headers, auth=None)
    cookie = answer.headers["set-cookie"].split(";")[0]
    page = s.request("GET", "/account", headers={"Cookie": cookie}, auth=None)
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text).group(1)
    body, headers = form(csrf=csrf)
    eq(s.request("POST", "/sign-out", body, {**headers, "Cookie": cookie}, auth=None).status, 303)
    s.api("DELETE", f"/tokens/{token['id']}", want=204)
    entries = settled(s, 15)
    by = f"token {token['id']}"
    want = [
        ("", "", "collaborator.added", "done", "owner"),
        ("owner", "password", "repository.created", "done", "r"),
        ("owner", "password", "collaborator.added", "done", "ada"),
        ("owner", "password", "permission.changed", "done", "r"),
        ("owner", "password", "token.created", "done", "owner"),
        ("owner", "password", "push", "done", "r"),
        ("ada", "password", "repository.push", "refused", "r"),
        ("ada", "password", "instance.admin", "refused", "GET /api/v1/audit"),
        ("owner", by, "repository.change", "refused", "r"),
        ("ada", "password", "sign-in", "refused", ""),
        ("", "token", "sign-in", "refused", ""),
        ("owner", "password", "ref.create", "refused", "r"),
        ("ada", "password", "sign-in", "done", ""),
        ("ada", "session", "sign-out", "done", ""),
        ("owner", "password", "token.revoked", "done", "owner"),
    ]
    eq(sorted(map(told, of_people(entries))), sorted(want), "the entries")
    check_chains(entries)
    eq({e["peer"] for e in of_people(entries)[1:]}, {"127.0.0.1"}, "where they came from")
    push = jsonlib.loads(next(e for e in entries if e["action"] == "push")["detail"])
    eq([r["name"] for r in push["refs"]], ["refs/heads/main"])
    eq(len(push["ref_log"]), 64)
    refused = next(e for e in entries if e["action"] == "ref.create")
    has(refused["detail"], "refs/heads/main/below: ")
    has(verify(s).out, "compared with the log of refs")
    # The second wrong password of the same minute is told when the server ends, if not with the first.
    s.restart()
    more = [e for e in exported(s) if e["action"] == "sign-in" and e["username"] == "ada" and e["outcome"] == "refused"]
    eq(sum(jsonlib.loads(e["detail"])["count"] for e in more), 2, "how many wrong passwords")
    # And read by the API, with filters and pages.
    eq([e["action"] for e in s.api("GET", "/audit?outcome=refused&who=owner", want=200).items],
       ["ref.create", "repository.change"])
    first = s.api("GET", "/audit?limit=10", want=200)
    eq(len(first.items), 10)
    eq(len(s.api("GET", "/audit?action=push&repo=r&since=2020-01-01T00:00:00Z", want=200).items), 1)
    s.api("GET", "/audit?outcome=maybe", want=400)
    s.api("GET", "/audit", auth=None, want=401)
    has(s.get("/admin/audit").text, "Audit log")
    has_not(s.get("/admin/audit?outcome=refused").text, "repository.created")
    eq(s.get("/admin/audit?since=yesterday").status, 400)


@embedded("it breaks what the database holds back")
def test_what_is_changed_behind_its_back_is_found():
    s = Nimbus()
    s.create_repo("r")
    repo = make_repo(3)
    git("push", s.git_url("r"), "HEAD~2:refs/heads/main", cwd=repo)
    git("push", s.git_url("r"), "HEAD:refs/heads/main", cwd=repo)
    verify(s)
    with contextlib.suppress(sqlite3.IntegrityError):
        s.sql("DELETE FROM audit_entry")
        fail("the database lets it be deleted")
    s.sql("UPDATE ref_log SET username = 'ada' WHERE version = 2")
    bad = verify(s, check=False)
    eq(bad.code, 10)
    has(bad.out, "the log of refs of repository r has something else for version 2 than the push wrote")
    s.sql("UPDATE ref_log SET username = 'owner' WHERE version = 2")
    verify(s)
    s.sql("INSERT INTO ref_log SELECT repo_id, 9, name, old, new, forced, account_id, username, time, request "
          "FROM ref_log WHERE version = 2")
    has(verify(s, check=False).out, "has changes of 3 versions, and pushes wrote 2")


def test_many_pushers_make_whole_chains():
    s = Nimbus(env={"NIMBUS_AUDIT_ANCHOR": "1s"})
    repo = make_repo(4)
    for i in range(4):
        s.create_repo(f"r{i}")
    failed = []

    def work(number):
        for step in range(4):
            done = git("push", s.git_url(f"r{number % 4}"), f"HEAD~{3 - step}:refs/heads/b{number}", cwd=repo,
                       check=False)
            if done.code:
                failed.append(done)
            s.api("GET", "/user", auth=(f"u{number}", f"wrong{step}"))
    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eq(failed, [], "pushes that failed")
    wait_until(lambda: any(e["action"] == "audit.anchored" for e in exported(s)), what="an anchor")
    entries = exported(s)
    eq(check_chains(entries), 5)
    eq(sum(e["action"] == "push" for e in entries), 64)
    has(verify(s).out, "64 pushes compared")


if __name__ == "__main__":
    main()
