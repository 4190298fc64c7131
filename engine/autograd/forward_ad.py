"""torch.autograd.forward_ad: dual numbers; the tangent is found by differentiating the graph twice."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from engine.autograd import mode
from engine.autograd.passes import grad
from engine.ops.api import FUNCTIONS
from engine.ops.shape import ALIAS
from engine.ops.table import run


class UnpackedDualTensor(NamedTuple):
    """A value and its tangent (None for a plain tensor)."""

    primal: Any
    tangent: Any


#: The dual leaves of the current level: (leaf as it was handed out, tangent).
_duals: list[tuple[Any, Any]] = []
#: For each, whether its value had a place in a graph, in which its tangents then take part.
_tracked: list[bool] = []
_level = 0


@functools.cache
def warn_about_scripting() -> None:
    """Warn as PyTorch does when it first prepares forward derivatives, for which it scripts."""
    warnings.warn(
        "`torch.jit.script` is deprecated. Please switch to `torch.compile` or `torch.export`.",
        DeprecationWarning,
        stacklevel=3,
    )


@contextmanager
def dual_level() -> Iterator[int]:
    """The scope in which dual tensors exist."""
    warn_about_scripting()
    try:
        yield enter_dual_level()
    finally:
        exit_dual_level()


def enter_dual_level() -> int:
    """Open the level in which dual tensors exist; there is only one."""
    global _level
    if _level:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _level = 1
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level: tangents are forgotten."""
    global _level
    if not _level:
        return
    _level = 0
    _duals.clear()
    _tracked.clear()


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A tensor that carries a tangent."""
    if _level == 0:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for name, t in (("primal", tensor), ("tangent", tangent)):
        if not (t.is_floating_point() or t.is_complex()):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {t.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(tensor.shape)} while the given "
            f"forward gradient is of size {list(tangent.shape)}."
        )
    with mode.enable_grad():
        tracked = tensor.requires_grad
        leaf = run(ALIAS, [tensor]) if tracked else tensor.detach().requires_grad_()
    _duals.append((leaf, tangent))
    _tracked.append(tracked)
    return leaf


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and the tangent of a tensor that was computed from dual tensors."""
    for leaf, tangent in _duals:
        if leaf is tensor:
            return UnpackedDualTensor(leaf.detach(), tangent)
    if not tensor.requires_grad or not _duals:
        return UnpackedDualTensor(tensor, None)
    leaves = [d[0] for d in _duals]
    with mode.enable_grad():
        v = FUNCTIONS["zeros_like"](tensor).requires_grad_()
        slopes = grad([tensor], leaves, [v], create_graph=True, allow_unused=True)
        total = None
        for (_, tangent), s in zip(_duals, slopes, strict=True):
            if s is None:
                continue
            part = (s * tangent).sum()
            total = part if total is None else total + part
        found = (
            grad([total], [v], allow_unused=True, create_graph=any(_tracked))[0]
            if total is not None and total.requires_grad
            else None
        )
    return UnpackedDualTensor(tensor.detach(), found)
