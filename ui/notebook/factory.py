"""Makes the widgets of a notebook's cells, and connects them with it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from ui.notebook.cell import CellWidget
from ui.notebook.model import CellModel

if TYPE_CHECKING:
    from ui.notebook.view import NotebookView


def make_cell(view: NotebookView, model: CellModel, parent: QWidget) -> CellWidget:
    """Return the widget of a cell, whose signals do what they wish for in a view."""
    widget = CellWidget(parent, model, view.theme)
    widget.hovered.connect(partial(view.hover.point_at, model))
    widget.editor_made.connect(view.assist.serve)
    if widget.editor is not None:
        view.assist.serve(widget.editor)
    widget.run_clicked.connect(partial(view.commands.perform, "run", model))
    widget.edited.connect(partial(view.source_changed.emit, model.key))
    widget.escaped.connect(partial(view.select, model, True))
    widget.left.connect(partial(view.commands.leave, model))
    widget.line_changed.connect(partial(view.follow_cursor, model))
    widget.edit_requested.connect(partial(view.open_editor, model))
    widget.clear_requested.connect(partial(view.commands.perform, "clear", model))
    widget.menu_requested.connect(lambda at, m=model: view.commands.menu(m).popup(at))
    widget.link_activated.connect(view.link_activated)
    widget.place_clicked.connect(view.go_to_place)
    widget.input_given.connect(partial(view.input_given.emit, model.key))
    widget.chosen.connect(partial(view.selection.choose, model))
    widget.extended.connect(partial(view.selection.extend, model))
    widget.set_line_numbers(view.line_numbers)
    widget.set_current(model is view.current_model(), view.editing)
    widget.set_selected(view.selection.is_one_of_several(model.key))
    widget.editor_made.connect(lambda _: view.finding.mark(widget))
    view.finding.mark(widget)
    return widget
