"""Arrays on their way into the spool: small ones copied at once, large ones borrowed until then.

A borrowed array is written straight from the engine's memory at the next flush. Before that memory
is written to, `protect` replaces the borrowed one by a copy.
"""

from __future__ import annotations

import struct
import threading
import zlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape import bits
from engine.tape.record.rows import Batch
from engine.tape.schema import TABLES, ArrayFlag
from engine.tape.storage.segments import Payload

#: Larger arrays are borrowed; copying a smaller one costs less than keeping account of it.
_BORROW = 16 << 10
_PAYLOAD = 8 << 20
#: Arrays from this size on get a payload member of their own: its checksum is theirs.
_ALONE = 128 << 10
_PADDING = [b"\0" * n for n in range(8)]
_CRC_AT = (TABLES["arrays"].itemsize, TABLES["arrays"].fields["crc"][1])  # type: ignore[index]
_PLAIN = {
    stored.newbyteorder("="): code
    for code, stored in enumerate(bits.STORED)
    if code != bits.BFLOAT16
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


def fill_in(
    rows: bytearray, first: int, late: list[Late], payloads: list[Payload]
) -> list[Payload]:
    """Put the checksums of borrowed arrays into new rows of `arrays`, which begin with `first`.

    Returns the payloads; those of a single array now know its checksum as their own.
    """
    size, at = _CRC_AT
    alone: dict[int, int] = {}
    for row, parts, place in late:
        crc = zlib.crc32(parts[place])
        if (row - first) * size < len(rows):  # not one that was rolled back
            struct.pack_into("<I", rows, (row - first) * size + at, crc)
        if len(parts) == 1:
            alone[id(parts)] = crc
    return [p._replace(crc=alone.get(id(p.parts))) for p in payloads]


class Arrays:
    """Turns arrays into rows of `arrays` and payload members."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._rows = batch["arrays"]
        self._payload = 0  # number of the open payload member
        self._size = 0
        self._parts: list[Any] = []
        self._full: list[tuple[int, list[Any]]] = []
        self._borrowed: dict[int, list[tuple[list[Any], int]]] = {}
        self._late: list[Late] = []
        self._recent: dict[int, tuple[Any, int]] = {}
        self._flying: dict[int, Any] = {}
        self._landed = threading.Lock()  # held while borrowed arrays are being written

    def add(self, array: Any, bfloat16: bool = False) -> int:
        """Return the row of an array's content as it is now; the same one for the same object."""
        found = self._recent.get(id(array))
        if found is not None:
            return found[1]
        row = self._add(array, bfloat16)
        self._recent[id(array)] = (array, row)
        return row

    def forget(self) -> None:
        """Let go of the arrays that `add` compares with: they may change from now on."""
        self._recent.clear()

    def protect(self, memory: Any) -> bool:
        """Copy what is borrowed from `memory`; return whether the caller must `wait` as well."""
        self._recent.clear()
        key = id(memory)
        for parts, index in self._borrowed.pop(key, ()):
            parts[index] = bytes(parts[index])
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
        return taken, late

    def land(self) -> None:
        """The borrowed arrays were written, or never will be."""
        self._flying = {}
        self._landed.release()

    def _add(self, array: Any, bfloat16: bool) -> int:
        shape, flags = array.shape, 0
        code = _PLAIN[array.dtype]
        if array.size > 1 and not any(array.strides):
            flags = ArrayFlag.UNIFORM
            array = array[(0,) * array.ndim]
        if bfloat16 and code == bits.FLOAT32:
            array, code = _halved(array)
        nbytes = array.nbytes
        crc = 0
        if nbytes < _BORROW:
            data: Any = array.tobytes()
            crc = zlib.crc32(data)
            self._parts.append(data)
        else:
            if nbytes >= _ALONE:
                self._close()
            self._borrow(array)
        offset = self._size
        pad = -nbytes % 8
        if pad and nbytes < _ALONE:
            self._parts.append(_PADDING[pad])
        self._size = offset + nbytes + pad
        number = self._payload
        if self._size >= _PAYLOAD or nbytes >= _ALONE:
            self._close()
        return self._rows.add(number, offset, nbytes, code, self._batch.shape(shape), crc, flags)

    def _borrow(self, array: NDArray[Any]) -> None:
        if not array.flags.c_contiguous:
            array = np.ascontiguousarray(array)
        flat = array.reshape(-1).view(np.uint8)
        place = self._parts, len(self._parts)
        self._parts.append(flat.data)
        self._borrowed.setdefault(id(owner(array)), []).append(place)
        self._late.append(Late(self._rows.count, *place))

    def _close(self) -> None:
        if self._parts:
            self._full.append((self._payload, self._parts))
            self._parts, self._size = [], 0
            self._payload += 1


def _halved(array: Any) -> tuple[Any, int]:
    """Return bfloat16 values as their upper halves, or as they are where they have lower bits."""
    halves = (np.atleast_1d(np.ascontiguousarray(array)).view(np.uint32) >> 16).astype(np.uint16)
    if np.array_equal(bits.widen(halves).view(np.uint32), np.atleast_1d(array).view(np.uint32)):
        return halves, bits.BFLOAT16
    return array, bits.FLOAT32
