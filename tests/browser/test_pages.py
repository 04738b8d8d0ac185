"""Every page in a real browser: what axe and the console say, at two widths, light and dark; hostile content never runs."""

import hashlib
import json as jsonlib
import random
import struct
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import Browser
from devices import ask, sign_in, text_of
from hostile import BRANCH, NAMES, TAG, hostile_repo
from visiting import AWAY, NO_PAGES, patterns_of, routes, visit

GUEST_PASSWORD = "gravel-otter-ninety-lamp"
AUTHORIZE = "/oauth/authorize?" + urllib.parse.urlencode({
    "response_type": "code", "client_id": "git-credential-oauth", "redirect_uri": "http://127.0.0.1:4711/back", "state": "s",
    "code_challenge": text_of(hashlib.sha256(b"v" * 50).digest()), "code_challenge_method": "S256"})

_place = None


class Place:
    """A server with a hostile repository, one of everything that a page lists, and who looks at it."""

    def __init__(self):
        self.server = s = Nimbus(shared=True, env={"NIMBUS_LOGIN_TRIES": "1000"})
        s.create_repo("hostile", visibility="public", description="<script>alert(1)</script> & more")
        s.create_repo("empty", visibility="public")
        self.repo = hostile_repo()
        git("push", "-q", s.git_url("hostile"), "--all", cwd=self.repo)
        git("push", "-q", s.git_url("hostile"), "--tags", cwd=self.repo)
        self.head, self.base = git("rev-parse", "HEAD", "HEAD~1", cwd=self.repo).out.split()
        s.api("POST", "/collaborators", {"username": "anna", "password": GUEST_PASSWORD}, want=201)
        s.api("PUT", "/repos/hostile/permissions/anna", {"permission": "write"}, want=200)
        s.api("POST", "/tokens", {"name": "ci <b>", "permission": "read"}, want=201)
        s.api("POST", "/repos/hostile/rules", {"pattern": "main", "force": "nobody"}, want=201)
        hook = {"url": "https://example.org/%3Cb>hook?key=" + "x" * 200, "events": ["push"], "active": False}
        s.api("POST", "/repos/hostile/webhooks", hook, want=201)
        # Nobody may have anything posted to this machine, so it fails.
        self.failing = s.api("POST", "/repos/hostile/webhooks", {"url": f"http://127.0.0.1/{'long' * 40}"}, want=201).json["id"]
        s.api("POST", f"/repos/hostile/webhooks/{self.failing}/ping", want=204)
        wait_until(lambda: s.api("GET", f"/repos/hostile/webhooks/{self.failing}", want=200).json["failures"], what="an attempt")
        s.api("POST", "/grants", {"username": "anna", "pattern": "host*", "permission": "read"}, want=201)
        public = run(["openssl", "pkey", "-pubout"], input=run([need("openssl"), "genpkey", "-algorithm", "ed25519"]).raw).out
        s.api("POST", "/signing-keys", {"name": "agents", "key": public}, want=201)
        invited = s.api("POST", "/invitations", {"username": "guest"}, want=201).json["url"]
        reset = s.api("POST", "/collaborators/anna/reset", {}, want=200).json["url"]
        self.invitation, self.reset = (urllib.parse.urlsplit(url).path for url in (invited, reset))
        self.user_code = ask(s)["user_code"]
        owner = Browser(s, *s.auth)
        sign_in(s, owner)
        self.visitors = {"owner": owner.cookies, "nobody": {}}

    def pages(self):
        """pattern -> (who, path, status) of each look at it."""
        names = [urllib.parse.quote(name) for name in NAMES]
        head = self.head
        return {
            "/": [("owner", "/", 200), ("nobody", "/", 200), ("owner", "/?q=none", 200)],
            "/sign-in": [("nobody", "/sign-in", 200)],
            "/sign-in/second": [("nobody", "/sign-in/second", 200)],
            "/new-password/{secret}": [("nobody", self.reset, 200), ("nobody", "/new-password/x", 403)],
            "/invitation/{secret}": [("nobody", self.invitation, 200), ("nobody", "/invitation/x", 403)],
            "/prove": [("owner", "/prove?next=/account", 200)],
            "/new": [("owner", "/new", 200)],
            "/account": [("owner", "/account", 200)],
            "/account/sessions": [("owner", "/account/sessions", 200)],
            "/account/factors": [("owner", "/account/factors", 200)],
            "/account/factors/totp": [("owner", "/account/factors/totp", 200)],
            "/account/identities": [("owner", "/account/identities", 200)],
            "/collaborators": [("owner", "/collaborators", 200)],
            "/collaborators/{username}/identities": [("owner", "/collaborators/anna/identities", 200)],
            "/admin": [("owner", "/admin", 200)],
            "/admin/storage": [("owner", "/admin/storage", 200)],
            "/admin/events": [("owner", "/admin/events", 200), ("owner", "/admin/events?repo=none", 400)],
            "/admin/webhooks": [("owner", "/admin/webhooks", 200)],
            "/admin/audit": [("owner", "/admin/audit", 200)],
            "/device": [("owner", "/device", 200), ("owner", f"/device?user_code={self.user_code}", 200)],
            "/oauth/authorize": [("owner", AUTHORIZE, 200)],
            "/{name}": [("owner", "/hostile", 200), ("nobody", "/hostile", 200), ("owner", "/empty", 200), ("owner", "/none", 404),
                        ("nobody", f"/hostile/tree/{head}{head}", 404)],
            "/{name}/tree/{path...}": [("nobody", "/hostile/tree/main/docs", 200)],
            "/{name}/blob/{path...}": [("nobody", f"/hostile/blob/main/{name}", 200) for name in names] + [
                ("nobody", f"/hostile/blob/main/{name}", 200) for name in ("README.md", "README.md?source=1", "drawing.svg", "book.ipynb")],
            "/{name}/commits": [("nobody", "/hostile/commits", 200), ("nobody", "/hostile/commits?author=none", 200)],
            "/{name}/commits/{path...}": [("nobody", f"/hostile/commits/main/{names[0]}", 200)],
            "/{name}/commit/{id}": [("nobody", f"/hostile/commit/{head}", 200), ("owner", f"/hostile/commit/{head}", 200),
                                    ("nobody", f"/hostile/commit/{head}?view=split&w=1", 200)],
            "/{name}/blame/{path...}": [("nobody", f"/hostile/blame/main/{names[0]}", 200)],
            "/{name}/compare": [("nobody", "/hostile/compare", 200)],
            "/{name}/compare/{path...}": [("nobody", f"/hostile/compare/{self.base}...main", 200)],
            "/{name}/refs": [("nobody", "/hostile/refs", 200), ("owner", "/hostile/refs?q=none", 200)],
            "/{name}/settings": [("owner", "/hostile/settings", 200)],
            "/{name}/settings/webhooks": [("owner", "/hostile/settings/webhooks", 200), ("owner", "/empty/settings/webhooks", 200)],
            "/{name}/settings/webhooks/{id}": [("owner", f"/hostile/settings/webhooks/{self.failing}", 200)],
            "/{name}/activity": [("nobody", "/hostile/activity", 200)],
            "/{name}/clone": [("nobody", "/hostile/clone", 200), ("owner", "/hostile/clone", 200)],
            "/{name}/history": [("owner", "/hostile/history", 200)],
            "/{name}/refs/delete": [("owner", "/hostile/refs/delete?ref=refs/heads/" + urllib.parse.quote(BRANCH), 200)],
            "/{name}/releases": [("nobody", "/hostile/releases", 200)],
            "/{name}/releases/{path...}": [("nobody", "/hostile/releases/" + urllib.parse.quote(TAG), 200)],
            "/{name}/search": [("nobody", "/hostile/search?q=script", 200), ("nobody", "/hostile/search", 200)],
            "/{name}/search/{path...}": [("nobody", "/hostile/search/main?q=int", 200)],
            "/{name}/edit/{path...}": [("owner", f"/hostile/edit/main/{names[0]}", 200), ("owner", "/hostile/edit/main/README.md", 200)],
            "/{name}/new/{path...}": [("owner", "/hostile/new/main/docs", 200)],
            "/{name}/upload/{path...}": [("owner", "/hostile/upload/main", 200)],
            "/{name}/delete/{path...}": [("owner", f"/hostile/delete/main/{names[0]}", 200)],
            "/admin/deleted": [("owner", "/admin/deleted", 200)],
        }


def place():
    global _place
    _place = _place or Place()
    return _place


def looks():
    return [{"who": who, "path": path, "status": status} for pages in place().pages().values() for who, path, status in pages]


def test_every_page_is_in_the_table():
    patterns = [p for p in routes() if not p.startswith("/api/")]
    eq(sorted(set(patterns) - NO_PAGES - AWAY - set(place().pages())), [], "pages that no browser looks at")
    eq(sorted((NO_PAGES | AWAY | set(place().pages())) - set(patterns)), [], "pages that are no more")


@timeout(900)
def test_every_page_is_accessible_and_the_browser_complains_of_none():
    found = visit("axe", 800, origin=place().server.url, visitors=place().visitors, pages=looks())
    eq(found, [], "what is wrong with the pages")


@timeout(900)
def test_every_page_is_used_by_keyboard_alone():
    s = place().server
    s.create_repo("typed")
    git("push", "-q", s.git_url("typed"), "main", cwd=place().repo)
    found = visit("keyboard", 800, origin=s.url, visitors=place().visitors, pages=looks(), account=s.auth, name="typed")
    eq(found, [], "what is wrong")


def pdf(words):
    """A document of one page that says so."""
    shown = b"BT /F 24 Tf 20 40 Td (%s) Tj ET" % words
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1"
               b"/BaseFont/Helvetica>>>>>>>>", b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown)]
    out, at = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        at.append(len(out))
        out += b"%d 0 obj%sendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in at)
    return out + b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (table, len(out))


def wav(seconds, rate=8000):
    """Silence."""
    size = seconds * rate
    return struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVEfmt ", 16, 1, 1, rate, rate, 1, 8, b"data", size) + b"\x80" * size


def test_what_a_browser_has_a_player_for_is_shown_and_nothing_runs():
    s, repo = place().server, tmp("media")
    s.create_repo("media", visibility="public")
    git("init", "-q", ".", cwd=repo)
    (repo / "paper.pdf").write_bytes(pdf(b"A document"))
    (repo / "tone.wav").write_bytes(wav(4))
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "Both", cwd=repo)
    git("push", "-q", s.git_url("media"), "HEAD:main", cwd=repo)
    files = [f"/hostile/raw/main/{urllib.parse.quote(name)}" for name in (*NAMES, "drawing.svg", "README.md", "book.ipynb", "docs/<script.html")]
    others = [f"/hostile/commit/{place().head}.{kind}" for kind in ("patch", "diff")] + [
        f"/hostile/feed/{kind}" for kind in ("commits", "releases", "activity")]
    found = visit("media", origin=s.url, sound={"path": "/media/blob/main/tone.wav", "seconds": 4}, document="/media/blob/main/paper.pdf",
                  raw=[*files, *others, "/media/raw/main/paper.pdf", f"/hostile/archive/{place().head}.zip"])
    eq(found, [], "what is wrong")


def test_every_page_weighs_little_to_who_was_never_here():
    """Of visitors: what has a session's token in it is not packed."""
    of_nobody = [look for look in looks() if look["who"] == "nobody"]
    weights = visit("weight", 350, origin=place().server.url, visitors=place().visitors, pages=of_nobody)
    heaviest = max(weights, key=lambda one: one["bytes"])
    print(f"# {heaviest['bytes']} bytes in {heaviest['requests']} requests: {heaviest['path']}")
    eq(len(weights), len(of_nobody), "pages")
    eq([one for one in weights if one["bytes"] > 30 << 10], [], "pages over 30 KiB")


def test_pages_can_be_printed():
    head, name = place().head, urllib.parse.quote(NAMES[0])
    paths = [f"/hostile/commit/{head}", f"/hostile/commit/{head}?view=split", f"/hostile/blob/main/{name}", f"/hostile/blame/main/{name}",
             "/hostile", "/hostile/blob/main/README.md", "/hostile/commits", "/hostile/refs", "/hostile/releases", "/"]
    eq(visit("print", origin=place().server.url, paths=paths), [], "what is wrong on paper")


def test_differences_are_drawn_anew_and_files_are_found():
    if not (BUILD / "nimbus.wasm").exists():
        skip("clang and lld, which make nimbus.wasm, are not installed")
    found = visit("enhance", origin=place().server.url, diff=f"/hostile/commit/{place().head}", files="/hostile",
                  file={"letters": "docguid", "path": "docs/guide.md", "at": "/hostile/blob/main/docs/guide.md"})
    eq(found, [], "what is wrong")


def do_tasks(javascript):
    """Each page's main task; fails where one cannot be done, or a page is in none of them."""
    s, how = place().server, "with" if javascript else "without"
    env = [f"{key}={value}" for key, value in git_env().items()]
    push = ["env", *env, "git", "-C", str(place().repo), "push", "-q", "--all", "--follow-tags", s.git_url(f"made-{how}")]
    of_a_repository = visit("tasks", 500, origin=s.url, owner=s.auth, javascript=javascript, name=f"made-{how}", tag=TAG, push=push)
    of_people = visit("tasks_people", 300, origin=s.url, owner=s.auth, javascript=javascript, guest=f"guest-{how}", repo="hostile",
                      password=GUEST_PASSWORD, newPassword="orbit-candle-fifteen-moss", code=ask(s)["user_code"], authorize=AUTHORIZE)
    eq(of_a_repository["found"] + of_people["found"], [], "what cannot be done, or is complained of")
    pages = {pattern for pattern in routes() if not pattern.startswith("/api/")} - NO_PAGES - AWAY
    eq(sorted(pages - patterns_of(of_a_repository["paths"] + of_people["paths"])), [], "pages that are in no task")


@timeout(800)
def test_what_one_comes_for_can_be_done_without_scripts():
    do_tasks(False)


@timeout(800)
def test_what_one_comes_for_can_be_done_with_scripts():
    do_tasks(True)


def follow(name, web_socket):
    s = place().server
    s.create_repo(name, visibility="public")
    repo = make_repo(commits=3)
    git("push", "-q", s.git_url(name), "main", cwd=repo)
    env = [f"{key}={value}" for key, value in git_env().items()]
    ids = []
    for file in ("first-new.txt", "second-new.txt"):
        commit_file(repo, file, "x\n", f"Add {file}")
        ids.append(git("rev-parse", "HEAD", cwd=repo).out.strip())
    pushes = [["env", *env, "git", "-C", str(repo), "push", "-q", s.git_url(name), f"{id}:refs/heads/main"] for id in ids]
    found = visit("live", origin=s.url, path=f"/{name}", pushes=pushes, words=["first-new.txt", "second-new.txt"], field="ne",
                  webSocket=web_socket)
    eq(found, [], "what is wrong")


def test_a_page_follows_what_is_pushed():
    follow("lively", True)


def test_where_nothing_lets_a_websocket_through_it_follows_by_a_stream():
    follow("streamed", False)


def test_what_was_seen_is_read_offline_until_one_signs_out():
    s, p = Nimbus(env={"NIMBUS_LOGIN_TRIES": "1000", "NIMBUS_IMAGE_HOSTS": "img.example.org"}), place()
    s.create_repo("kept")
    git("push", "-q", s.git_url("kept"), "main", cwd=p.repo)
    found = visit("offline", origin=s.url.replace("127.0.0.1", "localhost"), account=s.auth, pinned=f"/kept/tree/{p.head}",
                  other=f"/kept/blob/{p.head}/docs/guide.md", moving="/kept", words="docs")
    eq(found, [], "what is wrong")


def test_a_repository_is_kept_as_a_whole():
    if not (BUILD / "offline.wasm").exists():
        skip("clang and lld, which make offline.wasm, are not installed")
    s, p = Nimbus(env={"NIMBUS_LOGIN_TRIES": "1000", "NIMBUS_OFFLINE_MAX": "64k"}), place()
    s.create_repo("whole")
    git("push", "-q", s.git_url("whole"), "main", cwd=p.repo)
    s.create_repo("huge")
    huge = make_repo(commits=1)
    commit_file(huge, "huge", random.Random(1).randbytes(100000).hex())
    git("push", "-q", s.git_url("huge"), "main", cwd=huge)
    s.api("POST", "/collaborators", {"username": "anna", "password": GUEST_PASSWORD}, want=201)
    s.api("PUT", "/repos/whole/permissions/anna", {"permission": "read"}, want=200)
    username, password = s.auth
    revoke = ["curl", "-sf", "-X", "DELETE", "-u", f"{username}:{password}", f"{s.url}/api/v1/repos/whole/permissions/anna"]
    quoted = [urllib.parse.quote(name) for name in NAMES]
    found = visit("keep", 150, origin=s.url.replace("127.0.0.1", "localhost"), account=s.auth, guest=["anna", GUEST_PASSWORD],
                  name="whole", branch="main", commit=p.head, huge="huge", revoke=revoke,
                  file={"path": quoted[4], "hostile": [*quoted, "README.md", "drawing.svg", "book.ipynb"]})
    eq(found, [], "what is wrong")


if __name__ == "__main__":
    main()
