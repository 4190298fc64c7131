"""What graph model, layout and canvas say to each other: ids, nodes, boxes and routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import networkx as nx


class Kind(IntEnum):
    LEAF = 0  # a value that no recorded operation made; ref: values row
    OP = 1  # ref: ops row
    GRAD_FN = 2  # ref: nodes row
    ACCUMULATE = 3  # an AccumulateGrad node; ref: nodes row
    GROUP = 4  # several of the others in one; ref: see `ui.graph.groups`


class NodeId(NamedTuple):
    """A node of the shown graph: the same id means the same thing for a tape's whole life."""

    kind: Kind
    ref: int

    def __str__(self) -> str:
        return f"{self.kind.name.lower()}:{self.ref}"

    @classmethod
    def of(cls, text: str) -> NodeId:
        """Return the id that `str` wrote; raises ValueError."""
        kind, _, ref = text.partition(":")
        if kind.upper() not in Kind.__members__:
            raise ValueError(f"{text!r} does not name a node, as op:12 does")
        return cls(Kind[kind.upper()], int(ref))


def empty_graph() -> nx.MultiDiGraph[NodeId]:
    """Return a graph without nodes. The first one loads networkx, 0.2 s in the thread that draws:
    a window begins without, and modules that only speak of graphs import it for the types alone.
    """
    import networkx as nx

    return nx.MultiDiGraph()


class Role(IntEnum):
    DATA = 0  # a tensor flows forward: downward
    GRAD = 1  # a cotangent flows backward: upward
    TIE = 2  # an operation and its grad_fn: dotted


@dataclass(frozen=True, slots=True)
class Badges:
    """Portals: each end of an edge that is too far to be drawn has a badge with a short stub.

    boxes: float32 (k, 4) as in Layout; nodes, far: int32 (k,), the node beside which a badge
    stands and the one to which it leads, -1 where they are several; roles: uint8 (k,); edges:
    int32, edge_starts: int32 (k + 1,), the edges that badge i stands for are
    edges[edge_starts[i]:edge_starts[i + 1]]; points, starts: the stubs, as in Layout.
    """

    boxes: NDArray[np.float32]
    nodes: NDArray[np.int32]
    far: NDArray[np.int32]
    roles: NDArray[np.uint8]
    edges: NDArray[np.int32]
    edge_starts: NDArray[np.int32]
    points: NDArray[np.float32]
    starts: NDArray[np.int32]

    @classmethod
    def none(cls) -> Badges:
        """Return those of a layout in which every edge is drawn."""
        none, zero = np.zeros(0, np.int32), np.zeros(1, np.int32)
        boxes, points = np.zeros((0, 4), np.float32), np.zeros((0, 2), np.float32)
        return cls(boxes, none, none, none.astype(np.uint8), none, zero, points, zero)

    def __len__(self) -> int:
        return len(self.nodes)


@dataclass(frozen=True, slots=True)
class Nest:
    """Groups within groups, as the layout takes them.

    ids: of the groups, those that hold others before these; parents: the number of the group
    around each, or -1; of: the number of the innermost group of each node that is in one.
    """

    ids: list[NodeId]
    parents: list[int]
    of: Mapping[NodeId, int]


@dataclass(frozen=True, slots=True)
class Frames:
    """Where groups are that show their nodes: ids (g,), boxes: float32 (g, 4) as in Layout;
    parents: int32 (g,), the frame around each, or -1; outer frames come before inner ones; homes:
    int32 (n,), the innermost frame of each of the layout's nodes, or -1."""

    ids: list[NodeId]
    boxes: NDArray[np.float32]
    parents: NDArray[np.int32]
    homes: NDArray[np.int32]

    @classmethod
    def none(cls) -> Frames:
        """Return those of a layout without groups."""
        none = np.zeros(0, np.int32)
        return cls([], np.zeros((0, 4), np.float32), none, none)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is. Coordinates are scene units (1 = one pixel at zoom 1), y downward.

    ids: the nodes, in the order of `boxes`; boxes: float32 (n, 4) of x, y, width, height (x and y
    are the upper left corner); edge_ends: int32 (m, 2) of indices into ids; edge_keys: the
    multigraph's edge keys; roles: uint8 (m,) of Role; points: float32 (p, 2), the bends of all
    routes in a row from source to target; starts: int32 (m + 1,), route i is
    points[starts[i]:starts[i + 1]], read as cubic Bezier segments (1 + 3k points), none for an
    edge that has a badge at both ends instead. sideways: it runs from left to right, not top-down.
    """

    ids: list[NodeId]
    boxes: NDArray[np.float32]
    edge_ends: NDArray[np.int32]
    edge_keys: list[int]
    roles: NDArray[np.uint8]
    points: NDArray[np.float32]
    starts: NDArray[np.int32]
    badges: Badges = field(default_factory=Badges.none)
    frames: Frames = field(default_factory=Frames.none)
    sideways: bool = False

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return x, y, width, height around all boxes and routes; zeros for an empty graph."""
        if not len(self.boxes):
            return 0.0, 0.0, 0.0, 0.0
        boxes = np.concatenate([self.boxes, self.badges.boxes, self.frames.boxes])
        low = boxes[:, :2].min(axis=0)
        high = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
        if len(self.points):
            # Column by column: reducing a long, narrow array along its length is slow.
            x, y = np.ascontiguousarray(self.points.T)
            low = np.minimum(low, (x.min(), y.min()))
            high = np.maximum(high, (x.max(), y.max()))
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


@dataclass(frozen=True, slots=True)
class CanvasState:
    """What the canvas tints at a playhead; arrays run over Layout.ids (n) and its edges (m).

    shown and visited: bool (n,); edge_lit: bool (m,), edges that a cotangent has crossed; active:
    index of the node that the playhead stands on, or -1; pulses: int32 (k,), edges on which the
    active step moves a cotangent; badges: node index -> short text ("+ 0.31") shown beside it.
    shades (n,), flows (m,): uint8, see `ui.graph.lens.Shade`, None for the canvas's own colours.
    progress: float64 (n,), how much of a folded group the pass has visited (0..1), 0 for all else;
    None without folded groups.
    """

    shown: NDArray[np.bool_]
    visited: NDArray[np.bool_]
    edge_lit: NDArray[np.bool_]
    active: int
    pulses: NDArray[np.int32]
    badges: dict[int, str]
    shades: NDArray[np.uint8] | None = None
    flows: NDArray[np.uint8] | None = None
    progress: NDArray[np.float64] | None = None
