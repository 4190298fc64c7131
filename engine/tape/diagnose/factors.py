"""The plain factors that operations bring into a gradient: a mean's 1/N, a power's n, a minus sign."""

from __future__ import annotations

import math
from typing import NamedTuple

from engine.tape.diagnose.facts import Facts
from engine.tape.errors import NotKept

#: Losses, and the code of `reduction` for a mean as PyTorch's dispatcher has it.
_LOSSES = frozenset((
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "kl_div", "soft_margin_loss", "poisson_nll_loss",
))  # fmt: skip
_OF_ROWS = frozenset(
    ("nll_loss", "nll_loss_forward", "nll_loss_nd", "cross_entropy", "cross_entropy_loss")
)

_BASES = {"log2": (2, "ln 2"), "log10": (10, "ln 10")}


class Factor(NamedTuple):
    """A number that every element is multiplied by on its way back through an operation.

    words: what the operation does. without: what a formula has that leaves it out.
    """

    number: float
    op: int
    words: str
    without: str


def factors(facts: Facts, ops: list[int]) -> list[Factor]:
    """Return the factors of operations, in the order given."""
    return [one for op in ops for one in _of(facts, op) if one.number not in (0.0, 1.0)]


def _of(facts: Facts, op: int) -> list[Factor]:
    name, inputs = facts.base(op), facts.inputs(op)
    if not inputs or inputs[0] < 0 or not len(facts.outputs(op)):
        return []
    size = math.prod(facts.shape(inputs[0])) or 1
    out = math.prod(facts.shape(facts.outputs(op)[0])) or 1
    params = facts.params(op)
    each = size // out
    if name in _OF_ROWS:
        each = _rows(facts, inputs)
    if name in _LOSSES | _OF_ROWS and out == 1:
        found = [_square(op)] if name == "mse_loss" else []
        adds = params.get("reduction") in (2, "sum")
        return [_sum(op, each) if adds else _mean(op, name, each), *found]
    if name in ("mean", "sum"):
        return [_mean(op, name, each) if name == "mean" else _sum(op, each)]
    if name in _BASES:
        number, words = _BASES[name]
        return [Factor(1 / math.log(number), op, f"the derivative of {name} has 1/{words}", "log")]
    if name == "neg":
        return [Factor(-1.0, op, "neg turns the sign", "no minus")]
    if name in ("sub", "rsub"):
        return [
            Factor(-1.0, op, "what is subtracted gets the gradient with a minus", "the other order")
        ]
    return _scaled(facts, op, name, inputs, params)


def _scaled(
    facts: Facts, op: int, name: str, inputs: list[int], params: dict[str, object]
) -> list[Factor]:
    if name in ("pow", "square"):
        power = 2.0 if name == "square" else params.get("exponent")
        if isinstance(power, (int, float)):
            words = f"the derivative of a power brings its exponent {power:g}"
            return [Factor(float(power), op, words, "½")]
    if name in ("mul", "div"):
        if len(inputs) == 2 and inputs[0] == inputs[1] and name == "mul":
            return [_square(op)]
        number = params.get("other")
        if number is None and len(inputs) == 2 and not facts.requires_grad(inputs[1]):
            array = facts.array(inputs[1])
            number = float(array.ravel()[0]) if array is not None and array.size == 1 else None
        if isinstance(number, (int, float)) and number:
            if name == "mul":
                return [Factor(float(number), op, f"it is multiplied by {number:g}", "no factor")]
            return [Factor(1 / float(number), op, f"it is divided by {number:g}", "no divisor")]
    return []


def _mean(op: int, name: str, each: int) -> Factor:
    return Factor(1 / each, op, f"{_of_name(name)} divides by {each:,}", "a sum")


def _of_name(name: str) -> str:
    return "the mean" if name == "mean" else f"the mean of {name}"


def _sum(op: int, each: int) -> Factor:
    return Factor(float(each), op, f"sum adds {each:,} elements and divides by nothing", "a mean")


def _square(op: int) -> Factor:
    return Factor(2.0, op, "the derivative of a square brings 2", "½")


def _rows(facts: Facts, inputs: list[int]) -> int:
    shape = facts.shape(inputs[0])
    return (
        math.prod(facts.shape(inputs[1]))
        if len(inputs) > 1 and inputs[1] >= 0
        else (shape or (1,))[0]
    )


def seed(facts: Facts, pass_: int) -> float:
    """Return the number that a pass began with, 1 where it was several or could not be read."""
    first = int(facts.tape.passes["root0"][pass_])
    index = int(facts.tape.roots["array"][first])
    if index < 0:
        return 1.0
    try:
        array = facts.tape.array(index)
    except NotKept:
        return 1.0
    some = float(array.ravel()[0]) if array.size else 1.0
    return some if array.size and (array == some).all() else 1.0
