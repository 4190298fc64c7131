"""Pictures of a backward replay, frame by frame, as the canvas draws it, without a window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from engine.tape.replay import Moment, state_at
from engine.tape.schema import Event
from engine.tape.tape import Tape
from ui.fonts import mono_font, ui_font
from ui.graph.camera import View, fitted
from ui.graph.cut import Cut
from ui.graph.framing import headers, paint_headers
from ui.graph.previews import Preview
from ui.graph.scene import Scene
from ui.graph.sources import Source, load, sources_at
from ui.graph.stage import Stage
from ui.graph.thumbs import THUMBS_FROM
from ui.graph.tint import TintIndex
from ui.graph.types import Layout, NodeId
from ui.theme import Theme

if TYPE_CHECKING:
    import networkx as nx

STRIP = 34  # pixels below the picture: words and how far it is
LINE = 3  # pixels of the line that shows how far

Pixels = NDArray[np.uint8]


class Shot(NamedTuple):
    """Red, green and blue, (height, width, 3), and for how many frames on end they stay."""

    pixels: Pixels
    frames: int


class Film:
    """Draws the frames of a graph's replay; needs an application, but no window."""

    def __init__(
        self, tape: Tape, graph: nx.MultiDiGraph[NodeId], layout: Layout, theme: Theme,
        size: tuple[int, int], title: str,
    ) -> None:  # fmt: skip
        self._tape, self._theme, self._title = tape, theme, title
        self._tint = TintIndex(tape, graph, layout, hidden=graph.graph.get("hidden") or {})
        self._scene = Scene.build(graph, layout)
        self._arrays: dict[Source, Preview | None] = {}
        self._stage = Stage(theme)
        self._stage.show(self._scene)
        self._image = QImage(*size, QImage.Format.Format_RGB32)
        self._size = float(size[0]), float(size[1] - STRIP)
        view = fitted(self._scene.bounds, *self._size)
        self._view = View(view.scale, round(view.dx), round(view.dy))

    def shots(self, cut: Cut) -> Iterator[Shot]:
        """Yield what the frames of a cut show; drawn only where it changes."""
        shown = -1
        looks = np.stack([cut.frame_stop.astype(np.float64), cut.frame_t], axis=1)
        begins = np.flatnonzero(np.any(np.diff(looks, axis=0), axis=1)) + 1
        for first, end in zip([0, *begins.tolist()], [*begins.tolist(), len(cut)], strict=True):
            stop = int(cut.frame_stop[first])
            if stop != shown:
                shown = stop
                moment = state_at(self._tape, int(cut.stops[stop]))
                self._stage.set_state(self._tint.state(moment))
                self._show_arrays(moment)
            self._stage.stand(float(cut.frame_t[first]))
            yield Shot(self._drawn(cut, first), end - first)

    def _show_arrays(self, moment: Moment) -> None:
        """Show what the cards hold, where they are near enough."""
        if self._view.scale < THUMBS_FROM:
            return
        index = self._scene.index
        wanted = sources_at(self._tape, self._scene.ids, moment)
        for source in set(wanted.values()) - self._arrays.keys():
            self._arrays[source] = load(self._tape, source)
        found = ((index[node], self._arrays[source]) for node, source in wanted.items())
        self._stage.set_previews({at: one for at, one in found if one is not None})

    def _drawn(self, cut: Cut, frame: int) -> Pixels:
        self._stage.finish(self._view, self._size)
        painter = QPainter(self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._stage.paint(painter, self._view, self._size, moving=False)
        inks, shown = self._stage.inks, headers(self._scene, self._view, self._size)
        paint_headers(painter, inks, self._scene, self._view, shown)
        self._stage.paint_active(painter, self._view)
        words = [header.area for header in shown]
        self._stage.paint_step(painter, self._view, self._size, words)
        self._paint_strip(painter, cut, frame)
        painter.end()
        image = self._image.convertToFormat(QImage.Format.Format_RGB888)
        lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
        return lines[:, : 3 * image.width()].reshape(image.height(), -1, 3).copy()

    def _paint_strip(self, painter: QPainter, cut: Cut, frame: int) -> None:
        """Paint where the replay is: in words, and as a line that grows."""
        width, top = self._size
        area = QRectF(0.0, top, width, STRIP)
        painter.fillRect(area, QColor(self._theme.panel))
        painter.fillRect(QRectF(0.0, top, width, LINE), QColor(self._theme.border))
        stop, steps = int(cut.frame_stop[frame]), len(cut.stops) - 1
        part = max(stop - 1 + cut.frame_t[frame], 0.0) / max(steps, 1)
        painter.fillRect(QRectF(0.0, top, width * part, LINE), QColor(self._theme.accent))
        middle = Qt.AlignmentFlag.AlignVCenter
        inner = area.adjusted(16.0, LINE, -16.0, 0.0)
        painter.setFont(ui_font("body"))
        painter.setPen(QColor(self._theme.text))
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | middle, self._title)
        painter.setFont(mono_font("small"))
        painter.setPen(QColor(self._theme.text_dim))
        words = self._words(int(cut.stops[stop]), stop, steps)
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | middle, words)

    def _words(self, playhead: int, stop: int, steps: int) -> str:
        moment = state_at(self._tape, playhead)
        words = [f"pass {moment.pass_ + 1}"]
        if moment.active_kind == Event.STEP:
            words.append(self._tape.text(int(self._tape.nodes["name"][moment.active_node])))
        words.append(f"{stop:,} / {steps:,}")
        return "  ·  ".join(words)
