"""Random tensors, drawn from PyTorch's streams (`engine.random`)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from engine import errors
from engine.creation import _check_dtype, _finish
from engine.device import check as check_device
from engine.device import placed
from engine.dtype import BOOL, COMPLEX, FLOAT, default, dtype, int64
from engine.filling import _options, empty_like, shape_of, without_data
from engine.ops.api import publish
from engine.ops.helpers import drawing
from engine.ops.strides import is_contiguous
from engine.ops.table import define, name_family, run
from engine.random import Generator, default_generator
from engine.tensor import Tensor, wrap


def source(generator: Any) -> Generator:
    return default_generator if generator is None else generator


def _tensor(a: Any, d: dtype) -> Any:
    return wrap(np.asarray(a, d.np), d)


def need_float(d: dtype, kernel: str) -> None:
    if d.category < FLOAT:
        raise errors.not_implemented(kernel, d.display)


def _uniform(shape: Any, d: dtype, generator: Any) -> Any:
    need_float(d, "check_uniform_bounds")
    return _tensor(source(generator).uniform(shape, d.name), d)


def _normal(shape: Any, d: dtype, generator: Any) -> Any:
    need_float(d, "normal_kernel_cpu")
    return _tensor(source(generator).normal(shape, d.name), d)


def _refill(out: Any, shape: Any, drawn: Any) -> Any:
    """Put what was drawn into `out`, which takes its shape."""
    if tuple(out._s) != tuple(shape):
        out.resize_(*shape)
    return out.copy_(drawn)


def _factory(name: str, draw: Any, doc: str) -> None:
    def create(
        *size: Any,
        generator: Any = None,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        **kwargs: Any,
    ) -> Any:
        if "size" in kwargs:
            size = (kwargs.pop("size"),)
        out = kwargs.pop("out", None)
        _options(name, kwargs)
        nowhere = check_device(device)
        if nowhere:
            d = _check_dtype(name, dtype) or default()
            return without_data(shape_of(name, size), d, requires_grad)
        if out is not None:
            return _refill(out, shape_of(name, size), draw(shape_of(name, size), out._d, generator))
        d = _check_dtype(name, dtype) or default()
        return _finish(draw(shape_of(name, size), d, generator), requires_grad)

    def like(
        input: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        generator: Any = None,
        **kwargs: Any,
    ) -> Any:
        _options(name + "_like", kwargs)
        if not is_contiguous(input):
            out = empty_like(input.detach(), dtype=dtype)
            fill = out.uniform_ if name == "rand" else out.normal_
            fill(generator=generator)
            return _finish(out, requires_grad)
        return _finish(draw(input._s, dtype or input._d, generator), requires_grad)

    create.__name__, like.__name__ = name, name + "_like"
    create, like = drawing("*")(create), placed(drawing("")(like), standing=False)
    publish(name, create, method=False, F=False, doc=doc)
    like_doc = doc.removesuffix(".") + ", in the shape of input."
    publish(name + "_like", like, method=False, F=False, doc=like_doc)


_factory("rand", _uniform, doc="Random numbers, uniform in [0, 1).")
_factory("randn", _normal, doc="Random numbers of the standard normal distribution.")


@placed
@drawing("*")
def randint(
    *args: Any, low: Any = None, high: Any = None, size: Any = None, generator: Any = None, dtype: Any = None,
    device: Any = None, requires_grad: bool = False, **kwargs: Any,
) -> Any:  # fmt: skip
    """Integers in [low, high)."""
    values = list(args)
    if size is None and values and isinstance(values[-1], (tuple, list)):
        size = values.pop()
    if size is None:
        raise TypeError(
            f"randint() received an invalid combination of arguments - got ({', '.join(type(a).__name__ for a in args)}), but expected one of:"
        )
    if low is None and high is None:
        low, high = (0, values[0]) if len(values) == 1 else values
    elif high is None:
        high = values[0]
    elif low is None:
        low = values[0] if values else 0
    d = dtype or int64
    _in_range(int(low), int(high), d)
    return _finish(
        _tensor(source(generator).randint(int(low), int(high), shape_of("randint", (size,))), d),
        requires_grad,
    )


def _in_range(low: int, high: int, d: dtype) -> None:
    """Raise if an integer of [low, high) does not fit into the element type."""
    if d.np.kind in "iub" and low < high:
        least, most = (0, 1) if d.np.kind == "b" else (np.iinfo(d.np).min, np.iinfo(d.np).max)
        for name, value in (("from", low), ("to - 1", high - 1)):
            if not least <= value <= most:
                raise RuntimeError(f"{name} is out of bounds for {_C_NAMES[d.name]}")


_C_NAMES = {
    "uint8": "unsigned char", "int8": "signed char", "int16": "short", "int32": "int",
    "int64": "long", "bool": "bool", "uint16": "unsigned short", "uint32": "unsigned int",
    "uint64": "unsigned long",
}  # fmt: skip


@functools.partial(placed, standing=False)
@drawing("")
def randint_like(
    input: Any, low: Any, high: Any = None, *, dtype: Any = None, **kwargs: Any
) -> Any:
    """Random integers in [low, high), in the shape of input."""
    low, high = (0, low) if high is None else (low, high)
    return _tensor(default_generator.randint(int(low), int(high), input._s), dtype or input._d)


@placed
@drawing("examples")
def randperm(
    n: int,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **kwargs: Any,
) -> Any:
    """The numbers 0 .. n - 1 in random order."""
    d = dtype or int64
    if d.category in (BOOL, COMPLEX):
        raise errors.not_implemented("randperm", d.display)
    return _finish(_tensor(source(generator).randperm(n), d), requires_grad)


@functools.partial(placed, standing=False)
@drawing("normal")
def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    out: Any = None,
    dtype: Any = None,
    requires_grad: bool = False,
    **kwargs: Any,
) -> Any:
    """Normals with numbers or tensors for mean and deviation."""
    stream = source(generator)
    if size is not None:
        d = dtype or default()
        return _finish(
            _tensor(stream.normal(shape_of("normal", (size,)), d.name, float(mean), float(std)), d),
            requires_grad,
        )
    if isinstance(mean, Tensor) and isinstance(std, Tensor):
        try:
            shape = np.broadcast_shapes(mean._s, std._s)
        except ValueError:
            raise errors.mismatch(mean._s, std._s) from None
    else:
        shape = mean._s if isinstance(mean, Tensor) else std._s
    d = next(v._d for v in (mean, std) if isinstance(v, Tensor))
    need_float(d, "normal_kernel_cpu")
    z = stream.normal(shape, d.name)
    m, s = (v._a if isinstance(v, Tensor) else d.np.type(v) for v in (mean, std))
    if np.any(np.asarray(s) < 0):
        raise RuntimeError("normal expects all elements of std >= 0.0")
    drawn = wrap(np.asarray(z * s + m, d.np), d)
    parents = [v for v in (mean, std) if isinstance(v, Tensor)]
    if len(parents) == 2:
        return run(NORMAL[2], [*parents, drawn])
    return run(NORMAL[0 if isinstance(mean, Tensor) else 1], [*parents, drawn])


def _still(F: Any, g: Any, self_sizes: Any, self_dtype: Any) -> Any:
    return F.zeros(self_sizes, self_dtype)


def _both_still(F: Any, g: Any, self_sizes: Any, self_dtype: Any, std_sizes: Any) -> Any:
    return F.zeros(self_sizes, self_dtype), F.zeros(std_sizes, self_dtype)


NORMAL = (
    define("normal_mean(self, drawn)", lambda a, drawn: drawn, family="random",
           node="NormalBackward1", self=_still),
    define("normal_std(self, drawn)", lambda a, drawn: drawn, family="random",
           node="NormalBackward2", self=_still),
    define("normal_both(self, std, drawn)", lambda a, b, drawn: drawn, family="random",
           node="NormalBackward3", joint=_both_still, wrt="self std"),
)  # fmt: skip


@drawing("values")
def bernoulli(input: Any, p: Any = None, *, generator: Any = None, out: Any = None) -> Any:
    """1 with the probability that each element gives."""
    if p is None:
        need_float(input._d, "bernoulli_tensor_cpu_p_")
    else:
        return _tensor(source(generator).bernoulli(float(p), input._s), input._d)
    return run(BERNOULLI, [input, source(generator)])


BERNOULLI = define(
    "bernoulli(self, generator=None)",
    lambda a, g: g.bernoulli_tensor(np.asarray(a)).astype(a.dtype),
    family="random",
    self=lambda F, g: F.zeros_like(g),
)


@drawing("values by example")
def multinomial(
    input: Any,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Any = None,
    out: Any = None,
) -> Any:
    """Indices of categories drawn by weight, (samples) or (rows, samples)."""
    if len(input._s) not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if input._d.category != FLOAT:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {input._d.display}"
        )
    return run(MULTINOMIAL, [input, num_samples, replacement, source(generator)])


MULTINOMIAL = define(
    "multinomial(self, num_samples, replacement=False, generator=None)",
    lambda a, count, replacement, g: g.multinomial(np.asarray(a), count, replacement),
    family="random",
)


def install() -> None:
    """Publish what this module defines."""
    for name in ("randint", "randint_like", "randperm", "normal"):
        publish(name, globals()[name], method=False, F=False)
    for name in ("bernoulli", "multinomial"):
        publish(name, globals()[name], F=False)
    for name in ("rand", "randn", "randint", "randperm", "multinomial"):
        name_family(name, "random")


install()
