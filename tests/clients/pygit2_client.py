"""clone|fetch|push as tests/wire/test_clients.py asks for them, by libgit2 (Debian's python3-pygit2)."""

import sys

import pygit2

verb, url, path, name, secret, *what = sys.argv[1:]


class Callbacks(pygit2.RemoteCallbacks):
    tries = 0

    def credentials(self, url, username_from_url, allowed_types):
        self.tries += 1
        if self.tries > 1:
            raise PermissionError("authentication failed")
        return pygit2.UserPass(name, secret)

    def push_update_reference(self, refname, message):
        if message:
            raise RuntimeError(f"{refname}: {message}")


if verb == "clone":
    pygit2.clone_repository(url, path, callbacks=Callbacks())
elif verb == "fetch":
    repo = pygit2.Repository(path)
    repo.remotes["origin"].fetch(callbacks=Callbacks())
    repo.reset(repo.lookup_reference("refs/remotes/origin/main").target, pygit2.GIT_RESET_HARD)
elif verb == "push":
    pygit2.Repository(path).remotes["origin"].push(what, callbacks=Callbacks())
