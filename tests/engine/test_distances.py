"""Euclidean distances of many rows come from one product of matrices, as PyTorch takes them."""

from __future__ import annotations

from typing import Any

import pytest

import engine as torch


@pytest.mark.parametrize(("first", "second"), [((30, 4), (3, 4)), ((2, 1, 30, 4), (3, 5, 4))])
def test_a_product_gives_the_distances_and_gradients_of_differences(
    first: tuple[int, ...], second: tuple[int, ...]
) -> None:
    torch.manual_seed(0)
    x, y = (torch.randn(*s, dtype=torch.float64, requires_grad=True) for s in (first, second))
    found = []
    for mode in (None, "donot_use_mm_for_euclid_dist"):
        d = torch.cdist(x, y, compute_mode=mode)
        found.append([d, *torch.autograd.grad(d.sin().sum(), (x, y))])
    for a, b in zip(*found, strict=True):
        assert torch.allclose(a, b, atol=1e-10)


def _names(node: Any) -> list[str]:
    return [node.name(), *(_names(node.next_functions[0][0]) if node.next_functions else [])]


def test_the_graph_is_pytorchs() -> None:
    x, y = torch.ones(26, 2, requires_grad=True), torch.zeros(1, 2)
    assert _names(torch.cdist(x, y).grad_fn)[:2] == ["ViewBackward0", "EuclideanDistBackward0"]
    assert _names(torch.cdist(x[:25], y).grad_fn)[0] == "CdistBackward0"
    names = _names(torch.cdist(x.expand(3, 26, 2), y.expand(3, 1, 2)).grad_fn)
    assert names[2:4] == ["ViewBackward0", "CloneBackward0"]


def test_a_distance_of_zero_has_a_gradient_of_zero() -> None:
    x = torch.ones(26, 2, requires_grad=True)
    torch.cdist(x, x.detach()).sum().backward()
    assert not x.grad.any()
