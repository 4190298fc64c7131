"""The tables of one tape in memory, fed segment by segment, each checked before it is taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.tape import bits
from engine.tape.errors import TapeError
from engine.tape.schema import TABLES, ArrayFlag
from engine.tape.storage.arrivals import Arrivals
from engine.tape.storage.checks import check_rows
from engine.tape.storage.container import Member
from engine.tape.storage.growing import Growing
from engine.tape.storage.relations import check_relations
from engine.tape.storage.segments import Segment

_ITEMSIZES = np.array([dtype.itemsize for dtype in bits.STORED], np.float64)
_IDS = np.dtype(np.int64)


class Tables:
    """All tables, texts and payload members of a tape, as far as they were read."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._tables = {name: Growing(dtype) for name, dtype in TABLES.items()}
        self._sizes: Growing[np.int64] = Growing(_IDS)  # of payloads
        self._forms: Growing[np.int64] = Growing(_IDS)  # per shape the first row that is equal
        self._shapes: dict[bytes, int] = {}
        self._arrivals = Arrivals()
        self.texts: list[str] = []
        self.payloads: list[Member] = []

    def rows(self, table: str) -> NDArray[np.void]:
        return self._tables[table].rows

    @property
    def forms(self) -> NDArray[np.int64]:
        """For each row of `shapes` the first row with the same dimensions."""
        return self._forms.rows

    def take(self, segments: Sequence[Segment]) -> None:
        """Append segments that follow each other; all of them, or none and raise TapeError.

        The message names the table and the row that cannot be.
        """
        payloads = [member for segment in segments for member in segment.payloads]
        texts = [text for segment in segments for text in segment.texts]
        starts = {name: len(table) for name, table in self._tables.items()}
        for segment in segments:
            for name, rows in segment.tables.items():
                self._tables[name].extend(rows)
        more = {
            "texts": len(self.texts) + len(texts),
            "payloads": len(self.payloads) + len(payloads),
        }
        sizes = np.array([member.size for member in payloads], np.int64)
        try:
            self._check(starts, more, np.concatenate([self._sizes.rows, sizes]))
        except ValueError as error:
            for name, start in starts.items():
                self._tables[name].shrink(start)
            self._forms.shrink(starts["shapes"])
            raise TapeError(self._file, _place(segments), str(error)) from None
        self.texts += texts
        self.payloads += payloads
        self._sizes.extend(sizes)

    def _check(
        self, starts: dict[str, int], more: dict[str, int], sizes: NDArray[np.int64]
    ) -> None:
        """Raise ValueError if rows from `starts` on disagree with each other or with the rest.

        more: how many texts and payloads there are; sizes: of the payloads.
        """
        tables = {name: table.rows for name, table in self._tables.items()}
        new = {name: rows[starts[name] :] for name, rows in tables.items()}
        check_rows(new, starts, {name: len(rows) for name, rows in tables.items()} | more)
        self._check_arrays(new["arrays"], starts["arrays"], sizes)
        self._forms.extend(self._canonical(tables["shapes"], tables["dims"]))
        check_relations(tables, starts, self._forms.rows, _ITEMSIZES)
        self._arrivals.check(tables, starts, self._forms.rows)

    def _canonical(self, shapes: NDArray[np.void], dims: NDArray[np.void]) -> NDArray[np.int64]:
        """Return for each new shape the first row with the same dimensions."""
        start = len(self._forms)
        first, count = shapes["dim0"][start:].tolist(), shapes["n_dim"][start:].tolist()
        size = np.ascontiguousarray(dims["size"])
        found = [
            self._shapes.setdefault(size[a : a + n].tobytes(), row)
            for row, (a, n) in enumerate(zip(first, count, strict=True), start)
        ]
        return np.array(found, np.int64)

    def _check_arrays(self, rows: NDArray[np.void], start: int, sizes: NDArray[np.int64]) -> None:
        if not len(rows):
            return
        kept = (rows["flags"] & ArrayFlag.SUMMARY) == 0
        offset, nbytes = rows["offset"], rows["nbytes"]
        bad = kept & (
            (rows["segment"] < 0)
            | (offset > sizes[rows["segment"]])
            | (nbytes > sizes[rows["segment"]] - offset)
        )
        if bad.any():
            row = start + int(bad.argmax())
            raise ValueError(f"arrays row {row}: it reaches beyond its payload")


def _place(segments: Sequence[Segment]) -> str:
    first, last = segments[0].number, segments[-1].number
    return f"segment {first:08d}" if first == last else f"segments {first:08d} to {last:08d}"
