"""http_echo: the HTTP edge alone, with nothing behind it (tests/tools/http_echo.c)."""

import subprocess
import time

from harness import *
from harness import Nimbus, _servers


class Echo(Nimbus):
    """A running http_echo; Echo(workers=2, head_ms=500) sets its limits. Judged at its end as a Nimbus is."""

    def __init__(self, shared=False, **limits):
        super().__init__(shared=shared, start=False)
        self.binary = self.binary.parent / "tests" / "http_echo"
        self.limits = [f"{name}={value}" for name, value in limits.items()]
        self.start()

    def start(self, seconds=20):
        if not self.binary.exists():
            fail(f"{self.binary} is not built: ./dev test builds it")
        self.starts += 1
        self.out, self.err = self.logs / f"out.{self.starts}", self.logs / f"err.{self.starts}"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([str(self.binary), *self.limits], env=self.environment(),
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        first = wait_until(lambda: self.out.read_text().partition("\n")[0] or self.process.poll(), seconds)
        if self.process.poll() is not None:
            fail(f"http_echo ended at its start: {self.stderr()}")
        self.port = int(first)
        return self

    def requests(self):
        """The access log."""
        return [line for line in self.log_lines() if line["message"] == "request"]

    def stats(self):
        return self.request("GET", "/stats", auth=None).json

    def threads(self):
        return self._status("Threads")

    def ask(self, data, seconds=10):
        """Sends bytes on a new connection and reads one response; then what else came until the end."""
        with self.connect(seconds) as raw:
            raw.send(data)
            answer = raw.response()
            answer.closed = raw.is_closed(seconds)
            return answer


def get(path, *headers, version="1.1"):
    lines = [f"GET {path} HTTP/{version}", "Host: x", *headers]
    return "\r\n".join(lines) + "\r\n\r\n"


def post(path, *headers, body=""):
    lines = [f"POST {path} HTTP/1.1", "Host: x", *headers]
    return "\r\n".join(lines) + "\r\n\r\n" + body
