"""What goes wrong with parameters over a run: never reached, never zeroed, never stepped, aliased."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from engine.tape import ledger
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.none import why_none
from engine.tape.modules import module_path
from engine.tape.schema import GradChange, Mark, ValueFlag

Cancelled = Callable[[], bool]

_GIVE = "Give {name} to the optimizer (model.parameters(), or a parameter group)."
_IN_A_LIST = (
    " A model does not know layers that it keeps in a list or dict of Python: put them into "
    "nn.ModuleList, nn.ModuleDict or nn.ParameterList."
)


def training(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return parameters that no pass reaches or no step moves, and gradients thrown away or shared."""
    tape = facts.tape
    parameters = _parameters(facts)
    reached = set(tape.grads_of.keys(tape.grads["tensor"]))
    updated = _updated(facts)
    found = list[Finding]()
    if reached & parameters.keys():
        found += _unused(facts, parameters, reached)
    elif len(tape.passes) and _has_steps(facts):
        found += _unused(facts, parameters, reached)[:1]  # what cuts one off cuts all off
    elif len(tape.passes):
        found += _cut_off(facts, parameters)
    replaced = _replaced(facts, parameters, reached, updated)
    found += replaced
    if updated and not replaced:
        found += _left_out(facts, parameters, reached, updated)
    found += _thrown_away(facts, reached, updated)
    found += _unmoved(facts, updated)
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
    flags = tape.values["flags"]
    return {
        int(tape.values["tensor"][row]): int(tape.values["op"][row])
        for row in rows.tolist()
        if flags[row] & ValueFlag.LEAF and flags[row] & ValueFlag.REQUIRES_GRAD
    }


def _unused(facts: Facts, parameters: dict[int, int], reached: set[int]) -> list[Finding]:
    """Parameters of a model that learns, to which no gradient ever came."""
    found = []
    for tensor, value in parameters.items():
        if tensor in reached or not facts.tape.name_of(tensor) or _only_stepped(facts, tensor):
            continue
        reason = why_none(facts, tensor, len(facts.tape.events))
        if reason.cause in ("frozen", "no-backward", "grad-call", "inputs-left-out", "stopped"):
            continue
        name = facts.name(tensor)
        meant = reason.cause in ("no-grad", "detached") and _aside(facts, tensor, reached)
        found.append(
            Finding(
                reason.cause if reason.cause != "unused" else "unused-parameter",
                f"{name} gets no gradient: {reason.title}",
                reason.text,
                reason.remedy,
                reason.chain or (facts.at_value(f"{name} is made", value),),
                Severity.NOTE if meant else Severity.WARNING,
                tensor,
            )
        )
    return found


def _cut_off(facts: Facts, parameters: dict[int, int]) -> list[Finding]:
    """Where passes ran and came to no parameter at all: what cuts the first one off, if it is told."""
    for tensor in parameters:
        if facts.tape.name_of(tensor) and not _only_stepped(facts, tensor):
            one = why_none(facts, tensor, len(facts.tape.events))
            cut = one.cause in ("left-torch", "data", "detached", "not-differentiable", "no-grad")
            title = f"{facts.name(tensor)} gets no gradient: {one.title}"
            return [replace(one, title=title)] if cut else []
    return []


def _aside(facts: Facts, tensor: int, reached: set[int]) -> bool:
    """Whether a parameter is of a model of its own none of which learns: a teacher, a target."""
    models = _models(facts)
    own = models.get(tensor, set())
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
    for tensor, value in parameters.items():
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


def _left_out(
    facts: Facts, parameters: dict[int, int], reached: set[int], updated: dict[int, int]
) -> list[Finding]:
    """Parameters with gradients that no step moves, while others of the run move."""
    found = []
    by_optimizer = any("optimizer" in facts.params(op) for op in updated.values())
    last_update = max(int(facts.tape.ops["event"][op]) for op in updated.values())
    marks = facts.tape.marks
    last_error = int(marks["event"][marks["kind"] == Mark.ERROR].max(initial=-1))
    for tensor, value in parameters.items():
        if tensor not in reached or tensor in updated or not by_optimizer:
            continue
        changes = facts.changes(tensor)
        first = changes[0].event
        if first > last_update or first < last_error:
            continue  # its step may have come after the error
        name, remedy = facts.name(tensor), _GIVE
        if facts.tape.name_of(tensor) is None:  # no module and no variable leads to it
            remedy += _IN_A_LIST
        found.append(
            Finding(
                "never-updated",
                f"{name} has gradients but is never updated",
                f"Other parameters are stepped by an optimizer; {name} is not among them.",
                remedy.format(name=name),
                (
                    facts.at_value(f"{name} is made", value),
                    facts.at_event(f"{name}.grad gets its first gradient", first),
                ),
                Severity.WARNING,
                tensor,
            )
        )
    return found


def _thrown_away(facts: Facts, reached: set[int], updated: dict[int, int]) -> list[Finding]:
    """Gradients that are zeroed after backward() and before the step, in every iteration."""
    tape = facts.tape
    for tensor in sorted(reached):
        changes = facts.changes(tensor)
        if (tensor in updated and not _stepped_with_zeros(facts, tensor)) or len(changes) < 4:
            continue
        wiped = 0
        for now, after in pairwise(changes):
            if now.kind is not GradChange.ACCUMULATE or after.kind is GradChange.ACCUMULATE:
                continue
            value = int(tape.grads["value"][now.row])
            users = (
                [op for op in facts.users(value) if facts.base(op) != "zero"] if value >= 0 else []
            )
            used = bool(users) or (value >= 0 and bool(facts.origins.how_read(value)))
            cleared = after.kind is GradChange.CLEAR or after.op == "zero_"
            wiped += int(cleared and not used)
        passes = len({c.pass_ for c in changes if c.pass_ >= 0})
        if wiped >= 2 and wiped >= passes - 1 and _has_steps(facts):
            name = facts.name(tensor)
            clear = next(c for c in changes if c.kind is GradChange.CLEAR or c.op == "zero_")
            if _before_backward(facts, clear, changes):
                return [_never_stepped(facts, tensor, changes[0].event)]
            return [
                Finding(
                    "zeroed-before-step",
                    f"{name}.grad is thrown away before anything uses it",
                    f"In every iteration {name}.grad is zeroed between backward() and the step, so the step "
                    "finds nothing and the parameters never move.",
                    "Order it: zero_grad(), backward(), step().",
                    (
                        facts.at_event(f"{name}.grad is zeroed", clear.event),
                        facts.at_event("backward() had just filled it", changes[0].event),
                    ),
                    Severity.ERROR,
                    tensor,
                )
            ]
    return []


def _stepped_with_zeros(facts: Facts, tensor: int) -> bool:
    """Whether an optimizer stepped a tensor, each time with nothing but zeros in its .grad."""
    made = [facts.made_by(value) for value in facts.values_of(tensor)]
    steps = [op for op in made if op >= 0 and "optimizer" in facts.params(op)]
    given = [facts.inputs(op)[1] for op in steps if len(facts.inputs(op)) > 1]
    gradients = map(facts.array, given)  # read until one is not zero
    return len(given) > 1 and not any(g is None or g.any() for g in gradients)


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


def _unmoved(facts: Facts, updated: dict[int, int]) -> list[Finding]:
    """An optimizer whose steps leave all that it has as it is, though gradients came."""
    steps = [
        (tensor, op, value)
        for tensor in updated
        for value in facts.values_of(tensor)
        if (op := facts.made_by(value)) >= 0 and "optimizer" in facts.params(op)
    ]
    if len({facts.tape.ops["event"][op] for _, op, _ in steps}) < 2 or not all(
        _unchanged(facts, op, value) for _, op, value in steps
    ):
        return []
    still = [step for step in steps if _had_gradient(facts, step[1])]
    if len(still) < 2 or len({tensor for tensor, _, _ in still}) == len(still):
        return []  # each was stepped once: a warm-up may begin with nothing
    tensor, op, _ = still[0]
    name, rates = facts.name(tensor), {facts.params(one).get("lr") for _, one, _ in still}
    rate = (
        f"its learning rate is {rates.pop()}"
        if len(rates) == 1
        else "its learning rates are too small"
    )
    return [
        Finding(
            "never-updated", f"the steps of {facts.params(op)['optimizer']} leave {name} as it is: {rate}",
            f"Gradients come to {name}, and no step changes a digit of it or of any other parameter.",
            "Give the optimizer another lr=, and look at what a scheduler makes of it (print get_last_lr()).",
            tuple(facts.at_op(f"a step leaves {name} as it is", one) for _, one, _ in still[:2]),
            Severity.WARNING, tensor,
        )
    ]  # fmt: skip


def _unchanged(facts: Facts, op: int, value: int) -> bool:
    before, after = facts.array(facts.inputs(op)[0]), facts.array(value)
    return before is not None and after is not None and np.array_equal(before, after)


def _had_gradient(facts: Facts, op: int) -> bool:
    gradient = facts.array(facts.inputs(op)[1]) if len(facts.inputs(op)) > 1 else None
    return gradient is not None and bool(gradient.any()) and bool(np.isfinite(gradient).all())


def _before_backward(facts: Facts, clear: ledger.Change, changes: list[ledger.Change]) -> bool:
    """Whether a loop zeroes first and then runs its pass: what is zeroed went through a step."""
    filled = next(c for c in changes if c.kind is GradChange.ACCUMULATE)
    one, other = clear.source, facts.source(int(facts.tape.passes["event"][filled.pass_]))
    same = (
        one is not None and other is not None and (one.file, one.cell) == (other.file, other.cell)
    )
    return same and one is not None and other is not None and one.line < other.line


def _never_stepped(facts: Facts, tensor: int, first: int) -> Finding:
    name = facts.name(tensor)
    value = facts.values_of(tensor)[0]
    return Finding(
        "never-updated", f"{name} has gradients but no step moves it",
        f"The program calls step(), and {name} stays as it is: the optimizer holds other tensors, as where "
        "the model was made anew, moved or loaded after it.",
        "Make the optimizer from the parameters of the model that is trained.",
        (
            facts.at_birth(f"{name} is made", value),
            facts.at_event(f"{name}.grad gets its first gradient", first),
        ), Severity.ERROR, tensor,
    )  # fmt: skip


def _has_steps(facts: Facts) -> bool:
    """Whether the program calls an optimizer's step: without gradients that leaves no other trace."""
    cells = facts.tape.cells
    return any(".step(" in facts.tape.text(int(cells["source"][row])) for row in range(len(cells)))


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
