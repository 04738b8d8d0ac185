"""What ends on one process of a cluster has ended on all: tokens, passwords, people, permissions; with Redis and without."""

import base64
import http.client
import json

from browsing import Browser
from cluster import OWNER, PASSWORD, Cluster
from codes import enrol
from harness import *
import services

BINARY = Path(os.environ.get("NIMBUS_BIN", BUILD / "nimbus"))


@contextlib.contextmanager
def two_pods():
    try:
        cluster = Cluster(2, binary=BINARY)
    except services.Missing as why:
        skip(str(why))
    try:
        yield cluster, *cluster.pods
    finally:
        cluster.close()


def ask(pod, method, path, auth=(OWNER, PASSWORD), body=None):
    """The status of one request to one process, and its JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=30)
    headers = {"Authorization": "Basic " + base64.b64encode(":".join(auth).encode()).decode()}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, json.loads(data) if answer.getheader("Content-Type", "").endswith("json") else data


def must(pod, method, path, auth=(OWNER, PASSWORD), body=None):
    status, data = ask(pod, method, path, auth, body)
    if status not in (200, 201, 204):
        fail(f"{method} {path}: {status} {data}")
    return data


def refs_status(pod, auth, service="git-upload-pack"):
    return ask(pod, "GET", f"/r.git/info/refs?service={service}", auth)[0]


def warm(pods, auth):
    for pod in pods * 2:
        eq(refs_status(pod, auth), 200, "a credential that counts")


def new_token(pod, auth=(OWNER, PASSWORD), permission="read"):
    made = must(pod, "POST", "/api/v1/tokens", auth, {"name": "t", "permission": permission})
    return ("x", made["token"]), made["id"]


def check_what_ends(a, b):
    """All that can end, ended through `a`; `b`, which knew it a moment ago, refuses it in its next request."""
    token, number = new_token(a)
    warm([a, b], token)
    must(a, "DELETE", f"/api/v1/tokens/{number}")
    eq((refs_status(b, token), refs_status(a, token)), (401, 401), "a revoked token")
    eq(ask(b, "GET", "/api/v1/user", token)[0], 401, "whoever it was")

    must(a, "POST", "/api/v1/collaborators", body={"username": "anna", "password": "gravel-otter-ninety-lamp"})
    must(a, "PUT", "/api/v1/repos/r/permissions/anna", body={"permission": "write"})
    old, new = ("anna", "gravel-otter-ninety-lamp"), ("anna", "orbit-candle-fifteen-moss")
    warm([a, b], old)
    must(a, "PATCH", "/api/v1/collaborators/anna", body={"password": new[1]})
    eq((refs_status(b, old), refs_status(a, old)), (401, 401), "the old password")
    warm([a, b], new)

    eq(refs_status(b, new, "git-receive-pack"), 200, "who may write")
    must(a, "PUT", "/api/v1/repos/r/permissions/anna", body={"permission": "read"})
    eq(refs_status(b, new, "git-receive-pack"), 403, "who may write no more")
    must(a, "DELETE", "/api/v1/repos/r/permissions/anna")
    eq(refs_status(b, new), 404, "who may not even read")
    must(a, "PUT", "/api/v1/repos/r/permissions/anna", body={"permission": "read"})
    token, _ = new_token(a, new)
    warm([a, b], new)
    warm([a, b], token)
    must(a, "DELETE", "/api/v1/collaborators/anna")
    eq((refs_status(b, new), refs_status(b, token)), (401, 401), "who was removed")


def check_a_push_under_way(a, b):
    """A token that `a` revokes while `b` receives a push by it."""
    token, number = new_token(a, permission="write")
    work = make_repo(3)
    url = f"http://{token[0]}:{token[1]}@127.0.0.1:{b.port}/r.git"
    git("push", "-q", url, "main", cwd=work)
    before = refs(work)["refs/heads/main"]
    commit_file(work, "late.txt", "late\n")
    # The process has the whole request but for its last byte when the token ends.
    new = git("rev-parse", "HEAD", cwd=work).out.strip()
    pack = subprocess.run(["git", "pack-objects", "--stdout", "--revs", "-q"], cwd=work, check=True,
                          input=f"{new}\n^{before}\n".encode(), stdout=subprocess.PIPE).stdout
    command = f"{before} {new} refs/heads/main\0report-status"
    body = f"{len(command) + 4:04x}{command}0000".encode() + pack
    connection = http.client.HTTPConnection("127.0.0.1", b.port, timeout=30)
    connection.putrequest("POST", "/r.git/git-receive-pack")
    connection.putheader("Authorization", "Basic " + base64.b64encode(":".join(token).encode()).decode())
    connection.putheader("Content-Type", "application/x-git-receive-pack-request")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:-1])
    wait_until(lambda: is_read(connection.sock, b.port), what="the reading of all but its last byte")
    must(a, "DELETE", f"/api/v1/tokens/{number}")
    connection.send(body[-1:])
    answer = connection.getresponse()
    has_not(answer.read().decode(), "ok refs/heads/main", "the report")
    connection.close()
    eq(refs(f"http://{OWNER}:{PASSWORD}@127.0.0.1:{a.port}/r.git")["refs/heads/main"], before, "main")


class At:
    """One process, as browsers see it."""
    auth, request = (OWNER, PASSWORD), Nimbus.request

    def __init__(self, pod):
        self.port = pod.port


def check_a_second_factor(a, b):
    """From the commit on that adds it on `a`, the password alone is nothing to `b`; either takes its codes, once."""
    name = f"p{a.port}"
    mine = (name, "gravel-otter-ninety-lamp")
    must(a, "POST", "/api/v1/collaborators", body={"username": name, "password": mine[1]})
    must(a, "PUT", f"/api/v1/repos/r/permissions/{name}", body={"permission": "read"})
    key, _ = new_token(a, mine)
    warm([a, b], mine)
    browser, elsewhere = Browser(At(a), *mine), Browser(At(b), *mine)
    app, codes = enrol(browser)
    eq((refs_status(b, mine), refs_status(a, mine)), (401, 401), "the password alone")
    eq((ask(b, "GET", "/api/v1/user", mine)[0], elsewhere.get("/account").status), (401, 303), "and what began with it")
    eq((refs_status(b, key), refs_status(a, key)), (200, 200), "a key")
    code = app.code()
    for pod, other, want in ((a, b, 303), (b, a, 403)):
        half = Browser(At(pod))
        has(half.send("/sign-in", {"username": name, "password": mine[1], "next": "/"}).headers["location"], "/sign-in/second", "to")
        half.server = At(other)
        eq(half.send("/sign-in/second", {"code": code, "next": "/"}).status, want, "a code of the app")
    half.server = At(pod)
    eq(half.send("/sign-in/second", {"code": codes[0], "next": "/"}).status, 303, "a recovery code")
    must(a, "DELETE", f"/api/v1/collaborators/{name}")


def test_what_ended_on_one_process_is_refused_by_the_other_at_once():
    with two_pods() as (cluster, a, b):
        must(a, "POST", "/api/v1/repos", body={"name": "r"})
        check_what_ends(a, b)
        check_what_ends(b, a)
        check_a_second_factor(a, b)
        check_a_push_under_way(a, b)
        cluster.redis.halt(signal.SIGKILL)
        check_what_ends(a, b)
        check_a_push_under_way(b, a)
        cluster.redis.launch()
        check_what_ends(b, a)


main()
