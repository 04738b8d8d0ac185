"""
A proxy between Nimbus and an S3 server that does to chosen requests what networks and stores do.

`fault(number, method, path)` names what happens to a request, counted from 0: None (it passes), "503", "429", "cut"
(the connection ends before the request is passed on), "lost" (it is passed on, its answer is not), "half" (half of
the answer's body comes, then the end), "stall" (no answer, and no end either), "half stall" (half of it, and no
end), "slow" (a few bytes a second), "paced" (`rate` bytes a second, on each connection). `sent` counts the bytes of
answers that were passed on.
"""

import http.client
import socket
import threading
import time

PIECE = 64 << 10
BUSY = {"503": b"503 Slow Down", "429": b"429 Too Many Requests"}
SLOWDOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class Proxy:
    def __init__(self, port, fault=None, tls=None):
        self.target, self.fault, self.tls = port, fault, tls
        self.number, self.lock, self.seen, self.closing = 0, threading.Lock(), [], threading.Event()
        self.rate, self.sent = 1 << 20, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.closing.set()
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            # Head and body are sent one after the other: the second is not to wait for the first to be acknowledged.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                reader = connection.makefile("rb")
                while self.one(connection, reader):
                    pass
            except OSError:
                pass

    def one(self, connection, reader):
        """One request; false when the connection is at its end."""
        words = reader.readline().split()
        if len(words) != 3:
            return False
        method, path = words[0].decode(), words[1].decode()
        headers = {}
        while (line := reader.readline().strip()):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        with self.lock:
            number, self.number = self.number, self.number + 1
            self.seen.append((method, path, headers))
            what = self.fault(number, method, path) if self.fault else None
        if what == "cut":
            return False
        body = reader.read(int(headers.get("content-length", 0)))
        if what in BUSY:
            connection.sendall(b"HTTP/1.1 %s\r\nContent-Type: application/xml\r\nConnection: close\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (BUSY[what], len(SLOWDOWN), SLOWDOWN))
            return False
        if what == "stall":
            self.wait_for_the_end(connection)
            return False
        head, answer = self.forward(method, path, headers, body)
        return self.reply(connection, method, what, head, answer)

    def forward(self, method, path, headers, body):
        server = http.client.HTTPConnection("127.0.0.1", self.target, timeout=60)
        try:
            server.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                server.putheader(name, value)
            try:
                server.endheaders(body)
            except ConnectionError:
                pass  # it may have answered before it had all: that the key is taken
            answer = server.getresponse()
            data = answer.read()
            kept = [(name, value) for name, value in answer.getheaders()
                    if name.lower() not in ("transfer-encoding", "connection", "content-length")]
            length = answer.getheader("content-length") if method == "HEAD" else len(data)
            lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in kept)]
            if length is not None and answer.status != 204:
                lines.append(f"Content-Length: {length}")
            return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), data
        finally:
            server.close()

    def reply(self, connection, method, what, head, answer):
        if what == "lost":
            return False
        if what in ("half", "half stall"):
            whole = head + answer
            connection.sendall(whole[:len(head) + len(answer) // 2] if answer else whole[:len(head) // 2])
            if what == "half stall":
                self.wait_for_the_end(connection)
            return False
        if what == "slow":
            whole = head + answer
            for at in range(0, len(whole), 20):
                connection.sendall(whole[at:at + 20])
                if self.closing.wait(0.2):
                    return False
            return True
        connection.sendall(head)
        for at in range(0, len(answer), PIECE):
            if what == "paced":
                time.sleep(PIECE / self.rate)
            connection.sendall(answer[at:at + PIECE])
            with self.lock:
                self.sent += len(answer[at:at + PIECE])
        return True

    def wait_for_the_end(self, connection):
        """Says nothing until the other side goes."""
        connection.settimeout(0.2)
        while not self.closing.is_set():
            try:
                if not connection.recv(4096):
                    return
            except TimeoutError:
                pass


def every(n, what, first=1):
    """A fault that befalls each n-th request."""
    return lambda number, method, path: what if number % n == first % n else None


def always(what):
    return lambda number, method, path: what
