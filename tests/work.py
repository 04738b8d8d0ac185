"""Requests while something else happens, that nobody should notice."""

import threading

from harness import *


class Work:
    """For the repository `r`, one after the other, in threads; .failed has what was not as it should be."""

    def __init__(self, server, threads=4):
        self.server, self.ending, self.failed, self.done = server, False, [], 0
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.ending:
            try:
                answer = self.server.request("GET", "/api/v1/repos/r", timeout=30)
                if answer.status != 200:
                    self.failed.append(f"{answer.status}: {answer.body[:300]!r}")
            except OSError as why:
                self.failed.append(repr(why))
            self.done += 1

    def goes_on(self, count=40):
        """Waits until so many more requests were made."""
        before = self.done
        wait_until(lambda: self.done >= before + count, what=f"{count} more requests")

    def end(self):
        self.ending = True
        for thread in self.threads:
            thread.join()
