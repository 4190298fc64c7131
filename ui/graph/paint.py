"""The picture of a graph on any QPainter: background, routes, cards; screen and export share it.

All functions draw in pixels of the view: the painter's own transform is the identity (or the
device's ratio), and `View` says where the scene lies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from ui.graph.batch import draw_line_runs, draw_lines, draw_rect_runs, draw_rects, runs_of
from ui.graph.camera import Rect, View
from ui.graph.cards import CardPainter
from ui.graph.framing import paint_frames
from ui.graph.inks import WAVE, CardInk, Inks, Tint, Tints, melted
from ui.graph.lens import Shade
from ui.graph.previews import Preview
from ui.graph.routes import ARROW
from ui.graph.scene import Card, Indices, Scene, Shape, is_pill
from ui.graph.stacks import draw_wave
from ui.graph.types import NodeId, Role
from ui.graph.words import WORDS_FROM

GRID = 24.0  # scene units between dots at zoom 1
EDGE_WIDTH, LIT_WIDTH, WIDEST = 1.35, 2.0, 6.5
#: Painting order of tints and roles: ghosts and ties below, what a cotangent has crossed on top.
_ORDER, _ROLES = np.array([1, 2, 0]), np.array([1, 2, 0])
#: Below this scale arrow heads are specks, below the next one bends are as well; of fewer edges
#: than that, which may be long, bends are seen further.
ARROWS_FROM, BENDS_FROM, FEW_BENDS_FROM, FEW_EDGES = 0.16, 0.1, 0.02, 4_000
#: Cards lower than this many pixels are plain rectangles.
ROUND_FROM = 5.0
_ROUND_JOINTS = 2.5  # pixels from which the pieces of a curve end round, which costs more


class Picture(NamedTuple):
    """Everything that the picture is a function of, except where one looks.

    note: what the card of a node says in place of its detail; None or "" for that itself.
    """

    scene: Scene
    tints: Tints
    inks: Inks
    cards: CardPainter
    previews: Mapping[int, Preview] = {}  # by node number
    note: Callable[[NodeId], str] | None = None

    def plain_card(self, node: int) -> tuple[Card, CardInk]:
        """Return the words and the colours of a node's card, without a note."""
        card = self.scene.cards[node]
        tint, shade = self.tints.nodes[node], int(self.tints.shades[node])
        return card, self.inks.card(card.shape, card.family, tint, shade)

    def card(self, node: int) -> tuple[Card, CardInk]:
        """Return the words and the colours of a node's card."""
        card, ink = self.plain_card(node)
        if self.note is not None and node < len(self.scene):
            note = self.note(self.scene.ids[node])
            if note:
                return card._replace(detail=note), ink._replace(detail=self.inks.noted)
        return card, ink


def paint_scene(painter: QPainter, picture: Picture, view: View, area: Rect) -> None:
    """Paint background, routes and cards of the scene's part `area`."""
    paint_background(painter, picture.inks, view, area)
    paint_content(painter, picture, view, area)


def paint_content(painter: QPainter, picture: Picture, view: View, area: Rect) -> None:
    """Paint routes and cards of the scene's part `area` on what is there."""
    scene = picture.scene
    paint_frames(painter, picture.inks, scene.frames, view, area)
    paint_edges(painter, picture, view, scene.edges_in(area))
    paint_cards(painter, picture, view, scene.nodes_in(area.grown(2.0)))


def paint_background(painter: QPainter, inks: Inks, view: View, area: Rect) -> None:
    """Fill `area` (scene units) with the canvas colour and its grid of dots."""
    x, y = view.to_pixel(area.x, area.y)
    width, height = area.width * view.scale, area.height * view.scale
    painter.fillRect(QRectF(x, y, width, height), inks.canvas)
    step = GRID * 2.0 ** math.ceil(math.log2(0.75 / view.scale))
    columns = np.arange(math.ceil(area.x / step), math.floor((area.x + area.width) / step) + 1)
    rows = np.arange(math.ceil(area.y / step), math.floor((area.y + area.height) / step) + 1)
    dots = np.stack(np.meshgrid(columns * step, rows * step), axis=-1).reshape(-1, 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(inks.grid)
    corners = np.round(dots * view.scale + (view.dx, view.dy)) - 1.0
    draw_rects(painter, np.concatenate([corners, np.full_like(corners, 2.0)], axis=1))


def paint_edges(painter: QPainter, picture: Picture, view: View, edges: Indices) -> None:
    """Paint routes: ghosts first, then plain ones, then those that a cotangent has crossed."""
    tints, roles = picture.tints.edges[edges], picture.scene.roles[edges]
    order, runs = runs_of((_ORDER[tints] * 64 + picture.tints.flows[edges]) * 4 + _ROLES[roles])
    edges = edges[order]
    lines, starts = _strokes(picture.scene, view, edges)

    def dress(run: int) -> None:
        if run and view.scale >= ARROWS_FROM:
            heads(run - 1)
        colour, width = edge_look(picture, int(edges[runs[run]]))
        least = max(1.0, 0.4 * width)  # how much flowed can be told from afar, too
        painter.setPen(line_pen(colour, max(width * view.scale, least)))

    def heads(run: int) -> None:
        group = edges[runs[run] : runs[run + 1]]
        _arrow_heads(painter, picture.scene, view, group, *edge_look(picture, int(group[0])))

    draw_line_runs(painter, lines, starts[runs], dress)
    if len(edges) and view.scale >= ARROWS_FROM:
        heads(len(runs) - 2)


def line_pen(colour: QColor, width: float) -> QPen:
    """Return a pen for pieces of curves: where they are broad, joints that are not round show."""
    cap = Qt.PenCapStyle.RoundCap if width >= _ROUND_JOINTS else Qt.PenCapStyle.SquareCap
    return QPen(colour, width, c=cap)


def edge_look(picture: Picture, edge: int) -> tuple[QColor, float]:
    """Return colour and width, in scene units, of a route."""
    role, tint = Role(int(picture.scene.roles[edge])), Tint(int(picture.tints.edges[edge]))
    flow = int(picture.tints.flows[edge])
    if flow == Shade.OWN:
        return picture.inks.edge(role, tint), LIT_WIDTH if tint == Tint.LIT else EDGE_WIDTH
    return picture.inks.edge(role, tint, flow), flow_width(flow)


def flow_width(flow: int) -> float:
    """Return the width of an edge on which so much has flowed; what is not finite is widest."""
    if flow < Shade.FAULT:
        return EDGE_WIDTH
    share = 1.0 if flow == Shade.FAULT else (flow - Shade.RAMP) / (Shade.STEPS - 1)
    return LIT_WIDTH + (WIDEST - LIT_WIDTH) * share


def stroke_edges(
    painter: QPainter, scene: Scene, view: View, edges: Indices, colour: QColor, width: float,
    least: float = 1.0,
) -> None:  # fmt: skip
    """Stroke routes in one colour; `width` is in scene units, but never under `least` pixels.

    The colour should be opaque: the pieces of a route overlap at their joints.
    """
    painter.setPen(line_pen(colour, max(width * view.scale, least)))
    draw_lines(painter, _strokes(scene, view, edges)[0])
    if view.scale >= ARROWS_FROM:
        _arrow_heads(painter, scene, view, edges, colour, width)


def _strokes(scene: Scene, view: View, edges: Indices) -> tuple[NDArray[np.float64], Indices]:
    """Return the lines of routes, in pixels, and where those of each begin, and the last end."""
    few = len(scene.ends) <= FEW_EDGES
    routes, far = scene.routes, view.scale < (FEW_BENDS_FROM if few else BENDS_FROM)
    lines = routes.chords_of(edges) if far else routes.lines_of(edges)
    lines *= view.scale
    lines += (view.dx, view.dy, view.dx, view.dy)
    of = routes.bezier_starts if far else routes.line_starts
    return lines, np.concatenate([[0], np.cumsum(of[edges + 1] - of[edges])]).astype(np.intp)


def _arrow_heads(
    painter: QPainter, scene: Scene, view: View, edges: Indices, colour: QColor, width: float
) -> None:
    edges = edges[scene.roles[edges] != Role.TIE]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for corners in arrow_corners(scene, edges, width):
        painter.drawConvexPolygon(polygon(corners, view))


def polygon(corners: NDArray[np.float64], view: View) -> QPolygonF:
    """Return (k, 2) corners in scene units as a polygon in pixels."""
    return QPolygonF([QPointF(*view.to_pixel(x, y)) for x, y in corners.tolist()])


def arrow_corners(scene: Scene, edges: Indices, width: float = EDGE_WIDTH) -> NDArray[np.float64]:
    """Return the arrow heads of `edges`, drawn so wide, as triangles, (k, 3, 2) in scene units."""
    tips, along = scene.routes.tips[edges], scene.routes.directions[edges]
    size = ARROW + 1.1 * max(width - LIT_WIDTH, 0.0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * size * 0.46
    foot = tips - along * size
    return np.stack([tips, foot + across, foot - across], axis=1)


def paint_cards(
    painter: QPainter, picture: Picture, view: View, nodes: Indices, opacity: float = 1.0
) -> None:
    """Paint the cards of `nodes` at the level of detail that the view's scale asks for."""
    scene, tints = picture.scene, picture.tints
    if not len(nodes):
        return
    if float(np.median(scene.boxes[nodes, 3])) * view.scale < ROUND_FROM:
        paint_fills(painter, picture, view, nodes)
        return
    melt = melted(view.scale)
    words = picture.card if view.scale >= WORDS_FROM else picture.plain_card
    boxes = snapped(scene.boxes[nodes], view) if view.scale >= 0.3 else scene.boxes[nodes]
    painter.save()
    painter.translate(view.dx, view.dy)
    painter.scale(view.scale, view.scale)
    for node, (x, y, width, height) in zip(nodes.tolist(), boxes.tolist(), strict=True):
        card, ink = words(node)
        painter.translate(x, y)
        # A solid fill is mixed with the canvas already.
        painter.setOpacity(opacity * (ink.opacity if melt < 1.0 else 1.0))
        box = Rect(0.0, 0.0, width, height)
        preview = picture.previews.get(node)
        picture.cards.draw(painter, card, box, ink, view, melt, picture.inks.theme, preview)
        if card.shape == Shape.GROUP:
            share, shaded = int(tints.waves[node]) / WAVE, int(tints.shades[node]) != Shade.OWN
            draw_wave(painter, picture.inks, box, share, melt, shaded)
        painter.translate(-x, -y)
    painter.restore()


def paint_fills(painter: QPainter, picture: Picture, view: View, nodes: Indices) -> None:
    """Paint cards as plain rectangles in the colours that they have from afar."""
    looks = looks_of(picture, nodes)
    order, runs = runs_of(looks)
    nodes, looks = nodes[order], looks[order[runs[:-1]]]
    rects = picture.scene.boxes[nodes] * view.scale
    rects[:, :2] += (view.dx, view.dy)
    rects[:, 2:] = np.maximum(rects[:, 2:], 1.0)
    painter.setPen(Qt.PenStyle.NoPen)
    draw_rect_runs(
        painter, rects, runs,
        lambda run: painter.setBrush(ink_of(picture, int(looks[run])).solid),
    )  # fmt: skip
    own = picture.tints.shades[nodes] == Shade.OWN  # a lens's colours are not hidden by the wave
    waves = np.where(own, picture.tints.waves[nodes], 0)
    if waves.any():
        rects[:, 2] *= waves / WAVE
        painter.setBrush(picture.inks.wave)
        draw_rects(painter, rects[waves > 0])


def looks_of(picture: Picture, nodes: Indices) -> NDArray[np.int64]:
    """Return a number for each node: nodes of the same number have the same colours."""
    scene, tints, shades = picture.scene, picture.tints.nodes, picture.tints.shades[nodes]
    families = np.where(shades == Shade.OWN, scene.families[nodes], 0)
    looks = (scene.shapes[nodes].astype(np.int64) * 64 + families) * 4 + tints[nodes]
    return looks * 64 + shades


def ink_of(picture: Picture, look: int) -> CardInk:
    """Return the colours that a number of `looks_of` stands for."""
    kind, shade = divmod(look, 64)
    return picture.inks.card(Shape(kind // 256), kind // 4 % 64, Tint(kind % 4), shade)


def snapped(boxes: NDArray[np.float64], view: View) -> NDArray[np.float64]:
    """Return boxes moved to whole device pixels, so that borders and stripes are sharp."""
    unit = view.scale * view.ratio
    shift = np.tile((view.dx, view.dy), 2) * view.ratio
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    corners = (np.round(corners * unit + shift) - shift) / unit
    corners[:, 2:] -= corners[:, :2]
    return corners


def outline(scene: Scene, node: int, view: View, gap: float) -> tuple[QRectF, float]:
    """Return a node's box in pixels, grown by `gap` pixels, and its corner radius."""
    x, y, width, height = snapped(scene.boxes[node : node + 1], view)[0].tolist()
    left, top = view.to_pixel(x, y)
    area = QRectF(left, top, width * view.scale, height * view.scale)
    area = area.adjusted(-gap, -gap, gap, gap)
    pill = is_pill(int(scene.shapes[node]))
    radius = area.height() / 2 if pill else 7.0 * view.scale + gap
    return area, min(radius, area.height() / 2)


def edge_path(scene: Scene, edge: int, view: View) -> QPainterPath:
    """Return a route as true Bezier curves, in pixels: for vector formats."""
    path = QPainterPath()
    for number, segment in enumerate(scene.routes.beziers_of(edge)):
        a, b, c, d = (QPointF(*view.to_pixel(*point)) for point in segment.tolist())
        if not number:
            path.moveTo(a)
        path.cubicTo(b, c, d)
    return path
