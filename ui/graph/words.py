"""The words on a card: which fit at a scale, how large they are, and where they stand.

Far away the words shrink less than the card, so that they can be read for longer; what then has
no room is said in short ("MulBackward0" as "Mul", "float32[4, 2]" as "[4, 2]") or left out.
"""

from __future__ import annotations

import re
from functools import lru_cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QStaticText

from ui.fonts import cut_name, load_fonts
from ui.graph.camera import Rect
from ui.graph.inks import CardInk
from ui.graph.scene import Card, is_pill
from ui.theme import MONO_FONT, UI_FONT

TITLE, DETAIL = 13, 11  # font sizes, scene units
PAD_LEFT, PAD_RIGHT, PAD_PILL = 15.0, 16.0, 20.0
SLACK = 2.5  # that words may have too little: cards lie on whole pixels and differ by so much
NAME_GAP = 12.0  # between an operation and the name of its result
#: Pixels that words do not shrink below while they have room, and then those without.
READABLE_TITLE, READABLE_DETAIL, LEAST_TITLE, LEAST_DETAIL = 10.5, 9.0, 8.4, 7.5
#: Below this scale cards have no words.
WORDS_FROM = 0.23
_SIZES = (
    11,
    13,
    15,
    16,
    18,
    20,
    22,
    25,
    28,
    31,
    34,
    38,
)  # few, so that words are rarely shaped anew
_CAP = 0.727  # height of capitals, in font sizes
_ASCENT = {True: 0.97, False: 1.02}  # of a line of title, of detail, in font sizes
_GAP = 9.0  # between title and detail

_BACKWARD = re.compile(r"(?<=.)Backward\d*$")
_MODULES = re.compile(r"^(?:\w+\.)+(?=[^\W\d])")
_DTYPE = re.compile(r"^(?:bool|u?int\d+|b?float\d+|complex\d+)(?: (?=[\d-])|(?=\[))")
_BEFORE = re.compile(r"^(∂ )?.+?(?=[→≠Δ] )")

#: One line: title or detail, font size, text, room for it.
_Line = tuple[bool, int, str, int]


def title_font(pixels: int = TITLE) -> QFont:
    return _font(UI_FONT, pixels, QFont.Weight.DemiBold)


def detail_font(pixels: int = DETAIL) -> QFont:
    return _font(MONO_FONT, pixels, QFont.Weight.Normal)


def _font(family: str, pixels: int, weight: QFont.Weight) -> QFont:
    load_fonts()
    font = QFont(family)
    font.setPixelSize(pixels)
    font.setWeight(weight)
    # Hinted advances differ from zoom to zoom; the words must keep their place in the card.
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


@lru_cache(maxsize=4096)
def short_title(title: str) -> str:
    """Return a grad_fn's name without what its colour says, a module's without its class."""
    return "AccGrad" if title == "AccumulateGrad" else _BACKWARD.sub("", title).partition(" · ")[0]


@lru_cache(maxsize=4096)
def short_leaf(title: str) -> str:
    """Return the last part of a parameter's name: "weight" of "fc1.weight"."""
    return _MODULES.sub("", title)


@lru_cache(maxsize=4096)
def short_detail(detail: str) -> str:
    """Return a detail without its dtype: shape or value alone; of a group how much is in it."""
    return _DTYPE.sub("", detail).partition(" · ")[0]


@lru_cache(maxsize=4096)
def least_detail(detail: str) -> str:
    """Return of "0.5 → 0.7" and "[4, 2] Δ 0.3" only what is new; any other detail in short."""
    return _BEFORE.sub(r"\1", short_detail(detail))


@lru_cache(maxsize=1024)
def sizes_at(scale: float, height: float, two_lines: bool) -> tuple[int, int, int]:
    """Return the sizes, in scene units, of title, of a title with little room, and of detail.

    The last is 0 where the card's height leaves no room for two lines that can be read.
    """
    title = _at_least(TITLE, READABLE_TITLE / scale)
    detail = _at_least(DETAIL, READABLE_DETAIL / scale)
    if not two_lines or _CAP * (title + detail) + 0.3 * detail > height - 7.0 / scale:
        detail = 0
    highest = (height - 2.0 / scale) / _CAP
    title = max(TITLE, min(title, int(highest)))
    return title, min(title, _at_least(TITLE, LEAST_TITLE / scale)), detail


def _room(width: float, pill: bool, size: int) -> tuple[float, int]:
    """Return where words begin in a card and how much room they have; large ones take padding."""
    grown = 0.9 * (size - TITLE)
    if pill:
        left = right = max(PAD_PILL - grown, 9.0)
    else:
        left, right = max(PAD_LEFT - grown, 10.0), max(PAD_RIGHT - grown, 8.0)
    return left, int(width - left - right)


def _at_least(usual: int, wanted: float) -> int:
    """Return the smallest of the sizes in use that is no smaller than both."""
    return next((size for size in _SIZES if size >= max(usual, wanted)), _SIZES[-1])


class Words:
    """Draws the words of cards; keeps them shaped, so that one serves one thread."""

    def __init__(self) -> None:
        self._lines: dict[_Line, tuple[QStaticText, float]] = {}
        self._fonts: dict[tuple[bool, int], tuple[QFont, QFontMetricsF]] = {}
        self._widths: dict[tuple[bool, int, str], float] = {}

    def draw(self, painter: QPainter, card: Card, box: Rect, ink: CardInk, scale: float) -> None:
        """Draw a card's words; the painter's origin is the card's corner, in scene units."""
        pill = is_pill(card.shape)
        title, least, detail = sizes_at(scale, box.height, bool(card.detail))
        if least * scale < LEAST_DETAIL:
            return
        left, room = _room(box.width, pill, title)
        short = short_leaf(card.title) if pill else short_title(card.title)
        # A short name before small letters: side by side all look the same; but a leaf's says less.
        wide, narrow = (True, title, short), (True, least, card.title)
        between = (narrow, wide) if pill else (wide, narrow)
        first = self._fitting(room, (True, title, card.title), *between, (True, least, short))
        size = first[1]
        below = min(_GAP, 0.55 * detail) + _CAP * detail  # from base line to base line
        block = _CAP * size + (below + 0.08 * size) * bool(detail)
        base = (box.height - block) / 2 + _CAP * size  # where the title's letters stand
        width = self._line(painter, first, pill, left, base - _ASCENT[True] * size, ink.title)
        if not detail:
            return
        top = base - _ASCENT[False] * detail
        if card.name and room - width > NAME_GAP:
            name = (False, detail, card.name, int(room - width - NAME_GAP))
            self._line(painter, name, False, left + width + NAME_GAP, top, ink.name)
        short, small = short_detail(card.detail), detail
        if DETAIL * scale >= LEAST_DETAIL and least_detail(card.detail) != short:
            small = DETAIL  # of two numbers rather both, smaller, than one
        second = self._fitting(
            room, (False, detail, card.detail), (False, detail, short), (False, small, short),
            (False, detail, least_detail(card.detail)),
        )  # fmt: skip
        self._line(painter, second, pill, left, top + below, ink.detail)

    def _fitting(self, room: int, *choices: tuple[bool, int, str]) -> _Line:
        """Return the first choice that has room, or the last, which then is elided."""
        for choice in choices:
            width = self._widths.get(choice)
            if width is None:
                _, metrics = self._font(choice[0], choice[1])
                width = self._widths[choice] = metrics.horizontalAdvance(choice[2])
            if width <= room + SLACK:
                break
        return (*choice, room)

    def _line(
        self, painter: QPainter, line: _Line, centred: bool, left: float, top: float, colour: QColor
    ) -> float:
        """Draw one line of words; return how wide they are."""
        words, width = self._lines.get(line) or self._shape(line)
        painter.setFont(self._font(line[0], line[1])[0])
        painter.setPen(colour)
        x = left + (line[3] - width) / 2 if centred else left
        painter.drawStaticText(QPointF(x, top), words)
        return width

    def _font(self, title: bool, size: int) -> tuple[QFont, QFontMetricsF]:
        found = self._fonts.get((title, size))
        if found is None:
            font = title_font(size) if title else detail_font(size)
            found = self._fonts[title, size] = font, QFontMetricsF(font)
        return found

    def _shape(self, line: _Line) -> tuple[QStaticText, float]:
        title, size, text, room = line
        font, metrics = self._font(title, size)
        fitting = cut_name(metrics, text, room + SLACK)
        words = QStaticText(fitting)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.prepare(font=font)
        self._lines[line] = words, metrics.horizontalAdvance(fitting)
        return self._lines[line]
