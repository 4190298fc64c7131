"""Connected components of large graphs given as arrays of edge ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def label_components(n: int, a: Ints, b: Ints) -> Ints:
    """Return for each of n nodes the smallest node of its component; edges join a[i] and b[i].

    Minimum hooking with pointer jumping: a logarithmic number of passes over whole arrays, also
    for chains of a million nodes.
    """
    label = np.arange(n, dtype=np.int64)
    if not len(a):
        return label
    while True:
        ends_a, ends_b = label[a], label[b]
        differ = ends_a != ends_b
        if not differ.any():
            return label
        low = np.minimum(ends_a[differ], ends_b[differ])
        high = np.maximum(ends_a[differ], ends_b[differ])
        np.minimum.at(label, high, low)
        while True:
            jumped = label[label]
            if np.array_equal(jumped, label):
                break
            label = jumped
