"""Everyday names beside the families: parts of numbers, places, and where a tensor is kept."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from engine.dtype import FLOAT, INT
from engine.ops.api import FUNCTIONS, publish
from engine.ops.extremes import returns
from engine.ops.table import TO_FLOAT, define, run
from engine.tensor import wrap
from engine.warning import warn

Raw = Any


def _frexp(a: Raw) -> tuple[Raw, Raw]:
    mantissa, exponent = np.frexp(a)
    return np.asarray(mantissa), np.where(np.isfinite(a), exponent, 0).astype(np.int32)


FREXP = define(
    "frexp(self)",
    _frexp,
    family="pointwise",
    outputs=2,
    pack=returns("frexp", "mantissa exponent"),
    self=lambda F, g, result1: g[0] / F.const(np.ldexp(1.0, F.array(result1))),
)


def _mvlgamma(a: Raw, p: int) -> Raw:
    from engine.ops import special

    out = sum(special.lgamma(a - j / 2) for j in range(p))
    return np.asarray(out + p * (p - 1) / 4 * math.log(math.pi)).astype(a.dtype)[()]


MVLGAMMA = define(
    "mvlgamma(self, p)",
    _mvlgamma,
    TO_FLOAT,
    family="pointwise",
    self=lambda F, g, self, p: (
        g * sum((F.digamma(self - j / 2) for j in range(1, p)), F.digamma(self))
    ),
)


def frexp(input: Any, *, out: Any = None) -> Any:
    """Mantissas from 0.5 to 1 and exponents of 2 whose products are the numbers."""
    if input._d.category != FLOAT:
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    return run(FREXP, [input])


def mvlgamma(input: Any, p: int, *, out: Any = None) -> Any:
    """The logarithm of the multivariate gamma function of dimension p."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    return run(MVLGAMMA, [input, p])


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """The places along each dimension of `shape` that flat indices stand for."""
    if indices._d.category != INT:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices._d!r}")
    sizes = [shape] if isinstance(shape, int) else list(shape)
    flat, out = np.asarray(indices._a, np.int64), []
    for n in reversed(sizes):
        out.append(wrap(flat % n))
        flat = flat // n
    return tuple(reversed(out))


def split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> Any:
    """Pieces of the given sizes along `dim`."""
    return FUNCTIONS["split"](input, list(split_sizes), dim)


def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """The pseudoinverse of each matrix; torch.linalg.pinv by an older name."""
    from engine.linalg import pinv

    return pinv(input, rcond=rcond)


def resize_as_(self: Any, the_template: Any) -> Any:
    """The tensor itself, given the shape of another one."""
    return self.resize_(the_template._s)


def resize(self: Any, *sizes: Any) -> Any:
    """The tensor in another shape with as many elements; reshape by an older name."""
    warn("non-inplace resize is deprecated")
    shape = tuple(sizes[0]) if sizes and isinstance(sizes[0], (tuple, list)) else sizes
    if math.prod(shape) != self._s.numel():
        raise RuntimeError(
            f"requested resize to {'x'.join(map(str, shape))} ({math.prod(shape)} elements in "
            f"total), but the given tensor has a size of {'x'.join(map(str, self._s))} "
            f"({self._s.numel()} elements). autograd's resize can only change the shape of a given "
            "tensor, while preserving the number of elements. "
        )
    return self.view(shape)


def resize_as(self: Any, tensor: Any) -> Any:
    """The tensor in the shape of another one with as many elements."""
    warn("non-inplace resize_as is deprecated")
    return self.view(tensor._s)


def get_device(self: Any) -> int:
    """The number of the tensor's CUDA device: -1, for there is none."""
    return -1


def is_conj(self: Any) -> bool:
    """Whether the conjugate is still to be computed: never."""
    return False


def is_shared(self: Any) -> bool:
    """Whether other processes share the memory: never."""
    return False


def pin_memory(self: Any, device: Any = None) -> Any:
    """Refused: memory is page-locked for an accelerator, and there is none."""
    raise RuntimeError("Cannot access accelerator device when none is available.")


def share_memory_(self: Any) -> Any:
    """The tensor itself: memory is not shared with other processes."""
    return self


publish("frexp", frexp, F=False)
publish("mvlgamma", mvlgamma, F=False)
publish("unravel_index", unravel_index, method=False, F=False)
publish("split_with_sizes", split_with_sizes, F=False)
publish("pinverse", pinverse, F=False)
publish("resize_as_", resize_as_, F=False)
publish("resize", resize, function=False, F=False)
publish("resize_as", resize_as, function=False, F=False)
publish("get_device", get_device, F=False)
publish("is_conj", is_conj, F=False)
publish("is_neg", is_conj, F=False, doc="Whether the negative is still to be computed: never.")
publish("is_shared", is_shared, function=False, F=False)
publish(
    "is_pinned",
    lambda self, device=None: False,
    function=False,
    F=False,
    doc="Whether the memory is page-locked: never.",
)
publish("pin_memory", pin_memory, function=False, F=False)
publish("share_memory_", share_memory_, function=False, F=False)
publish(
    "fill_",
    lambda input, value: input.fill_(value),
    method=False,
    F=False,
    doc="The tensor itself, filled with `value`.",
)
publish(
    "fill",
    lambda input, value: input.clone().fill_(value),
    method=False,
    F=False,
    doc="A tensor of the same shape and type, filled with `value`.",
)
publish(
    "zero_",
    lambda input: input.zero_(),
    method=False,
    F=False,
    doc="The tensor itself, filled with zeros.",
)


def _of_spectra(name: str) -> Any:
    """A function of `engine.spectrogram`, which is loaded when it is first called."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(import_module("engine.spectrogram"), name)(self, *args, **kwargs)

    call.__name__ = name
    return call


for _name, _doc in (
    ("stft", "The Fourier transforms of overlapping windows."),
    ("istft", "The signal whose overlapping windows have these Fourier transforms."),
):
    publish(_name, _of_spectra(_name), function=False, F=False, doc=_doc)
