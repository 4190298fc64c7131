"""What the commands of the File and Edit menus do."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from tests.app import drive
from tests.app.commands.scene import BEGIN, PROGRAM, Effects, Scene
from ui.keyboard import has_keyboard

EFFECTS = Effects()


@EFFECTS.of("new")
def _(s: Scene) -> None:
    s.do("new")
    assert s.sources() == [""]
    assert s.session.tape is None


@EFFECTS.of("open")
def _(s: Scene) -> None:
    (s.folder / "b.py").write_text("b = 2\n")
    s.answers["getOpenFileName"] = str(s.folder / "b.py")
    s.do("open")
    assert s.sources() == ["b = 2"]


@EFFECTS.of("save", "save_as")
def _save(s: Scene) -> None:
    s.cells("a = 1")
    s.answers["getSaveFileName"] = str(s.folder / "kept.py")
    s.do("save_as")
    assert (s.folder / "kept.py").read_text() == "a = 1\n"
    s.session.set_source(s.session.document.cells[0].key, "a = 2")
    s.do("save")
    assert (s.folder / "kept.py").read_text() == "a = 2\n"
    assert not s.session.dirty


@EFFECTS.of("save_tape")
def _(s: Scene) -> None:
    s.answers["getSaveFileName"] = str(s.folder / "copy.tape")
    s.do("save_tape")
    assert (s.folder / "copy.tape").stat().st_size > 0


@EFFECTS.of("export")
def _(s: Scene) -> None:
    target = s.folder / "graph.dot"
    s.answers["getSaveFileName"] = str(target)
    with s.qtbot.waitSignal(s.controller.files.exports.done, timeout=drive.RUN):
        s.do("export")
    assert target.read_text().startswith("digraph")


@EFFECTS.of("compare")
def _(s: Scene) -> None:
    other = drive.write_tape(s.folder / "other.tape", (BEGIN + PROGRAM).replace("* 2", "* 3"))
    s.answers["getOpenFileName"] = str(other)
    s.do("compare")
    s.until(s.window.docks["differences"].isVisible)


@EFFECTS.of("new_tab", "close_tab", "next_tab", "previous_tab")
def _tabs(s: Scene) -> None:
    for what in ("new", "close", "next", "previous"):
        with s.qtbot.waitSignal(s.controller.tab_wished) as heard:
            s.do(f"{what}_tab")
        assert heard.args == [what]


@EFFECTS.of("quit")
def _(s: Scene) -> None:
    s.do("quit")
    assert not s.window.isVisible()


@EFFECTS.of("undo", "redo")
def _undo(s: Scene) -> None:
    s.cells("a", "b")
    s.do("cut_cell")
    s.do("undo")
    assert s.sources() == ["a", "b"]
    s.do("redo")
    assert s.sources() == ["b"]


@EFFECTS.of("cut_cell", "copy_cell", "paste_cell")
def _cut(s: Scene) -> None:
    s.cells("a", "b")
    s.do("copy_cell")
    s.do("paste_cell")
    assert s.sources() == ["a", "a", "b"]
    s.do("cut_cell")
    assert s.sources() == ["a", "b"]


@EFFECTS.of("find_in_cells")
def _find_in_cells(s: Scene) -> None:
    s.window.activateWindow()
    s.until(lambda: QApplication.activeWindow() is s.window)
    s.canvas.setFocus()
    s.do("find_in_cells")
    assert has_keyboard(s.window.notebook)


@EFFECTS.of("console")
def _console(s: Scene) -> None:
    s.do("console")
    assert s.window.docks["console"].isVisible()


@EFFECTS.of("attach")
def _attach(s: Scene) -> None:
    (s.folder / "kernel.json").write_text("{}")
    s.answers["getOpenFileName"] = str(s.folder / "kernel.json")
    with s.qtbot.waitSignal(s.controller.runs.died, timeout=drive.RUN):
        s.do("attach")
    assert "lacks 'transport'" in s.window.notice.text()


@EFFECTS.of("live")
def _live(s: Scene) -> None:
    s.do("live")
    assert s.checked("live")
    assert s.controller.pausing.live


@EFFECTS.of("split_cell")
def _(s: Scene) -> None:
    keys = s.cells("a = 1\nb = 2")
    s.window.notebook.edit(keys[0])
    editor = s.window.notebook.cell(keys[0]).editor
    assert editor is not None
    editor.go_to(2)
    s.do("split_cell")
    assert s.sources() == ["a = 1", "b = 2"]


@EFFECTS.of("select_cells")
def _select_cells(s: Scene) -> None:
    s.cells("a", "b", "c")
    s.do("select_cells")
    s.do("merge_cells")
    assert s.sources() == ["a\nb\nc"]


@EFFECTS.of("merge_cells")
def _(s: Scene) -> None:
    s.cells("a", "b")
    s.do("merge_cells")
    assert s.sources() == ["a\nb"]


@EFFECTS.of("settings", "keep", "memory")
def _settings(s: Scene) -> None:
    for id, name in (("settings", ""), ("keep", "keep_gb"), ("memory", "memory_gb")):
        s.do(id)
        dialog = s.controller.preferences.dialog
        assert dialog is not None
        assert dialog.isVisible()
        assert not name or dialog.focusWidget() is dialog.fields[name]
        dialog.reject()
        s.until(lambda: s.controller.preferences.dialog is None)


@EFFECTS.each
def test_commands_do_what_they_say(scene: Scene, ids: tuple[str, ...]) -> None:
    EFFECTS.check(scene, ids)
