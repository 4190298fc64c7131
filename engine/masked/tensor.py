"""A tensor with a mask: True where an element counts, False where it is masked out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import engine
from engine.autograd.function import Function
from engine.ops.memory import as_subclass
from engine.ops.shape import ALIAS
from engine.ops.table import run
from engine.overrides import DisableTorchFunctionSubclass, activate
from engine.tensor import Tensor
from engine.warning import warn

from . import reductions
from .names import ACTIVATIONS, BINARY, CASTS, MOVES, OVERLOADS, REDUCTIONS, SWAPPED, TYPES, UNARY
from .text import written

_PROTOTYPE = (
    "The PyTorch API of MaskedTensors is in prototype stage and will change in the near future. Please open a "
    "Github issue for features requests and see our documentation on the torch.masked module for further "
    "information about the project."
)
_LACKING = (
    "{} is not implemented in __torch_dispatch__ for MaskedTensor.\n"
    "If you would like this operator to be supported, please file an issue for a feature request at "
    "https://github.com/pytorch/maskedtensor/issues with a minimal reproducible code snippet.\n"
    "In the case that the semantics for the operator are not trivial, it would be appreciated to also include a "
    "proposal for the semantics."
)


class _GetData(Function):
    """The data alone, with the history of the whole."""

    @staticmethod
    def forward(ctx: Any, whole: Any) -> Any:
        return data_of(whole.detach() if type(whole) is Tensor else whole).detach()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g


_GetData.__name__ = "GetData"
_GetData._backward_cls.__name__ = "GetDataBackward"


class MaskedTensor(activate()):  # type: ignore[misc]
    """Data of which only the elements under a True of the mask count; both have one shape."""

    _mask: Any

    def __new__(cls, data: Any, mask: Any, requires_grad: bool = False) -> Any:
        check(data, mask)
        warn(_PROTOTYPE)
        if data.requires_grad:
            warn(
                "It is not recommended to create a MaskedTensor with a tensor that requires_grad. To avoid this, "
                "you can use data.detach().clone()"
            )
        made = with_mask(data.detach(), mask)
        if requires_grad:
            made.requires_grad_()
        return made

    def __init__(self, data: Any, mask: Any, requires_grad: bool = False) -> None:
        """Data and mask were taken when the tensor was made."""

    def __repr__(self) -> str:
        return written(data_of(self).detach(), self._mask)

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def get_data(self) -> Any:
        """The data, masked elements too."""
        with DisableTorchFunctionSubclass():
            return _GetData.apply(data_of(self))

    def get_mask(self) -> Any:
        """The mask, of Booleans."""
        return self._mask

    def is_sparse_coo(self) -> bool:
        return False

    def is_sparse_csr(self) -> bool:
        return False

    def to_tensor(self, value: Any) -> Any:
        """A plain tensor that holds `value` where this one is masked out."""
        with DisableTorchFunctionSubclass():
            return data_of(self).masked_fill(~self._mask, value)

    @property
    def grad(self) -> Any:
        """The gradient under the same mask."""
        found = Tensor.grad.fget(self)  # type: ignore[attr-defined]
        return found if found is None or is_masked_tensor(found) else with_mask(found, self._mask)

    @grad.setter
    def grad(self, value: Any) -> None:
        Tensor.grad.fset(self, value)  # type: ignore[attr-defined]

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        with DisableTorchFunctionSubclass():
            return _compute(name, func, args, kwargs)


def is_masked_tensor(obj: Any) -> bool:
    """Whether an object is a masked tensor."""
    return isinstance(obj, MaskedTensor)


def check(data: Any, mask: Any) -> None:
    """Raise if these do not make a masked tensor."""
    for what, t in (("data", data), ("mask", mask)):
        if not isinstance(t, Tensor) or is_masked_tensor(t):
            raise TypeError(f"{what} must be a Tensor")
    if mask.dtype is not engine.bool:
        raise TypeError("mask must have dtype bool.")
    if data.dtype.name not in TYPES:
        raise TypeError(f"{data.dtype} is not supported in MaskedTensor.")
    if data.shape != mask.shape:
        raise ValueError("data.size() must equal mask.size()")


def data_of(t: Any) -> Any:
    """The plain tensor below a masked one, with its history; other things as they are."""
    return run(ALIAS, [t]) if is_masked_tensor(t) else t


def mask_of(t: Any) -> Any:
    return t._mask if is_masked_tensor(t) else None


def with_mask(data: Any, mask: Any) -> Any:
    """A masked tensor over plain data."""
    made = as_subclass(data, MaskedTensor)
    made._mask = mask
    return made


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    if type(value) in (list, tuple):
        return type(value)(_each(v, change) for v in value)
    return change(value)


def _mask_or_same(t: Any) -> Any:
    return t._mask if is_masked_tensor(t) else t


def _compute(name: str, func: Any, args: Any, kwargs: Any) -> Any:
    base = name.removesuffix("_") if not name.startswith("_") else name
    if name == "where":
        return _where(*args)
    if base in UNARY or base in BINARY or name in CASTS:
        return _elementwise(name, func, args, kwargs)
    if name in MOVES:
        return _moved(func, args, kwargs)
    if name in REDUCTIONS:
        return _reduced(name, args, kwargs)
    if name in ACTIVATIONS:
        return _activated(name, *args, **kwargs)
    return _other(name, func, args, kwargs)


def _common_mask(args: Any) -> Any:
    masks = [m for m in map(mask_of, args) if m is not None]
    if any(not engine.equal(m, masks[0]) for m in masks[1:]):
        raise ValueError(
            "Input masks must match. If you need support for this, please open an issue on Github."
        )
    return masks[0]


def _elementwise(name: str, func: Any, args: Any, kwargs: Any) -> Any:
    mask = _common_mask([*args, *kwargs.values()])
    warn(_PROTOTYPE)
    if name.endswith("_") and not name.startswith("_"):
        func(args[0], *map(data_of, args[1:]), **kwargs)
        return args[0]
    result = func(*map(data_of, args), **kwargs)
    return with_mask(result, mask.expand(result.shape))


def _moved(func: Any, args: Any, kwargs: Any) -> Any:
    warn(_PROTOTYPE)
    data = func(*_each(args, data_of), **kwargs)
    mask = func(*_each(args, _mask_or_same), **kwargs)
    if isinstance(data, (list, tuple)):
        return type(data)(with_mask(d, m) for d, m in zip(data, mask, strict=True))
    return with_mask(data, mask)


def _reduced(name: str, args: Any, kwargs: Any) -> Any:
    whole, *rest = args
    mask = whole._mask
    warn(_PROTOTYPE)
    data = getattr(reductions, name)(data_of(whole), *rest, mask=mask, **kwargs)
    dim = kwargs.get("dim", rest[0] if rest else None)
    keep = kwargs.get("keepdim", rest[1] if len(rest) > 1 else False)
    if name.startswith("arg"):
        data = data.to(whole.dtype)
    seen = mask.any() if dim is None else mask.any(dim, keep)
    return with_mask(data, seen)


def _activated(
    name: str, whole: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None
) -> Any:
    warn(_PROTOTYPE)
    made = getattr(reductions, name)(data_of(whole), dim, dtype, mask=whole._mask)
    return with_mask(made, whole._mask)


def _where(condition: Any, input: Any, other: Any) -> Any:
    if not (is_masked_tensor(input) and is_masked_tensor(other)):
        raise ValueError("where: expected the values to be MaskedTensors")
    warn(_PROTOTYPE)
    data = engine.where(condition, data_of(input), data_of(other))
    return with_mask(data, engine.where(condition, input._mask, other._mask))


def _other(name: str, func: Any, args: Any, kwargs: Any) -> Any:
    """What only looks at the tensor; what computes is refused."""
    if name in SWAPPED:
        warn(_LACKING.format(name.strip("_")))
        raise TypeError(
            f"unsupported operand type(s) for {SWAPPED[name]}: '{type(args[1]).__name__}' and 'MaskedTensor'"
        )
    if name in ("numpy", "tolist"):
        got = ", got MaskedTensor" if name == "tolist" else "."
        raise RuntimeError(f".{name}() is not supported for tensor subclasses{got}")
    aside = ("size", "dim", "numel", "nelement", "stride", "item", "is_floating_point", "backward")
    if name in aside or name.startswith(("__", "is_", "requires_grad", "register", "retain")):
        return func(*args, **kwargs)
    warn(_LACKING.format(name))
    if name == "matmul":
        raise TypeError("unsupported operand type(s) for @: 'MaskedTensor' and 'MaskedTensor'")
    raise TypeError(
        f"Multiple dispatch failed for 'torch._ops.aten.{name}.{OVERLOADS.get(name, 'default')}'; all __torch_dispatch__ handlers returned "
        "NotImplemented:\n\n  - tensor subclass <class 'torch.masked.maskedtensor.core.MaskedTensor'>\n\nFor more "
        "information, try re-running with TORCH_LOGS=not_implemented"
    )
