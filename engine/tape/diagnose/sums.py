"""Sums of losses: a total that keeps every graph, a term that is added twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity

_LONG = 3  # losses from which on a total is one


def summed_losses(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return what is wrong with how losses are added up, the first of each kind."""
    twice = (counted_twice(facts, p) for p in range(len(facts.tape.passes)) if not cancelled())
    first = next(filter(None, twice), None)
    return [*([] if first is None else [first]), *_kept_graphs(facts)]


def counted_twice(facts: Facts, pass_: int, times: float = 0) -> Finding | None:
    """Return that a pass begins at a sum to which the same loss was added more than once.

    times: only if it was added so often.
    """
    for root in facts.roots(pass_):
        for term, adding in _terms(facts, root).items():
            if len(adding) > 1 and times in (0, len(adding)) and facts.requires_grad(term):
                return _counted_twice(facts, root, term, sorted(set(adding)))
    return None


def _terms(facts: Facts, root: int) -> dict[int, list[int]]:
    """Return what a sum of numbers is made of: each term and each part, with the additions that took it."""
    found, waiting = defaultdict[int, list[int]](list), [(root, -1)]
    while waiting:
        value, by = waiting.pop()
        found[value].append(by)
        op = facts.made_by(value)
        if len(found[value]) > 1 or op < 0 or facts.base(op) != "add":
            continue
        inputs = [v for v in facts.inputs(op) if v >= 0]
        if facts.params(op).get("alpha", 1) == 1 and all(facts.shape(v) == () for v in inputs):
            # Of a number and a tensor, as `sum()` begins with 0, the tensor is what is taken.
            waiting += [(v, op if len(inputs) > 1 else by) for v in inputs]
    return found


def _counted_twice(facts: Facts, root: int, term: int, adding: list[int]) -> Finding:
    what, into = facts.label(term), facts.label(root)
    times = "twice" if len(adding) < 3 else f"{len(adding)} times"
    return Finding(
        "counted-twice", f"{what} is in {into} {times}",
        f"{into} is a sum in which the same {what} is a term more than once: so much larger are the gradients "
        "that come from it.",
        f"Add {what} once; if more weight is meant, write it as a factor.",
        tuple(facts.at_op(f"{what} is added here", op) for op in reversed(adding)),
        Severity.WARNING, int(facts.tape.values["tensor"][root]),
    )  # fmt: skip


def _kept_graphs(facts: Facts) -> list[Finding]:
    """Return a total of losses over iterations that is only read: it keeps every graph alive."""
    roots = {v for p in range(len(facts.tape.passes)) for v in facts.roots(p)}
    losses = roots | {scaled for root in roots for scaled in _scaled(facts, root)}
    for op in range(len(facts.tape.ops)):
        if not _adds(facts, op, losses):
            continue
        length, total = 0, facts.outputs(op)[0]
        while (onward := _next_total(facts, total, losses)) >= 0:
            length, total = length + 1, onward
        if length + 1 >= _LONG and not _comes_to(facts, total, roots):
            return [
                Finding(
                    "graph-kept",
                    "a running total keeps the graph of every iteration",
                    "The losses are added up as tensors, and no pass goes through the sum: each one holds its "
                    "whole graph in memory until the total is dropped.",
                    "Add numbers: total += loss.item().",
                    (facts.at_op("the loss is added to the total here", op),),
                    Severity.NOTE,
                )
            ]
    return []


def _adds(facts: Facts, op: int, losses: set[int]) -> bool:
    """Whether an operation adds a loss to a number that requires a gradient then."""
    if facts.base(op) != "add" or not len(facts.outputs(op)):
        return False
    out = facts.outputs(op)[0]
    scalar = facts.requires_grad(out) and facts.shape(out) == ()
    return scalar and any(v in losses for v in facts.inputs(op))


def _scaled(facts: Facts, value: int) -> Iterator[int]:
    """Yield what a value times, or divided by, a plain number is."""
    for op in facts.users(value):
        if facts.base(op) in ("mul", "div") and sum(v >= 0 for v in facts.inputs(op)) == 1:
            yield facts.outputs(op)[0]


def _next_total(facts: Facts, total: int, losses: set[int]) -> int:
    """Return the total after the next loss was added, to it or to a part of it (an average); or -1."""
    for value in (total, *_scaled(facts, total)):
        for op in facts.users(value):
            if _adds(facts, op, losses):
                return facts.outputs(op)[0]
    return -1


def _comes_to(facts: Facts, value: int, roots: set[int]) -> bool:
    waiting, seen = [value], {value}
    while waiting:
        one = waiting.pop()
        if one in roots:
            return True
        for out in (out for op in facts.users(one) for out in facts.outputs(op)):
            if out not in seen:
                seen.add(out)
                waiting.append(out)
    return False
