"""Measuring gradients by finite differences: right ones pass, wrong ones are found at their node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import nn
from engine.nn import functional as F
from engine.tape.diagnose.numeric import (
    Check,
    check,
    findings,
    is_known,
    own_functions,
    read,
    sentence,
)
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape


class Wrong(torch.autograd.Function):
    """x * x with a factor forgotten in its backward."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * x


def record(run: Any) -> Tape:
    recorder, names = Recorder(), dict[str, Any]()
    torch.manual_seed(0)
    with recorder:
        recorder.begin_cell("a", "", 1)
        run()
        recorder.end_cell(names)
    return recorder.tape()


def network() -> None:
    model = nn.Sequential(
        nn.Linear(4, 3), nn.Tanh(), nn.LayerNorm(3), nn.Linear(3, 3), nn.Softplus(), nn.Linear(3, 3)
    )
    x, y = torch.randn(5, 4, requires_grad=True), torch.tensor([0, 1, 2, 0, 1])
    loss = F.cross_entropy(model(x), y) + (x * x).sum() + x[0].exp().sum()
    loss = loss + torch.where(x > 0, x, x * 2).std() + torch.cat([x, x.sin()], 0).norm()
    (loss + x.view(-1).cumsum(0).max() + (x.mT @ x).logsumexp(0).mean()).backward()


def test_right_gradients_pass_and_all_are_measured() -> None:
    tape = record(network)
    found = list(check(tape))
    assert len(found) > 40
    assert {one.reason for one in found} == {""}
    assert max(one.error for one in found) < 1e-5
    assert findings(tape, found) == []


def test_both_factors_of_a_square_are_measured_by_themselves() -> None:
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    tape = record(lambda: (x * x).sum().backward())
    slots = [
        one.slot for one in check(tape) if tape.text(tape.nodes["name"][one.node])[:3] == "Mul"
    ]
    assert slots == [0, 1]


@pytest.mark.parametrize("normal", [
    lambda x: F.layer_norm(x, (6,)), lambda x: F.batch_norm(x, None, None, training=True),
    lambda x: F.group_norm(x, 2), lambda x: x.softmax(1), lambda x: x - x.mean(1, keepdim=True),
])  # fmt: skip
def test_what_rounding_leaves_of_a_gradient_that_cancels_is_not_wrong(normal: Any) -> None:
    x = torch.randn(8, 6, generator=torch.Generator().manual_seed(1)).requires_grad_()
    found = list(check(record(lambda: normal(x).sum().backward())))
    assert found
    assert not [one for one in found if one.wrong]


def test_a_function_with_a_wrong_backward_is_found_and_named() -> None:
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    tape = record(lambda: (Wrong.apply(x * 1.5).sin().sum()).backward())
    found = list(check(tape, functions={"Wrong": lambda tensors, others: tensors[0] * tensors[0]}))
    (one,) = findings(tape, found)
    assert one.cause == "wrong-backward"
    assert one.title == "WrongBackward sends 0.5 times the right gradient"
    assert one.culprit.node == next(c.node for c in found if c.wrong)


def test_what_cannot_be_measured_says_why() -> None:
    x = torch.tensor([0.0, 3.0], requires_grad=True)

    def run() -> None:
        y = Wrong.apply(x) + torch.relu(x)
        y.sum().backward()

    reasons = {one.reason for one in check(record(run)) if one.reason}
    assert any("the program's own" in reason for reason in reasons)
    assert "it has a kink near these inputs" in reasons


def test_what_writes_in_place_is_measured_with_what_was_there_before() -> None:
    w = torch.tensor([[1.0, 2.0], [3.0, -4.0]], requires_grad=True)

    def run() -> None:
        h = (w * 1.5).mul_(w).add_(1).renorm_(2, 0, 1.0)
        h[0] = w[1] * 3
        h.sum().backward()

    found = list(check(record(run)))
    assert len(found) > 6
    assert {one.reason for one in found} == {"", "it leads gradients around a write into a view"}
    assert not [one for one in found if one.wrong]


@pytest.mark.parametrize("run", [
    lambda w: F.embedding(torch.tensor([0, 1, 1]), w, padding_idx=1).sin().sum(),
    lambda w: torch.relu(w * torch.tensor([1e7, 1e-2])).sum(),
    lambda w: (w.sum() * 1e12 + w * 1e-3).sum(),
    lambda w: (w.half() * 1e-7).square().sum().float(),
    lambda w: torch.atan2(w * 0, w * 0).sum(),
], ids=["padding", "kink beside large", "large beside small", "underflow", "jump"])  # fmt: skip
def test_what_is_right_but_hard_to_measure_is_not_called_wrong(run: Callable[..., Any]) -> None:
    w = torch.tensor([[-1.0, 1e-4], [2.0, -1e-5], [0.5, 3.0]], requires_grad=True)
    tape = record(lambda: run(w).backward())
    assert not findings(tape, list(check(tape)))


COMPLEX = """torch.complex(x, w).abs(); torch.polar(x, w).real; torch.fft.rfft(x).abs(); (z * z.conj()).real
(z.exp() / z).imag; torch.view_as_complex(torch.stack([x, w], -1)).angle(); torch.fft.ifft(z).abs(); z[1:].sum().real"""


@pytest.mark.parametrize("expression", [e for one in COMPLEX.splitlines() for e in one.split(";")])
def test_gradients_of_complex_numbers_are_measured(expression: str) -> None:
    names = {
        "torch": torch,
        "x": torch.tensor([1.0, 2.5, 0.5], requires_grad=True),
        "w": torch.tensor([0.3, 1.5, 2.0], requires_grad=True),
        "z": torch.tensor([1 + 2j, 0.5 - 1j, 2j], requires_grad=True),
    }
    found = list(check(record(lambda: eval(expression.strip(), names).sum().backward())))
    assert {one.reason for one in found} == {""}
    assert max(one.error for one in found) < 1e-5


@pytest.mark.parametrize("factor", [torch.linalg.cholesky, torch.linalg.eigvalsh])
def test_a_symmetric_matrix_is_moved_to_symmetric_ones(factor: Any) -> None:
    a = torch.tensor([[3.0, 1.0], [1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    found = list(check(record(lambda: (factor(a) * torch.tensor([1.0, 2.0])).sum().backward())))
    assert found
    assert max(one.error for one in found) < 1e-5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_numbers_are_measured_at_their_own_rounding(dtype: Any) -> None:
    x = torch.linspace(-2, 2, 9).to(dtype).requires_grad_()
    found = list(check(record(lambda: (x.sigmoid() * x.exp()).float().sum().backward())))
    assert not [one for one in found if one.reason or one.wrong]


def test_a_bound_above_alone_is_no_bound_below() -> None:
    x, m = (torch.tensor(v, requires_grad=True) for v in ([0.5, 2.0, 3.0], [1.0, 1.5, 4.0]))
    tape = record(
        lambda: (x.clamp(max=m) + (x * 1).clamp_(max=m) + x.clamp(min=m)).sum().backward()
    )
    assert max(one.error for one in check(tape)) < 1e-5


def test_numbers_that_are_written_over_and_writes_into_views_say_so() -> None:
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)

    def run() -> None:
        y = x.index_put((torch.tensor([0, 0, 2]),), x) * 1
        y[1] = x[2]
        y.sum().backward()

    found = list(check(record(run)))
    assert not [one for one in found if one.wrong]
    assert {one.reason for one in found if one.reason} == {
        "it leads gradients around a write into a view",
        "it writes several numbers to one place, and one of them stays",
    }
    assert "2 could not be measured" in sentence(found)
    assert sentence([]).startswith("Nothing to measure")


def test_it_can_be_cancelled_and_asked_for_some_steps() -> None:
    tape = record(network)
    assert len({one.step for one in check(tape, [3, 4])}) == 2
    assert list(check(tape, cancelled=lambda: True)) == []


@pytest.mark.parametrize("factor", [1.0, 1e3, 1e-3])
def test_the_size_of_the_inputs_does_not_matter(factor: float) -> None:
    x = torch.tensor(np.linspace(0.5, 1.5, 6), dtype=torch.float32).mul(factor).requires_grad_()
    tape = record(lambda: ((x / 3) ** 3).log().sum().backward())
    assert all(one.error < 1e-4 for one in check(tape))


def test_of_functions_only_a_persons_own_are_named() -> None:
    """Not what works in place, nor what the library does as a Function."""
    from engine.utils.checkpoint import checkpoint

    def run() -> None:
        w = torch.ones(3, requires_grad=True)
        h = (w * 2).add_(1).clamp_(0, 2)
        h[0] = w[1]
        y = Wrong.apply(checkpoint(torch.tanh, h, use_reentrant=True))
        y.sum().backward()

    assert list(own_functions(record(run))) == ["Wrong"]


def test_an_outcome_comes_through_a_message_as_it_was() -> None:
    one = Check(3, 2, 0, float("nan"), 0.5, 1.0, "it draws random numbers")
    row = [str(v) if v != v else v for v in astuple(one)]
    assert repr(read(row)) == repr(one)
    assert not read(row).wrong
    assert is_known("")
