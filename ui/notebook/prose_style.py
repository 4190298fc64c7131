"""Gives a document that Qt read from markdown the look of the theme."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
    QTextTableCell,
)

from ui.fonts import mono_font
from ui.theme import SIZES, UI_FONT, Theme

_HEADINGS = {1: 17, 2: 14, 3: 12, 4: 11, 5: 10, 6: 10}  # points


class Restyler:
    """Styles one document, once, right after it was read."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        self._document, self._theme = document, theme

    def run(self, maths: list[str]) -> None:
        """Style every block, put the maths in and style tables."""
        block = self._document.begin()
        while block.isValid():
            self._style_block(block)
            block = block.next()
        self._insert(maths)
        for frame in self._document.rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                self._style_table(frame)

    def _style_block(self, block: QTextBlock) -> None:
        shape = block.blockFormat()
        level = shape.headingLevel()
        first = block == self._document.begin()
        if is_code(block):
            edge = 5.0
            shape.setLeftMargin(8)
            shape.setTopMargin(edge + 6 if not is_code(block.previous()) else 0)
            shape.setBottomMargin(edge + 8 if not is_code(block.next()) else 0)
            shape.setNonBreakableLines(False)
            shape.clearBackground()
        elif level:
            shape.setTopMargin(0 if first else 14 if level < 3 else 10)
            shape.setBottomMargin(6)
        elif is_quote(block):
            shape.setLeftMargin(14)
            shape.setBottomMargin(4)
        elif block.textList() is not None:
            shape.setTopMargin(0)
            shape.setBottomMargin(3 if block.next().textList() is not None else 8)
        else:
            shape.setTopMargin(0)
            shape.setBottomMargin(8 if block.next().isValid() else 0)
        spacing = 100 if is_code(block) else 118
        shape.setLineHeight(spacing, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor = QTextCursor(block)
        cursor.setBlockFormat(shape)
        for start, stop, old in list(_fragments(block)):
            cursor.setPosition(start)
            cursor.setPosition(stop, QTextCursor.MoveMode.KeepAnchor)
            cursor.setCharFormat(self._letters(old, block))

    def _letters(self, old: QTextCharFormat, block: QTextBlock) -> QTextCharFormat:
        """Return the new format of one run of letters."""
        made, level = QTextCharFormat(old), block.blockFormat().headingLevel()
        made.clearProperty(QTextFormat.Property.FontSizeAdjustment)
        made.setForeground(QColor(self._theme.text))
        if level or made.fontWeight() > QFont.Weight.DemiBold:
            made.setFontWeight(QFont.Weight.DemiBold)  # the boldest that is shipped; Qt smears it
        if level:
            made.setFontPointSize(_HEADINGS[level])
            made.setFontFamilies([UI_FONT])
        if is_quote(block):
            made.setForeground(QColor(self._theme.text_dim))
        if is_code(block):
            made.setFontFamilies([mono_font().family()])
            made.setFontPointSize(SIZES["body"])
            made.setForeground(QColor(self._theme.code["text"]))
        elif old.fontFixedPitch():
            made.setFontFamilies([mono_font().family()])
            made.setBackground(QColor(self._theme.raised))
            made.setForeground(QColor(self._theme.code["string"]))
            made.setFontPointSize(_HEADINGS[level] if level else SIZES["body"])
        if old.isAnchor():
            made.setForeground(QColor(self._theme.focus))
            made.setFontUnderline(False)
        return made

    def _insert(self, maths: list[str]) -> None:
        shape = QTextCharFormat()
        shape.setFontFamilies([mono_font().family()])
        shape.setFontItalic(True)
        shape.setForeground(QColor(self._theme.code["number"]))
        for number, text in enumerate(maths):
            cursor = self._document.find(f"\ue000{number}\ue001")
            if not cursor.isNull():
                cursor.insertText(text, shape)
        while not (cursor := self._document.find("\ue002")).isNull():
            cursor.removeSelectedText()
            block = cursor.blockFormat()
            block.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            block.setTopMargin(4)
            cursor.setBlockFormat(block)

    def _style_table(self, table: QTextTable) -> None:
        shape = table.format()
        shape.setBorder(1)
        shape.setBorderCollapse(True)
        shape.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        shape.setBorderBrush(QColor(self._theme.border))
        shape.setCellPadding(5)
        shape.setCellSpacing(0)
        shape.setTopMargin(8)
        shape.setBottomMargin(10)
        table.setFormat(shape)
        for row in range(table.rows()):
            for column in range(table.columns()):
                self._style_cell(table.cellAt(row, column), heading=row == 0)

    def _style_cell(self, cell: QTextTableCell, heading: bool) -> None:
        cursor = cell.firstCursorPosition()
        if not cursor.block().text() and cursor.block() != cell.lastCursorPosition().block():
            cursor.deleteChar()  # Qt leaves an empty paragraph in a table that follows code
        block = cursor.blockFormat()
        block.setTopMargin(0)
        block.setBottomMargin(0)
        block.clearProperty(QTextFormat.Property.BlockCodeFence)
        cursor.setBlockFormat(block)
        if not heading:
            return
        look = cell.format()
        look.setBackground(QColor(self._theme.raised))
        cell.setFormat(look)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        bold = QTextCharFormat()
        bold.setFontWeight(QFont.Weight.DemiBold)
        cursor.mergeCharFormat(bold)


def _fragments(block: QTextBlock) -> Iterator[tuple[int, int, QTextCharFormat]]:
    """Yield (start, stop, format) of the runs of a block."""
    at = block.begin()
    while not at.atEnd():
        piece = at.fragment()
        yield piece.position(), piece.position() + piece.length(), piece.charFormat()
        at += 1


def is_code(block: QTextBlock) -> bool:
    shape = block.blockFormat()
    fence = QTextFormat.Property.BlockCodeFence
    return block.isValid() and (
        shape.hasProperty(fence) or shape.hasProperty(QTextFormat.Property.BlockCodeLanguage)
    )


def is_quote(block: QTextBlock) -> bool:
    return block.isValid() and bool(
        block.blockFormat().intProperty(QTextFormat.Property.BlockQuoteLevel)
    )
