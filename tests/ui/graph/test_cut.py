"""When a film shows which step, and how far its motion is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ui.graph.tapes import Script
from ui.graph.cut import CLOSING, LONGEST, OPENING, SLOWEST, cut, step_stops


def playheads(steps: int) -> np.ndarray:
    return np.arange(steps + 1) + 10


def test_every_step_gets_its_time_after_the_opening() -> None:
    film = cut(playheads(3), fps=20.0, speed=4.0)
    assert len(film) == round((OPENING + 3 / 4 + CLOSING) * 20)
    assert np.bincount(film.frame_stop).tolist() == [16, 5, 5, 5 + 32]


def test_motion_starts_at_each_step_and_has_come_to_its_end_before_the_next() -> None:
    film = cut(playheads(4), fps=50.0, speed=1.0)
    begins = np.flatnonzero(np.diff(film.frame_stop)) + 1
    assert film.frame_t[begins] == pytest.approx(0.0, abs=1e-9)
    assert (film.frame_t[begins[1:] - 1] == 1.0).all()
    moving = np.count_nonzero(film.frame_t < 1.0) / 50 / 4
    assert moving == pytest.approx(SLOWEST, abs=0.03)
    assert (film.frame_t[: begins[0]] == 1.0).all()


def test_more_steps_than_a_minute_holds_go_by_faster() -> None:
    film = cut(playheads(100_000), fps=25.0, speed=4.0)
    assert len(film) == round((OPENING + LONGEST + CLOSING) * 25)
    assert film.speed == pytest.approx(100_000 / LONGEST)
    assert film.frame_stop[-1] == 100_000
    assert (np.diff(film.frame_stop) >= 0).all()
    assert (film.frame_t == 1.0).all()  # motion would only flicker


def test_samples_are_spread_over_the_film() -> None:
    film = cut(playheads(9), fps=25.0, speed=4.0)
    few = film.sampled(5)
    assert len(few) == 5
    assert few.frame_stop[0] == 0 and few.frame_stop[-1] == 9


def test_stops_are_the_begin_and_the_steps_of_the_named_passes_only() -> None:
    script = Script()
    script.cell("c", 1)
    w = script.leaf(True)
    for _ in range(2):
        script.backward(script.op("neg", w))
    script.end_cell(w=w)
    tape = script.tape()
    stops = step_stops(tape, [1])
    assert stops[0] == tape.passes["event"][1] + 1
    own = tape.steps["event"][tape.steps["pass_"] == 1] + 1
    assert stops[1:].tolist() == own.tolist() and len(own) == 2
    assert len(step_stops(tape, [])) == 0
