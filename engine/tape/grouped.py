"""Rows by key: an index over one column that grows with its table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FEW = 4096  # rows that are filed one by one; more are sorted
_OFTEN = 64  # keys after which the place of every key is worth knowing


class Grouped:
    """For each key of an integer column the rows that have it, in order of time."""

    def __init__(self) -> None:
        self._keys: NDArray[Any] = np.zeros(0, np.int32)  # of the sorted rows, which are the first
        self._order: NDArray[Any] = np.zeros(0, np.intp)
        self._rows: dict[int, list[int]] = {}  # of keys that were asked for or got more since
        self._seen = 0
        self._asked = 0
        self._starts: list[int] = []  # where the rows of each key begin, once that is known

    def rows(self, column: NDArray[Any], key: int) -> list[int]:
        """Return the rows where `column`, the whole column as it is now, equals `key`."""
        if self._seen < len(column):
            self._update(column)
        return self._list(key)

    def keys(self, column: NDArray[Any]) -> list[int]:
        """Return the keys in order of first appearance."""
        keys, first = np.unique(column, return_index=True)
        found: list[int] = keys[np.argsort(first)].tolist()
        return found

    def _list(self, key: int) -> list[int]:
        found = self._rows.get(key)
        if found is None:
            found = []
            if len(self._keys):
                low, high = self._span(key)
                found = self._order[low:high].tolist()
            self._rows[key] = found
        return found

    def _span(self, key: int) -> tuple[int, int]:
        """Return where the sorted rows of a key begin and end."""
        first, last = int(self._keys[0]), int(self._keys[-1])
        if not first <= key <= last:
            return 0, 0
        if not self._starts:
            self._asked += 1
            if self._asked < _OFTEN or last - first > 4 * len(self._keys):
                low, high = self._keys.searchsorted((key, key + 1)).tolist()
                return low, high
            self._starts = self._keys.searchsorted(np.arange(first, last + 2)).tolist()
        return self._starts[key - first], self._starts[key - first + 1]

    def _update(self, column: NDArray[Any]) -> None:
        if len(column) - len(self._order) > max(_FEW, len(self._order) // 2):
            self._order = np.argsort(column, kind="stable")
            self._keys = column[self._order]
            self._rows.clear()
            self._starts = []
        else:
            for row, key in enumerate(column[self._seen :].tolist(), self._seen):
                self._list(key).append(row)
        self._seen = len(column)
