"""How an exported graph is grouped and folded: as it opens in the window, or as somebody says."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.export.arrangement import Arrangement
from app.export.data import Graph
from app.export.errors import ExportError
from engine.tape.tape import Tape
from ui.graph.folding import Arranged, Folded, GroupWish, arrange
from ui.graph.groups import By, group_by
from ui.graph.layout import lay_out
from ui.graph.model import GraphInfo
from ui.graph.pins import pinned
from ui.graph.types import Layout


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """by: None for what suits the graph; level: fold groups so many levels inside and deeper, 0 for
    all; arrangement: what was arranged by hand, folds too; without both, what suits the graph's
    size is folded. sideways: the graph runs from left to right."""

    by: By | None = None
    level: int | None = None
    arrangement: Arrangement = field(default_factory=Arrangement)
    sideways: bool = False


def by_of(name: str | None) -> By | None:
    """Return by what to group, from the word of a command line; raises ExportError."""
    known = [by.value for by in By if by != By.HAND]
    if name is None or name in known:
        return None if name is None else By(name)
    raise ExportError(f"a graph cannot be grouped by {name}, but by {', '.join(known)}")


def arranged(tape: Tape, graph: Graph, info: GraphInfo, options: GroupOptions) -> Arranged:
    """Return the graph with its groups."""
    hand = options.arrangement
    by = options.by or (By.HAND if hand.chosen else By.MODULE)
    folded = {}
    if hand.folded is not None:
        folded[info.first_event, by] = hand.folded
    elif options.level is not None:
        groups = group_by(tape, graph, by, hand.chosen)
        folded[info.first_event, by] = groups.deeper(options.level)
    wish = GroupWish(by, folded, {info.first_event: hand.chosen})
    return arrange(tape, graph, wish, info.first_event)


def laid_out(shown: Folded, options: GroupOptions) -> Layout:
    """Return the layout of an arranged graph, with what is pinned where it is held."""
    from ui.graph.cards import card_sizes  # needs Qt's libraries

    sizes = card_sizes(shown.graph)
    plain = lay_out(shown.graph, sizes, nest=shown.nest, sideways=options.sideways)
    return pinned(plain, options.arrangement.pins)
