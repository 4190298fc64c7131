"""Arrays that were read lately, kept up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from numpy.typing import NDArray


class ArrayCache:
    """The most recently used arrays; larger ones than the whole budget are not kept."""

    def __init__(self, budget: int = 64 << 20) -> None:
        self._budget = budget
        self._held = 0
        self._arrays: OrderedDict[int, NDArray[Any]] = OrderedDict()

    def get(self, key: int) -> NDArray[Any] | None:
        array = self._arrays.get(key)
        if array is not None:
            self._arrays.move_to_end(key)
        return array

    def put(self, key: int, array: NDArray[Any]) -> None:
        if array.nbytes > self._budget or key in self._arrays:
            return
        self._arrays[key] = array
        self._held += array.nbytes + 256
        while self._held > self._budget:
            _, old = self._arrays.popitem(last=False)
            self._held -= old.nbytes + 256
