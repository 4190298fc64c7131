"""The graph: order of execution, recording, long chains, in-place rules, what a pass leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

import engine as torch
from engine import recording


@pytest.fixture
def log() -> Any:
    recording.log = []
    yield recording.log
    recording.log = None


def test_a_chain_of_a_hundred_thousand_operations_runs_back_and_is_freed() -> None:
    x = torch.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1.0
    del y


def test_nodes_run_newest_first() -> None:
    seen: list[str] = []
    a = torch.tensor(1.0, requires_grad=True)
    b, c = a * 2, a * 3
    d = b + c
    for name, t in {"b": b, "c": c, "d": d}.items():
        t.register_hook(lambda g, name=name: seen.append(name))
    d.backward()
    assert seen == ["d", "c", "b"]


def test_leaf_gradients_never_share_memory() -> None:
    x = torch.ones(3, requires_grad=True)
    y = torch.ones(3, requires_grad=True)
    (x + y).backward(torch.ones(3))
    x.grad.zero_()
    assert y.grad.tolist() == [1.0, 1.0, 1.0]


def test_the_given_gradient_is_not_taken_over() -> None:
    x = torch.ones(3, requires_grad=True)
    g = torch.ones(3)
    x.clone().backward(g)
    x.grad.zero_()
    assert g.tolist() == [1.0, 1.0, 1.0]


def test_a_pass_is_recorded_step_by_step(log: Any) -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    (w * 3).sum().backward()
    kinds = [entry[0] for entry in log]
    assert kinds == [
        recording.OPERATION, recording.OPERATION, recording.PASS, recording.STEP, recording.STEP,
        recording.ACCUMULATE, recording.END,
    ]  # fmt: skip
    assert log[0][1] == "mul" and log[0][4] == {"other": 3}
    assert log[5][2] is w and log[5][4] is w.grad


def test_a_pass_that_fails_ends_with_its_error(log: Any) -> None:
    w = torch.tensor(2.0, requires_grad=True)
    y = w * w
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()
    assert isinstance(log[-1][1], RuntimeError)


def test_memory_is_shown_before_it_is_written(log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[float]] = []
    monkeypatch.setattr(recording, "before_write", lambda t: seen.append(t.tolist()))
    x = torch.tensor([1.0, 2.0])
    x.add_(1)
    x[0] = 9.0
    assert seen == [[1.0, 2.0], 2.0]


def test_recorded_arrays_are_not_written_by_later_passes(log: Any) -> None:
    x = torch.ones(2, requires_grad=True)
    (x * 2).sum().backward()
    delta = next(e for e in log if e[0] == recording.ACCUMULATE)[3]
    before = delta.copy()
    (x * 5).sum().backward()
    assert delta.tolist() == before.tolist()


def test_writing_through_a_view_reaches_the_base_gradient() -> None:
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    y[1:].mul_(10)
    assert y.grad_fn.name() == "torch::autograd::CopySlices"
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 10.0, 10.0]


def test_a_view_made_before_a_write_gets_a_new_node() -> None:
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    v = y[:2]
    y[2] = 0.0
    assert v.grad_fn.name() == "AsStridedBackward0"
    v.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 0.0]


def test_what_a_function_made_under_enable_grad_has_its_node_or_no_history() -> None:
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            with torch.enable_grad():
                y, z = x * 2, x * 3
            ctx.mark_non_differentiable(z)
            return y, z

        @staticmethod
        def backward(ctx: Any, g: Any, h: Any) -> Any:
            return g * 2

    x = torch.ones(2, requires_grad=True)
    y, z = Twice.apply(x)
    assert (type(y.grad_fn).__name__, z.grad_fn, z.requires_grad) == ("TwiceBackward", None, False)
    with torch.no_grad():
        assert [t.requires_grad for t in Twice.apply(x)] == [False, False]


def test_the_operator_table_knows_families() -> None:
    from engine import ops

    assert ops.family("addmm") == "matmul"
    assert ops.family("t") == "shape"
    assert ops.family("sub_") == "pointwise"
    assert ops.family("no_such_operation") == "other"
    assert len(list(ops.rows())) > 200


def test_a_view_goes_with_its_base_that_was_written() -> None:
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    column = y.view(3, 1)
    first, *_ = y.unbind()
    y.mul_(2)
    column.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0, 2.0]
    assert column.grad_fn.name() == "AsStridedBackward0"
    assert repr(first) == "tensor(2., grad_fn=<Invalid>)"
    with pytest.raises(RuntimeError, match="Output 0 of Unbind is a view and its base or another"):
        _ = first.grad_fn
