"""Layers most of whose units are off or saturated, whatever the data are: they do not learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from engine.tape.diagnose import lines
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.trace import Mask
from engine.tape.modules import module_path

#: A layer is called dead when this share of its units was off for every row of every pass.
DEAD = 0.9
#: The slope of a sigmoid or tanh up to which it counts as none.
FLAT = 1e-6
#: Or when this share of all elements is at an end.
FAR = 0.95
#: A layer has died when it was off in so many passes in the end.
RUNS = 2

Cancelled = Callable[[], bool]


class _Units(NamedTuple):
    """The units of a layer over its runs.

    op: the latest run. ever: on in any run. since: on in the runs since `died`, the first of the
    latest ones in which almost all were off (-1: the latest was alive). runs: how many those are.
    """

    op: int
    ever: Mask
    since: Mask
    died: int
    runs: int


def dead_units(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return ReLUs almost all of whose units were off for every row, from the beginning or in the end."""
    tape, alive = facts.tape, dict[object, _Units]()
    visited = set(tape.steps["node"].tolist())
    for op in range(len(tape.ops)):
        if cancelled():
            break
        if facts.base(op) not in ("relu", "threshold", "relu6") or not len(facts.outputs(op)):
            continue
        out = facts.array(facts.outputs(op)[0])
        node = int(tape.ops["node"][op])
        if out is None or out.size < 8 or node < 0 or (visited and node not in visited):
            continue
        rows = np.asarray(out > 0).reshape(-1, out.shape[-1] if out.ndim > 1 else out.size)
        units: Mask = np.asarray(rows.any(axis=0))
        key = (
            facts.source(int(tape.ops["event"][op])),
            module_path(tape, int(tape.ops["scope"][op])),
            units.shape,
        )
        alive[key] = _added(alive.get(key), op, units)
    found = []
    for one in alive.values():
        if _off(one.ever):
            found.append(_dead(facts, one))
        elif (
            one.runs >= RUNS
            and one.died >= 0
            and _off(one.since)
            and one.ever.mean() > 2 * (1 - DEAD)
        ):
            found += _died(facts, one)
    return found


def _added(before: _Units | None, op: int, units: Mask) -> _Units:
    if before is None:
        return _Units(op, units, units, -1, 0)
    ever, off = units | before.ever, _off(units)
    if not off:
        return _Units(op, ever, units, -1, 0)
    if before.died < 0:
        return _Units(op, ever, units, op, 1)
    return _Units(op, ever, units | before.since, before.died, before.runs + 1)


def _off(units: Mask) -> bool:
    """Whether almost all units are off."""
    return 1 - float(units.mean()) >= DEAD


def _dead(facts: Facts, one: _Units) -> Finding:
    off, size = int((~one.ever).sum()), one.ever.size
    return Finding(
        "dead-relu", f"a ReLU of which {off / size:.0%} of the units never switch on",
        f"{off} of {size} units gave 0 for every row of every pass, so no gradient goes through them and "
        "they cannot recover.",
        "Lower the learning rate, check the bias, or use LeakyReLU or GELU.",
        (facts.at_op("the units are off here", one.op),), Severity.WARNING,
    )  # fmt: skip


def _died(facts: Facts, one: _Units) -> list[Finding]:
    """Units that were on at first, and that a step pushed below 0 for good."""
    event = int(facts.tape.ops["event"][one.died])
    steps = [
        op
        for op in np.flatnonzero(facts.tape.ops["event"] < event).tolist()[::-1]
        if "optimizer" in facts.params(op)
    ]
    if not steps:
        return []
    what, rate = (facts.params(steps[0]).get(name) for name in ("optimizer", "lr"))
    off, size = int((~one.since).sum()), one.since.size
    made = lines.optimizer(facts.cells_until(-1), str(what))
    step = facts.at_op(f"this step of {what} (lr={rate}) pushed them below 0", steps[0])
    given = replace(step, text=f"the learning rate is {rate}: {what} is made here")
    return [
        Finding(
            "dead-relu", f"a ReLU of which {off / size:.0%} of the units have died",
            f"At first its units were on; since a step of {what} {off} of {size} gave 0 for every row of each of "
            f"the last {one.runs} passes. No gradient goes through them, so they cannot recover.",
            f"Lower the learning rate (it is {rate}), or use LeakyReLU or GELU.",
            (
                facts.at_op("the units are off here", one.died), step,
                *(() if made is None else (moved(given, made),)),
            ), Severity.WARNING,
        )
    ]  # fmt: skip


class _Slopes(NamedTuple):
    """Over the runs of a sigmoid or tanh: units with a slope in any run, and how many elements had none."""

    op: int
    ever: Mask
    flat: int
    size: int


def saturated_units(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return sigmoids and tanhs of which almost all units or elements were at an end in every pass."""
    tape, live = facts.tape, dict[object, _Slopes]()
    for op in range(len(tape.ops)):
        if cancelled():
            break
        base = facts.base(op)
        if base not in ("sigmoid", "tanh") or tape.ops["node"][op] < 0:
            continue
        out = facts.array(facts.outputs(op)[0]) if len(facts.outputs(op)) else None
        if out is None or out.size < 8 or out.dtype.kind != "f":
            continue
        slope = out * (1 - out) if base == "sigmoid" else 1 - out * out
        rows = (slope > FLAT).reshape(-1, out.shape[-1] if out.ndim > 1 else out.size)
        units: Mask = np.asarray(rows.any(axis=0))
        scope = module_path(tape, int(tape.ops["scope"][op]))
        key = facts.source(int(tape.ops["event"][op])), scope, units.shape
        flat, before = int((~rows).sum()), live.get(key)
        live[key] = (
            _Slopes(op, units, flat, out.size)
            if before is None
            else _Slopes(op, units | before.ever, before.flat + flat, before.size + out.size)
        )
    return [
        _saturated(facts, one)
        for one in live.values()
        if _off(one.ever) or one.flat >= FAR * one.size
    ]


def _saturated(facts: Facts, one: _Slopes) -> Finding:
    base = facts.base(one.op)
    off, size, what = int((~one.ever).sum()), one.ever.size, "units"
    if not _off(one.ever):
        off, size, what = one.flat, one.size, "elements"
    return Finding(
        "saturated", f"a {base} of which {off / size:.0%} of the {what} are saturated",
        f"{off:,} of {size:,} {what} were at an end of {base} in every pass, where its derivative rounds to 0: "
        "what is before them does not learn.",
        "Make its input smaller: normalise the data ((x - x.mean(0)) / x.std(0)), use another initialisation or "
        "a lower learning rate.",
        (facts.at_op(f"the {what} are saturated here", one.op),), Severity.WARNING,
    )  # fmt: skip
