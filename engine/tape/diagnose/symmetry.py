"""Layers whose units all started alike, and therefore stay alike: they learn as a single one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import ledger
from engine.tape.diagnose import size, texts
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.schema import GradChange, ValueFlag

_PASSES = 3  # that must have come before units that are alike are called stuck


def alike_units(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return the first layer whose units, the rows of its weight, are the same and get the same gradients."""
    for tensor in facts.tape.grads_of.keys(facts.tape.grads["tensor"]):
        if cancelled():
            break
        value = facts.values_of(tensor)[-1]
        if (
            len(facts.shape(value)) < 2
            or not facts.tape.values["flags"][value] & ValueFlag.PARAMETER
        ):
            continue
        adding = [c for c in facts.changes(tensor) if c.kind is GradChange.ACCUMULATE]
        if len(adding) < _PASSES or not _alike(facts.array(value)):
            continue
        moved = size.updated_between(facts, tensor, adding[0].event, adding[-1].event)
        if moved >= 0 and _alike(ledger.added(facts.tape, adding[-1])):
            return [_finding(facts, tensor, value, len(adding), moved)]
    return []


def _alike(array: NDArray[Any] | None) -> bool:
    """Whether there are rows, all of them the same, and not nothing but zeros."""
    if array is None or array.shape[0] < 2 or not array.any():
        return False
    return bool((array == array[:1]).all() and np.isfinite(array).all())


def _finding(facts: Facts, tensor: int, value: int, passes: int, moved: int) -> Finding:
    name, count = facts.name(tensor), facts.shape(value)[0]
    return Finding(
        "alike-units", f"the {count} units of {name} are all the same",
        f"They started with the same numbers, so each of {passes} passes gave them the same gradient and every step "
        f"the same move: {count} units that can do no more than one.",
        "Start from random numbers: leave the layer as nn makes it, or use nn.init.xavier_uniform_ or "
        "kaiming_uniform_.",
        (
            texts.where_filled(facts, f"the units of {name} are made alike here", value),
            facts.at_op(f"a step moves all {count} by the same", moved),
        ),
        Severity.WARNING, tensor,
    )  # fmt: skip
