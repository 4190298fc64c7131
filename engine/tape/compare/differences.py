"""Two tapes side by side: what of one is what of the other, and where they differ."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.arguments import arguments
from engine.tape.compare.columns import CHECKED, same_ops, same_steps
from engine.tape.compare.happenings import happenings
from engine.tape.compare.pairs import Pairs
from engine.tape.compare.result import Comparison, Difference
from engine.tape.schema import ArrayFlag
from engine.tape.tape import Source, Tape

_SUMMARY = int(ArrayFlag.SUMMARY)
_LONGEST = 40  # characters of an argument that are told


def compare(a: Tape, b: Tape, check: Callable[[], object] = lambda: None) -> Comparison:
    """Return how two tapes correspond and differ. Arrays with equal checksums count as equal.

    check: is called many times a second; what it raises ends the comparison.
    """
    return _Comparer(Pairs(a, b, check), check).run()


class _Comparer:
    def __init__(self, pairs: Pairs, check: Callable[[], object]) -> None:
        self.pairs, self.a, self.b, self._check = pairs, pairs.a, pairs.b, check
        self.op_size, self.node_size = np.zeros(len(self.a.ops)), np.zeros(len(self.a.nodes))
        self.found: list[Difference] = []

    def run(self) -> Comparison:
        self._compare_passes()
        with np.errstate(all="ignore"):
            self._compare_leaves()
            self._compare_ops()
            self._compare_steps()
        pairs = self.pairs
        for kind, what, event_a, event_b in happenings(self.a, self.b, pairs.tensors()):
            self._add(kind, what, event_a, event_b, -1, -1, np.nan)
        self.found.sort(key=lambda one: one.event_a if one.event_a >= 0 else one.event_b)
        return Comparison(
            pairs.ops, pairs.values, pairs.nodes, pairs.passes, self.op_size, self.node_size,
            tuple(self.found), pairs.events(),
        )  # fmt: skip

    def _compare_passes(self) -> None:
        a, b = self.a, self.b
        count = min(len(a.passes), len(b.passes))
        for event in range(count, max(len(a.passes), len(b.passes))):
            longer, first = (a, True) if len(a.passes) > count else (b, False)
            at = int(longer.passes["event"][event])
            words = f"pass {event + 1} is only in the {'first' if first else 'second'} tape"
            self._add("passes", words, at if first else -1, -1 if first else at, -1, -1, np.nan)

    def _compare_leaves(self) -> None:
        a = self.a
        leaves = np.flatnonzero((a.values["op"] < 0) & (a.values["grad_of"] < 0))
        for value in leaves.tolist():
            twin = int(self.pairs.values[value])
            if twin >= 0 and a.values["array"][value] >= 0:
                events = int(a.values["event"][value]), int(self.b.values["event"][twin])
                self._compare_values(value, twin, f"leaf {a.label(value)}", events, -1, -1)

    def _compare_ops(self) -> None:
        a, b = self.a, self.b
        for op in np.flatnonzero(~same_ops(self.pairs)).tolist():
            self._check()
            row, other = a.ops[op], int(self.pairs.ops[op])
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
                twin = int(self.pairs.values[value])
                words = f"{name} → {a.label(value)}"
                size = self._compare_values(value, twin, words, events, op, int(row["node"]))
                self.op_size[op] = np.fmax(self.op_size[op], size)
        paired = set(self.pairs.ops.tolist())
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
        for step in np.flatnonzero(~same_steps(self.pairs)).tolist():
            self._check()
            node, other = int(a.steps["node"][step]), int(self.pairs.steps[step])
            if other < 0:
                if self.pairs.passes[a.steps["pass_"][step]] >= 0:
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

    def _distance(self, one: int, two: int) -> float:
        """Return the largest absolute difference of two arrays; 0 for equal ones, bit for bit."""
        ours, theirs = (
            tape.arrays[row][CHECKED].item() for tape, row in ((self.a, one), (self.b, two))
        )
        if ours == theirs:
            return 0.0
        if (ours[-1] | theirs[-1]) & _SUMMARY:
            return float("nan")
        left, right = self.a.array(one), self.b.array(two)
        if left.shape != right.shape:
            return float("nan")
        if left.tobytes() == right.tobytes():
            return 0.0
        return _gap(left, right) or 5e-324  # bits differ: 0.0 and -0.0

    def _add(
        self, kind: str, what: str, event_a: int, event_b: int, op: int, node: int, size: float
    ) -> None:
        sources = (_source(self.a, event_a), _source(self.b, event_b))
        self.found.append(Difference(kind, what, event_a, event_b, op, node, size, sources))


def largest_gap(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Return the largest |left - right| of two arrays of a shape; NaN where only one is NaN."""
    with np.errstate(all="ignore"):
        return _gap(left, right)


def _gap(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Return the same, where NumPy's warnings are off."""
    kind = np.complex128 if left.dtype.kind == "c" or right.dtype.kind == "c" else np.float64
    gap = np.abs(left.astype(kind) - right.astype(kind))
    largest = float(gap.max(initial=0.0))
    if math.isfinite(largest):
        return largest
    both = (left != left) & (right != right)
    return float(np.max(gap, initial=0.0, where=~(both | (left == right))))


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


def _sent(tape: Tape, step: int) -> dict[int, int]:
    """Return the rows of arrays that a step sent, by slot."""
    first, count = (int(tape.steps[c][step]) for c in ("contrib0", "n_contrib"))
    rows = tape.contributions[first : first + count]
    return dict(zip(rows["slot"].tolist(), rows["array"].tolist(), strict=True))


def _both(one: dict[int, int], two: dict[int, int]) -> list[tuple[int, int]]:
    return [(one.get(slot, -1), two.get(slot, -1)) for slot in sorted({*one, *two})]


def _source(tape: Tape, event: int) -> Source | None:
    return tape.source(int(tape.events["loc"][event])) if event >= 0 else None
