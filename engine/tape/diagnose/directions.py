"""Directions in which a check moves an input: all that the operation reads, and stays defined in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Operations of a symmetric matrix: one triangle of it is read, the gradient is symmetric.
_SYMMETRIC = frozenset(("cholesky", "linalg_cholesky_ex", "linalg_eigh"))
#: Operations of a triangular factor, and its place among the inputs; what is beyond is not read.
_TRIANGULAR = {"cholesky_solve": 1, "cholesky_inverse": 0}


def direction(
    random: np.random.Generator, op: str, params: Mapping[str, Any], place: int, array: Array
) -> Array:
    """Return a random direction of an input; complex where it is.

    op: the operation's name, without the underscore of one in place; params: its arguments that
    are no tensors; place: of the input.
    """
    found: Array = random.standard_normal(array.shape)
    if array.dtype.kind == "c":
        found = found + 1j * random.standard_normal(array.shape)
    padding = params.get("padding_idx")
    if isinstance(padding, int) and padding >= 0 and op in ("embedding", "embedding_bag"):
        found[padding] = 0.0  # it gets no gradient, as is meant
    if op in _SYMMETRIC:
        found = (found + found.swapaxes(-1, -2).conj()) / 2
    if _TRIANGULAR.get(op) == place:
        found = np.triu(found) if params.get("upper") else np.tril(found)
    return found
