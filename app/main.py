"""Start the application: Qt, fonts, settings, one window."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QProcess, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app import __version__
from app.behind import Behind, Imports, Pieces, types
from app.faults import Faults
from app.settings import Settings
from app.workspace import Workspace
from ui import zooming
from ui.fonts import load_fonts, set_code_size, ui_font


def run(path: Path | None, theme: str | None = None) -> int:
    """Open the window on `path`, or on the first example, and return when it is closed."""
    QCoreApplication.setOrganizationName("Tapedeck")
    QCoreApplication.setApplicationName("Tapedeck")
    settings = Settings()
    application = make_application(settings.preferences.zoom)
    set_code_size(settings.preferences.code_size)
    if theme is not None:
        settings.preferences.theme = theme
    workspace = Workspace(settings, later=True)
    tabs = workspace.tabs
    Faults(tabs, lambda: workspace.current().window.notice).install()
    _let_ctrl_c_work(application, tabs)
    tabs.show()
    imports = Imports()
    Behind(tabs, _rest(workspace, imports), _collect_garbage)
    # The window is painted first; the kernel starts behind it.
    QTimer.singleShot(0, workspace, lambda: workspace.open(path))
    QTimer.singleShot(0, workspace, lambda: workspace.current().keeping.offer())
    again: list[str] = []  # how to start anew, if that is wished
    workspace.restart_wished.connect(
        lambda: workspace.quit(lambda: again.extend(restart_command()))
    )
    status = application.exec()
    imports.close()
    workspace.close()
    if again:
        QProcess.startDetached(again[0], again[1:])
    return status


def _rest(workspace: Workspace, imports: Imports) -> Pieces:
    """What follows the first picture: the rest of the window, and what would hold it up later."""
    yield from imports.of(
        "engine.tape.derivative", "engine.tape.diagnose.expected", "engine.tape.rerun",
        "engine.tape.compare", "numpy.ma",  # which numpy.unique asks for
    )  # fmt: skip
    while workspace.advance():
        yield 0
    yield from types()
    yield from imports.of("ui.plots.lines")  # with pyqtgraph, a third of a second


def restart_command() -> list[str]:
    """Return the command line of this program without a file to open."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "app.cli"]


def make_application(zoom: int = 100) -> QApplication:
    """Return the QApplication with Tapedeck's name, style and fonts, all of it zoomed (%)."""
    QCoreApplication.setOrganizationName("Tapedeck")
    QCoreApplication.setApplicationName("Tapedeck")
    QCoreApplication.setApplicationVersion(__version__)
    found = QApplication.instance()
    if isinstance(found, QApplication):
        application = found
    else:
        application = zooming.begin(zoom)
        _favour_the_window()
    application.setDesktopFileName("tapedeck")  # whose icon the desktop shows
    application.setStyle("Fusion")
    load_fonts()
    application.setFont(ui_font())
    return application


def _favour_the_window() -> None:
    """Keep the interpreter from holding up the event loop.

    A full collection of garbage looks at everything that the imports made, for 90 ms; frozen, it
    is left out. And the window's thread need not wait 5 ms for one that draws a picture each time
    it has let go of the interpreter, as it does in most calls of Qt.
    """
    gc.freeze()
    sys.setswitchinterval(0.0005)


def _collect_garbage() -> None:
    """Collect from now on, but nothing of what the start made."""
    gc.freeze()
    gc.enable()


def _let_ctrl_c_work(application: QApplication, window: QWidget) -> None:
    """Let the terminal's Ctrl+C close the window.

    Python runs its handlers only when bytecode runs, which in an idle event loop is never: the
    signal's byte in a socket wakes the loop up. The handler comes in the middle of
    anything, so the window, which may ask about unsaved changes, closes from the loop.
    """
    signal.signal(signal.SIGINT, lambda *_: QTimer.singleShot(0, window, window.close))
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    signal.set_wakeup_fd(theirs.fileno())
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read, application)
    notifier.activated.connect(lambda: ours.recv(64))
    application.setProperty("wakeup", (ours, theirs))  # alive as long as the application
