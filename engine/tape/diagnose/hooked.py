"""Hooks that changed a gradient on its way, or a .grad once it was there."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import ledger
from engine.tape.diagnose import texts
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.trace import gradients
from engine.tape.diagnose.ways import way
from engine.tape.schema import GradChange

Array = NDArray[Any]
_STRONG = 50  # times: more than the rates of layers differ
_MODULES = "BackwardHookFunctionBackward"  # the node of a module's full backward hook


def changed_by_hook(facts: Facts, tensor: int, changes: list[ledger.Change]) -> Finding | None:
    """Return what a hook made of a gradient on the way that most of it came, the last one; None: none did."""
    steps = [c.step for c in changes if c.kind is GradChange.ACCUMULATE]
    if not steps or not _has_hooks(facts):
        return None
    on_way = way(facts, steps[-1]).steps
    for at in range(len(on_way) - 1, -1, -1):
        before, after = _around(facts, on_way[at], on_way[at + 1] if at + 1 < len(on_way) else -1)
        if before is not None and after is not None and not np.array_equal(before, after):
            return _finding(facts, tensor, on_way[at], before, after)
    return None


def strong_hooks(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return a note on a hook that makes a gradient many times as large, which no layer's own rate is."""
    for tensor in facts.tape.grads_of.keys(facts.tape.grads["tensor"]) if _has_hooks(facts) else ():
        if cancelled():
            break
        found = changed_by_hook(facts, tensor, facts.changes(tensor))
        times = re.search(r"becomes (-?[\d.e+]+) times", found.title) if found is not None else None
        if found is not None and times is not None and abs(float(times[1])) >= _STRONG:
            return [found]
    return []


def _has_hooks(facts: Facts) -> bool:
    names = {facts.tape.text(int(name)) for name in np.unique(facts.tape.nodes["name"])}
    return len(facts.tape.cotangents) > 0 or _MODULES in names


def _around(facts: Facts, step: int, following: int) -> tuple[Array | None, Array | None]:
    """Return a gradient before and after the hooks at a step; following: the next step on the way."""
    if facts.hooked(step):
        brought = [facts.sent(row) for row in facts.arrivals(step) if facts.number(row) == 0]
        if not brought or any(one is None for one in brought):
            return None, None
        return np.sum(np.stack([np.asarray(one) for one in brought]), axis=0), gradients(
            facts, step
        )[0]
    if facts.node_name(facts.node_at(step)) != _MODULES or following < 0:
        return None, None
    rows = [row for row in facts.arrivals(following) if facts.sender(row) == step]
    came = gradients(facts, step)
    slot = facts.slot(rows[0]) if rows else -1
    if not 0 <= slot < len(came):
        return None, None
    return came[slot], facts.sent(rows[0])


def _finding(facts: Facts, tensor: int, step: int, before: Array, after: Array) -> Finding:
    node = facts.node_at(step)
    leaf = int(facts.tape.nodes["variable"][node])
    who = facts.name(leaf) if leaf >= 0 else _result(facts, node)
    how = "is replaced"
    if before.shape == after.shape:
        chosen = before != 0
        factors = after[chosen] / before[chosen]
        if (
            factors.size
            and np.allclose(factors, factors[0], rtol=1e-4)
            and not after[~chosen].any()
        ):
            how = f"becomes {float(factors[0].real):.4g} times as large"
    return Finding(
        "hook", f"a hook changes it: what comes to {who} {how}",
        f"A hook that is registered there gives another gradient than the one that came to {who}, and the pass "
        f"goes on with that: {facts.name(tensor)}.grad is not the derivative of the root.",
        "If that is not meant, take the hook away (handle.remove()), or let it return None.",
        (
            *texts.where_hooked(facts, step, tensor),
            facts.at_step(f"{who} gets what the hook gave", step),
        ), Severity.NOTE, tensor,
    )  # fmt: skip


def _result(facts: Facts, node: int) -> str:
    """Return the name of what a node's operation gave, or the node's own."""
    op = facts.op_of(node)
    outs = facts.outputs(op) if op >= 0 else range(0)
    named = facts.label(outs[0]) if len(outs) else ""
    if facts.node_name(node) == _MODULES:
        return "the module's backward hook"
    return named if named.isidentifier() else facts.node_name(node)


def written_after(facts: Facts, tensor: int, changes: list[ledger.Change]) -> Finding | None:
    """Return what wrote into a .grad after the last pass that brought something, or None."""
    last = changes[-1] if changes else None
    if last is None or last.kind is not GradChange.WRITE or last.op == "zero_":
        return None
    if not any(c.kind is GradChange.ACCUMULATE for c in changes):
        return None
    name = facts.name(tensor)
    brought = next(c for c in reversed(changes) if c.kind is GradChange.ACCUMULATE)
    return Finding(
        "hook", f"{last.op} changed {name}.grad after the pass had filled it",
        f"A line of the program wrote into {name}.grad (a hook, or a clip): it is not what backward() brought.",
        "Nothing to change if it is meant so; else leave that line out.",
        (
            facts.at_event(f"{last.op} writes into {name}.grad", last.event),
            facts.at_step("the pass had filled it here", brought.step),
        ), Severity.NOTE, tensor,
    )  # fmt: skip
