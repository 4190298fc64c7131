"""Pruning: parameters multiplied by masks of zeros and ones before every forward call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import engine
from engine.later import sign as _sign
from engine.tensor import Tensor

from ..module import Module


def _count(amount: Any, size: int) -> int:
    """Return how many units an amount means: a fraction of `size` or a number."""
    if isinstance(amount, bool) or not isinstance(amount, (int, float)):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if amount < 0 or (isinstance(amount, float) and amount > 1.0):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a "
            "non-negative integer"
        )
    if isinstance(amount, int):
        if amount > size:
            raise ValueError(
                f"amount={amount} should be smaller than the number of parameters to prune={size}"
            )
        return amount
    return round(amount * size)


class BasePruningMethod:
    """A way to compute masks; `apply` puts it on a module's parameter."""

    PRUNING_TYPE = "unstructured"
    _tensor_name: str

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return the mask, zeros where `t` is pruned, from the mask so far."""
        raise NotImplementedError

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    def apply_mask(self, module: Module) -> Tensor:
        """Return the module's original parameter times its mask."""
        name = self._tensor_name
        mask, original = getattr(module, name + "_mask"), getattr(module, name + "_orig")
        return mask.to(original.dtype) * original  # type: ignore[no-any-return]

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> Any:
        """Prune `module.name` now and keep it pruned."""
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        old = _hook_of(module, name)
        original = getattr(module, name)
        if old is not None:
            number, previous = old
            del module._forward_pre_hooks[number]
            mask_so_far = getattr(module, name + "_mask")
            container = (
                previous if isinstance(previous, PruningContainer) else PruningContainer(previous)
            )
            container.add_pruning_method(method)
            method = container
        else:
            parameter = module._parameters.pop(name)
            module.register_parameter(name + "_orig", parameter)
            mask_so_far = engine.ones_like(original.detach())
        scores = original if importance_scores is None else importance_scores
        mask = method.compute_mask(scores.detach(), mask_so_far)
        module.register_buffer(name + "_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(
        self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Any = None
    ) -> Tensor:
        """Return `t` with what this method would prune set to zero."""
        mask = engine.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(t if importance_scores is None else importance_scores, mask)

    def remove(self, module: Module) -> None:
        """Make the pruned values permanent."""
        name = self._tensor_name
        value = self.apply_mask(module)
        if name in module.__dict__:
            del module.__dict__[name]
        original: Any = module._parameters.pop(name + "_orig")
        original.data = value.data
        del module._buffers[name + "_mask"]
        module.register_parameter(name, original)


def _hook_of(module: Module, name: str) -> tuple[int, BasePruningMethod] | None:
    for number, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return number, hook
    return None


class PruningContainer(BasePruningMethod):
    """Several methods on one parameter, each pruning what the ones before left."""

    def __init__(self, *methods: BasePruningMethod) -> None:
        self._methods = tuple(methods)
        self._tensor_name = methods[0]._tensor_name

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Add one more."""
        self._methods += (method,)

    def __len__(self) -> int:
        return len(self._methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._methods)

    def __getitem__(self, index: Any) -> Any:
        return self._methods[index]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        method: Any = self._methods[-1]
        mask = default_mask.clone()
        if method.PRUNING_TYPE == "unstructured":
            kept = mask == 1
            mask[kept] = method.compute_mask(t[kept], engine.ones_like(t[kept]))
            return mask  # type: ignore[no-any-return]
        if method.PRUNING_TYPE == "structured":
            dims = [d for d in range(t.dim()) if d != method.dim % t.dim()]
            kept = mask.sum(dims) != 0
            index = [slice(None)] * t.dim()
            index[method.dim % t.dim()] = kept
            part = tuple(index)
            mask[part] = method.compute_mask(t[part], mask[part])
            return mask  # type: ignore[no-any-return]
        return method.compute_mask(t, default_mask)  # type: ignore[no-any-return]


class Identity(BasePruningMethod):
    """Prunes nothing."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask


class _Amount(BasePruningMethod):
    def __init__(self, amount: Any) -> None:
        _count(amount, 2**62)
        self.amount = amount


class RandomUnstructured(_Amount):
    """Prunes elements at random."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        n = _count(self.amount, t.numel())
        mask = default_mask.clone()
        if n:
            places = engine.rand_like(t).view(-1).topk(n).indices
            mask.view(-1)[places] = 0
        return mask  # type: ignore[no-any-return]


class L1Unstructured(_Amount):
    """Prunes the elements of smallest absolute value."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        n = _count(self.amount, t.numel())
        mask = default_mask.clone()
        if n:
            places = t.abs().view(-1).topk(n, largest=False).indices
            mask.view(-1)[places] = 0
        return mask  # type: ignore[no-any-return]


class RandomStructured(BasePruningMethod):
    """Prunes slices along a dimension at random."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        _count(amount, 2**62)
        self.amount, self.dim = amount, dim

    def _kept(self, t: Tensor, n: int, channels: int) -> Tensor:
        return engine.rand(channels).topk(channels - n).indices  # type: ignore[no-any-return]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        channels = t.shape[self.dim]
        n = _count(self.amount, channels)
        if not n:
            return default_mask
        mask = engine.zeros_like(t)
        index: list[Any] = [slice(None)] * t.dim()
        index[self.dim % t.dim()] = self._kept(t, n, channels)
        mask[tuple(index)] = 1
        return mask * default_mask  # type: ignore[no-any-return]


class LnStructured(RandomStructured):
    """Prunes the slices of smallest norm along a dimension."""

    def __init__(self, amount: Any, n: float, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def _kept(self, t: Tensor, n: int, channels: int) -> Tensor:
        dims = [d for d in range(t.dim()) if d != self.dim % t.dim()]
        norms = engine.norm(t, self.n, dims)
        return norms.topk(channels - n).indices  # type: ignore[no-any-return]


class CustomFromMask(BasePruningMethod):
    """Prunes where a given mask is zero."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask * self.mask.to(default_mask.dtype)  # type: ignore[no-any-return]


def identity(module: Module, name: str) -> Module:
    """Set the parameter up for pruning without pruning anything."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: Any) -> Module:
    """Prune elements at random."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Module, name: str, amount: Any, importance_scores: Tensor | None = None
) -> Module:
    """Prune the elements of smallest absolute value."""
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: Any, dim: int) -> Module:
    """Prune slices at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: Any, n: float, dim: int,
    importance_scores: Tensor | None = None,
) -> Module:  # fmt: skip
    """Prune the slices of smallest norm."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune where `mask` is zero."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]], pruning_method: Any, importance_scores: Any = None,
    **kwargs: Any,
) -> None:  # fmt: skip
    """Prune several parameters together, as if they were one vector."""
    parameters = list(parameters)
    scores = importance_scores or {}
    values = [
        scores.get((module, name), getattr(module, name)).detach() for module, name in parameters
    ]
    flat = engine.cat([v.reshape(-1) for v in values])
    so_far = [
        getattr(module, name + "_mask", engine.ones_like(value))
        for (module, name), value in zip(parameters, values, strict=True)
    ]
    container = PruningContainer.__new__(PruningContainer)
    container._methods = (pruning_method(**kwargs),)
    mask = container.compute_mask(flat, engine.cat([m.reshape(-1) for m in so_far]))
    start = 0
    for (module, name), value in zip(parameters, values, strict=True):
        part = mask[start : start + value.numel()].view_as(value)
        custom_from_mask(module, name, part)
        start += value.numel()


def remove(module: Module, name: str) -> Module:
    """Make the pruned values permanent."""
    found = _hook_of(module, name)
    if found is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    number, hook = found
    hook.remove(module)
    del module._forward_pre_hooks[number]
    return module


def is_pruned(module: Module) -> bool:
    """Tell whether a parameter of the module or below is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for part in module.modules()
        for hook in part._forward_pre_hooks.values()
    )


for _value in list(globals().values()):
    if isinstance(_value, type) and _value.__module__ == __name__:
        _value.__module__ = "torch.nn.utils.prune"


_sign(globals(), "torch.nn.utils.prune")
