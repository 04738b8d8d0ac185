"""
The servers that tests need beside Nimbus: each from an installed package, on loopback, on a free port, with data
in a temporary folder, ended by its process id. One class per server; .url is what Nimbus is told, and .role is
what the server is there for: several may have the same.

tests/run starts what the chosen tests need and tells them by the environment: NIMBUS_TEST_POSTGRES and so on, by
role. The programs that `./dev test --peers` has built are found by NIMBUS_PEERS. By hand:

    python3 tests/services.py postgres          prints its URL, and runs until it is interrupted
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

# Tests ask more in a minute than anybody does; those that are about these limits set them again.
UNLIMITED = {f"NIMBUS_RATE_{whose}": "0"
             for whose in ["PERSON", "CI", "AGENT", "ANONYMOUS", "CRAWLER", "ACCOUNT", "ADDRESS"]}
# And where one key plays many clients, who would have a share each, it has all of a process.
ONE_FOR_MANY = {f"NIMBUS_{what}": "1024" for what in ["LANE_CI", "LANE_ANONYMOUS", "FLOW_WORKERS", "REPO_WORKERS"]}


class Missing(Exception):
    """Why a server cannot be started here, as a sentence."""


# Below those that the system gives to connections, any of which may come between two starts of a server.
PORTS = range(20000, 32000)
_claims = []


def free_port():
    """A port that is this process's until it ends: whoever else asks here, at the same time too, is told another."""
    for port in random.sample(PORTS, len(PORTS)):
        with contextlib.ExitStack() as ending, contextlib.suppress(OSError):
            claim = ending.enter_context(socket.socket(socket.AF_UNIX))
            claim.bind(f"\0nimbus-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
            _claims.append(claim)
            ending.pop_all()
            return port
    raise Missing("no port is free")


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

    def wait_until(self, ready, seconds=180):
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


def peer(name):
    """Where a program of tests/peers.txt is."""
    folders = filter(None, os.environ.get("NIMBUS_PEERS", "").split(":"))
    with contextlib.suppress(Missing):
        return program(name, *folders)
    raise Missing(f"{name} is not built: `./dev test --peers` builds it, where Go and its modules can be had")


class Postgres(Service):
    """PostgreSQL. It refuses to run as root: then it runs as nobody."""

    name = role = "postgres"

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
        # Throw-away data: what is written need not survive the machine. But it must survive the server's own end.
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder,
                    "fsync": "off", "full_page_writes": "off",
                    "max_connections": 200, "shared_buffers": "32MB", "log_min_messages": "fatal"}
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        self.process = self.spawn(self.server, "-D", self.data, *words, cwd=self.folder, **self.user)
        # It listens before it lets anybody in.
        ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        self.wait_until(lambda: subprocess.run(ready).returncode == 0)

    def end(self, process, how=signal.SIGINT):
        """SIGTERM would wait until nobody is connected any more."""
        super().end(process, how)

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

    name = role = "redis"
    databases = 10000

    def start(self):
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.launch()

    def launch(self):
        self.process = self.spawn(program("redis-server"), *self.doors(), "--bind", "127.0.0.1", "--save", "",
                                  "--databases", self.databases, "--appendonly", "no", "--dir", self.folder)
        self.wait_until(self.listens)

    def doors(self):
        return ["--port", self.port]

    def halt(self, how=signal.SIGTERM):
        self.processes.remove(self.process)
        self.end(self.process, how)


class RedisTls(Redis):
    """
    Redis that speaks TLS alone, by a certificate of "localhost" that signs itself: ca in the URL. Beside it lies
    other.pem, which has nothing to do with it.
    """

    name, role = "redis-tls", "redis_tls"

    def start(self):
        self.certificate, self.key = self.folder / "cert.pem", self.folder / "key.pem"
        self.certify(self.folder / "other.pem")
        self.certify(self.certificate)
        self.url = f"rediss://localhost:{self.port}/0?ca={self.certificate}"
        self.launch()

    def certify(self, certificate):
        made = subprocess.run([program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                               "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out", certificate,
                               "-subj", "/CN=Redis", "-days", "3", "-addext", "subjectAltName=DNS:localhost"],
                              capture_output=True, text=True)
        if made.returncode:
            raise Missing(f"no certificate can be made: {made.stderr.strip()}")

    def doors(self):
        return ["--port", 0, "--tls-port", self.port, "--tls-cert-file", self.certificate, "--tls-key-file", self.key,
                "--tls-auth-clients", "no"]


class RedisMutual(RedisTls):
    """The same, which lets only those in who show that certificate themselves."""

    name, role = "redis-mutual", "redis_mutual"

    def doors(self):
        return [*super().doors()[:-1], "yes", "--tls-ca-cert-file", self.certificate]


def bucket_environment(url, prefix=""):
    """What Nimbus is told of the bucket that S3 gives the URL of: NIMBUS_BLOB and the keys."""
    where, _, query = url.partition("?")
    fields = dict(urllib.parse.parse_qsl(query))
    access, secret = fields.pop("access"), fields.pop("secret")
    del fields["hashed"], fields["sessions"]
    where += f"/{prefix}" if prefix else ""
    return {"NIMBUS_BLOB": f"{where}?{urllib.parse.urlencode(fields)}", "NIMBUS_S3_ACCESS_KEY": access,
            "NIMBUS_S3_SECRET_KEY": secret}


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
	map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
	upstream nimbus {{
{servers}
	}}
	server {{
		listen 127.0.0.1:{port};
		location / {{
			proxy_pass http://nimbus;
			proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection $connection_upgrade;
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

    name = role = "nginx"

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


class S3(Service):
    """
    What S3 servers have in common: a bucket and its keys. The URL is one of NIMBUS_BLOB; who uses it takes the keys out
    of it (access, secret) first.
    """

    role = "s3"
    bucket, access, secret = "nimbus", "nimbus-test-key", "nimbus+test/secret=1"
    hashed = "yes"  # it knows presigned addresses for the bytes of one SHA-256
    sessions = "yes"  # it takes a session token that others gave

    def start(self):
        self.launch()
        self.make_bucket()
        self.url = (f"s3://{self.bucket}?endpoint=http://127.0.0.1:{self.port}&region=us-east-1&style=path"
                    f"&hashed={self.hashed}&sessions={self.sessions}&access={self.access}"
                    f"&secret={urllib.parse.quote(self.secret, safe='')}")

    def make_bucket(self):
        end = time.monotonic() + 180
        while True:
            status, body = self.request("PUT", f"/{self.bucket}")
            if status == 200:
                return
            if time.monotonic() > end:
                raise Missing(f"no bucket can be made: {status} {body[:500]!r}")
            time.sleep(0.2)

    def request(self, method, path, query="", body=b""):
        """One signed request (Signature Version 4) for a path and a query that are encoded and sorted already."""
        def mac(key, text):
            return hmac.new(key, text.encode(), "sha256").digest()
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        payload, host = hashlib.sha256(body).hexdigest(), f"127.0.0.1:{self.port}"
        headers = {"host": host, "x-amz-content-sha256": payload, "x-amz-date": now}
        names, scope = ";".join(headers), f"{now[:8]}/us-east-1/s3/aws4_request"
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}"
        to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = ("AWS4" + self.secret).encode()
        for part in scope.split("/"):
            key = mac(key, part)
        headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, SignedHeaders={names}, "
                                    f"Signature={mac(key, to_sign).hex()}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path + (f"?{query}" if query else ""), body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError as why:
            return 0, str(why).encode()
        finally:
            connection.close()

class Ceph(S3):
    """Ceph's radosgw over one monitor and one storage daemon that keeps everything in memory."""

    name = "s3"

    def launch(self):
        programs = ["ceph-mon", "ceph-osd", "ceph", "ceph-authtool", "radosgw", "radosgw-admin"]
        self.paths = {name: program(name) for name in programs}
        self.monitor_port, fsid = free_port(), str(uuid.uuid4())
        self.configure(fsid)
        (self.folder / "mon").mkdir()
        self.call("ceph-authtool", "--create-keyring", self.folder / "keyring", "--gen-key", "-n", "mon.",
                  "--cap", "mon", "allow *")
        self.call("ceph-mon", *self.options, "--mkfs", "-i", "a", "--keyring", self.folder / "keyring")
        self.spawn(self.paths["ceph-mon"], *self.options, "-f", "-i", "a")
        self.wait_until(lambda: self.ask("mon", "stat"))
        self.start_storage(str(uuid.uuid4()))
        self.call("radosgw-admin", *self.options, "user", "create", "--uid", "nimbus", "--display-name", "Nimbus",
                  "--access-key", self.access, "--secret-key", self.secret)
        self.spawn(self.paths["radosgw"], *self.options, "-f", "-n", "client.rgw", "--rgw-frontends",
                   f"beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1")
        self.wait_until(self.listens)

    def configure(self, fsid):
        settings = {
            "fsid": fsid, "mon initial members": "a", "mon host": f"v1:127.0.0.1:{self.monitor_port}",
            "auth cluster required": "none", "auth service required": "none", "auth client required": "none",
            "run dir": self.folder, "admin socket": f"{self.folder}/$name.asok", "log file": f"{self.folder}/$name.log",
            "pid file": "", "crash dir": self.folder, "mon data": f"{self.folder}/mon",
            "osd data": f"{self.folder}/osd", "keyring": f"{self.folder}/keyring",
            # A disk that is nearly full is nobody's business here: hardly anything is written.
            "mon data avail crit": 0, "mon data avail warn": 0, "mon cluster log file": f"{self.folder}/cluster.log",
            "osd pool default size": 1, "osd pool default min size": 1, "osd pool default pg num": 1,
            "osd pool default pgp num": 1, "mon allow pool size one": "true", "mon max pg per osd": 10000,
            # Every pool is a change of the map, and one waits a second for others by default.
            "paxos propose interval": 0.02, "paxos min wait": 0.01,
            "osd crush chooseleaf type": 0, "osd objectstore": "memstore", "memstore device bytes": 4 << 30,
            # Names such as BUCKET.localhost are this machine too.
            "rgw dns name": "localhost"}
        text = "[global]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())
        (self.folder / "ceph.conf").write_text(text)
        self.options = ["-c", self.folder / "ceph.conf"]

    def call(self, name, *words, seconds=180):
        """Runs a command to its end; returns what it prints."""
        try:
            done = subprocess.run([self.paths[name], *map(str, words)], capture_output=True, text=True,
                                  timeout=seconds, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise Missing(f"{name} does not end: {self.output()[-2000:]}") from None
        if done.returncode:
            raise Missing(f"{name} fails: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def ask(self, *words):
        """What the monitor answers, or None while it does not."""
        with contextlib.suppress(Missing):
            return self.call("ceph", *self.options, "--connect-timeout", 15, *words, seconds=60)
        return None

    def start_storage(self, identity):
        # A monitor that answers already may not yet know its own commands.
        self.wait_until(lambda: self.ask("osd", "new", identity, "0") is not None)
        # The daemon may ask before the monitor has told it whose it is ("wrong fsid"), and ends then.
        end = time.monotonic() + 180
        while time.monotonic() < end:
            shutil.rmtree(self.folder / "osd", ignore_errors=True)
            (self.folder / "osd").mkdir()
            self.call("ceph-osd", *self.options, "-i", "0", "--mkfs", "--osd-uuid", identity)
            daemon = self.spawn(self.paths["ceph-osd"], *self.options, "-f", "-i", "0")
            while daemon.poll() is None and time.monotonic() < end:
                if " 1 up" in (self.ask("osd", "stat") or ""):
                    return
                time.sleep(0.1)
            self.processes.remove(daemon)
            self.end(daemon)
        raise Missing(f"the storage daemon does not start: {self.output()[-2000:]}")


class VersityGW(S3):
    """Versity's gateway over a folder."""

    name = "s3-versitygw"
    hashed = "no"
    sessions = "no"

    def launch(self):
        (self.folder / "data").mkdir()
        (self.folder / "attributes").mkdir()
        self.spawn(peer("versitygw"), "--access", self.access, "--secret", self.secret, "--region", "us-east-1",
                   "--port", f"127.0.0.1:{self.port}", "--virtual-domain", "localhost", "--quiet",
                   "posix", "--sidecar", self.folder / "attributes", self.folder / "data")
        self.wait_until(self.listens)


class Oidc(Service):
    """An OpenID Connect provider: npm's oidc-provider, as tests/clients/oidc_provider.mjs sets it up."""

    name = role = "oidc"

    def start(self):
        root = Path(__file__).resolve().parent.parent
        modules = root / "build-clients/node_modules"
        if not (modules / "oidc-provider").exists():
            raise Missing("oidc-provider is not installed: ./dev test does it")
        self.url = f"http://127.0.0.1:{self.port}"
        self.spawn(program("node"), root / "tests/clients/oidc_provider.mjs", modules, self.port)
        self.wait_until(self.listens)


class RecordedOpa(Service):
    """What stands for an Open Policy Agent: tests/opa.py."""

    name = role = "opa"

    def start(self):
        self.url = f"opa+http://127.0.0.1:{self.port}"
        self.spawn(sys.executable, Path(__file__).resolve().parent / "opa.py", self.port)
        self.wait_until(self.listens)


class Opa(Service):
    """An Open Policy Agent with the policies of docs/policy, whose own tests have to pass first."""

    name, role = "opa-real", "opa"

    def start(self):
        policies = Path(__file__).resolve().parent.parent / "docs/policy"
        tested = subprocess.run([peer("opa"), "test", policies], capture_output=True, text=True)
        if tested.returncode:
            raise RuntimeError(f"the policies in docs/policy fail their own tests: {tested.stdout}{tested.stderr}")
        self.url = f"opa+http://127.0.0.1:{self.port}"
        self.spawn(peer("opa"), "run", "--server", "--addr", f"127.0.0.1:{self.port}", "--disable-telemetry",
                   "--set=decision_logs.console=true",
                   policies / "nimbus.rego", policies / "careful.rego")
        self.wait_until(self.listens)


class Vault(Service):
    """
    A Vault with nothing in memory but a key-value store (version 2) at secret/. Its URL has the root token, which who
    uses it takes out of it (token).
    """

    name = role = "vault"
    token = "nimbus-test-root"

    def start(self):
        self.address = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.address}?token={self.token}"
        self.spawn(peer("vault"), f"127.0.0.1:{self.port}", self.token)
        self.wait_until(self.listens)
        vault_ask(self.url, "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})


def vault_ask(url, path, what=None):
    """What the Vault at the URL answers to its root: to what is written, or to a read; None where that is nothing."""
    address, _, token = url.partition("?token=")
    body = None if what is None else json.dumps(what).encode()
    request = urllib.request.Request(f"{address}/v1/{path}", body, {"X-Vault-Token": token})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as why:
        raise RuntimeError(f"Vault answers {why.code} to {path}: {why.read()[:500]!r}") from None


SERVICES = {service.name: service for service in (Postgres, Redis, RedisTls, Ceph, VersityGW, Oidc, RecordedOpa, Opa,
                                                 Vault)}


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
