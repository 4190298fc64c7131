"""Shows lines of terminal text: paints only what is visible, selects and copies."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from ui.fonts import mono_font
from ui.notebook.ansi import Screen, Style
from ui.notebook.colours import blend, legible, rgb
from ui.notebook.mime import Link
from ui.theme import Theme

BAR = 8  # height of the sideways scroll bar, px


class Place(NamedTuple):
    """A place between characters: 0-based line of the screen and column."""

    line: int
    column: int


class TextView(QAbstractScrollArea):
    """Lines start to stop of a Screen; long lines scroll sideways, nothing wraps."""

    menu_requested = Signal(QPoint)  # global position
    link_clicked = Signal(object)  # Link

    def __init__(self, parent: QWidget, screen: Screen, theme: Theme, tint: str = "text") -> None:
        super().__init__(parent)
        self._screen, self._theme, self._tint = screen, theme, tint
        self._start = self._stop = 0
        self._links: tuple[Link, ...] = ()
        self._anchor = self._caret = Place(0, 0)
        self._font = mono_font()
        self._metrics = QFontMetricsF(self._font)
        self._advance = self._metrics.horizontalAdvance("0")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self.viewport().setAutoFillBackground(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.show_lines(0, len(screen))

    # -- setters ---------------------------------------------------------------------------------

    def show_lines(self, start: int, stop: int) -> None:
        """Show lines start to stop of the screen, which may have changed."""
        self._start, self._stop = start, max(start, stop)
        self._set_ranges()
        self.viewport().update()

    def set_links(self, links: tuple[Link, ...]) -> None:
        """Underline places of the screen, which can be clicked."""
        self._links = links
        self.viewport().setMouseTracking(bool(links))
        self.viewport().update()

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self.viewport().update()

    def scroll_lines(self, scroll: bool) -> None:
        """Let the view scroll up and down inside its own height, or not."""
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if scroll else policy.ScrollBarAlwaysOff
        )

    # -- geometry --------------------------------------------------------------------------------

    def line_height(self) -> float:
        """Return the height of one line, px."""
        return self._metrics.lineSpacing()

    def text_width(self) -> float:
        """Return the width, px, of the longest line of the screen."""
        return self._screen.widest * self._advance + 4

    def height_for(self, width: int, rows: int | None = None) -> int:
        """Return the height, px, that shows `rows` lines (all) at a width."""
        count = self._stop - self._start if rows is None else rows
        bar = BAR if self.text_width() > width else 0
        return round(count * self.line_height()) + bar

    def sizeHint(self) -> QSize:
        """Return the size of the whole text."""
        return QSize(round(self.text_width()), self.height_for(1 << 24))

    def link_at(self, at: QPointF) -> Link | None:
        """Return the link under a point of the viewport."""
        if not self._links or self._stop <= self._start:
            return None
        place = self._place(at)
        for link in self._links:
            if link.line == place.line and link.start <= place.column <= link.stop:
                return link
        return None

    # -- selection -------------------------------------------------------------------------------

    def selected_text(self) -> str:
        """Return the selected text, without colours."""
        first, last = sorted((self._anchor, self._caret))
        if first == last:
            return ""
        lines = self._screen.lines[first.line : last.line + 1]
        lines[-1] = lines[-1][: last.column]
        lines[0] = lines[0][first.column :]
        return "\n".join(lines)

    def select_all(self) -> None:
        """Select every line that is shown."""
        last = max(self._start, self._stop - 1)
        self._anchor = Place(self._start, 0)
        self._caret = Place(last, len(self._screen.lines[last]))
        self.viewport().update()

    def clear_selection(self) -> None:
        """Select nothing."""
        self._anchor = self._caret
        self.viewport().update()

    def copy(self) -> None:
        """Put the selected text on the clipboard."""
        if text := self.selected_text():
            QGuiApplication.clipboard().setText(text)

    # -- events ----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the lines inside the exposed part."""
        painter = QPainter(self.viewport())
        height, top = self.line_height(), self.verticalScrollBar().value()
        first = self._start + int((event.rect().top() + top) // height)
        last = self._start + int((event.rect().bottom() + top) // height) + 1
        for line in range(max(first, self._start), min(last, self._stop)):
            y = (line - self._start) * height - top
            self._paint_selection(painter, line, y)
            self._paint_line(painter, line, y)
            self._paint_links(painter, line, y)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the scroll ranges to the new size."""
        super().resizeEvent(event)
        self._set_ranges()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a selection, or extend it with Shift."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._caret = self._place(event.position())
        if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._anchor = self._caret
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Extend the selection to the pointer."""
        if self._links:
            shape = Qt.CursorShape
            over = self.link_at(event.position()) is not None
            self.viewport().setCursor(shape.PointingHandCursor if over else shape.IBeamCursor)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._caret = self._place(event.position())
            self._reveal_caret()
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Follow a link that was clicked, not dragged over."""
        link = self.link_at(event.position())
        left = event.button() == Qt.MouseButton.LeftButton
        if link is not None and left and self._anchor == self._caret:
            self.link_clicked.emit(link)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select the word under the pointer."""
        place = self._place(event.position())
        text = self._screen.lines[place.line]
        left = right = place.column
        while left > 0 and _in_word(text[left - 1]):
            left -= 1
        while right < len(text) and _in_word(text[right]):
            right += 1
        self._anchor, self._caret = Place(place.line, left), Place(place.line, right)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy and select all; other keys belong to the notebook."""
        if event.matches(QKeySequence.StandardKey.Copy) and self.selected_text():
            self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        else:
            event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask the owner for its menu."""
        self.menu_requested.emit(event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll what this view can scroll; hand the rest to the column."""
        delta = event.angleDelta()
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        sideways = shifted or abs(delta.x()) > abs(delta.y())
        bar = self.horizontalScrollBar() if sideways else self.verticalScrollBar()
        amount = (delta.x() or delta.y()) if sideways else delta.y()
        before = bar.value()
        bar.setValue(before - round(amount / 120 * 3 * self.line_height()))
        event.setAccepted(bar.value() != before or (sideways and not shifted))

    # -- painting --------------------------------------------------------------------------------

    def _paint_selection(self, painter: QPainter, line: int, y: float) -> None:
        first, last = sorted((self._anchor, self._caret))
        if first == last or not first.line <= line <= last.line:
            return
        start = self._x(line, first.column) if line == first.line else 0.0
        stop = self._x(line, last.column) if line == last.line else float(self._right())
        box = QRectF(start - self._left(), y, stop - start, self.line_height())
        painter.fillRect(box, QColor(self._theme.selection))

    def _paint_links(self, painter: QPainter, line: int, y: float) -> None:
        for link in self._links:
            if link.line == line:
                left, right = self._x(line, link.start), self._x(line, link.stop)
                painter.setPen(QColor(self._theme.focus))
                base = y + self._metrics.ascent() + 2
                shift = self._left()
                painter.drawLine(QPointF(left - shift, base), QPointF(right - shift, base))

    def _paint_line(self, painter: QPainter, line: int, y: float) -> None:
        text = self._screen.lines[line]
        spans = self._screen.spans(line)
        start, stop = 0, len(text)
        if text.isascii():  # every column is one advance: draw only what can be seen
            start = max(0, int(self._left() / self._advance))
            stop = min(stop, start + int(self.viewport().width() / self._advance) + 2)
        base = getattr(self._theme, self._tint)
        at = start
        for span in spans:
            if span.stop <= start or span.start >= stop:
                continue
            self._draw(painter, line, at, max(at, span.start), y, None, base)
            at = max(at, span.start)
            self._draw(painter, line, at, min(span.stop, stop), y, span.style, base)
            at = min(span.stop, stop)
        self._draw(painter, line, at, stop, y, None, base)

    def _draw(
        self, painter: QPainter, line: int, start: int, stop: int, y: float,
        style: Style | None, base: str,
    ) -> None:  # fmt: skip
        if stop <= start:
            return
        x = self._x(line, start) - self._left()
        fore, back, font = base, None, self._font
        if style is not None:
            fore, back = self._colours(style, base)
            font = _styled(font, style)
        if back is not None:
            width = self._x(line, stop) - self._x(line, start)
            painter.fillRect(QRectF(x, y, width, self.line_height()), QColor(back))
        painter.setFont(font)
        painter.setPen(QColor(fore))
        painter.drawText(
            QPointF(x, y + self._metrics.ascent()), self._screen.lines[line][start:stop]
        )

    def _colours(self, style: Style, base: str) -> tuple[str, str | None]:
        fore, back = rgb(style.fg, self._theme), rgb(style.bg, self._theme)
        if style.inverse:
            fore, back = back or self._theme.panel, fore or base
        if back is not None:  # programs mark with strong colours; a tint says the same
            back = blend(back, self._theme.panel, 0.35)
        shown = legible(fore or base, back or self._theme.panel, 3.2 if style.dim else 4.5)
        return shown, back

    # -- places ----------------------------------------------------------------------------------

    def _left(self) -> int:
        return self.horizontalScrollBar().value()

    def _right(self) -> int:
        return self._left() + self.viewport().width()

    def _x(self, line: int, column: int) -> float:
        text = self._screen.lines[line][:column]
        if text.isascii():
            return len(text) * self._advance
        return self._metrics.horizontalAdvance(text)

    def _place(self, at: QPointF) -> Place:
        row = int((at.y() + self.verticalScrollBar().value()) // self.line_height())
        line = max(self._start, min(self._start + row, self._stop - 1))
        text, x = self._screen.lines[line], at.x() + self._left()
        column = max(0, round(x / self._advance))
        if not text.isascii():
            while column > 0 and (column > len(text) or self._x(line, column) > x + 2):
                column -= 1
        return Place(line, min(column, len(text)))

    def _reveal_caret(self) -> None:
        x = self._x(*self._caret)
        bar = self.horizontalScrollBar()
        if x < self._left():
            bar.setValue(int(x))
        elif x > self._right():
            bar.setValue(int(x - self.viewport().width() + self._advance))
        top = round((self._caret.line - self._start) * self.line_height())
        down = self.verticalScrollBar()
        low = top + round(self.line_height()) - self.viewport().height()
        down.setValue(max(low, min(down.value(), top)))

    def _set_ranges(self) -> None:
        size = self.viewport().size()
        bar = self.horizontalScrollBar()
        bar.setRange(0, max(0, round(self.text_width()) - size.width()))
        bar.setPageStep(size.width())
        bar.setSingleStep(round(self._advance * 4))
        down = self.verticalScrollBar()
        tall = round((self._stop - self._start) * self.line_height())
        down.setRange(0, max(0, tall - size.height()))
        down.setPageStep(size.height())
        down.setSingleStep(round(self.line_height()))


def _in_word(character: str) -> bool:
    return character.isalnum() or character in "_."


def _styled(font: QFont, style: Style) -> QFont:
    made = QFont(font)
    made.setBold(style.bold)
    made.setItalic(style.italic)
    made.setUnderline(style.underline)
    made.setStrikeOut(style.strike)
    return made
