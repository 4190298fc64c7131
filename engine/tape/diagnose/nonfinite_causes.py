"""What of an operation makes NaN or an infinity of finite numbers, and what to do about it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.zero_source import said

Array = NDArray[Any]

_LONG = 6  # factors of a product that a loop makes
_MEANS = ("mean", "std", "var", "std_mean", "var_mean", "median", "nll_loss", "mse_loss", "l1_loss")


def explain(facts: Facts, op: int, value: int, backward: bool) -> tuple[str, str, str, str]:
    """Return cause, title, text and remedy for an operation that was given finite numbers.

    value: of its inputs the one to look at. backward: whether its gradient is what is not finite.
    """
    if op < 0:
        return ("born", "a node made NaN or Inf", "Its inputs were finite.", "Check its formula.")
    base, name, params = facts.base(op), facts.called(op), facts.params(op)
    x = facts.array(value)
    what = said(facts, value) if value >= 0 else "its input"
    if "optimizer" in facts.params(op):
        return (
            "overflow", "the optimizer's step overflows",
            f"The update of {what} is larger than its type can hold: training diverges.",
            "Lower the learning rate, or clip the gradient (clip_grad_norm_) before the step.",
        )  # fmt: skip
    zero = x is not None and bool((x == 0).any())
    given = [n["float"] for n in params.values() if isinstance(n, dict) and "float" in n]
    if given and base in ("mul", "add", "sub", "div", "pow", "rsub") and not backward:
        if zero and base == "mul":
            return (
                "zero-times-inf", f"0 · {given[0]} = NaN",
                f"{what} is 0 in places, and {name} multiplies it by {given[0]}.",
                "Fill the mask in, as scores.masked_fill(mask, float('-inf')), or multiply by a large finite "
                "number, as -1e9.",
            )  # fmt: skip
        return (
            "input", f"{name} with {given[0]}",
            f"The program itself gives {given[0]} to {name} in this line.", "Give a finite number.",
        )  # fmt: skip
    negative = x is not None and x.dtype.kind == "f" and bool((x < 0).any())
    if base in ("log", "log2", "log10", "log1p", "logit", "xlogy", "binary_cross_entropy"):
        if negative and not zero and base != "log1p":
            return (
                "log-of-negative", f"{name} of a negative number",
                f"{what} is negative in places{_least(x)}, where the logarithm is NaN.",
                "Make it positive before the logarithm: softplus, exp, or clamp(min=eps).",
            )  # fmt: skip
        return (
            "log-of-zero", f"{name} of zero",
            f"{what} is {_edge(base)} in places: the logarithm there is infinite, and so is its derivative.",
            _instead(facts, value),
        )  # fmt: skip
    if base in ("sqrt", "rsqrt"):
        if negative and not backward:
            return (
                "sqrt-of-negative", f"{name} of a negative number",
                f"{what} is negative in places{_least(x)}.",
                "Clamp it: sqrt(x.clamp(min=0)), or look at why it is negative.",
            )  # fmt: skip
        return (
            "sqrt-at-zero", f"{name} at zero",
            f"{what} is 0 in places, where the derivative of {name} is infinite.",
            "Add a small number below the root: sqrt(x + 1e-12).",
        )  # fmt: skip
    if base in (
        "linalg_vector_norm",
        "norm",
        "cdist",
        "std",
        "var",
        "std_mean",
        "dist",
        "pairwise_distance",
    ):
        if base.startswith(("std", "var")) and _each(facts, op, x) < 2:
            return (
                "empty", f"{name} of a single element",
                f"There is one element of {what} for each result, and the sum of squares is divided by "
                "one less than that: 0/0 is NaN.",
                "Use more elements, reduce along the other dimension, or pass correction=0.",
            )  # fmt: skip
        if not backward:
            return _overflow(name)
        return (
            "norm-at-zero", f"{name} at zero",
            f"{name} has no derivative where it is 0 (all of {what} equal or 0).",
            "Add a small number: sqrt((x**2).sum() + eps), or the square without the root.",
        )  # fmt: skip
    if base == "hypot" and backward:
        return (
            "norm-at-zero", f"{name} at zero",
            f"Both its arguments are 0 in places, where {name} has a corner: its derivative is 0/0.",
            "Add a small number below a root of your own: sqrt(x**2 + y**2 + 1e-12).",
        )  # fmt: skip
    if base in ("div", "reciprocal", "true_divide", "remainder", "fmod"):
        return (
            "division-by-zero", "division by zero",
            f"{what} is 0 in places." if zero else f"The quotient by {what} is too large for its type.",
            "Add a small number to the denominator, or leave those elements out before dividing.",
        )  # fmt: skip
    if base == "logsumexp" and backward and x is not None and not np.isfinite(x).any():
        return (
            "all-masked", f"{name} of nothing but -inf",
            f"Everything that {name} adds up is -inf in some row: its result is -inf, and its derivative 0/0.",
            "Leave at least one element of every row unmasked, or mask with a large negative number.",
        )  # fmt: skip
    if base in ("logaddexp", "logaddexp2") and backward and x is not None and (x == -np.inf).any():
        return (
            "all-masked", f"{name} of nothing but -inf",
            f"Both numbers that {name} adds up are -inf in places: its result is -inf, and its derivative NaN.",
            "Begin with a large negative number, as -1e9, in place of -inf.",
        )  # fmt: skip
    if base in ("exp", "expm1", "cosh", "sinh", "exp2", "logsumexp"):
        return (
            "exp-overflow", f"{name} overflows",
            f"{what} is as large as {_most(x)}: the result is larger than its type can hold.",
            "Subtract the largest element first, or use log_softmax, logsumexp, or the loss on logits."
            if base in ("exp", "exp2", "logsumexp") and _is_softmax(facts, op)
            else f"Keep what goes into {name} small: scale it, or clamp it, as in {name}(x.clamp(max=20)).",
        )  # fmt: skip
    if base in ("pow", "float_power"):
        exponent = params.get("exponent", "given")
        whole = (
            isinstance(exponent, (int, float)) and float(exponent).is_integer() and exponent >= 0
        )
        if whole or not (zero or negative):
            return _overflow(name)
        return (
            "power", "power outside its domain",
            f"{what} to the power {exponent}: 0 or a negative base has no finite "
            + ("derivative." if backward else "result."),
            "Clamp the base above 0, or use a power that is defined there.",
        )  # fmt: skip
    if base in (
        "acos",
        "asin",
        "atanh",
        "acosh",
        "erfinv",
        "atan2",
        "lgamma",
        "digamma",
        "arccos",
        "arcsin",
    ):
        return (
            "domain", f"{name} at the edge of its domain",
            f"{what} reaches where {name} has no finite {'derivative' if backward else 'value'}.",
            "Clamp it a little inside: x.clamp(-1 + eps, 1 - eps).",
        )  # fmt: skip
    if base in _MEANS and x is not None and x.size < 2:
        return _empty(name, what)
    if base in ("cross_entropy", "nll_loss"):
        return _empty(name, what)
    if base in ("softmax", "log_softmax"):
        return ("all-masked", f"{name} of nothing but -inf", "A row holds -inf only.",
                "Leave one element of every row unmasked.")  # fmt: skip
    if (
        facts.node_name(int(facts.tape.ops["node"][op])).endswith("Backward")
        if facts.tape.ops["node"][op] >= 0
        else False
    ):
        return ("wrong-backward" if backward else "born", f"the Function {name} made NaN or Inf",
                f"{name} is your own Function; its numbers were finite.", f"Check {name}'s formula.")  # fmt: skip
    return _overflow(name)


def _instead(facts: Facts, value: int) -> str:
    """Return what to use in place of a logarithm of zero, by what made the zero."""
    made = facts.made_by(facts.unviewed(value)) if value >= 0 else -1
    base = facts.base(made) if made >= 0 else ""
    if _multiplied(facts, made):
        base = "prod"
    known = {
        "softmax": "Use torch.log_softmax(x, dim) (or cross_entropy), which takes what went into the softmax.",
        "sigmoid": "Use F.logsigmoid(x) (or binary_cross_entropy_with_logits), which takes what went into the "
        "sigmoid.",
        "prod": "The product is smaller than its type can hold: add up logarithms, torch.log(x).sum(), in place of "
        "torch.log(x.prod()).",
        "exp": "Leave out both exp and log: log(exp(x)) is x, log(exp(x).sum()) is torch.logsumexp(x, dim).",
    }
    return known.get(
        base,
        "Use log(x.clamp(min=eps)) or log(x + eps), or the loss that works on logits (log_softmax, logsigmoid, "
        "cross_entropy).",
    )


def _multiplied(facts: Facts, op: int) -> bool:
    """Whether a value is what a loop multiplied up, one factor after the other."""
    for _ in range(_LONG):
        if op < 0 or facts.base(op) != "mul":
            return False
        before = (facts.made_by(v) for v in facts.inputs(op) if v >= 0)
        op = next((one for one in before if one >= 0 and facts.base(one) == "mul"), -1)
    return True


def _is_softmax(facts: Facts, op: int) -> bool:
    """Whether what an exp gives is added up and divided by, or its sum's logarithm is taken."""
    if facts.base(op) == "logsumexp":
        return True
    users = [user for out in facts.outputs(op) for user in facts.users(out)]
    divided = [u for u in users if facts.base(u) == "div"]
    sums = [facts.made_by(facts.inputs(u)[-1]) for u in divided]
    added = [facts.made_by(facts.inputs(s)[0]) for s in sums if s >= 0 and facts.base(s) == "sum"]
    if any(one >= 0 and facts.op_name(one) == facts.op_name(op) for one in added):
        return True  # exp(x) / exp(x).sum(): each its own exp
    again = [u for user in users for out in facts.outputs(user) for u in facts.users(out)]
    return any(facts.base(u) == "sum" for u in users) and any(
        facts.base(u) in ("div", "log", "reciprocal", "add", "mul") for u in (*users, *again)
    )


def _overflow(name: str) -> tuple[str, str, str, str]:
    return (
        "overflow", f"{name} overflows",
        f"The result of {name} is larger than its type can hold.",
        "Make the numbers smaller (learning rate, initialisation, normalisation, gradient clipping), "
        "or use a wider type.",
    )  # fmt: skip


def _empty(name: str, what: str) -> tuple[str, str, str, str]:
    return (
        "empty", f"{name} of too few elements",
        f"{what} has too few elements for {name} (0/0 is NaN).",
        "Check the mask or the slice that chose them, or leave the term out when nothing is chosen.",
    )  # fmt: skip


def _each(facts: Facts, op: int, x: Array | None) -> int:
    """Return how many elements a reduction takes for each result; 2 where nobody knows."""
    outs = facts.outputs(op)
    results = math.prod(facts.shape(outs[0])) if len(outs) else 0
    return x.size // results if x is not None and results else 2


def _edge(base: str) -> str:
    return {"log1p": "-1", "logit": "0 or 1", "binary_cross_entropy": "0 or 1"}.get(base, "0")


def _least(x: Array | None) -> str:
    return "" if x is None or not x.size else f" (its least is {np.nanmin(x):.4g})"


def _most(x: Array | None) -> str:
    return "its type allows" if x is None or not x.size else f"{np.nanmax(x.real):.4g}"
