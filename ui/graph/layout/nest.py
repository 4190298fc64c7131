"""Groups within groups as one problem per group: its children, and the ports of its frame.

An edge that leaves or enters groups is cut at their frames: within each group it runs between a
child and a port, and around them between cards and frames. All edges of one kind that come from one
value share its port.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ui.graph.components import label_components
from ui.graph.layout.problem import BOTTOM, TOP, Bools, Ints, Problem
from ui.graph.types import Kind, Role

_ROLES = len(Role)
PORT_WIDTH = 2.0


@dataclass(frozen=True, slots=True)
class Tree:
    """Levels: 0 is the graph, k + 1 is group k. parent: (levels,) -1 for the graph; depth: alike;
    above: (levels, depth + 1), the level around each at every depth down to itself, then -1."""

    parent: Ints
    depth: Ints
    above: Ints


@dataclass(frozen=True, slots=True)
class Levels:
    """The problems of all levels in one; level k has nodes[node_starts[k]:node_starts[k + 1]].

    whole: all of them, with node numbers in itself; at, at_group: where the graph's nodes and the
    group of each level are in it; port_at, port_level, port_role: (P,) where ports are in it, in
    whose frame, and for which lines. port_edge: edges of it that meet a frame from around it,
    port_upper: whether with their upper end, port_of: at which port. piece: edges of it, as they
    make up the graph's edges piece_edge, from source to target.
    """

    whole: Problem
    node_starts: Ints
    edge_starts: Ints
    at: Ints
    at_group: Ints
    port_at: Ints
    port_level: Ints
    port_role: Ints
    port_edge: Ints
    port_upper: Bools
    port_of: Ints
    piece: Ints
    piece_edge: Ints

    def level(self, k: int) -> Problem:
        """Return the problem of one level; sizes of groups are those known so far."""
        a, b = int(self.node_starts[k]), int(self.node_starts[k + 1])
        c, d = int(self.edge_starts[k]), int(self.edge_starts[k + 1])
        nodes, edges = slice(a, b), slice(c, d)
        return self.whole.part(nodes, edges, self.whole.src[edges] - a, self.whole.dst[edges] - a)


def make_tree(parents: list[int]) -> Tree:
    """Return the levels of groups of which each knows the one around it, which comes before it."""
    parent = np.concatenate([[-1], np.array(parents, np.int64) + 1]).astype(np.int64)
    depth = np.zeros(len(parent), np.int64)
    rows = parent.tolist()
    deep = [0] * len(rows)
    for k in range(1, len(rows)):
        deep[k] = deep[rows[k]] + 1
    depth[:] = deep
    above = np.full((len(parent), int(depth.max()) + 1), -1, np.int64)
    now = np.arange(len(parent))
    while (now >= 0).any():
        some = now >= 0
        above[some, depth[now[some]]] = now[some]
        now = np.where(some, parent[now], -1)
    return Tree(parent, depth, above)


def settle(problem: Problem, home: Ints) -> Ints:
    """Return (n,) levels in which nodes that are tied to each other are in the same one."""
    ties = problem.role == Role.TIE
    label = label_components(len(home), problem.src[ties], problem.dst[ties])
    return np.asarray(home[label])


def divide(problem: Problem, home: Ints, tree: Tree) -> Levels:
    """Cut a problem into levels; home: (n,) level of each node."""
    n, levels = len(home), len(tree.parent)
    grad = problem.role == Role.GRAD
    upper = np.where(grad, problem.dst, problem.src)
    lower = np.where(grad, problem.src, problem.dst)
    cuts = _Cuts(problem, home, tree, upper, lower)
    ends, ports = cuts.ends, cuts.ports
    top, low, edge, step = ends
    # One edge of a level for all pieces that run between the same two ends.
    role = problem.role[edge]
    apart = np.where((low < n) | ((top < n) & (low < n)), problem.parallel[edge], 0)
    size = int(max(top.max(initial=0), low.max(initial=0))) + 1
    key = ((top * size + low) * _ROLES + role) * (int(apart.max(initial=0)) + 1) + apart
    _, first, piece = np.unique(key, return_index=True, return_inverse=True)
    piece = piece.reshape(-1)
    slot = np.full(len(first), np.iinfo(np.int64).max)
    np.minimum.at(slot, piece, problem.slot[edge])
    order = np.lexsort((edge[first], cuts.level[first]))
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    first, piece, slot = first[order], number[piece], slot[order]
    # The nodes of all levels: cards, groups, ports.
    in_group = _first_members(home, tree, n)
    count = np.bincount(home, minlength=levels)
    for k in range(levels - 1, 0, -1):
        count[tree.parent[k]] += count[k]
    level = np.concatenate([home, tree.parent[1:], ports.level])
    rank = np.concatenate(
        [4 * np.arange(n), 4 * in_group[1:], ports.hub + np.where(ports.out, 8 * n, -8 * n)]
    )
    order = np.lexsort((rank, level))
    at = np.empty(len(order), np.int64)
    at[order] = np.arange(len(order))
    node_starts = np.searchsorted(level[order], np.arange(levels + 1))
    at_port = at[n + levels - 1 :]
    at_group = np.concatenate([[-1], at[n : n + levels - 1]]).astype(np.int64)
    nodes = _node_columns(problem, tree, count, ports, order)
    src_end, dst_end = (cuts.entity(x, at, at_group, at_port) for x in (top[first], low[first]))
    back = role[first] == Role.GRAD
    src, dst = np.where(back, dst_end, src_end), np.where(back, src_end, dst_end)
    # Ports of an operation and its grad_fn stand side by side like the two themselves.
    a, b = ports.pairs(problem, n)
    edge_level = np.concatenate([cuts.level[first], ports.level[a]])
    order = np.argsort(edge_level, kind="stable")
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    none = np.zeros(len(a), np.int64)
    free = np.full(len(order), np.nan)
    whole = Problem(
        **nodes,
        src=np.concatenate([src, at_port[a]])[order],
        dst=np.concatenate([dst, at_port[b]])[order],
        role=np.concatenate([role[first], none + Role.TIE])[order],
        parallel=np.concatenate([apart[first], none])[order],
        slot=np.concatenate([slot, none])[order],
        upper_at=free,
        lower_at=free.copy(),
        sideways=problem.sideways,
        apart=problem.apart,
    )
    outer = [cuts.frame_port(x[first]) for x in (top, low)]
    meets = [np.flatnonzero(x >= 0) for x in outer]
    along = np.lexsort((np.where(problem.role[edge] == Role.GRAD, -step, step), edge))
    return Levels(
        whole, node_starts, np.searchsorted(edge_level[order], np.arange(levels + 1)),
        at[:n], at_group, at_port, ports.level, ports.role,
        number[np.concatenate(meets)],
        np.arange(sum(map(len, meets))) < len(meets[0]),
        np.concatenate([x[k] for x, k in zip(outer, meets, strict=True)]),
        number[piece[along]], edge[along],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Ports:
    """level: (P,) whose frame; out: at its lower side; hub: the upper node of the edges there."""

    level: Ints
    out: Bools
    hub: Ints
    role: Ints
    keys: Ints

    def pairs(self, problem: Problem, n: int) -> tuple[Ints, Ints]:
        """Return ports of data, and those of the gradients that run beside them."""
        twin = np.full(n, -1)
        ties = problem.role == Role.TIE
        twin[problem.src[ties]] = problem.dst[ties]
        hubs = twin[self.hub]
        mine = np.flatnonzero((self.role == Role.DATA) & (hubs >= 0))
        wanted = _port_key(self.level[mine], self.out[mine], hubs[mine], Role.GRAD, n)
        found = np.minimum(np.searchsorted(self.keys, wanted), max(len(self.keys) - 1, 0))
        there = self.keys[found] == wanted
        return mine[there], found[there]


def _port_key(level: Ints, out: Bools, hub: Ints, role: Ints | int, n: int) -> Ints:
    return np.asarray(((level * 2 + out) * n + hub) * _ROLES + role)


class _Cuts:
    """Edges cut at frames. The end of a piece is a node (its number), a port from within its group
    (n + 2 * port) or from around it (n + 2 * port + 1)."""

    def __init__(self, problem: Problem, home: Ints, tree: Tree, upper: Ints, lower: Ints) -> None:
        self._n = len(home)
        above, depth = tree.above, tree.depth
        hu, hv = home[upper], home[lower]
        common = (above[hu] == above[hv]) & (above[hu] >= 0)
        meet = common.sum(axis=1) - 1  # the depth of the level that holds both ends
        every = np.arange(len(upper))
        # Per piece: edge, step from the upper end, level, and both ends as (node or -1, the
        # group that is meant if -1, whether it is seen from within).
        rows = [self._rows(every, meet, 0, hu, hv, meet, tree, upper, lower, 0)]
        for d in range(1, above.shape[1]):
            out = np.flatnonzero((d > meet) & (d <= depth[hu]))
            rows.append(self._rows(out, d, meet[out] - d, hu, hv, meet, tree, upper, lower, 1))
            into = np.flatnonzero((d > meet) & (d <= depth[hv]))
            rows.append(self._rows(into, d, d - meet[into], hu, hv, meet, tree, upper, lower, 2))
        edge, step, level, top, top_group, top_in, low, low_group, low_in = (
            np.concatenate(column) for column in zip(*rows, strict=True)
        )
        hub, role = upper[edge], problem.role[edge]
        keys = []
        # Seen from within, an upper end is a port where lines come in; from around, they go out.
        for group, inside, is_top in ((top_group, top_in, True), (low_group, low_in, False)):
            keys.append(_port_key(group, inside != is_top, hub, role, self._n))
        at_port = np.concatenate([top, low]) < 0
        known, which = np.unique(np.concatenate(keys)[at_port], return_inverse=True)
        ends = np.concatenate([top, low])
        inside = np.concatenate([top_in, low_in])[at_port]
        ends[at_port] = self._n + 2 * which.reshape(-1) + ~inside
        self.level = level
        self.ends = ends[: len(edge)], ends[len(edge) :], edge, step
        rest, port_role = np.divmod(known, _ROLES)
        rest, port_hub = np.divmod(rest, max(self._n, 1))
        port_level, out = np.divmod(rest, 2)
        self.ports = _Ports(port_level, out == 1, port_hub, port_role, known)

    def _rows(
        self, edge: Ints, depth: Ints | int, step: Ints | int, hu: Ints, hv: Ints, meet: Ints,
        tree: Tree, upper: Ints, lower: Ints, way: int,
    ) -> tuple[Ints, ...]:  # fmt: skip
        """Return pieces at one depth; way: 0 where both ends meet, 1 out of groups, 2 into them."""
        above, deep = tree.above, tree.depth
        depths = np.broadcast_to(np.asarray(depth), edge.shape)
        level = above[(hv if way == 2 else hu)[edge], depths]
        ends: list[Ints] = []
        for side, home, node in ((1, hu, upper), (2, hv, lower)):
            if way and way != side:  # the frame itself, seen from within
                inside = np.ones(len(edge), bool)
                ends += [np.full(len(edge), -1), level, inside]
                continue
            mine = home[edge]
            here = deep[mine] == depths
            child = above[mine, np.minimum(depths + 1, above.shape[1] - 1)]
            ends += [np.where(here, node[edge], -1), child, np.zeros(len(edge), bool)]
        steps = np.broadcast_to(np.asarray(step), edge.shape)
        return (edge, steps, level, *ends)

    def entity(self, end: Ints, at: Ints, at_group: Ints, at_port: Ints) -> Ints:
        """Return where the ends of pieces are among the nodes of all levels."""
        port, around = np.divmod(np.maximum(end - self._n, 0), 2)
        if not len(at_port):
            return np.asarray(at[end])
        port = np.minimum(port, len(at_port) - 1)
        frame = np.where(around == 1, at_group[self.ports.level[port]], at_port[port])
        return np.where(end < self._n, at[np.minimum(end, self._n - 1)], frame)

    def frame_port(self, end: Ints) -> Ints:
        """Return at which port a piece meets a frame from around it, -1 where it does not."""
        port, around = np.divmod(end - self._n, 2)
        return np.where((end >= self._n) & (around == 1), port, -1)


def _first_members(home: Ints, tree: Tree, n: int) -> Ints:
    """Return per level the first node within."""
    first = np.full(len(tree.parent), n)
    np.minimum.at(first, home, np.arange(n))
    for k in range(len(first) - 1, 0, -1):
        parent = tree.parent[k]
        first[parent] = min(first[parent], first[k])
    return first


def _node_columns(
    problem: Problem, tree: Tree, count: Ints, ports: _Ports, order: Ints
) -> dict[str, Any]:
    """Return the columns of cards, groups and ports in `order`; groups have no size yet."""
    g, p = len(tree.parent) - 1, len(ports.level)
    nan, ints = np.full(g + p, np.nan), np.zeros(g + p, np.int64)
    width = np.concatenate([np.zeros(g), np.full(p, PORT_WIDTH)])
    kind = np.where(ports.role == Role.GRAD, Kind.GRAD_FN, Kind.OP)
    pin = np.where(ports.out, BOTTOM, TOP)
    zeros = np.zeros(g, np.int64)
    columns = {
        "width": (problem.width, width),
        "height": (problem.height, np.zeros(g + p)),
        "kind": (problem.kind, np.full(g, Kind.GROUP), kind),
        "root": (problem.root, ints),
        "weight": (problem.weight, count[1:], np.zeros(p, np.int64)),
        "pin": (problem.pin, zeros, pin),
        "data_at": (problem.data_at, nan),
        "grad_at": (problem.grad_at, nan),
    }
    return {name: np.concatenate(parts)[order] for name, parts in columns.items()}
