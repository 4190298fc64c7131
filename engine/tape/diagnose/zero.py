"""Why a gradient is zero: the node whose derivative took it away, and what made that derivative zero."""

from __future__ import annotations

from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import sums
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.trace import Mask, Trail, gradients, relevant
from engine.tape.schema import GradChange

Array = NDArray[Any]

_CLAMPS = ("clamp", "clamp_min", "clamp_max", "hardtanh", "relu6", "hardsigmoid", "hardswish")
_SATURATING = (
    "sigmoid", "tanh", "softmax", "log_sigmoid", "gelu", "silu", "elu", "selu", "erf", "softplus",
    "exp", "mish", "celu", "log_softmax",
)  # fmt: skip
_CHOOSING = (
    "max", "min", "amax", "amin", "maximum", "minimum", "topk", "sort", "median", "fmax", "fmin",
    "max_pool1d", "max_pool2d", "max_pool2d_with_indices", "max_pool1d_with_indices", "kthvalue",
    "cummax", "cummin", "adaptive_max_pool2d", "nanmedian", "mode",
)  # fmt: skip
_SELECTING = (
    "where", "masked_fill", "masked_select", "index", "select", "slice", "gather", "index_select",
    "narrow", "embedding", "take", "tril", "triu", "diagonal", "take_along_dim", "native_dropout",
    "index_put", "masked_scatter", "split", "unbind", "chunk", "nll_loss", "fill",
)  # fmt: skip
_FLAT = ("sign", "round", "floor", "ceil", "trunc", "heaviside", "sgn", "fix")
_PRODUCTS = ("mul", "mm", "addmm", "bmm", "mv", "dot", "matmul", "addmv", "baddbmm", "outer",
             "convolution", "conv2d", "conv1d", "linear", "prod", "addcmul")  # fmt: skip


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
    mask = _whole(mask.shape) if mask.all() else mask
    return _follow(facts, tensor, steps[-1], mask, Trail(facts, "receives zero and sends it on"))


def why_zero_at(facts: Facts, step: int, shape: tuple[int, ...]) -> Finding:
    """Return why all of what came in at a step is zero."""
    trail = Trail(facts, "receives zero and sends it on")
    return _follow(facts, -1, step, _whole(shape), trail)


def _zeroed(facts: Facts, tensor: int, row: int, rows: list[int]) -> Finding:
    name, event = facts.name(tensor), int(facts.tape.grads["event"][row])
    op = int(facts.tape.grads["ref"][row])
    by = f" by {facts.op_name(op)}" if op >= 0 and facts.base(op) != "zero" else ""
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
    while True:
        if mask is _whole(mask.shape):
            step, mask = _through_zeros(facts, step, mask, trail)
        rows = facts.arrivals(step)
        if not rows:
            return _seed(facts, tensor, step, trail)
        live = [row for row in rows if _is_live(facts, row, mask)]
        if live and facts.hooked(step):
            return _hook(facts, tensor, step, trail)
        if live:
            return _cancelled(facts, tensor, step, rows, trail)
        row = rows[-1]
        source = facts.sender(row)
        node = facts.node_at(source)
        op = facts.op_of(node)
        value = facts.input_of(node, facts.slot(row))
        if op < 0 or value < 0 or facts.shape(value) != mask.shape:
            mask = _whole(facts.shape(value)) if value >= 0 else mask
        came = [g for g in gradients(facts, source) if g is not None]
        above = relevant(facts, op, value, mask) if value >= 0 else None
        if not came:
            return _seed(facts, tensor, source, trail)
        g = came[0]
        if above is None or above.shape != g.shape:
            above = _whole(g.shape)
        if (g[above] != 0).any() or not np.count_nonzero(above):
            return _killer(facts, tensor, source, op, value, mask, trail)
        trail.step(source)
        step, mask = source, _whole(above.shape) if above.all() else above


def _through_zeros(facts: Facts, step: int, mask: Mask, trail: Trail) -> tuple[int, Mask]:
    """Go back while nothing but zeros arrives; return the last step, and all its elements."""
    rows, begun = facts.arrivals(step), step
    while rows and all(map(facts.sent_zero, rows)):
        source = facts.sender(rows[-1])
        above = facts.arrivals(source)
        if facts.hooked(source) or not all(map(_is_plain_zero, repeat(facts), above)) or not above:
            break
        trail.step(source)
        step, rows = source, above
    return step, mask if step == begun else _whole(facts.sent_shape(rows[0]))


def _is_plain_zero(facts: Facts, row: int) -> bool:
    """Whether a contribution brought zeros, and some, to the first output of a node."""
    return facts.sent_zero(row) and facts.sent_size(row) > 0 and facts.number(row) == 0


@lru_cache(256)
def _whole(shape: tuple[int, ...]) -> Mask:
    """Return a mask of all elements, the same one each time."""
    found: Mask = np.ones(shape, bool)
    found.flags.writeable = False
    return found


def _is_live(facts: Facts, row: int, mask: Mask) -> bool:
    """Whether a contribution brought something other than zero at some element of a mask."""
    if facts.sent_zero(row):
        return False
    array = facts.sent(row)
    if array is None or array.shape != mask.shape:
        return False
    return bool(np.count_nonzero(array[mask]))


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
    node = facts.node_name(int(facts.tape.steps["node"][step]))
    return Finding(
        "hook",
        f"a hook made the gradient of {node} zero",
        f"What came to {node} is not zero; a hook that is registered there replaced it.",
        "Look at register_hook on this tensor (or register_full_backward_hook on its module).",
        (facts.at_step(f"{node} gets what the hook gave", step), *trail.links()),
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


def _lively(facts: Facts, op: int) -> bool:
    """Whether a softmax is far from one-hot everywhere: it is not saturated."""
    out = facts.array(facts.outputs(op)[0])
    return out is not None and bool(out.size) and float((out * (1 - out)).min()) > 1e-4


def _killer(
    facts: Facts, tensor: int, step: int, op: int, value: int, mask: Mask, trail: Trail
) -> Finding:
    """The step received something and sent zero: say what of its operation made that so."""
    cause, title, text, remedy = _explain(facts, op, value, mask)
    node = facts.node_name(int(facts.tape.steps["node"][step]))
    chain = (facts.at_step(f"{node} receives a gradient and sends zero", step), *trail.links())
    return Finding(cause, title, text, remedy, chain, tensor=tensor)


def _explain(facts: Facts, op: int, value: int, mask: Mask) -> tuple[str, str, str, str]:
    base = facts.base(op)
    x = facts.array(value)
    at = x[mask] if x is not None and x.shape == mask.shape else None
    what = facts.label(value)
    if base in ("relu", "threshold"):
        share = _share(x, lambda a: a <= 0)
        return (
            "dead-relu",
            "a ReLU that is off lets nothing through",
            f"{what} is not positive here{share}, so the ReLU's derivative is 0.",
            "Check the bias and the learning rate that pushed it below 0; LeakyReLU or GELU keep a slope.",
        )
    if base in _CLAMPS:
        low, high = _bounds(facts, op)
        return (
            "clamped",
            f"{base} has cut the value off",
            f"{what} lies outside [{low}, {high}]{_seen(at)}, where {base} is constant.",
            "Widen the bounds, or keep the value within them (a sigmoid scaled to the range has a slope).",
        )
    if base in _FLAT:
        return (
            "flat",
            f"{base} is constant piece by piece",
            f"The derivative of {base} is 0 wherever it has one.",
            f"Leave out {base} on the way to the loss, or use a straight-through estimate: x + ({base}(x) - x).detach().",
        )
    if base in _CHOOSING:
        return (
            "not-chosen",
            f"{base} chose other elements",
            f"Only the element that {base} chose gets the gradient; this one of {what} was not it.",
            "Use a soft choice (softmax, logsumexp) if all elements should learn.",
        )
    if base in ("softmax", "log_softmax") and _one(facts, op):
        return (
            "constant",
            f"{base} over a single element is constant",
            f"The dimension that {base} runs over has size 1, so the result is always the same.",
            f"Give {base} the dimension of the classes (dim=...), or use sigmoid for one output.",
        )
    if base == "softmax" and _lively(facts, op):
        return (
            "constant",
            "the elements of a softmax add up to 1 whatever goes in",
            "Every element got the same gradient, as from a sum or a mean over them: that cannot change.",
            "Use the elements differently, as by picking those of the right classes (cross_entropy).",
        )
    if base in _SATURATING and base not in ("log_softmax",):
        return (
            "saturated",
            f"{base} is saturated",
            f"At {what}{_seen(at)} {base} is so flat that its derivative rounds to 0.",
            "Make its input smaller (initialisation, normalisation), or use the loss that works on logits.",
        )
    if base in _SELECTING:
        return (
            "masked",
            f"{base} did not take this element",
            f"The result of {base} does not contain {what} here, so no gradient comes back.",
            "Nothing to change if the mask or the index is meant so; else correct it.",
        )
    if base in _PRODUCTS:
        return _product(facts, op, value)
    if base in ("pow", "square", "abs", "linalg_vector_norm", "norm", "std", "sqrt"):
        zero = at is not None and (at == 0).all()
        kink = base not in ("pow", "square")
        return (
            "kink" if kink else "times-zero",
            f"the derivative of {base} is 0 at 0"
            if zero
            else f"the derivative of {base} is 0 here",
            f"{what} is 0, where {base} has derivative 0"
            if zero
            else f"{what} is such that {base} has derivative 0"
            + (" by convention." if kink else "."),
            "Start from another point.",
        )
    if base in ("batch_norm", "layer_norm", "native_layer_norm", "group_norm", "native_batch_norm"):
        return (
            "constant",
            f"{base} of equal numbers cannot change",
            "What is normalised over has one element or equal elements, so the result stays as it is.",
            "Normalise over more than one element (a larger batch, another dimension).",
        )
    if base == "div":
        return (
            "times-zero", "the quotient does not change here",
            "The derivative of the division is 0: its numerator is 0 or its denominator is infinite.",
            "Check the other operand.",
        )  # fmt: skip
    return (
        "times-zero",
        f"the derivative of {facts.op_name(op)} is 0 here",
        f"{facts.op_name(op)} received a gradient and its derivative with respect to {what} is 0.",
        "Check the numbers that went into it.",
    )


def _product(facts: Facts, op: int, value: int) -> tuple[str, str, str, str]:
    others = [v for v in facts.inputs(op) if v >= 0 and v != value]
    if facts.base(op).startswith("add") and len(others) > 1:
        others = [v for v in facts.inputs(op)[1:] if v >= 0 and v != value]
    for other in others:
        array = facts.array(other)
        if array is not None and not array.any():
            drop = _is_dropout(facts, other)
            return (
                "masked" if drop else "times-zero",
                "dropout switched it off" if drop else f"it is multiplied by {facts.label(other)}, which is 0",
                f"The derivative of {facts.op_name(op)} is the other factor, and {facts.label(other)} is 0.",
                "Nothing to change: another pass drops other elements."
                if drop
                else f"Look at how {facts.label(other)} became 0 (an initialisation with zeros, a mask).",
            )  # fmt: skip
    for other in others:
        array = facts.array(other)
        if array is not None and (array == 0).any():
            drop = _is_dropout(facts, other)
            return (
                "masked" if drop else "times-zero",
                "dropout switched it off"
                if drop
                else f"it is multiplied by a 0 of {facts.label(other)}",
                f"The derivative of {facts.op_name(op)} is the other factor, which is 0 here.",
                "Nothing to change if it is a mask.",
            )
    params = [n for n in facts.params(op).values() if isinstance(n, (int, float))]
    if 0 in params and not others:
        return (
            "times-zero", "it is multiplied by 0",
            f"{facts.op_name(op)} multiplies by the constant 0.", "Leave the factor 0 out.",
        )  # fmt: skip
    return (
        "underflow",
        "the product is too small for its type",
        "Both the gradient and the other factor are not 0, but their product is smaller than the "
        "type can hold, so it rounds to 0.",
        "Scale the loss, use float32 or float64, or shorten the chain (normalisation, residuals).",
    )


def _is_dropout(facts: Facts, value: int) -> bool:
    op = int(facts.tape.values["op"][value])
    for _ in range(3):
        if op < 0:
            return False
        if "bernoulli" in facts.op_name(op) or "dropout" in facts.op_name(op):
            return True
        inputs = [v for v in facts.inputs(op) if v >= 0]
        op = int(facts.tape.values["op"][inputs[0]]) if inputs else -1
    return False


def _one(facts: Facts, op: int) -> bool:
    inputs = [v for v in facts.inputs(op) if v >= 0]
    dim, shape = facts.params(op).get("dim"), facts.shape(inputs[0]) if inputs else ()
    return isinstance(dim, int) and bool(shape) and shape[dim] == 1


def _bounds(facts: Facts, op: int) -> tuple[str, str]:
    params = facts.params(op)
    if facts.base(op) == "relu6":
        return "0", "6"
    low, high = (params.get(a, params.get(b)) for a, b in (("min", "min_val"), ("max", "max_val")))
    return ("-inf" if low is None else f"{low}", "inf" if high is None else f"{high}")


def _seen(at: Array | None) -> str:
    if at is None or not at.size:
        return ""
    return (
        f" (it is {at.ravel()[0]:.4g})"
        if at.size == 1
        else f" (between {at.min():.4g} and {at.max():.4g})"
    )


def _share(x: Array | None, test: Any) -> str:
    if x is None or x.size < 2:
        return ""
    return f" ({int(test(x).sum()):,} of its {x.size:,} elements are so)"
