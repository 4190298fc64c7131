"""The arrays of a tape on their way into a new one whose other tables are the same."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import bits
from engine.tape.rerun.report import RerunError
from engine.tape.schema import DTYPES, TABLES, ArrayFlag
from engine.tape.storage.segments import Payload, SegmentWriter
from engine.tape.storage.sink import MemorySink
from engine.tape.storage.source import MemorySource
from engine.tape.tape import Tape

Array = NDArray[Any]

_SUMMARY = int(ArrayFlag.SUMMARY)  # enums cost more to combine
_PAYLOAD = 8 << 20


class NewArrays:
    """Rows of `arrays` that get other contents; a row that several share splits where they differ."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._codes: list[int] = tape.arrays["dtype"].tolist()
        self._new: dict[int, Array] = {}
        self._added: list[tuple[Array, int]] = []

    def put(self, row: int, content: Any) -> int:
        """Give a row its new content; return the row that has it, which may be another one.

        Raises RerunError for one of another kind (complex for real), which no engine recorded.
        """
        content = np.asarray(content)
        code = self._codes[row]
        held = np.float32 if code == bits.BFLOAT16 else bits.STORED[code]
        if not np.can_cast(content.dtype, held, "same_kind"):
            raise RerunError(
                f"row {row} of arrays holds {DTYPES[code]}, but what ran again gives "
                f"{content.dtype}: the tape was not recorded so"
            )
        known = self._new.get(row)
        if known is None:
            self._new[row] = np.array(content)
            return row
        if bits.same(known, content):
            return row
        self._added.append((np.array(content), self._codes[row]))
        return len(self._tape.arrays) + len(self._added) - 1

    def written(self, tables: dict[str, NDArray[np.void]], about: dict[str, Any]) -> Tape:
        """Return a tape in memory with these tables, and about: what its manifest says besides."""
        tape, old = self._tape, self._tape.arrays
        shapes, parts = _Shapes(tape), _Payloads()
        flags, codes = old["flags"].tolist(), self._codes
        new: list[tuple[int, ...]] = []
        for i, row in enumerate(old.tolist()):
            if flags[i] & _SUMMARY:
                new.append(row)
                continue
            content = self._new.get(i)
            content = tape.array(i) if content is None else content
            new.append(parts.add(content, codes[i], shapes.row(content.shape)))
        new += [parts.add(one, code, shapes.row(one.shape)) for one, code in self._added]
        rows = np.array(new, TABLES["arrays"])
        changed = {**tables, "arrays": rows, **shapes.tables()}
        every = {name: changed.get(name, getattr(tape, name)) for name in TABLES}
        return _write(tape, every, parts.payloads, about)


class _Shapes:
    """The shapes of a tape and those that come to it."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._known = {tape.shape(i): i for i in range(len(tape.shapes))}
        self._dims: list[int] = []
        self._spans: list[tuple[int, int]] = []

    def row(self, shape: tuple[int, ...]) -> int:
        if shape not in self._known:
            self._known[shape] = len(self._known)
            self._spans.append((len(self._tape.dims) + len(self._dims), len(shape)))
            self._dims += shape
        return self._known[shape]

    def tables(self) -> dict[str, NDArray[np.void]]:
        dims = np.array([(size,) for size in self._dims], TABLES["dims"])
        spans = np.array(self._spans, TABLES["shapes"])
        return {
            "dims": np.concatenate([self._tape.dims, dims]),
            "shapes": np.concatenate([self._tape.shapes, spans]),
        }


class _Payloads:
    """Arrays packed into payload members."""

    def __init__(self) -> None:
        self.payloads: list[Payload] = []
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, content: Array, code: int, shape: int) -> tuple[int, ...]:
        """Append an array; return its row of `arrays`."""
        stored, flags = bits.STORED[code], 0
        if content.size > 1 and not any(content.strides):
            content, flags = content[(0,) * content.ndim], int(ArrayFlag.UNIFORM)
        if code == bits.BFLOAT16:
            data = bits.narrow(np.atleast_1d(content)).tobytes()
        else:
            data = content.astype(stored, copy=False).tobytes()
        if self._size >= _PAYLOAD or not self.payloads:
            self._parts, self._size = [], 0
            self.payloads.append(Payload(len(self.payloads), self._parts))
        number, offset = len(self.payloads) - 1, self._size
        pad = -len(data) & 7
        self._parts.append(data + b"\0" * pad)
        self._size += len(data) + pad
        return number, offset, len(data), code, shape, zlib.crc32(data), flags


def _write(
    tape: Tape, tables: dict[str, NDArray[np.void]], payloads: list[Payload], about: dict[str, Any]
) -> Tape:
    sink = MemorySink()
    wanted = ("started", "environment")
    kept = {key: value for key, value in tape.manifest.items() if key in wanted}
    writer = SegmentWriter(sink, {**kept, **about})
    packed = {name: rows.tobytes() for name, rows in tables.items()}
    writer.write(packed, tape.texts(), payloads)
    return Tape(MemorySource(sink.buffer))
