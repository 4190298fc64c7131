"""Between the palette of operations, the operator table and the notebook."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt

from app.controller.graph import GraphBinding
from app.controller.notebook import NotebookBinding
from app.session import Session
from app.window import Window
from app.work import Worker
from engine.ops.listing import Operation, listed
from ui.graph.types import Kind


class OperationsBinding(QObject):
    """Lists the table off-thread when the palette is first seen; writes what is chosen there."""

    def __init__(
        self, session: Session, window: Window, notebook: NotebookBinding, graph: GraphBinding
    ) -> None:
        super().__init__(window)
        self._session, self._window, self._graph = session, window, graph
        self._palette = window.operations
        self._worker: Worker | None = None
        self._palette.wanted.connect(self._list)
        self._palette.insert_requested.connect(notebook.add_line)
        self._palette.dismissed.connect(window.notebook.setFocus)
        session.selection_changed.connect(lambda _: self._name())
        session.graph_changed.connect(self._name)

    def open(self) -> None:
        """Show the palette with the keyboard in its search field."""
        dock = self._window.docks["operations"]
        dock.show()
        dock.raise_()
        self._palette.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._palette.search.selectAll()

    @property
    def busy(self) -> bool:
        """Return whether the table is being listed."""
        return self._worker is not None

    def close(self) -> None:
        """End the thread, if there is one."""
        if self._worker is not None:
            self._worker.close()
            self._worker.deleteLater()
            self._worker = None

    def _list(self) -> None:
        if self._worker is None:
            self._worker = Worker("operations", self)
            self._worker.done.connect(self._listed)
            self._worker.failed.connect(self._failed)
            self._worker.submit(lambda cancelled: listed())

    def _listed(self, operations: tuple[Operation, ...]) -> None:
        self.close()
        self._palette.set_operations(operations)

    def _failed(self, error: Exception) -> None:
        self.close()
        self._palette.set_failed(str(error))
        raise error  # ours: the report dialog shows it

    def _name(self) -> None:
        """Let inserted lines use the variable of the selected node."""
        node, picture = self._session.selection, self._graph.picture
        name = ""
        if node is not None and picture is not None and node in picture.graph:
            name = variable(picture.graph.nodes[node])
        self._palette.set_names([name] if name else [])


def variable(attributes: dict[str, object]) -> str:
    """Return the variable that a node of the graph stands for, "" if code cannot name it."""
    name = str(attributes.get("name") or "")
    named = attributes.get("kind") in (Kind.LEAF, Kind.OP) and name.isidentifier()
    return name if named else ""
