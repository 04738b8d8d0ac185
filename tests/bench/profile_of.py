"""Where Nimbus spends an operation's time: perf attached while it is repeated."""

import collections
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import raw

LEAST_SECONDS, MOST_RUNS, SHOWN = 1.0, 12, 14


def lines(operation, where, nimbus, folder):
    """The hottest functions of an operation, as text."""
    perf = shutil.which("perf")
    if not perf:
        return ["profile: perf is not installed (package linux-perf)"]
    data = Path(folder) / "perf.data"
    recorder = subprocess.Popen([perf, "record", "-q", "-e", "cpu-clock", "-F", "1999", "-g", "-p",
                                 str(nimbus.process.pid), "-o", str(data)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.3)
    started, runs = time.monotonic(), 0
    try:
        while runs < MOST_RUNS and (not runs or time.monotonic() - started < LEAST_SECONDS):
            operation.run(where, nimbus, operation.prepare(where, nimbus))
            runs += 1
    except raw.Refused as error:
        return [f"profile of {operation.name}: {error}"]
    finally:
        recorder.send_signal(signal.SIGINT)
        recorder.wait()
    text = subprocess.run([perf, "report", "--no-children", "-g", "none", "--stdio", "-i", str(data), "--sort",
                           "dso,symbol"], capture_output=True, text=True).stdout
    return [f"profile of {operation.name} ({runs} runs)"] + shares(text)


def shares(text):
    """perf's report, with what has no symbols added up per library."""
    total = collections.Counter()
    for line in text.splitlines():
        if match := re.match(r"\s+(\d+\.\d+)%\s+(\S+)\s+\[.\]\s+(\S+)", line):
            name = "(all of it)" if match[3].startswith("0x") else match[3]
            total[f"{match[2]:<20} {name}"] += float(match[1])
    return [f"{share:6.1f}%  {name}" for name, share in total.most_common(SHOWN)]
