"""Gradients of several passes that are added up: of batches, where their mean may be meant, or of one loss."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.optimizers import steps_of
from engine.tape.schema import GradChange


def not_averaged(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return a note on steps each of which takes the sum of the mean losses of several batches."""
    for tensor in facts.tape.grads_of.keys(facts.tape.grads["tensor"]):
        if cancelled():
            break
        groups = _between_steps(facts, tensor)
        count = len(groups[0]) if groups else 0
        if len(groups) < 2 or count < 2 or any(len(group) != count for group in groups):
            continue
        passes = [pass_ for group in groups for pass_ in group]
        sources = {facts.source(int(facts.tape.passes["event"][p])) for p in passes}
        if len(sources) == 1 and all(_of_mean(facts, p) for p in passes):
            return [_note(facts, tensor, groups[0], count)]
    return []


def same_root_twice(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return two passes that begin at one loss and add to one .grad: it holds the same gradient twice."""
    for tensor in facts.tape.grads_of.keys(facts.tape.grads["tensor"]):
        if cancelled():
            break
        adding = [c for c in facts.changes(tensor) if c.kind is GradChange.ACCUMULATE]
        for one, other in pairwise(adding):
            roots = facts.roots(one.pass_)
            if one.pass_ == other.pass_ or one.pass_ not in other.passes or len(roots) != 1:
                continue
            if facts.shape(roots[0]):
                continue
            if roots == facts.roots(other.pass_):
                return [_twice(facts, tensor, (one.pass_, other.pass_), roots[0])]
            if int(facts.tape.values["node"][roots[0]]) in facts.reachable(other.pass_):
                return [_within(facts, tensor, (one.pass_, other.pass_), roots[0])]
    return []


def _within(facts: Facts, tensor: int, passes: tuple[int, int], root: int) -> Finding:
    """A loss of which a pass began is a term of what a later pass begins at."""
    name, loss = facts.name(tensor), facts.label(root)
    whole = [facts.label(value) for value in facts.roots(passes[1])]
    total = whole[0] if len(whole) == 1 else "the later root"
    return Finding(
        "two-passes", f"{loss} is in {name}.grad twice: {loss}.backward() ran, and {total} contains {loss}",
        f"backward() adds to .grad, and nothing zeroed {name}.grad between the two passes.",
        f"Call {total}.backward() alone; or set .grad to None before it.",
        (
            facts.at_event(f"the pass from {total} adds to {name}.grad", _begun(facts, passes[1])),
            facts.at_event(f"the pass from {loss} had run here", _begun(facts, passes[0])),
        ), Severity.NOTE, tensor,
    )  # fmt: skip


def _twice(facts: Facts, tensor: int, passes: tuple[int, int], root: int) -> Finding:
    name, loss = facts.name(tensor), facts.label(root)
    links = (
        facts.at_event(
            f"{loss}.backward() runs again and adds to {name}.grad", _begun(facts, passes[1])
        ),
        facts.at_event("it had run here", _begun(facts, passes[0])),
    )
    stepped = any(
        facts.tape.ops["event"][one.op] > links[0].event for one in steps_of(facts, tensor)
    )
    return Finding(
        "two-passes", f"backward() runs twice from {loss}: {name}.grad holds the gradient twice",
        f"backward() adds to .grad. Both passes begin at the same {loss}, and nothing zeroed {name}.grad between "
        "them.",
        f"Call {loss}.backward() once; or set .grad to None before the second one.",
        links, Severity.WARNING if stepped else Severity.NOTE, tensor,
    )  # fmt: skip


def _begun(facts: Facts, pass_: int) -> int:
    return int(facts.tape.passes["event"][pass_])


def _between_steps(facts: Facts, tensor: int) -> list[list[int]]:
    """Return the passes that were added up for each step of a tensor, where it was zeroed after each."""
    steps = [int(facts.tape.ops["event"][one.op]) for one in steps_of(facts, tensor)]
    changes = facts.changes(tensor)
    groups, begin = list[list[int]](), -1
    for event in steps:
        mine = [c for c in changes if begin < c.event < event]
        summed = mine[-1].passes if mine else ()  # not what was zeroed before the step
        adding = [c.pass_ for c in mine if c.kind is GradChange.ACCUMULATE and c.pass_ in summed]
        if groups and all(c.kind is GradChange.ACCUMULATE for c in mine):
            return []  # never zeroed: told elsewhere
        groups.append(adding)
        begin = event
    return groups


def _of_mean(facts: Facts, pass_: int) -> bool:
    """Whether a pass begins at a mean as it is."""
    roots = facts.roots(pass_)
    made = facts.made_by(roots[0]) if len(roots) == 1 else -1
    if made < 0:
        return False
    return facts.base(made) == "mean" or facts.params(made).get("reduction") in ("mean", 1)


def _note(facts: Facts, tensor: int, passes: list[int], count: int) -> Finding:
    name = facts.name(tensor)
    links = tuple(
        facts.at_accumulation(f"pass {p + 1} adds to {name}.grad", p, tensor) for p in passes[:2]
    )
    return Finding(
        "not-averaged", f"each step takes the sum of {count} mean losses, {count} times as large as their mean",
        f"{count} passes, each of the mean over a batch, are added up in {name}.grad before every step.",
        f"If one large batch is meant, divide: (loss / {count}).backward().",
        links, Severity.NOTE, tensor,
    )  # fmt: skip
