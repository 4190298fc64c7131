"""What the recorder reads of the engine's tensors and nodes, and nothing else does.

Only slots are read: a property might warn, or make a node. See `engine.tensor.TensorBase` and
`engine.autograd.node`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import version
from engine.autograd.function import BackwardNode
from engine.autograd.node import LEAF, Port
from engine.dtype import bfloat16, cast, complex32, complex64
from engine.tape.bits import CODES
from engine.tape.schema import DTYPES, ValueFlag
from engine.tensor import Tensor, wrap


class _Codes(dict[Any, int]):
    """The code of each element type, by the engine's object for it."""

    def __missing__(self, dtype: Any) -> int:
        stored = complex64 if dtype is complex32 else dtype  # the values lie in complex64 arrays
        code = self[dtype] = CODES[stored.name]
        return code


CODES_OF = _Codes()
_REQUIRES_GRAD, _LEAF, _PARAMETER, _VIEW = (int(flag) for flag in ValueFlag)


def is_tensor(thing: object) -> bool:
    return isinstance(thing, Tensor)


def contents(tensor: Any) -> Any:
    """Return the ndarray or NumPy scalar that holds the values."""
    return tensor._a


def is_bfloat16(tensor: Any) -> bool:
    return tensor._d is bfloat16


def requires_grad_leaf(tensor: Any) -> bool:
    return tensor._g is LEAF


#: What a row of values says of a tensor: content, shape, dtype code, whether it is bfloat16, count
#: of writes, flags, and what takes its gradient (None for nothing).
Facts = tuple[Any, tuple[int, ...], int, bool, int, int, Any]


def facts(tensor: Any) -> Facts:
    dtype, edge, cell = tensor._d, tensor._g, tensor._v
    code = CODES_OF[dtype]
    if edge is None:
        flags = _LEAF
    elif edge is LEAF:
        flags = _LEAF | _REQUIRES_GRAD
        if type(tensor) is not Tensor and is_parameter(tensor):
            flags |= _PARAMETER
    else:
        flags = _REQUIRES_GRAD
    writes = 0
    if cell is not None:
        writes = version.count(tensor)
        if type(cell) is version.View:
            flags |= _VIEW
    return tensor._a, tensor._s, code, dtype is bfloat16, writes, flags, edge


def memory_cell(tensor: Any) -> Any:
    """Return what tensors that share memory share; None for one that never did."""
    cell = tensor._v
    return cell.cell if type(cell) is version.View else cell


def is_view(tensor: Any) -> bool:
    return type(tensor._v) is version.View


def view_base(tensor: Any) -> Any:
    view = tensor._v
    return view.base if type(view) is version.View else None


def views_of(tensor: Any) -> list[Any]:
    """Return weak references to the views that share a tensor's counter; no list that changes."""
    cell = memory_cell(tensor)
    return [] if cell is None else list(cell.views)


def edge_of(tensor: Any) -> tuple[Any, int]:
    """Return grad_fn and output number; LEAF for a leaf that requires grad; None for no history."""
    edge = tensor._g
    return (edge.node, edge.nr) if type(edge) is Port else (edge, 0)


def ones_for(root: Any) -> Any:
    """Return the gradient that a pass starts with where none was given."""
    return np.ones(root._s, root._d.np)


def grad_of(tensor: Any) -> Any:
    """Return what .grad is, without the warning that asking a tensor of the graph for it gives."""
    return getattr(tensor, "_grad", None)


def dtype_name(tensor: Any) -> str:
    """Return what a tape calls a tensor's element type."""
    return DTYPES[CODES_OF[tensor._d]]


def tensor_over(array: Any) -> Any:
    """Return a tensor over an array, without history."""
    return wrap(array)


def cast_for(root: Any, gradient: Any) -> Any:
    """Return a given gradient as the pass takes it: in the root's element type."""
    return cast(gradient._a, gradient._d, root._d)


def frees(node: Any) -> bool:
    """Whether a node lets go of something after a step in a pass that does not retain the graph."""
    if not node.frees:
        return False
    if isinstance(node, BackwardNode):
        own = node.__dict__
        return bool(own["_saved"] or own["_freed"])
    return True


def is_parameter(tensor: Any) -> bool:
    return any(base.__name__ == "Parameter" for base in type(tensor).__mro__)


__all__ = ["LEAF"]
