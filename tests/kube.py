"""
A recorded API server of Kubernetes, which speaks as the real one does: https://kubernetes.io/docs/reference/kubernetes-api/
authentication-resources/token-review-v1/ and …/authorization-resources/subject-access-review-v1/.
"""

import http.server
import ssl
import threading

from harness import *
from tls import Authority

REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
ACCESS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def token_of(name, namespace="ci", expires=3600, **claims):
    """What a kubelet would project. Who believes it without asking the cluster is wrong: it is signed by nobody."""
    def part(value):
        return base64.urlsafe_b64encode(jsonlib.dumps(value).encode()).rstrip(b"=").decode()
    now = int(time.time())
    claims = {"iss": "https://kubernetes.default.svc", "sub": f"system:serviceaccount:{namespace}:{name}",
              "aud": ["nimbus"], "iat": now, "nbf": now, "exp": now + expires,
              "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": "7"}}, **claims}
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
        # The path says what it is, too: Vault's requests have no kind.
        if path == REVIEWS and body.get("kind", "TokenReview") == "TokenReview":
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
