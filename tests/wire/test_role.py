"""One process for each role, on one database: each does its own, and what is for another it says is for another."""

import services
from browsing import Browser, check
from cluster import OWNER, PASSWORD, Cluster
from harness import *

BINARY = Path(os.environ.get("NIMBUS_BIN", BUILD / "nimbus"))
COMPACTED = '"message":"compacted"'
ROLES = ("git", "web", "auth", "worker")


class At:
    """One process of the cluster, asked as tests ask servers."""

    auth = (OWNER, PASSWORD)
    request, get, api, create_repo, git_url = (
        Nimbus.request, Nimbus.get, Nimbus.api, Nimbus.create_repo, Nimbus.git_url)

    def __init__(self, pod):
        self.pod, self.port, self.host = pod, pod.port, f"127.0.0.1:{pod.port}"


@contextlib.contextmanager
def pods():
    """The first makes the schema and the owner, and goes; then one for each role."""
    try:
        cluster = Cluster(1, binary=BINARY)
    except services.Missing as why:
        skip(str(why))
    try:
        cluster.pods.pop().stop()
        for role in ROLES[:3]:
            cluster.new_pod(f"--role={role}")
        cluster.wait_ready()
        yield cluster, *(At(pod) for pod in cluster.pods)
    finally:
        cluster.close()


def refused(answer, has_role, wanted):
    eq(answer.status, 404, f"what is for --role={wanted}")
    eq(answer.text.strip(), f"this process serves --role={has_role} only; what was asked for is served by "
                            f"--role={wanted}", "why")


def check_what_each_serves(git_, web, auth):
    for at in (git_, web, auth):
        eq((at.get("/healthz", auth=None).status, at.get("/readyz", auth=None).status), (200, 200), "health")
    repo = make_repo(commits=3)
    web.create_repo("r")
    git("push", git_.git_url("r"), "main", cwd=repo)
    eq(refs(git_.git_url("r"))["refs/heads/main"], git("rev-parse", "main", cwd=repo).out.strip(), "what was pushed")
    refused(git_.get("/r"), "git", "web")
    refused(git_.get("/api/v1/repos"), "git", "web")
    for at, name in ((web, "web"), (auth, "auth")):
        refused(at.get("/r.git/info/refs?service=git-upload-pack"), name, "git")
        result = git("clone", at.git_url("r"), tmp("c") / "r", check=False)
        eq(result.code, 128, "git at another role")
    refused(auth.get("/r"), "auth", "web")
    refused(web.get("/sign-in"), "web", "auth")
    refused(web.get("/api/v1/tokens"), "web", "auth")
    return repo


def check_a_session_counts_elsewhere(web, auth):
    browser = Browser(auth, OWNER, PASSWORD)
    browser.server = web
    has(browser.page("/r").text, "/sign-out", "who is signed in may sign out")
    token = auth.api("POST", "/tokens", {"name": "t", "permission": "read"}, want=201).json["token"]
    eq(web.get("/api/v1/repos", auth=token).status, 200, "a key that another process made")


def check_a_worker_works(cluster, git_, repo):
    for i in range(12):
        commit_file(repo, "f", f"{i}\n")
        git("push", git_.git_url("r"), "main", cwd=repo)
    worker = cluster.new_pod("--role=worker", NIMBUS_COMPACT_DELAY="100ms")
    cluster.wait_ready()
    wait_until(lambda: COMPACTED in worker.log.read_text(), 60, "the worker compacts")
    refused(At(worker).get("/"), "worker", "web")
    for pod in cluster.pods[:-1]:
        has_not(pod.log.read_text(), COMPACTED, pod.name)


def test_each_role_has_a_process_of_its_own():
    with pods() as (cluster, git_, web, auth):
        repo = check_what_each_serves(git_, web, auth)
        check_a_session_counts_elsewhere(web, auth)
        check_a_worker_works(cluster, git_, repo)
        eq([pod.stop() for pod in cluster.pods], [0] * 4, "exit codes")


def test_a_role_that_is_none_is_told():
    result = run([BINARY, "serve", "--role=git,cook"], env={"NIMBUS_DATA": str(tmp("data"))}, check=False)
    eq(result.code, 2, "exit code")
    has(result.err, '--role: there is no role "cook", only git,web,auth,worker', "why")


main()
