"""Sequences of different lengths: packed without padding, and padded again."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from engine.ops.api import publish
from engine.ops.table import define, run
from engine.tensor import Tensor

Raw = Any


def _places(counts: Raw, batch_first: bool, sizes: Any) -> Raw:
    """Return where each packed row stands among the flat rows of the padded sequences."""
    steps, batch = sizes[:2][::-1] if batch_first else sizes[:2]
    longest = min(max(counts), steps)  # what a length counts beyond is not there
    times = [np.full((counts > t).sum(), t) for t in range(longest)]
    time = np.concatenate(times)
    which = np.concatenate([np.arange(len(one)) for one in times])
    return which * steps + time if batch_first else time * batch + which


def _flat(sizes: Any) -> tuple[int, ...]:
    return (sizes[0] * sizes[1], *sizes[2:])


def _pack(a: Raw, lengths: Raw, batch_first: bool) -> tuple[Raw, Raw]:
    rows = a.reshape(_flat(a.shape))[_places(lengths, batch_first, a.shape)]
    return rows, np.array([(lengths > t).sum() for t in range(max(lengths))], np.int64)


def _unpack(
    F: Any, g: Any, self_sizes: Any, self_dtype: Any, lengths: Any, batch_first: bool
) -> Any:
    places = F.const(_places(F.array(lengths), batch_first, self_sizes))
    return F.index_add(F.zeros(_flat(self_sizes), self_dtype), 0, places, g).reshape(self_sizes)


PACK = define(
    "_pack_padded_sequence(self, lengths, batch_first)",
    _pack,
    family="shape",
    self=_unpack,
    pack=tuple,
    doc="The rows of padded sequences without the padding, and how many go on at each time.",
)


def pack_padded(input: Tensor, lengths: Tensor, batch_first: bool) -> tuple[Tensor, Tensor]:
    """Return the rows of (time, batch, *) without padding, and how many there are at each time.

    Raises RuntimeError where the lengths, int64 (batch,), do not fall or do not fit the input.
    """
    counts = lengths.tolist()
    batch = input.size(0 if batch_first else 1)
    if len(counts) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} "
            f"(batch_size={batch})"
        )
    if any(n <= 0 for n in counts):
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if any(a < b for a, b in itertools.pairwise(counts)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    return run(PACK, [input, lengths, batch_first])  # type: ignore[no-any-return]


publish("_pack_padded_sequence", pack_padded, method=False, F=False, doc=PACK.doc)
