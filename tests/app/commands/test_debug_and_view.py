"""What the commands of the Debug and View menus do."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QDialogButtonBox

from app.window_commands import PANELS
from tests.app import drive
from tests.app.commands.scene import Effects, Scene
from ui.graph.groups import By
from ui.graph.lens import Lens
from ui.keyboard import has_keyboard

EFFECTS = Effects()


@EFFECTS.of("continue", "continue_back", "breakpoint", "run_to")
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


@EFFECTS.of("step_over", "step_over_back", "step_out", "step_out_back")
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


@EFFECTS.of("break_when")
def _(s: Scene) -> None:
    s.do("break_when")
    form = s.controller.debugging.form
    assert form is not None
    assert form.isVisible()


@EFFECTS.of("filter")
def _(s: Scene) -> None:
    s.do("filter")
    assert s.window.graph.finder.isVisible()
    assert s.window.graph.finder.keep.isChecked()


@EFFECTS.of("check_selection", "check_all")
def _(s: Scene) -> None:
    s.session.select(s.op("exp"))
    for id, count in (("check_selection", "1 backward node "), ("check_all", "backward nodes ")):
        s.do(id)
        s.until(lambda count=count: count in s.window.notice.text())
        assert s.window.notice.text().split(" (")[0].endswith(("all are right.", "it is right."))


@EFFECTS.of("breakpoints", "problems", "watches", "training")
def _lists(s: Scene) -> None:
    for id in ("breakpoints", "problems", "watches", "training"):
        s.do(id)
        assert s.window.docks[id].isVisible()


@EFFECTS.of("why")
def _(s: Scene) -> None:
    s.session.select(drive.leaf(s.controller, "w"))
    s.do("why")
    s.until(s.window.docks["problems"].isVisible)


@EFFECTS.of("expect")
def _expect(s: Scene) -> None:
    s.session.select(drive.leaf(s.controller, "w"))
    s.do("expect")
    form = s.controller.expecting.form
    assert form is not None
    form.field.setPlainText("w * 0")
    form.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    s.until(s.window.docks["problems"].isVisible)


@EFFECTS.of("fit", "zoom_in", "zoom_out")
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


@EFFECTS.of("next_graph", "previous_graph")
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


@EFFECTS.of(*(f"group_{by}" for by in By if by != By.HAND))
def _group_by(s: Scene) -> None:
    for by in (by for by in By if s.window.actions_by_id[f"group_{by}"].isEnabled()):
        s.do(f"group_{by}")
        s.settle()
        assert s.session.grouping.by == by
        assert s.checked(f"group_{by}")


@EFFECTS.of("fold_group", "fold_level", "unfold_level", "fold_all", "unfold_all")
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


@EFFECTS.of("group_selection", "ungroup", "group_hand")
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


@EFFECTS.of(*(f"colour_{lens.name.lower()}" for lens in Lens))
def _lenses(s: Scene) -> None:
    for lens in Lens:
        s.do(f"colour_{lens.name.lower()}")
        assert s.controller.lenses.lens == lens
        assert s.checked(f"colour_{lens.name.lower()}")
    s.until(lambda: not s.controller.lenses.busy)


@EFFECTS.of("theme")
def _(s: Scene) -> None:
    s.do("theme")
    assert s.controller.settings.preferences.theme == "light"
    s.do("theme")
    assert s.controller.settings.preferences.theme == "dark"


@EFFECTS.of("operations")
def _(s: Scene) -> None:
    s.do("operations")
    assert s.window.docks["operations"].isVisible()
    s.until(lambda: has_keyboard(s.window.operations))
    s.until(lambda: not s.controller.operations.busy)


@EFFECTS.of("reset_layout")
def _(s: Scene) -> None:
    s.window.docks["inspector"].hide()
    s.do("reset_layout")
    assert s.window.docks["inspector"].isVisible()


@EFFECTS.of("larger", "smaller", "normal_size")
def _size(s: Scene) -> None:
    zooms = []
    for id in ("larger", "smaller", "smaller", "normal_size"):
        s.do(id)
        zooms.append(s.controller.settings.preferences.zoom)
    assert zooms == [110, 100, 90, 100]


@EFFECTS.of("palette")
def _(s: Scene) -> None:
    s.do("palette")
    assert s.window.palette_of_commands.isVisible()


@EFFECTS.of("next_panel", "previous_panel")
def _panels(s: Scene) -> None:
    s.window.activateWindow()
    s.until(lambda: QApplication.activeWindow() is s.window)
    s.canvas.setFocus()
    s.do("next_panel")
    assert not has_keyboard(s.window.graph)
    s.do("previous_panel")
    assert has_keyboard(s.window.graph)


@EFFECTS.of(*(f"panel_{name}" for name, _ in PANELS))
def _docks(s: Scene) -> None:
    for name, dock in s.window.docks.items():
        before = dock.isHidden()
        s.do(f"panel_{name}")
        assert dock.isHidden() is not before
    s.until(lambda: not s.controller.operations.busy)


@EFFECTS.each
def test_commands_do_what_they_say(scene: Scene, ids: tuple[str, ...]) -> None:
    EFFECTS.check(scene, ids)
