"""Arrays that grow at their end at amortised constant cost, seen through read-only views."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

_S = TypeVar("_S", bound=np.generic)


class Growing(Generic[_S]):
    """One table in memory: `rows` is what there is now; earlier views stay valid."""

    def __init__(self, dtype: np.dtype[_S]) -> None:
        self._buffer: NDArray[_S] = np.empty(0, dtype)
        self.rows: NDArray[_S] = self._view(0)

    def __len__(self) -> int:
        return len(self.rows)

    def extend(self, new: NDArray[Any]) -> None:
        start, end = len(self.rows), len(self.rows) + len(new)
        if end > len(self._buffer):
            larger = np.empty(max(end, 2 * len(self._buffer), 64), self._buffer.dtype)
            size = start * larger.dtype.itemsize
            larger.view(np.uint8)[:size] = self._buffer.view(np.uint8)[:size]
            self._buffer = larger
        # As bytes: NumPy copies structured rows field by field.
        size = self._buffer.dtype.itemsize
        rows = np.ascontiguousarray(new, self._buffer.dtype).view(np.uint8)
        self._buffer.view(np.uint8)[start * size : end * size] = rows
        self.rows = self._view(end)

    def writable(self) -> NDArray[_S]:
        """Return the rows to be changed in place, for tables that only their owner sees."""
        return self._buffer[: len(self.rows)]

    def shrink(self, length: int) -> None:
        """Forget the rows from `length` on."""
        self.rows = self._view(length)

    def _view(self, end: int) -> NDArray[_S]:
        view = self._buffer[:end]
        view.flags.writeable = False
        return view
