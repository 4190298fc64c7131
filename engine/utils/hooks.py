"""The handle that takes a registered hook out again."""

from __future__ import annotations

import itertools
from collections.abc import MutableMapping
from typing import Any

from engine.later import sign as _sign

_ids = itertools.count()


class RemovableHandle:
    """Removes one entry from the mappings of hooks it was made for."""

    __slots__ = ("_mappings", "id")

    def __init__(self, hooks: MutableMapping[int, Any], *, extra: Any = ()) -> None:
        """`extra`: further mappings that may hold a flag under the same id."""
        self.id = next(_ids)
        self._mappings = (hooks, *(extra if isinstance(extra, (list, tuple)) else (extra,)))

    def remove(self) -> None:
        """Take the hook out; a second call does nothing."""
        for mapping in self._mappings:
            mapping.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


_sign(globals(), "torch.utils.hooks")
