"""Products of several tensors and over chosen dimensions: einsum, tensordot, inner, chains."""

from __future__ import annotations

import itertools
import math
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import errors
from engine.errors import type_name
from engine.ops.api import publish
from engine.ops.helpers import axis
from engine.ops.shape import VIEW
from engine.ops.table import define, run
from engine.tensor import Tensor
from engine.warning import warn

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


def einsum(*args: Any) -> Any:
    """Sums of products by index letters, as permutations, products and sums of the table."""
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            "subscripts list"
        )
    equation: Any = args[0]
    operands: Sequence[Any] = args[1:]
    if isinstance(equation, Tensor):
        equation, operands = _lettered((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = operands[0]
    if not isinstance(equation, str):
        raise TypeError(
            f"einsum(): argument 'equation' (position 1) must be str, not {type_name(equation)}"
        )
    _all_tensors(operands, 1)
    from engine.ops.contraction import contract

    return contract(equation, operands)


def _all_tensors(values: Sequence[Any], argument: int) -> None:
    for i, v in enumerate(values):
        if not isinstance(v, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument {argument}, but got {type_name(v)}"
            )


def _contracted(a: Any, b: Any, dims: Any) -> tuple[list[int], list[int]]:
    """The dimensions of both tensors that `dims` names."""
    if isinstance(dims, Tensor):
        dims = dims.item() if dims._s.numel() == 1 else dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        return list(range(-dims, 0)), list(range(dims))
    if not isinstance(dims, (tuple, list)):
        raise RuntimeError(  # noqa: TRY004
            "tensordot expects dims to be int or tuple[list[int], list[int]] or list[list[int]] containing "
            f"two lists, but got dims={dims}"
        )
    da, db = dims
    return ([da] if isinstance(da, int) else list(da)), ([db] if isinstance(db, int) else list(db))


def tensordot(a: Any, b: Any, dims: Any = 2, out: Any = None) -> Any:
    """Sums of products over dimensions of both tensors."""
    da, db = _contracted(a, b, dims)
    if len(da) != len(db):
        raise RuntimeError("both dimension lists should have same length")
    if a._d is not b._d:
        raise RuntimeError("both inputs should have same dtype")
    for x, y in zip(da, db, strict=True):
        axis(x, len(a._s)), axis(y, len(b._s))
        if a._s[x] == 1 != b._s[y]:
            b = b.sum(y, True)
        elif b._s[y] == 1 != a._s[x]:
            a = a.sum(x, True)
        elif a._s[x] != b._s[y]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a._s[x]} in dim {x} and second has "
                f"size {b._s[y]} in dim {y}"
            )
    da, db = [d % len(a._s) for d in da], [d % len(b._s) for d in db]
    fa = [d for d in range(len(a._s)) if d not in da]
    fb = [d for d in range(len(b._s)) if d not in db]
    n = math.prod(a._s[d] for d in da)
    left, right = a.permute([*fa, *da]), b.permute([*db, *fb])
    if not fa and not fb and len(da) == 1:
        return left.dot(right).reshape([])
    if not fa and not fb and da:
        return left.reshape(n).dot(right.reshape(n)).reshape([])
    left = left.reshape(math.prod(a._s[d] for d in fa), n)
    right = right.reshape(n, math.prod(b._s[d] for d in fb))
    return left.mm(right).reshape([*(a._s[d] for d in fa), *(b._s[d] for d in fb)])


def inner(input: Any, other: Any) -> Any:
    """Sums of products over the last dimensions."""
    if not input._s or not other._s:
        return input * other
    if input._d is other._d and input._s[-1] != other._s[-1]:
        raise RuntimeError(
            f"inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input._s)} and {list(other._s)}"
        )
    return tensordot(input, other, ([-1], [-1]))


def chain_matmul(*matrices: Any) -> Any:
    """The product of matrices, in the order that costs the least."""
    warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use "
        "torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than "
        "multiple parameters."
    )
    _all_tensors(matrices, 0)
    for t in matrices:
        if len(t._s) != 2:
            raise RuntimeError(f"Tensor dimension is {len(t._s)}, expected 2 instead.")
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)


def _cheapest(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each chain of matrices so that its product costs the least multiplications."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            ways = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            ]
            cost[i, j], split[i, j] = min(ways)
    return split


def multi_dot(tensors: Sequence[Any], *, out: Any = None) -> Any:
    """The product of several matrices, in the order that costs the least."""
    ts = list(tensors)
    if len(ts) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(ts)}")
    for i in (0, len(ts) - 1):
        if len(ts[i]._s) not in (1, 2):
            raise RuntimeError(
                f"multi_dot(): the {'last' if i else 'first'} tensor must be 1D or 2D but got "
                f"{len(ts[i]._s)}D"
            )
    first, last = len(ts[0]._s) == 1, len(ts[-1]._s) == 1
    shape = [*([] if first else [ts[0]._s[0]]), *([] if last else [ts[-1]._s[1]])]
    ts[0] = ts[0].unsqueeze(0) if first else ts[0]
    ts[-1] = ts[-1].unsqueeze(1) if last else ts[-1]
    for i, t in enumerate(ts):
        if len(t._s) != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {len(t._s)}D")
    for i, (a, b) in enumerate(itertools.pairwise(ts)):
        if a._d is not ts[0]._d or b._d is not ts[0]._d:
            at = i if a._d is not ts[0]._d else i + 1
            raise RuntimeError(
                "multi_dot(): all tensors must have be the same dtype but tensor 0 is "
                f"{errors.c_name(ts[0]._d)} and tensor {at} {errors.c_name(ts[at]._d)}"
            )
        if a._s[1] != b._s[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(a._s)} and {list(b._s)} cannot be "
                "multiplied"
            )
    split = _cheapest([ts[0]._s[0], *(t._s[1] for t in ts)])

    def product(i: int, j: int) -> Any:
        if i == j:
            return ts[i]
        k = split[i, j]
        return product(i, k).mm(product(k + 1, j))

    return run(VIEW, [product(0, len(ts) - 1), tuple(shape)])


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
