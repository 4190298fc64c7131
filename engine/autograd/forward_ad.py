"""torch.autograd.forward_ad: dual tensors, whose tangents move along with every operation.

The tangent of a result is J times those of the arguments. The gradient of v ↦ vᵀJ along the tangents
is that, so it takes the row of an operation once more, and two passes through its own gradient. A
view's tangent is the same view of a tangent, so that writes in place reach both.
"""

from __future__ import annotations

import functools
import sys
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from engine import recording, version
from engine.autograd import mode
from engine.autograd.passes import grad
from engine.dtype import FLOAT
from engine.ops import inplace
from engine.ops.api import FUNCTIONS
from engine.ops.shape import ALIAS
from engine.ops.table import OPS, run
from engine.tensor import Tensor


class UnpackedDualTensor(NamedTuple):
    """A value and its tangent (None for a plain tensor)."""

    primal: Any
    tangent: Any


UnpackedDualTensor.__module__ = "torch.autograd.forward_ad"

#: This module; it may go by another name later.
_here = sys.modules[__name__]
_level = -1
#: How many levels have been opened: tangents of earlier ones do not count.
_opened = 0
#: Tangents of the results that nodes keep as arrays, by node and number.
_kept: weakref.WeakKeyDictionary[Any, dict[int, Any]] = weakref.WeakKeyDictionary()


@functools.cache
def warn_about_scripting() -> None:
    """Warn as PyTorch does when it first prepares forward derivatives, for which it scripts."""
    warnings.warn(
        "`torch.jit.script` is deprecated. Please switch to `torch.compile` or `torch.export`.",
        DeprecationWarning,
        stacklevel=1,
    )


# --- levels --------------------------------------------------------------------------------------
@contextmanager
def dual_level() -> Iterator[int]:
    """The scope in which dual tensors exist."""
    warn_about_scripting()
    level = enter_dual_level()
    try:
        yield level
    finally:
        exit_dual_level(level=level)


def enter_dual_level() -> int:
    """Open the level in which dual tensors exist; there is only one."""
    global _level, _opened
    if _level >= 0:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _level, _opened = 0, _opened + 1
    _switch(True)
    return _level


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level: tangents are forgotten."""
    global _level
    if level is None:
        level = _level
    if level != _level:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not "
            "supported."
        )
    if level < 0:
        raise RuntimeError("Dual level must be a positive number.")
    _level = -1
    _kept.clear()
    _switch(False)


def _switch(on: bool) -> None:
    mode.duals = _here if on else None
    mode.refresh()


@contextmanager
def _off() -> Iterator[None]:
    """The scope in which operations leave tangents alone."""
    before, mode.duals = mode.duals, None
    mode.refresh()
    try:
        yield
    finally:
        mode.duals = before
        mode.refresh()


@contextmanager
def pushing() -> Iterator[None]:
    """The scope of passes that stand for a derivative along tangents."""
    before, mode.pushes = mode.pushes, True
    try:
        yield
    finally:
        mode.pushes = before


# --- dual tensors --------------------------------------------------------------------------------
def tangent_of(t: Any) -> Any:
    """The tangent of a tensor at the level that is open, or None."""
    if _level < 0 or not isinstance(t, Tensor):
        return None
    opened, tangent = t.__dict__.get("_tangent", (0, None))
    return tangent if opened == _opened else None


def _set(t: Any, tangent: Any) -> None:
    t._tangent = (_opened, tangent)


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A tensor that carries a tangent: a view of `tensor`."""
    if _level < 0:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for name, t in (("primal", tensor), ("tangent", tangent)):
        if not (t.is_floating_point() or t.is_complex()):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {t.dtype}")
    if tangent_of(tensor) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level "
            f"{_level} is not supported."
        )
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(tensor.shape)} while the given "
            f"forward gradient is of size {list(tangent.shape)}."
        )
    if tangent_of(tangent) is not None:
        raise RuntimeError(
            "Setting a forward grad that itself has a forward gradient at the same "
            f"level{_level} is not supported."
        )
    with _off():
        dual = run(ALIAS, [tensor])
        if tensor.stride() != tangent.stride():
            tangent = FUNCTIONS["zeros_like"](tensor, dtype=tangent.dtype).copy_(tangent)
    _set(dual, tangent)
    return dual


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and the tangent of a tensor that was computed from dual tensors."""
    tangent = tangent_of(tensor)
    if tangent is None:
        return UnpackedDualTensor(tensor, None)
    with _off():
        return UnpackedDualTensor(run(ALIAS, [tensor]), tangent)


# --- operations ----------------------------------------------------------------------------------
def _flat(values: Any) -> list[Any]:
    found: list[Any] = []
    for v in values:
        if isinstance(v, Tensor):
            found.append(v)
        elif type(v) is list or type(v) is tuple:
            found += _flat(v)
    return found


def moved(op: Any, values: Any) -> Any:
    """The tangents of what a row makes of its arguments, one per result, or None."""
    if op.family == "random" or not any(tangent_of(v) is not None for v in _flat(values)):
        return None
    with _off():
        if op.view:
            return _results(op.way(tangent_of(values[0]), *values[1:]))
        return _along(op, values)


def _results(out: Any) -> list[Any]:
    return list(out) if isinstance(out, tuple) else [out]


def _along(op: Any, values: Any) -> list[Any]:
    keep = mode.enabled and any(
        t is not None and t.requires_grad for v in _flat(values) for t in (v, tangent_of(v))
    )
    own: list[Any] = []
    tangents: list[Any] = []

    def prepared(v: Any) -> Any:
        if type(v) is list or type(v) is tuple:
            return type(v)(prepared(e) for e in v) if _flat(v) else v
        tangent = tangent_of(v)
        if tangent is None:
            return v
        leaf = run(ALIAS, [v]) if v.requires_grad else v.detach().requires_grad_()
        own.append(leaf)
        tangents.append(tangent.to(v.dtype))
        return leaf

    with mode.enable_grad(), pushing():
        outs = _results(op.way(*[prepared(v) for v in values]))
        live = [o for o in outs if o.requires_grad]
        probes = [FUNCTIONS["ones_like"](o.detach()).requires_grad_() for o in live]
        if not live:
            return [None] * len(outs)
        pulled = grad(live, own, probes, create_graph=True, allow_unused=True)
        pairs = [
            (p, t)
            for p, t in zip(pulled, tangents, strict=True)
            if p is not None and p.requires_grad
        ]
        if not pairs:
            return [FUNCTIONS["zeros_like"](o.detach()) if o.requires_grad else None for o in outs]
        found = iter(grad(
            [p for p, _ in pairs], probes, [t for _, t in pairs], create_graph=keep, allow_unused=True,
            materialize_grads=True,
        ))  # fmt: skip
    return [next(found) if o.requires_grad else None for o in outs]


def move(op: Any, values: Any, out: Any) -> None:
    """Give the results of a row that was run their tangents."""
    tangents = moved(op, values)
    if tangents is None:
        return
    for i, (t, tangent) in enumerate(zip(_results(out), tangents, strict=True)):
        if tangent is not None and t._d.category >= FLOAT:
            _set(t, tangent)
            node = t.grad_fn
            if node is not None:
                _kept.setdefault(node, {})[i] = tangent


def restore(node: Any, i: int, t: Any) -> None:
    """Give the result of a node, made again from an array, its tangent."""
    tangent = _kept.get(node, {}).get(i)
    if tangent is not None:
        _set(t, tangent)


def written(t: Any, tangents: Any) -> None:
    """Put the tangent of what was written into a tensor into its memory's tangent."""
    old = tangent_of(t)
    new = tangents[0]
    with _off():
        if old is None and new is not None:
            old = _fresh(t)
        if old is None:
            return
        log, recording.log = recording.log, None
        try:
            if new is None:
                old.zero_()
            elif new.requires_grad or old.requires_grad:
                _set(t, new)
            else:
                old.copy_(new)
        finally:
            recording.log = log


def _fresh(t: Any) -> Any:
    """A tangent of zeros for a tensor, part of that of its base if it is a view."""
    made = FUNCTIONS["zeros_like"](t.detach())
    if type(t._v) is version.View:
        base = t._v.base
        whole = tangent_of(base)
        if whole is None:
            whole = FUNCTIONS["zeros_like"](base.detach())
            _set(base, whole)
        size, strides, offset = inplace.geometry(base, t)
        made = OPS["as_strided"].way(whole, tuple(size), strides, offset, None)
    _set(t, made)
    return made


def apply(cls: Any, applied: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A person's Function on dual tensors: its own `jvp` moves the tangents."""
    with _off():
        out, node = applied(args, kwargs)
    given = [None if not isinstance(a, Tensor) else tangent_of(a) for a in args]
    if node.__dict__.get("materialize_grads", True):
        given = [
            FUNCTIONS["zeros_like"](a.detach()) if isinstance(a, Tensor) and t is None else t
            for a, t in zip(args, given, strict=True)
        ]
    with _off():
        found = node.push(given)
    for t, tangent in zip(_results(out), found, strict=False):
        if isinstance(t, Tensor) and tangent is not None:
            _set(t, tangent)
    return out
