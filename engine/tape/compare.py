"""Two tapes side by side: what of one is what of the other, and where they differ.

Operations are aligned by their structure (name, arguments, where their inputs come from), so that
an added or removed line leaves all others in their places; leaves, nodes and passes follow from that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape.alignment import aligned
from engine.tape.arguments import arguments
from engine.tape.happenings import happenings
from engine.tape.schema import ArrayFlag, Event
from engine.tape.storage.relations import spans
from engine.tape.tape import Source, Tape

Ids = NDArray[np.int32]
Bools = NDArray[np.bool_]
_CHECKED = ("crc", "nbytes", "dtype", "flags")  # of arrays: where all are equal, they are
_CHUNK = 1 << 14  # rows that are read at once: more would keep other threads waiting
_LONGEST = 40  # characters of an argument that are told


class Difference(NamedTuple):
    """One thing that is not the same.

    kind: "value", "gradient", "shape", "arguments", "only in the first", "only in the second",
    "passes", "print", "error", ".grad" (assigned, cleared or written). what: in words. event_a,
    event_b: of each tape, or -1. op and node: rows of the first tape, or -1 (of the second where it
    is only there). size: the largest absolute difference of two elements; NaN where they cannot be
    compared. sources: the lines in both programs.
    """

    kind: str
    what: str
    event_a: int
    event_b: int
    op: int
    node: int
    size: float
    sources: tuple[Source | None, Source | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of two tapes corresponds, and every difference in the order of the first tape's events.

    ops, values, nodes, passes: for each row of the first tape the row of the second, or -1.
    op_size, node_size: per row of the first tape the largest difference of an operation's results,
    and of what a node sent; 0 where nothing differs, NaN where it has no counterpart.
    """

    ops: Ids
    values: Ids
    nodes: Ids
    passes: Ids
    op_size: NDArray[np.float64]
    node_size: NDArray[np.float64]
    differences: tuple[Difference, ...]
    _events: Ids

    @property
    def same(self) -> bool:
        return not self.differences

    def own_playhead(self, playhead: int) -> int:
        """Return the first playhead of the first tape that corresponds to one of the second."""
        return min(int(np.searchsorted(self._events, playhead)), len(self._events) - 1)

    def other_playhead(self, playhead: int) -> int:
        """Return the playhead of the second tape that corresponds to one of the first."""
        return int(self._events[max(0, min(playhead, len(self._events) - 1))])


def compare(a: Tape, b: Tape, check: Callable[[], object] = lambda: None) -> Comparison:
    """Return how two tapes correspond and differ. Arrays with equal checksums count as equal.

    check: is called many times a second; what it raises ends the comparison.
    """
    return _Comparer(a, b, check).run()


class _Comparer:
    def __init__(self, a: Tape, b: Tape, check: Callable[[], object]) -> None:
        self.a, self.b, self._check = a, b, check
        self.ops, self.values = _none(len(a.ops)), _none(len(a.values))
        self.nodes, self.passes = _none(len(a.nodes)), _none(len(a.passes))
        self.steps = _none(len(a.steps))
        self.op_size, self.node_size = np.zeros(len(a.ops)), np.zeros(len(a.nodes))
        self.found: list[Difference] = []

    def run(self) -> Comparison:
        self._pair_ops()
        self._check()
        self._pair_values()
        self._pair_passes()
        self._compare_leaves()
        self._compare_ops()
        self._compare_steps()
        for kind, what, event_a, event_b in happenings(self.a, self.b, self._tensors()):
            self._add(kind, what, event_a, event_b, -1, -1, np.nan)
        self.found.sort(key=lambda one: one.event_a if one.event_a >= 0 else one.event_b)
        return Comparison(
            self.ops, self.values, self.nodes, self.passes, self.op_size, self.node_size,
            tuple(self.found), self._linked_events(),
        )  # fmt: skip

    # --- what corresponds ------------------------------------------------------------------
    def _pair_ops(self) -> None:
        """Pair operations that are the same; between those, ones of a name with other arguments."""
        ours, theirs = _signatures(self.a), _signatures(self.b)
        names, others = ([one[:3] for one in side] for side in (ours, theirs))
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
        partner = self._tensors()
        for node in np.flatnonzero(self.a.nodes["variable"] >= 0).tolist():
            other = partner.get(int(self.a.nodes["variable"][node]), -1)
            self.nodes[node] = twins.get(other, -1)

    def _tensors(self) -> dict[int, int]:
        """Return the second tape's tensors by those of the first that they correspond to."""
        known = np.flatnonzero(self.values >= 0)
        ours = self.a.values["tensor"][known].tolist()
        theirs = self.b.values["tensor"][self.values[known]].tolist()
        return dict(zip(reversed(ours), reversed(theirs), strict=True))

    def _pair_passes(self) -> None:
        """Pair passes in order, and their steps by the nodes that they visit."""
        a, b = self.a, self.b
        count = min(len(a.passes), len(b.passes))
        self.passes[:count] = np.arange(count)
        for event in range(count, max(len(a.passes), len(b.passes))):
            longer, first = (a, True) if len(a.passes) > count else (b, False)
            at = int(longer.passes["event"][event])
            words = f"pass {event + 1} is only in the {'first' if first else 'second'} tape"
            self._add("passes", words, at if first else -1, -1 if first else at, -1, -1, np.nan)
        places = dict(_visits(b))
        for (pass_, node, nth), step in _visits(a):
            if self.passes[pass_] >= 0 and self.nodes[node] >= 0:
                key = int(self.passes[pass_]), int(self.nodes[node]), nth
                self.steps[step] = places.get(key, -1)

    def _linked_events(self) -> Ids:
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

    # --- what differs ----------------------------------------------------------------------
    def _compare_leaves(self) -> None:
        a = self.a
        leaves = np.flatnonzero((a.values["op"] < 0) & (a.values["grad_of"] < 0))
        for value in leaves.tolist():
            twin = int(self.values[value])
            if twin >= 0 and a.values["array"][value] >= 0:
                events = int(a.values["event"][value]), int(self.b.values["event"][twin])
                self._compare_values(value, twin, f"leaf {a.label(value)}", events, -1, -1)

    def _compare_ops(self) -> None:
        a, b = self.a, self.b
        for op in np.flatnonzero(~self._same_ops()).tolist():
            self._check()
            row, other = a.ops[op], int(self.ops[op])
            name, event = a.text(int(row["name"])), int(row["event"])
            if other < 0:
                self.op_size[op] = np.nan
                node = int(row["node"])
                self._add("only in the first", name, event, -1, op, node, np.nan)
                continue
            events = event, int(b.ops["event"][other])
            changed = _changed_arguments(a, op, b, other)
            if changed:
                self._add("arguments", f"{name}: {changed}", *events, op, int(row["node"]), np.nan)
            for value in range(int(row["out0"]), int(row["out0"] + row["n_out"])):
                twin = int(self.values[value])
                words = f"{name} → {a.label(value)}"
                size = self._compare_values(value, twin, words, events, op, int(row["node"]))
                self.op_size[op] = np.fmax(self.op_size[op], size)
        paired = set(self.ops.tolist())
        for other in range(len(b.ops)):
            if other not in paired:
                name = b.text(int(b.ops["name"][other]))
                event = int(b.ops["event"][other])
                self._add("only in the second", name, -1, event, other, -1, np.nan)

    def _compare_values(
        self, value: int, twin: int, words: str, events: tuple[int, int], op: int, node: int
    ) -> float:
        a, b = self.a, self.b
        one, two = int(a.values["array"][value]), int(b.values["array"][twin])
        if one < 0 or two < 0:
            return 0.0
        if a.value_shape(value) != b.value_shape(twin):
            shapes = f"{list(a.value_shape(value))} and {list(b.value_shape(twin))}"
            self._add("shape", f"{words}: {shapes}", *events, op, node, np.nan)
            return float("nan")
        size = self._distance(one, two)
        if size:
            self._add("value", words, *events, op, node, size)
        return size

    def _compare_steps(self) -> None:
        a, b = self.a, self.b
        for step in np.flatnonzero(~self._same_steps()).tolist():
            self._check()
            node, other = int(a.steps["node"][step]), int(self.steps[step])
            if other < 0:
                if self.passes[a.steps["pass_"][step]] >= 0:
                    self.node_size[node] = np.nan
                continue
            sizes = []
            for one, two in _both(_sent(a, step), _sent(b, other)):
                missing = one < 0 or two < 0
                sizes.append(float("nan") if missing else self._distance(one, two))
            size = max(sizes, default=0.0, key=lambda s: np.inf if s != s else s)
            if size:
                self.node_size[node] = np.fmax(self.node_size[node], size)
                number = int(a.steps["pass_"][step]) + 1
                words = f"{a.text(int(a.nodes['name'][node]))} in pass {number}"
                if a.nodes["variable"][node] >= 0:
                    words += f" to {a.tensor_label(int(a.nodes['variable'][node]))}.grad"
                events = int(a.steps["event"][step]), int(b.steps["event"][other])
                self._add("gradient", words, *events, int(a.nodes["op"][node]), node, size)

    def _same_ops(self) -> Bools:
        """Return for each operation whether it has a twin of equal arguments and results."""
        a, b = self.a, self.b
        same = self.ops >= 0
        ops = np.flatnonzero(same)
        owner, outs = spans(a.ops["out0"][ops], a.ops["n_out"][ops])
        twins = self.values[outs]
        one, two = a.values["array"][outs], b.values["array"][twins]
        kept = (one >= 0) & (two >= 0)
        shapes = _equal(
            a.values["shape"][outs], b.values["shape"][twins], lambda x, y: a.shape(x) == b.shape(y)
        )
        alike = ~kept | (shapes & self._same_arrays(one, two))
        same[ops[owner[~alike]]] = False
        same[ops] &= _equal(
            a.ops["params"][ops], b.ops["params"][self.ops[ops]],
            lambda x, y: a.text(x) == b.text(y),
        )  # fmt: skip
        return same

    def _same_steps(self) -> Bools:
        """Return for each step whether it has a twin that sent the same."""
        a, b = self.a, self.b
        same = self.steps >= 0
        steps = np.flatnonzero(same)
        twins = self.steps[steps]
        count = a.steps["n_contrib"][steps]
        many = count == b.steps["n_contrib"][twins]
        same[steps[~many]] = False
        steps, twins, count = steps[many], twins[many], count[many]
        owner, rows = spans(a.steps["contrib0"][steps], count)
        _, others = spans(b.steps["contrib0"][twins], count)
        sent, theirs = a.contributions, b.contributions
        one, two = sent["array"][rows], theirs["array"][others]
        alike = (sent["slot"][rows] == theirs["slot"][others]) & (one >= 0) & (two >= 0)
        alike &= self._same_arrays(one, two)
        same[steps[owner[~alike]]] = False
        return same

    def _same_arrays(self, one: Ids, two: Ids) -> Bools:
        """Return which pairs of rows of arrays are equal by their checksums; -1 says nothing."""
        same = np.ones(len(one), np.bool_)
        for column in _CHECKED:
            same &= self.a.arrays[column][one] == self.b.arrays[column][two]
        return same

    def _distance(self, one: int, two: int) -> float:
        """Return the largest absolute difference of two arrays; 0 for equal ones, bit for bit."""
        a, b = self.a.arrays[one], self.b.arrays[two]
        if all(a[c] == b[c] for c in _CHECKED):
            return 0.0
        if (a["flags"] | b["flags"]) & ArrayFlag.SUMMARY:
            return float("nan")
        left, right = self.a.array(one), self.b.array(two)
        if left.shape != right.shape:
            return float("nan")
        if left.tobytes() == right.tobytes():
            return 0.0
        return largest_gap(left, right) or 5e-324  # bits differ: 0.0 and -0.0

    def _add(
        self, kind: str, what: str, event_a: int, event_b: int, op: int, node: int, size: float
    ) -> None:
        sources = (_source(self.a, event_a), _source(self.b, event_b))
        self.found.append(Difference(kind, what, event_a, event_b, op, node, size, sources))


def largest_gap(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Return the largest |left - right| of two arrays of a shape; NaN where only one is NaN."""
    kind = np.complex128 if left.dtype.kind == "c" or right.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        gap = np.abs(left.astype(kind) - right.astype(kind))
    both = (left != left) & (right != right)
    gap = np.where(both | (left == right), 0.0, gap)
    return float(np.max(gap, initial=0.0))


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


def _signatures(tape: Tape) -> list[tuple[Any, ...]]:
    """Return for each operation what it is: name, numbers of inputs and outputs, arguments, makers."""
    makers = tape.values["op"].tolist()
    names = [tape.text(name) for name in tape.ops["name"].tolist()]
    inputs = tape.inputs["value"].tolist()
    found: list[tuple[Any, ...]] = []
    for name, in0, n_in, _, n_out, params, node, *_ in _rows(tape.ops):
        kinds = tuple(
            names[makers[value]] if makers[value] >= 0 else "" for value in inputs[in0 : in0 + n_in]
        )
        found.append((tape.text(name), n_in, n_out, tape.text(params), kinds, node >= 0))
    return found


def _rows(table: NDArray[np.void]) -> Iterator[tuple[Any, ...]]:
    for first in range(0, len(table), _CHUNK):
        yield from table[first : first + _CHUNK].tolist()


def _equal(one: NDArray[Any], two: NDArray[Any], same: Callable[[int, int], bool]) -> Bools:
    """Return for each pair of ids of two tapes whether they mean the same; asks once per kind."""
    if not len(one):
        return np.ones(0, np.bool_)
    most = int(two.max()) + 2  # -1 is an id, too
    kinds, where = np.unique((one.astype(np.int64) + 1) * most + two + 1, return_inverse=True)
    known = [same(kind // most - 1, kind % most - 1) for kind in kinds.tolist()]
    return np.array(known, np.bool_)[where]


def _changed_arguments(a: Tape, op: int, b: Tape, other: int) -> str:
    """Return "lr 0.1 → 0.2" for the arguments that are no tensors and that differ; "" for none."""
    one, two = arguments(a, op), arguments(b, other)
    return ", ".join(
        f"{name} {_short(one.get(name))} → {_short(two.get(name))}"
        for name in dict.fromkeys([*one, *two])
        if one.get(name) != two.get(name)
    )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _visits(tape: Tape) -> Iterator[tuple[tuple[int, int, int], int]]:
    """Yield (pass, node, how many visits before in it) and row of each step."""
    seen: dict[tuple[int, int], int] = {}
    pairs = zip(tape.steps["pass_"].tolist(), tape.steps["node"].tolist(), strict=True)
    for step, pair in enumerate(pairs):
        nth = seen.get(pair, 0)
        seen[pair] = nth + 1
        yield (*pair, nth), step


def _sent(tape: Tape, step: int) -> dict[int, int]:
    """Return the rows of arrays that a step sent, by slot."""
    first, count = (int(tape.steps[c][step]) for c in ("contrib0", "n_contrib"))
    rows = tape.contributions[first : first + count]
    return dict(zip(rows["slot"].tolist(), rows["array"].tolist(), strict=True))


def _both(one: dict[int, int], two: dict[int, int]) -> list[tuple[int, int]]:
    return [(one.get(slot, -1), two.get(slot, -1)) for slot in sorted({*one, *two})]


def _source(tape: Tape, event: int) -> Source | None:
    return tape.source(int(tape.events["loc"][event])) if event >= 0 else None


def _none(count: int) -> Ids:
    return np.full(count, -1, np.int32)
