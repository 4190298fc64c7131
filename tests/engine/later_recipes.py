"""Rarer operations as functions of a few leaves, for finite differences."""

from __future__ import annotations

import math
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


_F = torch.nn.functional


def _places(grid: Any) -> Any:
    """Entries between 0.3 and 1.7 as places in an image and a little beyond its borders."""
    return (grid - 1) * 1.3


def _sampled(mode: str, padding: str, align: bool) -> Callable[..., Any]:
    return lambda a, grid: _F.grid_sample(a, _places(grid), mode, padding, align)


def _drawn(*shape: int) -> Any:
    return torch.linspace(0.1, 0.9, math.prod(shape), dtype=torch.float64).reshape(shape)


_IMAGE, _SOLID = ((1, 2, 4, 3), (1, 3, 2, 2)), ((1, 1, 3, 2, 3), (1, 2, 1, 2, 3))
SAMPLED = {
    "grid sample": (_sampled("bilinear", "zeros", False), _IMAGE),
    "grid sample, border": (_sampled("bilinear", "border", True), _IMAGE),
    "grid sample, reflection": (_sampled("bilinear", "reflection", False), _IMAGE),
    "grid sample, bicubic": (_sampled("bicubic", "border", False), _IMAGE),
    "grid sample, nearest": (
        lambda a: _F.grid_sample(a, _drawn(1, 2, 2, 2), "nearest", "zeros", align_corners=False),
        ((1, 2, 4, 3),),
    ),
    "grid sample of a solid": (_sampled("bilinear", "zeros", True), _SOLID),
    "affine grid": (lambda t: _F.affine_grid(t, (2, 1, 3, 2), align_corners=False), ((2, 2, 3),)),
    "affine grid of a solid": (
        lambda t: _F.affine_grid(t, (1, 1, 2, 2, 3), align_corners=True),
        ((1, 3, 4),),
    ),
    "fractional max pool": (
        lambda a: _F.fractional_max_pool2d(a, 2, 3, _random_samples=_drawn(1, 2, 2)),
        ((1, 2, 5, 6),),
    ),
    "fractional max pool of a solid": (
        lambda a: _F.fractional_max_pool3d(a, 2, (2, 2, 3), _random_samples=_drawn(1, 1, 3)),
        ((1, 1, 4, 4, 5),),
    ),
}
LATER = {
    "igammac": (lambda x: torch.igammac(torch.full_like(x, 1.7).detach(), x), ((3, 2),)),
    **SAMPLED,
    "weight norm": (_weight_norm, ((3, 2), (3, 1))),
    "householder product": (torch.linalg.householder_product, ((4, 3), (2,))),
    "householder products of a batch": (torch.linalg.householder_product, ((2, 3, 2), (2, 2))),
    "cholesky by its old name": (lambda a: _old(torch.cholesky, _posdef(a)), ((3, 3),)),
    "polar": (lambda r, t: _parts(torch.polar(r, t)), ((2, 1), (3,))),
    "complex, broadcast": (lambda a, b: _parts(torch.complex(a, b)), ((2, 1), (3,))),
}
