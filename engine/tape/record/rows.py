"""Rows that wait to be written: packed bytes per table, and interned texts and shapes."""

from __future__ import annotations

import struct

import numpy as np

from engine.tape.schema import TABLES

_FORMATS = {"|u1": "B", "<i4": "i", "<i8": "q", "<f8": "d", "<u4": "I"}


def packer(dtype: np.dtype[np.void]) -> struct.Struct:
    """Return the packer of a table's rows; the tables have no padding."""
    codes = [_FORMATS[dtype.fields[name][0].str] for name in dtype.names or ()]  # type: ignore[index]
    return struct.Struct("<" + "".join(codes))


class Rows:
    """The new rows of one table. `count` is the number of the next row in the whole tape.

    `buffer` stays the same object. Where every nanosecond counts, callers do what `add` does.
    """

    __slots__ = ("buffer", "count", "pack", "size")

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self.pack = packer(dtype).pack
        self.size = dtype.itemsize
        self.buffer = bytearray()
        self.count = 0

    def add(self, *fields: int | float) -> int:
        """Append a row; return its number."""
        self.buffer += self.pack(*fields)
        number = self.count
        self.count = number + 1
        return number

    def take(self) -> bytearray:
        """Return the rows that were not taken yet and forget them."""
        taken = self.buffer[:]
        self.buffer.clear()
        return taken


class Batch:
    """All tables of a recording between two flushes."""

    def __init__(self) -> None:
        self.tables = {name: Rows(dtype) for name, dtype in TABLES.items()}
        self.events = self.tables["events"]
        self._buffers = [rows.buffer for rows in self.tables.values()]
        self.time = 0.0
        self.cell = -1
        self._texts: dict[str, int] = {}
        self._new_texts: list[str] = []
        self._shapes: dict[tuple[int, ...], int] = {}

    def __getitem__(self, table: str) -> Rows:
        return self.tables[table]

    def event(self, kind: int, ref: int, loc: int) -> None:
        """Append an event of the running cell at the present time of the recording."""
        self.events.add(kind, ref, loc, self.cell, self.time)

    def text(self, text: str) -> int:
        number = self._texts.get(text)
        if number is None:
            number = self._texts[text] = len(self._texts)
            self._new_texts.append(text)
        return number

    def shape(self, shape: tuple[int, ...]) -> int:
        number = self._shapes.get(shape)
        if number is None:
            dims = self.tables["dims"]
            number = self.tables["shapes"].add(dims.count, len(shape))
            for size in shape:
                dims.add(size)
            self._shapes[tuple(shape)] = number
        return number

    def take(self) -> tuple[dict[str, bytearray], list[str]]:
        """Return the new rows of every table and the new texts, and begin anew."""
        texts, self._new_texts = self._new_texts, []
        return {name: rows.take() for name, rows in self.tables.items()}, texts

    def mark(self) -> list[int]:
        """Return where the tables end, for `roll_back`."""
        return list(map(len, self._buffers))

    def roll_back(self, mark: list[int]) -> None:
        """Forget the rows since `mark`: what could not be recorded wholly is not recorded."""
        for rows, length in zip(self.tables.values(), mark, strict=True):
            rows.count -= (len(rows.buffer) - length) // rows.size
            del rows.buffer[length:]


def capped(text: str, limit: int) -> str:
    """Return the text, shortened with an ellipsis where it is longer than `limit`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def message(error: BaseException) -> str:
    """Return type and message of an exception, whatever its __str__ does."""
    name = type(error).__name__
    try:
        return capped(f"{name}: {error}", 4000)
    except Exception:  # the person's own __str__ may raise anything
        return f"{name}: (its message cannot be shown)"
