"""Operations applied to nodes of the graph: each becomes a line of code in a cell, and runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from PySide6.QtCore import QObject, QPoint, Qt

from app.building_commands import APPLIED
from app.controller.graph import GraphBinding
from app.controller.writing import Outcome, Writing, newest, tensor_of
from app.session import Session
from app.window import Window
from app.work import Worker
from app.world import World
from engine.ops.listing import Operation, listed
from ui.graph.model import graph_at
from ui.graph.types import Kind, NodeId
from ui.palette.calls import compose, fill, parameters
from ui.palette.drop import DropTarget
from ui.palette.form import CallForm
from ui.theme import Theme


class Applying(QObject):
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

    def chosen_tensors(self) -> list[tuple[NodeId, int]]:
        """Return these nodes with the ids of their tensors on the tape."""
        tape = self._session.tape
        return [] if tape is None else [(node, tensor_of(tape, node)) for node in self.chosen()]

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
        chosen = self.chosen_tensors()

        def known(world: World) -> None:
            names = [_expression(world, node, tensor) for node, tensor in chosen]
            if "" in names and not asking:
                self.refuse(chosen[names.index("")][0])
                return
            if not chosen:
                there = {each.name for each in world.tensors}
                names = [name for name in self._writing.fresh if name in there]
            values = fill(one, [name for name in names if name])
            if asking:
                self.show_form(one, values, world.free("t"), world)
            else:
                self.write_or_ask(one, values, world.free("t"), world)

        self._writing.look(known)

    def refuse(self, node: NodeId) -> None:
        """Say that no line can name what a node stands for."""
        picture = self._graph.picture
        data = picture.graph.nodes[node] if picture is not None and node in picture.graph else {}
        title = f"“{data.get('name') or data.get('title') or 'it'}”"
        self._window.notice.show_message(
            f"No variable holds {title} any more, so a line of code cannot name it: "
            "give it a variable in its line, and run that.",
            error=True,
        )

    def write_or_ask(
        self, one: Operation, values: dict[str, str], result: str | None, world: World
    ) -> None:
        """Write a call that can run; show its form if something is missing or wrong."""
        if any(each.needed and not values.get(each.name) for each in parameters(one)):
            self.show_form(one, values, result, world)
            return
        call = compose(one, values)
        line = f"{result} = {call}" if result else call

        def found(outcome: Outcome) -> None:
            if outcome.allowed:
                self.write(line, result or "", one.name)
            else:
                self.show_form(one, values, result, world).set_outcome(line, *outcome)

        self._writing.attempt(line, result or "", found)

    def show_form(
        self, one: Operation, values: dict[str, str], result: str | None, world: World
    ) -> CallForm:
        """Ask for the arguments of a call; `result` None: nobody wants what it gives."""
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
        form.given.connect(lambda line, name: self.write(line, name, one.name))
        form.finished.connect(lambda _: gone())
        self.form = form
        form.open()
        return form

    def write(self, line: str, result: str, what: str) -> None:
        """Write a line and run it; the node of the variable `result` is shown when it has grown."""
        self._awaited = result.partition(",")[0].strip()
        self._writing.fresh.clear()
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


def _expression(world: World, node: NodeId, tensor: int) -> str:
    name = world.expression(tensor)
    return f"{name}.grad" if name and node.kind == Kind.ACCUMULATE else name


@cache
def _operation(call: str) -> Operation:
    return next(one for one in listed() if one.call == call)
