"""What parameters are called while their cell still runs, or in functions that are over by its end.

A cell's end tells the names of its variables. A script is one cell, which may train for hours, and
its model may be known to a function only: its parameters are named after a pass as the variables
are by then, or else by their path in the model that was called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.tape.record.scopes import Scopes

#: Gives what the person's variables are by now.
Namespace = Callable[[], Mapping[str, object]]
Called = Callable[[Mapping[str, object]], Mapping[int, tuple[Any, str]]]


class Meanwhile:
    """Says when to look for names, and finds them."""

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes
        self._namespace: Namespace | None = None
        self._passes, self._next, self._models = 0, 1, 0
        self.given: set[int] = set()  # tensors that have their name from here

    def begin_cell(self, namespace: Namespace | None) -> None:
        """A cell begins, which runs in a namespace."""
        self._namespace, self._passes, self._next = namespace, 0, 1

    def is_due(self) -> bool:
        """A pass is over: whether to look, after 1, 2, 4, … of a cell and for a model that is new."""
        self._passes += 1
        due = self._passes == self._next or len(self._scopes.models) > self._models
        if due:
            self._next, self._models = 2 * self._passes, len(self._scopes.models)
        return due

    def names(self, called: Called) -> dict[int, tuple[Any, str]]:
        """Return tensor and name by id() of the tensor; called: what a namespace calls tensors."""
        found: dict[int, tuple[Any, str]] = {}
        if self._namespace is not None:
            try:
                found = dict(called(self._namespace()))
            except RuntimeError:  # the program just changes what is looked at
                return {}
        return self.in_models() | found

    def in_models(self) -> dict[int, tuple[Any, str]]:
        """The same of the models that were called: paths, behind a model's name if there are several."""
        models = [
            (name, {id(t): (t, path) for path, t in held}) for name, held in self._scopes.models
        ]
        outer = [
            (name, held)
            for name, held in models
            if not any(held.keys() < more.keys() for _, more in models)
        ]
        found: dict[int, tuple[Any, str]] = {}
        for name, held in outer:
            for key, (tensor, path) in held.items():
                found.setdefault(key, (tensor, path if len(outer) == 1 else f"{name}.{path}"))
        return found
