"""Small parts of the inspector: elided words, link rows, the source line, foldable sections."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QEnterEvent,
    QFont,
    QFontMetrics,
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.fonts import cut_name, mono_font, ui_font
from ui.icons import pixmap
from ui.theme import RADIUS, Theme


class Row(QAbstractButton):
    """A flat row of the inspector that can be clicked, reached by Tab and copied from."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hovered = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def words(self) -> str:
        """Return what Copy copies."""
        return self.text()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = False
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.isEnabled():
            self.click()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        copy = QAction("Copy", menu)
        copy.triggered.connect(self._copy)
        menu.addAction(copy)
        menu.exec(event.globalPos())

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.sizeHint().height())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.words())

    def _paint_ground(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(QColor(self._theme.focus), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
        lit = self.isEnabled() and self._hovered
        painter.setBrush(QColor(self._theme.hover) if lit else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, RADIUS - 2, RADIUS - 2)


class ValueEdit(QLineEdit):
    """Words to read, select and copy; elided until they are clicked or reached by Tab."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setFrame(False)
        self.setMinimumWidth(40)

    def paintEvent(self, event: QPaintEvent) -> None:
        wide = _wide(self.font(), self.text()) > self.width() - 4
        if self.hasFocus() or not wide:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        box = QRectF(self.rect()).adjusted(2, 0, -2, 0)
        painter.drawText(box, _MIDDLE, _elide(self.font(), self.text(), box.width()))
        painter.end()


class LinkRow(Row):
    """ "0  MulBackward0 → w      float32[3]": slot, text and detail of a link to another node."""

    def __init__(self, slot: str, text: str, detail: str, live: bool, theme: Theme) -> None:
        super().__init__(theme)
        self.setText(text)
        self._slot, self._detail = slot, detail
        self.setEnabled(live)
        if live:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(" ".join(filter(None, (slot, text, detail))))
        self.setToolTip("\n".join(filter(None, (text, detail))))

    def words(self) -> str:
        return "  ".join(filter(None, (self.text(), self._detail)))

    def sizeHint(self) -> QSize:
        return QSize(200, 26)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint_ground(painter)
        theme, height = self._theme, self.height()
        small, left = mono_font("small"), 8.0
        if self._slot:
            painter.setFont(small)
            painter.setPen(QColor(theme.text_faint))
            painter.drawText(QRectF(left, 0, 24, height), _MIDDLE, self._slot)
            left += QFontMetrics(small).horizontalAdvance(self._slot) + 8
        body = ui_font("body", QFont.Weight.Medium)
        room = self.width() - left - 8
        detail = _elide(small, self._detail, max(room * 0.5, room - _wide(body, self.text()) - 10))
        taken = _wide(small, detail)
        painter.setFont(body)
        painter.setPen(QColor(theme.focus if self.isEnabled() else theme.text_dim))
        text = _elide(body, self.text(), room - taken - (10 if detail else 0))
        painter.drawText(QRectF(left, 0, room, height), _MIDDLE, text)
        painter.setFont(small)
        painter.setPen(QColor(theme.text_dim))
        painter.drawText(QRectF(left, 0, room, height), _MIDDLE_RIGHT, detail)
        painter.end()


class SourceRow(Row):
    """The line of code, and where it is."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._place = ""

    def set_line(self, text: str, place: str, live: bool) -> None:
        """Show a line; `text` may be empty where the code is not on the tape."""
        self.setText(text.strip())
        self._place = place
        self.setEnabled(live)
        self.setCursor(Qt.CursorShape.PointingHandCursor if live else Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(f"Source line: {place}. {text.strip()}")
        self.setToolTip("\n".join(filter(None, (text.strip(), place))))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 48 if self.text() else 30)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, box = self._theme, QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        lit = self.isEnabled() and self._hovered
        painter.setPen(QPen(QColor(theme.focus if self.hasFocus() else theme.border), 1))
        painter.setBrush(QColor(theme.hover if lit else theme.canvas))
        painter.drawRoundedRect(box, RADIUS - 2, RADIUS - 2)
        inside = box.adjusted(10, 5, -10, -5)
        if self.text():
            painter.setFont(mono_font("body"))
            painter.setPen(QColor(theme.code["text"]))
            line = QRectF(inside.x(), inside.y(), inside.width(), inside.height() / 2)
            text = _elide(painter.font(), self.text(), inside.width())
            painter.drawText(line, _MIDDLE, text)
            inside.setTop(line.bottom())
        painter.setFont(ui_font("small"))
        painter.setPen(QColor(theme.text_dim))
        painter.drawText(inside, _MIDDLE, _elide(painter.font(), self._place, inside.width()))
        painter.end()


class SectionTitle(Row):
    """The title row of a section, with a chevron that folds it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.setCheckable(True)
        self.setChecked(True)
        self._note = ""

    def set_words(self, title: str, note: str = "") -> None:
        if (title, note) != (self.text(), self._note):
            self.setText(title)
            self._note = note
            self.setAccessibleName(f"{title} {note}".strip())
            self.setToolTip(f"{title}\n{note}".strip())
            self.update()

    def words(self) -> str:
        return f"{self.text()} {self._note}".strip()

    def sizeHint(self) -> QSize:
        return QSize(200, 26)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._paint_ground(painter)
        theme, scale = self._theme, self.devicePixelRatioF()
        name = "chevron_down" if self.isChecked() else "chevron_right"
        top = (self.height() - 14) / 2
        painter.drawPixmap(
            QRectF(2, top, 14, 14),
            pixmap(name, theme.text_dim, 14, scale),
            QRectF(0, 0, 14 * scale, 14 * scale),
        )
        font, small = ui_font("body", QFont.Weight.DemiBold), ui_font("small")
        room = self.width() - 26.0
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        text = cut_name(QFontMetricsF(font), self.text(), room)
        painter.drawText(QRectF(20, 0, room, self.height()), _MIDDLE, text)
        taken = _wide(font, text) + 10
        painter.setFont(small)
        painter.setPen(QColor(theme.text_dim))
        note = _elide(small, self._note, room - taken)
        painter.drawText(QRectF(20, 0, room, self.height()), _MIDDLE_RIGHT, note)
        painter.end()


class Section(QWidget):
    """A titled, foldable part of the inspector; it stays folded while the nodes change."""

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, theme: Theme) -> None:
        super().__init__()
        self.title = SectionTitle(theme)
        self.title.set_words(title)
        self.content = content
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.title)
        column.addWidget(content)
        self.title.toggled.connect(content.setVisible)
        self.title.toggled.connect(self.toggled)

    def set_theme(self, theme: Theme) -> None:
        self.title.set_theme(theme)


_MIDDLE = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
_MIDDLE_RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)


def _elide(font: QFont, text: str, width: float) -> str:
    if width < 12:
        return ""
    return QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(width))


def _wide(font: QFont, text: str) -> int:
    return QFontMetrics(font).horizontalAdvance(text)
