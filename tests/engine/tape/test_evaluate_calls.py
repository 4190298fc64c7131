"""A tape with a person's Functions and checkpoints runs again: what is not on it is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from evaluating import OTHER, W, assert_same_arrays, leaf, record

import engine as torch
from engine.tape import bits, evaluate, replay

pytestmark = pytest.mark.filterwarnings("ignore")


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 2 * x


def test_a_function_of_the_programs_own_is_named_and_keeps_its_results() -> None:
    tape = record(lambda: (Square.apply(leaf()) * 2).sum().backward())
    assert evaluate(tape).kept == ()
    again = evaluate(tape, {0: OTHER})
    assert [(one.what, one.op) for one in again.kept] == [("Square", 0)]
    assert "not on the tape" in str(again.kept[0])
    assert again.kept[0].source is not None
    assert not again.values[1]


def test_the_backward_of_a_function_runs_again_from_its_operations() -> None:
    def program(scale: Any) -> None:
        x = torch.tensor(W, requires_grad=True)
        (Square.apply(x) * scale).sum().backward()

    tape = record(lambda: program(torch.tensor(OTHER)))
    fresh = record(lambda: program(torch.tensor(W)))
    scale = next(v for v in range(len(tape.values)) if tape.value(v).tolist() == OTHER)
    again = evaluate(tape, {int(tape.values["tensor"][scale]): W})
    assert again.kept == ()
    assert_same_arrays(fresh, again.tape)


class Descent(torch.autograd.Function):
    """Runs a pass inside its forward over what it copied, writes the .grad of a leaf, and raises."""

    @staticmethod
    def forward(ctx: Any, x: Any, leaf: Any) -> Any:
        y = x.detach().clone().requires_grad_()
        with torch.enable_grad():
            ((y * 3).tanh() + leaf.sum()).sum().backward()
        leaf.grad.data.add_(0.125)
        raise RuntimeError("no result after passes")

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g, None


def descend(w: Any) -> Any:
    v = torch.tensor(W, requires_grad=True)
    with pytest.raises(RuntimeError, match="no result"):
        Descent.apply(w * 1, v)
    return v


def test_what_a_function_that_raised_made_of_a_leaf_is_named_and_the_rest_is_the_same() -> None:
    w, others = leaf(), []
    tape = record(lambda: others.append(descend(w)))
    again = evaluate(tape, {w._tid % (1 << 40): OTHER})
    assert [one.what.split(" of ")[0] for one in again.kept] == ["Function"]
    assert "inside its Function" in again.kept[0].why
    grad = replay.grad_at(again.tape, others[0]._tid % (1 << 40), len(tape.events))
    assert grad.tolist() == others[0].grad.tolist(), "written by code that is not on the tape"


def checkpointed(w: Any) -> None:
    from engine.utils.checkpoint import checkpoint

    y = checkpoint(torch.tanh, w * 2, use_reentrant=False)
    (y * w).sum().backward()


def test_a_pass_that_a_recomputation_runs_comes_in_its_turn_again() -> None:
    """A sum depends on it: what the pass inside adds to a .grad comes before the rest."""
    from engine.utils.checkpoint import checkpoint

    w = leaf()

    def block(x: Any) -> Any:
        ((w * x.detach()).exp() * 0.1).sum().backward()
        return torch.tanh(w * x)

    tape = record(
        lambda: (checkpoint(block, w * 2, use_reentrant=False) * w).exp().sum().backward()
    )
    again = evaluate(tape)
    assert len(tape.passes) == 3
    assert not again.kept
    assert not again.values.any()


def test_an_operation_whose_saved_tensors_are_packed_runs_again() -> None:
    tape = record(lambda: checkpointed(leaf()))
    names = [tape.text(int(name)) for name in tape.ops["name"]][:4]
    assert names == ["mul", "tanh", "mul", "sum"]
    assert not tape.ops["flags"][:4].any()
    fresh = record(lambda: checkpointed(leaf(OTHER)))
    again = evaluate(tape, {0: OTHER})
    for row in np.flatnonzero(tape.values["op"] < 4).tolist():
        left, right = fresh.value(row), again.tape.value(row)
        assert bits.same(np.asarray(left), np.asarray(right)), tape.label(row)
