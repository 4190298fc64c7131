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


#: What is loaded when it is first used, because it needs modules, and where it is.
_LATER = {
    "parametrizations": "parametrizations",
    "fuse_conv_bn_eval": "fusion",
    "fuse_conv_bn_weights": "fusion",
    "fuse_linear_bn_eval": "fusion",
    "fuse_linear_bn_weights": "fusion",
    "fusion": "fusion",
    "remove_spectral_norm": "former_spectral_norm",
    "remove_weight_norm": "former_weight_norm",
    "skip_init": "skipping",
    "spectral_norm": "former_spectral_norm",
    "stateless": "stateless",
    "weight_norm": "former_weight_norm",
}


def __getattr__(name: str) -> Any:
    """Load parametrizations and the like when they are first used."""
    if name in _LATER:
        import importlib

        module = importlib.import_module(f"engine.nn.utils.{_LATER[name]}")
        found = globals()[name] = getattr(module, name, module)
        return found
    from engine import absent

    raise absent.error("torch.nn.utils", name)
