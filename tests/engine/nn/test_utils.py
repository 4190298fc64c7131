"""Helpers around modules: clipping, parametrization, pruning."""

from __future__ import annotations

from typing import Any

import pytest

import engine as torch
from engine import nn
from engine.nn.utils import parametrize, prune


def with_gradient(values: list[float]) -> Any:
    p = nn.Parameter(torch.zeros(len(values)))
    p.grad = torch.tensor(values)
    return p


def test_clipping_scales_all_gradients_by_their_common_norm() -> None:
    ps = [with_gradient([3.0]), with_gradient([4.0])]
    assert nn.utils.clip_grad_norm_(ps, 1.0).item() == 5.0
    assert [p.grad.item() for p in ps] == pytest.approx([0.6, 0.8], abs=1e-6)
    nn.utils.clip_grad_value_(ps, 0.7)
    assert [p.grad.item() for p in ps] == pytest.approx([0.6, 0.7], abs=1e-6)


def test_parameters_go_into_a_vector_and_back() -> None:
    net = nn.Linear(2, 2)
    vector = nn.utils.parameters_to_vector(net.parameters())
    nn.utils.vector_to_parameters(vector * 2, net.parameters())
    assert torch.equal(nn.utils.parameters_to_vector(net.parameters()), vector * 2)


class Symmetric(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.triu() + x.triu(1).transpose(-1, -2)

    def right_inverse(self, x: Any) -> Any:
        return x.triu()


def test_a_parametrized_weight_is_computed_anew_and_learns_through_its_original() -> None:
    net = nn.Linear(3, 3)
    parametrize.register_parametrization(net, "weight", Symmetric())
    assert torch.equal(net.weight, net.weight.T)
    assert repr(net).startswith("ParametrizedLinear(")
    assert parametrize.is_parametrized(net, "weight")
    net(torch.ones(1, 3)).sum().backward()
    assert net.parametrizations.weight.original.grad is not None
    net.weight = torch.arange(9.0).reshape(3, 3)
    assert net.weight[1, 0] == net.weight[0, 1] == 1.0
    with parametrize.cached():
        assert net.weight is net.weight
    parametrize.remove_parametrizations(net, "weight")
    assert type(net) is nn.Linear and torch.equal(net.weight, net.weight.T)


def test_pruning_masks_the_smallest_weights_until_it_is_made_permanent() -> None:
    net = nn.Linear(2, 2)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[0.1, -2.0], [3.0, -0.2]]))
    prune.l1_unstructured(net, "weight", amount=2)
    assert net.weight.tolist() == [[0.0, -2.0], [3.0, 0.0]]
    assert [n for n, _ in net.named_parameters()] == ["bias", "weight_orig"]
    prune.l1_unstructured(net, "weight", amount=0.5)
    assert net.weight.tolist() == [[0.0, 0.0], [3.0, 0.0]]
    assert prune.is_pruned(net)
    prune.remove(net, "weight")
    assert net.weight.tolist() == [[0.0, 0.0], [3.0, 0.0]] and not prune.is_pruned(net)


def test_global_pruning_compares_across_modules() -> None:
    a, b = nn.Linear(1, 2, bias=False), nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        a.weight.copy_(torch.tensor([[5.0], [0.1]]))
        b.weight.copy_(torch.tensor([[0.2], [4.0]]))
    prune.global_unstructured([(a, "weight"), (b, "weight")], prune.L1Unstructured, amount=2)
    assert a.weight.flatten().tolist() == [5.0, 0.0] and b.weight.flatten().tolist() == [0.0, 4.0]
