"""The player reaches every stop, in both directions, at every speed, and rests when it should."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from ui.transport.player import Player

STOPS = np.array([1, 2, 4, 5, 7, 9], np.int32)


@pytest.fixture
def player(qapp):
    player = Player()
    player.set_stops(STOPS, end=10)
    player.set_passes(np.array([3, 8], np.int32))
    yield player
    player.pause()


@pytest.fixture
def seen(player):
    moves: list[int] = []
    player.moved.connect(moves.append)
    return moves


def timers_alive(player: Player) -> int:
    return sum(t.isActive() for t in player.findChildren(QTimer))


def until_it_stops(qtbot, player: Player) -> None:
    with qtbot.waitSignal(player.state_changed, check_params_cb=lambda playing: not playing):
        pass


def test_at_low_speed_no_stop_is_left_out(qtbot, player, seen):
    player.set_speed(60.0)
    player.play()
    until_it_stops(qtbot, player)
    assert seen == [1, 2, 4, 5, 7, 9, 10]


def test_backward_it_visits_the_same_stops(qtbot, player, seen):
    player.set_speed(60.0)
    player.set_playhead(10)
    player.reverse()
    until_it_stops(qtbot, player)
    assert seen == [9, 7, 5, 4, 2, 1, 0]
    assert player.direction == -1


def test_at_high_speed_it_leaps_but_ends_on_the_final_state(qtbot, seen, player):
    player.set_stops(np.arange(1, 100_001, dtype=np.int32), end=100_007)
    player.set_speed(400_000.0)
    player.play()
    until_it_stops(qtbot, player)
    assert seen == sorted(seen)
    assert seen[-1] == 100_007
    assert 3 < len(seen) < 100


def test_speed_is_kept_over_time(qtbot, player, seen):
    player.set_stops(np.arange(1, 1001, dtype=np.int32))
    player.set_speed(1000.0)
    player.play()
    with qtbot.waitSignal(player.moved, check_params_cb=lambda p: p >= 100):
        pass
    player.pause()
    assert 100 <= player.playhead < 400  # even a busy machine is not that late


def test_a_timer_lives_only_while_it_plays(qtbot, player):
    assert timers_alive(player) == 0
    player.play()
    assert timers_alive(player) == 1
    player.pause()
    assert timers_alive(player) == 0
    player.set_speed(8.0)
    player.set_playhead(4)
    assert timers_alive(player) == 0
    player.set_speed(60.0)
    player.play()
    until_it_stops(qtbot, player)
    assert timers_alive(player) == 0


def test_play_at_the_end_starts_over_with_the_last_pass(player, seen):
    player.set_playhead(10)
    player.play()
    assert seen == [8]
    assert player.playing


def test_play_at_the_end_without_passes_starts_over(player, seen):
    player.set_passes(np.zeros(0, np.int32))
    player.set_playhead(10)
    player.play()
    assert seen == [0]


def test_reverse_at_the_start_begins_at_the_end(player, seen):
    player.reverse()
    assert seen == [10]


def test_an_empty_tape_does_not_play(qapp):
    player = Player()
    player.play()
    player.reverse()
    assert not player.playing


@pytest.mark.parametrize(
    ("start", "by", "end"),
    [(0, 1, 1), (2, 1, 4), (3, 1, 4), (3, -1, 2), (4, -1, 2), (1, -1, 0), (0, -1, 0), (9, 5, 10),
     (5, -2, 2), (10, 1, 10), (6, 0, 6)],
)  # fmt: skip
def test_steps_go_from_stop_to_stop(player, start, by, end):
    player.set_playhead(start)
    player.step(by)
    assert player.playhead == end


@pytest.mark.parametrize(
    ("start", "by", "end"),
    [(0, 1, 3), (3, 1, 8), (5, 1, 8), (8, 1, 10), (10, 1, 10), (10, -1, 8), (5, -1, 3), (3, -1, 0),
     (0, -1, 0), (0, 2, 8)],
)  # fmt: skip
def test_jumps_go_from_pass_to_pass(player, start, by, end):
    player.set_playhead(start)
    player.jump_pass(by)
    assert player.playhead == end


def test_home_and_end_pause_and_go_all_the_way(player, seen):
    player.play()
    player.to_end()
    assert not player.playing
    player.to_start()
    assert seen == [10, 0]


def test_a_growing_tape_keeps_the_playhead_and_plays_on(qtbot, player, seen):
    player.set_speed(60.0)
    player.play()
    with qtbot.waitSignal(player.moved, check_params_cb=lambda p: p == 5):
        pass
    player.set_stops(np.append(STOPS, [11, 12]).astype(np.int32), end=13)
    until_it_stops(qtbot, player)
    assert seen == [1, 2, 4, 5, 7, 9, 11, 12, 13]


def test_a_listener_may_pause_in_the_middle(qtbot, player, seen):
    player.moved.connect(lambda p: player.pause() if p == 4 else None)
    player.set_speed(60.0)
    player.play()
    until_it_stops(qtbot, player)
    assert seen == [1, 2, 4]
    assert timers_alive(player) == 0


def test_state_is_announced_once_per_change(player):
    states: list[bool] = []
    player.state_changed.connect(states.append)
    player.play()
    player.play()
    player.pause()
    player.pause()
    player.toggle()
    player.toggle()
    assert states == [True, False, True, False]


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_senseless_speed_is_refused(player, speed):
    with pytest.raises(ValueError, match="speed must be positive"):
        player.set_speed(speed)
