"""Rendered markdown in the theme's look; nothing is loaded from anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import ceil

from PySide6.QtCore import QPoint, QRectF, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
    QTextTableCell,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from ui.fonts import mono_font, ui_font
from ui.notebook.maths import readable
from ui.theme import RADIUS, SIZES, UI_FONT, Theme

#: Code stays as it is, maths becomes a placeholder that no markdown rule touches.
_PARTS = re.compile(
    r"(?P<code>^(?P<fence>```+|~~~+)[\s\S]*?(?:^(?P=fence)|\Z)|(?P<tick>`+)[^`][\s\S]*?(?P=tick))"
    r"|\$\$(?P<display>[\s\S]+?)\$\$"
    r"|\\\[(?P<bracket>[\s\S]+?)\\\]"
    r"|(?<![\\$\w])\$(?P<inline>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?![\d$])",
    re.MULTILINE,
)
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(\s*<?(?!attachment:|data:)([^)\s>]*)[^)\n]*\)")
_INDENT = 22  # of a list, px
_HEADINGS = {1: 17, 2: 14, 3: 12, 4: 11, 5: 10, 6: 10}  # points


class MarkdownView(QTextBrowser):
    """Shows one markdown text; links are announced, not followed."""

    link_activated = Signal(str)
    edit_requested = Signal()  # double click
    menu_requested = Signal(QPoint)

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme, self._text = theme, ""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        # Otherwise QTextEdit lays out for its own width, which it learns only when it is shown.
        self.setLineWrapMode(QTextBrowser.LineWrapMode.FixedPixelWidth)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.anchorClicked.connect(lambda url: self.link_activated.emit(url.toString()))

    def set_text(self, text: str) -> None:
        """Render a markdown text."""
        self._text = text
        self._render()

    def set_theme(self, theme: Theme) -> None:
        """Render in another theme."""
        self._theme = theme
        self._render()

    def height_for(self, width: int) -> int:
        """Return the height, px, of the text at a width."""
        self.setLineWrapColumnOrWidth(max(width, 40))
        return max(20, ceil(self.document().size().height()))

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Load nothing: a document must not reach out when it is opened."""
        return None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw code sheets and quotation bars under the text."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.raised))
        for box in _runs(self.document(), _is_code):
            painter.drawRoundedRect(box.adjusted(-8, -5, 8, 5), RADIUS, RADIUS)
        painter.setBrush(QColor(self._theme.border))
        for box in _runs(self.document(), _is_quote):
            painter.drawRoundedRect(QRectF(2, box.top(), 3, box.height()), 1.5, 1.5)
        painter.end()
        super().paintEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy and select all; other keys belong to the notebook."""
        standard = QKeySequence.StandardKey
        if event.matches(standard.Copy) or event.matches(standard.SelectAll):
            super().keyPressEvent(event)
        else:
            event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for the text to be edited."""
        self.edit_requested.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave scrolling to the column."""
        event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask the owner for its menu."""
        self.menu_requested.emit(event.globalPos())

    def _render(self) -> None:
        self.ensurePolished()  # the style sheet's font comes first, or it changes the sizes later
        source, maths = prepared(self._text)
        document = self.document()
        document.setDefaultFont(ui_font())
        document.setIndentWidth(_INDENT)
        features = QTextDocument.MarkdownFeature
        document.setMarkdown(source, features.MarkdownDialectGitHub | features.MarkdownNoHTML)
        Restyler(document, self._theme).run(maths)


def prepared(text: str) -> tuple[str, list[str]]:
    """Return markdown with maths and remote pictures taken out, and the maths in order."""
    maths: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match["code"] is not None:
            return match[0]
        inline = match["inline"]
        maths.append(readable(inline or match["display"] or match["bracket"] or ""))
        mark = f"\ue000{len(maths) - 1}\ue001"
        return mark if inline is not None else f"\n\n\ue002{mark}\n\n"

    source = _PARTS.sub(replace, text)
    return _IMAGE.sub(_unloaded, source), maths


def _unloaded(match: re.Match[str]) -> str:
    return f"[{match[1] or 'picture'} (picture, not loaded)](<{match[2]}>)"


class Restyler:
    """Gives a document that Qt read from markdown the look of the theme."""

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
        if _is_code(block):
            edge = 5.0
            shape.setLeftMargin(8)
            shape.setTopMargin(edge + 6 if not _is_code(block.previous()) else 0)
            shape.setBottomMargin(edge + 8 if not _is_code(block.next()) else 0)
            shape.setNonBreakableLines(False)
            shape.clearBackground()
        elif level:
            shape.setTopMargin(0 if first else 14 if level < 3 else 10)
            shape.setBottomMargin(6)
        elif _is_quote(block):
            shape.setLeftMargin(14)
            shape.setBottomMargin(4)
        elif block.textList() is not None:
            shape.setTopMargin(0)
            shape.setBottomMargin(3 if block.next().textList() is not None else 8)
        else:
            shape.setTopMargin(0)
            shape.setBottomMargin(8 if block.next().isValid() else 0)
        spacing = 100 if _is_code(block) else 118
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
        if level:
            made.setFontPointSize(_HEADINGS[level])
            made.setFontWeight(QFont.Weight.DemiBold)
            made.setFontFamilies([UI_FONT])
        if _is_quote(block):
            made.setForeground(QColor(self._theme.text_dim))
        if _is_code(block):
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


def _is_code(block: QTextBlock) -> bool:
    shape = block.blockFormat()
    fence = QTextFormat.Property.BlockCodeFence
    return block.isValid() and (
        shape.hasProperty(fence) or shape.hasProperty(QTextFormat.Property.BlockCodeLanguage)
    )


def _is_quote(block: QTextBlock) -> bool:
    return block.isValid() and bool(
        block.blockFormat().intProperty(QTextFormat.Property.BlockQuoteLevel)
    )


def _runs(document: QTextDocument, wanted: object) -> Iterator[QRectF]:
    """Yield the boxes around neighbouring blocks of one kind."""
    box, block = QRectF(), document.begin()
    layout = document.documentLayout()
    while block.isValid():
        if wanted(block):  # type: ignore[operator]
            box = box.united(layout.blockBoundingRect(block))
        elif not box.isNull():
            yield box
            box = QRectF()
        block = block.next()
    if not box.isNull():
        yield box
