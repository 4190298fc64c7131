"""The player: moves the playhead over the stops of a tape as time passes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

#: Stops per second at "1x".
NORMAL_SPEED = 4.0
#: Below this many stops per second every single stop is shown, even when the screen is late.
_EACH_STOP = 60.0
_FRAME_MS = 16


class Player(QObject):
    """Walks a playhead along stops, forward or backward, at a speed in stops per second.

    A stop is a playhead (how many events have happened); 0 and the tape's end are stops too. The
    only timer runs while it plays. `moved` gives each new playhead, `state_changed`
    whether it plays.
    """

    moved = Signal(int)
    state_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stops = np.zeros(1, np.int32)
        self._passes = np.zeros(0, np.int32)
        self._playhead = 0
        self._direction = 1
        self._speed = NORMAL_SPEED
        self._clock = QElapsedTimer()
        self._done = 0  # stops moved since the clock was started
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)
        self._playing = False

    # -- what is played ---------------------------------------------------------------------

    def set_stops(self, stops: NDArray[np.int32], end: int | None = None) -> None:
        """Take the ascending playheads to pause at; `end` is the tape's length in events.

        Call it again as the tape grows: the playhead stays, and goes on if it was playing.
        """
        ends = [] if end is None else [end]
        known = np.concatenate(([0], np.asarray(stops, np.int32), ends)).astype(np.int32)
        self._stops = known[np.append(True, known[1:] > known[:-1])]

    def set_passes(self, starts: NDArray[np.int32]) -> None:
        """Take the ascending playheads at which backward passes have just begun."""
        self._passes = np.asarray(starts, np.int32)

    def set_playhead(self, playhead: int) -> None:
        """Put the playhead somewhere without announcing it; playing goes on from there."""
        self._playhead = max(0, playhead)
        self._restart_clock()

    def set_speed(self, stops_per_second: float) -> None:
        """Change the speed, also while playing. ValueError unless it is positive and finite."""
        if not (math.isfinite(stops_per_second) and stops_per_second > 0):
            raise ValueError(f"speed must be positive, not {stops_per_second}")
        self._speed = stops_per_second
        self._restart_clock()

    @property
    def playhead(self) -> int:
        return self._playhead

    @property
    def playing(self) -> bool:
        return self._playing

    @property
    def speed(self) -> float:
        """Stops per second."""
        return self._speed

    @property
    def direction(self) -> int:
        """1 while playing forward, -1 while playing backward."""
        return self._direction

    # -- playing ------------------------------------------------------------------------------

    def play(self) -> None:
        """Play forward. At the end it starts over with the last pass (or the whole tape)."""
        if len(self._stops) < 2:
            return
        if self._playhead >= int(self._stops[-1]):
            self._go(int(self._passes[-1]) if len(self._passes) else 0)
        self._start(1)

    def reverse(self) -> None:
        """Play backward; at the start it begins at the tape's end."""
        if len(self._stops) < 2:
            return
        if self._playhead <= 0:
            self._go(int(self._stops[-1]))
        self._start(-1)

    def pause(self) -> None:
        self._timer.stop()
        if self._playing:
            self._playing = False
            self.state_changed.emit(False)

    def toggle(self) -> None:
        if self._playing:
            self.pause()
        else:
            self.play()

    # -- single moves -------------------------------------------------------------------------

    def step(self, stops: int) -> None:
        """Pause and move by that many stops, backward if negative."""
        self.pause()
        self._advance(stops)

    def jump_pass(self, passes: int) -> None:
        """Pause and go to the beginning of a pass: the next for 1, this or the previous for -1.

        Behind the last pass is the end of the tape, before the first its start.
        """
        self.pause()
        marks = np.concatenate(([0], self._passes, [self._stops[-1]]))
        if passes > 0:
            at = int(np.searchsorted(marks, self._playhead, "right")) + passes - 1
        else:
            at = int(np.searchsorted(marks, self._playhead, "left")) + passes
        self._go(int(marks[min(max(at, 0), len(marks) - 1)]))

    def to_start(self) -> None:
        self.pause()
        self._go(0)

    def to_end(self) -> None:
        self.pause()
        self._go(int(self._stops[-1]))

    # -- time ---------------------------------------------------------------------------------

    def _start(self, direction: int) -> None:
        self._direction = direction
        was, self._playing = self._playing, True
        self._restart_clock()
        if not was:
            self.state_changed.emit(True)

    def _restart_clock(self) -> None:
        self._clock.start()
        self._done = 0
        if self._playing:
            self._arm()

    def _arm(self) -> None:
        """Wake up when the next stop is due, at most once per frame."""
        due = (self._done + 1) / self._speed * 1000.0 - self._clock.nsecsElapsed() / 1e6
        self._timer.start(max(math.ceil(due), 1 if self._speed <= _EACH_STOP else _FRAME_MS))

    def _tick(self) -> None:
        due = math.floor(self._clock.nsecsElapsed() / 1e9 * self._speed + 1e-6) - self._done
        if due > 1 and self._speed <= _EACH_STOP:
            due = 1  # late: show every stop rather than catch up
            self._clock.start()
            self._done = -1
        if due > 0:
            self._done += due
            self._advance(due * self._direction)
        if not self._playing:  # a listener paused it
            return
        last = self._stops[-1] if self._direction > 0 else 0
        if (self._playhead - int(last)) * self._direction >= 0:
            self.pause()
        else:
            self._arm()

    def _advance(self, stops: int) -> None:
        if stops == 0:
            return
        if stops > 0:
            at = int(np.searchsorted(self._stops, self._playhead, "right")) + stops - 1
        else:
            at = int(np.searchsorted(self._stops, self._playhead, "left")) + stops
        self._go(int(self._stops[min(max(at, 0), len(self._stops) - 1)]))

    def _go(self, playhead: int) -> None:
        if playhead != self._playhead:
            self._playhead = playhead
            self.moved.emit(playhead)
