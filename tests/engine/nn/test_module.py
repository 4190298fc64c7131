"""Modules keep their attributes in tables, call with hooks around, and save and load state."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import engine as torch
from engine import nn, recording


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.act = nn.ReLU()
        self.second = nn.Linear(4, 2)
        self.register_buffer("scale", torch.ones(1))
        self.register_buffer("note", torch.zeros(1), persistent=False)

    def forward(self, x: Any) -> Any:
        return self.second(self.act(self.first(x))) * self.scale


def test_parameters_buffers_and_modules_are_listed_in_order() -> None:
    net = Net()
    assert [n for n, _ in net.named_parameters()] == [
        "first.weight", "first.bias", "second.weight", "second.bias",
    ]  # fmt: skip
    assert [n for n, _ in net.named_buffers()] == ["scale", "note"]
    assert [n for n, _ in net.named_children()] == ["first", "act", "second"]
    assert [n for n, _ in net.named_modules()] == ["", "first", "act", "second"]
    assert list(net.state_dict()) == [
        "scale", "first.weight", "first.bias", "second.weight", "second.bias",
    ]  # fmt: skip


def test_a_shared_parameter_is_listed_once() -> None:
    net = Net()
    net.tied = net.first
    net.again = net.second.weight
    assert len(list(net.parameters())) == 4
    names = [n for n, _ in net.named_parameters(remove_duplicate=False)]
    assert "tied.weight" in names and "again" in names


def test_assigning_moves_a_name_between_the_tables() -> None:
    net = Net()
    net.extra = nn.Parameter(torch.zeros(2))
    assert "extra" in net._parameters
    net.extra = None
    assert net.extra is None and "extra" in net._parameters
    del net.extra
    net.extra = 3
    assert net.__dict__["extra"] == 3
    net.extra = nn.Linear(1, 1)
    assert "extra" not in net.__dict__ and "extra" in net._modules


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        ("net.first = 3", TypeError, "cannot assign 'int' as child module 'first'"),
        ("net.second.weight = torch.ones(2)", TypeError, "as parameter 'weight'"),
        ("net.scale = 3", TypeError, "as buffer 'scale'"),
        ("net.register_parameter('a.b', None)", KeyError, 'contain "."'),
        ("net.register_buffer('act', None)", KeyError, "attribute 'act' already exists"),
        ("net.add_module('x', 3)", TypeError, "is not a Module subclass"),
        ("net.nothing", AttributeError, "'Net' object has no attribute 'nothing'"),
        ("net.get_submodule('first.x')", AttributeError, "Linear has no attribute `x`"),
        ("nn.Module()(1)", NotImplementedError, 'missing the required "forward" function'),
        ("net.to(torch.int64)", TypeError, "only accepts floating point or complex"),
        ("net.train(1)", ValueError, "expected to be boolean"),
    ],
)
def test_mistakes_are_named(action: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message.replace("(", r"\(")):
        exec(action, {"net": Net(), "nn": nn, "torch": torch})


def test_state_goes_over_to_another_module() -> None:
    a, b = Net(), Net()
    result = b.load_state_dict(a.state_dict())
    assert repr(result) == "<All keys matched successfully>"
    x = torch.randn(2, 3)
    assert torch.equal(a(x), b(x))
    assert b.first.weight is not a.first.weight


def test_loading_reports_missing_extra_and_wrong_entries() -> None:
    state = Net().state_dict()
    del state["first.bias"]
    state["other"] = torch.ones(1)
    state["second.bias"] = torch.ones(3)
    with pytest.raises(RuntimeError) as caught:
        Net().load_state_dict(state)
    assert str(caught.value) == (
        'Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: "first.bias". '
        "\n\t"
        'Unexpected key(s) in state_dict: "other". \n\tsize mismatch for second.bias: copying a '
        "param with shape torch.Size([3]) from checkpoint, the shape in current model is "
        "torch.Size([2])."
    )
    state["second.bias"] = torch.ones(2)
    loose = Net().load_state_dict(state, strict=False)
    assert (loose.missing_keys, loose.unexpected_keys) == (["first.bias"], ["other"])


def test_assign_replaces_the_tensors_themselves() -> None:
    source, target = Net().state_dict(), Net()
    target.load_state_dict(source, assign=True)
    assert target.first.weight.data_ptr() == source["first.weight"].data_ptr()
    assert isinstance(target.first.weight, nn.Parameter)


def test_hooks_see_and_change_what_goes_in_and_comes_out() -> None:
    net, seen = nn.Linear(2, 2), []
    before = net.register_forward_pre_hook(lambda m, args: (args[0] * 0,))
    after = net.register_forward_hook(lambda m, args, out: seen.append(out.shape))
    out = net(torch.ones(1, 2))
    assert torch.equal(out[0], net.bias) and seen == [(1, 2)]
    before.remove()
    after.remove()
    assert not torch.equal(net(torch.ones(1, 2))[0], net.bias) and len(seen) == 1


def test_a_forward_hook_may_ask_for_keyword_arguments_and_replace_the_output() -> None:
    class Scale(nn.Module):
        def forward(self, x: Any, *, by: float = 1.0) -> Any:
            return x * by

    net = Scale()
    net.register_forward_hook(lambda m, args, kwargs, out: out + kwargs["by"], with_kwargs=True)
    assert net(torch.ones(1), by=3.0).item() == 6.0


def test_full_backward_hooks_see_both_ends_and_may_change_the_gradient() -> None:
    net = Net()
    x = torch.randn(2, 3, requires_grad=True)
    seen: list[Any] = []

    def hook(module: Any, grad_input: Any, grad_output: Any) -> Any:
        seen.append((grad_input[0].shape, grad_output[0].shape))
        return (grad_input[0] * 0,)

    net.second.register_full_backward_hook(hook)
    net(x).sum().backward()
    assert seen == [((2, 4), (2, 2))]
    assert not x.grad.any() and net.second.weight.grad.any()


def test_eval_and_train_reach_all_modules() -> None:
    net = nn.Sequential(Net(), nn.Dropout(0.5))
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())


def test_a_deep_copy_shares_nothing_and_computes_the_same() -> None:
    net = Net()
    twin = copy.deepcopy(net)
    x = torch.randn(2, 3)
    assert torch.equal(net(x), twin(x))
    with torch.no_grad():
        twin.first.weight.zero_()
    assert net.first.weight.any()
    assert all(isinstance(p, nn.Parameter) and p.is_leaf for p in twin.parameters())


def test_conversions_keep_parameters_and_their_identity() -> None:
    net = Net()
    before = list(net.parameters())
    assert net.double() is net
    assert all(p.dtype is torch.float64 for p in net.parameters())
    assert all(a is b for a, b in zip(before, net.parameters(), strict=True))
    assert net.to(torch.float32).scale.dtype is torch.float32


def test_zero_grad_lets_go_or_fills_with_zeros() -> None:
    net = Net()
    net(torch.ones(1, 3)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert not net.second.bias.grad.any()
    net.zero_grad()
    assert net.second.bias.grad is None


def test_a_lazy_layer_learns_its_size_and_becomes_an_ordinary_one() -> None:
    net = nn.LazyLinear(4)
    with pytest.raises(RuntimeError, match="uninitialized parameter"):
        _ = net.weight.shape
    net(torch.ones(2, 3))
    assert type(net) is nn.Linear and net.weight.shape == (4, 3)
    assert len(list(net.parameters())) == 2


def test_a_call_enters_its_scope_while_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    scopes = {}
    net = Net()

    def enter(module: Any) -> int:
        return scopes.setdefault(id(module), len(scopes) + 1)

    monkeypatch.setattr(recording, "log", [])
    monkeypatch.setattr(recording, "enter_scope", enter)
    monkeypatch.setattr(recording, "before_write", lambda tensor: None)
    net(torch.ones(1, 3))
    found = [
        (entry[1], entry[-1]) for entry in recording.log or () if entry[0] == recording.OPERATION
    ]
    own, first, act, second = (scopes[id(m)] for m in (net, net.first, net.act, net.second))
    assert ("addmm", first) in found and ("relu", act) in found
    assert ("addmm", second) in found and ("mul", own) in found
    assert recording.scope == 0


def test_the_scope_is_left_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "log", [])
    monkeypatch.setattr(recording, "enter_scope", lambda module: 7)
    with pytest.raises(RuntimeError):
        nn.Linear(2, 2)(torch.ones(1, 3))
    assert recording.scope == 0
