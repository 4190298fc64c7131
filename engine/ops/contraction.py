"""einsum: parse the equation, then multiply pairs of operands from left to right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Labels = list[str]


def _fail(text: str) -> RuntimeError:
    return RuntimeError(f"einsum(): {text}")


def _operand_labels(part: str, ndim: int, i: int, dots: int) -> Labels:
    """The labels of one operand; the dimensions of an ellipsis are "0", "1", ... from the right."""
    head, ellipsis, tail = part.partition("...")
    letters = head + tail
    for c in letters:
        if not c.isalpha():
            raise _fail(f"invalid subscript given at index {part.index(c)} in the equation string, subscripts must be in [a-zA-Z]")
    covered = ndim - len(letters)
    if covered < 0 or (covered > 0 and not ellipsis):
        raise _fail(
            f"the number of subscripts in the equation ({len(letters)}) "
            + ("is more than the number of dimensions" if covered < 0 else "does not match the number of dimensions")
            + f" ({ndim}) for operand {i}" + ("" if covered < 0 else " and no ellipsis was given")
        )
    return [*head, *(str(k) for k in range(covered - 1, -1, -1)), *tail]


def contract(equation: str, operands: Sequence[Any]) -> Any:
    """Evaluate an einsum equation on tensors."""
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(operands):
        more = "more" if len(parts) < len(operands) else "fewer"
        raise _fail(f"{more} operands were provided than specified in the equation")
    labels = [_operand_labels(p, len(o._s), i, 0) for i, (p, o) in enumerate(zip(parts, operands, strict=True))]
    sizes = _sizes(labels, operands)
    output = _output(right, labels) if arrow else _implicit(labels)
    terms = [_diagonals(o, ls) for o, ls in zip(operands, labels, strict=True)]
    return _multiply(terms, output, sizes)


def _sizes(labels: list[Labels], operands: Sequence[Any]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for i, (ls, o) in enumerate(zip(labels, operands, strict=True)):
        for c, n in zip(ls, o._s, strict=True):
            old = sizes.setdefault(c, n)
            if old != n and 1 not in (old, n):
                raise _fail(
                    f"subscript {c} has size {n} for operand {i} which does not broadcast with previously seen size {old}"
                )
            sizes[c] = max(old, n)
    return sizes


def _output(right: str, labels: list[Labels]) -> Labels:
    head, ellipsis, tail = right.partition("...")
    dots = sorted({c for ls in labels for c in ls if c.isdigit()}, reverse=True)
    out = [*head, *(dots if ellipsis else ()), *tail]
    seen = {c for ls in labels for c in ls}
    for c in out:
        if c not in seen:
            raise _fail(f"output subscript {c} does not appear in the equation for any input operand")
        if out.count(c) > 1:
            raise _fail(f"output subscript {c} appears more than once in the output")
    return out


def _implicit(labels: list[Labels]) -> Labels:
    every = [c for ls in labels for c in ls]
    dots = sorted({c for c in every if c.isdigit()}, reverse=True)
    return [*dots, *sorted(c for c in set(every) if c.isalpha() and every.count(c) == 1)]


def _diagonals(t: Any, labels: Labels) -> tuple[Any, Labels]:
    """A repeated label takes the diagonal."""
    labels = list(labels)
    for c in dict.fromkeys(labels):
        while labels.count(c) > 1:
            i = labels.index(c)
            j = labels.index(c, i + 1)
            t = t.diagonal(0, i, j)
            labels = [x for k, x in enumerate(labels) if k not in (i, j)] + [c]
    return t, labels


def _multiply(terms: list[tuple[Any, Labels]], output: Labels, sizes: dict[str, int]) -> Any:
    t, ls = terms[0]
    for k in range(1, len(terms)):
        other, lo = terms[k]
        keep = set(output).union(*(set(x) for _, x in terms[k + 1 :]))
        t, ls = _pair(t, ls, other, lo, keep, sizes)
    gone = [i for i, c in enumerate(ls) if c not in output]
    if gone:
        t = t.sum(gone)
        ls = [c for c in ls if c in output]
    order = [ls.index(c) for c in output]
    return t.permute(*order) if order != list(range(len(order))) or (len(terms) == 1 and not gone and order) else t


def _drop(t: Any, ls: Labels, keep: set[str]) -> tuple[Any, Labels]:
    gone = [i for i, c in enumerate(ls) if c not in keep]
    return (t.sum(gone), [c for c in ls if c in keep]) if gone else (t, ls)


def _pair(a: Any, la: Labels, b: Any, lb: Labels, keep: set[str], sizes: dict[str, int]) -> tuple[Any, Labels]:
    """Multiply two operands as one batched matrix product, summing labels that nobody needs any more."""
    a, la = _drop(a, la, keep | set(lb))
    b, lb = _drop(b, lb, keep | set(la))
    both = [c for c in la if c in lb]
    batch = [c for c in both if c in keep]
    summed = [c for c in both if c not in keep]
    rows = [c for c in la if c not in lb]
    cols = [c for c in lb if c not in la]
    for c in both:
        a = _stretch(a, la, c, sizes[c])
        b = _stretch(b, lb, c, sizes[c])

    def n(cs: Labels) -> int:
        return math.prod(sizes[c] for c in cs)

    x = _arranged(a, la, batch + rows + summed).reshape(n(batch), n(rows), n(summed))
    y = _arranged(b, lb, batch + summed + cols).reshape(n(batch), n(summed), n(cols))
    out = x.bmm(y).view(*(sizes[c] for c in batch + rows + cols))
    return out, batch + rows + cols


def _stretch(t: Any, ls: Labels, c: str, size: int) -> Any:
    i = ls.index(c)
    return t if t._s[i] == size else t.expand(*[size if k == i else -1 for k in range(len(ls))])


def _arranged(t: Any, ls: Labels, order: Labels) -> Any:
    return t.permute(*(ls.index(c) for c in order)) if order else t
