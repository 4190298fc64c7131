"""What the inspector shows of one node: plain values, made by `describe`, read by the widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray

from engine.tape.schema import GradChange
from ui.graph.types import NodeId


class Fact(NamedTuple):
    """One line of the table of facts."""

    label: str
    value: str


class Link(NamedTuple):
    """Another node that can be gone to. slot: which input or edge it is; node None: a dead end."""

    slot: str
    text: str
    detail: str
    node: NodeId | None


class Links(NamedTuple):
    """A titled list of links; `more` counts those that were left out."""

    title: str
    links: tuple[Link, ...]
    more: int = 0


class Line(NamedTuple):
    """A line of the person's code. cell: its key or ""; place: "cell 3, line 2 in forward"."""

    cell: str
    line: int
    text: str
    place: str


class Shown(NamedTuple):
    """An array to look at, or why there is none.

    beside: the same elsewhere (before an edit, in another recording), where that differs;
    beside_title says where.
    """

    title: str
    array: NDArray[Any] | None
    note: str = ""
    beside: NDArray[Any] | None = None
    beside_title: str = ""


class Part(NamedTuple):
    """What one path brought to a leaf within a pass."""

    text: str  # "MulBackward0"
    place: str  # "cell 3, line 2"
    delta: str


class LedgerRow(NamedTuple):
    """One change of a .grad.

    playhead: where it has just happened. title: "pass 2" or "zero_()"; place: "step 7, cell 3,
    line 2"; delta: what was added ("" for other changes); after: what .grad held then; parts: the
    paths, if there were several; past: whether it has happened at the playhead; piled: whether it
    was added on top of an earlier pass.
    """

    kind: GradChange
    playhead: int
    title: str
    place: str
    delta: str
    after: str
    parts: tuple[Part, ...]
    past: bool
    piled: bool


class Ledger(NamedTuple):
    """How a .grad came about; `earlier` and `later` count the rows that are not listed.

    verdict: what the .grad at the playhead is made of; alarming: whether several passes are in it.
    """

    title: str
    rows: tuple[LedgerRow, ...]
    earlier: int
    later: int
    verdict: str
    alarming: bool


class Leaf(NamedTuple):
    """A leaf with several iterations. name: as it is written; grads: whether passes made them."""

    tensor: int
    name: str
    grads: bool


@dataclass(frozen=True, slots=True)
class NodeView:
    """Everything the inspector shows of a node at a playhead.

    stripe: an operation's family, or "grad", "leaf", "input". editable: whether its value can be
    given another content to see what changes.
    """

    node: NodeId
    title: str
    subtitle: str
    stripe: str
    facts: tuple[Fact, ...] = ()
    links: tuple[Links, ...] = ()
    source: Line | None = None
    value: Shown | None = None
    gradient: Shown | None = None
    ledger: Ledger | None = None
    leaf: Leaf | None = None
    editable: bool = False
