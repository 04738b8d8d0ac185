"""A push that takes so long that the server reports progress before it knows the outcome."""

from harness import *


def slow_pack(commits, files):
    """(tip, pack) of many small objects: reading and connecting them takes more than a second."""
    repo, rng, stream = tmp("slow"), random.Random(3), []
    git("init", "-q", "--bare", ".", cwd=repo)
    for n in range(commits):
        stream.append(f"commit refs/heads/main\ncommitter A <a@example.com> {1700000000 + n} +0000\ndata 1\nc\n")
        for f in range(files):
            stream.append(f"M 100644 inline d{n}/{f}\ndata 17\n{rng.randrange(1 << 64):016x}\n\n")
    git("fast-import", "--quiet", cwd=repo, input="".join(stream))
    pack = git("pack-objects", "--revs", "--stdout", "-q", "--window=0", cwd=repo, input="main\n").raw
    return git("rev-parse", "main", cwd=repo).out.strip(), pack


def pkt(text):
    return f"{len(text) + 4:04x}{text}".encode()


@timeout(300)
def test_a_reply_that_begins_with_progress_is_whole():
    server = Nimbus()
    for commits in (100, 400, 1600):
        tip, pack = slow_pack(commits, 60)
        name = f"slow{commits}"
        server.create_repo(name)
        body = pkt(f"{'0' * 40} {tip} refs/heads/main\0report-status side-band-64k") + b"0000" + pack
        answer = server.request("POST", f"/{name}.git/git-receive-pack", body,
                                {"Content-Type": "application/x-git-receive-pack-request"}, timeout=120)
        eq(answer.status, 200)
        eq(answer.headers.get("content-type"), "application/x-git-receive-pack-result")
        has(answer.body, b"unpack ok")
        has(answer.body, b"ok refs/heads/main")
        if b"Checking connectivity" in answer.body or b"Resolving deltas" in answer.body:
            return
    fail("no push was slow enough for progress to be told")


main()
