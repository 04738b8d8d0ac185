"""`nimbus` as a client of a server: what it asks, shows and says, and what a shell completes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *

_shared = None
MESSAGE = "one\x1b[31mred\tx\x9b2J"


def server():
    global _shared
    if _shared is None:
        s = _shared = Nimbus(shared=True)
        s.token = s.api("POST", "/tokens", {"name": "cli", "permission": "admin"}, want=201).json["token"]
        s.create_repo("r")
        work = tmp("work")
        git("init", "-q", "-b", "main", cwd=work)
        git("commit", "-q", "--allow-empty", "-m", MESSAGE, cwd=work)
        git("push", "-q", s.git_url("r"), "main", cwd=work)
    return _shared


def nimbus(*words, token="own", code=0, **env):
    s = server()
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp("home")), "NIMBUS_SERVER": s.url, "LC_ALL": "C.UTF-8",
           "ASAN_OPTIONS": "exitcode=99:detect_stack_use_after_return=0", **env}
    if token:
        env["NIMBUS_TOKEN"] = s.token if token == "own" else token
    result = run([s.binary, *words], env={key: value for key, value in env.items() if value}, check=False)
    eq(result.code, code, f"the exit code of {words}: {result.out}{result.err}")
    return result


def test_a_list_is_all_of_its_pages_or_as_many_as_are_wanted():
    s = server()
    for i in range(120):
        s.api("POST", "/tokens", {"name": f"t{i}"}, want=201)
    lines = nimbus("token", "list").out.splitlines()
    eq(len(lines), 1 + 121, "lines")
    eq(re.sub(" +", " ", lines[0]), "ID NAME PERMISSION CREATED AT EXPIRES AT USED AT", "the head")
    eq(len(nimbus("token", "list", "--limit", "3").out.splitlines()), 1 + 3, "lines of three")
    eq(len(jsonlib.loads(nimbus("token", "list", "--json").out)["items"]), 121, "things of JSON")
    eq(len(jsonlib.loads(nimbus("token", "list", "--json", "--limit=101").out)["items"]), 101, "things of two pages")
    for bad in ("0", "x", "-1", "100001"):
        has(nimbus("token", "list", "--limit", bad, code=2).err, "--limit")


def test_no_byte_that_a_terminal_acts_on_is_printed():
    out = nimbus("commit", "list", "r").out
    has(out, "one [31mred x 2J")
    eq("\x1b" in out or "\x9b" in out, False, "an escape")
    eq(jsonlib.loads(nimbus("commit", "list", "r", "--json").out)["items"][0]["subject"], MESSAGE, "as JSON")


def test_arguments_are_encoded_and_what_is_not_given_is_left_out():
    nimbus("repo", "show", "../user", code=2)
    nimbus("repo", "show", "r?x=1", code=4)
    eq(jsonlib.loads(nimbus("repo", "list", "--search", "a&b=c d", "--json").out), {"items": [], "next": None}, "what a search finds")
    nimbus("repo", "change", "r", "--description", 'with "quotes" and {braces}')
    repo = server().api("GET", "/repos/r", want=200).json
    eq((repo["description"], repo["visibility"]), ('with "quotes" and {braces}', "private"), "what was changed")


def test_a_webhook_is_set_up_and_its_deliveries_are_told():
    s = server()
    out = nimbus("webhook", "add", "r", "http://127.0.0.1/hook", "--events", "push, ref.created", "--json").out
    made = jsonlib.loads(out)
    id = str(made["id"])
    eq(made["events"], ["push", "ref.created"], "events")
    eq(made["secret"][:6], "whsec_", "the secret")
    has(nimbus("webhook", "list", "r").out, "push,ref.created")
    nimbus("webhook", "ping", "r", id)
    wait_until(lambda: s.api("GET", f"/repos/r/webhooks/{id}/deliveries", want=200).items, what="an attempt")
    lines = wait_until(lambda: len(lines := nimbus("webhook", "deliveries", "r", id).out.splitlines()) == 2 and lines, what="a line")
    row = dict(zip(re.split("  +", lines[0]), re.split("  +", lines[1])))
    eq((row["TYPE"], row["STATE"], row["STATUS"]), ("webhook.ping", "waiting", "-"), "what came of it: nobody may post there")
    nimbus("webhook", "redeliver", "r", id, row["SEQUENCE"])
    nimbus("webhook", "redeliver", "r", id, "4711", code=4)
    changed = nimbus("webhook", "change", "r", id, "--off", "--events", "").out
    eq(re.findall(r"(ACTIVE|EVENTS) +(\S+)", changed), [("ACTIVE", "no"), ("EVENTS", "-")], "what is changed")
    has_not(changed, "whsec_")
    has(nimbus("webhook", "change", "r", id, "--new-secret").out, "whsec_")
    has(nimbus("webhook", "change", "r", id, "--events", "pull", code=2).err, "no type of an event")
    has(nimbus("webhook", "add", "r", "ftp://x", code=2).err, "https://")
    nimbus("webhook", "delete", "r", id)
    nimbus("webhook", "delete", "r", id, code=4)


def test_what_goes_wrong_has_its_exit_code():
    nimbus("repo", "show", "none", code=4)
    nimbus("repo", "create", "r", code=5)
    has(nimbus("user", "list", token=None, code=8).err, "nimbus login")
    has(nimbus("whoami", token="nbs_" + "x" * 43, code=8).err, "nimbus whoami: ")
    has(nimbus("repo", "create", "a/b", code=2).err, "a repository's name")
    has(nimbus("token", "create", "x", "--expires", "soon", code=2).err, "30d")
    has(nimbus("token", "create", "x", "--scope", "{", code=2).err, "reading {")
    has(nimbus("whoami", code=2, NIMBUS_SERVER="").err, "--server")
    has(nimbus("whoami", "--server", "ftp://x", code=2).err, "https://")
    nimbus("whoami", "--server", f"http://127.0.0.1:{free_port()}", code=12)
    has(nimbus("repo", code=2).err, "repo create")
    has(nimbus("repo", "paint", code=2).err, 'no command "repo paint"')
    has(nimbus("repo", "--help").out, "repo create")
    has(nimbus("repo", "create", "--help").out, "usage: nimbus repo create REPO [--public]")
    has(nimbus("help").out, "branch create")


def test_bash_completes_what_the_tables_have():
    script = server().logs / "completion"
    script.write_text(nimbus("completion", "bash").out)

    def completed(*words):
        line = " ".join(f"'{word}'" for word in ("nimbus", *words))
        code = f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _nimbus; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        return set(run([need("bash"), "--norc", "-c", code]).out.split())

    eq(completed("tok"), {"token"}, "a word")
    eq(completed("token", ""), {"list", "show", "create", "revoke"}, "what follows it")
    eq(completed("repo", "create", "x", "--p"), {"--public"}, "an option")
    eq(completed("admin", "user", "re"), {"remove", "reset", "reset-factors"}, "of admin")
    eq(completed("repo", "list", "--l"), {"--limit"}, "what all lists take")
    eq({"serve", "repo", "admin"} <= completed(""), True, "the first word")
    has(nimbus("completion", "csh", code=2).err, "bash, zsh or fish")


def test_the_scripts_of_other_shells_are_sound():
    for shell, check in (("zsh", "-n"), ("fish", "--no-execute")):
        script = server().logs / f"completion.{shell}"
        script.write_text(nimbus("completion", shell).out)
        has(script.read_text(), "nimbus")
        if shutil.which(shell):
            run([shell, check, script])
        else:
            print(f"# {shell} is not installed: its script was not parsed")


main()
