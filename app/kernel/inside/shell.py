"""IPython's kernel and shell, adapted: cells by key, interrupts only in the person's code."""

# mypy: allow-untyped-calls
from __future__ import annotations

import re
import signal
import sys
import sysconfig
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np
from ipykernel.compiler import XCachingCompiler
from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell

from app.kernel.inside.memory import words
from app.kernel.inside.pausing import Pauses
from app.kernel.inside.streams import CellStream
from app.kernel.inside.trial import models, tensors, tried
from app.kernel.inside.wakeful import Alarm

#: The key under which our own facts travel in a message's metadata.
METADATA = "tapedeck"
#: Libraries that the engine calls: what they were about when it was interrupted is not told.
_BELOW = (str(Path(np.__file__).parent), sysconfig.get_path("stdlib"))
_CELL_FILE = re.compile(r"<cell (.*) In\[(\d+)\]>")


def cell_file(key: str, count: int) -> str:
    """Return the file name that the code of a cell's run is compiled under."""
    return f"<cell {key} In[{count}]>"


def cell_key(filename: str) -> str:
    """Return the key of the cell that a file name stands for; "" for a real file."""
    match = _CELL_FILE.fullmatch(filename)
    return match[1] if match else ""


class CellCompiler(XCachingCompiler):
    """Names code after the cell it came from, one name per run: old lines stay readable."""

    key = ""
    program: Path | None = None

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        """Return the script's path while a script runs, else the cell's name."""
        return str(self.program) if self.program else cell_file(self.key, number)

    def format_code_name(self, name: str) -> tuple[str, str] | None:
        """Return how a traceback calls a cell; a script keeps its file name."""
        return None if name == str(self.program) else super().format_code_name(name)


class CellShell(ZMQInteractiveShell):
    """The shell in which cells run."""

    compile: CellCompiler
    #: Folders whose frames are not the person's; emptied to debug the engine itself.
    hidden_folders: tuple[str, ...] = ()
    #: Megabytes of data that may be held; 0: no limit.
    memory = 0.0

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Show an exception without the engine's frames, as PyTorch's C++ shows none."""
        error = sys.exc_info()[1]
        if self.compile.program and isinstance(error, SystemExit):
            if isinstance(error.code, str):
                print(error.code, file=sys.stderr)
            return
        if error is not None:
            hide_frames(error, self.hidden_folders)
        super().showtraceback(*args, **kwargs)
        if isinstance(error, MemoryError) and self.memory:
            print(words(self.memory), file=sys.stderr)

    async def run_code(self, code_obj: Any, result: Any = None, *, async_: bool = False) -> Any:
        """Run a statement of a cell; an interrupt that came before the first one strikes here."""
        if self.kernel.begin_code():
            code_obj, async_ = _INTERRUPTED, False
        with self.kernel.pauses.watching():
            return await super().run_code(code_obj, result, async_=async_)

    def transform_cell(self, raw_cell: str) -> str:
        """Return the cell as Python; a script already is."""
        return raw_cell if self.compile.program else str(super().transform_cell(raw_cell))

    @contextmanager
    def running_program(self, path: Path, argv: list[str]) -> Iterator[None]:
        """Let the next cell be a script: its path, its arguments, no display of its last value."""
        self.compile.program = path
        self.user_ns["__file__"] = str(path)
        sys.argv = [str(path), *argv]
        sys.path.insert(0, str(path.parent))
        # A script's sys.exit is no mistake; IPython would explain how to leave a notebook.
        warnings.filterwarnings("ignore", message="To exit: use", category=UserWarning)
        shown, self.ast_node_interactivity = self.ast_node_interactivity, "none"
        try:
            yield
        finally:
            self.ast_node_interactivity = shown
            self.compile.program = None

    def _tee(self, channel: str) -> Any:
        # IPython would keep a second copy of everything that is printed, for ever.
        return nullcontext()


def _nothing() -> None:
    """Do nothing, which a sleeping loop wakes up for."""


_INTERRUPTED = compile("raise KeyboardInterrupt", "<interrupt>", "exec")


def hide_frames(error: BaseException, folders: tuple[str, ...]) -> None:
    """Unlink the frames of code in `folders` from an exception and those it came from.

    With them go those of the libraries that this code calls. The last frame that is somebody else's
    stays; a traceback without any is left alone.
    """
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.__traceback__ = _without(current.__traceback__, folders)
        pending += [current.__cause__, current.__context__]


def _without(tb: TracebackType | None, folders: tuple[str, ...]) -> TracebackType | None:
    kept, below = list[TracebackType](), False
    for entry in _entries(tb):
        file = entry.tb_frame.f_code.co_filename
        below = file.startswith(folders) or (below and _is_below(file))
        if not below:
            kept.append(entry)
    if not folders or not kept:
        return tb
    for entry, following in zip(kept, [*kept[1:], None], strict=True):
        entry.tb_next = following
    return kept[0]


def _is_below(file: str) -> bool:
    """Whether code is NumPy's or Python's own, and not another package's."""
    numpy, standard = _BELOW
    return file.startswith(numpy) or (file.startswith(standard) and "-packages" not in file)


def _entries(tb: TracebackType | None) -> Iterator[TracebackType]:
    while tb is not None:
        yield tb
        tb = tb.tb_next


def place_of(error: BaseException, compiler: CellCompiler) -> dict[str, Any]:
    """Return where in the person's cells (or script) an error came up: {"cell", "line"}.

    Empty if no frame is in a cell. A syntax error's place is the line that cannot be read.
    """
    places = [(e.tb_frame.f_code.co_filename, e.tb_lineno) for e in _entries(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((error.filename, error.lineno or 0))
    for filename, line in reversed(places):
        key = compiler.key if filename == str(compiler.program) else cell_key(filename)
        if key:
            return {"cell": key, "line": line}
    return {}


class CellKernel(IPythonKernel):
    """The kernel: takes a cell's key from the request, and interrupts nothing but the cell."""

    shell: CellShell
    shell_class = CellShell
    compiler_class = CellCompiler

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        #: Whether the person's code (or a completion) runs, so that SIGINT may raise.
        self.interruptible = False
        self._starting = False  # a cell was asked for, and its code does not run yet
        self._early = False  # an interrupt came meanwhile
        self.shell_handlers |= {
            "trial_request": self._try, "tensors_request": self._tell_tensors,
            "check_request": self._check_functions,
        }  # fmt: skip
        self.error_place: dict[str, Any] = {}
        #: Where the person's program waits for them.
        self.pauses = Pauses(self._ask, self._cell_of, lambda: self.shell.user_ns)

    def _ask(self, question: str) -> str:
        return str(self.raw_input(question))

    def _cell_of(self, filename: str) -> tuple[str, int]:
        """Return key and count of the cell or running script that a file name stands for."""
        compiler = self.shell.compile
        if filename == str(compiler.program):
            return compiler.key, self.shell.execution_count
        match = _CELL_FILE.fullmatch(filename)
        return (match[1], int(match[2])) if match else ("", 0)

    def start(self) -> None:
        """Start to serve; a signal wakes the loop, or an awaiting cell would not hear of it."""
        super().start()
        self._alarm = Alarm(lambda: self.io_loop.add_callback(_nothing))

    def pre_handler_hook(self) -> None:
        """Called before each request is handled."""
        # IPython swallows an interrupt that comes while it prepares a cell.
        header = self.get_parent("shell").get("header", {})
        self._starting = header.get("msg_type") == "execute_request"
        self._early = False
        self.interruptible = not self._starting
        self._old_handler = signal.signal(signal.SIGINT, self._on_interrupt)

    def post_handler_hook(self) -> None:
        """Called after each request was handled."""
        self.interruptible = False
        signal.signal(signal.SIGINT, self._old_handler)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        # While a reply is being put together, raising would lose the reply or end the kernel.
        if self.interruptible:
            signal.default_int_handler(number, frame)
        elif self._starting:
            self._early = True

    def _try(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Answer what a line would do, without doing it."""
        content = parent["content"]
        said = tried(content["source"], content["result"], self.shell.user_ns)
        assert self.session is not None
        self.session.send(stream, "trial_reply", said, parent, ident)

    def _tell_tensors(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Answer which tensors a line can name."""
        names = self.shell.user_ns
        said = {
            "status": "ok", "tensors": tensors(names), "models": models(names),
            "names": sorted(map(str, names)),
        }  # fmt: skip
        assert self.session is not None
        self.session.send(stream, "tensors_reply", said, parent, ident)

    def _check_functions(self, stream: Any, ident: Any, parent: dict[str, Any]) -> None:
        """Answer whether the gradients of the person's own Functions agree with differences."""
        recording, said = self.pauses.recording, {"status": "unknown", "why": "nothing is recorded"}
        if recording is not None:
            said = recording.checked(parent["content"].get("steps"))
        assert self.session is not None
        self.session.send(stream, "check_reply", said, parent, ident)

    def begin_code(self) -> bool:
        """The person's code runs from now on; returns whether an interrupt came before."""
        early, self._early = self._early, False
        self._starting, self.interruptible = False, True
        return early

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: Mapping[str, str] | None = None,
        allow_stdin: bool = False,
        *,
        cell_meta: Mapping[str, Any] | None = None,
        cell_id: str | None = None,
    ) -> dict[str, Any]:
        """Run a cell, or a whole script where the request says so."""
        ours = (cell_meta or {}).get(METADATA, {})
        self.error_place = {}
        self.shell.compile.key = cell_id or ""
        self.pauses.set(ours.get("stops", ()))
        program: AbstractContextManager[None] = nullcontext()
        if "program" in ours:
            program = self.shell.running_program(Path(ours["program"]), list(ours["argv"]))
        with program:
            reply: dict[str, Any] = await super().do_execute(
                code, silent, store_history, user_expressions, allow_stdin,
                cell_meta=cell_meta, cell_id=cell_id,
            )  # fmt: skip
        self.pauses.set(())  # what runs between cells, as for a completion, waits nowhere
        return reply

    def do_shutdown(self, restart: bool) -> Any:
        """End the kernel; what was printed is sent first."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, CellStream):
                stream.settle()
                stream.ending = True
        return super().do_shutdown(restart)

    def finish_metadata(
        self, parent: Any, metadata: dict[str, Any], reply_content: dict[str, Any]
    ) -> dict[str, Any]:
        """Add where an error came up to the reply."""
        finished: dict[str, Any] = super().finish_metadata(parent, metadata, reply_content)
        finished[METADATA] = self.error_place
        return finished
