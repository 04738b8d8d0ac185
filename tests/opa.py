"""
An Open Policy Agent for tests, recorded: what the real one says over its REST API, by rules in Python. `Recorded` is
one within a test, whose rules, answers and failures are the test's; run as a script it stands for docs/policy/*.rego.

    opa.py PORT
"""

import http.server
import json
import sys
import threading
import time

RANKS = {"none": 0, "read": 1, "write": 2, "admin": 3}
LEVELS = {"repository.read": 1, "repository.fetch": 1, "repository.push": 2, "ref.create": 2, "ref.update": 2,
          "ref.force": 2, "ref.delete": 2, "repository.change": 3, "repository.delete": 3, "permission.change": 3}


def builtin(question):
    """nimbus.rego."""
    who, limit = question["principal"], RANKS[question["principal"]["limit"]]
    if question["operation"] == "account.change":
        return who["username"] is not None and limit == 3
    if question["operation"] == "instance.admin":
        return who["owner"] and limit == 3
    public = question["repository"]["visibility"] == "public"
    have = max(RANKS[question["granted"]], 3 if who["owner"] else 0, 1 if public else 0)
    return LEVELS[question["operation"]] <= min(have, limit)


def careful(question):
    """What careful.rego says of releases."""
    gone = question["operation"] in ("ref.delete", "ref.force")
    return builtin(question) and not (gone and question["ref"]["name"].startswith("refs/heads/release/"))


class Recorded:
    """
    .url is what NIMBUS_POLICY is set to; .inputs is what was asked, one input for each request. .rule says of a question
    whether it is allowed; .answer, where it is set, is (status, body) instead. .delay: seconds before each answer.
    """

    def __init__(self, rule=builtin, port=0):
        self.rule, self.answer, self.delay, self.revision = rule, None, 0, "one"
        self.inputs, self.paths, self.headers = [], [], []
        self.lock, recorded = threading.Lock(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply(200, b"{}")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.reply(*recorded.hear(self.path, dict(self.headers), json.loads(body)["input"]))

            def reply(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # who waited for an answer has left
        self.url = f"opa+http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hear(self, path, headers, asked):
        with self.lock:
            self.inputs.append(asked)
            self.paths.append(path)
            self.headers.append(headers)
            decision = f"decision-{len(self.inputs)}"
        if self.delay:
            time.sleep(self.delay)
        if self.answer:
            return self.answer
        rule = careful if "/careful/" in path else self.rule
        questions = self.questions(asked)
        results = [bool(rule(question)) for question in questions]
        many = path.split("?")[0].endswith("_each")
        return 200, json.dumps({"result": results if many else results[0], "decision_id": decision,
                                "provenance": {"version": "1.22.3",
                                               "bundles": {"b": {"revision": self.revision}}}}).encode()

    @staticmethod
    def questions(asked):
        """Each in full, as the rule `allow` sees it."""
        if "each" not in asked:
            return [asked]
        return [{**{k: v for k, v in asked.items() if k != "each"}, **question} for question in asked["each"]]

    def all_questions(self):
        with self.lock:
            return [question for asked in self.inputs for question in self.questions(asked)]

    def forget(self):
        with self.lock:
            self.inputs, self.paths, self.headers = [], [], []

    def close(self):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    Recorded(port=int(sys.argv[1]))
    threading.Event().wait()
