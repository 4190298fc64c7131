"""What the canvas draws, as arrays: boxes, cards and flattened routes of a laid-out graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ui.graph.camera import Rect
from ui.graph.columns import columns_of, index_of
from ui.graph.routes import Routes, flatten, spans
from ui.graph.types import Badges, Frames, Kind, Layout, NodeId, Role
from ui.theme import FAMILIES

if TYPE_CHECKING:
    import networkx as nx

Indices = NDArray[np.intp]


class Shape(IntEnum):
    """How a node is drawn."""

    LEAF = 0  # amber pill: requires grad
    INPUT = 1  # green pill
    OP = 2  # dark card, stripe of its family
    GRAD_FN = 3  # rose card
    ACCUMULATE = 4  # rose card, lighter stripe
    PORTAL = 5  # small pill: an input or uses that are elsewhere
    GRAD_PORTAL = 6  # the same in rose
    GROUP = 7  # a folded group: a stack of cards


class Card(NamedTuple):
    """The words and looks of one node."""

    shape: Shape
    family: int  # index into ui.theme.FAMILIES
    title: str
    detail: str
    name: str = ""  # the variable that holds an operation's result
    slot: bool = False  # room for a picture of the array


def is_pill(shape: int) -> bool:
    return shape in (Shape.LEAF, Shape.INPUT, Shape.PORTAL, Shape.GRAD_PORTAL)


_SHAPES = {
    Kind.OP: Shape.OP, Kind.GRAD_FN: Shape.GRAD_FN, Kind.ACCUMULATE: Shape.ACCUMULATE,
    Kind.GROUP: Shape.GROUP,
}  # fmt: skip
_FAMILY = {name: number for number, name in enumerate(FAMILIES)}


def card_of(node: NodeId, attributes: dict[str, Any]) -> Card:
    """Return what a node of the graph model says on its card."""
    leaf = Shape.LEAF if attributes.get("requires_grad") else Shape.INPUT
    kind = attributes.get("kind", node.kind)
    return Card(
        _SHAPES.get(kind, leaf),
        _FAMILY.get(attributes.get("family") or "other", _FAMILY["other"]),
        str(attributes.get("title") or node),
        str(attributes.get("detail") or ""),
        str(attributes.get("name") or "") if kind == Kind.OP else "",
        _has_slot(kind, attributes.get("shape")),
    )


def _has_slot(kind: Kind, shape: tuple[int, ...] | None) -> bool:
    """A scalar that a forward card says in words needs no room of its own."""
    return shape is not None and (kind > Kind.OP or shape != ())


class Deck(NamedTuple):
    """The cards of several nodes, equal ones once: node i has cards[which[i]]."""

    cards: list[Card]
    which: Indices

    def dealt(self) -> list[Card]:
        """Return the card of each node."""
        cards = self.cards
        return [cards[at] for at in self.which.tolist()]


def cards_of(graph: nx.MultiDiGraph[NodeId], ids: Sequence[NodeId]) -> Deck:
    """Return what nodes of the graph model say on their cards."""
    columns = columns_of(graph)
    if columns is not None and columns.ids == ids:
        words = (columns.title, columns.detail, columns.family, columns.name, columns.shape)
        codes = (columns.kinds, columns.requires_grad, *(column.codes for column in words))
        rows, at = columns.distinct(*codes)
        made = [card_of(ids[row], columns.node(row)) for row in rows.tolist()]
    else:
        nodes = graph.nodes
        made, at = [card_of(node, nodes[node]) for node in ids], np.arange(len(ids))
    same: dict[Card, int] = {}  # most of a large graph's cards are equal
    which = np.array([same.setdefault(card, len(same)) for card in made], np.intp)
    return Deck(list(same), which[at])


def badge_cards(layout: Layout, cards: list[Card]) -> list[Card]:
    """Return what the badges of portals say: the name of the far end, or how many there are."""
    badges = layout.badges
    counts = np.diff(badges.edge_starts).tolist()
    made = []
    known: dict[tuple[int, int, int], Card] = {}
    for key in zip(badges.far.tolist(), badges.roles.tolist(), counts, strict=True):
        if key in known:
            made.append(known[key])
            continue
        far, role, count = key
        backward = role == Role.GRAD
        if far < 0:
            title = f"+ {count:,}"
        else:
            card = cards[far]
            title = card.detail if card.shape == Shape.ACCUMULATE else card.name or card.title
        known[key] = Card(Shape.GRAD_PORTAL if backward else Shape.PORTAL, 0, title, "")
        made.append(known[key])
    return made


@dataclass(frozen=True, slots=True)
class Scene:
    """A graph and its layout, ready to draw: n nodes and then the k badges of portals, m edges and
    then the k stubs of the badges.

    ids: (n,); index: where nodes are, those in folded groups too; boxes: float64 (n + k, 4) of x,
    y, width, height; shapes, families: uint8 (n + k,); ends: int32 (m + k, 2); roles: uint8
    (m + k,); neighbours of node i are targets[offsets[i]:offsets[i + 1]], reached over the edges
    via[...] of the same slice; captions: name and size of the group in each frame;
    sideways: as in Layout.
    """

    ids: list[NodeId]
    index: dict[NodeId, int]
    cards: list[Card]
    boxes: NDArray[np.float64]
    shapes: NDArray[np.uint8]
    families: NDArray[np.uint8]
    ends: NDArray[np.int32]
    roles: NDArray[np.uint8]
    routes: Routes
    bounds: Rect
    offsets: Indices
    targets: Indices
    via: Indices
    badges: Badges
    frames: Frames
    captions: list[tuple[str, str]]
    sideways: bool

    @classmethod
    def build(cls, graph: nx.MultiDiGraph[NodeId], layout: Layout) -> Scene:
        """Gather `graph`'s words and `layout`'s places."""
        badges = layout.badges
        cards = cards_of(graph, layout.ids).dealt()
        cards += badge_cards(layout, cards)
        n = len(layout.ids)
        stubs = np.stack([n + np.arange(len(badges)), badges.nodes], axis=1)
        given = np.asarray(layout.edge_ends, np.int32).reshape(-1, 2)
        leaving = given[badges.edges[badges.edge_starts[:-1]], 0] == badges.nodes
        stubs[leaving] = stubs[leaving, ::-1]
        ends = np.concatenate([given, stubs]).astype(np.int32)
        roles = np.concatenate([layout.roles, badges.roles]).astype(np.uint8)
        points = np.concatenate([np.reshape(layout.points, (-1, 2)), badges.points])
        starts = np.concatenate([layout.starts, badges.starts[1:] + layout.starts[-1]])
        return cls(
            ids=list(layout.ids),
            index=_index(graph, layout),
            cards=cards,
            boxes=np.concatenate([np.reshape(layout.boxes, (-1, 4)), badges.boxes], dtype=float),
            shapes=np.array([card.shape for card in cards], np.uint8),
            families=np.array([card.family for card in cards], np.uint8),
            ends=ends,
            roles=roles,
            routes=flatten(points, starts, roles),
            bounds=Rect(*layout.bounds),
            **_adjacency(ends, len(cards), badges),
            badges=badges,
            frames=layout.frames,
            captions=[graph.graph["captions"][group] for group in layout.frames.ids],
            sideways=layout.sideways,
        )

    def placed(self, layout: Layout) -> Scene:
        """Return the same nodes and edges where another layout has them."""
        badges = layout.badges
        points = np.concatenate([np.reshape(layout.points, (-1, 2)), badges.points])
        starts = np.concatenate([layout.starts, badges.starts[1:] + layout.starts[-1]])
        return replace(
            self,
            boxes=np.concatenate([np.reshape(layout.boxes, (-1, 4)), badges.boxes], dtype=float),
            routes=flatten(points, starts, self.roles),
            bounds=Rect(*layout.bounds),
            badges=badges,
            frames=layout.frames,
        )

    @property
    def n_edges(self) -> int:
        """How many edges the graph has; stubs of badges come after them."""
        return len(self.ends) - len(self.badges)

    def drawn(self, edges: Indices) -> Indices:
        """Return edges with the stubs of their badges in the place of those that have some."""
        portals = np.isin(self.badges.edges, edges)
        if not portals.any():
            return edges
        owner = np.repeat(np.arange(len(self.badges)), np.diff(self.badges.edge_starts))
        rest = edges[~np.isin(edges, self.badges.edges)]
        return np.concatenate([rest, self.n_edges + np.unique(owner[portals])])

    def far_nodes(self, badge: int) -> list[int]:
        """Return the nodes that the badge with node number `badge` leads to, in graph order."""
        k = badge - len(self.ids)
        some = self.badges.edges[self.badges.edge_starts[k] : self.badges.edge_starts[k + 1]]
        ends = np.unique(self.ends[some])
        return [int(node) for node in ends if node != self.badges.nodes[k]]

    def __len__(self) -> int:
        return len(self.ids)

    def is_drawn(self, node: int) -> bool:
        """Return whether a node is to be seen; see `only`."""
        return bool(np.isfinite(self.boxes[node, 0]))

    def box(self, node: int) -> Rect:
        return Rect(*(float(x) for x in self.boxes[node]))

    def place_of(self, group: NodeId) -> Rect | None:
        """Return the frame of an open group, or the card of a folded one."""
        if group in self.frames.ids:
            at = self.frames.ids.index(group)
            return Rect(*(float(x) for x in self.frames.boxes[at]))
        return self.box(self.index[group]) if group in self.index else None

    def nodes_in(self, area: Rect) -> Indices:
        """Return the nodes whose box touches `area`, in drawing order."""
        return np.flatnonzero(touching(self.boxes, area))

    def has_few(self, area: Rect, most: int) -> bool:
        """Return whether no more than `most` nodes touch `area`; a sample rules most out."""
        sample = self.boxes[:: max(len(self.boxes) // 1024, 1)]
        if np.count_nonzero(touching(sample, area)) > most:
            return False
        return len(self.nodes_in(area)) <= most

    def edges_in(self, area: Rect) -> Indices:
        """Return the edges whose route may touch `area`."""
        return np.flatnonzero(touching(self.routes.boxes, area))

    def only(self, nodes: Iterable[int]) -> Scene:
        """Return the same with nothing drawn but these nodes, their badges, and edges among them.

        What is not drawn has boxes of NaN; numbers stay as they are.
        """
        n, given = len(self), np.fromiter(nodes, np.intp)
        inside = np.zeros(len(self.cards), bool)
        inside[given] = True
        inside[n:] = inside[self.badges.nodes]
        drawn = inside[self.ends[:, 0]] & inside[self.ends[:, 1]]
        boxes = np.where(inside[:, None], self.boxes, np.nan)
        lines = np.where(drawn[:, None], self.routes.boxes, np.nan)
        every = np.concatenate([boxes, lines])
        every = every[np.isfinite(every[:, 0])]
        bounds = Rect(0.0, 0.0, 0.0, 0.0)
        if len(every):
            low, high = every[:, :2].min(axis=0), (every[:, :2] + every[:, 2:]).max(axis=0)
            bounds = Rect(*low.tolist(), *(high - low).tolist())
        routes = replace(self.routes, boxes=lines)
        return replace(
            self, boxes=boxes, routes=routes, bounds=bounds, frames=Frames.none(), captions=[]
        )

    def node_at(self, x: float, y: float, slack: float = 0.0) -> int:
        """Return the node under a scene point, or -1; the last drawn one wins."""
        hits = self.nodes_in(Rect(x - slack, y - slack, 2 * slack, 2 * slack))
        return int(hits[-1]) if len(hits) else -1

    def around(self, nodes: Iterable[int]) -> tuple[Indices, Indices]:
        """Return `nodes` with their neighbours, and the edges between `nodes` and those."""
        given = np.fromiter(nodes, np.intp)
        slots = spans(self.offsets[given], self.offsets[given + 1])
        near = np.unique(np.concatenate([given, self.targets[slots]]))
        return near, np.unique(self.via[slots])


def _index(graph: nx.MultiDiGraph[NodeId], layout: Layout) -> dict[NodeId, int]:
    """Return where each node is; one in a folded group is where that is."""
    index = index_of(graph, layout.ids)
    hidden = graph.graph.get("hidden") or {}
    return {**{node: index[group] for node, group in hidden.items()}, **index} if hidden else index


def touching(boxes: NDArray[np.floating[Any]], area: Rect) -> NDArray[np.bool_]:
    """Return which of the (n, 4) boxes touch `area`; boxes of NaN touch nothing."""
    x, y, width, height = boxes.T
    return np.asarray(
        (x <= area.x + area.width) & (x + width >= area.x)
        & (y <= area.y + area.height) & (y + height >= area.y)
    )  # fmt: skip


def _adjacency(ends: NDArray[np.int32], count: int, badges: Badges) -> dict[str, Indices]:
    """Return who is next to whom, over edges and stubs; a badge is next to its far ends too."""
    k = len(badges)
    owner = np.repeat(np.arange(k), np.diff(badges.edge_starts))
    far = ends[badges.edges].sum(axis=1) - badges.nodes[owner]
    here = np.concatenate([ends[:, 0], ends[:, 1], count - k + owner]).astype(np.intp)
    there = np.concatenate([ends[:, 1], ends[:, 0], far]).astype(np.intp)
    edge = np.concatenate([np.tile(np.arange(len(ends)), 2), len(ends) - k + owner])
    order = np.argsort(here, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(here, minlength=count))])
    return {
        "offsets": offsets.astype(np.intp),
        "targets": there[order],
        "via": edge[order].astype(np.intp),
    }
