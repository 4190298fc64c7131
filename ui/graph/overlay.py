"""What moves or comes and goes above the picture: veil, rings, halo, comets and badges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
    QRadialGradient,
)

from ui.graph.batch import draw_rects
from ui.graph.camera import Rect, View
from ui.graph.inks import Inks, Tint, faded, mix
from ui.graph.paint import (
    EDGE_WIDTH,
    Picture,
    edge_look,
    outline,
    paint_cards,
    stroke_edges,
)
from ui.graph.scene import Indices, Scene
from ui.graph.types import Role
from ui.graph.words import WORDS_FROM, detail_font

HALO = 11.0  # pixels
GLOWING, MANY_RINGS = 24, 120
TAIL = 0.34  # share of the route that a comet's tail covers
BADGE_RISE = 16.0  # pixels that a badge climbs
RIPPLE = 18.0  # pixels that a ring runs out
OVERHANG = 14.0  # pixels that it reaches out beyond its node
BADGE_GAP = 3.0  # pixels between a badge and its node
_BAR = 200.0  # pixels


def paint_focus(
    painter: QPainter, picture: Picture, view: View, size: tuple[float, float],
    nodes: Indices, edges: Indices, strength: float,
) -> None:  # fmt: skip
    """Veil everything but `nodes` and `edges`; strength 0..1 is how far the veil has come."""
    veil = faded(picture.inks.canvas, 0.64 * strength)
    painter.fillRect(QRectF(0.0, 0.0, *size), veil)
    for edge in edges.tolist():
        colour, width = edge_look(picture, edge)
        if picture.tints.edges[edge] != Tint.LIT:
            role = Role(int(picture.scene.roles[edge]))
            plain = picture.inks.edge(role, Tint.PLAIN)
            colour = mix(plain, picture.inks.text, 0.4 * strength)
            width += 0.45 * strength
        stroke_edges(painter, picture.scene, view, np.array([edge]), colour, width)
    paint_cards(painter, picture, view, nodes)


def paint_ring(
    painter: QPainter, scene: Scene, view: View, node: int, colour: QColor, soft: bool = False,
    glows: bool = True,
) -> None:  # fmt: skip
    """Draw a ring around a node: firm for the selection, soft for what the source line made."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if glows:
        area, radius = outline(scene, node, view, 4.0)
        painter.setPen(QPen(faded(colour, 0.18 if soft else 0.25), 5.0))
        painter.drawRoundedRect(area, radius, radius)
    gap = 1.5 if soft else 3.0
    area, radius = outline(scene, node, view, gap)
    painter.setPen(QPen(faded(colour, 0.8) if soft else colour, 1.4 if soft else 2.0))
    painter.drawRoundedRect(area, radius, radius)


def paint_rings(
    painter: QPainter, scene: Scene, view: View, nodes: Indices, colour: QColor
) -> None:
    """Draw soft rings; where they are many without a glow, or as plain frames in one go."""
    if len(nodes) <= MANY_RINGS:
        glows = len(nodes) <= GLOWING
        for node in nodes.tolist():
            paint_ring(painter, scene, view, node, colour, soft=True, glows=glows)
        return
    frames = scene.boxes[nodes] * view.scale + (view.dx - 1.0, view.dy - 1.0, 2.0, 2.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 1.0))
    draw_rects(painter, frames)


def paint_halo(painter: QPainter, picture: Picture, view: View, node: int, swell: float) -> None:
    """Draw the active node's halo; swell 0..1 is its breath during an animated step."""
    colour = picture.inks.active
    reach = HALO * min(max(view.scale, 0.55), 1.6) * (1.0 + 0.55 * swell)
    painter.setPen(Qt.PenStyle.NoPen)
    rings = min(max(round(reach * view.ratio), 6), 24)  # a device pixel each: no bands
    for ring in range(rings, 0, -1):
        area, radius = outline(picture.scene, node, view, reach * ring / rings)
        painter.setBrush(faded(colour, (0.5 + 0.9 * (1.0 - ring / rings)) / rings))
        painter.drawRoundedRect(area, radius, radius)
    paint_cards(painter, picture, view, np.array([node]))
    width = 2.0 if view.scale >= 0.4 else 1.5
    area, radius = outline(picture.scene, node, view, -width / 2)
    solid = view.scale < WORDS_FROM  # from afar, where no words are, the node itself glows
    painter.setBrush(colour if solid else Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, width))
    painter.drawRoundedRect(area, max(radius, 1.0), max(radius, 1.0))


def paint_uncrossed(painter: QPainter, picture: Picture, view: View, edges: Indices) -> None:
    """Draw `edges`, which the picture shows as crossed, as they were before: comets will come."""
    scene, inks = picture.scene, picture.inks
    for edge in edges.tolist():
        _, width = edge_look(picture, edge)
        rim = max(width, 0.4 * width / view.scale) + 1.2 / view.scale
        stroke_edges(painter, scene, view, np.array([edge]), inks.canvas, rim)
    for edge in edges.tolist():
        plain = inks.edge(Role(int(scene.roles[edge])), Tint.PLAIN)
        stroke_edges(painter, scene, view, np.array([edge]), plain, EDGE_WIDTH)


def paint_comets(painter: QPainter, picture: Picture, view: View, edges: Indices, t: float) -> None:
    """Draw the cotangents on their way: t in 0..1 is the heads' place on each of `edges`."""
    scene = picture.scene
    for edge in edges.tolist():
        path = scene.routes.path_of(edge) * view.scale + (view.dx, view.dy)
        if len(path) > 1:
            if scene.ends[edge, 1] == picture.tints.active:
                path = path[::-1]  # a tie may be drawn from its other end
            trail, width = edge_look(picture, edge)
            pen = QPen(trail, max(width * view.scale, 1.0))
            _comet(painter, picture.inks, path, t, min(max(view.scale, 0.5), 1.5), pen)


def _comet(
    painter: QPainter, inks: Inks, path: NDArray[np.float64], t: float, size: float, trail: QPen
) -> None:
    ruler = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    crossed = _points(path, ruler, np.linspace(0.0, t, 25))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(trail)
    painter.drawPolyline(crossed)
    steps = 14
    tail = _points(path, ruler, np.linspace(max(t - TAIL, 0.0), t, steps + 1))
    hot = mix(inks.active, inks.text, 0.6 if inks.theme.dark else 0.3)
    for step in range(steps):
        share = (step + 1) / steps
        colour = faded(mix(inks.active, hot, share), share**1.5)
        painter.setPen(QPen(colour, size * (1.4 + 3.2 * share)))
        painter.drawLine(tail[step], tail[step + 1])
    head, reach = tail[-1], 15.0 * size
    glow = QRadialGradient(head, reach)
    for place, strength in ((0.0, 0.85), (0.3, 0.4), (0.6, 0.13), (1.0, 0.0)):
        glow.setColorAt(place, faded(inks.active, strength))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(glow)
    painter.drawEllipse(head, reach, reach)
    painter.setBrush(mix(hot, inks.text, 0.5) if inks.theme.dark else hot)
    painter.drawEllipse(head, 3.4 * size, 3.4 * size)


def _points(
    path: NDArray[np.float64], ruler: NDArray[np.float64], shares: NDArray[np.float64]
) -> list[QPointF]:
    """Return the points at the given shares (0..1) of a polyline's length."""
    at = shares * ruler[-1]
    x, y = np.interp(at, ruler, path[:, 0]), np.interp(at, ruler, path[:, 1])
    return [QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)]


def paint_ripples(
    painter: QPainter, picture: Picture, view: View, nodes: Iterable[int], t: float
) -> None:
    """Let a ring run outward from nodes whose .grad just grew; t in 0..1."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for node in nodes:
        for delay in (0.0, 0.25):
            share = min(max((t - delay) / (1.0 - delay), 0.0), 1.0)
            area, radius = outline(picture.scene, node, view, RIPPLE * share)
            strength = 0.8 * share * (1.0 - share) * 2.0
            painter.setPen(QPen(faded(picture.inks.active, strength), 2.0))
            painter.drawRoundedRect(area, radius, radius)


def paint_badges(
    painter: QPainter, picture: Picture, view: View, size: tuple[float, float],
    badges: Mapping[int, str], t: float, words: Sequence[QRectF] = (),
) -> None:  # fmt: skip
    """Draw short texts beside nodes, where they hide no other; t in 0..1 lets them rise into place.

    size: of the view, in pixels; badges of nodes in view stay in view. words: where names are
    written that shall be read.
    """
    pixels = 10 if view.scale < 0.6 else 12 if view.scale < 1.4 else 16
    font = detail_font(pixels)
    font.setWeight(QFont.Weight.Bold)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    placed = list(words)
    for node, text in badges.items():
        badge = QSizeF(metrics.horizontalAdvance(text) + 16.0, 1.5 * pixels + 3.0)
        place = badge_place(picture.scene, view, size, node, badge, placed)
        placed.append(place)
        risen = place.translated(0.0, BADGE_RISE * (1.0 - t))
        _badge(painter, picture.inks, risen, text, min(1.0, 2.5 * t))


def badge_place(
    scene: Scene, view: View, size: tuple[float, float], node: int, badge: QSizeF,
    placed: Sequence[QRectF],
) -> QRectF:  # fmt: skip
    """Return where a badge hides least of the cards and of what is `placed` already."""
    card, _ = outline(scene, node, view, 0.0)
    width, height = badge.width(), badge.height()
    places, steps = _places(card, badge)
    if card.left() < size[0] and card.right() > 0.0:
        for place in places:
            place.moveLeft(min(max(place.left(), 4.0), max(size[0] - width - 4.0, 4.0)))
    reach = card.adjusted(-2 * width, -4 * height, 2 * width, 4 * height)
    corner = view.to_scene(reach.left(), reach.top())
    others = scene.nodes_in(Rect(*corner, reach.width() / view.scale, reach.height() / view.scale))
    cards = [outline(scene, other, view, 0.0)[0] for other in others.tolist()]
    area, names = width * height, [_hidden(place, placed) for place in places]
    costs = [
        _hidden(place, cards) + 4.0 * name + area * (step + (name > 0.0))
        for place, name, step in zip(places, names, steps, strict=True)
    ]
    return places[costs.index(min(costs))]


def _places(card: QRectF, badge: QSizeF) -> tuple[list[QRectF], list[float]]:
    """Return where a badge could be, and how much of its area hidden each is as bad as.

    Further off it belongs to its card less clearly: only names are worth that.
    """
    width, height = badge.width(), badge.height()
    above, below = card.top() - height - BADGE_GAP, card.bottom() + BADGE_GAP
    left = card.left() - OVERHANG
    flush = max(card.right() + OVERHANG - width, left), left
    beside = card.right() + BADGE_GAP, card.left() - BADGE_GAP - width
    level, row = card.center().y() - height / 2, height + BADGE_GAP
    near = [(x, y) for y in (above, below) for x in flush]
    near += [(x, y) for y in (level, above, below) for x in beside]
    rows = above - row, below + row, above - 2 * row, below + 2 * row
    far = [(x, y) for y in rows for x in (*flush, *beside)]
    steps = [0.0, *[0.01] * (len(near) - 1), *[0.6] * len(far)]
    return [QRectF(x, y, width, height) for x, y in (*near, *far)], steps


def _hidden(place: QRectF, others: Sequence[QRectF]) -> float:
    """Return how many square pixels of the others a place covers."""
    common = [place.intersected(other) for other in others if place.intersects(other)]
    return sum(area.width() * area.height() for area in common)


def _badge(painter: QPainter, inks: Inks, area: QRectF, text: str, opacity: float) -> None:
    """Draw one badge: a gain in full accent, anything else (".grad 0.31") as a quiet chip."""
    if opacity <= 0.0:
        return
    gain = text[:1] in "+-−"
    painter.setOpacity(opacity)
    radius = area.height() / 2
    painter.setPen(QPen(inks.canvas, 2.0))
    painter.setBrush(inks.accent)
    painter.drawRoundedRect(area, radius, radius)
    if not gain:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(inks.theme.visited_fill))
        inner = area.adjusted(2.0, 2.0, -2.0, -2.0)
        painter.drawRoundedRect(inner, radius - 2.0, radius - 2.0)
    painter.setPen(inks.accent_text if gain else inks.text)
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
    painter.setOpacity(1.0)


def paint_placeholder(
    painter: QPainter, inks: Inks, size: tuple[float, float], title: str, detail: str,
    fonts: tuple[QFont, QFont], part: float | None = None,
) -> None:  # fmt: skip
    """Write what to do where there is no graph yet, in the middle of an empty canvas.

    part: how much of it is done already, as a bar between title and detail.
    """
    width, height = size
    middle = QRectF(24.0, height / 2 - 44.0, max(width - 48.0, 1.0), 40.0)
    painter.setFont(fonts[0])
    painter.setPen(inks.text_dim)
    flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(middle, flags | Qt.AlignmentFlag.AlignBottom, title)
    painter.setFont(fonts[1])
    painter.setPen(inks.text_faint)
    top = height / 2 + 6.0
    if part is not None:
        bar = QRectF(width / 2 - _BAR / 2, top + 6.0, _BAR, 4.0)
        painter.setPen(Qt.PenStyle.NoPen)
        for share, colour in ((1.0, inks.grid), (max(part, 0.02), inks.focus)):
            bar.setWidth(_BAR * share)
            painter.setBrush(colour)
            painter.drawRoundedRect(bar, 2.0, 2.0)
        painter.setPen(inks.text_faint)
        top += 24.0
    below = QRectF(middle.left(), top, middle.width(), 120.0)
    painter.drawText(below, flags | Qt.AlignmentFlag.AlignTop, detail)
