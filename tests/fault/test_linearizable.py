"""The checker of histories itself: what is linearizable passes, and what is not does not."""

import math
import random

from harness import *
from linearizable import DONE, LOST, READ, REFUSED, SWAP, Operation, explain


def read(start, end, value):
    return Operation(READ, start, end, value)


def swap(start, end, old, new, told=DONE):
    return Operation(SWAP, start, end if told != LOST else math.inf, new, old, told)


def fits(*history):
    return explain(history, "a") is None


def test_one_after_the_other():
    eq(fits(read(0, 1, "a"), swap(2, 3, "a", "b"), read(4, 5, "b")), True)
    eq(fits(swap(2, 3, "a", "b"), read(4, 5, "a")), False, "a stale read")
    eq(fits(swap(0, 1, "a", "b"), swap(2, 3, "a", "c")), False, "a lost update")
    eq(fits(read(0, 1, "b"), swap(2, 3, "a", "b")), False, "a read of what was not written yet")


def test_at_the_same_time():
    eq(fits(swap(0, 10, "a", "b"), read(1, 2, "a"), read(3, 4, "b")), True)
    eq(fits(swap(0, 10, "a", "b"), read(1, 2, "b"), read(3, 4, "a")), False, "reads that go back")
    eq(fits(swap(0, 10, "a", "b"), swap(0, 10, "b", "a"), read(11, 12, "a")), True)
    eq(fits(swap(0, 10, "a", "b"), swap(0, 10, "a", "c")), False, "two winners")


def test_what_got_lost_may_have_happened_or_not():
    lost = swap(0, 1, "a", "b", LOST)
    eq(fits(lost, read(2, 3, "a")), True)
    eq(fits(lost, read(2, 3, "b")), True)
    eq(fits(lost, read(2, 3, "a"), read(4, 5, "b")), True)
    eq(fits(lost, read(2, 3, "b"), read(4, 5, "a")), False, "undone again")
    eq(fits(lost, read(2, 3, "c")), False, "a value that nobody wrote")


def test_what_was_refused_changed_nothing():
    eq(fits(swap(0, 1, "a", "b", REFUSED), read(2, 3, "a")), True)
    eq(fits(swap(0, 1, "a", "b", REFUSED), read(2, 3, "b")), False, "a refusal that wrote")


def random_history(rng, clients=6, each=30):
    """What clients see of a true register that each uses in turn, with some answers lost."""
    history, value, now = [], "a", 0.0
    for number in range(clients * each):
        start = now - rng.random() * clients
        now += 1
        if rng.random() < 0.5:
            history.append(read(start, now + rng.random(), value))
            continue
        old = value if rng.random() < 0.7 else "other"
        if old != value:
            history.append(swap(start, now, old, f"v{number}", REFUSED))
        elif rng.random() < 0.1:
            happened = rng.random() < 0.5
            history.append(swap(start, now, old, f"v{number}", LOST))
            value = f"v{number}" if happened else value
        else:
            history.append(swap(start, now + rng.random(), old, f"v{number}"))
            value = f"v{number}"
    return history


def test_random_histories_of_a_true_register_fit_and_falsified_ones_do_not():
    for seed in range(30):
        rng = random.Random(seed)
        history = random_history(rng)
        eq(explain(history, "a"), None, f"history {seed}")
        at = rng.choice([i for i, op in enumerate(history) if op.kind == READ])
        history[at] = read(history[at].start, history[at].end, "never")
        eq(explain(history, "a") is None, False, f"falsified history {seed}")


main()
