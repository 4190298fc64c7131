"""Names that a package loads when they are first used, so that importing it stays quick (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import FunctionType
from typing import Any


def load(package: str, table: Mapping[str, str], name: str) -> Any:
    """Return what `name` stands for, "module" or "module:attribute" in `table`, and bind it.

    AttributeError, in the words of the torch namespace, if the table does not have it.
    """
    own, shown = package, package
    if package.partition(".")[0] == "engine":
        shown = "torch" + package.removeprefix("engine")
    else:  # a module that goes by PyTorch's name
        own = "engine" + package.removeprefix("torch")
    place = table.get(name)
    if place is None:
        raise import_module("engine.absent").error(shown, name)
    module, _, attribute = place.partition(":")
    value: Any = import_module(module)
    if attribute:
        value = getattr(value, attribute)
    setattr(sys.modules[own], name, value)
    return value


def sign(namespace: dict[str, Any], package: str) -> None:
    """Let the functions and classes of a module show the name of the one PyTorch has them in."""
    for value in list(namespace.values()):
        if isinstance(value, (FunctionType, type)) and value.__module__.startswith("engine"):
            value.__module__ = package
