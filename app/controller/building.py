"""Operations applied to nodes of the graph: each becomes a line of code in a cell, and runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from PySide6.QtCore import QObject, QPoint, Qt

from app.building_commands import APPLIED
from app.controller.graph import GraphBinding
from app.controller.writing import Outcome, World, Writing, newest, tensor_of
from app.session import Session
from app.window import Window
from app.work import Worker
from engine.ops.listing import Operation, listed
from ui.graph.model import graph_at
from ui.graph.types import Kind, NodeId
from ui.palette.calls import compose, fill, parameters
from ui.palette.drop import DropTarget
from ui.palette.form import CallForm
from ui.theme import Theme


class Building(QObject):
    """Makes lines of code of operations and selected nodes, and shows the node that grew."""

    def __init__(
        self, session: Session, window: Window, graph: GraphBinding, writing: Writing,
        theme: Callable[[], Theme],
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._session, self._window, self._graph = session, window, graph
        self._writing, self._theme = writing, theme
        self._canvas = window.graph.canvas
        self._order: list[NodeId] = []  # the selected nodes as they were chosen
        self._awaited = ""  # the variable whose node is to be shown
        self.form: CallForm | None = None
        self.worker = Worker("operation", self)
        self.worker.done.connect(lambda found: self._begin(*found))
        self.worker.failed.connect(self._failed)
        self.target = DropTarget(self._canvas.viewport())
        self.target.dropped.connect(self._dropped)
        self._canvas.picks_changed.connect(self._keep_order)
        graph.shown.connect(self._show_grown)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {
            "apply": self._apply_chosen,
            **{
                f"apply_{call.rpartition('.')[2]}": partial(self.apply, call)
                for call, *_ in APPLIED
            },
        }

    def apply(self, call: str) -> None:
        """Write and run an operation of the selected nodes; ask for arguments that are missing."""
        self.worker.submit(lambda cancelled: (_operation(call), False))

    def ask(self, one: Operation) -> None:
        """Show the form of an operation, with the selected nodes in it."""
        self._begin(one, asking=True)

    def chosen(self) -> list[NodeId]:
        """Return the selected nodes in the order in which they were chosen."""
        picked = self._canvas.picked()
        known = [node for node in self._order if node in picked]
        return known + [node for node in picked if node not in known]

    def close(self) -> None:
        """End the thread."""
        self.worker.close()

    # --- within

    def _failed(self, error: Exception) -> None:
        raise error  # ours: the report dialog shows it

    def _apply_chosen(self) -> None:
        one = self._window.operations.current()
        if one is None:
            dock = self._window.docks["operations"]
            dock.show()
            dock.raise_()
            self._window.operations.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self.ask(one)

    def _dropped(self, call: str, place: QPoint) -> None:
        self._window.activateWindow()
        self.worker.submit(lambda cancelled: (_operation(call), True))

    def _keep_order(self) -> None:
        self._order = self.chosen()

    def _begin(self, one: Operation, asking: bool) -> None:
        tape, nodes = self._session.tape, self.chosen()
        ids = [] if tape is None else [(node, tensor_of(tape, node)) for node in nodes]

        def known(world: World) -> None:
            names = [_expression(world, node, tensor) for node, tensor in ids]
            if "" in names and not asking:
                title = self._title(nodes[names.index("")])
                self._window.notice.show_message(
                    f"No variable holds {title} any more, so a line of code cannot name it: "
                    "give it a variable in its line, and run that.",
                    error=True,
                )
                return
            values = fill(one, [name for name in names if name])
            self._offer(one, values, world, asking)

        self._writing.look(known)

    def _offer(self, one: Operation, values: dict[str, str], world: World, asking: bool) -> None:
        result = world.free("t")
        missing = any(p.needed and not values.get(p.name) for p in parameters(one))
        if asking or missing:
            self._show_form(one, values, result, world)
            return
        line = f"{result} = {compose(one, values)}"

        def found(outcome: Outcome) -> None:
            if outcome.allowed:
                self._write(line, result, one.name)
            else:
                form = self._show_form(one, values, result, world)
                form.set_outcome(line, outcome.text, outcome.problem, outcome.allowed)

        self._writing.attempt(line, result, found)

    def _show_form(
        self, one: Operation, values: dict[str, str], result: str, world: World
    ) -> CallForm:
        tensors = {each.name: each.form for each in world.tensors}
        form = CallForm(one, values, result, tensors, self._theme(), self._window)
        form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def wish(line: str, name: str) -> None:
            self._writing.attempt(line, name.partition(",")[0].strip(), partial(tell, line))

        def tell(line: str, outcome: Outcome) -> None:
            if self.form is form:
                form.set_outcome(line, *outcome)

        def gone() -> None:
            if self.form is form:
                self.form = None

        form.wished.connect(wish)
        form.given.connect(lambda line, name: self._write(line, name, one.name))
        form.finished.connect(lambda _: gone())
        self.form = form
        form.open()
        return form

    def _write(self, line: str, result: str, what: str) -> None:
        self._awaited = result.partition(",")[0].strip()
        self._writing.write(line, f"Insert {what}")
        self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_grown(self) -> None:
        """Select the node that the last line made, in its graph."""
        tape, picture = self._session.tape, self._graph.picture
        node = None if tape is None or not self._awaited else newest(tape, self._awaited)
        if node is None or tape is None or picture is None:
            return
        if node in picture.scene.index:
            self._awaited = ""
            self._graph.reveal(node)
            self._order = [node]
            return
        event = int((tape.ops if node.kind == Kind.OP else tape.values)["event"][node.ref])
        graph = graph_at(tape, picture.graphs, event + 1)
        if graph is not None and picture.info is not None and graph.number != picture.info.number:
            self._graph.choose(graph.number)

    def _title(self, node: NodeId) -> str:
        picture = self._graph.picture
        data = picture.graph.nodes[node] if picture is not None and node in picture.graph else {}
        return f"“{data.get('name') or data.get('title') or 'it'}”"


def _expression(world: World, node: NodeId, tensor: int) -> str:
    name = world.expression(tensor)
    return f"{name}.grad" if name and node.kind == Kind.ACCUMULATE else name


@cache
def _operation(call: str) -> Operation:
    return next(one for one in listed() if one.call == call)
