"""A push that takes so long that the server reports progress before it knows the outcome."""

from harness import *


def slow_pack(commits, files):
    """(tip, pack) of many small objects."""
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


def dripping(body):
    """The body with a pause in it: when it has all come, the push has been going on for over a second."""
    yield body[:len(body) // 2]
    time.sleep(1.2)
    yield body[len(body) // 2:]


def test_a_reply_that_begins_with_progress_is_whole():
    server = Nimbus()
    tip, pack = slow_pack(100, 60)
    server.create_repo("slow")
    body = pkt(f"{'0' * 40} {tip} refs/heads/main\0report-status side-band-64k") + b"0000" + pack
    answer = server.request("POST", "/slow.git/git-receive-pack", dripping(body),
                            {"Content-Type": "application/x-git-receive-pack-request"}, timeout=120)
    eq(answer.status, 200)
    eq(answer.headers.get("content-type"), "application/x-git-receive-pack-result")
    has(answer.body, b"Resolving deltas: 100% (")
    has(answer.body, b"unpack ok")
    has(answer.body, b"ok refs/heads/main")


main()
