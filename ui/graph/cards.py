"""The cards of the graph: how large each must be for its words, and how it is drawn."""

from __future__ import annotations

import math

import networkx as nx
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QStaticText

from ui.fonts import load_fonts
from ui.graph.camera import Rect, View
from ui.graph.inks import CardInk, mix
from ui.graph.scene import Card, Shape, card_of
from ui.graph.types import NodeId
from ui.theme import MONO_FONT, UI_FONT

TITLE, DETAIL = 13, 11  # font sizes, scene units
TALL, SHORT = 46.0, 32.0  # height with and without a detail line
NARROWEST, WIDEST = 72.0, 340.0
STRIPE, RADIUS = 4.0, 7.0
PAD_LEFT, PAD_RIGHT, PAD_PILL = 15.0, 16.0, 20.0
NAME_GAP = 12.0  # between an operation and the name of its result
#: Pixels below which a line of text is left out.
LEGIBLE_DETAIL, LEGIBLE_TITLE = 6.3, 7.3
#: Below this scale (with the title grown to stay legible) cards have no words.
WORDS_FROM = 0.42

Sizes = dict[NodeId, tuple[float, float]]


def title_font(pixels: int = TITLE) -> QFont:
    return _font(UI_FONT, pixels, QFont.Weight.DemiBold)


def detail_font(pixels: int = DETAIL) -> QFont:
    return _font(MONO_FONT, pixels, QFont.Weight.Normal)


def _font(family: str, pixels: int, weight: QFont.Weight) -> QFont:
    load_fonts()
    font = QFont(family)
    font.setPixelSize(pixels)
    font.setWeight(weight)
    # Hinted advances differ from zoom to zoom; the words must keep their place in the card.
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def is_pill(shape: int) -> bool:
    return shape in (Shape.LEAF, Shape.INPUT)


def card_sizes(graph: nx.MultiDiGraph[NodeId]) -> Sizes:
    """Return width and height in scene units of every node's card; needs a QGuiApplication."""
    title, detail = QFontMetricsF(title_font()), QFontMetricsF(detail_font())
    known: dict[tuple[bool, str, str, str], tuple[float, float]] = {}
    sizes: Sizes = {}
    for node, attributes in graph.nodes(data=True):
        card = card_of(node, attributes)
        key = (is_pill(card.shape), card.title, card.detail, card.name)
        if key not in known:
            above = title.horizontalAdvance(card.title)
            if card.name:
                above += NAME_GAP + detail.horizontalAdvance(card.name)
            words = max(above, detail.horizontalAdvance(card.detail))
            pads = 2 * PAD_PILL if key[0] else PAD_LEFT + PAD_RIGHT
            width = min(max(math.ceil((words + pads) / 2) * 2.0, NARROWEST), WIDEST)
            known[key] = (width, TALL if card.detail else SHORT)
        sizes[node] = known[key]
    return sizes


class CardPainter:
    """Draws cards; keeps the shaped words, so that one painter serves one thread."""

    def __init__(self) -> None:
        self._words: dict[tuple[bool, int, str, int], tuple[QStaticText, float]] = {}
        self._stripes: dict[float, QPainterPath] = {}
        self._titles: dict[int, QFont] = {}
        self._detail = detail_font()
        self._metrics: dict[tuple[bool, int], QFontMetricsF] = {}

    def draw(
        self, painter: QPainter, card: Card, box: Rect, ink: CardInk, view: View, melt: float
    ) -> None:
        """Draw one card at the painter's origin in scene units, for the scale of `view`."""
        radius = box.height / 2 if is_pill(card.shape) else RADIUS
        area = QRectF(0.0, 0.0, box.width, box.height)
        if melt >= 1.0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink.solid)
            painter.drawRoundedRect(area, radius, radius)
        else:
            self._body(painter, area, radius, ink, view, melt)
        if view.scale >= WORDS_FROM:
            self._text(painter, card, box, ink, view.scale)

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

    def _text(self, painter: QPainter, card: Card, box: Rect, ink: CardInk, scale: float) -> None:
        pill = is_pill(card.shape)
        left = PAD_PILL if pill else PAD_LEFT
        room = box.width - left - (PAD_PILL if pill else PAD_RIGHT)
        small = DETAIL * scale >= LEGIBLE_DETAIL  # then the smaller words are there too
        size = TITLE if small else max(TITLE, round(LEGIBLE_TITLE / scale))
        if size > TITLE:  # words that stay legible may take part of the padding
            left, room = left - (9 if pill else 7), room + 18
        both = small and bool(card.detail)
        y = box.height / 2 - (17.5 if both else size * 0.62)
        title = (True, size, card.title, int(room))
        width = self._line(painter, title, pill, left, y, ink.title)
        if small and card.name and room - width > NAME_GAP:
            name = (False, DETAIL, card.name, int(room - width - NAME_GAP))
            self._line(painter, name, False, left + width + NAME_GAP, y + 1.5, ink.name)
        if both:
            y = box.height / 2 + 1.0
            self._line(painter, (False, DETAIL, card.detail, int(room)), pill, left, y, ink.detail)

    def _line(
        self, painter: QPainter, key: tuple[bool, int, str, int], centred: bool, left: float,
        top: float, colour: QColor,
    ) -> float:  # fmt: skip
        """Draw one line of words; return how wide they are."""
        words, width = self._words.get(key) or self._shape(key)
        painter.setFont(self._font_of(key[0], key[1]))
        painter.setPen(colour)
        x = left + (key[3] - width) / 2 if centred else left
        painter.drawStaticText(QPointF(x, top), words)
        return width

    def _font_of(self, title: bool, size: int) -> QFont:
        if not title:
            return self._detail
        if size not in self._titles:
            self._titles[size] = title_font(size)
        return self._titles[size]

    def _shape(self, key: tuple[bool, int, str, int]) -> tuple[QStaticText, float]:
        title, size, text, room = key
        font = self._font_of(title, size)
        metrics = self._metrics.setdefault((title, size), QFontMetricsF(font))
        # Names differ at both ends ("layers.3.weight"), operations at their beginning.
        how = Qt.TextElideMode.ElideMiddle if "." in text else Qt.TextElideMode.ElideRight
        fitting = metrics.elidedText(text, how, room + 1.0)
        words = QStaticText(fitting)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.prepare(font=font)
        self._words[key] = words, metrics.horizontalAdvance(fitting)
        return self._words[key]
