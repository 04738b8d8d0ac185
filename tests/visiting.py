"""A real browser, driven by playwright-core in node: what the scripts of tests/browser/*.mjs do for a test."""

import json as jsonlib

from harness import *

MODULES = ROOT / "build-clients/node_modules"

# What answers GET and is no page.
NO_PAGES = {"/healthz", "/readyz", "/assets/{file}", "/robots.txt", "/favicon.ico", "/.well-known/jwks.json",
            "/.well-known/oauth-authorization-server", "/{name}/raw/{path...}", "/{name}/archive/{path...}", "/{name}/paths/{id}",
            "/{name}/offline/{id}",
            "/{name}/feed/activity", "/{name}/feed/commits", "/{name}/feed/commits/{path...}", "/{name}/feed/releases"}
# Pages that send one elsewhere at once: tests/page/test_sso.py.
AWAY = {"/sign-in/{provider}/return", "/sign-in/{secret}"}


def visit(script, timeout=300, **task):
    """Runs tests/browser/SCRIPT.mjs with `task`, and returns what it found."""
    node, chromium = need("node"), need("chromium")
    if not (MODULES / "playwright-core").exists() or not (MODULES / "axe-core").exists():
        skip("playwright-core and axe-core are not installed: ./dev test does it")
    command = [node, ROOT / "tests/browser/visit.mjs", MODULES, chromium, script]
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp("home")), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    return jsonlib.loads(run(command, env=env, input=jsonlib.dumps(task), timeout=timeout).out)


def routes(method="GET"):
    """The patterns of src/web/routes.def."""
    text = (ROOT / "src/web/routes.def").read_text()
    return re.findall(rf'^ROUTE\({method}, "([^"]+)"', text, re.M)


def patterns_of(paths):
    """Which of routes() answer these paths: the first that fits, as in src/web/router.c."""
    known = []
    for pattern in routes():
        parts = [".+" if part.endswith("...}") else "[^/]+" if part.startswith("{") else re.escape(part) for part in pattern.split("/")]
        known.append((pattern, re.compile("/".join(parts))))
    return {next((pattern for pattern, fits in known if fits.fullmatch(path)), None) for path in paths}
