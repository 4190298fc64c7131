"""Many arrays read at once are those that are read one by one, and so are their measures."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

import engine as torch
from engine.tape import blocks
from engine.tape.blocks import several
from engine.tape.diagnose import measures
from engine.tape.diagnose.measures import BAD, NAN, ZERO, Measures
from engine.tape.recorder import Recorder
from engine.tape.schema import ArrayFlag
from engine.tape.tape import Tape

TYPES = ("float32", "float64", "float16", "bfloat16", "int64", "uint8", "bool", "complex64")


def record(path: Path, keep: float = math.inf) -> Tape:
    """Arrays of all types, equal and not, of few elements and many, by rows and by columns."""
    with Recorder(path, keep) as recorder:
        for name in TYPES:
            x = torch.arange(6).reshape(2, 3).to(getattr(torch, name))
            kept = (x.T, torch.stack([x, x]), torch.zeros(300, 40).to(x.dtype), x[:0], x[0, 1])
            _ = [one.clone() for one in kept]
        w = torch.arange(6.0).reshape(2, 3).requires_grad_()
        (w.T.contiguous().T * 2).sum().backward()
        odd = torch.tensor([[1.0, math.nan], [math.inf, 2.0]]) * 2
        _ = odd[0] + 1, odd[1] + 1, (odd.T @ odd).clone(), torch.zeros(3) * 1
        _ = torch.arange(9000.0) + 1, torch.rand(64, 64).T
    recorder.finish()
    return Tape.open(path)


def test_arrays_together_are_those_one_by_one(tmp_path: Path) -> None:
    tape = record(tmp_path / "a.tape")
    rows = np.arange(len(tape.arrays))[::-1]
    assert {ArrayFlag.UNIFORM, ArrayFlag.COLUMNS} <= set(tape.arrays["flags"].tolist())
    seen = []
    for places, arrays in several(tape, rows):
        for row, array in zip(rows[places].tolist(), arrays, strict=True):
            whole = tape.array(row)
            assert array.dtype == whole.dtype
            np.testing.assert_array_equal(np.broadcast_to(array, whole.shape), whole)
            seen.append(row)
    large = [row for row in rows.tolist() if tape.arrays["nbytes"][row] > blocks.SMALL]
    assert large
    assert sorted(seen + large) == sorted(rows.tolist())


def test_a_damaged_array_is_left_out_and_no_other(tmp_path: Path) -> None:
    tape = record(tmp_path / "a.tape")
    victim = next(
        row for row in range(len(tape.arrays)) if 0 < tape.arrays["nbytes"][row] <= blocks.SMALL
    )
    at = tape.payload_start(int(tape.arrays["segment"][victim])) + int(
        tape.arrays["offset"][victim]
    )
    data = bytearray((tmp_path / "a.tape").read_bytes())
    data[at] ^= 1
    (tmp_path / "b.tape").write_bytes(data)
    damaged = Tape.open(tmp_path / "b.tape")
    rows = np.arange(len(tape.arrays))
    whole, rest = (
        {row for places, _ in several(one, rows) for row in places.tolist()}
        for one in (tape, damaged)
    )
    shares = tape.arrays[["segment", "offset"]] == tape.arrays[["segment", "offset"]][victim]
    assert victim not in rest
    assert whole - rest <= set(np.flatnonzero(shares).tolist())


def test_measures_are_the_same_in_blocks_and_alone(tmp_path: Path) -> None:
    tape = record(tmp_path / "a.tape")
    together, alone = Measures(tape), Measures(tape)
    rows = list(range(len(tape.arrays)))
    together.prepare(rows)
    for row in rows:
        array = tape.array(row)
        floating = array.dtype.kind in "fc"
        for found in (together.bits(row), alone.bits(row), measures.measured(array)[0]):
            assert bool(found & ZERO) == (not array.any())
            assert bool(found & BAD) == (floating and not np.isfinite(array).all())
            assert bool(found & NAN) == bool(np.isnan(array).any())
        expected = np.sqrt(np.mean(np.abs(array.astype(complex)) ** 2)) if array.size else math.nan
        for measured in (together.rms(row), alone.rms(row)):
            np.testing.assert_allclose(measured, expected, rtol=1e-6)


def test_what_was_not_kept_has_no_measures(tmp_path: Path) -> None:
    tape = record(tmp_path / "a.tape", keep=0)
    known = Measures(tape)
    lost = np.flatnonzero(tape.arrays["flags"] & ArrayFlag.SUMMARY).tolist()
    assert lost
    for row in [*lost, -1]:
        assert not known.bits(row) & (ZERO | BAD | NAN)
        assert math.isnan(known.rms(row))
