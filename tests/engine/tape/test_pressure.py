"""Backpressure: a fast program neither fills memory nor loses anything."""

from __future__ import annotations

import os
import time
import weakref
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import recording
from engine.tape import recorder as module
from engine.tape import replay
from engine.tape.record import pressure
from engine.tape.recorder import Recorder
from engine.tape.storage.sink import FileSink


def test_a_program_that_outruns_the_recorder_waits(monkeypatch) -> None:
    monkeypatch.setattr(pressure, "LONGEST", 300)
    monkeypatch.setattr(module, "_LONGEST_PASS", 100)
    longest = 0
    with Recorder() as recorder:
        recorder._watch.end()  # nobody but this test looks
        x = y = torch.ones(1, requires_grad=True)
        for i in range(2_000):
            y = y * 1.0
            longest = max(longest, len(recorder._log))
            if i % 100 == 99:
                recorder._look()
        y.backward()
    assert 300 < longest <= 401
    assert recorder.waited >= 0
    tape = recorder.tape()
    assert (len(tape.ops), len(tape.steps)) == (2_000, 2_001)
    assert replay.grad_at(tape, 0, len(tape.events)).tolist() == x.grad.numpy().tolist()


def test_the_watch_takes_down_what_nobody_flushes(monkeypatch) -> None:
    monkeypatch.setattr(pressure, "MANY", 100)
    with Recorder() as recorder, torch.no_grad():
        x = torch.ones(3)
        first = weakref.ref(x * 2)
        deadline = time.monotonic() + 20
        while first() is not None and time.monotonic() < deadline:
            _ = x * 2
        assert first() is None
    assert recorder.failure is None


def test_a_log_is_long_when_it_keeps_many_bytes(monkeypatch) -> None:
    monkeypatch.setattr(pressure, "budget", lambda: 4 << 20)
    with Recorder() as recorder, torch.no_grad():
        recorder._watch.end()
        kept = torch.ones(1 << 18)
        for _ in range(8):
            _ = kept * 2
        assert recorder._pressure.is_behind()
        recording.log = recorder._pressure.patient
        _ = kept * 2
        assert recording.log is recorder._log
        assert not recorder._pressure.is_behind(0.5)


def test_what_waits_is_written_in_pieces_each_of_which_a_crash_leaves(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(module, "_BYTES_PER_SEGMENT", 1 << 20)
    recorder = Recorder(tmp_path / "a.tape")
    with recorder, torch.no_grad():
        recorder._watch.end()
        x = torch.ones(1 << 16)
        for _ in range(40):
            x = x * 1.5
        recorder.flush()
    recorder.finish()
    with zipfile.ZipFile(tmp_path / "a.tape") as file:
        ends = [info for info in file.infolist() if info.filename.endswith("/texts.json")]
    assert len(ends) >= 8
    far = [b.header_offset - a.header_offset for a, b in pairwise(ends)]
    assert max(far) < (1 << 20) + 2 * x.nbytes
    tape = recorder.tape()
    assert float(tape.value(len(tape.values) - 1)[0]) == float(x[0])


def test_the_budget_is_a_share_of_the_machines_memory(monkeypatch) -> None:
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2 << 20}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__, raising=False)
    assert pressure.budget() == 1 << 30
    sizes["SC_PHYS_PAGES"] = 1 << 30
    assert pressure.budget() == 4 << 30
    sizes["SC_PHYS_PAGES"] = 1000
    assert pressure.budget() == 256 << 20
    monkeypatch.delattr(os, "sysconf")
    assert pressure.budget() == 256 << 20


def test_large_arrays_are_written_before_they_are_many(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(pressure, "budget", lambda: 4 << 20)
    most, size = 0, 1 << 18
    recorder = Recorder(tmp_path / "a.tape")
    with recorder, torch.no_grad():
        x = torch.zeros(size)
        for _ in range(40):
            x.add_(1)
            most = max(most, recorder._transcript.arrays.pending)
    assert most <= (4 << 20) + 2 * 4 * size
    assert (tmp_path / "a.tape").stat().st_size > 30 * 4 * size
    tape = recorder.tape()
    heads = [float(tape.value(v)[-1]) for v in range(len(tape.values))]
    assert heads == [float(i) for i in range(41)]


def test_a_full_disk_under_pressure_ends_the_recording_and_not_the_program(
    tmp_path: Path, monkeypatch, caplog
) -> None:
    monkeypatch.setattr(pressure, "budget", lambda: 1 << 20)
    recorder = Recorder(tmp_path / "a.tape")

    def full(self: FileSink, parts: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSink, "append", full)
    with recorder, torch.no_grad():
        x = torch.zeros(1 << 18)
        for _ in range(10):
            x.add_(1)
    assert float(x[0]) == 10
    assert recorder.failure == "OSError: [Errno 28] No space left on device"
    assert recording.log is None


def test_transposed_arrays_share_the_bytes_of_their_memory() -> None:
    with Recorder() as recorder:
        x = torch.tensor(np.arange(60_000, dtype=np.float32).reshape(200, 300))
        _ = x.t().t() + 0
        part = x[:, ::2] * 1
    tape = recorder.tape()
    x_row, t_row = int(tape.values["array"][0]), int(tape.values["array"][1])
    assert tape.arrays["offset"][x_row] == tape.arrays["offset"][t_row]
    assert tape.arrays["segment"][x_row] == tape.arrays["segment"][t_row]
    assert tape.value(1).tolist() == x.numpy().T.tolist()
    assert tape.value(2).tolist() == x.numpy().tolist()
    assert tape.value(len(tape.values) - 1).tolist() == part.numpy().tolist()


@pytest.mark.parametrize("kind", ["float16", "float64", "int64", "bool", "complex64", "bfloat16"])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (0,), (2, 3), (80, 300)])
def test_values_of_all_types_and_sizes_come_back_bit_for_bit(kind: str, shape: Any) -> None:
    content = np.arange(int(np.prod(shape))).reshape(shape) % 3
    with Recorder() as recorder, torch.no_grad():
        x = torch.tensor(content.tolist(), dtype=getattr(torch, kind)).reshape(shape)
        tensors = [
            x,
            x.expand(2, *shape),
            torch.flip(x, (0,)) if shape else x,
            x.t() if x.ndim == 2 else x,
        ]
        made = [t.clone() for t in tensors]
    tape = recorder.tape()
    assert recorder.failure is None
    for t in (*tensors, *made):
        found = tape.value(int(np.flatnonzero(tape.values["tensor"] == t._tid % (1 << 40))[-1]))
        wanted = t.to(torch.float32) if kind == "bfloat16" else t
        assert found.shape == tuple(t.shape)
        assert found.tobytes() == wanted.numpy().tobytes()
