"""A recording with more arrays than it may keep: of the further ones statistics stay."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import engine as torch
from engine.tape import replay
from engine.tape.check import check
from engine.tape.recorder import Recorder
from engine.tape.schema import ArrayFlag
from engine.tape.statistics import Statistics, statistics
from engine.tape.tape import NotKept, Tape
from tests.fuzz.consumers import use
from ui.graph.types import Kind, NodeId
from ui.inspector.view import describe


def record(path: Path, keep: float) -> Tape:
    with Recorder(path, keep) as recorder:
        w = torch.arange(50.0).requires_grad_()
        for _ in range(2):
            (w * torch.tensor([0.0, math.inf, math.nan, *[2.0] * 47])).sum().backward()
        small = torch.ones(2, requires_grad=True)
        (small * 3).sum().backward()
        recorder.end_cell({"w": w, "small": small})
    recorder.finish()
    return Tape.open(path)


def test_within_its_budget_everything_is_kept(tmp_path: Path) -> None:
    tape = record(tmp_path / "a.tape", math.inf)
    assert not (tape.arrays["flags"] & ArrayFlag.SUMMARY).any()
    assert len(tape.statistics) == 0


def test_without_a_budget_large_arrays_are_statistics_and_small_ones_stay(tmp_path: Path) -> None:
    whole, tape = record(tmp_path / "a.tape", math.inf), record(tmp_path / "b.tape", 0)
    assert len(tape.arrays) == len(whole.arrays)
    assert check(tmp_path / "b.tape").whole
    for row, flags in enumerate(tape.arrays["flags"].tolist()):
        if not flags & ArrayFlag.SUMMARY:
            assert tape.array(row).tobytes() == whole.array(row).tobytes()
            continue
        with pytest.raises(NotKept, match=f"arrays row {row}: only statistics were kept"):
            tape.array(row)
        kept, wanted = tape.statistics_of(row), statistics(whole.array(row))
        assert np.array_equal(kept, wanted, equal_nan=True)
    assert len(tape.statistics) > 3
    assert replay.grads_at.__name__  # the small leaf's .grad is rebuilt as ever
    small = next(t for t in tape.grads["tensor"].tolist() if tape.tensor_label(t) == "small")
    assert replay.grad_at(tape, small, len(tape.events)).tolist() == [3.0, 3.0]
    use(tape, tape)


def test_the_budget_is_spent_where_the_arrays_are(tmp_path: Path) -> None:
    with Recorder(tmp_path / "a.tape", keep=20 << 20) as recorder:
        w = torch.ones(1 << 20, requires_grad=True)
        x = w
        for _ in range(12):
            x = x * 1.5
            recorder.flush()
    recorder.finish()
    tape = Tape.open(tmp_path / "a.tape")
    kept = (tape.arrays["flags"] & ArrayFlag.SUMMARY) == 0
    assert 4 <= int(kept.sum()) <= 8
    assert kept[: int(kept.sum())].all()
    assert (tmp_path / "a.tape").stat().st_size < 30 << 20


def test_the_inspector_says_so(tmp_path: Path) -> None:
    tape = record(tmp_path / "a.tape", 0)
    view = describe(tape, NodeId(Kind.OP, 0), len(tape.events))
    assert view.value is not None
    assert view.value.array is None
    assert view.value.note.startswith("Only statistics were kept: the recording had reached its")
    assert "[50]  min" in view.value.note
    assert "NaN\u00a01" in view.value.note
    assert "Inf\u00a01" in view.value.note
    assert "zeros\u00a01" in view.value.note
    leaf = describe(tape, NodeId(Kind.LEAF, 0), len(tape.events))
    assert leaf.gradient is not None
    assert "Only statistics were kept" in leaf.gradient.note
    assert leaf.ledger is not None
    assert leaf.ledger.rows[0].after == "not kept"


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        ([1.0, 3.0], Statistics(1.0, 3.0, 2.0, 1.0, 0, 0, 0, 0)),
        ([0.0, math.nan, math.inf, -math.inf], Statistics(0.0, 0.0, 0.0, 0.0, 1, 1, 1, 1)),
        ([3 + 4j], Statistics(5.0, 5.0, 5.0, 0.0, 0, 0, 0, 0)),
        ([True, False], Statistics(0.0, 1.0, 0.5, 0.5, 0, 0, 0, 1)),
    ],
)
def test_statistics_are_of_the_finite_elements(array, wanted) -> None:
    assert statistics(np.array(array)) == wanted


def test_statistics_of_many_elements_go_by_blocks(monkeypatch) -> None:
    array = np.random.default_rng(0).normal(3, 2, (7, 13)).astype(np.float32)
    whole = statistics(array)
    monkeypatch.setattr("engine.tape.statistics._BLOCK", 10)
    assert statistics(array) == pytest.approx(whole)
    assert whole[2:4] == pytest.approx((array.mean(), array.std()))
    uniform = statistics(np.broadcast_to(np.float32(2), (2**20, 2**20)))
    assert uniform == Statistics(2.0, 2.0, 2.0, 0.0, 0, 0, 0, 0)


def test_a_tape_of_version_3_opens_without_statistics() -> None:
    tape = Tape.open(Path(__file__).parent / "data" / "version-3.tape")
    assert (tape.complete, tape.manifest["version"], len(tape.statistics)) == (True, 3, 0)
    assert (len(tape.passes), tape.tensor_label(0)) == (5, "x")
    use(tape, tape)
