"""Shows an image output at its own size, or smaller when the column is narrower."""

from __future__ import annotations

import re

from PySide6.QtCore import QByteArray, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from ui.fonts import ui_font
from ui.notebook.mime import Picture
from ui.theme import RADIUS, Theme

#: References of an SVG that lead out of it; only fragments and embedded data stay.
_OUTSIDE = re.compile(rb"""(?i)\b(xlink:)?href\s*=\s*("(?!#|data:)[^"]*"|'(?!#|data:)[^']*')""")
_NOTHING = (  # one clear pixel
    rb'xlink:href="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'
    rb'AAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="'
)
_LARGEST = 8192  # px; larger pictures are made smaller when they are read


class PictureView(QWidget):
    """One picture; keeps its proportions and never grows beyond its own size."""

    menu_requested = Signal(QPoint)

    def __init__(self, parent: QWidget, picture: Picture, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._wished = picture.width, picture.height
        self._shrunk = QImage()  # for the last size that is smaller than its own
        self._image = QImage()
        self._svg: QSvgRenderer | None = None
        if picture.svg:
            self._svg = QSvgRenderer(QByteArray(_OUTSIDE.sub(_NOTHING, picture.data)), self)
        else:
            self._image.loadFromData(picture.data)
        if max(self._image.width(), self._image.height()) > _LARGEST:
            keep = Qt.AspectRatioMode.KeepAspectRatio
            self._image = self._image.scaled(_LARGEST, _LARGEST, keep)
        self.setAccessibleName(self.caption())

    def caption(self) -> str:
        """Return what a screen reader says, or why there is no picture."""
        size = self.natural_size()
        if size.isEmpty():
            return "Picture that cannot be read"
        return f"Picture, {size.width()} × {size.height()}"

    def natural_size(self) -> QSize:
        """Return the size that the code asked for, or the picture's own; empty: cannot be read."""
        own = self._image.size()
        if self._svg is not None:
            own = self._svg.defaultSize() if self._svg.isValid() else QSize()
        width, height = self._wished
        if own.isEmpty() or not (width or height):
            return own
        width = width or max(round(height * own.width() / own.height()), 1)
        return QSize(width, height or max(round(width * own.height() / own.width()), 1))

    def height_for(self, width: int) -> int:
        """Return the height, px, that the picture takes at a width."""
        size = self.natural_size()
        if size.isEmpty():
            return 24
        return max(1, round(size.height() * min(1.0, width / size.width())))

    def image(self) -> QImage:
        """Return the picture as pixels."""
        if self._svg is None:
            return self._image
        image = QImage(self.natural_size() * 2, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self._svg.render(painter)
        painter.end()
        return image

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        if not self.natural_size().isEmpty():
            QGuiApplication.clipboard().setImage(self.image())

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture on a white sheet: plots are made for paper."""
        painter = QPainter(self)
        size = self.natural_size()
        if size.isEmpty():
            painter.setFont(ui_font())
            painter.setPen(QColor(self._theme.text_faint))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self.caption())
            return
        width = min(self.width(), size.width())
        box = QRectF(0, 0, width, self.height_for(self.width()))
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        sheet = QPainterPath()
        sheet.addRoundedRect(box, RADIUS, RADIUS)
        painter.setClipPath(sheet)
        if self._svg is not None or self._image.hasAlphaChannel():
            painter.fillRect(box, QColor("white"))
        if self._svg is not None:
            self._svg.render(painter, box)
        else:
            painter.drawImage(box, self._fitting(box))

    def _fitting(self, box: QRectF) -> QImage:
        """Return the picture in the device pixels of `box`, if it has more: a painter that shrinks
        takes few of them into account, and thin lines break."""
        size = (box.size() * self.devicePixelRatioF()).toSize()
        if size.width() >= self._image.width():
            return self._image
        if self._shrunk.size() != size:
            self._shrunk = self._image.scaled(
                size,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        return self._shrunk

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask the owner for its menu."""
        self.menu_requested.emit(event.globalPos())
