"""The order of a plain pass: the log has its leaves after the last step, a tape as PyTorch does.

A leaf is served directly after the last step that leads to it. So a plain pass is taken down when
it is over; until then its entries are held back.
"""

from __future__ import annotations

from typing import Any

from engine import recording
from engine.autograd.node import AccumulateGrad
from engine.tape.record import engine
from engine.tape.record.arrays import owner

Entry = tuple[Any, ...]

_BORDERS = (recording.PASS, recording.END)


def whole_passes(log: list[Entry], most: int, longest: int) -> list[Entry]:
    """Return the oldest `most` entries, or more, up to the first plain pass that is not over.

    Of a pass that is longer than `longest`, what is there.
    """
    entries = log[:most]
    end = _open_pass(entries)
    while end == 0 < len(entries) < len(log) and len(entries) <= longest:
        entries = log[: 2 * len(entries)]
        end = _open_pass(entries)
    return entries if end == 0 and len(entries) > longest else entries[:end]


def as_served(entries: list[Entry]) -> list[Entry]:
    """Return the entries with the leaves of the plain passes among them in their places."""
    begun: list[int] = []
    found: list[Entry] = []
    done = 0
    for at in _borders(entries):
        if entries[at][0] == recording.PASS:
            begun.append(at)
        elif begun:
            begin = begun.pop()
            if _is_plain(entries[begin]):  # no plain pass runs inside another one
                found += entries[done:begin]
                found += _leaves_placed(entries[begin:at])
                done = at
    return found + entries[done:] if done else entries


class Held:
    """The entries of a plain pass that serves its leaves, and whose memory they show."""

    def __init__(self, entries: list[Entry]) -> None:
        self._first = entries[0] if entries else None
        self._looked = 0
        self._steps_only = True
        self._owners: set[int] = set()

    def still(self, entries: list[Entry]) -> bool:
        """Whether these are still no more than the entries of that pass."""
        if not entries or entries[0] is not self._first:
            return False
        for entry in entries[self._looked :] if self._steps_only else ():
            self._look(entry)
            self._looked += 1
            if not self._steps_only:
                break
        return self._steps_only

    def shows(self, tensor: Any) -> bool:
        """Whether a write to the tensor's memory changes what the entries hold."""
        memory = owner(engine.contents(tensor))
        return (memory is not None and id(memory) in self._owners) or id(tensor) in self._owners

    def _look(self, entry: Entry) -> None:
        kind = entry[0]
        if kind == recording.STEP:
            arrays = (*entry[2], *entry[3])
        elif kind == recording.ACCUMULATE:
            arrays = (entry[3],)
        elif kind == recording.PASS and entry is self._first:
            given = [t for t in (*entry[2], *entry[3]) if t is not None]
            self._owners.update(map(id, given))
            arrays = tuple(map(engine.contents, given))
        else:
            self._steps_only = False
            return
        self._owners.update(id(owner(array)) for array in arrays if array is not None)


def _borders(entries: list[Entry]) -> list[int]:
    return [at for at, entry in enumerate(entries) if entry[0] in _BORDERS]


def _open_pass(entries: list[Entry]) -> int:
    """Return where the first plain pass begins that is not over; the end where there is none."""
    begun: list[int] = []
    for at in _borders(entries):
        if entries[at][0] == recording.PASS:
            begun.append(at)
        elif begun:
            begun.pop()
    return next((at for at in begun if _is_plain(entries[at])), len(entries))


def _is_plain(entry: Entry) -> bool:
    return bool(entry[9])


def _leaves_placed(entries: list[Entry]) -> list[Entry]:
    """Put the leaves at the end of a pass each after the last of its steps that leads there."""
    end = len(entries)
    while entries[end - 1][0] == recording.ACCUMULATE:
        end -= 1
    waiting = {entry[1]: entry for entry in entries[end:]}
    if not waiting:
        return entries
    places: list[tuple[int, list[Entry]]] = []
    inside = 0  # passes that a person's Function ran in its backward
    for at in range(end - 1, 0, -1):
        entry = entries[at]
        kind = entry[0]
        if kind == recording.STEP and not inside:
            served = [
                waiting.pop(edge)
                for edge in entry[1].edges
                if type(edge) is AccumulateGrad and edge in waiting
            ]
            if served:
                places.append((at + 1, served))
                if not waiting:
                    break
        elif kind in _BORDERS:
            inside += 1 if kind == recording.END else -1
    found = [entries[0], *waiting.values()]  # a leaf that is itself a root comes first
    done = 1
    for at, served in reversed(places):
        found += entries[done:at]
        found += served
        done = at
    return found + entries[done:end]
