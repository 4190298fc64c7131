"""Histograms over iterations as ridgelines: the latest in front, a click goes to one.

Each ridge is as high as its fullest bin, so that the shape of each is seen.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QToolTip, QWidget

from engine.tape.training import Ridges
from ui.fonts import mono_font
from ui.plots.colours import mix
from ui.plots.stats import number
from ui.theme import Theme
from ui.training.passes import Passes

_LEFT, _RIGHT, _BELOW, _ABOVE = 56, 12, 24, 12
_BESIDE = 72  # px at the right for what each row reaches over, where that differs
_OVERLAP = 2.2  # rows that the highest ridge may reach over
_LINE = 15.0  # px from one number to the next
_APART = 8  # px between words below the axis
_SIDES = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight


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
        return self.height() - _BELOW - (len(self._ridges.playheads) - 1 - row) * self._step()

    def lit(self) -> int:
        """Return the row that is the latest at the playhead, -1 before the first."""
        rows: list[int] = [] if self._ridges is None else self._ridges.playheads.tolist()
        return sum(playhead <= self._playhead for playhead in rows) - 1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the row whose ground is nearest below the pointer."""
        if self._ridges is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(int(self._ridges.playheads[self._row_at(event.position().y())]))

    def event(self, event: QEvent) -> bool:
        """Tell the row under the pointer in words, beside what every widget does."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._ridges:
            QToolTip.showText(event.globalPos(), self.words(self._row_at(event.pos().y())), self)
            return True
        return bool(super().event(event))

    def words(self, row: int) -> str:
        """Return what a row holds: "pass 3: -0.1 to 0.2, 2 NaN or Inf"."""
        ridges = self._ridges
        assert ridges is not None
        parts = []
        if not math.isnan(ridges.least[row]):
            least, greatest = number(ridges.least[row]), number(ridges.greatest[row])
            parts.append(f"all {least}" if least == greatest else f"{least} to {greatest}")
        if ridges.bad[row]:
            parts.append(f"{ridges.bad[row]:,} NaN or Inf")
        return f"pass {self._label(int(ridges.playheads[row]))}: {', '.join(parts)}"

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows from the earliest to the latest."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.canvas))
        if self._ridges is None:
            painter.end()
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(mono_font("small"))
        self._axis(painter)
        lit, count = self.lit(), len(self._ridges.playheads)
        for row in range(count):
            self._ridge(painter, row, row == lit)
        apart = math.ceil(_LINE / self._step())
        numbered = {count - 1, *range(0, count - apart, apart)}
        for row in sorted(
            {r for r in numbered if abs(r - lit) >= apart} | ({lit} if lit >= 0 else set())
        ):
            self._numbers(painter, row, row == lit)
        painter.end()

    def _step(self) -> float:
        """Return the px from one row to the next."""
        rows = 0 if self._ridges is None else len(self._ridges.playheads)
        return max((self.height() - _BELOW - _ABOVE) / (rows + _OVERLAP - 1), 1e-3)

    def _across(self) -> QRectF:
        """Return where ridges are, from the highest's top to the ground of the last."""
        ridges = self._ridges
        told = ridges is not None and (ridges.own or bool(ridges.bad.any()))
        right = self.width() - (_BESIDE if told else _RIGHT)
        return QRectF(_LEFT, _ABOVE, right - _LEFT, self.height() - _BELOW - _ABOVE)

    def _row_at(self, y: float) -> int:
        assert self._ridges is not None
        rows = range(len(self._ridges.playheads))
        return min(rows, key=lambda row: abs(self.baseline(row) - y - 4))

    def _ridge(self, painter: QPainter, row: int, lit: bool) -> None:
        ridges, theme = self._ridges, self._theme
        assert ridges is not None
        ground, across, shares = self.baseline(row), self._across(), ridges.shares[row]
        tall = _OVERLAP * self._step() / max(float(shares.max()), 1e-12)
        width = across.width() / len(shares)
        points = [QPointF(across.left(), ground)]
        points += [
            QPointF(across.left() + (k + 0.5) * width, ground - float(share) * tall)
            for k, share in enumerate(shares)
        ]
        points.append(QPointF(across.right(), ground))
        base = (
            theme.accent if lit else theme.error if ridges.bad[row] else theme.families["pointwise"]
        )
        painter.setBrush(mix(theme.canvas, base, 0.55 if lit else 0.3))
        painter.setPen(QPen(QColor(base), 1.4 if lit else 1.0))
        painter.drawPolygon(QPolygonF(points))

    def _numbers(self, painter: QPainter, row: int, lit: bool) -> None:
        """Write a row's pass, and at the right what it reaches over where rows differ in that."""
        ridges, theme, across = self._ridges, self._theme, self._across()
        assert ridges is not None
        top, middle = self.baseline(row) - 12, Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(theme.text if lit else theme.text_dim))
        left = QRectF(0, top, _LEFT - 6, 16)
        label = self._label(int(ridges.playheads[row]))
        painter.drawText(left, Qt.AlignmentFlag.AlignRight | middle, label)
        if ridges.own or ridges.bad[row]:
            if ridges.bad[row]:
                painter.setPen(QColor(theme.error))
            room = QRectF(across.right() + 6, top, self.width() - across.right() - 8, 16)
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | middle, self._reach(row))

    def _reach(self, row: int) -> str:
        """Return what a row reaches over in few letters, or that not all of it is finite."""
        ridges = self._ridges
        assert ridges is not None
        if ridges.bad[row]:
            return f"{ridges.bad[row]:,} NaN"
        low, high = ridges.low[row], ridges.high[row]
        if ridges.least[row] == ridges.greatest[row]:
            return f"= {number(ridges.least[row], 3)}"
        return f"±{number(high, 2)}" if low == -high else f"{number(low, 2)}…{number(high, 2)}"

    def _label(self, playhead: int) -> str:
        return f"{playhead if self._passes is None else self._passes.number(playhead):,}"

    def _axis(self, painter: QPainter) -> None:
        """Draw a line at zero, where that is in the middle, and write what is across below."""
        ridges, across = self._ridges, self._across()
        assert ridges is not None
        low, high = float(ridges.low[0]), float(ridges.high[0])
        if bool((ridges.low == -ridges.high).all()):
            painter.setPen(QPen(QColor(self._theme.border), 1))
            painter.drawLine(
                QPointF(across.center().x(), _ABOVE), QPointF(across.center().x(), across.bottom())
            )
        painter.setPen(QColor(self._theme.text_dim))
        texts = [number(low), number((low + high) / 2), number(high)]
        if ridges.own:
            even = bool((ridges.low == -ridges.high).all())
            texts = ["−reach", "0", "+reach"] if even else ["least", "", "greatest"]
        wide = painter.fontMetrics().horizontalAdvance
        if sum(map(wide, texts)) + 2 * _APART > across.width():
            texts[1] = ""  # the line there says it, or the ends do
        if not ridges.own and sum(map(wide, texts)) + _APART > across.width():
            texts = [number(low, 2), "", number(high, 2)]
        room = QRectF(across.left(), across.bottom() + 4, across.width(), 18)
        for side, text in zip(_SIDES, texts, strict=True):
            painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)
