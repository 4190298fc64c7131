"""Leaves for finite differences, and what recipes make of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import engine as torch

Fn = Callable[..., Any]


def leaf(*shape: int, low: float = 0.3, high: float = 1.7, place: int = 0) -> Any:
    """A float64 leaf with positive entries that are well apart, others for each `place`."""
    rng = np.random.default_rng([place, len(shape), *shape])
    n = int(np.prod(shape))
    values = np.linspace(low, high, n) + rng.uniform(0, 0.01) if n else np.zeros(0)
    return torch.tensor(rng.permutation(values).reshape(shape), requires_grad=True)


def leaves(shapes: Sequence[Sequence[int]]) -> tuple[Any, ...]:
    """One leaf of each shape."""
    return tuple(leaf(*shape, place=i) for i, shape in enumerate(shapes))


def index(*values: Any) -> Any:
    return torch.tensor(values)


def places(y: Any, n: int) -> Any:
    """Indices below n in the shape of a tensor."""
    return torch.arange(y.numel()).reshape(y.shape) % n


def old_solve(*args: Any) -> Any:
    """torch.triangular_solve, which warns that it has a successor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.triangular_solve(*args)


def mask(x: Any) -> Any:
    """A mask of the shape of a tensor, two thirds of it true."""
    return torch.arange(x.numel()).reshape(x.shape) % 3 != 1


def eye(a: Any) -> Any:
    """The identity beside a matrix."""
    return torch.eye(a.shape[-1], dtype=torch.float64)


def targets(x: Any) -> Any:
    """A class for each row."""
    return torch.arange(x.shape[0]) * 2 % x.shape[1]
