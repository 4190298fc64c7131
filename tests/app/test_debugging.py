"""Breakpoints and stepping in the real window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.controller.controller import OF_A_RECORDING
from engine.tape import replay
from engine.tape.breakpoints import Breakpoint, On, spot_of
from engine.tape.modules import module_of
from engine.tape.moments import Moments
from tests.app import drive
from ui.graph.types import Kind, NodeId

PROGRAM = """\
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
w = torch.ones(2, requires_grad=True)
for k in range(3):
    y = model((w * (k + 1)).unsqueeze(0))
    loss = (y * 10 ** k).sum()
    loss.backward()
"""


@pytest.fixture
def opened(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    drive.open_file(qtbot, controller, drive.write_tape(tmp_path / "loop.tape", PROGRAM))
    drive.wait_for_graph(qtbot, controller)
    controller.window.graph.canvas.set_reduced_motion(True)
    controller.session.set_playhead(0)
    return controller


def trigger(controller: Controller, name: str) -> None:
    controller.window.actions_by_id[name].trigger()


def go_on(qtbot: QtBot, controller: Controller, name: str = "continue") -> int:
    with qtbot.waitSignal(controller.debugging.search.done):
        trigger(controller, name)
    return controller.session.playhead


def here(controller: Controller, name: str) -> object:
    tape = controller.session.tape
    assert tape is not None
    return Moments(tape).at(controller.session.playhead - 1, {name})[name]


def test_continue_goes_from_hit_to_hit_and_back(qtbot: QtBot, opened: Controller) -> None:
    session, tape = opened.session, opened.session.tape
    assert tape is not None
    session.set_breakpoints([Breakpoint(On.LEAF, "w")])
    stops = [go_on(qtbot, opened) for _ in range(3)]
    assert stops == sorted(set(stops))
    assert here(opened, "name") == "w"
    assert session.selection is not None and session.selection.kind == Kind.ACCUMULATE
    assert go_on(qtbot, opened) == len(tape.events)
    assert opened.window.notice.text() == "No breakpoint is hit before the end."
    assert [go_on(qtbot, opened, "continue_back") for _ in range(3)] == stops[::-1]
    assert go_on(qtbot, opened, "continue_back") == 0


def test_what_needs_a_recording_says_that_there_is_none(controller: Controller) -> None:
    notice = controller.window.notice
    for command in OF_A_RECORDING:
        notice.end()
        assert notice.text() == ""
        trigger(controller, command)
        assert notice.text() == "Nothing is recorded yet.", command


def test_back_to_where_the_gradient_first_passed_a_bound(qtbot: QtBot, opened: Controller) -> None:
    tape = opened.session.tape
    assert tape is not None
    tensor = next(int(r["tensor"]) for r in tape.names if tape.text(int(r["text"])) == "w")
    opened.session.set_breakpoints([Breakpoint(On.LEAF, "w")])
    stops = [go_on(qtbot, opened) for _ in range(3)]
    norms = [float(np.linalg.norm(replay.grad_at(tape, tensor, p))) for p in stops]
    assert norms[1] < norms[2]
    opened.session.set_breakpoints([Breakpoint(On.LEAF, "w", f"norm(grad) > {norms[1] * 1.01}")])
    opened.session.set_playhead(len(tape.events))
    assert go_on(qtbot, opened, "continue_back") == stops[2]


def test_f9_sets_and_takes_away_at_the_selected_node(qtbot: QtBot, opened: Controller) -> None:
    tape, stops = opened.session.tape, opened.window.graph.stops
    assert tape is not None
    op = next(i for i, r in enumerate(tape.ops["name"].tolist()) if tape.text(r) == "sum")
    graph_op = NodeId(Kind.OP, op)
    opened.session.select(graph_op)
    trigger(opened, "breakpoint")
    (point,) = opened.session.breakpoints
    assert point == Breakpoint(On.SPOT, spot_of(tape, op))
    assert stops.ids == {graph_op, NodeId(Kind.GRAD_FN, int(tape.ops["node"][op]))}
    opened.session.select(NodeId(Kind.GRAD_FN, int(tape.ops["node"][op])))
    trigger(opened, "breakpoint")
    assert opened.session.breakpoints == ()
    assert stops.ids == frozenset()


def test_a_breakpoint_that_was_there_before_its_tape_says_where_it_is(opened: Controller) -> None:
    tape, places = opened.session.tape, opened.window.breakpoints.list
    opened.session.set_tape(None)
    opened.session.set_breakpoints([Breakpoint(On.ANY, condition="norm(grad) > 1")])
    opened.session.set_tape(tape)
    assert places.topLevelItem(0).text(0) == "any step"


def test_a_condition_is_asked_for_and_its_hits_are_listed(qtbot: QtBot, opened: Controller) -> None:
    trigger(opened, "break_when")
    form = opened.debugging.form
    assert form is not None and form.isVisible()
    assert form.where.itemText(form.where.count() - 1) == "any step"
    qtbot.keyClicks(form.condition, 'grad_fn == "ReluBackward0" and pass_ > 1')
    qtbot.keyClicks(form.log, "rms(grad)")
    form.log.clear()
    with qtbot.waitSignal(opened.debugging.listing.done):
        form.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    panel = opened.window.breakpoints
    assert opened.window.docks["breakpoints"].isVisible()
    assert panel.hits_title.text() == "Hit 2 times"
    assert panel.hits.topLevelItem(0).text(0).startswith("ReluBackward0, pass 2")
    panel.hits.itemClicked.emit(panel.hits.topLevelItem(1), 0)
    assert (here(opened, "grad_fn"), here(opened, "pass_")) == ("ReluBackward0", 3)
    once = opened.session.breakpoints
    trigger(opened, "break_when")
    opened.debugging.form.where.setCurrentIndex(opened.debugging.form.where.count() - 1)
    qtbot.keyClicks(opened.debugging.form.condition, once[0].condition)
    opened.debugging.form.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    assert opened.session.breakpoints == once


def test_a_condition_that_cannot_be_computed_is_told(qtbot: QtBot, opened: Controller) -> None:
    opened.session.set_breakpoints([Breakpoint(On.TYPE, "addmm", "value > 0")])
    with qtbot.waitSignal(opened.debugging.search.failed):
        trigger(opened, "continue")
    assert "add .any() or .all()" in opened.window.notice.text()
    assert opened.session.playhead == 0


def test_stepping_over_a_module_into_it_and_out(qtbot: QtBot, opened: Controller) -> None:
    session, tape = opened.session, opened.session.tape
    assert tape is not None
    stops = (replay.stops(tape) + 1).tolist()
    inside = next(p for p in stops if module_of(tape, p - 1))
    before = stops[stops.index(inside) - 1]
    session.set_playhead(before)
    trigger(opened, "step_into")
    assert session.playhead == inside
    session.set_playhead(before)
    trigger(opened, "step_over")
    assert session.playhead > inside
    assert not module_of(tape, session.playhead - 1)
    trigger(opened, "step_over_back")
    assert session.playhead == before


def test_running_to_a_node_goes_to_where_it_happens(qtbot: QtBot, opened: Controller) -> None:
    tape = opened.session.tape
    assert tape is not None
    step = len(tape.steps) - 2
    node = int(tape.steps["node"][step])
    op = int(tape.nodes["op"][node])
    opened.session.select(NodeId(Kind.OP, op))
    trigger(opened, "run_to")
    assert opened.session.playhead == int(tape.ops["event"][op]) + 1
    trigger(opened, "run_to")
    assert opened.session.playhead == int(tape.steps["event"][step]) + 1
    assert opened.session.selection == NodeId(Kind.OP, op)


def test_another_recording_keeps_what_still_means_something(
    qtbot: QtBot, opened: Controller, tmp_path: Path
) -> None:
    kept = [Breakpoint(On.LEAF, "w"), Breakpoint(On.TYPE, "mul")]
    opened.session.set_breakpoints([Breakpoint(On.NODE, 3), *kept])
    drive.open_file(qtbot, opened, drive.write_tape(tmp_path / "other.tape", PROGRAM))
    drive.wait_for_graph(qtbot, opened)
    assert list(opened.session.breakpoints) == kept
    opened.session.set_playhead(0)
    assert go_on(qtbot, opened) > 0


def test_a_line_that_has_not_run_says_so_and_a_new_kernel_has_no_hits(
    qtbot: QtBot, opened: Controller
) -> None:
    session, panel = opened.session, opened.window.breakpoints
    trigger(opened, "breakpoints")
    session.set_breakpoints([Breakpoint(On.LINE, ("other", 3)), Breakpoint(On.TYPE, "relu")])
    assert panel.list.topLevelItem(0).text(0) == "line 3, not run yet"
    panel.list.setCurrentItem(panel.list.topLevelItem(1))
    qtbot.waitUntil(lambda: panel.hits_title.text() == "Hit 3 times")
    session.set_tape(None)
    assert (panel.hits.topLevelItemCount(), panel.hits_title.text()) == (0, "")


def test_the_list_takes_rows_away(qtbot: QtBot, opened: Controller) -> None:
    opened.session.set_breakpoints([Breakpoint(On.LEAF, "w"), Breakpoint(On.TYPE, "mul")])
    trigger(opened, "breakpoints")
    panel = opened.window.breakpoints
    panel.list.setCurrentItem(panel.list.topLevelItem(0))
    qtbot.mouseClick(panel.remove, Qt.MouseButton.LeftButton)
    assert opened.session.breakpoints == (Breakpoint(On.TYPE, "mul"),)
    panel.list.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    assert not opened.session.breakpoints[0].enabled


def test_hits_of_a_recording_that_grows_are_listed_again(qtbot: QtBot, opened: Controller) -> None:
    trigger(opened, "breakpoints")
    with qtbot.waitSignal(opened.debugging.listing.done):
        opened.session.set_breakpoints([Breakpoint(On.LEAF, "w")])
    hits = opened.window.breakpoints.hits
    first = hits.topLevelItem(0)
    with qtbot.waitSignal(opened.debugging.listing.done):
        opened.session.tape_grew.emit()
    assert hits.topLevelItemCount() == 3
    assert hits.topLevelItem(0) is first
