"""What two runs did besides calculating: printed, raised, assigned and cleared gradients."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any

from engine.tape.compare.alignment import paired
from engine.tape.schema import GradChange, Mark
from engine.tape.tape import Tape

_MARKS = {Mark.PRINT: ("print", "prints"), Mark.ERROR: ("error", "raises")}
_LONGEST = 60  # letters of a text that are shown

Found = tuple[str, str, int, int]


def happenings(a: Tape, b: Tape, tensors: Mapping[int, int]) -> Iterator[Found]:
    """Yield kind, words and both events (-1: none) of all that happened in one run only.

    tensors: the second tape's by those of the first.
    """
    for mark, (kind, verb) in _MARKS.items():
        yield from _texts(kind, verb, _marks(a, mark), _marks(b, mark))
    ours, theirs = _changes(a), _changes(b)
    changed = ours.keys() | {tensor for tensor, other in tensors.items() if other in theirs}
    for tensor in sorted(changed & tensors.keys()):
        other = tensors[tensor]
        one, two = ours.get(tensor, []), theirs.get(other, [])
        for i, j in paired([key for key, _ in one], [key for key, _ in two]):
            label = f"{a.tensor_label(tensor)}.grad"
            first, second = (_said(label, one, i), _said(label, two, j))
            event_a, event_b = (one[i][1] if i >= 0 else -1, two[j][1] if j >= 0 else -1)
            yield ".grad", _both(first, second), event_a, event_b


def _texts(
    kind: str, verb: str, one: list[tuple[str, int]], two: list[tuple[str, int]]
) -> Iterator[Found]:
    for i, j in paired([text for text, _ in one], [text for text, _ in two]):
        first = f"{verb} {_short(one[i][0])}" if i >= 0 else ""
        second = f"{verb} {_short(two[j][0])}" if j >= 0 else ""
        yield kind, _both(first, second), one[i][1] if i >= 0 else -1, two[j][1] if j >= 0 else -1


def _both(first: str, second: str) -> str:
    if not second:
        return f"{first}, only in the first"
    if not first:
        return f"{second}, only in the second"
    return f"{first} / {second}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def _marks(tape: Tape, kind: Mark) -> list[tuple[str, int]]:
    rows = tape.marks[tape.marks["kind"] == kind]
    pairs = zip(rows["text"].tolist(), rows["event"].tolist(), strict=True)
    return [(tape.text(text), event) for text, event in pairs]


def _changes(tape: Tape) -> dict[int, list[tuple[tuple[int, int], int]]]:
    """Return by tensor what was done to its .grad outside of steps: (kind, passes begun), event."""
    rows = tape.grads[tape.grads["kind"] != GradChange.ACCUMULATE]
    begun = tape.passes["event"].tolist()
    found: dict[int, list[tuple[tuple[int, int], int]]] = {}
    columns = (rows[name].tolist() for name in ("tensor", "kind", "event"))
    for tensor, kind, event in zip(*columns, strict=True):
        found.setdefault(tensor, []).append(((kind, bisect_left(begun, event)), event))
    return found


def _said(label: str, changes: list[tuple[tuple[int, int], Any]], at: int) -> str:
    if at < 0:
        return ""
    kind, passes = changes[at][0]
    done = {
        GradChange.SET: f"{label} is assigned",
        GradChange.CLEAR: f"{label} = None",
        GradChange.WRITE: f"{label} is written in place",
    }[GradChange(kind)]
    return f"{done} after pass {passes}" if passes else f"{done} before any pass"
