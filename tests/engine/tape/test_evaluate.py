"""A tape runs again: the same bits where nothing is edited, and a fresh run's where leaves are."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from programs import Run, perform, programs

import engine as torch
from engine import recording
from engine.tape import bits, evaluate, replay
from engine.tape.recorder import Recorder
from engine.tape.rerun import RerunError
from engine.tape.schema import TABLES
from engine.tape.tape import Tape

sys.path.insert(0, str(Path(__file__).parent.parent))

from operation_recipes import load, results

from tests.examples import examples

nn = torch.nn
pytestmark = pytest.mark.filterwarnings("ignore")


def record(program: Callable[[], object]) -> Tape:
    recorder = Recorder()
    torch.manual_seed(0)
    with recorder:
        program()
    assert recorder.failure is None
    return recorder.tape()


def assert_same_arrays(one: Tape, other: Tape) -> None:
    for row in range(len(one.values)):
        left, right = one.value(row), other.value(row)
        assert bits.same(np.asarray(left), np.asarray(right)), one.label(row)
    for table in ("contributions", "cotangents"):
        for a, b in zip(getattr(one, table)["array"], getattr(other, table)["array"], strict=True):
            assert (a < 0) == (b < 0)
            assert a < 0 or bits.same(one.array(int(a)), other.array(int(b)))


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

W = [[0.5, -1.0], [2.0, 0.25]]
OTHER = [[1.5, 0.75], [-0.5, 1.0]]


def leaf(values: Any = W) -> Any:
    return torch.tensor(values, requires_grad=True)


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
