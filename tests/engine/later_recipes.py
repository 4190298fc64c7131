"""Rarer operations as functions of a few leaves, for finite differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import engine as torch


def _old(call: Callable[..., Any], *args: Any) -> Any:
    """A call that warns that it has a successor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args)


def _posdef(a: Any) -> Any:
    return a @ a.mT + torch.eye(a.shape[-1], dtype=torch.float64)


def _parts(z: Any) -> Any:
    return torch.view_as_real(z)


LATER = {
    "cholesky by its old name": (lambda a: _old(torch.cholesky, _posdef(a)), ((3, 3),)),
    "polar": (lambda r, t: _parts(torch.polar(r, t)), ((2, 1), (3,))),
    "complex, broadcast": (lambda a, b: _parts(torch.complex(a, b)), ((2, 1), (3,))),
}
