"""`grad_fn._saved_self` and its like: what a node kept, under the names that PyTorch gives it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_RESULTS = ("result", "out", "output")
_known: set[str] = set()


class Saved:
    """An attribute of all nodes of operations; those that do not keep it say that they lack it.

    Descriptors, since a class with `__getattr__` is slow at every attribute.
    """

    __slots__ = ("_attribute", "_name")

    def __init__(self, attribute: str, name: str) -> None:
        self._attribute, self._name = attribute, name

    def __get__(self, node: Any, owner: Any) -> Any:
        if node is None:
            return self
        if self._name not in available(node.op):
            raise AttributeError(
                f"'{type(node).__name__}' object has no attribute '{self._attribute}'",
                name=self._attribute, obj=node,
            )  # fmt: skip
        return node.saved(self._name)


def available(op: Any) -> list[str]:
    """The names of what the nodes of a row may have saved, without the prefix."""
    sizes = [p + suffix for p in op.params for suffix in ("_sizes", "_sym_sizes")]
    return [*op.params, *sizes, *_RESULTS, "self_sym_numel"]


def declare(base: type, params: Iterable[str]) -> None:
    """Give the base class of nodes the attributes for arguments of these names."""
    names = set(params) - _known
    if not _known:
        names |= {*_RESULTS, "self_sym_numel"}
    _known.update(params)
    for p in names:
        for name in (p, p + "_sizes", p + "_sym_sizes"):
            for prefix in ("_saved_", "_raw_saved_"):
                setattr(base, prefix + name, Saved(prefix + name, name))
