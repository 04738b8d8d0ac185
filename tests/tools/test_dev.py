"""
`./dev run` as a newcomer uses it: it says where to go, and starts at once when there is nothing to build. And
`./dev cluster N`, of which nothing is left when it ends.
"""

import re

from harness import *


def start():
    """Runs ./dev run until it has said all; returns (seconds, what it said, process)."""
    began, said, port = time.monotonic(), "", free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("NIMBUS_")}
    env |= {"NIMBUS_LISTEN": f"127.0.0.1:{port}", "NIMBUS_DATA": str(tmp("dev-run"))}
    process = subprocess.Popen([str(ROOT / "dev"), "run"], env=env, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for line in process.stderr:
            said += line
            if "git push" in line:
                return time.monotonic() - began, said, port, process
    except BaseException:
        process.kill()
        raise
    fail(f"./dev run ended with {process.wait()}: {said}")


def built():
    """What a build, and whoever decides how it is done, would have written anew."""
    files = [ROOT / "build" / name for name in ("nimbus", "build.ninja", "CMakeCache.txt")]
    return [(file.stat().st_mtime_ns, file.stat().st_ino) for file in files]


@timeout(900)
def test_dev_run_says_where_to_go_and_starts_at_once():
    # The first one may have to build.
    for again in range(2):
        before = again and built()
        took, said, port, process = start()
        try:
            has(said, f"http://127.0.0.1:{port}\n")
            link = re.search(r"http://127\.0\.0\.1:\d+(/sign-in/\S+)", said)[1]
            has(said, f"git remote add origin http://owner@127.0.0.1:{port}/")
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", link)
            eq(connection.getresponse().status, 303, "what the sign-in link answers")
        finally:
            process.terminate()
            process.stderr.read()
            eq(process.wait(60), 0, "exit code")
    eq(built(), before, "what the second ./dev run found built")
    if took > 20:
        fail(f"the second ./dev run took {took:.1f} s")


def parents():
    """{process: its parent} of all that run."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(path.parent.name)] = int(parent)
    return found


def started_by(process):
    """It, and all that runs on its behalf: {process: command}."""
    family, of = {process}, parents()
    for _ in range(8):
        family |= {one for one, parent in of.items() if parent in family}
    names = {}
    for one in family:
        with contextlib.suppress(OSError):
            names[one] = Path(f"/proc/{one}/comm").read_text().strip()
    return names


def start_cluster(count):
    """Runs ./dev cluster until it has said all; returns the process and what it said."""
    process = subprocess.Popen([str(ROOT / "dev"), "cluster", str(count)], stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = ""
    try:
        for line in process.stdout:
            said += line
            if "Interrupt" in line:
                return process, said
    except BaseException:
        process.terminate()
        raise
    fail(f"./dev cluster ended with {process.wait()}: {said}")


@timeout(900)
def test_dev_cluster_serves_one_home_by_many_and_leaves_nothing():
    for program in "ceph-mon", "radosgw", "nginx", "redis-server":
        with contextlib.suppress(services.Missing):
            services.program(program)
            continue
        skip(f"{program} is not installed")
    process, said = start_cluster(2)
    try:
        url = re.search(r"at\n\n +(http://\S+)", said)[1]
        pods = re.search(r"single processes +(.*)", said)[1].split()
        folder = Path(re.search(r"logs +(\S+)/pod", said)[1])
        family = started_by(process.pid)
        names = list(family.values())
        eq((len(pods), names.count("nimbus"), folder.is_dir()), (2, 2, True), f"processes {names}")
        for name in "postgres", "redis-server", "ceph-mon", "ceph-osd", "radosgw", "nginx":
            has(names, name, "what runs")
        work = make_repo(5)
        tip = git("rev-parse", "main", cwd=work).out.strip()
        signed_in = url.replace("//", f"//{OWNER}:{PASSWORD}@")
        git("push", "-q", f"{signed_in}/first.git", "main", cwd=work)
        # Through the load balancer, and from each.
        for place in signed_in, *(pod.replace("//", f"//{OWNER}:{PASSWORD}@") for pod in pods):
            copy = tmp("copy") / "c"
            git("clone", "-q", f"{place}/first.git", copy)
            eq(git("rev-parse", "HEAD", cwd=copy).out.strip(), tip, f"what {place} has")
    finally:
        process.terminate()
        process.stdout.read()
        eq(process.wait(120), 0, "exit code")
    wait_until(lambda: not set(family) & set(parents()), what="the end of all that it started")
    eq(folder.exists(), False, "its data")


main()
