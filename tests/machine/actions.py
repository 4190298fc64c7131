"""A person at the window, acting at random: what must hold after each thing that they do."""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from PySide6.QtCore import QCoreApplication, QEventLoop

from app.controller import Controller
from app.documents import Cell, load, new_key
from app.edits import InsertCell
from app.main import make_application
from app.settings import Settings
from engine.tape.replay import state_at
from tests.app import drive

PATIENCE = 120.0  # seconds that anything may take
FRAGMENTS = (
    "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)",
    "import torch\nx = torch.ones(2, requires_grad=True)\n(x * x).sum().backward()",
    "import torch\nnet = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh())\n"
    "net(torch.ones(1, 2)).sum().backward()",
    "import torch\nw = torch.ones(3, requires_grad=True)\nfor _ in range(3):\n"
    "    (w * 2).exp().sum().backward()",
    "x.grad = None",
    "print('a line')",
    "1 / 0",
    "",
)
DEADLY = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
COMMANDS = (
    "fold_all", "unfold_all", "fold_level", "group_module", "group_line", "group_nothing",
    "left_to_right", "theme", "next_graph", "previous_graph", "step", "step_back", "next_pass",
    "previous_pass", "to_start", "to_end", "fit", "zoom_in", "zoom_out", "minimap", "flow",
    "colour_gradient", "colour_operation", "go_to_partner", "focus_near", "show_whole", "back",
    "forward", "pin", "unpin_all", "select_all", "breakpoint", "continue", "continue_back",
    "problems", "clear_outputs", "step_over", "palette", "next_panel", "reset_layout",
)  # fmt: skip
#: What is done with all cells that are selected.
CELLS = ("cut", "copy_cell", "paste", "paste_above", "merge", "up", "down", "markdown", "code",
         "delete", "clear")  # fmt: skip
places = st.floats(0.0, 1.0)


class Person(RuleBasedStateMachine):
    """One window for one sequence of actions; a kernel that runs, dies and starts again."""

    def __init__(self) -> None:
        super().__init__()
        make_application()
        self._place = tempfile.TemporaryDirectory()
        self.folder = Path(self._place.name)
        self.faults: list[str] = []
        self._hook, sys.excepthook = sys.excepthook, self._note
        settings = Settings(self.folder / "settings.ini")
        settings.preferences.animate = False
        settings.preferences.ask_trust = False
        self.controller = Controller(settings)
        self.controller.window.showNormal()
        self.controller.window.resize(1280, 800)
        self.died = 0
        self.controller.runs.died.connect(self._count_death)

    def teardown(self) -> None:
        drive.end(self.controller)
        QCoreApplication.processEvents()
        sys.excepthook = self._hook
        self._place.cleanup()
        assert not self.faults, self.faults[0]

    # --- what a person does

    @initialize()
    def begin(self) -> None:
        self.controller.files.new()
        self.wait(lambda: self.controller.runs.kernel.state == "idle")

    @rule(source=st.sampled_from(FRAGMENTS), place=places)
    def insert(self, source: str, place: float) -> None:
        session = self.controller.session
        index = round(place * len(session.document.cells))
        cell = Cell(new_key(), "code", source)
        self.controller.undo.push(InsertCell(session, index, cell))
        self.controller.window.notebook.set_current(cell.key)

    @rule(source=st.sampled_from(FRAGMENTS), place=places)
    def write(self, source: str, place: float) -> None:
        key = self.choose(place)
        editor = self.controller.window.notebook
        editor.edit(key)
        widget = editor.cell(key).editor
        if widget is not None:
            widget.selectAll()
            widget.insertPlainText(source)
            assert self.controller.session.cell(key).source == source

    @rule(place=places, id=st.sampled_from(["cut_cell", "copy_cell", "paste_cell", "merge_cells"]))
    def change_cells(self, place: float, id: str) -> None:
        self.choose(place)
        self.do(id)

    @rule(place=places, to=places, name=st.sampled_from(CELLS))
    def change_several_cells(self, place: float, to: float, name: str) -> None:
        self.choose(place)
        view, order = self.controller.window.notebook, self.controller.session.document.cells
        view.selection.extend(view.model(order[round(to * (len(order) - 1))].key))
        view.commands.perform(name)

    @rule()
    def undo(self) -> None:
        self.do("undo")

    @rule()
    def redo(self) -> None:
        self.do("redo")

    @precondition(lambda self: self.controller.undo.canUndo())
    @rule()
    def undo_and_redo_change_nothing(self) -> None:
        before = self.cells()
        self.do("undo")
        self.do("redo")
        assert self.cells() == before

    @rule(place=places)
    def run(self, place: float) -> None:
        self.choose(place)
        self.do("run")

    @rule()
    def run_all(self) -> None:
        self.do("run_all")
        self.rest()

    @rule()
    def rest(self) -> None:
        self.wait(lambda: not self.controller.runs.busy)
        self.wait(lambda: not self.controller.graph.pictures.busy)

    @rule(place=places)
    def scrub(self, place: float) -> None:
        tape = self.controller.session.tape
        if tape is not None:
            self.controller.session.set_playhead(round(place * len(tape.events)))

    @rule(place=places)
    def select(self, place: float) -> None:
        picture = self.controller.graph.picture
        if picture is not None and len(picture.graph):
            nodes = list(picture.graph)
            self.controller.session.select(nodes[round(place * (len(nodes) - 1))])

    @rule(id=st.sampled_from(COMMANDS))
    def command(self, id: str) -> None:
        self.do(id)

    @rule(script=st.booleans())
    def save_and_open_again(self, script: bool) -> None:
        self.rest()
        path = self.folder / ("kept.py" if script else "kept.ipynb")
        before = [source for _, source in self.cells()]
        assert self.controller.files.write_document(path)
        assert not self.controller.session.dirty
        if not script:
            assert [cell.source for cell in load(path).cells] == before
        assert self.controller.files.open(path)
        self.wait(lambda: self.controller.runs.kernel.state == "idle")
        if not script:
            assert [source for _, source in self.cells()] == before

    @rule()
    def run_what_kills_the_kernel(self) -> None:
        self.rest()
        self.insert(DEADLY, 1.0)
        deaths, cells = self.died, self.cells()
        self.do("run")
        self.wait(lambda: self.died > deaths)
        assert self.cells()[: len(cells)] == cells
        self.do("undo")
        self.do("restart")
        self.wait(lambda: self.controller.runs.kernel.state == "idle")

    @rule()
    def interrupt(self) -> None:
        self.do("interrupt")

    # --- what must hold

    @invariant()
    def nothing_failed_inside(self) -> None:
        QCoreApplication.processEvents()
        assert not self.faults, self.faults[0]

    @invariant()
    def the_notebook_shows_the_document(self) -> None:
        session, notebook = self.controller.session, self.controller.window.notebook
        keys = [cell.key for cell in session.document.cells]
        assert keys
        assert len(keys) == len(set(keys))
        assert notebook.order() == keys
        shown = {model.key: model.source for model in notebook.column.models}
        assert shown == dict(self.cells())

    @invariant()
    def the_playhead_is_on_the_tape(self) -> None:
        session = self.controller.session
        end = 0 if session.tape is None else len(session.tape.events)
        assert 0 <= session.playhead <= end
        if session.tape is not None and end:
            state_at(session.tape, session.playhead)  # raises nothing

    @invariant()
    def what_is_selected_is_lit(self) -> None:
        picture, chosen = self.controller.graph.picture, self.controller.session.selection
        busy = self.controller.graph.pictures.busy
        if picture is not None and chosen in picture.graph and not busy:
            assert self.controller.window.graph.canvas.selected() == chosen

    @invariant()
    def commands_offer_what_is_possible(self) -> None:
        actions, undo = self.controller.window.actions_by_id, self.controller.undo
        assert actions["undo"].isEnabled() == undo.canUndo()
        assert actions["redo"].isEnabled() == undo.canRedo()
        assert actions["interrupt"].isEnabled() == self.controller.runs.busy

    @invariant()
    def the_title_tells_of_changes(self) -> None:
        title = self.controller.window.windowTitle()
        assert title.startswith("*") == self.controller.session.dirty

    # --- means

    def do(self, id: str) -> None:
        """Trigger a command, if it can be."""
        action = self.controller.window.actions_by_id[id]
        if action.isEnabled():
            action.trigger()

    def choose(self, place: float) -> str:
        """Make a cell the current one and return its key."""
        cells = self.controller.session.document.cells
        key = cells[round(place * (len(cells) - 1))].key
        self.controller.window.notebook.set_current(key)
        return key

    def cells(self) -> list[tuple[str, str]]:
        return [(cell.key, cell.source) for cell in self.controller.session.document.cells]

    def wait(self, happened: Callable[[], object]) -> None:
        """Let the window go on until something has happened."""
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < deadline, "it never happened"
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
            time.sleep(0.002)

    def _count_death(self, how: str) -> None:
        self.died += 1

    def _note(self, kind: type[BaseException], error: BaseException, trace: object) -> None:
        self.faults.append("".join(traceback.format_exception(error)))
