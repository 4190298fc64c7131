"""What a batched tensor answers itself: it has no elements to read, and prints as a whole batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.ops.table import OPS

from .levels import BatchedTensor, NoData
from .shown import shown

_ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling "
    ".item() on a Tensor, please try to rewrite what you're doing with other operations. If error "
    "is occurring somewhere inside PyTorch internals, please file a bug report."
)
_BOOL = (
    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We "
    "don't support that yet, please file an issue at https://github.com/pytorch/pytorch/issues ."
)
_DATA = "accessing `data` under vmap transform is not allowed"
_STORAGE = "Cannot access storage of BatchedTensorImpl"
_REQUIRES = (
    "You are attempting to call Tensor.requires_grad_() (or perhaps using torch.autograd.functional.* "
    "APIs) inside of a function being transformed by a functorch transform. This is unsupported, please "
    "attempt to use the functorch transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call "
    "requires_grad_() outside of a function being transformed instead."
)
_BACKWARD = (
    "backward() called inside a functorch transform. This is not supported, please use functorch.grad "
    "or functorch.vjp instead or call backward() outside of functorch transforms."
)


def _refuse(kind: Any, text: str) -> Callable[..., Any]:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise kind(text)

    return refuse


def _strides(self: Any, dim: int | None = None) -> Any:
    a = self._a
    strides = a.value.stride()[1:] if a.mapped else a.value.stride()
    return strides if dim is None else strides[dim]


def _is_contiguous(self: Any, memory_format: Any = None) -> bool:
    a = self._a
    if not a.mapped:
        return bool(a.value.is_contiguous())
    step, found = 1, True
    for n, s in zip(reversed(self._s), reversed(_strides(self)), strict=True):
        found = found and (n == 1 or s == step)
        step *= n
    return found


def _contiguous(self: Any, memory_format: Any = None) -> Any:
    return self if _is_contiguous(self) else OPS["clone_contiguous"].way(self, None)


def _no_data(self: Any, *args: Any, **kwargs: Any) -> Any:
    raise NoData


_NO_NUMBER = _refuse(RuntimeError, _ITEM)
for _name, _fn in {
    **dict.fromkeys(("item", "__float__", "__int__", "__index__", "__complex__"), _NO_NUMBER),
    "__bool__": _refuse(RuntimeError, _BOOL),
    **dict.fromkeys(("tolist", "numpy", "__array__", "data_ptr"), _no_data),
    **dict.fromkeys(
        ("storage", "untyped_storage", "__deepcopy__", "__reduce_ex__", "__copy__"),
        _refuse(NotImplementedError, _STORAGE),
    ),
    "__contains__": _NO_NUMBER,
    "requires_grad_": _refuse(NoData, _REQUIRES),
    "backward": _refuse(RuntimeError, _BACKWARD),
    "__repr__": lambda self, **_: shown(self),
    "__format__": lambda self, spec: self.item() if not self._s else object.__format__(self, spec),
    "stride": _strides,
    "is_contiguous": _is_contiguous,
    "contiguous": _contiguous,
    "data": property(_refuse(RuntimeError, _DATA)),
}.items():
    setattr(BatchedTensor, _name, _fn)
