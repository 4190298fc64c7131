"""The cards of the graph: how large each must be for its words, and how it is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPen

from ui.graph.camera import Rect, View
from ui.graph.inks import CardInk, mix
from ui.graph.previews import Health, Preview
from ui.graph.scene import Card, Shape, cards_of, is_pill
from ui.graph.stacks import BAR, CHEVRON, draw_stack
from ui.graph.thumbs import SIDE, SLOT, THUMBS_FROM, Thumbs
from ui.graph.types import NodeId
from ui.graph.words import (
    NAME_GAP,
    PAD_LEFT,
    PAD_PILL,
    PAD_RIGHT,
    WORDS_FROM,
    Words,
    detail_font,
    title_font,
)
from ui.theme import Theme

if TYPE_CHECKING:
    import networkx as nx

TALL, SHORT = 46.0, 32.0  # height with and without a detail line
STACKED = 62.0  # of a folded group
NARROWEST, WIDEST = 72.0, 340.0
STRIPE, RADIUS = 4.0, 7.0

Sizes = dict[NodeId, tuple[float, float]]


def card_sizes(graph: nx.MultiDiGraph[NodeId]) -> Sizes:
    """Return width and height in scene units of every node's card; needs a QGuiApplication."""
    title, detail = QFontMetricsF(title_font()), QFontMetricsF(detail_font())
    ids = list(graph)
    deck = cards_of(graph, ids)
    known = [_size(card, title, detail) for card in deck.cards]
    return dict(zip(ids, [known[at] for at in deck.which.tolist()], strict=True))


def _size(card: Card, title: QFontMetricsF, detail: QFontMetricsF) -> tuple[float, float]:
    above = title.horizontalAdvance(card.title)
    if card.name:
        above += NAME_GAP + detail.horizontalAdvance(card.name)
    words = max(above, detail.horizontalAdvance(card.detail))
    pads = 2 * PAD_PILL if is_pill(card.shape) else PAD_LEFT + PAD_RIGHT
    pads += SLOT if card.slot else 0.0
    pads += CHEVRON if card.shape == Shape.GROUP else 0.0
    width = min(max(math.ceil((words + pads) / 2) * 2.0, NARROWEST), WIDEST)
    return width, STACKED if card.shape == Shape.GROUP else TALL if card.detail else SHORT


class CardPainter:
    """Draws cards; keeps the shaped words, so that one painter serves one thread."""

    def __init__(self) -> None:
        self._words = Words()
        self._thumbs: dict[str, Thumbs] = {}
        self._stripes: dict[float, QPainterPath] = {}

    def draw(
        self, painter: QPainter, card: Card, box: Rect, ink: CardInk, view: View, melt: float,
        theme: Theme, preview: Preview | None = None,
    ) -> None:  # fmt: skip
        """Draw one card at the painter's origin in scene units, for the scale of `view`."""
        radius = box.height / 2 if is_pill(card.shape) else RADIUS
        if card.shape == Shape.GROUP:
            box = draw_stack(painter, box, RADIUS, ink, view, melt)
        area = QRectF(0.0, 0.0, box.width, box.height)
        if melt >= 1.0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink.solid)
            painter.drawRoundedRect(area, radius, radius)
        else:
            self._body(painter, area, radius, ink, view, melt)
        if view.scale >= THUMBS_FROM and (card.slot or preview is not None):
            card, box, ink = self._thumb(painter, card, box, ink, view, theme, preview)
        if card.shape == Shape.GROUP:
            box = box._replace(width=box.width - CHEVRON, height=box.height - BAR)
        if view.scale >= WORDS_FROM:
            self._words.draw(painter, card, box, ink, view.scale)

    def _thumb(
        self, painter: QPainter, card: Card, box: Rect, ink: CardInk, view: View,
        theme: Theme, preview: Preview | None,
    ) -> tuple[Card, Rect, CardInk]:  # fmt: skip
        """Draw a card's preview; return what its words then have: text, room and colours."""
        thumbs = self._thumbs.get(theme.name)
        if thumbs is None:
            thumbs = self._thumbs[theme.name] = Thumbs(theme)
        if card.slot:
            side = min(SIDE, box.height - 8.0)
            right = box.width - (13.0 if is_pill(card.shape) else 8.0)
            place = QRectF(right - SIDE, (box.height - side) / 2, SIDE, side)
            thumbs.draw(painter, preview, place, ink, view)
            return card, box._replace(width=box.width - SLOT), ink
        assert preview is not None
        if preview.text and card.detail.endswith("[]"):  # of a graph too large to read every number
            card = card._replace(detail=f"{card.detail[:-2]} {preview.text}")
        if preview.health in (Health.NAN, Health.INF):
            ink = ink._replace(detail=thumbs.colour_of(preview.health))
        return card, box, ink

    def _body(
        self, painter: QPainter, area: QRectF, radius: float, ink: CardInk, view: View,
        melt: float,
    ) -> None:  # fmt: skip
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mix(ink.fill, ink.solid, melt * 0.8) if melt else ink.fill)
        painter.drawRoundedRect(area, radius, radius)
        if ink.stripe is not None:
            painter.fillPath(self._stripe(area.height()), ink.stripe)
        # Whole pixels: any other border is blurred, and one below a pixel fades unevenly.
        unit = view.scale * view.ratio
        width = max(round(ink.border_width * unit), 1) / unit
        painter.setPen(QPen(mix(ink.border, ink.solid, melt) if melt else ink.border, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inset = width / 2
        inner = area.adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(inner, radius - inset, radius - inset)

    def _stripe(self, height: float) -> QPainterPath:
        path = self._stripes.get(height)
        if path is None:
            card, band = QPainterPath(), QPainterPath()
            card.addRoundedRect(0.0, 0.0, 40.0, height, RADIUS, RADIUS)
            band.addRect(0.0, 0.0, STRIPE, height)
            path = self._stripes[height] = card.intersected(band)
        return path
