"""What can be done to the selected nodes: the commands, and the menus where the pointer is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QMenu

from app.controller.graph import GraphBinding
from app.graph_commands import CANVAS_MENU, NODE_MENU
from app.session import Session
from app.window import Window
from app.work import Worker
from engine.tape.replay import state_at
from ui.graph.reach import Reach, Way
from ui.graph.sources import previews_at
from ui.graph.types import Kind, NodeId

_MOST_COPIED = 1_000_000  # elements that are copied as text


class NodeActions(QObject):
    """Serves the commands on nodes, and offers them in context menus."""

    copied = Signal(object)  # the text or the QImage that is on the clipboard now

    def __init__(self, session: Session, window: Window, graph: GraphBinding) -> None:
        super().__init__(window)
        self._session, self._window, self._graph = session, window, graph
        self._canvas = window.graph.canvas
        self.worker = Worker("picture to copy", self)
        self.worker.done.connect(self._painted)
        self.worker.failed.connect(self._failed)
        self._canvas.menu_requested.connect(self._offer)
        self._canvas.node_activated.connect(lambda _: self.inspect())
        self._canvas.picks_changed.connect(self.update)
        session.selection_changed.connect(lambda _: self.update())
        graph.shown.connect(self.update)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {
            "select_all": self.select_all,
            "select_ancestors": lambda: self.select(Way.ANCESTORS),
            "select_descendants": lambda: self.select(Way.DESCENDANTS),
            "inspect": self.inspect,
            "go_to_code": self.go_to_code,
            "go_to_partner": self.go_to_partner,
            "edit_value": self.edit_value,
            "copy_name": self.copy_name,
            "copy_value": self.copy_value,
            "copy_picture": self.copy_picture,
        }

    def close(self) -> None:
        """End the thread."""
        self.worker.close()

    # --- what the commands do

    def select_all(self) -> None:
        """Select every node of the graph."""
        picture = self._graph.picture
        if picture is not None:
            self._pick(picture.layout.ids)

    def select(self, way: Way) -> None:
        """Select all ancestors or descendants of the selected nodes with them."""
        picture, chosen = self._graph.picture, self._canvas.picked()
        if picture is None or not chosen:
            return
        layout, index = picture.layout, picture.scene.index
        reach = Reach(len(layout.ids), layout.edge_ends, layout.roles)
        found = reach.of([index[node] for node in chosen], way)
        self._pick([layout.ids[i] for i in np.flatnonzero(found).tolist()])

    def inspect(self) -> None:
        """Bring up the inspector, which shows the selected node."""
        dock = self._window.docks["inspector"]
        dock.show()
        dock.raise_()

    def go_to_code(self) -> None:
        """Show the line that made the selected node."""
        data = self._attributes()
        if data.get("cell") and data.get("line"):
            self._window.docks["notebook"].show()
            self._window.docks["notebook"].raise_()
            self._window.notebook.reveal(data["cell"], data["line"])

    def go_to_partner(self) -> None:
        """Go from one spine to the other."""
        partner = self._attributes().get("twin")
        if partner is not None:
            self._graph.reveal(partner)

    def edit_value(self) -> None:
        """Put the keyboard where a leaf's numbers can be typed."""
        self.inspect()
        self._window.inspector.edit_value()

    def copy_name(self) -> None:
        """Copy what the selected nodes are called, one a line."""
        picture = self._graph.picture
        if picture is not None:
            rows = (picture.graph.nodes[node] for node in self._canvas.picked())
            self._copy("\n".join(str(row.get("name") or row.get("title")) for row in rows))

    def copy_value(self) -> None:
        """Copy the numbers that the inspector shows of the selected node."""
        array = self._value()
        if array is None:
            return
        if array.size > _MOST_COPIED:
            text = f"A tensor of {array.size:,} elements is too large to be copied as text."
            self._window.notice.show_message(text, error=True)
            return
        self._copy(np.array2string(array, separator=", ", threshold=sys.maxsize))

    def copy_picture(self) -> None:
        """Paint the graph, or several selected nodes, and put the picture on the clipboard."""
        tape = self._session.tape
        if tape is not None and self._canvas.node_count():
            frozen, playhead = tape.snapshot(), self._session.playhead
            paint = self._canvas.still(
                lambda ids: previews_at(frozen, ids, state_at(frozen, playhead))
            )
            self.worker.submit(lambda cancelled: paint())

    # --- menus

    def menu(self, node: NodeId | None) -> QMenu:
        """Return the menu of a node, or of the canvas: of the commands that can be used now."""
        self.update()
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        actions, line = self._window.actions_by_id, False
        for name in CANVAS_MENU if node is None else NODE_MENU:
            if not name:
                line = not menu.isEmpty()
            elif actions[name].isEnabled():
                if line:
                    menu.addSeparator()
                line = False
                menu.addAction(actions[name])
        return menu

    def update(self) -> None:
        """Enable the commands that the selection allows."""
        actions = self._window.actions_by_id
        if not actions:
            return
        data, chosen = self._attributes(), self._canvas.picked()
        view = self._window.inspector.shown()
        for name in ("inspect", "copy_name", "select_ancestors", "select_descendants"):
            actions[name].setEnabled(bool(chosen))
        actions["go_to_code"].setEnabled(bool(data.get("cell") and data.get("line")))
        actions["go_to_partner"].setEnabled(data.get("twin") is not None)
        leaf = bool(chosen) and chosen[0].kind == Kind.LEAF
        actions["edit_value"].setEnabled(leaf and view is not None and view.editable)
        actions["copy_value"].setEnabled(self._value() is not None)
        several = len(chosen) > 1
        actions["copy_picture"].setText(
            f"Copy {len(chosen):,} Nodes as Picture" if several else "Copy Graph as Picture"
        )
        for name in ("copy_picture", "select_all", "find"):
            actions[name].setEnabled(self._canvas.node_count() > 0)

    def _offer(self, node: NodeId | None, place: QPoint) -> None:
        self.menu(node).popup(place)

    # --- within

    def _pick(self, nodes: list[NodeId]) -> None:
        self._canvas.pick(nodes)
        self._session.select(self._canvas.selected())
        self.update()

    def _attributes(self) -> dict[str, Any]:
        picture, node = self._graph.picture, self._session.selection
        if picture is None or node is None or node not in picture.graph:
            return {}
        attributes: dict[str, Any] = picture.graph.nodes[node]
        return attributes

    def _value(self) -> NDArray[Any] | None:
        view = self._window.inspector.shown()
        if view is None or view.node != self._session.selection:
            return None
        both = (view.value, view.gradient)
        return next((one.array for one in both if one is not None and one.array is not None), None)

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        first = text.partition("\n")[0]
        self._window.statusBar().showMessage(f"Copied {first[:60]}", 3000)
        self.copied.emit(text)

    def _painted(self, image: QImage) -> None:
        QGuiApplication.clipboard().setImage(image)
        size = f"{image.width():,} × {image.height():,} pixels"
        self._window.statusBar().showMessage(f"Copied a picture of {size}", 3000)
        self.copied.emit(image)

    def _failed(self, error: Exception) -> None:
        raise error  # ours: the report dialog shows it
