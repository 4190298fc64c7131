"""The graph model: which graphs a tape holds, where a playhead stands, one graph as networkx."""

from __future__ import annotations

import numpy as np

from engine.tape.schema import Event
from engine.tape.tape import Tape
from ui.graph.build import build_graph
from ui.graph.infos import GraphInfo, Graphs, list_graphs

__all__ = ["GraphInfo", "Graphs", "build_graph", "graph_at", "list_graphs", "main_graph"]

_TELLING = (Event.OP, Event.PASS, Event.STEP, Event.END)


def graph_at(tape: Tape, graphs: Graphs, playhead: int) -> GraphInfo | None:
    """Return the graph in which the playhead stands: of the latest operation or step before it.

    None where that belongs to no graph worth turning to, as the update of a parameter.
    """
    event = _latest(tape, min(playhead, len(tape.events)))
    if event < 0:
        return graphs[0] if graphs else None
    kind, ref = int(tape.events["kind"][event]), int(tape.events["ref"][event])
    if kind == Event.OP:
        return _worth(graphs.holding(op=ref))
    if kind == Event.STEP:
        node, pass_ = int(tape.steps["node"][ref]), int(tape.steps["pass_"][ref])
        return _worth(graphs.holding(node=node)) or graphs.holding(pass_=pass_)
    return graphs.holding(pass_=ref if kind == Event.PASS else int(tape.ends["pass_"][ref]))


def main_graph(graphs: Graphs) -> GraphInfo | None:
    """Return the graph to show where nothing was chosen: the last that a backward pass ran over."""
    return graphs[graphs.main] if graphs else None


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


def _worth(info: GraphInfo | None) -> GraphInfo | None:
    return None if info is None or info.update else info
