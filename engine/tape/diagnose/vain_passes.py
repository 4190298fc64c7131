"""Passes whose gradients are zeroed before the step, where the same line's last pass is what a step uses."""

from __future__ import annotations

import ast
from bisect import bisect_left
from itertools import pairwise

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding, Link, Severity
from engine.tape.diagnose.lines import without_magics
from engine.tape.diagnose.optimizers import steps_of
from engine.tape.diagnose.remedies.program_line import line_of
from engine.tape.ledger import Change
from engine.tape.schema import GradChange

Wiped = tuple[Change, Change]  # what a pass brought, and what zeroed it


def vain_passes(facts: Facts, updated: dict[int, int]) -> list[Finding]:
    """Return the zeroing between the passes of one step, as of a zero_grad() within the inner loop."""
    stepped = {tensor: steps_of(facts, tensor) for tensor in updated}
    events = {
        tensor: [int(facts.tape.ops["event"][one.op]) for one in steps]
        for tensor, steps in stepped.items()
        if steps
    }
    used = {pass_ for tensor, mine in events.items() for pass_ in _used(facts, tensor, mine)}
    for tensor, mine in events.items():
        wiped = _wiped(facts, tensor, mine, used)
        counts = [len(one) for one in wiped]
        if not counts or min(counts) == 0 or (len(counts) < 2 and counts[0] < 2):
            continue
        if len({zero.source for one in wiped for _, zero in one}) == 1:
            return [_in_loop(facts, tensor, wiped[0])]
    return []


def _used(facts: Facts, tensor: int, events: list[int]) -> set[int]:
    """Return the passes whose gradients were in a .grad when a step used it."""
    changes = facts.changes(tensor)
    befores = (bisect_left(changes, event, key=lambda c: c.event) for event in events)
    return {pass_ for at in befores if at for pass_ in changes[at - 1].passes}


def _wiped(facts: Facts, tensor: int, events: list[int], used: set[int]) -> list[list[Wiped]]:
    """Return for each step what was brought and zeroed for nothing since the step before, by the step's own line."""
    changes, begin, found = facts.changes(tensor), -1, list[list[Wiped]]()
    for event in events:
        mine = [c for c in changes if begin < c.event < event]
        begin = event
        if not mine or not mine[-1].passes:
            continue
        own = _line(facts, mine[-1].passes[-1])
        found.append([
            (now, after)
            for now, after in pairwise(mine)
            if now.kind is GradChange.ACCUMULATE and now.pass_ not in used
            and (after.kind is GradChange.CLEAR or after.op == "zero_")
            and _line(facts, now.pass_) == own and not _read(facts, now)
        ])  # fmt: skip
    return found


def _line(facts: Facts, pass_: int) -> object:
    return facts.source(int(facts.tape.passes["event"][pass_]))


def _read(facts: Facts, change: Change) -> bool:
    """Whether the program looked at a gradient before it was zeroed."""
    value = int(facts.tape.grads["value"][change.row])
    if value < 0:
        return False
    users = [op for op in facts.users(value) if facts.base(op) != "zero"]
    return bool(users) or bool(facts.origins.how_read(value))


def _in_loop(facts: Facts, tensor: int, wiped: list[Wiped]) -> Finding:
    name, count = facts.name(tensor), len(wiped)
    brought, zero = wiped[0]
    passes = "one pass" if count == 1 else f"{count} passes"
    link = facts.at_event(f"{name}.grad is zeroed between the passes", zero.event)
    return Finding(
        "zeroed-before-step",
        f"of {count + 1} passes for each step only the last counts: {name}.grad is zeroed between them",
        f"Before each step {passes} fill{'s' if count == 1 else ''} {name}.grad and {'is' if count == 1 else 'are'} "
        "zeroed again by this line, before anything uses them.",
        "Zero the gradients once for each step: move zero_grad() out of the inner loop, or call step() after "
        "every backward().",
        (
            link,
            facts.at_step(f"pass {brought.pass_ + 1} had filled it", brought.step),
        ), Severity.WARNING, tensor, _out_of_loop(facts, link),
    )  # fmt: skip


def _out_of_loop(facts: Facts, zeroed: Link) -> tuple[Edit, ...]:
    """Move the line that zeroes before the innermost loop that it is in."""
    line = line_of(facts, zeroed)
    if line is None or line.statement is None:
        return ()
    loops = [
        node.lineno
        for node in ast.walk(ast.parse(without_magics(line.cell)))
        if isinstance(node, ast.For | ast.While)
        and node.lineno < line.number <= (node.end_lineno or 0)
    ]
    if not loops:
        return ()
    head = zeroed.source and zeroed.source._replace(line=max(loops))
    return () if head is None else (line.left_out(), Edit("before", head, line.bare()))
