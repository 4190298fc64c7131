"""Arrays on their way into the spool: small ones copied at once, large ones borrowed until then.

A borrowed array is written straight from the engine's memory at the next flush. Before that memory
is written to, `protect` replaces the borrowed one by a copy.
"""

from __future__ import annotations

import math
import struct
import threading
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from engine.tape import bits
from engine.tape.record.rows import Batch
from engine.tape.schema import TABLES, ArrayFlag
from engine.tape.statistics import statistics
from engine.tape.storage.segments import Payload

#: Larger arrays are borrowed; copying a smaller one costs less than keeping account of it.
_BORROW = 16 << 10
_PAYLOAD = 8 << 20
#: Arrays from this size on get a payload member of their own: its checksum is theirs.
_ALONE = 128 << 10
#: Arrays up to so many bytes are kept whatever the budget: statistics would take as many.
_ALWAYS = 64
_PADDING = [b"\0" * n for n in range(8)]
_CRC_AT = (TABLES["arrays"].itemsize, TABLES["arrays"].fields["crc"][1])  # type: ignore[index]
_PLAIN = {
    stored.newbyteorder("="): code
    for code, stored in enumerate(bits.STORED)
    if code != bits.BFLOAT16
}
#: NumPy's numbers that bytes() takes as memory; of an integer it would make so many zeros.
_SCALARS = {
    dtype.type: (code, dtype.itemsize) for dtype, code in _PLAIN.items() if dtype.kind in "fc"
}


def owner(array: Any) -> Any:
    """Return the object whose memory an array shows; None for a NumPy scalar."""
    if not isinstance(array, np.ndarray):
        return None
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


class Late(NamedTuple):
    """A row of `arrays` whose checksum is computed when it is written: its data is parts[at]."""

    row: int
    parts: list[Any]
    at: int


class _Borrowed(NamedTuple):
    """A place in a payload that shows borrowed memory; span: its first byte there and its bytes."""

    span: tuple[int, int]
    parts: list[Any]
    at: int
    payload: int
    offset: int


def fill_in(
    rows: bytearray, first: int, late: list[Late], payloads: list[Payload]
) -> list[Payload]:
    """Put the checksums of borrowed arrays into new rows of `arrays`, which begin with `first`.

    Returns the payloads; those of a single array now know its checksum as their own.
    """
    size, at = _CRC_AT
    alone: dict[int, int] = {}
    known: dict[tuple[int, int], int] = {}
    for row, parts, place in late:
        crc = known.get((id(parts), place), -1)
        if crc < 0:
            crc = known[id(parts), place] = crc32(parts[place])
        if (row - first) * size < len(rows):  # not one that was rolled back
            struct.pack_into("<I", rows, (row - first) * size + at, crc)
        if len(parts) == 1:
            alone[id(parts)] = crc
    return [p._replace(crc=alone.get(id(p.parts))) for p in payloads]


class Arrays:
    """Turns arrays into rows of `arrays` and payload members.

    pending: bytes that were taken and not written yet.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._rows = batch["arrays"]
        self._put, self._shapes = self._rows.put, batch.shapes
        self._payload = 0  # number of the open payload member
        self._size = 0
        self._small: list[bytes] = []  # what follows `_parts`
        self._parts: list[Any] = []
        self._full: list[tuple[int, list[Any]]] = []
        self._borrowed: dict[int, list[_Borrowed]] = {}
        self._late: list[Late] = []
        self._recent: dict[int, tuple[Any, int]] = {}
        self._flying: dict[int, Any] = {}
        self._landed = threading.Lock()  # held while borrowed arrays are being written
        self._budget = math.inf
        self._over = False  # the budget is spent: of larger arrays only statistics are kept
        self.pending = 0

    def limit(self, budget: float) -> None:
        """Keep the elements of arrays up to about so many bytes; then of the smallest only."""
        self._budget = budget
        self._over = budget <= 0

    def add(self, array: Any, bfloat16: bool = False) -> int:
        """Return the row of an array's content as it is now; the same one for the same object."""
        found = self._recent.get(id(array))
        if found is not None:
            return found[1]
        scalar = _SCALARS.get(type(array))
        if scalar is not None and not bfloat16:
            code, nbytes = scalar
            row = self._copy(bytes(array), code, nbytes, ())
        elif self._over and array.nbytes > _ALWAYS and any(array.strides):
            row = self._describe(array, bfloat16)
        elif not bfloat16 and array.nbytes < _BORROW and _in_order(array):
            row = self._copy(array.tobytes(), _PLAIN[array.dtype], array.nbytes, array.shape)
        else:
            row = self._add(array, bfloat16)
        self._recent[id(array)] = array, row
        return row

    def add_all(self, arrays: list[Any], bfloat16: list[bool] | None = None) -> list[int]:
        """Return the rows of several arrays; bfloat16: which of them are that."""
        if bfloat16 is not None and True in bfloat16:
            return list(map(self.add, arrays, bfloat16))
        if self._over:
            return list(map(self.add, arrays))
        recent, rows, shapes, put, keep = (
            self._recent, self._rows, self._shapes, self._put, self._small.append
        )  # fmt: skip
        found: list[int] = []
        for array in arrays:
            key = id(array)
            known = recent.get(key)
            if known is not None:
                found.append(known[1])
                continue
            offset = self._size
            scalar = _SCALARS.get(array.__class__)
            if scalar is not None:
                code, nbytes = scalar
                shape, data = shapes.get(()), bytes(array)
            else:
                nbytes = array.nbytes
                shape = shapes.get(array.shape)
                if nbytes >= _BORROW or not array.flags.c_contiguous:
                    shape = None
                else:
                    code, data = _PLAIN[array.dtype], array.tobytes()
            if shape is None or offset >= _PAYLOAD:
                found.append(self.add(array))
                keep = self._small.append  # `add` may have begun another list
                continue
            # As `_copy` does it.
            keep(data)
            put((self._payload, offset, nbytes, code, shape, crc32(data), 0))
            pad = -nbytes & 7
            if pad:
                keep(_PADDING[pad])
            self._size = offset + nbytes + pad
            row = rows.count
            rows.count = row + 1
            recent[key] = array, row
            found.append(row)
        if self._size >= _PAYLOAD:
            self._close()
        return found

    def forget(self) -> None:
        """Let go of the arrays that `add` compares with: they may change from now on."""
        self._recent.clear()

    def protect(self, memory: Any) -> bool:
        """Copy what is borrowed from `memory`; return whether the caller must `wait` as well."""
        self._recent.clear()
        key = id(memory)
        for one in self._borrowed.pop(key, ()):
            one.parts[one.at] = bytes(one.parts[one.at])
        return key in self._flying

    def wait(self) -> None:
        """Return when nothing borrowed is being written."""
        with self._landed:
            pass

    def take(self) -> tuple[list[Payload], list[Late]]:
        """Return what is to be written; until `land` the borrowed arrays must not change."""
        self._landed.acquire()
        self._close()
        taken = [Payload(number, parts) for number, parts in self._full]
        late, self._late, self._full = self._late, [], []
        self._flying, self._borrowed = dict.fromkeys(self._borrowed), {}
        self.pending = 0
        return taken, late

    def land(self) -> None:
        """The borrowed arrays were written, or never will be."""
        self._flying = {}
        self._landed.release()

    def _copy(self, data: bytes, code: int, nbytes: int, shape: tuple[int, ...]) -> int:
        """Write a small array whose bytes these are."""
        rows, offset = self._rows, self._size
        self._small.append(data)
        number = self._shapes.get(shape)
        if number is None:
            number = self._batch.shape(shape)
        self._put((self._payload, offset, nbytes, code, number, crc32(data), 0))
        row = rows.count
        rows.count = row + 1
        self._size = offset = offset + nbytes
        if offset & 7:
            self._small.append(_PADDING[-offset & 7])
            self._size = offset + (-offset & 7)
        if offset >= _PAYLOAD:
            self._close()
        return row

    def _describe(self, array: Any, bfloat16: bool) -> int:
        """Write statistics in the place of the elements."""
        code = _PLAIN[array.dtype]
        if bfloat16 and code == bits.FLOAT32:
            code = bits.BFLOAT16
        shape = self._batch.shape(array.shape)
        row = self._rows.add(-1, 0, 0, code, shape, 0, int(ArrayFlag.SUMMARY))
        self._batch["statistics"].add(row, *statistics(array))
        return row

    def _add(self, array: Any, bfloat16: bool) -> int:
        """Write any array: of one value, bfloat16, in another order, or large."""
        shape, flags = array.shape, 0
        code = _PLAIN[array.dtype]
        if array.size > 1 and not any(array.strides):
            flags = int(ArrayFlag.UNIFORM)
            array = array[(0,) * array.ndim]
        if bfloat16 and code == bits.FLOAT32:
            array, code = _halved(array)
        if array.nbytes >= _BORROW:
            return self._borrow(array, code, shape, flags)
        row = self._copy(array.tobytes(), code, array.nbytes, shape)
        if flags:
            self._rows.flat[-1] = flags  # the last column
        return row

    def _borrow(self, array: NDArray[Any], code: int, shape: tuple[int, ...], flags: int) -> int:
        """Write a large array from its own memory, together with others that show the same."""
        if not array.flags.c_contiguous:
            if array.flags.f_contiguous:
                array, flags = array.T, flags | int(ArrayFlag.COLUMNS)
            else:
                array = np.ascontiguousarray(array)
        memory = owner(array)
        whole = memory is array or (array.nbytes == memory.nbytes and memory.flags.forc)
        start = 0 if whole else array.ctypes.data - memory.ctypes.data
        span = start, array.nbytes
        same = self._borrowed.setdefault(id(memory), [])
        place = next((one for one in same if one.span == span), None) if same else None
        if place is None:
            place = self._lend(array, span)
            same.append(place)
        self._late.append(Late(self._rows.count, place.parts, place.at))
        return self._rows.add(
            place.payload, place.offset, array.nbytes, code, self._batch.shape(shape), 0, flags
        )

    def _lend(self, array: NDArray[Any], span: tuple[int, int]) -> _Borrowed:
        alone = array.nbytes >= _ALONE
        if alone:
            self._close()
        self._gather()
        place = _Borrowed(span, self._parts, len(self._parts), self._payload, self._size)
        self._parts.append(_bytes_of(array))
        pad = 0 if alone else -array.nbytes % 8
        if pad:
            self._parts.append(_PADDING[pad])
        self._size += array.nbytes + pad
        if alone or self._size >= _PAYLOAD:
            self._close()
        return place

    def _gather(self) -> None:
        """Make one part of the small ones."""
        if self._small:
            self._parts.append(b"".join(self._small))
            self._small = []

    def _close(self) -> None:
        self._gather()
        if self._parts:
            self._full.append((self._payload, self._parts))
            self.pending += self._size
            self._budget -= self._size
            self._over = self._budget <= 0
            self._parts, self._size = [], 0
            self._payload += 1


def _in_order(array: Any) -> bool:
    """Return whether the bytes of an array are its elements in order, each once."""
    return (array.base is None and array.ndim < 2) or bool(array.flags.c_contiguous)


def _bytes_of(array: NDArray[Any]) -> memoryview:
    """Return the memory of an array whose elements are in order."""
    if array.dtype.kind in "fiu":
        return array.data.cast("B")  # a twentieth of the time of the other way
    return array.reshape(-1).view(np.uint8).data


def _halved(array: Any) -> tuple[Any, int]:
    """Return bfloat16 values, computed as float32, as their upper halves: as they read."""
    return bits.narrow(np.atleast_1d(array)), bits.BFLOAT16
