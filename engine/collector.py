"""How often Python's garbage collector looks while graphs are built."""

from __future__ import annotations

import gc

#: An operation makes several objects that refer to each other in no cycle; to look at them after
#: every 700, as is the default, takes longer than to make them.
THRESHOLDS = (50_000, 20, 20)


def relax() -> None:
    """Let the collector come rarely, and leave alone what exists already; for a process of our own."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
