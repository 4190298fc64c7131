"""Modules that are still evaluating while a program trains: `model.eval()` without `model.train()`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from engine.tape.diagnose import optimizers
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Finding, Severity

_NORMS = ("native_batch_norm", "batch_norm", "instance_norm")
_DRAWN = ("bernoulli_fill",)  # what dropout does before each pass, and only while it trains
_EVAL, _TRAIN = re.compile(r"\.eval\(\s*\)"), re.compile(r"\.train\(")


def still_evaluating(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return that a program trains with modules that it has set to evaluate, and never back.

    Layers behave otherwise then: the first pass was in training mode, and none after it was.
    """
    passes = facts.tape.passes["event"]
    steps = {one for one in range(len(passes)) if facts.accumulates(one)}
    if len(steps) < 3 or not optimizers.has_steps(facts):
        return []
    bounds = [0, *passes.tolist()]
    trains = [_trains(facts, begin, end) for begin, end in pairwise(bounds)]
    if cancelled() or not trains[0] or any(trains[1:]):
        return []
    cells = facts.cells_until(-1)
    texts = [(key, line, text) for key, source, _ in cells
             for line, text in enumerate(map(_bare, source.splitlines()), 1)]  # fmt: skip
    place = next((one for one in texts if _EVAL.search(one[2])), None)
    if place is None or any(_TRAIN.search(text) for _, _, text in texts):
        return []
    what = _EVAL.split(place[2])[0].split()[-1].split("=")[-1]
    begun = facts.at_event("the next pass begins", int(passes[1]))
    return [
        Finding(
            "still-evaluating", f"{what} still evaluates while it trains",
            f"{what}.eval() stays on until {what}.train(): since then dropout drops nothing, and batch "
            "normalisation uses its averages of earlier batches, which no longer change.",
            f"Call {what}.train() at the beginning of each epoch.",
            (replace(moved(begun, place), text=f"{what}.eval() is called here"), begun), Severity.WARNING,
        )
    ]  # fmt: skip


def _trains(facts: Facts, begin: int, end: int) -> bool:
    """Whether a layer did between two events what it does only in training mode."""
    events = facts.tape.ops["event"]
    first, last = events.searchsorted([begin, end])
    for op in range(first, last):
        base = facts.base(op)
        if base in _DRAWN or (base in _NORMS and facts.params(op).get("training")):
            return True
    return False


def _bare(line: str) -> str:
    return line.partition("#")[0].strip()
