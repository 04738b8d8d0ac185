"""
Compactions are killed at random, again and again, while pushes go on: nothing is lost, everything is
sound, and in the end one that is let run to its end makes few packs of it all.
"""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *  # noqa: E402,F403

KILLS = int(os.environ.get("NIMBUS_TEST_KILLS", "50"))


class Pusher(threading.Thread):
    """Pushes one commit after another until it is told to end."""

    def __init__(self, source, url):
        super().__init__()
        self.source, self.url, self.end, self.tips, self.wrong = source, url, threading.Event(), [], None

    def run(self):
        number = 0
        while not self.end.is_set():
            number += 1
            size = (10, 2000)[number % 2]
            tip = commit_file(self.source, f"files/{number % 7}.txt", f"{number}\n" * size)
            result = git("push", "-q", self.url, "HEAD:refs/heads/topic", cwd=self.source, check=False)
            if result.code:
                self.wrong = result
                return
            self.tips.append(tip)


def forget_leases(server):
    """Whoever was killed holds its lease until that is over; the test does not wait for that."""
    server.sql("DELETE FROM lease")


def retired(server):
    return server.sql("SELECT count(*) FROM pack WHERE state = 2")[0][0]


@timeout(400)
def test_killed_at_random_a_compaction_loses_nothing():
    server = Nimbus(env={"NIMBUS_COMPACT": "off", "NIMBUS_PACK_INLINE_MAX": "4k"})
    source, rng = make_repo(commits=60), random.Random(1)
    server.create_repo("r")
    server.auth = (OWNER, server.api("POST", "/tokens", {"name": "pusher"}, want=201).json["token"])
    url = server.git_url("r")
    git("push", "-q", url, "--all", cwd=source)
    begin = time.monotonic()
    server.admin("admin", "compact", "r", "--full")
    patience = 2.5 * (time.monotonic() - begin)
    pusher = Pusher(source, url)
    pusher.start()
    # Some are to end, and some not, however busy the machine is.
    killed = ended = 0
    for _ in range(KILLS):
        process = subprocess.Popen([server.binary, "admin", "compact", "r", "--full"],
                                   env=server.environment(), stdout=subprocess.DEVNULL)
        try:
            process.wait(rng.random() * patience)
            ended += 1
            patience *= 0.9
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
            patience *= 1.1
        forget_leases(server)
    pusher.end.set()
    pusher.join()
    if pusher.wrong:
        fail(f"a push failed: {pusher.wrong}")
    if killed < KILLS // 5 or not ended or len(pusher.tips) < 5:
        fail(f"{killed} killed, {ended} ended, {len(pusher.tips)} pushes: nothing was tested")
    has(server.admin("admin", "fsck").out, "checked")
    has(server.admin("admin", "compact", "r", "--full").out, "became 2 packs")
    has(server.admin("admin", "fsck", "--prune", "1s").out, "checked")
    eq(list((server.data / "scratch").iterdir()), [], "what is left in the scratch folder")
    copy = tmp("copy") / "c"
    git("clone", "-q", "--mirror", url, copy)
    git("fsck", "--strict", "--no-dangling", cwd=copy)
    git("merge-base", "--is-ancestor", pusher.tips[-1], "refs/heads/topic", cwd=copy)
    eq(git("rev-parse", "refs/heads/topic", cwd=copy).out.strip(), pusher.tips[-1], "the branch")
    print(f"# {killed} killed, {ended} ended, {len(pusher.tips)} pushes, {retired(server)} packs retired")


if __name__ == "__main__":
    main()
