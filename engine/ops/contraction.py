"""einsum: every operand gets all labels as dimensions, then pairs are contracted from the left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from engine.ops import fitting
from engine.ops.matmul import BMM
from engine.ops.shape import VIEW, permute
from engine.ops.table import run

Labels = list[str]


def _fail(text: str) -> RuntimeError:
    return RuntimeError(f"einsum(): {text}")


def _operand_labels(part: str, ndim: int, i: int) -> Labels:
    """The labels of one operand; the dimensions of an ellipsis are "0", "1", ... from the right."""
    head, ellipsis, tail = part.partition("...")
    letters = head + tail
    if "." in letters:
        again = "more than one ellipsis" if "..." in tail else "'.'"
        where = "" if "..." in tail else " that is not part of any ellipsis"
        raise _fail(f"found {again} for operand {i}{where}")
    covered = ndim - len(letters)
    if covered and not ellipsis:
        raise _fail(
            f"the number of subscripts in the equation ({len(letters)}) does not match the number of "
            f"dimensions ({ndim}) for operand {i} and no ellipsis was given"
        )
    if covered < 0:
        raise _fail(
            f"the number of subscripts in the equation ({len(letters)}) is more than the number of "
            f"dimensions ({ndim}) for operand {i}"
        )
    return [*head, *(str(k) for k in range(covered - 1, -1, -1)), *tail]


def contract(equation: str, operands: Sequence[Any]) -> Any:
    """Evaluate an einsum equation on tensors."""
    _check_letters(equation)
    left, arrow, right = equation.replace(" ", "").partition("->")
    parts = left.split(",")
    if len(parts) != len(operands):
        more = "more" if len(parts) < len(operands) else "fewer"
        raise _fail(f"{more} operands were provided than specified in the equation")
    labels = [
        _operand_labels(p, len(o._s), i)
        for i, (p, o) in enumerate(zip(parts, operands, strict=True))
    ]
    _check_sizes(labels, operands)
    output = _output(right, labels) if arrow else _implicit(labels)
    summed = [c for c in dict.fromkeys(c for ls in labels for c in ls) if c not in output]
    order = [*output, *sorted(summed)]
    ops = [_aligned(o, ls, order) for o, ls in zip(operands, labels, strict=True)]
    return _contract(ops, order, len(output), labels)


def _check_letters(equation: str) -> None:
    """Raise at the first character that is not part of an equation."""
    left, _, right = equation.partition("->")
    for start, text in ((0, left.replace(",", " ")), (len(left) + 2, right)):
        for i, c in enumerate(text):
            if c not in " ." and not (c.isascii() and c.isalpha()):
                raise _fail(
                    f"invalid subscript given at index {start + i} in the equation string, subscripts must be "
                    "in [a-zA-Z]"
                )


def _check_sizes(labels: list[Labels], operands: Sequence[Any]) -> None:
    sizes: dict[str, int] = {}
    for i, (ls, o) in enumerate(zip(labels, operands, strict=True)):
        for c, n in zip(ls, o._s, strict=True):
            old = sizes.setdefault(c, n)
            if old != n and ls.count(c) > 1:
                raise _fail(
                    f"subscript {c} is repeated for operand {i} but the sizes don't match, {n} != {old}"
                )
            if old != n and 1 not in (old, n) and c.isdigit():
                raise _fail(
                    f"dimension {_place(c, labels)} covered by ellipsis in operand {i}has size {n} which does "
                    f"not broadcast with previously seen ellipsis with size {old} for the respective dimension"
                )
            if old != n and 1 not in (old, n):
                raise _fail(
                    f"subscript {c} has size {n} for operand {i} which does not broadcast with previously seen size {old}"
                )
            sizes[c] = max(old, n)


def _place(label: str, labels: list[Labels]) -> int:
    """Which dimension of the ellipsis a label stands for, from the left."""
    return max(sum(c.isdigit() for c in ls) for ls in labels) - 1 - int(label)


def _output(right: str, labels: list[Labels]) -> Labels:
    head, ellipsis, tail = right.partition("...")
    dots = sorted({c for ls in labels for c in ls if c.isdigit()}, reverse=True)
    out = [*head, *(dots if ellipsis else ()), *tail]
    seen = {c for ls in labels for c in ls}
    for c in out:
        if c not in seen:
            raise _fail(
                f"output subscript {c} does not appear in the equation for any input operand"
            )
        if out.count(c) > 1:
            raise _fail(f"output subscript {c} appears more than once in the output")
    return out


def _implicit(labels: list[Labels]) -> Labels:
    every = [c for ls in labels for c in ls]
    dots = sorted({c for c in every if c.isdigit()}, reverse=True)
    return [*dots, *sorted(c for c in set(every) if c.isalpha() and every.count(c) == 1)]


def _aligned(t: Any, labels: Labels, order: Labels) -> Any:
    """An operand with one dimension per label of `order`; repeated labels take the diagonal."""
    labels = list(labels)
    for c in dict.fromkeys(labels):
        while labels.count(c) > 1:
            i = labels.index(c)
            j = labels.index(c, i + 1)
            t = t.diagonal(0, i, j)
            labels = [x for k, x in enumerate(labels) if k not in (i, j)] + [c]
            t = permute(t, *range(len(labels)))
    for c in order:
        if c not in labels:
            t = t.unsqueeze(len(labels))
            labels.append(c)
    return permute(t, *(labels.index(c) for c in order))


def _contract(ops: list[Any], order: Labels, n_out: int, labels: list[Labels]) -> Any:
    counts = [sum(c in ls for ls in labels) for c in order]
    many = len(ops) > 1
    a = ops[0]
    for b in ops[1:]:
        a = _step(a, b, counts, n_out)
    if len(order) == n_out:
        return a
    if many:
        return run(VIEW, [a, tuple(a._s[:n_out])])
    return a.sum(list(range(n_out, len(order))))


def _step(a: Any, b: Any, counts: list[int], n_out: int) -> Any:
    """Contract two operands over the labels that nobody after them has."""
    both: list[int] = []
    only_a: list[int] = []
    only_b: list[int] = []
    for d in range(n_out, len(counts)):
        if a._s[d] != 1 and b._s[d] != 1:
            counts[d] -= 1
            if counts[d] == 1:
                both.append(d)
                counts[d] = 0
        elif counts[d] == 1:
            (only_a if a._s[d] != 1 else only_b).append(d)
            counts[d] = 0
    if only_a:
        a = a.sum(only_a, True)
    if only_b:
        b = b.sum(only_b, True)
    return _pair(a, b, both) if both else a * b


def _pair(a: Any, b: Any, summed: list[int]) -> Any:
    """One batched matrix product over the dimensions `summed`, which stay with size 1."""
    n = len(a._s)
    free = [d for d in range(n) if d not in summed]
    batch = [d for d in free if a._s[d] != 1 and b._s[d] != 1]
    rows = [d for d in free if d not in batch and a._s[d] != 1]
    cols = [d for d in free if d not in batch and d not in rows]

    def size(t: Any, dims: list[int]) -> int:
        return math.prod(t._s[d] for d in dims)

    x = permute(a, *batch, *rows, *summed, *cols).reshape(
        size(a, batch), size(a, rows), size(a, summed)
    )
    y = permute(b, *batch, *summed, *cols, *rows).reshape(
        size(a, batch), size(b, summed), size(b, cols)
    )
    shape = [*(a._s[d] for d in batch + rows), *(1 for _ in summed), *(b._s[d] for d in cols)]
    placed = [*batch, *rows, *summed, *cols]
    fitting.check_bmm([x, y])
    out = run(VIEW, [run(BMM, [x, y]), tuple(shape)])
    return permute(out, *(placed.index(d) for d in range(n)))
