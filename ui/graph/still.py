"""A graph as a picture file: the canvas's own painting on an image or in SVG, without a window."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPen
from PySide6.QtSvg import QSvgGenerator

from ui.fonts import ui_font
from ui.graph.camera import Rect, View
from ui.graph.cards import CardPainter
from ui.graph.framing import headers, paint_frames, paint_headers
from ui.graph.inks import Inks, Tint, tints_of
from ui.graph.legend import HEIGHT, paint_legends
from ui.graph.overlay import paint_badges, paint_halo
from ui.graph.paint import (
    Picture,
    arrow_corners,
    edge_look,
    edge_path,
    paint_cards,
    paint_scene,
    polygon,
)
from ui.graph.previews import Preview
from ui.graph.routes import DASH, GAP
from ui.graph.scene import Scene
from ui.graph.shading import Legend
from ui.graph.types import CanvasState, Layout, NodeId, Role
from ui.theme import Theme

if TYPE_CHECKING:
    import networkx as nx

MARGIN = 32.0  # scene units around the graph
LONGEST = 16_000  # pixels of an image's side
LARGEST = 120_000_000  # pixels of an image
#: The same for the clipboard, from where pictures go into slides and messages.
CLIPBOARD_SCALE, CLIPBOARD_LARGEST = 2.0, 32_000_000

ReadPreviews = Callable[[Sequence[NodeId]], Mapping[int, Preview]]


@cache
def ensure_application() -> QCoreApplication:
    """Return the running Qt application, or one that needs no display."""
    return QCoreApplication.instance() or QGuiApplication(["tapedeck", "-platform", "offscreen"])


def picture_of(
    graph: nx.MultiDiGraph[NodeId], layout: Layout, theme: Theme, state: CanvasState | None = None
) -> Picture:
    """Return what there is to paint; needs an application."""
    scene = Scene.build(graph, layout)
    return Picture(scene, tints_of(scene, state), Inks(theme), CardPainter())


def image(
    picture: Picture, scale: float, state: CanvasState | None = None,
    legends: Sequence[Legend] = (), largest: int = LARGEST,
) -> QImage:  # fmt: skip
    """Return the picture as an image, `scale` pixels per scene unit.

    A graph too large for one (16,000 pixels a side, `largest` in all) is drawn smaller.
    """
    area = picture.scene.bounds.grown(MARGIN)
    scale = min(scale, LONGEST / max(area.width, area.height))
    scale = min(scale, (largest / (area.width * area.height)) ** 0.5)
    ratio = max(scale, 1.0)  # below 1 the painting itself chooses what to leave out
    view = View(scale / ratio, -area.x * scale / ratio, -area.y * scale / ratio, ratio)
    height = area.height * scale + HEIGHT * ratio * bool(legends)
    size = QSize(max(round(area.width * scale), 1), max(round(height), 1))
    image = QImage(size, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(picture.inks.canvas)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_scene(painter, picture, view, area)
    _paint_headers(painter, picture, view, area)
    _paint_state(painter, picture, view, area, state)
    _paint_legends(painter, picture, size.width() / ratio, size.height() / ratio, legends)
    painter.end()
    return image


def png(
    picture: Picture, scale: float, state: CanvasState | None = None,
    legends: Sequence[Legend] = (),
) -> bytes:  # fmt: skip
    """Return `image` as PNG."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    made = image(picture, scale, state, legends)
    made.save(buffer, "PNG")  # type: ignore[call-overload]  # it takes str, not bytes
    return bytes(data.data())


def for_clipboard(
    picture: Picture, state: CanvasState | None, nodes: Collection[int] | None, read: ReadPreviews
) -> Callable[[], QImage]:
    """Return what paints a picture, or only some of its nodes; on any thread, but only on one.

    read: gives the previews of nodes by their places, on that thread.
    """
    if nodes is not None:
        active = picture.tints.active if picture.tints.active in nodes else -1
        tints = picture.tints._replace(active=active)
        picture = picture._replace(scene=picture.scene.only(sorted(nodes)), tints=tints)
        if state is not None:
            badges = {node: text for node, text in state.badges.items() if node in nodes}
            state = replace(state, badges=badges)
    alone = picture._replace(inks=Inks(picture.inks.theme), cards=CardPainter())

    def paint() -> QImage:
        seen = alone._replace(previews=read(alone.scene.ids))
        return image(seen, CLIPBOARD_SCALE, state, largest=CLIPBOARD_LARGEST)

    return paint


def svg(
    picture: Picture, title: str, state: CanvasState | None = None, legends: Sequence[Legend] = ()
) -> bytes:
    """Return the picture as SVG with curves as curves and words as text, at one unit per pixel."""
    area = picture.scene.bounds.grown(MARGIN)
    generator = QSvgGenerator()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator.setOutputDevice(buffer)
    generator.setResolution(96)
    width, height = round(area.width), round(height_of(area, legends))
    generator.setSize(QSize(width, height))
    generator.setViewBox(QRectF(0.0, 0.0, width, height))
    generator.setTitle(title)
    generator.setDescription("An autograd graph, drawn by Tapedeck")
    painter = QPainter(generator)
    painter.setFont(ui_font())  # not the application's, which is written too
    draw(painter, picture, area, state, legends)
    painter.end()
    buffer.close()
    return bytes(data.data())


def height_of(area: Rect, legends: Sequence[Legend]) -> float:
    """Return how high a picture of `area` is with its legends below, at one pixel a unit."""
    return area.height + HEIGHT * bool(legends)


def draw(
    painter: QPainter, picture: Picture, area: Rect, state: CanvasState | None,
    legends: Sequence[Legend] = (),
) -> None:  # fmt: skip
    """Draw `area` for a vector format: its corner at the painter's origin, curves as curves."""
    view = View(1.0, -area.x, -area.y)
    painter.fillRect(QRectF(0.0, 0.0, area.width, area.height), picture.inks.canvas)
    paint_frames(painter, picture.inks, picture.scene.frames, view, area)
    _curves(painter, picture, view)
    paint_cards(painter, picture, view, np.arange(len(picture.scene.cards)))
    _paint_headers(painter, picture, view, area)
    _paint_state(painter, picture, view, area, state)
    _paint_legends(painter, picture, area.width, height_of(area, legends), legends)


def _curves(painter: QPainter, picture: Picture, view: View) -> None:
    scene, tints = picture.scene, picture.tints.edges
    for edge in np.argsort(tints == Tint.LIT, kind="stable").tolist():  # lit ones on top
        path = edge_path(scene, edge, view)
        if path.isEmpty():
            continue  # its portals stand for it
        role, (colour, width) = Role(int(scene.roles[edge])), edge_look(picture, edge)
        pen = QPen(colour, width)
        if role == Role.TIE:
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            pen.setDashPattern([DASH / pen.widthF(), GAP / pen.widthF()])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        if role != Role.TIE:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(pen.color())
            painter.drawPolygon(polygon(arrow_corners(scene, np.array([edge]), width)[0], view))


def _paint_headers(painter: QPainter, picture: Picture, view: View, area: Rect) -> None:
    size = area.width * view.scale, area.height * view.scale
    shown = headers(picture.scene, view, size)
    paint_headers(painter, picture.inks, picture.scene, view, shown)


def _paint_legends(
    painter: QPainter, picture: Picture, width: float, height: float, legends: Sequence[Legend]
) -> None:
    if legends:
        strip = QRectF(0.0, height - HEIGHT, width, HEIGHT)
        paint_legends(painter, picture.inks, strip, legends)


def _paint_state(
    painter: QPainter, picture: Picture, view: View, area: Rect, state: CanvasState | None
) -> None:
    if picture.tints.active >= 0:
        paint_halo(painter, picture, view, picture.tints.active, swell=0.0)
    if state is not None:
        size = area.width * view.scale, area.height * view.scale
        words = [header.area for header in headers(picture.scene, view, size)]
        paint_badges(painter, picture, view, size, state.badges, t=1.0, words=words)
