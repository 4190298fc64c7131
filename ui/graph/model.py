"""The graph model: which graphs a tape holds, where a playhead stands, one graph as networkx."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.tape.schema import Event
from engine.tape.tape import Tape
from ui.graph.build import build_graph
from ui.graph.infos import GraphInfo, list_graphs

__all__ = ["GraphInfo", "build_graph", "graph_at", "list_graphs", "main_graph"]

_TELLING = (Event.OP, Event.PASS, Event.STEP, Event.END)


def graph_at(tape: Tape, graphs: Sequence[GraphInfo], playhead: int) -> GraphInfo | None:
    """Return the graph in which the playhead stands: of the latest operation or step before it.

    None where that belongs to no graph worth turning to, as the update of a parameter.
    """
    event = _latest(tape, min(playhead, len(tape.events)))
    if event < 0:
        return graphs[0] if graphs else None
    kind, ref = int(tape.events["kind"][event]), int(tape.events["ref"][event])
    if kind == Event.OP:
        return _holding(graphs, event, op=ref)
    if kind == Event.STEP:
        node, pass_ = int(tape.steps["node"][ref]), int(tape.steps["pass_"][ref])
        return _holding(graphs, event, node=node) or _of_pass(graphs, pass_)
    return _of_pass(graphs, ref if kind == Event.PASS else int(tape.ends["pass_"][ref]))


def main_graph(graphs: Sequence[GraphInfo]) -> GraphInfo | None:
    """Return the graph to show where nothing was chosen: the last that a backward pass ran over."""
    ranked = [(bool(info.passes), not info.update, info.number) for info in graphs]
    return graphs[ranked.index(max(ranked))] if graphs else None


def _latest(tape: Tape, stop: int) -> int:
    """Return the last event before `stop` that belongs to a graph, or -1."""
    width = 64
    while stop > 0:
        start = max(stop - width, 0)
        found = np.flatnonzero(np.isin(tape.events["kind"][start:stop], _TELLING))
        if len(found):
            return start + int(found[-1])
        stop, width = start, 8 * width  # a program may print a million lines in a row
    return -1


def _of_pass(graphs: Sequence[GraphInfo], pass_: int) -> GraphInfo | None:
    return next((info for info in graphs if pass_ in info.passes), None)


def _holding(
    graphs: Sequence[GraphInfo], event: int, op: int = -1, node: int = -1
) -> GraphInfo | None:
    for info in graphs:
        if info.first_event <= event <= info.last_event and not info.update:
            rows, wanted = (info.ops, op) if op >= 0 else (info.nodes, node)
            at = int(np.searchsorted(rows, wanted))
            if at < len(rows) and rows[at] == wanted:
                return info
    return None
