"""What goes wrong with parameters over a run: never reached, never zeroed, never stepped, aliased."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.tape.diagnose import discarded, idle, lines, optimizers, updates
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.left_out import left_out
from engine.tape.diagnose.none import why_none
from engine.tape.diagnose.vain_passes import vain_passes
from engine.tape.modules import module_path
from engine.tape.schema import GradChange, Mark, OpFlag, ValueFlag

Cancelled = Callable[[], bool]

_NOT_REACHED = ("unused-parameter", "no-grad", "detached")
_CUT = ("left-torch", "data", "detached", "not-differentiable", "no-grad")
_MOST = 20  # leaves that are asked about


def training(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return parameters that no pass reaches or no step moves, and gradients thrown away or shared."""
    tape = facts.tape
    parameters = _parameters(facts)
    reached = set(tape.grads_of.keys(tape.grads["tensor"]))
    updated = _updated(facts)
    unfed = idle.idle(facts, reached, updated)
    found = list(unfed)
    if reached & parameters.keys():
        found += _unused(facts, parameters, reached)
    elif len(tape.passes) and optimizers.has_steps(facts):
        found += _unused(facts, parameters, reached)[:1]  # what cuts one off cuts all off
    elif len(tape.passes):
        found += _cut_off(facts, parameters)
    found += _refused(facts, parameters, reached)
    replaced = _replaced(facts, parameters, reached, updated)
    if unfed and (replaced or unfed[0].cause == "never-updated"):
        keep = replaced or unfed  # what is not reached is what the optimizer holds
        found = keep + [o for o in found if o not in unfed and o.cause not in _NOT_REACHED]
    else:
        found += replaced
    if updated and not replaced:
        found += left_out(facts, parameters, reached, updated)
    found += [] if unfed else discarded.thrown_away(facts, reached, updated)
    found += vain_passes(facts, updated)
    found += discarded.zeroed_by_write(facts, updated)
    found += discarded.in_vain(facts)
    found += updates.unmoved(facts, updated)
    found += updates.undone(facts, updated)
    found += updates.repeated(facts, updated)
    found += updates.scheduled_early(facts, updated)
    found += _unregistered(facts, reached, updated)
    found += _aliased(facts)
    return found


def _parameters(facts: Facts) -> dict[int, int]:
    """Return the parameters that require a gradient: tensor → its latest value."""
    flags = ValueFlag.PARAMETER | ValueFlag.REQUIRES_GRAD
    rows = np.flatnonzero((facts.tape.values["flags"] & flags) == flags)
    return dict(zip(facts.tape.values["tensor"][rows].tolist(), rows.tolist(), strict=True))


def _updated(facts: Facts) -> dict[int, int]:
    """Return the leaves that something wrote after a pass: tensor → the latest such operation."""
    tape = facts.tape
    first = int(tape.passes["event"][0]) if len(tape.passes) else len(tape.events)
    rows = np.flatnonzero(
        (tape.values["event"] > first) & (tape.values["version"] > 0) & (tape.values["op"] >= 0)
    )
    flags, events = tape.values["flags"], tape.values["event"]
    wanted = ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD
    begun = {  # what fills a new parameter before it has a gradient is no update
        tensor: facts.changes(tensor)[0].event
        for tensor in tape.grads_of.keys(tape.grads["tensor"])
    }
    return {
        tensor: int(tape.values["op"][row])
        for row in rows.tolist()
        if flags[row] & wanted == wanted
        and events[row] > begun.get(tensor := int(tape.values["tensor"][row]), -1)
    }


def _unused(facts: Facts, parameters: dict[int, int], reached: set[int]) -> list[Finding]:
    """Parameters of a model that learns, to which no gradient ever came."""
    found = []
    for tensor, value in parameters.items():
        if tensor in reached or not facts.tape.name_of(tensor) or _only_stepped(facts, tensor):
            continue
        if _only_copied(facts, tensor) or _kept_up(facts, tensor):
            continue
        reason = why_none(facts, tensor, len(facts.tape.events))
        if reason.cause == "unused" and _broken_off(facts):
            continue
        if reason.cause in ("frozen", "no-backward", "grad-call", "inputs-left-out", "stopped"):
            continue
        name = facts.name(tensor)
        meant = reason.cause in ("no-grad", "detached") and _aside(facts, tensor, reached)
        if (
            meant
            and reason.cause == "no-grad"
            and any(optimizers.steps_of(facts, t) for t in reached)
        ):
            continue  # a teacher beside what an optimizer trains
        found.append(
            Finding(
                reason.cause if reason.cause != "unused" else "unused-parameter",
                f"{name} gets no gradient: {reason.title}",
                reason.text,
                reason.remedy,
                reason.chain or (facts.at_value(f"{name} is made", value),),
                Severity.NOTE if meant else Severity.WARNING,
                tensor,
                reason.edits,
            )
        )
    return found


def _refused(facts: Facts, parameters: dict[int, int], reached: set[int]) -> list[Finding]:
    """A leaf that is no parameter: a Function gives no gradient for it, or it asked for one too late."""
    flags = ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD
    rows = np.flatnonzero((facts.tape.values["flags"] & flags) == flags)
    leaves = dict.fromkeys(facts.tape.values["tensor"][rows].tolist())
    roots = facts.tape.roots["value"].tolist()
    anew = bool(roots) and all(v >= 0 and facts.is_leaf(v) for v in roots)
    late = lines.all_asked(facts.cells_until(-1)) if len(facts.tape.passes) else []
    named = [facts.named(name) for name in late]
    leaves |= dict.fromkeys(t for t in named if t >= 0 and t not in leaves)
    for tensor in [t for t in leaves if t not in reached and t not in parameters][:_MOST]:
        if not facts.tape.name_of(tensor):
            continue
        one = why_none(facts, tensor, len(facts.tape.events))
        asked = one.cause == "no-requires-grad" and "only after" in one.title
        title = f"{facts.name(tensor)} gets no gradient: {one.title}"
        if one.cause == "returned-none" or asked or (one.cause in _CUT and anew):
            return [replace(one, title=title, severity=Severity.WARNING)]
        if one.cause in ("data", "left-torch") and roots:
            return [replace(one, title=title, severity=Severity.NOTE)]
    return []


def _cut_off(facts: Facts, parameters: dict[int, int]) -> list[Finding]:
    """Where passes ran and came to no parameter at all: what cuts the first one off, if it is told."""
    for tensor in parameters:
        if facts.tape.name_of(tensor) and not _only_stepped(facts, tensor):
            one = why_none(facts, tensor, len(facts.tape.events))
            cut = one.cause in _CUT
            title = f"{facts.name(tensor)} gets no gradient: {one.title}"
            return [replace(one, title=title)] if cut else []
    return []


def _aside(facts: Facts, tensor: int, reached: set[int]) -> bool:
    """Whether a parameter is of a model of its own none of which learns: a teacher, a target."""
    models = _models(facts)
    own = models.get(tensor, set())
    if any(lines.trains(facts.cells_until(-1), name) for name in own):
        return False
    return bool(own) and "" not in own and not any(models.get(t, set()) & own for t in reached)


def _models(facts: Facts) -> dict[int, set[str]]:
    """Return the names of the outermost modules within which each leaf is used."""
    found: dict[int, set[str]] = {}
    tape, flags = facts.tape, ValueFlag.PARAMETER
    for value in np.flatnonzero(tape.values["flags"] & flags).tolist():
        names = found.setdefault(int(tape.values["tensor"][value]), set())
        for op in facts.users(value):
            scope = int(tape.ops["scope"][op])
            if scope > 0:
                names.add(module_path(tape, scope).split(".")[0])
    return found


def _only_copied(facts: Facts, tensor: int) -> bool:
    """Whether all that is done with a parameter is to copy it into others, as of a model that is kept."""
    users = [(op, v) for v in facts.values_of(tensor) for op in facts.users(v)]
    taken = [op for op, v in users if facts.base(op) == "copy" and facts.inputs(op)[1:] == [v]]
    ours = [op for op, v in users if facts.tape.ops["flags"][op] & OpFlag.INPLACE]
    return bool(taken) and len(set(taken) | set(ours)) == len({op for op, _ in users})


def _kept_up(facts: Facts, tensor: int) -> bool:
    """Whether the program writes a parameter after passes and only reads it for that: an average of others."""
    passes = facts.tape.passes["event"]
    first = int(passes[0]) if len(passes) else len(facts.tape.events)
    writes = [
        facts.made_by(v) for v in facts.values_of(tensor) if facts.tape.values["event"][v] > first
    ]
    own = [op for op in writes if op >= 0 and "optimizer" not in facts.params(op)]
    read = [
        op
        for v in facts.values_of(tensor)
        for op in facts.users(v)
        if facts.tape.ops["node"][op] >= 0
    ]
    return bool(own) and not read


def _broken_off(facts: Facts) -> bool:
    """Whether an error ended the program after its last pass: what is not used yet might have been."""
    marks, passes = facts.tape.marks, facts.tape.passes["event"]
    error = int(marks["event"][marks["kind"] == Mark.ERROR].max(initial=-1))
    return bool(len(passes)) and error > int(passes[-1])


def _only_stepped(facts: Facts, tensor: int) -> bool:
    """Whether nothing but an optimizer holds a parameter."""
    return ".param_groups[" in facts.name(tensor)


def _replaced(
    facts: Facts, parameters: dict[int, int], reached: set[int], updated: dict[int, int]
) -> list[Finding]:
    """Parameters of a model that stand where those stood that the optimizer got."""
    gone = [t for t in parameters if t not in reached and _only_stepped(facts, t)]
    stepped = {
        facts.shape(parameters[t]): facts.name(t).partition(".param_groups[")[0] for t in gone
    }
    for tensor, value in sorted(parameters.items(), key=lambda p: not facts.tape.name_of(p[0])):
        optimizer = stepped.get(facts.shape(value))
        if optimizer is None or tensor not in reached or tensor in updated:
            continue
        name, first = facts.name(tensor), facts.values_of(tensor)[0]
        return [
            Finding(
                "never-updated", f"{optimizer} steps another tensor than {name}",
                f"{name} is not what {optimizer} was given, but was put in its place afterwards: "
                f"{optimizer} goes on stepping the old one, which nothing uses.",
                f"Make {optimizer} when the model has its parameters, or write into the old one: "
                "with torch.no_grad(): parameter.copy_(...).",
                (
                    facts.at_birth(f"{name} is made", first),
                    facts.at_value(f"{name} is used", value),
                ),
                Severity.ERROR, tensor,
            )
        ]  # fmt: skip
    return []


def _unregistered(facts: Facts, reached: set[int], updated: dict[int, int]) -> list[Finding]:
    """Leaves that a module keeps as plain attributes: gradients come, and no optimizer has them."""
    tape, found = facts.tape, list[Finding]()
    by_optimizer = [op for op in updated.values() if "optimizer" in facts.params(op)]
    for tensor in sorted(reached - updated.keys()):
        value = facts.values_of(tensor)[-1]
        if tape.values["flags"][value] & ValueFlag.PARAMETER or not by_optimizer:
            continue
        changes = facts.changes(tensor)
        passes = {c.pass_ for c in changes if c.kind is GradChange.ACCUMULATE}
        if len(passes) < 2:
            continue
        born = facts.at_birth(f"{facts.name(tensor)} is made", value)
        if not re.match(r"self\.\w+\s*=[^=]", born.code):
            continue
        name = facts.name(tensor)
        found.append(
            Finding(
                "never-updated", f"{name} has gradients but is no parameter of the model",
                f"{name} is a plain tensor that the model keeps as an attribute: model.parameters() does not "
                "give it to the optimizer.",
                f"Write self.{name.split('.')[-1]} = nn.Parameter(...).",
                (born, facts.at_event(f"{name}.grad gets its first gradient", changes[0].event)),
                Severity.WARNING, tensor,
            )
        )  # fmt: skip
    return found


def _aliased(facts: Facts) -> list[Finding]:
    """Two gradients in one memory: a write to one changes the other."""
    tape = facts.tape
    grads = np.flatnonzero(tape.values["grad_of"] >= 0)
    owner: dict[int, int] = {}
    for value in grads.tolist():
        storage, tensor = int(tape.values["storage"][value]), int(tape.values["grad_of"][value])
        other = owner.setdefault(storage, tensor)
        if other != tensor:
            names = facts.name(other), facts.name(tensor)
            return [
                Finding(
                    "aliased",
                    f"{names[0]}.grad and {names[1]}.grad are one memory",
                    "They were assigned the same tensor: zeroing or clipping one changes the other.",
                    f"Assign a clone: {names[1]}.grad = g.clone().",
                    (
                        facts.at_value(
                            f"{names[1]}.grad shares the memory of {names[0]}.grad", value
                        ),
                    ),
                    Severity.WARNING,
                    tensor,
                )
            ]
    return []
