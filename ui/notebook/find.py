"""Find and replace in the cells: the bar, and what it does to the notebook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QPushButton, QToolButton, QWidget

from ui.icons import icon
from ui.keyboard import is_for_line
from ui.notebook import editing
from ui.notebook.cell import CellWidget
from ui.notebook.searching import Match, Query, compiled, matches, replaced
from ui.theme import SPACE, Theme

if TYPE_CHECKING:
    from ui.notebook.view import NotebookView

_TOGGLES = (
    ("case", "Aa", "Match case"),
    ("word", "W", "Whole words"),
    ("regex", ".*", "Regular expression"),
)


class FindBar(QWidget):
    """What is searched for, how many were found, and by what to replace them."""

    changed = Signal()
    stepped = Signal(int)
    replace_wished = Signal(bool)  # True: all
    closed = Signal()

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.setObjectName("NotebookFind")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.field, self.by = self._line("Find in cells"), self._line("Replace with")
        self.count = QLabel(self)
        self.count.setProperty("role", "dim")
        self.toggles = {name: self._tool(text, tip, True) for name, text, tip in _TOGGLES}
        self.up = self._tool("", "Previous match (Shift+Enter, Shift+F3)")
        self.down = self._tool("", "Next match (Enter, F3)")
        self.close_button = self._tool("", "Close (Esc)")
        self.one, self.all = QPushButton("Replace", self), QPushButton("All", self)
        self.all.setToolTip("Replace all matches in all cells")
        self.all.setAccessibleName("Replace all")
        self._arrange()
        self.field.textChanged.connect(self.changed)
        for toggle in self.toggles.values():
            toggle.toggled.connect(self.changed)
        self.up.clicked.connect(lambda: self.stepped.emit(-1))
        self.down.clicked.connect(lambda: self.stepped.emit(1))
        self.close_button.clicked.connect(self.closed)
        self.one.clicked.connect(lambda: self.replace_wished.emit(False))
        self.all.clicked.connect(lambda: self.replace_wished.emit(True))
        self.set_theme(theme)
        self.hide()

    def query(self) -> Query:
        """Return what is searched for."""
        chosen = [self.toggles[name].isChecked() for name, _, _ in _TOGGLES]
        return Query(self.field.text(), *chosen)

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours; the style sheet does the rest."""
        for name, button in (("up", self.up), ("down", self.down), ("close", self.close_button)):
            button.setIcon(icon(name, theme.text_dim))

    def set_count(self, place: int, total: int, problem: str = "") -> None:
        """Say which of the matches one is at (from 1, 0: none), or what is wrong."""
        found = f"{place:,} of {total:,}" if place else f"{total:,} found"
        self.count.setText(problem or ("" if not self.field.text() else found if total else "None"))
        self.count.setToolTip(problem)
        buttons = (self.up, self.down, self.one, self.all)
        if not total and any(button.hasFocus() for button in buttons):
            self.field.setFocus(Qt.FocusReason.OtherFocusReason)  # or a neighbour would have it
        for button in buttons:
            button.setEnabled(total > 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Have the keys of a line for the bar alone."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return is_for_line(event)
        return self._key(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What is typed here is no key of the notebook's."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        event.accept()

    def _key(self, watched: QObject, event: QKeyEvent) -> bool:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if watched is self.by:
                self.replace_wished.emit(False)
            else:
                back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
                self.stepped.emit(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            return False
        return True

    def _arrange(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(SPACE["m"], SPACE["s"], SPACE["s"], SPACE["s"])
        grid.setHorizontalSpacing(SPACE["xs"])
        grid.setVerticalSpacing(SPACE["xs"])
        grid.addWidget(self.field, 0, 0)
        for at, toggle in enumerate(self.toggles.values(), 1):
            grid.addWidget(toggle, 0, at)
        grid.addWidget(self.up, 0, 4)
        grid.addWidget(self.down, 0, 5)
        grid.addWidget(self.close_button, 0, 6)
        grid.addWidget(self.by, 1, 0)
        grid.addWidget(self.one, 1, 1, 1, 2)
        grid.addWidget(self.all, 1, 3)
        grid.addWidget(self.count, 1, 4, 1, 3, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(0, 1)

    def _line(self, name: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setAccessibleName(name)
        line.setPlaceholderText(name)
        line.setMinimumWidth(40)
        line.installEventFilter(self)
        return line

    def _tool(self, text: str, tip: str, checkable: bool = False) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip.partition(" (")[0])
        button.setCheckable(checkable)
        button.setIconSize(QSize(14, 14))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button


class Find(QObject):
    """Searches the cells of a view while its bar is open; replacing is a wish of the view's."""

    def __init__(self, view: NotebookView) -> None:
        super().__init__(view)
        self._view = view
        self.bar = FindBar(view, view.theme)
        self.matches: list[Match] = []
        self.current: Match | None = None
        self._done = ""  # how much was replaced, until something else is searched for
        self._timer = QTimer(self)  # many cells may change at once
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._search)
        self.bar.changed.connect(self._on_query)
        self.bar.stepped.connect(self.step)
        self.bar.replace_wished.connect(self._replace)
        self.bar.closed.connect(self.close)

    def open(self) -> None:
        """Come up with the keyboard in the field; a selected word is what is searched for."""
        editor = self._view.focused_editor()
        chosen = editor.textCursor().selectedText() if editor is not None else ""
        self.bar.show()
        if chosen and "\u2029" not in chosen:
            self.bar.field.setText(chosen)
        self.bar.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.bar.field.selectAll()
        self._search()

    def close(self) -> None:
        """Go away; the keyboard goes to where the last match is."""
        self.bar.hide()
        match, self.current, self.matches = self.current, None, []
        self._mark()
        if match is not None and match.key in self._view.order():
            self._view.edit(match.key)
        else:
            self._view.setFocus()

    def step(self, direction: int) -> None:
        """Go to the next match, or to the one before; behind the last comes the first."""
        if not self.bar.isVisible():
            self.open()
        if self._timer.isActive():
            self._timer.stop()
            self._search()
        if not self.matches:
            return
        if self.current in self.matches:
            at = (self.matches.index(self.current) + direction) % len(self.matches)
        else:
            at = self._from_cursor(direction)
        self._go_to(self.matches[at])

    def refresh(self) -> None:
        """The cells have changed: search again soon."""
        if self.bar.isVisible() and not self._timer.isActive():
            self._timer.start(0)

    def mark(self, widget: CellWidget) -> None:
        """Mark the matches in a cell."""
        if widget.editor is None:
            return
        text = widget.model.source
        places = [
            (editing.place_of(text, m.start), editing.place_of(text, m.stop), m == self.current)
            for m in self.matches
            if m.key == widget.model.key
        ]
        widget.editor.marks.set_found(places)

    def _on_query(self) -> None:
        self.current, self._done = None, ""
        self._search()

    def _search(self) -> None:
        query, problem = self.bar.query(), ""
        cells = [(model.key, model.source) for model in self._view.column.models]
        self.matches = []
        if query.text and self.bar.isVisible():
            try:
                self.matches = matches(compiled(query), cells)
            except re.error as error:
                problem = f"Not an expression: {error}"
        if self.current not in self.matches:
            self.current = None
        self._mark()
        self._count(problem)

    def _count(self, problem: str = "") -> None:
        place = self.matches.index(self.current) + 1 if self.current is not None else 0
        self.bar.set_count(place, len(self.matches), problem)
        if self._done and not self.matches and not problem:
            self.bar.count.setText(self._done)

    def _mark(self) -> None:
        for widget in self._view.column.widgets.values():
            self.mark(widget)

    def _from_cursor(self, direction: int) -> int:
        """Return the match nearest to the cursor of the current cell, in a direction."""
        order = {key: at for at, key in enumerate(self._view.order())}
        key = self._view.current()
        here = (order.get(key or "", 0), self._view.cursor_index(key) if key else 0)
        places = [(order[match.key], match.start) for match in self.matches]
        if direction > 0:
            return next((at for at, place in enumerate(places) if place >= here), 0)
        return next((at for at in reversed(range(len(places))) if places[at] < here), -1)

    def _go_to(self, match: Match) -> None:
        self.current = match
        view, model = self._view, self._view.model(match.key)
        view.select(model)
        widget = view.column.widget(model)
        widget.show_source()
        editor = widget.editor
        assert editor is not None
        cursor = QTextCursor(editor.document())
        cursor.setPosition(editing.place_of(model.source, match.start))
        stop = editing.place_of(model.source, match.stop)
        cursor.setPosition(stop, QTextCursor.MoveMode.KeepAnchor)
        editor.setTextCursor(cursor)
        view.column.ensure_visible(model, widget.editor_line_rect(editor.line()))
        self._mark()
        self._count()

    def _replace(self, everywhere: bool) -> None:
        if not everywhere and self.current is None:
            self.step(1)
            return
        query, by = self.bar.query(), self.bar.by.text()
        keys = {m.key for m in self.matches} if everywhere else {self.current.key}  # type: ignore[union-attr]
        start = -1 if everywhere or self.current is None else self.current.start
        at = self.matches.index(self.current) if self.current is not None else 0
        try:
            pattern = compiled(query)
            new = {
                key: replaced(pattern, self._view.source(key), by, query.regex, start)
                for key in keys
            }
        except (re.error, IndexError) as error:
            self.bar.set_count(0, len(self.matches), f"Not replaced: {error}")
            return
        self.current = None
        self._done = f"{len(self.matches):,} replaced" if everywhere else ""
        self._view.sources_requested.emit(new)
        self._search()
        if self.matches and not everywhere:
            self._go_to(self.matches[at % len(self.matches)])
