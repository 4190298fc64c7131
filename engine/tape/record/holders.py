"""Whose a name is while a cell runs: data that a call hands on is named after it only if nobody has it."""

from __future__ import annotations

import weakref
from typing import Any


class Holders:
    """Remembers the tensors that names were given to. computed: names of results, which may live on."""

    def __init__(self) -> None:
        self.computed: set[str] = set()
        self._held: dict[str, weakref.ref[Any]] = {}

    def hold(self, name: str, tensor: Any) -> None:
        """A tensor has a name from now on."""
        self._held[name] = weakref.ref(tensor)

    def is_taken(self, name: str) -> bool:
        """Whether another tensor may still be called so."""
        held = self._held.get(name)
        return name in self.computed or (held is not None and held() is not None)
