"""What a tensor shares its memory with: detaching, subclasses, other views of it, other sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import recording, version
from engine.autograd import mode
from engine.autograd.node import LEAF
from engine.batching.levels import BatchedTensor, batched
from engine.dtype import (
    COMPLEX,
    FLOAT,
    bfloat16,
    bits_of_bfloat16,
    dtype,
)
from engine.ops import inplace
from engine.ops.api import FUNCTIONS, publish
from engine.ops.shape import ALIAS
from engine.ops.table import run
from engine.size import intern
from engine.tensor import INFERENCE, TENSORS, Tensor, array, new, wrap

Raw = Any


def detach(self: Any) -> Any:
    """The same memory and version, outside the graph."""
    if type(self) is BatchedTensor:
        out = batched(self._a.value.detach(), self._a.level, self._a.mapped)
        out._v = version.cell_of(self)
        return out
    out = wrap(array(self), self._d)
    if self.is_inference():
        out._flags = INFERENCE
    else:
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
            "torch/optim/optimizer.py as the solution."
        )
    recording.before_change()
    self._g = None
    return self


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
    """The same memory in the shape of `other`."""
    return self.view(other._s)


def view_dtype(self: Any, d: dtype) -> Any:
    a = array(self)
    if bfloat16 in (d, self._d) and d is not self._d:  # a copy: the values lie in float32 arrays
        a = bits_of_bfloat16(a) if self._d is bfloat16 else a
    if d.itemsize != self._d.itemsize and not self._s:
        raise RuntimeError(
            f"self.dim() cannot be 0 to view {self._d.display} as {d.display} "
            "(different element sizes)"
        )
    if d.itemsize != self._d.itemsize and (
        not self._s or self._s[-1] * self._d.itemsize % d.itemsize
    ):
        ratio = d.itemsize // self._d.itemsize
        raise RuntimeError(
            f"self.size(-1) must be divisible by {ratio} to view {self._d.display} as {d.display} "
            f"(different element sizes), but got {self._s[-1]}"
        )
    if d is bfloat16 and self._d is not d:
        bits = np.ascontiguousarray(a).view(np.uint16).astype(np.uint32) << 16
        return wrap(bits.view(np.float32), d)
    out = wrap(a.view(d.np), d)
    if self._d is bfloat16 and self._d is not d:
        return out
    version.make_view(out, self, None)
    return out


def resize_(self: Any, *size: Any) -> Any:
    if self._g is not None:
        raise RuntimeError("cannot resize variables that require grad")
    shape = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    if any(n < 0 for n in shape):
        raise RuntimeError("numel: integer multiplication overflow")
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
        recording.note_write(self)
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
        doc="Whether both are the same view of the same memory.",
    )
    for name in ("detach_", "as_subclass", "view_as", "resize_"):
        publish(name, globals()[name], function=False)
    publish("detach", detach)
    publish(
        "dim ndimension",
        lambda self: len(self._s),
        function=False,
        F=False,
        doc="How many dimensions there are.",
    )
    publish(
        "element_size",
        lambda self: self._d.itemsize,
        function=False,
        doc="How many bytes an element takes.",
    )
    publish(
        "is_floating_point",
        lambda self: self._d.category == FLOAT,
        doc="Whether the element type is a floating one.",
    )
    publish(
        "is_complex",
        lambda self: self._d.category == COMPLEX,
        doc="Whether the element type is complex.",
    )
    publish(
        "is_signed",
        lambda self: self._d.is_signed,
        function=True,
        doc="Whether the element type has negative numbers.",
    )
    publish(
        "alias",
        lambda self: run(ALIAS, [self]),
        function=False,
        doc="The same memory as another tensor of the graph.",
    )
    FUNCTIONS["detach_"] = detach_
    Tensor._make_subclass = staticmethod(make_subclass)  # type: ignore[attr-defined]


install()
