"""The state of all nodes at any playhead, kept while it moves: a small move costs what changed.

What exists is a prefix of the table of nodes. What a pass has visited is a prefix of its own steps,
and where each pass's steps are is indexed once, so that no seek walks through events.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.schema import Event
from engine.tape.tape import Tape

_NO_IDS = np.empty(0, np.int32)


class NodeStates(NamedTuple):
    """What holds of every node after the first `playhead` events; the arrays are views, do not keep.

    shown: whether a node exists. visits: how often the pass has come to it; the pass is the innermost
    running one, else the latest (-1: none yet). norm: the Euclidean norm of the gradient that came in
    at its latest visit in the pass, NaN where there is none or it was not measured yet. active: the
    node that the last event visited, or -1. changed: the nodes that a move touched, None for all.
    """

    playhead: int
    pass_: int
    active: int
    shown: NDArray[np.bool_]
    visits: NDArray[np.int32]
    norm: NDArray[np.float32]
    changed: NDArray[np.int32] | None

    @property
    def visited(self) -> NDArray[np.bool_]:
        return self.visits > 0


class States:
    """A playhead over a tape, which may grow meanwhile, and the state of all nodes there."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._playhead = self._shown_count = self._done = 0
        self._pass = -1
        self._own = _NO_IDS
        self._indexed = 0
        self._order, self._starts = _NO_IDS, np.zeros(1, np.int64)
        self._norms = np.empty(0, np.float32)  # per step
        self._resize()

    def seek(self, playhead: int) -> NodeStates:
        """Move to a playhead and return the state there."""
        tape = self._tape
        playhead = max(0, min(int(playhead), len(tape.events)))
        self._resize()
        touched = [self._show(bisect_left(tape.nodes["event"], playhead))]
        n_steps = bisect_left(tape.steps["event"], playhead)
        pass_, _ = replay.pass_at(tape, playhead)
        if pass_ != self._pass:
            touched.append(self._enter(pass_))
        touched.append(self._visit(bisect_left(self._own, n_steps)))
        active = -1
        if playhead and tape.events["kind"][playhead - 1] == Event.STEP:
            active = int(tape.steps["node"][tape.events["ref"][playhead - 1]])
        self._playhead = playhead
        changed = np.concatenate(touched)
        whole = None if len(changed) > len(self._shown) // 2 else changed
        return NodeStates(playhead, pass_, active, self._shown, self._visits, self._norm, whole)

    def measure(self, most: int = 1000) -> int:
        """Measure the gradients of up to `most` steps before the playhead; return how many were left.

        The latest come first. Each reads the arrays that came in, so this is for idle moments.
        """
        own = self._own[: self._done]
        left = own[np.isnan(self._norms[own])]
        for step in left[::-1][:most].tolist():
            self._norms[step] = norm_of(self._tape, step)
        recent = own[-4 * most :] if len(left) <= most else own
        self._norm[self._tape.steps["node"][recent]] = self._norms[recent]
        return max(len(left) - most, 0)

    def _resize(self) -> None:
        nodes, steps = len(self._tape.nodes), len(self._tape.steps)
        if not hasattr(self, "_shown"):
            self._shown = np.zeros(nodes, np.bool_)
            self._visits = np.zeros(nodes, np.int32)
            self._norm = np.full(nodes, np.nan, np.float32)
        elif len(self._shown) < nodes:
            more = nodes - len(self._shown)
            self._shown = np.concatenate([self._shown, np.zeros(more, np.bool_)])
            self._visits = np.concatenate([self._visits, np.zeros(more, np.int32)])
            self._norm = np.concatenate([self._norm, np.full(more, np.nan, np.float32)])
        if self._indexed < steps:
            passes = self._tape.steps["pass_"]
            self._order = np.argsort(passes, kind="stable").astype(np.int32)
            counts = np.bincount(passes, minlength=len(self._tape.passes))
            self._starts = np.concatenate([[0], np.cumsum(counts)])
            more = steps - len(self._norms)
            self._norms = np.concatenate([self._norms, np.full(more, np.nan, np.float32)])
            self._indexed = steps
            self._own = self._steps_of(self._pass)

    def _steps_of(self, pass_: int) -> NDArray[np.int32]:
        """Return the steps of a pass, in order."""
        if not 0 <= pass_ < len(self._starts) - 1:
            return _NO_IDS
        return self._order[self._starts[pass_] : self._starts[pass_ + 1]]

    def _show(self, count: int) -> NDArray[np.int32]:
        low, high = sorted((self._shown_count, count))
        self._shown[low:high] = count == high
        self._shown_count = count
        return np.arange(low, high, dtype=np.int32)

    def _enter(self, pass_: int) -> NDArray[np.int32]:
        """Forget the visits of one pass, for another one."""
        nodes = self._nodes(0, self._done)
        self._visits[nodes] = 0
        self._norm[nodes] = np.nan
        self._pass, self._own, self._done = pass_, self._steps_of(pass_), 0
        return nodes

    def _visit(self, count: int) -> NDArray[np.int32]:
        """Come to where the pass has made `count` steps."""
        low, high = sorted((self._done, count))
        nodes = self._nodes(low, high)
        forward = count == high
        if len(nodes) > 64:
            self._visits += np.bincount(nodes, minlength=len(self._visits)).astype(np.int32) * (
                1 if forward else -1
            )
        else:
            np.add.at(self._visits, nodes, 1 if forward else -1)
        if forward:
            self._norm[nodes] = self._norms[self._own[low:high]]
        else:
            self._norm[nodes] = np.nan
            self._remember(nodes, low)
        self._done = count
        return nodes

    def _remember(self, nodes: NDArray[np.int32], done: int) -> None:
        """Give nodes that stay visited after a move back the norm of the visit before."""
        again = set(nodes[self._visits[nodes] > 0].tolist())
        for at in range(done - 1, -1, -1):
            if not again:
                break
            step = int(self._own[at])
            node = int(self._tape.steps["node"][step])
            if node in again:
                self._norm[node] = self._norms[step]
                again.discard(node)

    def _nodes(self, low: int, high: int) -> NDArray[np.int32]:
        return np.asarray(self._tape.steps["node"][self._own[low:high]], np.int32)


def norm_of(tape: Tape, step: int) -> float:
    """Return the Euclidean norm of what came in at a step, over all outputs of its node.

    NaN where nothing did, infinite where an element is or the sum of squares of float64 is.
    """
    total, seen = 0.0, False
    for array in replay.cotangents(tape, step):
        if array is not None:
            seen = True
            total += _squares(array)
    return math.sqrt(total) if seen else math.nan


def _squares(array: NDArray[Any]) -> float:
    wide = np.abs(array) if array.dtype.kind == "c" else array
    flat = wide.astype(np.float64).ravel()
    with np.errstate(all="ignore"):
        return float(flat @ flat)
