"""What can be done to a tensor by a line of code: backward, detach, rename; and new ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QUndoCommand, QUndoStack
from PySide6.QtWidgets import QInputDialog, QLineEdit

from app.controller.applying import Applying
from app.controller.graph import GraphBinding
from app.controller.writing import Writing, tensor_of
from app.renaming import RenameError, is_name, renamed
from app.runs import Runs
from app.session import Session
from app.window import Window
from app.world import Named, World
from engine.ops.listing import Operation
from ui.graph.types import Kind
from ui.leaf.form import LeafForm
from ui.theme import Theme

BACKWARD = Operation(
    "backward", "Tensor.backward",
    "Tensor.backward(gradient=None, retain_graph=None, create_graph=False)", (), "other",
    "Adds the gradients of this tensor to the .grad of the leaves that it came from.",
    (), True, False, "", (("", "a pass from more than one number starts with one that is given"),),
)  # fmt: skip


class TensorGestures(QObject):
    """Serves the commands on one tensor; each writes a line and can be undone."""

    def __init__(
        self, session: Session, runs: Runs, window: Window, graph: GraphBinding, writing: Writing,
        applying: Applying, undo: QUndoStack, theme: Callable[[], Theme],
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._session, self._runs, self._window, self._graph = session, runs, window, graph
        self._writing, self._applying, self._undo, self._theme = writing, applying, undo, theme
        self.leaf_form: LeafForm | None = None
        self.name_form: QInputDialog | None = None
        session.selection_changed.connect(lambda _: self.update())
        graph.shown.connect(self.update)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {
            "new_leaf": self.new_leaf,
            "backward": lambda: self._with(self._backward),
            "toggle_grad": lambda: self._with(self._toggle),
            "detach": lambda: self._with(self._detach),
            "zero_grad": lambda: self._with(self._zero),
            "rename": lambda: self._with(self._rename),
        }

    def update(self) -> None:
        """Enable the commands that the selection allows."""
        actions, data = self._window.actions_by_id, self._attributes()
        if not actions:
            return
        kind, named = data.get("kind"), bool(data.get("name"))
        leaf, op = kind == Kind.LEAF, kind == Kind.OP
        actions["backward"].setEnabled(op and bool(data.get("requires_grad")))
        actions["detach"].setEnabled(named and (leaf or op))
        actions["toggle_grad"].setEnabled(leaf)
        actions["zero_grad"].setEnabled(
            kind == Kind.ACCUMULATE or (leaf and bool(data.get("requires_grad")))
        )
        actions["rename"].setEnabled((leaf or op) and is_name(str(data.get("name") or "")))

    def new_leaf(self) -> None:
        """Show the form of a new leaf."""
        self._writing.look(self._offer_leaf)

    # --- within

    def _attributes(self) -> dict[str, Any]:
        picture, node = self._graph.picture, self._session.selection
        if picture is None or node is None or node not in picture.graph:
            return {}
        return dict(picture.graph.nodes[node])

    def _with(self, then: Callable[[World, Named], object]) -> None:
        """Call `then` with the tensor of the selected node, if a line can name it."""
        tape, node = self._session.tape, self._session.selection
        if tape is None or node is None:
            return
        tensor = tensor_of(tape, node)

        def known(world: World) -> None:
            named = world.named(tensor)
            if named is None:
                self._applying.refuse(node)
            else:
                then(world, named)

        self._writing.look(known)

    def _offer_leaf(self, world: World) -> None:
        form = LeafForm(world.unused("x"), world.defined, self._theme(), self._window)
        form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        form.given.connect(lambda code, name: self._make(world.importing(code), name))
        form.finished.connect(lambda _: self._forget_leaf(form))
        self.leaf_form = form
        form.open()

    def _forget_leaf(self, form: LeafForm) -> None:
        if self.leaf_form is form:
            self.leaf_form = None

    def _make(self, code: str, name: str) -> None:
        self._writing.fresh.append(name)
        self._writing.write(code, f"New Tensor {name}")
        self._window.statusBar().showMessage(
            f"{name} will be in the graph when an operation uses it", 8000
        )
        self._window.graph.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _backward(self, world: World, named: Named) -> None:
        values = {"tensor": named.name}
        if any(size != 1 for size in named.shape):
            ones = "torch.ones_like({0})" if "torch" in world.defined else "{0}.new_ones({0}.shape)"
            values["gradient"] = ones.format(named.name)
            self._applying.show_form(BACKWARD, values, None, world)
            return
        self._applying.write_or_ask(BACKWARD, values, None, world)

    def _toggle(self, world: World, named: Named) -> None:
        line = f"{named.name}.requires_grad_({not named.requires_grad})"
        self._writing.write_if_it_runs(line, "", "Toggle requires_grad")

    def _detach(self, world: World, named: Named) -> None:
        plain = named.name.isidentifier()
        result = world.unused(f"{named.name}_detached") if plain else world.free("t")
        self._applying.write(f"{result} = {named.name}.detach()", result, "detach")

    def _zero(self, world: World, named: Named) -> None:
        if not named.grad:
            self._window.notice.show_message(f"{named.name} has no gradient to be zeroed.")
            return
        self._writing.write_if_it_runs(f"{named.name}.grad.zero_()", "", "Zero Gradient")

    def _rename(self, world: World, named: Named) -> None:
        box = QInputDialog(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle("Rename Variable")
        box.setLabelText(f"New name of {named.name}, in all cells and in the kernel:")
        box.setTextEchoMode(QLineEdit.EchoMode.Normal)
        box.setTextValue(named.name)
        box.textValueSelected.connect(lambda new: self.rename(named.name, new.strip(), world))
        self.name_form = box
        box.open()

    def rename(self, old: str, new: str, world: World) -> None:
        """Give a variable another name in all cells and in the kernel, or say why not."""
        if new == old:
            return
        why = ""
        if not is_name(new):
            why = f"“{new}” is no name of a variable."
        elif new in world.names:
            why = f"{new} is in use already: choose another name."
        else:
            _, failed = self._renamed(old, new)
            why = f"{old} cannot be renamed: {failed[0]}." if failed else ""
        if why:
            self._window.notice.show_message(why, error=True)
        else:
            self._undo.push(_Rename(self, old, new))

    def replace(self, old: str, new: str) -> None:
        """Rename in the cells as they are now, and in the kernel."""
        sources, failed = self._renamed(old, new)
        for key, text in sources.items():
            self._session.set_source(key, text)
            self._window.notebook.set_source(key, text)
        self._runs.kernel.execute("rename", f"{new} = {old}\ndel {old}")
        if failed:
            self._window.notice.show_message(f"{old} is still in use: {failed[0]}.", error=True)

    def _renamed(self, old: str, new: str) -> tuple[dict[str, str], list[str]]:
        """Return the new texts of the cells that change, and where it cannot be done."""
        sources: dict[str, str] = {}
        failed: list[str] = []
        for number, cell in enumerate(self._session.document.cells, 1):
            if cell.kind != "code":
                continue
            try:
                text = renamed(cell.source, old, new)
            except RenameError as error:
                failed.append(f"in cell {number}, {error}")
                continue
            if text != cell.source:
                sources[cell.key] = text
        return sources, failed


class _Rename(QUndoCommand):
    """Rename a variable; undo renames it back."""

    def __init__(self, gestures: TensorGestures, old: str, new: str) -> None:
        super().__init__(f"Rename {old}")
        self._gestures, self._old, self._new = gestures, old, new

    def redo(self) -> None:
        self._gestures.replace(self._old, self._new)

    def undo(self) -> None:
        self._gestures.replace(self._new, self._old)
