"""To Python and NumPy and back: numbers, lists, arrays, copies, pickles, sizes."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from engine import errors, recording
from engine.autograd import mode
from engine.autograd.node import LEAF
from engine.batching.levels import nesting
from engine.dtype import (
    ALL,
    COMPLEX,
    FLOAT,
    bfloat16,
    complex32,
)
from engine.ops.api import FUNCTIONS, publish
from engine.ops.memory import as_subclass
from engine.tensor import Tensor, array, wrap
from engine.warning import once

Raw = Any


def numpy(self: Any, *, force: bool = False) -> Any:
    """The values as an ndarray that shares the memory."""
    if force:
        recording.read(self, "numpy")
        return array(self.detach())
    if self.requires_grad and mode.enabled:
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
        )
    if self._d is bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    if self._d is complex32:
        raise TypeError("Got unsupported ScalarType ComplexHalf")
    recording.read(self, "numpy")
    return array(self).view()


def item(self: Any, *extra: Any) -> Any:
    """The value of a one-element tensor as a Python number."""
    if extra:
        raise TypeError(f"TensorBase.item() takes no arguments ({len(extra)} given)")
    a = self._a
    if a.size != 1:
        raise RuntimeError(f"a Tensor with {a.size} elements cannot be converted to Scalar")
    recording.read(self, "item")
    return a.item()


def tolist(self: Any) -> Any:
    """The elements as nested lists of Python numbers."""
    recording.read(self, "tolist")
    return self._a.tolist()


def _array(self: Any, dtype: Any = None, copy: Any = None) -> Any:
    a = numpy(self)
    return a.astype(a.dtype if dtype is None else dtype, copy=bool(copy))


def _wrapped(self: Any, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    """What NumPy's functions make of tensors is a tensor again."""
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    return FUNCTIONS["from_numpy"](np.asarray(array))


def _scalar(self: Any, convert: Any) -> Any:
    if self._g is not None and mode.enabled and convert is not int:
        once(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
            "Consider using tensor.detach() first."
        )
    if self._a.size != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    recording.read(self, convert.__name__)
    if convert is not complex and self._d.category == COMPLEX:
        if self._a.item().imag:
            kind = "double" if convert is float else "int64_t"
            raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
        return convert(self._a.item().real)
    return convert(self._a.item())


def _bool(self: Any) -> bool:
    n = self._a.size
    if n != 1:
        raise RuntimeError(
            "Boolean value of Tensor with no values is ambiguous"
            if n == 0
            else "Boolean value of Tensor with more than one value is ambiguous"
        )
    recording.read(self, "bool")
    return bool(self._a.item())


def _index(self: Any) -> int:
    if self._a.size != 1 or self._d.category >= FLOAT:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    recording.read(self, "index")
    return int(self._a.item())


def _format(self: Any, spec: str) -> str:
    if not self._s and type(self) is Tensor:
        return format(self._a.item(), spec)
    return object.__format__(self, spec)


def _repr(self: Any, *, tensor_contents: Any = None) -> str:
    if nesting:
        from engine.batching.shown import shown

        return shown(self)
    from engine.printing import tensor_repr

    return tensor_repr(self)


def _len(self: Any) -> int:
    if not self._s:
        raise TypeError("len() of a 0-d tensor")
    return int(self._s[0])


def _iter(self: Any) -> Any:
    if not self._s:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))


def size(self: Any, dim: int | None = None) -> Any:
    """The shape, or its length along one dimension."""
    if dim is None:
        return self._s
    from engine.ops.helpers import axis

    if not self._s:
        raise errors.no_dims(dim)
    return self._s[axis(dim, len(self._s))]


def numel(input: Any) -> int:
    """How many elements there are."""
    return math.prod(input._s)


def _deepcopy(self: Any, memo: dict[int, Any]) -> Any:
    if id(self) in memo:
        return memo[id(self)]
    if self._g is not None and self._g is not LEAF:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol "
            "at the moment.  If you were attempting to deepcopy a module, this may be because of a "
            "torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001"
        )
    out = as_subclass(
        wrap(np.array(self._a)[()] if not self._s else np.array(self._a, order="K"), self._d),
        type(self),
    )
    memo[id(self)] = out
    if self._g is LEAF:
        out._g = LEAF
    grad = getattr(self, "_grad", None)
    if grad is not None:
        out._grad = _deepcopy(grad, memo)
    out.__dict__.update(self.__dict__)
    return out


def _rebuild(a: Any, name: str, requires_grad: bool) -> Any:
    out = wrap(a, next(d for d in ALL if d.name == name))
    out._g = LEAF if requires_grad else None
    return out


def _rebuild_meta(shape: Any, name: str, requires_grad: bool) -> Any:
    from engine.meta import make

    return make(shape, next(d for d in ALL if d.name == name), requires_grad)


def _contains(self: Any, element: Any) -> bool:
    if isinstance(element, (Tensor, numbers.Number)):
        return bool((element == self).any())
    raise RuntimeError(
        f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
    )


def _reversed(self: Any) -> Any:
    return self.flip(0) if self._s else self


def _reduce(self: Any, protocol: Any) -> Any:
    if self.is_meta:
        return _rebuild_meta, (tuple(self._s), self._d.name, self.requires_grad)
    return _rebuild, (np.array(self._a), self._d.name, self.requires_grad)


def _copy(self: Any) -> Any:
    out = as_subclass(wrap(array(self), self._d), type(self))
    out._g = LEAF if self.requires_grad else None
    return out


for _n in ("numpy", "item", "tolist", "size"):
    publish(_n, globals()[_n], function=False)
publish("numel", numel)
publish("nelement", numel, function=False)
for _n, _fn in {
    "__array__": _array, "__array_wrap__": _wrapped, "__float__": lambda self: _scalar(self, float), "__int__": lambda self: _scalar(self, int),
    "__complex__": lambda self: _scalar(self, complex), "__bool__": _bool, "__index__": _index, "__format__": _format,
    "__repr__": _repr, "__len__": _len, "__iter__": _iter, "__deepcopy__": _deepcopy, "__copy__": _copy,
    "__reduce_ex__": _reduce, "__contains__": _contains, "__reversed__": _reversed,
}.items():  # fmt: skip
    setattr(Tensor, _n, _fn)
