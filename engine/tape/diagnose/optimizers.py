"""What goes wrong with the steps of optimizers: left out, too early, of other tensors, or in vain."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from engine.tape import ledger
from engine.tape.diagnose import lines
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.schema import GradChange, Mark


def thrown_away(facts: Facts, reached: set[int], updated: dict[int, int]) -> list[Finding]:
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
        if wiped >= 2 and wiped >= passes - 1:
            name = facts.name(tensor)
            if not (has_steps(facts) and has_stepped(facts, updated)):
                return _no_step(facts, tensor, changes)
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


def unmoved(facts: Facts, updated: dict[int, int]) -> list[Finding]:
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


def _no_step(facts: Facts, tensor: int, changes: list[ledger.Change]) -> list[Finding]:
    """A program that makes an optimizer, and computes and zeroes gradients, and calls no step()."""
    made = lines.optimizer(facts.cells_until(-1))
    if made is None:
        return []
    name, filled = facts.name(tensor), next(c for c in changes if c.kind is GradChange.ACCUMULATE)
    begun = int(facts.tape.passes["event"][filled.pass_])
    link = facts.at_event("backward() fills the gradients here, and no step() comes", begun)
    return [
        Finding(
            "never-updated", f"{name} has gradients, and no optimizer's step() is called",
            "The program makes an optimizer, fills and zeroes the gradients in every iteration, and never "
            "calls its step(): nothing learns.",
            "Call optimizer.step() after backward().",
            (link, moved(facts.at_event("the optimizer is made here", begun), made)),
            Severity.ERROR, tensor,
        )
    ]  # fmt: skip


def idle(facts: Facts, reached: set[int], updated: dict[int, int]) -> list[Finding]:
    """Optimizers none of whose steps found a gradient, though the program computes gradients."""
    marks = facts.tape.marks[facts.tape.marks["kind"] == Mark.IDLE]
    busy = {facts.params(op).get("optimizer") for op in updated.values()}
    for text in np.unique(marks["text"]).tolist():
        events, name = marks["event"][marks["text"] == text].tolist(), facts.tape.text(text)
        if name in busy:
            continue
        one = _idle_one(facts, name, events, reached)
        if one is not None:
            return [one]
    return []


def _idle_one(facts: Facts, name: str, events: list[int], reached: set[int]) -> Finding | None:
    step = facts.at_event(f"{name}.step() finds no gradient", events[-1])
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


def zeroed_by_write(facts: Facts, updated: dict[int, int]) -> list[Finding]:
    """Gradients that a write, as of a clip to the norm 0, makes zero before every step."""
    for tensor in updated:
        if not _stepped_with_zeros(facts, tensor):
            continue
        for now, after in pairwise(facts.changes(tensor)):
            if after.kind is not GradChange.WRITE or after.op == "zero_":
                continue
            held = [facts.array(int(facts.tape.grads["value"][c.row])) for c in (now, after)]
            if held[0] is None or held[1] is None or not held[0].any() or held[1].any():
                continue
            name = facts.name(tensor)
            return [
                Finding(
                    "zeroed-before-step", f"{name}.grad is made zero before every step",
                    f"{after.op} writes zeros over what backward() brought, so the steps move nothing.",
                    "Look at what scales or clips the gradients in this line (a norm or factor of 0).",
                    (
                        facts.at_event(f"{after.op} makes {name}.grad zero", after.event),
                        facts.at_event("backward() had filled it", now.event),
                    ), Severity.ERROR, tensor,
                )
            ]  # fmt: skip
    return []


def has_stepped(facts: Facts, updated: dict[int, int]) -> bool:
    """Whether the step() of any optimizer ran, with gradients or without, as far as is known."""
    made = any("optimizer" in facts.params(op) for op in updated.values())
    idle = facts.tape.marks["kind"] == Mark.IDLE
    return made or bool(idle.any()) or lines.optimizer(facts.cells_until(-1)) is None


def has_steps(facts: Facts) -> bool:
    """Whether the program calls an optimizer's step: without gradients that leaves no other trace."""
    cells = facts.tape.cells
    return any(".step(" in facts.tape.text(int(cells["source"][row])) for row in range(len(cells)))
