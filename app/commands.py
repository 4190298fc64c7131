"""The one table of commands that feeds menus, toolbar, shortcuts and help."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from app.building_commands import BUILD
from app.command import Command
from app.debug_commands import DEBUG
from app.graph_commands import GRAPH, VIEW
from app.keymap import Keymap, native
from app.mathematics_commands import MATHEMATICS
from app.notebook_commands import EDIT, KERNEL, RUN
from app.window_commands import HELP, SETTINGS, SIZE, TABS, WINDOW
from ui.icons import icon
from ui.theme import Theme

MENUS = ("File", "Edit", "Run", "Build", "Playback", "Debug", "Graph", "View", "Help")

COMMANDS = (
    Command("new", "New Notebook", "File", ("Ctrl+N",), "plus"),
    Command("open", "Open…", "File", ("Ctrl+O",), "open", "Open a notebook, script or tape"),
    Command("save", "Save", "File", ("Ctrl+S",), "save", "Save the notebook", separator=True),
    Command("save_as", "Save As…", "File", ("Ctrl+Shift+S",)),
    Command(
        "save_tape", "Save Recording As…", "File", ("Ctrl+Shift+E",), "save_tape",
        "Keep the tape: anybody can play it later, without the code",
    ),
    Command(
        "export", "Export Graph…", "File", (), "export",
        "Write the shown graph as a picture, as data, or its backward replay as a film",
    ),
    Command("compare", "Compare With…", "File", (), "", "List and show how another tape differs"),
    *TABS,
    Command("quit", "Quit", "File", ("Ctrl+Q",), separator=True),
    Command("undo", "Undo Change", "Edit", ("Ctrl+Z", "Ctrl+Alt+Z"), "undo",
            "Take back the last change of cells, graph or numbers (in an editor: of its text)"),
    Command("redo", "Redo Change", "Edit", ("Ctrl+Shift+Z", "Ctrl+Alt+Shift+Z"), "redo"),
    *EDIT,
    *SETTINGS,
    Command("run", "Run Cell", "Run", (), "run", "Run the cell and go to the next (Shift+Enter)"),
    Command("run_all", "Run All", "Run", ("Ctrl+Shift+Return",), "run_all", "Run all cells"),
    *RUN,
    Command("interrupt", "Interrupt", "Run", ("Ctrl+.",), "stop", "Stop what is running"),
    Command("restart", "Restart Kernel", "Run", (), "restart", "A new process and a new tape"),
    Command("restart_run", "Restart and Run All", "Run", ("Ctrl+Shift+F5",)),
    Command(
        "stop_on_error", "Stop at First Error", "Run", (), "", "Run All ends at a cell that raises",
        checkable=True, separator=True,
    ),
    Command(
        "keep", "Size of Recordings…", "Run", (), "",
        "How many gigabytes of arrays a recording keeps whole; of further ones statistics are kept",
    ),
    *KERNEL,
    Command("play", "Play / Pause", "Playback", ("Space",), "play"),
    Command("play_back", "Play Backwards", "Playback", ("Shift+Space",), "reverse"),
    Command(
        "step", "Step Forward", "Playback", ("Right", "."), "step_forward", separator=True
    ),
    Command("step_back", "Step Back", "Playback", ("Left", ","), "step_back"),
    Command("next_pass", "Next Pass", "Playback", ("Ctrl+Right",), "next_pass"),
    Command("previous_pass", "Previous Pass", "Playback", ("Ctrl+Left",), "previous_pass"),
    Command("to_start", "To the Start", "Playback", ("Home",), "to_start"),
    Command("to_end", "To the End", "Playback", ("End",), "to_end"),
    Command(
        "follow", "Graph Follows Playhead", "Playback", (), "", checkable=True, separator=True
    ),
    *BUILD,
    *GRAPH,
    *DEBUG,
    *MATHEMATICS,
    Command("fit", "Fit Graph", "View", ("Ctrl+0",), "fit", "Show the whole graph (F)"),
    Command("zoom_in", "Zoom In", "View", ("Ctrl++", "Ctrl+="), "zoom_in"),
    Command("zoom_out", "Zoom Out", "View", ("Ctrl+-",), "zoom_out"),
    Command("next_graph", "Next Graph", "View", ("Alt+Down",), "", separator=True),
    Command("previous_graph", "Previous Graph", "View", ("Alt+Up",)),
    *VIEW,
    Command("theme", "Light Theme", "View", ("Ctrl+Shift+L",), "theme", checkable=True,
            separator=True),
    Command("animate", "Animation", "View", (), checkable=True),
    Command("operations", "Find Operation…", "View", ("Ctrl+Shift+O",), "search",
            "What can be called, what it does and what its gradient is", separator=True),
    Command("reset_layout", "Reset Panels", "View", ()),
    *SIZE,
    *WINDOW,
    *HELP,
)  # fmt: skip


def make_actions(
    parent: QObject, perform: Callable[[str], object], keymap: Keymap
) -> dict[str, QAction]:
    """Return an action per command, which calls `perform` with the command's id."""
    actions = {}
    for command in COMMANDS:
        action = QAction(command.text, parent)
        action.setObjectName(command.id)
        context = Qt.ShortcutContext
        action.setShortcutContext(
            context.WidgetWithChildrenShortcut if command.on_graph else context.WindowShortcut
        )
        action.setCheckable(command.checkable)
        action.setStatusTip(command.tip)
        action.triggered.connect(lambda _=False, id=command.id: perform(id))
        actions[command.id] = action
    set_keys(actions, keymap)
    return actions


def set_keys(actions: Mapping[str, QAction], keymap: Keymap) -> None:
    """Give the actions the keys of the keymap, which their tips tell."""
    for command in COMMANDS:
        action, keys = actions[command.id], keymap.keys(command.id)
        action.setShortcuts([QKeySequence(key) for key in keys])
        tip = command.tip or command.text.rstrip("…")
        action.setToolTip(f"{tip} ({native(keys[:1])})" if keys else tip)


def tint_actions(actions: Mapping[str, QAction], theme: Theme) -> None:
    """Give the actions their icons in the theme's colours."""
    for command in COMMANDS:
        if command.icon:
            colour = theme.accent if command.id in ("run", "play") else theme.text_dim
            actions[command.id].setIcon(icon(command.icon, colour))
