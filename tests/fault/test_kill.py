#!/usr/bin/env python3
"""
The server is killed in the middle of pushes, again and again: afterwards it starts, everything in it is
sound, and every push that was acknowledged is there.
"""

import hashlib
import sys
import threading
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *  # noqa: E402,F403

KILLS = int(os.environ.get("NIMBUS_TEST_KILLS", "200"))
CLIENTS = 4
FSCK_EVERY = 20
SECONDS_MAX = 150
ZERO = "0" * 40
IDENT = "A <a@b> 1700000000 +0000"


def entry(kind, body):
    first, rest = kind << 4 | len(body) & 15, len(body) >> 4
    out = bytearray()
    while rest:
        out.append(first | 128)
        first, rest = rest & 127, rest >> 7
    out.append(first)
    return bytes(out) + zlib.compress(body, 0)


def object_id(kind, body):
    return hashlib.sha1(f"{kind} {len(body)}\0".encode() + body).hexdigest()


def make_push(ref, old, rng, size):
    """A body that moves `ref` to a new commit on `old`, and that commit."""
    text = rng.randbytes(size)
    tree = b"100644 a\0" + bytes.fromhex(object_id("blob", text))
    parent = "" if old == ZERO else f"parent {old}\n"
    commit = (f"tree {object_id('tree', tree)}\n{parent}author {IDENT}\ncommitter {IDENT}\n\n"
              f"{rng.random()}\n").encode()
    raw = b"PACK" + (2).to_bytes(4, "big") + (3).to_bytes(4, "big") + entry(1, commit) + entry(2, tree) + \
        entry(3, text)
    tip = object_id("commit", commit)
    line = f"{old} {tip} {ref}\0 report-status object-format=sha1".encode()
    return b"%04x" % (len(line) + 4) + line + b"0000" + raw + hashlib.sha1(raw).digest(), tip


class Client(threading.Thread):
    """Pushes one commit after another to a branch of its own, until the server goes away."""

    def __init__(self, server, number, tip):
        super().__init__()
        self.server, self.ref, self.tip = server, f"refs/heads/client{number}", tip
        self.pending, self.acknowledged, self.wrong = None, 0, None
        self.rng = random.Random(f"{number} {tip}")

    def run(self):
        while True:
            # Small ones ride in the transaction, big ones are files first.
            size = self.rng.choice((200, 3000, 400000))
            body, tip = make_push(self.ref, self.tip, self.rng, size)
            self.pending = tip
            try:
                answer = self.server.request("POST", "/r.git/git-receive-pack", body,
                                             {"Content-Type": "application/x-git-receive-pack-request"})
            except (OSError, http.client.HTTPException):
                return
            if f"ok {self.ref}" not in answer.text:
                # The server is going down: no answer, or half of one, is no acknowledgement.
                if answer.status == 200 and f"ng {self.ref}" in answer.text:
                    self.wrong = answer.text
                return
            self.tip, self.pending = tip, None
            self.acknowledged += 1


def check(server, clients, soundness):
    """Each branch is what was acknowledged last, or what was about to be."""
    found = refs(server.git_url("r"))
    tips = []
    for client in clients:
        if client.wrong:
            fail(f"{client.ref}: {client.wrong}")
        now = found.get(client.ref, ZERO)
        if now not in (client.tip, client.pending):
            fail(f"{client.ref} is {now}; {client.tip} was acknowledged, {client.pending} was on its way")
        tips.append(now)
    if soundness:
        has(server.admin("admin", "fsck").out, "checked")
        has(server.admin("admin", "audit", "verify").out, "in 2 chains")
    return tips


@timeout(400)
def test_killed_at_random_nothing_acknowledged_is_lost():
    server = Nimbus()
    server.create_repo("r")
    # A token: after each start a password would have to be hashed anew, which takes longer than a push.
    server.auth = (OWNER, server.api("POST", "/tokens", {"name": "pusher"}, want=201).json["token"])
    tips, acknowledged, rng, begin, kills = [ZERO] * CLIENTS, 0, random.Random(1), time.monotonic(), 0
    window = 0.06
    while kills < KILLS:
        clients = [Client(server, i, tip) for i, tip in enumerate(tips)]
        for client in clients:
            client.start()
        time.sleep(rng.random() * window)
        server.kill9()
        kills += 1
        for client in clients:
            client.join()
        server.start()
        tips = check(server, clients, kills % FSCK_EVERY == 0 or kills == KILLS)
        passed = sum(client.acknowledged for client in clients)
        acknowledged += passed
        # Whatever this machine's pace: some kills come before an acknowledgement, most after one.
        window = max(0.01, min(5.0, window * (0.9 if passed else 1.2)))
        if time.monotonic() - begin > SECONDS_MAX:
            print(f"stopped after {kills} of {KILLS} kills: {SECONDS_MAX} s are over")
            break
    if acknowledged < kills // 4:
        fail(f"only {acknowledged} pushes were acknowledged between {kills} kills: nothing was tested")
    time.sleep(2)
    # What the killed pushes were about to store is kept for six hours; the test does not wait for that.
    server.sql("DELETE FROM lease")
    has(server.admin("admin", "fsck", "--prune", "1s").out, "checked")
    has(server.admin("admin", "fsck").out, "checked")
    has_not(server.admin("admin", "fsck").out, "belong to nothing")
    copy = tmp("copy") / "c"
    git("clone", "-q", "--mirror", server.git_url("r"), copy)
    git("fsck", "--strict", "--no-dangling", cwd=copy)
    print(f"{kills} kills, {acknowledged} pushes acknowledged, {time.monotonic() - begin:.0f} s")


test_killed_at_random_nothing_acknowledged_is_lost.seconds = 400


if __name__ == "__main__":
    main()
