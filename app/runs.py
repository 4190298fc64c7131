"""Running the document's cells: what goes to the kernel, and what comes back into the cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.growth import Growth
from app.kernel.client import Kernel, Reply
from app.kernel.outputs import append_outputs
from app.session import Session
from engine.tape.tape import Tape, TapeError


class Runs(QObject):
    """Connects the session with the kernel; the kernel's tape becomes the session's."""

    status_changed = Signal(str, str)  # key; idle, queued, running, ok, error
    outputs_added = Signal(str, list)
    outputs_cleared = Signal(str)
    count_changed = Signal(str, object)
    kernel_state_changed = Signal(str)
    first_run = Signal()  # the run that `open` began is over
    ending = Signal()  # all ran, and the last of it is read
    finished = Signal()  # nothing is queued or running any more
    error_raised = Signal(str, str)  # key, "ValueError: ..."
    held_back = Signal(str, int)  # key, printed lines that were not kept so far
    died = Signal(str)  # how the process ended
    input_requested = Signal(str, str, bool)  # key, prompt, whether it is a password
    trust_wanted = Signal()  # cells are to run of a document that is not trusted
    problem = Signal(str)  # a sentence for the person

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.kernel = Kernel(self)
        #: Where the program shall wait: breakpoints as plain values.
        self.stops: Callable[[], Sequence[object]] = tuple
        self.tape: Tape | None = None  # what this kernel writes
        self._pending: list[str] = []
        self._running = ""  # key of the cell that runs
        self._first = False
        self.foreign = False  # whether somebody else started the kernel
        self._held: tuple[Sequence[str], bool] = ((), False)  # to run once that is trusted
        self._again: list[str] = []  # to run once a restarted kernel is there
        kernel = self.kernel
        kernel.state_changed.connect(self._kernel_state)
        kernel.started_cell.connect(self._started)
        kernel.outputs.connect(self._outputs)
        kernel.cleared.connect(self._cleared)
        kernel.finished.connect(self._finished)
        kernel.held_back.connect(self.held_back)
        kernel.died.connect(self.died)
        kernel.input_requested.connect(self.input_requested)
        kernel.tape_ready.connect(self._tape_ready)
        self._growth = Growth(session.read_more, session.grow, self)
        self._ending = False  # all ran, but not all of the tape is shown yet
        kernel.tape_grew.connect(self._growth.grew)
        kernel.tape_ended.connect(lambda why: self.problem.emit(f"The recording ends here: {why}."))

    @property
    def busy(self) -> bool:
        """Return whether cells are queued or running, or the last of what they did is read."""
        return bool(self._pending) or self._ending

    @property
    def coming(self) -> bool:
        """Return whether cells run, or will as soon as their kernel is there."""
        return self.busy or bool(self._again)

    def open(self, folder: Path | None, run: bool = False) -> None:
        """Start a new kernel in `folder` for a new document, and `run` all of it once it is there.

        `first_run` follows when that run is over.
        """
        self._pending.clear()
        self._again = [c.key for c in self._session.document.cells] if run else []
        self._first = run
        self.foreign = False
        self.kernel.shutdown()
        self.kernel.start(folder)
        self.kernel_state_changed.emit(self.kernel.state)  # as before, but by now cells are coming

    def attach(self, file: Path) -> None:
        """Watch the kernel of a connection file, which somebody else started."""
        self._pending.clear()
        self._again, self._first = [], False
        self.foreign = True
        self.kernel.shutdown()
        self.kernel.attach(file)

    def run(self, keys: Sequence[str], stop_on_error: bool = False) -> None:
        """Run code cells in the order given; with `stop_on_error` one that raises ends the run."""
        jobs = [(key, self._session.cell(key).source) for key in keys if self._is_code(key)]
        if not jobs:
            return
        if not self._session.trusted:
            self._held = (keys, stop_on_error)
            self.trust_wanted.emit()
            return
        if self.kernel.state in ("dead", "stopped"):
            self._again = [key for key, _ in jobs]
            self.restart()
            return
        for key, _ in jobs:
            self._clear(key)
            self._pending.append(key)
            self.status_changed.emit(key, "queued")
        may_raise = {key for key, _ in jobs if "raises-exception" in self._session.cell(key).tags}
        self.kernel.execute_many(jobs, stop_on_error, may_raise, self.stops())

    def run_held(self) -> None:
        """Run what waited for the document to be trusted."""
        keys, stop = self._held
        self.forget_held()
        self.run([key for key in keys if self._known(key)], stop)

    def forget_held(self) -> None:
        """Nothing waits for the document to be trusted any more."""
        self._held = ((), False)

    def run_all(self, stop_on_error: bool = False) -> None:
        """Run every code cell from top to bottom."""
        self.run([cell.key for cell in self._session.document.cells], stop_on_error)

    def restart(self, run_all: bool = False) -> None:
        """A new process with nothing defined and a new tape."""
        if run_all:
            self._again = [cell.key for cell in self._session.document.cells]
        self._pending.clear()
        self.foreign = False
        self.kernel.start(_folder(self._session))

    def interrupt(self) -> None:
        """Stop what runs and what waits."""
        self.kernel.interrupt()

    def answer(self, key: str, prompt: str, text: str) -> None:
        """Give the running cell the line that it waits for; question and answer are its output."""
        shown: dict[str, object] = {
            "output_type": "stream",
            "name": "stdout",
            "text": f"{prompt}{text}\n",
        }
        self._outputs(key, [shown])
        self.kernel.reply_input(text)

    def stop(self) -> None:
        """End the kernel; `open` starts another."""
        self.kernel.shutdown()
        self.kernel.join()

    def close(self) -> None:
        """End the kernel, and start none any more."""
        self._growth.close()
        self.stop()

    def _is_code(self, key: str) -> bool:
        cell = self._session.cell(key)
        return cell.kind == "code" and bool(cell.source.strip())

    def _clear(self, key: str) -> None:
        cell = self._session.cell(key)
        cell.outputs, cell.count = [], None
        self.outputs_cleared.emit(key)
        self.count_changed.emit(key, None)
        document = self._session.document
        # An example's outputs are nobody's work, and a script keeps none.
        if document.path is not None and document.format != "py":
            self._session.set_dirty(True)

    def _known(self, key: str) -> bool:
        return any(cell.key == key for cell in self._session.document.cells)

    def _kernel_state(self, state: str) -> None:
        self.kernel_state_changed.emit(state)

    def _started(self, key: str, count: int) -> None:
        self._running = key
        if self._known(key):
            self._session.cell(key).count = count
            self.count_changed.emit(key, count)
            self.status_changed.emit(key, "running")

    def _outputs(self, key: str, outputs: list[dict[str, object]]) -> None:
        if self._known(key):
            append_outputs(self._session.cell(key).outputs, outputs)
            self.outputs_added.emit(key, outputs)

    def _cleared(self, key: str) -> None:
        if self._known(key):
            self._session.cell(key).outputs = []
            self.outputs_cleared.emit(key)

    def _finished(self, key: str, reply: Reply) -> None:
        if key in self._pending:
            self._pending.remove(key)
        running, self._running = self._running, ""
        if self._known(key):
            # Aborted while it ran: the kernel died in it.
            aborted = "error" if key == running else "idle"
            self.status_changed.emit(key, {"ok": "ok", "error": "error"}.get(reply.status, aborted))
            if reply.status == "error":
                self.error_raised.emit(key, f"{reply.ename}: {reply.evalue}")
        if not self._pending:
            self._ending = True
            self.ending.emit()
            self._growth.finish(self._ended)

    def _ended(self) -> None:
        self._ending = False
        if self._pending:
            return  # more was asked for meanwhile
        self.finished.emit()
        if self._first:
            self._first = False
            self.first_run.emit()

    def _tape_ready(self, path: Path) -> None:
        try:
            self.tape = Tape.open(path)
            self._session.set_tape(self.tape)
        except TapeError as error:
            self.problem.emit(f"The recording cannot be read: {error}")
            return
        keys, self._again = self._again, []
        self.run([key for key in keys if self._known(key)])  # cells go while a kernel starts


def _folder(session: Session) -> Path | None:
    path = session.document.path
    return path.parent if path else None
