"""Rows by key: an index over one column that grows with its table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FEW = 4096  # rows that are filed one by one; more are sorted


class Grouped:
    """For each key of an integer column the rows that have it, in order of time."""

    def __init__(self) -> None:
        self._keys: NDArray[Any] = np.zeros(0, np.int32)  # of the sorted rows, which are the first
        self._order: NDArray[Any] = np.zeros(0, np.intp)
        self._rows: dict[int, list[int]] = {}  # of keys that were asked for or got more since
        self._seen = 0

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
                low, high = np.searchsorted(self._keys, (key, key + 1))
                found = self._order[low:high].tolist()
            self._rows[key] = found
        return found

    def _update(self, column: NDArray[Any]) -> None:
        if len(column) - len(self._order) > max(_FEW, len(self._order) // 2):
            self._order = np.argsort(column, kind="stable")
            self._keys = column[self._order]
            self._rows.clear()
        else:
            for row, key in enumerate(column[self._seen :].tolist(), self._seen):
                self._list(key).append(row)
        self._seen = len(column)
