"""Between the inspector's local derivative and the tape: computed off-thread, copied as NumPy."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from app.session import Session
from app.window import Window
from app.work import Worker
from engine.tape.derivative import Derivative, Derivatives
from engine.tape.numpy_code import CodeError, numpy_code
from engine.tape.tape import Tape
from ui.graph.types import Kind, NodeId
from ui.inspector.lookup import lookup

_SELECT = "Select an operation that a backward pass has visited at the playhead."


class DerivativesBinding(QObject):
    """Shows the derivative of the selected operation at the step that the playhead has passed."""

    shown = Signal()  # a derivative, or that there is none, is in the inspector
    copied = Signal(str)  # the program that is on the clipboard

    def __init__(self, session: Session, window: Window) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        self._view = window.inspector.details.derivative
        self._section = window.inspector.details.sections["derivative"]
        self._about: tuple[int, int] | None = None  # operation and step that are shown or computed
        self._known: Derivatives | None = None
        self.worker, self.writer = Worker("derivative", self), Worker("NumPy", self)
        self.worker.done.connect(self._done)
        self.writer.done.connect(self._written)
        self.worker.failed.connect(self._failed)
        self.writer.failed.connect(self._refused)
        session.selection_changed.connect(lambda _: self._ask())
        session.playhead_changed.connect(lambda _: self._ask())
        session.tape_changed.connect(self._forget)
        session.tape_grew.connect(self._grew)
        self._section.toggled.connect(lambda _: self._ask())
        self._view.copy_requested.connect(self.copy)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {"copy_numpy": self.copy}

    def close(self) -> None:
        """End the threads."""
        self.worker.close()
        self.writer.close()

    def copy(self) -> None:
        """Put the selected step on the clipboard as a program of NumPy alone."""
        tape, (_, step) = self._session.tape, self._selected()
        if tape is None or step < 0:
            self._window.notice.show_message(_SELECT)
            return
        frozen = tape.snapshot()
        self.writer.submit(lambda cancelled: numpy_code(frozen, step))

    # --- within

    def _selected(self) -> tuple[int, int]:
        """Return the selected operation and its latest step at the playhead; -1 for none."""
        tape, node = self._session.tape, self._session.selection
        if tape is None or node is None:
            return -1, -1
        op = _operation(tape, node)
        grad_fn = int(tape.ops["node"][op]) if op >= 0 else -1
        if grad_fn < 0:
            return -1, -1
        return op, lookup(tape).step_before(grad_fn, self._session.playhead)

    def _ask(self) -> None:
        tape, (op, step) = self._session.tape, self._selected()
        self._section.setVisible(op >= 0)
        if tape is None or op < 0:
            self._about = None
            self.worker.cancel()
            return
        if not self._section.title.isChecked() or (op, step) == self._about:
            return
        if self._about is None or self._about[0] != op:
            self._view.set_derivative(None)
        self._about = op, step
        frozen = self._known
        if frozen is None:
            frozen = self._known = Derivatives(tape.snapshot())
        self.worker.submit(lambda cancelled: ((op, step), frozen.of(op, step)))

    def _done(self, result: tuple[tuple[int, int], Derivative]) -> None:
        about, derivative = result
        if about == self._about:
            self._section.setVisible(bool(derivative.products))
            self._view.set_derivative(derivative)
            self.shown.emit()

    def _written(self, program: str) -> None:
        QGuiApplication.clipboard().setText(program)
        lines = program.count("\n")
        self._window.statusBar().showMessage(f"Copied a NumPy program of {lines} lines", 4000)
        self.copied.emit(program)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, CodeError):
            raise error  # ours: the report dialog shows it
        self._window.notice.show_message(f"This step cannot be written in NumPy: {error}.")

    def _failed(self, error: Exception) -> None:
        raise error  # ours: the report dialog shows it

    def _grew(self) -> None:
        self._known = None
        self._ask()

    def _forget(self) -> None:
        self.worker.cancel()
        self._known = self._about = None
        self._ask()


def _operation(tape: Tape, node: NodeId) -> int:
    if node.kind == Kind.OP:
        return node.ref
    return int(tape.nodes["op"][node.ref]) if node.kind == Kind.GRAD_FN else -1
