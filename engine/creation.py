"""Making tensors from data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from engine import device as devices
from engine.autograd import mode
from engine.autograd.node import LEAF
from engine.batching.levels import level_of
from engine.dtype import FLOAT, FROM_NP, cast, default, dtype
from engine.errors import c_name, type_name
from engine.nesting import from_nested, full_name, infer, is_sequence
from engine.ops.guards import guarded
from engine.tensor import Tensor, wrap
from engine.warning import once, warn

_COPY = (
    "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
    "sourceTensor.detach().clone().requires_grad_(True), rather than {}(sourceTensor)."
)


def _finish(t: Any, requires_grad: bool, name: str = "empty") -> Any:
    """A tensor over memory of its own as it is handed out."""
    if not t._s and isinstance(t._a, np.ndarray):
        t._a = t._a[()]
    if requires_grad:
        if t._d.category < FLOAT:
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        t._g = LEAF
    return t


def _check_dtype(name: str, d: Any) -> Any:
    if d is not None and not isinstance(d, dtype):
        raise TypeError(f"{name}(): argument 'dtype' must be torch.dtype, not {type_name(d)}")
    return d


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A new leaf with a copy of the data."""
    if devices.check(device):
        return _elsewhere(tensor, data, dtype=dtype, requires_grad=requires_grad)
    _check_dtype("tensor", dtype)
    if isinstance(data, Tensor):
        warn(_COPY.format("torch.tensor"))
        d = dtype or data._d
        return _finish(wrap(np.array(cast(data._a, data._d, d)), d), requires_grad)
    if isinstance(data, (np.ndarray, np.generic)):
        return _finish(_copy_array(data, dtype), requires_grad)
    if isinstance(data, (list, tuple)) and data and isinstance(data[0], str):
        raise ValueError("too many dimensions 'str'")
    if (
        isinstance(data, (list, tuple))
        and data
        and isinstance(data[0], np.ndarray)
        and data[0].ndim
    ):
        warn(
            "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list "
            "to a single numpy.ndarray with numpy.array() before converting to a tensor."
        )
    d = dtype or infer(data) or default()
    return _finish(
        wrap(from_nested(data, d)[()] if not is_sequence(data) else from_nested(data, d), d),
        requires_grad,
    )


def _elsewhere(make: Any, *args: Any, **options: Any) -> Any:
    """What `make` gives, on the meta device."""
    return devices.placed(make)(*args, device=devices.META, **options)


def _copy_array(data: Any, d: dtype | None) -> Any:
    _check_numpy(data)
    _check_strides(data)
    source = FROM_NP[data.dtype.newbyteorder("=")]
    d = d or source
    a = np.array(cast(np.asarray(data), source, d), order="C")
    return wrap(_own_type(a, d), d)


def _own_type(a: Any, d: dtype) -> Any:
    """The same memory with NumPy's one object for its element type: the engine compares by `is`."""
    return a if a.dtype is d.np else a.view(d.np)


def _check_numpy(a: Any) -> None:
    if a.dtype.newbyteorder("=") not in FROM_NP:
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{a.dtype.type.__name__}. The only supported types are: "
            "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, "
            "uint16, uint8, and bool."
        )


def from_numpy(ndarray: Any) -> Any:
    """A tensor over the memory of an array."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {full_name(type(ndarray))})")
    _check_numpy(ndarray)
    if not ndarray.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between "
            "byte orders is currently not supported."
        )
    _check_strides(ndarray)
    if isinstance(ndarray.base, np.ndarray):  # the tensor's memory begins where the array does
        ndarray = as_strided(ndarray)
    return wrap(_own_type(ndarray, FROM_NP[ndarray.dtype]))


def _check_strides(a: Any) -> None:
    if any(s < 0 for s in a.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides "
            "are not currently supported. (You can probably work around this by making a copy of your array "
            " with array.copy().) "
        )


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """The data as a tensor, without a copy if possible."""
    if devices.check(device):
        return _elsewhere(as_tensor, data, dtype=dtype)
    if isinstance(data, Tensor):
        return data if dtype is None or dtype is data._d else data.to(dtype)
    if isinstance(data, np.ndarray) and (dtype is None or dtype.np == data.dtype):
        return from_numpy(data)
    return tensor(data, dtype=dtype, device=devices.CPU)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    copy: bool | None = None,
    requires_grad: bool | None = None,
    device: Any = None,
) -> Any:
    """The data as a tensor, over the same memory if possible and `copy` does not forbid it."""
    if devices.check(device):
        return _elsewhere(asarray, obj, dtype=dtype, copy=copy, requires_grad=requires_grad)
    if requires_grad is None and isinstance(obj, Tensor) and obj.requires_grad:
        once(
            "torch.asarray: unspecified requires_grad now defaults to obj.requires_grad instead of "
            "False. Pass requires_grad=False explicitly to get the old behavior and silence this "
            "warning."
        )
    t = (
        tensor(obj, dtype=dtype, device=devices.CPU)
        if copy and not isinstance(obj, Tensor)
        else as_tensor(obj, dtype=dtype, device=devices.CPU)
    )
    if copy and isinstance(obj, Tensor):
        t = t.clone()
    if requires_grad is False and t.requires_grad:
        return t.requires_grad_(False) if t.is_leaf else t.detach()
    return t.requires_grad_() if requires_grad else t


# --- sequences -----------------------------------------------------------------------------------


def legacy(*args: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """torch.Tensor(2, 3), torch.FloatTensor([1, 2]): sizes or data."""
    d = dtype or default()
    if not args:
        return wrap(np.zeros(0, d.np), d)
    first = args[0]
    if len(args) == 1:
        if isinstance(first, Tensor):
            if first._d is not d and dtype is not None:
                _wrong_type(first, d)
            from engine.ops.shape import ALIAS

            return ALIAS.way(first) if first.requires_grad else first.detach()
        if type(first).__name__ == "Size":
            return wrap(np.zeros(tuple(first), d.np), d)
        if isinstance(first, np.ndarray):
            return wrap(np.asarray(first, d.np), d)  # over the array's memory if the type fits
        if isinstance(first, (list, tuple, range)):
            return tensor(first, dtype=d, device=devices.CPU)
        if isinstance(first, str):
            raise TypeError("new(): invalid data type 'str'")
        if isinstance(first, float) or first is None:
            raise TypeError(f"new(): data must be a sequence (got {type(first).__name__})")
    for i, a in enumerate(args):
        if not hasattr(a, "__index__"):
            raise TypeError(
                f"new(): argument 'size' failed to unpack the object at pos {i + 1} with error "
                f'"type must be tuple of ints,but got {type(a).__name__}"'
            )
    return wrap(np.zeros([int(a) for a in args], d.np), d)


def _wrong_type(t: Any, d: dtype) -> Any:
    raise TypeError(f"expected {_options_of(d)} (got {_options_of(t._d)})")


def _options_of(d: dtype) -> str:
    return (
        f"TensorOptions(dtype={c_name(d)}, device=cpu, layout=Strided, requires_grad=false (default), "
        "pinned_memory=false (default), memory_format=(nullopt))"
    )


def _new(name: str, make: Any) -> Any:
    def call(
        self: Any,
        *args: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        **kwargs: Any,
    ) -> Any:
        where = devices.CPU if device is None else device
        made = make(
            *args, dtype=dtype or self._d, device=where, requires_grad=requires_grad, **kwargs
        )
        return mode.batching.copies(made, self) if level_of(self) else made

    call.__name__ = name
    return call


def _renewed(data: Any, **options: Any) -> Any:
    if not isinstance(data, Tensor):
        return tensor(data, **options)
    warn(_COPY.format("tensor.new_tensor"))
    return tensor(np.asarray(data._a), **options)


def scalar_tensor(s: Any, *, dtype: Any = None, **options: Any) -> Any:
    """A 0-d tensor of the default type unless another is given."""
    return tensor(s, dtype=dtype or (default() if not isinstance(s, complex) else None), **options)


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Any:
    """A 1-d tensor over the memory of an object with the buffer protocol."""
    view = memoryview(buffer)
    size, step = view.nbytes, dtype.itemsize
    if view.readonly:
        warn(
            "The given buffer is not writable, and PyTorch does not support non-writable tensors. This means you can "
            "write to the underlying (supposedly non-writable) buffer using the tensor. You may want to copy the buffer "
            "to protect its data or make it writable before converting it to a tensor. This type of warning will be "
            "suppressed for the rest of this program."
        )
    if not size or not count:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % step:
        raise ValueError(
            f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a multiple of element size ({step})"
        )
    if count > 0 and offset + count * step > size:
        raise ValueError(
            f"requested buffer length ({count} * {step} bytes) after offset ({offset} bytes) must not be greater "
            f"than actual buffer length ({size} bytes)"
        )
    return _finish(wrap(np.frombuffer(buffer, dtype.np, count, offset), dtype), requires_grad)


tensor, as_tensor, asarray, scalar_tensor, frombuffer = (
    guarded(make.__name__, make, False)
    for make in (tensor, as_tensor, asarray, scalar_tensor, frombuffer)
)


def install() -> None:
    """Publish the functions of this module, and the new_* methods."""
    from engine import filling
    from engine.ops.api import publish
    from engine.ops.table import name_family

    for make in (
        tensor,
        as_tensor,
        from_numpy,
        asarray,
        scalar_tensor,
        frombuffer,
        *filling.MAKERS,
    ):
        publish(make.__name__, make, method=False, F=False)
    for method in ("zeros", "ones", "empty", "full", "empty_strided"):
        new = _new("new_" + method, getattr(filling, method))
        doc = f"`{method}` in the type of input."
        publish("new_" + method, new, function=False, F=False, doc=doc)
    doc = "A new leaf with a copy of the data, in the type of input."
    publish("new_tensor", _new("new_tensor", _renewed), function=False, F=False, doc=doc)
    doc = "A tensor of the given sizes, or of the data, in the type of input."
    publish(
        "new", lambda self, *args: legacy(*args, dtype=self._d), function=False, F=False, doc=doc
    )
    for name in ("zeros", "ones", "full", "empty", "arange", "linspace", "tensor", "eye"):
        name_family(name, "creation")
