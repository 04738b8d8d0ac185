"""Where Nimbus spends an operation's time: perf attached while it is repeated."""

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
    found = [line.rstrip() for line in text.splitlines() if re.match(r"\s+\d+\.\d+%", line)][:SHOWN]
    return [f"profile of {operation.name} ({runs} runs)"] + found
