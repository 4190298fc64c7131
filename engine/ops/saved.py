"""`grad_fn._saved_self` and its like: what a node kept, under the names that PyTorch gives it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_RESULTS = ("result", "out", "output")
_PLACES = "dim indices=result1 self_sym_sizes"
#: What the nodes show whose names differ from those of their row's arguments: `name=source` tells
#: what stands behind a name, and `name:value` what it always is.
_TABLE = {
    "MeanBackward0": "self_sym_numel self_sym_sizes",
    "MaxBackward0 MinBackward0 ModeBackward0 KthvalueBackward0 MedianBackward1": _PLACES
    + " keepdim",
    "SortBackward0 TopkBackward0": _PLACES,
    "CummaxBackward0 CumminBackward0": "dim indices=result1 self",
    "ProdBackward0 LogdetBackward0": "result self",
    "LinalgVectorNormBackward0": "dim keepdim ord=p result self",
    "StdBackward0": "correction dim keepdim result self",
    "VarBackward0": "correction dim keepdim self",
    "UnsqueezeBackward0 UnbindBackward0 StackBackward0": "dim",
    "CatBackward0": "dim",
    "WhereBackward0": "condition",
    "MaskedFillBackward0 MaskedFillBackward1": "mask",
    "GatherBackward0": "dim index self sparse_grad:False",
    "NativeLayerNormBackward0": "bias input=self normalized_shape weight",
    "EmbeddingBackward0": "indices padding_idx scale_grad_by_freq sparse:False",
    "ConvolutionBackward0": "dilation groups input=self padding stride weight",
    "MaxPool2DWithIndicesBackward0": (
        "ceil_mode=ceil dilation kernel_size=kernel padding self stride"
    ),
    "LogsumexpBackward0 AmaxBackward0 AminBackward0": "dim keepdim result self",
    "SqueezeBackward1": "dim self_sym_sizes",
    "AsStridedBackward0": "size storage_offset stride",
}
SHOWN = {node: text.split() for nodes, text in _TABLE.items() for node in nodes.split()}
_CONSTANTS = {"False": False, "True": True}


def source(node: str, name: str) -> Any:
    """Where a node has what it shows under a name; a bool is the value itself, None means nowhere."""
    for entry in SHOWN[node]:
        shown, _, behind = entry.partition("=")
        if shown == name:
            return behind or name
        shown, _, value = entry.partition(":")
        if value and shown == name:
            return _CONSTANTS[value]
    return None


def shown(node: str) -> list[str]:
    """The names under which a node of the table shows something."""
    return [entry.partition("=")[0].partition(":")[0] for entry in SHOWN[node]]


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
    if op.node.__name__ in SHOWN:
        return shown(op.node.__name__)
    sizes = [p + suffix for p in op.params for suffix in ("_sizes", "_sym_sizes")]
    return [*op.params, *sizes, *_RESULTS, "self_sym_numel"]


def declare(base: type, params: Iterable[str]) -> None:
    """Give the base class of nodes the attributes for arguments of these names."""
    names = set(params) - _known
    if not _known:
        names |= {*_RESULTS, "self_sym_numel", *(n for node in SHOWN for n in shown(node))}
    _known.update(params)
    for p in names:
        for name in (p, p + "_sizes", p + "_sym_sizes"):
            for prefix in ("_saved_", "_raw_saved_"):
                setattr(base, prefix + name, Saved(prefix + name, name))
