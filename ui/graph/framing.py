"""The frames of groups: tinted areas below the graph, and headers that can be read from afar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from ui.graph.batch import draw_rects
from ui.graph.camera import Rect, View
from ui.graph.inks import Inks, mix
from ui.graph.scene import Scene, touching
from ui.graph.types import Frames, NodeId
from ui.graph.words import detail_font, title_font

RADIUS = 10.0
_LEAST, _MOST = 9.5, 13.0  # pixels of a header's letters
_NARROW, _LOW = 44.0, 22.0  # pixels; a smaller frame has no header
_LEADING, _TIGHT = 7.0, 2.0  # pixels that a header is higher than its letters, and at least is
_LOOKED_AT = 150  # frames whose header may stand beside what is in them
_COVERED = 3.0  # pixels that a header may cover of what is below it, or it is left out

_GAP = 6.0
_CLEAR = 5.0  # pixels between a header and a line that comes in beside it


def paint_frames(painter: QPainter, inks: Inks, frames: Frames, view: View, area: Rect) -> None:
    """Fill the frames that touch `area`, outer ones first."""
    if not len(frames):
        return
    depth = depths(frames)
    seen = np.flatnonzero(touching(frames.boxes, area))
    boxes = frames.boxes.astype(np.float64)
    for level in np.unique(depth[seen]).tolist():
        some = boxes[seen[depth[seen] == level]] * view.scale + (view.dx, view.dy, 0.0, 0.0)
        painter.setBrush(frame_fill(inks, level))
        painter.setPen(QPen(frame_border(inks), 1.0))
        if RADIUS * view.scale < 2.0 or len(some) > 400:
            draw_rects(painter, np.round(some) + np.array([0.5, 0.5, -1.0, -1.0]))
            continue
        radius = RADIUS * view.scale
        for x, y, width, height in np.round(some).tolist():
            painter.drawRoundedRect(QRectF(x + 0.5, y + 0.5, width - 1, height - 1), radius, radius)


def outline_frame(painter: QPainter, inks: Inks, frames: Frames, view: View, frame: int) -> None:
    """Draw the outline of a frame that is held."""
    x, y, width, height = frames.boxes[frame].tolist()
    area = QRectF(*view.to_pixel(x, y), width * view.scale, height * view.scale)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(inks.focus, 2.0))
    painter.drawRoundedRect(area, RADIUS * view.scale, RADIUS * view.scale)


def frame_fill(inks: Inks, depth: int) -> QColor:
    """Return the fill of a frame: nested ones differ from what is around them."""
    share = (0.42, 0.72, 0.52, 0.82)[depth % 4]
    return mix(inks.canvas, QColor(inks.theme.raised), share)


def frame_border(inks: Inks) -> QColor:
    return mix(inks.canvas, QColor(inks.theme.card_border), 0.9)


def depths(frames: Frames) -> NDArray[np.int64]:
    """Return how many frames lie around each."""
    depth = np.zeros(len(frames), np.int64)
    around = frames.parents.astype(np.int64)
    while (around >= 0).any():
        depth += around >= 0
        around = np.where(around >= 0, frames.parents[around], -1)
    return depth


@dataclass(frozen=True, slots=True)
class Header:
    """A frame's header as it is on the screen: its area in pixels, and that of its chevron; title:
    as much of the group's name as there is room for."""

    frame: int
    group: NodeId
    title: str
    area: QRectF
    chevron: QRectF


class Rooms(NamedTuple):
    """Where frames have room for their headers.

    above: (g,) scene units from the top of each frame to what is uppermost in it; what lies right
    in frame k, not within another one, is boxes[starts[k]:starts[k + 1]]; lines: (g,) the x of the
    first line from the left that comes in from above, or inf.
    """

    above: NDArray[np.float64]
    boxes: NDArray[np.float64]
    starts: NDArray[np.intp]
    lines: NDArray[np.float64]

    def is_free(self, frame: int, area: Rect) -> bool:
        """Return whether nothing that lies right in a frame touches an area."""
        inside = self.boxes[self.starts[frame] : self.starts[frame + 1]]
        return not touching(inside, area).any()


def rooms_of(scene: Scene) -> Rooms:
    """Return where each frame of a scene has room for its header."""
    frames, g = scene.frames, len(scene.frames)
    if not g:
        return Rooms(np.zeros(0), np.zeros((0, 4)), np.zeros(1, np.intp), np.zeros(0))
    cards = scene.boxes[: len(scene) + len(scene.badges)]
    boxes = np.concatenate([cards, frames.boxes])
    homes = np.concatenate([frames.homes, frames.homes[scene.badges.nodes], frames.parents])
    order = np.argsort(homes, kind="stable")
    starts = np.searchsorted(homes[order], np.arange(g + 1))
    uppermost = np.full(g, np.inf)
    np.fmin.at(uppermost, homes[homes >= 0], boxes[homes >= 0, 1])
    lines, points = np.full(g, np.inf), scene.routes.beziers[:, 0]
    there = np.isfinite(frames.boxes[:, 1])  # what is held elsewhere has no place here
    points = points[np.isfinite(points[:, 1])]
    if there.any():
        lines[there] = _first_lines(frames.boxes[there].astype(np.float64), points)
    return Rooms(uppermost - frames.boxes[:, 1], boxes[order], starts, lines)


def _first_lines(frames: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each frame the x of the first point of a route on its upper side, or inf."""
    first = np.full(len(frames), np.inf)
    tops = np.round(frames[:, 1])
    rows = np.round(points[:, 1])
    low = min(tops.min(), rows.min(initial=np.inf))
    near = np.zeros(int(max(tops.max(), rows.max(initial=-np.inf)) - low) + 3, bool)
    near[np.add.outer((tops - low).astype(np.intp), (0, 1, 2))] = True
    some = near[(rows - low).astype(np.intp) + 1]
    if not some.any():
        return first
    rows, x = rows[some], points[some, 0]
    order = np.lexsort((x, rows))
    width = float(np.ptp(x)) + float(frames[:, 2].max()) + 1.0
    least = float(min(x.min(), frames[:, 0].min()))
    keys = (rows * width + x - least)[order]
    for beside in (-1.0, 0.0, 1.0):  # both are rounded, not always to the same side
        row = tops + beside
        at = np.searchsorted(keys, row * width + frames[:, 0] - least)
        found = order[np.minimum(at, len(order) - 1)]
        fits = (rows[found] == row) & (x[found] >= frames[:, 0])
        fits &= x[found] <= frames[:, 0] + frames[:, 2]
        first = np.where(fits, np.minimum(first, x[found]), first)
    return first


def headers(
    scene: Scene, view: View, size: tuple[float, float], rooms: Rooms | None = None
) -> list[Header]:
    """Return the headers to draw in a view: none over the header of a frame around it, nor over
    what is in the frame. rooms: `rooms_of(scene)`, where it is known."""
    frames = scene.frames
    if not len(frames):
        return []
    pixels = _pixels(view)
    inset_y = min(5.0 * view.scale, 5.0)
    rooms = rooms_of(scene) if rooms is None else rooms
    free = rooms.above * view.scale - inset_y
    heights = np.clip(free, pixels + _TIGHT, pixels + _LEADING)
    boxes = frames.boxes.astype(np.float64) * view.scale + (view.dx, view.dy, 0.0, 0.0)
    fine = (boxes[:, 2] >= _NARROW) & (boxes[:, 3] >= _LOW)
    fine &= touching(frames.boxes, view.seen(*size))
    tight = heights - free > _COVERED  # something lies there, but perhaps only further right
    if np.count_nonzero(fine & tight) > _LOOKED_AT:
        fine &= ~tight
    parents = frames.parents.tolist()
    bold, dim = QFontMetricsF(_title(pixels)), QFontMetricsF(_detail(pixels))
    made: dict[int, Header] = {}
    for k in np.flatnonzero(fine).tolist():
        x, y, width, _ = boxes[k].tolist()
        title, count = scene.captions[k]
        inset = min(8.0 * view.scale, 8.0)
        room = width - 2 * inset
        clear = rooms.lines[k] * view.scale + view.dx - x - inset - _CLEAR
        short = title.partition(" · ")[0]
        if _wanted(bold, title, pixels) > room or (
            _wanted(bold, title, pixels) > clear >= _wanted(bold, short, pixels)
        ):  # rather a name without its class than half of both, or a broken line
            title = short
        wanted = _wanted(bold, title, pixels)
        full = wanted + _GAP + dim.horizontalAdvance(count)
        width = full if full <= min(room, clear) else min(wanted, room)
        height = float(heights[k])
        area = QRectF(x + inset, y + inset_y, width, height)
        if tight[k]:
            if not rooms.is_free(k, _uncovered(area, view)):
                area.setWidth(min(wanted, room))
            if not rooms.is_free(k, _uncovered(area, view)):
                continue
        above = parents[k]
        while above >= 0 and not (above in made and made[above].area.intersects(area)):
            above = parents[above]
        if above >= 0:
            continue
        chevron = QRectF(area.left(), area.top(), pixels + 6.0, height)
        made[k] = Header(k, frames.ids[k], title, area, chevron)
    return list(made.values())


def _wanted(bold: QFontMetricsF, title: str, pixels: float) -> float:
    return pixels + 6.0 + bold.horizontalAdvance(title) + 8.0


def _uncovered(area: QRectF, view: View) -> Rect:
    """Return in scene units where nothing may lie below a header."""
    x, y = view.to_scene(area.x(), area.y())
    return Rect(x, y, area.width() / view.scale, (area.height() - _COVERED) / view.scale)


def paint_headers(
    painter: QPainter, inks: Inks, scene: Scene, view: View, shown: list[Header]
) -> None:
    """Draw headers: an open chevron, the group's name, and how much is in it."""
    pixels = _pixels(view)
    title, detail = _title(pixels), _detail(pixels)
    bold = QFontMetricsF(title)
    depth = depths(scene.frames)
    for header in shown:
        area = header.area
        painter.setPen(Qt.PenStyle.NoPen)
        fill = frame_fill(inks, int(depth[header.frame]))
        painter.setBrush(fill)
        painter.drawRoundedRect(area, 4.0, 4.0)
        middle = header.chevron.center()
        reach = pixels * 0.24
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(inks.text_faint, 1.4, c=Qt.PenCapStyle.RoundCap))
        painter.drawPolyline([
            middle + QPointF(-reach, -reach / 2), middle + QPointF(0.0, reach / 2),
            middle + QPointF(reach, -reach / 2),
        ])  # fmt: skip
        name, (_, count) = header.title, scene.captions[header.frame]
        left = header.chevron.right()
        room = area.right() - left - 2.0
        text = bold.elidedText(name, Qt.TextElideMode.ElideRight, room)
        place = QRectF(left, area.top(), room, area.height())
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        painter.setFont(title)
        painter.setPen(mix(fill, inks.text, 0.86))
        painter.drawText(place, flags, text)
        used = bold.horizontalAdvance(name) + _GAP
        if room - used > 20.0:
            painter.setFont(detail)
            painter.setPen(inks.text_faint)
            painter.drawText(place.adjusted(used, 0.0, 4.0, 0.0), flags, count)


def _pixels(view: View) -> float:
    return min(max(12.0 * view.scale, _LEAST), _MOST * max(view.scale, 1.0))


def _title(pixels: float) -> QFont:
    font = title_font()
    font.setPixelSize(round(pixels))
    return font


def _detail(pixels: float) -> QFont:
    font = detail_font()
    font.setPixelSize(max(round(pixels - 1.0), 8))
    return font
