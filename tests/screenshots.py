"""Make the README's pictures: the real window on built-in examples, offscreen.

python -m tests.screenshots [FOLDER]
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_SCALE_FACTOR", "1")

from PySide6.QtCore import QCoreApplication, QEventLoop
from PySide6.QtWidgets import QApplication

import resources
from app.controller import Controller
from app.examples import examples
from app.main import make_application
from app.settings import Settings
from engine.tape.replay import state_at
from engine.tape.tape import Tape
from ui.graph.types import Kind

#: Name, theme, example, pass to stand in the middle of, title of the leaf that is selected.
PICTURES = (
    ("window-dark", "dark", 6, 2, "2.bias"),
    ("window-light", "light", 3, 1, "w"),
    ("first-start", "dark", 0, 0, "x"),
)
SIZE = (1440, 900)


def wait(happened: Callable[[], bool]) -> None:
    """Let the event loop run until something has happened."""
    while not happened():
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


def moment_of_gain(tape: Tape, first: int, last: int) -> int:
    """Return the first playhead of first..last at which something is added to a leaf."""
    for playhead in range(first, last + 1):
        gained = tape.contributions[state_at(tape, playhead).contributions]
        if (gained["tensor"] >= 0).any():
            return playhead
    return first


def picture(name: str, theme: str, example: int, pass_: int, leaf: str, folder: Path) -> Path:
    """Open an example, run it, stop in the middle of a pass, and grab the window."""
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(Path(place) / "settings.ini")
        settings.preferences.theme = theme
        controller = Controller(settings)
        window, session = controller.window, controller.session
        window.showNormal()
        window.resize(*SIZE)
        window.reset_layout()
        ready: list[bool] = []
        controller.runs.first_run.connect(lambda: ready.append(True))
        controller.files.open_example(examples()[example])
        wait(lambda: bool(ready) and not controller.graph.pictures.busy)
        tape = session.tape
        assert tape is not None
        begin = int(tape.passes["event"][pass_])
        end = int(tape.ends["event"][tape.ends["pass_"] == pass_][0])
        session.set_playhead(moment_of_gain(tape, (begin + end) // 2 + 1, end + 1))
        wait(lambda: not controller.graph.pictures.busy and controller.graph.picture is not None)
        graph = controller.graph.picture.graph
        leaves = [n for n, d in graph.nodes(data=True) if d["title"] == leaf]
        session.select(next((n for n in leaves if n.kind == Kind.LEAF), None))
        window.graph.canvas.fit(animated=False)
        window.graph.canvas.finish_painting()
        QCoreApplication.processEvents()
        target = folder / f"{name}.png"
        assert window.grab().save(str(target)), f"{target} cannot be written"
        window.close()
        controller.close()
        window.deleteLater()
    return target


def main() -> int:
    """Write all pictures into the folder named on the command line (resources/docs/images)."""
    application: QApplication = make_application()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else resources.path("docs") / "images"
    folder.mkdir(parents=True, exist_ok=True)
    for row in PICTURES:
        print(picture(*row, folder))
    application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
