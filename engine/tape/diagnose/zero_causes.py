"""Why an operation that received a gradient sends zero to one of its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.diagnose.constant_factors import number_named
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.small_products import small_product
from engine.tape.diagnose.trace import Mask

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
_DISTANCES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
_OF_DIFFERENCE = ("pow", "square", "abs", "linalg_vector_norm")
_FLAT = ("sign", "round", "floor", "ceil", "trunc", "heaviside", "sgn", "fix")
_PRODUCTS = ("mul", "mm", "addmm", "bmm", "mv", "dot", "matmul", "addmv", "baddbmm", "outer",
             "convolution", "conv2d", "conv1d", "linear", "prod", "addcmul")  # fmt: skip


_SCALED = (
    "Use float32 or float64 here, or scale the loss up before backward() and the gradients down after it "
    "(torch.amp.GradScaler); in a deep net, shorten the chain (normalisation, residuals)."
)
_DRAWN = (
    "not-differentiable", "a sample that is drawn has no derivative",
    "The numbers are drawn at random: nothing comes back to the mean and deviation that they were drawn with.",
    "Shift and scale noise instead: mean + std * torch.randn_like(mean), or Normal(mean, std).rsample().",
)  # fmt: skip
_STEPS_BACK = 40  # values that are looked at
_ODD = (
    "tanh",
    "sin",
    "add",
    "relu",
    "gelu",
    "silu",
    "elu",
    "view",
    "t",
    "transpose",
    "permute",
    "linear",
)  # 0 at 0


def explain(
    facts: Facts, op: int, value: int, mask: Mask, largest: float
) -> tuple[str, str, str, str]:
    """Return cause, title, text and remedy for zeros at the elements `mask` of an input.

    largest: of the gradient that the operation received, at what those elements decide.
    """
    base = facts.base(op)
    x = facts.array(value)
    at = x[mask] if x is not None and x.shape == mask.shape else None
    what = facts.label(value)
    if base == "BackwardHookFunction":
        return (
            "hook", "a backward hook of a module made the gradient zero",
            f"What came to the module is not zero; its full backward hook gave zeros for {what} instead.",
            "Look at register_full_backward_hook on this module.",
        )  # fmt: skip
    if (same := _same_sides(facts, op, value)) is not None:
        return same
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
    if base in ("split", "split_with_sizes", "unbind", "chunk"):
        return (
            "masked", "the part that holds it is not used",
            f"{base} gives {what} in parts, and no gradient came to the part that holds this element.",
            "Nothing to change if the other parts are the ones that are meant.",
        )  # fmt: skip
    if base in ("normal_mean", "normal_std", "normal_both"):
        return _DRAWN
    if base == "embedding" and (row := _only_padding(facts, op)) >= 0:
        return (
            "padding", f"nothing but row {row} was looked up, which is padding_idx",
            f"An embedding gives the row of its padding_idx no gradient, and all indices here are {row}.",
            f"Keep {row} for padding: number the words from {row + 1} on, or leave padding_idx out.",
        )  # fmt: skip
    if base in _SELECTING:
        return (
            "masked",
            f"{base} did not take this element",
            f"The result of {base} does not contain {what} here, so no gradient comes back.",
            "Nothing to change if the mask or the index is meant so; else correct it.",
        )
    if base in _PRODUCTS:
        return _product(facts, op, value, largest)
    if base in ("pow", "square", "abs", "linalg_vector_norm", "norm", "std", "sqrt"):
        zero = at is not None and (at == 0).all()
        if base in ("pow", "square") and at is not None and at.all() and _small(x, largest):
            return (
                "underflow", f"the derivative of {base} is too small for {at.dtype}",
                f"{what} is not 0{_seen(at)}, and neither is the gradient that came; their product is smaller than "
                f"the least number that {at.dtype} can hold, so it rounds to 0.",
                _SCALED,
            )  # fmt: skip
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
    if base in ("atan2", "hypot") and not any(map(_any, map(facts.array, facts.inputs(op)))):
        return (
            "kink", f"{base} has no derivative at (0, 0)",
            f"Both its arguments are 0, where {base} has a corner; its derivative is taken as 0 there.",
            f"Keep one of them away from 0: {base}(y, x + 1e-12).",
        )  # fmt: skip
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
        f"the derivative of {facts.called(op)} is 0 here",
        f"{facts.called(op)} received a gradient and its derivative with respect to {what} is 0.",
        "Check the numbers that went into it.",
    )


def _same_sides(facts: Facts, op: int, value: int) -> tuple[str, str, str, str] | None:
    """A loss, or the square or absolute value of a difference, of a tensor and itself."""
    made = facts.made_by(facts.unviewed(value))
    if facts.base(op) in _OF_DIFFERENCE and made >= 0 and facts.base(made) == "sub":
        op = made
    elif facts.base(op) not in _DISTANCES:
        return None
    sides, name, storage = facts.inputs(op)[:2], facts.called(op), facts.tape.values["storage"]
    arrays = [facts.array(side) for side in sides if side >= 0]
    if len(arrays) < 2 or storage[sides[0]] != storage[sides[1]] or not _any(arrays[0]):
        return None
    if arrays[0] is None or arrays[1] is None or not np.array_equal(arrays[0], arrays[1]):
        return None
    what = facts.label(sides[0])
    return (
        "constant", f"{what} is compared with itself",
        f"Both arguments of {name} have the numbers of {what}, so it is 0 whatever they are, and so is the "
        "derivative.",
        f"Compare {what} with the target.",
    )  # fmt: skip


def zero_start(facts: Facts, op: int, value: int) -> int:
    """Return the parameter that begins as zeros and makes an operation's other factor zero; -1: none."""
    inputs = [v for v in facts.inputs(op) if v >= 0]
    waiting = [v for v in inputs if v != value] if inputs.count(value) < 2 else [value]
    for one in waiting:
        array = facts.array(one)
        if array is None or array.any() or len(waiting) > _STEPS_BACK:
            continue
        if facts.is_leaf(one) and facts.requires_grad(one):
            return one
        made = facts.made_by(one)
        if made >= 0 and facts.base(made) in (*_PRODUCTS, *_ODD):
            inputs = [v for v in facts.inputs(made) if v >= 0]
            waiting += sorted(inputs, key=lambda v: -len(facts.shape(v)))  # weights before biases
    return -1


def _product(facts: Facts, op: int, value: int, largest: float) -> tuple[str, str, str, str]:
    others = [v for v in facts.inputs(op) if v >= 0 and v != value]
    if facts.base(op).startswith("add") and len(others) > 1:
        others = [v for v in facts.inputs(op)[1:] if v >= 0 and v != value]
    if not others and facts.inputs(op).count(value) > 1:
        others = [value]  # x * x
    for other in others:
        array = facts.array(other)
        if array is not None and not array.any():
            made = facts.made_by(facts.unviewed(other))
            if made >= 0 and facts.base(made) in ("relu", "threshold"):
                return (
                    "dead-relu", "it is multiplied by units of a ReLU that are all off",
                    f"The derivative of {facts.called(op)} is the other factor, and {facts.label(other)} is 0: no "
                    "unit of the ReLU before it is on.",
                    "Check what goes into the ReLU, its bias and the learning rate; LeakyReLU or GELU keep a slope.",
                )  # fmt: skip
            drop = _is_dropout(facts, other)
            return (
                "masked" if drop else "times-zero",
                "dropout switched it off" if drop else f"it is multiplied by {facts.label(other)}, which is 0",
                f"The derivative of {facts.called(op)} is the other factor, and {facts.label(other)} is 0.",
                "Nothing to change: another pass drops other elements."
                if drop
                else f"Look at how {facts.label(other)} became 0{_made_in(facts, other)}.",
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
                f"The derivative of {facts.called(op)} is the other factor, which is 0 here.",
                "Nothing to change if it is a mask.",
            )
    if (small := small_product(facts, op, value)) is not None:
        return small
    params = [n for n in facts.params(op).values() if isinstance(n, (int, float))]
    if 0 in params and not others:
        name = number_named(facts, op)
        return (
            "times-zero", f"it is multiplied by {name}, which is 0" if name else "it is multiplied by 0",
            f"{facts.called(op)} multiplies by the {f'number {name}, which' if name else 'constant'} "
            f"{'is 0.' if name else '0.'}",
            f"Look at how {name} became 0." if name else "Leave the factor 0 out.",
        )  # fmt: skip
    if not _underflows(facts, op, value, others, largest):
        return (
            "cancelled", f"the products that {facts.called(op)} adds up cancel, or meet zeros",
            f"{facts.called(op)} received a gradient and its other factor is not 0; what they give together "
            f"for these elements of {facts.label(value)} is.",
            "Look at what each output sends back: elements of the gradient may be 0 where the factor is not.",
        )  # fmt: skip
    return (
        "underflow",
        "the product is too small for its type",
        "Both the gradient and the other factor are not 0, but their product is smaller than the "
        "type can hold, so it rounds to 0.",
        _SCALED,
    )


def _small(x: Array | None, gradient: float) -> bool:
    """Whether numbers times a gradient come near the least one of their type."""
    return (
        x is not None
        and x.dtype.kind == "f"
        and gradient * float(np.abs(x).max(initial=0.0)) <= float(np.finfo(x.dtype).tiny)
    )


def _only_padding(facts: Facts, op: int) -> int:
    """Return the padding_idx of an embedding that was asked for nothing else, or -1."""
    inputs, row = facts.inputs(op), facts.params(op).get("padding_idx")
    indices = facts.array(inputs[1]) if len(inputs) > 1 else None
    alone = indices is not None and indices.size > 0 and bool((indices == row).all())
    return row if isinstance(row, int) and alone else -1


def _underflows(facts: Facts, op: int, value: int, others: list[int], largest: float) -> bool:
    """Whether the products of a gradient with a factor are smaller than the type can hold."""
    kind = facts.array(value)
    if kind is None or kind.dtype.kind != "f":
        return False
    arrays = [facts.array(other) for other in others or [value]]
    sizes = [float(np.abs(array).max()) for array in arrays if array is not None and array.size]
    sizes += [abs(n) for n in facts.params(op).values() if isinstance(n, float)]
    return any(largest * size < float(np.finfo(kind.dtype).tiny) for size in sizes)


def _made_in(facts: Facts, value: int) -> str:
    """Say in which line a factor is made; what zeros come from where that is not known."""
    link = facts.at_birth("", value)
    if not link.code or link.source is None:
        return " (an initialisation with zeros, a mask)"
    return f": line {link.source.line} makes it, {link.code}"


def _is_dropout(facts: Facts, value: int) -> bool:
    op = int(facts.tape.values["op"][value])
    for _ in range(3):
        if op < 0:
            return False
        if "bernoulli" in facts.called(op) or "dropout" in facts.called(op):
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


def _any(array: Array | None) -> bool:
    """Whether something else than zeros is, or may be, in an array."""
    return array is None or bool(array.any())


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


def _lively(facts: Facts, op: int) -> bool:
    """Whether a softmax is far from one-hot everywhere: it is not saturated."""
    out = facts.array(facts.outputs(op)[0])
    return out is not None and bool(out.size) and float((out * (1 - out)).min()) > 1e-4
