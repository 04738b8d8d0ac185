#!/usr/bin/env python3
"""
A policy in Open Policy Agent: what it is asked, what becomes of its answers, and that nothing is allowed without one.
The servers that some tests make themselves are recorded ones (tests/opa.py); NIMBUS_TEST_OPA is a recorded one too, or
by `./dev test --peers` a real one, with the policies of docs/policy.
"""

import re
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *  # noqa: E402,F403
import opa  # noqa: E402

SCHEMA = jsonlib.loads((ROOT / "proto/policy-input.schema.json").read_text())
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}


def check(value, schema, at="input"):
    """What is wrong with a value, by as much of JSON Schema as ours needs: it fails on a word that it does not know."""
    if "$ref" in schema:
        return check(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], at)
    known = {"$schema", "$defs", "title", "description", "type", "required", "additionalProperties", "properties",
             "oneOf", "items", "enum", "const", "pattern"}
    eq(set(schema) - known, set(), f"words of the schema at {at}")
    kinds = schema.get("type", list(TYPES))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not any(isinstance(value, TYPES[k]) and not (k == "integer" and isinstance(value, bool)) for k in kinds):
        fail(f"{at} is {value!r}, not {kinds}")
    if "enum" in schema and value not in schema["enum"] or "const" in schema and value != schema["const"]:
        fail(f"{at} is {value!r}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        fail(f"{at} is {value!r}, not {schema['pattern']}")
    for item in value if isinstance(value, list) else []:
        check(item, schema.get("items", {}), f"{at}[]")
    if isinstance(value, dict):
        eq(sorted(set(schema.get("required", [])) - set(value)), [], f"missing at {at}")
        if schema.get("additionalProperties") is False:
            eq(sorted(set(value) - set(schema["properties"])), [], f"unknown at {at}")
        for name, member in value.items():
            check(member, schema.get("properties", {}).get(name, {}), f"{at}.{name}")
        if "oneOf" in schema:
            eq(sum(set(one["required"]) <= set(value) for one in schema["oneOf"]), 1, f"shapes of {at}")


def recorded(rule=opa.builtin, **env):
    """A recorded server and a Nimbus that asks it, of each question anew."""
    policy = opa.Recorded(rule)
    return policy, Nimbus(env={"NIMBUS_POLICY": policy.url, "NIMBUS_POLICY_CACHE": "0s", **env})


def person(server, name):
    """A collaborator, as a name and a password."""
    password = f"ninety-lamps-gravel-{name}"
    server.api("POST", "/collaborators", {"username": name, "password": password}, want=201)
    return name, password


def refusals(server):
    """The audit log's newest entries that were refused, once all are written."""
    def written():
        return server.get("/api/v1/audit?outcome=refused").items
    wait_until(written, what="a refusal in the audit log")
    return written()


def test_recorded_opa_is_asked_what_the_schema_says():
    policy, server = recorded()
    repo = make_repo(commits=6)
    server.create_repo("site")
    token = server.api("POST", "/tokens", {"name": "t", "permission": "write"}, want=201).json["token"]
    server.get("/", auth=None)
    server.get("/site", auth=None)
    server.get("/nowhere", auth=None)
    git("push", "-q", server.git_url("site", auth=("x", token)), "main", "topic", "v2", cwd=repo)
    git("commit", "-q", "--amend", "-m", "Another", cwd=repo)
    git("push", "-q", "-f", server.git_url("site"), "main", ":topic", cwd=repo)
    git("clone", "-q", server.git_url("site"), tmp() / "copy")
    for asked in policy.inputs:
        check(asked, SCHEMA)
    questions = policy.all_questions()
    eq({q["operation"] for q in questions} - {"repository.delete", "permission.change", "account.change"},
       {"repository.read", "repository.fetch", "repository.push", "ref.create", "ref.force", "ref.delete",
        "instance.admin"}, "operations")
    forced = [q for q in questions if q["operation"] == "ref.force"]
    eq([q["ref"]["forced"] for q in forced], [True], "forced")
    eq({q["principal"]["credential"] for q in questions}, {"none", "password", "token"}, "credentials")
    by_token = [q for q in questions if q["principal"]["credential"] == "token"]
    eq({(q["principal"]["username"], q["principal"]["limit"]) for q in by_token}, {(OWNER, "write")}, "the token's")
    eq({q["source_address"] for q in questions}, {"127.0.0.1"}, "addresses")
    absent = [q["repository"] for q in questions if q["repository"] and q["repository"]["name"] == "nowhere"]
    eq(absent, [{"id": None, "name": "nowhere", "visibility": "private"}], "what is not there")
    # The push of three refs was asked as a whole.
    eq([len(i["each"]) for i in policy.inputs if any(q["ref"] for q in i.get("each", []))], [5, 4], "refs at once")
    policy.close()


def test_a_ref_that_the_policy_keeps_is_kept_and_its_decision_is_in_the_audit_log():
    server = Nimbus(env={"NIMBUS_POLICY": os.environ["NIMBUS_TEST_OPA"] + "/v1/data/careful/allow"}) \
        if "NIMBUS_TEST_OPA" in os.environ else skip("NIMBUS_TEST_OPA is not set: tests/run sets it")
    repo = make_repo(commits=3)
    server.create_repo("site")
    git("push", "-q", server.git_url("site"), "main", "main:refs/heads/release/1", cwd=repo)
    refused = git("push", server.git_url("site"), ":refs/heads/release/1", "main:refs/heads/other", cwd=repo,
                  check=False)
    eq(refused.code, 1, "the push")
    has(refused.err, "[remote rejected] release/1 (the policy of this server does not allow it)")
    eq(sorted(refs(server.git_url("site"))), ["HEAD", "refs/heads/main", "refs/heads/other", "refs/heads/release/1"])
    entry = refusals(server)[0]
    eq((entry["action"], entry["subject"], entry["username"]), ("ref.delete", "site", OWNER), "the entry")
    has(entry["detail"], "refs/heads/release/1")
    if not entry["decision"]:
        fail(f"no decision in {entry}")
    # What was done has the decision by which it was allowed.
    done = [e for e in server.get("/api/v1/audit?action=push").items]
    eq([bool(e["decision"]) for e in done], [True, True], "decisions of what was done")
    logged = [line.get("decision") for line in server.log_lines() if line.get("message") == "request"]
    has(logged, done[0]["decision"], "the log")


def test_recorded_opa_that_says_no_is_told_apart_from_what_is_not_there():
    policy, server = recorded(lambda q: q["operation"] == "instance.admin" or q["operation"] == "repository.read")
    server.create_repo("site")
    policy.rule = lambda q: q["operation"] == "repository.read"
    refused = git("clone", server.git_url("site"), tmp() / "copy", check=False)
    has(refused.err, "403")
    answer = server.get("/site/info/refs?service=git-upload-pack")
    eq(answer.status, 403, "fetch")
    has(answer.text, 'the policy of this server does not allow you repository.fetch on "site"')
    policy.rule = lambda q: False
    there, nowhere = server.get("/api/v1/repos/site"), server.get("/api/v1/repos/nowhere")
    eq((there.status, there.text.replace("site", "nowhere")), (nowhere.status, nowhere.text), "what is hidden")
    eq(there.status, 404, "status")
    policy.close()


def test_recorded_opa_that_cannot_be_asked_allows_nothing_and_tells_nothing():
    policy, server = recorded()
    server.create_repo("site", visibility="public")
    before = server.get("/api/v1/repos/site").status
    eq(before, 200, "at first")
    # Whatever comes from here on is no answer, however little it is waited for.
    server.extra["NIMBUS_POLICY_TIMEOUT"] = "300ms"
    server.restart()

    def told(path, **more):
        answer = server.get(path, **more)
        text = re.sub(r"[0-9a-f]{32}", "ID", answer.text)
        return answer.status, text

    ways = {"undefined": (200, b"{}"), "a text": (200, b'{"result": ["yes", "yes"]}'), "5xx": (500, b"{}"),
            "nonsense": (200, b"<html>"), "too much": (200, b'{"result": "' + b"x" * (1 << 20) + b'"}')}
    for why, answer in [*ways.items(), ("silence", None), ("nobody", None)]:
        policy.answer, policy.delay = answer, 3 if why == "silence" else 0
        if why == "nobody":
            policy.close()
        for auth in (server.auth, None):
            there, nowhere = told("/api/v1/repos/site", auth=auth), told("/api/v1/repos/nowhere", auth=auth)
            eq(there, nowhere, f"with {why}: what is there and what is not")
            eq(there[0], 503, f"with {why}: the status")
            has(there[1], "the policy of this server could not be asked, so nothing is allowed")
        eq(told("/api/v1/repos")[0], 503, f"with {why}: the list")
        eq(told("/site/info/refs?service=git-upload-pack", auth=None)[0], 503, f"with {why}: fetch")
    eq(server.get("/readyz", auth=None).status, 200, "it is ready all the same")
    lines = [line for line in server.log_lines() if line.get("error") == "UNAVAILABLE"]
    has(lines[-1]["why"], "the policy could not be asked")
    # Who runs the machine is not locked out, and finds it in the audit log.
    server.extra["NIMBUS_POLICY"] = ""
    wait_until(lambda: "could not be asked" in server.admin("admin", "audit", "export").out, what="the audit log")


def test_recorded_opa_lists_cost_one_question():
    policy, server = recorded()
    for i in range(12):
        server.create_repo(f"r{i:02}")
    anna = person(server, "anna")
    policy.rule = lambda q: (q["repository"] or {}).get("name", "") in ("r03", "r07") or opa.builtin(q)
    policy.forget()
    names = [r["name"] for r in server.get("/api/v1/repos", auth=anna).items]
    eq(names, ["r03", "r07"], "what the policy lets her see, granted or not")
    eq([len(asked["each"]) for asked in policy.inputs], [12], "questions")
    policy.rule = lambda q: (q["repository"] or {}).get("name", "") != "r05" and opa.builtin(q)
    names = [r["name"] for r in server.get("/api/v1/repos?limit=6").items]
    eq(names, ["r00", "r01", "r02", "r03", "r04", "r06"], "the owner's list")
    page = server.get("/", auth=anna).text
    has_not(page, "r03")
    policy.close()


def test_recorded_opa_grants_that_change_meanwhile_are_asked_anew():
    """A push that is under way when its pusher loses the permission is judged by what is so at its end."""
    policy, server = recorded()
    repo = make_repo(commits=3)
    server.create_repo("site")
    anna = person(server, "anna")
    server.api("PUT", "/repos/site/permissions/anna", {"permission": "write"})
    hold = threading.Event()

    def slowly(question):
        if question["operation"].startswith("ref.") and question["granted"] == "write":
            server.api("PUT", "/repos/site/permissions/anna", {"permission": "read"})
            hold.set()
        return opa.builtin(question)

    policy.rule = slowly
    refused = git("push", server.git_url("site", auth=anna), "main", cwd=repo, check=False)
    eq(hold.is_set(), True, "it was asked about refs")
    eq(refused.code != 0, True, "the push failed")
    eq(refs(server.git_url("site")), {}, "refs")
    granted = {q["granted"] for q in policy.all_questions() if q["operation"].startswith("ref.")}
    eq(granted, {"write", "read"}, "asked with both")
    policy.close()


main()
