"""Rows that wait to be written: the fields of each table, and interned texts and shapes."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from engine.tape.schema import TABLES

_TOGETHER = (64, 16, 4, 1)  # rows that are packed at once
_FORMATS = {"|u1": "B", "<i4": "i", "<i8": "q", "<f8": "d", "<u4": "I"}


class Rows:
    """The new rows of one table: packed in `buffer`, the latest as their fields in a row in `flat`.

    count: the number of the next row in the whole tape. Where every nanosecond counts, callers do
    what `add` does: `put` the fields of a row and count it. `flat` stays the same list.
    """

    __slots__ = ("_dtype", "_packers", "_size", "buffer", "count", "flat", "put", "width")

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        names = dtype.names or ()
        codes = [_FORMATS[dtype.fields[name][0].str] for name in names]  # type: ignore[index]
        self._dtype, self._size = dtype, dtype.itemsize
        self._packers = [
            (rows, struct.Struct("<" + "".join(codes) * rows).pack) for rows in _TOGETHER
        ]
        self.width = len(names)
        self.buffer = bytearray()
        self.flat: list[int | float] = []
        self.put = self.flat.extend
        self.count = 0

    def add(self, *fields: int | float) -> int:
        """Append a row; return its number."""
        self.put(fields)
        number = self.count
        self.count = number + 1
        return number

    def extend(self, count: int, **columns: Any) -> None:
        """Append rows by their columns: sequences, or what is the same in all of them."""
        if count:
            self.settle()
            rows = np.empty(count, self._dtype)
            for name, column in columns.items():
                rows[name] = column
            self.buffer += rows.tobytes()
            self.count += count

    def settle(self) -> None:
        """Pack the latest rows: numbers of Python's take ten times the memory."""
        flat, at, width = self.flat, 0, self.width
        left = len(flat) // width
        for together, pack in self._packers:
            while left >= together:
                end = at + together * width
                self.buffer += pack(*flat[at:end])
                at, left = end, left - together
        flat.clear()

    def take(self) -> bytearray:
        """Return the rows that were not taken yet and forget them."""
        self.settle()
        taken, self.buffer = self.buffer, bytearray()
        return taken

    def roll_back(self, length: int) -> None:
        """Forget the rows behind so many packed bytes."""
        self.count -= len(self.flat) // self.width + (len(self.buffer) - length) // self._size
        self.flat.clear()
        del self.buffer[length:]


class Batch:
    """All tables of a recording between two flushes."""

    def __init__(self) -> None:
        self.tables = {name: Rows(dtype) for name, dtype in TABLES.items()}
        self.events = self.tables["events"]
        self._safe = [0] * len(self.tables)
        self.time = 0.0
        self.cell = -1
        self._texts: dict[str, int] = {}
        self._new_texts: list[str] = []
        self.shapes: dict[tuple[int, ...], int] = {}

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
        number = self.shapes.get(shape)
        if number is None:
            dims = self.tables["dims"]
            number = self.tables["shapes"].add(dims.count, len(shape))
            for size in shape:
                dims.add(size)
            self.shapes[tuple(shape)] = number
        return number

    def take(self) -> tuple[dict[str, bytearray], list[str]]:
        """Return the new rows of every table and the new texts, and begin anew."""
        texts, self._new_texts = self._new_texts, []
        taken = {name: rows.take() for name, rows in self.tables.items()}
        self._safe = [0] * len(taken)
        return taken, texts

    @property
    def empty(self) -> bool:
        """Whether there is no new row."""
        return not any(rows.buffer or rows.flat for rows in self.tables.values())

    def settle(self) -> None:
        """What is written now stays, whatever happens: `roll_back` goes back to here."""
        for rows in self.tables.values():
            if rows.flat:
                rows.settle()
        self._safe = [len(rows.buffer) for rows in self.tables.values()]

    def roll_back(self) -> None:
        """Forget the rows since `settle`: what could not be recorded wholly is not recorded."""
        for rows, length in zip(self.tables.values(), self._safe, strict=True):
            rows.roll_back(length)


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
