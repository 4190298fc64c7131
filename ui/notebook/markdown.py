"""Rendered markdown in the theme's look; nothing is loaded from anywhere."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from math import ceil
from urllib.parse import unquote

from PySide6.QtCore import QPoint, QRectF, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTextBlock,
    QTextDocument,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from ui.fonts import ui_font
from ui.notebook.maths import readable
from ui.notebook.prose_style import Restyler, is_code, is_quote
from ui.notebook.state import Attachments, joined
from ui.theme import RADIUS, Theme

#: Code stays as it is, maths becomes a placeholder that no markdown rule touches.
_PARTS = re.compile(
    r"(?P<code>^(?P<fence>```+|~~~+)[\s\S]*?(?:^(?P=fence)|\Z)|(?P<tick>`+)[^`][\s\S]*?(?P=tick))"
    r"|\$\$(?P<display>[\s\S]+?)\$\$"
    r"|\\\[(?P<bracket>[\s\S]+?)\\\]"
    r"|(?<![\\$\w])\$(?P<inline>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?![\d$])",
    re.MULTILINE,
)
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(\s*<?(?!attachment:|data:)([^)\s>]*)[^)\n]*\)")
_WIDEST = 480  # px of a picture; wider ones are made smaller
_INDENT = 22  # of a list, px


class MarkdownView(QTextBrowser):
    """Shows one markdown text; links are announced, not followed."""

    link_activated = Signal(str)
    edit_requested = Signal()  # double click
    menu_requested = Signal(QPoint)

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme, self._text = theme, ""
        self._attachments: Attachments = {}
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

    def set_text(self, text: str, attachments: Attachments | None = None) -> None:
        """Render a markdown text and the pictures that it carries with it."""
        self._text, self._attachments = text, attachments or {}
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
        """Return a picture that the text itself holds; a document must not reach out."""
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return None
        return embedded(name if isinstance(name, str) else name.toString(), self._attachments)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw code sheets and quotation bars under the text."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.raised))
        for box in _runs(self.document(), is_code):
            painter.drawRoundedRect(box.adjusted(-8, -5, 8, 5), RADIUS, RADIUS)
        painter.setBrush(QColor(self._theme.border))
        for box in _runs(self.document(), is_quote):
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


def embedded(address: str, attachments: Attachments) -> QImage | None:
    """Return the picture at "attachment:NAME" or "data:image/…;base64,…", at most so wide."""
    scheme, _, rest = address.partition(":")
    encoded = ""
    if scheme == "attachment":
        kinds = attachments.get(unquote(rest), {})
        encoded = next((joined(d) for t, d in kinds.items() if t.startswith("image/")), "")
    elif scheme == "data" and rest.startswith("image/"):
        encoded = rest.partition(";base64,")[2]
    try:
        image = QImage.fromData(base64.b64decode(encoded))
    except (binascii.Error, ValueError):
        return None
    if image.isNull():
        return None
    smooth = Qt.TransformationMode.SmoothTransformation
    return image.scaledToWidth(_WIDEST, smooth) if image.width() > _WIDEST else image


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


def _runs(document: QTextDocument, wanted: Callable[[QTextBlock], bool]) -> Iterator[QRectF]:
    """Yield the boxes around neighbouring blocks of one kind."""
    box, block = QRectF(), document.begin()
    layout = document.documentLayout()
    while block.isValid():
        if wanted(block):
            box = box.united(layout.blockBoundingRect(block))
        elif not box.isNull():
            yield box
            box = QRectF()
        block = block.next()
    if not box.isNull():
        yield box
