"""What diagnoses ask of backward passes: which step sent what to which, and how large it was."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.blocks import several
from engine.tape.diagnose.measures import BAD, ZERO, Measures
from engine.tape.errors import NotKept
from engine.tape.grouped import Grouped
from engine.tape.schema import ArrayFlag
from engine.tape.tape import Tape

Array = NDArray[Any]


def column(table: str, name: str) -> cached_property[list[int]]:
    """Return a property that holds a column of a table as a list, which is quicker to ask."""
    return cached_property(lambda steps: getattr(steps.tape, table)[name].tolist())


class Steps:
    """Indices over the passes of a tape that does not grow; each is made when it is first used."""

    _senders, _slots = column("contributions", "step"), column("contributions", "slot")
    _sent_arrays, _numbers = column("contributions", "array"), column("contributions", "nr")
    _makers, _counts = column("nodes", "op"), column("steps", "n_contrib")
    _visited, _firsts = column("steps", "node"), column("steps", "contrib0")

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.measures = Measures(tape)
        self._visits = Grouped()

    def visits(self, node: int) -> list[int]:
        """Return the steps that visited a node."""
        return self._visits.rows(self.tape.steps["node"], node)

    def step_of(self, pass_: int, node: int) -> int:
        """Return the last step of a pass at a node, or -1."""
        own = [s for s in self.visits(node) if self.tape.steps["pass_"][s] == pass_]
        return own[-1] if own else -1

    def arrivals(self, step: int) -> list[int]:
        """Return the contributions of a step's pass to its node before it, in order."""
        rows, begin, end = self._arrived
        return rows[begin[step] : end[step]]

    @cached_property
    def _arrived(self) -> tuple[list[int], list[int], list[int]]:
        """Contributions by pass and node, and for each step where in them its own begin and end."""
        steps, sent = self.tape.steps, self.tape.contributions
        passes = steps["pass_"].astype(np.int64) * (len(self.tape.nodes) + 1) + 1
        wanted = passes + steps["node"]
        key = passes[sent["step"]] + sent["node"]
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        begin, end = (ordered.searchsorted(wanted, side) for side in ("left", "right"))
        last = np.append(order, -1)[end - 1]
        for step in np.flatnonzero((end > begin) & (last >= steps["contrib0"])).tolist():
            own = order[begin[step] : end[step]]  # the pass came to the node again
            end[step] = begin[step] + own.searchsorted(steps["contrib0"][step])
        return order.tolist(), begin.tolist(), end.tolist()

    def sender(self, contribution: int) -> int:
        """Return the step that a contribution comes from."""
        return self._senders[contribution]

    def node_at(self, step: int) -> int:
        """Return the node that a step visited."""
        return self._visited[step]

    def op_of(self, node: int) -> int:
        """Return the operation that made a node, or -1."""
        return self._makers[node]

    def slot(self, contribution: int) -> int:
        """Return the edge of its node that a contribution went along."""
        return self._slots[contribution]

    def number(self, contribution: int) -> int:
        """Return the output of the node it goes to that a contribution is for."""
        return self._numbers[contribution]

    def contributions(self, step: int) -> range:
        first = self._firsts[step]
        return range(first, first + self._counts[step])

    def hooked(self, step: int) -> bool:
        """Whether a hook changed what came in at a step."""
        if not len(self.tape.cotangents):
            return False
        given = self.tape.cotangents["step"]
        row = bisect_left(given, step)
        return bool(row < len(given) and given[row] == step)

    # What was sent.

    def sent(self, contribution: int) -> Array | None:
        """Return what a contribution brought; None where it was not kept."""
        index = self._sent_arrays[contribution]
        try:
            return self.tape.array(index) if index >= 0 else None
        except NotKept:
            return None

    def sent_array(self, contribution: int) -> int:
        """Return the row of `arrays` of what a contribution brought, or -1."""
        return self._sent_arrays[contribution]

    def sent_rms(self, contribution: int) -> float:
        """Return the root mean square of what a contribution brought; NaN where it was not kept."""
        return self.measures.rms(self._sent_arrays[contribution])

    def sent_bad(self, contribution: int) -> bool:
        """Whether a contribution brought a NaN or an infinity."""
        return bool(self.measures.bits(self._sent_arrays[contribution]) & BAD)

    def sent_zero(self, contribution: int) -> bool:
        """Whether a contribution brought nothing but zeros."""
        return bool(self.measures.bits(self._sent_arrays[contribution]) & ZERO)

    def sent_live(self, contributions: list[int], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether each of several contributions brought something other than zero at a mask.

        They have the mask's shape. False for what was not kept.
        """
        rows = np.array([self._sent_arrays[one] for one in contributions], np.int64)
        live, read = np.zeros(len(rows), bool), rows < 0
        chosen, kept = np.flatnonzero(mask), np.flatnonzero(~read)
        for places, arrays in several(self.tape, rows[kept]):
            flat = arrays.reshape(len(arrays), -1)
            flat = flat[:, chosen] if flat.shape[1] == mask.size else flat  # else all are equal
            live[kept[places]] = (flat != 0).any(axis=1)
            read[kept[places]] = True
        for k in np.flatnonzero(~read).tolist():
            array = self.sent(contributions[k])
            live[k] = array is not None and bool((array[mask] != 0).any())
        return live

    def sent_shape(self, contribution: int) -> tuple[int, ...]:
        """Return the shape of what a contribution brought; () where nothing is known of it."""
        return self.tape.shape(self._sent_shapes[contribution]) if self._sent_shapes else ()

    @cached_property
    def _sent_shapes(self) -> list[int]:
        rows, arrays = self.tape.contributions["array"], self.tape.arrays
        shapes: list[int] = arrays["shape"][rows].tolist() if len(arrays) else []
        return shapes

    def sent_size(self, contribution: int) -> int:
        """Return how many elements a contribution brought; 0 where they were not kept."""
        return self._sizes[contribution]

    @cached_property
    def _sizes(self) -> list[int]:
        rows = self.tape.contributions["array"]
        if not len(rows) or not len(self.tape.arrays):
            return [0] * len(rows)
        arrays = self.tape.arrays[rows]
        found = self.tape.shape_sizes[arrays["shape"]]
        found = np.where((rows >= 0) & ((arrays["flags"] & ArrayFlag.SUMMARY) == 0), found, 0)
        sizes: list[int] = found.tolist()
        return sizes
