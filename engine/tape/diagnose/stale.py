"""A forward pass that is computed once, before a loop that goes back through it in every step."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, pairwise

from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.diagnose.lines import assigned
from engine.tape.diagnose.size import updated_between
from engine.tape.schema import GradChange

_PASSES = (
    8  # the first of a leaf, of which two in a row must go through what was made before an update
)


def stale_forwards(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return what was computed of a leaf before the steps that moved it, and is gone back through since.

    With fewer than two such passes in a row it may be meant: two losses of one forward pass, each with
    an optimizer of its own.
    """
    for tensor in facts.tape.grads_of.keys(facts.tape.grads["tensor"]):
        if cancelled():
            break
        adding = (c for c in facts.changes(tensor) if c.kind is GradChange.ACCUMULATE)
        first = list(islice(adding, _PASSES))
        moves = [_moved(facts, tensor, a.event, b.event) for a, b in pairwise(first)]
        for at, (one, other) in enumerate(pairwise(moves)):
            if one >= 0 and other >= 0 and (kept := _kept(facts, tensor, one)) >= 0:
                return [_finding(facts, tensor, kept, one, first[at + 1].pass_)]
    return []


def _moved(facts: Facts, tensor: int, first: int, last: int) -> int:
    """Return the operation that moved a leaf between two passes, if nothing was computed of it since; or -1."""
    move = updated_between(facts, tensor, first, last)
    if move < 0:
        return -1
    events, nodes = facts.tape.ops["event"], facts.tape.ops["node"]
    since = int(events[move])
    for value in facts.values_of(tensor):
        if facts.tape.values["event"][value] > last:
            break
        if any(since < events[op] < last and nodes[op] >= 0 for op in facts.users(value)):
            return -1
    return move


def _kept(facts: Facts, tensor: int, move: int) -> int:
    """Return the last value computed of a leaf before it moved that is used afterwards, or -1."""
    ops, since = facts.tape.ops, int(facts.tape.ops["event"][move])
    begins = facts.tape.passes["event"]
    roots = {v for p in range(len(begins)) if begins[p] > since for v in facts.roots(p)}
    waiting = [v for v in facts.values_of(tensor) if facts.tape.values["event"][v] < since]
    seen, kept = set(waiting), list[int]()
    while waiting:
        users = facts.users(value := waiting.pop())
        later = any(ops["event"][op] > since and ops["node"][op] >= 0 for op in users)
        if facts.made_by(value) >= 0 and (value in roots or later):
            kept.append(value)
        before = [op for op in users if ops["event"][op] < since and ops["node"][op] >= 0]
        fresh = {out for op in before for out in facts.outputs(op)} - seen
        seen |= fresh
        waiting += fresh
    return max(kept, default=-1)


def _finding(facts: Facts, tensor: int, kept: int, move: int, pass_: int) -> Finding:
    name, what = facts.name(tensor), facts.label(kept)
    begun = int(facts.tape.passes["event"][pass_])
    return Finding(
        "stale-forward", f"{what} is computed once, and every pass goes back through it",
        f"{name} moves, but nothing is computed of it again: the loss and its gradients stay what they were "
        "before the first step.",
        f"Compute {what} in every iteration: move this line into the loop, with the lines that it needs. "
        "retain_graph=True is not needed then.",
        (
            _named_at(facts, f"{what} is computed here, of {name}", kept),
            facts.at_op(f"{name} moves", move),
            facts.at_event(f"pass {pass_ + 1} goes back through {what} all the same", begun),
        ),
        Severity.WARNING, tensor,
    )  # fmt: skip


def _named_at(facts: Facts, text: str, value: int) -> Link:
    """Return a link to the line that computes a value: where it got its name, not within a module."""
    link, name = (
        facts.at_value(text, value),
        facts.tape.name_of(int(facts.tape.values["tensor"][value])),
    )
    loc = int(facts.tape.events["loc"][int(facts.tape.values["event"][value])])
    inside = loc >= 0 and facts.tape.text(int(facts.tape.locs["function"][loc])).isidentifier()
    found = assigned(facts.cells_until(loc), name) if name and inside else None
    return link if found is None else moved(link, found)
