"""Selecting from a row of values: which of several equal values is found.

`kthvalue`, `median` and `topk` do not say which of equal elements they take; it follows from how
they search. Quickselect (Hoare) is PyTorch's for `kthvalue`; the others use the partition of the
C++ standard library: median of three, then partition, then insertion sort of what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Raw = Any
Less = Callable[[int, int], bool]

#: Rows longer than this are ordered by NumPy, which finds the first of equal elements.
_LONGEST = 1 << 14


def _below(row: list[Any]) -> Less:
    """Whether element i comes before j in ascending order, nan last."""
    return lambda i, j: row[i] < row[j] or (row[j] != row[j] and row[i] == row[i])


def _above(row: list[Any]) -> Less:
    """Whether element i comes before j in descending order, nan first."""
    return lambda i, j: row[i] > row[j] or (row[i] != row[i] and row[j] == row[j])


def quickselect(row: Raw, k: int) -> int:
    """The place of the k-th smallest element (from 0)."""
    if len(row) > _LONGEST:
        return int(np.argsort(row, kind="stable")[k])
    values = row.tolist()
    at = list(range(len(values)))
    greater = _below(values)

    def after(i: int, j: int) -> bool:
        return greater(at[j], at[i])

    def swap(i: int, j: int) -> None:
        at[i], at[j] = at[j], at[i]

    low, high = 0, len(at) - 1
    while high > low:
        if high == low + 1:
            if after(low, high):
                swap(low, high)
            break
        swap((low + high) // 2, low + 1)
        for i, j in ((low + 1, high), (low, high), (low + 1, low)):
            if after(i, j):
                swap(i, j)
        i, j, pivot = low + 1, high, at[low]
        while True:
            i += 1
            while greater(at[i], pivot):
                i += 1
            j -= 1
            while greater(pivot, at[j]):
                j -= 1
            if j < i:
                break
            swap(i, j)
        swap(low, j)
        if j <= k:
            low = i
        if j >= k:
            high = j - 1
    return at[k]


def _median_to_front(at: list[int], front: int, a: int, b: int, c: int, less: Less) -> None:
    if less(at[a], at[b]):
        middle = b if less(at[b], at[c]) else c if less(at[a], at[c]) else a
    else:
        middle = a if less(at[a], at[c]) else c if less(at[b], at[c]) else b
    at[front], at[middle] = at[middle], at[front]


def _partition(at: list[int], first: int, last: int, less: Less) -> int:
    _median_to_front(at, first, first + 1, first + (last - first) // 2, last - 1, less)
    pivot = at[first]
    first += 1
    while True:
        while less(at[first], pivot):
            first += 1
        last -= 1
        while less(pivot, at[last]):
            last -= 1
        if first >= last:
            return first
        at[first], at[last] = at[last], at[first]
        first += 1


def _insertion_sort(at: list[int], first: int, last: int, less: Less) -> None:
    for i in range(first + 1, last):
        v, j = at[i], i
        while j > first and less(v, at[j - 1]):
            at[j] = at[j - 1]
            j -= 1
        at[j] = v


def nth_element(at: list[int], nth: int, less: Less) -> None:
    """Rearrange so that the element at `nth` is the one that sorting would put there."""
    first, last = 0, len(at)
    while last - first > 3:
        cut = _partition(at, first, last, less)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insertion_sort(at, first, last, less)


def _sift(heap: list[int], hole: int, size: int, v: int, less: Less) -> None:
    """Put `v` into the heap at `hole`: down to a leaf, then up again."""
    top, child = hole, hole
    while child < (size - 1) // 2:
        child = 2 * (child + 1)
        if less(heap[child], heap[child - 1]):
            child -= 1
        heap[hole] = heap[child]
        hole = child
    if size % 2 == 0 and child == (size - 2) // 2:
        child = 2 * (child + 1)
        heap[hole] = heap[child - 1]
        hole = child - 1
    parent = (hole - 1) // 2
    while hole > top and less(heap[parent], v):
        heap[hole] = heap[parent]
        hole = parent
        parent = (hole - 1) // 2
    heap[hole] = v


def partial_sort(at: list[int], k: int, less: Less) -> None:
    """Bring the k first elements to the front, in order, by a heap of k."""
    heap = at[:k]
    for parent in range((k - 2) // 2, -1, -1):
        _sift(heap, parent, k, heap[parent], less)
    for i in range(k, len(at)):
        if less(at[i], heap[0]):
            v, at[i] = at[i], heap[0]
            _sift(heap, 0, k, v, less)
    for size in range(k - 1, 0, -1):
        v, heap[size] = heap[size], heap[0]
        _sift(heap, 0, size, v, less)
    at[:k] = heap


def median_place(row: Raw) -> int:
    """The place of the lower median; of the first nan if there is one."""
    if row.dtype.kind == "f":
        nan = np.isnan(row)
        if nan.any():
            return int(np.argmax(nan))
    return int(np.argsort(row, kind="stable")[(len(row) - 1) // 2])


def top_places(row: Raw, k: int, largest: bool) -> Raw:
    """The places of the k largest or smallest elements, in order."""
    n = len(row)
    if not k:
        return np.zeros(0, np.int64)
    if n > _LONGEST:
        order = np.argsort(row, kind="stable")
        return (order[::-1] if largest else order)[:k]
    values = row.tolist()
    less = _above(values) if largest else _below(values)
    at = list(range(n))
    if k * 64 <= n:
        partial_sort(at, k, less)
        return np.array(at[:k], np.int64)
    nth_element(at, k - 1, less)
    head = at[: k - 1]
    if len(head) <= 16:
        _insertion_sort(head, 0, len(head), less)
    else:
        head.sort(key=lambda i: _Key(i, less))
    return np.array([*head, at[k - 1]], np.int64)


class _Key:
    __slots__ = ("i", "less")

    def __init__(self, i: int, less: Less) -> None:
        self.i, self.less = i, less

    def __lt__(self, other: _Key) -> bool:
        return self.less(self.i, other.i)
