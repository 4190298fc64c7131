"""The table shows exactly the numbers of the chosen slice and fetches only what it shows."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QMainWindow

from ui.plots.slices import matrix
from ui.plots.table import MOST, TensorModel, TensorTable, typed
from ui.theme import load

# Without a display, top-level widgets with minimum sizes make the platform say this.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def model(qapp):
    return TensorModel()


def shown(model: TensorModel) -> list[list[str]]:
    return [
        [model.data(model.index(r, c)) for c in range(model.columnCount())]
        for r in range(model.rowCount())
    ]


@pytest.mark.parametrize(
    ("shape", "leading", "size"),
    [((), (), (1, 1)), ((4,), (), (4, 1)), ((2, 3), (), (2, 3)), ((5, 2, 3), (4,), (2, 3)),
     ((2, 5, 2, 3), (1, 0), (2, 3)), ((0,), (), (0, 1)), ((3, 0), (), (3, 0))],
)  # fmt: skip
def test_any_shape_becomes_a_matrix(shape, leading, size):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    part = matrix(array, leading)
    assert part.shape == size
    assert part.size == 0 or part[0, 0] == array[(*leading, *(0,) * (array.ndim - len(leading)))]


def test_the_model_shows_the_numbers(model):
    model.set_array(np.array([[1.0, -0.5], [np.nan, 1e-9]]), (), 1.0)
    assert shown(model) == [["1.0", "-0.5"], ["nan", "1e-9"]]


def test_the_model_keeps_qt_s_rules(model):
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_array(np.arange(24.0).reshape(2, 3, 4), (1,), 24.0)
    model.set_array(np.arange(3), (), 3.0)
    model.set_array(np.zeros((0, 2)), (), 0.0)
    assert model.rowCount() == 0
    assert tester.model() is model


def test_what_is_not_finite_is_in_the_error_colour(model):
    model.set_theme(load("light"))
    model.set_array(np.array([np.inf, 1.0]), (), 1.0)
    role = Qt.ItemDataRole.ForegroundRole
    assert model.data(model.index(0, 0), role).name() == load("light").error
    assert model.data(model.index(1, 0), role) is None


def test_tints_grow_with_the_absolute_value(model):
    model.set_array(np.array([0.0, 0.5, 1.0, -1.0]), (), 1.0)
    role = Qt.ItemDataRole.BackgroundRole
    zero, half, one, minus = (model.data(model.index(i, 0), role) for i in range(4))
    assert zero.red() < half.red() < one.red()
    assert minus.blue() > one.blue()


def test_a_huge_vector_is_cut(model):
    model.set_array(np.broadcast_to(np.float32(1), (MOST + 5,)), (), 1.0)
    assert model.rowCount() == MOST


def test_copy_gives_full_precision_and_tabs(qtbot):
    table = TensorTable()
    qtbot.addWidget(table)
    table.set_array(np.array([[1 / 3, 2.0], [3.0, 4.0]]))
    with qtbot.waitExposed(table):
        table.show()
    table.setFocus()
    table.selectRow(0)
    assert table.selected_text() == f"{1 / 3}\t2.0"
    control = Qt.KeyboardModifier.ControlModifier
    QGuiApplication.sendEvent(table, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_C, control))
    assert QGuiApplication.clipboard().text() == f"{1 / 3}\t2.0"


def test_the_table_is_as_high_as_its_rows_up_to_ten(qtbot):
    table = TensorTable()
    qtbot.addWidget(table)
    heights = []
    for rows in (1, 5, 10, 5000):
        table.set_array(np.zeros((rows, 1)))
        heights.append(table.height())
    assert heights[0] < heights[1] < heights[2] == heights[3]


def test_moving_about_in_the_table_comes_before_the_window_s_shortcuts(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    table = TensorTable()
    window.setCentralWidget(table)
    fired: list[str] = []
    action = QAction(window)
    action.setShortcut("Right")
    action.triggered.connect(lambda: fired.append("step"))
    window.addAction(action)
    table.set_array(np.ones((2, 3)))
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    table.setCurrentIndex(table.model().index(0, 0))
    qtbot.keyClick(table, Qt.Key.Key_Right)
    assert table.currentIndex().column() == 1
    assert fired == []


@pytest.mark.parametrize(
    ("dtype", "text", "value"),
    [
        ("float32", "1e-3", 1e-3), ("float32", "nan", None),
        ("int64", "7", 7), ("int64", "7.5", None),
        ("bool", "True", True), ("bool", "maybe", None), ("uint8", "300", None),
        ("complex64", "1+2i", 1 + 2j), ("float64", "", None),
    ],
)  # fmt: skip
def test_a_typed_text_is_an_element_or_nothing(dtype: str, text: str, value: object) -> None:
    found = typed(text, np.dtype(dtype))
    if text == "nan":
        assert np.isnan(found)
    elif value is None:
        assert found is None
    else:
        assert found == np.dtype(dtype).type(value)


def test_a_cell_can_be_edited_only_where_that_is_allowed(qtbot) -> None:
    table = TensorTable()
    qtbot.addWidget(table)
    table.set_array(np.zeros((2, 2), np.float32))
    model = table.model()
    cell = model.index(1, 0)
    assert not model.setData(cell, "2.5")
    table.set_editable(True)
    with qtbot.waitSignal(table.edited) as edited:
        assert model.setData(cell, "2.5")
    assert edited.args == [1, 0, 2.5]
    assert not model.setData(cell, "two")
