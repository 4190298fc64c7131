"""The timeline of a memory: each write, and the saved tensor that it spoilt, with both lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import engine as torch
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape
from engine.tape.writes import Memory, memory


def record(program: Callable[[], object]) -> Tape:
    recorder = Recorder()
    with recorder:
        program()
    return recorder.tape()


def of(tape: Tape, made_by: str) -> Memory:
    """Return the memory of what the first operation of a name made."""
    op = next(o for o in range(len(tape.ops)) if tape.text(int(tape.ops["name"][o])) == made_by)
    return memory(tape, int(tape.values["storage"][tape.ops["out0"][op]]))


def lines(program: Callable[[], Any], *offsets: int) -> list[int]:
    first = program.__code__.co_firstlineno
    return [first + offset for offset in offsets]


def test_a_write_names_the_saved_result_that_it_spoils_and_both_lines() -> None:
    def program() -> None:
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        y = w.exp()
        y.mul_(2)
        with pytest.raises(RuntimeError, match="modified by an inplace"):
            y.sum().backward()

    tape = record(program)
    found = of(tape, "exp")
    (write,) = found.writes
    (spoilt,) = found.spoilt
    assert (write.name, write.version) == ("mul_", 1)
    assert tape.text(int(tape.nodes["name"][spoilt.node])) == "ExpBackward0"
    assert (spoilt.name, spoilt.version, spoilt.write) == ("result", 0, write)
    assert write.source is not None
    assert spoilt.saved_by is not None
    assert [spoilt.saved_by.line, write.source.line] == lines(program, 2, 3)


def test_writes_through_views_count_on_the_same_counter() -> None:
    def program() -> None:
        x = torch.zeros(2, 2)
        y = x * 1
        y[0].add_(1)
        y.view(-1).mul_(2)
        y.detach().fill_(3)

    found = of(record(program), "mul")
    assert [(write.name, write.version) for write in found.writes] == [
        ("add_", 1), ("mul_", 2), ("fill_", 3),
    ]  # fmt: skip
    assert len(found.tensors) == 4
    assert found.spoilt == ()


def test_what_was_freed_or_saved_later_is_not_spoilt() -> None:
    def program() -> None:
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        y = w * 1
        (y * y).sum().backward()
        with torch.no_grad():
            y.add_(1)
        z = y * w
        with torch.no_grad():
            w.mul_(0.5)
            y.mul_(2)
        z.sum()

    found = of(record(program), "mul")
    assert [write.name for write in found.writes] == ["add_", "mul_"]
    assert [(one.write.name, one.version) for one in found.spoilt] == [("mul_", 1)]


def test_a_memory_that_nobody_wrote_has_an_empty_timeline() -> None:
    tape = record(lambda: torch.ones(2, requires_grad=True).exp().sum().backward())
    found = of(tape, "exp")
    assert (found.writes, found.spoilt) == ((), ())
