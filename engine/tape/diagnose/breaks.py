"""Where a graph is cut: detach(), no_grad, an operation without a derivative, numbers taken out."""

from __future__ import annotations

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.schema import OpFlag

_DETACHING = ("detach", "detach_")


def lost_at(facts: Facts, op: int) -> int | None:
    """Return the operation at which an untracked result lost its graph; None if it never had one."""
    waiting, seen = [op], {op}
    while waiting:
        one = waiting.pop(0)
        inputs = [v for v in facts.inputs(one) if v >= 0]
        if any(facts.requires_grad(v) for v in inputs):
            return one
        for v in inputs:
            made = int(facts.tape.values["op"][v])
            if made >= 0 and made not in seen:
                seen.add(made)
                waiting.append(made)
    return None


def cut_at(facts: Facts, op: int, name: str, tensor: int, more: tuple[Link, ...]) -> Finding:
    """An operation had a tracked input and gave an untracked result."""
    if facts.called(op) not in _DETACHING:
        op = _past_views(facts, op)
    what, outs = facts.called(op), facts.outputs(op)
    made = facts.label(outs[0]) if len(outs) else f"the result of {what}"
    if what in _DETACHING:
        cause = "detached"
        title = f"the graph is cut here by {what}()"
        text = f"{what}() gives the same numbers without their history, so no gradient comes back."
        remedy = f"Leave out .{what}() where gradients should flow back to {name}."
    elif (len(outs) and not facts.floating(outs[0])) or what in ("sign", "round", "floor", "ceil"):
        cause = "not-differentiable"
        title = f"{what} has no derivative"
        text = f"{what} gives {facts.tape.value_dtype(outs[0])} numbers, through which no gradient flows."
        remedy = f"Use something differentiable in place of {what} (softmax for argmax, sigmoid for a comparison)."
    else:
        cause = "no-grad"
        title = f"{what} was computed under no_grad"
        text = (
            f"An input of {what} requires a gradient and {made} does not: recording was switched off "
            "(torch.no_grad(), inference_mode or set_grad_enabled(False)) at this line."
        )
        remedy = "Move the line out of the no_grad block."
    return Finding(
        cause, title, text, remedy, (facts.at_op(title, op), *more), Severity.ERROR, tensor
    )


def _past_views(facts: Facts, op: int) -> int:
    """Return the operation that does something with what an operation only looks at otherwise."""
    while facts.tape.ops["flags"][op] & OpFlag.VIEW and len(facts.outputs(op)):
        users = facts.users(facts.outputs(op)[0])
        if len(users) != 1 or facts.requires_grad(facts.outputs(users[0])[0]):
            break
        op = users[0]
    return op


def numbers_of(
    facts: Facts, origin: int, copy: int, name: str, tensor: int, more: tuple[Link, ...]
) -> Finding:
    """A value's numbers left the graph and came back as a new tensor or a Python number."""
    how = facts.origins.how_read(origin)
    was = facts.label(origin)
    made = facts.at_birth("", copy)
    used = facts.at_value("", copy)
    if not how and ".data" not in made.code + used.code:
        return Finding(
            "left-torch",
            f"the numbers of {was} are copied into a new tensor",
            f"torch.tensor() copies numbers: the copy is a new constant for autograd, without the history "
            f"of {was}.",
            f"Use {was} itself, or .clone().",
            (facts.at_birth(f"{was} is copied here", copy), *more),
            Severity.ERROR,
            tensor,
        )
    if not how:
        words = f"the numbers of {was} are taken through .data"
        event = facts.at_birth(words, copy) if ".data" in made.code else facts.at_value(words, copy)
        return Finding(
            "data",
            f"{was}.data has the numbers of {was} without their history",
            f"What is computed from {was}.data is not recorded, so no gradient comes back to it.",
            f"Use {was} itself instead of {was}.data.",
            (event, *more),
            Severity.ERROR,
            tensor,
        )
    read = next(r for r in facts.tape.reads if int(r["value"]) == origin)
    loc = int(read["loc"])
    link = Link(
        f"the numbers of {was} are read with .{how}()", int(read["event"]), value=origin,
        source=facts.tape.source(loc), code=facts.line_at(loc),
    )  # fmt: skip
    return Finding(
        "left-torch",
        f"{was} left the graph through .{how}()",
        f".{how}() gives plain numbers. What is computed from them is a new constant for autograd.",
        f"Keep tensors: leave out .{how}() on the way from {name} to the root.",
        (link, *more),
        Severity.ERROR,
        tensor,
    )


def updated_from(facts: Facts, op: int) -> int:
    """Return the leaf value that `w = w - lr * w.grad` made its result from, or -1."""
    inputs = [v for v in facts.inputs(op) if v >= 0]
    leaves = [v for v in inputs if facts.is_leaf(v) and facts.requires_grad(v)]
    for leaf in leaves:
        tensor = facts.tape.values["tensor"][leaf]
        for v in inputs:
            made = int(facts.tape.values["op"][v])
            sources = [v, *(facts.inputs(made) if made >= 0 else ())]
            if any(s >= 0 and facts.tape.values["grad_of"][s] == tensor for s in sources):
                return leaf
    return -1
