"""Make the README's pictures: the real window on built-in examples, offscreen.

    python -m tests.screenshots [--readme FOLDER] [--examples FOLDER] [--gallery]

With --gallery, only the pictures of the examples on the welcome page. With --examples, also the
canvas of every example at fit and near, in both themes, to be looked at.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_SCALE_FACTOR", "1")

from PySide6.QtCore import QCoreApplication, QEventLoop, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

import resources
from app.controller import Controller
from app.examples import examples
from app.main import make_application
from app.settings import Settings
from engine.tape.replay import state_at
from engine.tape.tape import Tape
from ui.graph.lens import Lens
from ui.graph.types import Kind


class Shot(NamedTuple):
    """A window: theme, example, pass to stand in the middle of, leaf that is selected, lens."""

    name: str
    theme: str
    example: int
    pass_: int
    leaf: str
    lens: Lens = Lens.OPERATION


PICTURES = (
    Shot("window-dark", "dark", 6, 2, "2.bias"),
    Shot("window-light", "light", 3, 1, "w"),
    Shot("gradients", "dark", 7, 0, "bias_hh", Lens.GRADIENT),
    Shot("transformer", "dark", 8, 0, "layers.1.attention.qkv.bias"),
    Shot("first-start", "dark", 0, 0, "x"),
)
NEAR = 1.6  # scale
SIZE = (1440, 900)
CARD_WINDOW, CARD_SIZE = (1060, 760), (528, 300)


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


@contextmanager
def opened(example: int, theme: str, size: tuple[int, int]) -> Iterator[Controller]:
    """Give a window on a built-in example, run, with nothing left to draw."""
    with tempfile.TemporaryDirectory() as place:
        settings = Settings(Path(place) / "settings.ini")
        settings.preferences.theme = theme
        controller = Controller(settings)
        window = controller.window
        window.showNormal()
        window.resize(*size)
        window.reset_layout()
        ready: list[bool] = []
        controller.runs.first_run.connect(lambda: ready.append(True))
        controller.files.open_example(examples()[example])
        wait(lambda: bool(ready) and drawn(controller))
        yield controller
        window.close()
        controller.close()
        window.deleteLater()


def drawn(controller: Controller) -> bool:
    """Return whether the graph of the playhead is on the canvas."""
    return not controller.graph.pictures.busy and controller.graph.picture is not None


def settle(controller: Controller) -> None:
    """Bring all motion to its end, and read what the cards in view show."""
    canvas = controller.window.graph.canvas
    for _ in range(2):
        canvas.finish_painting()
        QCoreApplication.processEvents()
        wait(lambda: not controller.previews.busy and not controller.lenses.busy)
    canvas.finish_painting()
    QCoreApplication.processEvents()


def stand(controller: Controller, pass_: int, share: float) -> None:
    """Move the playhead to where something is added to a leaf, after a share of a pass."""
    tape = controller.session.tape
    assert tape is not None
    begin = int(tape.passes["event"][pass_])
    end = int(tape.ends["event"][tape.ends["pass_"] == pass_][0])
    middle = begin + round((end - begin) * share) + 1
    controller.session.set_playhead(moment_of_gain(tape, middle, end + 1))
    wait(lambda: drawn(controller))


def picture(shot: Shot, folder: Path) -> Path:
    """Open an example, run it, stop in the middle of a pass, and grab the window."""
    with opened(shot.example, shot.theme, SIZE) as controller:
        window, session = controller.window, controller.session
        stand(controller, shot.pass_, 0.5)
        assert controller.graph.picture is not None
        graph = controller.graph.picture.graph
        leaves = [n for n, d in graph.nodes(data=True) if d["title"] == shot.leaf]
        session.select(next((n for n in leaves if n.kind == Kind.LEAF), None))
        controller.lenses.choose(shot.lens)
        settle(controller)
        window.graph.canvas.fit(animated=False)
        settle(controller)
        return saved(window.grab(), folder / f"{shot.name}.png")


def gallery(example: int, folder: Path) -> Iterator[Path]:
    """Grab the canvas of an example at fit and near the active node, in both themes."""
    name = examples()[example].path.stem
    for theme in ("dark", "light"):
        with opened(example, theme, SIZE) as controller:
            canvas = controller.window.graph.canvas
            tape = controller.session.tape
            if tape is not None and len(tape.passes):
                stand(controller, len(tape.passes) - 1, 0.6)
            canvas.fit(animated=False)
            settle(controller)
            yield saved(canvas.grab(), folder / f"{name}-fit-{theme}.png")
            canvas.look(canvas.camera().zoomed(NEAR / canvas.camera().scale, 0.0, 0.0))
            picture = canvas.picture()
            if picture is not None:
                canvas.center_on(picture.scene.ids[max(picture.tints.active, 0)])
            settle(controller)
            yield saved(canvas.grab(), folder / f"{name}-near-{theme}.png")


def small(example: int) -> Iterator[Path]:
    """Make the pictures of an example for the welcome page: its graph in mid pass, both themes."""
    one = examples()[example]
    for theme, target in one.pictures().items():
        with opened(example, theme, CARD_WINDOW) as controller:
            canvas, tape = controller.window.graph.canvas, controller.session.tape
            for dock in controller.window.docks.values():
                dock.hide()
            if tape is not None and len(tape.passes):
                stand(controller, len(tape.passes) - 1, 0.6)
            settle(controller)
            canvas.fit(animated=False)
            settle(controller)
            shot = canvas.grab()
            high = shot.width() * CARD_SIZE[1] // CARD_SIZE[0]
            part = shot.copy(0, max((shot.height() - high) // 2, 0), shot.width(), high)
            smooth = Qt.TransformationMode.SmoothTransformation
            target.parent.mkdir(exist_ok=True)
            yield saved(
                part.scaled(*CARD_SIZE, Qt.AspectRatioMode.IgnoreAspectRatio, smooth), target
            )


def saved(picture: QPixmap, target: Path) -> Path:
    """Write a picture and return where it is."""
    if not picture.save(str(target)):
        raise OSError(f"{target} cannot be written")
    return target


def main() -> int:
    """Write the README's pictures, and those of all examples where a folder is named for them."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots")
    images = resources.path("docs") / "images"
    parser.add_argument(
        "--readme", type=Path, default=images, help="where the README's pictures go"
    )
    parser.add_argument("--examples", type=Path, help="where those of each example go")
    parser.add_argument("--gallery", action="store_true", help="only those of the welcome page")
    options = parser.parse_args()
    application: QApplication = make_application()
    if options.gallery:
        for example in range(len(examples())):
            for path in small(example):
                print(path, flush=True)
        return 0
    options.readme.mkdir(parents=True, exist_ok=True)
    for shot in PICTURES:
        print(picture(shot, options.readme), flush=True)
    if options.examples is not None:
        options.examples.mkdir(parents=True, exist_ok=True)
        for example in range(len(examples())):
            for path in gallery(example, options.examples):
                print(path, flush=True)
    application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
