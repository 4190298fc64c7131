"""What a tensor shares its memory with: detaching, subclasses, other views of it, other sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import recording, version
from engine.autograd import mode
from engine.autograd.node import LEAF
from engine.dtype import (
    COMPLEX,
    FLOAT,
<<<<<<< HEAD
    dtype,
=======
    INT,
    bfloat16,
    bool_,
    cast,
    complex64,
    complex128,
    dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    of_python,
    uint8,
>>>>>>> 97d42e1 (Make tensors from data and in sequence with PyTorch's refusals; windows; NumPy's functions give tensors)
)
from engine.ops import inplace
from engine.ops.api import FUNCTIONS, publish
from engine.ops.shape import ALIAS
from engine.ops.table import run
from engine.size import intern
from engine.tensor import TENSORS, Tensor, array, new, wrap

Raw = Any


<<<<<<< HEAD
=======
# --- conversion ----------------------------------------------------------------------------------
def _to_copy(a: Raw, dtype: dtype, source: dtype) -> Raw:
    if dtype is source:
        return np.array(a)
    r = cast(a, source, dtype)
    return np.array(r) if r is a else r


TO_COPY = define(
    "_to_copy(self, dtype, source)",
    _to_copy,
    family="pointwise",
    node="ToCopyBackward0",
    self=lambda F, g: g,
)


def warn_discards() -> None:
    warnings.warn(
        "Casting complex values to real discards the imaginary part", UserWarning, stacklevel=4
    )


def convert(t: Any, d: dtype, copy: bool = False) -> Any:
    """`t` with element type `d`; `t` itself if it has it already."""
    if t._d is d and not copy:
        return t
    if t._d is d:
        return run(CLONE, [t])
    if t._d.category == COMPLEX and d.category != COMPLEX:
        warn_discards()
    out = run(TO_COPY, [t, d, t._d])
    out._d = d
    return out


_RAW_TO = RAW.to_dtype


def to(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Another element type or device; `self` if nothing changes."""
    d: Any = of_python(kwargs.get("dtype"))
    place: Any = kwargs.get("device")
    copy = kwargs.get("copy", False)
    for a in args:
        if isinstance(a, dtype):
            d = a
        elif isinstance(a, Tensor):
            d = a._d
        elif isinstance(a, (str, Device)):
            place = a
        elif isinstance(a, type):
            d = of_python(a)
    if d is not None and not isinstance(d, dtype):
        raise TypeError(
            f"to() received an invalid combination of arguments - got (dtype={type(d).__name__}, ), but expected one of:"
        )
    check_device(place)
    return convert(self, d or self._d, copy)


def _caster(name: str, d: dtype) -> None:
    def call(self: Any, memory_format: Any = None) -> Any:
        return convert(self, d)

    call.__name__ = name
    publish(name, call, function=False, F=False)


for _name, _d in {
    "float": float32, "double": float64, "half": float16, "bfloat16": bfloat16,
    "long": int64, "int": int32, "short": int16, "char": int8, "byte": uint8,
    "bool": bool_, "cfloat": complex64, "cdouble": complex128,
}.items():  # fmt: skip
    _caster(_name, _d)
LEGACY = {d.legacy: d for d in ALL}


def type_(self: Any, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The legacy name of the type, or a conversion to one."""
    if dtype is None:
        return self._d.legacy
    if isinstance(dtype, str):
        if dtype not in LEGACY:
            raise ValueError(f"invalid type: '{dtype}'")
        dtype = LEGACY[dtype]
    if not isinstance(dtype, DType):
        if not isinstance(dtype, type):
            raise TypeError("dtype must be a type, str, or dtype object")
        if not hasattr(dtype, "dtype"):
            raise ValueError(f"invalid type: '{dtype.__name__}'")
        dtype = dtype.dtype
    return convert(self, dtype)


def type_as(self: Any, other: Any) -> Any:
    return convert(self, other._d)


>>>>>>> 97d42e1 (Make tensors from data and in sequence with PyTorch's refusals; windows; NumPy's functions give tensors)
def detach(self: Any) -> Any:
    """The same memory and version, outside the graph."""
    out = wrap(array(self), self._d)
    if not self.is_inference():
        out._v = version.cell_of(self)
    if recording.log is not None:
        recording.operation("detach", out, (self,), None)
    return out


def detach_(self: Any) -> Any:
    if type(self._v) is version.View:
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead. If you are using "
            "DistributedDataParallel (DDP) for training, and gradient_as_bucket_view is set as True, "
            "gradients are views of DDP buckets, and hence detach_() cannot be called on these "
            "gradients. To fix this error, please refer to the Optimizer.zero_grad() function in "
            "torch/optim/optimizer.py as a reference."
        )
    self._g = None
    return self


<<<<<<< HEAD
=======
def contiguous(self: Any, memory_format: Any = None) -> Any:
    return self if is_contiguous(self) else run(CLONE_C, [self])


CLONE_C = define(
    "clone(self, memory_format=None)",
    lambda a, m=None: np.array(a, order="C"),
    family="pointwise",
    key="clone_contiguous",
    self=lambda F, g: g,
)


def is_contiguous(self: Any, memory_format: Any = None) -> bool:
    a = self._a
    return not isinstance(a, np.ndarray) or bool(a.flags.c_contiguous)


def stride(self: Any, dim: int | None = None) -> Any:
    strides = element_strides(self)
    if dim is None:
        return strides
    from engine.ops.helpers import axis

    return strides[axis(dim, len(strides))]


def element_strides(t: Any) -> tuple[int, ...]:
    a = t._a
    if not isinstance(a, np.ndarray):
        return ()
    if a.flags.c_contiguous:  # NumPy leaves strides of dimensions of size 1 or 0 undefined
        out, step = [], 1
        for s in reversed(t._s):
            out.append(step)
            step *= max(s, 1)
        return tuple(reversed(out))
    return tuple(s // a.itemsize for s in a.strides)


def storage_offset(self: Any) -> int:
    root = self._v.base if type(self._v) is version.View else None
    return 0 if root is None or not self._s.numel() else inplace.geometry(root, self)[2]


def data_ptr(self: Any) -> int:
    return inplace.address(array(self))


# --- strides -------------------------------------------------------------------------------------
def _as_strided(a: Raw, size: Sequence[int], stride: Sequence[int], storage_offset: int = 0) -> Raw:
    flat = _flat_memory(np.asarray(a))
    top = storage_offset + sum((s - 1) * t for s, t in zip(size, stride, strict=True))
    if all(size) and top >= flat.size:
        need, have = (top + 1) * a.itemsize, flat.size * a.itemsize
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {storage_offset}, and "
            f"itemsize {a.itemsize} requiring a storage size of {need} are out of bounds for storage of size {have}"
        )
    return np_strided(flat[storage_offset:], tuple(size), [s * a.itemsize for s in stride])


def _flat_memory(a: Raw) -> Raw:
    """The memory of an array (of its owner, if it is a view of one) as a vector."""
    owner = a
    while isinstance(owner.base, np.ndarray) and owner.base.dtype == a.dtype:
        owner = owner.base
    if owner.flags.c_contiguous:
        return owner.reshape(-1)
    if owner.flags.f_contiguous:
        return owner.T.reshape(-1)
    return a.reshape(-1)


def _places(sizes: Any, size: Any, stride: Any, offset: int) -> Raw:
    return np_strided(
        np.arange(max(sizes.numel(), 1))[offset:], tuple(size), [8 * s for s in stride]
    )


def _as_strided_vjp(
    F: Any, g: Any, self_sizes: Any, size: Any, stride: Any, storage_offset: int
) -> Any:
    index = _places(self_sizes, size, stride, storage_offset).ravel()
    return F.scatter_into(g.reshape((-1,)), index, self_sizes.numel()).reshape(self_sizes)


AS_STRIDED = define(
    "as_strided(self, size, stride, storage_offset=0)",
    _as_strided,
    family="shape",
    view=True,
    self=_as_strided_vjp,
)


def _scatter_into(g: Raw, index: Raw, n: int) -> Raw:
    out = np.zeros(n, g.dtype)
    np.add.at(out, index, g)
    return out


SCATTER_INTO = define(
    "_scatter_into(self, index, n)",
    _scatter_into,
    family="indexing",
    key="scatter_into",
    self=lambda F, g, index: F.take_flat(g, index),
)
TAKE_FLAT = define(
    "_take_flat(self, index)",
    lambda a, index: a[index],
    family="indexing",
    key="take_flat",
    self=lambda F, g, index, self_sizes: F.scatter_into(g, index, self_sizes[0]),
)
GRAPH.scatter_into = lambda g, index, n: run(SCATTER_INTO, [g, index, n])
GRAPH.take_flat = lambda a, index: run(TAKE_FLAT, [a, index])


def _strided_scatter(a: Raw, src: Raw, size: Any, stride: Any, storage_offset: int = 0) -> Raw:
    out = np.array(a, order="C")
    np_strided(out.reshape(-1)[storage_offset:], tuple(size), [s * a.itemsize for s in stride])[
        ...
    ] = src
    return out


def _strided_scatter_self(
    F: Any, g: Any, src_sizes: Any, size: Any, stride: Any, storage_offset: int
) -> Any:
    return F.as_strided_scatter(
        g, F.zeros(src_sizes, None if F.raw else g._d), size, stride, storage_offset
    )


STRIDED_SCATTER = define(
    "as_strided_scatter(self, src, size, stride, storage_offset=0)",
    _strided_scatter,
    family="indexing",
    self=_strided_scatter_self,
    src=lambda F, g, size, stride, storage_offset: F.as_strided(
        g.contiguous() if not F.raw else np.ascontiguousarray(g), size, stride, storage_offset
    ),
)


def as_strided(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    return run(AS_STRIDED, [input, tuple(size), tuple(stride), storage_offset or 0])


def as_strided_scatter(
    input: Any, src: Any, size: Any, stride: Any, storage_offset: int = 0
) -> Any:
    return run(STRIDED_SCATTER, [input, src, tuple(size), tuple(stride), storage_offset or 0])


# --- writing -------------------------------------------------------------------------------------
def _copy_forward(a: Raw, src: Raw, *_: Any) -> Raw:
    return np.broadcast_to(src, np.shape(a))


COPY = define(
    "copy(self, src)",
    _copy_forward,
    family="inplace",
    node="CopyBackwards",
    self=lambda F, g: F.zeros_like(g),
    src=lambda F, g, src_sizes: F.sum_to(g, src_sizes),
)
COPY.node.title = "torch::autograd::CopyBackwards"


def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """Overwrite with the values of `src`, broadcast and converted."""
    if not isinstance(src, Tensor):
        src = FUNCTIONS["as_tensor"](src)
    inplace.check(self, "copy_")
    need = self._g is not None or src._g is not None
    raw = cast(src._a, src._d, self._d)
    if src._s is not self._s:
        try:
            raw = np.broadcast_to(raw, self._s)
        except ValueError:
            raise _broadcast_error(self._s, src._s) from None
    if (
        isinstance(raw, np.ndarray)
        and isinstance(self._a, np.ndarray)
        and np.may_share_memory(raw, self._a)
    ):
        raw = raw.copy()
    return inplace.store(COPY, [self, src], raw, need, "copy_")


def _broadcast_error(have: Any, given: Any) -> RuntimeError:
    from engine.ops.matmul import _expand_error

    wrong = unbroadcastable([have, given])
    if wrong is not None:
        return wrong
    if len(given) > len(have):
        return RuntimeError(
            f"output with shape {list(have)} doesn't match the broadcast shape {list(given)}"
        )
    return _expand_error(given, have)


FILL = define(
    "fill(self, value)",
    lambda a, value: np.full(np.shape(a), value, a.dtype),
    family="inplace",
    node="FillBackward2",
    self=lambda F, g: F.zeros_like(g),
)
FILL_TENSOR = define(
    "fill(self, value)",
    lambda a, value: np.broadcast_to(value, np.shape(a)),
    family="inplace",
    node="FillBackward3",
    key="fill_tensor",
    self=lambda F, g: F.zeros_like(g),
    value=lambda F, g: g.sum(),
)
ZERO = define(
    "zero(self)",
    lambda a: np.zeros(np.shape(a), a.dtype),
    family="inplace",
    node="ZeroBackward0",
    self=lambda F, g: F.zeros_like(g),
)


def fill_(self: Any, value: Any) -> Any:
    inplace.check(self, "fill_")
    if isinstance(value, Tensor):
        if value._s:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{len(value._s)} dimensions."
            )
        raw = cast(value._a, value._d, self._d)
        return inplace.store(
            FILL_TENSOR, [self, value], raw, self._g is not None or value._g is not None
        )
    return inplace.store(FILL, [self, value], _number(value, self._d), self._g is not None)


def _number(value: Any, d: dtype) -> Any:
    if isinstance(value, int) and not -(2**63) <= value < 2**63 and d.name != "uint64":
        raise ValueError("Overflow when unpacking long long")
    if isinstance(value, complex) and d.category < COMPLEX:
        raise RuntimeError(f"value cannot be converted to type {_c_type(d)} without overflow")
    if d.category == INT and isinstance(value, float) and not math.isfinite(value):
        raise RuntimeError(f"value cannot be converted to type {_c_type(d)} without overflow")
    if d.category == INT and not isinstance(value, (int, np.integer)):
        value = int(value)
    if d.category == INT and not _fits(value, d):
        raise RuntimeError(f"value cannot be converted to type {_c_type(d)} without overflow")
    return np.asarray(value).astype(d.np)[()]


def _fits(value: Any, d: dtype) -> bool:
    info = np.iinfo(d.np)
    return bool(info.min <= value <= info.max)


def _c_type(d: dtype) -> str:
    return {
        "uint8": "uint8_t",
        "int8": "int8_t",
        "int16": "int16_t",
        "int32": "int",
        "int64": "int64_t",
        "float32": "float",
        "float64": "double",
    }.get(d.name, d.name)


def zero_(self: Any) -> Any:
    inplace.check(self, "zero_")
    return inplace.store(ZERO, [self], self._d.np.type(0), self._g is not None)


# --- Python and NumPy ----------------------------------------------------------------------------
def numpy(self: Any, *, force: bool = False) -> Any:
    """The values as an ndarray that shares the memory."""
    if force:
        return array(self.detach())
    if self.requires_grad:
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
        )
    if self._d is bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    return array(self).view()


def item(self: Any, *extra: Any) -> Any:
    """The value of a one-element tensor as a Python number."""
    if extra:
        raise TypeError(f"TensorBase.item() takes no arguments ({len(extra)} given)")
    a = self._a
    if a.size != 1:
        raise RuntimeError(f"a Tensor with {a.size} elements cannot be converted to Scalar")
    return a.item()


def tolist(self: Any) -> Any:
    return self._a.tolist()


def _array(self: Any, dtype: Any = None, copy: Any = None) -> Any:
    a = numpy(self)
    return a if dtype is None else a.astype(dtype, copy=False)


def _wrapped(self: Any, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    """What NumPy's functions make of tensors is a tensor again."""
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    return FUNCTIONS["from_numpy"](np.asarray(array))


def _scalar(self: Any, convert: Any) -> Any:
    if self._a.size != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    if self._g is not None and mode.enabled:
        warnings.warn(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
            "Consider using tensor.detach() first.", UserWarning, stacklevel=3,
        )  # fmt: skip
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
    return bool(self._a.item())


def _index(self: Any) -> int:
    if self._a.size != 1 or self._d.category >= FLOAT:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(self._a.item())


def _format(self: Any, spec: str) -> str:
    if not self._s and type(self) is Tensor:
        return format(self._a.item(), spec)
    return object.__format__(self, spec)


def _repr(self: Any, *, tensor_contents: Any = None) -> str:
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
    if dim is None:
        return self._s
    from engine.ops.helpers import axis

    return self._s[axis(dim, len(self._s))]


def numel(input: Any) -> int:
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


def _reduce(self: Any, protocol: Any) -> Any:
    return _rebuild, (np.array(self._a), self._d.name, self.requires_grad)


def _copy(self: Any) -> Any:
    out = as_subclass(wrap(array(self), self._d), type(self))
    out._g = LEAF if self.requires_grad else None
    return out


>>>>>>> 97d42e1 (Make tensors from data and in sequence with PyTorch's refusals; windows; NumPy's functions give tensors)
def as_subclass(self: Any, cls: Any) -> Any:
    """The same tensor as an instance of a subclass, over the same memory; in the graph an alias."""
    if self._g is not None and mode.enabled and cls not in TENSORS:
        self = run(ALIAS, [self])
    out = new(cls)
    array(self)
    out._a, out._s, out._d, out._g, out._v = self._a, self._s, self._d, self._g, self._v
    return out


def make_subclass(cls: Any, data: Any, requires_grad: bool = False) -> Any:
    out = as_subclass(data.detach(), cls)
    out._g = LEAF if requires_grad else None
    return out


def view_as(self: Any, other: Any) -> Any:
    return self.view(other._s)


def view_dtype(self: Any, d: dtype) -> Any:
    a = array(self)
    if d.itemsize != self._d.itemsize and (
        not self._s or self._s[-1] * self._d.itemsize % d.itemsize
    ):
        ratio = d.itemsize // self._d.itemsize
        raise RuntimeError(
            f"self.size(-1) must be divisible by {ratio} to view {self._d.display} as {d.display} "
            f"(different element sizes), but got {self._s[-1]}"
        )
    out = wrap(a.view(d.np), d)
    version.make_view(out, self, None)
    return out


def resize_(self: Any, *size: Any) -> Any:
    if self._g is not None:
        raise RuntimeError("cannot resize variables that require grad")
    shape = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    grown = np.zeros(math.prod(shape), self._d.np)
    old = self._a.reshape(-1)[: grown.size]
    grown[: old.size] = old
    self._a, self._s = grown.reshape(shape), intern(tuple(shape))
    return self


def _reshaping(name: str, node: str) -> Any:
    """An operation that changes the shape of a tensor in place: squeeze_, t_ and the like."""

    def call(self: Any, *args: Any) -> Any:
        inplace.check(self, name + "_")
        out = FUNCTIONS[name](self.detach() if self._g is None else self, *args)
        if out is self:
            return self
        self._a, self._s = out._a, out._s
        g = out._g
        if g is not None:
            g.__class__ = inplace.renamed(type(g), node)
            self._g = g
        version.cell_of(self).bump()
        return self

    return call


def install() -> None:
    """Publish what this module defines."""
    for name, node in {
        "squeeze": "SqueezeBackward3",
        "unsqueeze": "UnsqueezeBackward1",
        "t": "TBackward1",
        "transpose": "TransposeBackward1",
        "swapaxes": "TransposeBackward1",
        "swapdims": "TransposeBackward1",
    }.items():
        publish(name + "_", _reshaping(name, node), function=False, F=False)
    publish(
        "is_set_to",
        lambda self, other: self._a is other._a and self._s == other._s,
        function=False,
        F=False,
    )
    for name in ("detach_", "as_subclass", "view_as", "resize_"):
        publish(name, globals()[name], function=False)
    publish("detach", detach)
    publish("dim ndimension", lambda self: len(self._s), function=False, F=False)
    publish("element_size", lambda self: self._d.itemsize, function=False)
    publish("is_floating_point", lambda self: self._d.category == FLOAT)
    publish("is_complex", lambda self: self._d.category == COMPLEX)
    publish("is_signed", lambda self: self._d.is_signed, function=True)
    publish("alias", lambda self: run(ALIAS, [self]), function=False)
    FUNCTIONS["detach_"] = detach_
<<<<<<< HEAD
    Tensor._make_subclass = staticmethod(make_subclass)  # type: ignore[attr-defined]
=======
    for name, fn in {
        "__array__": _array, "__array_wrap__": _wrapped, "__float__": lambda self: _scalar(self, float), "__int__": lambda self: _scalar(self, int),
        "__complex__": lambda self: _scalar(self, complex), "__bool__": _bool, "__index__": _index, "__format__": _format,
        "__repr__": _repr, "__len__": _len, "__iter__": _iter, "__deepcopy__": _deepcopy, "__copy__": _copy,
        "__reduce_ex__": _reduce, "_make_subclass": staticmethod(make_subclass),
    }.items():  # fmt: skip
        setattr(Tensor, name, fn)
>>>>>>> 97d42e1 (Make tensors from data and in sequence with PyTorch's refusals; windows; NumPy's functions give tensors)


install()
