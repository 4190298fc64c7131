"""The summary: counts of a whole tape, one entry per pass and per leaf, and its text."""

from __future__ import annotations

import json

from handmade import write

import engine as torch
from engine.tape.recorder import Recorder
from engine.tape.storage.source import MemorySource
from engine.tape.summary import format_summary, summarize, summary_of
from engine.tape.tape import Tape


def test_a_handmade_tape_is_summed_up() -> None:
    found = summarize(Tape(MemorySource(write())))
    assert (found["operations"], found["edges"], found["leaves"]) == (1, 1, 1)
    assert (found["passes"], found["steps"], found["errors"]) == (1, 2, 0)
    assert found["per_pass"][0]["steps"] == 2
    assert found["per_leaf"] == [
        {
            "tensor": 0, "name": "w", "shape": [2], "dtype": "float32", "requires_grad": True,
            "contributions": 1, "grad_norm": 5.0,
        }
    ]  # fmt: skip


def test_a_summary_is_plain_json_even_with_infinite_gradients() -> None:
    with Recorder() as recorder:
        w = torch.tensor([1.0], requires_grad=True)
        (w * float("inf")).backward()
    found = summarize(recorder.tape())
    assert found["per_leaf"][0]["grad_norm"] == "inf"
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_text_has_a_line_per_pass_and_leaf() -> None:
    with Recorder() as recorder:
        w = torch.ones(2, 3, requires_grad=True)
        unused = torch.ones(1, requires_grad=True)
        loss = (w * 2).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        recorder.begin_cell("a", "", 1)
        recorder.end_cell({"w": w, "unused": unused, "loss": loss})
    lines = format_summary(summarize(recorder.tape())).splitlines()
    assert any("backward(loss), 3 steps" in line and "retain_graph" in line for line in lines)
    assert any(line.split()[:3] == ["w", "float32", "2×3,"] for line in lines)
    assert any("2 contributions, |grad| = 9.79796" in line for line in lines)
    assert any(line.endswith("0 contributions, no grad") for line in lines)


def test_a_finished_file_carries_its_summary(tmp_path) -> None:
    recorder = Recorder(tmp_path / "a.tape")
    with recorder:
        (torch.ones(2, requires_grad=True) * 2).sum().backward()
    recorder.finish()
    tape = Tape.open(tmp_path / "a.tape")
    assert tape.complete
    assert tape.summary == summarize(tape)


def test_of_a_finished_file_only_the_end_is_read(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.tape"
    Tape(MemorySource(write(finish=False))).save(path)
    wanted, size = summarize(Tape.open(path)), path.stat().st_size
    monkeypatch.setattr("engine.tape.summary.Tape", None)
    assert summary_of(path) == wanted
    with path.open("r+b") as file:  # what lies before is not looked at
        file.seek(size // 3)
        file.write(b"\xff" * 100)
    assert summary_of(path) == wanted


def test_a_summary_that_is_damaged_or_none_is_counted_anew(tmp_path) -> None:
    path = tmp_path / "a.tape"
    path.write_bytes(write())  # its summary says other things
    assert summary_of(path) == summarize(Tape.open(path))
    path.write_bytes(write(finish=False))
    assert summary_of(path)["operations"] == 1


def test_many_passes_are_counted_and_the_first_are_listed(monkeypatch) -> None:
    monkeypatch.setattr("engine.tape.summary.MOST_LISTED", 2)
    with Recorder() as recorder:
        leaves = [torch.ones(2, requires_grad=True) for _ in range(4)]
        for leaf in leaves:
            leaf.sum().backward()
    found = summarize(recorder.tape())
    assert (found["passes"], len(found["per_pass"])) == (4, 2)
    assert (found["leaves"], len(found["per_leaf"])) == (4, 2)
    assert [line for line in format_summary(found).splitlines() if "more" in line] == [
        "  … and 2 more", "  … and 2 more",
    ]  # fmt: skip
