"""What is written below the plots over training: names and values at the playhead."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape.training import Ridges
from ui.plots.colours import mix
from ui.plots.stats import number
from ui.theme import Theme

NAMED = 8  # lines that are named one by one, and have colours of their own
_HUES = ("pointwise", "loss", "reduction", "normalization", "activation", "random", "inplace")


class Line(NamedTuple):
    """A line of a plot: (k,) playheads and values; NaN: nothing was kept, inf: NaN or Inf."""

    name: str
    playheads: NDArray[np.int64]
    values: NDArray[np.float64]

    def at(self, playhead: int) -> float:
        """Return the latest known value at a playhead, NaN for none."""
        seen = self.values[: int(np.searchsorted(self.playheads, playhead, side="right"))]
        known = seen[~np.isnan(seen)]
        return float(known[-1]) if len(known) else float("nan")


def colours(count: int, theme: Theme) -> list[str]:
    """Return a colour per line: hues for few, of many a ramp from the first to the last."""
    if count <= NAMED:
        return [theme.families[_HUES[i % len(_HUES)]] for i in range(count)]
    ramp = theme.ramp
    places = [i / (count - 1) * (len(ramp) - 1) for i in range(count)]
    lows = [min(int(place), len(ramp) - 2) for place in places]
    return [
        mix(ramp[low], ramp[low + 1], place - low).name()
        for place, low in zip(places, lows, strict=True)
    ]


def legend(
    lines: Sequence[Line], hues: Sequence[str], playhead: int, over: int, unseen: int, theme: Theme
) -> str:  # fmt: skip
    """Return what the lines are called, each in its colour with its value at the playhead.

    Of many: the first and the last, the least and the greatest. over: the line that is pointed at,
    or -1. unseen: parameters that are not plotted.
    """
    if len(lines) <= NAMED:
        parts = [
            _entry(line, hue, playhead, theme, strong=i == over)
            for i, (line, hue) in enumerate(zip(lines, hues, strict=True))
        ]
    else:
        parts = _of_many(lines, hues, playhead, over, theme)
    more = f" &nbsp;and {unseen:,} parameters that are not plotted" if unseen > 1 else ""
    more = " &nbsp;and 1 parameter that is not plotted" if unseen == 1 else more
    return " &nbsp; ".join(parts) + more


def _of_many(
    lines: Sequence[Line], hues: Sequence[str], playhead: int, over: int, theme: Theme
) -> list[str]:
    def entry(i: int, words: str, strong: bool = False) -> str:
        return f"{words}&nbsp;{_entry(lines[i], hues[i], playhead, theme, strong)}"

    values = np.array([line.at(playhead) for line in lines])
    parts = [entry(over, "here", strong=True)] if over >= 0 else []
    finite = np.flatnonzero(np.isfinite(values))
    if len(finite):
        parts.append(entry(int(finite[values[finite].argmax()]), "greatest"))
        parts.append(entry(int(finite[values[finite].argmin()]), "least"))
    first, last = (
        f"<span style='color:{hue}'>●</span>&nbsp;{_bound(line.name)}"
        for line, hue in ((lines[0], hues[0]), (lines[-1], hues[-1]))
    )
    return [*parts, f"{len(lines):,} lines from {first} to {last}"]


def _entry(line: Line, hue: str, playhead: int, theme: Theme, strong: bool = False) -> str:
    value = line.at(playhead)
    told = "–" if np.isnan(value) else number(value)
    if np.isinf(value):
        told = f"<span style='color:{theme.error}'>NaN&nbsp;or&nbsp;Inf</span>"
    words = f"{_bound(line.name)}&nbsp;{told}"
    words = f"<b style='color:{theme.text}'>{words}</b>" if strong else words
    return f"<span style='color:{hue}'>●</span>&nbsp;{words}"


def _bound(words: str) -> str:
    """Return words that stay on one line."""
    return escape(words).replace(" ", "&nbsp;")


def told(ridges: Ridges) -> str:
    """Return in words what is across and what is high in ridges."""
    own = "each on an axis of its own that reaches as far as the right says"
    rows = int((ridges.bad > 0).sum())
    bad = f" {rows:,} of them hold{'s' * (rows == 1)} NaN or Inf." if rows else ""
    return (
        f"{ridges.name}: passes from above down, {own if ridges.own else 'all on one axis'}; "
        f"each ridge is as high as its fullest bin.{bad}"
    )
