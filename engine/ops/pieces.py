"""Splitting into tensors of their own, where PyTorch's `split` gives views."""

from __future__ import annotations

from typing import Any

from engine.ops.api import publish
from engine.ops.helpers import axis
from engine.ops.joining import split_array, split_vjp
from engine.ops.table import define, run

Raw = Any


def _pieces(a: Raw, split_size: Any, dim: int) -> tuple[Raw, ...]:
    return tuple(part.copy() for part in split_array(a, split_size, dim))


UNSAFE_SPLIT = define(
    "unsafe_split(self, split_size, dim=0)", _pieces, family="shape", outputs=2, self=split_vjp
)
UNSAFE_SPLIT_SIZES = define(
    "unsafe_split_with_sizes(self, split_size, dim=0)",
    _pieces,
    family="shape",
    outputs=2,
    self=split_vjp,
)


def unsafe_split(input: Any, split_size: int, dim: int = 0) -> tuple[Any, ...]:
    """Copies of the pieces of a given size."""
    if not input._s:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    return run(UNSAFE_SPLIT, [input, split_size, axis(dim, len(input._s))])  # type: ignore[no-any-return]


def unsafe_split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> tuple[Any, ...]:
    """Copies of the pieces of the given sizes."""
    d = axis(dim, len(input._s))
    sizes = [int(s) for s in split_sizes]
    if sum(sizes) != input._s[d]:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {input._s[d]} (input tensor's size at "
            f"dimension {dim}), but got split_sizes={sizes}"
        )
    return run(UNSAFE_SPLIT_SIZES, [input, sizes, d])  # type: ignore[no-any-return]


def unsafe_chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Copies of parts of about equal size along `dim`, at most `chunks` of them."""
    if not input._s:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input._s[axis(dim, len(input._s))]
    return unsafe_split(input, max(-(-n // chunks), 1), dim)


publish("unsafe_split", unsafe_split)
publish("unsafe_split_with_sizes", unsafe_split_with_sizes)
publish("unsafe_chunk", unsafe_chunk)
