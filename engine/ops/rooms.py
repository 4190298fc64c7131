"""Rooms of operations: one is imported when one of its names is first used.

So importing the engine costs little. `published` says whose a name is without importing; a test
compares it with what the rooms publish.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, TypeVar

from engine.ops.published import ROOMS

_Value = TypeVar("_Value")


def _owners() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for room, names in ROOMS.items():
        for name in " ".join(names).split():
            found.setdefault(name, []).append(room)
    return found


_OWNERS = _owners()


def functions() -> set[str]:
    """The names that rooms give to the torch namespace."""
    return {name for names in ROOMS.values() for name in f"{names.both} {names.functions}".split()}


def methods() -> set[str]:
    """The names that rooms give to Tensor."""
    return {name for names in ROOMS.values() for name in f"{names.both} {names.methods}".split()}


def publishes(name: str) -> bool:
    """Whether a room publishes `name`, as function, method or row."""
    return name in _OWNERS


def load(name: str) -> bool:
    """Import the rooms that publish `name`; whether there are any."""
    owners = _OWNERS.get(name, ())
    for room in owners:
        import_module(f"engine.ops.{room}")
    return bool(owners)


def load_all(rooms: Iterable[str] = ROOMS) -> None:
    """Import all rooms."""
    for room in rooms:
        import_module(f"engine.ops.{room}")


class Table(dict[str, _Value]):
    """A dictionary by name whose entries come with their rooms."""

    def __missing__(self, name: str) -> _Value:
        if name in self:
            return self[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        return load(str(name)) and super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the entry, or the default if no room has it either."""
        found = super().get(name)
        if found is None and load(name):
            found = super().get(name)
        return default if found is None else found


class _Later:
    """Stands on Tensor for what a room puts there."""

    def __init__(self, cls: type, name: str) -> None:
        self._cls, self._name = cls, name

    def _real(self) -> Any:
        load(self._name)
        found = self._cls.__dict__[self._name]
        if found is self:
            raise AttributeError(f"no room gives Tensor '{self._name}'")
        return found

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        real = self._real()
        return real.__get__(obj, owner) if hasattr(real, "__get__") else real

    def __set__(self, obj: Any, value: Any) -> None:
        self._real()
        object.__setattr__(obj, self._name, value)


def announce(cls: type) -> None:
    """Let `cls`, which is Tensor, have the methods of all rooms."""
    for name in methods():
        setattr(cls, name, _Later(cls, name))
