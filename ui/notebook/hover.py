"""The cell under the pointer, and the tool bar that floats over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from ui.notebook.cell import PAD, RIGHT
from ui.notebook.model import CellModel
from ui.notebook.toolbar import CellToolbar
from ui.theme import Theme

if TYPE_CHECKING:
    from ui.notebook.view import NotebookView

_INTO = PAD  # px that the bar reaches into the cell: over the first line it would cover code


class Hover(QObject):
    """Keeps the tool bar over the cell that the pointer is in, and acts on that cell."""

    def __init__(self, view: NotebookView, theme: Theme) -> None:
        super().__init__(view)
        self._view = view
        self.model: CellModel | None = None
        self.toolbar = CellToolbar(view.column.viewport(), theme)
        self.toolbar.triggered.connect(self._on_tool)
        view.column.moved.connect(self._place)
        view.column.pointer_left.connect(lambda: self.point_at(None))

    def point_at(self, model: CellModel | None) -> None:
        """The pointer is in this cell now, or in none."""
        widgets = self._view.column.widgets
        for each, hover in ((self.model, False), (model, True)):
            if each is not None and each.key in widgets:
                widgets[each.key].set_hover(hover)
        self.model = model
        self.toolbar.setVisible(model is not None)
        self._place()

    def _on_tool(self, name: str) -> None:
        if self.model is not None:
            self._view.select(self.model, focus=True)
            self._view.commands.perform(name, self.model)

    def _place(self) -> None:
        widgets = self._view.column.widgets
        if self.model is None or self.model.key not in widgets:
            return
        cell = widgets[self.model.key].geometry()
        self.toolbar.set_kind(self.model.kind)
        size = self.toolbar.sizeHint()
        x = cell.right() - RIGHT - size.width() - 6
        y = max(1, cell.top() + _INTO - size.height())
        self.toolbar.setGeometry(x, y, size.width(), size.height())
        self.toolbar.raise_()
