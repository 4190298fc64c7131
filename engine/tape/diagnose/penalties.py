"""Gradients that a loss takes as numbers: a penalty on them teaches nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.schema import PassFlag

Array = NDArray[Any]

_MOST = 64  # operations that are followed from a gradient


def constant_penalties(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return sums of a loss and a number that a gradient without a graph of its own was made into."""
    tape = facts.tape
    if not len(tape.passes):
        return []
    roots = {v for p in range(len(tape.passes)) for v in facts.roots(p)}
    for value in _gradients(facts):
        if cancelled():
            break
        op = _added_to_loss(facts, value)
        if op >= 0 and leads(facts, facts.outputs(op)[0], roots):
            return [_finding(facts, value, op)]
    return []


def _gradients(facts: Facts) -> list[int]:
    """Return the values that passes without create_graph gave, and that operations use."""
    values = facts.tape.values
    untracked = [
        v
        for v in np.flatnonzero((values["op"] < 0) & (values["node"] < 0)).tolist()
        if facts.users(v) and facts.floating(v) and not facts.requires_grad(v)
    ]
    given = _returned(facts)
    return [
        v
        for v in untracked
        if values["grad_of"][v] >= 0
        or any(
            event < values["event"][v] and _same(facts.array(v), array) for event, array in given
        )
    ]


def _returned(facts: Facts) -> list[tuple[int, Array]]:
    """Return what autograd.grad gave back without a graph, each with the event at which its pass began."""
    tape, graph = facts.tape, PassFlag.GRAD | PassFlag.CREATE_GRAPH
    sums = dict[tuple[int, int], Array]()
    for row in np.flatnonzero(tape.contributions["tensor"] >= 0).tolist():
        pass_ = int(tape.steps["pass_"][facts.sender(row)])
        array = (
            facts.sent(row) if int(tape.passes["flags"][pass_]) & graph == PassFlag.GRAD else None
        )
        if array is not None:
            key = pass_, int(tape.contributions["tensor"][row])
            sums[key] = sums[key] + array if key in sums else array
    return [(int(tape.passes["event"][p]), a) for (p, _), a in sums.items() if a.any()]


def _same(one: Array | None, other: Array) -> bool:
    return one is not None and one.shape == other.shape and bool(np.array_equal(one, other))


def _added_to_loss(facts: Facts, value: int) -> int:
    """Return where a number that was made of a gradient is added to a loss with a graph, or -1."""
    waiting, seen = [value], {value}
    for one in waiting:
        for op in facts.users(one):
            out = next(iter(facts.outputs(op)), -1)
            if out < 0 or out in seen or len(seen) > _MOST or "optimizer" in facts.params(op):
                continue
            seen.add(out)
            if not facts.requires_grad(out):
                waiting.append(out)
            elif facts.base(op) in ("add", "sub") and facts.shape(one) == () == facts.shape(out):
                return op
    return -1


def leads(facts: Facts, value: int, roots: set[int]) -> bool:
    """Whether a number is a root of a pass, or goes into one through sums and factors alone."""
    waiting = [value]
    for one in waiting[:_MOST]:
        if one in roots:
            return True
        waiting += [
            out
            for op in facts.users(one)
            if facts.base(op) in ("add", "sub", "mul", "div")
            for out in facts.outputs(op)
            if facts.shape(out) == ()
        ]
    return any(one in roots for one in waiting)


def _finding(facts: Facts, value: int, op: int) -> Finding:
    graph = PassFlag.GRAD | PassFlag.CREATE_GRAPH
    event = int(facts.tape.values["event"][value])
    before = facts.tape.passes[facts.tape.passes["event"] <= event]
    returned = len(before) > 0 and int(before[-1]["flags"]) & graph == PassFlag.GRAD
    begun = int(before[-1]["event"]) if len(before) else event
    how = "autograd.grad" if returned else "backward()"
    return Finding(
        "no-create-graph", f"the gradient that {how} gave is a constant in the loss",
        f"{how} was not asked to record what it does, so what is computed from its gradients has no graph: the "
        "term that is added to the loss here changes its value, and teaches the parameters nothing.",
        "Pass create_graph=True: torch.autograd.grad(output, x, create_graph=True)."
        if returned else
        "Compute it by torch.autograd.grad(loss, parameters, create_graph=True), and add what is made of that.",
        (
            facts.at_event(f"{how} computes it here, without create_graph=True", begun),
            facts.at_op("what was made of it is added to the loss here", op),
        ), Severity.WARNING,
    )  # fmt: skip
