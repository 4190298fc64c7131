"""Everything in the program that reads a tape, in one call: a tape that opens must suit it all."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from app.export import ExportError, export
from engine.tape import diagnose, freed, ledger, replay
from engine.tape.breakpoints import Breakpoint, On, Search
from engine.tape.compare import compare
from engine.tape.compare.text import as_text
from engine.tape.conditions import ConditionError
from engine.tape.diagnose import words
from engine.tape.errors import TapeError
from engine.tape.rerun import RerunError, evaluate
from engine.tape.schema import TABLES
from engine.tape.summary import format_summary, summarize
from engine.tape.tape import Tape
from ui.graph.layout import lay_out
from ui.graph.model import build_graph, graph_at, list_graphs, main_graph
from ui.graph.tint import TintIndex
from ui.inspector.view import describe
from ui.plots.stats import stats, summary
from ui.transport import tracks
from ui.transport.readout import place_at

_MOMENTS, _NODES = 12, 12


def content(tape: Tape) -> list[Any]:
    """Return all that a tape holds, table by table; of an array that cannot be read, None."""
    rows: list[Any] = [getattr(tape, name).tolist() for name in TABLES]
    arrays = [_bytes(tape, i) for i in range(len(tape.arrays))]
    texts = [tape.text(i) for i in range(tape.n_texts)]
    return [*rows, arrays, texts]


def _bytes(tape: Tape, i: int) -> tuple[Any, ...] | None:
    try:
        array = tape.array(i)
    except TapeError:
        return None
    element = array[(0,) * array.ndim] if array.size and not any(array.strides) else array
    return array.shape, array.dtype.str, element.tobytes()


def use(tape: Tape, whole: Tape) -> None:
    """Do what the window, the command line and export do; of errors only TapeError may come.

    That one only from what reads arrays whose bytes are not what they should be. whole: the tape
    before its mutation, which it is compared with.
    """
    json.dumps(summarize(tape))
    format_summary(summarize(tape)).encode("utf-8", "backslashreplace")
    moments = sorted({*_some(len(tape.events) + 1, _MOMENTS)})
    for playhead in moments:
        place_at(tape, tracks.build(tape), playhead)
    _replay(tape, moments)
    _show(tape, moments)
    _export(tape)
    _beside(tape, whole)
    _run_again(tape)


def _some(count: int, most: int) -> list[int]:
    return np.unique(np.linspace(0, max(count - 1, 0), most).astype(int)).tolist()


def _replay(tape: Tape, moments: list[int]) -> None:
    replay.stops(tape)
    for playhead in moments:
        replay.state_at(tape, playhead)
    for end in range(len(tape.ends)):
        freed.stopped_by(tape, end)
    for node in range(len(tape.nodes)):
        freed.freed_by(tape, node, len(tape.events))
    for work in _readers(tape, moments):
        try:
            work()
        except (TapeError, ConditionError):
            continue


def _readers(tape: Tape, moments: list[int]) -> Iterator[Any]:
    """Yield what may find an array that cannot be read."""
    for playhead in moments[::4]:
        yield lambda playhead=playhead: replay.grads_at(tape, playhead)
    for step in _some(len(tape.steps), _NODES) if len(tape.steps) else ():
        yield lambda step=step: replay.cotangents(tape, step)
    for tensor in list(dict.fromkeys(tape.grads["tensor"].tolist()))[:_NODES]:
        yield lambda tensor=tensor: replay.ledger(tape, tensor)
        yield lambda tensor=tensor: [
            (ledger.added(tape, one), ledger.after(tape, one))
            for one in ledger.changes(tape, tensor)
        ]
    yield lambda: as_text(compare(tape, tape), tape, tape)
    yield lambda: [words.as_text(one, tape) for one in diagnose.problems(tape)]
    for tensor in list(dict.fromkeys(tape.values["tensor"].tolist()))[:_NODES]:
        yield lambda tensor=tensor: words.as_text(diagnose.why(tape, tensor), tape)
    point = Breakpoint(On.ANY, condition="norm(grad) > 1 or isnan(value).any()")
    yield lambda: list(Search(tape, [point]).every(point))
    for value in _some(len(tape.values), 2 * _NODES) if len(tape.values) else ():
        yield lambda value=value: _look_at(tape, value)


def _look_at(tape: Tape, value: int) -> None:
    array = tape.value(value)
    if array is not None:
        summary(stats(array))


def _beside(tape: Tape, whole: Tape) -> None:
    """Compare with the tape of before, in both directions."""
    for one, two in ((tape, whole), (whole, tape)):
        with contextlib.suppress(TapeError):
            found = compare(one, two)
            as_text(found, one, two)
            for playhead in _some(len(one.events) + 1, _MOMENTS):
                assert 0 <= found.other_playhead(playhead) <= len(two.events)


def _run_again(tape: Tape) -> None:
    """Run it with no leaf edited, then with one: RerunError says what cannot be."""
    with contextlib.suppress(TapeError, RerunError):
        again = evaluate(tape)
        assert not again.values.any(), "nothing was edited"
        [str(one) for one in again.kept]
    made = (tape.values["op"] < 0) & (tape.values["grad_of"] < 0)
    leaves = np.flatnonzero(made & (tape.values["array"] >= 0))
    if len(leaves):
        with contextlib.suppress(TapeError, RerunError):
            row = int(leaves[0])
            array = tape.value(row)
            if array is not None and array.size < 1 << 16:
                evaluate(tape, {int(tape.values["tensor"][row]): np.ones_like(array)})


def _show(tape: Tape, moments: list[int]) -> None:
    """Draw every graph and select some of its nodes at some moments."""
    graphs = list_graphs(tape)
    main_graph(graphs)
    for info in [*graphs[:4], None]:
        graph = build_graph(tape, info)
        layout = lay_out(graph, dict.fromkeys(graph, (120.0, 40.0)))
        tint = TintIndex(tape, graph, layout)
        for playhead in moments:
            graph_at(tape, graphs, playhead)
            tint.state(replay.state_at(tape, playhead))
    nodes = list(graph)
    for at in _some(len(nodes), _NODES) if nodes else ():
        for playhead in (moments[-1], moments[len(moments) // 2]):
            describe(tape, nodes[at], playhead)


def _export(tape: Tape) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".dot", ".json", ".graphml"):
            try:
                export(tape, Path(folder) / f"graph{suffix}")
            except ExportError:
                continue
