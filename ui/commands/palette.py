"""The command palette: type a few letters of what you want to do, press Enter."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ui.commands.entry import Entry, found
from ui.commands.rows import ENTRY, MARK, Rows
from ui.theme import SPACE, Theme

WIDTH, MOST_ROWS = 620, 11
_KEYS = {
    Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8,
}  # fmt: skip
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
REMEMBERED = 20  # commands that were chosen last


class CommandPalette(QFrame):
    """Lies over the top of its parent while it is open; goes when the keyboard goes elsewhere."""

    chosen = Signal(str)  # id; the palette has closed and the keyboard is where it was before

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.setObjectName("CommandPalette")
        self.setAccessibleName("Command palette")
        self._host = parent
        self._entries: Sequence[Entry] = ()
        self._recent: list[str] = []
        self._before: QWidget | None = None  # had the keyboard
        self.search = _Search(self)
        self.search.setPlaceholderText("What do you want to do?")
        self.search.setAccessibleName("Search commands")
        self.search.textChanged.connect(self._find)
        self.search.installEventFilter(self)
        self.search.left.connect(self.hide)
        self._model = QStandardItemModel(self)
        self.list = QListView(self)
        self.list.setModel(self._model)
        self.list.setAccessibleName("Commands")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keyboard stays in the search field
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(lambda _: self._choose())
        self._rows = Rows(theme, self.list)
        self.list.setItemDelegate(self._rows)
        self._tip = QLabel(self)
        self._tip.setProperty("role", "dim")
        self._tip.setWordWrap(True)
        self._tip.setContentsMargins(SPACE["l"] + MARK, SPACE["s"], SPACE["l"], SPACE["m"])
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(SPACE["m"], SPACE["m"], SPACE["m"], SPACE["s"])
        column.setSpacing(SPACE["m"])
        for part in (self.search, self.list, self._tip):
            column.addWidget(part)
        self.list.selectionModel().currentChanged.connect(lambda *_: self._describe())
        parent.installEventFilter(self)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours; the style sheet does the rest."""
        self._rows.theme = theme
        self.list.viewport().update()

    def open(self, entries: Sequence[Entry]) -> None:
        """Show the palette with these commands, those that were chosen last on top."""
        self._entries = entries
        if self.isHidden():
            self._before = QApplication.focusWidget()
        self.search.clear()
        self._find("")
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    def current(self) -> Entry | None:
        """Return the command that Enter would choose."""
        entry: Entry | None = self.list.currentIndex().data(ENTRY)
        return entry

    def shown(self) -> list[Entry]:
        """Return the commands in the list, best first."""
        return [self._model.item(row).data(ENTRY) for row in range(self._model.rowCount())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the keys of the list work from the search field; stay in the parent's middle."""
        if watched is self.search and isinstance(event, QKeyEvent) and self._own(event):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._press(Qt.Key(event.key()))
                return True
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    @staticmethod
    def _own(event: QKeyEvent) -> bool:
        return event.key() in (*_KEYS, *_ENTER, Qt.Key.Key_Escape)

    def _press(self, key: Qt.Key) -> None:
        if key in _ENTER:
            self._choose()
        elif key == Qt.Key.Key_Escape:
            self._leave()
        else:
            self._step(_KEYS[key])

    def _step(self, by: int) -> None:
        count, row = self._model.rowCount(), self.list.currentIndex().row()
        if not count:
            return
        row = (row + by) % count if abs(by) == 1 else min(max(row + by, 0), count - 1)
        self.list.setCurrentIndex(self._model.index(row, 0))

    def _choose(self) -> None:
        entry = self.current()
        if entry is None or not entry.enabled:
            return
        self._recent = [entry.id, *(one for one in self._recent if one != entry.id)][:REMEMBERED]
        self._leave()
        self.chosen.emit(entry.id)

    def _leave(self) -> None:
        before, self._before = self._before, None
        self.hide()
        if before is not None and before.isVisible():
            before.setFocus(Qt.FocusReason.PopupFocusReason)

    def _find(self, text: str) -> None:
        self._model.clear()
        for entry in found(self._entries, text, self._recent):
            item = QStandardItem(f"{entry.text}, {entry.where}, {entry.keys}")
            item.setData(entry, ENTRY)
            self._model.appendRow(item)
        self.list.setCurrentIndex(self._model.index(0, 0))
        self._describe()
        self._place()

    def _describe(self) -> None:
        entry = self.current()
        if entry is None:
            self._tip.setText("No command has these words. Try fewer, or a menu’s name.")
            return
        tip = entry.tip or entry.text.rstrip("…")
        self._tip.setText(tip if entry.enabled else f"Not possible now: {tip}")

    def _place(self) -> None:
        width = min(WIDTH, self._host.width() - 2 * SPACE["xxl"])
        row = self._rows.sizeHint(QStyleOptionViewItem(), QModelIndex()).height()
        self.list.setFixedHeight(row * max(min(MOST_ROWS, self._model.rowCount()), 1))
        height = self._column.totalHeightForWidth(width)
        self.setGeometry((self._host.width() - width) // 2, 2 * SPACE["xxl"], width, height)


class _Search(QLineEdit):
    """A field that tells when the keyboard leaves it."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell, but for menus and windows that only cover it for a while."""
        super().focusOutEvent(event)
        passing = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
        if event.reason() not in passing:
            self.left.emit()
