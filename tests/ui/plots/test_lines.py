"""A plot of lines shows all their values, also of other lines over the same iterations."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ui.plots.lines import LinePlot
from ui.theme import load

ITERATIONS = np.arange(4.0)


@pytest.mark.parametrize("x", [ITERATIONS, ITERATIONS[:1]], ids=["four", "one"])
def test_other_lines_over_the_same_iterations_are_brought_into_view(
    qtbot: QtBot, x: np.ndarray
) -> None:
    plot = LinePlot(load("dark"))
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    for value in (-7.0, 900.0, 0.01):
        plot.draw(x, value * (1 + x)[:, None], ["#ffffff"])
        view = plot.getPlotItem().getViewBox()
        view.updateAutoRange()
        low, high = view.viewRange()[1]
        ends = value, value * (1 + x[-1])
        assert low < min(ends) <= max(ends) < high
        assert high - low < max(10 * abs(value), 2)


def test_lines_that_go_on_while_they_are_shown_stay_in_view_as_a_whole(qtbot: QtBot) -> None:
    plot = LinePlot(load("dark"))
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    view = plot.getPlotItem().getViewBox()
    for end in (300, 900, 1800, 3000):
        x = np.arange(1.0, end + 1)
        plot.draw_many([(x, np.exp(-x / 500))], ["#ffffff"], True)
        plot.grab()  # which clips the lines to what is in view
        low, high = view.viewRange()[0]
        assert low <= 1 and end <= high < 1.1 * end
    view.scaleBy(x=0.1, y=1)
    view.sigRangeChangedManually.emit([True, False])  # as the wheel and a drag do
    zoomed = view.viewRange()[0]
    plot.draw_many([(np.arange(1.0, 4000), np.arange(1.0, 4000))], ["#ffffff"], True)
    assert view.viewRange()[0] == zoomed
    plot.draw_many([(np.arange(50.0), np.arange(50.0))], ["#ffffff"], False)  # another run
    assert view.viewRange()[0][1] < 60
