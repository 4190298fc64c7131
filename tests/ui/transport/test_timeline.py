"""The timeline paints any tape quickly, scrubs to the event under the mouse, zooms and pans."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from ui.theme import load
from ui.transport.paint import Lanes
from ui.transport.timeline import TimelineView
from ui.transport.tracks import Tracks

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def two_passes() -> Tracks:
    """20 forward events, a pass of 18 steps, 20 forward events in another cell, a pass."""
    starts = np.array([20, 60])
    return Tracks(
        n=80,
        forward=np.r_[0:20, 40:60].astype(np.int32),
        segments=np.array([[0, 20, 0], [40, 60, 1]], np.int32),
        steps=np.r_[21:39, 61:79].astype(np.int32),
        passes=np.stack([starts, starts + 20], axis=1).astype(np.int32),
        first_step=np.array([0, 18], np.int32),
        added=np.array([30, 70], np.int32),
        cleared=np.array([41], np.int32),
        errors=np.array([79], np.int32),
        cells=np.array([0, 40], np.int32),
        counts=np.array([1, 2], np.int32),
    )


def long_tape(n: int) -> Tracks:
    events = np.arange(n, dtype=np.int32)
    part = events % 1000
    begins = events[part == 500]
    return Tracks(
        n=n,
        forward=events[part < 500],
        segments=np.stack([begins - 500, begins, begins // 50_000], axis=1).astype(np.int32),
        steps=events[(part > 500) & (part < 999)],
        passes=np.stack([begins, begins + 500], axis=1).astype(np.int32),
        first_step=(np.arange(len(begins)) * 498).astype(np.int32),
        added=events[part > 900],
        cleared=begins - 500,
        cells=events[events % 50_000 == 0],
        counts=np.arange(1, n // 50_000 + 1, dtype=np.int32),
    )


@pytest.fixture
def timeline(qtbot):
    widget = TimelineView()
    qtbot.addWidget(widget)
    widget.resize(882, 90)  # 800 points for the tracks
    widget.set_tracks(two_passes(), lambda event: f"event {event}")
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.fixture
def asked(timeline):
    playheads: list[int] = []
    timeline.playhead_requested.connect(playheads.append)
    return playheads


def x_of(event: float) -> int:
    return round(70 + event * 10)


def turn(widget: TimelineView, x: int, steps: int, shift: bool = False) -> None:
    held = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    at = QPointF(x, 40)
    QApplication.sendEvent(
        widget,
        QWheelEvent(
            at, widget.mapToGlobal(at), QPoint(), QPoint(0, 120 * steps),
            Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,
        ),
    )  # fmt: skip


def colour_at(widget: TimelineView, event: float, lane: tuple[float, float]) -> QColor:
    image: QImage = widget.grab().toImage()
    return image.pixelColor(x_of(event), round(lane[0] + lane[1] / 2))


def test_a_click_puts_the_playhead_behind_the_event_under_the_mouse(qtbot, timeline, asked):
    for event in (0, 7, 41, 79):
        qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(x_of(event + 0.4), 40))
    assert asked == [1, 8, 42, 80]


def test_left_of_the_tracks_is_the_start_and_right_of_them_the_end(qtbot, timeline, asked):
    timeline.set_playhead(40)
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(20, 40))
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(880, 40))
    assert asked == [0, 80]


def test_dragging_scrubs(qtbot, timeline, asked):
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=QPoint(x_of(5.5), 40))
    for event in (6, 7, 8):
        qtbot.mouseMove(timeline, QPoint(x_of(event + 0.5), 40))
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=QPoint(x_of(8.5), 40))
    assert asked == [6, 7, 8, 9]


def test_the_tracks_have_their_colours(timeline):
    theme, lanes = load("dark"), Lanes.of_height(90)
    timeline.set_playhead(80)
    raised = QColor(theme.raised)
    assert colour_at(timeline, 5.5, lanes.forward) == QColor(theme.edge)
    assert colour_at(timeline, 5.5, lanes.backward) == raised
    backward = colour_at(timeline, 30.5, lanes.backward)
    assert backward.red() > 1.4 * backward.green()
    assert colour_at(timeline, 30.5, lanes.grads) == QColor(theme.visited_border)
    assert colour_at(timeline, 25.5, lanes.grads) == raised
    head = colour_at(timeline, 79.5, lanes.forward)
    assert abs(head.hue() - QColor(theme.accent).hue()) < 8


def test_an_error_is_red_over_all_tracks(timeline):
    error = QColor(load("dark").error)
    timeline.set_playhead(20)
    seen = colour_at(timeline, 79.5, Lanes.of_height(90).backward)
    assert seen.red() > 1.6 * seen.green()
    assert seen != error  # it has not happened yet: under the veil
    timeline.zoom(1.0)
    timeline.set_playhead(80)
    assert timeline.text_at(x_of(79.5)).startswith("event 79")


def test_what_is_to_come_is_dimmed(timeline):
    lane = Lanes.of_height(90).forward
    timeline.set_playhead(40)
    past, future = colour_at(timeline, 5.5, lane), colour_at(timeline, 50.5, lane)
    assert future.lightness() < past.lightness()


def test_the_wheel_zooms_about_the_mouse(timeline):
    turn(timeline, x_of(30), 4)
    low, high = timeline.window_shown()
    assert high - low == pytest.approx(80 / 1.3**4)
    assert low + (high - low) * 30 / 80 == pytest.approx(30)
    turn(timeline, x_of(30), -40)
    assert timeline.shows_everything()


def test_shift_and_wheel_pan_within_the_tape(timeline):
    timeline.zoom(4.0, x_of(0))
    turn(timeline, 400, -1, shift=True)
    low, high = timeline.window_shown()
    assert low > 0
    assert high - low == pytest.approx(20)
    turn(timeline, 400, -1000, shift=True)
    assert timeline.window_shown()[1] == pytest.approx(80)


def test_zoom_has_an_end_and_double_click_shows_everything(qtbot, timeline):
    timeline.zoom(1e9)
    low, high = timeline.window_shown()
    assert high - low == pytest.approx(16)
    qtbot.mouseDClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(300, 40))
    assert timeline.shows_everything()


def test_the_view_follows_the_playhead(timeline):
    timeline.zoom(5.0, x_of(0))
    for playhead in (70, 3):
        timeline.set_playhead(playhead)
        low, high = timeline.window_shown()
        assert low <= playhead - 0.5 <= high


def test_a_growing_tape_stays_in_view_or_keeps_the_view(timeline):
    timeline.set_tracks(two_passes()._replace(n=200))
    assert timeline.window_shown() == (0.0, 200.0)
    timeline.zoom(2.0, x_of(0))
    shown = timeline.window_shown()
    timeline.set_tracks(two_passes()._replace(n=400))
    assert timeline.window_shown() == shown


@pytest.mark.parametrize(
    ("key", "held", "signal", "value"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, "step_requested", 1),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, "step_requested", -1),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier, "pass_requested", 1),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier, "pass_requested", -1),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, "playhead_requested", 0),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, "playhead_requested", 80),
    ],
)
def test_keys(qtbot, timeline, key, held, signal, value):
    with qtbot.waitSignal(getattr(timeline, signal)) as asked:
        qtbot.keyClick(timeline, key, held)
    assert asked.args == [value]


def test_keys_zoom(qtbot, timeline):
    qtbot.keyClick(timeline, Qt.Key.Key_Plus)
    assert not timeline.shows_everything()
    qtbot.keyClick(timeline, Qt.Key.Key_0)
    assert timeline.shows_everything()


def test_tooltips_tell_the_event(timeline):
    assert timeline.text_at(x_of(12.5)) == "event 12\nevent 13 of 80"
    assert timeline.text_at(10) == ""


def test_an_empty_tape_says_what_will_appear(qtbot):
    widget = TimelineView()
    qtbot.addWidget(widget)
    widget.resize(500, 80)
    image = widget.grab().toImage()
    seen = {image.pixelColor(x, y).name() for x in range(500) for y in range(20, 60)}
    assert load("dark").text_dim in seen


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("zoom", [1.0, 30.0, 5000.0, 60_000.0])
def test_a_million_events_are_painted_within_a_frame_or_two(qtbot, theme, zoom):
    widget = TimelineView()
    qtbot.addWidget(widget)
    widget.resize(1600, 90)
    widget.set_theme(load(theme))
    widget.set_tracks(long_tape(1_000_000))
    widget.set_playhead(500_250)
    widget.zoom(zoom)
    took = []
    for _ in range(3):
        widget.set_theme(load(theme))  # forget the picture
        begin = time.process_time()
        widget.grab()
        took.append(time.process_time() - begin)
    assert min(took) < 0.1


def test_moving_the_playhead_repaints_no_track(qtbot, timeline, monkeypatch):
    timeline.grab()
    monkeypatch.setattr("ui.transport.timeline.paint", lambda *a: pytest.fail("tracks repainted"))
    for playhead in range(0, 81, 5):
        timeline.set_playhead(playhead)
        timeline.grab()


def looped(count: int) -> Tracks:
    """A tape of `count` iterations of 1,000 events each."""
    begins = np.arange(count, dtype=np.int32) * 1000
    iterations = np.stack([begins, begins + 1000], axis=1).astype(np.int32)
    cell = {"cells": np.zeros(1, np.int32), "counts": np.ones(1, np.int32)}
    return long_tape(count * 1000)._replace(iterations=iterations, **cell)


def dark_pixels(widget: TimelineView, lane: tuple[float, float]) -> list[int]:
    """Return in which columns of a lane anything is drawn."""
    image = widget.grab().toImage()
    rows = range(int(lane[0]) + 2, int(lane[0] + lane[1]) - 2)
    background = image.pixel(75, int(lane[0] + lane[1]) + 1)
    columns = range(72, image.width() - 12)
    return [x for x in columns if any(image.pixel(x, y) != background for y in rows)]


@pytest.mark.parametrize("count", [3, 300, 1000])
def test_iterations_have_a_band_with_numbers_that_do_not_touch(timeline, count):
    timeline.resize(1100, 90)
    timeline.set_tracks(looped(count))
    lane = Lanes.of_height(90, iterations=True).iterations
    assert lane[1] > 10
    drawn = dark_pixels(timeline, lane)
    if count == 1000:  # ticks and words only: at every hundredth, fiftieth or twentieth
        gaps = [b - a for a, b in itertools.pairwise(drawn) if b - a > 20]
        assert len(gaps) in (9, 19, 49)
    else:
        assert len(drawn) > 0


def test_numbers_of_iterations_that_are_a_small_part_of_the_tape_do_not_touch(timeline):
    timeline.resize(1100, 90)
    begins = np.arange(90_000, 99_000, 15, dtype=np.int32)  # 600 of them in its last tenth
    tracks = looped(100)._replace(iterations=np.stack([begins, begins + 15], axis=1))
    timeline.set_tracks(tracks)
    drawn = dark_pixels(timeline, Lanes.of_height(90, iterations=True).iterations)
    runs = [b - a for a, b in itertools.pairwise(drawn) if b - a > 3]
    assert max(drawn) - min(drawn[1:]) < 120 and len(runs) <= 5  # one or two numbers


def test_without_iterations_the_lanes_are_as_high_as_before():
    assert Lanes.of_height(90).iterations[1] == 0
    assert Lanes.of_height(90).forward[1] > Lanes.of_height(90, iterations=True).forward[1]


def test_a_double_click_on_an_iteration_shows_it_and_the_tooltip_names_it(qtbot, timeline):
    timeline.set_tracks(looped(10))
    top, height = Lanes.of_height(timeline.height(), iterations=True).iterations
    x = x_of_event(timeline, 4500)
    assert timeline.text_at(x).endswith("iteration 5 of 10")
    place = QPoint(x, int(top + height / 2))
    qtbot.mouseDClick(timeline, Qt.MouseButton.LeftButton, pos=place)
    assert timeline.window_shown() == (4000.0, 5000.0)
    qtbot.mouseDClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(x, timeline.height() - 8))
    assert timeline.shows_everything()


def x_of_event(widget: TimelineView, event: float) -> int:
    low, high = widget.window_shown()
    return 70 + int((widget.width() - 82) * (event - low) / (high - low))
