"""Calls of nn.Module: numbered while they run, named after the attribute that holds the module."""

from __future__ import annotations

import inspect
import sys
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine import recording
from engine.tape.record.naming import of_module
from engine.tape.record.rows import Batch

_LISTS = ("ModuleList", "ModuleDict")  # which are never called themselves
_ENGINE = str(Path(recording.__file__).parent) + "/"


class Scopes:
    """Numbers the calls in the thread that makes them; `settle` writes their rows later."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._rows = batch["scopes"]
        self._rows.add(-1, -1, -1)
        self._next = self._rows.count
        self._entered: list[tuple[int, str, str]] = []
        self._open: list[tuple[int, weakref.ref[Any]]] = []
        self.latest = ""  # the name of the call that was entered last
        self._names: dict[int, tuple[weakref.ref[Any], str]] = {}
        #: Models that were called, as the calling code knows them, and what they hold by path.
        self.models: list[tuple[str, list[tuple[str, Any]]]] = []

    def enter(self, module: Any) -> int:
        """Return the number of a new call of `module` inside the running one."""
        parent = recording.scope
        if not 0 <= parent < self._next:
            parent = 0
        while self._open and self._open[-1][0] != parent:
            self._open.pop()
        name = self._child(module) if self._open else self._outermost(module)
        self.latest, number = name, self._next
        self._next += 1
        self._entered.append((parent, name, type(module).__name__))
        self._open.append((number, weakref.ref(module)))
        return number

    def settle(self) -> None:
        """Write the calls that were entered; they may have ended since."""
        text = self._batch.text
        count = len(self._entered)
        for parent, name, kind in self._entered[:count]:
            self._rows.add(parent, text(name), text(kind))
        del self._entered[:count]

    def _child(self, module: Any) -> str:
        """Return the path from the running module, past containers that are never called."""
        holders = [("", self._open[-1][1]())]
        for path, holder in holders:
            inner = (getattr(holder, "_modules", None) or {}).items()
            for name, child in inner:
                if child is module:
                    return f"{path}{name}"
            holders.extend([(f"{path}{name}.", child) for name, child in inner])
        return ""

    def _outermost(self, module: Any) -> str:
        found = self._names.get(id(module))
        if found is not None and found[0]() is module:
            return found[1]
        name = _variable(module)
        self._names[id(module)] = weakref.ref(module), name
        held = list(of_module(module))
        if held:
            self.models.append((name or type(module).__name__, held))
        return name


def _variable(module: Any) -> str:
    """Return the name under which the calling code knows a module, "" for none.

    "convs.0" of what stands in a list rather than "conv", as each of them is called in a loop.
    """
    frame = sys._getframe(2)
    while frame.f_code.co_filename.startswith(_ENGINE) and frame.f_back is not None:
        frame = frame.f_back
    held = frame.f_locals
    found = _name_in(frame.f_globals, module) or _name_in(held, module)
    if sys.version_info < (3, 13) and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        held.clear()  # a copy that the frame would keep, and with it a batch that is given up
    return found


def _name_in(names: Mapping[str, Any], module: Any) -> str:
    found = ""
    for name, value in list(names.items()):
        if name.startswith("_"):
            continue
        if value is module:
            found = found or name
        elif type(value).__name__ in _LISTS:
            for key, part in (getattr(value, "_modules", None) or {}).items():
                if part is module:
                    return f"{name}.{key}"
    return found
