"""The plot over iterations: what it shows, what it asks for, where a click leads."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from engine.tape.history import Series
from ui.inspector.iterations import IterationsView
from ui.theme import load


def series(iterations: int = 50, lines: int = 2, chosen: int = 0) -> Series:
    when = np.arange(iterations)
    names = tuple(f"[{i}]" for i in range(lines))
    values = np.sin(when[:, None] / 5 + np.arange(lines))
    return Series(when, 10 * when + 7, values, names, lines, chosen or iterations)


@pytest.fixture(params=["dark", "light"])
def view(request, qtbot):
    made = IterationsView(load(request.param))
    qtbot.addWidget(made)
    made.resize(300, 320)
    made.set_slice("w.grad")
    made.show()
    qtbot.waitExposed(made)
    return made


def click(view: IterationsView, iteration: float) -> None:
    box = view.plot.getPlotItem().getViewBox()
    place = box.mapViewToScene(QPointF(iteration, 0.0)).toPoint()
    QTest.mouseClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_enter_asks_for_the_slice_that_was_written(qtbot, view):
    view.slice.clear()
    QTest.keyClicks(view.slice, "w.grad[::10, 0]")
    with qtbot.waitSignal(view.requested) as asked:
        QTest.keyClick(view.slice, Qt.Key.Key_Return)
    assert asked.args == ["w.grad[::10, 0]"]


def test_a_series_is_drawn_named_and_counted(view):
    view.show_series(series(lines=3))
    drawn = [curve.getOriginalDataset() for curve in view.plot.getPlotItem().listDataItems()]
    assert len(drawn) == 3
    assert all((x == np.arange(50)).all() for x, _ in drawn)
    assert (drawn[1][1] == series(lines=3).lines[:, 1]).all()
    assert all(f"[{i}]" in view.legend.text() for i in range(3))
    assert view.note.text() == "3 elements over 50 iterations"


def test_what_was_thinned_out_is_said(view):
    view.show_series(series(50, 1, chosen=5000))
    assert view.note.text() == "1 element over 5,000 iterations, 50 of them drawn"


def test_a_click_goes_to_the_nearest_iteration(qtbot, view):
    view.show_series(series())
    with qtbot.waitSignal(view.event_clicked) as went:
        click(view, 20.3)
    assert went.args == [10 * 20 + 7]


def test_a_drag_is_no_click(qtbot, view):
    view.show_series(series())
    port = view.plot.viewport()
    with qtbot.assertNotEmitted(view.event_clicked):
        QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=port.rect().center())
        QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=port.rect().center() / 2)


@pytest.mark.parametrize(
    ("playhead", "key", "to"),
    [(207, Qt.Key.Key_Right, 217), (207, Qt.Key.Key_Left, 197), (209, Qt.Key.Key_Left, 207),
     (0, Qt.Key.Key_Left, 7), (9999, Qt.Key.Key_Right, 497)],
)  # fmt: skip
def test_arrow_keys_go_from_iteration_to_iteration(qtbot, view, playhead, key, to):
    view.show_series(series())
    view.set_playhead(playhead)
    with qtbot.waitSignal(view.event_clicked) as went:
        QTest.keyClick(view.plot, key)
    assert went.args == [to]


def test_the_playhead_is_marked_at_its_latest_iteration(view):
    view.show_series(series())
    view.set_playhead(206)
    assert view.plot.marked() == 19.0
    view.set_playhead(207)
    assert view.plot.marked() == 20.0
    view.set_playhead(6)
    assert view.plot.marked() is None


def test_a_problem_is_said_and_what_was_drawn_stays(view):
    view.show_series(series())
    view.show_problem("a cannot be an index")
    assert view.note.text() == "a cannot be an index"
    assert len(view.plot.getPlotItem().listDataItems()) == 2
    view.show_series(series())
    assert "50 iterations" in view.note.text()


def test_pointing_tells_the_numbers(view):
    view.show_series(series(lines=1))
    place = view.plot.getPlotItem().getViewBox().mapViewToScene(QPointF(10.0, 0.0))
    view.plot.scene().sigMouseMoved.emit(place)
    assert view.note.text() == "iteration 10:  [0] 0.9093"


def test_the_wheel_scrolls_on_unless_ctrl_is_held(qtbot, view):
    view.show_series(series())
    box = view.plot.getPlotItem().getViewBox()
    before = box.viewRange()[0]
    _wheel(view, Qt.KeyboardModifier.NoModifier)
    assert box.viewRange()[0] == before
    _wheel(view, Qt.KeyboardModifier.ControlModifier)
    low, high = box.viewRange()[0]
    assert high - low < before[1] - before[0]


def _wheel(view: IterationsView, held: Qt.KeyboardModifier) -> None:
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    port = view.plot.viewport()
    place = QPointF(port.rect().center())
    event = QWheelEvent(
        place, port.mapToGlobal(place), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, held,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(port, event)
