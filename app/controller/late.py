"""What a window can do that its first picture does not need: built after it, piece by piece."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.commands import COMMANDS
from ui.theme import load

if TYPE_CHECKING:
    from PySide6.QtGui import QUndoStack

    from app.controller.attaching import Attaching
    from app.controller.building import Building
    from app.controller.checking import Checking
    from app.controller.commanding import Commanding
    from app.controller.comparing import Comparing
    from app.controller.console import ConsoleBinding
    from app.controller.debugging import Debugging
    from app.controller.derivatives import DerivativesBinding
    from app.controller.expecting import Expecting
    from app.controller.files import Files
    from app.controller.graph import GraphBinding
    from app.controller.iterations import IterationsBinding
    from app.controller.lesson import Lesson
    from app.controller.notebook import NotebookBinding
    from app.controller.operations import OperationsBinding
    from app.controller.pausing import Pausing
    from app.controller.playback import PlaybackBinding
    from app.controller.problems import ProblemsBinding
    from app.controller.remedying import Remedying
    from app.controller.training import TrainingBinding
    from app.controller.watches import WatchesBinding
    from app.controller.welcoming import Welcoming
    from app.controller.what_if import WhatIf
    from app.runs import Runs
    from app.session import Session
    from app.settings import Settings
    from app.window import Window
    from ui.theme import Theme

#: What takes longest of the imports of a panel.
_MODULES = {
    "console": ("ui.notebook.console",),
    "watches": ("ui.plots.tensor_view", "ui.watches.panel"),
    "details": (
        "ui.inspector.derivative", "ui.inspector.iterations", "ui.inspector.ledger",
        "ui.inspector.details",
    ),
    "problems": ("ui.problems.panel",),
    "breakpoints": ("ui.breakpoints.panel",),
    "operations": ("ui.palette.panel",),
}  # fmt: skip


class Late(QObject):
    """The part of a controller that is built after the window is seen, or when it is needed.

    Whatever needs it calls `complete`: a command, a panel that is shown, a recording that begins.
    """

    session: Session
    runs: Runs
    window: Window
    settings: Settings
    undo: QUndoStack
    files: Files
    graph: GraphBinding
    notebook: NotebookBinding
    pausing: Pausing
    playback: PlaybackBinding
    attaching: Attaching
    building: Building
    checking: Checking
    commanding: Commanding
    comparing: Comparing
    console: ConsoleBinding
    debugging: Debugging
    derivatives: DerivativesBinding
    expecting: Expecting
    iterations: IterationsBinding
    lesson: Lesson
    operations: OperationsBinding
    problems: ProblemsBinding
    remedying: Remedying
    training: TrainingBinding
    watches: WatchesBinding
    welcoming: Welcoming
    what_if: WhatIf

    def __init__(self) -> None:
        super().__init__()
        self._steps = self._build()
        self._handlers: dict[str, Callable[[], object]] = {}

    def complete(self) -> None:
        """Build what is not there yet."""
        while self.advance():
            pass

    def advance(self) -> bool:
        """Build one more piece; returns whether there was one."""
        return next(self._steps, None) is not None

    def perform(self, command: str) -> None:
        """Carry out a command."""
        self.complete()
        self._handlers[command]()

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what each command does."""
        raise NotImplementedError

    def _theme(self) -> Theme:
        return load(self.settings.preferences.theme)

    def _build(self) -> Iterator[str]:
        """Make the bindings one by one, each after its panel; yield the name of each.

        Raises KeyError for a command without a handler: the table and the program must agree.
        """
        session, runs, window, graph = self.session, self.runs, self.window, self.graph
        from app.controller.console import ConsoleBinding

        yield "import console"
        yield from self._panel("console")
        self.console = ConsoleBinding(session, runs, window, self.pausing)
        yield "console"
        from app.controller.attaching import Attaching

        self.attaching = Attaching(session, runs, window, self.files)
        yield "attaching"
        from app.controller.watches import WatchesBinding

        yield from self._panel("watches")
        self.watches = WatchesBinding(session, window)
        yield "watches"
        from app.controller.training import TrainingBinding

        yield from self._panel("training")
        self.training = TrainingBinding(session, window)
        yield "training"
        for module in _MODULES["details"]:
            importlib.import_module(module)
            yield f"import {module}"
        _ = window.inspector.details
        yield "details"
        from app.controller.iterations import IterationsBinding

        self.iterations = IterationsBinding(session, window.inspector)
        yield "iterations"
        from app.controller.derivatives import DerivativesBinding

        self.derivatives = DerivativesBinding(session, window)
        yield "derivatives"
        from app.controller.what_if import WhatIf

        self.what_if = WhatIf(session, window, self.undo)
        yield "what if"
        from app.controller.comparing import Comparing

        yield from self._panel("differences")
        self.comparing = Comparing(session, window)
        yield "comparing"
        from app.controller.problems import ProblemsBinding

        yield from self._panel("problems")
        self.problems = ProblemsBinding(session, window, graph)
        yield "problems"
        from app.controller.remedying import Remedying

        anew = partial(runs.restart, run_all=True)
        self.remedying = Remedying(session, window, self.notebook.cells, anew)
        yield "remedying"
        from app.controller.expecting import Expecting

        self.expecting = Expecting(session, window, self.problems, self._theme)
        yield "expecting"
        from app.controller.checking import Checking

        self.checking = Checking(session, window, graph, self.problems, runs)
        yield "checking"
        from app.controller.debugging import Debugging

        yield from self._panel("breakpoints")
        self.debugging = Debugging(session, window, graph, self.playback.player.pause, self._theme)
        self.pausing.stopped.connect(self.debugging.to_end)
        yield "debugging"
        from app.controller.operations import OperationsBinding

        yield from self._panel("operations")
        self.operations = OperationsBinding(session, window, self.notebook, graph)
        yield "operations"
        from app.controller.building import Building

        self.building = Building(session, runs, window, graph, self.undo, self._theme)
        yield "building"
        from app.controller.lesson import Lesson

        yield from self._panel("lesson")
        self.lesson = Lesson(session, runs, window)
        yield "lesson"
        from app.controller.welcoming import Welcoming

        yield from self._panel("welcome")
        self.welcoming = Welcoming(window, self.files, self.settings)
        session.document_changed.connect(self.welcoming.close)
        yield "welcoming"
        from app.controller.commanding import Commanding

        yield from self._panel("palette_of_commands")
        self.commanding = Commanding(window, self.files, self.settings, self._theme)
        handlers = self.handlers()
        self._handlers = {command.id: handlers[command.id] for command in COMMANDS}
        yield "commanding"

    def _panel(self, name: str) -> Iterator[str]:
        """Make a panel of the window: its imports and it itself are steps of their own."""
        for module in _MODULES.get(name, ()):
            importlib.import_module(module)
            yield f"import {module}"
        getattr(self.window, name)
        yield f"panel {name}"
