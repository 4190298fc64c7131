"""A tape runs again: the same bits where nothing is edited, and a fresh run's where leaves are."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluating import OTHER, W, assert_same_arrays, leaf, record
from hypothesis import example, given
from programs import Run, perform, programs

import engine as torch
from engine import recording
from engine.tape import bits, evaluate
from engine.tape.recorder import Recorder
from engine.tape.rerun import RerunError
from engine.tape.schema import TABLES
from engine.tape.tape import Tape

sys.path.insert(0, str(Path(__file__).parent.parent))

from operation_recipes import load, results

from tests.examples import examples

nn = torch.nn
pytestmark = pytest.mark.filterwarnings("ignore")


def assert_same_structure(one: Tape, other: Tape) -> None:
    """All tables agree but for where arrays are."""
    for table in TABLES:
        if table in ("arrays", "shapes", "dims"):
            continue
        left, right = getattr(one, table), getattr(other, table)
        for column in left.dtype.names:
            if column != "array":
                assert np.array_equal(left[column], right[column]), (table, column)


# --- nothing edited ------------------------------------------------------------------------


def chunks(names: list[str], size: int) -> list[list[str]]:
    return [names[i : i + size] for i in range(0, len(names), size)]


_CASES = load()


@pytest.mark.parametrize("names", chunks(sorted(_CASES), 80), ids=lambda names: names[0])
def test_every_operation_comes_out_the_same(names: list[str]) -> None:
    for name in names:
        code, looked_at, _ = _CASES[name]
        recorder = Recorder()
        with recorder:
            results(code, looked_at, torch)
        tape = recorder.tape()
        torch.set_default_dtype(torch.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = evaluate(tape)
        assert not again.values.any(), name
        assert not again.contributions.any(), name
        assert name in _NAMED or not again.kept, (name, again.kept)


#: Cases that do what no operation on the tape says.
_NAMED = {"create/index_err/e219:x.resize_(2)", "names/of memory"}


@examples(25)
@example([
    ("op", 0, 0, 0), ("op", 0, 0, 0), ("backward", 0, False, False), ("write", 0), ("hook", 1, 1),
    ("checkpoint", 1, 1, False), ("onward", 0),
])  # fmt: skip
@given(programs)
def test_whole_programs_come_out_the_same(program: Any) -> None:
    recorder = Recorder()
    with recorder:
        run = Run()
        for step in program:
            perform(run, step)
    tape = recorder.tape()
    again = evaluate(tape)
    assert_same_arrays(tape, again.tape)
    assert_same_structure(tape, again.tape)


# --- leaves edited: the oracle is a fresh run ------------------------------------------------


def mlp(w: Any) -> None:
    x = torch.tensor([[1.0, 2.0], [0.5, -1.0], [3.0, 1.0]])
    layer = nn.Linear(2, 3)
    loss = nn.functional.cross_entropy(layer((x @ w).tanh()), torch.tensor([0, 2, 1]))
    loss.backward()


def in_place_and_views(w: Any) -> None:
    y = w * 2
    y[0] = w[1] * 3
    y.view(-1)[1:3].mul_(0.5)
    y.t().add_(w)
    y.sum().backward()


def data_alias(w: Any) -> None:
    (w * w).sum().backward()
    w.data.add_(1)
    w.grad.data[0].zero_()
    (w * w).sum().backward()


def data_between(w: Any) -> None:
    v = torch.tensor(OTHER, requires_grad=True)
    h = w * v
    y = (h * h + w).sum()
    w.data.mul_(3)
    h.data[0].add_(1)
    v.data[:, 1] = 2.0
    y.backward()
    w.detach().copy_(v)


def several_passes(w: Any) -> None:
    y = (w * w).sum()
    y.backward(retain_graph=True)
    y.backward()
    w.grad.zero_()
    (w.exp() * 2).sum().backward()
    w.grad = None
    (w + 1).prod().backward()
    w.grad = w.detach() * 3


def random_operations(w: Any) -> None:
    y = nn.functional.dropout(w @ torch.randn(2, 2), 0.5)
    (y * torch.rand(2, 2)).sum().backward()


def training(w: Any) -> None:
    bias = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.Adam([w, bias], lr=0.1, weight_decay=0.01)
    momentum = torch.optim.SGD([w], lr=0.05, momentum=0.9, nesterov=True)
    for _ in range(3):
        optimizer.zero_grad()
        ((w @ w + bias) ** 2).mean().backward()
        optimizer.step()
        momentum.step()


def hooks(w: Any) -> None:
    y = w * 3
    y.register_hook(lambda g: g * 2 + 1)
    w.register_hook(lambda g: g.clamp(-1, 1))
    y.retain_grad()
    (y * y).sum().backward()


def hook_with_a_pass(w: Any) -> None:
    v = torch.tensor(W, requires_grad=True)

    def nested(g: Any) -> Any:
        with torch.enable_grad():
            (inner,) = torch.autograd.grad((v * w).sum(), v)
        return g + inner

    y = w * 2
    y.register_hook(nested)
    y.sum().backward()


def second_order(w: Any) -> None:
    (g,) = torch.autograd.grad((w**3).sum(), w, create_graph=True)
    (h,) = torch.autograd.grad((g * g).sum(), w, create_graph=True)
    (h * w).sum().backward()


def by_hand(w: Any) -> None:
    for _ in range(3):
        (g,) = torch.autograd.grad((w * w).sum(), w)
        with torch.no_grad():
            w -= 0.1 * g


def only_some_inputs(w: Any) -> None:
    v = torch.tensor(W, requires_grad=True)
    (w * v).sum().backward(inputs=[w])


def given_gradient(w: Any) -> None:
    y = w * w
    y.backward(torch.ones(2, 2) * y.detach())


def half(w: Any) -> None:
    x = w.to(torch.bfloat16)
    (x @ x).float().sum().backward()


PROGRAMS = [
    mlp, in_place_and_views, data_alias, data_between, several_passes, random_operations, training, hooks,
    hook_with_a_pass, second_order, by_hand, only_some_inputs, given_gradient, half,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_an_edited_leaf_gives_what_a_fresh_run_gives(program: Callable[[Any], None]) -> None:
    w = leaf()
    tape = record(lambda: program(w))
    fresh = record(lambda: program(leaf(OTHER)))
    again = evaluate(tape, {w._tid % (1 << 40): OTHER})
    assert again.kept == ()
    assert_same_structure(tape, again.tape)
    assert_same_arrays(fresh, again.tape)
    same = [
        bits.same(np.asarray(tape.value(v)), np.asarray(fresh.value(v)))
        for v in range(len(tape.values))
    ]
    assert (~again.values).tolist() == same


def test_nothing_of_the_process_is_left_changed() -> None:
    tape = record(lambda: hooks(leaf()))
    log: list[Any] = []
    recording.log = log
    try:
        evaluate(tape, {0: OTHER})
        assert recording.log is log
        assert not log
    finally:
        recording.log = None
    assert torch.is_grad_enabled()


def test_the_new_tape_can_be_saved(tmp_path: Path) -> None:
    tape = record(lambda: training(leaf()))
    again = evaluate(tape, {0: OTHER}).tape
    again.save(tmp_path / "again.tape")
    opened = Tape.open(tmp_path / "again.tape")
    assert opened.manifest["edited"] == ["w"]
    assert_same_arrays(again, opened)
    opened.close()


# --- what cannot be run ----------------------------------------------------------------------


def test_a_line_that_read_a_number_is_named_only_if_the_number_changed() -> None:
    def program() -> None:
        w = leaf()
        total = (w * w).sum()
        if total.item() > 0:
            (total * 2).backward()

    tape = record(program)
    assert evaluate(tape).kept == ()
    (kept,) = evaluate(tape, {0: OTHER}).kept
    assert kept.what.startswith("item of")


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"nobody": 1.0}, "the tape has no leaf 'nobody'"),
        ({1: W}, "the tape has no leaf 1"),
        ({0: [1.0, 2.0]}, r"has the shape \[2\]; it must be \[2, 2\]"),
        ({0: [["a", "b"], ["c", "d"]]}, "cannot be float32"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(edits: dict[Any, Any], said: str) -> None:
    tape = record(lambda: (leaf() * 2).sum().backward())
    with pytest.raises(RerunError, match=said):
        evaluate(tape, edits)


def test_a_tape_of_version_2_says_that_it_lacks_the_options_of_optimizers() -> None:
    tape = Tape.open(Path(__file__).parent / "data" / "version-2.tape")
    assert not evaluate(tape).values.any()
    again = evaluate(tape, {"w": [0.5, 0.5]})
    assert "the options of its optimizer were not recorded" in {one.why for one in again.kept}
    tape.close()
