"""The bars and boxes behind a code editor's text: lit, failing, flashing and current lines."""

from __future__ import annotations

from PySide6.QtCore import QObject, QVariantAnimation, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit

from ui.notebook.editing import match_bracket, widened
from ui.notebook.highlight import Highlighter
from ui.theme import Theme

FLASH_MS = 900
_LIT, _ERROR, _CURRENT, _FLASH, _BRACKET = 0.16, 0.16, 0.045, 0.4, 0.28  # opacities
_FOUND, _HERE = 0.22, 0.5
_QUOTED = ("string", "comment")
_NEAR = 10_000  # characters on each side in which a bracket's twin is sought


class Marks(QObject):
    """Keeps an editor's extra selections; lines are 1-based, 0 is none."""

    changed = Signal(object, int, int, object)  # lit lines, failing line, current line, breakpoints

    def __init__(self, editor: QPlainTextEdit, highlighter: Highlighter, theme: Theme) -> None:
        super().__init__(editor)
        self._editor, self._highlighter, self._theme = editor, highlighter, theme
        self.lit: frozenset[int] = frozenset()
        self.stops: frozenset[int] = frozenset()
        self.error = 0
        self._found: list[tuple[int, int, bool]] = []
        self._flash, self._strength = 0, 0.0
        self._animation = QVariantAnimation(self, startValue=1.0, endValue=0.0, duration=FLASH_MS)
        self._animation.valueChanged.connect(self._on_flash)

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self.update()

    def set_lines(self, lit: frozenset[int], error: int, stops: frozenset[int]) -> None:
        """Light lines in the accent colour; mark the one that failed and those with breakpoints."""
        if (lit, error, stops) != (self.lit, self.error, self.stops):
            self.lit, self.error, self.stops = lit, error, stops
            self.update()

    def set_found(self, places: list[tuple[int, int, bool]]) -> None:
        """Mark what a search found: (start, stop) in UTF-16, and whether it is the current one."""
        if places != self._found:
            self._found = places
            self.update()

    def flash(self, line: int) -> None:
        """Let a line glow and fade."""
        self._animation.stop()
        self._flash, self._strength = line, 1.0
        self.update()
        self._animation.start()

    def update(self) -> None:
        """Rebuild all marks for the editor's present text and cursor."""
        current = self._editor.textCursor().blockNumber() + 1 if self._editor.hasFocus() else 0
        wanted = [(current, self._theme.text, _CURRENT)]
        wanted += [(line, self._theme.accent, _LIT) for line in sorted(self.lit)]
        wanted += [(self.error, self._theme.error, _ERROR)]
        wanted += [(self._flash, self._theme.accent, _FLASH * self._strength)]
        bars = [self._bar(*one) for one in wanted if one[0] > 0 and one[2] > 0]
        found = [bar for bar in bars if bar is not None]
        matches = [self._match(*place) for place in self._found]
        self._editor.setExtraSelections(found + matches + self._brackets())
        self.changed.emit(self.lit, self.error, current, self.stops)

    def _on_flash(self, strength: float) -> None:
        self._strength = strength
        self.update()

    def _bar(self, line: int, colour: str, opacity: float) -> QTextEdit.ExtraSelection | None:
        block = self._editor.document().findBlockByNumber(line - 1)
        if not block.isValid():
            return None
        shape = _fill(colour, opacity)
        shape.setProperty(QTextFormat.Property.FullWidthSelection, True)
        return _selection(QTextCursor(block), shape)

    def _match(self, start: int, stop: int, current: bool) -> QTextEdit.ExtraSelection:
        cursor = QTextCursor(self._editor.document())
        last = self._editor.document().characterCount() - 1
        cursor.setPosition(min(start, last))
        cursor.setPosition(min(stop, last), QTextCursor.MoveMode.KeepAnchor)
        return _selection(cursor, _fill(self._theme.accent, _HERE if current else _FOUND))

    def _brackets(self) -> list[QTextEdit.ExtraSelection]:
        cursor = self._editor.textCursor()
        if not self._editor.hasFocus() or cursor.hasSelection():
            return []
        document = self._editor.document()
        start = max(0, cursor.position() - _NEAR)
        near = QTextCursor(document)
        near.setPosition(start)
        near.setPosition(
            min(cursor.position() + _NEAR, document.characterCount() - 1),
            QTextCursor.MoveMode.KeepAnchor,
        )
        text = widened(near.selectedText())
        found = match_bracket(text, cursor.position() - start, lambda at: self._quoted(start + at))
        return [self._box(start + at) for at in found or ()]

    def _box(self, at: int) -> QTextEdit.ExtraSelection:
        cursor = QTextCursor(self._editor.document())
        cursor.setPosition(at)
        cursor.setPosition(at + 1, QTextCursor.MoveMode.KeepAnchor)
        return _selection(cursor, _fill(self._theme.focus, _BRACKET))

    def _quoted(self, at: int) -> bool:
        block = self._editor.document().findBlock(at)
        return self._highlighter.name_at(block.blockNumber(), at - block.position()) in _QUOTED


def _fill(colour: str, opacity: float) -> QTextCharFormat:
    fill = QColor(colour)
    fill.setAlphaF(opacity)
    shape = QTextCharFormat()
    shape.setBackground(fill)
    return shape


def _selection(cursor: QTextCursor, shape: QTextCharFormat) -> QTextEdit.ExtraSelection:
    made = QTextEdit.ExtraSelection()
    made.cursor, made.format = cursor, shape
    return made
