"""
From measurements to a table. Every ratio is the peer's value divided by Nimbus's: 2.0x means that Nimbus
needed half, 0.5x that it needed twice as much.
"""

import math
import statistics

MEASURES = (("cpu", "CPU ms"), ("wall", "wall ms"), ("ttfb", "first byte ms"), ("memory", "peak MiB"),
            ("sent", "pack MiB"))
LOSS, WIN = 0.95, 1.05


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def ratio(peer, nimbus):
    """How many times better Nimbus is; None where there is nothing to compare."""
    if peer is None or nimbus is None or nimbus <= 0:
        return None
    return peer / nimbus


def geometric_mean(ratios):
    logs = [math.log(value) for value in ratios if value]
    return math.exp(sum(logs) / len(logs)) if logs else None


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def times(value):
    return "-" if value is None else f"{number(value)}x"


def summarize(rounds):
    """[{measure: value}] of one operation on one server -> medians; memory is the most of all."""
    result = {name: median([r.get(name) for r in rounds]) for name, _ in MEASURES if name != "memory"}
    peaks = [r["memory"] for r in rounds if r.get("memory") is not None]
    return {**result, "memory": max(peaks) if peaks else None}


def table(rows):
    """rows: [(name, peer's medians, Nimbus's medians)] -> lines of text."""
    heads = [("operation", "")] + [(title if i == 0 else "", part) for _, title in MEASURES
                                   for i, part in enumerate(("peer", "nimbus", "ratio"))]
    body = []
    for name, peer, nimbus in rows:
        cells = [name]
        for key, _ in MEASURES:
            cells += [number(peer.get(key)), number(nimbus.get(key)), times(ratio(peer.get(key), nimbus.get(key)))]
        body.append(cells)
    seconds = [part for _, part in heads]
    widths = [max(len(cells[i]) for cells in body + [seconds]) for i in range(len(heads))]
    widths[0] = max(widths[0], len("operation"))
    top = "operation".ljust(widths[0])
    for index, (_, title) in enumerate(MEASURES):
        width = sum(widths[1 + 3 * index:4 + 3 * index]) + 4
        top += "  | " + title.ljust(width)
    lines = [top.rstrip()]
    for cells in [seconds] + body:
        line = cells[0].ljust(widths[0])
        for i in range(1, len(cells)):
            line += ("  | " if i % 3 == 1 else "  ") + cells[i].rjust(widths[i])
        lines.append(line.rstrip())
    lines.insert(2, "-" * max(map(len, lines)))
    return lines


def floor_lines(floors):
    """floors: [(name, {"nimbus", "floor"} in ms of CPU)] -> how far above the floor Nimbus is."""
    if not floors:
        return []
    width = max(len(name) for name, _ in floors)
    head = ["", "CPU ms".ljust(width) + "  nimbus   floor  nimbus / floor"]
    return head + [f"{name.ljust(width)}  {number(cpu['nimbus']):>6}  {number(cpu['floor']):>6}"
                   f"  {times(ratio(cpu['nimbus'], cpu['floor'])):>14}" for name, cpu in floors]


def verdict(rows):
    """Where Nimbus wins and where it loses, in words."""
    lines = []
    for key, title in MEASURES:
        ratios = {name: ratio(peer.get(key), nimbus.get(key)) for name, peer, nimbus in rows}
        ratios = {name: value for name, value in ratios.items() if value is not None}
        if not ratios:
            continue
        lost = sorted((value, name) for name, value in ratios.items() if value < LOSS)
        won = sum(value > WIN for value in ratios.values())
        lines.append(f"{title}: Nimbus is better in {won} of {len(ratios)}, worse in {len(lost)}; "
                     f"geometric mean of the ratios {times(geometric_mean(ratios.values()))}")
        if lost:
            lines.append("    worse in: " + ", ".join(f"{name} {times(value)}" for value, name in lost))
    return lines
