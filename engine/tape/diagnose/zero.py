"""Why a gradient is zero: the node whose derivative took it away, and what made that derivative zero."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape import sums
from engine.tape.diagnose import texts
from engine.tape.diagnose.elements import decided
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.trace import Mask, Trail, gradients
from engine.tape.diagnose.zero_causes import explain, zero_start
from engine.tape.diagnose.zero_ways import is_live, through_elements, through_zeros, whole
from engine.tape.schema import GradChange

Array = NDArray[Any]


def why_zero(facts: Facts, tensor: int, playhead: int, mask: Mask) -> Finding:
    """Return why the elements `mask` of `tensor.grad` are zero at a playhead, at which they are."""
    tape = facts.tape
    rows = [
        row
        for row in tape.grads_of.rows(tape.grads["tensor"], tensor)
        if tape.grads["event"][row] < playhead
    ]
    last = rows[-1]
    kind, name = int(tape.grads["kind"][last]), facts.name(tensor)
    if kind != GradChange.ACCUMULATE:
        return _zeroed(facts, tensor, last, rows)
    steps = [int(tape.grads["ref"][row]) for row in rows if tape.grads["kind"][row] == kind]
    added = [sums.delta(tape, row) for row in rows if tape.grads["kind"][row] == kind]
    if any(a is not None and a.shape == mask.shape and (a[mask] != 0).any() for a in added[-1:]):
        return Finding(
            "cancelled",
            f"the passes into {name}.grad cancel",
            "Each pass brought a gradient that is not zero; their sum is.",
            "Look at each pass by itself, or zero the gradient between them.",
            tuple(facts.at_step("one of the passes adds to it", s) for s in steps[-2:]),
            tensor=tensor,
        )
    mask = whole(mask.shape) if mask.all() else mask
    return _follow(facts, tensor, steps[-1], mask, Trail(facts, "receives zero and sends it on"))


def why_zero_at(facts: Facts, step: int, shape: tuple[int, ...]) -> Finding:
    """Return why all of what came in at a step is zero."""
    trail = Trail(facts, "receives zero and sends it on")
    return _follow(facts, -1, step, whole(shape), trail)


def _zeroed(facts: Facts, tensor: int, row: int, rows: list[int]) -> Finding:
    name, event = facts.name(tensor), int(facts.tape.grads["event"][row])
    op = int(facts.tape.grads["ref"][row])
    by = f" by {facts.called(op)}" if op >= 0 and facts.base(op) != "zero" else ""
    chain = [facts.at_event(f"{name}.grad becomes zero", event)]
    held = [r for r in rows if facts.tape.grads["kind"][r] == GradChange.ACCUMULATE]
    if held:
        chain.append(
            facts.at_event("a pass had added to it here", int(facts.tape.grads["event"][held[-1]]))
        )
    return Finding(
        "zeroed",
        f"{name}.grad was zeroed after the last pass{by}",
        f"Since then no pass has added to {name}.grad.",
        "Read the gradient (or step the optimizer) before zeroing it: zero_grad, backward, step.",
        tuple(chain),
        Severity.NOTE,
        tensor,
    )


def _follow(facts: Facts, tensor: int, step: int, mask: Mask, trail: Trail) -> Finding:
    """Go back from a step that got (or sent) zeros to the node that made them."""
    number = 0  # of the output of the step's node that the mask is of
    while True:
        begun = step
        if mask is whole(mask.shape):
            step, mask = through_zeros(facts, step, mask, trail)
        else:
            step = through_elements(facts, step, mask, trail)
        number = number if step == begun else 0
        rows = facts.arrivals(step)
        if not rows:
            return _seed(facts, tensor, step, trail)
        rows = [row for row in rows if facts.number(row) == number] or rows
        live = [row for row in rows if is_live(facts, row, mask)]
        if live and facts.hooked(step):
            return _hook(facts, tensor, step, trail)
        if live:
            return _cancelled(facts, tensor, step, rows, trail)
        row = rows[-1]
        source = facts.sender(row)
        op = facts.op_of(facts.node_at(source))
        value = facts.input_of(facts.node_at(source), facts.slot(row))
        if op < 0 or value < 0 or facts.shape(value) != mask.shape:
            mask = whole(facts.shape(value)) if value >= 0 else mask
        came = _came(facts, source, decided(facts, op, value, mask) if value >= 0 else [None])
        if not came:
            return _seed(facts, tensor, source, trail)
        followed = next((one for one in came if one.mask.any()), None)
        if followed is None or any((one.gradient[one.mask] != 0).any() for one in came):
            return _killer(facts, tensor, source, op, value, mask, came, trail)
        trail.step(source)
        step, number, mask = source, followed.number, followed.mask


class _Came(NamedTuple):
    """What came to one output of a node, and which elements of it matter."""

    number: int
    gradient: Array
    mask: Mask


def _came(facts: Facts, step: int, masks: list[Mask | None]) -> list[_Came]:
    """Return what came in at a step, beside the masks of its operation's results; None: all."""
    found = []
    for number, gradient in enumerate(gradients(facts, step)):
        if gradient is None:
            continue
        mask = masks[number] if number < len(masks) else None
        if mask is None or mask.shape != gradient.shape or mask.all():
            mask = whole(gradient.shape)
        found.append(_Came(number, gradient, mask))
    return found


def _seed(facts: Facts, tensor: int, step: int, trail: Trail) -> Finding:
    pass_ = int(facts.tape.steps["pass_"][step])
    begun = facts.at_event("the pass begins with zero", int(facts.tape.passes["event"][pass_]))
    return Finding(
        "zero-seed",
        "the pass began with a gradient of zero",
        "The gradient that backward() was given is zero here, so nothing but zeros can follow.",
        "Pass the gradient that you mean: backward(gradient=torch.ones_like(root)).",
        (begun, facts.at_step("this node gets it", step), *trail.links()),
        tensor=tensor,
    )


def _hook(facts: Facts, tensor: int, step: int, trail: Trail) -> Finding:
    node = int(facts.tape.steps["node"][step])
    leaf = int(facts.tape.nodes["variable"][node])
    who = facts.node_name(node) if leaf < 0 else facts.name(leaf)
    got = facts.at_step(f"{who} gets what the hook gave", step)
    return Finding(
        "hook",
        f"a hook made the gradient of {who} zero",
        f"What came to {who} is not zero; a hook that is registered there gave zeros in its place.",
        "Let the hook return what is not zero (None leaves the gradient as it is), or take it away: "
        "handle.remove().",
        (*texts.where_hooked(facts, step, tensor), got, *trail.links()),
        tensor=tensor,
    )


def _cancelled(facts: Facts, tensor: int, step: int, rows: list[int], trail: Trail) -> Finding:
    links = tuple(
        facts.at_step("one path brings a gradient", int(facts.tape.contributions["step"][row]))
        for row in rows[-4:]
    )
    return Finding(
        "cancelled",
        "the contributions of several paths cancel",
        "Each path brings a gradient that is not zero; added up they are.",
        "Nothing is wrong with a single node: look whether the paths should be there at all (x - x).",
        (*links, *trail.links()),
        tensor=tensor,
    )


def _killer(
    facts: Facts, tensor: int, step: int, op: int, value: int, mask: Mask, came: list[_Came],
    trail: Trail,
) -> Finding:  # fmt: skip
    """The step received something and sent zero: say what of its operation made that so."""
    sizes = [float(np.abs(one.gradient[one.mask]).max(initial=0.0)) for one in came]
    cause, title, text, remedy = explain(facts, op, value, mask, max(sizes, default=0.0))
    node = facts.node_name(int(facts.tape.steps["node"][step]))
    chain = (facts.at_step(f"{node} receives a gradient and sends zero", step), *trail.links())
    own = texts.backward_of(facts, step)
    if own is not None:
        title, chain = f"the backward of {facts.base(op)} gives zeros", (own, *chain)
        text = f"{node} is a Function of your own: a gradient came in, and its backward returned zeros."
        remedy = "Look at what this backward returns."
    if cause == "hook":
        chain = (*texts.where_hooked(facts, step, tensor), *chain)
    start = zero_start(facts, op, value) if cause == "times-zero" else -1
    if start >= 0:
        name = facts.label(start)
        text += f" It comes of {name}, which starts as nothing but zeros."
        remedy = f"Initialise {name} with random numbers (the default of a layer), not with zeros."
        chain = (texts.where_filled(facts, f"{name} starts as zeros", start), *chain)
    return Finding(cause, title, text, remedy, chain, tensor=tensor)
