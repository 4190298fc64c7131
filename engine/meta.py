"""The meta device: tensors that have a shape and a type, but no data.

An operation on them computes with zeros that all lie in one place of memory, keeps the shape and
the place in the graph, and forgets the values.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from engine import overrides
from engine.autograd.node import LEAF
from engine.device import META
from engine.dtype import dtype
from engine.size import Size, intern
from engine.tensor import Tensor, new

#: Methods that need values.
_NEED_DATA = frozenset(("tolist", "numpy", "__array__", "nonzero", "cpu"))
#: Methods that need the one value there is.
_NEED_ONE = frozenset(("item", "__bool__", "__float__", "__int__", "__index__", "__complex__"))
#: What takes tensors with and without data together.
_MIXED = frozenset(
    (
        "embedding",
        "copy_",
        "module_load",
        "type_as",
        "view_as",
        "reshape_as",
        "expand_as",
        "backward",
        "is_same_size",
        "__setitem__",
        "__get__",
        "__set__",
        "swap_tensors",
        "to",
        "requires_grad_",
        "__reduce_ex__",
    )
)
#: Products, which take a tensor with data behind one without.
_PRODUCTS = ("mm", "matmul", "__matmul__", "bmm")
NO_DATA = "Cannot copy out of meta tensor; no data!"
#: In-place by name, but not writing values.
_KEPT = frozenset(("requires_grad_", "detach_"))
#: Elements beyond which a convolution is not computed, even of zeros.
_MOST = 10_000_000


@functools.cache
def kind() -> Any:
    """The class of meta tensors, which shows as Tensor."""
    body = {
        "__module__": "torch",
        "__slots__": (),
        "__torch_function__": classmethod(_compute),
        "__repr__": text,
        "__str__": text,
        "is_meta": True,
        "is_cpu": False,
    }
    return type("Tensor", (overrides.activate(),), body)


def make(shape: Any, d: dtype, requires_grad: bool = False) -> Any:
    """A meta tensor without history."""
    t = new(kind())
    t._a = np.broadcast_to(np.zeros((), d.np), tuple(shape))
    t._s, t._d, t._v = intern(t._a.shape), d, None
    t._g = LEAF if requires_grad else None
    return t


def forget(value: Any) -> Any:
    """Tensors in a result without their data."""
    if isinstance(value, Tensor):
        if isinstance(value, kind()):
            return value
        t = make(value._s, value._d)
        t._g = value._g
        return t
    if isinstance(value, (tuple, list)):
        items = [forget(v) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def text(tensor: Any, **_: Any) -> str:
    """What a meta tensor prints as."""
    shown = _text(tensor)
    return f"Parameter containing:\n{shown}" if "_is_param" in tensor.__dict__ else shown


def _text(tensor: Any) -> str:
    parts = ["...", "device='meta'", f"size={tuple(tensor._s)}"]
    if not tensor._d.is_floating_point or tensor._d.itemsize != 4:
        parts.append(f"dtype={tensor._d}")
    lines = "tensor(" + ", ".join(parts)
    g = tensor._g
    if g is not None:
        node = getattr(g, "node", g)
        more = "requires_grad=True" if g is LEAF else f"grad_fn=<{node.name().rsplit('::', 1)[-1]}>"
        lines += ", " + more if len(lines) + len(more) + 3 <= 80 else ",\n       " + more
    return lines + ")"


def _compute(cls: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    name = getattr(func, "__name__", "")
    getter = getattr(func, "name", "") if name == "__get__" else ""
    if getter == "device":
        return META
    if name == "__repr__":
        return text(args[0])
    if name in _NEED_ONE and math.prod(args[0]._s) == 1:
        raise RuntimeError("Tensor.item() cannot be called on meta tensors")
    if name in _NEED_DATA:
        if name in ("numpy", "__array__"):
            raise TypeError(
                "can't convert meta device type tensor to numpy. Use Tensor.cpu() to copy the "
                "tensor to host memory first."
            )
        raise NotImplementedError(NO_DATA)
    if name == "__setitem__" and isinstance(args[0], kind()):
        return None
    if name.endswith("_") and not name.endswith("__") and name not in _KEPT:
        return args[0]
    if not getter and name not in _MIXED and not (name in _PRODUCTS and args[0].is_meta):
        _check_places((*args, *(kwargs or {}).values()))
        if kwargs and isinstance(kwargs.get("out"), kind()):
            raise RuntimeError(
                "Attempting to copy from device cpu to device meta, but cross-device copies are not "
                "allowed!"
            )
    with overrides.DisableTorchFunctionSubclass():
        if name in ("conv1d", "conv2d", "conv3d"):
            return _convolve(func, args, kwargs or {})
        result = func(*args, **(kwargs or {}))
    return result if getter in ("grad", "_base") or name == "module_load" else forget(result)


def _check_places(values: Iterable[Any]) -> None:
    """Raise where tensors with and without data meet; a single number may lie on the CPU."""
    listed = (v if isinstance(v, (list, tuple)) else (v,) for v in values)
    tensors = [t for t in itertools.chain.from_iterable(listed) if isinstance(t, Tensor)]
    placed = [t.is_meta for t in tensors if t.is_meta or t._s]
    if len(set(placed)) == 2:
        expected, other = ("meta", "cpu") if placed[0] else ("cpu", "meta")
        raise RuntimeError(f"Tensor on device {other} is not on the expected device {expected}!")


def _convolve(func: Any, args: Any, kwargs: Any) -> Any:
    """A convolution by its formula where the result would be large: what is computed is the
    convolution of one window, for its place in the graph."""
    names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
    given: dict[str, Any] = {"bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    given |= dict(zip(names, args, strict=False)) | kwargs
    x, w = given["input"], given["weight"]
    n = len(w._s) - 2
    pairs = [_each(given[k], n) for k in ("stride", "padding", "dilation")]
    window = [d * (k - 1) + 1 for k, d in zip(w._s[2:], pairs[2], strict=True)]
    sizes = [
        (size + 2 * p - k) // s + 1
        for size, k, s, p in zip(x._s[-n:], window, pairs[0], pairs[1], strict=True)
    ]
    shape = Size((*x._s[: -n - 1], w._s[0], *sizes))
    if math.prod(shape) <= _MOST:
        return forget(func(*args, **kwargs))
    one = make((*([1] * (len(x._s) - n - 1)), x._s[-n - 1], *window), x._d)
    given |= {"input": one, "padding": 0, "stride": 1}
    part = func(*(given[k] for k in names))
    result = make(shape, x._d)
    result._g = part._g
    return result


def _each(value: Any, n: int) -> tuple[int, ...]:
    if isinstance(value, str):
        raise NotImplementedError(f"padding={value!r} of meta tensors this large is not supported")
    return (value,) * n if isinstance(value, int) else tuple(value)
