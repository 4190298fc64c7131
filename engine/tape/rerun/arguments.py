"""Arguments of operations, read back from their texts on a tape."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

import engine
from engine.ops.table import Op
from engine.tape.tape import Tape


class Unknown(Exception):
    """An argument that a tape could not hold."""


class Arguments:
    """The arguments of a tape's operations that are no tensors, by name; equal texts are read once."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._known: dict[int, dict[str, Any]] = {-1: {}}

    def of(self, text: int) -> dict[str, Any]:
        """Return the arguments that a text holds; Unknown where one was not recorded."""
        found = self._known.get(text)
        if found is None:
            written = json.loads(self._tape.text(text))
            found = self._known[text] = {k: self._read(v, k) for k, v in written.items()}
        return found

    def _read(self, written: Any, name: str) -> Any:
        if isinstance(written, list):
            return tuple(self._read(one, name) for one in written)
        if not isinstance(written, dict):
            return written
        ((kind, content),) = written.items()
        if kind == "slice":
            return slice(*self._read(content, name))
        if kind == "ellipsis":
            return Ellipsis
        if kind == "dtype":
            return getattr(engine, content)
        if kind == "float":
            return float(content)
        if kind == "array":
            return _array(content)
        if kind == "stored":
            return self._tape.array(content)
        raise Unknown(f"its argument {name} was not recorded")


def _array(content: Any) -> Any:
    found = np.array(content) if content != [] else np.empty(0, np.int64)  # an index
    return found if found.ndim else content


def placed(op: Op, tensors: list[Any], others: dict[str, Any]) -> list[Any] | None:
    """Return the arguments of a row in the order of its signature; None if they do not fit."""
    if not others and len(tensors) == len(op.params) and not op.listed:
        return list(tensors)
    if any(name not in op.index for name in others):
        return None
    if op.broadcasts and any(v is None and op.index[k] < op.required for k, v in others.items()):
        return None  # clamp(x, max=m) is of another row than clamp(x, m)
    free = [i for i, name in enumerate(op.params) if name not in others]
    given = list(tensors)
    values = [others.get(name) for name in op.params]
    if op.listed:
        if op.params[0] in others:
            return None
        # What else may be a tensor comes behind the list and has no default.
        behind = sum(op.params[i] not in op.defaults for i in free) - 1
        count = len(given) - behind
        values[0], given, free = given[:count], given[count:], free[1:]
    if len(given) > len(free):
        return None
    for i in free:
        if given:
            values[i] = given.pop(0)
        elif op.params[i] in op.defaults:
            values[i] = op.defaults[op.params[i]]
        else:
            return None
    return values
