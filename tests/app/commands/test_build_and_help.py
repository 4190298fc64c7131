"""What the commands of the Build and Help menus do."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox

from app.building_commands import APPLIED, TEMPLATES
from app.documents import Cell
from tests.app import drive
from tests.app.commands.scene import Effects, Scene

EFFECTS = Effects()


@EFFECTS.of("apply")
def _ask_operation(s: Scene) -> None:
    s.window.activateWindow()
    s.do("apply")
    assert s.window.docks["operations"].isVisible()
    s.until(lambda: not s.controller.operations.busy)


@EFFECTS.of(*(f"apply_{call.rpartition('.')[2]}" for call, _, _ in APPLIED))
def _apply(s: Scene) -> None:
    (s.folder / "square.py").write_text("import torch\nx = torch.ones(2, 2) * 3\ny = x * x\n")
    drive.open_file(s.qtbot, s.controller, s.folder / "square.py")
    drive.run_all(s.qtbot, s.controller)
    for number, (call, _, _) in enumerate(APPLIED, 1):
        nodes = [s.named("x"), s.named("y")][: 1 if number > 6 else 2]
        s.session.select(nodes[0])
        s.canvas.pick(nodes)
        s.do(f"apply_{call.rpartition('.')[2]}")
        line = f"t{number} = {call}({'x' if number > 6 else 'x, y'})"
        s.until(lambda line=line: line in "\n".join(s.sources()))
        s.until(lambda: not s.controller.runs.busy)
        s.settle()


@EFFECTS.of("new_leaf", "rename", "backward", "zero_grad", "toggle_grad", "detach")
def _tensors(s: Scene) -> None:
    (s.folder / "net.py").write_text(
        "import torch\nw = torch.ones(2, requires_grad=True)\ny = w * 2\nloss = y.sum()\n"
    )
    drive.open_file(s.qtbot, s.controller, s.folder / "net.py")
    drive.run_all(s.qtbot, s.controller)
    for id, name, line in (
        ("backward", "loss", "loss.backward()"), ("zero_grad", "w", "w.grad.zero_()"),
        ("toggle_grad", "w", "w.requires_grad_(False)"),
        ("detach", "y", "y_detached = y.detach()"),
    ):  # fmt: skip
        s.session.select(s.named(name))
        with s.qtbot.waitSignal(s.controller.runs.finished, timeout=drive.RUN):
            s.do(id)
        assert s.sources()[-1] == line
        s.settle()
    tensors = s.controller.building.tensors
    s.do("new_leaf")
    s.until(lambda: tensors.leaf_form is not None)
    s.session.select(s.named("w"))
    s.do("rename")
    s.until(lambda: tensors.name_form is not None)


@EFFECTS.of(*(f"template_{name}" for name in TEMPLATES))
def _templates(s: Scene) -> None:
    (s.folder / "empty.py").write_text("import torch\n")
    drive.open_file(s.qtbot, s.controller, s.folder / "empty.py")
    for name in TEMPLATES:
        before = len("".join(s.sources()))
        s.do(f"template_{name}")
        s.until(lambda before=before: len("".join(s.sources())) > before)
        s.until(lambda: not s.controller.runs.busy)


@EFFECTS.of("welcome")
def _(s: Scene) -> None:
    s.do("welcome")
    assert s.window.welcome.isVisible()
    s.controller.welcoming.close()
    assert not s.window.welcome.isVisible()


@EFFECTS.of("lesson", "lesson_next", "lesson_back")
def _lesson(s: Scene) -> None:
    for number, text in enumerate(("last", "first")):
        s.session.insert_cell(0, Cell(f"text{number}", "markdown", text))
    s.do("lesson")
    assert s.window.docks["lesson"].isVisible()
    assert s.controller.lesson.number == 0
    s.do("lesson_next")
    assert s.controller.lesson.number == 1
    s.do("lesson_back")
    assert s.controller.lesson.number == 0


@EFFECTS.of("shortcuts")
def _(s: Scene) -> None:
    s.do("shortcuts")
    assert s.controller.commanding.dialog is not None


@EFFECTS.of("about")
def _(s: Scene) -> None:
    s.do("about")
    box = s.window.findChild(QMessageBox)
    assert box is not None
    assert "Tapedeck" in box.text()


@EFFECTS.each
def test_commands_do_what_they_say(scene: Scene, ids: tuple[str, ...]) -> None:
    EFFECTS.check(scene, ids)
