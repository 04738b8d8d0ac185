"""
A whole cluster on loopback: PostgreSQL, an S3 server, Redis, N Nimbus processes with nothing on disk but a cache, and
nginx before them. For tests, and to try it (./dev cluster N):

    python3 tests/cluster.py [N]        prints the address, and runs until it is interrupted
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import services

ROOT = Path(__file__).resolve().parent.parent
OWNER, PASSWORD = "owner", "correct-horse-battery"


class Pod:
    """One Nimbus process of a cluster."""

    def __init__(self, number, binary, folder, env, args=()):
        self.args = args
        self.name, self.binary, self.folder = f"pod{number}", str(binary), Path(folder) / f"pod{number}"
        self.port, self.process, self.starts = services.free_port(), None, 0
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "TZ": "UTC",
                    **services.UNLIMITED, **env,
                    "NIMBUS_LISTEN": f"127.0.0.1:{self.port}", "NIMBUS_DATA": str(self.folder)}
        self.log = Path(folder) / f"{self.name}.log"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.starts += 1
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve", *self.args], env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)

    def ready(self):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"{self.url}/readyz", timeout=2).status == 200
        return False

    def kill(self):
        """As if the machine went."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self, seconds=60):
        """SIGTERM; returns the exit code, or None when it had to be killed."""
        if not self.process:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        self.process = None
        return code


class Cluster:
    """
    Close it at the end. `env` goes to all pods; `through` gets the S3 server's port and says by which one, of a proxy
    for instance, the pods reach it.
    """

    def __init__(self, pods=3, binary=ROOT / "build/nimbus", env=None, through=None):
        self.ending = contextlib.ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="nimbus-cluster-"))
        self.ending.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.binary = binary
        try:
            self.start(pods, env or {}, through)
        except BaseException:
            self.close()
            raise

    def service(self, made):
        self.ending.callback(made.stop)
        return made

    def start(self, pods, env, through):
        self.postgres = self.service(services.Postgres())
        self.redis = self.service(services.Redis())
        self.s3 = self.service(services.Ceph())
        bucket = self.s3.url
        if through:
            bucket = bucket.replace(f":{self.s3.port}", f":{through(self.s3.port)}")
        self.env = {"NIMBUS_DB": self.postgres.url, "NIMBUS_KV": self.redis.url, **services.bucket_environment(bucket),
                    "NIMBUS_OWNER": OWNER, "NIMBUS_OWNER_PASSWORD": PASSWORD, "NIMBUS_TRUSTED_PROXIES": "127.0.0.1",
                    **env}
        self.pods = []
        # All at once: which of them makes the schema and the owner does not matter.
        for _ in range(pods):
            self.new_pod()
        self.wait_ready()
        self.nginx = self.service(services.Nginx([pod.port for pod in self.pods]))
        self.url = self.nginx.url

    def new_pod(self, *args, **env):
        """One more, with an empty cache; nginx does not know it. `args` follow `nimbus serve`."""
        pod = Pod(len(self.pods) + 1, self.binary, self.folder, {**self.env, **env}, args)
        self.pods.append(pod)
        self.ending.callback(pod.stop)
        pod.start()
        return pod

    def wait_ready(self, seconds=180):
        end = time.monotonic() + seconds
        for pod in self.pods:
            while not pod.ready():
                if time.monotonic() > end or (pod.process and pod.process.poll() is not None):
                    raise services.Missing(f"{pod.name} does not start: {pod.log.read_text()[-2000:]}")
                time.sleep(0.02)

    def close(self):
        self.ending.close()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"Starting PostgreSQL, Redis, an S3 server, {count} processes of Nimbus, and nginx ...", flush=True)
    try:
        cluster = Cluster(count)
    except services.Missing as why:
        sys.exit(str(why))
    print(f"""
  {count} processes of Nimbus serve one set of repositories at

      {cluster.url}

  sign in as {OWNER} with the password {PASSWORD}

  single processes  {' '.join(pod.url for pod in cluster.pods)}
  database          {cluster.postgres.url}
  bucket            {cluster.env['NIMBUS_BLOB']}
  sessions          {cluster.redis.url}
  logs              {cluster.folder}/pod*.log

  Interrupt (Ctrl-C) ends it, and all of its data goes.
""", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
    print("Stopping ...", flush=True)
    cluster.close()


if __name__ == "__main__":
    main()
