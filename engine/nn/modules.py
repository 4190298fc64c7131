"""`torch.nn.modules`: the layers under the names of the files in which PyTorch keeps them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from engine.utils.hooks import RemovableHandle

from . import *  # noqa: F403
from . import (
    activations as activation,
)  # fmt: skip
from . import (
    calling,
    distance,
    dropout,
    linear,
    pooling,
    transformer,
)
from . import (
    containers as container,
)
from . import (
    convolution as conv,
)
from . import embedding as sparse
from . import (
    losses as loss,
)
from . import (
    normalization as batchnorm,
)
from . import (
    recurrent as rnn,
)
from .module import Module


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call hook(module, args) before the forward of every module."""
    return calling.add_global("pre", hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call hook(module, args, output) after the forward of every module."""
    return calling.add_global("forward", hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call hook(module, grad_input, grad_output) after the backward of every module."""
    return calling.add_global("backward", hook)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call hook(module, grad_output) before the backward of every module."""
    return calling.add_global("backward_pre", hook)


module = SimpleNamespace(
    Module=Module,
    register_module_forward_pre_hook=register_module_forward_pre_hook,
    register_module_forward_hook=register_module_forward_hook,
    register_module_full_backward_hook=register_module_full_backward_hook,
    register_module_full_backward_pre_hook=register_module_full_backward_pre_hook,
)

__all__ = [
    "activation",
    "batchnorm",
    "container",
    "conv",
    "distance",
    "dropout",
    "linear",
    "loss",
    "module",
    "pooling",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "rnn",
    "sparse",
    "transformer",
]

#: A package, so that `import torch.nn.modules.linear` goes on to what `engine.places` says.
__path__: list[str] = []
_named = ModuleType(f"{__name__}.module", "torch.nn.modules.module.")
vars(_named).update(vars(module))
sys.modules[_named.__name__] = _named
globals()["module"] = _named
