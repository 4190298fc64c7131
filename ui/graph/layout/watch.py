"""Progress of a layout, and the question whether to go on."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float], None]
PREPARED = 0.05  # the part of progress that comes before the sections


class LayoutCancelled(Exception):
    """Raised by `lay_out` when `cancelled` said so."""


class Watch:
    """Tells of progress and asks whether to go on."""

    def __init__(self, progress: Progress | None, cancelled: Callable[[], bool] | None) -> None:
        self._progress, self._cancelled = progress, cancelled

    def __call__(self, part: float) -> None:
        if self._cancelled is not None and self._cancelled():
            raise LayoutCancelled
        if self._progress is not None:
            self._progress(part)

    def quiet(self) -> Watch:
        """Return one that asks, but tells nothing."""
        return Watch(None, self._cancelled)

    def within(self, start: float, share: float) -> Progress:
        """Return a watch on a share of the sections' work, which follows the preparations."""
        return lambda part: self(PREPARED + (1 - PREPARED) * (start + part * share))
