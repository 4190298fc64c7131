"""The notebook: a column of cells that is edited, run and shown; requests go out as signals."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QMenu, QVBoxLayout, QWidget

from ui.notebook import keys
from ui.notebook.cell import RIGHT, CellWidget
from ui.notebook.column import Column
from ui.notebook.editor import CodeEditor
from ui.notebook.model import CellModel
from ui.notebook.sheet import sheet
from ui.notebook.state import CellState, Output
from ui.notebook.toolbar import AddRow, CellToolbar
from ui.theme import Theme, load


class NotebookView(QWidget):
    """Shows the cells that it is given; edits of text happen here, of cells outside.

    It tells wishes (`insert_requested`, `remove_requested`, `move_requested`, `kind_requested`,
    `run_requested`) and changes only when the owner answers through a setter. After Shift+Enter
    the view itself selects the next cell, so `advance` is for information.
    """

    source_changed = Signal(str, str)  # key, text
    run_requested = Signal(str, bool)  # key, advance
    run_all_requested = Signal()
    insert_requested = Signal(str, int, str)  # key ("" without cells), 0 above or 1 below, kind
    remove_requested = Signal(str)
    move_requested = Signal(str, int)  # key, -1 up or +1 down
    kind_requested = Signal(str, str)
    cursor_moved = Signal(str, int)  # key, 1-based line
    current_changed = Signal(str)
    outputs_cleared = Signal(str)  # the person cleared them
    link_activated = Signal(str)  # an address in a text cell

    def __init__(self, parent: QWidget | None = None, theme: Theme | None = None) -> None:
        super().__init__(parent)
        self._theme = theme or load("dark")
        self._models: dict[str, CellModel] = {}
        self._current: CellModel | None = None
        self._hover: CellModel | None = None
        self._editing = False
        self._armed = False  # D was pressed once
        self._asked: set[str] = set()  # cells that wait for the outcome of a run
        self.setAccessibleName("Notebook")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.column = Column(self, self._make)
        self.toolbar = CellToolbar(self.column.viewport(), self._theme)
        self.add_row = AddRow(self.column.viewport(), self._theme)
        self.column.set_foot(self.add_row)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.column)
        self.setStyleSheet(sheet(self._theme))
        self._connect()

    # -- the owner's setters ---------------------------------------------------------------------

    def set_cells(self, cells: list[CellState]) -> None:
        """Show other cells, from the top; the first is current."""
        self._current = self._hover = None
        self._asked.clear()
        self.toolbar.hide()
        self._models = {cell.key: CellModel.of(cell) for cell in cells}
        self.column.reset(list(self._models.values()))
        if cells:
            self._select(self._models[cells[0].key])

    def insert_cell(self, index: int, cell: CellState) -> None:
        """Add a cell at an index."""
        model = CellModel.of(cell)
        self._models[cell.key] = model
        self.column.insert(index, model)
        if self._current is None:
            self._select(model)

    def remove_cell(self, key: str) -> None:
        """Take a cell away; its neighbour becomes current if it was."""
        model = self._models.pop(key)
        neighbour = self._neighbour(model, 1) or self._neighbour(model, -1)
        focused = self._has_focus(model)
        if self._hover is model:
            self._hover = None
            self.toolbar.hide()
        if self._current is model:
            self._current = None
            if neighbour is not None:
                self._select(neighbour, focus=focused)
        self.column.remove(model)

    def move_cell(self, key: str, index: int) -> None:
        """Put a cell at another index."""
        self.column.move_model(self._models[key], index)
        self._reveal_cell(self._models[key])

    def set_kind(self, key: str, kind: str) -> None:
        """Make a cell "code", "markdown" or "raw"; only code keeps outputs."""
        model = self._models[key]
        model.kind = kind
        model.editing = self._editing and model is self._current
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
        self._refresh(self._models[key])

    def clear_outputs(self, key: str) -> None:
        """Remove a cell's outputs; while it runs, its place is kept for the next ones."""
        model = self._models[key]
        if model.status in ("queued", "running") or key in self._asked:
            model.floor = max(model.floor, model.height) if model.items else model.floor
        model.clear()
        self._refresh(model)

    def set_count(self, key: str, count: int | None) -> None:
        """Set the number in `[3]`."""
        self._models[key].count = count
        self._repaint(self._models[key])

    def set_status(self, key: str, status: str) -> None:
        """Set "idle", "queued", "running", "ok" or "error"."""
        model = self._models[key]
        model.status = status
        if status in ("ok", "error", "idle"):
            self._asked.discard(key)
            if model.floor:
                model.floor = 0
                self.column.changed(key)
        self._repaint(model)

    def light_lines(self, lines: Mapping[str, set[int]]) -> None:
        """Light 1-based lines of cells in the accent colour; others go dark."""
        for key, model in self._models.items():
            lit = frozenset(lines.get(key, ()))
            if lit != model.lit:
                model.lit = lit
                self._repaint(model)

    def reveal(self, key: str, line: int) -> None:
        """Make a cell current, scroll to a 1-based line and let it flash."""
        model = self._models.get(key)
        if model is None:
            return
        self._select(model)
        widget = self.column.widget(model)
        if widget.editor is not None and not widget.editor.isHidden():
            widget.editor.go_to(line)
            widget.editor.flash(line)
        self.column.ensure_visible(model, widget.editor_line_rect(line))

    def set_current(self, key: str) -> None:
        """Select a cell as a whole."""
        self._select(self._models[key], focus=self._has_focus(None))

    def edit(self, key: str) -> None:
        """Put the keyboard into a cell's text."""
        self._edit(self._models[key])

    def set_theme(self, theme: Theme) -> None:
        """Show everything in another theme."""
        self._theme = theme
        self.setStyleSheet(sheet(theme))
        self.toolbar.set_theme(theme)
        self.add_row.set_theme(theme)
        for key, widget in self.column.widgets.items():
            widget.set_theme(theme)
            self.column.changed(key)

    # -- questions -------------------------------------------------------------------------------

    def source(self, key: str) -> str:
        """Return a cell's text as it is now."""
        return self._models[key].source

    def current(self) -> str | None:
        """Return the key of the current cell."""
        return self._current.key if self._current is not None else None

    def order(self) -> list[str]:
        """Return the keys from top to bottom."""
        return [model.key for model in self.column.models]

    def cell(self, key: str) -> CellWidget:
        """Return the widget of a cell, made now if it has not been on screen yet."""
        return self.column.widget(self._models[key])

    # -- commands --------------------------------------------------------------------------------

    def perform(self, name: str, model: CellModel | None = None) -> None:
        """Carry out a command of keys, tool bar or menu on a cell (the current one)."""
        model = model or self._current
        if model is None:
            return
        armed, self._armed = self._armed, name == "delete_key"
        if name == "delete_key":
            if armed:
                self._armed = False
                self.remove_requested.emit(model.key)
            return
        acts = {
            "run": partial(self._run, model),
            "run_advance": partial(self._run, model, advance=True),
            "run_insert": partial(self._run_insert, model),
            "edit": partial(self._edit, model),
            "insert_above": partial(self._insert, model, 0),
            "insert": partial(self._insert, model, 1),
            "insert_text": partial(self._insert, model, 1, "markdown"),
            "delete": partial(self.remove_requested.emit, model.key),
            "up": partial(self._ask_move, model, -1),
            "down": partial(self._ask_move, model, 1),
            "previous": partial(self._step, model, -1),
            "next": partial(self._step, model, 1),
            "kind": partial(self._ask_kind, model, "code" if model.kind != "code" else "markdown"),
            "code": partial(self._ask_kind, model, "code"),
            "markdown": partial(self._ask_kind, model, "markdown"),
            "raw": partial(self._ask_kind, model, "raw"),
            "toggle_output": partial(self._toggle_output, model),
            "clear": partial(self._clear, model),
            "copy": partial(QGuiApplication.clipboard().setText, model.source),
            "run_all": self.run_all_requested.emit,
            "more": partial(self._menu, model),
        }
        acts[name]()

    def menu(self, model: CellModel) -> QMenu:
        """Return the menu of a cell."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        other = "Change to text" if model.kind == "code" else "Change to code"
        rows = (
            ("Run cell", "run", "Ctrl+Enter"), ("Run all cells", "run_all", ""), None,
            ("Insert code above", "insert_above", "A"), ("Insert code below", "insert", "B"),
            ("Insert text below", "insert_text", ""), None,
            ("Move up", "up", "Ctrl+Shift+Up"), ("Move down", "down", "Ctrl+Shift+Down"),
            (other, "kind", "M" if model.kind == "code" else "Y"), None,
            ("Copy source", "copy", ""), ("Clear output", "clear", ""),
            ("Delete cell", "delete", "D, D"),
        )  # fmt: skip
        for row in rows:
            if row is None:
                menu.addSeparator()
                continue
            text, name, shortcut = row
            act = menu.addAction(f"{text}\t{shortcut}" if shortcut else text)
            act.triggered.connect(partial(self._from_menu, name, model))
        return menu

    # -- events ----------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Claim the notebook's keys from the window's shortcuts."""
        if event.type() == QEvent.Type.ShortcutOverride and keys.command(event, self._editing):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Carry out the command of a key that no cell used."""
        name = keys.command(event, self._editing)
        if name is None:
            self._armed = False
            event.ignore()
            return
        self.perform(name)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Give the keyboard to the current cell."""
        super().focusInEvent(event)
        if self._current is not None:
            self.column.widget(self._current).edit(False)

    # -- wiring ----------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.column.moved.connect(self._place_toolbar)
        self.column.pointer_left.connect(lambda: self._point_at(None))
        self.toolbar.triggered.connect(self._on_tool)
        self.add_row.requested.connect(self._append)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus)

    def _make(self, model: CellModel, parent: QWidget) -> CellWidget:
        widget = CellWidget(parent, model, self._theme)
        widget.hovered.connect(partial(self._point_at, model))
        widget.run_clicked.connect(partial(self.perform, "run", model))
        widget.edited.connect(partial(self.source_changed.emit, model.key))
        widget.escaped.connect(partial(self._escape, model))
        widget.left.connect(partial(self._leave, model))
        widget.line_changed.connect(partial(self._on_line, model))
        widget.edit_requested.connect(partial(self._edit, model))
        widget.clear_requested.connect(partial(self._clear, model))
        widget.menu_requested.connect(lambda at, m=model: self.menu(m).popup(at))
        widget.link_activated.connect(self.link_activated)
        widget.set_current(model is self._current, self._editing)
        return widget

    def _on_focus(self, _old: QWidget | None, now: QWidget | None) -> None:
        """Make the cell that holds the keyboard current."""
        widget = now
        while widget is not None and not isinstance(widget, CellWidget):
            widget = widget.parentWidget()
        inside = (
            isinstance(widget, CellWidget) and self._models.get(widget.model.key) is widget.model
        )
        self._editing = inside and isinstance(now, CodeEditor)
        if inside:
            self._mark_current(widget.model)
        elif self._current is not None:
            self._mark_current(self._current)

    def _on_line(self, model: CellModel, line: int) -> None:
        self.column.anchor = model
        self.column.ensure_visible(model, self.column.widget(model).editor_line_rect(line))
        self.cursor_moved.emit(model.key, line)

    def _on_tool(self, name: str) -> None:
        if self._hover is not None:
            self._select(self._hover, focus=True)
            self.perform(name, self._hover)

    def _from_menu(self, name: str, model: CellModel) -> None:
        self.perform(name, model)

    # -- acts ------------------------------------------------------------------------------------

    def _run(self, model: CellModel, advance: bool = False) -> None:
        if model.kind == "code":
            self.column.anchor = model
            self._asked.add(model.key)
            self.run_requested.emit(model.key, advance)
        else:
            self._render(model)
        if advance:
            following = self._neighbour(model, 1)
            if following is None:
                self._insert(model, 1)
            else:
                self._select(following, focus=True)

    def _run_insert(self, model: CellModel) -> None:
        self._run(model)
        self._insert(model, 1)

    def _insert(self, model: CellModel | None, place: int, kind: str = "code") -> None:
        """Ask for a cell and edit it if the owner makes one at once."""
        before = set(self._models)
        self.insert_requested.emit(model.key if model is not None else "", place, kind)
        made = [m for m in self.column.models if m.key not in before]
        if made:
            self._edit(made[0])

    def _append(self, kind: str) -> None:
        self._insert(self.column.models[-1] if self.column.models else None, 1, kind)

    def _ask_move(self, model: CellModel, direction: int) -> None:
        if self._neighbour(model, direction) is not None:
            self.move_requested.emit(model.key, direction)

    def _ask_kind(self, model: CellModel, kind: str) -> None:
        if model.kind != kind:
            self.kind_requested.emit(model.key, kind)

    def _step(self, model: CellModel, direction: int) -> None:
        other = self._neighbour(model, direction)
        if other is not None:
            self._select(other, focus=True)

    def _leave(self, model: CellModel, direction: int) -> None:
        """Follow an arrow key out of an editor into the neighbouring cell."""
        other = self._neighbour(model, direction)
        if other is None:
            return
        if other.kind == "markdown" and not other.editing:
            self._select(other, focus=True)
            return
        self._edit(other)
        editor = self.column.widget(other).editor
        if editor is not None:
            editor.go_to(1 if direction > 0 else editor.blockCount())

    def _escape(self, model: CellModel) -> None:
        self._select(model, focus=True)

    def _edit(self, model: CellModel) -> None:
        model.editing = True
        self._mark_current(model)
        self.column.widget(model).edit(True)
        self._reveal_cell(model)

    def _render(self, model: CellModel) -> None:
        model.editing = False
        self.column.widget(model).render()
        self.column.widget(model).edit(False)

    def _clear(self, model: CellModel) -> None:
        model.clear()
        model.floor = 0
        self._refresh(model)
        self.outputs_cleared.emit(model.key)

    def _toggle_output(self, model: CellModel) -> None:
        area = self.column.widget(model).area
        for view in area.views if area is not None else []:
            button = getattr(view, "more", None)
            if button is not None and not button.isHidden():
                button.click()

    def _menu(self, model: CellModel) -> None:
        widget = self.column.widget(model)
        at = self.toolbar if self.toolbar.isVisible() and self._hover is model else widget
        self.menu(model).popup(at.mapToGlobal(QPoint(at.width() - 30, at.rect().top() + 28)))

    # -- selection -------------------------------------------------------------------------------

    def _select(self, model: CellModel, focus: bool = False) -> None:
        self._mark_current(model)
        if focus:
            self.column.widget(model).edit(False)
        self._reveal_cell(model)

    def _mark_current(self, model: CellModel) -> None:
        changed = model is not self._current
        old = self._current
        self._current = model
        if old is not None and changed and old.key in self.column.widgets:
            self.column.widgets[old.key].set_current(False, False)
        if model.key in self.column.widgets:
            self.column.widgets[model.key].set_current(True, self._editing)
        if changed:
            self.current_changed.emit(model.key)

    def _reveal_cell(self, model: CellModel) -> None:
        self.column.ensure_visible(model)

    def _neighbour(self, model: CellModel, direction: int) -> CellModel | None:
        models = self.column.models
        at = models.index(model) + direction
        return models[at] if 0 <= at < len(models) else None

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

    def _refresh(self, model: CellModel) -> None:
        if model.key in self.column.widgets:
            self.column.widgets[model.key].refresh()
        self.column.changed(model.key)

    def _repaint(self, model: CellModel) -> None:
        if model.key in self.column.widgets:
            self.column.widgets[model.key].refresh_marks()

    def _rebuild(self, model: CellModel) -> None:
        if model.key in self.column.widgets:
            self.column.widgets[model.key].rebuild()
        self.column.changed(model.key)

    def _point_at(self, model: CellModel | None) -> None:
        for each, hover in ((self._hover, False), (model, True)):
            if each is not None and each.key in self.column.widgets:
                self.column.widgets[each.key].set_hover(hover)
        self._hover = model
        self.toolbar.setVisible(model is not None)
        self._place_toolbar()

    def _place_toolbar(self) -> None:
        if self._hover is None or self._hover.key not in self.column.widgets:
            return
        cell = self.column.widgets[self._hover.key].geometry()
        self.toolbar.set_kind(self._hover.kind)
        size = self.toolbar.sizeHint()
        x = cell.right() - RIGHT - size.width() - 6
        y = max(2, cell.top() - size.height() // 2 - 1)
        self.toolbar.setGeometry(x, y, size.width(), size.height())
        self.toolbar.raise_()
