"""Checkpoints without reentrance leave the graph as it is and compute again what it saved."""

from __future__ import annotations

from typing import Any

import pytest

import engine as torch
from engine import nn
from engine.utils.checkpoint import CheckpointError, checkpoint


def test_the_nodes_are_the_functions_own_and_it_runs_again_in_backward() -> None:
    runs = []

    def f(x: Any) -> Any:
        runs.append(1)
        return (x * x).exp()

    x = torch.tensor([0.5, 1.0], requires_grad=True)
    y = checkpoint(f, x, use_reentrant=False)
    assert type(y.grad_fn).__name__ == "ExpBackward0"
    y.sum().backward()
    assert len(runs) == 2
    expected = 2 * x.detach() * (x.detach() ** 2).exp()
    assert torch.allclose(x.grad, expected)


def test_the_second_run_draws_what_the_first_drew() -> None:
    x = torch.ones(64, requires_grad=True)
    y = checkpoint(nn.Dropout(0.5), x, use_reentrant=False)
    torch.rand(3)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())


def test_gradients_of_gradients_go_through() -> None:
    x = torch.tensor([0.3], requires_grad=True)
    (g,) = torch.autograd.grad(
        checkpoint(lambda a: a.exp(), x, use_reentrant=False), x, create_graph=True
    )
    assert torch.equal(torch.autograd.grad(g, x)[0], x.detach().exp())


def test_another_second_run_is_refused() -> None:
    runs = []

    def f(x: Any) -> Any:
        runs.append(1)
        return x.exp().sin() if len(runs) == 1 else x.exp()

    y = checkpoint(f, torch.ones(2, requires_grad=True), use_reentrant=False)
    with pytest.raises(CheckpointError, match=r"during forward: 2\n.*during recomputation: 1"):
        y.sum().backward()
