"""Run a script or notebook without a window, and keep its tape and its outputs."""

from __future__ import annotations

import queue
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.documents import Cell, Document, DocumentError, load, new_key, save
from app.kernel.messages import Event, Job, OutputLimit, Reply
from app.kernel.outputs import append_outputs
from app.kernel.worker import Worker
from engine.tape.tape import Tape

#: A notebook that is kept may hold more than one that is shown.
LIMIT = OutputLimit(characters=20_000_000, outputs=100_000, data=1_000_000_000)
RAISES = "raises-exception"  # the tag by which Jupyter marks a cell that is meant to raise

Progress = Callable[[int, int, str], None]
Echo = Callable[[str, str], None]  # stream, text


class RecordError(DocumentError):
    """The kernel could not be started; the message says why."""


@dataclass(frozen=True, slots=True)
class CellError:
    """An error in the person's code. `number` counts all cells from 1; `line` 0 is unknown."""

    key: str
    number: int
    line: int
    name: str
    text: str
    traceback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a recorded run came to. `status` is "ok", "error" or "died" (the kernel itself ended).

    `error` is a sentence for the first error, or ""; `ran` counts the cells that ran; `checks` are
    outcomes at the program's own Functions (see `engine.tape.diagnose.numeric.Check`).
    """

    status: str
    error: str = ""
    errors: tuple[CellError, ...] = ()
    ran: int = 0
    checks: tuple[Sequence[Any], ...] = ()


def record(
    path: str | Path,
    tape: str | Path,
    executed: str | Path | None = None,
    allow_errors: bool = False,
    progress: Progress | None = None,
    echo: Echo = lambda stream, text: None,
    check: bool = False,
) -> Result:
    """Run `path` and write its tape to `tape`, and with `executed` the notebook with its outputs.

    A notebook runs in its folder, cell by cell; a script as one program in the current folder. The
    first error ends the run unless errors are allowed or the cell is tagged "raises-exception";
    what was recorded before it is kept. check: also measure what the program's own Functions sent
    back, while their code is there. `progress` gets cells done, their number, and a title; `echo`
    what is printed, with the name of its stream, as it comes.
    Raises DocumentError for what cannot be read or started, OSError for what cannot be written.
    """
    path = Path(path)
    document = load(path)
    run = _Run(path, document, allow_errors, progress or (lambda done, total, what: None), echo)
    run.check = check
    result = run.record(Path(tape))
    if executed is not None:
        save(run.document, executed)
    return result


class _Run:
    """One run of one document."""

    def __init__(
        self,
        path: Path,
        document: Document,
        allow_errors: bool,
        progress: Progress,
        echo: Echo,
    ) -> None:
        script = document.format == "py"
        self.document = _as_program(path, document) if script else document
        self._path, self._script = path, script
        self._allow_errors, self._progress, self._echo = allow_errors, progress, echo
        self._cells = {cell.key: cell for cell in self.document.cells if cell.kind == "code"}
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._spool: Path | None = None
        self._words = ""
        self._done = 0
        self._left = len(self._cells)
        self._errors: list[CellError] = []
        self.check = False
        self._checks: tuple[Sequence[Any], ...] = ()

    def record(self, tape: Path) -> Result:
        """Run all cells, end the kernel, and write the tape; also after Ctrl+C, which goes on."""
        worker = Worker(self._events.put, limit=LIMIT, allow_input=False)
        try:
            worker.start(None if self._script else self._path.absolute().parent)
            worker.execute([self._job(cell) for cell in self._cells.values()])
            try:
                self._until(lambda event: self._left == 0 and event.name == "state_changed")
                if self.check:
                    worker.request("check_request", {"steps": None}, "checked", 0)
                    self._until(lambda event: event.name == "checked")
            finally:
                worker.interrupt()
                worker.stop()
                self._until(lambda event: event == Event("state_changed", ("stopped",)))
                self._save_tape(tape)
        finally:
            worker.close()
            worker.join()
        self._progress(len(self._cells), len(self._cells), "done")
        return self._result()

    def _until(self, done: Callable[[Event], bool]) -> None:
        """Take events until one after which `done` is true, or the kernel is gone."""
        while True:
            event = self._events.get()
            self._take(event)
            if done(event) or event in (_DEAD, _STOPPED):
                return

    def _take(self, event: Event) -> None:
        match event:
            case Event("tape_ready", (spool,)):
                self._spool = spool
            case Event("died", (words,)):
                self._words = words
            case Event("started_cell", (key, count)):
                self._cells[key].count = count
                title = self._cells[key].source.strip().partition("\n")[0]
                self._progress(self._done, len(self._cells), title)
            case Event("cleared", (key,)):
                self._cells[key].outputs.clear()
            case Event("outputs", (key, outputs)):
                append_outputs(self._cells[key].outputs, outputs)
                for output in outputs:
                    if output["output_type"] == "stream":
                        self._echo(output["name"], output["text"])
            case Event("finished", (key, reply)):
                self._finish(key, reply)
            case Event("checked", (_, said)):
                self._checks = tuple(said.get("checks", ()))

    def _finish(self, key: str, reply: Reply) -> None:
        self._left -= 1
        self._done += reply.status != "aborted"
        left_well = reply.ename == "SystemExit" and reply.evalue in ("", "0", "None")
        if reply.status != "error" or left_well or RAISES in self._cells[key].tags:
            return
        number = 1 + [cell.key for cell in self.document.cells].index(reply.cell or key)
        self._errors.append(
            CellError(key, number, reply.line, reply.ename, reply.evalue, reply.traceback)
        )

    def _result(self) -> Result:
        if self._words:
            return Result("died", f"{self._path}: {self._words}", tuple(self._errors), self._done)
        if not self._errors:
            return Result("ok", ran=self._done, checks=self._checks)
        first = self._errors[0]
        place = "" if self._script else f", cell {first.number}"
        line = f", line {first.line}" if first.line else ""
        what = f"{first.name}: {first.text}" if first.text else first.name
        return Result(
            "error", f"{self._path}{place}{line}: {what}", tuple(self._errors), self._done,
            self._checks,
        )  # fmt: skip

    def _save_tape(self, target: Path) -> None:
        if self._spool is None:
            raise RecordError(f"{self._path} was not run. {self._words}")
        tape = Tape.open(self._spool)
        try:
            tape.save(target)
        finally:
            tape.close()

    def _job(self, cell: Cell) -> Job:
        cell.outputs, cell.count = [], None
        program = {"program": str(self._path.absolute()), "argv": []}
        may_raise = self._allow_errors or RAISES in cell.tags
        return Job(cell.key, cell.source, may_raise, {"tapedeck": program} if self._script else {})


_DEAD, _STOPPED = (Event("state_changed", (state,)) for state in ("dead", "stopped"))


def _as_program(path: Path, document: Document) -> Document:
    """Return a script as a notebook of one cell: its text as Python reads it."""
    try:
        with tokenize.open(path) as file:
            source = file.read()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror or error}") from None
    key = document.cells[0].key if document.cells else new_key()
    return Document(path, "ipynb", [Cell(key, "code", source)])
