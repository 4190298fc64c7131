"""Adam and its relatives: steps scaled by running means of gradient and squared gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.tensor import Tensor, wrap

from .arithmetic import addcdiv, addcmul, fma, lerp
from .optimizer import (
    Group,
    Optimizer,
    Raw,
    check,
    check_rate,
    check_ways,
    counted,
    start,
    zeros_like,
)


def _check_betas(betas: Any) -> None:
    for i in (0, 1):
        check(0.0 <= betas[i] < 1.0, f"beta parameter at index {i}", betas[i])


def _check(lr: Any, eps: float, betas: Any, weight_decay: float) -> None:
    check_rate(lr)
    check(eps >= 0.0, "epsilon value", eps)
    _check_betas(betas)
    check(weight_decay >= 0.0, "weight_decay value", weight_decay)


def _moments(group: Group, grad: Raw, state: dict[str, Any]) -> tuple[Raw, Raw]:
    """Update and return the running means of gradient and squared gradient."""
    beta1, beta2 = group["betas"]
    first, second = state["exp_avg"], state["exp_avg_sq"]
    first._a = lerp(first._a, grad, 1 - beta1)
    second._a = addcmul(second._a * beta2, grad, grad, 1 - beta2)
    return first._a, second._a


def _decayed(optimizer: Optimizer, group: Group, p: Tensor, grad: Raw) -> tuple[Raw, Raw]:
    """Return parameter and gradient after weight decay, which may be decoupled from the gradient."""
    if not group["decoupled_weight_decay"]:
        return p._a, optimizer.gradient(group, p, grad)
    grad = -grad if group["maximize"] else grad
    if group.get("weight_decay", 0) == 0:
        return p._a, grad
    return p._a * (1 - float(group["lr"]) * group["weight_decay"]), grad


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015)."""

    operation = "addcdiv_"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        _check(lr, eps, betas, weight_decay)
        check_ways(foreach, fused)
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        })  # fmt: skip

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        names = ("exp_avg", "exp_avg_sq") + (("max_exp_avg_sq",) if group["amsgrad"] else ())
        start(state, p, *names)
        step = counted(state)
        values, grad = _decayed(self, group, p, grad)
        first, second = _moments(group, grad, state)
        beta1, beta2 = group["betas"]
        if group["amsgrad"]:
            highest = state["max_exp_avg_sq"]
            highest._a = second = np.maximum(highest._a, second)
        step_size = float(group["lr"]) / (1 - beta1**step)
        scale = (1 - beta2**step) ** 0.5
        return addcdiv(values, first, np.sqrt(second) / scale + group["eps"], -step_size)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize,
            capturable=capturable, differentiable=differentiable, fused=fused,
            decoupled_weight_decay=True,
        )  # fmt: skip


class Adamax(Optimizer):
    """Adam with the infinity norm in place of the second moment."""

    operation = "addcdiv_"

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        _check(lr, eps, betas, weight_decay)
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        start(state, p, "exp_avg", "exp_inf")
        step = counted(state)
        grad = self.gradient(group, p, grad)
        beta1, beta2 = group["betas"]
        first, norm = state["exp_avg"], state["exp_inf"]
        first._a = lerp(first._a, grad, 1 - beta1)
        norm._a = np.maximum(norm._a * beta2, np.abs(grad) + group["eps"])
        return addcdiv(p._a, first._a, norm._a, -float(group["lr"]) / (1 - beta1**step))


class NAdam(Optimizer):
    """Adam with Nesterov momentum (Dozat 2016)."""

    operation = "addcdiv_"

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check(lr, eps, betas, weight_decay)
        check(momentum_decay >= 0.0, "momentum_decay value", momentum_decay)
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable,
        })  # fmt: skip

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        if "step" not in state:
            state["step"] = wrap(np.array(0.0, np.float32))
            state["mu_product"] = wrap(np.array(1.0, np.float32))
            state["exp_avg"], state["exp_avg_sq"] = zeros_like(p), zeros_like(p)
        step = counted(state)
        values, grad = _decayed(self, group, p, grad)
        beta1, beta2 = group["betas"]
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * group["momentum_decay"]))
        mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * group["momentum_decay"]))
        product = state["mu_product"]
        product._a = np.array(product._a * np.float32(mu), np.float32)
        first, second = _moments(group, grad, state)
        denominator = np.sqrt(second / (1 - beta2**step)) + group["eps"]
        so_far, lr = float(product._a), float(group["lr"])
        values = addcdiv(values, grad, denominator, -lr * (1.0 - mu) / (1.0 - so_far))
        return addcdiv(values, first, denominator, -lr * mu_next / (1.0 - so_far * mu_next))


class RAdam(Optimizer):
    """Adam with rectified variance (Liu et al. 2020)."""

    operation = "add_"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check(lr, eps, betas, weight_decay)
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay, "differentiable": differentiable,
        })  # fmt: skip

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        start(state, p, "exp_avg", "exp_avg_sq")
        step = counted(state)
        values, grad = _decayed(self, group, p, grad)
        first, second = _moments(group, grad, state)
        beta1, beta2 = group["betas"]
        move = first / (1 - beta1**step) * float(group["lr"])
        correction = 1 - beta2**step
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * (beta2**step) / correction
        if length > 5.0:
            move = move * (correction**0.5 / (np.sqrt(second) + group["eps"]))
            move = move * math.sqrt(
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            )
        return fma(move, -1.0, values)


__all__ = ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"]
