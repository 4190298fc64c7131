"""Gestures that write code: operations, leaves, gradients, names and templates, in one place."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoStack

from app.controller.applying import Applying
from app.controller.graph import GraphBinding
from app.controller.tensors import TensorGestures
from app.controller.writing import Writing
from app.runs import Runs
from app.session import Session
from app.templates import TEMPLATES
from app.window import Window
from app.world import World
from ui.theme import Theme


class Building(QObject):
    """Holds what serves the commands of the menu Build."""

    def __init__(
        self,
        session: Session,
        runs: Runs,
        window: Window,
        graph: GraphBinding,
        undo: QUndoStack,
        theme: Callable[[], Theme],
    ) -> None:
        super().__init__(window)
        self._window = window
        self.writing = Writing(session, runs, window, undo)
        self.applying = Applying(session, window, graph, self.writing, theme)
        self.tensors = TensorGestures(
            session, runs, window, graph, self.writing, self.applying, undo, theme
        )

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {
            **self.applying.handlers(),
            **self.tensors.handlers(),
            **{f"template_{name}": self._inserts(name) for name in TEMPLATES},
        }

    def close(self) -> None:
        """End the thread."""
        self.applying.close()

    def _inserts(self, name: str) -> Callable[[], object]:
        return lambda: self.insert_template(name)

    def insert_template(self, name: str) -> None:
        """Write a template into a cell of its own, to be edited and run."""
        template, chosen = TEMPLATES[name], self.applying.chosen_tensors()

        def known(world: World) -> None:
            named = [one for _, tensor in chosen if (one := world.named(tensor)) is not None]
            key = self.writing.write(template.code(world, named), f"Insert {template.text}", False)
            self._window.docks["notebook"].show()
            self._window.docks["notebook"].raise_()
            self._window.notebook.edit(key)

        self.writing.look(known, needed=False)
