"""Sums of floats in the order in which PyTorch adds (AVX2 kernels), so that they agree to the last bit.

A contiguous row is added as four interleaved rows of vectors; each of these is added in runs of 16,
the runs in runs of 16 again, and so on. Beyond `MOST` elements PyTorch splits the work among
threads, so that there is no one order to follow, and NumPy's is taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Raw = Any
MOST = 32768
_ROWS = 4  # rows that are added side by side
_LEVELS = 4
_MANY = 16  # runs from which on a copy pays


def _lanes(a: Raw) -> int:
    """Elements per vector."""
    return 32 // int(a.dtype.itemsize)


def _run(a: Raw) -> Raw:
    """One after the other along the first dimension."""
    return np.add.reduce(a, axis=0)


def _side_by_side(runs: Raw) -> Raw:
    """Runs (n, step, ...) as (step, n, ...); copied where that lets NumPy add longer rows."""
    turned = runs.swapaxes(0, 1)
    return np.ascontiguousarray(turned) if len(runs) > _MANY else turned


def _cascade(a: Raw) -> Raw:
    """Sum along the first dimension, in runs and runs of runs."""
    size = len(a)
    power = max(4, (size - 1).bit_length() // _LEVELS)
    step = 1 << power
    total = None
    for _ in range(_LEVELS - 1):
        full = len(a) // step
        if not full:
            break
        rest = a[full * step :]
        if len(rest):
            total = _run(rest) if total is None else total + _run(rest)
        a = _run(_side_by_side(a[: full * step].reshape(full, step, *a.shape[1:])))
    return _run(a) if total is None else total + _run(a)


def _rows(a: Raw) -> Raw:
    """Sum along the first dimension as four interleaved rows."""
    full = len(a) // _ROWS
    sums = _cascade(a[: full * _ROWS].reshape(full, _ROWS, *a.shape[1:]))
    total = sums[0]
    for v in a[full * _ROWS :]:
        total = total + v
    for k in range(1, _ROWS):
        total = total + sums[k]
    return total


def _inner(a: Raw) -> Raw:
    """Sum the rows of (rows, n), contiguous along n."""
    rows, n = a.shape
    lanes = _lanes(a)
    if n < lanes:
        return _rows(a.T)
    full = n // lanes
    vectors = _rows(a[:, : full * lanes].reshape(rows, full, lanes).transpose(1, 0, 2))
    total = np.zeros(rows, a.dtype)
    for column in (*a[:, full * lanes :].T, *vectors.T):
        total = total + column
    return total


def _outer(a: Raw) -> Raw:
    """Sum the columns of (n, columns), contiguous along the columns."""
    columns = a.shape[1]
    lanes = _lanes(a)
    block = _ROWS * lanes if columns >= lanes else _ROWS
    cut = columns // block * block
    if not cut:
        return _rows(a)
    left = _cascade(a[:, :cut])
    return left if cut == columns else np.concatenate([left, _rows(a[:, cut:])])


def counted(a: Raw) -> Raw:
    """The sum of a vector as the loss over classes adds it: the first element last, the others in
    runs of 16 and runs of runs."""
    rest = a[1:]
    total = None
    while len(rest):
        cut = len(rest) // 16 * 16
        if cut < len(rest):
            part = np.add.accumulate(rest[cut:])[-1]
            total = part if total is None else total + part
        rest = np.add.accumulate(rest[:cut].reshape(-1, 16), axis=1)[:, -1] if cut else rest[:0]
    return a[0] if total is None else total + a[0]


def follows(a: Raw) -> bool:
    """Whether PyTorch's order is known for this array."""
    return bool(1 < a.size <= MOST and a.dtype.kind == "f" and a.itemsize >= 4)


#: The order in which fewer elements than a vector holds are added, by their number.
_FEW = {n: [0, *range(4, n), 1, 2, 3] for n in range(4, 8)}


def _flat(a: Raw) -> Raw:
    """`_inner` of one row, with few calls."""
    n, lanes = a.size, _lanes(a)
    if n < lanes:
        return np.add.accumulate(a[_FEW[n]] if n >= _ROWS else a)[-1]
    width = _ROWS * lanes
    cut, end = n // width * width, n // lanes * lanes
    if cut:
        sums = _cascade(a[:cut].reshape(-1, width))
        vectors = np.concatenate((sums[:lanes], a[cut:end], sums[lanes:]))
    else:
        vectors = a[:end]
    last = np.add.reduce(vectors.reshape(-1, lanes), axis=0)
    return np.add.accumulate(np.concatenate((a[end:], last)) if end < n else last)[-1]


def total(a: Raw) -> Raw:
    """The sum of all elements of an array for which `follows` holds."""
    if not a.flags.c_contiguous:
        order = sorted(range(a.ndim), key=lambda d: -a.strides[d])
        a = a.transpose(order)
        if not a.flags.c_contiguous:
            return a.sum()
    return _flat(a.reshape(-1))


def along(a: Raw, dims: tuple[int, ...]) -> Raw | None:
    """The sum along neighbouring dimensions of a contiguous array, without them; None where the
    order is another."""
    if not a.flags.c_contiguous or dims != tuple(range(dims[0], dims[-1] + 1)):
        return None
    before, after = a.shape[: dims[0]], a.shape[dims[-1] + 1 :]
    n = int(np.prod(a.shape[dims[0] : dims[-1] + 1]))
    kept = int(np.prod(after))
    if kept == 1:
        return _inner(a.reshape(-1, n)).reshape(before + after)
    if int(np.prod(before)) == 1:
        return _outer(a.reshape(n, kept)).reshape(before + after)
    blocks = a.reshape(-1, n, kept)
    if len(blocks) > 64:
        return None
    return np.stack([_outer(block) for block in blocks]).reshape(before + after)
