"""The bench's own arithmetic, table and command line; no server is started."""

import importlib.machinery
import importlib.util
import socket
import subprocess
import sys
import tempfile
import threading
import types
from pathlib import Path

from harness import *

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import operations
import raw
import report
import servers
import world


def bench(*words):
    return run([sys.executable, HERE / "run", *words], check=False)


def test_a_ratio_above_one_means_that_nimbus_needs_less():
    eq(report.ratio(10, 5), 2)
    eq(report.ratio(5, 10), 0.5)


def test_what_was_not_measured_has_no_ratio():
    eq(report.ratio(None, 5), None)
    eq(report.ratio(5, None), None)
    eq(report.ratio(5, 0), None)


def test_rounds_become_medians_but_memory_becomes_its_peak():
    rounds = [{"cpu": 9, "wall": 3, "ttfb": None, "memory": 1}, {"cpu": 1, "wall": 1, "ttfb": 4, "memory": 7},
              {"cpu": 2, "wall": 2, "ttfb": 6, "memory": None}]
    eq(report.summarize(rounds), {"cpu": 2, "wall": 2, "ttfb": 5, "memory": 7, "sent": None})


def test_the_mean_of_ratios_is_geometric():
    eq(round(report.geometric_mean([4, 0.25, None]), 6), 1.0)
    eq(report.geometric_mean([]), None)


ROWS = [("clone", {"cpu": 100, "wall": 300.4, "ttfb": 10, "memory": 50, "sent": 3}, {"cpu": 50, "wall": 300, "ttfb": 20, "memory": 5, "sent": 6}),
        ("push", {"cpu": 8, "wall": 3, "ttfb": None, "memory": 5}, {"cpu": 16, "wall": 3, "ttfb": None, "memory": 5})]


def test_the_table_has_each_value_and_ratio_in_columns_of_one_width():
    lines = report.table(ROWS)
    eq(len(lines), 5)
    eq(len({line.index("|") for line in lines if "|" in line}), 1, "where the first column ends")
    eq(lines[3].split(), "clone | 100 50.0 2.0x | 300 300 1.0x | 10.0 20.0 0.50x | 50.0 5.0 10.0x | 3.0 6.0 0.50x".split())
    eq(lines[4].split()[-8:], ["|", "5.0", "5.0", "1.0x", "|", "-", "-", "-"])
    has(lines[4], "-       -      -", "the row without a first byte")


def test_the_floor_is_what_nimbus_is_measured_by_there():
    lines = report.floor_lines([("raw-clone", {"nimbus": 9, "floor": 6}), ("raw-x", {"nimbus": 3, "floor": None})])
    eq([line.split() for line in lines], [[], "CPU ms nimbus floor nimbus / floor".split(),
                                          "raw-clone 9.0 6.0 1.5x".split(), "raw-x 3.0 - -".split()])
    eq(report.floor_lines([]), [])


def test_the_floor_gives_what_was_recorded():
    folder = Path(tempfile.mkdtemp())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            with listener.accept()[0] as client:
                for words in b"one", b"two" * 300000:
                    client.recv(1000)
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(words), words))

        threading.Thread(target=answer, daemon=True).start()
        upstream = types.SimpleNamespace(port=listener.getsockname()[1], path="/{}".format)
        floor = servers.Floor(folder, upstream)
        got = []

        def ask(server):
            with raw.Connection(server.port) as connection:
                got.append([b"".join(connection.request("GET", path)) for path in ("/1", "/2")])

        try:
            floor.learn(ask)
            ask(floor)
            ask(floor)
        finally:
            floor.stop()
    eq(got, [[b"one", b"two" * 300000]] * 3)


def test_the_verdict_names_every_loss():
    text = "\n".join(report.verdict(ROWS))
    has(text, "CPU ms: Nimbus is better in 1 of 2, worse in 1; geometric mean of the ratios 1.0x")
    has(text, "worse in: push 0.50x")
    has(text, "worse in: clone 0.50x")


def test_help_names_every_option():
    text = bench("--help").out
    for option in ("--repo", "--rounds", "--only", "--json", "--profile", "--floor", "--control", "--list"):
        has(text, option)


def test_list_names_every_operation_once():
    names = [line.split()[0] for line in bench("--list").out.splitlines()]
    eq(names, [operation.name for operation in operations.OPERATIONS])
    eq(len(names), len(set(names)))


def test_every_operation_asks_for_repositories_that_can_be_made():
    for operation in operations.OPERATIONS:
        for repo in operation.repos:
            if not hasattr(world.World, f"make_{repo}"):
                fail(f"{operation.name} needs {repo}, which nobody makes")


def test_an_unknown_operation_is_refused():
    result = bench("--only", "clone,no-such")
    eq(result.code, 2)
    has(result.err, "no operation 'no-such'")


def test_no_rounds_are_refused():
    eq(bench("--rounds", "0").code, 2)


def test_only_takes_names_and_beginnings():
    loader = importlib.machinery.SourceFileLoader("bench_run", str(HERE / "run"))
    spec = importlib.util.spec_from_loader("bench_run", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    eq([o.name for o in module.chosen("push-one,raw-push*,clone")],
       ["clone", "push-one", "raw-push-one", "raw-push-10k"])
    eq(len(module.chosen("")), len(operations.OPERATIONS))


def test_packets_are_split_wherever_the_pieces_end():
    wire = raw.pkt("packfile\n") + raw.pkt(b"\x01" + b"x" * 900) + raw.DELIM + raw.FLUSH
    for size in (1, 3, 7, 5000):
        pieces = iter([wire[i:i + size] for i in range(0, len(wire), size)])
        eq(list(raw.Packets(pieces)), [b"packfile\n", b"\x01" + b"x" * 900, b"", None], f"pieces of {size}")


def test_an_answer_that_ends_early_is_refused():
    for wire in (b"00", b"0010abc"):
        try:
            list(raw.Packets(iter([wire])))
        except raw.Refused:
            continue
        fail(f"{wire!r} was taken for whole")


def test_a_damaged_pack_is_refused():
    repo = make_repo(3)
    whole = git("pack-objects", "--all", "--stdout", "-q", cwd=repo).raw
    for name, data, good in (("whole", whole, True), ("damaged", whole[:40] + b"?" + whole[41:], False),
                             ("no pack", b"PA", False)):
        pack = raw.Pack(check=True)
        for i in range(0, len(data), 33):
            pack.add(data[i:i + 33], 0.0)
        try:
            eq(pack.done().objects > 8 and good, True, name)
        except raw.Refused:
            eq(good, False, name)


def test_the_generated_history_is_the_same_every_time():
    tips = set()
    for name in ("a", "b"):
        folder = Path(tempfile.mkdtemp(dir=tmp()))
        world.generate(world.Git(folder), folder / "repo", commits=20, files=12)
        tips.add(world.Git(folder).text("rev-parse", "main", cwd=folder / "repo"))
    eq(len(tips), 1)


def test_the_account_of_cpu_counts_a_child_of_a_child():
    group = servers.Group("test")
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}]); print(); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", outer], preexec_fn=group.enter, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        used = group.seconds() if group.folder else sum(servers.stat_of(process.pid)[1:])
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
        group.close()
    if not 0.18 < used < 1.0:
        fail(f"0.2 s were burned and {used} counted")


main()
