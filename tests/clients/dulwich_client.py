"""clone|fetch|push as tests/wire/test_clients.py asks for them, by dulwich (Debian's python3-dulwich)."""

import sys

from dulwich import porcelain

verb, url, path, name, secret, *what = sys.argv[1:]
who = {"username": name, "password": secret}
if verb == "clone":
    porcelain.clone(url, path, depth=int(what[0]) if what else None, errstream=sys.stderr.buffer, **who)
elif verb == "fetch":
    porcelain.pull(path, url, refspecs=what or None, errstream=sys.stderr.buffer, **who)
elif verb == "push":
    porcelain.push(path, url, what, errstream=sys.stderr.buffer, **who)
