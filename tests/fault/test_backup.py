"""
Backups while people push and upkeep throws away what it can: each holds every push that was acknowledged before
it began, is whole, and stays so when others are added. Also when it is killed.
"""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *

WRITERS = 3
# What compaction replaces is swept a second later; every push is a pack of its own in the blob store.
HASTY = {"NIMBUS_PACK_INLINE_MAX": "0", "NIMBUS_RETENTION": "1s", "NIMBUS_COMPACT": "off"}


class Writer(threading.Thread):
    """Pushes to a repository of its own until it is told to end; .acknowledged is the last commit it was told of."""

    def __init__(self, server, number):
        super().__init__()
        self.server, self.name = server, f"busy{number}"
        self.repo = make_repo(commits=5, seed=number)
        server.create_repo(self.name)
        self.ends, self.pushes, self.why = threading.Event(), 0, None
        self.push()

    def push(self):
        tip = commit_file(self.repo, "busy.txt", os.urandom(2000).hex())
        git("push", "-q", self.server.git_url(self.name), "HEAD:main", cwd=self.repo)
        self.acknowledged = tip
        self.pushes += 1

    def run(self):
        try:
            while not self.ends.is_set():
                self.push()
        except Failure as why:
            self.why = why


class Upkeep(threading.Thread):
    """Compacts and sweeps, over and over."""

    def __init__(self, server):
        super().__init__()
        self.server, self.ends, self.rounds, self.why = server, threading.Event(), 0, None

    def run(self):
        while not self.ends.is_set():
            done = self.server.admin("admin", "compact", "--full", check=False)
            self.rounds += 1
            if done.code:
                self.why = done
                return


@contextlib.contextmanager
def busy(server):
    writers = [Writer(server, n) for n in range(WRITERS)]
    upkeep = Upkeep(server)
    for thread in (*writers, upkeep):
        thread.start()
    try:
        yield writers, upkeep
    finally:
        for thread in (*writers, upkeep):
            thread.ends.set()
        for thread in (*writers, upkeep):
            thread.join()
    for thread in (*writers, upkeep):
        if thread.why:
            fail(f"{thread.name}: {thread.why}")


def backup(server, place):
    """Makes one; returns its name."""
    server.admin("admin", "backup", place)
    return max(path.stem for path in Path(place).glob("backup/*.json"))


def check(place, name, expected):
    """Restores a backup; each branch has the commit that was acknowledged, or came after."""
    copy = Nimbus(start=False)
    copy.admin("admin", "restore", place, "--backup", name)
    copy.admin("admin", "fsck", "--quiet")
    copy.start()
    for writer, tip in expected.items():
        clone = tmp("clone")
        git("clone", "-q", "--mirror", copy.git_url(writer.name), clone)
        git("fsck", "--strict", cwd=clone)
        git("merge-base", "--is-ancestor", tip, "main", cwd=clone)
    copy.stop()


@timeout(900)
def test_every_acknowledged_push_is_in_a_backup_that_begins_after_it():
    s, place, made = Nimbus(env=HASTY), tmp("place") / "of" / "backups", []
    with busy(s) as (writers, upkeep):
        for _ in range(4):
            seen = [writer.pushes for writer in writers], upkeep.rounds
            wait_until(lambda: upkeep.rounds > seen[1] and all(w.pushes >= n + 2 for w, n in zip(writers, seen[0])),
                       200, "pushes and a compaction")
            expected = {writer: writer.acknowledged for writer in writers}
            made.append((backup(s, place), expected))
    eq(len({name for name, _ in made}), 4, "backups")
    s.stop()
    for name, expected in made:
        check(place, name, expected)


@timeout(900)
def test_a_backup_that_is_killed_leaves_the_place_as_good_as_it_was():
    s, place = Nimbus(env=HASTY), tmp("place")
    with busy(s) as (writers, _):
        first = {writer: writer.acknowledged for writer in writers}
        kept = backup(s, place)
        killed = 0
        for n in range(12):
            process = subprocess.Popen([s.binary, "admin", "backup", place], env=s.environment(),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.01 * n)
            process.kill()
            killed += process.wait() == -signal.SIGKILL
        last = {writer: writer.acknowledged for writer in writers}
        newest = backup(s, place)
    if killed < 3:
        fail(f"only {killed} were killed before they were done")
    s.stop()
    check(place, kept, first)
    check(place, newest, last)


def run_until_done(server, *words):
    """Runs an admin command that fills an empty target, killed a little later each time, and then to its end."""
    killed = 0
    for n in range(12):
        process = subprocess.Popen([server.binary, "admin", *words], env=server.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.004 * n)
        process.kill()
        if process.wait() == 0:
            break
        killed += 1
    if killed < 3:
        fail(f"only {killed} were killed before they were done")
    done = server.admin("admin", *words, check=False)
    # The last one may have been killed when all was there already.
    if done.code != 0 and "not empty" not in done.err:
        fail(done)


def pushed_to(server):
    writers = [Writer(server, n) for n in range(3)]
    for writer in writers:
        for _ in range(10):
            writer.push()
    return writers


@timeout(900)
def test_a_restore_that_is_killed_can_be_made_again():
    s, place = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "0"}), tmp("place")
    writers = pushed_to(s)
    name = backup(s, place)
    s.stop()
    copy = Nimbus(start=False)
    run_until_done(copy, "restore", place)
    copy.admin("admin", "fsck", "--quiet")
    copy.start()
    for writer in writers:
        eq(refs(copy.git_url(writer.name))["refs/heads/main"], writer.acknowledged, name)


@timeout(900)
def test_a_move_that_is_killed_can_be_made_again():
    s, there = Nimbus(env={"NIMBUS_PACK_INLINE_MAX": "0"}), tmp("there")
    writers = pushed_to(s)
    s.stop()
    run_until_done(s, "move", "--to", there)
    copy = Nimbus(env={"NIMBUS_DB": "", "NIMBUS_BLOB": ""}, data=there, start=False)
    copy.admin("admin", "fsck", "--quiet")
    for server in (copy.start(), s.start()):
        for writer in writers:
            eq(refs(server.git_url(writer.name))["refs/heads/main"], writer.acknowledged, writer.name)


main()
