"""Many small arrays of a tape at once: read in few pieces, those of one type and shape together."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import bits
from engine.tape.schema import ArrayFlag
from engine.tape.tape import Tape

Array = NDArray[Any]

#: Bytes up to which an array is small: larger ones are read one by one.
SMALL = 1 << 14
_GAP = 1 << 12  # bytes that nobody asked for between two arrays, which are read along
_GATHERED = 1 << 8  # bytes up to which arrays are collected by their indices


def several(tape: Tape, rows: NDArray[Any]) -> Iterator[tuple[NDArray[np.intp], Array]]:
    """Yield (positions in `rows`, (k, *shape) elements) of those rows of `arrays` that are small.

    Of an array whose elements are all equal there is one, with a shape of ones. Left out, for who
    asks for them by themselves, are large arrays, those that were not kept and damaged ones.
    """
    table = tape.arrays[rows]
    counts = tape.shape_sizes[table["shape"]]
    uniform = (table["flags"] & ArrayFlag.UNIFORM) != 0
    counts = np.where(uniform, 1, counts)
    whole = counts * _ITEMSIZES[table["dtype"]] == table["nbytes"]
    kept = (table["flags"] & ArrayFlag.SUMMARY) == 0
    chosen = np.flatnonzero(kept & whole & (table["nbytes"] <= SMALL))
    if len(chosen):
        read = _read(tape, table[chosen])
        yield from _together(tape, table[chosen], chosen, *read)


_ITEMSIZES = np.array([dtype.itemsize for dtype in bits.STORED], np.int64)


def _read(tape: Tape, table: NDArray[np.void]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the bytes of the arrays, and where in them each begins; -1 for a damaged one."""
    segments, number = np.unique(table["segment"], return_inverse=True)
    origins = np.array([tape.payload_start(int(one)) for one in segments], np.int64)
    begin = origins[number] + table["offset"]
    end = begin + table["nbytes"]
    order = np.argsort(begin, kind="stable")
    reach = np.maximum.accumulate(end[order])
    breaks = np.flatnonzero(begin[order][1:] > reach[:-1] + _GAP) + 1
    pieces, base, places = [], 0, np.empty(len(table), np.int64)
    for part in np.split(order, breaks):
        first, last = int(begin[part[0]]), int(end[part].max())
        pieces.append(tape.read_bytes(first, last - first))
        places[part] = begin[part] - first + base
        base += len(pieces[-1])
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    view, crc32 = memoryview(data), zlib.crc32
    wanted, sizes = table["crc"].tolist(), table["nbytes"].tolist()
    for k, place in enumerate(places.tolist()):
        if crc32(view[place : place + sizes[k]]) != wanted[k] or place + sizes[k] > base:
            places[k] = -1
    return np.frombuffer(data, np.uint8), places


def _together(
    tape: Tape, table: NDArray[np.void], chosen: NDArray[np.intp],
    data: NDArray[np.uint8], places: NDArray[np.int64],
) -> Iterator[tuple[NDArray[np.intp], Array]]:  # fmt: skip
    """Yield the arrays of each type, shape and order of elements."""
    form = table["flags"] & (ArrayFlag.UNIFORM | ArrayFlag.COLUMNS)
    shapes = tape.same_shapes[table["shape"]]
    kinds = (shapes * 256 + table["dtype"]) * 8 + form
    for kind in np.unique(kinds):
        mine = np.flatnonzero((kinds == kind) & (places >= 0))
        if not len(mine):
            continue
        one = table[mine[0]]
        flat = _gathered(data, places[mine], int(one["nbytes"])).view(bits.STORED[one["dtype"]])
        if one["dtype"] == bits.BFLOAT16:
            flat = bits.widen(flat)
        dims = tape.shape(int(one["shape"]))
        if one["flags"] & ArrayFlag.UNIFORM:
            found = flat.reshape(len(mine), *(1 for _ in dims))
        elif one["flags"] & ArrayFlag.COLUMNS:
            turned = flat.reshape(len(mine), *dims[::-1])
            found = turned.transpose(0, *range(len(dims), 0, -1))
        else:
            found = flat.reshape(len(mine), *dims)
        yield chosen[mine], found


def _gathered(data: NDArray[np.uint8], places: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Return (k, size) bytes from k places."""
    if size <= _GATHERED:
        return np.take(data, places[:, None] + np.arange(size))
    found = np.empty((len(places), size), np.uint8)
    for k, place in enumerate(places.tolist()):
        found[k] = data[place : place + size]
    return found
