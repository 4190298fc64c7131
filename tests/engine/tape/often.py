"""A recorder that takes down what it has every so many entries, whatever the time."""

from __future__ import annotations

from typing import Any

from engine.tape.recorder import Recorder


class _Counted(list[tuple[Any, ...]]):
    recorder: Recorder
    every: int

    def append(self, entry: tuple[Any, ...]) -> None:
        super().append(entry)
        if len(self) >= self.every:
            self.recorder._calmly(self.recorder._drain, 1 << 30, True)


def take_down_often(recorder: Recorder, every: int) -> None:
    """Let a recorder that has not started take down its log when it has so many entries."""
    log = _Counted()
    log.recorder, log.every = recorder, every
    recorder._listen(log)
