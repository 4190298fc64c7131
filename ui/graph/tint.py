"""What the canvas tints at a playhead: what exists, what was visited, what a step just did."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.replay import Moment
from engine.tape.schema import Event
from engine.tape.states import States
from engine.tape.tape import Tape
from ui.graph.badges import grad_badge, step_badges
from ui.graph.columns import columns_of, index_of
from ui.graph.types import CanvasState, Kind, Layout, NodeId, Role
from ui.graph.wave import Wave

if TYPE_CHECKING:
    import networkx as nx


def canvas_state(
    tape: Tape, graph: nx.MultiDiGraph[NodeId], layout: Layout, moment: Moment
) -> CanvasState:
    """Return the tints of one moment; for many, keep a TintIndex."""
    return TintIndex(tape, graph, layout).state(moment)


class TintIndex:
    """Where the rows of a tape are in a layout; built once per graph, so that states are cheap.

    The tape may grow meanwhile: what the graph does not show yet is left out.
    """

    def __init__(
        self,
        tape: Tape,
        graph: nx.MultiDiGraph[NodeId],
        layout: Layout,
        whole: nx.MultiDiGraph[NodeId] | None = None,
        hidden: Mapping[NodeId, NodeId] = MappingProxyType({}),
    ) -> None:
        """whole: the graph of which `graph` is a part; a pass over the one runs over the other.
        hidden: nodes that are not in the layout, and the folded groups that stand for them."""
        self.tape = tape
        self._whole = None if whole is None or whole is graph else whole
        self._events = _events(graph, layout)
        self._index = index_of(graph, layout.ids)
        self._node_at = np.full(len(tape.nodes), -1, np.int64)
        self._leaves: dict[int, list[int]] = {}
        kinds = np.array([node.kind for node in layout.ids], np.int64)
        refs = np.array([node.ref for node in layout.ids], np.int64)
        backward = np.flatnonzero((kinds == Kind.GRAD_FN) | (kinds == Kind.ACCUMULATE))
        self._node_at[refs[backward]] = backward
        self._has_grad_fn = bool((kinds == Kind.GRAD_FN).any())
        leaves = np.flatnonzero(kinds == Kind.LEAF)
        tensors = tape.values["tensor"][refs[leaves]]
        for i, tensor in zip(leaves.tolist(), tensors.tolist(), strict=True):
            self._leaves.setdefault(tensor, []).append(i)
        if self._whole is not None:
            self._has_grad_fn = any(node.kind == Kind.GRAD_FN for node in self._whole)
        inside = {node: self._index[group] for node, group in hidden.items()}
        self._wave = Wave(inside, len(layout.ids)) if inside else None
        for node, i in inside.items():
            if node.kind in (Kind.GRAD_FN, Kind.ACCUMULATE):
                self._node_at[node.ref] = i
                self._has_grad_fn |= node.kind == Kind.GRAD_FN
        self._index = {**self._index, **inside} if inside else self._index
        self._edge_at = self._find_edges(graph, layout)
        self._n_edges = len(layout.roles)
        self._own: dict[int, bool] = {}
        self._states: States | None = None  # made when asked: `tape` may be replaced
        self._visited = np.zeros(len(self._events), bool)
        none = np.zeros(0, np.int64)
        self._crossings = none, none  # per contribution: edge and pass

    def state(self, moment: Moment) -> CanvasState:
        """Return the tints of a moment."""
        lit = np.zeros(self._n_edges, bool)
        pulses = np.zeros(0, np.int32)
        badges: dict[int, str] = {}
        active = self._active(moment)
        visited = self._visited_at(moment.playhead)
        progress = None if self._wave is None else self._wave.shares()
        if self._is_own(moment.pass_):
            lit[self.crossings(moment)[0]] = True
            if moment.active_kind == Event.STEP:
                sent = self._sent(moment.contributions.stop)[0][moment.contributions]
                pulses = np.unique(sent[sent >= 0]).astype(np.int32)
                badges = step_badges(self.tape, moment, active, self._leaves)
        else:
            visited[:] = False
            progress = None if progress is None else np.zeros_like(progress)
            if moment.active_kind == Event.STEP:
                active = -1  # a shared leaf's AccumulateGrad, visited for another graph
        if moment.active_kind == Event.GRAD and active >= 0:
            badges = grad_badge(self.tape, moment, active)
        shown = self._events < moment.playhead
        return CanvasState(shown, visited, lit, active, pulses, badges, progress=progress)

    def places(self, nodes: NDArray[Any]) -> NDArray[np.int64]:
        """Return where rows of the table nodes are in the layout, -1 for those that are not."""
        return _take(self._node_at, nodes)

    def _visited_at(self, playhead: int) -> NDArray[np.bool_]:
        """Return which nodes the pass has visited; a small move costs what it changes."""
        if self._states is None:
            self._states = States(self.tape)
        now = self._states.seek(playhead)
        if now.changed is None:
            rows = np.arange(min(len(self._node_at), len(now.visits)), dtype=np.int32)
        else:
            rows = now.changed[now.changed < len(self._node_at)]
        at = self._node_at[rows]
        self._visited[at[at >= 0]] = now.visits[rows[at >= 0]] > 0
        if self._wave is not None:
            self._wave.visit(rows, now.visits[rows] > 0)
            self._visited[self._wave.groups] = self._wave.shares()[self._wave.groups] >= 1.0
        return self._visited.copy()

    def _find_edges(self, graph: nx.MultiDiGraph[NodeId], layout: Layout) -> NDArray[np.int64]:
        """Return for each row of the table edges the layout's edge, or -1."""
        first = self.tape.nodes["edge0"].astype(np.int64)
        found = np.full(len(self.tape.edges), -1, np.int64)
        grads = np.flatnonzero(layout.roles == Role.GRAD)
        columns = columns_of(graph)
        if columns is not None and columns.ids == layout.ids:
            ends = layout.edge_ends
            if np.array_equal(ends[:, 0], columns.src) and np.array_equal(ends[:, 1], columns.dst):
                found[first[columns.refs[columns.src[grads]]] + columns.slots[grads]] = grads
                return found
        keys, ids = layout.edge_keys, layout.ids
        for e, (a, b) in zip(grads.tolist(), layout.edge_ends[grads].tolist(), strict=True):
            data = graph.edges[ids[a], ids[b], keys[e]]
            for source, slot in data.get("of") or [(ids[a], data["slot"])]:
                found[int(first[source.ref]) + slot] = e
        return found

    def _is_own(self, pass_: int) -> bool:
        """Return whether a pass runs over this graph and not only ends in the same leaves."""
        if pass_ < 0:
            return False
        own = self._own.get(pass_)
        if own is None:
            row = self.tape.passes[pass_]
            roots = self.tape.roots["node"][row["root0"] : row["root0"] + row["n_root"]]
            roots = roots[roots >= 0]
            if self._has_grad_fn:
                roots = roots[self.tape.nodes["variable"][roots] < 0]
            own = self._own[pass_] = self._holds(roots)
        return own

    def _holds(self, nodes: NDArray[np.int32]) -> bool:
        """Return whether one of these rows of the table nodes is in the graph, the whole one."""
        if self._whole is None:
            return bool((_take(self._node_at, nodes) >= 0).any())
        kinds = (Kind.GRAD_FN, Kind.ACCUMULATE)
        return any(NodeId(kind, row) in self._whole for row in nodes.tolist() for kind in kinds)

    def _active(self, moment: Moment) -> int:
        kind, ref = moment.active_kind, moment.active_ref
        if kind == Event.STEP:
            return int(_take(self._node_at, np.array([moment.active_node]))[0])
        if kind == Event.OP:
            return self._index.get(NodeId(Kind.OP, ref), -1)
        if kind == Event.LEAF:
            return self._index.get(NodeId(Kind.LEAF, ref), -1)
        if kind == Event.GRAD:
            leaves = self._leaves.get(int(self.tape.grads["tensor"][ref]), [])
            return next((i for i in reversed(leaves) if self._events[i] < moment.playhead), -1)
        return -1

    def crossings(self, moment: Moment) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the edges that cotangents of the moment's pass have crossed before it, in order,
        and the rows of these contributions; nothing for a pass over another graph."""
        none = np.zeros(0, np.int64)
        if not self._is_own(moment.pass_):
            return none, none
        tape, steps = self.tape, self.tape.steps
        first = bisect_left(steps["event"], int(tape.passes["event"][moment.pass_]))
        if first >= moment.n_steps:
            return none, none
        last = steps[moment.n_steps - 1]
        rows = slice(int(steps["contrib0"][first]), int(last["contrib0"] + last["n_contrib"]))
        edges, passes = self._sent(rows.stop)
        at = np.flatnonzero((passes[rows] == moment.pass_) & (edges[rows] >= 0))
        return edges[rows][at], at + rows.start

    def _sent(self, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return for contributions up to `stop` the edge that each crossed, or -1, and its pass."""
        tape, (edges, passes) = self.tape, self._crossings
        if len(edges) < stop:
            rows = tape.contributions[len(edges) :]
            step = rows["step"]
            edge = tape.nodes["edge0"][tape.steps["node"][step]] + rows["slot"]
            at = np.where(rows["node"] >= 0, _take(self._edge_at, edge), -1)
            owner = tape.steps["pass_"][step].astype(np.int64)
            edges, passes = np.concatenate([edges, at]), np.concatenate([passes, owner])
            self._crossings = edges, passes
        return edges, passes


def _events(graph: nx.MultiDiGraph[NodeId], layout: Layout) -> NDArray[np.int64]:
    columns = columns_of(graph)
    if columns is not None and columns.ids == layout.ids:
        return columns.events
    return np.array([graph.nodes[node]["event"] for node in layout.ids], np.int64)


def _take(table: NDArray[np.int64], rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return table[rows], -1 for rows that are newer than the table."""
    rows = rows.astype(np.int64)
    known = (rows >= 0) & (rows < len(table))
    result = np.full(len(rows), -1, np.int64)
    result[known] = table[rows[known]]
    return result
