"""Exports of the window: each in a process of its own, so that the window goes on."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

import app
from engine.tape.errors import TapeError
from engine.tape.storage.atomic import part_of
from engine.tape.tape import Tape

if TYPE_CHECKING:
    from app.export.arrangement import Arrangement

PATIENCE = 3000  # milliseconds that a cancelled export gets to tidy up


class Exports(QObject):
    """Runs `tapedeck export`, one at a time."""

    began = Signal(str)  # file name
    advanced = Signal(int, int)  # frames done, of how many
    done = Signal(str)  # file name
    failed = Signal(str)  # one sentence
    cancelled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None  # what the process reads
        self._target, self._part = Path(), Path()
        self._stopped = False

    @property
    def busy(self) -> bool:
        """Return whether an export runs."""
        return self._process is not None

    def start(
        self, tape: Tape, target: Path, graph: int, theme: str, playhead: int | None = None,
        lens: str = "operation", flow: bool = False, by: str = "",
        arrangement: Arrangement | None = None, sideways: bool = False,
    ) -> None:  # fmt: skip
        """Write graph number `graph` to `target`; raises TapeError or OSError.

        playhead, lens, flow: what a picture shows, see `app.export.export`; by: how it is grouped,
        "" for what suits the graph; arrangement: what was folded, pinned and grouped by hand;
        sideways: whether it runs from left to right.

        RuntimeError while another export runs.
        """
        if self.busy:
            raise RuntimeError("an export is running already")
        self._target, self._stopped = target, False
        self._folder = tempfile.TemporaryDirectory(prefix="tapedeck-")
        try:
            source, hand = self._file_of(tape), Path(self._folder.name) / "arrangement.json"
            from app.export.arrangement import Arrangement  # see Files.export_to

            (arrangement or Arrangement()).save(hand)
        except (TapeError, OSError):
            self._folder.cleanup()
            raise
        process = self._process = QProcess(self)
        process.setProcessEnvironment(_environment())
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._not_started)
        self.began.emit(target.name)
        process.start(
            sys.executable,
            ["-P", "-m", "app.cli", "export", str(source), "--to", str(target), "--graph",
             str(graph), "--theme", theme, "--progress", "--colour-by", lens,
             *([] if playhead is None else ["--playhead", str(playhead)]),
             *(["--flow"] if flow else []), *(["--left-to-right"] if sideways else []),
             *(["--group-by", by] if by else []), "--arrangement", str(hand)],
        )  # fmt: skip
        self._part = part_of(target, process.processId())

    def cancel(self) -> None:
        """End the export that runs, if one does; a file that was there stays as it was."""
        if self._process is not None:
            self._stopped = True
            self._process.terminate()
            QTimer.singleShot(PATIENCE, self._process, self._process.kill)

    def close(self) -> None:
        """Cancel, and wait for the end."""
        process = self._process
        if process is not None:
            self.cancel()
            if not process.waitForFinished(PATIENCE):
                process.kill()
                process.waitForFinished(PATIENCE)

    def _file_of(self, tape: Tape) -> Path:
        """Return a file that holds the tape: the one it was read from, or a copy."""
        path = Path(tape.file)
        if path.is_file():
            return path
        assert self._folder is not None
        path = Path(self._folder.name) / "recording.tape"
        tape.save(path)
        return path

    def _read(self) -> None:
        assert self._process is not None
        line = b""
        while self._process.canReadLine():  # what arrives may end within a line
            line = bytes(self._process.readLine().data())
        if line:
            done, total = map(int, line.split())
            self.advanced.emit(done, total)

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process = self._process
        assert process is not None
        said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        self._tidy()
        if self._stopped:
            self.cancelled.emit()
        elif code == 0 and status == QProcess.ExitStatus.NormalExit:
            self.done.emit(self._target.name)
        else:
            why = said.splitlines()[-1].removeprefix("tapedeck: ") if said else f"status {code}"
            self.failed.emit(f"{self._target.name} is not written: {why}")

    def _not_started(self, error: QProcess.ProcessError) -> None:
        process = self._process
        if process is not None and error == QProcess.ProcessError.FailedToStart:
            self._tidy()
            self.failed.emit(f"{self._target.name} is not written: {process.errorString()}")

    def _tidy(self) -> None:
        """Let the process go, and what it left if it was killed."""
        assert self._process is not None
        self._process.deleteLater()
        self._process = None
        self._part.unlink(missing_ok=True)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _environment() -> QProcessEnvironment:
    """Return an environment in which this very program is found."""
    environment = QProcessEnvironment.systemEnvironment()
    root = str(Path(app.__file__).absolute().parent.parent)
    before = environment.value("PYTHONPATH")
    separator = ";" if sys.platform == "win32" else ":"
    environment.insert("PYTHONPATH", separator.join([root, before] if before else [root]))
    return environment
