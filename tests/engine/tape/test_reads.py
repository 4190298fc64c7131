"""What a program takes out of tensors as numbers is on the tape, with the line that did it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import engine as torch
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape


def test_reads_name_value_way_and_line() -> None:
    recorder = Recorder()
    with recorder:
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        total = w.sum()
        total.item()
        if total > 1:
            w.detach().numpy()
        float(total.detach())
        total.detach().tolist()
        torch.equal(w, w)
    tape = recorder.tape()
    reads = [
        (tape.text(int(row["how"])), float(np.sum(tape.value(int(row["value"])))))
        for row in tape.reads
    ]
    assert [how for how, _ in reads] == [
        "item",
        "bool",
        "numpy",
        "float",
        "tolist",
        "equal",
        "equal",
    ]
    assert [value for _, value in reads] == [3.0, 1.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    lines = [tape.source(int(loc)).line for loc in tape.reads["loc"]]
    assert lines[:3] == [lines[0], lines[0] + 1, lines[0] + 2]
    assert np.all(np.diff(tape.reads["event"]) >= 0)


def test_a_read_of_what_nothing_used_is_not_recorded() -> None:
    recorder = Recorder()
    with recorder:
        torch.tensor(3.0).item()
    assert len(recorder.tape().reads) == 0


def test_large_index_arrays_are_stored() -> None:
    recorder = Recorder()
    rows = torch.arange(3000) % 7
    with recorder:
        torch.ones(7, requires_grad=True)[rows]
    tape = recorder.tape()
    (stored,) = json.loads(tape.text(int(tape.ops["params"][0])))["indices"]
    assert tape.array(stored["stored"]).tolist() == rows.tolist()


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adafactor"])
def test_the_step_of_an_optimizer_has_its_options(name: str) -> None:
    recorder = Recorder()
    with recorder:
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        optimizer = getattr(torch.optim, name)([w], lr=0.25)
        (w * w).sum().backward()
        optimizer.step()
    tape = recorder.tape()
    params = json.loads(tape.text(int(tape.ops["params"][-1])))
    assert (params["optimizer"], params["lr"], "params" in params) == (name, 0.25, False)


def test_a_tape_of_version_2_opens_without_reads(tmp_path: Path) -> None:
    tape = Tape.open(Path(__file__).parent / "data" / "version-2.tape")
    assert (tape.complete, tape.manifest["version"], len(tape.reads)) == (True, 2, 0)
    assert (len(tape.passes), tape.tensor_label(0)) == (2, "w")
    tape.save(tmp_path / "again.tape")
    again = Tape.open(tmp_path / "again.tape")
    assert again.manifest == tape.manifest
    for one in (tape, again):
        one.close()
