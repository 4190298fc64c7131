"""Which elements of an operation's results some elements of an input decide."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.diagnose.facts import Facts

Mask = NDArray[np.bool_]
_Params = dict[str, Any]

#: Operations that give each element's result at the element's own place.
KEEP = {
    "relu", "sigmoid", "tanh", "exp", "log", "sqrt", "abs", "neg", "pow", "mul", "add", "sub", "div",
    "clamp", "where", "masked_fill", "clone", "to_copy", "sin", "cos", "gelu", "silu", "elu", "selu",
    "softplus", "leaky_relu", "hardtanh", "relu6", "rsqrt", "square", "reciprocal", "maximum",
    "minimum", "log1p", "expm1", "log2", "log10", "sign", "round", "floor", "ceil", "threshold",
    "clamp_min", "clamp_max", "hardsigmoid", "hardswish", "log_sigmoid", "erf", "atan", "asin", "acos",
    "tan", "sinh", "cosh", "native_dropout", "detach", "atan2", "tril", "triu",
}  # fmt: skip
_RESHAPING = (
    "view", "reshape", "unsafe_view", "reshape_alias", "squeeze", "unsqueeze", "flatten", "unflatten",
)  # fmt: skip
_SUMMING = ("sum", "mean", "amax", "amin", "prod", "logsumexp")


def decided(facts: Facts, op: int, value: int, mask: Mask) -> list[Mask | None]:
    """Return, per result of an operation, the elements that those of an input decide.

    mask: over the input `value`. None: unknown; a result that is not in the list is unknown too.
    """
    if op < 0 or not len(facts.outputs(op)):
        return [None]
    base, params, out = facts.base(op), facts.params(op), facts.shape(facts.outputs(op)[0])
    try:
        if base in _JOINING:
            return [_JOINING[base](_beside(facts, op, value, mask), int(params.get("dim", 0)))]
        if base in _PARTS:
            return list(_PARTS[base](mask, params))
        if base in _MOVING:
            moved = _MOVING[base](mask, params)
            return [moved if moved.shape == out else None]
        if base in ("index_select", "gather", "embedding"):
            return [_looked_up(facts, op, base, mask, params)]
        if base == "convolution":
            return [_of_convolution(facts, op, value, mask, out)]
        return [_within(facts, op, base, value, mask, out)]
    except (ValueError, IndexError, KeyError, TypeError):  # arguments that say something else
        return [None]


def _within(
    facts: Facts, op: int, base: str, value: int, mask: Mask, out: tuple[int, ...]
) -> Mask | None:
    params = facts.params(op)
    if mask.all():
        return mask if mask.shape == out else np.ones(out, bool)
    if base in KEEP or base == "expand":
        return mask if mask.shape == out else np.broadcast_to(mask, out)
    if base in _RESHAPING:
        return mask.reshape(out) if mask.size == math.prod(out) else None
    if base in ("t", "numpy_T", "mT") and mask.ndim == 2:
        return mask.T
    if base in (*_SUMMING, "max", "min") and out == ():
        return np.ones(out, bool)
    if base in _SUMMING:
        dims = params.get("dim")
        axes = tuple(dims) if isinstance(dims, list) else dims
        if axes is None:
            return None
        return np.asarray(mask.any(axis=axes, keepdims=bool(params.get("keepdim"))))
    if base in ("max", "min") and isinstance(params.get("dim"), int):
        return np.asarray(mask.any(axis=params["dim"], keepdims=bool(params.get("keepdim"))))
    return _of_product(facts, op, base, value, mask, out)


def _beside(facts: Facts, op: int, value: int, mask: Mask) -> list[Mask]:
    """Return masks of all inputs: of `value` the one given, of the others of nothing."""
    inputs = [v for v in facts.inputs(op) if v >= 0]
    return [mask if v == value else np.zeros(facts.shape(v), bool) for v in inputs]


def _joined(masks: list[Mask], dim: int) -> Mask:
    kept = [one for one in masks if one.shape != (0,)]  # cat leaves out what is empty
    return np.concatenate(kept, axis=dim)


_JOINING: dict[str, Callable[[list[Mask], int], Mask]] = {
    "cat": _joined,
    "stack": lambda masks, dim: np.stack(masks, axis=dim),
}


def _split(mask: Mask, params: _Params) -> list[Mask]:
    size, dim = params.get("split_size", params.get("split_sizes")), int(params.get("dim", 0))
    if isinstance(size, list):
        ends = np.cumsum(size)[:-1]
    else:
        ends = np.arange(int(size or 0), mask.shape[dim], int(size or 0))
    return np.split(mask, ends, axis=dim)


_PARTS: dict[str, Callable[[Mask, _Params], list[Mask]]] = {
    "split": _split,
    "split_with_sizes": _split,
    "unbind": lambda mask, params: list(np.moveaxis(mask, int(params.get("dim", 0)), 0)),
}


def _slice(mask: Mask, params: _Params) -> Mask:
    start, end, step = (params.get(name) for name in ("start", "end", "step"))
    places = np.arange(mask.shape[params["dim"]])[start:end:step]
    return np.take(mask, places, axis=params["dim"])


def _index(mask: Mask, params: _Params) -> Mask:
    """Return what `x[indices]` takes; an index that is no array takes all."""
    given = params["indices"]
    places = [slice(None) if one is None else np.asarray(one["array"]) for one in given]
    taken: Mask = mask[tuple(places)]
    return taken


def _padded(mask: Mask, params: _Params) -> Mask:
    pads = params["pad"]
    pairs = [(pads[i], pads[i + 1]) for i in range(0, len(pads), 2)][::-1]
    return np.pad(mask, [(0, 0)] * (mask.ndim - len(pairs)) + pairs)


def _windows(mask: Mask, params: _Params) -> Mask:
    dim, step = params["dimension"], params["step"]
    seen = np.lib.stride_tricks.sliding_window_view(mask, params["size"], axis=dim)
    return np.take(seen, np.arange(0, seen.shape[dim], step), axis=dim)


_MOVING: dict[str, Callable[[Mask, _Params], Mask]] = {
    "flip": lambda mask, params: np.flip(mask, params["dims"]),
    "roll": lambda mask, params: np.roll(mask, params["shifts"], tuple(params["dims"]) or None),
    "rot90": lambda mask, params: np.rot90(mask, params["k"], params["dims"]),
    "transpose": lambda mask, params: np.swapaxes(mask, params["dim0"], params["dim1"]),
    "permute": lambda mask, params: np.transpose(mask, params["dims"]),
    "select": lambda mask, params: np.asarray(mask.take(params["index"], axis=params["dim"])),
    "slice": _slice,
    "index": _index,
    "repeat": lambda mask, params: np.tile(mask, params["repeats"]),
    "constant_pad_nd": _padded,
    "unfold": _windows,
    "diagonal": lambda mask, params: np.diagonal(
        mask, params["offset"], params["dim1"], params["dim2"]
    ),
}


def _looked_up(facts: Facts, op: int, base: str, mask: Mask, params: _Params) -> Mask | None:
    """Return what an operation takes by the numbers that another input holds."""
    places = facts.array(facts.inputs(op)[1])
    if places is None:
        return None
    if base == "gather":
        return np.take_along_axis(mask, places, axis=params["dim"])
    return np.take(mask, places, axis=params["dim"] if base == "index_select" else 0)


def _of_convolution(
    facts: Facts, op: int, value: int, mask: Mask, out: tuple[int, ...]
) -> Mask | None:
    """The images that an input is of, or the channels that a weight or a bias makes."""
    inputs, params = facts.inputs(op), facts.params(op)
    rows: Mask = np.asarray(mask.reshape(len(mask), -1).any(axis=1))
    if value == inputs[0]:
        return np.broadcast_to(rows.reshape(-1, *(1,) * (len(out) - 1)), out)
    if params.get("transposed") or len(rows) != out[1]:
        return None
    return np.broadcast_to(rows.reshape(1, -1, *(1,) * (len(out) - 2)), out)


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
