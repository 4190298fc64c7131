"""Paints the tracks of a tape into a pixmap, binned per pixel so that its length hardly matters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from ui.fonts import mono_font, ui_font
from ui.plots.colours import faded, mix
from ui.theme import Theme
from ui.transport.tracks import Indices, Tracks

#: Above this many visible blocks they are drawn as merged runs of pixels.
_LABELLED = 12.0  # points of a block below which no words are tried
_MOST_BLOCKS = 300
#: Pixels per event from which each event is a block of its own.
_SEPARATE = 4.0


@dataclass(frozen=True, slots=True)
class Lanes:
    """Vertical places (top, height) in points of the bands of a timeline of some height."""

    cells: tuple[float, float]
    iterations: tuple[float, float]  # of no height where there are none
    forward: tuple[float, float]
    backward: tuple[float, float]
    grads: tuple[float, float]

    @classmethod
    def of_height(cls, height: float, iterations: bool = False) -> Lanes:
        ruler, gap, bottom = 17.0, 3.0, 4.0
        band = 14.0 if iterations else 0.0
        unit = (height - ruler - band - bottom - 3 * gap) / 13
        top = ruler + band + gap
        return cls(
            (0.0, ruler),
            (ruler, band),
            (top, 5 * unit),
            (top + 5 * unit + gap, 5 * unit),
            (top + 10 * unit + 2 * gap, 3 * unit),
        )


@dataclass(frozen=True, slots=True)
class Window:
    """The visible stretch of time: events `low` to `high` over `width` points from `left`."""

    low: float
    high: float
    left: float
    width: float

    @property
    def pixels_per_event(self) -> float:
        return self.width / max(self.high - self.low, 1e-9)

    def x(self, event: float) -> float:
        return self.left + (event - self.low) * self.pixels_per_event

    def event(self, x: float) -> float:
        return self.low + (x - self.left) / self.pixels_per_event


def paint(
    tracks: Tracks, window: Window, width: int, height: int, scale: float, theme: Theme
) -> QPixmap:
    """Return the timeline without its playhead, sized in points for a screen of `scale`."""
    pixmap = QPixmap(round(width * scale), round(height * scale))
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    lanes = Lanes.of_height(height, len(tracks.iterations) > 0)
    brush = _Brush(painter, tracks, window, lanes, scale, theme)
    try:
        brush.beds()
        brush.iterations()
        brush.forward()
        brush.backward()
        brush.grads()
        brush.cells()
        brush.errors(height)
    finally:
        painter.end()  # a pixmap that goes before its painter takes the process along
    return pixmap


def _round_step(least: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 ... that is at least so large."""
    power = 1
    while True:
        for unit in (1, 2, 5):
            if unit * power >= least:
                return unit * power
        power *= 10


class _Brush:
    """One painting of one window."""

    def __init__(
        self,
        painter: QPainter,
        tracks: Tracks,
        window: Window,
        lanes: Lanes,
        scale: float,
        theme: Theme,
    ) -> None:
        self.painter, self.tracks, self.window = painter, tracks, window
        self.lanes, self.scale, self.theme = lanes, scale, theme
        self.columns = max(round(window.width * scale), 1)
        self.edges = np.linspace(window.low, window.high, self.columns + 1)

    # -- tracks ---------------------------------------------------------------------------------

    def beds(self) -> None:
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(QColor(self.theme.raised))
        for top, height in (self.lanes.forward, self.lanes.backward, self.lanes.grads):
            self.painter.drawRoundedRect(
                QRectF(self.window.left, top, self.window.width, height), 3, 3
            )

    def iterations(self) -> None:
        """Draw a numbered block per iteration; where they are narrow, numbers at round ones."""
        rows = self._visible(self.tracks.iterations)
        if not len(rows):
            return
        first = int(np.searchsorted(self.tracks.iterations[:, 1], self.window.low, "right"))
        top, height = self.lanes.iterations
        bands = [QColor(self.theme.raised), mix(self.theme.raised, self.theme.text_faint, 0.3)]
        blocks = len(rows) <= _MOST_BLOCKS
        self.painter.setPen(Qt.PenStyle.NoPen)
        for number, (low, high) in enumerate(rows.tolist() if blocks else (), first):
            self.painter.setBrush(bands[number % 2])
            left, right = self.window.x(low), self.window.x(high)
            self.painter.drawRect(QRectF(left, top, right - left, height))
        self.painter.setFont(ui_font("small"))
        metrics = self.painter.fontMetrics()
        widest = metrics.horizontalAdvance(f"{first + len(rows):,}") + 14.0
        left, right = (self.window.x(place) for place in (rows[0, 0], rows[-1, 1]))
        step = _round_step(widest * len(rows) / max(min(right - left, self.window.width), 1.0))
        skipped, free = -(first + 1) % step, self.window.left
        for place, low in enumerate(rows[skipped::step, 0].tolist()):
            text = f"{first + 1 + skipped + place * step:,}"
            left = max(self.window.x(low), self.window.left)
            words = QRectF(left + 5, top, metrics.horizontalAdvance(text) + 2, height)
            if words.right() > self.window.left + self.window.width:
                words.moveRight(left - 4)
            if min(left, words.left()) < free:
                continue
            free = max(words.right(), left) + 4
            self.painter.setPen(QPen(QColor(self.theme.text_faint), 1))
            self.painter.drawLine(QLineF(left, top + 1, left, top + height - 1))
            self.painter.setPen(QColor(self.theme.text_dim))
            self.painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter), text)

    def forward(self) -> None:
        even = QColor(self.theme.edge)
        odd = mix(self.theme.edge, self.theme.families["matmul"], 0.30)
        rows = self._visible(self.tracks.segments)
        if len(rows) > _MOST_BLOCKS:
            self._runs(self.tracks.forward, self.lanes.forward, even)
            return
        for low, high, cell in rows.tolist():
            colour = odd if cell % 2 else even
            separate = self._separate(self.tracks.forward, low, high)
            self._blocks(low, high, separate, self.lanes.forward, colour)

    def backward(self) -> None:
        rows = self._visible(self.tracks.passes)
        if len(rows) > _MOST_BLOCKS:
            self._runs(self.tracks.steps, self.lanes.backward, QColor(self.theme.grad_edge))
            return
        first = int(np.searchsorted(self.tracks.passes[:, 1], self.window.low, "right"))
        for number, (low, high) in enumerate(rows.tolist(), first + 1):
            self._pass(number, low, high)

    def grads(self) -> None:
        self._ticks(self.tracks.added, self.lanes.grads, QColor(self.theme.visited_border))
        cleared = self._near(self.tracks.cleared)
        top, height = self.lanes.grads
        pen = QPen(QColor(self.theme.text_dim), 1.2)
        self.painter.setPen(pen)
        self.painter.setBrush(QColor(self.theme.panel))
        radius = min(height / 2 - 1, 3.2)
        if len(cleared) <= _MOST_BLOCKS:
            for x in self._centres(cleared).tolist():
                self.painter.drawEllipse(QPointF(x, top + height / 2), radius, radius)
        else:
            self._runs(self.tracks.cleared, (top, 2.0), QColor(self.theme.text_dim))

    def cells(self) -> None:
        """Draw where cells begin, with as many of their numbers as there is room for."""
        begins = self._near(self.tracks.cells)
        first = int(np.searchsorted(self.tracks.cells, self.window.low, "left"))
        font = mono_font("small")
        self.painter.setFont(font)
        line, text = QColor(self.theme.border), QColor(self.theme.text_dim)
        xs = (self.window.left + (begins - self.window.low) * self.window.pixels_per_event).tolist()
        bottom = self.lanes.grads[0] + self.lanes.grads[1]
        room = -1e9
        metrics = self.painter.fontMetrics()
        for i, x in enumerate(xs):
            if len(xs) <= _MOST_BLOCKS:
                self.painter.setPen(QPen(line, 1))
                self.painter.drawLine(QLineF(x, 3, x, bottom))
            label = f"[{self.tracks.counts[first + i]}]"
            wide = metrics.horizontalAdvance(label)
            if x > room and x + wide < self.window.left + self.window.width:
                self.painter.setPen(text)
                self.painter.drawText(QPointF(x + 3, self.lanes.cells[1] - 4), label)
                room = x + wide + 10

    def errors(self, height: float) -> None:
        colour = QColor(self.theme.error)
        self.painter.setPen(QPen(colour, 1.6))
        bottom = self.lanes.grads[0] + self.lanes.grads[1]
        self.painter.setBrush(colour)
        found = self._near(self.tracks.errors)
        for x in np.unique(np.round(self._centres(found))).tolist():
            self.painter.drawLine(QLineF(x, self.lanes.forward[0], x, bottom))
            self.painter.drawEllipse(QPointF(x, self.lanes.forward[0]), 2.6, 2.6)

    # -- shapes -----------------------------------------------------------------------------------

    def _pass(self, number: int, low: int, high: int) -> None:
        theme, lane = self.theme, self.lanes.backward
        left, right = self.window.x(low), self.window.x(high)
        box = QRectF(left, lane[0], max(right - left, 1.0), lane[1])
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(QColor(theme.grad_fill))
        self.painter.drawRoundedRect(box, 3, 3)
        separate = self._separate(self.tracks.steps, low, high)
        fill = mix(theme.grad_edge, theme.grad_fill, 0.25)
        self._blocks(low + 1, max(high - 1, low + 2), separate, lane, fill, low)
        if box.width() > _LABELLED:
            self._label(f"pass {number}", box)

    def _label(self, text: str, box: QRectF) -> None:
        view = QRectF(self.window.left, box.top(), self.window.width, box.height())
        seen = box.intersected(view).adjusted(6, 0, -4, 0)
        self.painter.setFont(ui_font("small"))
        metrics = self.painter.fontMetrics()
        if seen.width() > metrics.horizontalAdvance(text) and box.height() >= metrics.ascent():
            self.painter.setPen(QColor(self.theme.grad_title))
            self.painter.drawText(seen, int(Qt.AlignmentFlag.AlignVCenter), text)

    def _blocks(
        self,
        low: int,
        high: int,
        events: Indices | None,
        lane: tuple[float, float],
        colour: QColor,
        start: int | None = None,
    ) -> None:
        """Draw one block, or, where there is room, one for each of its `events`."""
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(colour)
        per = self.window.pixels_per_event
        if events is None:
            left = self.window.x(low if start is None else start)
            box = QRectF(left, lane[0], max(self.window.x(high) - left, 1 / self.scale), lane[1])
            gap = 0.5 if box.width() > 3 else 0.0
            radius = min(3.0, box.width() / 3)
            self.painter.drawRoundedRect(box.adjusted(gap, 0, -gap, 0), radius, radius)
            return
        radius = min(3.0, per / 4)
        for x in (self.window.left + (events - self.window.low) * per).tolist():
            self.painter.drawRoundedRect(QRectF(x + 0.5, lane[0], per - 1, lane[1]), radius, radius)

    def _ticks(self, events: Indices, lane: tuple[float, float], colour: QColor) -> None:
        """Draw a tick per event, or per pixel in which there are some."""
        near = self._near(events)
        if len(near) > self.columns / 4:
            self._runs(events, lane, colour)
            return
        wide = min(max(self.window.pixels_per_event - 1, 2.0), 5.0)
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(colour)
        for x in self._centres(near).tolist():
            self.painter.drawRoundedRect(QRectF(x - wide / 2, lane[0], wide, lane[1]), 1, 1)

    def _runs(self, events: Indices, lane: tuple[float, float], colour: QColor) -> None:
        """Fill the pixels in which there are events; fuller where there are more."""
        counts = np.diff(np.searchsorted(events, self.edges))
        per_column = (self.window.high - self.window.low) / self.columns
        level = np.minimum(np.ceil(counts / max(per_column, 1.0) * 4), 4).astype(np.int8)
        cut = np.flatnonzero(np.diff(level)) + 1
        starts = np.concatenate(([0], cut, [self.columns]))
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        shades = [faded(colour.name(), 0.4 + 0.15 * i) for i in range(5)]
        for a, b in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            if level[a]:
                x = self.window.left + a / self.scale
                box = QRectF(x, lane[0], (b - a) / self.scale, lane[1])
                self.painter.fillRect(box, shades[level[a]])
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)

    # -- what is visible ---------------------------------------------------------------------

    def _visible(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the rows (begin, end, ...) that overlap the window."""
        first = int(np.searchsorted(rows[:, 1], self.window.low, "right"))
        last = int(np.searchsorted(rows[:, 0], self.window.high, "left"))
        return rows[first:last]

    def _near(self, events: Indices) -> Indices:
        low, high = np.searchsorted(events, [self.window.low - 1, self.window.high])
        return events[low:high]

    def _separate(self, events: Indices, low: int, high: int) -> Indices | None:
        """Return the visible events from low to high if each can be a block of its own."""
        if self.window.pixels_per_event < _SEPARATE:
            return None
        near = self._near(events)
        a, b = np.searchsorted(near, [low, high])
        return near[a:b]

    def _centres(self, events: Indices) -> NDArray[np.float64]:
        at = events.astype(np.float64) + 0.5 - self.window.low
        return self.window.left + at * self.window.pixels_per_event
