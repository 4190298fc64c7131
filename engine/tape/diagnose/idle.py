"""Optimizers none of whose steps found a gradient: what they hold, and what is trained."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from engine.tape import ledger
from engine.tape.diagnose import lines, none
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.diagnose.uncalled import told
from engine.tape.schema import GradChange, Mark, ValueFlag

_CUTS = ("detached", "data", "left-torch", "no-grad", "not-differentiable", "not-connected")


def idle(facts: Facts, reached: set[int], updated: dict[int, int]) -> list[Finding]:
    """Optimizers none of whose steps found a gradient, though the program computes gradients."""
    marks = facts.tape.marks[facts.tape.marks["kind"] == Mark.IDLE]
    busy = {facts.params(op).get("optimizer") for op in updated.values()}
    for text in np.unique(marks["text"]).tolist():
        events, name = marks["event"][marks["text"] == text].tolist(), facts.tape.text(text)
        if name in busy or not name.isalnum():  # of an optimizer, not of a clip
            continue
        one = _idle_one(facts, name, events, reached)
        if one is not None:
            return [one]
    return []


def _idle_one(facts: Facts, name: str, events: list[int], reached: set[int]) -> Finding | None:
    step = facts.at_event(f"{name}.step() finds no gradient", events[-1])
    if not len(facts.tape.passes):
        return _no_pass(facts, name, events, step)
    if not reached:
        return _only_returned(facts, name, events, step)
    roots = {int(v) for v in facts.tape.values["tensor"][facts.tape.roots["value"]]}
    for tensor in sorted(reached - roots):
        changes = facts.changes(tensor)
        first = changes[0].event
        if facts.tape.name_of(tensor) is None:
            continue
        since = [event for event in events if event > first]
        before = [max((c for c in changes if c.event < e), key=lambda c: c.event) for e in since]
        if len(since) < 2:
            continue
        if all(c.kind is GradChange.ACCUMULATE for c in before):
            return _of_others(facts, name, tensor, step, first)
        if all(c.kind is GradChange.CLEAR for c in before) and _too_early(changes, events):
            return _early(facts, name, tensor, step, changes)
    return _cut(facts, name, events, reached, step)


def _cut(
    facts: Facts, name: str, events: list[int], reached: set[int], step: Link
) -> Finding | None:
    """What the optimizer may hold is used, and something cuts it off from where the passes begin."""
    flags = ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD
    values = facts.tape.values
    rows = np.flatnonzero(((values["flags"] & flags) == flags) & (values["event"] < events[0]))
    for tensor in dict.fromkeys(values["tensor"][rows].tolist()) if len(events) > 1 else ():
        if (
            tensor in reached
            or facts.tape.name_of(tensor) is None
            or ".param_groups[" in facts.name(tensor)
        ):
            continue
        one = none.why_none(facts, tensor, len(facts.tape.events))
        if one.cause in _CUTS:
            return replace(
                one, title=f"{name}.step() finds no gradient: {one.title}", severity=Severity.ERROR,
                chain=(*one.chain, step), tensor=tensor,
            )  # fmt: skip
    return None


def _too_early(changes: list[ledger.Change], events: list[int]) -> bool:
    """Whether steps come between the zeroing and the pass, not between the pass and the zeroing."""
    spans = [
        (now.event, after.event)
        for now, after in pairwise(changes)
        if now.kind is GradChange.CLEAR and after.kind is GradChange.ACCUMULATE
    ]
    return bool(spans) and all(any(a < e < b for e in events) for a, b in spans)


def _early(
    facts: Facts, name: str, tensor: int, step: Link, changes: list[ledger.Change]
) -> Finding | None:
    clear = next(c for c in changes if c.kind is GradChange.CLEAR)
    filled = next(c for c in changes if c.kind is GradChange.ACCUMULATE)
    begun = int(facts.tape.passes["event"][filled.pass_])
    places = step.source, clear.source, facts.source(begun)
    if None in places or len({(p.cell, p.file) for p in places if p is not None}) != 1:
        return None
    at, zeroed, passes = (p.line for p in places if p is not None)
    if not (zeroed < at < passes or at < passes < zeroed):
        return None
    leaf = facts.name(tensor)
    return Finding(
        "zeroed-before-step", f"{name}.step() finds no gradient: it comes before backward()",
        f"In every iteration {leaf}.grad is zeroed, step() is called, and only then backward() fills it: "
        "what it brought is zeroed before the next step.",
        "Order it: zero_grad(), backward(), step().",
        (
            step, facts.at_event(f"{leaf}.grad is zeroed", clear.event),
            facts.at_event("backward() fills it afterwards", begun),
        ), Severity.ERROR, tensor,
    )  # fmt: skip


def _of_others(facts: Facts, name: str, tensor: int, step: Link, first: int) -> Finding:
    """The gradients are there as it steps: it was given other tensors."""
    leaf, made = facts.name(tensor), lines.optimizer(facts.cells_until(-1), name)
    given = () if made is None else (moved(replace(step, text=f"{name} is made here"), made),)
    return Finding(
        "never-updated", f"{name} steps other tensors than {leaf}",
        f"No tensor that {name} was given has a gradient when step() is called, while {leaf} has one: what "
        f"{name} holds is not what the loss is computed from, but copies or another model.",
        f"Give {name} the parameters that the loss is computed from.",
        (*given, step, facts.at_event(f"{leaf}.grad gets its first gradient", first)),
        Severity.ERROR, tensor,
    )  # fmt: skip


def _no_pass(facts: Facts, name: str, events: list[int], step: Link) -> Finding | None:
    """Steps of a program that runs no backward pass at all, though it computes what one could begin at."""
    ends = [
        v for v in range(len(facts.tape.values)) if facts.requires_grad(v) and not facts.is_leaf(v)
    ]
    if len(events) < 2 or not ends or (facts.tape.marks["kind"] == Mark.ERROR).any():
        return None
    loss = next((v for v in reversed(ends) if not facts.users(v)), ends[-1])
    found = Finding(
        "no-backward", f"{name}.step() finds no gradient: backward() is never called",
        f"The program computes {facts.label(loss)} and steps {name}, and no backward pass runs: every .grad is "
        "None, so nothing moves.",
        f"Call {facts.label(loss)}.backward() before step()." if facts.tape.name_of(
            int(facts.tape.values["tensor"][loss])) else "Call backward() on the loss before step().",
        (step, facts.at_value("no pass begins at what is computed here", loss)), Severity.ERROR,
        int(facts.tape.values["tensor"][loss]),
    )  # fmt: skip
    return told(facts, found, "backward")


def _only_returned(facts: Facts, name: str, events: list[int], step: Link) -> Finding | None:
    """All gradients were returned by autograd.grad, and none is in a .grad."""
    passes = facts.tape.passes
    grads = [row for row in range(len(passes)) if not facts.accumulates(row)]
    if len(events) < 2 or len(grads) < 2 or len(grads) < len(passes):
        return None
    begun = facts.at_event("the gradients are returned here", int(passes["event"][grads[0]]))
    return Finding(
        "grad-call", f"{name}.step() finds no gradient: autograd.grad leaves .grad alone",
        "torch.autograd.grad gives the gradients back as a tuple and writes no .grad, which is where "
        "step() looks.",
        "Call loss.backward(), or assign them first: p.grad = g for each parameter p.",
        (begun, step), Severity.ERROR,
    )  # fmt: skip
