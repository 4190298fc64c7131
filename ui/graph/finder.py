"""The slim bar in which nodes of the graph are searched for."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from ui.graph.floating import Floating
from ui.graph.search import EXAMPLES, HELP
from ui.icons import icon, pixmap
from ui.theme import SPACE, Theme

WIDTH = 560  # pixels, where there is room


class Finder(Floating):
    """Floats over the upper edge of its host; says what is typed and where to go, finds nothing.

    Enter goes on, Shift+Enter back, Escape away: to where one was, unless one went to a match since
    the query was typed (`stays`). While `keep` is checked, what is found stays lit
    when the bar is gone: a filter.
    """

    query_changed = Signal(str)
    stepped = Signal(int)  # 1: to the next match, -1: to the one before
    closed = Signal(bool)  # True: everything shall be as before

    def __init__(self, theme: Theme, host: QWidget) -> None:
        super().__init__(host, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        self.setObjectName("FindBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._glass = QLabel(self)
        self.field = QLineEdit(self)
        self.field.setAccessibleName("Find in graph")
        self.field.setPlaceholderText(EXAMPLES)
        self.field.setToolTip(_help())
        self.field.setFrame(False)
        self.count = QLabel(self)
        self.count.setProperty("role", "dim")
        self.buttons = {
            name: self._button(tip)
            for name, tip in (
                ("up", "Previous match (Shift+Enter, Shift+F3)"),
                ("down", "Next match (Enter, F3)"),
                ("close", "Close and stay here (so does Esc after Enter; before, it goes back)"),
            )
        }
        self.keep = self._button("Keep all others dimmed when this is closed (a filter)")
        self.keep.setCheckable(True)
        self.buttons["filter"] = self.keep
        self.buttons["up"].clicked.connect(lambda: self.stepped.emit(-1))
        self.buttons["down"].clicked.connect(lambda: self.stepped.emit(1))
        self.buttons["close"].clicked.connect(lambda: self.closed.emit(False))
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE["m"], SPACE["s"], SPACE["s"], SPACE["s"])
        row.setSpacing(SPACE["s"])
        row.addWidget(self._glass)
        row.addWidget(self.field, 1)
        row.addWidget(self.count)
        row.addSpacing(SPACE["s"])
        for name in ("up", "down", "filter", "close"):
            row.addWidget(self.buttons[name])
        self.stays = False
        self.field.textEdited.connect(self._typed)
        self.set_theme(theme)
        self.set_count(0, 0)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours; the style sheet does the rest."""
        self._error = theme.error
        self._glass.setPixmap(pixmap("search", theme.text_dim, 16, self.devicePixelRatioF()))
        for name, button in self.buttons.items():
            button.setIcon(icon(name, theme.text_dim))

    def set_count(self, place: int, total: int) -> None:
        """Say which of the matches one is at: place counts from 1, 0 is none of them."""
        self._tell()
        found = f"{place:,} of {total:,}" if place else f"{total:,} found"
        self.count.setText("" if not self.field.text().strip() else found if total else "No match")
        for name in ("up", "down"):
            self.buttons[name].setEnabled(total > 0)

    def say(self, text: str, wrong: bool = False) -> None:
        """Say something about the query in the place of a count; wrong: what is wrong with it."""
        metrics = QFontMetrics(self.count.font())
        self.count.setText(metrics.elidedText(text, Qt.TextElideMode.ElideRight, WIDTH // 2))
        self._tell(text if wrong else "")
        for name in ("up", "down"):
            self.buttons[name].setEnabled(False)

    def _tell(self, error: str = "") -> None:
        self.count.setToolTip(error)
        self.count.setStyleSheet(f"color: {self._error};" if error else "")

    def _typed(self, text: str) -> None:
        self.stays = False
        self.query_changed.emit(text)

    def open(self) -> None:
        """Come up with the keyboard in the field, what was searched for last marked."""
        self.stays = False
        self.place()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def wished(self, room: QSize) -> QSize:
        return QSize(min(WIDTH, room.width()), self.sizeHint().height())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.place()

    def event(self, event: QEvent) -> bool:
        """Have Escape for the bar alone, whatever else it does in the graph."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.stepped.emit(-1 if back else 1)
        elif key == Qt.Key.Key_Escape:
            self.closed.emit(not self.stays)
        else:
            super().keyPressEvent(event)
        event.accept()  # what is typed here is no key of the canvas below

    def _button(self, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setToolTip(tip)
        button.setAccessibleName(tip.partition(" (")[0])
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button


def _help() -> str:
    rows = "".join(
        f"<tr><td><code>{text}</code>&nbsp;&nbsp;</td><td>{what}</td></tr>" for text, what in HELP
    )
    return f"<table>{rows}</table>All words and fields must hold."
