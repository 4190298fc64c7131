"""Where the person looks: the mapping between scene units and pixels of the view."""

from __future__ import annotations

from typing import NamedTuple

MIN_SCALE, MAX_SCALE = 1e-4, 4.0


class Rect(NamedTuple):
    """A rectangle; x and y are the upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def grown(self, by: float) -> Rect:
        return Rect(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


class View(NamedTuple):
    """pixel = scene * scale + (dx, dy), in device-independent pixels; `ratio` is the screen's."""

    scale: float
    dx: float
    dy: float
    ratio: float = 1.0

    def to_scene(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.dx) / self.scale, (y - self.dy) / self.scale

    def to_pixel(self, x: float, y: float) -> tuple[float, float]:
        return x * self.scale + self.dx, y * self.scale + self.dy

    def seen(self, width: float, height: float) -> Rect:
        """Return the part of the scene that a view of that many pixels shows."""
        x, y = self.to_scene(0.0, 0.0)
        return Rect(x, y, width / self.scale, height / self.scale)

    def panned(self, by_x: float, by_y: float) -> View:
        return self._replace(dx=self.dx + by_x, dy=self.dy + by_y)

    def zoomed(self, factor: float, x: float, y: float) -> View:
        """Return the view after zooming about the pixel (x, y), which keeps its scene point."""
        scale = min(max(self.scale * factor, MIN_SCALE), MAX_SCALE)
        factor = scale / self.scale
        return self._replace(
            scale=scale, dx=x + (self.dx - x) * factor, dy=y + (self.dy - y) * factor
        )

    def centred(self, x: float, y: float, width: float, height: float) -> View:
        """Return the view of the same scale with the scene point (x, y) in the middle."""
        return self._replace(dx=width / 2 - x * self.scale, dy=height / 2 - y * self.scale)


#: A fitted graph is not shown larger than this, but where the view is large.
LARGEST_FIT, LARGE_VIEW = 1.25, 720.0


def fitted(bounds: Rect, width: float, height: float, ratio: float = 1.0) -> View:
    """Return the view that shows `bounds` whole with a margin.

    A small graph stays at a size that suits the words beside it, larger in a very large view.
    """
    margin = min(22.0, 0.04 * min(width, height))
    largest = min(max(min(width, height) / LARGE_VIEW, LARGEST_FIT), 2.0)
    room_x, room_y = max(width - 2 * margin, 1.0), max(height - 2 * margin, 1.0)
    scale = min(room_x / max(bounds.width, 1.0), room_y / max(bounds.height, 1.0), largest)
    view = View(min(max(scale, MIN_SCALE), MAX_SCALE), 0.0, 0.0, ratio)
    return view.centred(*bounds.centre, width, height)


def between(start: View, end: View, t: float, width: float, height: float) -> View:
    """Return the view at t in 0..1 on the way; the scale moves evenly to the eye (in octaves)."""
    if t >= 1.0:
        return end
    scale = start.scale * (end.scale / start.scale) ** t
    # A point that both views share stays put; for pure pans this is a straight line.
    if abs(end.scale - start.scale) < 1e-9:
        share = t
    else:
        share = (scale - start.scale) / (end.scale - start.scale)
    return View(
        scale, start.dx + (end.dx - start.dx) * share, start.dy + (end.dy - start.dy) * share,
        end.ratio,
    )  # fmt: skip
