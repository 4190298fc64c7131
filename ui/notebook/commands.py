"""What keys, tool bar and menus do in the notebook: one table of commands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from ui.notebook.model import CellModel

if TYPE_CHECKING:
    from ui.notebook.view import NotebookView

#: The cell menu: text, command, shortcut; None is a line between.
_MENU: tuple[tuple[str, str, str] | None, ...] = (
    ("Run cell", "run", "Ctrl+Enter"),
    ("Run all above", "run_above", ""),
    ("Run this and all below", "run_below", ""),
    ("Run all cells", "run_all", ""),
    None,
    ("Insert code above", "insert_above", "A"),
    ("Insert code below", "insert", "B"),
    ("Insert text below", "insert_text", ""),
    None,
    ("Cut cell", "cut", "X"),
    ("Copy cell", "copy_cell", "C"),
    ("Paste below", "paste", "V"),
    ("Delete cell", "delete", "D, D"),
    None,
    ("Split at cursor", "split", "Ctrl+Shift+-"),
    ("Merge with the cell below", "merge", "Shift+M"),
    ("Move up", "up", "Ctrl+Shift+Up"),
    ("Move down", "down", "Ctrl+Shift+Down"),
    ("Code", "code", "Y"),
    ("Text", "markdown", "M"),
    ("Raw", "raw", "R"),
    None,
    ("Copy source", "copy", ""),
    ("Clear output", "clear", ""),
    ("Clear all outputs", "clear_all", ""),
)
#: Their words where several cells are selected.
_SEVERAL = {
    "run": "Run {} cells", "cut": "Cut {} cells", "copy_cell": "Copy {} cells",
    "delete": "Delete {} cells", "merge": "Merge {} cells", "copy": "Copy sources",
    "clear": "Clear outputs",
}  # fmt: skip
#: What only the owner of the cells can do.
WISHES = (
    "run_above", "run_below", "clear_all", "cut", "copy_cell", "paste", "paste_above", "split",
    "merge", "undo", "redo", "interrupt", "restart", "heading_1", "heading_2", "heading_3",
    "heading_4", "heading_5", "heading_6",
)  # fmt: skip
#: What a key does when it is pressed twice in a row.
_TWICE = {"delete_key": "delete", "interrupt_key": "interrupt", "restart_key": "restart"}


class Commands:
    """Carries out commands on the cells of a view; wishes go out as the view's signals."""

    def __init__(self, view: NotebookView) -> None:
        self._view = view
        self._armed = ""  # the command of a key that was pressed once and wants a second press
        self._table: dict[str, Callable[[CellModel], object]] = {
            "run": self._run,
            "run_advance": self._run_advance,
            "run_insert": self._run_insert,
            "run_all": lambda _: view.run_all_requested.emit(),
            "edit": view.open_editor,
            "insert_above": partial(self._insert, place=0),
            "insert": partial(self._insert, place=1),
            "insert_text": partial(self._insert, place=1, kind="markdown"),
            "delete": self._delete,
            "up": partial(self._move, direction=-1),
            "down": partial(self._move, direction=1),
            "previous": partial(self._step, direction=-1),
            "next": partial(self._step, direction=1),
            "extend_up": lambda _: view.selection.extend_by(-1),
            "extend_down": lambda _: view.selection.extend_by(1),
            "extend_top": lambda _: view.selection.extend_to_edge(-1),
            "extend_bottom": lambda _: view.selection.extend_to_edge(1),
            "select_all": lambda _: view.selection.everything(),
            "kind": lambda model: self._kind(model, "markdown" if model.kind == "code" else "code"),
            "code": partial(self._kind, kind="code"),
            "markdown": partial(self._kind, kind="markdown"),
            "raw": partial(self._kind, kind="raw"),
            "toggle_output": self._toggle_output,
            "clear": self._clear,
            "copy": self._copy,
            "more": self._more,
            "find": lambda _: view.finding.open(),
            "find_next": lambda _: view.finding.step(1),
            "find_previous": lambda _: view.finding.step(-1),
            "line_numbers": lambda _: view.set_line_numbers(not view.line_numbers),
            **{name: partial(self._wish, name=name) for name in WISHES},
        }

    def perform(self, name: str, model: CellModel | None = None) -> None:
        """Carry out a command on a cell, or on the current one."""
        if name in _TWICE:
            again, self._armed = self._armed == name, name
            if not again:
                return
            name = _TWICE[name]
        self._armed = ""
        model = model or self._view.current_model()
        if model is not None:
            self._table[name](model)

    def perform_on(self, key: str, name: str) -> None:
        """Carry out a command on the cell with a key."""
        self.perform(name, self._view.model(key))

    def disarm(self) -> None:
        """Forget that a key was pressed once: another came between."""
        self._armed = ""

    def append(self, kind: str) -> None:
        """Ask for a cell at the end."""
        models = self._view.column.models
        self._insert(models[-1] if models else None, 1, kind)

    def leave(self, model: CellModel, direction: int) -> None:
        """Follow an arrow key out of an editor into the neighbouring cell."""
        other = self._view.neighbour(model, direction)
        if other is None:
            return
        if other.kind == "markdown" and not other.editing:
            self._view.select(other, focus=True)
            return
        self._view.open_editor(other)
        editor = self._view.column.widget(other).editor
        if editor is not None:
            editor.go_to(1 if direction > 0 else editor.blockCount())

    def menu(self, model: CellModel) -> QMenu:
        """Return the menu of a cell."""
        menu = QMenu(self._view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        models = self._view.selection.around(model)
        for row in _MENU:
            if row is None:
                menu.addSeparator()
                continue
            text, name, keys = row
            text = _SEVERAL.get(name, text) if len(models) > 1 else text
            text = text.format(len(models))
            act = menu.addAction(f"{text}\t{keys}" if keys else text)
            act.triggered.connect(lambda _=False, n=name: self.perform(n, model))
            if name in ("code", "markdown", "raw"):
                act.setCheckable(True)
                act.setChecked(all(one.kind == name for one in models))
            code = any(one.kind == "code" for one in models)
            act.setEnabled(name not in ("run", "clear") or code)
        return menu

    def _run(self, model: CellModel, advance: bool = False) -> None:
        """Run the cells, and show texts among them as they read."""
        view, models = self._view, self._view.selection.around(model)
        codes = [one for one in models if one.kind == "code"]
        for one in models:
            if one.kind != "code":
                one.editing = False
                view.column.widget(one).render()
        for one in codes:
            view.expect(one)
        if len(models) > 1:
            view.runs_requested.emit([one.key for one in codes])
        elif codes:
            view.run_requested.emit(model.key, advance)
        else:
            view.select(model, focus=True)

    def _run_advance(self, model: CellModel) -> None:
        last = self._view.selection.around(model)[-1]
        self._run(model, advance=True)
        following = self._view.neighbour(last, 1)
        if following is None:
            self._insert(last, 1)
        else:
            self._view.select(following, focus=True)

    def _run_insert(self, model: CellModel) -> None:
        last = self._view.selection.around(model)[-1]
        self._run(model)
        self._insert(last, 1)

    def _delete(self, model: CellModel) -> None:
        models = self._view.selection.around(model)
        with self._view.as_one(counted("Delete Cell", len(models))):
            for one in models:
                self._view.remove_requested.emit(one.key)

    def _copy(self, model: CellModel) -> None:
        sources = [one.source for one in self._view.selection.around(model)]
        QGuiApplication.clipboard().setText("\n\n".join(sources))

    def _insert(self, model: CellModel | None, place: int, kind: str = "code") -> None:
        """Ask for a cell, and edit it if the owner makes one at once."""
        view = self._view
        before = set(view.order())
        view.insert_requested.emit(model.key if model is not None else "", place, kind)
        made = [m for m in view.column.models if m.key not in before]
        if made:
            view.open_editor(made[0])

    def _wish(self, model: CellModel, name: str) -> None:
        self._view.wished.emit(name, model.key)

    def _move(self, model: CellModel, direction: int) -> None:
        models = self._view.selection.around(model)[::-direction]  # the foremost first
        if self._view.neighbour(models[0], direction) is None:
            return
        with self._view.as_one(counted("Move Cell", len(models))):
            for one in models:
                self._view.move_requested.emit(one.key, direction)

    def _kind(self, model: CellModel, kind: str) -> None:
        models = [one for one in self._view.selection.around(model) if one.kind != kind]
        if models:
            with self._view.as_one("Change Cell Type"):
                for one in models:
                    self._view.kind_requested.emit(one.key, kind)

    def _step(self, model: CellModel, direction: int) -> None:
        other = self._view.neighbour(model, direction)
        if other is not None:
            self._view.select(other, focus=True)

    def _clear(self, model: CellModel) -> None:
        for one in self._view.selection.around(model):
            one.clear()
            one.floor = 0
            self._view.refresh(one)
            self._view.outputs_cleared.emit(one.key)

    def _toggle_output(self, model: CellModel) -> None:
        for one in self._view.selection.around(model):
            area = self._view.column.widget(one).area
            if area is not None:
                area.toggle_all()

    def _more(self, model: CellModel) -> None:
        widget = self._view.column.widget(model)
        self.menu(model).popup(widget.mapToGlobal(QPoint(widget.width() - 40, 30)))


def counted(text: str, number: int) -> str:
    """Return the name of a change to so many cells."""
    return text if number == 1 else f"{text.removesuffix('Cell')}{number} Cells"
