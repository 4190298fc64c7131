"""Groups of a graph's nodes as a tree: by module, cell, source line, loop iteration, or by hand.

A group is what ran without a break under one label, so an operation outside never lies between two
inside, and groups can stand for single nodes. An operation and its grad_fn are in one group; a leaf
is in the innermost group that holds all that use it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.tape.tape import Tape
from ui.graph.columns import columns_of
from ui.graph.loops import Loop, find_loops
from ui.graph.partition import Ints
from ui.graph.types import Kind, Nest, NodeId

if TYPE_CHECKING:
    import networkx as nx

_LEAST = 2  # operations of a group; fewer are not worth a frame
_BY_HAND = 1 << 60  # added to the refs of groups that a person made


class By(StrEnum):
    """What a graph is grouped by."""

    NOTHING = "nothing"
    MODULE = "module"
    CELL = "cell"
    LINE = "line"
    LOOP = "loop"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Group:
    """id: Kind.GROUP, the same for a tape's whole life; parent: the group around it, or -1; title,
    detail: its name and what it is ("fc1", "Linear"); depth: 0 for the outermost."""

    id: NodeId
    parent: int
    title: str
    detail: str
    depth: int


@dataclass(frozen=True)
class Groups:
    """The tree: groups, outer ones before those that they hold; of: the innermost of each node."""

    by: By
    groups: Sequence[Group] = ()
    of: dict[NodeId, int] = field(default_factory=dict)

    @cached_property
    def index(self) -> dict[NodeId, int]:
        """Return the number of each group."""
        return {group.id: number for number, group in enumerate(self.groups)}

    @property
    def levels(self) -> int:
        """Return how many groups lie in each other at most."""
        return 1 + max([group.depth for group in self.groups], default=-1)

    def path(self, node: NodeId) -> list[Group]:
        """Return the groups around a node, or a group with those around it, from the outermost."""
        number = self.index.get(node, self.of.get(node, -1))
        found: list[Group] = []
        while number >= 0:
            found.append(self.groups[number])
            number = found[-1].parent
        return found[::-1]

    def deeper(self, depth: int) -> frozenset[NodeId]:
        """Return the groups that are `depth` or more levels inside."""
        return frozenset([group.id for group in self.groups if group.depth >= depth])

    def nest(self) -> Nest:
        return Nest(
            [group.id for group in self.groups], [group.parent for group in self.groups], self.of
        )

    def members(self, group: NodeId) -> list[NodeId]:
        """Return the nodes in a group and in those within it."""
        wanted = self.index[group]
        inside = [False] * len(self.groups)
        for number, one in enumerate(self.groups):
            inside[number] = number == wanted or (one.parent >= 0 and inside[one.parent])
        return [node for node, number in self.of.items() if inside[number]]


Label = tuple[Hashable, str, str]  # what tells it apart, title, detail


def group_by(
    tape: Tape, graph: nx.MultiDiGraph[NodeId], by: By, chosen: Iterable[Collection[NodeId]] = ()
) -> Groups:
    """Return the groups of a graph of a tape; chosen: for By.HAND, the nodes of each group."""
    if by == By.HAND:
        return _assigned(by, graph, *_by_hand(graph, chosen))
    ops = _operations(graph)
    return _assigned(by, graph, *_tree(tape, ops, by).finish(everything=by == By.MODULE))


def available(tape: Tape, graph: nx.MultiDiGraph[NodeId]) -> list[By]:
    """Return by what a graph can be grouped, besides by nothing and by hand."""
    ops = _operations(graph)
    kinds = (By.MODULE, By.LOOP, By.LINE, By.CELL)
    return [by for by in kinds if _tree(tape, ops, by).has_any(everything=by == By.MODULE)]


def _operations(graph: nx.MultiDiGraph[NodeId]) -> Ints:
    columns = columns_of(graph)
    if columns is not None:
        return np.sort(columns.refs[columns.kinds == Kind.OP])
    return np.array(sorted([node.ref for node in graph if node.kind == Kind.OP]), np.int64)


def _tree(tape: Tape, ops: Ints, by: By) -> _Tree:
    tree = _Tree(ops)
    if not len(ops) or by == By.NOTHING:
        return tree
    event = tape.ops["event"][ops]
    if by == By.MODULE:
        _add_runs(tree, tape.ops["scope"][ops].astype(np.int64), _Modules(tape).path)
    elif by == By.CELL:
        cells = tape.events["cell"][event].astype(np.int64)
        _add_runs(tree, cells, lambda row: _cell(tape, row))
    elif by == By.LINE:
        locs = tape.events["loc"][event].astype(np.int64)
        _add_runs(tree, locs, lambda row: _line(tape, row))
    else:
        locs = tape.events["loc"][event].astype(np.int64)
        for loop in find_loops(locs << 32 | tape.ops["name"][ops].astype(np.int64)):
            _add_loop(tree, loop)
    return tree


# The tree


class _Tree:
    """Groups as spans of the graph's operations in the order in which they ran."""

    def __init__(self, ops: Ints) -> None:
        self.ops = ops
        self._groups: list[Group] = []
        self._spans: list[tuple[int, int]] = []
        self._home = np.full(len(ops), -1, np.int64)  # innermost group of each operation

    def add(self, first: int, stop: int, title: str, detail: str, parent: int) -> int:
        """Add a group of ops[first:stop] inside another; return its number."""
        depth = self._groups[parent].depth + 1 if parent >= 0 else 0
        name = NodeId(Kind.GROUP, depth << 40 | int(self.ops[first]))
        self._groups.append(Group(name, parent, title, detail, depth))
        self._spans.append((first, stop))
        self._home[first:stop] = len(self._groups) - 1
        return len(self._groups) - 1

    def widen(self, number: int, stop: int) -> None:
        """Let a group end later; its last operations are in no inner group yet."""
        first, before = self._spans[number]
        self._home[before:stop] = number
        self._spans[number] = first, stop

    def has_any(self, everything: bool) -> bool:
        """Return whether `finish` finds groups."""
        return any(self._is_enough(first, stop, everything) for first, stop in self._spans)

    def _is_enough(self, first: int, stop: int, everything: bool) -> bool:
        return stop - first >= _LEAST and (everything or stop - first < len(self.ops))

    def finish(self, everything: bool) -> tuple[list[Group], dict[NodeId, int]]:
        """Return the groups worth a frame, and the group of each operation.

        everything: a group of all operations is one of them.
        """
        number: list[int] = []
        kept: list[Group] = []
        for group, (first, stop) in zip(self._groups, self._spans, strict=True):
            parent = number[group.parent] if group.parent >= 0 else -1
            enough = self._is_enough(first, stop, everything)
            number.append(len(kept) if enough else parent)
            if enough:
                depth = kept[parent].depth + 1 if parent >= 0 else 0
                kept.append(Group(group.id, parent, group.title, group.detail, depth))
        homes = np.array([*number, -1], np.int64)[self._home].tolist()
        of = {
            NodeId(Kind.OP, op): home
            for op, home in zip(self.ops.tolist(), homes, strict=True)
            if home >= 0
        }
        return kept, of


def _add_runs(tree: _Tree, labels: Ints, path_of: Callable[[int], list[Label]]) -> None:
    """Add groups for operations that follow each other under one label; inner paths begin alike."""
    begins = np.flatnonzero(np.diff(labels, prepend=labels[:1] - 1))
    stops = [*begins[1:].tolist(), len(labels)]
    open_: list[tuple[Hashable, int]] = []
    for first, stop, label in zip(begins.tolist(), stops, labels[begins].tolist(), strict=True):
        path = path_of(label)
        common = 0
        while common < min(len(open_), len(path)) and open_[common][0] == path[common][0]:
            tree.widen(open_[common][1], stop)
            common += 1
        del open_[common:]
        for key, title, detail in path[common:]:
            parent = open_[-1][1] if open_ else -1
            open_.append((key, tree.add(first, stop, title, detail, parent)))


def _add_loop(tree: _Tree, loop: Loop, parent: int = -1) -> None:
    first, stop = loop.starts[0], loop.stop
    count = len(loop.starts)
    whole = tree.add(first, stop, "loop", f"{count:,} iterations", parent)
    for number, (begin, end) in enumerate(zip(loop.starts, [*loop.starts[1:], stop], strict=True)):
        one = tree.add(begin, end, f"iteration {number + 1:,}", "", whole)
        for inner in loop.inner:
            shift = begin - first
            _add_loop(tree, inner.moved(shift), one)


# Labels


class _Modules:
    """Paths of module calls."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._known: dict[int, list[Label]] = {0: [], -1: []}

    def path(self, scope: int) -> list[Label]:
        """Return the calls around and including a row of the table scopes, the outermost first."""
        chain = []
        while scope not in self._known:
            chain.append(scope)
            scope = int(self._tape.scopes["parent"][scope])
        path = self._known[scope]
        for row in reversed(chain):
            kind = self._tape.text(int(self._tape.scopes["type"][row]))
            name = self._tape.text(int(self._tape.scopes["name"][row]))
            label = (row, name or kind, kind if name else "")
            path = self._known[row] = [*path, label]
        return path


def _cell(tape: Tape, row: int) -> list[Label]:
    if row < 0:
        return []
    count = int(tape.cells["count"][row])
    return [(row, f"cell {count if count >= 0 else row + 1}", "")]


def _line(tape: Tape, loc: int) -> list[Label]:
    source = tape.source(loc)
    if source is None:
        return []
    words = ""
    cell = int(tape.locs["cell"][loc])
    if cell >= 0:
        lines = tape.text(int(tape.cells["source"][cell])).splitlines()
        if 0 < source.line <= len(lines):
            words = lines[source.line - 1].strip()
    return [(loc, f"line {source.line}", words)]


# By hand


def closed(graph: nx.MultiDiGraph[NodeId], nodes: Collection[NodeId]) -> frozenset[NodeId]:
    """Return operations (those of the given grad_fns too) with all that lies between them."""
    seeds: set[NodeId] = set()
    for node in nodes:
        twin = graph.nodes[node].get("twin") if node in graph else None
        seeds.update(n for n in (node, twin) if n is not None and n in graph and n.kind == Kind.OP)

    def reached(back: bool) -> set[NodeId]:
        seen, stack = set(seeds), list(seeds)
        near = graph.pred if back else graph.succ
        while stack:
            for other in near[stack.pop()]:
                if other.kind == Kind.OP and other not in seen:
                    seen.add(other)
                    stack.append(other)
        return seen

    return frozenset(reached(False) & reached(True))


def _by_hand(
    graph: nx.MultiDiGraph[NodeId], chosen: Iterable[Collection[NodeId]]
) -> tuple[list[Group], dict[NodeId, int]]:
    groups: list[Group] = []
    of: dict[NodeId, int] = {}
    for number, nodes in enumerate(chosen):
        mine = [node for node in closed(graph, nodes) if node not in of]
        if not mine:
            continue
        name = NodeId(Kind.GROUP, _BY_HAND + min(node.ref for node in mine))
        of |= dict.fromkeys(sorted(mine), len(groups))
        groups.append(Group(name, -1, f"group {number + 1}", "", 0))
    return groups, of


# All other nodes


def _assigned(
    by: By, graph: nx.MultiDiGraph[NodeId], groups: list[Group], of: dict[NodeId, int]
) -> Groups:
    """Return the tree with every node in its group, given those of the operations."""
    if not groups:
        return Groups(by)
    homes = _Homes(groups, of)
    nodes = graph.nodes
    late = []
    for node in graph:
        if node.kind != Kind.GRAD_FN:
            continue
        twin = nodes[node]["twin"]
        if twin is not None and twin in nodes:
            homes.put(node, of.get(twin, -1))
        else:
            late.append(node)
    homes.by_time(late, graph)
    for node in graph:
        if node.kind in (Kind.LEAF, Kind.ACCUMULATE):
            twin = nodes[node]["twin"]
            pair = [node] if twin is None or twin not in nodes else [node, twin]
            users = [other for one in pair for other in _users(graph, one)]
            homes.put(node, homes.common(users))
    return Groups(by, tuple(groups), of)


def _users(graph: nx.MultiDiGraph[NodeId], node: NodeId) -> list[NodeId]:
    return list(graph.succ[node] if node.kind == Kind.LEAF else graph.pred[node])


class _Homes:
    """Puts nodes into groups: `of` grows."""

    def __init__(self, groups: list[Group], of: dict[NodeId, int]) -> None:
        self._groups, self._of = groups, of

    def put(self, node: NodeId, home: int) -> None:
        if home >= 0:
            self._of[node] = home

    def common(self, nodes: Iterable[NodeId]) -> int:
        """Return the innermost group that holds all the nodes, or -1."""
        homes = {self._of.get(node, -1) for node in nodes}
        if not homes:
            return -1
        home = homes.pop()
        for other in homes:
            home = self._around(home, other)
        return home

    def _around(self, a: int, b: int) -> int:
        while a != b:
            if a < 0 or b < 0:
                return -1
            if self._groups[a].depth >= self._groups[b].depth:
                a = self._groups[a].parent
            else:
                b = self._groups[b].parent
        return a

    def by_time(self, nodes: list[NodeId], graph: nx.MultiDiGraph[NodeId]) -> None:
        """Put grad_fns without an operation where what ran before and after them both is."""
        if not nodes:
            return
        ops = sorted((graph.nodes[node]["event"], node) for node in graph if node.kind == Kind.OP)
        events = np.array([event for event, _ in ops], np.int64)
        for node in nodes:
            after = int(np.searchsorted(events, graph.nodes[node]["event"]))
            if 0 < after < len(ops):
                self.put(node, self.common([ops[after - 1][1], ops[after][1]]))
