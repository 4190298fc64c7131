"""Every command of the table does what it says when its action is triggered.

A row per command: what it needs, and what can be seen afterwards. A command without a row fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

import engine as torch
from app.building_commands import APPLIED, TEMPLATES
from app.commands import COMMANDS
from app.controller import Controller
from app.documents import Cell
from app.window_commands import PANELS
from engine.tape.recorder import Recorder
from tests.app import drive
from ui.graph.groups import By
from ui.graph.lens import Lens
from ui.graph.reach import Way
from ui.graph.types import Kind, NodeId
from ui.keyboard import has_keyboard

BEGIN = """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
v = w * 2
net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh())
"""
PROGRAM = """\
for step in range(2):
    h = net(v + 1)
    loss = h.exp().sum()
    loss.backward(retain_graph=True)
"""
DIALOGS = "getOpenFileName", "getSaveFileName"

Effect = Callable[["Scene"], None]
EFFECTS: dict[tuple[str, ...], Effect] = {}


class Scene:
    """The window on a recording, and what a person sees in it."""

    def __init__(self, qtbot: QtBot, controller: Controller, folder: Path, tape: Path) -> None:
        self.qtbot, self.controller, self.folder, self.tape_file = qtbot, controller, folder, tape
        self.window, self.session = controller.window, controller.session
        self.canvas = self.window.graph.canvas
        self.done: set[str] = set()  # commands that were triggered
        self.answers: dict[str, str] = {}  # of file dialogs

    def do(self, id: str) -> None:
        action: QAction = self.window.actions_by_id[id]
        assert action.isEnabled(), f"{id} cannot be triggered"
        action.trigger()
        self.done.add(id)

    def checked(self, id: str) -> bool:
        return self.window.actions_by_id[id].isChecked()

    def settle(self) -> None:
        drive.wait_for_graph(self.qtbot, self.controller)

    def until(self, happened: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(happened()), timeout=drive.RUN)

    def op(self, title: str) -> NodeId:
        assert self.controller.graph.picture is not None
        nodes = self.controller.graph.picture.graph.nodes(data=True)
        return next(n for n, d in nodes if d["title"] == title and n.kind == Kind.OP)

    def named(self, name: str) -> NodeId:
        assert self.controller.graph.picture is not None
        nodes = self.controller.graph.picture.graph.nodes(data=True)
        return next(n for n, d in nodes if d["name"] == name and n.kind in (Kind.LEAF, Kind.OP))

    def select(self, title: str = "exp") -> NodeId:
        node = self.op(title)
        self.session.select(node)
        self.canvas.pick([node])
        return node

    @property
    def playhead(self) -> int:
        return self.session.playhead

    @property
    def end(self) -> int:
        assert self.session.tape is not None
        return len(self.session.tape.events)

    def sources(self) -> list[str]:
        return [cell.source for cell in self.session.document.cells]

    def cells(self, *sources: str) -> list[str]:
        """Let the document have these cells, the first one current; returns their keys."""
        keys = [f"key{number}" for number in range(len(sources))]
        for cell in list(self.session.document.cells):
            self.session.remove_cell(cell.key)
        for number, (key, source) in enumerate(zip(keys, sources, strict=True)):
            self.session.insert_cell(number, Cell(key, "code", source))
        self.window.notebook.set_current(keys[0])
        return keys

    def folded(self) -> int:
        assert self.controller.graph.picture is not None
        return sum(node.kind == Kind.GROUP for node in self.controller.graph.picture.graph)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "program.tape"
    recorder, names = Recorder(path), {"torch": torch}
    with recorder:
        for number, source in enumerate((BEGIN, PROGRAM), 1):
            key = f"cell{number}"
            recorder.begin_cell(key, source, number)
            recorder.register_file(f"<{key}>", key)
            exec(compile(source, f"<{key}>", "exec"), names)
            recorder.end_cell(names)
    recorder.finish()
    return path


@pytest.fixture
def scene(
    qtbot: QtBot, controller: Controller, tmp_path: Path, tape: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:  # fmt: skip
    controller.settings.choose("animate", False)
    drive.open_file(qtbot, controller, tape)
    drive.wait_for_graph(qtbot, controller)
    made = Scene(qtbot, controller, tmp_path, tape)
    for name in DIALOGS:
        answer = staticmethod(lambda *_, n=name: (made.answers.get(n, ""), ""))
        monkeypatch.setattr(QFileDialog, name, answer)
    yield made
    for dialog in controller.window.findChildren(QDialog):
        dialog.reject()


def effect(*ids: str) -> Callable[[Effect], Effect]:
    def keep(check: Effect) -> Effect:
        EFFECTS[ids] = check
        return check

    return keep


def test_every_command_has_a_row_and_every_row_its_command() -> None:
    ids = [id for row in EFFECTS for id in row]
    assert len(ids) == len(set(ids))
    assert set(ids) == {command.id for command in COMMANDS}, "write what each command does"


# --- files and tabs


@effect("new")
def _(s: Scene) -> None:
    s.do("new")
    assert s.sources() == [""]
    assert s.session.tape is None


@effect("open")
def _(s: Scene) -> None:
    (s.folder / "b.py").write_text("b = 2\n")
    s.answers["getOpenFileName"] = str(s.folder / "b.py")
    s.do("open")
    assert s.sources() == ["b = 2"]


@effect("save", "save_as")
def _save(s: Scene) -> None:
    s.cells("a = 1")
    s.answers["getSaveFileName"] = str(s.folder / "kept.py")
    s.do("save_as")
    assert (s.folder / "kept.py").read_text() == "a = 1\n"
    s.session.set_source(s.session.document.cells[0].key, "a = 2")
    s.do("save")
    assert (s.folder / "kept.py").read_text() == "a = 2\n"
    assert not s.session.dirty


@effect("save_tape")
def _(s: Scene) -> None:
    s.answers["getSaveFileName"] = str(s.folder / "copy.tape")
    s.do("save_tape")
    assert (s.folder / "copy.tape").stat().st_size > 0


@effect("export")
def _(s: Scene) -> None:
    target = s.folder / "graph.dot"
    s.answers["getSaveFileName"] = str(target)
    with s.qtbot.waitSignal(s.controller.files.exports.done, timeout=drive.RUN):
        s.do("export")
    assert target.read_text().startswith("digraph")


@effect("compare")
def _(s: Scene) -> None:
    other = drive.write_tape(s.folder / "other.tape", (BEGIN + PROGRAM).replace("* 2", "* 3"))
    s.answers["getOpenFileName"] = str(other)
    s.do("compare")
    s.until(s.window.docks["differences"].isVisible)


@effect("new_tab", "close_tab", "next_tab", "previous_tab")
def _tabs(s: Scene) -> None:
    for what in ("new", "close", "next", "previous"):
        with s.qtbot.waitSignal(s.controller.tab_wished) as heard:
            s.do(f"{what}_tab")
        assert heard.args == [what]


@effect("quit")
def _(s: Scene) -> None:
    s.do("quit")
    assert not s.window.isVisible()


# --- edit


@effect("undo", "redo")
def _undo(s: Scene) -> None:
    s.cells("a", "b")
    s.do("cut_cell")
    s.do("undo")
    assert s.sources() == ["a", "b"]
    s.do("redo")
    assert s.sources() == ["b"]


@effect("cut_cell", "copy_cell", "paste_cell")
def _cut(s: Scene) -> None:
    s.cells("a", "b")
    s.do("copy_cell")
    s.do("paste_cell")
    assert s.sources() == ["a", "a", "b"]
    s.do("cut_cell")
    assert s.sources() == ["a", "b"]


@effect("find_in_cells")
def _find_in_cells(s: Scene) -> None:
    s.window.activateWindow()
    s.until(lambda: QApplication.activeWindow() is s.window)
    s.canvas.setFocus()
    s.do("find_in_cells")
    assert has_keyboard(s.window.notebook)


@effect("console")
def _console(s: Scene) -> None:
    s.do("console")
    assert s.window.docks["console"].isVisible()


@effect("attach")
def _attach(s: Scene) -> None:
    (s.folder / "kernel.json").write_text("{}")
    s.answers["getOpenFileName"] = str(s.folder / "kernel.json")
    with s.qtbot.waitSignal(s.controller.runs.died, timeout=drive.RUN):
        s.do("attach")
    assert "lacks 'transport'" in s.window.notice.text()


@effect("live")
def _live(s: Scene) -> None:
    s.do("live")
    assert s.checked("live")
    assert s.controller.pausing.live


@effect("split_cell")
def _(s: Scene) -> None:
    keys = s.cells("a = 1\nb = 2")
    s.window.notebook.edit(keys[0])
    editor = s.window.notebook.cell(keys[0]).editor
    assert editor is not None
    editor.go_to(2)
    s.do("split_cell")
    assert s.sources() == ["a = 1", "b = 2"]


@effect("merge_cells")
def _(s: Scene) -> None:
    s.cells("a", "b")
    s.do("merge_cells")
    assert s.sources() == ["a\nb"]


@effect("settings", "keep", "memory")
def _settings(s: Scene) -> None:
    for id, name in (("settings", ""), ("keep", "keep_gb"), ("memory", "memory_gb")):
        s.do(id)
        dialog = s.controller.preferences.dialog
        assert dialog is not None
        assert dialog.isVisible()
        assert not name or dialog.focusWidget() is dialog.fields[name]
        dialog.reject()
        s.until(lambda: s.controller.preferences.dialog is None)


# --- run


@effect("run", "run_all", "run_above", "run_below", "clear_outputs", "restart", "restart_run")
def _run(s: Scene) -> None:
    keys = s.cells("print('one')", "print('two')", "print('three')")

    def ran(id: str, current: int) -> list[bool]:
        for cell in s.session.document.cells:
            cell.outputs = []
        s.window.notebook.set_current(keys[current])
        with s.qtbot.waitSignal(s.controller.runs.finished, timeout=drive.RUN):
            s.do(id)
        return [bool(cell.outputs) for cell in s.session.document.cells[:3]]

    assert ran("run", 1) == [False, True, False]
    assert ran("run_all", 0) == [True, True, True]
    assert ran("run_above", 2) == [True, True, False]
    assert ran("run_below", 1) == [False, True, True]
    s.do("clear_outputs")
    assert not any(cell.outputs for cell in s.session.document.cells)
    assert ran("restart_run", 0) == [True, True, True]
    with s.qtbot.waitSignal(s.controller.runs.kernel.tape_ready, timeout=drive.RUN):
        s.do("restart")
    assert s.end == 0


@effect("interrupt")
def _(s: Scene) -> None:
    key = s.cells("print('on')\nwhile True: pass")[0]
    s.do("run")
    s.until(lambda: "on" in drive.texts(s.controller, key))
    with s.qtbot.waitSignal(s.controller.runs.finished, timeout=drive.RUN):
        s.do("interrupt")
    assert "KeyboardInterrupt" in drive.texts(s.controller, key)


@effect("stop_on_error", "follow", "animate", "minimap", "left_to_right", "flow")
def _switches(s: Scene) -> None:
    for id in ("stop_on_error", "follow", "animate", "minimap", "left_to_right", "flow"):
        before = getattr(s.controller.settings.preferences, id)
        s.do(id)
        assert getattr(s.controller.settings.preferences, id) is (not before)
        assert s.checked(id) is (not before)
    s.settle()


# --- playback


@effect("play", "play_back")
def _play(s: Scene) -> None:
    player = s.controller.playback.player
    for id, start in (("play", 0), ("play_back", s.end)):
        s.session.set_playhead(start)
        s.do(id)
        assert player.playing
        s.until(lambda start=start: s.playhead != start)
        s.do("play")
        assert not player.playing


@effect("step", "step_back", "step_into", "step_into_back")
def _step(s: Scene) -> None:
    for forward, back in (("step", "step_back"), ("step_into", "step_into_back")):
        s.session.set_playhead(0)
        s.do(forward)
        first = s.playhead
        s.do(forward)
        assert s.playhead > first > 0
        s.do(back)
        assert s.playhead == first


@effect("next_pass", "previous_pass", "to_start", "to_end")
def _passes(s: Scene) -> None:
    s.do("to_start")
    assert s.playhead == 0
    s.do("next_pass")
    first = s.playhead
    s.do("next_pass")
    assert s.playhead > first > 0
    s.do("previous_pass")
    assert s.playhead == first
    s.do("to_end")
    assert s.playhead == s.end


# --- graph


@effect("find", "find_next", "find_previous")
def _find(s: Scene) -> None:
    s.do("find")
    finder = s.window.graph.finder
    assert finder.isVisible()
    s.qtbot.keyClicks(finder.field, "op:exp")
    s.until(lambda: finder.count.text() == "1 of 2")
    first = s.session.selection
    assert first == s.op("exp")
    s.do("find_next")
    s.until(lambda: s.session.selection != first)
    s.do("find_previous")
    s.until(lambda: s.session.selection == first)


@effect("back", "forward")
def _places(s: Scene) -> None:
    first, second = s.op("exp"), s.op("sum")
    s.session.select(first)
    s.session.select(second)
    s.do("back")
    s.until(lambda: s.session.selection == first)
    s.do("forward")
    s.until(lambda: s.session.selection == second)


@effect(
    "focus_near", "focus_ancestors", "focus_descendants", "focus_wider", "focus_narrower",
    "show_whole",
)  # fmt: skip
def _focus(s: Scene) -> None:
    def focus() -> object:
        picture = s.controller.graph.picture
        return None if picture is None else picture.focus

    s.select()
    for id, way in (
        ("focus_ancestors", Way.ANCESTORS), ("focus_descendants", Way.DESCENDANTS),
        ("focus_near", Way.NEAR),
    ):  # fmt: skip
        s.do(id)
        s.until(lambda way=way: focus() is not None and focus().way == way)  # type: ignore[attr-defined]
    near = focus()
    s.do("focus_wider")
    s.until(lambda: focus() == near.wider(1))  # type: ignore[attr-defined]
    s.do("focus_narrower")
    s.until(lambda: focus() == near)
    s.do("show_whole")
    s.until(lambda: focus() is None)


@effect("select_all", "select_ancestors", "select_descendants")
def _picks(s: Scene) -> None:
    for id in ("select_ancestors", "select_descendants"):
        node = s.select()
        s.do(id)
        s.until(lambda: len(s.canvas.picked()) > 1)
        assert node in s.canvas.picked()
    some = len(s.canvas.picked())
    s.do("select_all")
    assert len(s.canvas.picked()) > some


@effect("inspect")
def _(s: Scene) -> None:
    s.window.docks["inspector"].hide()
    s.select()
    s.do("inspect")
    assert s.window.docks["inspector"].isVisible()


@effect("go_to_code")
def _(s: Scene) -> None:
    s.select()
    s.do("go_to_code")
    key = s.window.notebook.current()
    assert key is not None
    editor = s.window.notebook.cell(key).editor
    assert editor is not None
    assert "exp()" in editor.textCursor().block().text()


@effect("go_to_partner")
def _(s: Scene) -> None:
    s.select()
    s.do("go_to_partner")
    assert s.session.selection is not None
    assert s.session.selection.kind == Kind.GRAD_FN


@effect("edit_value")
def _(s: Scene) -> None:
    s.session.select(drive.leaf(s.controller, "w"))
    s.do("edit_value")
    assert has_keyboard(s.window.inspector)


@effect("pin", "unpin_all")
def _pins(s: Scene) -> None:
    s.select()
    s.do("pin")
    assert any(s.session.pins.values())
    s.until(lambda: s.window.actions_by_id["unpin_all"].isEnabled())
    s.do("unpin_all")
    assert not any(s.session.pins.values())


@effect("copy_name", "copy_value", "copy_picture")
def _copies(s: Scene) -> None:
    s.select()
    for id in ("copy_name", "copy_value", "copy_picture"):
        with s.qtbot.waitSignal(s.controller.nodes.copied, timeout=drive.RUN) as heard:
            s.do(id)
        (what,) = heard.args
        assert what if isinstance(what, str) else not what.isNull()


@effect("copy_numpy")
def _copy_numpy(s: Scene) -> None:
    QApplication.clipboard().setText("")
    s.do("next_pass")
    s.do("step")
    s.select()
    s.do("go_to_partner")
    s.do("copy_numpy")
    s.until(lambda: "numpy" in QApplication.clipboard().text())


# --- debug


@effect("continue", "continue_back", "breakpoint", "run_to")
def _breakpoints(s: Scene) -> None:
    s.session.set_playhead(0)
    s.canvas.setFocus()
    s.select()
    s.do("breakpoint")
    assert len(s.session.breakpoints) == 1
    s.do("continue")
    s.until(lambda: s.playhead > 0)
    hit = s.playhead
    s.session.set_playhead(s.end)
    s.do("continue_back")
    s.until(lambda: hit <= s.playhead < s.end)
    s.session.set_playhead(0)
    s.select()
    s.do("run_to")
    assert s.playhead == hit


@effect("step_over", "step_over_back", "step_out", "step_out_back")
def _over(s: Scene) -> None:
    s.session.set_playhead(1)
    s.do("step_over")
    over = s.playhead
    assert over > 1
    s.do("step_over_back")
    assert s.playhead < over
    s.do("step_out")
    out = s.playhead
    s.do("step_out_back")
    assert s.playhead <= out


@effect("break_when")
def _(s: Scene) -> None:
    s.do("break_when")
    form = s.controller.debugging.form
    assert form is not None
    assert form.isVisible()


@effect("filter")
def _(s: Scene) -> None:
    s.do("filter")
    assert s.window.graph.finder.isVisible()
    assert s.window.graph.finder.keep.isChecked()


@effect("check_selection", "check_all")
def _(s: Scene) -> None:
    s.session.select(s.op("exp"))
    for id, count in (("check_selection", "1 backward node "), ("check_all", "backward nodes ")):
        s.do(id)
        s.until(lambda count=count: count in s.window.notice.text())
        assert s.window.notice.text().split(" (")[0].count("all are right")


@effect("breakpoints", "problems", "watches", "training")
def _lists(s: Scene) -> None:
    for id in ("breakpoints", "problems", "watches", "training"):
        s.do(id)
        assert s.window.docks[id].isVisible()


@effect("why")
def _(s: Scene) -> None:
    s.session.select(drive.leaf(s.controller, "w"))
    s.do("why")
    s.until(s.window.docks["problems"].isVisible)


# --- view


@effect("fit", "zoom_in", "zoom_out")
def _zoom(s: Scene) -> None:
    s.do("fit")
    scale = s.canvas.camera().scale
    s.do("zoom_in")
    assert s.canvas.camera().scale > scale
    s.do("zoom_out")
    s.do("zoom_out")
    assert s.canvas.camera().scale < scale
    s.do("fit")
    assert s.canvas.camera().scale == pytest.approx(scale)


@effect("next_graph", "previous_graph")
def _graphs(s: Scene) -> None:
    def number() -> int:
        assert s.session.graph is not None
        return s.session.graph.number

    first = number()
    s.do("next_graph")
    s.until(lambda: number() == first + 1)
    s.settle()
    s.do("previous_graph")
    s.until(lambda: number() == first)


@effect(*(f"group_{by}" for by in By if by != By.HAND))
def _group_by(s: Scene) -> None:
    for by in (by for by in By if s.window.actions_by_id[f"group_{by}"].isEnabled()):
        s.do(f"group_{by}")
        s.settle()
        assert s.session.grouping.by == by
        assert s.checked(f"group_{by}")


@effect("fold_group", "fold_level", "unfold_level", "fold_all", "unfold_all")
def _fold(s: Scene) -> None:
    s.do("group_module")
    for fold, unfold in (("fold_level", "unfold_level"), ("fold_all", "unfold_all")):
        s.do(fold)
        s.until(lambda: s.folded() > 0)
        s.settle()
        s.do(unfold)
        s.until(lambda: s.folded() == 0)
        s.settle()
    s.select("tanh")
    s.do("fold_group")
    s.until(lambda: s.folded() > 0)


@effect("group_selection", "ungroup", "group_hand")
def _group(s: Scene) -> None:
    exp, total = s.op("exp"), s.op("sum")
    s.session.select(exp)
    s.canvas.pick([exp, total])
    s.do("group_selection")
    s.until(lambda: s.session.grouping.by == By.HAND)
    s.settle()
    s.do("group_module")
    s.settle()
    s.do("group_hand")
    s.settle()
    assert sum(map(len, s.session.grouping.chosen.values())) == 1
    s.session.select(s.op("exp"))
    s.do("ungroup")
    s.until(lambda: not any(s.session.grouping.chosen.values()))


@effect(*(f"colour_{lens.name.lower()}" for lens in Lens))
def _lenses(s: Scene) -> None:
    for lens in Lens:
        s.do(f"colour_{lens.name.lower()}")
        assert s.controller.lenses.lens == lens
        assert s.checked(f"colour_{lens.name.lower()}")
    s.until(lambda: not s.controller.lenses.busy)


@effect("theme")
def _(s: Scene) -> None:
    s.do("theme")
    assert s.controller.settings.preferences.theme == "light"
    s.do("theme")
    assert s.controller.settings.preferences.theme == "dark"


@effect("operations")
def _(s: Scene) -> None:
    s.do("operations")
    assert s.window.docks["operations"].isVisible()
    s.until(lambda: has_keyboard(s.window.operations))
    s.until(lambda: not s.controller.operations.busy)


@effect("reset_layout")
def _(s: Scene) -> None:
    s.window.docks["inspector"].hide()
    s.do("reset_layout")
    assert s.window.docks["inspector"].isVisible()


@effect("larger", "smaller", "normal_size")
def _size(s: Scene) -> None:
    zooms = []
    for id in ("larger", "smaller", "smaller", "normal_size"):
        s.do(id)
        zooms.append(s.controller.settings.preferences.zoom)
    assert zooms == [110, 100, 90, 100]


@effect("palette")
def _(s: Scene) -> None:
    s.do("palette")
    assert s.window.palette_of_commands.isVisible()


@effect("next_panel", "previous_panel")
def _panels(s: Scene) -> None:
    s.window.activateWindow()
    s.until(lambda: QApplication.activeWindow() is s.window)
    s.canvas.setFocus()
    s.do("next_panel")
    assert not has_keyboard(s.window.graph)
    s.do("previous_panel")
    assert has_keyboard(s.window.graph)


@effect(*(f"panel_{name}" for name, _ in PANELS))
def _docks(s: Scene) -> None:
    for name, dock in s.window.docks.items():
        before = dock.isHidden()
        s.do(f"panel_{name}")
        assert dock.isHidden() is not before
    s.until(lambda: not s.controller.operations.busy)


# --- build


@effect("apply")
def _ask_operation(s: Scene) -> None:
    s.window.activateWindow()
    s.do("apply")
    assert s.window.docks["operations"].isVisible()
    s.until(lambda: not s.controller.operations.busy)


@effect(*(f"apply_{call.rpartition('.')[2]}" for call, _, _ in APPLIED))
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


@effect("new_leaf", "rename", "backward", "zero_grad", "toggle_grad", "detach")
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


@effect(*(f"template_{name}" for name in TEMPLATES))
def _templates(s: Scene) -> None:
    (s.folder / "empty.py").write_text("import torch\n")
    drive.open_file(s.qtbot, s.controller, s.folder / "empty.py")
    for name in TEMPLATES:
        before = len("".join(s.sources()))
        s.do(f"template_{name}")
        s.until(lambda before=before: len("".join(s.sources())) > before)
        s.until(lambda: not s.controller.runs.busy)


# --- help


@effect("welcome")
def _(s: Scene) -> None:
    s.do("welcome")
    assert s.window.welcome.isVisible()
    s.controller.welcoming.close()
    assert not s.window.welcome.isVisible()


@effect("lesson", "lesson_next", "lesson_back")
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


@effect("shortcuts")
def _(s: Scene) -> None:
    s.do("shortcuts")
    assert s.controller.commanding.dialog is not None


@effect("about")
def _(s: Scene) -> None:
    s.do("about")
    box = s.window.findChild(QMessageBox)
    assert box is not None
    assert "Tapedeck" in box.text()


@pytest.mark.parametrize("ids", EFFECTS, ids=lambda ids: ids[0])
def test_commands_do_what_they_say(scene: Scene, ids: tuple[str, ...]) -> None:
    EFFECTS[ids](scene)
    assert scene.done >= set(ids)
