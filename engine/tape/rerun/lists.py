"""The columns of a tape as lists: an element of a structured array costs ten times as much."""

from __future__ import annotations

from engine.tape.schema import TABLES
from engine.tape.tape import Tape


class Lists:
    """`lists.steps_node` is the column `node` of the table `steps`, made when it is first asked for."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def __getattr__(self, name: str) -> list[int]:
        table, _, column = name.partition("_")
        if table not in TABLES:
            raise AttributeError(name)
        found: list[int] = getattr(self._tape, table)[column].tolist()
        setattr(self, name, found)
        return found
