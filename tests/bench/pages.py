#!/usr/bin/env python3
"""
The pages of Nimbus beside those of cgit, the fastest known, behind nginx and fcgiwrap: the same repository, the same
pages, in turn. A page that cgit does not have is not measured; where both have one, Nimbus's may show more.

    ./dev bench --pages                    libuv, where ../shared/data has it
    ./dev bench --pages --repo PATH        another repository (bare, or a bundle)
    ./dev bench --pages --generated        100,000 files and 100,000 commits: making them takes minutes

cgit keeps no cache of pages, as it is installed; nor does Nimbus. Each page is asked for many different things (files,
folders, commits), so that the first time of each is in the figures. docs/bench.md says how to read the table.
"""

import argparse
import contextlib
import gzip
import http.client
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

import raw
import report
import servers
import world

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("NIMBUS_SHARED", ROOT.parent / "shared")) / "data/libuv.bundle"
FILES = COMMITS = 100_000
THINGS = 20  # different ones of each kind
CROWD, CROWD_SECONDS = 4, 2
STARTED = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - STARTED:5.0f} s] {text}", file=sys.stderr, flush=True)


class Cgit(servers.Peer):
    """cgit.cgi behind nginx and fcgiwrap."""

    name, program = "cgit", "/usr/lib/cgit/cgit.cgi"

    def start(self):
        if not Path(self.program).exists():
            raise servers.Failed("cgit is not installed: ./dev bench --pages installs it")
        (self.dir / "cgitrc").write_text(
            "enable-blame=1\nenable-commit-graph=0\nenable-log-filecount=0\nenable-index-owner=0\n"
            f"robots=noindex\ncss=/cgit.css\nlogo=\nscan-path={self.repos}\n")  # which takes what stands before it
        super().start()

    def environment(self):
        return {**super().environment(), "CGIT_CONFIG": str(self.dir / "cgitrc")}

    def locations(self):
        return servers.LOCATION.format(name="git", script=self.program, dir=self.dir, repos=self.repos,
                                       backend=self.program)

    def urls(self, kind, thing):
        base, rev, first, second = "/git/main.git", thing.tip, *(thing.pair or ("", ""))
        path = quote(thing.path)
        return {"home": f"{base}/", "tree": f"{base}/tree/{path}?id={rev}", "blob": f"{base}/tree/{path}?id={rev}",
                "blame": f"{base}/blame/{path}?id={rev}", "log": f"{base}/log/{path}?id={rev}",
                "commit": f"{base}/commit/?id={first}", "compare": f"{base}/diff/?id={first}&id2={second}"}[kind]


class Nimbus(servers.Nimbus):
    def urls(self, kind, thing):
        rev, first, second = thing.tip, *(thing.pair or ("", ""))
        path = quote(thing.path)
        return {"home": "/main", "tree": f"/main/tree/{rev}/{path}".rstrip("/"), "blob": f"/main/blob/{rev}/{path}",
                "blame": f"/main/blame/{rev}/{path}", "log": f"/main/commits/{rev}/{path}",
                "commit": f"/main/commit/{first}", "compare": f"/main/compare/{second}...{first}"}[kind]


class Thing:
    """What a page is asked for: a path as of the tip, or two commits, the newer one first."""

    def __init__(self, tip, path="", pair=None):
        self.tip, self.path, self.pair = tip, path, pair


def generate_wide(git, repo):
    """100,000 files in a thousand folders, and 100,000 commits that change one or two of them."""
    rng, stream = random.Random(1), world.Stream()
    names = [f"area{i // 2000}/part{i // 100 % 20}/file{i}.txt" for i in range(FILES)]
    text = {}

    def content(name, number):
        lines = text.setdefault(name, [world.sentence(random.Random(name)) for _ in range(12)])
        lines[number % 12] = f"{number} {world.sentence(rng)}"
        return "".join(lines).encode()

    stream.commit("refs/heads/main", "Start\n", [(name, content(name, 0)) for name in names])
    for number in range(1, COMMITS):
        # A few files change often, as everywhere.
        picked = names[int(len(names) * rng.random() ** 8)]
        stream.commit("refs/heads/main", f"Change {number}\n\n{world.sentence(rng)}", [(picked, content(picked, number))])
    git("init", "-q", "--bare", "--initial-branch=main", repo)
    stream.run(git, repo)


def prepare(git, folder, options):
    repo = folder / "main.git"
    if options.generated:
        say(f"generating a repository of {FILES:,} files and {COMMITS:,} commits")
        generate_wide(git, repo)
    else:
        path = (options.repo or SHARED).resolve()
        if not path.exists():
            raise servers.Failed(f"{path} is not there: name one by --repo, or take --generated")
        git("clone", "-q", "--bare", path, repo)
    say("repacking it with bitmap, commit-graph and changed paths")
    git("repack", "-q", "-adb", cwd=repo)
    git("commit-graph", "write", "--reachable", "--changed-paths", cwd=repo)
    return repo


def things_of(git, repo):
    """{kind of page: what it is asked for}."""
    tip = git.text("rev-parse", "HEAD", cwd=repo)
    recent = git.text("log", "--no-merges", "--name-only", "--format=", "-n", "400", cwd=repo).splitlines()
    there = {line.split("\t", 1)[1]: int(line.split()[3]) for line in
             git.text("ls-tree", "-r", "-l", "--full-tree", tip, cwd=repo).splitlines() if line.split()[1] == "blob"}
    files = list(dict.fromkeys(path for path in recent if 0 < there.get(path, 0) < 200_000))[:THINGS]
    folders = [""] + list(dict.fromkeys(str(Path(path).parent) for path in files if "/" in path))[:THINGS - 1]
    commits = git.text("rev-list", "--no-merges", "-n", str(THINGS * 3), "HEAD", cwd=repo).split()
    pairs = list(zip(commits, commits[5:]))[:THINGS]
    by_path = [Thing(tip, path) for path in files]
    return {"home": [Thing(tip)], "tree": [Thing(tip, path) for path in folders], "blob": by_path, "blame": by_path,
            "log": by_path, "commit": [Thing(tip, pair=pair) for pair in pairs],
            "compare": [Thing(tip, pair=pair) for pair in pairs]}


class Visitor:
    """A browser's connection, without the browser."""

    def __init__(self, server):
        self.server = server
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)

    def get(self, url):
        start = time.perf_counter()
        self.connection.request("GET", url, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
        answer = self.connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - start
        if answer.status != 200:
            raise servers.Failed(f"{self.server.name}: {url}: {answer.status}")
        return took * 1000, len(body), gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body


def crowd(server, urls):
    """Requests a second of a few visitors at once."""
    end, counts = time.monotonic() + CROWD_SECONDS, [0] * CROWD

    def visit(number):
        visitor, at = Visitor(server), number
        while time.monotonic() < end:
            visitor.get(urls[at % len(urls)])
            counts[number] += 1
            at += 1

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - end + CROWD_SECONDS)


def measure(server, kind, things, rounds):
    urls, visitor = [server.urls(kind, thing) for thing in things], Visitor(server)
    server.settle()
    cpu, times, sizes, plain = server.cpu(), [], [], []
    for number in range(max(rounds, len(urls))):
        took, size, body = visitor.get(urls[number % len(urls)])
        times.append(took)
        sizes.append(size)
        plain.append(len(body))
    server.settle()
    used = (server.cpu() - cpu) * 1000 / len(times)
    times.sort()
    return {"p50": statistics.median(times), "p99": times[min(len(times) - 1, int(len(times) * 0.99))], "cpu": used,
            "rate": crowd(server, urls), "kib": statistics.median(sizes) / 1024,
            "plain": statistics.median(plain) / 1024}


COLUMNS = (("p50", "p50 ms"), ("p99", "p99 ms"), ("cpu", "CPU ms"), ("rate", "requests/s"), ("kib", "KiB sent"))


def table(rows):
    lines = [f"{'page':<9}" + "".join(f"| {title:^24} " for _, title in COLUMNS),
             f"{'':<9}" + "|   cgit   nimbus   ratio  " * len(COLUMNS)]
    lines.append("-" * len(lines[1]))
    for kind, peer, ours in rows:
        cells = []
        for key, _ in COLUMNS:
            better = report.ratio(ours[key], peer[key]) if key == "rate" else report.ratio(peer[key], ours[key])
            cells.append(f"| {report.number(peer[key]):>6} {report.number(ours[key]):>8} {report.times(better):>7}  ")
        lines.append(f"{kind:<9}" + "".join(cells))
    return lines


def resident(server):
    """MiB of Nimbus's memory that are its own, without what it maps of files."""
    status = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("RssAnon")).split()[1]) / 1024


def bench(options, folder):
    git = world.Git(folder)
    repo = prepare(git, folder, options)
    things = things_of(git, repo)
    with contextlib.ExitStack() as ending:
        peer = Cgit(folder)
        ending.callback(peer.stop)
        nimbus = Nimbus(folder, options.binary)
        ending.callback(nimbus.stop)
        branch = git.text("symbolic-ref", "--short", "HEAD", cwd=repo)
        for server in (peer, nimbus):
            say(f"{server.name}: loading it")
            server.load("main", repo, branch, git)
        before, rows = resident(nimbus), []
        for kind, asked in things.items():
            if not asked:
                continue
            measured = [measure(server, kind, asked, options.rounds) for server in (peer, nimbus)]
            rows.append((kind, *measured))
            say(f"{kind}: {report.times(report.ratio(measured[0]['p50'], measured[1]['p50']))}")
        _, weight, _ = Visitor(nimbus).get(stylesheet(Visitor(nimbus).get("/main")[2]))
        print("\n".join(table(rows)))
        print(f"\nA first visit is two requests: the page and {weight / 1024:.1f} KiB of style sheet.")
        print(f"Nimbus's own memory: {before:.0f} MiB before all of it, {resident(nimbus):.0f} MiB after.")


def stylesheet(page):
    return page.decode().split('rel="stylesheet" href="')[1].split('"')[0]


def arguments(words=None):
    parser = argparse.ArgumentParser(prog="./dev bench --pages", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, metavar="PATH", help="a bare repository or a bundle")
    parser.add_argument("--generated", action="store_true", help=f"{FILES:,} files and {COMMITS:,} commits")
    parser.add_argument("--rounds", type=int, default=60, metavar="N", help="requests for each page (60)")
    parser.add_argument("--binary", type=Path, default=ROOT / "build/nimbus", metavar="PATH",
                        help="the Nimbus to measure (default build/nimbus)")
    parser.add_argument("--temp", type=Path, metavar="DIR", help="make the temporary folder in DIR")
    return parser.parse_args(words)


def end(*_):
    raise SystemExit("ended by a signal")


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, end)
    folder = tempfile.mkdtemp(prefix="nimbus-bench-", dir=options.temp)
    try:
        bench(options, Path(folder))
    except (servers.Failed, raw.Refused, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"took {time.monotonic() - STARTED:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
