"""Parameters over the passes of a run: norms, updates, histograms; and the health of activations.

Iterations are those of `engine.tape.history`; of a long run they are thinned out evenly, so that
one reading looks at a bounded number of arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape.errors import NotKept
from engine.tape.history import History, thinned
from engine.tape.modules import module_path
from engine.tape.schema import Event, ValueFlag
from engine.tape.tape import Tape

Array = NDArray[Any]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Cancelled = Callable[[], bool]

#: Iterations that are read of a parameter or layer, bytes of arrays, and parameters at most.
MOST, BUDGET, PARAMETERS = 600, 100_000_000, 200
ROWS = 24  # of a ridgeline plot
LEAST_BINS, BINS = 9, 49  # of a histogram: more of more elements, and zero is amid one
_SATURATED = 0.97  # of the reach of a tanh or sigmoid
_APART = 8.0  # times as wide is the widest histogram as the narrowest that share an axis

_DEAD = {"relu": "zero", "relu_": "zero", "leaky_relu": "below zero", "clamp_min": "at the bound"}
_BOUNDED = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "hardtanh": (-1.0, 1.0)}


class Track(NamedTuple):
    """A parameter over iterations, (k,) each; NaN where nothing was kept, inf where it is not finite.

    playheads: where each iteration's gradient has been added up. update_ratio: the norm of the
    change until the next iteration over the norm of the value.
    """

    name: str
    tensor: int
    playheads: Indices
    value_norm: Floats
    grad_norm: Floats
    update_ratio: Floats


class Ridges(NamedTuple):
    """Histograms over iterations, (r,) each but shares: (r, bins), of each row's elements.

    low, high: what the bins of a row reach over, evenly; of a row on both sides of zero this is in
    the middle. least, greatest: of its finite elements but one in a thousand at either end, NaN for
    none. bad: how many of its elements are NaN or Inf. own: whether rows have different axes.
    """

    name: str
    playheads: Indices
    shares: Floats
    low: Floats
    high: Floats
    least: Floats
    greatest: Floats
    bad: Indices
    own: bool


class Health(NamedTuple):
    """An activation over its calls: (k,) playheads, and the share of elements that are `what`."""

    name: str
    what: str
    playheads: Indices
    shares: Floats


def parameters(tape: Tape) -> list[tuple[int, str]]:
    """Return tensor and name of the leaves that passes gave gradients, in order of appearance."""
    wanted = ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD
    leaves = tape.values["tensor"][(tape.values["flags"] & wanted) == wanted]
    given = set(np.unique(tape.grads["tensor"]).tolist())
    order = [tensor for tensor in dict.fromkeys(leaves.tolist()) if tensor in given]
    return [(tensor, tape.tensor_label(tensor)) for tensor in order]


def tracks(tape: Tape, cancelled: Cancelled = lambda: False) -> list[Track]:
    """Return the first PARAMETERS of the parameters over iterations."""
    found = []
    named = parameters(tape)[:PARAMETERS]
    for tensor, name in named:
        if cancelled():
            break
        found.append(_track(History(tape, tensor), name, len(named), cancelled))
    return [one for one in found if len(one.playheads)]


def ridges(
    tape: Tape, tensor: int, name: str, grad: bool, cancelled: Cancelled = lambda: False,
    own: bool | None = None,
) -> Ridges | None:  # fmt: skip
    """Return the histograms of a parameter's value or gradient; None where nothing was kept.

    own: whether each has an axis of its own; None: where they would not be told apart on one.
    """
    history = History(tape, tensor)
    rows = thinned(np.arange(len(history)), ROWS)
    arrays, kept, bad = list[Floats](), list[int](), list[int]()
    for i in rows.tolist():
        if cancelled():
            break
        array = _read(history.grad if grad else history.value, i)
        if array is not None and array.size:
            arrays.append(_finite(array))
            bad.append(array.size - arrays[-1].size)
            kept.append(i)
    if not arrays:
        return None
    least, greatest = _extents(arrays)
    low, high, own = _axes(least, greatest, own)
    root = math.isqrt(max(one.size for one in arrays))
    bins = 2 * min(max(root, LEAST_BINS // 2), BINS // 2) + 1
    shares = np.stack([_histogram(*row, bins) for row in zip(arrays, low, high, strict=True)])
    playheads = history.playheads[np.array(kept)]
    return Ridges(name, playheads, shares, low, high, least, greatest, np.array(bad), own)


def _extents(arrays: list[Floats]) -> tuple[Floats, Floats]:
    ends = [np.quantile(one, (0.001, 0.999)) if one.size else (np.nan, np.nan) for one in arrays]
    least, greatest = np.array(ends, np.float64).T
    return least, greatest


def _axes(least: Floats, greatest: Floats, own: bool | None) -> tuple[Floats, Floats, bool]:
    """Return what the bins of rows reach over, and whether each row has its own."""
    wide = np.where(least * greatest < 0, 2 * np.maximum(-least, greatest), greatest - least)
    wide = wide[wide > 0]  # and not NaN
    if own is None:
        own = bool(len(wide)) and float(wide.max()) > _APART * float(wide.min())
    if not own:
        known = np.isfinite(least)
        least = np.full_like(least, least[known].min() if known.any() else 0.0)
        greatest = np.full_like(least, greatest[known].max() if known.any() else 0.0)
    least, greatest = np.nan_to_num(least), np.nan_to_num(greatest)
    reach = np.maximum(-least, greatest)
    both = least * greatest < 0
    low, high = np.where(both, -reach, least), np.where(both, reach, greatest)
    alone = low == high
    half = np.where(low == 0, 1.0, np.abs(low) / 2)
    return np.where(alone, low - half, low), np.where(alone, high + half, high), own


def _histogram(array: Floats, low: float, high: float, bins: int) -> Floats:
    edges = np.linspace(low, high, bins + 1)
    counts: Floats = np.histogram(np.clip(array, low, high), edges)[0] / max(array.size, 1)
    return counts


def health(tape: Tape, cancelled: Cancelled = lambda: False) -> list[Health]:
    """Return how much of each activation is dead or saturated, call by call."""
    wanted = {name: i for i, name in enumerate(tape.texts()) if name in _DEAD or name in _BOUNDED}
    names = {i: name for name, i in wanted.items()}
    ops = np.flatnonzero(np.isin(tape.ops["name"], list(names)))
    layers: dict[tuple[str, str], list[int]] = {}
    for op in ops.tolist():
        name = names[int(tape.ops["name"][op])]
        layers.setdefault((_layer(tape, op), name), []).append(op)
    found: list[Health] = []
    for (layer, name), calls in layers.items():
        chosen = np.array(calls)[thinned(np.arange(len(calls)), MOST)]
        shares = np.full(len(chosen), np.nan)
        for k, op in enumerate(chosen.tolist()):
            if cancelled():
                return found
            shares[k] = _share(tape, int(tape.ops["out0"][op]), name)
        playheads = tape.ops["event"][chosen].astype(np.int64) + 1
        what = _DEAD.get(name, "saturated")
        found.append(Health(f"{layer} {name}".strip(), what, playheads, shares))
    return found


def _track(history: History, name: str, parameters: int, cancelled: Cancelled) -> Track:
    tape, size = history.tape, max(int(np.prod(history.shape, dtype=np.int64)), 1)
    most = min(MOST, max(BUDGET // (24 * size * max(parameters, 1)), 8))
    chosen = thinned(np.arange(len(history)), most)
    value, grad, ratio = (np.full(len(chosen), np.nan) for _ in range(3))
    for k, i in enumerate(chosen.tolist()):
        if cancelled():
            break
        before = _read(history.value, i)
        after = _read(history.value, i + 1) if i + 1 < len(history) else _last(tape, history)
        gradient = _read(history.grad, i)
        value[k], grad[k] = _norm(before), _norm(gradient)
        if before is not None and after is not None and before.shape == after.shape and value[k]:
            with np.errstate(invalid="ignore"):
                changed = _norm(after - before)
            ratio[k] = changed / value[k] if np.isfinite(value[k]) else np.inf
    return Track(name, history.tensor, history.playheads[chosen], value, grad, ratio)


def _last(tape: Tape, history: History) -> Array | None:
    """Return what the leaf holds at the end."""
    rows = np.flatnonzero(tape.values["tensor"] == history.tensor)
    return _read(tape.value, int(rows[-1])) if len(rows) else None


def _read(read: Callable[[int], Array | None], i: int) -> Array | None:
    try:
        return read(i)
    except NotKept:
        return None


def _norm(array: Array | None) -> float:
    """Return the norm; NaN for nothing, inf for what has an element that is not finite."""
    if array is None:
        return float("nan")
    with np.errstate(over="ignore", invalid="ignore"):
        wide = np.abs(array).astype(np.float64)
        total = float(np.sqrt((wide * wide).sum()))
    return total if np.isfinite(total) else float("inf")


def _finite(array: Array) -> Floats:
    real: Floats = np.asarray(np.abs(array) if np.iscomplexobj(array) else array, np.float64)
    finite: Floats = real[np.isfinite(real)].ravel()
    return finite


def _share(tape: Tape, value: int, name: str) -> float:
    array = _read(tape.value, value)
    if array is None or not array.size:
        return float("nan")
    if name not in _BOUNDED:
        return float((np.asarray(array) <= 0).mean())
    low, high = _BOUNDED[name]
    middle, reach = (low + high) / 2, (high - low) / 2
    return float((np.abs(np.asarray(array, np.float64) - middle) > _SATURATED * reach).mean())


def _layer(tape: Tape, op: int) -> str:
    """Return the module that an activation is in, or else its line."""
    path = module_path(tape, int(tape.ops["scope"][op]))
    if path:
        return path
    event = int(tape.ops["event"][op])
    assert tape.events["kind"][event] == Event.OP
    source = tape.source(int(tape.events["loc"][event]))
    return f"line {source.line}" if source is not None else ""
