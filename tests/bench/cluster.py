#!/usr/bin/env python3
"""
What a cluster costs against a home, on one machine: pushes a second with one, two and three processes, how long a push, a
clone and a page take, what goes to the bucket, and memory. All of it on loopback, with the clients on the same processors.

    ./dev bench --cluster [--seconds N]
"""

import argparse
import base64
import contextlib
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import services  # noqa: E402
from by_hand import ZERO, Client, commit  # noqa: E402
from cluster import OWNER, PASSWORD, Cluster, Pod  # noqa: E402
from s3_proxy import Proxy  # noqa: E402

BINARY = HERE.parent.parent / "build/nimbus"
BASIC = "Basic " + base64.b64encode(f"{OWNER}:{PASSWORD}".encode()).decode()
CLIENTS, LARGE = 8, 4_000_000
SETTINGS = {"NIMBUS_COMPACT": "off", **services.ONE_FOR_MANY}


def call(port, method, path, body=None, want=201):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, json.dumps(body) if body else None,
                       {"Content-Type": "application/json", "Authorization": BASIC})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != want:
        sys.exit(f"{method} {path}: {answer.status} {text[:300]!r}")
    return json.loads(text) if text.startswith(b"{") else text


def token(port):
    return "Bearer " + call(port, "POST", "/api/v1/tokens", {"name": "bench", "permission": "write"})["token"]


def timed(run, times):
    """Median milliseconds."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


class Chain:
    """Pushes one commit after the other to a branch of its own."""

    def __init__(self, port, authorization, repo, ref):
        self.client, self.repo, self.ref, self.tip, self.count = Client(port, authorization), repo, ref, ZERO, 0

    def push(self, size=500):
        self.count += 1
        new, pack = commit(self.tip, os.urandom(size), f"{self.ref} {self.count}")
        self.client.push(self.repo, self.ref, self.tip, new, pack)
        self.tip = new


def throughput(ports, authorization, seconds, tag):
    """Pushes a second by clients that each have a repository, spread over the processes."""
    chains, end = [], time.monotonic() + seconds
    for number in range(CLIENTS):
        repo = f"{tag}{number}"
        call(ports[0], "POST", "/api/v1/repos", {"name": repo, "visibility": "public", "default_branch": "main"})
        chains.append(Chain(ports[number % len(ports)], authorization, repo, "refs/heads/main"))

    def run(chain):
        while time.monotonic() < end:
            chain.push()

    threads = [threading.Thread(target=run, args=(chain,)) for chain in chains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(chain.count for chain in chains) / seconds


def rss_mib(process):
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def clone(url, folder):
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", "--bare", url, folder], check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"})


def latencies(port, authorization, folder, seconds):
    """{what: milliseconds} of one process."""
    call(port, "POST", "/api/v1/repos", {"name": "lat", "visibility": "public", "default_branch": "main"})
    chain = Chain(port, authorization, "lat", "refs/heads/main")
    chain.push()
    result = {"a small push": timed(chain.push, 100), "a push of 4 MB": timed(lambda: chain.push(LARGE), 5)}
    result["a clone (of 20 MB)"] = timed(lambda: clone(f"http://127.0.0.1:{port}/lat.git", folder / "c.git"), 5)
    result["a page"] = timed(lambda: call(port, "GET", "/lat", want=200), 50)
    result["pushes a second"] = throughput([port], authorization, seconds, "one")
    return result


def home(folder, seconds):
    pod = Pod(0, BINARY, folder, {"NIMBUS_OWNER": OWNER, "NIMBUS_OWNER_PASSWORD": PASSWORD, **SETTINGS})
    pod.start()
    try:
        while not pod.ready():
            time.sleep(0.02)
        result = latencies(pod.port, token(pod.port), folder, seconds)
        result["MiB resident"] = rss_mib(pod.process)
        return result
    finally:
        pod.stop()


def bucket_requests(proxy, run):
    proxy.seen = []
    run()
    methods = [method for method, _, _ in proxy.seen]
    return ", ".join(f"{methods.count(method)} {method}" for method in sorted(set(methods))) or "none"


def in_the_bucket(cluster, proxy, authorization, folder):
    """[(what, requests, milliseconds)]"""
    warm, rows = cluster.pods[0], []
    call(warm.port, "POST", "/api/v1/repos", {"name": "b", "visibility": "public", "default_branch": "main"})
    chain = Chain(warm.port, authorization, "b", "refs/heads/main")

    def row(what, run):
        start = time.perf_counter()
        rows.append((what, bucket_requests(proxy, run), (time.perf_counter() - start) * 1000))

    row("a small push", chain.push)
    row("a push of 4 MB", lambda: chain.push(LARGE))
    for _ in range(4):
        chain.push(LARGE)
    row("a clone, warm", lambda: clone(f"{warm.url}/b.git", folder / "w.git"))
    row("a page, warm", lambda: call(warm.port, "GET", "/b", want=200))
    for what, run in (("a page, cold", lambda pod: call(pod.port, "GET", "/b", want=200)),
                      ("a clone, cold", lambda pod: clone(f"{pod.url}/b.git", folder / "c.git"))):
        pod = cluster.new_pod()
        cluster.wait_ready()
        row(what, lambda: run(pod))
        cluster.pods.remove(pod)
        pod.stop()
    return rows


def main():
    parser = argparse.ArgumentParser(prog="./dev bench --cluster", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="how long each throughput is measured (5)")
    options = parser.parse_args()
    folder, proxies = Path(tempfile.mkdtemp(prefix="nimbus-bench-")), []

    def through(port):
        proxies.append(Proxy(port))
        return proxies[0].port

    try:
        at_home = home(folder, options.seconds)
        with contextlib.closing(Cluster(3, BINARY, SETTINGS)) as cluster:
            authorization = token(cluster.pods[0].port)
            here = latencies(cluster.pods[0].port, authorization, folder, options.seconds)
            here["MiB resident"] = rss_mib(cluster.pods[0].process)
            print(f"{'':<24} {'home':>8} {'cluster':>8} {'ratio':>7}")
            for what, value in at_home.items():
                print(f"{what:<24} {value:8.1f} {here[what]:8.1f} {here[what] / value:6.2f}x"
                      f"{'' if what in ('pushes a second', 'MiB resident') else '  ms'}")
            print("\npushes a second by 8 clients, each to a repository of its own")
            for count in (1, 2, 3):
                ports = [pod.port for pod in cluster.pods[:count]]
                print(f"  {count} processes  {throughput(ports, authorization, options.seconds, f'p{count}x'):7.0f}")
        with contextlib.closing(Cluster(1, BINARY, SETTINGS, through)) as cluster:
            authorization = token(cluster.pods[0].port)
            print("\nrequests to the bucket")
            for what, requests, took in in_the_bucket(cluster, proxies[0], authorization, folder):
                print(f"  {what:<16} {requests:<24} {took:7.1f} ms, with the counter between")
    except services.Missing as why:
        sys.exit(str(why))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
