"""Kernels that take many elements at once give what a loop over the elements gives."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

import engine as torch

F = torch.nn.functional
NAN, INF = math.nan, math.inf


def _max_pool(rows: list[list[float]], k: int, stride: int) -> tuple[list[float], list[int]]:
    """The first maximum of each window, of which nan is the highest, and its flat place."""
    n, m = len(rows), len(rows[0])
    values, places = [], []
    for i, j in itertools.product(range(0, n - k + 1, stride), range(0, m - k + 1, stride)):
        window = [(a, b) for a in range(i, i + k) for b in range(j, j + k)]
        best = window[0]
        for a, b in window[1:]:
            now, new = rows[best[0]][best[1]], rows[a][b]
            if new > now or (new != new and now == now):
                best = a, b
        values.append(rows[best[0]][best[1]])
        places.append(best[0] * m + best[1])
    return values, places


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(
    "rows",
    [
        [[1.0, 3.0, 3.0, 0.0], [3.0, 1.0, 2.0, 3.0], [0.0, 5.0, 5.0, 1.0], [5.0, 0.0, 1.0, 5.0]],
        [
            [1.0, NAN, 2.0, 9.0],
            [NAN, 3.0, -INF, -INF],
            [4.0, 4.0, -INF, -INF],
            [0.0, 1.0, INF, 2.0],
        ],
    ],
    ids=["ties", "not numbers"],
)
def test_max_pooling_finds_the_first_maximum(rows: Any, stride: int) -> None:
    x = torch.tensor(rows)[None, None].requires_grad_()
    y, places = F.max_pool2d(x, 2, stride, return_indices=True)
    values, wanted = _max_pool(rows, 2, stride)
    assert torch.equal(y.flatten().nan_to_num(-7.0), torch.tensor(values).nan_to_num(-7.0))
    assert places.flatten().tolist() == wanted
    y.sum().backward()
    assert x.grad.flatten().tolist() == [float(wanted.count(i)) for i in range(16)]


@pytest.mark.parametrize("padding", [None, 2])
def test_rows_that_are_looked_up_again_add_their_gradients(padding: int | None) -> None:
    w = torch.arange(12.0).view(4, 3).requires_grad_()
    i = torch.tensor([[2, 0], [2, 2], [3, 0]])
    g = torch.arange(18.0).view(3, 2, 3)
    F.embedding(i, w, padding_idx=padding).backward(g)
    wanted = [[0.0] * 3 for _ in range(4)]
    for place, row in zip(i.flatten().tolist(), g.view(6, 3).tolist(), strict=True):
        if place != padding:
            wanted[place] = [a + b for a, b in zip(wanted[place], row, strict=True)]
    assert w.grad.tolist() == wanted


def test_an_embedding_of_nothing_has_zero_gradients() -> None:
    w = torch.ones(4, 3, requires_grad=True)
    F.embedding(torch.zeros(0, dtype=torch.int64), w).sum().backward()
    assert w.grad.tolist() == [[0.0] * 3] * 4


def test_erf_of_many_numbers_is_that_of_each() -> None:
    x = torch.cat([torch.linspace(-7, 7, 4001), torch.tensor([0.0, -0.0, INF, -INF, 1e-30, NAN])])
    wanted = torch.tensor([math.erf(v) for v in x.tolist()])
    found = torch.erf(x)
    assert torch.equal(found[:-1], wanted[:-1]) and found[-1].isnan()
    assert torch.signbit(found[-5]) and not torch.signbit(found[-6])
