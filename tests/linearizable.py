"""
Is a history of one register linearizable? Reads and compare-and-swaps by several clients, as they saw them.

An operation takes effect at one moment between its start and its end, if it does at all. A history is linearizable
if such moments can be found that explain every answer (Herlihy and Wing, 1990). They are searched for as Wing and Gong
do it: of the operations that may come next, which are those that began before all others ended, each is tried;
what was tried already (the same operations done, the same value) is not tried again (Lowe, 2017).
"""

import math
from dataclasses import dataclass

READ, SWAP = "read", "swap"
# What the client of a swap was told. LOST: nothing, so that it may have happened, now or later, or not.
DONE, REFUSED, LOST = "done", "refused", "lost"


@dataclass(frozen=True)
class Operation:
    kind: str
    start: float
    end: float          # math.inf: nobody saw the end of it
    value: str          # a read's answer; what a swap is to write
    old: str = ""       # what a swap expects
    told: str = DONE    # of a swap

    def apply(self, state):
        """The states that it may leave behind; none: it cannot have happened now."""
        if self.kind == READ:
            return [state] if state == self.value else []
        if self.told == DONE:
            return [self.value] if state == self.old else []
        # A refusal may have other reasons than another value, so it only says that nothing was written.
        return [state] if self.told == REFUSED else [self.value] if state == self.old else []


def explain(history, first):
    """
    None if the history is linearizable, beginning with the value `first`; else the longest explanation that was
    found, after which none of the operations fits.
    """
    # What was refused changed nothing and says nothing. What got lost need not have happened.
    ops = sorted((op for op in history if op.told != REFUSED), key=lambda op: op.start)
    needed = sum(1 << i for i, op in enumerate(ops) if op.told != LOST)
    seen, best = set(), ()
    stack = [(0, first, ())]
    while stack:
        done, state, path = stack.pop()
        if done & needed == needed:
            return None
        if (done, state) in seen:
            continue
        seen.add((done, state))
        if len(path) > len(best):
            best = path
        # Whatever ended before another began comes before it.
        first_end = min(op.end if op.told != LOST else math.inf
                        for i, op in enumerate(ops) if not done >> i & 1)
        for i, op in enumerate(ops):
            if op.start > first_end:
                break
            if not done >> i & 1:
                stack += [(done | 1 << i, after, path + (op,)) for after in op.apply(state)]
    return best
