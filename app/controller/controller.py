"""Builds session, kernel and window, and gives every command its handler."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QMessageBox, QWidget

from app import __version__
from app.commands import COMMANDS, make_actions
from app.controller.files import Files
from app.controller.finding import Finding
from app.controller.graph import GraphBinding
from app.controller.grouping import Grouping
from app.controller.keeping import Keeping
from app.controller.kernel_state import KernelState
from app.controller.late import Late
from app.controller.lenses import LensBinding
from app.controller.moving import Moving
from app.controller.nodes import NodeActions
from app.controller.notebook import NotebookBinding
from app.controller.pausing import Pausing
from app.controller.pinning import Pinning
from app.controller.playback import PlaybackBinding
from app.controller.preferences import SWITCHES, PreferencesBinding
from app.controller.previews import PreviewBinding
from app.controller.remembering import Remembering
from app.controller.sources import Sources
from app.documents import new
from app.examples import Example, examples
from app.keymap import Keymap
from app.runs import Runs
from app.session import Session
from app.settings import Settings
from app.window import Window
from engine.tape.breakpoints import OUT, OVER, STEP
from engine.tape.schema import ValueFlag
from engine.tape.tape import Tape
from ui.graph.lens import Lens
from ui.graph.types import Kind, NodeId
from ui.style import dress
from ui.theme import load

OF_A_RECORDING = (  # the commands that nothing can be done with where nothing is recorded
    "continue", "continue_back", "step_over", "step_over_back", "step_into", "step_into_back",
    "step_out", "step_out_back", "run_to", "why", "expect", "check_selection", "check_all",
    "copy_numpy",
)  # fmt: skip
TAB_WISHES = ("new", "close", "next", "previous")


class Controller(Late):
    """One window on one session. Call `close` when the window has closed."""

    tab_wished = Signal(str)  # new, close, next, previous

    def __init__(
        self, settings: Settings, parent: QWidget | None = None, later: bool = False
    ) -> None:
        """parent: of the window; later: leave what the first picture does not need to `advance`."""
        super().__init__()
        self.settings = settings
        preferences = settings.preferences
        dress(load(preferences.theme))
        self.window = Window(load(preferences.theme), parent)
        self.window.complete = self.complete
        self.session = Session(new(), self)
        self.runs = Runs(self.session, self)
        self.undo = QUndoStack(self)
        self.files = Files(self.session, self.runs, self.window, settings)
        self.sources = Sources(self.session, self.window, self.files)
        self.kernel_state = KernelState(self.runs, self.window)
        self.keeping = Keeping(self.session, self.runs, self.window, self.files, settings)
        self.notebook = NotebookBinding(self.session, self.runs, self.window.notebook, self.undo)
        self.notebook.cells.stop_on_error = lambda: preferences.stop_on_error
        self.pausing = Pausing(self.session, self.runs, self.window)
        self.pausing.waits.connect(self.kernel_state.set_waiting)
        self.graph = GraphBinding(self.session, self.window, preferences)
        self.pausing.at_line.connect(self.graph.wait_at)
        self.preferences = PreferencesBinding(settings, self.window, self.graph, self.runs)
        self.previews = PreviewBinding(self.session, self.graph, self.window.graph.canvas)
        self.finding = Finding(self.session, self.window, self.graph)
        self.lenses = LensBinding(self.session, self.graph, self.window.graph, preferences)
        self.moving = Moving(self.session, self.window, self.graph, self.finding)
        self.nodes = NodeActions(self.session, self.window, self.graph)
        self.pinning = Pinning(self.session, self.window, self.graph, self.undo)
        self.grouping = Grouping(self.session, self.window, self.graph, self.undo)
        self.remembering = Remembering(self.session, self.files, settings, self.window)
        self.playback = PlaybackBinding(
            self.session, self.window.transport, preferences, self.graph.show_step
        )
        keymap = Keymap(COMMANDS, settings)
        self.window.set_actions(make_actions(self, self.perform, keymap))
        self._connect()
        self.window.restore(*settings.window())
        self._fill_menus()
        self._title()
        self._update_actions()
        if not later:
            self.complete()

    def open(self, path: Path | None) -> None:
        """Open a file, or the first example, already run, with the playhead ready to play."""
        if path is None:
            self.files.open_example(examples()[0])
        elif not self.files.open(path):
            self.files.new()

    def is_unused(self) -> bool:
        """Return whether another document may take the place of this one: nobody works on it."""
        blank = all(not c.source.strip() for c in self.session.document.cells)
        example = bool(self.session.title) and self.session.document.path is None
        mine = self.files.shown is not None or self.session.dirty
        return not mine and (blank or example) and not self.keeping.leftovers.opened

    def show_welcome(self) -> None:
        """Show recent files and examples over the document."""
        self.complete()
        self.welcoming.open()

    def run_all(self) -> None:
        """Run the notebook from top to bottom."""
        self.runs.run_all(self.settings.preferences.stop_on_error)

    def close(self) -> None:
        """Keep the preferences for the next start, and end kernel and threads."""
        self.complete()  # so that all of it can be closed
        self.playback.player.pause()
        self.settings.save()
        self.files.exports.close()
        self.files.waiting.close()
        self.files.saving.finish()
        self.files.saving.close()
        self.runs.close()
        self.graph.pictures.close()
        self.previews.close()
        self.finding.close()
        self.nodes.close()
        self.lenses.close()
        self.iterations.close()
        self.derivatives.close()
        self.watches.close()
        self.training.close()
        self.operations.close()
        self.building.close()
        self.what_if.close()
        self.comparing.close()
        self.problems.close()
        self.checking.close()
        self.debugging.close()
        self.undo.clear()  # while those who listen are there
        self.session.set_tape(None)
        self.keeping.close()

    # --- wiring

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what each command does."""
        canvas, playback = self.window.graph.canvas, self.playback
        handlers: dict[str, Callable[[], object]] = {
            "new": self.files.new,
            "open": self.files.open_dialog,
            "save": self.files.save,
            "save_as": self.files.save_as,
            "save_tape": self.files.save_tape,
            "compare": self.comparing.ask,
            "export": self.files.export,
            **{f"{what}_tab": partial(self.tab_wished.emit, what) for what in TAB_WISHES},
            "quit": lambda: self.window.window().close(),
            "welcome": self.show_welcome,
            "undo": self.undo.undo,
            "redo": self.undo.redo,
            "run": self.notebook.run_current,
            "run_all": self.run_all,
            **self.notebook.cells.handlers(),
            "interrupt": self.runs.interrupt,
            "restart": self.runs.restart,
            "restart_run": lambda: self.runs.restart(run_all=True),
            "console": self.console.open,
            "live": self.pausing.toggle,
            "attach": self.attaching.ask,
            "play": playback.toggle,
            "play_back": lambda: playback.toggle(backwards=True),
            "step": lambda: playback.step(1),
            "step_back": lambda: playback.step(-1),
            "next_pass": lambda: playback.jump_pass(1),
            "previous_pass": lambda: playback.jump_pass(-1),
            "to_start": playback.to_start,
            "to_end": playback.to_end,
            "find": self.finding.open,
            "filter": self.finding.filter,
            "find_next": lambda: self.finding.step(1),
            "find_previous": lambda: self.finding.step(-1),
            **self._debug_handlers(),
            "why": self.problems.ask,
            "expect": self.expecting.ask,
            "problems": self.problems.show,
            "check_selection": self.checking.check_selection,
            "check_all": self.checking.check_all,
            **self.moving.handlers(),
            **self.nodes.handlers(),
            **self.pinning.handlers(),
            **self.grouping.handlers(),
            **self.building.handlers(),
            **self.derivatives.handlers(),
            **self.watches.handlers(),
            "training": self.training.show,
            "fit": canvas.fit,
            "zoom_in": lambda: canvas.zoom_by(1.25),
            "zoom_out": lambda: canvas.zoom_by(1 / 1.25),
            "next_graph": lambda: self.graph.choose_next(1),
            "previous_graph": lambda: self.graph.choose_next(-1),
            **{f"colour_{lens.name.lower()}": partial(self.lenses.choose, lens) for lens in Lens},
            "flow": self.lenses.toggle_flow,
            "operations": self.operations.open,
            "reset_layout": self.window.reset_layout,
            **self.lesson.handlers(),
            **self.preferences.handlers(),
            **self.commanding.handlers(),
            "about": self._show_about,
        }
        for name in OF_A_RECORDING:
            handlers[name] = partial(self._of_recording, handlers[name])
        return handlers

    def _of_recording(self, do: Callable[[], object]) -> None:
        """Do what a recording is needed for, or say that there is none."""
        tape = self.session.tape
        if self.pausing.paused or (tape is not None and len(tape.events)):
            do()
        else:
            run = ("Run All", self.run_all)
            self.window.notice.show_message("Nothing is recorded yet.", action=run)

    def _debug_handlers(self) -> dict[str, Callable[[], object]]:
        debugging, playback = self.debugging, self.playback
        return {
            "continue": lambda: self.pausing.resume_or(debugging.go_on),
            "continue_back": lambda: debugging.go_on(backwards=True),
            "step_over": lambda: self.pausing.resume_or(debugging.step_over, OVER),
            "step_over_back": lambda: debugging.step_over(backwards=True),
            "step_into": lambda: self.pausing.resume_or(lambda: playback.step(1), STEP),
            "step_into_back": lambda: playback.step(-1),
            "step_out": lambda: self.pausing.resume_or(lambda: debugging.step_over(out=True), OUT),
            "step_out_back": lambda: debugging.step_over(backwards=True, out=True),
            "run_to": debugging.run_to,
            "breakpoint": debugging.toggle,
            "break_when": debugging.break_when,
            "breakpoints": debugging.show,
        }

    def _connect(self) -> None:
        session, runs, window = self.session, self.runs, self.window
        session.tape_coming.connect(self.complete)
        session.path_changed.connect(self._title)
        session.dirty_changed.connect(self._title)
        session.document_changed.connect(self._title)
        for signal in (session.tape_changed, session.tape_grew, session.graphs_changed):
            signal.connect(self._count_tape)
        runs.kernel_state_changed.connect(lambda _: self._update_actions())
        runs.status_changed.connect(lambda *_: self._update_actions())
        runs.ending.connect(self._update_actions)
        runs.finished.connect(self._update_actions)
        runs.finished.connect(self.graph.pictures.hurry)
        runs.first_run.connect(self._ready_to_play)
        runs.problem.connect(lambda text: window.notice.show_message(text, error=True))
        self.files.recent_changed.connect(self._fill_menus)
        self.lenses.changed.connect(self._update_actions)
        self.preferences.applied.connect(self._applied)
        self.undo.indexChanged.connect(lambda _: self._update_actions())
        window.may_close = self.files.leaving.may_close
        # Not later: once the window has closed, its floating panels count as hidden.
        window.closing = lambda: self.settings.set_window(window.saveGeometry(), window.state())
        window.dropped = lambda name: self.files.open(Path(name))

    def _ready_to_play(self) -> None:
        """An example has run: go to where its first backward pass begins, and look at a leaf."""
        tape = self.session.tape
        if tape is not None and len(tape.passes):
            self.session.set_playhead(int(tape.passes["event"][0]))
            self.session.select(_leaf_with_grad(tape))

    def _update_actions(self) -> None:
        actions = self.window.actions_by_id
        preferences = self.settings.preferences
        actions["interrupt"].setEnabled(self.runs.busy)
        self.graph.drawing.set_running(self.runs.coming)
        self.window.transport.set_running(self.runs.coming)
        actions["undo"].setEnabled(self.undo.canUndo())
        actions["redo"].setEnabled(self.undo.canRedo())
        actions["undo"].setText(f"Undo {self.undo.undoText() or 'Change'}")
        actions["redo"].setText(f"Redo {self.undo.redoText() or 'Change'}")
        actions["theme"].setChecked(preferences.theme == "light")
        for name in SWITCHES:
            actions[name].setChecked(getattr(preferences, name))
        actions["flow"].setChecked(self.lenses.flow)
        for lens in Lens:
            actions[f"colour_{lens.name.lower()}"].setChecked(lens == self.lenses.lens)

    def _count_tape(self) -> None:
        tape = self.session.tape
        if tape is None or not len(tape.events):
            self.window.tape_label.setText("No recording")
            return
        parts = [(len(tape.ops), "operation"), (len(tape.passes), "pass")]
        parts.append((len(self.session.graphs or ()), "graph"))
        self.window.tape_label.setText(" · ".join(_count(n, what) for n, what in parts))

    def _title(self, *_: object) -> None:
        mark = "*" if self.session.dirty else ""
        self.window.setWindowTitle(f"{mark}{self.session.name} — Tapedeck")

    def _fill_menus(self) -> None:
        recent, gallery = self.window.recent_menu, self.window.examples_menu
        recent.clear()
        for path in self.settings.recent():
            recent.addAction(path.name, partial(self.files.open, path)).setToolTip(str(path))
        recent.setEnabled(not recent.isEmpty())
        gallery.clear()
        for example in examples():
            self._add_example(example)

    def _add_example(self, example: Example) -> None:
        menu = self.window.examples_menu
        action = menu.addAction(example.title, lambda: self.files.open_example(example))
        action.setToolTip(example.summary)
        menu.setToolTipsVisible(True)

    # --- commands of the window itself

    def _applied(self, name: str) -> None:
        if name == "theme":
            self.complete()
            self.commanding.set_theme(load(self.settings.preferences.theme))
        self._update_actions()

    def _show_about(self) -> None:
        self._say(
            "About Tapedeck",
            f"<h3>Tapedeck {__version__}</h3><p>The debugger for gradients: see the autograd tape, "
            "play the backward pass, keep the recording.</p>",
        )

    def _say(self, title: str, html: str) -> None:
        box = QMessageBox(self.window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(title)
        box.setTextFormat(Qt.TextFormat.RichText)
        box.setText(html)
        box.open()


def _leaf_with_grad(tape: Tape) -> NodeId | None:
    """Return the leaf whose .grad the tape's first contribution to any makes."""
    leaf = ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD
    is_leaf = tape.values["flags"] & leaf == leaf
    for tensor in tape.contributions["tensor"].tolist():
        rows = np.flatnonzero(is_leaf & (tape.values["tensor"] == tensor))
        if tensor >= 0 and len(rows):
            return NodeId(Kind.LEAF, int(rows[0]))
    return None


def _count(number: int, what: str) -> str:
    plural = "" if number == 1 else "es" if what.endswith("s") else "s"
    return f"{number:,} {what}{plural}"
