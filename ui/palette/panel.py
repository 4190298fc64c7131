"""The palette: a search field, the operations that it finds, and the line that Enter inserts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.ops.listing import Operation
from ui.fonts import mono_font
from ui.icons import icon
from ui.palette.calls import statement
from ui.palette.entries import Entries
from ui.palette.rows import Rows
from ui.palette.search import found
from ui.theme import SIZES, SPACE, Theme, load

_LOADING = "Reading the table of operations …"
_KEYS = {
    Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8,
}  # fmt: skip
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class OperationPalette(QWidget):
    """Shows the operations that it is given; they are wished for when it is first seen."""

    wanted = Signal()  # it is on screen and has nothing to show
    insert_requested = Signal(str)  # a line of code
    dismissed = Signal()  # Escape in an empty search: the keyboard may go elsewhere

    def __init__(self, theme: Theme | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme or load("dark")
        self._operations: Sequence[Operation] | None = None
        self.setAccessibleName("Operations")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(240)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search name, family or what it does")
        self.search.setAccessibleName("Search operations")
        self.search.setClearButtonEnabled(True)
        self._glass = QAction(self.search)
        self.search.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self.search.installEventFilter(self)
        self.search.textChanged.connect(self._find)
        self.entries = Entries()
        self.list = self._make_list()
        self._rows = Rows(self._theme, self.list)
        self.list.setItemDelegate(self._rows)
        self.list.selectionModel().currentChanged.connect(self._current_changed)
        self.message = QLabel(_LOADING, self)
        self.message.setObjectName("empty")
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setMargin(SPACE["xxl"])
        self.preview = _Preview(self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.message)
        self._stack.addWidget(self.list)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE["m"], 0, 0)
        column.setSpacing(SPACE["s"])
        row = QVBoxLayout()
        row.setContentsMargins(SPACE["m"], 0, SPACE["m"], 0)
        row.addWidget(self.search)
        column.addLayout(row)
        column.addWidget(self._stack, 1)
        column.addWidget(self.preview)
        self.setFocusProxy(self.search)
        self.set_theme(self._theme)
        self._show_preview()

    # -- setters ---------------------------------------------------------------------------------

    def set_operations(self, operations: Sequence[Operation]) -> None:
        """Show a table of operations."""
        self._operations = operations
        self._find(self.search.text())

    def set_failed(self, why: str) -> None:
        """Say that there is no table, and why."""
        self.message.setText(f"The operations could not be listed.\n{why}")

    def set_names(self, names: Sequence[str]) -> None:
        """Use these variables in the inserted line, the chosen node's for instance."""
        self.entries.names = tuple(names)
        self._show_preview()

    def set_theme(self, theme: Theme) -> None:
        """Show everything in another theme."""
        self._theme = theme
        self._rows.set_theme(theme)
        self._glass.setIcon(icon("search", theme.text_faint))
        self.setStyleSheet(_SHEET.format(t=theme, small=SIZES["small"], pad=SPACE["s"]))
        self.list.viewport().update()

    # -- questions -------------------------------------------------------------------------------

    def current(self) -> Operation | None:
        """Return the operation that Enter would insert."""
        return self.entries.operation(self.list.currentIndex().row())

    def line(self) -> str:
        """Return the line of code that Enter would insert, "" without one."""
        one = self.current()
        return "" if one is None else statement(one, self.entries.names)

    # -- events ----------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Wish for the operations when seen for the first time."""
        super().showEvent(event)
        if self._operations is None:
            self.wanted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap the current row anew."""
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the keys of the list work from the search field; keep the list at its width."""
        if watched is self.search and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride and self._own(event):
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress and self._own(event):
                self._press(Qt.Key(event.key()))
                return True
        if watched is not self.search and event.type() == QEvent.Type.Resize:
            self._fit()
        return super().eventFilter(watched, event)

    # -- parts -----------------------------------------------------------------------------------

    def _make_list(self) -> QListView:
        view = QListView(self)
        view.setModel(self.entries)
        view.setAccessibleName("Operations")
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keyboard stays in the search field
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.verticalScrollBar().setSingleStep(24)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        view.setDragEnabled(True)
        view.setMouseTracking(True)
        view.clicked.connect(lambda _: self.search.setFocus(Qt.FocusReason.MouseFocusReason))
        view.doubleClicked.connect(lambda _: self._insert())
        view.viewport().installEventFilter(self)
        return view

    @staticmethod
    def _own(event: QKeyEvent) -> bool:
        pressed = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if pressed != Qt.KeyboardModifier.NoModifier:
            return False
        return event.key() in (*_KEYS, *_ENTER, Qt.Key.Key_Escape)

    def _press(self, key: Qt.Key) -> None:
        if key in _ENTER:
            self._insert()
        elif key == Qt.Key.Key_Escape:
            if self.search.text():
                self.search.clear()
            else:
                self.dismissed.emit()
        else:
            self._choose(self.entries.next(self.list.currentIndex().row(), _KEYS[key]))

    def _insert(self) -> None:
        if self.line():
            self.insert_requested.emit(self.line())

    def _find(self, text: str) -> None:
        """Show what the search finds, the best match chosen."""
        if self._operations is None:
            return
        sections = found(self._operations, text)
        self.entries.set_sections(sections)
        self.message.setText(f"No operation matches “{text.strip()}”.\nTry a part of its name.")
        self._stack.setCurrentWidget(self.list if sections else self.message)
        self._choose(self.entries.next(-1, 0))
        self.list.scrollToTop()

    def _choose(self, row: int) -> None:
        self.list.setCurrentIndex(self.entries.index(row))
        if row == 1:
            self.list.scrollToTop()  # with the heading above it
        else:
            self.list.scrollTo(self.list.currentIndex())
        self._show_preview()

    def _current_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        self._rows.current = now.row()
        self.entries.layoutChanged.emit()  # two rows have other heights now
        self._show_preview()

    def _fit(self) -> None:
        width = self.list.viewport().width()
        if width != self._rows.width:
            self._rows.width = width
            self.entries.layoutChanged.emit()

    def _show_preview(self) -> None:
        self.preview.setVisible(bool(self.line()))
        self.preview.set_line(self.line())


class _Preview(QLabel):
    """The line that Enter inserts; the end is left out where there is no room."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("preview")
        self.setFont(mono_font("small"))
        self.setAccessibleName("What Enter inserts")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._line = ""

    def set_line(self, line: str) -> None:
        """Show another line."""
        self._line = line
        self.setToolTip(f"Enter inserts\n{line}" if line else "")
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out as much as there is no room for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.width() - 2 * SPACE["l"]
        text = f"↵ {self._line}"
        self.setText(self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room))


_SHEET = """
OperationPalette {{ background: {t.panel}; }}
QListView {{ background: {t.panel}; outline: none; }}
QLabel#empty {{ color: {t.text_dim}; }}
QLabel#preview {{ background: {t.raised}; color: {t.text_dim}; border-top: 1px solid {t.border};
  padding: 6px 12px; font-family: "JetBrains Mono"; font-size: {small}pt; }}
"""
