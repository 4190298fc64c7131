"""What wrote a .grad through another tensor is on the tape, whoever lets go of the .grad then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.tape import replay
from engine.tape.recorder import Recorder
from engine.tape.schema import GradChange

pytestmark = pytest.mark.filterwarnings("ignore")

SHAPES = [(), (3,), (50_000,)]  # a NumPy scalar, copied at once, borrowed until the next flush
WRITES: dict[str, Callable[[Any], object]] = {
    "data": lambda x: x.grad.data.zero_(),
    "detach": lambda x: x.grad.detach().zero_(),
    "a view": lambda x: x.grad.view(-1).zero_(),
    "several": lambda x: [x.grad.data.add_(1), x.grad.detach().zero_()],
}


def cleared(x: Any) -> None:
    x.grad = None


def replaced(x: Any) -> None:
    x.grad = torch.full_like(x.detach(), 5.0)


def summed_out_of_place(x: Any) -> None:
    (x * 2).sum().backward(create_graph=True)


ENDS = [cleared, replaced, summed_out_of_place]


def changes(recorder: Recorder, leaf: int) -> list[tuple[str, float | None]]:
    """Return what happened to a .grad, and the one value that all of it held then."""
    found = []
    for entry in replay.ledger(recorder.tape(), leaf):
        values = [None] if entry.after is None else np.unique(entry.after).tolist()
        assert len(values) == 1
        found.append((entry.kind.name, values[0]))
    return found


def leaf_with_grad(shape: tuple[int, ...]) -> Any:
    x = torch.ones(shape, requires_grad=True)
    (x * 3).sum().backward()
    return x


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("end", ENDS)
def test_a_write_through_another_tensor_is_there_when_the_grad_is_gone(
    end: Callable[[Any], None], write: str, shape: tuple[int, ...]
) -> None:
    recorder = Recorder()
    with recorder:
        x = leaf_with_grad(shape)
        WRITES[write](x)
        end(x)
    assert recorder.failure is None
    ended = {
        cleared: (GradChange.CLEAR.name, None),
        replaced: (GradChange.SET.name, 5.0),
        summed_out_of_place: (GradChange.ACCUMULATE.name, 2.0),
    }[end]
    expected = [("ACCUMULATE", 3.0), ("WRITE", 0.0), ended]
    if write == "several":
        expected.insert(1, ("WRITE", 4.0))
    assert changes(recorder, x._tid % (1 << 40)) == expected


@pytest.mark.parametrize("shape", SHAPES)
def test_a_write_through_another_tensor_is_there_when_the_leaf_is_gone(
    shape: tuple[int, ...],
) -> None:
    recorder = Recorder()
    with recorder:
        x = leaf_with_grad(shape)
        x.grad.data.zero_()
        leaf = x._tid % (1 << 40)
        del x
    assert changes(recorder, leaf) == [("ACCUMULATE", 3.0), ("WRITE", 0.0)]


def test_a_write_to_what_was_a_grad_before_is_none_to_the_grad() -> None:
    recorder = Recorder()
    with recorder:
        x = leaf_with_grad((3,))
        old = x.grad.data
        x.grad = None
        old.add_(1)
        (x * 2).sum().backward()
        old.add_(1)
    expected = [("ACCUMULATE", 3.0), ("CLEAR", None), ("ACCUMULATE", 2.0)]
    assert changes(recorder, x._tid % (1 << 40)) == expected


ASSIGNED: dict[str, tuple[Callable[[Any], object], list[tuple[str, float | None]]]] = {
    "cleared": (cleared, [("CLEAR", None)]),
    "replaced": (replaced, [("SET", 5.0)]),
    "written": (lambda x: x.grad.zero_(), [("WRITE", 0.0)]),
    "written through data": (lambda x: x.grad.data.zero_(), [("WRITE", 0.0)]),
    "written, then cleared": (lambda x: [x.grad.data.zero_(), cleared(x)], [("CLEAR", None)]),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ASSIGNED)
@pytest.mark.parametrize("fails", [False, True])
def test_what_a_forward_does_to_a_grad_is_there_even_if_it_raises(
    fails: bool, name: str, shape: tuple[int, ...]
) -> None:
    change, expected = ASSIGNED[name]

    class Changing(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            change(x)
            if fails:
                raise ValueError("no")
            return x * 1

    with Recorder() as recorder:
        x = leaf_with_grad(shape)
        if fails:
            with pytest.raises(ValueError, match="no"):
                Changing.apply(x)
        else:
            Changing.apply(x)
    assert changes(recorder, x._tid % (1 << 40)) == [("ACCUMULATE", 3.0), *expected]
