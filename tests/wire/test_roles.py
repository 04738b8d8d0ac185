"""
Who may do what: tests/permission_table.def over git, the API and the pages, and what a rule says to whoever pushes.
What is private, deleted or absent takes as long to be told to who may not read it; that it looks the same is in test_routes.
"""

import itertools
import random
import re
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from permission_table import *


def pushed(f, repo, column, specs):
    """{refspec: (was it done?, what git shows)}"""
    result = git("push", "--porcelain", f.s.git_url(repo, f.git_auth(column)), *specs, cwd=f.work, check=False)
    done = {}
    for line in result.out.splitlines():
        if m := re.match(r"(.)\t(\S+)\t(.*)$", line):
            done[m[2].split(":")[1]] = (m[1] != "!", m[3])
    return {spec: done.get(spec.split(":")[1], (None, result)) for spec in specs}


def outcome_of(done):
    ok, shown = done
    if ok:
        return "yes"
    return "rule" if ok is False and "(protected: " in shown else shown


def test_every_cell_over_git():
    f, wrong, count = furnished(), [], 0
    for state in ["public", "private", "deleted", "absent"]:
        for column in COLUMNS:
            auth = f.auth(column)
            asked = {service: OUTCOMES[f.s.get(f"/{NAMES[state]}.git/info/refs?service=git-{service}", auth=auth).status]
                     for service in ["upload-pack", "receive-pack"]}
            compare(wrong, "git", ("repository.fetch", state, "-"), column, asked["upload-pack"])
            push = expected("repository.push", state, "-", column)
            if push == "makes":
                eq(asked["receive-pack"], "yes", f"may {column} begin to push to {state}")
                asked["receive-pack"] = "makes"
            compare(wrong, "git", ("repository.push", state, "-"), column, asked["receive-pack"])
            count += 2
            specs = {key: spec for key, spec in f.refs(column).items() if (key[0], state, key[1]) in TABLE}
            done = pushed(f, NAMES[state], column, list(specs.values())) if asked["receive-pack"] == "yes" else {}
            for (operation, ref), spec in specs.items():
                got = outcome_of(done[spec]) if done else asked["receive-pack"]
                compare(wrong, "git", (operation, state, ref), column, got)
                count += 1
    conclude(wrong, count, 550)


def test_every_cell_over_the_api():
    f, wrong, count = furnished(), [], 0
    for cell in TABLE:
        operation, state, _ = cell
        name = NAMES[state]
        for column in COLUMNS:
            call = {"repository.read": ("GET", f"/repos/{name}"),
                    "repository.change": ("PATCH", f"/repos/{name}", {"description": f"by {column}"}),
                    "repository.delete": ("DELETE", f"/repos/{name}"),
                    "permission.change": ("PUT", f"/repos/{name}/permissions/other", {"permission": "read"}),
                    "account.change": ("PATCH", f"/collaborators/{'owner' if column in f.keys else f.auth(column)[0]}",
                                       {"password": PASSWORD if column in f.keys else f.auth(column)[1]})
                    if f.auth(column) else ("PATCH", "/collaborators/none", {"password": PASSWORD}),
                    "instance.admin": ("GET", "/collaborators")}.get(operation)
            if not call:
                continue
            status = f.s.api(*call, auth=f.auth(column)).status
            compare(wrong, "API", cell, column, OUTCOMES.get(status, status))
            count += 1
            if operation == "repository.delete" and status == 204:
                f.undelete()
    conclude(wrong, count, 180)


def page(f, operation, name, column):
    """The answer of the page where one would do that; None where there is none."""
    if operation == "repository.read":
        return f.s.get(f"/{name}", auth=f.auth(column))
    if operation == "repository.change":
        return f.form(column, f"/{name}/settings", description="x", visibility="public" if name == "t-public" else "private")
    if operation == "repository.delete":
        return f.form(column, f"/{name}/settings/delete", confirm=name)
    if operation == "permission.change":
        return f.form(column, f"/{name}/settings/access", username="other", permission="read")
    if operation == "account.change":
        secret = PASSWORD if column in ["owner", "anonymous", *f.keys] else password(column)
        return f.form(column, "/account/password", old=secret, new=secret)
    return f.s.get("/collaborators", auth=f.auth(column)) if operation == "instance.admin" else None


def outcome_of_page(answer):
    if answer.status == 303 and answer.headers["location"].startswith("/sign-in"):
        return "who"
    return OUTCOMES.get(answer.status, answer.status)


def test_every_cell_over_pages():
    f, wrong, count = furnished(), [], 0
    for cell in TABLE:
        operation, state, _ = cell
        for column in COLUMNS:
            answer = page(f, operation, NAMES[state], column)
            if answer is None:
                continue
            got = outcome_of_page(answer)
            compare(wrong, "page", cell, column, got)
            count += 1
            if operation == "repository.delete" and got == "yes":
                f.undelete()
    conclude(wrong, count, 180)


def medians(f, path, column):
    """{state: the median of what a request takes}, asked in turns whose order is left to chance."""
    times = {state: [] for state in ["private", "deleted", "absent"]}
    for _ in range(100):
        for state in random.sample(list(times), len(times)):
            began = time.perf_counter()
            f.s.get(path.format(NAMES[state]), auth=f.auth(column))
            times[state].append(time.perf_counter() - began)
    return {state: statistics.median(list) for state, list in times.items()}


def test_private_deleted_and_absent_take_as_long():
    f = furnished()
    for path in ["/{}.git/info/refs?service=git-upload-pack", "/api/v1/repos/{}", "/{}"]:
        for column in ["anonymous", "none"]:
            # A machine that is busy may lie; what is so is so each time.
            tries = [medians(f, path, column) for _ in range(3)]
            for one, other in itertools.permutations(tries[0], 2):
                if all(each[one] > 1.3 * each[other] for each in tries):
                    fail(f"{path} by {column} takes longer for what is {one} than for {other}: {tries}")


def test_a_rule_tells_git_why():
    f = furnished()
    s = f.s
    s.create_repo("told")
    git("push", "-q", s.git_url("told"), "base:refs/heads/main", "base:refs/tags/v1", cwd=f.work)
    s.api("POST", "/repos/told/rules", {"pattern": "main", "force": "nobody", "delete": "nobody"}, want=201)
    tags = s.api("POST", "/repos/told/rules", {"pattern": "refs/tags/v*", "update": "nobody"}, want=201).json
    refused = git("push", s.git_url("told"), "+aside:refs/heads/main", cwd=f.work, check=False)
    has(refused.err, "(protected: force-push is not allowed)", "what git shows")
    has(refused.err, "! [remote rejected]", "what git shows")
    # One that is refused keeps none of the others, unless the push is atomic.
    both = git("push", s.git_url("told"), "+later:refs/tags/v1", "later:refs/heads/main", cwd=f.work, check=False)
    has(both.err, "(protected: pushing to it is not allowed)", "what git shows")
    later = git("rev-parse", "later", cwd=f.work).out.strip()
    eq(refs(s.git_url("told"))["refs/heads/main"], later, "main")
    # The time machine keeps to them too, and so does another default branch.
    history = s.api("GET", "/repos/told/history?ref=main", want=200).items
    undo = s.api("POST", "/repos/told/restore-ref", {"ref": "main", "undo": history[0]["version"]})
    eq(undo.status, 403, f"status of {undo}")
    has(undo.json["detail"], "protected: force-push is not allowed", "detail")
    eq(s.api("PATCH", "/repos/told", {"default_branch": "other"}).status, 200, "whoever may push to main")
    s.api("PATCH", "/repos/told", {"default_branch": "main"}, want=200)
    s.api("PUT", f"/repos/told/rules/{tags['id']}", {"pattern": "main", "update": "nobody"}, want=200)
    eq(s.api("PATCH", "/repos/told", {"default_branch": "other"}).status, 403, "whoever may not")
    s.api("DELETE", f"/repos/told/rules/{tags['id']}", want=204)
    git("push", "-q", s.git_url("told"), "+aside:refs/tags/v1", cwd=f.work)


def test_rules_and_grants_are_told_as_they_were_given():
    s = furnished().s
    s.create_repo("given")
    rule = {"pattern": "main", "create": "admin", "update": ["read", "write"], "force": "nobody", "delete": "write",
            "required_checks": ["build", "lint"], "required_reviews": 2, "description": "Its <rules>"}
    made = s.api("POST", "/repos/given/rules", rule, want=201).json
    eq(made, {"id": made["id"], **rule}, "answer")
    eq(s.api("GET", "/repos/given/rules", want=200).items, [made], "list")
    has(s.get("/given/settings").text, "Its &lt;rules&gt;", "settings")
    for wrong in [{}, {"pattern": ""}, {"pattern": "x", "force": "all"}, {"pattern": "x", "force": []},
                  {"pattern": "x", "force": ["No Name"]}, {"pattern": "x", "required_reviews": -1},
                  {"pattern": "x", "required_checks": [1]}, {"pattern": "x", "description": "a\nb"}, {"pattern": "x", "push": "admin"}]:
        eq(s.api("POST", "/repos/given/rules", wrong).status, 422, f"status for {wrong}")
    eq(s.api("DELETE", "/repos/t-public/rules/" + str(made["id"])).status, 404, "another's rule")
    grant = {"username": "other", "pattern": "giv?n", "permission": "read", "expires_at": "2199-01-31T00:00:00Z"}
    made = s.api("POST", "/grants", grant, want=201).json
    eq(made, {"id": made["id"], "source": "", **grant}, "answer")
    has([one["id"] for one in s.api("GET", "/grants", want=200).items], made["id"], "list")
    eq([repo["name"] for repo in s.api("GET", "/repos?q=given", auth=("other", password("other"))).items], ["given"], "list")
    s.api("DELETE", f"/grants/{made['id']}", want=204)
    eq(s.api("GET", "/repos/given", auth=("other", password("other"))).status, 404, "afterwards")
    for wrong in [{**grant, "pattern": "[ab]"}, {**grant, "expires_at": "2001-01-31T00:00:00Z"}, {**grant, "expires_at": "soon"},
                  {**grant, "permission": "none"}, {**grant, "username": "owner"}]:
        eq(s.api("POST", "/grants", wrong).status, 422, f"status for {wrong}")


def test_rules_grants_and_ends_are_set_by_pages():
    f = furnished()
    s = f.s
    s.create_repo("paged")
    fields = {"pattern": "main", "create": "write", "update": "read, write", "force": "nobody", "delete": "admin",
              "description": "", "checks": "build, lint", "reviews": "1"}
    answer = f.form("owner", "/paged/settings/rules", **fields)
    eq((answer.status, answer.headers["location"]), (303, "/paged/settings?done=rules"), "answer")
    rule = s.api("GET", "/repos/paged/rules", want=200).items[0]
    eq((rule["update"], rule["force"], rule["required_checks"], rule["required_reviews"]),
       (["read", "write"], "nobody", ["build", "lint"], 1), "rule")
    eq(f.form("owner", "/paged/settings/rules", **{**fields, "id": rule["id"], "force": "admin"}).status, 303, "change")
    eq(s.api("GET", "/repos/paged/rules", want=200).items, [{**rule, "force": "admin"}], "rules")
    for wrong in [{"force": ""}, {"pattern": ""}, {"reviews": "many"}, {"id": "x"}]:
        eq(f.form("owner", "/paged/settings/rules", **{**fields, **wrong}).status, 400, f"status for {wrong}")
    eq(f.form("owner", "/paged/settings/rules/remove", id=rule["id"]).status, 303, "remove")
    eq(s.api("GET", "/repos/paged/rules", want=200).items, [], "rules")

    given = {"username": "other", "pattern": "page?", "permission": "write", "expires": "2199-01-31"}
    eq(f.form("owner", "/collaborators/grants", **given).status, 303, "grant")
    grant = [one for one in s.api("GET", "/grants", want=200).items if one["pattern"] == "page?"][0]
    eq(grant["expires_at"], "2199-01-31T00:00:00Z", "its end")
    has(s.get("/collaborators").text, "page?", "people")
    eq(f.form("owner", "/collaborators/grants", **{**given, "expires": "soon"}).status, 400, "status")
    eq(f.form("owner", "/collaborators/grants/remove", id=grant["id"]).status, 303, "remove")
    eq(f.form("owner", "/collaborators/end", username="other", expires="2199-01-31").status, 303, "end")
    other = [one for one in s.api("GET", "/collaborators", want=200).items if one["username"] == "other"][0]
    eq(other["expires_at"], "2199-01-31T00:00:00Z", "their end")
    eq(f.form("owner", "/collaborators/end", username="other", expires="").status, 303, "no end")
    eq(f.form("owner", "/collaborators/end", username="owner", expires="2199-01-31").status, 400, "the owner's end")
    eq(f.form("owner", "/paged/settings/access", username="other", permission="read", expires="2199-01-31").status, 303, "access")
    has(s.get("/paged/settings").text, 'value="2199-01-31"', "settings")


def test_events_tell_of_grants_rules_and_ends():
    s = furnished().s
    kinds = {row[0] for row in s.sql("SELECT DISTINCT type FROM event")}
    audited = {row[0] for row in s.sql("SELECT DISTINCT action FROM audit_entry")}
    for kind in ["permission.changed", "grant.changed", "rule.changed", "collaborator.changed"]:
        has(kinds, kind, "events")
        has(audited, kind, "audit")


if __name__ == "__main__":
    main()
