"""Opening and saving: notebooks, scripts, recordings, pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from app.controller.exports import Exports
from app.controller.leaving import Leaving
from app.controller.waiting import Waiting
from app.documents import Cell, Document, DocumentError, load, new, new_key, save
from app.examples import Example
from app.runs import Runs
from app.session import Session
from app.settings import Settings
from app.window import Window
from engine.tape.tape import Tape, TapeError
from ui.graph.groups import By

#: Bytes of a tape from which on it is read and written beside the window's own work.
LARGE = 24_000_000
OPENABLE = "Notebooks, scripts, tapes (*.ipynb *.py *.tape)"
NOTEBOOK, SCRIPT = "Notebook (*.ipynb)", "Python script (*.py)"
#: What each format is called where one chooses it.
EXPORTS = {
    ".png": "PNG picture", ".svg": "SVG drawing", ".pdf": "PDF document",
    ".gif": "GIF of the backward replay", ".mp4": "MP4 of the backward replay",
    ".webm": "WebM of the backward replay", ".dot": "Graphviz DOT", ".graphml": "GraphML",
    ".json": "node-link JSON",
}  # fmt: skip


class Files(QObject):
    """What File menu, drag and drop and the command line open and save."""

    shown_changed = Signal()  # the document has a file now
    recent_changed = Signal()
    line_wished = Signal(int)  # of the script that is shown
    tape_saved = Signal(str)  # the file that the saved tape was read from

    def __init__(self, session: Session, runs: Runs, window: Window, settings: Settings) -> None:
        super().__init__(window)
        self._session, self._runs, self._window, self._settings = session, runs, window, settings
        self.exports = Exports(self)
        self.leaving = Leaving(session, window, self.save)
        self._then: list[Callable[[], object]] = []  # when a large recording is shown
        self.shown: Path | None = None  # the file that the document or the recording is from
        #: Who opens a file, or with None something new; None: these do.
        self.elsewhere: Callable[[Path | None], Files | None] = lambda path: None
        self._watch_exports()
        self.waiting, self.saving = Waiting(window.busy, self), Waiting(window.busy, self)
        #: Asked before a document is written over its own file.
        self.may_overwrite: Callable[[Path], bool] = lambda _: True

    # --- opening

    def new(self) -> None:
        """Begin an empty notebook."""
        files = self.elsewhere(None) or self
        files.leaving.before(lambda: files.show_document(new()))

    def open_dialog(self) -> None:
        """Ask for a file and open it."""
        folder = str(self._folder())
        name, _ = QFileDialog.getOpenFileName(self._window, "Open", folder, OPENABLE)
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> bool:
        """Open a notebook, script or tape; returns whether it could be. Nothing is run.

        One that is open already is only shown.
        """
        files = self.elsewhere(path) or self
        if files is not self and files.shown == path.absolute():
            return True
        return files.open_here(path)

    def open_here(self, path: Path) -> bool:
        """Open a file instead of what is shown; returns whether it is open.

        It is not yet where the person is asked about unsaved changes first.
        """
        return self.leaving.before(lambda: self._open(path))

    def _open(self, path: Path) -> bool:
        if path.suffix.lower() == ".tape":
            return self._with_tape(
                path, partial(self._show_whole, path), partial(self._offer_rest, path)
            )
        try:
            self._show(load(path), foreign=True)
        except DocumentError as error:
            self._window.notice.show_message(str(error), error=True)
            return False
        self._is_shown(path)
        return True

    def _with_tape(
        self, path: Path, then: Callable[[Tape], object], failed: Callable[[TapeError], object],
        rest: bool = False,
    ) -> bool:  # fmt: skip
        """Read a tape, or what can be read of it, and call `then`; returns False if it failed.

        A large one is read while the window goes on, until something else is opened.
        """
        try:
            large = path.stat().st_size > LARGE
            tape = None if large else Tape.open(path, partial=rest)
        except OSError as error:
            failed(TapeError(str(path), "opening", error.strerror or str(error)))
            return False
        except TapeError as error:
            failed(error)
            return False
        if tape is None:
            self.waiting.run(
                f"Opening {path.name}",
                lambda progress: Tape.open(path, partial=rest, progress=progress),
                then, partial(_expected, failed),
            )  # fmt: skip
        else:
            then(tape)
        return True

    def _show_whole(self, path: Path, tape: Tape) -> None:
        self._show_tape(path.name, tape)
        if not tape.complete:
            self._window.notice.show_message(_unfinished(path.name, tape))
        self._is_shown(path)
        for then in self._then:
            then()
        self._then.clear()

    def _is_shown(self, path: Path) -> None:
        self.shown = path.absolute()
        self.shown_changed.emit()
        self._settings.add_recent(path)
        self.recent_changed.emit()

    def open_recovered(self, path: Path, title: str) -> bool:
        """Show what can be read of a damaged or unfinished tape, and say what is lost.

        Returns whether anything can be, see `open_here`.
        """

        def refuse(error: TapeError) -> None:
            self._window.notice.show_message(f"It cannot be read: {error}", error=True)

        return self.leaving.before(
            lambda: self._with_tape(path, partial(self._show_rest, title), refuse, rest=True)
        )

    def _show_rest(self, title: str, tape: Tape) -> None:
        self._show_tape(title, tape)
        self._window.notice.show_message(
            _unfinished(title, tape), error=tape.damage is not None,
            action=("Save Recording As…", self.save_tape), stays=True,
        )  # fmt: skip

    def _offer_rest(self, path: Path, error: TapeError) -> None:
        """Say where a tape is damaged, and offer what can be read of it."""

        def offer(rest: Tape) -> None:
            action: tuple[str, Callable[[], object]] | None = None
            if len(rest.events):
                count = f"Open Its First {len(rest.events):,} Events"
                action = count, lambda: self.open_recovered(path, path.name)
            rest.close()
            self._window.notice.show_message(str(error), error=True, action=action)

        def refuse(_: TapeError) -> None:
            self._window.notice.show_message(str(error), error=True)

        self._with_tape(path, offer, refuse, rest=True)

    def open_example(self, example: Example) -> None:
        """Open a copy of an example and run it: it is ours, and small."""
        files = self.elsewhere(None) or self

        def show() -> None:
            document = load(example.path)
            document.path = None
            files.show_document(document, title=example.title, run=True)

        files.leaving.before(show)

    def show_document(self, document: Document, title: str = "", run: bool = False) -> None:
        """Show a document that was not opened from a file; `run` it only if it is ours."""
        self._show(document, title, run)

    def _show(
        self, document: Document, title: str = "", run: bool = False, foreign: bool = False
    ) -> None:
        self.waiting.cancel()  # a file that was to be shown here
        self._then.clear()
        self.shown = None
        if not document.cells:
            document.cells.append(Cell(new_key()))
        self._session.title = title
        self._session.set_document(document, foreign)
        self._runs.open(document.path.parent if document.path else None, run=run)

    def _show_tape(self, title: str, tape: Tape) -> None:
        """Show a recording with the program that made it; the kernel stays off until Run."""
        cells: dict[str, Cell] = {}
        for row in tape.cells:
            key = tape.text(row["key"])
            cells[key] = Cell(key=key, kind="code", source=tape.text(row["source"]))
            cells[key].count = int(row["count"]) if row["count"] >= 0 else None
        self.shown = None
        document = new()
        document.cells = list(cells.values()) or [Cell(new_key())]
        self._session.title = title
        self._runs.stop()
        self._session.set_document(document, foreign=True)
        self._session.set_tape(tape)

    def when_shown(self, then: Callable[[], object]) -> None:
        """Call `then` when the recording that is opened is shown: now, unless it is large."""
        if self.waiting.busy:
            self._then.append(then)
        elif self._session.tape is not None:
            then()

    # --- saving

    def save(self) -> bool:
        """Save the document where it lives; asks where if it lives nowhere yet."""
        path = self._session.document.path
        return self.save_as() if path is None else self.write_document(path)

    def save_as(self) -> bool:
        """Ask for a place and save the document there."""
        document = self._session.document
        script = document.format == "py"
        start = document.path or self._folder() / ("untitled.py" if script else "untitled.ipynb")
        filters = f"{SCRIPT};;{NOTEBOOK}" if script else f"{NOTEBOOK};;{SCRIPT}"
        name, chosen = QFileDialog.getSaveFileName(self._window, "Save As", str(start), filters)
        if not name:
            return False
        path = Path(name)
        if path.suffix.lower() not in (".ipynb", ".py"):
            path = path.with_name(path.name + (".py" if chosen == SCRIPT else ".ipynb"))
        return self.write_document(path)

    def write_document(self, path: Path) -> bool:
        """Write the document to `path`, where it lives from then on."""
        document = self._session.document
        if path == document.path and not self.may_overwrite(path):
            return False
        try:
            save(document, path)
        except DocumentError as error:
            self._window.notice.show_message(f"Not saved: {error}", error=True)
            return False
        kind = "py" if path.suffix.lower() == ".py" else "ipynb"
        if kind != document.format:  # what the old format held beside the cells stayed behind
            document.format, document.extra = kind, {}
            for cell in document.cells:
                cell.extra = {}
        self._session.title = ""
        self.shown = path.absolute()
        self._session.set_path(path)
        self.shown_changed.emit()
        self._session.set_dirty(False)
        self._settings.add_recent(path)
        self.recent_changed.emit()
        self._window.statusBar().showMessage(f"Saved {path.name}", 4000)
        return True

    def save_tape(self) -> bool:
        """Ask for a place and keep the recording there."""
        tape = self._session.tape
        if tape is None or not len(tape.events):
            self._window.notice.show_message("There is no recording yet: run a cell first.")
            return False
        path = self._session.document.path
        start = path.with_suffix(".tape") if path else self._folder() / "recording.tape"
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Save Recording As", str(start), "Tape (*.tape)"
        )
        return bool(name) and self.write_tape(Path(name))

    def write_tape(self, path: Path) -> bool:
        """Write the recording to `path`; returns False where it could not be.

        A large one is written while the window goes on.
        """
        tape = self._session.tape
        assert tape is not None
        if path.suffix.lower() != ".tape":
            path = path.with_name(path.name + ".tape")
        frozen = tape.snapshot()
        if tape.size > LARGE:
            self.saving.run(
                f"Saving {path.name}", lambda progress: frozen.save(path, progress=progress),
                lambda _: self._saved(tape, path), partial(_expected, self._not_saved),
            )  # fmt: skip
            return True
        try:
            frozen.save(path)
        except TapeError as error:
            self._not_saved(error)
            return False
        self._saved(tape, path)
        return True

    def _saved(self, tape: Tape, path: Path) -> None:
        self.tape_saved.emit(tape.file)
        self._settings.add_recent(path)
        self.recent_changed.emit()
        self._window.statusBar().showMessage(f"Saved {path.name}", 4000)

    def _not_saved(self, error: TapeError) -> None:
        self._window.notice.show_message(f"The recording is not saved: {error}", error=True)

    def export(self) -> None:
        """Ask for a place and write the shown graph there."""
        tape, graph = self._session.tape, self._session.graph
        if tape is None or graph is None:
            self._window.notice.show_message("There is no graph yet: run a cell first.")
            return
        if self.exports.busy:
            self._window.notice.show_message("Another export is still running.")
            return
        start = str(self._folder() / "graph.png")
        kinds = {f"{text} (*{suffix})": suffix for suffix, text in EXPORTS.items()}
        name, kind = QFileDialog.getSaveFileName(
            self._window, "Export Graph", start, ";;".join(kinds)
        )
        if name:
            self.export_to(Path(name), kinds.get(kind, ".png"))

    def export_to(self, path: Path, suffix: str = ".png") -> None:
        """Write the shown graph to `path`; `suffix` names the format if the path does not."""
        from app.export import FORMATS  # with all that draws: a window begins without
        from app.export.arrangement import Arrangement

        tape, graph = self._session.tape, self._session.graph
        assert tape is not None and graph is not None
        preferences, wish = self._settings.preferences, self._session.grouping
        chosen = wish.chosen.get(graph.first_event, ()) if wish.by in (None, By.HAND) else ()
        by = None if wish.by == By.HAND else wish.by
        grouped = By.HAND if chosen else by or By.MODULE
        folded = wish.folded.get((graph.first_event, grouped))
        pins = self._session.pins.get((None, preferences.left_to_right), {})
        if path.suffix.lower() not in FORMATS:
            path = path.with_name(path.name + suffix)
        try:
            self.exports.start(
                tape, path, graph.number, preferences.theme, self._session.playhead,
                self._window.graph.lens.currentData().value.lower(), preferences.flow,
                by or "", Arrangement(pins, folded, chosen), preferences.left_to_right,
            )  # fmt: skip
        except (TapeError, OSError) as error:
            self._window.notice.show_message(str(error), error=True)

    def _watch_exports(self) -> None:
        exports, busy, window = self.exports, self._window.busy, self._window
        exports.began.connect(lambda name: busy.begin(exports, f"Exporting {name}"))
        exports.advanced.connect(partial(busy.advance, exports))
        for ended in (exports.done, exports.failed, exports.cancelled):
            ended.connect(lambda *_: busy.end(exports))
        busy.cancelled.connect(lambda owner: exports.cancel() if owner is exports else None)
        exports.done.connect(lambda name: window.statusBar().showMessage(f"Wrote {name}", 4000))
        exports.failed.connect(lambda text: window.notice.show_message(text, error=True))
        exports.cancelled.connect(lambda: window.statusBar().showMessage("Export cancelled", 4000))

    def _folder(self) -> Path:
        path = self._session.document.path
        return path.parent if path else Path.cwd()


def _expected(call: Callable[[TapeError], object], error: Exception) -> None:
    if not isinstance(error, TapeError):
        raise error  # ours: the report dialog shows it
    call(error)


def _unfinished(title: str, tape: Tape) -> str:
    """Say how far a tape goes that is damaged or was cut off."""
    if tape.damage is not None:
        lost = f"damaged at {tape.damage.place}: {tape.damage.problem}"
        return f"{title} is {lost}. What follows its first {len(tape.events):,} events is lost."
    return f"{title}: not finished, it ends after {len(tape.events):,} events."
