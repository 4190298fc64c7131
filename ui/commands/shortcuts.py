"""The table of all commands and their keys, in which keys are changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.fitting import fit
from ui.theme import SPACE, Theme


class Row(NamedTuple):
    """The keys of one command, as QKeySequence names them; `id` "" if they cannot be changed."""

    id: str
    text: str
    where: str
    keys: tuple[str, ...]
    standard: bool = True  # they are as they came


def clashes(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the keys that more than one changeable command has, with these commands."""
    owners: dict[str, list[Row]] = {}
    for row in rows:
        for key in row.keys:
            if row.id:
                owners.setdefault(key, []).append(row)
    return {key: those for key, those in owners.items() if len(those) > 1}


class ShortcutDialog(QDialog):
    """Shows rows and says what is wished; the owner changes the keys and shows the rows anew."""

    wished = Signal(str, tuple)  # id and all keys that it shall have, taken from whoever has them
    standard_wished = Signal(str)  # id; "" for all commands

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.setObjectName("Shortcuts")
        self.setWindowTitle("Keyboard Shortcuts")
        fit(self, QSize(680, 620))
        self._rows: Sequence[Row] = ()
        self._theme = theme
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search commands or keys")
        self.search.setAccessibleName("Search shortcuts")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self._filter())
        self.table = self._make_table()
        self.title = QLabel(self)
        self.title.setProperty("role", "strong")
        self.field = QKeySequenceEdit(self)
        self.field.setMaximumSequenceLength(1)
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName("New keys")
        self.field.keySequenceChanged.connect(lambda _: self._say())
        self.use = self._button("Use", "These keys instead of those it has")
        self.add = self._button("Add", "These keys beside those it has")
        self.remove = self._button("Remove", "No keys")
        self.standard = self._button("Reset", "The keys that it came with")
        self.use.clicked.connect(lambda: self._wish((self.pressed(),)))
        self.add.clicked.connect(lambda: self._wish((*self._keys(), self.pressed())))
        self.remove.clicked.connect(lambda: self._wish(()))
        self.standard.clicked.connect(lambda: self.standard_wished.emit(self.current()))
        self.remark = QLabel(self)
        self.remark.setWordWrap(True)
        self.remark.setProperty("role", "dim")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        everything = buttons.addButton("Reset All", QDialogButtonBox.ButtonRole.ResetRole)
        everything.setAutoDefault(False)
        everything.clicked.connect(lambda: self.standard_wished.emit(""))
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        bar = QHBoxLayout()
        bar.setSpacing(SPACE["m"])
        bar.addWidget(self.field, 1)
        for button in (self.use, self.add, self.remove, self.standard):
            bar.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(SPACE["xl"],) * 4)
        column.setSpacing(SPACE["m"])
        column.addWidget(self.search)
        column.addWidget(self.table, 1)
        column.addWidget(self.title)
        column.addLayout(bar)
        column.addWidget(self.remark)
        column.addWidget(buttons)
        self._chosen()

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; the current one and the search stay."""
        self._rows, current = rows, self.current()
        doubled = clashes(rows)
        self.table.clear()
        for row in rows:
            keys = " or ".join(_native(key) for key in row.keys)
            others = {o.text for key in row.keys for o in doubled.get(key, ()) if o.id != row.id}
            note = f"also of {', '.join(sorted(others))}" if others else ""
            item = QTreeWidgetItem([row.text, row.where, f"{keys}  ({note})" if note else keys])
            item.setData(0, Qt.ItemDataRole.UserRole, row.id)
            if note:
                item.setForeground(2, QBrush(QColor(self._theme.error)))
            elif not row.standard:
                item.setForeground(2, QBrush(QColor(self._theme.accent)))
                item.setToolTip(2, "Changed by you")
            if not row.id:
                item.setForeground(0, QBrush(QColor(self._theme.text_dim)))
                item.setToolTip(0, "These keys cannot be changed")
            self.table.addTopLevelItem(item)
            if row.id and row.id == current:
                self.table.setCurrentItem(item)
        self._filter()
        self._chosen()

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours."""
        self._theme = theme
        self.set_rows(self._rows)

    def choose(self, id: str) -> None:
        """Make a command the current one."""
        for item in self._items():
            if item.data(0, Qt.ItemDataRole.UserRole) == id:
                self.table.setCurrentItem(item)

    def current(self) -> str:
        """Return the id of the command that is to be changed, "" if none can."""
        item = self.table.currentItem()
        return "" if item is None else str(item.data(0, Qt.ItemDataRole.UserRole))

    def pressed(self) -> str:
        """Return the keys in the field, "" if there are none."""
        return self.field.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _make_table(self) -> QTreeWidget:
        table = QTreeWidget(self)
        table.setAccessibleName("Commands and their keys")
        table.setHeaderLabels(["Command", "Menu", "Keys"])
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setAlternatingRowColors(True)
        header = table.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        table.currentItemChanged.connect(lambda *_: self._chosen())
        table.itemActivated.connect(lambda *_: self.field.setFocus())
        return table

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    def _items(self) -> list[QTreeWidgetItem]:
        places = range(self.table.topLevelItemCount())
        return [item for place in places if (item := self.table.topLevelItem(place)) is not None]

    def _row(self) -> Row | None:
        return next((row for row in self._rows if row.id and row.id == self.current()), None)

    def _keys(self) -> tuple[str, ...]:
        row = self._row()
        return row.keys if row else ()

    def _wish(self, keys: tuple[str, ...]) -> None:
        self.wished.emit(self.current(), tuple(dict.fromkeys(keys)))

    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        for item in self._items():
            told = " ".join(item.text(column) for column in range(3)).casefold()
            item.setHidden(not all(word in told for word in words))

    def _chosen(self) -> None:
        row = self._row()
        self.title.setText(row.text if row else "Choose a command above")
        self.field.clear()
        self.field.setEnabled(row is not None)
        self._say()

    def _say(self) -> None:
        row, key = self._row(), self.pressed()
        owner = next(
            (other for other in self._rows if key in other.keys and (row is None or other != row)),
            None,
        )
        ready = row is not None and bool(key) and (owner is None or bool(owner.id))
        self.use.setEnabled(ready)
        self.add.setEnabled(ready and row is not None and bool(row.keys) and key not in row.keys)
        self.remove.setEnabled(row is not None and bool(row.keys))
        self.standard.setEnabled(row is not None and not row.standard)
        if row is None or not key:
            self.remark.setText("Click into the field and press the new keys." if row else "")
        elif owner is None:
            self.remark.setText(f"{_native(key)} is free.")
        elif owner.id:
            self.remark.setText(f"{_native(key)} belongs to {owner.text}, which would lose it.")
        else:
            self.remark.setText(f"{_native(key)} is {owner.text} in the notebook; it stays there.")


def _native(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
