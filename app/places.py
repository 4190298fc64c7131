"""Where a person has been in the graphs, to go back and forward as in a browser."""

from __future__ import annotations

from typing import NamedTuple

from ui.graph.focus import Focus
from ui.graph.types import NodeId
from ui.graph.view import Stand


class Place(NamedTuple):
    """The graph's number, what it is focused on, the selected node, and where one looked."""

    graph: int | None
    focus: Focus | None
    node: NodeId | None
    stand: Stand


class Places:
    """The places behind and ahead of where one is, which is in neither."""

    MOST = 200

    def __init__(self) -> None:
        self._behind: list[Place] = []
        self._ahead: list[Place] = []
        self._walked = False

    def clear(self) -> None:
        """Forget everything."""
        self._behind.clear()
        self._ahead.clear()
        self._walked = False

    def leave(self, left: Place, walked: bool = False) -> None:
        """Somebody leaves a place for a new one; what was ahead is forgotten.

        left: as it was at the end. walked: by a small step; of a walk only where it began is kept.
        """
        on_the_way = walked and self._walked
        self._walked = walked
        if on_the_way:
            return
        self._ahead.clear()
        if left.node is not None or left.focus is not None:
            self._behind.append(left)
            del self._behind[: -self.MOST]

    def back(self, now: Place) -> Place | None:
        """Return the place before, None at the beginning; from there forward leads to `now`."""
        return self._go(now, self._behind, self._ahead)

    def forward(self, now: Place) -> Place | None:
        """Return the place after, None at the end."""
        return self._go(now, self._ahead, self._behind)

    def _go(self, now: Place, there: list[Place], here: list[Place]) -> Place | None:
        self._walked = False
        while there:
            goal = there.pop()
            if goal[:3] != now[:3]:
                here.append(now)
                return goal
        return None

    @property
    def has_back(self) -> bool:
        """Return whether there is a place before."""
        return bool(self._behind)

    @property
    def has_forward(self) -> bool:
        """Return whether there is a place after."""
        return bool(self._ahead)
