"""Values that f-strings show by their text alone, as PyTorch's own types do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def only_text(name: str) -> Callable[[Any, str], str]:
    """A `__format__` that takes no format: TypeError in PyTorch's words, with the type's full name."""

    def __format__(self: Any, spec: str) -> str:
        if spec:
            raise TypeError(f"unsupported format string passed to {name}.__format__")
        return str(self)

    return __format__
