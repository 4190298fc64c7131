"""What tests of running a tape again record, and how they compare what came out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import engine as torch
from engine.tape import bits
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape

W = [[0.5, -1.0], [2.0, 0.25]]
OTHER = [[1.5, 0.75], [-0.5, 1.0]]


def leaf(values: Any = W) -> Any:
    return torch.tensor(values, requires_grad=True)


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
