"""Products of several tensors and over chosen dimensions: einsum, tensordot, inner, chains."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.ops.api import publish
from engine.ops.table import define
from engine.tensor import Tensor

Raw = Any


def _lettered(args: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """The equation that `x, [0, 1], y, [1, 2], [0, 2]` stands for, and its operands."""

    def letters(sublist: Sequence[Any]) -> str:
        text = ""
        for index in sublist:
            if index is not Ellipsis and not 0 <= index < len(string.ascii_letters):
                raise ValueError(
                    "einsum(): subscript in subscript list is not within the valid range [0, 52)"
                )
            text += "..." if index is Ellipsis else string.ascii_letters[index]
        return text

    pairs = len(args) // 2 * 2
    equation = ",".join(letters(sublist) for sublist in args[1:pairs:2])
    if pairs < len(args):
        equation += "->" + letters(args[-1])
    return equation, tuple(args[0:pairs:2])


def einsum(equation: Any, *operands: Any) -> Any:
    """Sums of products by index letters, as permutations, products and sums of the table."""
    if not operands:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            "subscripts list"
        )
    if isinstance(equation, Tensor):
        equation, operands = _lettered((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    for i, o in enumerate(operands):
        if not isinstance(o, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 1, but got {type(o).__name__}"
            )
    from engine.ops.contraction import contract

    return contract(equation, operands)


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """Sums of products over dimensions of both tensors."""
    if isinstance(dims, int) and dims < 0:
        raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
    if isinstance(dims, int):
        da, db = list(range(len(a._s) - dims, len(a._s))), list(range(dims))
    else:
        da, db = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(da) != len(db):
        raise RuntimeError("both dimension lists should have same length")
    for x, y in zip(da, db, strict=True):
        if a._s[x] != b._s[y]:
            at = (x - len(a._s), y) if isinstance(dims, int) else (x, y)
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a._s[x]} in dim {at[0]} and second has "
                f"size {b._s[y]} in dim {at[1]}"
            )
    da, db = [d % len(a._s) for d in da], [d % len(b._s) for d in db]
    fa = [d for d in range(len(a._s)) if d not in da]
    fb = [d for d in range(len(b._s)) if d not in db]
    n = math.prod(a._s[d] for d in da)
    left = a.permute(*fa, *da).reshape(-1, n)
    right = b.permute(*db, *fb).reshape(n, -1)
    return left.mm(right).reshape([*(a._s[d] for d in fa), *(b._s[d] for d in fb)])


def inner(input: Any, other: Any) -> Any:
    """Sums of products over the last dimensions."""
    if not input._s or not other._s:
        return input * other
    return tensordot(input, other, ([-1], [-1]))


def chain_matmul(*matrices: Any) -> Any:
    """The product of matrices, in the order that costs the least."""
    out = matrices[0]
    for m in matrices[1:]:
        out = out @ m
    return out


VDOT = define(
    "vdot(self, other)",
    lambda a, b: np.vdot(a, b),
    family="matmul",
    self=lambda F, g, other: F.conj(g) * other,
    other=lambda F, g, self: g * self,
)


publish("inner", inner, F=False)
for _n in ("einsum", "tensordot", "chain_matmul"):
    publish(_n, globals()[_n], method=False, F=False)
