"""Tiles that are painted in part, later or not at all yet show what a picture painted anew does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from tests.ui.graph.samples import ladder, place
from ui import theme
from ui.graph.camera import View
from ui.graph.cards import CardPainter, card_sizes
from ui.graph.inks import Inks, tints_of
from ui.graph.lens import Shade
from ui.graph.paint import Picture
from ui.graph.scene import Scene
from ui.graph.tiles import Tiles
from ui.graph.types import CanvasState, Frames, Kind, NodeId

SIZE = (700.0, 500.0)
LONG = float("inf")  # seconds that painting may take


class Sheet:
    """A graph whose states are shown through tiles."""

    def __init__(self, steps: int) -> None:
        graph = ladder(steps)
        self.scene = Scene.build(graph, place(graph, card_sizes(graph), columns=3))
        self.inks, self.cards, self.tiles = Inks(theme.load("dark")), CardPainter(), Tiles()
        self.tiles.show(self.picture(0))

    def picture(self, visited: int, shaded: bool = False) -> Picture:
        n, ends = len(self.scene), self.scene.ends[: self.scene.n_edges]
        done = np.arange(n) < visited
        lit = done[ends].all(axis=1)
        none = np.zeros(0, np.int32)
        state = CanvasState(np.ones(n, bool), done, lit, -1, none, {})
        if shaded:
            nodes, edges = np.arange(n) % Shade.STEPS, np.arange(len(lit)) % Shade.STEPS
            shades = np.where(done, Shade.RAMP + nodes, Shade.NONE).astype(np.uint8)
            flows = np.where(lit, Shade.RAMP + edges, Shade.OWN).astype(np.uint8)
            state = replace(state, shades=shades, flows=flows)
        return Picture(self.scene, tints_of(self.scene, state), self.inks, self.cards)

    def recolour(self, visited: int, shaded: bool = False) -> None:
        self.tiles.recolour(self.picture(visited, shaded))

    def seen(self, view: View, tiles: Tiles | None = None, moving: bool = False) -> QImage:
        image = QImage(int(SIZE[0]), int(SIZE[1]), QImage.Format.Format_RGB32)
        image.fill(QColor("magenta"))
        painter = QPainter(image)
        (tiles or self.tiles).paint(painter, view, SIZE, moving, LONG)
        painter.end()
        return image

    def anew(self, visited: int, view: View, shaded: bool = False) -> QImage:
        """Return what tiles show that never showed anything else."""
        tiles = Tiles()
        tiles.show(self.picture(visited, shaded))
        return self.seen(view, tiles)

    def view(self, scale: float, node: int = 0) -> View:
        x, y, *_ = self.scene.boxes[node].tolist()
        return View(scale, 0.0, 0.0).centred(x, y, *SIZE)


@pytest.fixture
def sheet(qapp: object) -> Sheet:
    return Sheet(60)


@pytest.mark.parametrize("shaded", [False, True])
@pytest.mark.parametrize("steps", [1, 7])
def test_near_tiles_catch_up_with_many_small_changes(
    sheet: Sheet, steps: int, shaded: bool
) -> None:
    view = sheet.view(0.8, 20)
    sheet.seen(view)
    for visited in range(0, 43, steps):
        sheet.recolour(visited, shaded)
    assert sheet.seen(view) == sheet.anew(visited, view, shaded)


def test_a_tile_out_of_view_is_up_to_date_when_it_comes_into_view(sheet: Sheet) -> None:
    here, there = sheet.view(0.8, 4), sheet.view(0.8, 200)
    sheet.seen(there)
    sheet.seen(here)
    sheet.recolour(205)
    sheet.recolour(210)
    assert sheet.seen(here) == sheet.anew(210, here)
    assert sheet.seen(there) == sheet.anew(210, there)


def test_what_is_lit_from_afar_is_painted_onto_the_tiles(sheet: Sheet) -> None:
    view = sheet.view(0.12, 100)
    before = sheet.seen(view)
    for visited in (30, 60, 120):
        sheet.recolour(visited)
        shown = sheet.seen(view)
        assert shown != before
        before = shown
    close = sheet.anew(120, view)
    assert _difference(shown, close) < 2.0  # of 255: antialiased rims of what was there before


def overview(sheet: Sheet, tiles: Tiles) -> QImage:
    """Let the overview be painted, and return what is stretched from it."""
    while tiles.prepare():
        pass
    return sheet.seen(sheet.view(0.1, 100), tiles, moving=True)


def overview_afresh(sheet: Sheet, visited: int, near: View) -> QImage:
    """Return the same of tiles that never showed anything else; near: what they show before."""
    fresh = Tiles()
    fresh.show(sheet.picture(visited))
    sheet.seen(near, fresh)
    return overview(sheet, fresh)


def test_the_overview_follows_in_idle_time(sheet: Sheet) -> None:
    near = sheet.view(0.8, 20)
    sheet.seen(near)
    plain = overview(sheet, sheet.tiles)
    sheet.recolour(100)
    sheet.recolour(200)
    sheet.seen(near)
    lit = overview(sheet, sheet.tiles)
    assert lit != plain
    assert lit == overview_afresh(sheet, 200, near)


def test_near_tiles_that_show_what_was_before_do_not_hide_the_overview(sheet: Sheet) -> None:
    near = sheet.view(0.8, 20)
    sheet.seen(near)
    overview(sheet, sheet.tiles)
    sheet.recolour(100)
    sheet.recolour(200)
    elsewhere = near.panned(50_000.0, 0.0)
    late, anew = overview(sheet, sheet.tiles), overview_afresh(sheet, 200, elsewhere)
    assert _difference(late, anew) < 0.01  # the ground around the graph


def _difference(a: QImage, b: QImage) -> float:
    """Return how far two images are apart in the mean, 0 to 255."""
    pixels = [
        np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4)[:, :3].astype(float)
        for image in (a, b)
    ]
    return float(np.abs(pixels[0] - pixels[1]).mean())


def test_a_frame_that_grew_is_painted_anew_on_all_tiles_that_show_it(sheet: Sheet) -> None:
    view, scene = sheet.view(0.5), sheet.scene
    group, (x, y, width, height) = NodeId(Kind.GROUP, 0), scene.bounds
    homes = np.zeros(len(scene), np.int32)

    def framed(by: float) -> Picture:
        box = np.array([[x - by, y - by, width + 2 * by, height + 2 * by]], np.float32)
        frames = Frames([group], box, np.array([-1], np.int32), homes)
        sheet.scene = replace(scene, frames=frames, captions=[("fc", "2 ops")])
        return sheet.picture(0)

    sheet.tiles.show(framed(20.0))
    sheet.seen(view)
    sheet.tiles.alter(framed(90.0))
    assert sheet.seen(view) == sheet.anew(0, view)
