"""The window on a recording, and a table of what its commands do there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.documents import Cell
from tests.app import drive
from ui.graph.types import Kind, NodeId

BEGIN = """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
v = w * 2
net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh())
"""
PROGRAM = """\
for step in range(2):
    h = net(v + 1)
    loss = h.exp().sum()
    loss.backward(retain_graph=True)
"""
Effect = Callable[["Scene"], None]


class Scene:
    """The window on a recording, and what a person sees in it."""

    def __init__(self, qtbot: QtBot, controller: Controller, folder: Path, tape: Path) -> None:
        self.qtbot, self.controller, self.folder, self.tape_file = qtbot, controller, folder, tape
        self.window, self.session = controller.window, controller.session
        self.canvas = self.window.graph.canvas
        self.done: set[str] = set()  # commands that were triggered
        self.answers: dict[str, str] = {}  # of file dialogs

    def do(self, id: str) -> None:
        action: QAction = self.window.actions_by_id[id]
        assert action.isEnabled(), f"{id} cannot be triggered"
        action.trigger()
        self.done.add(id)

    def checked(self, id: str) -> bool:
        return self.window.actions_by_id[id].isChecked()

    def settle(self) -> None:
        drive.wait_for_graph(self.qtbot, self.controller)

    def until(self, happened: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(happened()), timeout=drive.RUN)

    def op(self, title: str) -> NodeId:
        assert self.controller.graph.picture is not None
        nodes = self.controller.graph.picture.graph.nodes(data=True)
        return next(n for n, d in nodes if d["title"] == title and n.kind == Kind.OP)

    def named(self, name: str) -> NodeId:
        assert self.controller.graph.picture is not None
        nodes = self.controller.graph.picture.graph.nodes(data=True)
        return next(n for n, d in nodes if d["name"] == name and n.kind in (Kind.LEAF, Kind.OP))

    def select(self, title: str = "exp") -> NodeId:
        node = self.op(title)
        self.session.select(node)
        self.canvas.pick([node])
        return node

    @property
    def playhead(self) -> int:
        return self.session.playhead

    @property
    def end(self) -> int:
        assert self.session.tape is not None
        return len(self.session.tape.events)

    def sources(self) -> list[str]:
        return [cell.source for cell in self.session.document.cells]

    def cells(self, *sources: str) -> list[str]:
        """Let the document have these cells, the first one current; returns their keys."""
        keys = [f"key{number}" for number in range(len(sources))]
        for cell in list(self.session.document.cells):
            self.session.remove_cell(cell.key)
        for number, (key, source) in enumerate(zip(keys, sources, strict=True)):
            self.session.insert_cell(number, Cell(key, "code", source))
        self.window.notebook.set_current(keys[0])
        return keys

    def folded(self) -> int:
        assert self.controller.graph.picture is not None
        return sum(node.kind == Kind.GROUP for node in self.controller.graph.picture.graph)


class Effects(dict[tuple[str, ...], Effect]):
    """A row per command, or per few that belong together: what can be seen after its action."""

    def of(self, *ids: str) -> Callable[[Effect], Effect]:
        def keep(check: Effect) -> Effect:
            self[ids] = check
            return check

        return keep

    @property
    def each(self) -> pytest.MarkDecorator:
        """Return what runs a test once for every row."""
        return pytest.mark.parametrize("ids", list(self), ids=lambda ids: ids[0])

    def check(self, scene: Scene, ids: tuple[str, ...]) -> None:
        self[ids](scene)
        assert scene.done >= set(ids)
