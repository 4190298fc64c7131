"""The tables of one tape in memory, fed segment by segment, each checked before it is taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.tape.errors import TapeError
from engine.tape.schema import TABLES, ArrayFlag
from engine.tape.storage.checks import check_rows
from engine.tape.storage.container import Member
from engine.tape.storage.growing import Growing
from engine.tape.storage.segments import Segment


class Tables:
    """All tables, texts and payload members of a tape, as far as they were read."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._tables = {name: Growing(dtype) for name, dtype in TABLES.items()}
        self._sizes: Growing[np.int64] = Growing(np.dtype(np.int64))
        self.texts: list[str] = []
        self.payloads: list[Member] = []

    def rows(self, table: str) -> NDArray[np.void]:
        return self._tables[table].rows

    def take(self, segment: Segment) -> None:
        """Append a segment; raise TapeError naming the table and row that cannot be."""
        starts = {name: len(table) for name, table in self._tables.items()}
        counts = {name: starts[name] + len(segment.tables.get(name, ())) for name in starts}
        counts["texts"] = len(self.texts) + len(segment.texts)
        counts["payloads"] = len(self.payloads) + len(segment.payloads)
        sizes = np.array([member.size for member in segment.payloads], np.int64)
        try:
            check_rows(segment.tables, starts, counts)
            self._check_arrays(segment, np.concatenate([self._sizes.rows, sizes]))
        except ValueError as error:
            place = f"segment {segment.number:08d}"
            raise TapeError(self._file, place, str(error)) from None
        for name, rows in segment.tables.items():
            self._tables[name].extend(rows)
        self.texts += segment.texts
        self.payloads += segment.payloads
        self._sizes.extend(sizes)

    def _check_arrays(self, segment: Segment, sizes: NDArray[np.int64]) -> None:
        rows = segment.tables.get("arrays")
        if rows is None:
            return
        kept = (rows["flags"] & ArrayFlag.SUMMARY) == 0
        offset, nbytes = rows["offset"], rows["nbytes"]
        bad = kept & (
            (offset > sizes[rows["segment"]]) | (nbytes > sizes[rows["segment"]] - offset)
        )
        if bad.any():
            row = len(self._tables["arrays"]) + int(bad.argmax())
            raise ValueError(f"arrays row {row}: it reaches beyond its payload")
