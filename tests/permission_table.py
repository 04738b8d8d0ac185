"""tests/permission_table.def, and a server with everybody and everything that it speaks of."""

import re
import time
import urllib.parse
from datetime import datetime, timedelta, timezone

from harness import *

COLUMNS = ["owner", "admin", "write", "read", "none", "anonymous", "ended", "lapsed", "pattern", "token", "elsewhere"]
NAMES = {"public": "t-public", "private": "t-private", "deleted": "t-deleted", "absent": "t-missing", "-": None}
PROTECTED = {"write": "write", "admin": "admin", "named": ["write"], "nobody": "nobody"}
ACTS = ["create", "update", "force", "delete"]
OUTCOMES = {200: "yes", 201: "yes", 204: "yes", 303: "yes", 401: "who", 403: "no", 404: "hidden"}


def table():
    """{(operation, repository, ref): {column: outcome}}"""
    text = (ROOT / "tests/permission_table.def").read_text()
    cells = {}
    for operation, repo, ref, row in re.findall(r'^CELLS\("(.*?)",\s*"(.*?)",\s*"(.*?)",\s*"(.*?)"\)$', text, re.M):
        outcomes = row.split()
        eq(len(outcomes), len(COLUMNS), f"cells of {operation} on {repo}, {ref}")
        cells[operation, repo, ref] = dict(zip(COLUMNS, outcomes))
    return cells


TABLE = table()


def expected(operation, repo, ref, column):
    outcome = TABLE[operation, repo, ref][column]
    return "who" if column == "ended" else outcome


def soon(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def password(name):
    return f"ninety-lamps-gravel-{name}"


class Furnished:
    """A server with everybody and everything that the table speaks of."""

    def __init__(self):
        # Who has ended is refused again and again: that is not to be guessing here.
        s = self.s = Nimbus({"NIMBUS_LOGIN_TRIES": 10000}, shared=True)
        for name in ["admin", "write", "read", "none", "ended", "lapsed", "pattern", "other"]:
            s.api("POST", "/collaborators", {"username": name, "password": password(name)}, want=201)
        self.work = tmp("work")
        self.commits()
        for state in ["public", "private", "deleted"]:
            self.furnish(state)
        s.api("POST", "/grants", {"username": "pattern", "pattern": "t-*", "permission": "write"}, want=201)
        self.keys = {"token": self.key("t", permission="read"),
                     "elsewhere": self.key("e", permission="admin", scope={"repositories": ["other-*"]})}
        s.api("DELETE", "/repos/t-deleted", want=204)
        self.end_in(3600)
        eq(s.api("GET", "/repos/t-private", auth=self.auth("lapsed")).status, 200, "before it lapses")
        eq(s.api("GET", "/repos/t-private", auth=self.auth("ended")).status, 200, "before they end")
        self.end_in(3)
        time.sleep(3.5)

    def end_in(self, seconds):
        """What is to have come to its end does so then."""
        self.s.api("PATCH", "/collaborators/ended", {"expires_at": soon(seconds)}, want=204)
        for state in ["public", "private"]:
            self.s.api("PUT", f"/repos/{NAMES[state]}/permissions/lapsed",
                       {"permission": "admin", "expires_at": soon(seconds)}, want=200)

    def commits(self):
        """base, a commit on top of it, and another that leaves it behind."""
        git("init", "-q", "-b", "main", ".", cwd=self.work)
        for name in ["root", "base", "later"]:
            commit_file(self.work, "file", name, name)
            git("tag", name, cwd=self.work)
        git("tag", "-a", "-m", "A release", "release", "base", cwd=self.work)
        git("reset", "-q", "--hard", "root", cwd=self.work)
        commit_file(self.work, "file", "aside", "aside")
        git("tag", "aside", cwd=self.work)

    def refs(self, column):
        """{(operation, ref): the refspec that does it}"""
        source = {"create": "later", "update": "later", "force": "+aside", "delete": ""}
        return {(f"ref.{act}", ref): f"{source[act]}:refs/heads/{ref}-{act}-{column}"
                for act in ACTS for ref in ["free", *PROTECTED]}

    def furnish(self, state):
        s, name = self.s, NAMES[state]
        s.create_repo(name, visibility="public" if state == "public" else "private")
        for level in ["admin", "write", "read", "ended"]:
            given = {"permission": level if level != "ended" else "admin"}
            s.api("PUT", f"/repos/{name}/permissions/{level}", given, want=200)
        there = ["base:" + spec.split(":")[1] for column in COLUMNS for (act, _), spec in self.refs(column).items()
                 if act != "ref.create"]
        git("push", "-q", s.git_url(name), "main", "release", *there, cwd=self.work)
        for ref, who in PROTECTED.items():
            s.api("POST", f"/repos/{name}/rules", {"pattern": f"{ref}-*", **{act: who for act in ACTS}}, want=201)

    def key(self, name, **what):
        return self.s.api("POST", "/tokens", {"name": name, **what}, want=201).json["token"]

    def auth(self, column):
        return {"owner": self.s.auth, "anonymous": None, **self.keys}.get(column, (column, password(column)))

    def git_auth(self, column):
        return ("x", self.keys[column]) if column in self.keys else self.auth(column)

    def form(self, column, path, **fields):
        return self.s.request("POST", path, urllib.parse.urlencode(fields),
                              {"Content-Type": "application/x-www-form-urlencoded"}, auth=self.auth(column))

    def undelete(self):
        for repo in self.s.api("GET", "/deleted-repos", want=200).items:
            if repo["name"] != "t-deleted":
                self.s.api("POST", f"/deleted-repos/{repo['id']}/restore", {}, want=200)


_furnished = None


def furnished():
    global _furnished
    if not _furnished:
        _furnished = Furnished()
    return _furnished


def compare(wrong, surface, cell, column, got):
    want = expected(*cell, column)
    if got != want:
        wrong.append(f"{surface}: {' '.join(cell)} by {column}: {got} instead of {want}")


def conclude(wrong, count, at_least):
    if wrong:
        fail(f"{len(wrong)} cells of {count} are wrong:\n" + "\n".join(wrong))
    if count < at_least:
        fail(f"only {count} cells were asked")
