"""Functions of torch that torch.nn.functional has with other arguments."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

_REDUCTIONS = ("none", "mean", "sum")


def _functional(name: str) -> Any:
    return getattr(importlib.import_module("engine.nn.functional"), name)


def dropout(input: Any, p: float, train: bool) -> Any:
    return _functional("dropout")(input, p, train)


def dropout_(input: Any, p: float, train: bool) -> Any:
    return _functional("dropout")(input, p, train, inplace=True)


def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> Any:  # fmt: skip
    return _functional("layer_norm")(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-05,
    cudnn_enabled: bool = True,
) -> Any:  # fmt: skip
    return _functional("group_norm")(input, num_groups, weight, bias, eps)


def batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool,
    momentum: float, eps: float, cudnn_enabled: bool,
) -> Any:  # fmt: skip
    return _functional("batch_norm")(
        input, running_mean, running_var, weight, bias, training, momentum, eps
    )


def instance_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, use_input_stats: bool,
    momentum: float, eps: float, cudnn_enabled: bool,
) -> Any:  # fmt: skip
    return _functional("instance_norm")(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def embedding(
    weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:  # fmt: skip
    known = None if padding_idx == -1 else padding_idx
    return _functional("embedding")(
        indices, weight, known, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse
    )


def _loss(name: str) -> Callable[..., Any]:
    """A loss whose reduction is a number: 0 none (so if it is not given), 1 mean, 2 sum."""

    def call(*args: Any, reduction: int = 0, **kwargs: Any) -> Any:
        return _functional(name)(*args, reduction=_REDUCTIONS[reduction], **kwargs)

    call.__name__ = name
    return call


def _inplace(name: str) -> Callable[..., Any]:
    def call(input: Any, *args: Any) -> Any:
        return _functional(name)(input, *args, inplace=True)

    call.__name__ = name + "_"
    return call


selu_, celu_, rrelu_, threshold_ = map(_inplace, ("selu", "celu", "rrelu", "threshold"))
cosine_embedding_loss = _loss("cosine_embedding_loss")
hinge_embedding_loss = _loss("hinge_embedding_loss")
kl_div = _loss("kl_div")
margin_ranking_loss = _loss("margin_ranking_loss")
poisson_nll_loss = _loss("poisson_nll_loss")
triplet_margin_loss = _loss("triplet_margin_loss")
binary_cross_entropy_with_logits = _loss("binary_cross_entropy_with_logits")
ctc_loss = _loss("ctc_loss")
