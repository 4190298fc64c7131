"""Plots over training: few and many lines, NaN, zeros; ridges in words."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from engine.tape.training import LEAST_BINS, Health, Ridges, Track
from ui.theme import load
from ui.training.panel import TrainingPanel, What

PASSES = 5
HEADS = np.arange(PASSES) * 10 + 9
THEME = load("dark")


@pytest.fixture
def panel(qtbot: QtBot) -> TrainingPanel:
    panel = TrainingPanel(THEME)
    qtbot.addWidget(panel)
    panel.resize(340, 400)
    panel.show()
    panel.set_passes(np.arange(PASSES) * 10 + 5)
    return panel


def track(name: str, norms: list[float]) -> Track:
    values = np.array(norms)
    return Track(name, 0, HEADS[: len(values)], values, values, values)


def places(panel: TrainingPanel) -> list[float]:
    """Return where the points of the only line are."""
    (curve,) = panel.plot.getPlotItem().listDataItems()
    found: list[float] = curve.getOriginalDataset()[0].tolist()
    return found


def said(panel: TrainingPanel) -> str:
    return panel.legend.text().replace("&nbsp;", " ")


def test_what_a_pass_gave_stands_at_its_number(panel: TrainingPanel) -> None:
    panel.set_tracks([track("w", [1.0, 2.0, 3.0, 4.0, 5.0])])
    assert places(panel) == [1, 2, 3, 4, 5]
    panel.set_playhead(int(HEADS[3]))
    assert panel.plot.marked() == 4
    head = HEADS - 7  # computed ahead of each pass
    panel.set_health([Health("net relu", "zero", head, np.full(PASSES, 0.25))])
    assert places(panel) == [1, 2, 3, 4, 5]
    low, high = panel.plot.getPlotItem().viewRange()[1]
    assert low <= 0 and high >= 1, "shares are seen as shares"


def test_many_lines_run_through_a_ramp_and_the_one_pointed_at_is_named(
    panel: TrainingPanel,
) -> None:
    lines = [track(f"{k}.weight", [10.0**-k] * PASSES) for k in range(30)]
    panel.set_parameters([line.name for line in lines] + ["more"])
    panel.set_tracks(lines)
    panel.set_playhead(100)
    words = said(panel)
    assert "greatest" in words and "0.weight 1.0" in words
    assert "least" in words and "29.weight 1e-29" in words
    assert "30 lines from" in words and "and 1 parameters" not in words
    assert "1 parameter that is not plotted" in words
    panel.plot.grab()
    place = panel.plot.getPlotItem().getViewBox().mapViewToScene(QPointF(3.0, -12.0))
    assert panel.plot.nearest(place) == 12
    panel.plot.scene().sigMouseMoved.emit(place)
    assert "here" in said(panel) and "12.weight 1e-12" in said(panel)


def test_nan_is_marked_where_it_begins_and_told(panel: TrainingPanel) -> None:
    panel.set_tracks([track("w", [1.0, 0.5, np.inf, np.inf]), track("b", [1.0] * PASSES)])
    assert panel.plot.warned() == 3
    panel.set_playhead(int(HEADS[1]))
    assert "w 0.5" in said(panel)
    panel.set_playhead(int(HEADS[2]))
    assert "NaN or Inf" in said(panel)
    panel.set_tracks([track("w", [1.0])])
    assert panel.plot.warned() is None


def test_zeros_are_left_out_of_a_logarithmic_plot_in_words(panel: TrainingPanel) -> None:
    panel.set_tracks([track("w", [1.0, 0.0, 0.25, 0.0, 0.5])])
    assert places(panel) == [1, 3, 5]
    assert "Zeros are not drawn" in said(panel)
    panel.set_tracks([track("w", [0.0] * PASSES)])
    assert panel.message.isVisible() and "Zero in every pass" in panel.message.text()
    panel.set_tracks([])
    assert "Nothing to plot yet" in panel.message.text()


def test_ridges_say_how_far_each_reaches_and_what_is_not_finite(panel: TrainingPanel) -> None:
    panel.what.setCurrentText(What.GRADIENT_RIDGES.value)
    reach, nan = np.array([1.0, 1e-6, 1.0]), float("nan")
    shares = np.full((3, LEAST_BINS), 1 / LEAST_BINS)
    panel.set_ridges(
        Ridges(
            "w", HEADS[:3], shares, -reach, reach, np.array([-1.0, -1e-6, nan]),
            np.array([1.0, 5e-7, nan]), np.array([0, 0, 7]), True,
        )
    )  # fmt: skip
    assert panel.ridges.words(1) == "pass 2: -1e-6 to 5e-7"
    assert panel.ridges.words(2) == "pass 3: 7 NaN or Inf"
    assert "1 of them holds NaN or Inf" in said(panel)
    panel.ridges.grab()
