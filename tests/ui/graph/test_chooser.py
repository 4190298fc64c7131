"""Choosing among many graphs: what only prepared data comes last, and titles are made when seen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

import engine as torch
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape
from ui.graph.chooser import GraphChooser
from ui.graph.listing import Listing
from ui.graph.model import graph_at, list_graphs, main_graph

PROGRAM = """\
w = torch.ones(2, requires_grad=True)
for k in range(times):
    row = torch.ones(2) * k
    batch = torch.stack([row, row + 1])[0].float().exp() + 1
    loss = (w * k).sum()
    loss.backward()
"""


def recorded(times: int) -> Tape:
    recorder, names = Recorder(), {"torch": torch, "times": times}
    with recorder:
        recorder.begin_cell("a", PROGRAM, 1)
        exec(compile(PROGRAM, "<cell a>", "exec"), names)
        recorder.end_cell(names)
    return recorder.tape()


@pytest.fixture(scope="module")
def tape() -> Tape:
    return recorded(4)


def test_what_only_prepared_data_comes_after_the_graphs_with_a_pass(tape: Tape) -> None:
    graphs = list_graphs(tape)
    offered = [graphs[place] for place in graphs.offered.tolist()]
    assert [bool(info.passes) for info in offered] == [True] * 4 + [False] * 4
    assert [info.title for info in offered[:2]] == ["loss · pass 1", "loss · pass 2"]
    assert [info.number for info in graphs] == list(range(1, 9))  # numbers are in order of time
    assert graphs.beside(offered[0].number, 1) == offered[1].number
    assert graphs.beside(offered[-1].number, 1) == offered[-1].number


def test_the_graph_of_a_moment_is_looked_up(tape: Tape) -> None:
    graphs = list_graphs(tape)
    for info in graphs:
        for op in info.ops.tolist():
            assert graph_at(tape, graphs, int(tape.ops["event"][op]) + 1) is info
        assert graphs.numbered(info.number) is info
    assert main_graph(graphs) is [info for info in graphs if info.passes][-1]
    assert graphs.numbered(99) is None and graphs.numbered(None) is None
    assert graphs.holding(op=10**6) is None


def test_a_list_is_made_anew_only_when_something_was_added(tape: Tape) -> None:
    listing = Listing()
    first = listing(tape, tape.snapshot())
    assert listing(tape, tape.snapshot()) is first
    other = recorded(4)
    assert listing(other, other.snapshot()) is not first


def test_the_box_follows_growth_and_tells_what_was_chosen(qtbot: QtBot, tape: Tape) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    box, few, many = GraphChooser(host), list_graphs(recorded(2)), list_graphs(tape)
    box.set_graphs(few, few[few.main])
    assert (box.count(), box.currentText()) == (4, "loss · pass 2")
    box.set_graphs(many, few[few.main])
    assert (box.count(), box.currentText()) == (8, "loss · pass 2")
    assert box.itemData(0, Qt.ItemDataRole.ToolTipRole) == many[int(many.offered[0])].detail
    with qtbot.waitSignal(box.graph_chosen) as chosen:
        box.activated.emit(0)
    assert many.numbered(chosen.args[0]) is many[int(many.offered[0])]
    box.set_graphs(few, few[few.main])
    assert (box.count(), box.isEnabled()) == (4, True)
    box.set_graphs(None, None)
    assert (box.count(), box.currentIndex(), box.isEnabled()) == (0, -1, False)
