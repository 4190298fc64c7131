"""Where a NaN or an infinity was born: the first operation or step that made one of finite numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.hidden import masked_from, times_zero
from engine.tape.diagnose.nonfinite_causes import explain
from engine.tape.diagnose.trace import Trail, gradients

Array = NDArray[Any]

_FILLING = ("masked_fill", "fill", "full", "full_like", "where", "index_put", "copy", "masked_scatter",
            "triu", "tril", "cat", "stack", "scatter", "empty", "empty_like")  # fmt: skip
_HANDED = 64  # operations through which an infinity is followed
_SLOPELESS = ("logaddexp", "logaddexp2", "logsumexp")  # no derivative at -inf, whatever comes
_FACTORS = ("mul", "div", "mm", "addmm", "bmm", "mv", "addmv", "dot", "matmul", "baddbmm")
_SOFTMAX = ("softmax", "log_softmax")


def bad(array: Array | None) -> bool:
    """Whether an array holds a NaN or an infinity."""
    return array is not None and array.dtype.kind in "fc" and not bool(np.isfinite(array).all())


def why_value(facts: Facts, value: int) -> Finding:
    """Return where the NaN or Inf in a value was born."""
    trail = Trail(facts, "hands it on")
    seen = {value}
    while True:
        op = facts.made_by(value)
        if op < 0:
            step = facts.brought(value)
            if step >= 0:
                return why_gradient(facts, -1, step)
            made = before_leaf(facts, value)
            if made < 0:
                return _given(facts, value, trail)
            value = made
            continue
        sources = [v for v in facts.inputs(op) if v >= 0 and facts.is_bad(v)]
        nan = facts.is_nan(value)
        carrying = [v for v in sources if facts.is_nan(v)] if nan else sources
        if nan and sources and not carrying:
            return _from_infinity(facts, op, value, sources, trail)
        fresh = [v for v in carrying if v not in seen]
        if not fresh:
            return _born(facts, op, value, trail)
        trail.op(op)
        value = fresh[0]
        seen.add(value)


def why_gradient(facts: Facts, tensor: int, step: int) -> Finding:
    """Return where the NaN or Inf was born that came in at a step."""
    trail = Trail(facts, "hands it on")
    row = _first_bad(facts, step)
    while row >= 0:
        source = facts.sender(row)
        above = _first_bad(facts, source)
        if (above < 0 or facts.hooked(source)) and not _came_bad(facts, source):
            return born_backward(facts, tensor, source, row, trail)
        trail.step(source)
        step, row = source, above
    if facts.hooked(step):
        node = facts.node_name(facts.node_at(step))
        return Finding(
            "hook", f"a hook at {node} gave NaN or Inf",
            f"What came to {node} is finite; a hook that is registered there replaced it.",
            "Look at register_hook on this tensor.",
            (facts.at_step(f"{node} gets what the hook gave", step), *trail.links()),
            Severity.ERROR, tensor,
        )  # fmt: skip
    roots = facts.roots(int(facts.tape.steps["pass_"][step]))
    root = next((v for v in roots if facts.is_bad(v)), -1)
    if root >= 0:
        return why_value(facts, root)
    return Finding(
        "input", "the pass began with a gradient that is not finite",
        "The gradient given to backward(), or a hook's result, is NaN or Inf.",
        "Check the gradient= argument and the hooks.",
        (facts.at_step("the pass begins with it", step), *trail.links()),
        Severity.ERROR, tensor,
    )  # fmt: skip


def _first_bad(facts: Facts, step: int) -> int:
    """Return the first contribution to a step that is not finite, or -1."""
    return next(filter(facts.sent_bad, facts.arrivals(step)), -1)


def _came_bad(facts: Facts, step: int) -> bool:
    """Whether the sum of what came in at a step, or what a hook made of it, is not finite."""
    return any(map(bad, gradients(facts, step)))


def born_backward(facts: Facts, tensor: int, step: int, row: int, trail: Trail) -> Finding:
    """Say why a step that received finite numbers sent some that are not."""
    tape = facts.tape
    node = int(tape.steps["node"][step])
    op = int(tape.nodes["op"][node])
    value = facts.input_of(node, int(tape.contributions["slot"][row])) if op >= 0 else -1
    inputs = [v for v in facts.inputs(op) if v >= 0] if op >= 0 else []
    wrong = [v for v in inputs if facts.is_bad(v) and arithmetic(facts, v)]
    if wrong and (masked_from(facts, step) < 0 or _reached(facts, step, wrong[0])):
        return why_value(facts, wrong[0])
    if wrong and (behind := _behind_mask(facts, tensor, step, wrong[0])) is not None:
        return behind
    given = [v for v in inputs if facts.is_bad(v)]
    if given and op >= 0 and facts.base(op) in _FACTORS and masked_from(facts, step) < 0:
        return why_value(facts, given[0])
    sent, came = facts.sent(row), next((g for g in gradients(facts, step) if g is not None), None)
    if sent is not None and came is not None:
        where = ~np.isfinite(sent)
        zero = came.shape == sent.shape and bool((came[where] == 0).any())
        zero = zero or (came.shape == () and float(abs(came)) == 0.0)
        if zero and given and not wrong and op >= 0 and facts.base(op) in _FACTORS:
            return _times_infinity(facts, tensor, step, op, given[0], trail)
        made = next(iter(facts.outputs(op)), -1) if op >= 0 else -1
        if zero and made >= 0 and facts.base(op) in _SOFTMAX and facts.is_nan(made):
            return why_value(facts, made)  # NaN before anything was left out
        if zero and not (given and facts.base(op) in _SLOPELESS):
            return times_zero(facts, tensor, step, op, value, trail)
    cause, title, text, remedy = explain(facts, op, value, backward=True)
    link = facts.at_step(
        f"{facts.node_name(node)} receives finite numbers and sends NaN or Inf", step
    )
    return Finding(cause, title, text, remedy, (link, *trail.links()), Severity.ERROR, tensor)


def _behind_mask(facts: Facts, tensor: int, step: int, value: int) -> Finding | None:
    """A NaN of the forward pass that is left out of the result: where it was born is what to change."""
    found, mask = why_value(facts, value), masked_from(facts, step)
    op = found.culprit.op
    if not facts.is_nan(value) or (
        op >= 0 and facts.tape.ops["node"][op] >= 0 and found.cause != "all-masked"
    ):
        return None  # the double where puts it right
    by, name = facts.called(mask), facts.node_name(facts.node_at(step))
    link = facts.at_op(f"{by} leaves it out, so {name} receives 0 there", mask)
    return Finding(
        found.cause, found.title,
        f"{found.text} {by} leaves it out of the result, but not out of the pass: 0 times NaN is NaN.",
        found.remedy, (*found.chain, link), Severity.ERROR, tensor,
    )  # fmt: skip


def _reached(facts: Facts, step: int, value: int) -> bool:
    """Whether what came in at a step is not 0 where a value of the result's shape is not finite."""
    array, came = facts.array(value), next(iter(gradients(facts, step)), None)
    if array is None or came is None or array.shape != came.shape:
        return False
    return bool((came[~np.isfinite(array)] != 0).any())


def _times_infinity(
    facts: Facts, tensor: int, step: int, op: int, value: int, trail: Trail
) -> Finding:
    """A gradient of 0 meets a factor that holds an infinity, as a mask of -inf that is multiplied."""
    name, what = facts.called(op), facts.label(value)
    link = facts.at_step(f"{facts.node_name(facts.node_at(step))} multiplies 0 by infinity", step)
    return Finding(
        "zero-times-inf", f"0 · ∞ = NaN: {what}, by which {name} multiplies, holds infinities",
        f"The derivative of {name} is its other factor, {what}. Where that is infinite and the gradient 0, "
        "their product is NaN.",
        f"Do not multiply by {what}: add it, or use masked_fill or torch.where.",
        (link, *trail.links()), Severity.ERROR, tensor,
    )  # fmt: skip


def arithmetic(facts: Facts, value: int) -> bool:
    """Whether a value's infinities were computed, not filled in or handed on from where they were."""
    if facts.is_nan(value):
        return True
    for _ in range(_HANDED):
        op = int(facts.tape.values["op"][value])
        if op < 0:
            return facts.is_gradient(value) or bool(facts.tape.values["grad_of"][value] >= 0)
        bad_ones = [v for v in facts.inputs(op) if v >= 0 and facts.is_bad(v)]
        if not bad_ones:
            return facts.base(op) not in _FILLING
        value = bad_ones[0]
    return True


def before_leaf(facts: Facts, value: int) -> int:
    """Return what an operation made before requires_grad_() made a leaf of it, or -1."""
    event = facts.tape.values["event"][value]
    rows = facts.values_of(int(facts.tape.values["tensor"][value]))
    earlier = [v for v in rows if facts.tape.values["event"][v] < event]
    made = earlier[-1] if earlier else -1
    return made if made >= 0 and facts.made_by(made) >= 0 else -1


_WRITES = ("copy", "fill", "index_put", "masked_fill")


def _written(facts: Facts, value: int, op: int, trail: Trail) -> Finding:
    """A number of the program's own, that it writes into a tensor."""
    to = int(facts.tape.values["tensor"][facts.inputs(op)[0]])
    into = f"into {facts.name(to)}" if facts.tape.name_of(to) else "into a tensor"
    return Finding(
        "input", f"NaN or Inf is written {into}",
        "The program itself writes it in this line; no operation computed it.",
        "Write a finite number, or keep such elements out of what is computed (a mask, torch.nan_to_num).",
        (facts.at_op(f"NaN or Inf is written {into}", op), *trail.links()), Severity.ERROR,
        int(facts.tape.values["tensor"][value]),
    )  # fmt: skip


def _of_data(facts: Facts, value: int, name: str) -> str:
    """Say which elements are not finite, and what can be done with such data."""
    array = facts.array(value)
    if array is None or not array.ndim or not name.replace(".", "").isidentifier():
        return f"Check where the data comes from: torch.isfinite({name}).all() before you use it."
    bad = np.argwhere(~np.isfinite(array))
    first = ", ".join(map(str, bad[0]))
    rows = (
        f"leave such rows out ({name}[torch.isfinite({name}).all(1)]), " if array.ndim == 2 else ""
    )
    return (
        f"{len(bad):,} of its {array.size:,} elements {'is' if len(bad) == 1 else 'are'} not finite, the first is {name}[{first}]. Correct "
        f"the data, {rows}or count only what is known: "
        f"known = torch.isfinite({name}), and the loss of [known] alone."
    )


def _given(facts: Facts, value: int, trail: Trail) -> Finding:
    name, tensor = facts.label(value), int(facts.tape.values["tensor"][value])
    users = facts.users(value)
    if facts.tape.name_of(tensor) is None and users and facts.base(users[0]) in _WRITES:
        return _written(facts, value, users[0], trail)
    return Finding(
        "input",
        f"{name} was given with NaN or Inf in it",
        f"No operation made it: {name} held it from the beginning.",
        _of_data(facts, value, name),
        (facts.at_birth(f"{name} holds NaN or Inf", value), *trail.links()),
        Severity.ERROR,
        tensor,
    )


def _from_infinity(facts: Facts, op: int, value: int, sources: list[int], trail: Trail) -> Finding:
    """A NaN made of infinities: where the infinity came from is what to change."""
    name = facts.called(op)
    trail.op(op, f"{name} makes NaN of infinity")
    tensor = int(facts.tape.values["tensor"][value])
    if facts.base(op) in _SOFTMAX and not arithmetic(facts, sources[0]):
        return Finding(
            "all-masked",
            f"{name} of nothing but -inf",
            f"Every element that {name} compares is -inf in some row, and 0/0 is NaN.",
            "Leave at least one element of every row unmasked, or mask with a large negative number.",
            trail.links(),
            Severity.ERROR,
            tensor,
        )
    found = why_value(facts, sources[0])
    if found.cause == "input" or not arithmetic(facts, sources[0]):
        cause = (
            "zero-times-inf" if facts.base(op) in ("mul", "mm", "addmm", "div") else "inf-minus-inf"
        )
        return Finding(
            cause,
            f"{name} makes NaN of infinity",
            f"{facts.label(sources[0])} holds infinities; {name} subtracts them from each other or "
            "multiplies them by 0.",
            "Use a large finite number instead of infinity, or mask before the operation.",
            (*trail.links(), *found.chain),
            Severity.ERROR,
            tensor,
        )
    return Finding(
        found.cause, found.title, found.text, found.remedy,
        (*found.chain, *trail.links()), Severity.ERROR, tensor,
    )  # fmt: skip


def _born(facts: Facts, op: int, value: int, trail: Trail) -> Finding:
    inputs = [v for v in facts.inputs(op) if v >= 0]
    cause, title, text, remedy = explain(facts, op, _suspect(facts, op, inputs), backward=False)
    what = "NaN" if facts.is_nan(value) else "an infinity"
    link = facts.at_op(f"{facts.called(op)} makes {what} of finite numbers", op)
    tensor = int(facts.tape.values["tensor"][value])
    return Finding(cause, title, text, remedy, (link, *trail.links()), Severity.ERROR, tensor)


def _suspect(facts: Facts, op: int, inputs: list[int]) -> int:
    if facts.base(op) in ("div", "remainder", "fmod", "floor_divide") and len(inputs) > 1:
        return inputs[1]
    return inputs[0] if inputs else -1
