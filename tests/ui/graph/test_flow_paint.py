"""Shades and flow on the canvas: colours, widths, tiles that follow, and their legend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui.graph.samples import op
from tests.ui.graph.test_paint import SIZE, Sample, painted, rgb, through_tiles
from ui import theme
from ui.graph.inks import Inks
from ui.graph.legend import HEIGHT, LegendView, in_words
from ui.graph.lens import CLASSES, Lens, Shade
from ui.graph.paint import edge_look, flow_width
from ui.graph.pane import GraphPane
from ui.graph.shading import Legend
from ui.graph.tiles import Tiles
from ui.graph.types import CanvasState

pytestmark = pytest.mark.usefixtures("qapp")
TOP = Shade.RAMP + Shade.STEPS - 1


@pytest.fixture(params=["dark", "light"])
def sample(request: pytest.FixtureRequest) -> Sample:
    return Sample(request.param)


def shaded(sample: Sample, steps: int, shade: int, flow: int) -> CanvasState:
    state = sample.state(steps)
    shades = np.full(len(state.shown), shade, np.uint8)
    return replace(state, shades=shades, flows=np.where(state.edge_lit, flow, 0).astype(np.uint8))


def test_from_afar_nodes_are_filled_with_their_shade(sample: Sample) -> None:
    picture = sample.tinted(shaded(sample, 0, TOP, 0))
    view = sample.at(op(0), 0.1)
    x, y = (round(v) for v in view.to_pixel(*sample.scene.box(sample.scene.index[op(0)]).centre))
    ink = picture.inks.card(sample.scene.cards[sample.scene.index[op(0)]].shape, 0, 0, TOP)
    assert painted(picture, view)[y, x].tolist() == rgb(ink.solid)


def test_an_edge_is_as_wide_as_its_flow_near_by_and_from_afar(sample: Sample) -> None:
    widths = []
    for flow in (Shade.ZERO, Shade.RAMP, TOP):
        picture = sample.tinted(shaded(sample, 6, Shade.OWN, flow))
        lit = np.flatnonzero(picture.tints.flows)
        colour, width = edge_look(picture, int(lit[0]))
        widths.append(width)
        for scale in (0.2, 1.0):
            view = sample.at(sample.back(3), scale)
            same = (painted(picture, view) == rgb(colour)).all(axis=-1)
            widths.append(int(same.sum()))
    near, far = widths[2::3], widths[1::3]
    assert widths[0::3] == sorted(widths[0::3])
    assert near[0] < near[1] < near[2] and far[0] < far[2]
    assert flow_width(Shade.FAULT) >= flow_width(TOP)


@pytest.mark.parametrize("scale", [0.08, 0.25, 0.7])
def test_tiles_follow_a_change_of_shades_and_flows(sample: Sample, scale: float) -> None:
    view = sample.at(sample.back(4), scale)
    tiles = Tiles()
    tiles.show(sample.tinted(shaded(sample, 6, Shade.RAMP, TOP)))
    through_tiles(tiles, view)
    after = sample.tinted(shaded(sample, 3, TOP, Shade.RAMP))
    assert tiles.recolour(after)
    tiles.complete(view, SIZE)
    fresh = Tiles()
    fresh.show(after)
    difference = np.abs(through_tiles(tiles, view) - through_tiles(fresh, view))
    assert (difference.max(axis=-1) > 40).mean() < 0.002
    assert not tiles.recolour(after)


LEGENDS = [
    Legend("Gradient norm", [(0.0, "0.01"), (1.0, "1.0")], [(Shade.FAULT, "NaN or Inf")], True),
    Legend("Element type", (), [(Shade.CLASS + i, text) for i, text in enumerate(CLASSES[:3])]),
]


def test_the_legend_shows_all_its_colours_and_says_it_in_words(qtbot: QtBot) -> None:
    pane = GraphPane(theme.load("dark"))
    qtbot.addWidget(pane)
    pane.resize(900, 600)
    pane.show()
    qtbot.waitExposed(pane)
    legend = pane.findChild(LegendView)
    assert not legend.isVisible()
    legend.set_legends(LEGENDS)
    assert legend.isVisible() and legend.height() == HEIGHT
    image = legend.grab().toImage()
    seen = {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}
    inks = Inks(theme.load("dark"))
    shades = [*range(Shade.RAMP, Shade.CLASS + 3), Shade.FAULT]
    assert {inks.shade(shade).rgb() for shade in shades} <= seen
    assert in_words(LEGENDS[0]) == "Gradient norm: 0.01 to 1.0, NaN or Inf"
    assert "float64" in legend.accessibleDescription()
    legend.set_legends([])
    assert not legend.isVisible()


def test_the_bar_chooses_a_lens(qtbot: QtBot) -> None:
    pane = GraphPane(theme.load("light"))
    qtbot.addWidget(pane)
    pane.show()
    qtbot.waitExposed(pane)
    pane.lens.set_lens(Lens.MEMORY)
    assert pane.lens.currentText() == "By memory"
    with qtbot.waitSignal(pane.lens.chosen) as caught:
        qtbot.keyClick(pane.lens, Qt.Key.Key_Up)
    assert caught.args == [Lens.TIME]
