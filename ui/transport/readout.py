"""Words for a place on the tape: what the counter, the readout and the tooltips say."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from engine.tape.freed import stopped_by
from engine.tape.schema import Event, GradChange, Mark, PassFlag
from ui.transport.tracks import Tracks

_CHANGES = {
    GradChange.SET: "{}.grad assigned",
    GradChange.CLEAR: "{}.grad = None",
    GradChange.WRITE: "{}.grad written in place",
}


class Place(NamedTuple):
    """A playhead in words. what: "MulBackward0"; where: "cell 4 · pass 2 of 3 · step 7 of 19"."""

    event: int  # events that have happened
    total: int
    what: str
    where: str


def place_at(tape: Any, tracks: Tracks, playhead: int) -> Place:
    """Return the words for a playhead of `tape`; both texts are empty for a tape without events."""
    playhead = min(max(playhead, 0), tracks.n)
    if playhead == 0:
        return Place(0, tracks.n, "Start of the tape" if tracks.n else "", "")
    event = playhead - 1
    return Place(playhead, tracks.n, event_text(tape, event), _where(tape, tracks, event))


def _where(tape: Any, tracks: Tracks, event: int) -> str:
    cell_row = _bounded_cell(tape, event)
    if cell_row is not None:  # the cell has been named already
        return _first_line(tape.text(int(cell_row["source"])))
    parts = []
    cell = tracks.cell_at(event)
    if cell is not None:
        parts.append(f"cell {cell}")
    number = tracks.pass_at(event + 1)
    if number >= 0:
        parts.append(f"pass {number + 1} of {len(tracks.passes)}")
        first = int(tracks.first_step[number])
        last = int(np.searchsorted(tracks.steps, tracks.passes[number, 1]))
        done = int(np.searchsorted(tracks.steps, event + 1)) - first
        if done > 0:
            parts.append(f"step {done} of {last - first}")
    return " · ".join(parts)


def event_text(tape: Any, event: int) -> str:
    """Return what happened in one event, in a few words."""
    row = tape.events[event]
    return _TEXTS[Event(int(row["kind"]))](tape, int(row["ref"]))


def _leaf(tape: Any, ref: int) -> str:
    return f"{tape.label(ref)} appears"


def _op(tape: Any, ref: int) -> str:
    return str(tape.text(int(tape.ops[ref]["name"])))


def _pass(tape: Any, ref: int) -> str:
    by = "autograd.grad" if tape.passes[ref]["flags"] & PassFlag.GRAD else "backward()"
    return f"{by} begins"


def _step(tape: Any, ref: int) -> str:
    node = tape.nodes[int(tape.steps[ref]["node"])]
    name = str(tape.text(int(node["name"])))
    variable = int(node["variable"])
    owner = tape.name_of(variable) if variable >= 0 else None
    return f"{name} → {owner}.grad" if owner else name


def _end(tape: Any, ref: int) -> str:
    error = int(tape.ends[ref]["error"])
    if error < 0:
        return "backward ends"
    cause, where = stopped_by(tape, ref), ""
    if cause is not None:
        name = tape.text(int(tape.nodes["name"][cause.node]))
        where = f" at {name}, which pass {cause.pass_ + 1} freed"
    return f"backward stops{where}: {_first_line(tape.text(error))}"


def _grad(tape: Any, ref: int) -> str:
    row = tape.grads[ref]
    change = GradChange(int(row["kind"]))
    name = tape.name_of(int(row["tensor"])) or "a leaf"
    if change is GradChange.WRITE and row["ref"] >= 0:
        op = tape.text(int(tape.ops[int(row["ref"])]["name"]))
        return f"{name}.grad.{op}()"
    return _CHANGES.get(change, "{}.grad accumulates").format(name)


def _mark(tape: Any, ref: int) -> str:
    row = tape.marks[ref]
    mark = Mark(int(row["kind"]))
    if mark in (Mark.CELL_BEGIN, Mark.CELL_END):
        name = f"cell {int(tape.cells[int(row['ref'])]['count'])}" if row["ref"] >= 0 else "a cell"
        return f"{name} {'begins' if mark is Mark.CELL_BEGIN else 'ends'}"
    if mark is Mark.FREED:
        return f"pass {int(row['ref']) + 1} has freed the graph"
    text = _first_line(tape.text(int(row["text"]))) if row["text"] >= 0 else ""
    if mark is Mark.IDLE:
        return f"the step of {text} finds no gradient"
    return f"printed: {text}" if mark is Mark.PRINT else text or "error"


def _bounded_cell(tape: Any, event: int) -> Any:
    """Return the row of the cell that begins or ends with an event, or None."""
    row = tape.events[event]
    if Event(int(row["kind"])) is not Event.MARK:
        return None
    mark = tape.marks[int(row["ref"])]
    if Mark(int(mark["kind"])) not in (Mark.CELL_BEGIN, Mark.CELL_END):
        return None
    return tape.cells[int(mark["ref"])] if mark["ref"] >= 0 else None


def _first_line(text: str, longest: int = 120) -> str:
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= longest else line[: longest - 1] + "…"


_TEXTS = {
    Event.LEAF: _leaf, Event.OP: _op, Event.PASS: _pass, Event.STEP: _step, Event.END: _end,
    Event.GRAD: _grad, Event.MARK: _mark,
}  # fmt: skip
