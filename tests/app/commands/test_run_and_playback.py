"""What the commands of the Run and Playback menus do."""

from __future__ import annotations

from tests.app import drive
from tests.app.commands.scene import Effects, Scene

EFFECTS = Effects()


@EFFECTS.of("run", "run_all", "run_above", "run_below", "clear_outputs", "restart", "restart_run")
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


@EFFECTS.of("interrupt")
def _(s: Scene) -> None:
    key = s.cells("print('on')\nwhile True: pass")[0]
    s.do("run")
    s.until(lambda: "on" in drive.texts(s.controller, key))
    with s.qtbot.waitSignal(s.controller.runs.finished, timeout=drive.RUN):
        s.do("interrupt")
    assert "KeyboardInterrupt" in drive.texts(s.controller, key)


@EFFECTS.of("stop_on_error", "follow", "animate", "minimap", "left_to_right", "flow")
def _switches(s: Scene) -> None:
    for id in ("stop_on_error", "follow", "animate", "minimap", "left_to_right", "flow"):
        before = getattr(s.controller.settings.preferences, id)
        s.do(id)
        assert getattr(s.controller.settings.preferences, id) is (not before)
        assert s.checked(id) is (not before)
    s.settle()


@EFFECTS.of("play", "play_back")
def _play(s: Scene) -> None:
    player = s.controller.playback.player
    for id, start in (("play", 0), ("play_back", s.end)):
        s.session.set_playhead(start)
        s.do(id)
        assert player.playing
        s.until(lambda start=start: s.playhead != start)
        s.do("play")
        assert not player.playing


@EFFECTS.of("step", "step_back", "step_into", "step_into_back")
def _step(s: Scene) -> None:
    for forward, back in (("step", "step_back"), ("step_into", "step_into_back")):
        s.session.set_playhead(0)
        s.do(forward)
        first = s.playhead
        s.do(forward)
        assert s.playhead > first > 0
        s.do(back)
        assert s.playhead == first


@EFFECTS.of("next_pass", "previous_pass", "to_start", "to_end")
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


@EFFECTS.each
def test_commands_do_what_they_say(scene: Scene, ids: tuple[str, ...]) -> None:
    EFFECTS.check(scene, ids)
