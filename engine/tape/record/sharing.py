"""Who else shows memory that an operation wrote: bases, views, and what `.data` handed out."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from engine.tape.record import engine
from engine.tape.record.arrays import owner

_Known = dict[int, weakref.ref[Any]]

#: Of more live views of one memory none is looked for: each takes time at each write.
_VIEWS = 256
#: Bytes of content that are written for tensors of whose memory only a part was written.
_ROOM = 256 << 20
_FEW = 8


class Sharing:
    """Finds tensors by the memory they show; keeps none of them alive but while it is written.

    A base and its views know of each other through the engine. What else shares memory is noted
    here: leaves, and tensors whose memory was given to another one that has a counter of its own.
    """

    def __init__(self) -> None:
        self._noted: dict[int, _Known] = {}  # by the id of the memory's owner, then of the tensor
        self._held: dict[int, list[Any]] = {}  # by the id of the memory's owner
        self._many = 1024
        self._room = _ROOM

    def note(self, tensor: Any) -> None:
        """Remember a tensor by its memory; one that is a NumPy scalar has none."""
        memory = owner(engine.contents(tensor))
        if memory is None:
            return
        known = self._noted.get(id(memory))
        if known is None:
            if len(self._noted) >= self._many:
                self._forget_dead()
            known = self._noted[id(memory)] = {}
        elif len(known) >= _FEW and len(known) & (len(known) - 1) == 0:
            _drop_dead(known)
        known[id(tensor)] = weakref.ref(tensor)

    @property
    def holds(self) -> bool:
        """Whether there is anything else that shows memory which is being written."""
        return bool(self._held)

    def write_begins(self, tensor: Any) -> None:
        """Hold what else shows the memory of a tensor, which is about to be overwritten."""
        memory = owner(engine.contents(tensor))
        if memory is not None and not self._is_alone(tensor, memory):
            found = {id(other): other for other in self._showing(tensor, memory)}
            if len(found) > 1:
                self._held[id(memory)] = list(found.values())

    def others(self, written: Iterable[Any]) -> list[Any]:
        """Return the tensors, each once, that show some of what these show, and are none of them.

        Only such as were there when the writing began.
        """
        if not self._held:
            return []
        tensors = list(written)
        seen = set(map(id, tensors))
        found = []
        for tensor in tensors:
            contents = engine.contents(tensor)
            for other in self._held.get(id(owner(contents)), ()):
                its = engine.contents(other)
                if id(other) not in seen and np.may_share_memory(its, contents):
                    seen.add(id(other))
                    found.append(other)
        return found

    def write_ended(self) -> None:
        """Everything that was written has been taken down."""
        self._held.clear()

    def has_room(self, tensor: Any, other: Any) -> bool:
        """Whether to write what `other` holds after `tensor` was written; it takes of the room.

        What shows the same bytes costs nothing. Beyond the room a tensor of which only a part was
        written, through a view, is written down when it is used next.
        """
        mine, its = engine.contents(tensor), engine.contents(other)
        if mine.nbytes == its.nbytes or engine.memory_cell(tensor) is not engine.memory_cell(other):
            return True
        self._room -= its.nbytes
        return self._room >= 0

    def _is_alone(self, tensor: Any, memory: Any) -> bool:
        """Whether it is plain to see that nothing else shows the memory, as with most parameters."""
        noted = self._noted.get(id(memory))
        if noted is not None and (len(noted) > 1 or id(tensor) not in noted):
            return False
        cell = tensor._v
        if cell is None:
            return True
        return not engine.is_view(tensor) and not [one for one in cell.views if one() is not None]

    def _showing(self, tensor: Any, memory: Any) -> Iterator[Any]:
        noted = self._noted.get(id(memory), {})
        for one in (tensor, *_alive(list(noted.values()))):
            yield one
            base = engine.view_base(one)
            if base is not None:
                yield base
            views = engine.views_of(one)
            if len(views) <= _VIEWS:
                yield from _alive(views)

    def _forget_dead(self) -> None:
        for key, known in list(self._noted.items()):
            _drop_dead(known)
            if not known:
                del self._noted[key]
        self._many = 2 * len(self._noted) + 1024


def _alive(refs: list[weakref.ref[Any]]) -> list[Any]:
    return [one for one in (ref() for ref in refs) if one is not None]


def _drop_dead(known: _Known) -> None:
    for key in [key for key, ref in known.items() if ref() is None]:
        del known[key]
