"""The repository of the pictures: people who read tide gauges. Every date in it is fixed, so are its ids."""

import math
import struct
import zlib

from harness import *

PEOPLE = {"marta": "Marta Lind", "jonas": "Jonas Weir", "priya": "Priya Nair"}

README = """# Tidewatch

Reads tide gauges, predicts the next high water and tells the harbour before it comes. Five stations on the north coast have run
it since 2024.[^1]

![The tide at Skagen, measured and predicted](docs/tide.png)

## Start

```sh
make
./tidewatch --station skagen --hours 24
```

> [!NOTE]
> A station that has not answered for ten minutes is drawn in grey. Its prediction goes on.

> [!WARNING]
> Predictions are no replacement for the official tide tables.

| Station | Constituents | Error, 24 h |
| --- | ---: | ---: |
| Skagen | 37 | 4 cm |
| Hirtshals | 37 | 5 cm |
| Thyborøn | 23 | 9 cm |

- [x] Harmonic analysis by least squares
- [x] Alerts by e-mail
- [ ] Wind and air pressure

More is in the [guide](docs/guide.md); who wants to help reads [contributing](docs/contributing.md) first.

[^1]: Before, somebody walked out with a lamp and a pole.
"""

GAUGE = """#include "gauge.h"

#include <math.h>

/* A reading that jumps by more than this within a minute is a boat, not the tide. */
#define JUMP_METRES 0.25

static double median_of_three(double a, double b, double c)
{
	if ((a > b) != (a > c))
		return a;
	return (b > a) != (b > c) ? b : c;
}

int gauge_read(struct gauge *g, struct reading *out)
{
	double raw[3];
	for (int i = 0; i < 3; i++) {
		if (!g->sample(g->device, &raw[i]))
			return GAUGE_SILENT;
	}
	out->metres = median_of_three(raw[0], raw[1], raw[2]) - g->datum;
	out->time = g->clock();
	if (fabs(out->metres - g->last.metres) > JUMP_METRES)
		return GAUGE_JUMPED;
	g->last = *out;
	return GAUGE_OK;
}
"""

FORECAST = '''"""Harmonic prediction: the sum of what the moon and the sun each do."""

from dataclasses import dataclass
from math import cos, radians


@dataclass(frozen=True)
class Constituent:
    name: str
    speed: float      # degrees per hour
    amplitude: float  # metres
    phase: float      # degrees


def height(constituents, hours, mean=0.0):
    """The water's height above the datum, in metres, so many hours after the epoch."""
    return mean + sum(c.amplitude * cos(radians(c.speed * hours - c.phase)) for c in constituents)


def next_high_water(constituents, hours, step=0.1):
    before, now = height(constituents, hours - step), height(constituents, hours)
    while True:
        after = height(constituents, hours + step)
        if before < now >= after:
            return hours, now
        before, now, hours = now, after, hours + step
'''

GUIDE = """# Guide

A station is a folder with a `station.toml` and the readings of each day. Put it where `--data` points and it is found.

## What is measured

The water's height above the datum, in metres, once a minute. A reading that jumps by more than 25 cm is left out: it was a boat.

## What is predicted

The next high water and the next low water, with the error that the last thirty days had.
"""

NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5,
    "metadata": {"language_info": {"name": "python"}, "kernelspec": {"language": "python", "name": "python3"}},
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# The constituents of Skagen\n", "\n",
         "A year of readings, fitted by least squares. **M2**, the moon's, is by far the largest."]},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [],
         "source": ["import numpy as np\n", "from tidewatch import read_year\n", "\n", "hours, metres = read_year('skagen', 2025)"]},
        {"cell_type": "code", "metadata": {}, "execution_count": 2,
         "source": ["fit = least_squares(hours, metres, speeds)\n", "for name, amplitude in fit.largest(4):\n",
                    "    print(f'{name:4} {amplitude:.3f} m')"],
         "outputs": [{"output_type": "stream", "name": "stdout",
                      "text": ["M2   0.118 m\n", "S2   0.031 m\n", "N2   0.027 m\n", "K1   0.012 m\n"]}]},
        {"cell_type": "markdown", "metadata": {}, "source": ["What is left over follows the wind: see `weather.ipynb`."]},
    ]}

STATIONS = """station,latitude,longitude,datum,since
skagen,57.7214,10.5919,-0.42,2024-03-01
hirtshals,57.5950,9.9640,-0.39,2024-03-01
hanstholm,57.1200,8.5960,-0.35,2024-05-12
thyboron,56.7050,8.2150,-0.31,2024-09-30
esbjerg,55.4600,8.4400,-0.88,2025-02-14
"""

NOTES_1 = """Tidewatch 1.0

The first one that a harbour may rely on.

- Five stations, read once a minute
- The next high water, and how far off it was in the last thirty days
- `tidewatch --hours` for up to a week
"""

NOTES_2 = """Tidewatch 1.1: boats are no tides

## New

- A reading that jumps is left out, and counted in the report
- Readings of a day as **CSV**

## Mended

- The datum of *Esbjerg*, which was 3 cm too low

Thanks to everybody who sent readings.
"""


def picture(phase):
    """A PNG of a tide, measured and predicted."""
    width, height, rows = 640, 200, []
    for y in range(height):
        row = bytearray(b"\0")
        for x in range(width):
            tide = height / 2 - 60 * math.sin(x / 46 + phase) - 14 * math.sin(x / 21)
            measured = tide + 5 * math.sin(x / 3.1)
            near = abs(y - tide) < 1.6, abs(y - measured) < 1.2 and x < 420
            grid = y % 50 == 0 or x % 80 == 0
            row += bytes((36, 88, 159) if near[0] else (230, 140, 60) if near[1] else
                         (226, 232, 240) if grid else (250, 251, 253))
        rows.append(bytes(row))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + chunk(b"IEND", b""))


class Work:
    """A work tree in which each commit says who made it and when."""

    def __init__(self, name):
        self.path = tmp(name)
        git("init", "-q", ".", cwd=self.path)

    def git(self, *words, who="marta", when="2026-11-03T09:00:00Z"):
        name, mail = PEOPLE[who], f"{who}@tidewatch.example"
        env = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": mail,
               "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        return git(*words, cwd=self.path, env=env).out.strip()

    def commit(self, message, who, when, **files):
        """files: None deletes; the keys are paths."""
        for path, text in files.items():
            place = self.path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, who=who, when=when)


def tidewatch():
    """The repository as it was at the first push; later() makes the rest."""
    w = Work("tidewatch")
    w.commit("Read a gauge", "marta", "2026-10-05T08:12:00Z", **{
        "README.md": "# Tidewatch\n\nReads tide gauges.\n", "src/gauge.c": GAUGE.replace("0.25", "0.50"), "Makefile": "tidewatch: src/gauge.c\n\t$(CC) -O2 -o $@ $^ -lm\n",
        "src/gauge.h": "#pragma once\n\nenum { GAUGE_OK, GAUGE_SILENT, GAUGE_JUMPED };\n", "LICENSE": "Apache-2.0\n" * 8})
    w.commit("Where the stations are", "jonas", "2026-10-07T15:40:00Z", **{"data/stations.csv": STATIONS.replace("-0.88", "-0.91")})
    w.commit("Predict by the moon and the sun\n\nThe speeds are those of the constituents that matter here; the rest is below the\n"
             "noise of the gauges.", "priya", "2026-10-12T10:05:00Z",
             **{"src/forecast.py": FORECAST.replace("next_high_water", "next_high"), "docs/manual.md": GUIDE, "docs/tide.png": picture(0)})
    w.git("switch", "-q", "-c", "alerts")
    w.commit("Tell the harbour by e-mail", "jonas", "2026-10-14T09:30:00Z", **{"src/alert.py": "import smtplib\n\n\ndef tell(harbour, text):\n"
             "    with smtplib.SMTP('localhost') as post:\n        post.sendmail('tide@tidewatch.example', harbour, text)\n"})
    w.commit("Not twice for the same high water", "jonas", "2026-10-16T11:02:00Z", **{"src/seen.py": "SEEN = set()\n"})
    w.git("switch", "-q", "main")
    w.commit("A guide that one can follow", "marta", "2026-10-15T17:20:00Z", **{"README.md": README, "docs/contributing.md":
             "# Contributing\n\nOne idea per commit. Say why.\n", "notebooks/skagen.ipynb": jsonlib.dumps(NOTEBOOK, indent=1)})
    w.git("merge", "-q", "--no-ff", "-m", "Merge alerts", "alerts", who="marta", when="2026-10-19T08:45:00Z")
    w.git("tag", "-a", "--cleanup=verbatim", "-m", NOTES_1, "v1.0", who="marta", when="2026-10-20T12:00:00Z")
    return w


def later(w):
    """What was pushed two weeks after."""
    w.git("branch", "pressure")
    w.git("mv", "docs/manual.md", "docs/guide.md")
    w.commit("A boat is no tide\n\nA reading that jumps within a minute is left out. The manual is called the guide\nnow, as everybody calls it.",
             "priya", "2026-11-12T13:37:00Z", **{"src/gauge.c": GAUGE, "docs/guide.md": GUIDE.replace("is left out: it", "is left out, and counted: it"),
                                                 "docs/tide.png": picture(0.9), "src/forecast.py": FORECAST})
    w.commit("The datum of Esbjerg", "jonas", "2026-11-16T09:14:00Z", **{"data/stations.csv": STATIONS})
    w.git("tag", "-a", "--cleanup=verbatim", "-m", NOTES_2, "v1.1", who="marta", when="2026-11-17T08:00:00Z")
    w.git("switch", "-q", "pressure")
    w.commit("Air pressure moves the water too", "priya", "2026-11-13T16:55:00Z",
             **{"src/weather.py": "CENTIMETRES_PER_HECTOPASCAL = -1.0\n\n\ndef correction(pressure):\n"
                "    return CENTIMETRES_PER_HECTOPASCAL * (pressure - 1013.25) / 100\n"})
    w.git("switch", "-q", "-c", "try-splines", "main~1")
    w.commit("Splines, to see whether they are better", "jonas", "2026-11-11T18:03:00Z", **{"src/splines.py": "KNOTS = 12\n"})
    w.git("switch", "-q", "main")


def small(name, readme, when, who="marta"):
    w = Work(name)
    w.commit("Begin", who, when, **{"README.md": readme})
    return w
