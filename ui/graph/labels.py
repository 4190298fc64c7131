"""The words on the nodes: titles, shapes, values, saved tensors, and where in the code they are."""

from __future__ import annotations

import numpy as np

from engine.ops import family as _family
from engine.tape.errors import TapeError
from engine.tape.schema import DTYPES
from engine.tape.tape import Tape

_VALUES_UP_TO = 10_000  # nodes; a larger graph does not read every number from the file


class Labels:
    """Texts of a tape's rows; repeated questions are answered from memory."""

    def __init__(self, tape: Tape, n_nodes: int = 0) -> None:
        self._tape = tape
        self._with_values = n_nodes <= _VALUES_UP_TO
        self._forms: dict[tuple[int, int], str] = {}
        self._places: dict[int, tuple[str, int]] = {}
        self._values = {
            column: tape.values[column].tolist() for column in ("tensor", "dtype", "shape")
        }
        self._locs = tape.events["loc"].tolist()
        self._saved = [tape.saved[column].tolist() for column in ("name", "value")]

    def form(self, value: int) -> str:
        """Return "float32[64, 512]"; for a 0-d tensor with its number: "float32 0.693"."""
        if not 0 <= value < len(self._values["dtype"]):
            return ""
        key = self._values["dtype"][value], self._values["shape"][value]
        text = self._forms.get(key)
        if text is None:
            shape = ", ".join(map(str, self._tape.shape(key[1])))
            text = self._forms[key] = f"{DTYPES[key[0]]}[{shape}]"
        if text.endswith("[]") and self._with_values:
            number = self._number(value)
            return f"{text[:-2]} {number}" if number else text
        return text

    def forms(self, first: int, count: int) -> str:
        """Return the forms of an operation's outputs."""
        shown = [self.form(value) for value in range(first, first + min(count, 3))]
        return ", ".join(shown) + (", …" if count > 3 else "")

    def shape(self, value: int) -> tuple[int, ...]:
        return self._tape.shape(self._values["shape"][value])

    def dtype(self, value: int) -> str:
        code: int = self._values["dtype"][value]
        return DTYPES[code]

    def name(self, value: int) -> str:
        """Return the variable's name of a value's tensor, "" if it has none."""
        name: str | None = self._tape.name_of(self._values["tensor"][value])
        return name or ""

    def saved(self, first: int, count: int) -> str:
        """Return "saved: mat1, mat2" for the tensors that a node keeps, "" for none."""
        texts, values = (column[first : first + count] for column in self._saved)
        names = [self._tape.text(i) for i, v in zip(texts, values, strict=True) if v >= 0]
        return f"saved: {', '.join(names)}" if names else ""

    def place(self, event: int) -> tuple[str, int]:
        """Return the cell's key and the line of the code that an event came from; ("", 0)."""
        if not 0 <= event < len(self._locs):
            return "", 0
        loc = self._locs[event]
        found = self._places.get(loc)
        if found is None:
            source = self._tape.source(loc)
            found = self._places[loc] = (source.cell, source.line) if source else ("", 0)
        return found

    def _number(self, value: int) -> str:
        try:
            content = self._tape.value(value)
        except TapeError:
            return ""  # the inspector says what is wrong with it
        return number(content.reshape(-1)[0]) if content is not None and content.size == 1 else ""


def family(name: str) -> str:
    """Return the family of an operation, "custom" for a person's own Function."""
    found = _family(name)
    return "custom" if found == "other" and name[:1].isupper() else found


def number(x: object) -> str:
    """Write one element short: "0.693", "3", "True"."""
    if isinstance(x, np.floating | float):
        return f"{float(x):.4g}"
    return str(x)
