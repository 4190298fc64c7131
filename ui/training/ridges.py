"""Histograms over iterations as ridgelines: the latest in front, a click goes to one."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from engine.tape.training import Ridges
from ui.fonts import mono_font
from ui.plots.colours import mix
from ui.plots.stats import number
from ui.theme import Theme
from ui.training.passes import Passes

_LEFT, _RIGHT, _BELOW, _ABOVE = 64, 12, 24, 12
_OVERLAP = 3.0  # rows that the highest ridge may reach over


class RidgeView(QWidget):
    """Paints Ridges; `chosen` gives the playhead of the row that was clicked."""

    chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ridges: Ridges | None = None
        self._playhead = 0
        self._passes: Passes | None = None
        self.setAccessibleName("Histograms over iterations")
        self.setMinimumHeight(160)

    def set_ridges(self, ridges: Ridges | None) -> None:
        """Show other histograms."""
        self._ridges = ridges
        self.update()

    def set_passes(self, passes: Passes) -> None:
        """Name rows after the passes that they come from."""
        self._passes = passes
        self.update()

    def set_playhead(self, playhead: int) -> None:
        """Light the row that is the latest at the playhead."""
        self._playhead = playhead
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        """Wide and high enough for the rows to be told apart."""
        return QSize(360, 320)

    def baseline(self, row: int) -> float:
        """Return where the ground of a row is, px from above; the latest row is the lowest."""
        assert self._ridges is not None
        count = len(self._ridges.playheads)
        step = (self.height() - _BELOW - _ABOVE) / (count + _OVERLAP - 1)
        return self.height() - _BELOW - (count - 1 - row) * step

    def lit(self) -> int:
        """Return the row that is the latest at the playhead, -1 before the first."""
        rows: list[int] = [] if self._ridges is None else self._ridges.playheads.tolist()
        return sum(playhead <= self._playhead for playhead in rows) - 1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the row whose ground is nearest below the pointer."""
        if self._ridges is None or event.button() != Qt.MouseButton.LeftButton:
            return
        rows = range(len(self._ridges.playheads))
        row = min(rows, key=lambda r: abs(self.baseline(r) - event.position().y() - 4))
        self.chosen.emit(int(self._ridges.playheads[row]))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows from the earliest to the latest."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.canvas))
        if self._ridges is None:
            painter.end()
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self.lit()
        for row in range(len(self._ridges.playheads)):
            self._ridge(painter, row, row == lit)
        self._axis(painter)
        painter.end()

    def _ridge(self, painter: QPainter, row: int, lit: bool) -> None:
        ridges, theme = self._ridges, self._theme
        assert ridges is not None
        count, ground = len(ridges.playheads), self.baseline(row)
        step = (self.height() - _BELOW - _ABOVE) / (count + _OVERLAP - 1)
        tall = _OVERLAP * step / max(float(ridges.shares.max()), 1e-12)
        width = (self.width() - _LEFT - _RIGHT) / len(ridges.shares[row])
        points = [QPointF(_LEFT, ground)]
        points += [
            QPointF(_LEFT + (k + 0.5) * width, ground - float(share) * tall)
            for k, share in enumerate(ridges.shares[row])
        ]
        points.append(QPointF(self.width() - _RIGHT, ground))
        base = theme.accent if lit else theme.families["pointwise"]
        painter.setBrush(mix(theme.canvas, base, 0.55 if lit else 0.3))
        painter.setPen(QPen(QColor(base), 1.4 if lit else 1.0))
        painter.drawPolygon(QPolygonF(points))
        if lit or row in (0, count - 1):
            painter.setFont(mono_font("small"))
            painter.setPen(QColor(theme.text if lit else theme.text_dim))
            box = QRectF(0, ground - 12, _LEFT - 6, 16)
            painter.drawText(
                box,
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                self._label(int(ridges.playheads[row])),
            )

    def _label(self, playhead: int) -> str:
        return f"{playhead if self._passes is None else self._passes.number(playhead):,}"

    def _axis(self, painter: QPainter) -> None:
        ridges = self._ridges
        assert ridges is not None
        painter.setFont(mono_font("small"))
        painter.setPen(QColor(self._theme.text_dim))
        room = QRectF(_LEFT, self.height() - _BELOW + 4, self.width() - _LEFT - _RIGHT, 18)
        ends = (
            (Qt.AlignmentFlag.AlignLeft, ridges.edges[0]),
            (Qt.AlignmentFlag.AlignHCenter, ridges.edges[len(ridges.edges) // 2]),
            (Qt.AlignmentFlag.AlignRight, ridges.edges[-1]),
        )
        for side, value in ends:
            painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, number(value))
