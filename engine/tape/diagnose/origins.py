"""Where the numbers of a tensor came from when no operation tells: .data, .item(), .numpy()."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.diagnose import lines
from engine.tape.schema import INTO_FUNCTION, ValueFlag

if TYPE_CHECKING:
    from engine.tape.diagnose.facts import Facts

Array = NDArray[Any]

_COPY = re.compile(r"\btorch\.tensor\(|\bnp\.array\(|deepcopy\(")
_OF_CALL = re.compile(r"[)\]]\.data\b(?!\s*[-+*/]?=[^=])")
_DATA = re.compile(r"([\w.]+)(?:\[[^\]]*\])?\.data\b(?!\s*[-+*/]?=[^=])")


class Origins:
    """What values were computed from, the ways that the graph does not know included."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def came_from(self, value: int) -> Iterator[tuple[int, int]]:
        """Yield (value, operation) for what a value was computed from; -1: read as numbers."""
        op = self._made_by(value)
        if op >= 0:
            for v in self._facts.inputs(op):
                if v >= 0:
                    yield v, op
            for v in self._written_by_number(op):
                yield v, -1
        else:
            origin = self.origin(value)
            if origin >= 0:
                yield origin, -1

    def _made_by(self, value: int) -> int:
        """Return the operation that made a value, also one that was given requires_grad since; or -1."""
        facts = self._facts
        versions = facts.tape.values["version"]
        rows = facts.values_of(int(facts.tape.values["tensor"][value]))
        same = [row for row in rows if row <= value and versions[row] == versions[value]]
        return next((op for row in same if (op := facts.made_by(row)) >= 0), -1)

    @cached_property
    def _reads(self) -> list[tuple[int, int, str]]:
        reads = self._facts.tape.reads
        return [
            (int(row["value"]), int(row["event"]), how)
            for row in reads
            if (how := self._facts.tape.text(int(row["how"]))) != INTO_FUNCTION
        ]

    def how_read(self, value: int) -> str:
        """Return how the program took numbers out of a value ("item", "numpy"), or ""."""
        return next((how for v, _, how in self._reads if v == value and how != "bool"), "")

    def origin(self, value: int) -> int:
        """Return the value that a leaf's numbers were taken from, or -1."""
        tape, row = self._facts.tape, self._facts.tape.values[value]
        if row["op"] >= 0 or row["grad_of"] >= 0 or not self._facts.floating(value):
            return -1
        mine = self._facts.array(value)
        spoken = (self._facts.code(self._first_use(value)), self._facts.at_birth("", value).code)
        taken = [name for line in spoken for name in _DATA.findall(line)]
        if taken and mine is not None:
            for other in self._like(mine, value):
                if self._facts.name(int(tape.values["tensor"][other])).split(".")[-1] in [
                    name.split(".")[-1] for name in taken
                ]:
                    return other
        if mine is not None and (through := self._through_data(mine, value)) >= 0:
            return through
        if mine is not None and any(map(_OF_CALL.search, spoken)):
            for other in self._like(mine, value):
                if tape.values["event"][other] <= row["event"] and not self._facts.is_leaf(other):
                    return other
        copied = next(filter(_COPY.search, self._made_in(value)), "")
        if mine is not None and copied:
            for other in self._like(mine, value):
                if tape.values["event"][other] <= row["event"] and self._speaks_of(copied, other):
                    return other
        for other, event, how in reversed(self._reads):
            if how == "bool" or event > row["event"] or not self._tracked_before(other):
                continue
            theirs = self._facts.array(other)
            if mine is None or theirs is None or mine.size != theirs.size:
                continue
            if np.array_equal(mine.ravel(), theirs.ravel().astype(mine.dtype), equal_nan=True):
                return other
        if mine is None:
            return -1
        found = self._of_numbers(mine, int(row["event"]))
        return found if found >= 0 or not copied else self._part_of(mine, int(row["event"]))

    def _part_of(self, array: Array, event: int) -> int:
        """Return the value in what .numpy() or .tolist() gave of which all numbers of an array are, or -1."""
        numbers = array.ravel()
        if not numbers.size or array.dtype.kind != "f" or np.isin(numbers, (0, 1, -1)).any():
            return -1
        for value, when, how in reversed(self._reads):
            if how not in ("numpy", "tolist") or when > event or not self._tracked_before(value):
                continue
            theirs = self._facts.array(value)
            if theirs is not None and np.isin(numbers, theirs.ravel().astype(array.dtype)).all():
                return value
        return -1

    def _through_data(self, mine: Array, value: int) -> int:
        """Return the computed value whose .data a leaf is by its numbers, and by what is read."""
        facts = self._facts
        if not any(".data" in source for _, source, _ in facts.cells_until(-1)):
            return -1
        for other in self._like(mine, value):
            name = facts.name(int(facts.tape.values["tensor"][other]))
            if facts.made_by(other) < 0 or not facts.requires_grad(other):
                continue
            if lines.through_data(facts.cells_until(-1), name) is not None:
                return other
        return -1

    def _made_in(self, value: int) -> list[str]:
        """Return the lines that may have made a leaf: that of its name, else that of its first use."""
        facts = self._facts
        born = facts.at_birth("", value)
        if (
            facts.tape.values["flags"][value] & ValueFlag.PARAMETER
            and "Parameter(" not in born.code
        ):
            return []  # a module made it
        if born.source != facts.source(int(facts.tape.values["event"][value])):
            return [born.code]
        return [facts.code(self._first_use(value)), born.code]

    def _speaks_of(self, line: str, value: int) -> bool:
        """Whether a line can mean a value: a leaf by its name, what is computed in other ways too."""
        facts = self._facts
        name = facts.name(int(facts.tape.values["tensor"][value])).split(".")[-1]
        return not facts.is_leaf(value) or re.search(rf"\b{re.escape(name)}\b", line) is not None

    def _of_numbers(self, array: Array, event: int) -> int:
        """Return the value whose number is the first of those that .item() or float() gave, or -1."""
        if array.ndim != 1 or array.size < 2:
            return -1
        wanted = dict.fromkeys(array.tolist(), -1)
        for value, when, how in self._reads:
            taken = how in ("item", "float") and when <= event
            theirs = self._facts.array(value) if taken else None
            if theirs is not None and self._tracked_before(value):
                number = theirs.astype(array.dtype).item()
                if number in wanted:
                    wanted[number] = value
        return -1 if -1 in wanted.values() else wanted[array[0].item()]

    def _like(self, array: Array, but: int) -> Iterator[int]:
        """Yield the values of other tensors that require a gradient and hold the same numbers."""
        tensors = self._facts.tape.values["tensor"]
        rows = np.flatnonzero(self._facts.tape.values["flags"] & ValueFlag.REQUIRES_GRAD)
        for row in rows.tolist():
            if tensors[row] != tensors[but] and self._facts.shape(row) == array.shape:
                theirs = self._facts.array(row)
                if theirs is not None and np.array_equal(theirs, array, equal_nan=True):
                    yield row

    def _first_use(self, value: int) -> int:
        users = self._facts.users(value)
        born = int(self._facts.tape.values["event"][value])
        return (
            born
            if ".data" in self._facts.code(born) or not users
            else int(self._facts.tape.ops["event"][users[0]])
        )

    def _tracked_before(self, value: int) -> bool:
        """Whether a value, or what it was detached from, requires a gradient."""
        op = int(self._facts.tape.values["op"][value])
        if self._facts.requires_grad(value) or op < 0:
            return self._facts.requires_grad(value)
        return any(v >= 0 and self._facts.requires_grad(v) for v in self._facts.inputs(op))

    def _written_by_number(self, op: int) -> Iterator[int]:
        """Yield values whose number, read before, is an argument of an operation."""
        if not self._reads:
            return
        event = int(self._facts.tape.ops["event"][op])
        numbers = [
            n for n in self._facts.params(op).values() if isinstance(n, float) and n not in (0, 1)
        ]
        for value, when, how in self._reads:
            if how != "item" or when > event or not numbers:
                continue
            array = self._facts.array(value)
            if array is not None and array.size == 1 and float(array.ravel()[0].real) in numbers:
                yield value
