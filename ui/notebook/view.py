"""The notebook: a column of cells that is edited, run and shown; requests go out as signals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from ui.notebook import keys, places
from ui.notebook.assist import Assist
from ui.notebook.cell import CellWidget
from ui.notebook.column import Column
from ui.notebook.commands import Commands
from ui.notebook.editor import CodeEditor
from ui.notebook.factory import make_cell
from ui.notebook.find import Find
from ui.notebook.hover import Hover
from ui.notebook.mime import Link
from ui.notebook.model import CellModel
from ui.notebook.selection import Selection
from ui.notebook.sheet import sheet
from ui.notebook.state import CellState, Output
from ui.notebook.toolbar import AddRow
from ui.notebook.trust import TrustBar
from ui.theme import Theme, load


class NotebookView(QWidget):
    """Shows the cells that it is given; edits of text happen here, of cells outside.

    It tells wishes (`insert_requested`, `remove_requested`, `move_requested`, `kind_requested`,
    `run_requested`) and changes only when the owner answers through a setter. After Shift+Enter
    the view itself selects the next cell, so `advance` is for information.
    """

    source_changed = Signal(str, str)  # key, text
    run_requested = Signal(str, bool)  # key, advance
    runs_requested = Signal(list)  # keys of the code cells that are selected
    run_all_requested = Signal()
    insert_requested = Signal(str, int, str)  # key ("" without cells), 0 above or 1 below, kind
    remove_requested = Signal(str)
    move_requested = Signal(str, int)  # key, -1 up or +1 down
    kind_requested = Signal(str, str)
    cursor_moved = Signal(str, int)  # key, 1-based line
    current_changed = Signal(str)
    outputs_cleared = Signal(str)  # the person cleared them
    input_given = Signal(str, str)  # key, the line that the code waits for
    file_wished = Signal(str, int)  # a traceback names this line of it
    lost_place = Signal(int)  # a traceback names this run, whose cell has run again since
    sources_requested = Signal(dict)  # the text that cells shall have, by key
    wished = Signal(str, str)  # a command of the owner's (see commands.WISHES), key
    link_activated = Signal(str)  # an address in a text cell

    def __init__(self, parent: QWidget | None = None, theme: Theme | None = None) -> None:
        super().__init__(parent)
        self.theme = theme or load("dark")
        self._models: dict[str, CellModel] = {}
        self.selection = Selection(self)
        #: Lets what is asked for within be undone as one.
        self.as_one: Callable[[str], AbstractContextManager[object]] = nullcontext
        self.editing = False
        self.line_numbers = True
        self._asked: set[str] = set()  # cells that wait for the outcome of a run
        self.setAccessibleName("Notebook")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.column = Column(self, partial(make_cell, self), self.theme)
        self.add_row = AddRow(self.column.viewport(), self.theme)
        self.column.set_foot(self.add_row)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.trust = TrustBar(self, self.theme)
        self.finding = Find(self)
        box.setSpacing(0)
        box.addWidget(self.trust)
        box.addWidget(self.finding.bar)
        box.addWidget(self.column)
        self.commands = Commands(self)
        self.hover = Hover(self, self.theme)
        self.assist = Assist(self, self.theme)
        self.setStyleSheet(sheet(self.theme))
        self._connect()

    # -- the owner's setters ---------------------------------------------------------------------

    def set_cells(self, cells: list[CellState]) -> None:
        """Show other cells, from the top; the first is current."""
        self.selection.forget()
        self._asked.clear()
        self.hover.point_at(None)
        self._models = {cell.key: CellModel.of(cell) for cell in cells}
        self.column.reset(list(self._models.values()))
        if cells:
            self.select(self._models[cells[0].key])

    def insert_cell(self, index: int, cell: CellState) -> None:
        """Add a cell at an index."""
        model = CellModel.of(cell)
        self._models[cell.key] = model
        self.column.insert(index, model)
        if self.selection.current is None:
            self.select(model)

    def remove_cell(self, key: str) -> None:
        """Take a cell away; its neighbour becomes current if it was."""
        model = self._models.pop(key)
        neighbour = self.neighbour(model, 1) or self.neighbour(model, -1)
        focused = self._has_focus(model)
        if self.hover.model is model:
            self.hover.point_at(None)
        if self.selection.current is model:
            self.selection.forget()
            if neighbour is not None:
                self.select(neighbour, focus=focused)
        self.column.remove(model)

    def move_cell(self, key: str, index: int) -> None:
        """Put a cell at another index."""
        self.column.move_model(self._models[key], index)
        self.column.ensure_visible(self._models[key])

    def set_kind(self, key: str, kind: str) -> None:
        """Make a cell "code", "markdown" or "raw"; only code keeps outputs."""
        model = self._models[key]
        model.kind = kind
        model.editing = self.editing and model is self.selection.current
        if kind != "code":
            model.clear()
            model.count = None
        self._rebuild(model)

    def set_source(self, key: str, source: str) -> None:
        """Replace a cell's text from outside; the person can undo it."""
        self._models[key].source = source
        self._rebuild(self._models[key])

    def add_outputs(self, key: str, outputs: list[Output]) -> None:
        """Append nbformat outputs to a cell; streams continue. Costs O(outputs)."""
        self._models[key].add(outputs)
        self.refresh(self._models[key])

    def clear_outputs(self, key: str) -> None:
        """Remove a cell's outputs; while it runs, its place is kept for the next ones."""
        model = self._models[key]
        if model.status in ("queued", "running") or key in self._asked:
            model.floor = max(model.floor, model.height) if model.items else model.floor
        model.clear()
        self.refresh(model)

    def set_count(self, key: str, count: int | None) -> None:
        """Set the number in `[3]`."""
        self._models[key].count = count
        self.show_marks(self._models[key])

    def set_status(self, key: str, status: str) -> None:
        """Set "idle", "queued", "running", "ok" or "error"."""
        model = self._models[key]
        model.status = status
        if status in ("ok", "error", "idle"):
            self.ask_input(key, None)
            self._asked.discard(key)
            if model.floor:
                model.floor = 0
                self.column.changed(key)
        self.show_marks(model)

    def ask_input(self, key: str, prompt: str | None, password: bool = False) -> None:
        """Show a line for the input that a cell's code waits for; None takes it away.

        The keyboard goes there unless the person is writing elsewhere.
        """
        model = self._models[key]
        if prompt is None and (model.key not in self.column.widgets or not self.cell(key).input):
            return
        widget = self.column.widget(model)
        widget.ask(prompt, password)
        if widget.input is not None and not (self.editing and model is not self.selection.current):
            self.column.ensure_visible(model, widget.input.geometry())
            widget.input.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def light_lines(self, lines: Mapping[str, set[int]]) -> None:
        """Light 1-based lines of cells in the accent colour; others go dark."""
        places.light(self, self.column.models, lines)

    def set_stops(self, lines: Mapping[str, set[int]]) -> None:
        """Mark the 1-based lines of cells that have breakpoints; others have none."""
        places.stop(self, self.column.models, lines)

    def follow(self, key: str, line: int) -> None:
        """Scroll as little as possible to a 1-based line, unless the person is writing."""
        if key in self._models and not self.editing:
            places.show_line(self, self._models[key], line)

    def reveal(self, key: str, line: int) -> None:
        """Make a cell current, scroll to a 1-based line and let it flash."""
        if key in self._models:
            places.reveal(self, self._models[key], line)

    def set_current(self, key: str) -> None:
        """Select a cell as a whole."""
        self.select(self._models[key], focus=self._has_focus(None))

    def edit(self, key: str) -> None:
        """Put the keyboard into a cell's text."""
        self.open_editor(self._models[key])

    def add_line(self, line: str) -> bool:
        """Write a line of code at the cursor of the current cell; False if that is not code."""
        model = self.selection.current
        if model is None or model.kind != "code":
            return False
        self.open_editor(model)
        editor = self.column.widget(model).editor
        assert editor is not None
        editor.add_line(line)
        return True

    def set_line_numbers(self, shown: bool) -> None:
        """Show the numbers of code lines, or hide them."""
        self.line_numbers = shown
        for widget in self.column.widgets.values():
            widget.set_line_numbers(shown)

    def set_theme(self, theme: Theme) -> None:
        """Show everything in another theme."""
        self.theme = theme
        self.column.forget_far()  # they would be restyled for nothing
        self.setStyleSheet(sheet(theme))
        for part in (self.hover.toolbar, self.add_row, self.assist, self.trust):
            part.set_theme(theme)
        self.finding.bar.set_theme(theme)
        self.column.set_theme(theme)

    # -- questions -------------------------------------------------------------------------------

    def source(self, key: str) -> str:
        """Return a cell's text as it is now."""
        return self._models[key].source

    def current(self) -> str | None:
        """Return the key of the current cell."""
        return self.selection.current.key if self.selection.current is not None else None

    def selected(self, key: str) -> list[str]:
        """Return the keys of all selected cells if this one is among them, else it alone."""
        return [model.key for model in self.selection.around(self._models[key])]

    def cursor_place(self) -> tuple[str, int] | None:
        """Return cell and 1-based line of the cursor while code is being written, else None."""
        model = self.selection.current
        if model is None or model.kind != "code" or not self.editing:
            return None
        editor = self.column.widget(model).editor
        if editor is None:
            return None
        return model.key, editor.textCursor().blockNumber() + 1

    def focused_editor(self) -> CodeEditor | None:
        """Return the editor that has the keyboard."""
        focus = QApplication.focusWidget()
        return focus if isinstance(focus, CodeEditor) and self.isAncestorOf(focus) else None

    def cursor_index(self, key: str) -> int:
        """Return before which letter of a cell's text the cursor is; 0 before it was edited."""
        editor = self.column.widget(self._models[key]).editor
        return 0 if editor is None else editor.cursor_index()

    def order(self) -> list[str]:
        """Return the keys from top to bottom."""
        return [model.key for model in self.column.models]

    def cell(self, key: str) -> CellWidget:
        """Return the widget of a cell, made now if it has not been on screen yet."""
        return self.column.widget(self._models[key])

    # -- for the commands ------------------------------------------------------------------------

    def current_model(self) -> CellModel | None:
        """Return the current cell."""
        return self.selection.current

    def model(self, key: str) -> CellModel:
        """Return the model of a cell."""
        return self._models[key]

    def neighbour(self, model: CellModel, direction: int) -> CellModel | None:
        """Return the cell above (-1) or below (+1)."""
        models = self.column.models
        at = models.index(model) + direction
        return models[at] if 0 <= at < len(models) else None

    def select(self, model: CellModel, focus: bool = False) -> None:
        """Make a cell current and show it; `focus` also takes the keyboard to it."""
        self.selection.mark(model)
        if focus:
            self.column.widget(model).edit(False)
        self.column.ensure_visible(model)

    def open_editor(self, model: CellModel) -> None:
        """Put the keyboard into a cell's text."""
        model.editing = True
        self.selection.mark(model)
        self.column.widget(model).edit(True)
        self.column.ensure_visible(model)

    def refresh(self, model: CellModel) -> None:
        """Show a cell's outputs as they are now."""
        if model.key in self.column.widgets:
            self.column.widgets[model.key].refresh()
        self.column.changed(model.key)

    def expect(self, model: CellModel) -> None:
        """Remember that a cell was asked to run: it stays in place and keeps its room."""
        self.column.anchor = model
        self._asked.add(model.key)

    # -- events ----------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Claim the notebook's keys from the window's shortcuts."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and keys.command(event, self.editing):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Carry out the command of a key that no cell used."""
        name = keys.command(event, self.editing)
        if name is None:
            self.commands.disarm()
            event.ignore()
        else:
            self.commands.perform(name)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Give the keyboard to the current cell."""
        super().focusInEvent(event)
        if self.selection.current is not None:
            self.column.widget(self.selection.current).edit(False)

    # -- wiring ----------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.column.moved.connect(self.finding.refresh)
        self.source_changed.connect(self.finding.refresh)
        self.add_row.requested.connect(self.commands.append)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus)

    def _on_focus(self, _old: QWidget | None, now: QWidget | None) -> None:
        """Make the cell that holds the keyboard current."""
        widget = now
        while widget is not None and not isinstance(widget, CellWidget):
            widget = widget.parentWidget()
        model = widget.model if isinstance(widget, CellWidget) else None
        if model is not None and self._models.get(model.key) is not model:
            model = None  # another notebook's
        self.editing = model is not None and isinstance(now, CodeEditor)
        shown = model or self.selection.current
        if shown is not None:
            self.selection.mark(shown)

    def follow_cursor(self, model: CellModel, line: int) -> None:
        """Keep the line of the cursor in view, and tell it."""
        self.column.anchor = model
        self.column.ensure_visible(model, self.column.widget(model).editor_line_rect(line))
        self.cursor_moved.emit(model.key, line)

    def go_to_place(self, link: Link) -> None:
        """Go to the line that a traceback names, in the cell whose last run it was, or a file."""
        if not places.follow_link(self, link):
            self.lost_place.emit(link.run)

    def _has_focus(self, model: CellModel | None) -> bool:
        """Tell whether the keyboard is in a cell, or anywhere in the notebook."""
        focus = QApplication.focusWidget()
        place = self.column.widgets.get(model.key) if model is not None else self
        return (
            focus is not None
            and place is not None
            and (place is focus or place.isAncestorOf(focus))
        )

    # -- refreshing ------------------------------------------------------------------------------

    def show_marks(self, model: CellModel) -> None:
        """Show a cell's count, status and marked lines as they are now."""
        if model.key in self.column.widgets:
            self.column.widgets[model.key].refresh_marks()

    def _rebuild(self, model: CellModel) -> None:
        if model.key in self.column.widgets:
            self.column.widgets[model.key].rebuild()
        self.column.changed(model.key)
