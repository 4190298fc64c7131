"""The histogram counts every finite element once and keeps zero in the middle of a bar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PySide6.QtCore import QPoint

from ui.plots.histogram import Histogram, bins

# Without a display, top-level widgets with minimum sizes make the platform say this.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

floats = st.floats(-(2.0**99), 2.0**99, width=32) | st.sampled_from([0.0, np.nan, np.inf, -np.inf])


@given(hnp.arrays(np.float32, st.integers(0, 300), elements=floats))
def test_each_finite_element_is_counted_once(array):
    counts, edges = bins(array)
    assert counts.sum() == np.isfinite(array).sum()
    assert len(edges) == len(counts) + 1
    assert np.all(np.diff(edges) > 0)


def test_zeros_have_a_bar_of_their_own():
    array = np.concatenate([np.zeros(500), np.linspace(-1, 3, 100)])
    counts, edges = bins(array)
    bar = int(np.argmax(counts))
    assert counts[bar] >= 500
    assert edges[bar] == pytest.approx(-edges[bar + 1])


@pytest.mark.parametrize("array", [np.array([True, False]), np.arange(9), np.full(4, 7.0)])
def test_other_kinds_are_counted_too(array):
    assert bins(array)[0].sum() == array.size


def test_the_bar_under_the_mouse_is_told(qtbot):
    widget = Histogram()
    qtbot.addWidget(widget)
    widget.resize(410, 150)
    widget.set_array(np.array([1.0, 1.0, 2.0]))
    widget.show()
    qtbot.waitExposed(widget)
    qtbot.mouseMove(widget, QPoint(3, 40))
    assert widget.readout() == "1.0 to 1.02: 2"


def test_without_finite_elements_it_says_so(qtbot):
    widget = Histogram()
    qtbot.addWidget(widget)
    widget.set_array(np.array([np.nan]))
    assert widget.readout() == ""
    assert not widget.grab().isNull()
