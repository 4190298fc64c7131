"""A graph with some of its groups folded: each is one node with the edges that leave it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.tape.tape import Tape
from ui.graph.groups import By, Group, Groups, group_by
from ui.graph.types import Kind, Nest, NodeId, Role, empty_graph

if TYPE_CHECKING:
    import networkx as nx

MANY = 1_500  # nodes; a larger graph opens folded
READABLE = 300  # nodes that it then shows at most, if its groups allow it


@dataclass(frozen=True, slots=True)
class Folded:
    """graph: what is shown; folded groups are nodes with title, detail, count (of operations) and
    what else nodes have. `graph.graph["captions"]` holds the words of each group: its name, and how
    many operations it has; `graph.graph["hidden"]` the folded group in which a node is.

    nest: the groups that show their nodes; hidden: the folded group in which a node is.
    """

    graph: nx.MultiDiGraph[NodeId]
    nest: Nest
    hidden: dict[NodeId, NodeId]


@dataclass(frozen=True, slots=True)
class GroupWish:
    """How graphs shall be grouped. by: None for what suits a graph; folded: which groups are, for
    (first event of the graph, by) where somebody changed that; chosen: the nodes of the groups that
    were made by hand, for the first event of their graph."""

    by: By | None = None
    folded: Mapping[tuple[int, By], frozenset[NodeId]] = field(default_factory=dict)
    chosen: Mapping[int, tuple[frozenset[NodeId], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arranged:
    """A graph in groups: folded are those of the groups that are, shown is what remains."""

    groups: Groups
    folded: frozenset[NodeId]
    shown: Folded


def arrange(
    tape: Tape, whole: nx.MultiDiGraph[NodeId], wish: GroupWish, first_event: int = -1
) -> Arranged:
    """Group and fold a graph of a tape; first_event tells the graphs of a tape apart."""
    chosen = wish.chosen.get(first_event, ())
    by = wish.by or (By.HAND if chosen else By.MODULE)
    groups = group_by(tape, whole, by, chosen)
    folded = wish.folded.get((first_event, by))
    if folded is None:
        folded = first_folded(groups, len(whole))
    folded = folded.intersection(groups.index)
    return Arranged(groups, folded, fold(whole, groups, folded))


def first_folded(groups: Groups, count: int) -> frozenset[NodeId]:
    """Return the groups that are folded when a graph of `count` nodes is opened: the outermost
    level at which enough can be seen, none in a small graph."""
    if count <= MANY or not groups.groups:
        return frozenset()
    seen = [0] * (groups.levels + 1)  # nodes that show if groups at a depth are folded
    outside = count - len(groups.of)
    within = [0] * (groups.levels + 1)
    for number in groups.of.values():
        within[groups.groups[number].depth + 1] += 1
    for depth in range(groups.levels):
        cards = sum([group.depth == depth for group in groups.groups])
        outside += within[depth]
        seen[depth] = outside + cards
    fitting = [depth for depth in range(groups.levels) if seen[depth] <= READABLE]
    return groups.deeper(max(fitting, default=0))


def fold(whole: nx.MultiDiGraph[NodeId], groups: Groups, folded: Iterable[NodeId]) -> Folded:
    """Return a graph with the groups in `folded` as single nodes, those within a folded one too."""
    wanted = set(folded)
    cover: list[NodeId | None] = []  # the outermost folded group around or at each
    for group in groups.groups:
        outer = cover[group.parent] if group.parent >= 0 else None
        cover.append(outer or (group.id if group.id in wanted else None))
    open_ = [number for number, group in enumerate(groups.groups) if cover[number] is None]
    at = {number: k for k, number in enumerate(open_)}
    parents = [at.get(groups.groups[number].parent, -1) for number in open_]
    of: dict[NodeId, int] = {}
    hidden: dict[NodeId, NodeId] = {}
    for node, number in groups.of.items():
        card = cover[number]
        if card is not None:
            hidden[node] = card
        else:
            of[node] = at[number]
    for number, outer in enumerate(cover):
        group = groups.groups[number]
        if outer == group.id and group.parent >= 0:
            of[group.id] = at[group.parent]
    graph = _contracted(whole, groups, hidden) if hidden else whole
    graph.graph["captions"], graph.graph["hidden"] = _captions(groups), hidden
    return Folded(graph, Nest([groups.groups[k].id for k in open_], parents, of), hidden)


def _contracted(
    whole: nx.MultiDiGraph[NodeId], groups: Groups, hidden: dict[NodeId, NodeId]
) -> nx.MultiDiGraph[NodeId]:
    graph = empty_graph()
    cards: dict[NodeId, dict[str, Any]] = {}
    for node, data in whole.nodes(data=True):
        group = hidden.get(node)
        if group is None:
            graph.add_node(node, **data)
            continue
        if group not in cards:
            graph.add_node(group, **_card(groups, group, data))
            cards[group] = graph.nodes[group]
        _add_to(cards[group], node, data)
    lines: dict[tuple[NodeId, NodeId, Role, NodeId], dict[str, Any]] = {}
    inputs: dict[NodeId, set[NodeId]] = {group: set() for group in cards}
    outputs: dict[NodeId, set[NodeId]] = {group: set() for group in cards}
    for u, v, key, data in whole.edges(keys=True, data=True):
        a, b = hidden.get(u, u), hidden.get(v, v)
        if a == u and b == v:
            graph.add_edge(u, v, key=key, **data)
            continue
        if a == b:
            continue
        role = data["role"]
        value = v if role == Role.GRAD else u  # one line for all that use one value
        line = lines.get((a, b, role, value))
        if line is None:
            new = graph.add_edge(a, b, **{**data, "of": []})
            line = lines[a, b, role, value] = graph.edges[a, b, new]
        line["of"].append((u, data["slot"]))
        line["event"] = min(line["event"], data["event"])
        if role == Role.DATA:
            inputs.get(b, set()).add(u)
            outputs.get(a, set()).add(u)
    for group, data in cards.items():
        data["inputs"], data["outputs"] = len(inputs[group]), len(outputs[group])
        data["detail"] = _detail(data)
    return graph


def _card(groups: Groups, group: NodeId, first: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a folded group as far as its first node tells them."""
    one = groups.groups[groups.index[group]]
    return {
        "kind": Kind.GROUP, "ref": group.ref, "title": _name(one), "detail": "",
        "family": "other", "name": "", "shape": None, "dtype": None, "event": first["event"],
        "twin": None, "cell": first["cell"], "line": first["line"],
        "requires_grad": False, "root": False, "count": 0,
    }  # fmt: skip


def _add_to(card: dict[str, Any], node: NodeId, data: dict[str, Any]) -> None:
    card["count"] += node.kind == Kind.OP
    card["event"] = min(card["event"], data["event"])
    card["root"] |= data["root"]


def _detail(card: dict[str, Any]) -> str:
    return f"{_ops(card['count'])} · {card['inputs']:,} in · {card['outputs']:,} out"


def _captions(groups: Groups) -> dict[NodeId, tuple[str, str]]:
    counts = [0] * len(groups.groups)
    for node, number in groups.of.items():
        counts[number] += node.kind == Kind.OP
    for number in range(len(counts) - 1, -1, -1):
        parent = groups.groups[number].parent
        if parent >= 0:
            counts[parent] += counts[number]
    return {
        group.id: (_name(group), _ops(count))
        for group, count in zip(groups.groups, counts, strict=True)
    }


def _name(group: Group) -> str:
    return f"{group.title} · {group.detail}" if group.detail else group.title


def _ops(count: int) -> str:
    return f"{count:,} op{'' if count == 1 else 's'}"
