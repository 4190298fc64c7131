"""Nested tuples, lists and dictionaries of tensors: taken apart and put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def leaves(tree: Any) -> list[Any]:
    """Return what is not a tuple, list or dictionary, in order."""
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in leaves(value)]
    if isinstance(tree, (tuple, list)):
        return [leaf for value in tree for leaf in leaves(value)]
    return [tree]


def _children(tree: Any) -> list[Any] | None:
    """The parts of a tuple, list or dictionary; None for a leaf."""
    if isinstance(tree, dict):
        return list(tree.values())
    return list(tree) if isinstance(tree, (tuple, list)) else None


def _context(tree: Any) -> Any:
    """What beside its parts says what a tuple, list or dictionary is."""
    if isinstance(tree, dict):
        return list(tree)
    return type(tree) if hasattr(tree, "_fields") else None


def spread(given: Any, tree: Any) -> list[Any] | None:
    """Return one value per leaf of `tree`, of which one stands for a whole part; None if the form
    of what is given is another."""
    inner, parts = _children(given), _children(tree)
    if inner is None:
        return [given] * len(leaves(tree))
    if (
        parts is None
        or type(given) is not type(tree)
        or len(inner) != len(parts)
        or _context(given) != _context(tree)
    ):
        return None
    found: list[Any] = []
    for one, part in zip(inner, parts, strict=True):
        values = spread(one, part)
        if values is None:
            return None
        found += values
    return found


def form(tree: Any, indent: int = 0) -> str:
    """Return the form of a tree in PyTorch's words."""
    parts = _children(tree)
    if parts is None:
        return "*"
    inner = (",\n" + " " * (indent + 2)).join(form(part, indent + 2) for part in parts)
    return f"TreeSpec({type(tree).__name__}, {_context(tree)}, [{inner}])"


def rebuild(tree: Any, values: Any) -> Any:
    """Return a tree of the same form with other leaves, taken from an iterator or list."""
    values = iter(values)

    def build(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: build(value) for key, value in part.items()}
        if isinstance(part, tuple) and hasattr(part, "_fields"):
            return type(part)(*(build(value) for value in part))
        if isinstance(part, (tuple, list)):
            return type(part)(build(value) for value in part)
        return next(values)

    return build(tree)


def map_leaves(function: Callable[..., Any], tree: Any) -> Any:
    """Return a tree of the same form with function(leaf) in place of each leaf."""
    return rebuild(tree, [function(leaf) for leaf in leaves(tree)])


def structure(tree: Any) -> str:
    """How a tree is nested, as text: a leaf is *."""
    if isinstance(tree, dict):
        inside = ", ".join(f"{k!r}: {structure(v)}" for k, v in tree.items())
        return f"{{{inside}}}"
    if isinstance(tree, (list, tuple)):
        inside = ", ".join(map(structure, tree))
        if isinstance(tree, list):
            return f"[{inside}]"
        return f"({inside},)" if len(tree) == 1 else f"({inside})"
    return "*"
