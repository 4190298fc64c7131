"""What looks wrong in a whole run: the checks behind the list of problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from engine.tape import ledger
from engine.tape.diagnose import nonfinite, size, zero
from engine.tape.diagnose.accumulated import not_averaged, same_root_twice
from engine.tape.diagnose.asked_gradients import unkept_gradients
from engine.tape.diagnose.breaks import cut_at, lost_at
from engine.tape.diagnose.divergence import diverging
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.growth import growing
from engine.tape.diagnose.hooked import strong_hooks
from engine.tape.diagnose.loss_inputs import unfit_inputs
from engine.tape.diagnose.losses import mistaken_losses
from engine.tape.diagnose.modes import still_evaluating
from engine.tape.diagnose.number_terms import number_terms
from engine.tape.diagnose.parameters import training
from engine.tape.diagnose.penalties import constant_penalties
from engine.tape.diagnose.rootless import behind
from engine.tape.diagnose.stale import stale_forwards
from engine.tape.diagnose.sums import summed_losses
from engine.tape.diagnose.symmetry import alike_units
from engine.tape.diagnose.trace import Trail
from engine.tape.diagnose.units import dead_units, saturated_units
from engine.tape.schema import GradChange

Cancelled = Callable[[], bool]
Check = Callable[[Facts, Cancelled], list[Finding]]


def parts(
    facts: Facts, going_on: bool = False
) -> Iterator[tuple[Callable[[Cancelled], list[Finding]], float]]:
    """Yield the checks, each with the share of the whole that is done after it.

    going_on: the program still runs, so that what is missing yet is not looked for.
    """
    checks: tuple[Check, ...] = (
        births, births_backward, empty_passes, unfinished_sums, training, mistaken_losses, unfit_inputs, summed_losses,
        constant_penalties, number_terms, not_averaged, same_root_twice, stale_forwards, still_evaluating, alike_units,
        dead_units, saturated_units, flat_gradients, sizes, unkept_gradients, strong_hooks,
    )  # fmt: skip
    if going_on:
        checks = (
            births, births_backward, unfinished_sums, mistaken_losses, unfit_inputs, summed_losses, constant_penalties,
            sizes,
        )  # fmt: skip
    for number, check in enumerate(checks, 1):
        yield partial(check, facts), number / len(checks)


def births(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return where NaN and infinities were born in values, each birth once."""
    tape, found = facts.tape, list[Finding]()
    spoilt = np.zeros(len(tape.values), bool)
    for value in range(len(tape.values)):
        if cancelled():
            break
        if not facts.floating(value):
            continue
        if tape.values["grad_of"][value] >= 0:
            spoilt[value] = facts.is_bad(value)  # its pass is what is told of
            continue
        if not facts.is_bad(value):
            continue
        spoilt[value] = True
        op = int(tape.values["op"][value])
        if op >= 0 and any(v >= 0 and spoilt[v] for v in facts.inputs(op)):
            if not _new_nan(facts, op, value):
                continue
        elif not facts.is_nan(value) and not nonfinite.arithmetic(facts, value):
            continue  # an infinity that was filled in, as masks are
        elif op < 0 and (not facts.is_nan(value) or facts.is_gradient(value)):
            continue  # given as infinite (a start value of a minimum), or by autograd.grad
        elif op < 0 and (made := nonfinite.before_leaf(facts, value)) >= 0 and spoilt[made]:
            continue
        if _reaches(facts, value):
            found.append(nonfinite.why_value(facts, value))
    told = diverging(facts, found)
    return growing(facts, told) if told is found else told


def _new_nan(facts: Facts, op: int, value: int) -> bool:
    """Whether a NaN was made of infinities that nobody computed (fully masked softmax)."""
    sources = [v for v in facts.inputs(op) if v >= 0 and facts.is_bad(v)]
    if not facts.is_nan(value):
        return False
    if any(facts.is_nan(v) for v in sources):
        return False
    return not any(nonfinite.arithmetic(facts, v) for v in sources)


def _reaches(facts: Facts, value: int) -> bool:
    """Whether anything came of a value: a root or a leaf's update, or it is an end of its own."""
    waiting, seen = [value], {value}
    roots = {v for p in range(len(facts.tape.passes)) for v in facts.roots(p)}
    while waiting:
        one = waiting.pop()
        if one in roots:
            return True
        users = facts.users(one)
        if not users:
            return True
        for op in users:
            outs = [out for out in facts.outputs(op) if facts.is_bad(out)]
            for out in outs:
                if out not in seen:
                    seen.add(out)
                    waiting.append(out)
    return False


def births_backward(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    tape, found = facts.tape, list[Finding]()
    told: set[int] = set()
    for row in range(len(tape.contributions)):
        if cancelled():
            break
        if not facts.sent_bad(row):
            continue
        step = int(tape.contributions["step"][row])
        pass_ = int(tape.steps["pass_"][step])
        if pass_ in told:
            continue
        told.add(pass_)  # the first of a pass; what follows from it is not new
        tensor = int(tape.contributions["tensor"][row])
        if any(facts.sent_bad(r) for r in facts.arrivals(step)):
            continue
        roots = facts.roots(pass_)
        if any(facts.is_bad(v) and nonfinite.arithmetic(facts, v) for v in roots):
            continue  # its forward is what is wrong
        found.append(nonfinite.born_backward(facts, tensor, step, row, Trail(facts, "")))
    return found


def empty_passes(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return passes that began at a computed tensor without a graph, made to require a gradient."""
    tape, found = facts.tape, list[Finding]()
    for pass_ in range(len(tape.passes)):
        for value in facts.roots(pass_):
            op, tensor = _made_by(facts, value), int(tape.values["tensor"][value])
            name = facts.name(tensor)
            cut = _cut_before(facts, value, op, name, tensor) if op >= 0 else None
            if cut is None:
                continue
            begun = facts.at_event(f"the pass begins at {name}", int(tape.passes["event"][pass_]))
            return [
                Finding(
                    cut.cause, f"nothing is behind {name}, where the pass begins: {cut.title}",
                    f"{cut.text} {name}.requires_grad_() makes a new leaf of it and brings no graph back.",
                    cut.remedy, (*cut.chain, begun), Severity.ERROR, tensor,
                )
            ]  # fmt: skip
    return found


def _cut_before(facts: Facts, root: int, op: int, name: str, tensor: int) -> Finding | None:
    """Say where the graph behind a root, made a leaf by requires_grad_(), was lost; None if it had none."""
    if not facts.is_leaf(root):
        return None
    lost = lost_at(facts, op)
    if lost is not None:
        return cut_at(facts, lost, name, tensor, ())
    taken = behind(facts, root)
    return taken if taken is not None and taken.cause in _TAKEN else None


def _made_by(facts: Facts, value: int) -> int:
    """Return the operation that first made a value's tensor, or -1."""
    tensor = int(facts.tape.values["tensor"][value])
    return int(facts.tape.values["op"][facts.values_of(tensor)[0]])


#: Causes of a root without a graph that had one: its numbers were taken and computed with.
_TAKEN = ("data", "left-torch")


def unfinished_sums(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return leaves that were updated with the gradients of several passes in their .grad."""
    tape, found = facts.tape, list[Finding]()
    told: set[object] = set()
    for tensor in tape.grads_of.keys(tape.grads["tensor"]):
        if cancelled():
            break
        changes = facts.changes(tensor)
        adding = [c for c in changes if c.kind is GradChange.ACCUMULATE]
        for now in adding[1:]:
            first = next((c for c in adding if c.pass_ in now.passes), now)
            if first.pass_ == now.pass_:
                continue
            if size.updated_between(facts, tensor, first.event, now.event) < 0:
                continue
            # An update must use the sum: what a pass leaves behind is often zeroed in time (GANs).
            ends = [c.event for c in changes if c.event > now.event and c.passes != now.passes]
            end = min(ends, default=len(tape.events))
            if size.updated_between(facts, tensor, now.event, end) < 0:
                continue
            upto = [c for c in changes if c.event <= now.event]
            one = size.piled(facts, tensor, upto)
            if one is not None and one.cause == "not-zeroed" and one.culprit.source not in told:
                told.add(one.culprit.source)
                found.append(one)
            break
    return found


#: Causes that keep a gradient at zero whatever the data are: told of at once; and others, told of when steps
#: did not help, or as a note where there is one pass only.
_NEVER, _STAYS = (
    ("flat", "constant", "underflow", "hook", "not-differentiable", "cancelled"),
    ("clamped", "times-zero", "saturated", "kink", "padding", "dead-relu"),
)


def flat_gradients(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return leaves that only ever received zeros, one for each cause."""
    tape, found = facts.tape, dict[str, Finding]()
    for tensor in tape.grads_of.keys(tape.grads["tensor"]):
        if cancelled():
            break
        changes = facts.changes(tensor)
        adding = [c for c in changes if c.kind is GradChange.ACCUMULATE]
        brought = (ledger.added(tape, change) for change in adding)
        if not adding or any(one is None or one.any() for one in brought):
            continue
        shape = facts.shape(facts.values_of(tensor)[0])
        one = zero.why_zero(facts, tensor, adding[-1].event + 1, np.ones(shape, bool))
        moved = size.updated_between(facts, tensor, adding[0].event, len(tape.events)) >= 0
        stayed = size.updated_between(facts, tensor, adding[0].event, adding[-1].event) >= 0
        if one.cause == "cancelled" and not any("sends it on" in link.text for link in one.chain):
            continue  # a bias on both sides of a difference
        once = len(adding) == 1 and (one.cause != "times-zero" or _for_good(facts, one))
        if one.cause in found or one.cause not in (*_NEVER, *(_STAYS if stayed or once else ())):
            continue
        title = f"{facts.name(tensor)} never receives anything but zeros: {one.title}"
        sure = (moved and (stayed or one.cause in _NEVER)) or one.cause == "underflow"
        severity = Severity.WARNING if sure else Severity.NOTE
        found[one.cause] = replace(one, title=title, severity=severity, tensor=tensor)
    return list(found.values())


def _for_good(facts: Facts, one: Finding) -> bool:
    """Whether a factor of 0 is a parameter's start or a mask, not a state that begins at 0."""
    if "starts as nothing but zeros" in one.text or one.culprit.op < 0:
        return True
    factors = [facts.made_by(facts.unviewed(v)) for v in facts.inputs(one.culprit.op) if v >= 0]
    sources = [v for op in factors if op >= 0 for v in facts.inputs(op) if v >= 0]
    return any(facts.tape.value_dtype(v) == "bool" for v in sources)


def sizes(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return gradients that explode or vanish on their way, the worst of each kind."""
    tape, worst = facts.tape, dict[str, tuple[float, Finding]]()
    for tensor in tape.grads_of.keys(tape.grads["tensor"]):
        if cancelled():
            break
        changes = facts.changes(tensor)
        if not any(c.kind is GradChange.ACCUMULATE for c in changes):
            continue
        one = size.grown(facts, tensor, changes)
        if one is None:
            continue
        last = next(c for c in reversed(changes) if c.kind is GradChange.ACCUMULATE)
        extent = abs(np.log(max(size.rms(ledger.added(tape, last)), 1e-300)))
        if one.cause not in worst or extent > worst[one.cause][0]:
            worst[one.cause] = (float(extent), one)
    return [one for _, one in worst.values()]
