"""Which cells are selected: the current one, or all from another one to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.notebook.model import CellModel

if TYPE_CHECKING:
    from ui.notebook.view import NotebookView


class Selection:
    """The current cell of a view, and the cell at the other end of what is selected."""

    def __init__(self, view: NotebookView) -> None:
        self._view = view
        self._end: CellModel | None = None  # None: the current cell alone
        self._shown: set[str] = set()  # keys of the cells that are shown as one of several
        self.current: CellModel | None = None

    def models(self) -> list[CellModel]:
        """Return the selected cells, from top to bottom."""
        if self.current is None:
            return []
        models = self._view.column.models
        if self._end is None or self._end not in models or self.current not in models:
            return [self.current]
        ends = sorted((models.index(self._end), models.index(self.current)))
        return models[ends[0] : ends[1] + 1]

    def around(self, model: CellModel) -> list[CellModel]:
        """Return what a command on a cell is for: all that is selected, if it is one of these."""
        models = self.models()
        return models if model in models else [model]

    def mark(self, model: CellModel) -> None:
        """Make a cell current; another than before is then selected alone."""
        changed = model is not self.current
        old, self.current = self.current, model
        widgets = self._view.column.widgets
        if old is not None and changed and old.key in widgets:
            widgets[old.key].set_current(False, False)
        if changed or self._view.editing:
            self._end = None
        if model.key in widgets:
            widgets[model.key].set_current(True, self._view.editing)
        self.show()
        if changed:
            self._view.current_changed.emit(model.key)

    def choose(self, model: CellModel) -> None:
        """Select a cell alone."""
        self._end = None
        self.mark(model)

    def extend(self, model: CellModel) -> None:
        """Select all cells from where the selection began to this one, which becomes current."""
        end = self._end or self.current
        self._view.select(model, focus=True)
        self._end = end if end is not model else None
        self.show()

    def extend_by(self, direction: int) -> None:
        """Take one more cell above (-1) or below (+1), or give one back."""
        other = self.current and self._view.neighbour(self.current, direction)
        if other is not None:
            self.extend(other)

    def extend_to_edge(self, direction: int) -> None:
        """Select all from here to the top (-1) or to the bottom (+1)."""
        self.extend(self._view.column.models[-1 if direction > 0 else 0])

    def everything(self) -> None:
        """Select all cells."""
        models = self._view.column.models
        if models:
            self._view.select(models[-1], focus=True)
            self._end = models[0] if len(models) > 1 else None
            self.show()

    def forget(self) -> None:
        """Select nothing: the cells are others."""
        self.current = self._end = None

    def show(self) -> None:
        """Let the cells show whether they are among several that are selected."""
        models, widgets = self.models(), self._view.column.widgets
        several = {model.key for model in models} if len(models) > 1 else set()
        for key in several ^ self._shown:
            if key in widgets:
                widgets[key].set_selected(key in several)
        self._shown = several

    def is_one_of_several(self, key: str) -> bool:
        """Return whether a cell is selected together with others."""
        return key in self._shown
