"""A receiver of webhooks, on loopback: what came, when, from whom, and what it says to that."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

from harness import eq, fail, wait_until


class Post:
    """One that came: .path, .headers, .body, .event (of CloudEvents), .port of who sent it, .begin and .end."""

    def __init__(self, handler):
        self.path, self.headers, self.port = handler.path, handler.headers, handler.client_address[1]
        self.body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.event = json.loads(self.body)
        self.begin, self.end = time.monotonic(), None

    @property
    def sequence(self):
        return int(self.event["sequence"])

    def is_signed(self, secret):
        """As docs/webhooks.md says."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        text = b"%s.%s.%s" % (self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body)
        want = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(want, self.headers["webhook-signature"])


class Receiver:
    """
    `say` gets each Post and returns a status, or a status and headers; it may take its time, and runs for several at
    once. With it everything is taken (204). Use it in `with`.
    """

    def __init__(self, say=None):
        self.say = say or (lambda post: 204)
        self.posts, self.lock = [], threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.take(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, handler):
        post = Post(handler)
        with self.lock:
            self.posts.append(post)
        said = self.say(post)
        status, headers = said if isinstance(said, tuple) else (said, {})
        post.end = time.monotonic()
        try:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            body = b"" if status == 204 else b"so it is"
            if body:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            handler.close_connection = True

    def at(self, path):
        with self.lock:
            return [post for post in self.posts if post.path.partition("?")[0] == path]

    def wait(self, path, count, seconds=60):
        """The posts to a path, when there are so many."""
        return wait_until(lambda: len(self.at(path)) >= count and self.at(path), seconds, f"{count} posts to {path}")

    def check_alone(self, path):
        """No two posts to it were under way at once."""
        posts = sorted(self.at(path), key=lambda post: post.begin)
        for one, two in zip(posts, posts[1:]):
            if one.end is None or one.end > two.begin:
                fail(f"two posts to {path} at once: {one.event['id']} and {two.event['id']}")

    def check_order(self, path, sequences):
        """Each of these came, and for the first time after those before it."""
        first = list(dict.fromkeys(post.sequence for post in self.at(path)))
        eq(first, list(sequences), f"the order of what came to {path}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
