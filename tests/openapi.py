"""
proto/openapi.yaml against what the server really answers: a test that talks to the API through `Checked` fails when an
answer has a status, a media type or a member that the document does not know.
"""

import re
import sys
from pathlib import Path

import jsonschema
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import *

DOCUMENT = yaml.safe_load((ROOT / "proto/openapi.yaml").read_text())
METHODS = ("get", "put", "post", "delete", "patch")


def resolved(node):
    """Follows a reference of the document."""
    while isinstance(node, dict) and "$ref" in node:
        at = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            at = at[step]
        node = at
    return node


def pattern_of(path, rest):
    """As the router reads it: a parameter is one segment; the last one in `rest` is all that is left."""
    names = re.findall(r"\{(\w+)\}", path)
    out = re.escape(path).replace(r"\{", "{").replace(r"\}", "}")
    for name in names:
        out = out.replace("{%s}" % name, ".+" if name in rest else "[^/]+")
    return re.compile(out)


def routes():
    """[(method, pattern)] of routes.def, in its order, with {x...} for the rest of a path."""
    return re.findall(r'^ROUTE\((\w+), "(/api/[^"]*)"', (ROOT / "src/web/routes.def").read_text(), re.M)


PATHS = []
for _, _path in routes():
    _plain = _path.replace("...}", "}")
    if all(_plain != known for known, _ in PATHS):
        PATHS.append((_plain, pattern_of(_plain, re.findall(r"\{(\w+)\.\.\.\}", _path))))


def operation(method, path):
    """(the path as the document has it, the operation) of a request; (None, None) for what it does not know."""
    for name, pattern in PATHS:
        if pattern.fullmatch(path):
            return name, DOCUMENT["paths"].get(name, {}).get(method.lower())
    return None, None


def closed(schema):
    """The schema, but for members that it does not list: they are an error."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: value if key in ("const", "enum", "required") else
           {name: closed(one) for name, one in value.items()} if key == "properties" else closed(value)
           for key, value in schema.items()}
    if "properties" in out and "additionalProperties" not in out:
        out["unevaluatedProperties"] = False
    return out


def validator(schema):
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema",
             "components": {"schemas": {name: one if "Facts" in name else closed(one)
                                        for name, one in DOCUMENT["components"]["schemas"].items()}}, **closed(schema)}
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())


_validators = {}


def check(method, path, answer):
    """Fails unless the document allows this answer."""
    name, known = operation("GET" if method == "HEAD" else method, path.split("?")[0])
    if not known:
        if answer.status not in (204, 308, 303, 400, 401, 404, 405, 429, 503):
            fail(f"{method} {path} answers {answer.status}, and the document does not know it")
        return
    if answer.status == 304:
        return
    response = known["responses"].get(str(answer.status))
    if response is None and answer.status < 400:
        fail(f"{method} {name} answers {answer.status}, of which the document knows nothing")
    response = resolved(response or known["responses"]["default"])
    content = response.get("content", {})
    if not answer.body:
        if content and method != "HEAD":
            fail(f"{method} {name}: no body with {answer.status}")
        return
    kind = answer.headers["content-type"].split(";")[0]
    if kind not in content:
        fail(f"{method} {name} answers {answer.status} as {kind}, of which the document knows nothing")
    if "json" not in kind:
        return
    key = (method, name, answer.status if str(answer.status) in known["responses"] else "default", kind)
    if key not in _validators:
        _validators[key] = validator(content[kind]["schema"])
    for error in _validators[key].iter_errors(answer.json):
        fail(f"{method} {name}: the answer {answer} is not as the document says: {error.message}"
             f" at {list(error.absolute_path)}")


class Checked(Nimbus):
    """A server of whose API every answer is compared with the document."""

    def request(self, method, path, *args, **more):
        answer = super().request(method, path, *args, **more)
        if path.startswith("/api/"):
            check(method, path, answer)
        return answer
