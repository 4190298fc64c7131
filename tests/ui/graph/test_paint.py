"""What is painted: tints, levels of detail, sharp edges, tiles that equal a fresh painting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage, QPainter

from tests.ui.graph.samples import backward_order, backward_state, leaf, mlp, op
from ui import theme
from ui.graph import still
from ui.graph.camera import Rect, View
from ui.graph.cards import card_sizes
from ui.graph.inks import Inks, Tint, melted, mix, tints_of
from ui.graph.layout import lay_out
from ui.graph.paint import Picture, paint_scene
from ui.graph.scene import Scene, Shape
from ui.graph.tiles import Tiles
from ui.graph.types import CanvasState, Layout, NodeId

pytestmark = pytest.mark.usefixtures("qapp")
SIZE = (640, 480)
Pixels = NDArray[np.int64]


class Sample:
    """A network, laid out; pictures of it in any state."""

    def __init__(self, name: str = "dark", depth: int = 4) -> None:
        self.graph = mlp(depth)
        self.layout: Layout = lay_out(self.graph, card_sizes(self.graph))
        self.theme = theme.load(name)
        self.plain = still.picture_of(self.graph, self.layout, self.theme)

    @property
    def scene(self) -> Scene:
        return self.plain.scene

    def state(self, steps: int) -> CanvasState:
        return backward_state(self.graph, self.layout, steps)

    def tinted(self, state: CanvasState | None) -> Picture:
        return self.plain._replace(tints=tints_of(self.scene, state))

    def at(self, node: NodeId, scale: float = 1.0) -> View:
        x, y = self.scene.box(self.scene.index[node]).centre
        view = View(scale, 0.0, 0.0).centred(x, y, *SIZE)
        return view._replace(dx=round(view.dx), dy=round(view.dy))  # as the canvas does

    def back(self, place: int) -> NodeId:
        return backward_order(self.graph)[place]


@pytest.fixture(params=["dark", "light"])
def sample(request: pytest.FixtureRequest) -> Sample:
    return Sample(request.param)


def painted(picture: Picture, view: View) -> Pixels:
    image = QImage(int(SIZE[0] * view.ratio), int(SIZE[1] * view.ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(view.ratio)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_scene(painter, picture, view, view.seen(*SIZE))
    painter.end()
    return pixels(image)


def pixels(image: QImage) -> Pixels:
    """Return an image as (height, width, 3), red green blue."""
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    raw: NDArray[Any] = np.frombuffer(image.constBits(), np.uint8)
    rows = raw.reshape(image.height(), image.bytesPerLine() // 4, 4)
    return rows[:, : image.width(), :3].astype(np.int64)


def rgb(colour: QColor | str) -> list[int]:
    colour = QColor(colour)
    return [colour.red(), colour.green(), colour.blue()]


def inside(sample: Sample, node: NodeId, view: View, dx: float, dy: float) -> tuple[int, int]:
    """Return row and column of a point inside a card, measured from its upper left corner."""
    box = sample.scene.box(sample.scene.index[node])
    x, y = view.to_pixel(box.x, box.y)
    return int(y + dy * view.scale), int(x + dx * view.scale)


def test_cards_have_fill_stripe_and_canvas_around(sample: Sample) -> None:
    view = sample.at(op(1))
    image = painted(sample.plain, view)
    look = sample.theme
    family = sample.graph.nodes[op(1)]["family"]
    assert image[inside(sample, op(1), view, 1.6, 20)].tolist() == rgb(look.families[family])
    assert image[inside(sample, op(1), view, 8, 40)].tolist() == rgb(look.card)
    assert image[inside(sample, op(1), view, -6, 10)].tolist() == rgb(look.canvas)
    assert (image == rgb(look.card_title)).all(axis=2).any()  # words are there


def test_leaves_that_require_grad_differ_from_inputs(sample: Sample) -> None:
    for node, fill in ((leaf(1), sample.theme.leaf_fill), (leaf(0), sample.theme.input_fill)):
        view = sample.at(node)
        assert painted(sample.plain, view)[inside(sample, node, view, 14, 23)].tolist() == rgb(fill)


def test_visited_nodes_turn_amber_and_those_to_come_fade(sample: Sample) -> None:
    node = backward_order(sample.graph)[1]
    view = sample.at(node)
    place = inside(sample, node, view, 8, 26)
    assert painted(sample.plain, view)[place].tolist() == rgb(sample.theme.grad_fill)
    lit = painted(sample.tinted(sample.state(5)), view)
    assert lit[place].tolist() == rgb(sample.theme.visited_fill)
    assert (lit == rgb(sample.theme.visited_border)).all(axis=2).sum() > 50
    state = sample.state(0)
    state.shown[:] = False
    ghost = painted(sample.tinted(state), view)
    canvas = np.array(rgb(sample.theme.canvas))
    plain = painted(sample.plain, view)
    assert np.abs(ghost - canvas).mean() < 0.5 * np.abs(plain - canvas).mean()
    assert np.abs(ghost - canvas).max() > 12  # faint, but there


def test_crossed_edges_are_amber(sample: Sample) -> None:
    state = sample.state(6)
    edge = int(np.flatnonzero(state.edge_lit)[0])
    middle = sample.scene.routes.beziers_of(edge)[0].mean(axis=0)
    view = View(2.0, 0.0, 0.0).centred(*middle.tolist(), *SIZE)
    amber = rgb(sample.theme.visited_edge)
    plain, lit = painted(sample.plain, view), painted(sample.tinted(state), view)
    assert not (plain == amber).all(axis=2).any()
    assert (lit == amber).all(axis=2).any()


def test_from_afar_cards_are_solid_in_their_family_colour(sample: Sample) -> None:
    view = sample.at(op(1), 0.2)
    assert melted(view.scale) == 1.0
    image = painted(sample.plain, view)
    box = sample.scene.box(sample.scene.index[op(1)])
    centre = inside(sample, op(1), view, box.width / 2, box.height / 2)
    family = sample.scene.families[sample.scene.index[op(1)]]
    solid = sample.plain.inks.card(Shape.OP, int(family), Tint.PLAIN).solid
    assert image[centre].tolist() == rgb(solid)
    title = rgb(sample.theme.card_title)
    assert not (image == title).all(axis=2).any()  # no specks that were words


def test_the_border_of_a_card_is_one_sharp_pixel_at_any_zoom(sample: Sample) -> None:
    look = sample.theme
    for scale in (0.63, 0.87, 1.0, 1.31):
        view = sample.at(op(1), scale)
        row, column = inside(sample, op(1), view, 40, 3)
        across = painted(sample.plain, view)[row - 12 : row + 1, column]
        near = [np.abs(across - rgb(c)).max(axis=1) <= 2 for c in (look.canvas, look.card_border)]
        outside, border = near[0], near[1] & ~near[0]
        assert border.sum() == 1
        edge = int(np.flatnonzero(border)[0])
        assert outside[:edge].all()
        assert (across[edge + 1 :] == rgb(look.card)).all()


def test_a_dense_screen_gets_more_pixels_not_larger_ones(sample: Sample) -> None:
    once = painted(sample.plain, sample.at(op(1)))
    twice = painted(sample.plain, sample.at(op(1))._replace(ratio=2.0))
    assert twice.shape[:2] == (2 * once.shape[0], 2 * once.shape[1])
    halved = twice.reshape(*once.shape[:1], 2, once.shape[1], 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - once).mean() < 4.0
    assert np.abs(np.repeat(np.repeat(once, 2, 0), 2, 1) - twice).max() > 60


def through_tiles(tiles: Tiles, view: View) -> Pixels:
    image = QImage(*SIZE, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    while not tiles.paint(painter, view, SIZE, moving=False, budget=1.0):
        pass
    painter.end()
    return pixels(image)


@pytest.mark.parametrize("scale", [1.0, 0.7, 0.45, 0.3, 0.1])
def test_tiles_show_what_painting_shows(sample: Sample, scale: float) -> None:
    view = sample.at(op(3), scale)
    tiles = Tiles()
    tiles.show(sample.tinted(sample.state(7)))
    direct = painted(sample.tinted(sample.state(7)), view)
    difference = np.abs(through_tiles(tiles, view) - direct).max(axis=2)
    assert (difference > 24).mean() < 8e-3  # glyphs may land a quarter pixel off


@pytest.mark.parametrize("scale", [1.0, 0.45, 0.2])
def test_recoloured_tiles_equal_fresh_ones(sample: Sample, scale: float) -> None:
    view = sample.at(sample.back(4), scale)
    tiles = Tiles()
    tiles.show(sample.plain)
    through_tiles(tiles, view)
    for steps in (3, 9, 8, 2, 12, 0, 5):
        tiles.recolour(sample.tinted(sample.state(steps)))
        fresh = Tiles()
        fresh.show(sample.tinted(sample.state(steps)))
        wrong = np.abs(through_tiles(tiles, view) - through_tiles(fresh, view)).max(axis=2) > 40
        assert wrong.mean() < 1e-3, f"after {steps} steps"


def test_a_large_change_repaints_near_tiles(sample: Sample) -> None:
    view = sample.at(sample.back(4), 0.5)
    tiles, fresh = Tiles(), Tiles()
    tiles.show(sample.plain)
    through_tiles(tiles, view)
    state = sample.state(0)
    state.shown[:] = False
    tiles.recolour(sample.tinted(state))
    fresh.show(sample.tinted(state))
    assert np.array_equal(through_tiles(tiles, view), through_tiles(fresh, view))


def test_while_zooming_stretched_tiles_stand_in() -> None:
    sample = Sample(depth=4)
    view = sample.at(op(3), 0.8)
    tiles = Tiles()
    tiles.show(sample.plain)
    through_tiles(tiles, view)
    closer = view.zoomed(1.2, 320, 240)
    image = QImage(*SIZE, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    assert tiles.paint(painter, closer, SIZE, moving=True, budget=0.0)
    painter.end()
    direct = painted(sample.plain, closer)
    blank = np.array(rgb(sample.theme.canvas))
    assert np.abs(pixels(image) - direct).mean() < 0.5 * np.abs(blank - direct).mean()


def test_tints_follow_the_state() -> None:
    sample = Sample()
    state = sample.state(3)
    tints = tints_of(sample.scene, state)
    order = [sample.scene.index[node] for node in backward_order(sample.graph)]
    assert tints.active == order[2]
    assert tints.nodes[order[:2]].tolist() == [Tint.LIT] * 2
    assert tints.nodes[order[2]] == Tint.PLAIN  # it has the halo
    assert (tints.edges == Tint.LIT).sum() == state.edge_lit.sum()
    state.shown[order[-1]] = False
    tints = tints_of(sample.scene, state)
    assert tints.nodes[order[-1]] == Tint.GHOST
    touching = (sample.scene.ends == order[-1]).any(axis=1)
    assert (tints.edges[touching] == Tint.GHOST).all()


def test_an_empty_area_is_canvas_and_dots() -> None:
    sample = Sample()
    view = View(1.0, -sample.scene.bounds.x + 5000, 0.0)
    colours = {tuple(c) for c in painted(sample.plain, view).reshape(-1, 3).tolist()}
    assert colours == {tuple(rgb(sample.theme.canvas)), tuple(rgb(sample.theme.canvas_grid))}


@pytest.mark.parametrize("name", ["dark", "light"])
def test_words_stand_out_from_their_card(name: str) -> None:
    inks = Inks(theme.load(name))
    for shape in Shape:
        for tint in (Tint.PLAIN, Tint.LIT):
            for family in range(len(inks.families)):
                ink = inks.card(shape, family, tint)
                assert contrast(ink.title, ink.fill) > 6.0
                assert contrast(ink.detail, ink.fill) > 4.0
                blend = mix(ink.fill, ink.solid, 0.8 * melted(0.45))
                assert contrast(ink.title, blend) > 3.0


def contrast(a: QColor, b: QColor) -> float:
    """Return the contrast ratio of WCAG 2.1, 1 to 21."""

    def luminance(colour: QColor) -> float:
        parts = [colour.redF(), colour.greenF(), colour.blueF()]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_still_pictures_hold_the_whole_graph() -> None:
    sample = Sample(depth=2)
    bounds = sample.scene.bounds
    image = QImage.fromData(still.png(sample.plain, 2.0))
    assert image.width() == round((bounds.width + 2 * still.MARGIN) * 2)
    assert image.height() == round((bounds.height + 2 * still.MARGIN) * 2)
    area = Rect(*bounds).grown(still.MARGIN)
    rim = pixels(image)[[0, -1]]
    assert {tuple(c) for c in rim.reshape(-1, 3).tolist()} == {tuple(rgb(sample.theme.canvas))}
    assert still.svg(sample.plain, "t").count(b"<text") >= len(sample.scene)
    assert area.width > bounds.width
