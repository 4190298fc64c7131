"""When a film of a backward replay shows what: plain arrays, without Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.tape.tape import Tape

OPENING, CLOSING = 0.8, 1.6  # seconds that the first and the last picture stand
LONGEST = 60.0  # seconds that the steps may take; more steps go by faster
MOVING, SLOWEST = 0.9, 0.45  # of a step's time it moves, and seconds that it moves at most
FLICKER = 0.04  # seconds; motion that is shorter is left out


@dataclass(frozen=True, slots=True)
class Cut:
    """A film's frames: (n,) the stop shown by each and how far (0..1) its step's motion is.

    stops: (s,) playheads, the first is the one before the first step; speed: steps per second,
    which is more than was asked for where the film would be too long.
    """

    stops: NDArray[np.int64]
    frame_stop: NDArray[np.int64]
    frame_t: NDArray[np.float64]
    fps: float
    speed: float

    def __len__(self) -> int:
        return len(self.frame_stop)

    def sampled(self, count: int) -> Cut:
        """Return a few of the frames, evenly spread, the last one among them."""
        chosen = np.unique(np.linspace(0, len(self) - 1, count).round().astype(np.int64))
        return replace(self, frame_stop=self.frame_stop[chosen], frame_t=self.frame_t[chosen])


def cut(stops: NDArray[np.int64], fps: float, speed: float, longest: float = LONGEST) -> Cut:
    """Return the frames that play `stops` at `speed` (steps per second), as the player does."""
    steps = len(stops) - 1
    speed = max(speed, steps / longest)
    moving = min(MOVING / speed, SLOWEST)
    n = max(round((OPENING + steps / speed + CLOSING) * fps), 2)
    time = np.arange(n) / fps - OPENING
    # The tolerance keeps rounding from showing a step one frame late.
    stop = np.clip(np.floor(time * speed + 1e-6) + 1, 0, steps).astype(np.int64)
    since = time - (stop - 1) / speed
    t = np.clip(since / moving, 0.0, 1.0) if moving >= FLICKER else np.ones(n)
    t[stop == 0] = 1.0
    return Cut(stops, stop, t, fps, speed)


def step_stops(tape: Tape, passes: Sequence[int]) -> NDArray[np.int64]:
    """Return the playheads of backward passes: where each has begun, and after every step."""
    chosen = np.asarray(passes, np.int64)
    steps = tape.steps["event"][np.isin(tape.steps["pass_"], chosen)]
    return np.unique(np.concatenate([tape.passes["event"][chosen], steps]).astype(np.int64)) + 1
