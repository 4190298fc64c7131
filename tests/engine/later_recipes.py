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


def _weight_norm(v: Any, g: Any) -> Any:
    from engine.nn.kernels.weights import weight_norm

    return weight_norm(v, g, 0)


LATER = {
    "weight norm": (_weight_norm, ((3, 2), (3, 1))),
    "householder product": (torch.linalg.householder_product, ((4, 3), (2,))),
    "householder products of a batch": (torch.linalg.householder_product, ((2, 3, 2), (2, 2))),
    "cholesky by its old name": (lambda a: _old(torch.cholesky, _posdef(a)), ((3, 3),)),
    "polar": (lambda r, t: _parts(torch.polar(r, t)), ((2, 1), (3,))),
    "complex, broadcast": (lambda a, b: _parts(torch.complex(a, b)), ((2, 1), (3,))),
}
