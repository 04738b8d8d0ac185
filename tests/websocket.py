"""A WebSocket client by hand, for tests: RFC 6455 as far as it takes, and as badly as a test wants."""

import base64
import hashlib
import json
import os
import socket
import struct

from harness import *

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BYTES, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def basic(auth):
    return "Basic " + base64.b64encode(":".join(auth).encode()).decode()


class Closed(Exception):
    """The other side has closed: .code and .reason, or None where it just went."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed: {code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    """One connection to GET /api/v1/live. `answer` is the status and the head of what it said to the handshake."""

    def __init__(self, port, auth=None, headers=None, path="/api/v1/live", timeout=60, more=b"", buffer=None,
                 context=None):
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.data, key = b"", base64.b64encode(os.urandom(16)).decode()
        send = {"Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
                "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
        if auth:
            send["Authorization"] = basic(auth) if isinstance(auth, tuple) else f"Bearer {auth}"
        send.update(headers or {})
        lines = [f"GET {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in send.items() if v is not None]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + more)
        while b"\r\n\r\n" not in self.data:
            piece = self.socket.recv(4096)
            if not piece:
                raise Closed
            self.data += piece
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        self.status = int(self.head.split()[1])
        if self.status == 101:
            accept = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
            has(self.head, f"Sec-WebSocket-Accept: {accept}", "what proves that it understood")

    def frame(self, opcode, data=b"", fin=True, mask=True, bits=0, length=None):
        """The bytes of a frame."""
        size = len(data) if length is None else length
        head = bytes([(0x80 if fin else 0) | bits << 4 | opcode])
        flag = 0x80 if mask else 0
        if size < 126:
            head += bytes([flag | size])
        elif size < 65536:
            head += bytes([flag | 126]) + struct.pack(">H", size)
        else:
            head += bytes([flag | 127]) + struct.pack(">Q", size)
        if not mask:
            return head + data
        key = os.urandom(4)
        return head + key + bytes(b ^ key[i % 4] for i, b in enumerate(data))

    def raw(self, data):
        self.socket.sendall(data)
        return self

    def say(self, message):
        text = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.raw(self.frame(TEXT, text))

    def _exactly(self, count):
        while len(self.data) < count:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise Closed
            self.data += piece
        out, self.data = self.data[:count], self.data[count:]
        return out

    def next_frame(self):
        """The next frame's opcode and payload; what a server sends is neither masked nor in pieces."""
        first, second = self._exactly(2)
        eq(first & 0xf0, 0x80, "a frame's first bits")
        size = second & 0x7f
        eq(second & 0x80, 0, "the server's mask")
        if size == 126:
            size, = struct.unpack(">H", self._exactly(2))
        elif size == 127:
            size, = struct.unpack(">Q", self._exactly(8))
        return first & 15, self._exactly(size)

    def hear(self, timeout=60):
        """The next message; pings are answered. Closed is raised at the end."""
        self.socket.settimeout(timeout)
        while True:
            opcode, data = self.next_frame()
            if opcode == TEXT:
                return json.loads(data)
            if opcode == PING:
                self.raw(self.frame(PONG, data))
            if opcode == CLOSE:
                code = struct.unpack(">H", data[:2])[0] if data else None
                raise Closed(code, data[2:].decode())

    def hears_nothing(self, seconds=0.7):
        """Nothing but pings within some time."""
        try:
            got = self.hear(seconds)
        except TimeoutError:
            return
        fail(f"there should be nothing to hear: {got}")

    def subscribe(self, *topics, **more):
        """Subscribes, and returns what is said to each topic."""
        self.say({"subscribe": list(topics), **more})
        return [self.hear() for _ in topics]

    def until_closed(self, timeout=60):
        """What is said until it closes, and the code."""
        heard = []
        while True:
            try:
                heard.append(self.hear(timeout))
            except Closed as end:
                return heard, end

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Stream:
    """Server-sent events of GET /api/v1/live: messages by next(), `id` as an EventSource keeps it."""

    def __init__(self, port, topics, auth=None, headers=None, query="", timeout=60):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        send = {"Accept": "text/event-stream", **(headers or {})}
        if auth:
            send["Authorization"] = basic(auth) if isinstance(auth, tuple) else f"Bearer {auth}"
        self.connection.request("GET", "/api/v1/live?" + "&".join(f"topic={t}" for t in topics) + query, None, send)
        self.answer = self.connection.getresponse()
        self.status, self.id, self.retry = self.answer.status, None, None
        self.problem = None if self.status == 200 else json.loads(self.answer.read())

    def hear(self):
        data = None
        while True:
            line = self.answer.readline().decode()
            if not line:
                raise Closed
            field, _, value = line.rstrip("\n").partition(": ")
            if field == "data":
                data = value
            elif field == "id":
                self.id = value
            elif field == "retry":
                self.retry = int(value)
            elif not field and data is not None:
                return json.loads(data)

    def close(self):
        self.answer.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
