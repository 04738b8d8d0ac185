#!/usr/bin/env python3
"""What somebody can send or push to make the server fall over; it must answer, and live on."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *


def alive(server):
    eq(server.get("/healthz").status, 200, "the server after all that")


def test_a_redirection_is_never_to_what_is_no_path():
    server = Nimbus()
    for target in ["/a/?b\\c", "/a/?\\", "/a//?x=\\/", "/\\a/"]:
        with server.connect() as raw:
            raw.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")
            eq(raw.response().status, 404, target)
    alive(server)


main()
