"""Programs as people write them: the gradients on the tape are theirs, bit for bit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from often import take_down_often
from programs import Doubled
from recorded import PROGRAMS, Cube, leaf

import engine as torch
from engine.tape import replay
from engine.tape.record import transcript
from engine.tape.recorder import Recorder
from engine.tape.schema import Event, OpFlag, ValueFlag
from engine.tape.summary import summarize
from engine.tape.tape import Tape

nn = torch.nn


def _flushing(every: int) -> Callable[[Recorder], None]:
    """Return what makes a recorder take down what it has every so many entries."""

    def prepare(recorder: Recorder) -> None:
        take_down_often(recorder, every)

    return prepare


def _bits(tensor: Any) -> bytes:
    tensor = tensor.detach()
    return bytes(
        (tensor.to(torch.float32) if tensor.dtype is torch.bfloat16 else tensor).numpy().tobytes()
    )


def _number(tensor: Any) -> int:
    return int(tensor._tid) % (1 << 40)


@pytest.mark.parametrize("every", [1, 7, 128, 1 << 30])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_gradients_on_the_tape_are_those_of_the_program(name: str, every: int) -> None:
    torch.manual_seed(0)
    wanted = [None if t.grad is None else _bits(t.grad) for t in PROGRAMS[name]()]
    torch.manual_seed(0)
    recorder = Recorder()
    _flushing(every)(recorder)
    with recorder:
        leaves = PROGRAMS[name]()
    tape = recorder.tape()
    assert recorder.failure is None
    for tensor, plain in zip(leaves, wanted, strict=True):
        found = replay.grad_at(tape, _number(tensor), len(tape.events))
        assert (found is None) == (tensor.grad is None)
        assert found is None or found.tobytes() == _bits(tensor.grad) == plain
        values = np.flatnonzero(tape.values["tensor"] == _number(tensor))
        assert tape.value(int(values[-1])).tobytes() == _bits(tensor)
    summary = summarize(tape)
    json.dumps(summary, allow_nan=False)
    assert summary["steps"] == len(tape.steps) > 0
    assert all(one["ended"] for one in summary["per_pass"])


def _taken_down(name: str, every: int) -> dict[str, list[Any]]:
    torch.manual_seed(0)
    recorder = Recorder()
    _flushing(every)(recorder)
    with recorder:
        leaves = PROGRAMS[name]()
    del leaves
    assert recorder.failure is None
    return _readable(recorder.tape())


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_rows_do_not_depend_on_when_they_are_taken_down(name: str) -> None:
    one, other = _taken_down(name, 1), _taken_down(name, 1 << 30)
    for table, rows in one.items():
        assert rows == other[table], table


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_rows_do_not_depend_on_how_many_are_written_together(name: str, monkeypatch) -> None:
    monkeypatch.setattr(transcript, "_LONG", 1 << 30)
    one = _taken_down(name, 1 << 30)
    monkeypatch.setattr(transcript, "_LONG", 1)
    other = _taken_down(name, 1 << 30)
    for table, rows in one.items():
        assert rows == other[table], table


_ADDRESS = re.compile(" at 0x[0-9a-f]+")
#: Columns that are texts: their numbers depend on which was met first.
_TEXTS = {
    "ops": ("name", "params"),
    "nodes": ("name",),
    "saved": ("name", "text"),
    "names": ("text",),
}


def _readable(tape: Tape) -> dict[str, list[Any]]:
    """Return rows with texts, and arrays by content, in place of what depends on batches."""
    found: dict[str, list[Any]] = {}
    for table in ("ops", "inputs", "edges", "saved", "passes", "steps", "ends", "grads", "nodes"):
        rows = getattr(tape, table)
        texts = _TEXTS.get(table, ())
        plain = [name for name in rows.dtype.names if name not in (*texts, "seq")]
        found[table] = rows[plain].tolist()
        found[f"{table} texts"] = [
            [_ADDRESS.sub("", tape.text(int(i))) for i in rows[name]] for name in texts
        ]
    found["events"] = tape.events[["kind", "ref"]].tolist()
    found["tensors"] = tape.values[[n for n in tape.values.dtype.names if n != "array"]].tolist()
    found["sent"] = [_content(tape, row) for row in tape.contributions["array"]]
    found["given"] = [_content(tape, row) for row in tape.cotangents["array"]]
    found["values"] = [
        None if content is None else (content.shape, content.tobytes())
        for content in map(tape.value, range(len(tape.values)))
    ]
    return found


def _content(tape: Tape, row: Any) -> Any:
    return None if row < 0 else (tape.array(int(row)).shape, tape.array(int(row)).tobytes())


def test_a_function_of_ones_own_is_one_operation_with_what_it_saved() -> None:
    with Recorder() as recorder:
        x = leaf(3)
        Cube.apply(x, 0.5).sum().backward()
    tape = recorder.tape()
    assert [tape.text(int(n)) for n in tape.ops["name"]][:2] == ["Cube", "sum"]
    node = tape.nodes[int(tape.ops["node"][0])]
    assert tape.text(int(node["name"])) == "CubeBackward"
    saved = tape.saved[int(node["saved0"]) :][: int(node["n_saved"])]
    assert [tape.text(int(s["name"])) for s in saved] == ["saved_tensors[0]", "saved_tensors[1]"]
    assert int(saved["value"][0]) == 0


def test_a_function_that_writes_in_place_is_an_inplace_operation() -> None:
    with Recorder() as recorder:
        y = leaf(3) * 3
        Doubled.apply(y).sum().backward()
    tape = recorder.tape()
    row = [tape.text(int(name)) for name in tape.ops["name"]].index("Doubled")
    assert tape.ops["flags"][row] & OpFlag.INPLACE
    assert tape.value(int(tape.ops["out0"][row])).tobytes() == _bits(y)


def test_an_error_inside_a_pass_is_at_its_end_and_the_next_pass_is_whole() -> None:
    with Recorder() as recorder:
        PROGRAMS["errors_inside_a_pass"]()
    tape = recorder.tape()
    errors = [tape.text(int(e)) for e in tape.ends["error"]]
    assert errors == [
        "RuntimeError: no gradient today", "", "ZeroDivisionError: division by zero", "",
    ]  # fmt: skip


@pytest.mark.parametrize("place", [False, True])
def test_an_assigned_gradient_has_the_place_that_the_engine_tells(place: bool) -> None:
    from engine import recording

    with Recorder() as recorder:
        w = torch.ones(2, requires_grad=True)
        (w * 2).sum().backward()
        log = recording.log
        assert log is not None
        code = test_an_assigned_gradient_has_the_place_that_the_engine_tells.__code__
        w._grad = None
        log.append((recording.GRAD, w, None, code, 0) if place else (recording.GRAD, w, None))
    tape = recorder.tape()
    last = replay.ledger(tape, _number(w))[-1]
    assert last.kind.name == "CLEAR"
    assert (last.source is not None) == place
    if last.source is not None:
        assert last.source.file == __file__
        assert last.source.line == code.co_firstlineno


def test_leaves_that_modules_hold_are_parameters() -> None:
    with Recorder() as recorder:
        parameters = PROGRAMS["LSTM"]()
    tape = recorder.tape()
    flags = ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD | ValueFlag.PARAMETER
    leaves = {int(t) for t in tape.values["tensor"][(tape.values["flags"] & flags) == flags]}
    assert leaves >= {_number(p) for p in parameters}
    assert (tape.events["kind"] == Event.PASS).sum() == 3
