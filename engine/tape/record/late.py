"""Names that a program gives when a statement ends, and the breakpoints that wait for them."""

from __future__ import annotations

import weakref
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, NamedTuple

from engine import recording
from engine.tape.record import engine
from engine.tape.record.moment import Made, Moment
from engine.tape.record.points import Point


class Waiting(NamedTuple):
    """A breakpoint that is hit, or not, if the operation gets its statement's name, and if not."""

    point: Point
    moment: Moment
    named: bool
    unnamed: bool


@dataclass(slots=True)
class Last:
    """The operation before, with the name that its statement assigns, and who waits for that."""

    code: CodeType | None
    lasti: int
    node: Any
    target: str
    waiting: list[Waiting] = field(default_factory=list)


class Late:
    """Knows what the operation before may be called yet, and what a call may unpack.

    Of all operations of a statement only the last gets the name that the statement assigns, which
    shows when the next begins. made: operations by their nodes, where the names are corrected.
    """

    def __init__(self, made: MutableMapping[Any, Made | None]) -> None:
        self._made = made
        self._last: Last | None = None
        self._nameless: dict[int, tuple[weakref.ref[Any], Made]] = {}

    def begin(self, code: CodeType | None, lasti: int, node: Any, target: str) -> None:
        """An operation was run: it is the one before from now on."""
        self._last = Last(code, lasti, node, target)

    def keep(self, tensor: Any, made: Made) -> None:
        """An operation made a tensor that has no name yet: a call may give it back."""
        number, kept = id(tensor), self._nameless
        kept[number] = weakref.ref(tensor, lambda _: kept.pop(number, None)), made

    def unpacked(self, tensor: Any, name: str) -> Made | None:
        """Give a name to what a call gave back; return its operation, None if it has a name or none."""
        reference, made = self._nameless.pop(id(tensor), (None, None))
        if reference is None or made is None or reference() is not tensor:
            return None
        made = made._replace(target=name)
        node = engine.edge_of(tensor)[0]
        known = None if node is None or node is engine.LEAF else self._made.get(node)
        if known is not None:
            if known.target:
                return None
            self._made[node] = known._replace(target=name)
        return made

    def waits(self, one: Point, named: Moment, bare: Moment) -> bool:
        """Let a breakpoint wait for the end of the statement if it depends on the name."""
        here, without = one.met(named), one.met(bare)
        if here == without or self._last is None:
            return False
        self._last.waiting.append(Waiting(one, named if here else bare, here, without))
        return True

    def settled(self, entry: tuple[Any, ...] | None) -> list[Waiting]:
        """Return who is hit as an entry comes, which may be the next operation; None: at the end."""
        last = self._last
        if last is None:
            return []
        if entry is None:
            ended = True
        else:
            kind = entry[0]
            if kind == recording.FUNCTION and entry[1] is not None:
                entry, kind = entry[1], entry[1][0]
            if kind not in (recording.OPERATION, recording.PASS):
                return []
            ended = kind == recording.PASS or (entry[5], entry[6]) != (last.code, last.lasti)
        self._last = None
        if not ended and last.target and (made := self._made.get(last.node)) is not None:
            self._made[last.node] = made._replace(target="")
        return [one for one in last.waiting if (one.named if ended else one.unnamed)]
