"""Names that a package loads when they are first used, so that importing it stays quick (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any


def load(package: str, table: Mapping[str, str], name: str) -> Any:
    """Return what `name` stands for, "module" or "module:attribute" in `table`, and bind it.

    AttributeError, in the words of the torch namespace, if the table does not have it.
    """
    place = table.get(name)
    if place is None:
        shown = "torch" + package.removeprefix("engine")
        raise AttributeError(f"module '{shown}' has no attribute '{name}'")
    module, _, attribute = place.partition(":")
    value: Any = import_module(module)
    if attribute:
        value = getattr(value, attribute)
    setattr(sys.modules[package], name, value)
    return value
