"""Terminal colours in a theme: xterm's palette, blended and made legible."""

from __future__ import annotations

from functools import lru_cache

from ui.notebook.ansi import Colour
from ui.theme import Theme


def rgb(colour: Colour, theme: Theme) -> str | None:
    """Return "#rrggbb" of a terminal colour: the theme's 16, then xterm's cube and greys."""
    if colour is None or isinstance(colour, str):
        return colour
    if colour < 16:
        return theme.ansi[colour]
    if colour >= 232:
        grey = 8 + 10 * (colour - 232)
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    cube = [0 if c == 0 else 55 + 40 * c for c in divmod_cube(colour - 16)]
    return "#{:02x}{:02x}{:02x}".format(*cube)


def divmod_cube(index: int) -> tuple[int, int, int]:
    """Return the (red, green, blue) steps, 0–5 each, of a colour in xterm's 6×6×6 cube."""
    return index // 36, index // 6 % 6, index % 6


@lru_cache(maxsize=4096)
def legible(colour: str, background: str, ratio: float = 4.5) -> str:
    """Return `colour` moved towards white or black until it can be read on `background`.

    Programs choose colours for a terminal that they do not know; `ratio` is WCAG's contrast.
    """
    fore, back = _channels(colour), _channels(background)
    target = 255 if _luminance(back) < 0.3 else 0
    for part in range(11):
        mixed = [round(c + (target - c) * part / 10) for c in fore]
        if _contrast(_luminance(mixed), _luminance(back)) >= ratio:
            break
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def blend(colour: str, background: str, part: float) -> str:
    """Return `part` of a colour laid over a background."""
    pairs = zip(_channels(colour), _channels(background), strict=True)
    return "#{:02x}{:02x}{:02x}".format(*(round(b + (f - b) * part) for f, b in pairs))


def _channels(colour: str) -> list[int]:
    digits = colour[-6:]
    return [int(digits[i : i + 2], 16) for i in (0, 2, 4)]


def _luminance(channels: list[int]) -> float:
    linear = [((c / 255 + 0.055) / 1.055) ** 2.4 if c > 10 else c / 3294.6 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(a: float, b: float) -> float:
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)
