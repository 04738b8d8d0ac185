"""
The pictures of docs/pages.md: an instance such as people have it, and a picture of each of its pages.

So that pictures change only with the pages, the server lives in November 2026 (libfaketime), the commits' dates are fixed, and it believes to
be https://git.example.org. What is made up anew each time, such as a one-time code, still differs.
"""

import hashlib
import sys
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import Browser
from devices import ask, sign_in, text_of
from gallery_repo import PEOPLE, later, small, tidewatch
from visiting import visit

GUEST_PASSWORD = "gravel-otter-ninety-lamp"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AUTHORIZE = "/oauth/authorize?" + urllib.parse.urlencode({
    "response_type": "code", "client_id": "git-credential-oauth", "redirect_uri": "http://127.0.0.1:4711/back", "state": "s",
    "code_challenge": text_of(hashlib.sha256(b"v" * 50).digest()), "code_challenge_method": "S256"})
WIDE, NARROW = 1200, 360


class Person(Browser):
    def headers(self):
        return {**super().headers(), "User-Agent": FIREFOX}


class Instance:
    """Three people, four repositories, and three weeks of what they did."""

    def __init__(self):
        library = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not library:
            skip("libfaketime is not installed")
        self.server = s = Nimbus(shared=True, start=False, env={
            "NIMBUS_OWNER": "marta", "NIMBUS_URL": "https://git.example.org", "NIMBUS_SECURE_COOKIES": "never", "NIMBUS_LOGIN_TRIES": "1000",
            "LD_PRELOAD": library[0], "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_stack_use_after_return=0:exitcode=99"})
        s.auth = ("marta", PASSWORD)
        self.at("2026-11-03 09:00:00")
        self.begin()
        self.at("2026-11-17 14:20:00")
        self.go_on()
        self.at("2026-11-20 10:00:00")
        self.today()
        self.visitors = {"marta": self.owner.cookies, "nobody": {}}

    def at(self, when):
        """Lets the server believe that it is then."""
        self.server.stop()
        self.server.extra["FAKETIME"] = f"@{when}"
        self.server.start()

    def push(self, work, name, *refs, who="marta"):
        auth = self.server.auth if who == "marta" else (who, GUEST_PASSWORD)
        git("push", "-q", self.server.git_url(name, auth), *refs, cwd=work.path)

    def begin(self):
        s = self.server
        s.create_repo("tidewatch", visibility="public", description="Reads tide gauges and predicts the next high water")
        s.create_repo("harbour-site", visibility="public", description="What the harbour shows its visitors")
        s.create_repo("field-notes", description="Readings and repairs, station by station")
        s.create_repo("empty-drawer", description="Nothing is in it yet")
        for name in ("jonas", "priya"):
            s.api("POST", "/collaborators", {"username": name, "password": GUEST_PASSWORD}, want=201)
            s.api("PUT", f"/repos/tidewatch/permissions/{name}", {"permission": "write"}, want=200)
        s.api("PUT", "/repos/field-notes/permissions/priya", {"permission": "admin"}, want=200)
        self.work = tidewatch()
        self.push(self.work, "tidewatch", "main", "alerts", "v1.0")
        self.push(small("site", "# The harbour's site\n", "2026-10-30T12:00:00Z"), "harbour-site", "main")

    def go_on(self):
        s = self.server
        later(self.work)
        self.push(self.work, "tidewatch", "main", "v1.1")
        self.push(self.work, "tidewatch", "pressure", who="priya")
        self.push(self.work, "tidewatch", "try-splines", who="jonas")
        self.push(self.work, "tidewatch", "+try-splines~1:try-splines", who="jonas")
        self.push(self.work, "tidewatch", ":alerts", who="jonas")
        s.create_repo("old-charts", description="Charts of 1998")
        s.api("DELETE", "/repos/old-charts", want=204)

    def today(self):
        s = self.server
        s.api("POST", "/repos/tidewatch/rules", {"pattern": "main", "force": "nobody", "delete": "nobody"}, want=201)
        s.api("POST", "/repos/tidewatch/rules", {"pattern": "v*", "kind": "tag", "force": "nobody"})
        s.api("POST", "/grants", {"username": "jonas", "pattern": "harbour*", "permission": "read"}, want=201)
        s.api("POST", "/tokens", {"name": "laptop", "permission": "write"}, want=201)
        s.api("POST", "/tokens", {"name": "nightly build", "permission": "read"}, want=201)
        public = run(["openssl", "pkey", "-pubout"], input=run([need("openssl"), "genpkey", "-algorithm", "ed25519"]).raw).out
        s.api("POST", "/signing-keys", {"name": "agents", "key": public}, want=201)
        invited = s.api("POST", "/invitations", {"username": "tomas"}, want=201).json["url"]
        reset = s.api("POST", "/collaborators/jonas/reset", {}, want=200).json["url"]
        self.invitation, self.reset = (urllib.parse.urlsplit(url).path for url in (invited, reset))
        self.push(small("notes", "# Field notes\n", "2026-11-19T12:00:00Z", "priya"), "field-notes", "main", who="priya")
        self.set_up_webhooks()
        Person(s, "priya", GUEST_PASSWORD)
        Person(s, "marta", PASSWORD)
        self.owner = Person(s, "marta", PASSWORD)
        sign_in(s, self.owner)
        self.user_code = ask(s)["user_code"]
        self.boat, self.merge, self.base = git("rev-parse", "main~1", "main~2", "v1.0", cwd=self.work.path).out.split()

    def set_up_webhooks(self):
        """One that works and one that fails, as if there were somebody to post to: names of example.org lead nowhere."""
        s, hooks = self.server, "/repos/tidewatch/webhooks"
        s.api("POST", hooks, {"url": "https://builds.example.org/tidewatch?key=9f2c", "events": ["push", "ref.created"]}, want=201)
        s.api("POST", hooks, {"url": "https://chat.example.org/hooks/harbour"}, want=201)
        s.api("POST", "/repos/harbour-site/webhooks", {"url": "https://mirror.example.org/pull", "active": False}, want=201)
        events = s.sql("SELECT sequence, type, time FROM event WHERE repo_id = (SELECT id FROM repo WHERE name = 'tidewatch') "
                       "AND type IN ('push', 'ref.created') ORDER BY sequence")
        for sequence, type, time in events:
            s.sql("INSERT INTO webhook_delivery (webhook_id, sequence, type, state, attempts, time, duration, status, said) "
                  "VALUES (1, ?, ?, 1, ?, ?, ?, 202, 'queued')", sequence, type, 1 + sequence % 5 // 4, time + 900000, 41000 + sequence * 7919 % 90000)
        now = 1795168800 * 10**6
        s.sql("UPDATE webhook SET tried = ?, status = 202, said = 'queued' WHERE id = 1", events[-1][2] + 900000)
        s.sql("UPDATE webhook SET tried = ?, next = ?, failures = 3, status = 503, said = 'The bridge is open: try again later' WHERE id = 2",
              now - 12 * 60 * 10**6, now + 28 * 60 * 10**6)

    def pages(self):
        """Of each page: pattern, the picture's name, who looks at which path. A status, where it is no success."""
        boat = self.boat
        return [
            ("/", "home", "marta", "/"),
            ("/sign-in", "sign-in", "nobody", "/sign-in"),
            ("/sign-in/second", "sign-in-second", "nobody", "/sign-in/second"),
            ("/new-password/{secret}", "new-password", "nobody", self.reset),
            ("/invitation/{secret}", "invitation", "nobody", self.invitation),
            ("/prove", "prove", "marta", "/prove?next=/account"),
            ("/oauth/authorize", "authorize", "marta", AUTHORIZE),
            ("/device", "device", "marta", f"/device?user_code={self.user_code}"),
            ("/new", "new", "marta", "/new"),
            ("/account", "account", "marta", "/account"),
            ("/account/sessions", "sessions", "marta", "/account/sessions"),
            ("/account/factors", "factors", "marta", "/account/factors"),
            ("/account/factors/totp", "totp", "marta", "/account/factors/totp"),
            ("/account/identities", "identities", "marta", "/account/identities"),
            ("/collaborators", "people", "marta", "/collaborators"),
            ("/collaborators/{username}/identities", "people-identities", "marta", "/collaborators/jonas/identities"),
            ("/admin", "admin", "marta", "/admin"),
            ("/admin/storage", "admin-storage", "marta", "/admin/storage"),
            ("/admin/events", "admin-events", "marta", "/admin/events"),
            ("/admin/webhooks", "admin-webhooks", "marta", "/admin/webhooks"),
            ("/admin/audit", "admin-audit", "marta", "/admin/audit"),
            ("/admin/deleted", "admin-deleted", "marta", "/admin/deleted"),
            ("/{name}", "repository", "nobody", "/tidewatch"),
            ("/{name}", "empty", "marta", "/empty-drawer"),
            ("/{name}", "not-found", "marta", "/tidewater", 404),
            ("/{name}/tree/{path...}", "tree", "nobody", "/tidewatch/tree/main/src"),
            ("/{name}/blob/{path...}", "file", "nobody", "/tidewatch/blob/main/src/gauge.c"),
            ("/{name}/blob/{path...}", "notebook", "nobody", "/tidewatch/blob/main/notebooks/skagen.ipynb"),
            ("/{name}/blob/{path...}", "csv", "nobody", "/tidewatch/blob/main/data/stations.csv"),
            ("/{name}/blob/{path...}", "image", "nobody", "/tidewatch/blob/main/docs/tide.png"),
            ("/{name}/blame/{path...}", "blame", "nobody", "/tidewatch/blame/main/src/gauge.c"),
            ("/{name}/commits", "commits", "nobody", "/tidewatch/commits"),
            ("/{name}/commits/{path...}", "commits-of-a-file", "nobody", "/tidewatch/commits/main/src/gauge.c?author=Priya"),
            ("/{name}/commit/{id}", "commit", "nobody", f"/tidewatch/commit/{boat}"),
            ("/{name}/commit/{id}", "commit-split", "nobody", f"/tidewatch/commit/{boat}?view=split"),
            ("/{name}/commit/{id}", "merge", "nobody", f"/tidewatch/commit/{self.merge}?parent=2"),
            ("/{name}/compare", "compare-begin", "nobody", "/tidewatch/compare"),
            ("/{name}/compare/{path...}", "compare", "nobody", "/tidewatch/compare/v1.0...main"),
            ("/{name}/refs", "refs", "marta", "/tidewatch/refs"),
            ("/{name}/refs/delete", "ref-delete", "marta", "/tidewatch/refs/delete?ref=refs/heads/try-splines"),
            ("/{name}/clone", "clone", "marta", "/tidewatch/clone"),
            ("/{name}/edit/{path...}", "edit", "marta", "/tidewatch/edit/main/src/forecast.py"),
            ("/{name}/new/{path...}", "new-file", "marta", "/tidewatch/new/main/docs"),
            ("/{name}/upload/{path...}", "upload", "marta", "/tidewatch/upload/main/data"),
            ("/{name}/delete/{path...}", "delete-file", "marta", "/tidewatch/delete/main/Makefile"),
            ("/{name}/search", "search", "nobody", "/tidewatch/search"),
            ("/{name}/search/{path...}", "search-found", "nobody", "/tidewatch/search/main?q=high"),
            ("/{name}/history", "history", "marta", "/tidewatch/history"),
            ("/{name}/releases", "releases", "nobody", "/tidewatch/releases"),
            ("/{name}/releases/{path...}", "release", "nobody", "/tidewatch/releases/v1.1"),
            ("/{name}/activity", "activity", "nobody", "/tidewatch/activity"),
            ("/{name}/settings", "settings", "marta", "/tidewatch/settings"),
            ("/{name}/settings/webhooks", "webhooks", "marta", "/tidewatch/settings/webhooks"),
            ("/{name}/settings/webhooks/{id}", "webhook", "marta", "/tidewatch/settings/webhooks/1"),
        ]


# Those of which there is more than one picture.
LOOKS = {"home": ["dark", "narrow"], "repository": ["dark", "narrow"], "file": ["dark", "narrow"], "commit": ["dark", "narrow"],
         "blame": ["dark"], "history": ["narrow"], "admin": ["dark"], "settings": ["narrow"], "sign-in": ["dark"]}


def pictures(pages, looks=LOOKS):
    """What gallery.mjs takes: each page in light, and in its other looks."""
    taken = []
    for _, name, who, path, *status in pages:
        for look in ["", *looks.get(name, [])]:
            taken.append({"name": f"{name}-{look}" if look else name, "who": who, "path": path, "status": status[0] if status else 200,
                          "width": NARROW if "narrow" in look else WIDE, "dark": "dark" in look})
    return taken


def take(instance, folder, looks=LOOKS):
    """Takes them all into `folder`, as .png; returns what is wrong."""
    return visit("gallery", 800, origin=instance.server.url, visitors=instance.visitors, folder=str(folder),
                 pictures=pictures(instance.pages(), looks))


def keep(taken, folder):
    """From the .png of one folder the .webp of another: of few colours, which is enough for pages, and packed without a loss."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.webp"):
        old.unlink()
    for picture in sorted(taken.glob("*.png")):
        few = picture.with_suffix(".few")
        run([need("pngquant"), "--speed", "3", "64", "--output", few, picture])
        run([need("cwebp"), "-quiet", "-lossless", "-z", "6", few, "-o", folder / f"{picture.stem}.webp"])
