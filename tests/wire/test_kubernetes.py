#!/usr/bin/env python3
"""
Service accounts of Kubernetes: their tokens as credentials (TokenReview), and the cluster's rules about what they may do
(SubjectAccessReview). The API server is the recorded one of tests/kube.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *  # noqa: E402,F403
from kube import ACCESS, Cluster, token_of  # noqa: E402


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
    entry = server.get("/api/v1/audit?action=push").items[0]
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
    eq([r["name"] for r in server.get("/api/v1/repos", auth=runner).items], ["other", "site"], "the list")
    asked = cluster.reviews(ACCESS)
    eq({spec["resourceAttributes"]["namespace"] for spec in asked}, {"git"}, "the namespace")
    eq({tuple(spec["groups"]) for spec in asked},
       {("system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated")}, "groups")
    # Who may read all is asked about once.
    cluster.may = lambda user, verb, name: verb == "get"
    before = len(asked)
    eq(len(server.get("/api/v1/repos", auth=runner).items), 3, "the list")
    eq(len(cluster.reviews(ACCESS)) - before, 1, "questions")
    cluster.may = lambda *_: False
    eq(server.get("/api/v1/repos", auth=runner).items, [], "the list of who may nothing")
    # People are as ever.
    eq(len(server.get("/api/v1/repos").items), 3, "the owner's list")
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
