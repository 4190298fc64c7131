"""Expressions over the tensors of a run and their gradients, at a playhead or over time.

`norm(fc1.weight.grad)`, `loss`, `(w - w.mean()) / w.std()`: what the person calls a tensor is its
value, with `.grad` its gradient; the language is that of conditions (`engine.tape.conditions`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.conditions import ATTRIBUTES, FUNCTIONS, METHODS, Absent, Condition, ConditionError
from engine.tape.errors import NotKept
from engine.tape.history import thinned
from engine.tape.tape import Tape

#: Moments of a plot over time.
MOST = 400
_TOLD = 8  # names that a message lists
_KEY = r"\[(?:\d+|'[^']*'|\"[^\"]*\")\]"
#: A variable, with what is asked of it; and one part of that.
_PATH = re.compile(rf"(?<![\w.'\"])[A-Za-z_]\w*(?:{_KEY}|\.\w+)+")
_PART = re.compile(rf"{_KEY}|\w+")


class Plot(NamedTuple):
    """An expression over time: (k,) playheads and values, NaN where it gives no number."""

    playheads: NDArray[np.int64]
    values: NDArray[np.float64]


class Names:
    """What each name of a tape means when: its tensors' values in order of time."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        named: dict[str, list[int]] = {}
        given = tape.names[np.isin(tape.names["tensor"], tape.values["tensor"])]
        last = dict(zip(given["tensor"].tolist(), given["text"].tolist(), strict=True))
        for tensor in sorted(last):
            if name := tape.text(last[tensor]):
                named.setdefault(name, []).append(tensor)
        self.tensors = named
        self._values: dict[str, tuple[list[int], list[int]]] = {}

    def values(self, name: str) -> tuple[list[int], list[int]]:
        """Return the events at which what is called so got a content, and the rows of it."""
        found = self._values.get(name)
        if found is None:
            rows = np.flatnonzero(np.isin(self.tape.values["tensor"], self.tensors[name]))
            events = self.tape.values["event"][rows]
            order = np.argsort(events, kind="stable")
            found = self._values[name] = events[order].tolist(), rows[order].tolist()
        return found

    def value_row(self, name: str, playhead: int) -> int:
        """Return the value that a name has at a playhead, or -1 before the first."""
        events, rows = self.values(name)
        at = bisect_left(events, playhead)
        return rows[at - 1] if at else -1

    def moments(self, name: str, grad: bool) -> list[int]:
        """Return the playheads at which a tensor, or its gradient, has just changed."""
        if not grad:
            return [event + 1 for event in self.values(name)[0]]
        rows = np.isin(self.tape.grads["tensor"], self.tensors[name])
        return [int(event) + 1 for event in self.tape.grads["event"][rows]]

    def in_its_words(self, text: str) -> str:
        """Return an expression with the paths of a program, as model[0].weight or net.fc1.bias,
        turned into the names that the tape has for them: 0.weight, fc1.bias.

        An index or a key may be written in brackets or after a dot."""
        return _PATH.sub(self._named, text)

    @cached_property
    def _spelled(self) -> dict[tuple[str, ...], str]:
        """The names by their parts, however these are written: hidden[0].w as hidden.0.w."""
        return {tuple(map(_bare, _PART.findall(name))): name for name in self.tensors}

    def _named(self, match: re.Match[str]) -> str:
        found = list(_PART.finditer(match[0]))
        parts = [part[0] for part in found]
        for first in range(len(parts)):
            for last in range(len(parts), first, -1):
                name = self._spelled.get(tuple(map(_bare, parts[first:last])))
                if name and self._may_mean(name, parts[:first], parts[last:]):
                    return name + match[0][found[last - 1].end() :]
        return match[0]

    def _may_mean(self, name: str, before: list[str], after: list[str]) -> bool:
        """Whether a path can be one of these tensors, without the parts before its name."""
        asked = after[0] if after else "grad"
        if not asked.startswith("[") and asked not in (*METHODS, *ATTRIBUTES, *FUNCTIONS, "grad"):
            return False
        return len(self.tensors[name]) == 1 or not any(map(_is_key, before))


def _bare(part: str) -> str:
    """Return the index or the key in brackets without them."""
    return part[1:-1].strip("'\"") if part.startswith("[") else part


def _is_key(part: str) -> bool:
    return part.startswith("[") or part.isdecimal()


class Watch:
    """A read expression over the names of a tape; ConditionError says what it cannot be."""

    def __init__(self, text: str, names: Names) -> None:
        self.text, self._names = text.strip(), names
        self._asked: dict[str, tuple[str, bool]] = {}  # variable of the condition: name, gradient?
        if not self.text:
            raise ConditionError("write an expression, like norm(w.grad)")
        replaced = self._pattern().sub(self._variable, names.in_its_words(self.text))
        try:
            self._condition = Condition(replaced, frozenset(self._asked))
        except ConditionError as error:
            raise ConditionError(self._said(str(error))) from None

    def at(self, playhead: int) -> Any:
        """Return the value at a playhead; Absent before there is one, ConditionError if there is none."""
        values: Mapping[str, Any] = {
            variable: self._value(*self._asked[variable], playhead)
            for variable in self._condition.names
        }
        try:
            return self._condition(values)
        except Absent:
            raise
        except ConditionError as error:
            raise ConditionError(self._said(str(error))) from None

    def steps(self, playhead: int) -> list[tuple[str, Any]]:
        """Return text and value of each part that computes something, the whole one last."""
        values = {
            variable: self._value(*self._asked[variable], playhead)
            for variable in self._condition.names
        }
        return [(self._said(text), found) for text, found in self._condition.steps(values)]

    def over_time(self, cancelled: Callable[[], bool] = lambda: False) -> Plot:
        """Return the expression at the moments when what it asks for changed, thinned out evenly."""
        moments: set[int] = set()
        for variable in self._condition.names:
            moments.update(self._names.moments(*self._asked[variable]))
        playheads = thinned(np.array(sorted(moments), np.int64), MOST)
        values = np.full(len(playheads), np.nan)
        for k, playhead in enumerate(playheads.tolist()):
            if cancelled():
                break
            try:
                found = np.asarray(self.at(playhead))
            except ConditionError:
                continue
            if found.size == 1 and found.dtype.kind in "biuf":
                values[k] = float(found.reshape(()))
        return Plot(playheads, values)

    def _pattern(self) -> re.Pattern[str]:
        names = sorted(set(self._names.tensors) - set(FUNCTIONS), key=len, reverse=True)
        names += sorted(set(self._names.tensors) & set(FUNCTIONS))
        either = "|".join(map(re.escape, names)) or r"(?!)"
        return re.compile(rf"(?<![\w.'\"])({either})(\.grad)?(?![\w'\"])(?!\s*\()")

    def _variable(self, match: re.Match[str]) -> str:
        asked = match[1], bool(match[2])
        for variable, known in self._asked.items():
            if known == asked:
                return variable
        variable = f"tensor_{len(self._asked)}_"
        self._asked[variable] = asked
        return variable

    def _value(self, name: str, grad: bool, playhead: int) -> Any:
        names = self._names
        row = names.value_row(name, playhead)
        if row < 0:
            return None
        try:
            if grad:
                tensor = int(names.tape.values["tensor"][row])
                return replay.grad_at(names.tape, tensor, playhead)
            return names.tape.value(row)
        except NotKept:
            raise ConditionError(f"the elements of {name} were not kept") from None

    def _said(self, message: str) -> str:
        """A message in the person's names; of unknown names it tells which there are."""
        if " is not known; there are " in message:
            first = message.partition("; there are ")[0]
            if first.endswith("() is not known"):
                return message
            known = sorted(self._names.tensors)
            more = f" and {len(known) - _TOLD} more" if len(known) > _TOLD else ""
            there = f"{', '.join(known[:_TOLD])}{more}" if known else "no names on this tape yet"
            return f"{first}; there are {there}"
        for variable, (name, grad) in self._asked.items():
            message = message.replace(variable, f"{name}.grad" if grad else name)
        return message
