"""A page makes no request to another host, whatever its author wants; but to those whose pictures the owner allows."""

import ssl
import sys
import threading
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import Browser
from tls import Authority
from visiting import visit

MARKDOWN = """# Mine

![here](/pixel.png) ![badge](https://img.example.org/badge.png) [![build](https://ci.example.com/b.svg)](docs)
![](//tracker.example.net/1) ![](http://tracker.example.net/2) <img src="https://tracker.example.net/3" srcset="https://tracker.example.net/4 2x">

<picture><source srcset="https://tracker.example.net/5"><img alt="six" src='HTTPS:tracker.example.net/6'></picture>
<link rel="stylesheet" href="https://tracker.example.net/7"><iframe src="https://tracker.example.net/8"></iframe>
<video src="https://tracker.example.net/9" poster="https://tracker.example.net/10" autoplay></video>
<svg><image href="https://tracker.example.net/11"/></svg><div style="background: url(https://tracker.example.net/12)">x</div>

- ![in a list](https://img.example.org@tracker.example.net/13) ![moved](https://img.example.org/moved)
- a note[^1], and [a link](https://tracker.example.net/14)

[^1]: ![in a note](https://tracker.example.net/15)
"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="https://tracker.example.net/16" width="9" height="9"/>
<style>@import url(https://tracker.example.net/17);</style></svg>"""


def png():
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
    head = (9).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress((b"\0" + b"\x80" * 9) * 9)) + chunk(b"IEND", b"")


class World:
    """Every other host there is: whose name a browser asked for by TLS, what it said without, and what it got."""

    def __init__(self):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*Authority().issue("world", "DNS:img.example.org"))
        self.context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.names, self.heads = [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            threading.Thread(target=self._answer, args=(self.listener.accept()[0],), daemon=True).start()

    def _answer(self, raw):
        with raw:
            raw.settimeout(20)
            if raw.recv(1, socket.MSG_PEEK) != b"\x16":
                self.heads.append(raw.recv(4000).decode("latin-1"))
                return
            try:
                with self.context.wrap_socket(raw, server_side=True) as secure:
                    head = secure.recv(4000).decode("latin-1")
                    self.heads.append(head)
                    if head.startswith("GET /moved "):
                        secure.sendall(b"HTTP/1.1 302 Found\r\nLocation: https://tracker.example.net/18\r\nConnection: close\r\n\r\n")
                    elif head.startswith("GET "):
                        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                                       % len(png()) + png())
            except OSError:
                pass  # it went away

    def heard(self):
        """Of all names those that this test uses: what a browser's maker asks its own hosts is not ours."""
        hosts = re.findall(r"^Host: (\S+)", "\n".join(self.heads), re.M | re.I)
        return sorted({name for name in [*self.names, *hosts] if name and ".example." in name})


def look(server_env, named, told):
    world, s = World(), Nimbus(env=server_env)
    s.create_repo("far", visibility="public", description=MARKDOWN.splitlines()[2])
    repo = make_repo(commits=1)
    for name, text in {"README.md": MARKDOWN, "drawing.svg": SVG, "docs/README.md": MARKDOWN}.items():
        commit_file(repo, name, text)
    (repo / "pixel.png").write_bytes(png())
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", f"Pictures\n\n{MARKDOWN}", cwd=repo)
    git("tag", "-a", "-m", f"One\n\n{MARKDOWN}", "--cleanup=verbatim", "pictured", cwd=repo)
    git("push", "-q", s.git_url("far"), "main", "pictured", cwd=repo)
    owner = Browser(s, *s.auth)
    pages = ["/far", "/far/tree/main/docs", "/far/blob/main/README.md", "/far/releases", "/far/releases/pictured"]
    found = visit("elsewhere", 200, origin=s.url, cookies=owner.cookies, edit="/far/edit/main/README.md", markdown=MARKDOWN, named=named,
                  pages=pages, told=told,
                  args=[f"--host-resolver-rules=MAP * 127.0.0.1:{world.port}, EXCLUDE 127.0.0.1"])
    return world, found


@timeout(250)
def test_no_page_asks_another_host():
    told = [f"Picture at {host}" for host in ("img.example.org", "ci.example.com", "tracker.example.net")]
    world, found = look({}, [], told)
    eq(found, [], "what is wrong")
    eq(world.heard(), [], "who heard of it")


@timeout(250)
def test_pictures_come_from_hosts_that_the_owner_named_and_no_other():
    world, found = look({"NIMBUS_IMAGE_HOSTS": "img.example.org"}, ["img.example.org"],
                        [f"Picture at {host}" for host in ("ci.example.com", "tracker.example.net")])
    moved = [line for line in found if "img.example.org/moved" in line or "tracker.example.net/18" in line]
    if not moved:
        fail("a redirection to another host is followed, or not tried")
    eq([line for line in found if line not in moved], [], "what is wrong")
    eq(world.heard(), ["img.example.org"], "who heard of it")
    for head in world.heads:
        has_not(head.lower(), "referer:")
        has_not(head.lower(), "cookie:")


if __name__ == "__main__":
    main()
