"""One element of a gradient, followed from where it arrived back towards the root."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Link

Array = NDArray[Any]
Mask = NDArray[np.bool_]
_ENDS = 6  # links that are told of either end of a long way

#: Operations that give each element's result at the element's own place.
KEEP = {
    "relu", "sigmoid", "tanh", "exp", "log", "sqrt", "abs", "neg", "pow", "mul", "add", "sub", "div",
    "clamp", "where", "masked_fill", "clone", "to_copy", "sin", "cos", "gelu", "silu", "elu", "selu",
    "softplus", "leaky_relu", "hardtanh", "relu6", "rsqrt", "square", "reciprocal", "maximum",
    "minimum", "log1p", "expm1", "log2", "log10", "sign", "round", "floor", "ceil", "threshold",
    "clamp_min", "clamp_max", "hardsigmoid", "hardswish", "log_sigmoid", "erf", "atan", "asin", "acos",
    "tan", "sinh", "cosh", "native_dropout", "detach",
}  # fmt: skip


class Trail:
    """What hands something on, from what was asked back towards its cause; told from the cause on."""

    def __init__(self, facts: Facts, kind: str) -> None:
        self._facts, self._kind = facts, kind
        self._rows: list[tuple[bool, int, str]] = []

    def step(self, step: int, text: str = "") -> None:
        self._rows.append((True, step, text))

    def op(self, op: int, text: str = "") -> None:
        self._rows.append((False, op, text))

    def links(self) -> tuple[Link, ...]:
        """Return the links, the cause's end first; of a long way both ends."""
        rows = self._rows[::-1]
        if len(rows) <= 2 * _ENDS:
            return tuple(map(self._link, rows))
        left_out = Link(f"… {len(rows) - 2 * _ENDS:,} nodes more {self._kind}")
        return (*map(self._link, rows[:_ENDS]), left_out, *map(self._link, rows[-_ENDS:]))

    def _link(self, row: tuple[bool, int, str]) -> Link:
        is_step, at, text = row
        facts = self._facts
        if is_step:
            name = facts.node_name(facts.node_at(at))
            return facts.at_step(text or f"{name} {self._kind}", at)
        return facts.at_op(text or f"{facts.called(at)} {self._kind}", at)


def gradients(facts: Facts, step: int) -> list[Array | None]:
    """Return what came in at a step, per output of its node; None for nothing."""
    rows = facts.arrivals(step)
    if len(rows) != 1 or facts.hooked(step) or facts.number(rows[0]) != 0:
        return replay.cotangents(facts.tape, step)
    return [facts.sent(rows[0])]


def relevant(facts: Facts, op: int, value: int, mask: Mask) -> Mask | None:
    """Return which elements of an operation's first result those of an input decide; None: unknown.

    mask: over the input `value`.
    """
    if op < 0 or not len(facts.outputs(op)):
        return None
    out = facts.shape(facts.outputs(op)[0])
    if np.count_nonzero(mask) == mask.size:
        return mask if mask.shape == out else np.ones(out, bool)
    base = facts.base(op)
    if base in KEEP:
        if mask.shape == out:
            return mask
        try:
            return np.broadcast_to(mask, out)
        except ValueError:
            return None
    params = facts.params(op)
    if base in ("view", "reshape", "unsafe_view", "squeeze", "unsqueeze", "flatten"):
        return mask.reshape(out) if mask.size == math.prod(out) else None
    if base in ("t", "numpy_T", "mT") and mask.ndim == 2:
        return mask.T
    if base == "transpose":
        return np.swapaxes(mask, *_dims(params, "dim0", "dim1"))
    if base == "permute" and isinstance(params.get("dims"), list):
        return np.transpose(mask, params["dims"])
    if base == "expand":
        try:
            return np.broadcast_to(mask, out)
        except ValueError:
            return None
    if base == "select":
        picked: Mask = np.take(mask, int(params["index"]), axis=int(params["dim"])).reshape(out)
        return picked
    if base in ("sum", "mean", "amax", "amin", "max", "min", "prod", "logsumexp") and out == ():
        return np.ones(out, bool)
    if base in ("sum", "mean", "amax", "amin", "prod", "logsumexp"):
        dims = params.get("dim")
        axes = tuple(dims) if isinstance(dims, list) else dims
        if axes is None:
            return None
        return np.asarray(mask.any(axis=axes, keepdims=bool(params.get("keepdim"))))
    return _of_product(facts, op, base, value, mask, out)


def _dims(params: dict[str, Any], *names: str) -> list[int]:
    return [int(params.get(name, at)) for at, name in enumerate(names)]


def _of_product(
    facts: Facts, op: int, base: str, value: int, mask: Mask, out: tuple[int, ...]
) -> Mask | None:
    """A matrix product: the rows of a left factor, the columns of a right one."""
    inputs = [v for v in facts.inputs(op) if v >= 0]
    factors = {"mm": inputs, "addmm": inputs[1:], "mv": inputs, "bmm": inputs}.get(base)
    if not factors or len(factors) != 2 or value not in factors:
        return np.broadcast_to(mask, out) if base == "addmm" and mask.ndim <= len(out) else None
    found = np.zeros(out, bool)
    if value == factors[0]:
        rows = np.asarray(mask.any(axis=-1))
        found |= rows[..., None] if found.ndim == mask.ndim else rows
    else:
        columns = np.asarray(mask.any(axis=-2) if mask.ndim > 1 else mask.any())
        found |= columns[..., None, :] if found.ndim == mask.ndim and mask.ndim > 1 else columns
    return found
