"""What a person has set on a document for debugging, as plain values: breakpoints and watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from app.documents import Document
from engine.tape.breakpoints import Breakpoint, On, breakpoint_of

#: The key of a notebook's metadata under which it carries them.
KEY = "tapedeck"
_MOST = 1000  # of either that are read


class Notes(NamedTuple):
    """Breakpoints, and the expressions that are watched."""

    breakpoints: tuple[Breakpoint, ...] = ()
    watches: tuple[str, ...] = ()


def plain(notes: Notes, document: Document) -> dict[str, Any]:
    """Return notes as JSON holds them, {} for none; cells are told by their places."""
    places = {cell.key: place for place, cell in enumerate(document.cells)}
    points = [
        _with_key(point, lambda key: places.get(key, key))
        for point in notes.breakpoints
        if point.on is not On.NODE  # a row of one recording
    ]
    found: dict[str, Any] = {}
    if points:
        found["breakpoints"] = [point.plain() for point in points]
    if notes.watches:
        found["watches"] = list(notes.watches)
    return found


def read(plain: Any, document: Document) -> Notes:
    """Return the notes that `plain` gave for a document; what is none is left out."""
    if not isinstance(plain, dict):
        return Notes()
    keys = [cell.key for cell in document.cells]
    points = []
    for one in _list(plain.get("breakpoints")):
        try:
            points.append(breakpoint_of(_with_cell(one, keys)))
        except ValueError:
            continue
    watches = [one for one in _list(plain.get("watches")) if isinstance(one, str) and one.strip()]
    return Notes(tuple(dict.fromkeys(points)), tuple(watches))


def _list(value: Any) -> Sequence[Any]:
    return value[:_MOST] if isinstance(value, list) else []


def _with_key(point: Breakpoint, place: Any) -> Breakpoint:
    if point.on is On.LINE:
        key, line = point.target
        return replace(point, target=(place(key), line))
    if point.on is On.SPOT:
        return replace(point, target=point.target._replace(key=place(point.target.key)))
    return point


def _with_cell(one: Any, keys: Sequence[str]) -> Any:
    """Return a breakpoint's plain values with the key of a cell in place of its number."""
    if not isinstance(one, list) or len(one) < 2 or not isinstance(one[1], list):
        return one
    target = list(one[1])
    at = {int(On.LINE): 0, int(On.SPOT): 1}.get(one[0]) if isinstance(one[0], int) else None
    if at is not None and at < len(target) and isinstance(target[at], int):
        if not 0 <= target[at] < len(keys):
            raise ValueError(f"there is no cell {target[at]}")
        target[at] = keys[target[at]]
    return [one[0], target, *one[2:]]
