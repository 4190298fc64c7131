"""A tensor can be looked at in three ways; the slice and the way stay while arrays change."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QSpinBox

from ui.plots.tensor_view import TensorView
from ui.theme import load

# Without a display, top-level widgets with minimum sizes make the platform say this.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def view(qtbot):
    widget = TensorView(load("dark"))
    qtbot.addWidget(widget)
    widget.resize(280, 400)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def visible_pictures(view: TensorView) -> list[bool]:
    return [part.isVisible() for part in (view.table, view.heatmap, view.histogram)]


def button(view: TensorView, name: str) -> QAbstractButton:
    return next(b for b in view.buttons.buttons() if b.accessibleName() == name)


def test_one_picture_is_shown_at_a_time(qtbot, view):
    view.set_array(np.ones((3, 3)))
    assert visible_pictures(view) == [True, False, False]
    qtbot.mouseClick(button(view, "Heat map"), Qt.MouseButton.LeftButton)
    assert visible_pictures(view) == [False, True, False]
    qtbot.mouseClick(button(view, "Histogram"), Qt.MouseButton.LeftButton)
    assert visible_pictures(view) == [False, False, True]
    view.set_array(np.zeros((2, 2)))
    assert view.way == "histogram"


@pytest.mark.parametrize(
    ("array", "text"),
    [(np.float32(0.25), "0.25"), (np.array([1.5]), "[1.5]"), (np.zeros((0, 3)), "empty [0, 3]"),
     (np.array(True), "True")],
)  # fmt: skip
def test_a_single_number_is_written_large(view, array, text):
    view.set_array(np.asarray(array))
    assert view.scalar.isVisible()
    assert view.scalar.text() == text
    assert visible_pictures(view) == [False, False, False]


def test_leading_dimensions_are_chosen_by_index(qtbot, view):
    array = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    view.set_array(array)
    boxes = view.slices.findChildren(QSpinBox)
    assert [(b.minimum(), b.maximum()) for b in boxes] == [(0, 1), (0, 2)]
    with qtbot.waitSignal(view.slices.changed) as change:
        boxes[1].setValue(2)
    assert change.args == [(0, 2)]
    model = view.table.model()
    assert model.data(model.index(1, 1)) == str(array[0, 2, 1, 1])
    view.set_array(array + 100)
    assert model.data(model.index(1, 1)) == str(array[0, 2, 1, 1] + 100)


def test_another_rank_brings_other_boxes(view):
    view.set_array(np.zeros((2, 3, 4)))
    view.set_array(np.zeros((3, 4)))
    assert view.slices.leading() == ()
    assert not view.slices.isVisible()


def test_statistics_are_told(view):
    view.set_array(np.array([[1.0, np.nan], [0.0, 3.0]]))
    assert "mean\u00a01.33" in view.statistics.text()
    assert view.statistics.text().endswith("NaN\u00a01  zeros\u00a01")


def test_nothing_fits_too_and_themes_switch(view):
    view.set_array(None)
    assert visible_pictures(view) == [False, False, False]
    view.set_theme(load("light"))
    view.set_array(np.ones((2, 2)))
    assert visible_pictures(view) == [True, False, False]


@pytest.mark.parametrize("way", ["table", "heatmap", "histogram"])
def test_nothing_is_wider_than_a_narrow_panel(qtbot, view, way):
    view.set_way(way)
    view.set_array(np.random.default_rng(0).normal(size=(7, 8, 9, 40)))
    assert view.minimumSizeHint().width() <= 260


def test_a_number_shown_more_often_than_memory_could_hold_is_shown_by_a_corner(view) -> None:
    view.set_array(np.broadcast_to(np.float32(1.5), (2**20, 2**20)))
    for way in ("table", "heatmap", "histogram"):
        view.set_way(way)
    assert view.statistics.text().replace("\u00a0", " ") == "min 1.5  max 1.5  mean 1.5  std 0.0"
