"""What the commands of the Graph menu do."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from tests.app import drive
from tests.app.commands.scene import Effects, Scene
from ui.graph.reach import Way
from ui.graph.types import Kind
from ui.keyboard import has_keyboard

EFFECTS = Effects()


@EFFECTS.of("find", "find_next", "find_previous")
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


@EFFECTS.of("back", "forward")
def _places(s: Scene) -> None:
    first, second = s.op("exp"), s.op("sum")
    s.session.select(first)
    s.session.select(second)
    s.do("back")
    s.until(lambda: s.session.selection == first)
    s.do("forward")
    s.until(lambda: s.session.selection == second)


@EFFECTS.of(
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


@EFFECTS.of("select_all", "select_ancestors", "select_descendants")
def _picks(s: Scene) -> None:
    for id in ("select_ancestors", "select_descendants"):
        node = s.select()
        s.do(id)
        s.until(lambda: len(s.canvas.picked()) > 1)
        assert node in s.canvas.picked()
    some = len(s.canvas.picked())
    s.do("select_all")
    assert len(s.canvas.picked()) > some


@EFFECTS.of("inspect")
def _(s: Scene) -> None:
    s.window.docks["inspector"].hide()
    s.select()
    s.do("inspect")
    assert s.window.docks["inspector"].isVisible()


@EFFECTS.of("go_to_code")
def _(s: Scene) -> None:
    s.select()
    s.do("go_to_code")
    key = s.window.notebook.current()
    assert key is not None
    editor = s.window.notebook.cell(key).editor
    assert editor is not None
    assert "exp()" in editor.textCursor().block().text()


@EFFECTS.of("go_to_partner")
def _(s: Scene) -> None:
    s.select()
    s.do("go_to_partner")
    assert s.session.selection is not None
    assert s.session.selection.kind == Kind.GRAD_FN


@EFFECTS.of("edit_value")
def _(s: Scene) -> None:
    s.session.select(drive.leaf(s.controller, "w"))
    s.do("edit_value")
    assert has_keyboard(s.window.inspector)


@EFFECTS.of("pin", "unpin_all")
def _pins(s: Scene) -> None:
    s.select()
    s.do("pin")
    assert any(s.session.pins.values())
    s.until(lambda: s.window.actions_by_id["unpin_all"].isEnabled())
    s.do("unpin_all")
    assert not any(s.session.pins.values())


@EFFECTS.of("copy_name", "copy_value", "copy_picture")
def _copies(s: Scene) -> None:
    s.select()
    for id in ("copy_name", "copy_value", "copy_picture"):
        with s.qtbot.waitSignal(s.controller.nodes.copied, timeout=drive.RUN) as heard:
            s.do(id)
        (what,) = heard.args
        assert what if isinstance(what, str) else not what.isNull()


@EFFECTS.of("copy_numpy")
def _copy_numpy(s: Scene) -> None:
    QApplication.clipboard().setText("")
    s.do("next_pass")
    s.do("step")
    s.select()
    s.do("go_to_partner")
    s.do("copy_numpy")
    s.until(lambda: "numpy" in QApplication.clipboard().text())


@EFFECTS.each
def test_commands_do_what_they_say(scene: Scene, ids: tuple[str, ...]) -> None:
    EFFECTS.check(scene, ids)
