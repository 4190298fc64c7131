"""The former weight normalisation: a hook computes the weight from its norm and its direction."""

from __future__ import annotations

from typing import Any

import engine
from engine.nn.kernels.weights import weight_norm as computed
from engine.tensor import Tensor
from engine.warning import warn

from ..parameter import Parameter

_SUCCESSOR = (
    "`torch.nn.utils.weight_norm` is deprecated in favor of "
    "`torch.nn.utils.parametrizations.weight_norm`."
)


def norm_except(v: Tensor, dim: int) -> Tensor:
    """The norm over all dimensions but one, or over all for dim -1."""
    if dim == -1:
        return v.norm()  # type: ignore[no-any-return]
    shape = [-1 if i == dim else 1 for i in range(v.dim())]
    return v.transpose(0, dim).reshape(v.shape[dim], -1).norm(dim=1).reshape(shape)  # type: ignore[no-any-return]


class WeightNorm:
    """A hook that sets a module's weight before its forward."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Any) -> Any:
        """The weight from `<name>_g` and `<name>_v`."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return computed(v, g, self.dim)

    @staticmethod
    def apply(module: Any, name: str, dim: int | None) -> WeightNorm:
        """Replace a parameter by its norm and its direction, and return the hook."""
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, WeightNorm) and hook.name == name:
                raise RuntimeError(
                    f"Cannot register two weight_norm hooks on the same parameter {name}"
                )
        fn = WeightNorm(name, dim)
        weight = getattr(module, name)
        if engine.nn.parameter.is_lazy(weight):
            raise ValueError(
                "The module passed to `WeightNorm` can't have uninitialized parameters. Make sure to "
                "run the dummy forward before applying weight normalization"
            )
        del module._parameters[name]
        module.register_parameter(name + "_g", Parameter(norm_except(weight, fn.dim).data))
        module.register_parameter(name + "_v", Parameter(weight.data))
        setattr(module, name, fn.compute_weight(module))
        module.register_forward_pre_hook(fn)
        return fn

    def remove(self, module: Any) -> None:
        """Make the weight a parameter again."""
        weight = self.compute_weight(module)
        delattr(module, self.name)
        del module._parameters[self.name + "_g"]
        del module._parameters[self.name + "_v"]
        setattr(module, self.name, Parameter(weight.data))

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Learn a weight as its norm (`<name>_g`) and its direction (`<name>_v`)."""
    warn(_SUCCESSOR, FutureWarning)
    WeightNorm.apply(module, name, dim)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Make a weight that `weight_norm` split one parameter again."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"weight_norm of '{name}' not found in {module}")
