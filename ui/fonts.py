"""The fonts that Tapedeck ships, registered with Qt, and names cut to a width in them."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF

import resources
from ui.theme import MONO_FONT, SIZES, UI_FONT

_FILES = (
    "Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf",
    "JetBrainsMono-Regular.ttf", "JetBrainsMono-Bold.ttf",
)  # fmt: skip

_code_larger = 0  # points that the person adds


@cache
def load_fonts() -> None:
    """Register the shipped fonts; call it once a QGuiApplication exists."""
    for name in _FILES:
        QFontDatabase.addApplicationFont(str(resources.path("fonts", name)))


def ui_font(size: str = "body", weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the interface font; `size` is a key of ui.theme.SIZES."""
    load_fonts()
    font = QFont(UI_FONT, SIZES[size])
    font.setWeight(weight)
    return font


def cut_name(metrics: QFontMetricsF, text: str, width: float) -> str:
    """Return a name that fits `width` pixels, without its middle if it must be.

    Names differ at both ends (`layers.3.weight`), operations at their beginning. Of "one → other"
    both are cut, so that it still says where it leads.
    """
    before, arrow, after = text.partition(" → ")
    if arrow and metrics.horizontalAdvance(text) > width:
        goal = arrow + cut_name(metrics, after, 0.6 * width)
        room = width - metrics.horizontalAdvance(goal)
        return metrics.elidedText(before, Qt.TextElideMode.ElideRight, room) + goal
    how = Qt.TextElideMode.ElideMiddle if "." in text else Qt.TextElideMode.ElideRight
    return metrics.elidedText(text, how, width)


def set_code_size(points: int) -> None:
    """Let the code font have this size, and its smaller one be smaller as before; from then on."""
    global _code_larger
    _code_larger = points - SIZES["body"]


def mono_font(size: str = "body") -> QFont:
    """Return the code font; `size` is a key of ui.theme.SIZES."""
    load_fonts()
    font = QFont(MONO_FONT, max(SIZES[size] + _code_larger, 6))
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font
