"""
The servers that tests need beside Nimbus: each from an installed package, on loopback, on a free port, with data
in a temporary folder, ended by its process id. One class per server; .url is what Nimbus is told.

tests/run starts what the chosen tests need and tells them by the environment: NIMBUS_TEST_POSTGRES and so on.
By hand:

    python3 tests/services.py postgres          prints its URL, and runs until it is interrupted
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path


class Missing(Exception):
    """Why a server cannot be started here, as a sentence."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Service:
    """What all have in common: a folder, processes, and their end."""

    def __init__(self):
        self.folder, self.processes = Path(tempfile.mkdtemp(prefix=f"nimbus-{self.name}-")), []
        self.port = free_port()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def spawn(self, *command, **more):
        log = open(self.folder / "output.log", "ab")
        with log:
            process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, start_new_session=True, **more)
        self.processes.append(process)
        return process

    def wait_until(self, ready, seconds=60):
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end or any(p.poll() is not None for p in self.processes):
                raise Missing(f"{self.name} does not start: {self.output()[-2000:]}")
            time.sleep(0.05)

    def listens(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

    def output(self):
        path = self.folder / "output.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def end(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self):
        for process in reversed(self.processes):
            self.end(process)
        self.processes = []
        shutil.rmtree(self.folder, ignore_errors=True)


def program(name, *folders):
    """Where a program is, also in folders that are not in PATH."""
    for folder in [*folders, *os.environ["PATH"].split(":"), "/usr/sbin", "/sbin"]:
        if os.access(Path(folder) / name, os.X_OK):
            return str(Path(folder) / name)
    raise Missing(f"{name} is not installed")


class Postgres(Service):
    """PostgreSQL. It refuses to run as root: then it runs as nobody."""

    name = "postgres"

    def start(self):
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        initdb, server = program("initdb", *folders), program("postgres", *folders)
        self.user = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self.user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.data = self.folder / "data"
        made = subprocess.run([initdb, "--pgdata", self.data, "--username=nimbus", "--auth=trust", "--encoding=UTF8",
                               "--no-locale", "--no-sync", "--no-instructions"], capture_output=True, text=True,
                              cwd=self.folder, env={"PATH": os.environ["PATH"]}, **self.user)
        if made.returncode:
            raise Missing(f"initdb fails: {made.stderr.strip()}")
        self.server, self.url = server, f"postgres://nimbus@127.0.0.1:{self.port}/postgres"
        self.launch()

    def launch(self):
        # Throw-away data: what is written need not survive the machine.
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder,
                    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
                    "max_connections": 200, "shared_buffers": "32MB", "log_min_messages": "fatal"}
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        self.process = self.spawn(self.server, "-D", self.data, *words, cwd=self.folder, **self.user)
        self.wait_until(self.listens)

    def halt(self, how=signal.SIGINT):
        """SIGINT: a fast shutdown; SIGQUIT: as a crash is."""
        self.processes.remove(self.process)
        self.end(self.process, how)


def psql(url, *words):
    """What psql prints for a command, without decoration."""
    return subprocess.run([program("psql"), "-q", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", url, *words], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def new_database(server, name):
    """The URL of a database that is made in the PostgreSQL at the URL `server`."""
    psql(server, "-c", f'CREATE DATABASE "{name}"')
    return server.rpartition("/")[0] + "/" + name


class Redis(Service):
    """Redis, with nothing on disk."""

    name = "redis"

    def start(self):
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.launch()

    def launch(self):
        self.process = self.spawn(program("redis-server"), "--port", self.port, "--bind", "127.0.0.1", "--save", "",
                                  "--appendonly", "no", "--dir", self.folder)
        self.wait_until(self.listens)

    def halt(self, how=signal.SIGTERM):
        self.processes.remove(self.process)
        self.end(self.process, how)


NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
	access_log off;
	client_body_temp_path {folder}/body;
	proxy_temp_path {folder}/proxy;
	fastcgi_temp_path {folder}/fastcgi;
	uwsgi_temp_path {folder}/uwsgi;
	scgi_temp_path {folder}/scgi;
	client_max_body_size 0;
	upstream nimbus {{
{servers}
	}}
	server {{
		listen 127.0.0.1:{port};
		location / {{
			proxy_pass http://nimbus;
			proxy_http_version 1.1;
			proxy_set_header Host $http_host;
			proxy_set_header X-Forwarded-For $remote_addr;
			proxy_set_header X-Forwarded-Proto $scheme;
			proxy_request_buffering off;
			proxy_buffering off;
			proxy_read_timeout 300s;
			# What a process that is gone did not even take goes to the next; a push is never sent twice.
			proxy_next_upstream error timeout;
			proxy_connect_timeout 2s;
		}}
	}}
}}
"""


class Nginx(Service):
    """nginx before some servers, as a load balancer is."""

    name = "nginx"

    def __init__(self, ports):
        self.ports = ports
        super().__init__()

    def start(self):
        servers = "\n".join(f"\t\tserver 127.0.0.1:{port} max_fails=1 fail_timeout=1s;" for port in self.ports)
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder, port=self.port, servers=servers))
        self.url = f"http://127.0.0.1:{self.port}"
        self.spawn(program("nginx"), "-p", self.folder, "-e", self.folder / "error.log", "-c",
                   self.folder / "nginx.conf")
        self.wait_until(self.listens)


SERVICES = {service.name: service for service in (Postgres, Redis)}


def main():
    try:
        service = SERVICES[sys.argv[1]]()
    except (IndexError, KeyError):
        sys.exit(f"usage: services.py {'|'.join(SERVICES)}")
    except Missing as why:
        sys.exit(str(why))
    print(service.url, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.pause()
    service.stop()


if __name__ == "__main__":
    main()
