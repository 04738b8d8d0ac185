"""
A connection's descriptor may live on in another process when the server closes it: between fork and exec, a child that
is to become git has a copy of each. The kernel goes on to report what happens to such a connection.
"""

import ctypes
import platform

from harness import *

PIDFD_OPEN, PIDFD_GETFD = 434, 438


def system_call(number, *args):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, args))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def descriptor_of(server, client):
    """The server's descriptor of the connection that `client` is the other end of."""
    port = client.getsockname()[1]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].split(":")[1], 16) == server.port and int(fields[2].split(":")[1], 16) == port:
            for entry in Path(f"/proc/{server.pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(entry) == f"socket:[{fields[9]}]":
                        return int(entry.name)
    return None


def test_a_closed_connection_whose_descriptor_lives_on_is_forgotten():
    if platform.machine() != "x86_64":
        skip("the numbers of the system calls are those of x86_64")
    server = Nimbus()
    process = system_call(PIDFD_OPEN, server.pid, 0)
    for _ in range(5):
        client = socket.create_connection(("127.0.0.1", server.port))
        client.sendall(b"GET /healthz HTTP/1.1\r\n")
        number = wait_until(lambda: descriptor_of(server, client), what="the server's end")
        try:
            copy = socket.socket(fileno=system_call(PIDFD_GETFD, process, number, 0))
        except PermissionError as why:
            skip(f"another process's descriptor cannot be had: {why}")
        client.close()
        wait_until(lambda: not Path(f"/proc/{server.pid}/fd/{number}").exists(), what="the end of the connection")
        copy.shutdown(socket.SHUT_RDWR)
        copy.close()
        eq(server.get("/healthz").status, 200)
    os.close(process)
    server.stop()


main()
