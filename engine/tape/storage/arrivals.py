"""What is sent to the same output of a node has one shape: so it can be added up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.storage.checks import refuse
from engine.tape.storage.growing import Growing

Rows = NDArray[np.void]


class Arrivals:
    """Remembers, while a tape is read, the shape of what each output of each node was sent first."""

    def __init__(self) -> None:
        self._first: Growing[np.int64] = Growing(np.dtype(np.int64))  # of output 0, by node
        self._others: dict[tuple[int, int], int] = {}

    def check(
        self, tables: Mapping[str, Rows], starts: Mapping[str, int], forms: NDArray[np.int64]
    ) -> None:
        """Raise ValueError for the first new row that sends another shape than those before it.

        forms: per row of `shapes` the first row with the same dimensions.
        """
        new = len(tables["nodes"]) - len(self._first)
        self._first.extend(np.full(max(new, 0), -1, np.int64))
        roots, sent = (tables[name][starts[name] :] for name in ("roots", "contributions"))
        shape = tables["values"]["shape"][roots["value"]]
        self._compare("roots", starts["roots"], roots, forms[shape])
        shape = tables["arrays"]["shape"][sent["array"]]
        self._compare("contributions", starts["contributions"], sent, forms[shape])

    def _compare(self, table: str, start: int, rows: Rows, form: NDArray[Any]) -> None:
        node, nr = rows["node"], rows["nr"]
        at = np.flatnonzero((node >= 0) & (nr == 0))
        known = self._first.writable()
        missing = at[known[node[at]] < 0][::-1]
        known[node[missing]] = form[missing]
        bad = np.zeros(len(rows), np.bool_)
        bad[at] = known[node[at]] != form[at]
        for row in np.flatnonzero((node >= 0) & (nr > 0)).tolist():
            key = int(node[row]), int(nr[row])
            bad[row] = self._others.setdefault(key, int(form[row])) != form[row]
        refuse(table, "node", start, bad, "gets what has another shape than before")
