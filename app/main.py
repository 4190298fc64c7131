"""Start the application: Qt, fonts, settings, one window."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app import __version__
from app.controller import Controller
from app.faults import Faults
from app.settings import Settings
from ui.fonts import load_fonts, ui_font


def run(path: Path | None, theme: str | None = None) -> int:
    """Open the window on `path`, or on the first example, and return when it is closed."""
    application = make_application()
    settings = Settings()
    if theme is not None:
        settings.preferences.theme = theme
    controller = Controller(settings)
    Faults(controller.window).install()
    _let_ctrl_c_work(application, controller.window)
    controller.window.show()
    # The window is painted first; the kernel starts behind it.
    QTimer.singleShot(0, controller, lambda: controller.open(path))
    QTimer.singleShot(0, controller, controller.keeping.offer)
    status = application.exec()
    controller.close()
    return status


def make_application() -> QApplication:
    """Return the QApplication with Tapedeck's name, style and fonts."""
    QCoreApplication.setOrganizationName("Tapedeck")
    QCoreApplication.setApplicationName("Tapedeck")
    QCoreApplication.setApplicationVersion(__version__)
    found = QApplication.instance()
    if isinstance(found, QApplication):
        application = found
    else:
        application = QApplication(sys.argv[:1])
        _favour_the_window()
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
