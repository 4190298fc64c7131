"""The transport says where the playhead is and asks for what its keys promise."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt

from ui.theme import load
from ui.transport.player import NORMAL_SPEED
from ui.transport.speed import LADDER
from ui.transport.transport import Transport

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


@pytest.fixture
def tape(record):
    return record(
        "w = torch.tensor([1.0, 2.0], requires_grad=True)",
        "(w * 2).sum().backward()",
        "(w * 3).sum().backward()",
    )


@pytest.fixture
def transport(qtbot, tape):
    widget = Transport(load("dark"))
    qtbot.addWidget(widget)
    widget.resize(1200, 130)
    widget.set_tape(tape)
    widget.set_playhead(len(tape.events) // 2)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.mark.parametrize(
    ("key", "signal", "value"),
    [
        ("to_start", "playhead_requested", [0]), ("previous_pass", "pass_requested", [-1]),
        ("step_back", "step_requested", [-1]), ("reverse", "reverse_requested", []),
        ("play", "play_requested", [True]), ("step_forward", "step_requested", [1]),
        ("next_pass", "pass_requested", [1]),
    ],
)  # fmt: skip
def test_keys_ask(qtbot, transport, key, signal, value):
    with qtbot.waitSignal(getattr(transport, signal)) as asked:
        qtbot.mouseClick(transport.keys[key], Qt.MouseButton.LeftButton)
    assert asked.args == value


def test_to_end_asks_for_the_tape_s_length(qtbot, transport, tape):
    with qtbot.waitSignal(transport.playhead_requested) as asked:
        qtbot.mouseClick(transport.keys["to_end"], Qt.MouseButton.LeftButton)
    assert asked.args == [len(tape.events)]


def test_play_turns_into_pause(qtbot, transport):
    transport.set_playing(True)
    assert transport.keys["play"].accessibleName() == "Pause"
    with qtbot.waitSignal(transport.play_requested) as asked:
        qtbot.mouseClick(transport.keys["play"], Qt.MouseButton.LeftButton)
    assert asked.args == [False]
    transport.set_playing(False)
    assert transport.keys["play"].accessibleName() == "Play"


def test_reverse_pauses_while_it_plays_backward(qtbot, transport):
    transport.set_playing(True, -1)
    with qtbot.waitSignal(transport.play_requested) as asked:
        qtbot.mouseClick(transport.keys["reverse"], Qt.MouseButton.LeftButton)
    assert asked.args == [False]


def test_counter_and_readout_follow_the_playhead(transport, tape):
    tracks = transport.tracks
    step = int(tracks.steps[tracks.first_step[1]])
    transport.set_playhead(step + 1)
    assert transport.counter.text() == f"{step + 1} / {len(tape.events)}"
    words = transport.readout.accessibleName()
    assert words == "SumBackward0\ncell 3 · pass 2 of 2 · step 1 of 3"


def test_keys_that_lead_nowhere_are_disabled(transport, tape):
    transport.set_playhead(0)
    assert not transport.keys["step_back"].isEnabled()
    assert transport.keys["step_forward"].isEnabled()
    transport.set_playhead(len(tape.events))
    assert transport.keys["step_back"].isEnabled()
    assert not transport.keys["to_end"].isEnabled()
    assert transport.keys["play"].isEnabled()


def test_without_a_tape_it_rests(transport):
    transport.set_tape(None)
    assert transport.counter.text() == "0 / 0"
    assert not any(button.isEnabled() for button in transport.keys.values())
    rests = transport.timeline.grab().toImage()
    assert transport.readout.accessibleName() == "No tape"
    transport.set_running(True)
    assert transport.readout.accessibleName() == "Running the code"
    assert transport.timeline.grab().toImage() != rests
    transport.set_running(False)
    assert transport.timeline.grab().toImage() == rests


def test_scrubbing_moves_the_readout_at_once(qtbot, transport):
    timeline = transport.timeline
    with qtbot.waitSignal(transport.playhead_requested) as asked:
        qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(200, 40))
    assert transport.counter.text().startswith(f"{asked.args[0]} /")


def test_speed_is_chosen_on_a_ladder(qtbot, transport):
    with qtbot.waitSignal(transport.speed_requested) as asked:
        transport.speed.slider.setValue(len(LADDER) - 1)
    assert asked.args == [LADDER[-1] * NORMAL_SPEED]
    assert transport.speed.label.text() == "1024×"
    with qtbot.waitSignal(transport.speed_requested) as asked:
        qtbot.mouseClick(transport.speed.label, Qt.MouseButton.LeftButton)
    assert asked.args == [NORMAL_SPEED]


def test_a_speed_is_shown_without_asking(qtbot, transport):
    with qtbot.assertNotEmitted(transport.speed_requested):
        transport.set_speed(NORMAL_SPEED * 0.5)
    assert transport.speed.label.text() == "0.5×"
    assert transport.speed.slider.value() == LADDER.index(0.5)


@pytest.mark.parametrize("width", [300, 320, 349, 350, 460, 500, 560, 640, 720, 900, 1600])
def test_it_fits_every_width(qtbot, transport, width):
    transport.resize(width, 130)
    qtbot.waitUntil(lambda: transport.timeline.width() == width)
    parts = [transport.counter, transport.readout, transport.speed, *transport.keys.values()]
    shown = sorted(
        (part.geometry() for part in parts if part.isVisible()), key=lambda box: box.left()
    )
    assert shown[-1].right() < width
    assert all(a.right() < b.left() for a, b in pairwise(shown))


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_where_it_is_narrow_the_words_offer_all_speeds(qtbot, transport):
    transport.resize(620, 130)
    qtbot.waitUntil(transport.speed.slider.isHidden)
    qtbot.mouseClick(transport.speed.label, Qt.MouseButton.LeftButton)
    menu = transport.speed.menu
    assert menu.isVisible()
    assert transport.speed.choices.checkedAction().text() == "1×"
    faster = next(action for action in menu.actions() if action.text() == "8×")
    with qtbot.waitSignal(transport.speed_requested) as asked:
        faster.trigger()
    assert asked.args == [8 * NORMAL_SPEED]
    menu.close()


def test_themes_switch_while_it_is_shown(transport):
    for name in ("light", "dark"):
        transport.set_theme(load(name))
        image = transport.grab().toImage()
        assert image.pixelColor(2, 2).name() == load(name).panel
