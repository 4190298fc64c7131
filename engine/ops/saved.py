"""`grad_fn._saved_self` and its like: what a node kept, under the names that PyTorch gives it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from engine import errors
from engine.ops.shown import SHOWN

_REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}
_MODES = {"sum": 0, "mean": 1, "max": 2}
#: Dimensions and places, which PyTorch keeps as unsigned 64-bit integers.
_PLACES = frozenset(("dim", "dim0", "dim1", "dim2", "dimension", "index", "diagonal", "source_dim"))
#: What rows always do that other rows with the same nodes take as an argument.
_OF_ROWS = {("square", "exponent"): 2}
_OPEN = (1 << 63) - 1
_NUMBERS = {"LinalgVectorNormBackward0": "ord", "DistBackward0": "p"}
_ARGSIZE = re.compile(r"(\w+)_sym_argsize_(minus_)?(\d+)$")
#: Nodes that keep `dim` as a tuple even when one dimension was given.
_TUPLE_DIM = frozenset(
    node + "Backward" + nr
    for node, nr in zip(
        ["Sum", "Mean", "Logsumexp", "Amax", "Amin", "Std", "Var", "StdMean", "VarMean", "Nansum"],
        "1100000000",
        strict=True,
    )
)
_ALWAYS = {"False": False, "True": True, "-1": -1, "-2": -2}


class Entry(NamedTuple):
    """One thing that a node shows: whether it is a tensor, its source or its constant value."""

    tensor: bool
    source: str
    value: Any = None


def _entry(text: str) -> tuple[str, Entry]:
    tensor = text.startswith("*")
    name, _, value = text.lstrip("*").partition(":")
    name, _, source = name.partition("=")
    return name, Entry(tensor, source or name, _ALWAYS[value] if value else None)


_tables: dict[str, dict[str, Entry]] = {}


def entries(op: Any) -> dict[str, Entry]:
    """What the nodes of a row show, by name without the prefix."""
    node = op.node.__name__
    found = _tables.get(node)
    if found is None:
        found = _tables[node] = dict(map(_entry, SHOWN.get(node, ())))
    return found


def extras(op: Any) -> tuple[set[int], bool, bool]:
    """The places of arguments that nodes keep to show them; whether one is a tensor; or the result."""
    shown = [entry for entry in entries(op).values() if entry.value is None]
    places = {op.index[entry.source] for entry in shown if entry.source in op.index}
    tensors = any(entry.tensor and entry.source in op.index for entry in shown)
    result = op.outputs == 1 and any(entry.source == "result" for entry in shown)
    return places, tensors, result


def sized(op: Any) -> set[int]:
    """The places of arguments whose sizes the nodes of a row show."""
    names = (name.removesuffix("_sym_sizes") for name in entries(op) if name.endswith("_sym_sizes"))
    return {op.index[name] for name in names if name in op.index}


def names(op: Any) -> list[str]:
    """The attributes of a node of this row for what it saved."""
    shown = entries(op)
    raw = ["_raw_saved_" + name for name, entry in shown.items() if entry.tensor]
    return sorted(raw + ["_saved_" + name for name in shown])


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
        if self._name not in entries(node.op):
            raise AttributeError(
                f"'{type(node).__name__}' object has no attribute '{self._attribute}'",
                name=self._attribute, obj=node,
            )  # fmt: skip
        return node.saved(self._name)


def declare(base: type, op: Any) -> None:
    """Give the base class of nodes the attributes of what the nodes of a row show."""
    for name in set(entries(op)) - _known:
        _known.add(name)
        for prefix in ("_saved_", "_raw_saved_"):
            setattr(base, prefix + name, Saved(prefix + name, name))


def attribute(node: Any, name: str) -> Any:
    """What a node saved under a name of its table."""
    entry = entries(node.op)[name]
    if node.args is None:
        raise errors.freed()
    if entry.value is not None:
        return _unsigned(entry.value) if name in _PLACES else entry.value
    sizes = _sizes(node, name)
    if sizes is not None:
        return sizes
    if entry.source.startswith("result") and entry.source not in node.op.index:
        return _result(node, name, int(entry.source[6:] or 0))
    constant = _OF_ROWS.get((node.op.name, name))
    if constant is not None:
        return constant
    i = node.op.index.get(entry.source)
    if i is None:
        raise _missing(node, name)
    return _argument(node, name, node.args[i])


def _missing(node: Any, name: str) -> AttributeError:
    attribute = f"_saved_{name}"
    text = f"'{type(node).__name__}' object has no attribute '{attribute}'"
    return AttributeError(text, name=attribute, obj=node)


def _result(node: Any, name: str, i: int) -> Any:
    from engine.ops.namespace import GRAPH
    from engine.ops.nodes import Packed, cell_owner, output_tensor

    outs = node.outs
    if not outs or i >= len(outs):
        raise _missing(node, name)
    a, size, dt = outs[i]
    if type(a) is Packed:
        return a.unpack(GRAPH, cell_owner(node, i))
    return output_tensor(node, i, a, size, dt)


def _meta(node: Any, name: str) -> Any:
    """The sizes of an argument, as far as the node knows them."""
    i = node.op.index.get(name)
    if i is None:
        return None
    if node.metas[i] is not None and node.metas[i][0] is not None:
        return node.metas[i][0]
    return getattr(node.args[i], "_s", None)


def _sizes(node: Any, name: str) -> Any:
    if name == "self_sym_numel":
        return node.metas[0][0].numel()
    for ending in ("_sym_sizes", "_sym_strides"):
        if name.endswith(ending):
            found = _meta(node, name.removesuffix(ending))
            if ending == "_sym_sizes":
                return tuple(found or ())
            t = node.args[node.op.index[name.removesuffix(ending)]]
            return t.stride() if hasattr(t, "stride") else ()
    found = _ARGSIZE.match(name)
    if found:
        size = _meta(node, found[1])
        return None if size is None else size[-int(found[3]) if found[2] else int(found[3])]
    return None


def _argument(node: Any, name: str, v: Any) -> Any:
    from engine.ops.namespace import GRAPH
    from engine.ops.nodes import Packed
    from engine.tensor import Tensor, wrap

    if name in ("reduction", "mode"):
        return (_REDUCTIONS if name == "reduction" else _MODES).get(v, v)
    if name == "indices" and type(v) in (list, tuple, np.ndarray):
        many = v if type(v) in (list, tuple) else (v,)
        return tuple(
            None if a == slice(None) else a
            for a in (wrap(a) if isinstance(a, np.ndarray) else a for a in many)
        )
    if type(v) is int and name in _PLACES:
        v = _unsigned(v)
    if name == "dim" and type(node).__name__ in _TUPLE_DIM:
        return (v,) if isinstance(v, int) else _all(node) if v is None else tuple(v)
    if name == "correction" and node.args[node.op.index["dim"]] is None and v == 1:
        return None
    if type(v) is float and v.is_integer() and name == _NUMBERS.get(type(node).__name__):
        return int(v)
    size = _meta(node, "self") if name == "end" and isinstance(v, int) else None
    if size and v >= size[node.args[1]]:
        return _OPEN
    if type(v) is Packed:
        return v.unpack(GRAPH)
    if isinstance(v, Tensor):
        return node._unpack(GRAPH, v)
    if entries(node.op)[name].tensor and isinstance(v, (int, float, complex)):
        return wrap(np.asarray(v))
    return tuple(v) if isinstance(v, (list, tuple)) else v


def _all(node: Any) -> Any:
    """How a node keeps that all dimensions were reduced."""
    return None if type(node).__name__.startswith(("Std", "Var", "Nansum")) else ()


def _unsigned(v: int) -> int:
    return v + (1 << 64) if v < 0 else v
