"""Which array of a tape a card stands for at a playhead, and the preview of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from engine.tape.errors import NotKept, TapeError
from engine.tape.replay import Moment, cotangents, grad_at
from engine.tape.schema import GradChange
from engine.tape.tape import Array, Tape
from ui.graph.previews import Preview, preview_of, preview_of_statistics
from ui.graph.types import Kind, NodeId

#: The arrays of a larger graph are not drawn in one picture: none could be seen, all would be read.
PREVIEWS_UP_TO = 3_000


class Source(NamedTuple):
    """What names an array for good: a row of values (LEAF, OP), of steps (GRAD_FN: what came in) or
    of grads (ACCUMULATE: what .grad holds after this change)."""

    kind: Kind
    row: int


def sources_at(tape: Tape, nodes: Iterable[NodeId], moment: Moment) -> dict[NodeId, Source]:
    """Return what each node shows at a moment; nodes that have nothing to show yet are left out."""
    found: dict[NodeId, Source] = {}
    given = list(nodes)
    steps = _steps(tape, {node.ref for node in given if node.kind == Kind.GRAD_FN}, moment)
    for node in given:
        row = -1
        if node.kind == Kind.LEAF:
            row = node.ref
        elif node.kind == Kind.OP:
            row = int(tape.ops["out0"][node.ref]) if tape.ops["n_out"][node.ref] else -1
        elif node.kind == Kind.GRAD_FN:
            row = steps.get(node.ref, -1)
        elif node.kind == Kind.ACCUMULATE:
            row = _last_change(tape, int(tape.nodes["variable"][node.ref]), moment.playhead)
        if row >= 0 and (node.kind > Kind.OP or tape.values["event"][row] < moment.playhead):
            found[node] = Source(node.kind, row)
    return found


def previews_at(tape: Tape, nodes: Sequence[NodeId], moment: Moment) -> dict[int, Preview]:
    """Read what all these nodes show at a moment, by place; nothing of too many."""
    if len(nodes) > PREVIEWS_UP_TO:
        return {}
    at = {node: place for place, node in enumerate(nodes)}
    found = ((at[n], load(tape, source)) for n, source in sources_at(tape, nodes, moment).items())
    return {place: preview for place, preview in found if preview is not None}


def load(tape: Tape, source: Source) -> Preview | None:
    """Read and shrink what a source names; None where there is nothing to show."""
    try:
        array = array_of(tape, source)
    except NotKept:
        return None  # of a sum: its parts are gone
    except TapeError:
        return None  # the inspector says what is wrong with it
    if array is not None:
        return preview_of(array)
    kept = None
    if source.kind in (Kind.LEAF, Kind.OP):
        index = int(tape.values["array"][source.row])
        kept = tape.statistics_of(index) if index >= 0 else None
    return None if kept is None else preview_of_statistics(kept)


def array_of(tape: Tape, source: Source) -> Array | None:
    """Return the array that a source names; None where it was not kept. Raises TapeError."""
    if source.kind in (Kind.LEAF, Kind.OP):
        return tape.value(source.row)
    if source.kind == Kind.GRAD_FN:
        return next((come for come in cotangents(tape, source.row) if come is not None), None)
    tensor, event = (int(tape.grads[column][source.row]) for column in ("tensor", "event"))
    return grad_at(tape, tensor, event + 1)


def _steps(tape: Tape, nodes: set[int], moment: Moment) -> dict[int, int]:
    """Return the latest step at each of the nodes in the moment's pass, before it."""
    if not nodes or moment.pass_ < 0:
        return {}
    first = bisect_left(tape.steps["event"], int(tape.passes["event"][moment.pass_]))
    rows = tape.steps[first : moment.n_steps]
    wanted = np.isin(rows["node"], list(nodes)) & (rows["pass_"] == moment.pass_)
    at = np.flatnonzero(wanted)
    return dict(zip(rows["node"][at].tolist(), (first + at).tolist(), strict=True))


def _last_change(tape: Tape, tensor: int, playhead: int) -> int:
    """Return the row of the last change of a tensor's .grad, or -1 where it holds none."""
    rows = tape.grads_of.rows(tape.grads["tensor"], tensor)
    which = bisect_left(rows, playhead, key=lambda row: int(tape.grads["event"][row]))
    if not which or tape.grads["kind"][rows[which - 1]] == GradChange.CLEAR:
        return -1
    return int(rows[which - 1])
