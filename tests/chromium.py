"""A real browser, driven over the DevTools protocol through a pipe: Debian's chromium, without a screen."""

import base64
import fcntl
import json as jsonlib
import os
import queue
import subprocess
import threading

from harness import *


class Chromium:
    """
    One tab of a browser with a profile of its own. What its console, its network and its security policies
    complain about is kept in .complaints.
    """

    def __init__(self):
        need("chromium")
        to_it, out = os.pipe()
        back, from_it = os.pipe()
        # Out of the way of 3 and 4, which are what the browser reads from and writes to.
        give = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in (to_it, from_it)]
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
                   f"--user-data-dir={tmp('chromium')}", "about:blank"]
        self.log = open(tmp("log") / "chromium", "wb")
        self.process = subprocess.Popen(["bash", "-c", f'exec "$@" 3<&{give[0]} 4>&{give[1]}', "bash", *map(str, command)],
                                        pass_fds=give, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env={**os.environ, "HOME": str(tmp("home"))})
        for end in (to_it, from_it, *give):
            os.close(end)
        self.out, self.back = os.fdopen(out, "wb", 0), os.fdopen(back, "rb")
        self.answers, self.count, self.complaints, self.session = queue.Queue(), 0, [], None
        self.patience = 60  # seconds, for an answer
        threading.Thread(target=self._read, daemon=True).start()
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Audits"):
            self(f"{domain}.enable")

    def _read(self):
        rest = b""
        while data := os.read(self.back.fileno(), 65536):
            *whole, rest = (rest + data).split(b"\0")
            for message in map(jsonlib.loads, whole):
                if "id" in message:
                    self.answers.put(message)
                else:
                    self._hear(message["method"], message["params"])

    def _hear(self, method, params):
        if method == "Runtime.exceptionThrown":
            self.complaints.append(params["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"])
        elif method == "Audits.issueAdded" and params["issue"]["code"] == "ContentSecurityPolicyIssue":
            self.complaints.append(str(params["issue"]))

    def __call__(self, method, **params):
        """A command of the protocol, and its result."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.out.write(jsonlib.dumps(message).encode() + b"\0")
        while (answer := self.answers.get(timeout=self.patience))["id"] < self.count:
            pass  # it came too late
        eq(answer["id"], self.count, "the answer's id")
        if "error" in answer:
            fail(f"{method}: {answer['error']}")
        return answer["result"]

    def js(self, expression):
        """The value of an expression in the page."""
        result = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in result:
            fail(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, expression, what=None):
        """Until that is true in whatever page there is by then."""
        def true():
            # What a page is asked while another takes its place may stay without an answer.
            self.patience = 10
            try:
                return self.js(f"document.readyState === 'complete' && !!({expression})")
            except (Failure, queue.Empty):
                return False
            finally:
                self.patience = 60
        try:
            wait_until(true, 120, what or expression)
        except Failure as error:
            fail(f"{error}: at {self.path()}: {self.words()[-600:]}")

    def open(self, url):
        self.js("document.documentElement.dataset.old = 1")
        self("Page.navigate", url=url)
        self.wait("!document.documentElement.dataset.old", url)

    def fill(self, selector, value):
        self.js(f"document.querySelector({selector!r}).value = {value!r}")

    def click(self, selector):
        self.js(f"document.querySelector({selector!r}).click()")

    def path(self):
        return self.js("location.pathname + location.search")

    def words(self):
        return self.js("document.body.innerText")

    def picture(self, path, width=800, height=1000, dark=False):
        """What the page looks like, as a PNG file."""
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        Path(path).write_bytes(base64.b64decode(self("Page.captureScreenshot", captureBeyondViewport=True)["data"]))

    def close(self):
        self.session = None
        self("Browser.close")
        self.process.wait(60)
        self.log.close()
