#!/usr/bin/env python3
"""
Service accounts of Kubernetes: their tokens as credentials (TokenReview), and the cluster's rules about what they may do
(SubjectAccessReview). The API server is a recorded one, which speaks as the real one does: https://kubernetes.io/docs/
reference/kubernetes-api/authentication-resources/token-review-v1/ and …/authorization-resources/subject-access-review-v1/.
"""

import http.server
import ssl
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *  # noqa: E402,F403
from tls import Authority  # noqa: E402

REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
ACCESS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def token_of(name, namespace="ci", expires=3600, **claims):
    """What a kubelet would project. Who believes it without asking the cluster is wrong: it is signed by nobody."""
    def part(value):
        return base64.urlsafe_b64encode(jsonlib.dumps(value).encode()).rstrip(b"=").decode()
    claims = {"iss": "https://kubernetes.default.svc", "sub": f"system:serviceaccount:{namespace}:{name}",
              "aud": ["nimbus"], "exp": int(time.time()) + expires, **claims}
    return ".".join([part({"alg": "RS256", "kid": "one"}), part(claims), "AAAA"])


class Cluster:
    """.tokens: {token: (username, groups)} that it knows; .may(user, verb, name) is its RBAC; .fails: a status instead."""

    def __init__(self):
        self.tokens, self.may, self.fails, self.gone = {}, lambda *_: False, None, False
        self.calls, self.lock, cluster = [], threading.Lock(), self
        self.authority, self.token_file = Authority(), tmp("kube") / "token"
        self.token_file.write_text("our-own-1\n")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if cluster.gone:
                    self.close_connection = True
                    return
                body = jsonlib.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = cluster.hear(self.path, self.headers["Authorization"], body)
                text = jsonlib.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.issue("api", "DNS:localhost,IP:127.0.0.1"))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hear(self, path, bearer, body):
        spec = body["spec"]
        with self.lock:
            self.calls.append((path, bearer, spec))
        if self.fails:
            return self.fails, {"kind": "Status", "message": "no"}
        if bearer != f"Bearer {self.token_file.read_text().strip()}":
            return 401, {"kind": "Status", "message": "Unauthorized"}
        if path == REVIEWS and body["kind"] == "TokenReview":
            user, groups = self.tokens.get(spec["token"], (None, []))
            if user is None:
                return 201, {"kind": "TokenReview", "status": {"user": {}, "error": "invalid bearer token"}}
            return 201, {"kind": "TokenReview", "status": {
                "authenticated": True, "audiences": [a for a in spec.get("audiences", []) if a == "nimbus"],
                "user": {"username": user, "uid": "7", "groups": groups}}}
        if path == ACCESS and body["kind"] == "SubjectAccessReview":
            what = spec["resourceAttributes"]
            eq((what["group"], what["resource"]), ("nimbus.git", "repositories"), "what is asked about")
            return 201, {"kind": "SubjectAccessReview", "status": {
                "allowed": bool(self.may(spec["user"], what["verb"], what.get("name", "")))}}
        return 404, {"kind": "Status", "message": "not found"}

    def add(self, name, namespace="ci"):
        token = token_of(name, namespace)
        self.tokens[token] = (f"system:serviceaccount:{namespace}:{name}",
                              ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"])
        return token

    def reviews(self, path=REVIEWS):
        with self.lock:
            return [spec for at, _, spec in self.calls if at == path]

    def nimbus(self, **env):
        server = Nimbus(env={
            "NIMBUS_KUBERNETES": "on", "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": self.server.server_port, "NIMBUS_KUBERNETES_CA": self.authority.root,
            "NIMBUS_KUBERNETES_TOKEN_FILE": self.token_file, "NIMBUS_KUBERNETES_AUDIENCES": "nimbus",
            "NIMBUS_KUBERNETES_ACCOUNTS": "ci:runner=robot, group:system:serviceaccounts:prod=reader", **env})
        for name in ("robot", "reader"):
            server.api("POST", "/collaborators", {"username": name}, want=201)
        server.create_repo("site")
        return server

    def close(self):
        self.gone = True
        self.server.shutdown()
        self.server.server_close()


def test_recorded_api_server_says_whose_token_it_is():
    cluster = Cluster()
    server = cluster.nimbus()
    runner, deploy = cluster.add("runner"), cluster.add("deploy", "prod")
    stranger, made_up = cluster.add("other"), token_of("runner", expires=3601)
    repo = make_repo(commits=3)
    server.api("PUT", "/repos/site/permissions/robot", {"permission": "write"}, want=200)
    server.api("PUT", "/repos/site/permissions/reader", {"permission": "read"}, want=200)
    git("push", "-q", server.git_url("site", auth=("any", runner)), "main", cwd=repo)
    git("clone", "-q", server.git_url("site", auth=("x", deploy)), tmp() / "copy")
    eq(server.get("/api/v1/repos/site", auth=runner).status, 200, "as a bearer")
    refused = git("push", server.git_url("site", auth=("x", deploy)), "main:other", cwd=repo, check=False)
    has(refused.err, "403", "a push by who may read")
    for token, why in ((stranger, "has no account here"), (made_up, "does not know this service account's token")):
        answer = server.get("/api/v1/repos/site", auth=token)
        eq(answer.status, 401, why)
        has(answer.text, why)
    eq({tuple(spec["audiences"]) for spec in cluster.reviews()}, {("nimbus",)}, "audiences")
    # Each token was asked about once, whether it is known or not.
    eq(len(cluster.reviews()), 4, "reviews")
    entry = server.get("/api/v1/audit?action=push").json[0]
    eq((entry["username"], entry["via"]), ("robot", "kubernetes"), "the audit log")
    # Other credentials are shown to nobody.
    eq(server.get("/api/v1/repos/site", auth=token_of("x", sub="anna")).status, 401, "a JWT of another kind")
    eq(server.get("/api/v1/repos/site", auth="nonsense").status, 401, "nonsense")
    eq(len(cluster.reviews()), 4, "reviews")
    cluster.close()


def test_recorded_api_server_lets_no_service_account_be_a_person():
    cluster = Cluster()
    server = cluster.nimbus()
    runner = cluster.add("runner")
    made = server.api("POST", "/tokens", {"name": "for ever", "permission": "read"}, auth=runner)
    eq(made.status, 403, "a token of its own")
    eq(server.api("GET", "/collaborators", auth=runner).status, 403, "the instance")
    body = urllib.parse.urlencode({"username": "robot", "password": runner})
    signed = server.request("POST", "/sign-in", body, {"Content-Type": "application/x-www-form-urlencoded"}, auth=None)
    has_not(signed.headers, "set-cookie", "signing in")
    cluster.close()


def test_recorded_api_server_decides_by_its_own_rules():
    cluster = Cluster()
    cluster.may = lambda user, verb, name: user.endswith(":runner") and (
        verb == "get" and name in ("site", "other") or verb == "push" and name == "site")
    server = cluster.nimbus(NIMBUS_KUBERNETES_ACCESS="on", NIMBUS_KUBERNETES_NAMESPACE="git",
                            NIMBUS_KUBERNETES_CACHE="0s")
    for name in ("other", "secret"):
        server.create_repo(name)
    # What was granted here does not count for a service account.
    server.api("PUT", "/repos/secret/permissions/robot", {"permission": "admin"}, want=200)
    runner, repo = cluster.add("runner"), make_repo(commits=3)
    git("push", "-q", server.git_url("site", auth=("x", runner)), "main", cwd=repo)
    refused = server.get("/other/info/refs?service=git-receive-pack", auth=("x", runner))
    eq(refused.status, 403, "a push")
    has(refused.text, 'you have read permission on "other", this needs write')
    there, nowhere = (server.get(f"/api/v1/repos/{name}", auth=runner) for name in ("secret", "nowhere"))
    eq((there.status, there.text.replace("secret", "nowhere")), (404, nowhere.text), "what is hidden")
    eq([r["name"] for r in server.get("/api/v1/repos", auth=runner).json], ["other", "site"], "the list")
    asked = cluster.reviews(ACCESS)
    eq({spec["resourceAttributes"]["namespace"] for spec in asked}, {"git"}, "the namespace")
    eq({tuple(spec["groups"]) for spec in asked},
       {("system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated")}, "groups")
    # Who may read all is asked about once.
    cluster.may = lambda user, verb, name: verb == "get"
    before = len(asked)
    eq(len(server.get("/api/v1/repos", auth=runner).json), 3, "the list")
    eq(len(cluster.reviews(ACCESS)) - before, 1, "questions")
    cluster.may = lambda *_: False
    eq(server.get("/api/v1/repos", auth=runner).json, [], "the list of who may nothing")
    # People are as ever.
    eq(len(server.get("/api/v1/repos").json), 3, "the owner's list")
    cluster.close()


def test_recorded_api_server_that_is_down_lets_no_token_in_and_others_on():
    cluster = Cluster()
    server = cluster.nimbus(NIMBUS_KUBERNETES_CACHE="0s")
    runner = cluster.add("runner")
    server.api("PUT", "/repos/site/permissions/robot", {"permission": "read"}, want=200)
    eq(server.get("/api/v1/repos/site", auth=runner).status, 200, "at first")

    def is_refused(why):
        answer = server.get("/api/v1/repos/site", auth=runner)
        eq(answer.status, 503, why)
        has(answer.text, "the cluster's API server could not be asked whose token this is")
        eq(server.get("/api/v1/repos/site").status, 200, "the owner")

    for status in (500, 403, 429):
        cluster.fails = status
        is_refused(status)
    cluster.fails = None
    # Our own token is replaced while we run, and read anew.
    cluster.token_file.write_text("our-own-2\n")
    eq(server.get("/api/v1/repos/site", auth=runner).status, 200, "by our next token")
    eq(cluster.calls[-1][1], "Bearer our-own-2", "our token")
    cluster.close()
    is_refused("nobody is there")
    lines = [line for line in server.log_lines() if line.get("error") == "UNAVAILABLE"]
    has(lines[-1]["why"], "the Kubernetes API server could not be asked")


def test_what_makes_no_sense_is_said_at_the_start():
    for env, words in (({"NIMBUS_KUBERNETES_ACCOUNTS": ""}, "NIMBUS_KUBERNETES_ACCOUNTS is not set"),
                       ({"NIMBUS_KUBERNETES_ACCOUNTS": "runner=robot"}, "must be NAMESPACE:NAME=ACCOUNT"),
                       ({"NIMBUS_KUBERNETES_ACCOUNTS": "ci:runner=a b"}, "NIMBUS_KUBERNETES_ACCOUNTS"),
                       ({"KUBERNETES_SERVICE_HOST": ""}, "NIMBUS_KUBERNETES_API is not set"),
                       ({"NIMBUS_KUBERNETES_API": "http://10.0.0.1"}, "NIMBUS_KUBERNETES_API"),
                       ({"NIMBUS_KUBERNETES_CA": "/nowhere/ca.crt"}, "NIMBUS_KUBERNETES_CA=/nowhere/ca.crt")):
        server = Nimbus(start=False, env={
            "NIMBUS_KUBERNETES": "on", "NIMBUS_KUBERNETES_ACCOUNTS": "ci:runner=robot", "NIMBUS_KUBERNETES_CA": "",
            "KUBERNETES_SERVICE_HOST": "127.0.0.1", **env})
        out = server.admin("serve", check=False)
        eq(out.code, 2, f"the exit code with {env}")
        has(out.err, words)


main()
