"""A snapshot stays as it was while its tape grows, and reads the same values."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

import engine as torch
from engine.tape.recorder import Recorder
from engine.tape.schema import TABLES
from engine.tape.tape import Tape


def test_a_snapshot_does_not_grow(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run.tape")
    with recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        (x * x).sum().backward()
        recorder.flush()
        tape = Tape.open(tmp_path / "run.tape")
        frozen = tape.snapshot()
        before = {name: len(getattr(frozen, name)) for name in TABLES}
        (x * 3.0).sum().backward()
        recorder.flush()
    recorder.finish()
    assert tape.refresh()
    assert {name: len(getattr(frozen, name)) for name in TABLES} == before
    assert len(tape.ops) == 2 * len(frozen.ops) == 4
    for value in range(len(frozen.values)):
        assert np.array_equal(frozen.value(value), tape.value(value), equal_nan=True)
        assert frozen.label(value) == tape.label(value)
    tape.close()


def test_what_another_thread_absorbed_is_shown_and_saved_once_it_is_published(
    tmp_path: Path,
) -> None:
    recorder = Recorder(tmp_path / "run.tape")
    with recorder:
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        (x * x).sum().backward()
        recorder.flush()
        tape = Tape.open(tmp_path / "run.tape")
        before = {name: len(getattr(tape, name)) for name in TABLES}
        (x * 3.0).sum().backward()
        recorder.flush()
        reader = threading.Thread(target=tape.absorb)
        reader.start()
        reader.join()
        assert {name: len(getattr(tape, name)) for name in TABLES} == before
        tape.snapshot().save(tmp_path / "early.tape")
        assert tape.publish()
        assert not tape.publish()
        assert len(tape.ops) == 4
        early = Tape.open(tmp_path / "early.tape")
        assert early.complete
        assert {name: len(getattr(early, name)) for name in TABLES} == before
        early.close()
    tape.close()
    tape.absorb()  # of a closed tape there is nothing to be had
    recorder.finish()
