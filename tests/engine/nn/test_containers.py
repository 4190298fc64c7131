"""Containers of modules and parameters behave as the lists and dictionaries they look like."""

from __future__ import annotations

from collections import OrderedDict

import pytest

import engine as torch
from engine import nn


def layers(n: int) -> list[nn.Module]:
    return [nn.Linear(2, 2) for _ in range(n)]


def test_a_sequential_is_indexed_sliced_changed_and_joined() -> None:
    a, b, c = layers(3)
    net = nn.Sequential(a, b)
    net.append(c)
    assert net[-1] is c and list(net[1:]) == [b, c] and len(net) == 3
    net.insert(0, nn.ReLU())
    assert isinstance(net[0], nn.ReLU) and net[1] is a
    del net[1]
    assert list(net) == [net[0], b, c] and list(net._modules) == ["0", "1", "2"]
    assert list(net + nn.Sequential(a)) == [net[0], b, c, a]
    assert net.pop(1) is b


def test_a_sequential_takes_names_from_an_ordered_dict() -> None:
    net = nn.Sequential(OrderedDict(hidden=nn.Linear(2, 3), out=nn.Linear(3, 1)))
    assert net.hidden is net[0] and next(iter(net.state_dict())) == "hidden.weight"


def test_a_module_list_registers_what_it_holds() -> None:
    a, b, c = layers(3)
    found = nn.ModuleList([a])
    found += [b]
    found.insert(1, c)
    assert list(found) == [a, c, b] and found[1:][0] is c
    assert len(list(found.parameters())) == 6
    with pytest.raises(IndexError, match="index 3 is out of range"):
        found[3]


def test_equal_neighbours_in_a_module_list_print_as_one_line() -> None:
    text = repr(nn.ModuleList([*layers(2), nn.ReLU()]))
    assert "(0-1): 2 x Linear(in_features=2, out_features=2, bias=True)" in text
    assert "(2): ReLU()" in text


def test_a_module_dict_keeps_its_order() -> None:
    found = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Tanh()})
    found["c"] = nn.Linear(1, 1)
    assert list(found) == ["b", "a", "c"] and "a" in found
    assert isinstance(found.pop("b"), nn.ReLU) and len(found) == 2


def test_parameter_containers_turn_tensors_into_parameters() -> None:
    listed = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(1))])
    listed.append(torch.ones(3))
    assert [p.requires_grad for p in listed] == [True] * 3
    assert [n for n, _ in listed.named_parameters()] == ["0", "1", "2"]
    named = nn.ParameterDict({"w": torch.ones(2)})
    assert isinstance(named["w"], nn.Parameter) and list(named.keys()) == ["w"]
    assert repr(named) == (
        "ParameterDict(  (w): Parameter containing: [torch.FloatTensor of size 2])"
    )
