"""Where a graph is cut: detach(), no_grad, an operation without a derivative, numbers taken out."""

from __future__ import annotations

import re
from dataclasses import replace

from engine.tape.diagnose import texts
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.schema import OpFlag

_DETACHING = ("detach", "detach_")
_DRAWING = ("multinomial", "bernoulli", "poisson", "binomial", "normal_mean", "normal_std", "normal_both",
            "standard_gamma", "sample_dirichlet")  # fmt: skip


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
    said = "detach" in facts.code(int(facts.tape.ops["event"][op]))
    if facts.called(op) not in _DETACHING or not said:
        op = _past_views(facts, op)
    if facts.base(op) in _DRAWING:
        return _drawn(facts, op, tensor, more)
    if (old := updated_from(facts, op)) >= 0 and len(facts.outputs(op)):
        return _updated_anew(facts, op, old, tensor, more)
    what, outs = facts.called(op), facts.outputs(op)
    made = facts.label(outs[0]) if len(outs) else f"the result of {what}"
    if what in _DETACHING:
        cause = "detached"
        title = f"the graph is cut here by {what}()"
        text = f"{what}() gives the same numbers without their history, so no gradient comes back."
        remedy = f"Leave out .{what}() where gradients should flow back to {name}."
    elif len(outs) > 1 and facts.requires_grad(outs[0]):
        lost = next((v for v in outs if not facts.requires_grad(v)), outs[-1])
        cause, kind = "not-differentiable", facts.tape.value_dtype(lost)
        what = "argsort" if "argsort" in facts.code(int(facts.tape.ops["event"][op])) else what
        title = f"the indices that {what} gives have no derivative"
        text = (
            f"{what} gives values, which have a gradient, and {kind} indices, which have none: the "
            "indices are what is used here."
        )
        remedy = f"Use the values of {what}, or the scores themselves in the loss (cross_entropy)."
    elif (len(outs) and not facts.floating(outs[0])) or what in ("sign", "round", "floor", "ceil"):
        cause = "not-differentiable"
        what = _conversion(facts, op) if what == "to_copy" else what
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
        switch = texts.switched_off(facts, op)
        if switch is not None:
            more = (switch, *more)
        around = switch is not None and switch.code.startswith("@")
        remedy = (
            f"Take the decorator {switch.code.partition('#')[0].strip()} away."
            if switch is not None and around
            else "Switch recording on again after it, or write `with torch.no_grad():` around what needs no gradient."
            if switch is not None and "set_grad_enabled" in switch.code
            else "Move the line out of the no_grad block."
        )
    return Finding(
        cause, title, text, remedy, (facts.at_op(title, op), *more), Severity.ERROR, tensor
    )


def _conversion(facts: Facts, op: int) -> str:
    """Return what a person wrote to turn numbers into integers: ".long()"."""
    code = facts.code(int(facts.tape.ops["event"][op]))
    named = re.search(r"\.(long|int|short|bool|byte|char|type|to)\(", code)
    return (
        f".{named[1]}()"
        if named is not None
        else f"turning it into {facts.tape.value_dtype(facts.outputs(op)[0])}"
    )


def _drawn(facts: Facts, op: int, tensor: int, more: tuple[Link, ...]) -> Finding:
    """A sample was drawn: the numbers depend on the probabilities in no way that has a derivative."""
    title = "a sample that is drawn has no derivative"
    text = (
        "The numbers are drawn at random: no gradient comes back from them to the probabilities or the "
        "parameters that they were drawn with."
    )
    remedy = (
        "Use rsample() where the distribution has it (Normal), gumbel_softmax for classes, or "
        "log_prob(sample) in the loss (REINFORCE)."
    )
    return Finding(
        "not-differentiable", title, text, remedy, (facts.at_op(title, op), *more), Severity.ERROR, tensor
    )  # fmt: skip


def _updated_anew(facts: Facts, op: int, old: int, tensor: int, more: tuple[Link, ...]) -> Finding:
    """`w = w - lr * w.grad` under no_grad: the name goes to a new tensor, which needs no gradient."""
    name = facts.label(old)
    title = f"{name} is given to a new tensor here, which requires no gradient"
    return Finding(
        "rebound", title,
        f"{facts.called(op)} makes a new tensor of the leaf {name} and its gradient. Under no_grad it is no "
        "part of a graph and does not require a gradient, so the next pass has nothing to come to.",
        f"Write into the leaf: with torch.no_grad(): {name} -= lr * {name}.grad.",
        (facts.at_op(title, op), *more), Severity.ERROR, tensor,
    )  # fmt: skip


def _past_views(facts: Facts, op: int) -> int:
    """Return the operation that does something with what an operation only looks at otherwise."""
    while (facts.tape.ops["flags"][op] & OpFlag.VIEW or facts.called(op) in _DETACHING) and len(
        facts.outputs(op)
    ):
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
    words = f"the numbers of {was} are taken through .data"
    elsewhere = texts.where_data(facts, words, origin)
    if not how and ".data" not in made.code + used.code and elsewhere is None:
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
        event = facts.at_birth(words, copy) if ".data" in made.code else facts.at_value(words, copy)
        if ".data" not in event.code and elsewhere is not None:
            event = elsewhere
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
    if how in ("float", "int"):
        return _as_number(was, how, link, tensor, more)
    return Finding(
        "left-torch",
        f"{was} left the graph through .{how}()",
        f".{how}() gives plain numbers. What is computed from them is a new constant for autograd.",
        f"Keep tensors: leave out .{how}() on the way from {name} to the root.",
        (link, *more),
        Severity.ERROR,
        tensor,
    )


def _as_number(was: str, how: str, link: Link, tensor: int, more: tuple[Link, ...]) -> Finding:
    """A value that was turned into a Python number: by float(), or by torch.tensor() of a list of tensors."""
    listed = "tensor(" in link.code
    way = "torch.tensor() of a list of tensors takes their numbers" if listed else f"{how}({was})"
    return Finding(
        "left-torch",
        f"{was} becomes a plain number in {'torch.tensor()' if listed else f'{how}()'}",
        f"{way}{'' if listed else ' is a plain number'}: what is computed from that is a new constant for "
        "autograd.",
        "Use torch.stack(...) of the list in place of torch.tensor(...)." if listed
        else f"Compute with {was} itself, without {how}().",
        (replace(link, text=f"the number of {was} is taken here"), *more), Severity.ERROR, tensor,
    )  # fmt: skip


def updated_from(facts: Facts, op: int) -> int:
    """Return the leaf value that `w = w - lr * w.grad` made its result from, or -1."""
    if facts.tape.ops["flags"][op] & OpFlag.INPLACE:
        return -1  # it writes what had the name before
    inputs = [v for v in facts.inputs(op) if v >= 0]
    leaves = [v for v in inputs if facts.is_leaf(v) and facts.requires_grad(v)]
    for leaf in leaves:
        tensor = facts.tape.values["tensor"][leaf]
        for v in [v for v in inputs if v != leaf]:  # a step has made the leaf of its gradient
            made = int(facts.tape.values["op"][v])
            sources = [v, *(facts.inputs(made) if made >= 0 else ())]
            if any(s >= 0 and facts.tape.values["grad_of"][s] == tensor for s in sources):
                return leaf
    return -1
