"""
The two servers that are compared, each with its repositories in a folder of its own, and what the
kernel says about their use of CPU and memory.

CPU is that of every process a server ever started, dead ones included. Where a control group can be made,
the group's account is read: exact, and nothing escapes it. Elsewhere it is the sum of what /proc says of the
living and what meter.c wrote of git's processes: fcgiwrap ignores SIGCHLD, so they are in nobody's cutime.
"""

import base64
import contextlib
import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import types
from pathlib import Path

import raw

# One client plays many here, who would have a share each.
UNLIMITED = {**{f"NIMBUS_RATE_{whose}": "0" for whose in ("PERSON", "CI", "ACCOUNT", "ADDRESS")},
             **{f"NIMBUS_{what}": "1024" for what in ("LANE_CI", "FLOW_WORKERS", "REPO_WORKERS")}}
HERE = Path(__file__).resolve().parent
FCGI_WORKERS = 20
TICKS = os.sysconf("SC_CLK_TCK")

NGINX = """
daemon off;
worker_processes auto;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
{user}
events {{ worker_connections 512; }}
http {{
	access_log {dir}/access.log;
	client_body_temp_path {dir}/body;
	fastcgi_temp_path {dir}/fastcgi;
	proxy_temp_path {dir}/proxy;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	client_max_body_size 0;
	client_body_buffer_size 1m;
	fastcgi_buffers 16 64k;
	fastcgi_buffer_size 64k;
	fastcgi_max_temp_file_size 0;
	fastcgi_read_timeout 600;
	sendfile on;
	tcp_nodelay on;
	server {{
		listen 127.0.0.1:{port};
{locations}
	}}
}}
"""

LOCATION = """
		location ~ ^/{name}(/.*)$ {{
			fastcgi_pass unix:{dir}/fcgi;
			fastcgi_param SCRIPT_FILENAME {script};
			fastcgi_param PATH_INFO $1;
			fastcgi_param GIT_PROJECT_ROOT {repos};
			fastcgi_param GIT_HTTP_EXPORT_ALL 1;
			fastcgi_param GIT_PROTOCOL $http_git_protocol;
			fastcgi_param QUERY_STRING $query_string;
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param CONTENT_TYPE $content_type;
			fastcgi_param CONTENT_LENGTH $content_length;
			fastcgi_param REMOTE_ADDR $remote_addr;
			fastcgi_param REMOTE_USER bench;
			fastcgi_param METER_PROGRAM {backend};
			fastcgi_param METER_LOG {dir}/meter.log;
		}}
"""

# Burns CPU in a child of a child and says how much it was: does the account see it?
CONTROL = """#!/usr/bin/env python3
import resource, subprocess, sys
burn = "import time\\nwhile time.process_time() < 0.2: pass"
inner = "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', " + repr(burn) + "])"
subprocess.run([sys.executable, "-S", "-c", inner])
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print("Content-Type: text/plain\\n")
print(sum(use.ru_utime + use.ru_stime for use in used))
"""


class Failed(Exception):
    """A sentence for who runs the bench."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def group_folders():
    """Where a control group with an account of CPU could be made, by /proc: (folder, file, ns per unit)."""
    own = dict(line.strip().split(":", 2)[1:] for line in open("/proc/self/cgroup"))
    for line in open("/proc/mounts"):
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup2":
            yield Path(where + own.get("", "/")), "cpu.stat", 1000
        elif kind == "cgroup" and "cpuacct" in options.split(","):
            names = next((name for name in own if "cpuacct" in name.split(",")), None)
            yield Path(where + own.get(names, "/")), "cpuacct.usage", 1


class Group:
    """A control group that counts the CPU of what is started in it. .folder is None where none can be made."""

    def __init__(self, name):
        self.folder = None
        for parent, file, unit in group_folders():
            folder = parent / f"nimbus-bench-{os.getpid()}-{name}"
            try:
                folder.mkdir()
            except OSError:
                continue
            if (folder / file).exists() and self._takes_processes(folder):
                self.folder, self.file, self.unit = folder, folder / file, unit
                return
            folder.rmdir()

    @staticmethod
    def _takes_processes(folder):
        with subprocess.Popen(["sleep", "60"]) as probe:
            try:
                (folder / "cgroup.procs").write_text(str(probe.pid))
                return True
            except OSError:
                return False
            finally:
                probe.kill()

    def enter(self):
        """For preexec_fn: the new process goes into the group before it becomes the server."""
        if self.folder:
            with open(self.folder / "cgroup.procs", "w") as procs:
                procs.write("0")

    def seconds(self):
        text = self.file.read_text().split()
        number = text[text.index("usage_usec") + 1] if "usage_usec" in text else text[0]
        return int(number) * self.unit / 1e9

    def close(self):
        for _ in range(100):
            if not self.folder:
                return
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                self.folder = None
            time.sleep(0.02)


def stat_of(pid):
    """(parent, seconds of CPU, seconds of its reaped children) from /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    utime, stime, cutime, cstime = (int(field) / TICKS for field in fields[11:15])
    return int(fields[1]), utime + stime, cutime + cstime


def tree_of(roots):
    """The processes `roots` and all their living descendants."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                children.setdefault(stat_of(name)[0], []).append(int(name))
    found, todo = set(), list(roots)
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, [])
    return found


class Sampler(threading.Thread):
    """The most that a tree of processes had resident together (shared pages once), looked at often."""

    def __init__(self, roots):
        super().__init__(daemon=True)
        self.roots, self.peak, self.ended = roots, 0, threading.Event()

    def run(self):
        while not self.ended.wait(0.01):
            total = 0
            for pid in tree_of(self.roots):
                with contextlib.suppress(OSError, ValueError, StopIteration):
                    lines = open(f"/proc/{pid}/smaps_rollup")
                    total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
            self.peak = max(self.peak, total)

    def stop(self):
        self.ended.set()
        self.join()
        return self.peak


class Server:
    """What both have in common: processes, their CPU, and the end of them."""

    def __init__(self, folder):
        self.dir = Path(folder) / self.name
        self.dir.mkdir()
        self.port, self.headers, self.git_options = free_port(), [], []
        self.processes, self.group = [], Group(self.name)

    def spawn(self, command, env, stdin=subprocess.DEVNULL):
        log = open(self.dir / "output.log", "ab")
        with log:
            process = subprocess.Popen(command, env=env, stdin=stdin, stdout=log, stderr=log,
                                       preexec_fn=self.group.enter)
        self.processes.append(process)
        return process

    def wait_ready(self, path, seconds=30):
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", path)
                connection.getresponse().read()
                return
            if time.monotonic() > end or self.processes[-1].poll() is not None:
                raise Failed(f"{self.name} does not start: {(self.dir / 'output.log').read_text()[-2000:]}")
            time.sleep(0.01)

    def cpu(self):
        """Seconds of CPU that the server and everything it started have used until now."""
        if self.group.folder:
            return self.group.seconds()
        return sum(stat_of(pid)[1] + stat_of(pid)[2] for pid in tree_of(p.pid for p in self.processes))

    def settle(self, most=5.0):
        """Waits until the server does nothing any more: what it does after its answer counts too."""
        end, before = time.monotonic() + most, self.cpu()
        while time.monotonic() < end:
            time.sleep(0.03)
            now = self.cpu()
            if now - before < 0.002:
                return
            before = now

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.group.close()


class Peer(Server):
    """git http-backend behind nginx and fcgiwrap."""

    name = "peer"

    def __init__(self, folder):
        super().__init__(folder)
        self.repos = self.dir / "repos"
        self.repos.mkdir()
        self.backend = subprocess.run(["git", "--exec-path"], capture_output=True, text=True,
                                      check=True).stdout.strip() + "/git-http-backend"
        self.fcgiwrap, self.nginx = (shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
                                     for name in ("fcgiwrap", "nginx"))
        for program, path in (("fcgiwrap", self.fcgiwrap), ("nginx", self.nginx)):
            if not path:
                raise Failed(f"{program} is not installed: ./dev bench installs it")
        self.meter = self.dir / "meter"
        subprocess.run(["cc", "-O2", "-o", self.meter, HERE / "meter.c"], check=True)
        (self.dir / "control").write_text(CONTROL)
        (self.dir / "control").chmod(0o755)
        self.metered = not self.group.folder
        self.start()

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.dir), "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": str(self.dir / "gitconfig")}

    def locations(self):
        place = {"dir": self.dir, "repos": self.repos, "backend": self.backend}
        return "".join(LOCATION.format(name=name, script=script, **place) for name, script in (
            ("git", self.backend), ("metered", self.meter), ("control", self.dir / "control"))) + \
            LOCATION.format(name="mcontrol", script=self.meter, **{**place, "backend": self.dir / "control"})

    def start(self):
        (self.dir / "gitconfig").write_text(
            "[uploadpack]\n\tallowFilter = true\n[http]\n\treceivepack = true\n"
            "[receive]\n\tfsckObjects = true\n\tautogc = false\n[safe]\n\tdirectory = *\n")
        env = self.environment()
        (self.dir / "nginx.conf").write_text(NGINX.format(
            dir=self.dir, port=self.port, locations=self.locations(), user="user root;" if os.getuid() == 0 else ""))
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.dir / "fcgi"))
        listening.listen(128)
        # One by one instead of `fcgiwrap -c`: its children outlive it, and nobody would know their ids.
        for _ in range(FCGI_WORKERS):
            self.spawn([self.fcgiwrap], env, listening)
        listening.close()
        self.spawn([self.nginx, "-p", self.dir, "-e", self.dir / "error.log", "-c", self.dir / "nginx.conf"], env)
        self.wait_ready("/")

    def path(self, repo):
        return f"/{'metered' if self.metered else 'git'}/{repo}.git"

    def url(self, repo):
        return f"http://127.0.0.1:{self.port}{self.path(repo)}"

    def create(self, repo, branch):
        subprocess.run(["git", "init", "-q", "--bare", f"--initial-branch={branch}", self.repos / f"{repo}.git"],
                       check=True)

    def load(self, repo, source, branch, git):
        """The repository as an administrator would keep it: packed with bitmap and commit-graph."""
        shutil.copytree(source, self.repos / f"{repo}.git")

    def load_as_pushed(self, repo, source, branch, git):
        """The repository as one push leaves it, that nobody repacked."""
        self.create(repo, branch)
        git("push", "-q", self.repos / f"{repo}.git", "refs/*:refs/*", cwd=source)

    def compact(self, repo):
        """Nothing: git collects garbage only when there is much more of it."""

    def meter_lines(self):
        log = self.dir / "meter.log"
        return [tuple(map(int, line.split())) for line in log.read_text().splitlines()] if log.exists() else []

    def cpu(self):
        seconds = super().cpu()
        return seconds if self.group.folder else seconds + sum(used for used, _ in self.meter_lines()) / 1e6

    def control(self):
        """(what a child of a child of fcgiwrap used, what our account says), in seconds."""
        self.settle()
        before = self.cpu()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/mcontrol/" if self.metered else "/control/")
        used = float(connection.getresponse().read())
        self.settle()
        return used, self.cpu() - before

    @contextlib.contextmanager
    def watch_memory(self):
        """Gives a function that tells the peak in KiB since then."""
        metered, self.metered, lines = self.metered, True, len(self.meter_lines())
        sampler = Sampler([process.pid for process in self.processes])
        sampler.start()
        try:
            yield lambda: max([sampler.stop()] + [resident for _, resident in self.meter_lines()[lines:]])
        finally:
            sampler.stop()
            self.metered = metered


class PeerAgain(Peer):
    """The same in another folder: what is measured between the two is the bench's own error."""

    name = "again"


class Nimbus(Server):
    """The release build of this repository."""

    name = "nimbus"
    owner, password = "owner", "correct-horse-battery"

    def __init__(self, folder, binary):
        super().__init__(folder)
        if not Path(binary).exists():
            raise Failed(f"{binary} is not built: ./dev build builds it")
        env = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "LC_ALL": "C.UTF-8",
               "NIMBUS_LISTEN": f"127.0.0.1:{self.port}", "NIMBUS_DATA": str(self.dir / "data"),
               "NIMBUS_OWNER": self.owner, "NIMBUS_OWNER_PASSWORD": self.password, "NIMBUS_COMPACT": "off", **UNLIMITED}
        self.binary, self.env = str(binary), env
        self.process = self.spawn([str(binary), "serve"], env)
        self.wait_ready("/healthz")
        # A token, because a password is meant to cost tens of milliseconds each time.
        token = self.api("POST", "/tokens", {"name": "bench", "permission": "admin"})["token"]
        self.headers = [("Authorization", f"Bearer {token}")]
        self.git_options = ["-c", f"http.extraHeader=Authorization: Bearer {token}"]

    def api(self, method, path, body):
        login = base64.b64encode(f"{self.owner}:{self.password}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, "/api/v1" + path, json.dumps(body),
                           {"Content-Type": "application/json", "Authorization": f"Basic {login}"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 201:
            raise Failed(f"{method} /api/v1{path}: {answer.status} {text[:500]!r}")
        return json.loads(text)

    def path(self, repo):
        return f"/{repo}.git"

    def url(self, repo):
        return f"http://127.0.0.1:{self.port}/{repo}.git"

    def create(self, repo, branch):
        self.api("POST", "/repos", {"name": repo, "visibility": "public", "default_branch": branch})

    def load(self, repo, source, branch, git):
        """The only way in is the one that everybody has: a push. By hand, because git's client takes minutes
        of its own for 50,000 refs."""
        self.create(repo, branch)
        lines = git.text("for-each-ref", "--format=%(refname) %(objectname)", cwd=source).splitlines()
        commands = [(ref, raw.ZERO, id) for ref, id in (line.split() for line in lines)]
        pack = git("pack-objects", "-q", "--all", "--stdout", "--delta-base-offset", cwd=source)
        with raw.Connection(self.port, self.headers) as connection:
            raw.push_many(connection, self.path(repo), commands, pack)
        self.compact(repo)

    def compact(self, repo):
        """What the server's own worker does soon after a push; done here so that it is over before we measure."""
        done = subprocess.run([self.binary, "admin", "compact", repo], env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"{repo} could not be compacted: {done.stderr[-500:]}")

    def load_as_pushed(self, repo, source, branch, git):
        """Nobody repacks here: the server does that by itself."""
        self.load(repo, source, branch, git)

    @contextlib.contextmanager
    def watch_memory(self):
        """Gives a function that tells the peak in KiB since then."""
        with contextlib.suppress(OSError):
            Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        status = Path(f"/proc/{self.process.pid}/status")
        yield lambda: int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1])


class Recorder(threading.Thread):
    """Stands between a client and a server, and writes down each request of one connection and its answer."""

    def __init__(self, port, folder):
        super().__init__(daemon=True)
        self.folder, self.upstream, self.listener = folder, port, socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        client, server = self.listener.accept()[0], socket.create_connection(("127.0.0.1", self.upstream))
        with self.listener, client, server:
            number, answering = -1, True
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    piece = ready.recv(1 << 20)
                    if not piece:
                        return
                    if ready is client and answering:
                        number += 1
                    answering = ready is server
                    (server if ready is client else client).sendall(piece)
                    with open(self.folder / f"{number}.{'answer' if answering else 'request'}", "ab") as file:
                        file.write(piece)


class Floor(Server):
    """What nobody can do better: Nimbus's own answers to an operation, sent ready-made by floor.c."""

    name = "floor"

    def __init__(self, folder, nimbus):
        super().__init__(folder)
        self.nimbus = nimbus
        self.binary = self.dir / "floor"
        subprocess.run(["cc", "-O2", "-o", self.binary, HERE / "floor.c"], check=True)

    def learn(self, ask):
        """`ask` is given a server to send one connection's requests to; from now on they are answered here."""
        self.stop_serving()
        folder = Path(tempfile.mkdtemp(dir=self.dir))
        recorder = Recorder(self.nimbus.port, folder)
        recorder.start()
        ask(types.SimpleNamespace(name=self.name, port=recorder.port, headers=(), path=self.nimbus.path))
        recorder.join(10)
        self.spawn([self.binary, str(self.port), folder], {"PATH": os.environ["PATH"]})
        self.wait_ready("/")

    def path(self, repo):
        return self.nimbus.path(repo)

    def wait_ready(self, path, seconds=30):
        end = time.monotonic() + seconds
        while self.processes[-1].poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            time.sleep(0.01)
        raise Failed("the floor does not start")

    def stop_serving(self):
        while self.processes:
            process = self.processes.pop()
            process.terminate()
            process.wait()
