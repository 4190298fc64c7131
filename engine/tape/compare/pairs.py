"""Which rows of one tape are which of another.

Operations are aligned by their structure (name, arguments, where their inputs come from), so that
an added or removed line leaves all others in their places; leaves, nodes and passes follow from that.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.tape.compare.alignment import aligned
from engine.tape.compare.result import Ids
from engine.tape.compare.structure import shapes, structures, twins
from engine.tape.schema import Event
from engine.tape.spans import spans
from engine.tape.tape import Tape


class Pairs:
    """For each row of tape `a` the row of tape `b` that it corresponds to, or -1.

    ops, values, nodes, passes, steps: one number per row of these tables of `a`.
    """

    def __init__(self, a: Tape, b: Tape, check: Callable[[], object]) -> None:
        """Pair them; check: is called between steps, and what it raises ends the pairing."""
        self.a, self.b = a, b
        self.ops, self.values = _none(len(a.ops)), _none(len(a.values))
        self.nodes, self.passes = _none(len(a.nodes)), _none(len(a.passes))
        self.steps = _none(len(a.steps))
        for pair in (self._pair_ops, self._pair_values, self._pair_passes):
            pair()
            check()

    def tensors(self) -> dict[int, int]:
        """Return the second tape's tensors by those of the first that they correspond to."""
        known = np.flatnonzero(self.values >= 0)
        ours = self.a.values["tensor"][known].tolist()
        theirs = self.b.values["tensor"][self.values[known]].tolist()
        return dict(zip(reversed(ours), reversed(theirs), strict=True))

    def events(self) -> Ids:
        """Return for each playhead of the first tape that of the second."""
        a, b = self.a, self.b
        linked = np.zeros(len(a.events) + 1, np.int32)
        for kind, rows, table in (
            (Event.OP, self.ops, "ops"), (Event.STEP, self.steps, "steps"),
            (Event.PASS, self.passes, "passes"), (Event.LEAF, self.values, "values"),
        ):  # fmt: skip
            events = np.flatnonzero(a.events["kind"] == kind)
            twins = rows[a.events["ref"][events]]
            known = twins >= 0
            linked[events[known] + 1] = getattr(b, table)["event"][twins[known]] + 1
        linked = np.maximum.accumulate(linked)
        linked[-1] = len(b.events)
        return linked

    def _pair_ops(self) -> None:
        """Pair operations that are the same; between those, ones of a name with other arguments."""
        ours, theirs = (keys.tolist() for keys in structures(self.a, self.b))
        names, others = (keys.tolist() for keys in shapes(self.a, self.b))
        at = to = 0
        for first, second, count in [*aligned(ours, theirs), (len(ours), len(theirs), 0)]:
            for start, other, many in aligned(names[at:first], others[to:second]):
                self.ops[at + start : at + start + many] = np.arange(to + other, to + other + many)
            self.ops[first : first + count] = np.arange(second, second + count)
            at, to = first + count, second + count

    def _pair_values(self) -> None:
        a, b = self.a, self.b
        ops = np.flatnonzero(self.ops >= 0)
        twins = self.ops[ops]
        _, outs = spans(a.ops["out0"][ops], a.ops["n_out"][ops])
        self.values[outs] = spans(b.ops["out0"][twins], b.ops["n_out"][twins])[1]
        made, other = a.ops["node"][ops], b.ops["node"][twins]
        both = (made >= 0) & (other >= 0)
        self.nodes[made[both]] = other[both]
        _, rows = spans(a.ops["in0"][ops], a.ops["n_in"][ops])
        inputs = a.inputs["value"][rows]
        others = b.inputs["value"][spans(b.ops["in0"][twins], b.ops["n_in"][twins])[1]]
        free = (a.values["op"][inputs] < 0) & (self.values[inputs] < 0)
        # Backwards, for a leaf goes with what its first use has in its place.
        self.values[inputs[free][::-1]] = others[free][::-1]
        self._pair_named()
        self._pair_accumulators()

    def _pair_named(self) -> None:
        """Pair leaves that only unpaired operations use by their names."""
        ours, theirs = _named_leaves(self.a), _named_leaves(self.b)
        taken = set(self.values[self.values >= 0].tolist())
        for name, value in ours.items():
            twin = theirs.get(name, -1)
            if self.values[value] < 0 and twin >= 0 and twin not in taken:
                self.values[value] = twin

    def _pair_accumulators(self) -> None:
        twins = {int(v): n for n, v in enumerate(self.b.nodes["variable"].tolist()) if v >= 0}
        partner = self.tensors()
        for node in np.flatnonzero(self.a.nodes["variable"] >= 0).tolist():
            other = partner.get(int(self.a.nodes["variable"][node]), -1)
            self.nodes[node] = twins.get(other, -1)

    def _pair_passes(self) -> None:
        """Pair passes in order, and their steps by the nodes that they visit."""
        a, b = self.a, self.b
        count = min(len(a.passes), len(b.passes))
        self.passes[:count] = np.arange(count)
        passes, nodes = self.passes[a.steps["pass_"]], self.nodes[a.steps["node"]]
        rows = np.flatnonzero((passes >= 0) & (nodes >= 0))
        self.steps[rows] = twins((passes[rows], nodes[rows]), (b.steps["pass_"], b.steps["node"]))


def _named_leaves(tape: Tape) -> dict[str, int]:
    """Return the first value of each leaf that has a name, by that name."""
    rows = np.flatnonzero((tape.values["op"] < 0) & (tape.values["grad_of"] < 0))
    tensors = tape.values["tensor"][rows]
    found: dict[str, int] = {}
    for at in np.flatnonzero(np.isin(tensors, tape.names["tensor"])).tolist():
        name = tape.name_of(int(tensors[at]))
        if name is not None:
            found.setdefault(name, int(rows[at]))
    return found


def _none(count: int) -> Ids:
    return np.full(count, -1, np.int32)
