#!/usr/bin/env python3
"""git with nimbus as its credential helper: a person lets a machine in on a page, and types nothing else."""

import stat
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from devices import *  # noqa: E402,F403

server = None


def the_server():
    global server
    if server is None:
        server = Nimbus(shared=True)
        server.create_repo("hello")
    return server


class Machine:
    """Somebody's machine: git, the helper, and nothing in their folders."""

    def __init__(self, server, helper="nimbus", prompt="1", **more):
        self.server, self.home, self.state = server, tmp("machine"), tmp("state")
        programs = self.home / "bin"
        programs.mkdir()
        for name in ("nimbus", "git-credential-nimbus"):
            (programs / name).symlink_to(server.binary)
        self.env = git_env(HOME=self.home, XDG_STATE_HOME=self.state, PATH=f"{programs}:{os.environ['PATH']}",
                           GIT_CONFIG_GLOBAL=self.home / ".gitconfig", GIT_TERMINAL_PROMPT=prompt,
                           ASAN_OPTIONS="exitcode=99:detect_leaks=0", **more)
        self("git", "config", "--global", "user.name", "Ada")
        self("git", "config", "--global", "user.email", "ada@example.com")
        if helper:
            self("git", "config", "--global", f"credential.{server.url}.helper", helper)

    def __call__(self, *args, check=True, input=None, cwd=None):
        return run(args, cwd, self.env, check, input)

    def start(self, *args):
        return subprocess.Popen([str(a) for a in args], env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def helper(self, operation, check=True, **fields):
        lines = {"protocol": "http", "host": self.server.host, **fields}
        return self("git-credential-nimbus", operation, check=check,
                    input="".join(f"{key.replace('__', '[]')}={value}\n" for key, value in lines.items()) + "\n")

    def file(self):
        files = [path for path in (self.state / "nimbus").glob("*") if path.suffix != ".lock"]
        return files[0] if files else None

    def kept(self):
        return jsonlib.loads(self.file().read_text())

    def keep(self, **fields):
        self.file().write_text(jsonlib.dumps({**self.kept(), **fields}))

    def ends(self, process, seconds=60):
        out, err = process.communicate(timeout=seconds)
        eq(process.returncode, 0, f"what it ended with ({out} {err})")
        return out + err

    def let_in(self, process, browser, action="/device"):
        """Reads from the process where to go, and does what a person would do there."""
        seen = ""
        while "the code" not in seen:
            line = process.stderr.readline()
            eq(bool(line), True, f"it says where to sign in: {seen}")
            seen += line
        where = re.search(r"http://\S+/device\?user_code=(\S+)", seen)
        eq(where.group(0).startswith(self.server.url), True, f"where it leads: {seen}")
        decide(browser, where.group(1), action)
        return seen


def the_owner(at=None):
    return Browser(at or the_server(), OWNER, PASSWORD)


def signed_in(machine=None, at=None):
    at = at or the_server()
    machine = machine or Machine(at)
    process = machine.start("nimbus", "login", at.url)
    machine.let_in(process, the_owner(at))
    has(machine.ends(process), "signed in to", "what it says")
    return machine


def test_the_first_clone_asks_on_a_page_and_no_other():
    s, machine = the_server(), Machine(the_server())
    work = machine.home / "work"
    first = machine.start("git", "clone", "-q", f"{s.url}/hello.git", work)
    machine.let_in(first, the_owner())
    has(machine.ends(first), "Signed in to", "what it says")
    eq(stat.S_IMODE(machine.file().stat().st_mode), 0o600, "the file's mode")
    eq(stat.S_IMODE(machine.file().parent.stat().st_mode), 0o700, "the folder's mode")
    (work / "file").write_text("hello\n")
    machine("git", "add", "-A", cwd=work)
    machine("git", "commit", "-q", "-m", "Hello", cwd=work)
    pushed = machine("git", "push", "-q", "origin", "HEAD:main", cwd=work)
    eq(pushed.err, "", "a push asks for nothing")
    machine("git", "clone", "-q", f"{s.url}/hello.git", machine.home / "again")
    eq((machine.home / "again/file").read_text(), "hello\n", "what was pushed")
    machine("git", "ls-remote", f"http://owner@{s.host}/hello.git")
    wrong = machine("git", "ls-remote", f"http://somebody@{s.host}/hello.git", check=False)
    has(wrong.err, "signed in to http://", "another name in the address")
    names = [device["name"] for device in s.api("GET", "/user/devices", want=200).items]
    eq(socket.gethostname()[:64] in names, True, f"the machine's name among {names}")


def test_it_renews_by_itself_and_a_lost_access_token_is_no_matter():
    machine = signed_in()
    first = machine.kept()
    machine.keep(renew=1, ends=2)
    machine("git", "ls-remote", f"{the_server().url}/hello.git")
    second = machine.kept()
    eq(first["refresh_token"] != second["refresh_token"], True, "another refresh token")
    machine.keep(access_token=first["access_token"][:-9] + "wrongwron")
    machine("git", "ls-remote", f"{the_server().url}/hello.git", check=False)
    eq(machine.kept()["access_token"], "", "what the server refused is erased")
    machine("git", "ls-remote", f"{the_server().url}/hello.git")


def test_many_gits_at_the_same_time_renew_once():
    machine = signed_in()
    before = machine.kept()
    machine.keep(renew=1, ends=2)
    many = [machine.start("git", "ls-remote", f"{the_server().url}/hello.git") for _ in range(6)]
    for one in many:
        machine.ends(one)
    eq(machine.kept()["refresh_token"] != before["refresh_token"], True, "one of them renewed")
    eq(len(the_server().api("GET", "/audit?action=device.removed", want=200).items), 0, "no token came twice")


def test_two_gits_that_come_first_ask_once():
    machine, browser = Machine(the_server()), the_owner()
    both = [machine.start("git", "ls-remote", f"{the_server().url}/hello.git") for _ in range(2)]
    seen, found = [[], []], threading.Event()

    def read(n):
        for line in both[n].stderr:
            seen[n].append(line)
            if "the code" in line:
                found.set()

    readers = [threading.Thread(target=read, args=(n,)) for n in range(2)]
    for reader in readers:
        reader.start()
    eq(found.wait(30), True, "one asks")
    time.sleep(0.5)
    text = "".join(seen[0] + seen[1])
    eq(len(re.findall("user_code=", text)), 1, f"only one asks: {text}")
    decide(browser, re.search(r"user_code=(\S+)", text).group(1))
    for one, reader in zip(both, readers):
        eq(one.wait(30), 0, "what it ended with")
        reader.join()
        one.stdout.close(), one.stderr.close()


def test_signed_out_elsewhere_it_asks_anew():
    s, machine = the_server(), signed_in()
    s.api("DELETE", "/user/devices", want=204)
    first = machine("git", "ls-remote", f"{s.url}/hello.git", check=False)
    eq(first.code != 0, True, "the token is refused")
    again = machine.start("git", "ls-remote", f"{s.url}/hello.git")
    machine.let_in(again, the_owner())
    machine.ends(again)
    refused_one = Machine(s)
    process = refused_one.start("nimbus", "login", s.url)
    refused_one.let_in(process, the_owner(), "/device/refuse")
    _, err = process.communicate(timeout=60)
    eq(process.returncode != 0, True, "a refusal is a failure")
    has(err, "refused on the page", "what it says")


def test_erase_and_logout_forget_and_sign_out():
    s = the_server()
    for end in (lambda m: m("nimbus", "logout", s.url + "/hello.git"), lambda m: m.helper("erase")):
        machine = signed_in()
        refresh_token = machine.kept()["refresh_token"]
        end(machine)
        eq(machine.file(), None, "the file")
        refused(refresh(s, refresh_token), "invalid_grant")
    has(machine("nimbus", "logout", s.url).out, "is not signed in", "a second time")
    kept = signed_in(machine).kept()
    machine.helper("erase", password="another")
    eq(machine.kept()["access_token"], kept["access_token"], "what another replaced stays")
    eq(machine.helper("store", username="a", password="b").out, "", "store")
    eq(machine.helper("capability").out, "", "what is not known")


def test_what_git_is_told():
    machine = signed_in()
    kept = machine.kept()
    old = machine.helper("get").out
    eq(old, f"username=owner\npassword={kept['access_token']}\npassword_expiry_utc={kept['ends']}\n", "an older git")
    new = machine.helper("get", capability__="authtype").out
    eq(new, "capability[]=authtype\nauthtype=Bearer\n"
            f"credential={kept['access_token']}\nephemeral=1\npassword_expiry_utc={kept['ends']}\n", "a newer git")
    eq(machine("nimbus", "credential", "get", input=f"protocol=http\nhost={the_server().host}\n").out, old, "by its name")
    for wrong, why in (("nonsense\n", 'no "="'), ("host=a\0b\n", "zero byte"), ("x=" + "y" * 70000, "64 KiB")):
        answer = machine("git-credential-nimbus", "get", input=wrong, check=False)
        eq(answer.code != 0, True, why)
        has(answer.err, why, "what it says")


class Other:
    """A server that is another's, and counts who asks it."""

    def __init__(self, answers):
        import http.server
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                status, body = answers.get(self.path, (404, b"nothing"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_other_servers_are_left_to_others():
    place = "/.well-known/oauth-authorization-server"
    machine = Machine(the_server())
    for answers in ({}, {place: (200, b"<html>")}, {place: (200, b'{"issuer": "x"}')}, {place: (200, b"x" * 100000)}):
        other = Other(answers)
        answer = machine("git-credential-nimbus", "get", input=f"protocol=http\nhost={other.url[7:]}\n")
        eq((answer.out, answer.err, other.asked), ("", "", [place]), f"{answers}")
    other = Other({place: (200, b'{"issuer": "https://git.example.org", "nimbus_instance": "i1"}')})
    answer = machine("nimbus", "login", other.url, check=False)
    has(answer.err, "says that its address is https://git.example.org", "one that is known by another name")
    for line in ("protocol=http\nhost=git.example.org\n", "protocol=ssh\nhost=127.0.0.1\n", "protocol=https\n",
                 "protocol=http\nhost=127.0.0.1.example.org\n", "protocol=http\nhost=a/b\n"):
        answer = machine("git-credential-nimbus", "get", input=line)
        eq((answer.out, answer.err), ("", ""), line)
    has(machine("nimbus", "login", "http://git.example.org", check=False).err, "http is for this machine", "plain http")


def test_the_two_commands_of_the_document():
    s, machine = the_server(), Machine(the_server(), helper=None)
    block = re.search(r"<!-- sign in -->\n```console\n(.*?)```", (ROOT / "docs/git-credential.md").read_text(), re.S)[1]
    setting, clone = [line.replace("https://git.example.org", s.url) for line in re.findall(r"^\$ (.*)\n", block, re.M)]
    machine("sh", "-c", setting)
    process = machine.start("sh", "-c", f"cd {machine.home} && {clone}")
    seen = machine.let_in(process, the_owner())
    machine.ends(process)
    said = re.search(r"```\n(To sign in to.*?)```", (ROOT / "docs/git-credential.md").read_text(), re.S)[1]
    code = re.search(r"user_code=(\S+)", seen).group(1)
    has(seen.strip(), said.replace("https://git.example.org", s.url).replace("BCDF-GHJK", code).strip(), "what it says")


def test_where_nobody_is_to_be_asked_nothing_is_asked():
    machine = Machine(the_server(), prompt="0")
    answer = machine.helper("get")
    eq((answer.out, answer.err), ("", ""), "the helper")
    eq(machine("git", "ls-remote", f"{the_server().url}/hello.git", check=False).code != 0, True, "git")


def test_a_machine_is_limited_as_its_owner_wants():
    s, machine = the_server(), Machine(the_server())
    has(machine("nimbus", "login", s.url, "--scope", "{", check=False).err, "reading --scope", "a wrong scope")
    process = machine.start("nimbus", "login", s.url, "--permission", "read", "--scope", '{"repositories": ["hel*"]}')
    machine.let_in(process, the_owner())
    machine.ends(process)
    work = machine.home / "work"
    machine("git", "clone", "-q", f"{s.url}/hello.git", work)
    answer = machine("git", "push", "origin", "HEAD:refs/heads/other", cwd=work, check=False)
    has(answer.err, "403", "a push")
    s.create_repo("other")
    eq(machine("git", "ls-remote", f"{s.url}/other.git", check=False).code != 0, True, "another repository")


def test_it_trusts_whom_git_is_told_to_trust():
    import tls
    s = tls.Https(start=False)
    s.extra["NIMBUS_URL"] = s.tls_url
    s.start()
    s.create_repo("hello")
    stranger = Machine(s)
    has(stranger("nimbus", "login", s.tls_url, check=False).err, "certificate", "without its authority")
    machine = Machine(s, helper=None, GIT_SSL_CAINFO=s.authority.root)
    machine("git", "config", "--global", f"credential.{s.tls_url}.helper", "!nimbus credential")
    process = machine.start("git", "ls-remote", f"{s.tls_url}/hello.git")
    seen = ""
    while "the code" not in seen:
        seen += process.stderr.readline()
    has(seen, f"{s.tls_url}/device?user_code=", "where it leads")
    decide(the_owner(s), re.search(r"user_code=(\S+)", seen).group(1))
    machine.ends(process)


main()
