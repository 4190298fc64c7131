"""Masked tensors from plain ones."""

from __future__ import annotations

from typing import Any

from engine.autograd.node import AccumulateGrad
from engine.warning import warn

from .tensor import _PROTOTYPE, MaskedTensor, check, is_masked_tensor, with_mask


def masked_tensor(data: Any, mask: Any, requires_grad: bool = False) -> Any:
    """A masked tensor of its own: a leaf, over the data of a plain tensor and a mask of its shape."""
    return MaskedTensor(data, mask, requires_grad)


def as_masked_tensor(data: Any, mask: Any) -> Any:
    """A masked tensor that goes on in the graph of `data`; gradients that reach leaves of the same
    shape are masked too."""
    check(data, mask)
    warn(_PROTOTYPE)
    for leaf in _leaves(data):
        if leaf.shape == mask.shape:
            _mask_next_gradient(leaf, mask)
    return with_mask(data, mask)


def _leaves(data: Any) -> list[Any]:
    """The leaves that the history of a tensor ends in."""
    found: dict[int, Any] = {}
    ahead = [data.grad_fn]
    seen = set()
    while ahead:
        node = ahead.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, AccumulateGrad):
            found[id(node.variable)] = node.variable
        ahead.extend(fn for fn, _ in node.next_functions)
    return list(found.values())


def _mask_next_gradient(leaf: Any, mask: Any) -> None:
    def put(t: Any) -> None:
        handle.remove()
        if not is_masked_tensor(t.grad):
            t._grad = with_mask(t.grad, mask)

    handle = leaf.register_post_accumulate_grad_hook(put)
