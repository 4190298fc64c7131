"""Why the root of a pass that could not begin has no graph: cut off, or nothing behind it to learn."""

from __future__ import annotations

import re

from engine.tape.diagnose import texts
from engine.tape.diagnose.breaks import cut_at, lost_at, numbers_of
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.schema import ValueFlag

_MOST = 4  # leaves that are told


def without_graph(facts: Facts, event: int) -> Finding | None:
    """Return why the root that backward() was called on at an event has no graph; None: unknown."""
    root = _root(facts, event)
    if root < 0:
        return None
    made = facts.made_by(root)
    lost = lost_at(facts, made) if made >= 0 else None
    return behind(facts, root) if lost is None else cut_at(facts, lost, "the leaves", -1, ())


def _root(facts: Facts, event: int) -> int:
    """Return the value of the name before `.backward`, or what was computed last without a graph."""
    tape = facts.tape
    match = re.search(
        r"(?:^|\s)([A-Za-z_][\w.]*)\s*\.\s*backward|\bgrad\(\s*([A-Za-z_]\w*)\s*,",
        facts.code(event),
    )
    values = [
        value
        for op in range(len(tape.ops))
        if tape.ops["event"][op] <= event and tape.ops["node"][op] < 0
        for value in facts.outputs(op)
    ]
    if match:
        tensor = facts.named(match[1] or match[2])
        named = [v for v in values if tape.values["tensor"][v] == tensor] if tensor >= 0 else []
        named = named or (facts.values_of(tensor)[-1:] if tensor >= 0 else [])
        values = named or values
    return values[-1] if values else -1


def behind(facts: Facts, root: int) -> Finding | None:
    """Look through what the root came of: numbers taken out of a graph, a gradient, leaves."""
    waiting, seen, leaves = [root], {root}, list[int]()
    for value in waiting:
        if _is_gradient(facts, value):
            return _of_gradient(facts, value)
        sources = list(facts.origins.came_from(value))
        for source, op in sources:
            if op < 0 and (facts.requires_grad(source) or facts.origins.how_read(source)):
                return numbers_of(facts, source, value, "the leaves", -1, ())
            if source not in seen:
                seen.add(source)
                waiting.append(source)
        if not sources and facts.floating(value):
            leaves.append(value)
    return _of_constants(facts, root, leaves)


def _is_gradient(facts: Facts, value: int) -> bool:
    """Whether a pass gave a value: as a .grad, or as what autograd.grad returned."""
    if facts.is_gradient(value) or facts.tape.values["grad_of"][value] >= 0:
        return True
    return facts.made_by(value) < 0 and "autograd.grad(" in facts.at_birth("", value).code


def _of_gradient(facts: Facts, value: int) -> Finding:
    name = facts.label(value)
    title = f"{name} is a gradient, and the pass that computed it kept no graph of it"
    return Finding(
        "root-without-graph", title,
        "backward() and autograd.grad give plain numbers, unless they are asked to record what they do.",
        "Pass create_graph=True to the pass that computes it.",
        (facts.at_birth(f"{name} is computed here", value),), Severity.ERROR,
    )  # fmt: skip


def _of_constants(facts: Facts, root: int, leaves: list[int]) -> Finding | None:
    """No leaf requires a gradient: tell those that have names, what was frozen or made last first."""
    named = {
        int(facts.tape.values["tensor"][v]): v
        for v in leaves
        if v != root and facts.tape.name_of(int(facts.tape.values["tensor"][v]))
    }
    links = [
        facts.at_birth(f"{facts.name(tensor)} does not require a gradient", value)
        for tensor, value in named.items()
    ]
    links.sort(key=lambda link: -(link.source.line if link.source is not None else 0))
    if not links:
        return None
    frozen = [t for t, v in named.items() if facts.tape.values["flags"][v] & ValueFlag.PARAMETER]
    where = texts.where_frozen(facts, named[frozen[0]]) if frozen else None
    if frozen:
        return _of_frozen(facts, facts.name(frozen[0]), tuple(links[:_MOST]), where)
    names = ", ".join(facts.name(tensor) for tensor in list(named)[:_MOST])
    names += ", …" if len(named) > _MOST else ""
    return Finding(
        "root-without-graph", f"it is computed from {names}, and none of these requires one",
        "Gradients are computed for leaves that ask for them.",
        "Make what is to learn require a gradient: torch.tensor(..., requires_grad=True), or requires_grad_() "
        "before the loss is computed.",
        tuple(links[:_MOST]), Severity.ERROR,
    )  # fmt: skip


def _of_frozen(facts: Facts, name: str, links: tuple[Link, ...], where: Link | None) -> Finding:
    first = () if where is None else (where,)
    mine = [link for link in links if link.text.startswith(f"{name} ")]
    return Finding(
        "root-without-graph", f"all parameters that it is computed from are frozen, as {name}",
        f"{name}.requires_grad is False, and so is that of all others.",
        "Leave requires_grad on for what is to learn, as for the layers that are new.",
        (*first, *mine, *[link for link in links if link not in mine]), Severity.ERROR,
    )  # fmt: skip
