"""The words on the nodes: titles, shapes, values, saved tensors, and where in the code they are."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.ops import family as _family
from engine.tape.errors import TapeError
from engine.tape.schema import DTYPES
from engine.tape.tape import Tape
from ui.graph.columns import Column, Ints, Words

_VALUES_UP_TO = 10_000  # nodes; a larger graph does not read every number from the file


class Labels:
    """Texts of a tape's rows."""

    def __init__(self, tape: Tape, n_nodes: int = 0) -> None:
        self._tape = tape
        self._with_values = n_nodes <= _VALUES_UP_TO
        self._named = np.unique(tape.names["tensor"])

    def form(self, value: int) -> str:
        """Return "float32[64, 512]"; for a 0-d tensor with its number: "float32 0.693"."""
        if not 0 <= value < len(self._tape.values):
            return ""
        shape, dtype = self._tape.value_shape(value), self._tape.value_dtype(value)
        if shape or not self._with_values:
            return f"{dtype}[{', '.join(map(str, shape))}]"
        number = self._number(value)
        return f"{dtype} {number}" if number else f"{dtype}[]"

    def labels(self, values: Ints) -> list[str]:
        """Return the names of rows of `values`: "w", "w.grad", "t3"."""
        rows = self._tape.values[values]
        nameless = (rows["grad_of"] < 0) & ~np.isin(rows["tensor"], self._named)
        columns = (values, rows["tensor"], nameless)
        return [
            f"t{tensor}" if bare else self._tape.label(value)
            for value, tensor, bare in zip(*(column.tolist() for column in columns), strict=True)
        ]

    def forms(self, first: int, count: int) -> str:
        """Return the forms of an operation's outputs."""
        shown = [self.form(value) for value in range(first, first + min(count, 3))]
        return ", ".join(shown) + (", …" if count > 3 else "")

    def alike(self, first: NDArray[Any], count: NDArray[Any]) -> Ints:
        """Return for each of n operations, given their outputs, one whose forms are the same."""
        values, n = self._tape.values, len(first)
        single = (count == 1) & (first >= 0) & (first < len(values))
        rows = values[first[single]]
        if self._with_values:  # a number may be any
            single[single] = self._tape.shapes["n_dim"][rows["shape"]] > 0
            rows = values[first[single]]
        code = -1 - np.arange(n)
        code[single] = rows["shape"].astype(np.int64) * len(DTYPES) + rows["dtype"]
        _, of, which = np.unique(code, return_index=True, return_inverse=True)
        return np.asarray(of[which.reshape(-1)])

    def shapes(self, values: Ints) -> Column:
        """Return the shapes of rows of `values`, None for -1."""
        return self._column(values, "shape", self._tape.shape)

    def dtypes(self, values: Ints) -> Column:
        """Return the names of their element types."""
        return self._column(values, "dtype", DTYPES.__getitem__)

    def _column(self, values: Ints, name: str, say: Callable[[int], Any]) -> Column:
        words, known = Words(), (values >= 0) & (values < len(self._tape.values))
        keys = np.full(len(values), -1)
        keys[known] = self._tape.values[name][values[known]]
        words.add(keys, lambda key: say(key) if key >= 0 else None)
        return words.finish()

    def tensors(self, values: Ints) -> Ints:
        """Return the tensors of rows of `values`, -1 for those that never had a name."""
        known = (values >= 0) & (values < len(self._tape.values))
        tensors = np.full(len(values), -1)
        tensors[known] = self._tape.values["tensor"][values[known]]
        return np.where(np.isin(tensors, self._named), tensors, -1)

    def name(self, tensor: int) -> str:
        """Return the variable's name of a tensor, "" if it has none."""
        return (self._tape.name_of(tensor) if tensor >= 0 else None) or ""

    def all_saved(self, first: NDArray[np.int32], count: NDArray[np.int32]) -> list[str]:
        """Return "saved: mat1, mat2" for the tensors that each node keeps, "" for none."""
        saved = self._tape.saved
        texts = np.where(saved["value"] >= 0, saved["name"], -1).tolist()
        known: dict[tuple[int, ...], str] = {}
        told = []
        for begin, many in zip(first.tolist(), count.tolist(), strict=True):
            key = tuple(texts[begin : begin + many])
            words = known.get(key)
            told.append(self._saved(known, key) if words is None else words)
        return told

    def _saved(self, known: dict[tuple[int, ...], str], key: tuple[int, ...]) -> str:
        names = [self._tape.text(text) for text in key if text >= 0]
        known[key] = f"saved: {', '.join(names)}" if names else ""
        return known[key]

    def places(self, events: Ints) -> Column:
        """Return the cell's key and the line of the code that events came from; ("", 0)."""
        words, known = Words(), (events >= 0) & (events < len(self._tape.events))
        locs = np.full(len(events), -1)
        locs[known] = self._tape.events["loc"][events[known]]
        words.add(locs, self._place)
        return words.finish()

    def _place(self, loc: int) -> tuple[str, int]:
        source = self._tape.source(loc)
        return (source.cell, source.line) if source else ("", 0)

    def _number(self, value: int) -> str:
        try:
            content = self._tape.value(value)
        except TapeError:
            return ""  # the inspector says what is wrong with it
        return number(content.reshape(-1)[0]) if content is not None and content.size == 1 else ""


def family(name: str) -> str:
    """Return the family of an operation, "custom" for a person's own Function."""
    found = _family(name)
    if found == "other" and name[:1].islower():
        import_module("engine.nn.kernels")  # a network's operations are known when they are there
        found = _family(name)
    return "custom" if found == "other" and name[:1].isupper() else found


def number(x: object) -> str:
    """Write one element short: "0.693", "3", "True"."""
    if isinstance(x, np.floating | float):
        return f"{float(x):.4g}"
    return str(x)
