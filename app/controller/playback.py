"""Between transport, player and the session's playhead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject

from app.preferences import Preferences
from app.session import Session
from engine.tape.replay import stops
from ui.transport.player import Player
from ui.transport.transport import Transport


class PlaybackBinding(QObject):
    """Plays the tape: the player moves the session's playhead, the transport shows it."""

    LONGEST = 450  # milliseconds that the picture of one step may take

    def __init__(
        self,
        session: Session,
        transport: Transport,
        preferences: Preferences,
        animate: Callable[[int], None],
    ) -> None:
        super().__init__(transport)
        self._session, self._transport, self._animate = session, transport, animate
        self._preferences = preferences
        self.player = Player(self)
        self.player.set_speed(preferences.speed)
        transport.set_speed(preferences.speed)
        self.player.moved.connect(self._moved)
        self.player.state_changed.connect(
            lambda playing: transport.set_playing(playing, self.player.direction)
        )
        session.tape_changed.connect(self._tape_changed)
        session.tape_grew.connect(self._tape_grew)
        session.playhead_changed.connect(self._playhead_moved)
        transport.playhead_requested.connect(self._scrub)
        transport.play_requested.connect(self._play)
        transport.reverse_requested.connect(lambda: self.toggle(backwards=True))
        transport.step_requested.connect(self.step)
        transport.pass_requested.connect(self.jump_pass)
        transport.speed_requested.connect(self._set_speed)
        self._tape_changed()

    def toggle(self, backwards: bool = False) -> None:
        """Play, or pause."""
        if self.player.playing:
            self.player.pause()
        elif backwards:
            self.player.reverse()
        else:
            self.player.play()

    def step(self, count: int) -> None:
        """Move by `count` stops and show the step."""
        self.player.step(count)

    def jump_pass(self, count: int) -> None:
        """Move to the next or previous pass."""
        self.player.jump_pass(count)

    def to_start(self) -> None:
        """Move before the first event."""
        self._scrub(0)

    def to_end(self) -> None:
        """Move behind the last event."""
        if self._session.tape is not None:
            self._scrub(len(self._session.tape.events))

    def _tape_changed(self) -> None:
        self.player.pause()
        self._transport.set_tape(self._session.tape)
        self._update_stops()
        self._playhead_moved(self._session.playhead)

    def _tape_grew(self) -> None:
        self._transport.set_tape(self._session.tape)
        self._update_stops()

    def _update_stops(self) -> None:
        tape = self._session.tape
        if tape is None:
            self.player.set_stops(np.zeros(0, np.int32))
            self.player.set_passes(np.zeros(0, np.int32))
            return
        self.player.set_stops(stops(tape) + 1, len(tape.events))
        self.player.set_passes(tape.passes["event"] + 1)

    def _playhead_moved(self, playhead: int) -> None:
        self._transport.set_playhead(playhead)
        if playhead != self.player.playhead:
            self.player.set_playhead(playhead)

    def _moved(self, playhead: int) -> None:
        self._session.set_playhead(playhead)
        pace = 900 / self._preferences.speed if self.player.playing else self.LONGEST
        if pace >= 40:  # faster than that, a pulse would only flicker
            self._animate(round(min(pace, self.LONGEST)))

    def _scrub(self, playhead: int) -> None:
        self.player.pause()
        self._session.set_playhead(playhead)

    def _play(self, playing: bool) -> None:
        if playing != self.player.playing:
            self.toggle()

    def _set_speed(self, speed: float) -> None:
        self._preferences.speed = speed
        self.player.set_speed(speed)
        self._transport.set_speed(speed)
