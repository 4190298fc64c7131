"""Helpers around modules: gradient clipping, vectors of parameters, sequences."""

from __future__ import annotations

import warnings
from typing import Any

from . import parametrize, prune, rnn
from .clip_grad import (
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)  # fmt: skip


def clip_grad_norm(*args: Any, **kwargs: Any) -> Any:
    """Former name of `clip_grad_norm_`."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(*args, **kwargs)


__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "parametrize",
    "prune",
    "rnn",
    "vector_to_parameters",
]


def __getattr__(name: str) -> Any:
    """Load parametrizations when they are first used: they need modules."""
    if name == "parametrizations":
        import importlib

        return importlib.import_module("engine.nn.utils.parametrizations")
    raise AttributeError(f"module 'torch.nn.utils' has no attribute '{name}'")
