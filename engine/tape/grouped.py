"""Rows by key: an index over one column that grows with its table."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from numpy.typing import NDArray


class Grouped:
    """For each key of an integer column the rows that have it, in order of time."""

    def __init__(self) -> None:
        self._rows: defaultdict[int, list[int]] = defaultdict(list)
        self._seen = 0

    def rows(self, column: NDArray[Any], key: int) -> list[int]:
        """Return the rows where `column`, the whole column as it is now, equals `key`."""
        self._update(column)
        return self._rows.get(key, [])

    def keys(self, column: NDArray[Any]) -> list[int]:
        """Return the keys in order of first appearance."""
        self._update(column)
        return list(self._rows)

    def _update(self, column: NDArray[Any]) -> None:
        if self._seen < len(column):
            rows = self._rows
            for row, key in enumerate(column[self._seen :].tolist(), self._seen):
                rows[key].append(row)
            self._seen = len(column)
