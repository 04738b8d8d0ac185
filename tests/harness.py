"""
What the Python tests stand on: a server to talk to, git to talk with, and a main().

A test file is a script in tests/<kind>/test_<name>.py; each function test_* in it is one test:

    from harness import *

    def test_an_empty_repository_can_be_cloned():
        server = Nimbus()                        # stopped, and judged, when the test ends
        server.create_repo("empty")
        git("clone", server.git_url("empty"), tmp() / "copy")

    main()

Run all with `./dev test`, one with `tests/run wire/test_clone -v`. A test passes when it returns,
fails when it raises, and is skipped by skip("reason"). Python's standard library only.
"""

import base64
import contextlib
import http.client
import inspect
import json as jsonlib
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
from pathlib import Path

import services
from services import free_port

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("NIMBUS_BUILD", ROOT / "build-asan"))
NO_SHARED = "../shared not present"
OWNER, PASSWORD = "owner", "correct-horse-battery"
# Where servers keep what they know: in a folder, or (cluster) where tests/run says.
HOME = os.environ.get("NIMBUS_TEST_HOME", "embedded")


class Skip(Exception):
    """Raised by skip()."""


class Failure(AssertionError):
    """What fail() and the checks raise."""


def skip(reason):
    raise Skip(reason)


def fail(why):
    raise Failure(why)


def eq(got, want, what="value"):
    if got != want:
        fail(f"{what}: {got!r} instead of {want!r}")


def has(text, part, what="text"):
    if part not in text:
        fail(f"{what} has no {part!r}: {text[-2000:]!r}")


def has_not(text, part, what="text"):
    if part in text:
        fail(f"{what} has {part!r}: {text[-2000:]!r}")


def wait_until(truth, seconds=60, what="it"):
    """Calls truth() until it is true; returns what it gave. A machine with much to do may take its time."""
    end = time.monotonic() + seconds
    while True:
        result = truth()
        if result:
            return result
        if time.monotonic() > end:
            fail(f"{what} did not happen within {seconds} s")
        time.sleep(0.01)


def need(program):
    """The program's path; skips the test where it is not installed."""
    return shutil.which(program) or skip(f"{program} is not installed")


def shared(name):
    """A file of ../shared (or $NIMBUS_SHARED); skips the test where there is none."""
    path = Path(os.environ.get("NIMBUS_SHARED", ROOT.parent / "shared")) / name
    return path if path.exists() else skip(NO_SHARED)


# Temporary folders

_session = None


def tmp(name="t"):
    """A new empty folder, gone at the end of the run (NIMBUS_KEEP=1 keeps it)."""
    global _session
    if _session is None:
        _session = Path(tempfile.mkdtemp(prefix="nimbus-test-"))
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=_session))


# git

class Result:
    """What a command did: .code, .out and .err (text), .raw (the bytes of its output)."""

    def __init__(self, code, out, err):
        self.code, self.raw = code, out
        self.out, self.err = (b.decode("utf-8", "surrogateescape") for b in (out, err))

    def __repr__(self):
        return f"<exit {self.code}: {self.out[-500:]!r} {self.err[-1500:]!r}>"


def run(args, cwd=None, env=None, check=True, input=None, timeout=300):
    """Runs a command; with `check` its failure is the test's."""
    if isinstance(input, str):
        input = input.encode()
    done = subprocess.run([str(a) for a in args], cwd=cwd, env=env, input=input or b"",
                          capture_output=True, timeout=timeout)
    result = Result(done.returncode, done.stdout, done.stderr)
    if check and result.code:
        fail(f"{' '.join(str(a) for a in args)}: {result}")
    return result


_git_home = None


def git_env(**more):
    """An environment in which git sees no configuration but ours, and never asks."""
    global _git_home
    if _git_home is None:
        _git_home = tmp("home")
        (_git_home / ".gitconfig").write_text(
            "[user]\n\tname = Ada Tester\n\temail = ada@example.com\n"
            "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n"
            "[gc]\n\tauto = 0\n[protocol \"file\"]\n\tallow = always\n[core]\n\tautocrlf = false\n")
    env = {"PATH": os.environ["PATH"], "HOME": str(_git_home), "LC_ALL": "C.UTF-8", "TZ": "UTC",
           "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": str(_git_home / ".gitconfig"),
           "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "false", "SSH_ASKPASS": "false",
           "GIT_OPTIONAL_LOCKS": "0"}
    env.update({key: str(value) for key, value in more.items()})
    return env


def git(*args, cwd=None, env=None, check=True, protocol=None, input=None, timeout=300):
    """Runs git with git_env() and `env` on top; protocol=0, 1 or 2 sets the wire protocol."""
    words = ["git"] if protocol is None else ["git", "-c", f"protocol.version={protocol}"]
    return run(words + list(args), cwd, git_env(**(env or {})), check, input, timeout)


def start_git(*args, cwd=None, env=None, protocol=None):
    """The same without waiting: a Popen with pipes (for tests that run several at once)."""
    words = ["git"] if protocol is None else ["git", "-c", f"protocol.version={protocol}"]
    return subprocess.Popen([str(a) for a in words + list(args)], cwd=cwd, env=git_env(**(env or {})),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def make_repo(commits=10, seed=1, files=6, object_format="sha1", merges=True, size=400):
    """
    A repository with a work tree, the same for the same arguments on every machine: `commits` commits
    on main that edit `files` files of about `size` bytes in two folders, a branch "topic" that is merged
    every fifth commit (with `merges`), and the tags v1 (light) and v2 (annotated). Returns its path.
    """
    rng = random.Random(f"{seed}")
    path = tmp("repo")
    git("init", "-q", f"--object-format={object_format}", ".", cwd=path)
    stream, when = [], 1700000000

    def data(text):
        raw = text.encode()
        stream.append(b"data %d\n%s\n" % (len(raw), raw))

    def commit(ref, message, parent=None, merge=None, edits=()):
        nonlocal when
        when += 60 + rng.randrange(3600)
        stream.append(f"commit refs/heads/{ref}\ncommitter Ada Tester <ada@example.com> {when} +0100\n".encode())
        data(message)
        if parent:
            stream.append(f"from {parent}\n".encode())
        if merge:
            stream.append(f"merge {merge}\n".encode())
        for name, text in edits:
            stream.append(f"M 100644 inline {name}\n".encode())
            data(text)

    def text():
        return "".join(f"{rng.randrange(1 << 32):08x} {rng.randrange(1 << 32):08x}\n"
                       for _ in range(max(1, size // 18)))

    names = [f"{'src/' if i % 3 == 1 else 'docs/' if i % 3 == 2 else ''}file{i}.txt" for i in range(files)]
    contents = {name: text() for name in names}
    commit("main", "Start\n", edits=[("README.md", f"# Repository {seed}\n\nMade for a test.\n"),
                                     *contents.items()])
    for n in range(1, commits):
        name = rng.choice(names)
        lines = contents[name].splitlines(True)
        lines[rng.randrange(len(lines))] = f"commit {n} was here: {rng.randrange(1 << 32):08x}\n"
        contents[name] = "".join(lines)
        if merges and n % 5 == 4:
            commit("topic", f"Topic work {n}\n", parent="refs/heads/main",
                   edits=[(f"topic/{n}.txt", text())])
            commit("main", f"Merge topic ({n})\n", merge="refs/heads/topic",
                   edits=[(name, contents[name]), (f"topic/{n}.txt", text())])
        else:
            commit("main", f"Change {name} ({n})\n\nA body for commit {n}.\n", edits=[(name, contents[name])])
    stream.append(b"reset refs/tags/v1\nfrom refs/heads/main\n\n")
    stream.append(f"tag v2\nfrom refs/heads/main\ntagger Ada Tester <ada@example.com> {when} +0000\n".encode())
    data("The second version\n")
    stream.append(b"done\n")
    git("fast-import", "--quiet", "--done", cwd=path, input=b"".join(stream))
    git("reset", "-q", "--hard", "main", cwd=path)
    return path


def commit_file(repo, name, text, message="Change a file"):
    """Writes one file in a work tree and commits it; returns the commit's id."""
    path = Path(repo) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    git("add", "--", name, cwd=repo)
    git("commit", "-q", "-m", message, cwd=repo)
    return git("rev-parse", "HEAD", cwd=repo).out.strip()


def refs(repo_or_url):
    """{name: id} of all refs, HEAD and peeled tags included, by `git ls-remote`."""
    lines = git("ls-remote", repo_or_url).out.splitlines()
    return {name: id for id, name in (line.split("\t") for line in lines)}


# The server

class Response:
    """An HTTP answer: .status, .headers (lower-case names; the last of equals), .body, .text, .json."""

    def __init__(self, status, headers, body):
        self.status, self.pairs, self.body = status, headers, body
        self.headers = {name.lower(): value for name, value in headers}

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return jsonlib.loads(self.body)

    @property
    def items(self):
        """Of a list of the API, this page's."""
        return self.json["items"]

    def __repr__(self):
        return f"<{self.status} {self.text[:600]!r}>"


_servers = []


_databases = {}


def home_environment(data):
    """What a server whose folder is `data` is told about the home of these tests."""
    if HOME == "embedded":
        return {}
    if HOME == "missing":
        skip("a cluster needs PostgreSQL, Redis and an S3 server: they are not here")
    if str(data) not in _databases:
        name = f"t{os.getpid()}_{len(_databases)}"
        _databases[str(data)] = services.new_database(os.environ["NIMBUS_TEST_POSTGRES"], name)
    database = _databases[str(data)]
    name = database.rpartition("/")[2]
    number = int(name.removeprefix("t").replace("_", "")) % services.Redis.databases
    return {"NIMBUS_DB": database, "NIMBUS_DB_CONNECTIONS": "5",
            "NIMBUS_KV": os.environ["NIMBUS_TEST_REDIS"].rpartition("/")[0] + f"/{number}",
            **services.bucket_environment(os.environ["NIMBUS_TEST_S3"], name)}


def literal(value):
    """A value as SQL has it."""
    if isinstance(value, bytes):
        return f"X'{value.hex()}'" if HOME == "embedded" else f"'\\x{value.hex()}'::bytea"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def parsed(field):
    """A value as psql prints it."""
    if field.startswith("\\x"):
        return bytes.fromhex(field[2:])
    return int(field) if re.fullmatch(r"-?\d{1,18}", field) else field


class Nimbus:
    """
    A running server with its own data folder. main() stops what a test leaves running and lets the test
    fail if the server ended with anything but 0 or a sanitizer had something to say.

    NIMBUS_BIN chooses another binary than build-asan/nimbus. `env` goes on top of its environment;
    `shared=True` lets it live until the end of the file; `data` reuses a folder.
    """

    def __init__(self, env=None, data=None, shared=False, start=True):
        self.binary = Path(os.environ.get("NIMBUS_BIN", BUILD / "nimbus"))
        self.data = Path(data) if data else tmp("data")
        self.logs = tmp("log")
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        self.auth = (OWNER, PASSWORD)
        self.extra = dict(env or {})
        self.shared, self.process, self.starts = shared, None, 0
        _servers.append(self)
        if start:
            self.start()

    def environment(self):
        home = self.logs / "home"
        home.mkdir(exist_ok=True)
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC",
               "NIMBUS_LISTEN": self.host, "NIMBUS_DATA": str(self.data), "NIMBUS_OWNER": OWNER,
               "NIMBUS_OWNER_PASSWORD": PASSWORD,
               "ASAN_OPTIONS": "exitcode=99:detect_stack_use_after_return=0",
               "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99", "TSAN_OPTIONS": "exitcode=99"}
        env.update(services.UNLIMITED)
        env.update(home_environment(self.data))
        env.update({key: str(value) for key, value in self.extra.items()})
        return env

    def start(self, seconds=60):
        """Starts it and waits until /healthz answers 200; .started_in is how many seconds that took."""
        if not self.binary.exists():
            fail(f"{self.binary} is not built: ./dev test builds it")
        self.starts += 1
        self.out = self.logs / f"out.{self.starts}"
        self.err = self.logs / f"err.{self.starts}"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([str(self.binary), "serve"], env=self.environment(),
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        begin = time.monotonic()
        while True:
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                fail(f"the server ended with {code} at its start: {self.stderr()[-3000:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.request("GET", "/healthz", auth=None, timeout=2).status == 200:
                    self.started_in = time.monotonic() - begin
                    return self
            if time.monotonic() > begin + seconds:
                fail(f"/healthz did not answer 200 within {seconds} s: {self.stderr()[-3000:]}")
            time.sleep(0.01)

    @property
    def pid(self):
        return self.process.pid

    def stderr(self):
        return self.err.read_text(errors="replace")

    def log_lines(self):
        """The JSON log of this start, as a list of objects; a line that is no JSON fails the test."""
        lines = self.out.read_text(errors="replace").splitlines()
        return [jsonlib.loads(line) for line in lines if line.startswith("{")]

    def check_sanitizers(self):
        text = self.stderr()
        for sign in ("Sanitizer", "runtime error:", "nimbus: panic:"):
            if sign in text:
                fail(f"the server's stderr has a report:\n{text[-6000:]}")

    def stop(self, seconds=90):
        """SIGTERM; the server must end by itself, with 0 and without a sanitizer's report."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            fail(f"the server did not end within {seconds} s of SIGTERM: {self.stderr()[-3000:]}")
        self.check_sanitizers()
        eq(code, 0, f"the server's exit code (stderr: {self.stderr()[-3000:]})")

    def kill9(self):
        """As if the power went."""
        process, self.process = self.process, None
        process.kill()
        process.wait()
        self.check_sanitizers()

    def restart(self):
        self.stop()
        return self.start()

    def admin(self, *args, check=True, input=None):
        """Runs `nimbus ARGS` on the same data folder and returns its Result."""
        return run([self.binary, *args], env=self.environment(), check=check, input=input)

    def sql(self, statement, *args):
        """Runs a statement in the server's database, behind its back; returns the rows. ? stands for a value."""
        for value in args:
            statement = statement.replace("?", literal(value), 1)
        if HOME != "embedded":
            out = services.psql(_databases[str(self.data)], "-F", "\x1f", "-R", "\x1e", "-c", statement)
            return [tuple(parsed(field) for field in row.split("\x1f"))
                    for row in out.removesuffix("\n").split("\x1e") if row]
        with contextlib.closing(sqlite3.connect(self.data / "nimbus.db", timeout=20)) as db, db:
            return db.execute(statement).fetchall()

    def _status(self, field):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        fail(f"no {field} in /proc")

    def rss_kib(self):
        return self._status("VmRSS")

    def rss_peak(self):
        """The most that was ever resident, in KiB."""
        return self._status("VmHWM")

    def request(self, method, path, body=None, headers=None, auth="owner", timeout=60):
        """One request without following redirects. auth: "owner", None, (name, secret) or a token."""
        send = {"Connection": "close", **(headers or {})}
        auth = self.auth if auth == "owner" else auth
        if isinstance(auth, tuple):
            send["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        elif auth:
            send["Authorization"] = f"Bearer {auth}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, send)
            answer = connection.getresponse()
            return Response(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def api(self, method, path, json=None, auth="owner", want=None):
        """A call under /api/v1 with a JSON body; with `want` any other status fails the test."""
        body = None if json is None else jsonlib.dumps(json)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        answer = self.request(method, "/api/v1" + path, body, headers, auth)
        if want is not None and answer.status != want:
            fail(f"{method} /api/v1{path}: {answer} instead of {want}")
        return answer

    def create_repo(self, name, **fields):
        return self.api("POST", "/repos", {"name": name, **fields}, want=201).json

    def git_url(self, name, auth="owner"):
        """The clone URL with credentials in it (auth=None: without)."""
        auth = self.auth if auth == "owner" else auth
        user = "" if auth is None else ":".join(urllib.parse.quote(a, safe="") for a in auth) + "@"
        return f"http://{user}{self.host}/{name}.git"

    def connect(self, timeout=60):
        return Raw(self.port, timeout)


class Raw:
    """A TCP connection for tests that speak HTTP by hand."""

    def __init__(self, port, timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
        return self

    def _more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        self.buffer += piece
        return bool(piece)

    def until(self, mark):
        """The bytes up to and with `mark`; fails if the connection closes before."""
        while mark not in self.buffer:
            if not self._more():
                fail(f"closed before {mark!r}: {self.buffer[-1000:]!r}")
        cut = self.buffer.index(mark) + len(mark)
        data, self.buffer = self.buffer[:cut], self.buffer[cut:]
        return data

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self._more():
                fail(f"closed after {len(self.buffer)} of {count} bytes")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def response(self, head=False):
        """Reads one HTTP/1.1 response by its framing, leaving the connection where the next one starts."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        pairs = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        body = b""
        if head or status < 200 or status in (204, 304):
            pass
        elif headers.get("transfer-encoding") == "chunked":
            while size := int(self.until(b"\r\n").split(b";")[0], 16):
                body += self.exactly(size)
                self.until(b"\r\n")
            self.until(b"\r\n")
        elif "content-length" in headers:
            body = self.exactly(int(headers["content-length"]))
        else:
            body = self.rest()
        return Response(status, pairs, body)

    def rest(self):
        """All bytes until the server closes; a time-out fails the test."""
        while self._more():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def is_closed(self, seconds=60):
        """Does the server close (or reset) within `seconds`, without another byte?"""
        self.socket.settimeout(seconds)
        try:
            return not self._more()
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def is_read(connection, port):
    """Has the server that listens at `port` read all that this socket was given to send?"""
    ours, theirs = f":{connection.getsockname()[1]:04X}", f":{port:04X}"
    for row in map(str.split, Path("/proc/net/tcp").read_text().splitlines()):
        if row[1].endswith(theirs) and row[2].endswith(ours):
            waiting, inode = int(row[4].partition(":")[2], 16), row[9]
            return waiting == 0 and inode != "0"  # one that is not accepted yet has no inode
    return False


# main

def timeout(seconds):
    """@timeout(600): the test may take longer than five minutes."""
    def mark(function):
        function.seconds = seconds
        return function
    return mark


def embedded(why):
    """@embedded("it looks into the folder"): what this test is about is not in a cluster, where it is left out."""
    def mark(function):
        function.embedded = why
        return function
    return mark


def _where(error):
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename != __file__ and "python3" not in frame.filename:
            return f"{Path(frame.filename).name}:{frame.lineno} ({frame.line})"
    return "?"


def _stop_servers(all_of_them):
    for server in list(_servers):
        if all_of_them or not server.shared:
            _servers.remove(server)
            server.stop()


def _kill_servers(all_of_them):
    for server in list(_servers):
        if all_of_them or not server.shared:
            _servers.remove(server)
            if server.process:
                server.process.kill()
                server.process.wait()


def _one(name, function, finish):
    """Runs one test and prints its line. Returns False when it failed."""
    def alarm(*_):
        raise Failure(f"it took longer than {seconds} s")

    seconds = getattr(function, "seconds", 300)
    signal.signal(signal.SIGALRM, alarm)
    signal.alarm(seconds)
    started = time.monotonic()
    try:
        function()
        finish()
        print(f"ok {name} ({time.monotonic() - started:.2f} s)", flush=True)
        return True
    except Skip as reason:
        print(f"skip {name}: {reason}", flush=True)
        _kill_servers(all_of_them=False)
        return True
    except Exception as error:  # a test may raise anything
        signal.alarm(0)
        why = str(error).split("\n")[0][:1500] or type(error).__name__
        print(f"not ok {name}: {why} at {_where(error)}", flush=True)
        if not isinstance(error, Failure) or "\n" in str(error):
            traceback.print_exc(file=sys.stdout)
        for server in _servers:
            if server.starts:
                print(f"# stderr of the server in {server.data}: {server.stderr()[-1500:]}")
        _kill_servers(all_of_them=False)
        return False
    finally:
        signal.alarm(0)


def main():
    """Runs the calling file's test_* functions (those named in argv, else all) and exits."""
    module = sys.modules["__main__"].__dict__
    tests = {name: function for name, function in module.items()
             if name.startswith("test_") and inspect.isfunction(function)}
    if HOME != "embedded":
        for name in [name for name, function in tests.items() if hasattr(function, "embedded")]:
            print(f"# not in a cluster: {name}: {tests.pop(name).embedded}", flush=True)
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    good = True
    try:
        for name, function in tests.items():
            if not wanted or any(word in name for word in wanted):
                good &= _one(name, function, lambda: _stop_servers(False))
        if _servers:
            good &= _one("the shared server ends well", lambda: None, lambda: _stop_servers(True))
    finally:
        _kill_servers(all_of_them=True)
        if _session and not os.environ.get("NIMBUS_KEEP"):
            shutil.rmtree(_session, ignore_errors=True)
    sys.exit(0 if good else 1)
