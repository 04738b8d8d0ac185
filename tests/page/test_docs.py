"""
The documents tell the truth: each ```console block under "<!-- run -->" is run, in order, against one
server, and must print what it says there. "…" stands for anything within a line. What stands under
"<!-- file NAME -->" is there as that file.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *


def blocks(path):
    """[(line number, [(command, [expected lines])])]"""
    text = path.read_text()
    for m in re.finditer(r"<!-- run -->\n```console\n(.*?)```", text, re.S):
        steps = []
        for line in m[1].splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
        yield text[:m.start()].count("\n") + 2, steps


def files(path):
    """[(name, text)] of what stands under "<!-- file NAME -->"."""
    return re.findall(r"<!-- file (\S+) -->\n```\w+\n(.*?)```", path.read_text(), re.S)


def files(path):
    """[(name, text)]"""
    return re.findall(r"<!-- file (\S+) -->\n```\w+\n(.*?)```", path.read_text(), re.S)


def matches(want, got):
    want, got = (re.sub(" +", " ", line) for line in (want, got))
    return re.fullmatch(".*".join(re.escape(part) for part in want.split("…")), got) is not None


def run_document(name, *programs, settings=None, before=0, ports=()):
    """
    With `settings` on top, in which WORK is the folder that the commands run in. The server starts after
    `before` blocks; of `ports`, each is a pair: the one in the document and its own.
    """
    for program in programs:
        need(program)
    bin, where = tmp("bin"), tmp("work")
    s = Nimbus({key: value.replace("WORK", str(where)) for key, value in (settings or {}).items()}, start=False)
    (bin / "nimbus").symlink_to(s.binary)
    env = {**s.environment(), "PATH": f"{bin}:{os.environ['PATH']}"}
    ports, count = [(":8080", f":{s.port}"), *ports], 0
    for file, text in files(ROOT / name):
        for there, here in ports:
            text = text.replace(there, here)
        (where / file).write_text(text)
    for at, (number, steps) in enumerate(blocks(ROOT / name)):
        if at == before:
            s.start()
        for command, expected in steps:
            for there, here in ports:
                command = command.replace(there, here)
            result = run(["sh", "-c", command], cwd=where, env=env, check=False)
            got = result.out + result.err
            for there, here in ports:
                got = got.replace(here, there)
            got = got.splitlines()
            if len(got) != len(expected) or not all(map(matches, expected, got)):
                fail(f"{name}:{number}: `{command}` prints {got} instead of {expected}")
            count += 1
    if count < 5:
        fail(f"{name} has only {count} commands to run")


def test_the_commands_of_admin_md_print_what_it_says():
    run_document("docs/admin.md")


def test_the_commands_of_backup_md_print_what_it_says():
    run_document("docs/backup.md", "git")


def test_the_commands_of_api_md_print_what_it_says():
    if "--json" not in run([need("curl"), "--help", "all"]).out:
        skip("this curl has no --json")
    run_document("docs/api.md", "curl")


def test_the_commands_of_cli_md_print_what_it_says():
    run_document("docs/cli.md", "git")


def test_the_commands_of_feeds_md_print_what_it_says():
    run_document("docs/feeds.md", "curl", "git")


def test_the_commands_of_protocol_md_print_what_it_says():
    run_document("docs/protocol.md", "curl", "ssh-keygen")


def test_the_commands_of_time_machine_md_print_what_it_says():
    run_document("docs/time-machine.md", "curl", "git")


def test_the_commands_of_tls_md_print_what_it_says():
    port = free_port()
    run_document("docs/tls.md", "openssl", "curl", "git", before=1, ports=[(":8443", f":{port}")], settings={
        "NIMBUS_TLS_LISTEN": f"127.0.0.1:{port}", "NIMBUS_TLS_CERT": "WORK/cert.pem", "NIMBUS_TLS_KEY": "WORK/key.pem",
        "NIMBUS_TLS_REDIRECT": "on", "GIT_CONFIG_GLOBAL": "/dev/null"})


def test_the_commands_of_sign_in_md_print_what_it_says():
    if "--json" not in run([need("curl"), "--help", "all"]).out:
        skip("this curl has no --json")
    run_document("docs/sign-in.md", "curl", settings={
        "NIMBUS_OIDC": "actions", "NIMBUS_OIDC_ACTIONS_AUDIENCE": "https://git.example.org",
        "NIMBUS_OIDC_ACTIONS_ISSUER": "https://token.actions.githubusercontent.com"})


def test_the_commands_of_webhooks_md_print_what_it_says():
    run_document("docs/webhooks.md", "timeout", ports=[("9000", str(free_port()))],
                 settings={"NIMBUS_WEBHOOK_HOSTS": "127.0.0.1"})


def test_the_first_push_of_the_readme_works():
    s = Nimbus(shared=False)
    where, tell = tmp("readme"), tmp("askpass") / "askpass"
    tell.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
    tell.chmod(0o700)
    block = re.search(r"<!-- push -->\n```console\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[1]
    lines = "".join(re.findall(r"^\$ (.*\n)", block, re.M)).replace("127.0.0.1:8080", s.host)
    has(lines, "git push")
    run(["sh", "-ec", lines], cwd=where, env=git_env(GIT_ASKPASS=str(tell)))
    repo = s.api("GET", "/repos/hello", want=200).json
    eq((repo["visibility"], repo["default_branch"]), ("private", "main"), "the new repository")
    has(s.request("GET", "/hello").text, "Hello")


def test_every_link_between_documents_leads_somewhere():
    for path in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
            if "://" not in target and not (path.parent / target).exists():
                fail(f"{path.relative_to(ROOT)}: {target} is not there")


main()
