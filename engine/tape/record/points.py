"""Breakpoints while a program runs: whether one is hit, and how many hits it lets pass."""

from __future__ import annotations

from engine.tape.breakpoints import Breakpoint, On
from engine.tape.conditions import Condition
from engine.tape.moments import KNOWN, holds
from engine.tape.record.moment import Made, Moment


class Point:
    """A breakpoint while a program runs, and how many hits it still lets pass."""

    def __init__(self, point: Breakpoint) -> None:
        self.point, self.left, self.broken = point, point.skip, False
        self.condition = Condition(point.condition, KNOWN) if point.condition else None
        self.log = Condition(point.log, KNOWN) if point.log else None
        read = [one.names for one in (self.condition, self.log) if one is not None]
        self.asks: frozenset[str] = frozenset().union(*read)
        # Before such a line is run the program waits anyway (see the kernel's pauses).
        plain = not (point.condition or point.skip or point.log)
        self.backward_only = point.on is On.LINE and plain

    def may_be_at(self, made: Made, node: str) -> bool:
        """Whether a step of an operation's node can be a place of it."""
        on, target = self.point.on, self.point.target
        if on is On.TYPE:
            return bool(target == node)
        if on is On.LINE:
            return (made.key, made.line) == tuple(target)
        if on is On.SPOT:
            return (made.op, made.key, made.line, made.nth) == tuple(target)
        return on is On.ANY

    def met(self, moment: Moment) -> bool:
        """Whether it is hit here; ConditionError where that cannot be told."""
        happening, begun = moment.happening, moment.happening.begun
        if self.broken or (self.backward_only and (begun or not happening.pass_)):
            return False
        on, target = self.point.on, self.point.target
        if begun is not None:
            at = on is On.LINE and begun == tuple(target)
        elif on is On.LEAF:
            at = happening.added and moment.name == target
        elif on is On.TYPE:
            at = happening.what == target
        elif on is On.ANY:
            at = True
        else:
            at = happening.made is not None and self.may_be_at(happening.made, happening.node)
        return at and (self.condition is None or holds(self.condition, moment, 0))

    def counts(self) -> bool:
        """Count a hit; return whether it is one that is not let pass."""
        if self.left:
            self.left -= 1
            return False
        return True
