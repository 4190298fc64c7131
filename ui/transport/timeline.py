"""The timeline: the tape drawn as tracks, with a playhead to drag."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui.fonts import ui_font
from ui.plots.colours import faded
from ui.theme import Theme, load
from ui.transport.paint import Lanes, Window, paint
from ui.transport.tracks import Tracks

_GUTTER, _MARGIN = 70, 12
_SHORTEST = 16.0  # events across the view at the closest zoom
_EMPTY_TEXT = "Nothing recorded yet. Run a cell: its operations and backward passes appear here."
_RUNNING_TEXT = "Running the code: its operations and backward passes appear here."


class TimelineView(QWidget):
    """Shows Tracks and a playhead. Drag to scrub, turn the wheel to zoom, double-click to see all.

    A double-click on an iteration's number shows that by itself.

    `describe` turns an event index into the words of its tooltip.
    """

    playhead_requested = Signal(int)
    step_requested = Signal(int)
    pass_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tracks = Tracks()
        self._theme = load("dark")
        self._describe: Callable[[int], str] = str
        self._playhead = 0
        self._running = False
        self._low, self._high = 0.0, _SHORTEST
        self._hover: float | None = None
        self._ring = False  # focused from the keyboard
        self._pan_from: tuple[float, float] | None = None
        self._pixmap: QPixmap | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 84)  # the names of the bands do not overlap
        self.setAccessibleName("Timeline")

    # -- setters ----------------------------------------------------------------------------

    def set_tracks(self, tracks: Tracks, describe: Callable[[int], str] | None = None) -> None:
        """Show other or longer tracks; a view that showed everything goes on doing so."""
        everything = self.shows_everything()
        self._tracks = tracks
        if describe is not None:
            self._describe = describe
        if everything or self._high > self._full():
            self.fit()
        self._forget()

    def set_playhead(self, playhead: int) -> None:
        """Move the playhead and keep it in view."""
        before, self._playhead = self._playhead, min(max(playhead, 0), self._tracks.n)
        self._follow()
        if self._pixmap is not None:
            xs = sorted((self._head_x(before), self._head_x(self._playhead)))
            self.update(QRect(int(xs[0]) - 9, 0, int(xs[1] - xs[0]) + 19, self.height()))

    def set_running(self, running: bool) -> None:
        """Let an empty timeline say that something is coming, or what to do."""
        self._running = running
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._forget()

    # -- the visible stretch of time --------------------------------------------------------

    def window_shown(self) -> tuple[float, float]:
        """Return the first and last event in view, as fractions of events."""
        return self._low, self._high

    def shows_everything(self) -> bool:
        return self._low <= 0 and self._high >= self._full()

    def fit(self) -> None:
        """Show the whole tape."""
        self._show(0.0, self._full())

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Zoom in by `factor` about the point `x` of the widget, or about the playhead."""
        window = self._window()
        about = window.event(x) if x is not None else self._playhead - 0.5
        about = min(max(about, self._low), self._high)
        span = min(max((self._high - self._low) / factor, _SHORTEST), self._full())
        part = (about - self._low) / (self._high - self._low)
        self._show(about - part * span, about + (1 - part) * span)

    def _lanes(self) -> Lanes:
        return Lanes.of_height(self.height(), len(self._tracks.iterations) > 0)

    def _full(self) -> float:
        return max(float(self._tracks.n), _SHORTEST)

    def _show(self, low: float, high: float) -> None:
        span = min(high - low, self._full())
        low = min(max(low, 0.0), self._full() - span)
        if (low, low + span) != (self._low, self._high):
            self._low, self._high = low, low + span
            self._forget()

    def _follow(self) -> None:
        """Turn the page when the playhead leaves the view."""
        at, span = max(self._playhead - 0.5, 0.0), self._high - self._low
        if at > self._high:
            self._show(at - span * 0.15, at + span * 0.85)
        elif at < self._low:
            self._show(at - span * 0.85, at + span * 0.15)

    def _window(self) -> Window:
        return Window(self._low, self._high, _GUTTER, max(self.width() - _GUTTER - _MARGIN, 1))

    def _head_x(self, playhead: int) -> float:
        """The playhead stands on the middle of the event that happened last."""
        return self._window().x(max(playhead - 0.5, 0.0))

    def _playhead_at(self, x: float) -> int:
        return min(max(math.floor(self._window().event(x)) + 1, 0), self._tracks.n)

    def _forget(self) -> None:
        self._pixmap = None
        self.update()

    # -- painting -----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), QColor(self._theme.panel))
        if not self._tracks.n:
            self._paint_empty(painter)
        else:
            self._paint_tracks(painter)
            self._paint_labels(painter)
            self._paint_hover(painter)
            self._paint_playhead(painter)
        if self._ring:
            painter.setPen(QPen(QColor(self._theme.focus), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()

    def _paint_tracks(self, painter: QPainter) -> None:
        scale = self.devicePixelRatioF()
        if self._pixmap is None or self._pixmap.devicePixelRatio() != scale:
            size = self.width(), self.height()
            self._pixmap = paint(self._tracks, self._window(), *size, scale, self._theme)
        painter.setClipRect(QRectF(_GUTTER, 0, self._window().width, self.height()))
        painter.drawPixmap(0, 0, self._pixmap)
        # What has not happened yet at the playhead lies under a veil.
        x, top = self._head_x(self._playhead), self._lanes().forward[0]
        veil = QRectF(QPointF(x, top - 1), QPointF(self.width(), self.height()))
        painter.fillRect(veil, faded(self._theme.panel, 0.5))
        painter.setClipping(False)

    def _paint_labels(self, painter: QPainter) -> None:
        lanes = self._lanes()
        painter.setFont(ui_font("small"))
        painter.setPen(QColor(self._theme.text_dim))
        align = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        rows = (("forward", lanes.forward), ("backward", lanes.backward), (".grad", lanes.grads))
        for text, (top, height) in rows:
            spare = max(14 - height, 0) / 2
            box = QRectF(0, top - spare, _GUTTER - 8, height + 2 * spare)
            painter.drawText(box, align, text)
        painter.drawText(QRectF(0, 0, _GUTTER - 8, lanes.cells[1]), align, "cell")
        top, height = lanes.iterations
        if height:
            painter.drawText(QRectF(0, top, _GUTTER - 8, height), align, "iteration")

    def _paint_hover(self, painter: QPainter) -> None:
        if self._hover is not None and self._hover >= _GUTTER:
            painter.setPen(QPen(faded(self._theme.text, 0.35), 1))
            painter.drawLine(QPointF(self._hover, 2), QPointF(self._hover, self.height() - 4))

    def _paint_playhead(self, painter: QPainter) -> None:
        x = self._head_x(self._playhead)
        if not _GUTTER - 1 <= x <= self.width() - _MARGIN + 1:
            return
        colour = QColor(self._theme.accent)
        painter.setPen(QPen(faded(self._theme.accent, 0.25), 5))
        painter.drawLine(QPointF(x, 12), QPointF(x, self.height() - 4))
        painter.setPen(QPen(colour, 1.6))
        painter.drawLine(QPointF(x, 10), QPointF(x, self.height() - 4))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        points = [(-6, 2), (6, 2), (6, 9), (0, 15), (-6, 9)]
        painter.drawPolygon(QPolygonF([QPointF(x + dx, y) for dx, y in points]))

    def _paint_empty(self, painter: QPainter) -> None:
        painter.setFont(ui_font("body"))
        painter.setPen(QColor(self._theme.text_dim))
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        text = _RUNNING_TEXT if self._running else _EMPTY_TEXT
        painter.drawText(self.rect().adjusted(16, 0, -16, 0), flags, text)

    # -- mouse and keys -----------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan_from = (event.position().x(), self._low)
        elif event.button() == Qt.MouseButton.LeftButton and self._tracks.n:
            self._scrub(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._pan_from is not None:
            start, low = self._pan_from
            low -= (x - start) / self._window().pixels_per_event
            self._show(low, low + self._high - self._low)
        elif event.buttons() & Qt.MouseButton.LeftButton and self._tracks.n:
            self._scrub(x)
        self._set_hover(x)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan_from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self._show_iteration(
            event.position()
        ):
            self.fit()

    def _show_iteration(self, place: QPointF) -> bool:
        """Show the iteration whose block is there by itself; return whether one is."""
        top, height = self._lanes().iterations
        at = self._tracks.iteration_at(math.floor(self._window().event(place.x())))
        if at < 0 or not top <= place.y() < top + height:
            return False
        low, high = self._tracks.iterations[at].tolist()
        spare = max(_SHORTEST - (high - low), 0.0) / 2
        self._show(low - spare, high + spare)
        return True

    def leaveEvent(self, event: QEvent) -> None:
        self._set_hover(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(delta.x()) > abs(delta.y()):
            turn = delta.x() if delta.x() else delta.y()
            by = -turn / 120 * (self._high - self._low) * 0.12
            self._show(self._low + by, self._high + by)
        else:
            self.zoom(1.3 ** (delta.y() / 120), event.position().x())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        jump = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            by = 1 if key == Qt.Key.Key_Right else -1
            (self.pass_requested if jump else self.step_requested).emit(by)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.playhead_requested.emit(0 if key == Qt.Key.Key_Home else self._tracks.n)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.zoom(1 / 1.5 if key == Qt.Key.Key_Minus else 1.5)
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        mouse = (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
        self._ring = event.reason() not in mouse
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._ring = False
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = self.text_at(event.pos().x())
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._forget()

    def sizeHint(self) -> QSize:
        return QSize(640, 84)

    def text_at(self, x: float) -> str:
        """Return the words for the event under a point of the widget; empty where there is none."""
        at = math.floor(self._window().event(x))
        if x < _GUTTER or not 0 <= at < self._tracks.n:
            return ""
        lines = [self._describe(at), f"event {at + 1:,} of {self._tracks.n:,}"]
        iteration = self._tracks.iteration_at(at)
        if iteration >= 0:
            lines.append(f"iteration {iteration + 1:,} of {len(self._tracks.iterations):,}")
        return "\n".join(lines)

    def _scrub(self, x: float) -> None:
        playhead = self._playhead_at(x)
        if playhead != self._playhead:
            self.set_playhead(playhead)
            self.playhead_requested.emit(playhead)

    def _set_hover(self, x: float | None) -> None:
        before, self._hover = self._hover, x
        for old in (before, x):
            if old is not None:
                self.update(QRect(int(old) - 2, 0, 5, self.height()))
