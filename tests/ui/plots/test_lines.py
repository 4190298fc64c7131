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
