"""How an exported graph is grouped and folded: as it opens in the window, or as somebody says."""

from __future__ import annotations

from dataclasses import dataclass

from app.export.data import Graph
from app.export.errors import ExportError
from engine.tape.tape import Tape
from ui.graph.folding import Arranged, GroupWish, arrange
from ui.graph.groups import By, group_by
from ui.graph.model import GraphInfo


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """by: None for what suits the graph; level: fold groups so many levels inside and deeper, 0 for
    all; refs: fold these and no others; without both, what suits the graph's size. sideways: the
    graph runs from left to right."""

    by: By | None = None
    level: int | None = None
    refs: frozenset[int] | None = None
    sideways: bool = False


def by_of(name: str | None) -> By | None:
    """Return by what to group, from the word of a command line; raises ExportError."""
    known = [by.value for by in By if by != By.HAND]
    if name is None or name in known:
        return None if name is None else By(name)
    raise ExportError(f"a graph cannot be grouped by {name}, but by {', '.join(known)}")


def arranged(tape: Tape, graph: Graph, info: GraphInfo, options: GroupOptions) -> Arranged:
    """Return the graph with its groups."""
    by = options.by or By.MODULE
    folded = {}
    if options.level is not None or options.refs is not None:
        groups = group_by(tape, graph, by)
        if options.refs is not None:
            chosen = frozenset(one.id for one in groups.groups if one.id.ref in options.refs)
        else:
            chosen = groups.deeper(options.level or 0)
        folded[info.first_event, by] = chosen
    return arrange(tape, graph, GroupWish(by, folded), info.first_event)
