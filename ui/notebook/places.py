"""Lines of the notebook's cells: lit, scrolled to, and reached from a traceback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ui.notebook.mime import Link
from ui.notebook.model import CellModel

if TYPE_CHECKING:
    from ui.notebook.view import NotebookView


def light(view: NotebookView, models: Iterable[CellModel], lines: Mapping[str, set[int]]) -> None:
    """Light 1-based lines of cells in the accent colour; others go dark."""
    for model in models:
        lit = frozenset(lines.get(model.key, ()))
        if lit != model.lit:
            model.lit = lit
            view.show_marks(model)


def stop(view: NotebookView, models: Iterable[CellModel], lines: Mapping[str, set[int]]) -> None:
    """Mark the 1-based lines of cells that have breakpoints."""
    for model in models:
        stops = frozenset(lines.get(model.key, ()))
        if stops != model.stops:
            model.stops = stops
            view.show_marks(model)


def show_line(view: NotebookView, model: CellModel, line: int) -> None:
    """Scroll as little as possible to a 1-based line."""
    view.column.ensure_visible(model, view.column.widget(model).editor_line_rect(line))


def reveal(view: NotebookView, model: CellModel, line: int) -> None:
    """Make a cell current, scroll to a 1-based line and let it flash."""
    view.select(model)
    widget = view.column.widget(model)
    if widget.editor is not None and not widget.editor.isHidden():
        widget.editor.go_to(line)
        widget.editor.marks.flash(line)
    show_line(view, model, line)


def keep_line(view: NotebookView, key: str, line: int, height: int) -> None:
    """Scroll to a 1-based line if it was in view while the view was of another height."""
    model = next((model for model in view.column.models if model.key == key), None)
    if model is None:
        return
    part = view.column.widget(model).editor_line_rect(line)
    top = model.top + part.top() - view.column.verticalScrollBar().value()
    if -part.height() < top < height:
        show_line(view, model, line)


def follow_link(view: NotebookView, link: Link) -> bool:
    """Go to the line that a traceback names; False if the cell of that run is not there."""
    if link.file:
        view.file_wished.emit(link.file, link.target)
        return True
    for model in view.column.models:
        if model.count == link.run:
            reveal(view, model, link.target)
            return True
    return False
