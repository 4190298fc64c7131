"""The heat map paints each cell in its colour and tells the value under the mouse."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF

from ui.plots.heatmap import HeatMap, picture
from ui.theme import load

# Without a display, top-level widgets with minimum sizes make the platform say this.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def heatmap(qtbot):
    widget = HeatMap()
    qtbot.addWidget(widget)
    widget.resize(300, 200)
    return widget


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_scale_diverges_from_zero(qapp, name):
    theme = load(name)
    image = picture(np.array([[-2.0, 0.0, 2.0, np.nan]]), 2.0, theme)
    colours = [image.pixelColor(x, 0).name() for x in range(4)]
    assert colours == [theme.families["matmul"], theme.raised, theme.accent, theme.error]


def test_equal_distances_from_zero_are_equally_strong(qapp):
    theme = load("dark")
    image = picture(np.array([[0.0, 0.1, 0.5, 1.0]]), 1.0, theme)
    reds = [image.pixelColor(x, 0).red() for x in range(4)]
    assert reds == sorted(set(reds))


def test_a_large_matrix_keeps_its_extremes(qapp):
    data = np.zeros((3000, 2000))
    data[1717, 1234], data[5, 6] = -3.0, np.inf
    theme = load("dark")
    image = picture(data, 3.0, theme)
    assert image.width() <= 512
    columns, rows = range(image.width()), range(image.height())
    found = {image.pixelColor(x, y).name() for x in columns for y in rows}
    assert found == {theme.raised, theme.families["matmul"], theme.error}


def test_the_value_under_the_mouse_is_told(qtbot, heatmap):
    heatmap.set_array(np.arange(12.0).reshape(3, 4))
    heatmap.show()
    qtbot.waitExposed(heatmap)
    box = heatmap.picture_rect()
    assert heatmap.readout() == ""
    point = QPointF(box.x() + box.width() * 0.9, box.y() + box.height() * 0.5)
    qtbot.mouseMove(heatmap, point.toPoint())
    assert heatmap.readout() == "[1, 3] = 7.0"
    qtbot.mouseMove(heatmap, QPoint(5, heatmap.height() - 2))
    assert heatmap.readout() == ""


def test_a_vector_lies_on_its_side_and_has_one_index(qtbot, heatmap):
    heatmap.set_array(np.array([1.0, 2.0, 3.0]))
    heatmap.show()
    qtbot.waitExposed(heatmap)
    qtbot.mouseMove(heatmap, (heatmap.picture_rect().bottomRight() - QPointF(2, 2)).toPoint())
    assert heatmap.readout() == "[2] = 3.0"


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (64, 784), (3, 3), (0, 4), ()])
def test_every_shape_fits_in_a_narrow_panel(qtbot, heatmap, shape):
    heatmap.set_array(np.ones(shape))
    height = heatmap.heightForWidth(240)
    assert 48 <= height <= 350
    heatmap.resize(240, height)
    box = heatmap.picture_rect()
    assert box.right() <= 240
    assert box.bottom() <= height - 29
    assert not heatmap.grab().isNull()
