"""`torch.func`: transforms of functions."""

from __future__ import annotations

from typing import Any

from .differentiate import grad, grad_and_value, jvp, linearize, vjp
from .jacobians import hessian, jacfwd, jacrev
from .modules import (
    functional_call,
    replace_all_batch_norm_modules_,
    stack_module_state,
)
from .vectorize import vmap

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "vjp",
    "vmap",
]


def __getattr__(name: str) -> Any:
    from engine import absent

    raise absent.error("torch.func", name)
