"""Draws the rows of the palette: headings, operations in three lines, the current one in full."""

from __future__ import annotations

import re
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from engine.ops.listing import Operation
from ui.fonts import mono_font, ui_font
from ui.palette.entries import ROW
from ui.palette.search import Section
from ui.theme import RADIUS, SPACE, Theme

Index = QModelIndex | QPersistentModelIndex
HEADING = 34  # height of a heading, px
LEFT, RIGHT, PAD, GAP = 16, 12, 7, 3
STRIPE = 3
NARROW = 340  # px below which a node has a line of its own
_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_NO_GRADIENT = "no gradient"
_BREAK = "\u200b"  # lets a line break, takes no room
_JOINTS = re.compile(r"([._(](?=\w))")
#: What is left of a name when its namespace is said short.
_SHORT = {"torch.nn.functional.": "F.", "torch.linalg.": "linalg.", "torch.special.": "special."}


class Piece(NamedTuple):
    """Words in one font and colour, on a line of their own."""

    text: str
    font: QFont
    colour: str


def heads(one: Operation) -> tuple[str, str]:
    """Return the name that is read first, and the arguments behind it."""
    call, _, arguments = one.signature.partition("(")
    for long, short in _SHORT.items():
        if call.startswith(long):
            return short + one.name, f"({arguments}"
    return (call if call.startswith("Tensor.") else one.name), f"({arguments}"


def sentence(one: Operation) -> str:
    """Return what it does; names of arguments need no marks here."""
    return one.doc.replace("`", "")


def gradient(one: Operation) -> str:
    """Return the gradients on one line; the only argument need not be named."""
    if len(one.gradients) == 1:
        name, text = one.gradients[0]
        return f"∂ {text}" if name else text
    return "   ".join(f"∂{name} {text}" for name, text in one.gradients) or _NO_GRADIENT


def in_full(one: Operation, theme: Theme) -> list[Piece]:
    """Return everything that is known of an operation, line by line."""
    bold = mono_font("body")
    bold.setWeight(QFont.Weight.Bold)
    small, mono = ui_font("small"), mono_font("small")
    pieces = [
        Piece(_breakable(one.signature), bold, theme.text),
        Piece(sentence(one), small, theme.text_dim),
    ]
    if one.also:
        pieces.append(Piece(f"also {', '.join(one.also)}", small, theme.text_faint))
    variants = [f".{one.name}()"] * one.method + [f".{one.name}_()"] * one.inplace
    if variants:
        pieces.append(Piece(f"method {', '.join(variants)}", small, theme.text_faint))
    pieces += [
        Piece(f"∂{name} = {_breakable(text)}", mono, theme.text)
        if name
        else Piece(text, small, theme.text)
        for name, text in one.gradients
    ] or [Piece(_NO_GRADIENT, small, theme.text_faint)]
    if one.node:
        pieces.append(Piece(one.node, mono, theme.grad_stripe))
    return pieces


class Rows(QStyledItemDelegate):
    """Paints Section and Operation rows of a view in a theme."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.current = -1  # the row that is shown in full
        self.width = 0  # of the view, px
        self._lines = QFontMetrics(mono_font()).height(), QFontMetrics(ui_font("small")).height()

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the height that the row takes at the view's width."""
        row = index.data(ROW)
        if isinstance(row, Section):
            return QSize(self.width, HEADING)
        if index.row() == self.current:
            heights = [_height(piece, self._inner()) for piece in in_full(row, self._theme)]
            return QSize(self.width, sum(heights) + GAP * (len(heights) - 1) + 2 * PAD)
        body, small = self._lines
        more = 3 if row.node and self._narrow() else 2
        return QSize(self.width, body + more * (small + GAP) + 2 * PAD)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        row = index.data(ROW)
        box: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row, Section):
            self._heading(painter, box, row)
        else:
            current = index.row() == self.current
            self._ground(painter, box, current, bool(state & QStyle.StateFlag.State_MouseOver))
            self._stripe(painter, box, row.family)
            inner = box.adjusted(LEFT, PAD, -RIGHT, -PAD)
            if current:
                self._full(painter, inner, row)
            else:
                self._short(painter, inner, row)
        painter.restore()

    # -- parts -----------------------------------------------------------------------------------

    def _inner(self) -> int:
        return max(self.width - LEFT - RIGHT, 40)

    def _narrow(self) -> bool:
        """Whether formula and node have a line each."""
        return self.width < NARROW

    def _heading(self, painter: QPainter, box: QRect, section: Section) -> None:
        theme = self._theme
        line = box.adjusted(SPACE["l"], 8, -RIGHT, 0)
        colour = theme.families.get(section.family, theme.text_faint)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(QRectF(line.left(), line.center().y() - 4, 9, 9), 2.5, 2.5)
        words = line.adjusted(17, 0, 0, 0)
        painter.setFont(ui_font("small", QFont.Weight.DemiBold))
        painter.setPen(QColor(theme.text))
        painter.drawText(words, _MIDDLE, section.family.capitalize())
        painter.setFont(ui_font("small"))
        painter.setPen(QColor(theme.text_faint))
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(words, align, str(len(section.operations)))

    def _ground(self, painter: QPainter, box: QRect, current: bool, hover: bool) -> None:
        theme = self._theme
        if not current and not hover:
            return
        painter.setPen(QPen(QColor(theme.border), 1) if current else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.raised if current else theme.hover))
        painter.drawRoundedRect(QRectF(box).adjusted(4.5, 1.5, -4.5, -1.5), RADIUS, RADIUS)

    def _stripe(self, painter: QPainter, box: QRect, family: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.families.get(family, self._theme.text_faint)))
        high = box.height() - 2 * PAD
        painter.drawRoundedRect(QRectF(8, box.top() + PAD, STRIPE, high), 1.5, 1.5)

    def _full(self, painter: QPainter, box: QRect, one: Operation) -> None:
        top = box.top()
        for piece in in_full(one, self._theme):
            high = _height(piece, box.width())
            painter.setFont(piece.font)
            painter.setPen(QColor(piece.colour))
            painter.drawText(
                QRect(box.left(), top, box.width(), high), _wrap(piece, box.width()), piece.text
            )
            top += high + GAP

    def _short(self, painter: QPainter, box: QRect, one: Operation) -> None:
        theme = self._theme
        bold, mono = mono_font(), mono_font("small")
        bold.setWeight(QFont.Weight.Bold)
        name, arguments = heads(one)
        first = QRect(box.left(), box.top(), box.width(), self._lines[0])
        used = _draw(painter, first, name, bold, theme.text)
        _draw(painter, first.adjusted(used, 0, 0, 0), arguments, mono, theme.text_dim)
        high = self._lines[1]
        second = QRect(box.left(), first.bottom() + 1 + GAP, box.width(), high)
        _draw(painter, second, sentence(one), ui_font("small"), theme.text_dim)
        third = second.translated(0, high + GAP)
        node = one.node.partition(",")[0]
        if self._narrow():
            wide = 0
            _draw(painter, third.translated(0, high + GAP), node, mono, theme.grad_stripe)
        else:
            wide = min(_advance(mono, node), round(box.width() * 0.45)) if node else 0
            last = third.adjusted(box.width() - wide, 0, 0, 0)
            _draw(painter, last, node, mono, theme.grad_stripe)
        left = third.adjusted(0, 0, -wide - (SPACE["m"] if wide else 0), 0)
        colour = theme.text_dim if one.gradients else theme.text_faint
        spoken = not one.gradients or not one.gradients[0][0]
        _draw(painter, left, gradient(one), ui_font("small") if spoken else mono, colour)


def _words(text: str) -> list[str]:
    return text.replace(_BREAK, " ").split()


def _advance(font: QFont, text: str) -> int:
    return QFontMetrics(font).horizontalAdvance(text) + 1


def _height(piece: Piece, width: int) -> int:
    room = QRect(0, 0, width, 10_000)
    return QFontMetrics(piece.font).boundingRect(room, _wrap(piece, width), piece.text).height()


def _breakable(code: str) -> str:
    """Code that may break inside long names: after a point, a bracket or an underscore."""
    return _JOINTS.sub(f"\\1{_BREAK}", code)


def _wrap(piece: Piece, width: int) -> int:
    """Break lines between words, and within them only where one is wider than the line."""
    widest = max((_advance(piece.font, word) for word in _words(piece.text)), default=0)
    flag = Qt.TextFlag.TextWrapAnywhere if widest > width else Qt.TextFlag.TextWordWrap
    return int(flag)


def _draw(painter: QPainter, box: QRect, text: str, font: QFont, colour: str) -> int:
    """Draw one line, elided, and return the width that it took."""
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, max(box.width(), 0))
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(box, _MIDDLE, shown)
    return _advance(font, shown)
