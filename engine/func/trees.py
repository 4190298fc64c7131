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
